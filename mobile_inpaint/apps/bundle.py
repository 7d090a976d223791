"""A verified artifact into an app: the file, its manifest, the licence notices, and one line of JSON that names them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint import documents, files
from mobile_inpaint.apps import notices
from mobile_inpaint.artifact import Artifact, Manifest, manifest_path, sha256_of
from mobile_inpaint.checkout import CHECKOUT
from mobile_inpaint.errors import ExportError, ManifestError, MobileInpaintError, NameNotFound
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.staging import staging
from mobile_inpaint.targets.contract import check_file
from mobile_inpaint.targets.guarded import guarded
from mobile_inpaint.targets.registry import get_target, target_of

INDEX = "bundle.json"
"""Names the artifact, for an app that cannot list its own folder."""
_ARTIFACT, _REPLACES = "artifact", "replaces"
"""Keys of the index. The second one is there only until the artifacts that it lists are gone."""
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
    if not here.is_relative_to(CHECKOUT) or not (CHECKOUT / app.folder.partition("/")[0]).is_dir():
        raise ExportError(f"no {app.folder.partition('/')[0]} here: say where the app keeps its artifact with --into")
    return CHECKOUT / app.folder


def pick(folder: Path, app: App, sha256s: Iterable[str] | None = None) -> Artifact:
    """The artifact of ``folder`` for the app: the first of ``sha256s`` that is there and that it runs, or its fp16 one.

    Raises:
        ManifestError: there is none, or it is damaged.
    """
    manifests = [manifest for path in sorted(folder.glob("*.json")) if (manifest := _beside_its_artifact(path)) is not None]
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

    A process of its own checks the file first, see :func:`~mobile_inpaint.targets.contract.check_file`. A kill leaves an
    index that names a whole artifact; the next call removes the other one.

    Returns:
        The artifact, its manifest, the notices and the index, as they lie there now.

    Raises:
        ManifestError: an artifact that no app may carry, none for this app, or a file that is damaged, or that takes longer or
            more memory than a file of its size may.
        ToolchainMissing: what runs the artifact is not installed.
        ExportError: ``folder`` cannot be written, or the copy is damaged.
    """
    manifest = artifact.manifest
    if manifest.contract.target not in app.targets:
        raise ManifestError(f"{manifest.file}: this app runs {' and '.join(app.targets)}, not {manifest.contract.target}")
    manifest.check_for_app()
    manifest.check_sizes()
    Compositor.from_numbers(manifest.compositor)
    with staging(folder) as stage:
        copy = stage.folder / manifest.file
        if artifact.path.is_dir():
            shutil.copytree(artifact.path, copy, symlinks=True)  # a link inside is refused below, not followed
        else:
            shutil.copyfile(artifact.path, copy)
        if sha256_of(copy) != manifest.sha256:
            raise ExportError(f"{manifest.file}: the copy differs from the original: is the disk full, or failing?")
        guarded(copy, _check, Artifact(copy, manifest))
        manifest.save(manifest_path(copy))
        (stage.folder / NOTICES).write_text(notices.text(manifest.contract), encoding="utf-8")
        before = [name for name in _recorded(folder) if name != manifest.file]
        (stage.folder / INDEX).write_text(_index(manifest.file, before), encoding="utf-8")
        names = (manifest.file, manifest_path(copy).name, NOTICES, INDEX)
        stage.publish(*(stage.folder / name for name in names))
        if before:
            stage.retire(*(path for name in before for path in _removable(folder, name)))
            files.write_whole(folder / INDEX, _index(manifest.file, ()), sweeping=False)
    return tuple(folder / name for name in names)


def _check(artifact: Artifact) -> None:
    check_file(artifact, target_of(artifact.path))


def bundled(folder: Path) -> Path | None:
    """The artifact that was bundled into ``folder``; None where there is none."""
    return next((folder / name for name in _recorded(folder)[:1]), None)


def _index(artifact: str, replaces: Sequence[str]) -> str:
    return json.dumps({_ARTIFACT: artifact, **({_REPLACES: list(replaces)} if replaces else {})}) + "\n"


def _recorded(folder: Path) -> list[str]:
    """The names in the index: the bundled artifact's, then those of older ones that a killed call has left.

    Whoever can write to the folder can write the index: what is no plain file name is ignored.
    """
    index = folder / INDEX
    if index.is_symlink():
        return []
    try:
        table = documents.read_json(index, ExportError)
    except ExportError:
        return []
    if not isinstance(table, dict) or not files.is_plain_name(table.get(_ARTIFACT)):
        return []
    older = table.get(_REPLACES, [])
    names = [table[_ARTIFACT], *(older if isinstance(older, list) else [])]
    return list(dict.fromkeys(name for name in names if files.is_plain_name(name)))


def _removable(folder: Path, name: str) -> list[Path]:
    """What ``bundle`` put into ``folder`` under that name: the artifact and its manifest.

    Nothing that is not an artifact of an app, bit for bit as its manifest says, and nothing that is a link.
    """
    artifact = folder / name
    beside = manifest_path(artifact)
    if artifact.is_symlink() or beside.is_symlink():
        return []
    try:
        manifest = Manifest.load(beside)
        kind = get_target(manifest.contract.target)
        if manifest.file != name or not name.endswith(kind.suffix):
            return []
        if not artifact.exists():  # a kill came after the artifact was removed
            return [beside]
        if artifact.is_dir() != kind.is_folder or sha256_of(artifact) != manifest.sha256:
            return []
    except (MobileInpaintError, OSError):
        return []
    return [artifact, beside]


def _beside_its_artifact(path: Path) -> Manifest | None:
    """The manifest at ``path``, if that is the place of one; a folder of artifacts may hold other JSON too."""
    try:
        manifest = Manifest.load(path)
    except ManifestError:
        return None
    return manifest if manifest_path(path.with_name(manifest.file)) == path else None
