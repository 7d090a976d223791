"""The table of precisions: what each artifact weighs, how fast it is, what its fills are worth, and whether it ships.

    python benchmarks/precisions.py [--out artifacts] [--target onnx …] [--threads 1 2] [--rounds 15] [--export-only]
                                    [--keep-times]

Exports every target in every precision that it has (a finished artifact in ``--out`` is taken as it is, so a stopped run goes
on where it was, and targets can be exported side by side), times those that this machine can run in turn with the published
graph, and writes precisions.json and, from it alone, precisions.md. With ``--keep-times`` files that the last table timed keep
their times, and there must be no other that this machine can run. Takes about an hour and a half on two idle cores.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mobile_inpaint as mi
from mobile_inpaint import schema
from mobile_inpaint.artifact import Artifact, manifest_path
from mobile_inpaint.bench.measure.statistics import Ratio
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.checkpoints import store
from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.evaluation.gate import QualityGate
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.precision import Precision, row_of
from mobile_inpaint.targets.onnx.published_graph import published_graph
from mobile_inpaint.targets.registry import get_target, list_targets

CHECKPOINT = "migan-512-places2"
HERE = Path(__file__).parent
TOO_SLOW = {("tflite", "w8a16"): "LiteRT has no fast int16 kernels on a CPU"}
"""What is exported and checked on few crops, and not timed."""
FEW_CROPS = 1
SOME_CROPS = 13
"""Of each of four sizes of hole, where activations stay floats, for weights alone in fewer bits shift all fills alike, and
where our own interpreter has to run the file, which takes it a quarter of a minute a fill. Other integers: all crops."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=Path("artifacts"))
    options.add_argument("--target", nargs="+", default=list_targets())
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--export-only", action="store_true")
    options.add_argument("--keep-times", action="store_true")
    chosen = options.parse_args()
    made = _export(chosen.target, chosen.out)
    if chosen.export_only:
        return
    if chosen.keep_times:
        _write(_with_its_times(made, json.loads((HERE / "precisions.json").read_text(encoding="utf-8"))))
        return
    timed = [
        artifact.path
        for key, artifact in made.items()
        if isinstance(artifact, Artifact) and get_target(key[0]).runs_here and key not in TOO_SLOW
    ]
    speeds = {threads: _time(timed, threads, chosen.rounds) for threads in chosen.threads}
    _write(
        {
            "checkpoint": CHECKPOINT,
            "date": datetime.date.today().isoformat(),
            "machine": f"{_chip(speeds)}, {platform.system()} {platform.release()}, Python {platform.python_version()}",
            "command": shlex.join(["python", "benchmarks/precisions.py", *sys.argv[1:]]),
            "rows": [_row(key, artifact, speeds) for key, artifact in made.items()],
        }
    )


def _with_its_times(made: Mapping[tuple[str, str], Artifact | str], table: dict[str, Any]) -> dict[str, Any]:
    """The table with today's figures of everything but speed."""
    speeds = {row["sha256"]: row["speed"] for row in table["rows"] if "sha256" in row}
    threads = next(iter(speeds.values()))
    rows = [_row(key, artifact, {int(n): () for n in threads}) for key, artifact in made.items()]
    for row in rows:
        if "sha256" in row:
            if row["sha256"] not in speeds and get_target(row["target"]).runs_here:
                sys.exit(f"{row['file']} is not the file that was timed: run this without --keep-times")
            row["speed"] = speeds.get(row["sha256"], row["speed"])
    return {**table, "rows": rows}


