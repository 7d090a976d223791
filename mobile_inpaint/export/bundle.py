"""A verified artifact into an app: the file, its manifest, the licence notices, and one line of JSON that names them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import mobile_inpaint
from mobile_inpaint.artifact import Artifact, Manifest, manifest_path, sha256_of
from mobile_inpaint.errors import ExportError, ManifestError, NameNotFound
from mobile_inpaint.export import notices
from mobile_inpaint.export.staging import staging
from mobile_inpaint.photo.compositor import Compositor

INDEX = "bundle.json"
"""Names the artifact, for an app that cannot list its own folder."""
NOTICES = "NOTICES.txt"


class AppNotFound(NameNotFound):
    """No app of ours has that name."""

    kind = "app"


@dataclass(frozen=True)
class App:
    """An app that carries an artifact.

    Attributes:
        targets: the formats that it runs, the one it takes first.
        folder: where it looks for the artifact, from the checkout's root.
    """

    targets: tuple[str, ...]
    folder: str


APPS = {
    "android": App(("onnx", "tflite"), "android_demo/app/src/main/assets/model"),
    "ios": App(("coreml",), "ios_demo/Models"),
    "web": App(("onnx",), "web_demo/model"),
}


def get_app(name: str) -> App:
    """The app called ``name``.

    Raises:
        AppNotFound: there is none.
    """
    if name not in APPS:
        raise AppNotFound(name, APPS)
    return APPS[name]


def app_folder(app: App, here: Path) -> Path:
    """Where the app of the checkout round ``here`` looks for its artifact.

    Raises:
        ExportError: ``here`` is in no checkout that has the app.
    """
    checkout = Path(mobile_inpaint.__file__).parents[1]
    if not here.is_relative_to(checkout) or not (checkout / app.folder.partition("/")[0]).is_dir():
        raise ExportError(f"no {app.folder.partition('/')[0]} here: say where the app keeps its artifact with --into")
    return checkout / app.folder


def pick(folder: Path, app: App, sha256s: Iterable[str] | None = None) -> Artifact:
    """The artifact of ``folder`` for the app: the first of ``sha256s`` that is there and that it runs, or its fp16 one.

    Raises:
        ManifestError: there is none, or it is damaged.
    """
    manifests = [manifest for path in sorted(folder.glob("*.json")) if (manifest := _read(path)) is not None]
    fitting = {manifest.sha256: manifest for manifest in manifests if manifest.contract.target in app.targets}
    if sha256s is None:
        order = {target: place for place, target in enumerate(app.targets)}
        halves = [digest for digest, manifest in fitting.items() if manifest.contract.precision == "fp16"]
        wanted = sorted(halves, key=lambda digest: order[fitting[digest].contract.target])
    else:
        wanted = [digest for digest in sha256s if digest in fitting]
    formats = " or ".join(app.targets)
    if not wanted and sha256s is None:
        raise ManifestError(f"{folder}: holds no fp16 {formats} artifact; make one with: mobile-inpaint export")
    if not wanted:
        raise ManifestError(
            f"{folder}: holds no {formats} artifact that was measured for this; do so with: mobile-inpaint bench"
        )
    return Artifact.open(folder / fitting[wanted[0]].file)


def bundle(artifact: Artifact, app: App, folder: Path) -> tuple[Path, ...]:
    """Puts the artifact into ``folder`` in place of the one bundled before; what else lies there stays.

    Returns:
        The artifact, its manifest, the notices and the index, as they lie there now.

    Raises:
        ManifestError: an artifact that no app may carry, or none for this app.
        ExportError: ``folder`` cannot be written, or the copy is damaged.
    """
    manifest = artifact.manifest
    if manifest.contract.target not in app.targets:
        raise ManifestError(f"{manifest.file}: this app runs {' and '.join(app.targets)}, not {manifest.contract.target}")
    manifest.check_for_app()
    Compositor.from_numbers(manifest.compositor)
    before = bundled(folder)
    with staging(folder) as stage:
        copy = stage.folder / manifest.file
        (shutil.copytree if artifact.path.is_dir() else shutil.copyfile)(artifact.path, copy)
        if sha256_of(copy) != manifest.sha256:
            raise ExportError(f"{manifest.file}: the copy differs from the original: is the disk full, or failing?")
        manifest.save(manifest_path(copy))
        (stage.folder / NOTICES).write_text(notices.text(manifest.contract), encoding="utf-8")
        (stage.folder / INDEX).write_text(json.dumps({"artifact": manifest.file}) + "\n", encoding="utf-8")
        names = (manifest.file, manifest_path(copy).name, NOTICES, INDEX)
        stage.publish(*(stage.folder / name for name in names))
    if before is not None and before.name != manifest.file:
        _remove(before)
    return tuple(folder / name for name in names)


def bundled(folder: Path) -> Path | None:
    """The artifact that was bundled into ``folder``; None where there is none."""
    try:
        name = json.loads((folder / INDEX).read_text(encoding="utf-8"))["artifact"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder / name if isinstance(name, str) and name == Path(name).name else None


def _read(path: Path) -> Manifest | None:
    """A folder of artifacts may hold other JSON too."""
    try:
        return Manifest.load(path)
    except ManifestError:
        return None


def _remove(artifact: Path) -> None:
    if artifact.is_dir():
        shutil.rmtree(artifact)
    else:
        artifact.unlink(missing_ok=True)
    manifest_path(artifact).unlink(missing_ok=True)
