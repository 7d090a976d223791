"""``mobile-inpaint bench``."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import CHECKPOINT, MOST_RUNS, MOST_SECONDS, MOST_THREADS, PUBLISHED
from mobile_inpaint.cli.usage import UsageError
from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.report.latency_report import LatencyReport

_DEVICE, _PHOTO = "Device options", "Photo options"
_ARTIFACTS = Path("artifacts")
_EXPORT_STEPS = 16


def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE[@RUNTIME]]...",
            help="Artifacts, or any .onnx or .tflite; without one, the default network is exported first. After an @ the "
            "runtime: openvino or openvino-bf16 for .onnx on this computer; cpu, gpu or the accelerator on a phone.",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The device to measure on; see: mobile-inpaint devices.", autocompletion=completion.devices
        ),
    ] = "host",
    threads: Annotated[
        int | None, typer.Option(min=1, max=MOST_THREADS, help="Threads of the runtime.", show_default="all cores, at most 4")
    ] = None,
    warmup: Annotated[int, typer.Option(min=0, max=MOST_RUNS, help="Runs before the timed ones.")] = 10,
    iterations: Annotated[int, typer.Option(min=1, max=MOST_RUNS, help="Timed runs.")] = 50,
    max_temp_c: Annotated[
        float | None,
        typer.Option(
            min=-100,
            max=1_000,
            metavar="CELSIUS",
            help="Wait until the device is cooler than this.",
            show_default="by device",
            rich_help_panel=_DEVICE,
        ),
    ] = None,
    cooldown: Annotated[
        float,
        typer.Option(
            min=0, max=MOST_SECONDS, metavar="SECONDS", help="Wait at most this long for it to cool.", rich_help_panel=_DEVICE
        ),
    ] = 300,
    pipeline: Annotated[
        bool,
        typer.Option("--pipeline", help="Measure a whole photo too: before, in and after the network.", rich_help_panel=_PHOTO),
    ] = False,
    photo: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The photo to measure.", show_default="12 synthetic megapixels", rich_help_panel=_PHOTO
        ),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option("-m", "--mask", metavar="FILE", help="The mask of --photo, white.", rich_help_panel=_PHOTO)
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="paper|published-graph|FILE",
            help="Compare with the paper's timings, with another model file measured in turn, or with a report of bench.",
        ),
    ] = None,
    tool: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PROGRAM",
            help="Android: your build of benchmark_model or onnxruntime_perf_test. iPhone: an app's .xctestrun.",
            rich_help_panel=_DEVICE,
        ),
    ] = None,
    team: Annotated[
        str,
        typer.Option(metavar="ID", help="iPhone: the Apple development team that signs the app.", rich_help_panel=_DEVICE),
    ] = "",
    record: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the reports in this folder, with a table and plots.", show_default="keep none"),
    ] = None,
    no_record: Annotated[bool, typer.Option("--no-record", hidden=True)] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="With --compare paper: list each published timing, and why it cannot be compared.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Measure the latency of artifacts on a device.

    Several files are measured in turn, A B A B, and their ratio is given with its spread. Without --record nothing is kept. In
    a checkout of this project, --record benchmarks adds the reports to the published record.
    """
    from mobile_inpaint.api import bench as api
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.measure.protocol import Plan
    from mobile_inpaint.cli import bench_output

    if no_record:
        console.note("--no-record goes in the next release: leave it out, nothing is kept without --record DIR")
    if no_record and record:
        raise UsageError("--record and --no-record: name one of them")
    if (photo is None) != (mask is None):
        raise UsageError("--photo and --mask go together: name both, or neither")
    on = api.reach(device)  # before anything is fetched or exported for it
    reference, beside = _reference(compare, on.runtimes)
    named = [Candidate.parse(file, on.runtimes) for file in files or []]
    subjects = named or [Candidate(_default_artifact(device))]
    scene = api.scene_of(photo, mask, pipeline=pipeline)
    threads = threads or on.threads
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
    with console.progress(f"measuring on {device}") as advance:
        measured = api.measure(on, [*subjects, *reference], plan, scene, record, advance)
    kept = measured.kept
    outcome = bench_output.Outcome(measured.reports, bool(reference), compare == "paper", beside)
    if json:
        console.emit(bench_output.document(outcome, kept))
    else:
        bench_output.show(outcome, verbose=verbose)
    for path in kept:
        console.note(f"kept in {path}")
    if not json and kept:
        console.hint(f"mobile-inpaint compare {shlex.quote(str(kept[0]))} LATER.json, or: mobile-inpaint report {record}")
    elif not json:
        console.hint(f"keep the report to compare it later: {command} --record DIR")


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
        raise BenchError(f"--compare {quoted(compare)}: no such file; name one, or paper, or published-graph")
    if path.suffix == ".json":
        from mobile_inpaint.bench.report.latency_report import LatencyReport

        return [], LatencyReport.load(path)
    return [candidate], None


def _published_graph() -> Path:
    from mobile_inpaint.checkpoints import store as weights
    from mobile_inpaint.targets.onnx.published_graph import published_graph

    with console.progress(f"fetching {PUBLISHED}", in_bytes=True) as advance:
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

        console.note(
            f"no file named: exporting {path} first, which takes about a minute; for another one: mobile-inpaint bench FILE"
        )
        with console.steps("export", expected=_EXPORT_STEPS) as step:
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
