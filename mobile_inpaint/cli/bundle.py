"""The verb ``bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.quoting import quoted


def bundle(
    artifact: Annotated[Path, typer.Argument(help="An exported file, or the folder to pick one from.")] = Path("artifacts"),
    app: Annotated[str, typer.Option(help="android, ios or web.")] = "web",
    device_class: Annotated[str | None, typer.Option(help="Pick what was measured best on such, as which does.")] = None,
    into: Annotated[Path | None, typer.Option(help="The app's folder for it; none: the checkout's app.")] = None,
    record: Annotated[list[Path] | None, typer.Option(help="Reports or records; none: the checkout's benchmarks/.")] = None,
    json: console.Json = False,
) -> None:
    """Put a verified artifact, its manifest and the licence notices into an app.

    Out of a folder and without a class of devices it is the fp16 artifact. The web app gets its runtime too, so that its
    folder can be put on any static host.
    """
    from mobile_inpaint.apps import bundle as bundling
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.bench.browser import runtimes
    from mobile_inpaint.targets.registry import is_artifact_folder

    if device_class is not None and not artifact.is_dir():
        raise BenchError(f"{artifact}: --device-class picks out of a folder of artifacts: name the folder, or leave one out")
    kind = bundling.get_app(app)
    folder = into or bundling.app_folder(kind, Path.cwd())
    if artifact.is_dir() and not is_artifact_folder(artifact):
        chosen = bundling.pick(artifact, kind, None if device_class is None else _best(device_class, record or []))
    else:
        chosen = Artifact.open(artifact)
    if app == "web" and not runtimes.are_here():
        raise DeviceUnavailable(f"the web app's runtime is not here yet; fetch it (about 60 MB) with: {runtimes.FETCH}")
    if app == "web":
        runtimes.check_place(folder.parent / "runtimes")
    files = bundling.bundle(chosen, kind, folder)
    if app == "web":
        runtimes.copy_onnx(folder.parent / "runtimes")
    size_mb = chosen.manifest.bytes / 1e6
    if json:
        console.emit({"app": app, "artifact": chosen.manifest.file, "mb": size_mb, "files": [str(file) for file in files]})
    else:
        console.say(f"{chosen.manifest.file}, {size_mb:.1f} MB, in {folder}")


def _best(device_class: str, places: list[Path]) -> list[str]:
    """The sha256 of each artifact that may be chosen for that class, the best first."""
    from mobile_inpaint.bench.devices.registry import DeviceClass
    from mobile_inpaint.bench.record import store as records
    from mobile_inpaint.bench.record.select import Bounds, options

    if device_class not in get_args(DeviceClass):
        raise BenchError(f"unknown class {quoted(device_class)}: there are {', '.join(get_args(DeviceClass))}")
    found = options(records.gather(places), Bounds(cast(DeviceClass, device_class)))
    return [option.slowest.subject.sha256 for option in found if not option.misses]
