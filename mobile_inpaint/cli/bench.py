"""``mobile-inpaint bench``."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import CHECKPOINT, MOST_RUNS, MOST_SECONDS, MOST_THREADS, PUBLISHED
from mobile_inpaint.errors import BenchError

if TYPE_CHECKING:
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.report.latency_report import LatencyReport

_ARTIFACTS = Path("artifacts")
_MOST_THREADS = 4
"""By default: what runtimes on phones use, for the other cores are slow ones."""


def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE[@RUNTIME]]...",
            help="Artifacts, or any .onnx or .tflite; none: the default artifact. "
            "Behind an @: by what, as far as the device has a choice, on this host openvino or openvino-bf16 for .onnx, "
            "on a phone cpu, gpu or its accelerator.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where; see: mobile-inpaint devices.")] = "host",
    threads: Annotated[
        int | None, typer.Option(min=1, max=MOST_THREADS, help="For the runtime; if not given, all cores up to 4.")
    ] = None,
    warmup: Annotated[int, typer.Option(min=0, max=MOST_RUNS, help="Runs before the timed ones.")] = 10,
    iterations: Annotated[int, typer.Option(min=1, max=MOST_RUNS, help="Timed runs.")] = 50,
    max_temp_c: Annotated[
        float | None,
        typer.Option(
            min=-100, max=1_000, help="Begin the timed runs below that; if not given, what the device takes for cool."
        ),
    ] = None,
    cooldown: Annotated[float, typer.Option(min=0, max=MOST_SECONDS, help="Seconds it is given to cool down.")] = 300,
    pipeline: Annotated[bool, typer.Option("--pipeline", help="Time a whole photo too: before, in, after the net.")] = False,
    photo: Annotated[Path | None, typer.Option(help="For --pipeline, instead of 12 synthetic megapixels.")] = None,
    mask: Annotated[Path | None, typer.Option(help="The hole in --photo, white.")] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="paper|published-graph|FILE[@RUNTIME]",
            help="Set beside published timings; or measure another model file in turn with these; or read a report.",
        ),
    ] = None,
    tool: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PROGRAM",
            help="For Android: your build of benchmark_model or onnxruntime_perf_test; for iPhones: an app's .xctestrun.",
        ),
    ] = None,
    team: Annotated[str, typer.Option(help="For iPhones: the Apple development team that signs what runs there.")] = "",
    record: Annotated[Path | None, typer.Option(help="Keep the reports here.")] = None,
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Keep them nowhere, not even in a checkout's benchmarks/.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Time artifacts: several are measured in turn, A B A B, and their ratio is given with its spread."""
    from mobile_inpaint.bench.devices.registry import connect, find_device, kind_of
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.measure.pipeline import open_scene, synthetic_scene
    from mobile_inpaint.bench.measure.protocol import Plan
    from mobile_inpaint.bench.record import store as records
    from mobile_inpaint.cli import bench_output
    from mobile_inpaint.cpu_count import usable_cores

    if (photo is None) != (mask is None):
        raise BenchError("--photo and --mask go together")
    runtimes = kind_of(find_device(device)).runtimes
    connected = connect(device)
    reference, beside = _reference(compare, runtimes)
    named = [Candidate.parse(file, runtimes) for file in files or []]
    subjects = named or [Candidate(_default_artifact(device))]
    scene = open_scene(photo, mask) if photo and mask else synthetic_scene() if pipeline else None
    threads = threads or (min(usable_cores(), _MOST_THREADS) if find_device(device).kind == "host" else _MOST_THREADS)
    tools = tuple(tool or ())
    command = _command(named, device, threads, warmup, iterations, compare, tools)
    plan = Plan(
        threads,
        warmup,
        iterations,
        max_temp_c=max_temp_c,
        cooldown_s=cooldown,
        command=command,
        tools=tools,
        apple_team=team,
    )
    with console.progress("measuring") as advance:
        reports = connected.measure([*subjects, *reference], plan, scene, advance)
    keep_in = record or (None if no_record else records.checkout_record(Path.cwd()))
    kept = records.add(keep_in, reports) if keep_in else []
    outcome = bench_output.Outcome(reports, bool(reference), compare == "paper", beside)
    if json:
        console.emit(bench_output.document(outcome, kept))
    else:
        bench_output.show(outcome)
    for path in kept:
        console.note(f"kept in {path}")


def _reference(compare: str | None, runtimes: Collection[str]) -> tuple[list[Candidate], LatencyReport | None]:
    """A model file to measure in turn with the others, or a report to set beside theirs."""
    from mobile_inpaint.bench.measure.candidate import Candidate

    if compare is None or compare == "paper":
        return [], None
    if compare == "published-graph":
        return [Candidate(_published_graph())], None
    candidate = Candidate.parse(compare, runtimes)
    path = candidate.path
    if not path.exists():
        raise BenchError(f"--compare {compare}: neither paper nor published-graph nor a file")
    if path.suffix == ".json":
        from mobile_inpaint.bench.report.latency_report import LatencyReport

        return [], LatencyReport.load(path)
    return [candidate], None


def _published_graph() -> Path:
    from mobile_inpaint.checkpoints import store as weights
    from mobile_inpaint.targets.onnx.published_graph import published_graph

    with console.progress(f"fetching {PUBLISHED}") as advance:
        pipeline = weights.fetch(PUBLISHED, advance)
    return published_graph(pipeline, weights.home() / "cache")


def _default_artifact(device: str) -> Path:
    """The default checkpoint's artifact that suits the device, exported if it is not there yet."""
    from mobile_inpaint.bench.devices.registry import find_device, kind_of
    from mobile_inpaint.targets.registry import get_target

    kind = kind_of(find_device(device))
    path = _ARTIFACTS / f"{CHECKPOINT}-{kind.precision}{get_target(kind.target).suffix}"
    if not path.exists():
        from mobile_inpaint.export.run import export

        console.note(f"{path} is not there yet: exporting it")
        with console.steps() as step:
            export(CHECKPOINT, target=kind.target, precision=kind.precision, out=_ARTIFACTS, progress=step)
    return path


def _command(
    candidates: Sequence[Candidate],
    device: str,
    threads: int,
    warmup: int,
    iterations: int,
    compare: str | None,
    tools: Sequence[Path],
) -> str:
    """What to type to measure again, without the folders of this machine."""
    words = ["mobile-inpaint", "bench", *(one.name if one.path.is_absolute() else str(one) for one in candidates)]
    if device != "host":
        is_way = device.startswith("browser:")  # behind any other device's colon is a serial number, nobody's business
        words += ["--device", device if is_way else device.partition(":")[0]]
    words += ["--threads", str(threads), "--warmup", str(warmup), "--iterations", str(iterations)]
    if compare is not None:
        words += ["--compare", Path(compare).name]
    for tool in tools:
        words += ["--tool", tool.name]
    return shlex.join(words)
