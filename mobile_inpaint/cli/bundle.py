"""The verb ``bundle``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, cast, get_args

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.quoting import quoted


def bundle(
    artifact: Annotated[
        Path, typer.Argument(metavar="[ARTIFACT|DIR]", help="An exported file, or the folder to choose one from.")
    ] = Path("artifacts"),
    app: Annotated[str, typer.Option(metavar="android|ios|web", help="The app.", autocompletion=completion.apps)] = "web",
    device_class: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Out of a folder, choose the artifact that `which` chooses for this class of devices.",
            autocompletion=completion.device_classes,
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder of the app for its model.", show_default="the app of the checkout"),
    ] = None,
    record: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.json|DIR",
            help="With --device-class: reports to choose by.",
            show_default="benchmarks/ of the checkout",
        ),
    ] = None,
    json: console.Json = False,
) -> None:
    """Put a verified artifact, its manifest and the licence notices into an app.

    Out of a folder it takes the fp16 artifact, unless --device-class is given. The web app gets its runtime too: the folder can
    be put on any static host.
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
        console.hint(
            f"mobile-inpaint serve --open{'' if into is None else f' {quote(str(folder.parent))}'}"
            if app == "web"
            else f"build the app; see docs/{app}_demo.md"
        )


def _best(device_class: str, places: list[Path]) -> list[str]:
    """The sha256 of each artifact that may be chosen for that class, the best first."""
    from mobile_inpaint.bench.devices.registry import DeviceClass
    from mobile_inpaint.bench.record import store as records
    from mobile_inpaint.bench.record.select import Bounds, options

    if device_class not in get_args(DeviceClass):
        raise BenchError(f"unknown class {quoted(device_class)}: there are {', '.join(get_args(DeviceClass))}")
    found = options(records.gather(places), Bounds(cast(DeviceClass, device_class)))
    return [option.slowest.subject.sha256 for option in found if not option.misses]
