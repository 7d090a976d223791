"""Feeds damaged files to the commands and counts what happens.

    python -m tests.fuzz --cases 30000 --jobs 2 --out FOLDER

runs every reader. Run the same line again to go on after an interruption; delete FOLDER to begin anew. ``--show READER:SEED``
makes the files of one case in FOLDER, runs its command and prints all there is to say.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> int:
    """The exit code: 1 where there is a fault."""
    from . import readers
    from .harness import fuzz

    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--reader", action="append", choices=[*readers.NAMES, *readers.HIDDEN], help="again for more; default: all"
    )
    parser.add_argument("--cases", type=int, default=1000, help="of each reader")
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--minutes", type=float, default=0, help="of each reader at most")
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"), help="folder for what happened")
    parser.add_argument("--show", metavar="READER:SEED", help="run one case alone")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as the rows of SECURITY.md, and run nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.table:
        _print_table(given.out)
        return 0
    if given.show:
        return _show(given.show, given.out)
    names = given.reader or list(readers.NAMES)
    summaries = []
    for name in names:
        reader = readers.get(name, given.out.absolute())
        summary = fuzz(reader, given.cases, given.seed, given.jobs, given.out.absolute(), given.minutes)
        summaries.append(summary)
        if not given.json:
            print(line(summary), flush=True)
    _write_causes(given.out)
    if given.json:
        print(json.dumps([dataclasses.asdict(summary) for summary in summaries], indent=1))
    return int(any(summary.faults for summary in summaries))


def line(summary: object) -> str:
    """What is printed of a reader."""
    return (
        "{reader}: {cases} cases, {refused} refused, {accepted} accepted, {faults} faults; {p50_ms:.0f} ms (median), "
        "{p99_ms:.0f} ms (P99), {max_ms:.0f} ms (longest), {max_mb:.0f} MB (most); {seconds:.0f} s"
    ).format(**vars(summary))


def _write_causes(out: Path) -> None:
    """``causes.md``: each kind of fault, how often and the first seeds, of all readers that ``out`` holds."""
    from .harness import Record

    lines = ["# Faults by cause\n"]
    for path in sorted((out / "cases").glob("*.tsv")):
        summary = Record(out, path.stem).summary()
        lines.append(f"\n## {line(summary).partition(';')[0]}\n")
        lines += [
            f"- {len(seeds)} x {cause} ({', '.join(f'{path.stem}:{seed}' for seed in seeds[:5])})"
            for cause, seeds in summary.causes.items()
        ]
    (out / "causes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _print_table(out: Path) -> None:
    from .harness import Record

    for path in sorted((out / "cases").glob("*.tsv")):
        of = Record(out, path.stem).summary()
        figures = (
            of.cases,
            of.refused,
            of.accepted,
            of.faults,
            round(of.p50_ms),
            round(of.p99_ms),
            round(of.max_ms),
            round(of.max_mb),
        )
        print(f"| `{of.reader}` | {' | '.join(f'{figure:,}' for figure in figures)} |")


def _show(case: str, out: Path) -> int:
    from . import readers
    from .worker import Worker

    name, _, seed = case.partition(":")
    reader, folder = readers.get(name, out.absolute()), out.absolute() / f"show-{name}-{seed}"
    reader.warm_up()
    folder.mkdir()
    result = Worker(reader, folder).run(int(seed), lambda **begun: print(begun, file=sys.stderr, flush=True))
    for key, value in dataclasses.asdict(result).items():
        print(f"{key}: {value}" if key != "detail" else "\n".join(f"{name}: {text}" for name, text in value.items()))
    return int(result.verdict == "fault")


if __name__ == "__main__":
    sys.exit(main())