def _write(table: dict[str, Any]) -> None:
    (HERE / "precisions.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (HERE / "precisions.md").write_text(markdown(table), encoding="utf-8")


def _export(targets: Sequence[str], out: Path) -> dict[tuple[str, str], Artifact | str]:
    """Every artifact, or the line that says why there is none."""
    made: dict[tuple[str, str], Artifact | str] = {}
    with ExportSession(CHECKPOINT) as session:
        for target in targets:
            for precision in get_target(target).precisions:  # not auto: at these bounds it is w8a8, if that ships
                print(f"{datetime.datetime.now():%H:%M} {target} {precision}", file=sys.stderr, flush=True)
                key = target, precision
                gate = QualityGate(crops=_crops(target, precision), keep_rejected=True, always=True)
                path = out / f"{CHECKPOINT}-{precision}{get_target(target).suffix}"
                try:
                    if manifest_path(path).exists() and (finished := Artifact.open(path)).manifest.quality is not None:
                        made[key] = finished
                    else:
                        made[key] = session.export(target, precision, out, gate=gate)
                except MobileInpaintError as error:
                    made[key] = str(error)
    return made


def _crops(target: str, precision: Precision) -> int | None:
    """Of each size of hole; None is all."""
    if (target, precision) in TOO_SLOW:
        return FEW_CROPS
    return None if row_of(precision).calibrated and get_target(target).runs_here else SOME_CROPS


def _time(files: Sequence[Path], threads: int, rounds: int) -> list[LatencyReport]:
    graph = published_graph(store.fetch(CHECKPOINT), store.home() / "cache")
    command = shlex.join(["python", "benchmarks/precisions.py", *sys.argv[1:]])
    return list(mi.bench([*files, graph], threads=threads, warmup=3, iterations=rounds, command=command).reports)


def _chip(speeds: dict[int, list[LatencyReport]]) -> str:
    machine = next(iter(speeds.values()))[0].machine
    return f"{machine.chip}, {machine.cores} cores"


def _row(key: tuple[str, str], artifact: Artifact | str, speeds: Mapping[int, Sequence[LatencyReport]]) -> dict[str, Any]:
    row: dict[str, Any] = {"target": key[0], "precision": key[1]}
    if isinstance(artifact, str):
        return {**row, "verdict": f"none: {artifact}"}
    manifest, kind = artifact.manifest, get_target(key[0])
    assert manifest.verification is not None and manifest.quality is not None
    return {
        **row,
        "file": manifest.file,
        "sha256": manifest.sha256,
        "mb": round(manifest.bytes / 1e6, 2),
        "ops": sum(manifest.ops.values()),
        "float_ops": sum(kind.float_ops(artifact.path).values()),
        "tools": manifest.contract.tools,
        "quantization": schema.dump(manifest.contract.quantization) if manifest.contract.quantization else None,
        "speed": {str(threads): _ratio(manifest.file, reports) for threads, reports in speeds.items()},
        "worst_db": manifest.verification.worst_psnr_db,
        "runtime": manifest.verification.runtime,
        "quality": schema.dump(manifest.quality),
        "verdict": _verdict(key, manifest.quality.misses),
    }


def _ratio(file: str, reports: Sequence[LatencyReport]) -> dict[str, Any] | None:
    """How many times as fast as the published graph, and the median time."""
    own = next((report for report in reports if report.subject.name == file), None)
    return None if own is None else {**schema.dump(Ratio.of(reports[-1].times_ms, own.times_ms)), "ms": own.statistics.p50_ms}


def _verdict(key: tuple[str, str], misses: Sequence[str]) -> str:
    if key in TOO_SLOW:
        return f"not shipped: {TOO_SLOW[key]}"
    return f"not shipped: {'; '.join(misses)}" if misses else "ships"


def markdown(table: dict[str, Any]) -> str:
    """The table as a page."""
    threads = list(next(row["speed"] for row in table["rows"] if "speed" in row))
    columns = ["artifact", "MB", "ops", "in float", *(f"× published graph, {n} thr" for n in threads)]
    columns += ["dB to fp32", "crops", "LPIPS object", "LPIPS free-form", "verdict"]
    lines = [
        "# Precisions",
        "",
        f"`{table['checkpoint']}` on {table['machine']}, {table['date']}. Made by `{table['command']}`;",
        "every figure, its bootstrap interval and the other sizes of hole are in [precisions.json](precisions.json).",
        "Times are of one run in turn: the median ratio, its 10th and 90th percentile in brackets. dB is in the hole, worst",
        "golden photo. LPIPS (AlexNet) is to the truth, on so many crops of the quality photos with each size of hole; in",
        "brackets what it is above the generator's on the same crops: that alone compares where their number differs.",
        "Core ML programs were run by our interpreter, which has no speed. What misses +0.002 (holes up to an object's",
        "size) or +0.008 (free-form) is not shipped.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
        *(f"| {' | '.join(_cells(row, threads))} |" for row in table["rows"]),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: dict[str, Any], threads: Sequence[str]) -> Iterator[str]:
    yield f"{row['target']} {row['precision']}"
    if "file" not in row:
        yield from ["–"] * (7 + len(threads))
    else:
        yield from (f"{row['mb']:.1f}", str(row["ops"]), str(row["float_ops"]))
        for n in threads:
            speed = row["speed"][n]
            yield f"{speed['median']:.2f} [{speed['p10']:.2f}–{speed['p90']:.2f}]" if speed else "–"
        yield f"{row['worst_db']:.1f}"
        slices = {one["slice"]: one for one in row["quality"]["slices"]}
        yield str(slices["object"]["crops"])
        for size in ("object", "large"):
            yield f"{slices[size]['lpips']:.4f} ({slices[size]['lpips_rise']:+.4f})"
    yield row["verdict"]


if __name__ == "__main__":
    main()
