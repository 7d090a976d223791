"""The runtimes that a page runs, onnxruntime-web and LiteRT.js: pinned in package.json, fetched by npm, kept in the store.

They are not part of this package, for they are ten times its size. :func:`fetch` is what
``python -m mobile_inpaint.bench.browser`` does.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from importlib import resources
from pathlib import Path

from mobile_inpaint import files
from mobile_inpaint.checkpoints import store
from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.errors import DeviceUnavailable, ExportError, ToolchainMissing, WeightsError

FETCH = "python -m mobile_inpaint.bench.browser"
"""What to type where they are missing."""

_PINS = resources.files(__package__)
_DOWNLOAD_BYTES = 60_000_000
_ORT, _LITERT, _LITERT_UTILS = "onnxruntime-web/dist", "@litertjs/core", "@litertjs/wasm-utils/dist"
FILES = (
    f"{_ORT}/ort.wasm.min.mjs",
    f"{_ORT}/ort-wasm-simd-threaded.mjs",
    f"{_ORT}/ort-wasm-simd-threaded.wasm",
    f"{_ORT}/ort.webgpu.min.mjs",
    f"{_ORT}/ort-wasm-simd-threaded.asyncify.mjs",
    f"{_ORT}/ort-wasm-simd-threaded.asyncify.wasm",
    f"{_LITERT}/dist/index.js",
    f"{_LITERT_UTILS}/index.js",
    f"{_LITERT}/wasm/litert_wasm_internal.js",
    f"{_LITERT}/wasm/litert_wasm_internal.wasm",
    f"{_LITERT}/wasm/litert_wasm_compat_internal.js",
    f"{_LITERT}/wasm/litert_wasm_compat_internal.wasm",
    f"{_LITERT}/wasm/litert_wasm_threaded_internal.js",
    f"{_LITERT}/wasm/litert_wasm_threaded_internal.wasm",
    f"{_LITERT}/wasm/litert_wasm_jspi_internal.js",
    f"{_LITERT}/wasm/litert_wasm_jspi_internal.wasm",
)
"""All that a page may ask for, by its place under ``node_modules``."""
ONNX_FILES = tuple(name for name in FILES if name.startswith(_ORT))
"""Those of onnxruntime-web, which the web app carries."""


@functools.cache
def versions() -> dict[str, str]:
    """The pinned version of each runtime, by npm package."""
    pins: dict[str, str] = json.loads((_PINS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return pins


def folder() -> Path:
    """Where :data:`FILES` lie once fetched; another place for other pins or other files."""
    wanted = (_PINS / "package-lock.json").read_bytes() + "\n".join(FILES).encode()
    return store.home() / "browser" / hashlib.sha256(wanted).hexdigest()[:12]


def are_here() -> bool:
    """Whether they have been fetched."""
    return folder().is_dir()


def find() -> Path:
    """:func:`folder`, with all files in it.

    Raises:
        DeviceUnavailable: they have not been fetched.
    """
    if not are_here():
        raise DeviceUnavailable(f"browser: its runtimes are not here yet; fetch them (about 60 MB) with: {FETCH}")
    return folder()


def fetch(progress: Progress | None = None) -> Path:
    """:func:`folder`, after npm has downloaded what package-lock.json names and checked it against its digests there.

    Nothing is left of what no page asks for, nor of a download that was cut off.

    Args:
        progress: see :data:`~mobile_inpaint.checkpoints.fetch.client.Progress`.

    Raises:
        ToolchainMissing: there is no npm.
        WeightsError: npm failed, or a package lacks a file.
    """
    if are_here():
        return folder()
    if shutil.which("npm") is None:
        raise ToolchainMissing("the browser's runtimes are downloaded with npm, which is not installed: apt-get install npm")
    folder().parent.mkdir(parents=True, exist_ok=True)
    with files.private_folder(folder().parent) as work:
        for pins in ("package.json", "package-lock.json"):
            (work / pins).write_bytes((_PINS / pins).read_bytes())
        modules, wanted = work / "node_modules", work / "wanted"
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--logs-max=0"]
        command = ["npm", "ci", f"--cache={work / 'cache'}", *quiet, "--fetch-retries=2", "--fetch-retry-mintimeout=1000"]
        complaint = client.run(command, work, growing=work / "cache", total=_DOWNLOAD_BYTES, progress=progress)
        if complaint is not None:
            lines = [line.removeprefix("npm error").strip() for line in complaint.splitlines() if line.startswith("npm error")]
            reason = "; ".join([line for line in lines if line][:2]) or "it gave no reason"
            raise WeightsError(f"npm could not download the browser's runtimes: {reason}; is the network there?")
        for file in FILES:
            if not (modules / file).is_file():
                raise WeightsError(f"the npm packages hold no {file}: they are not what package-lock.json pins")
            (wanted / file).parent.mkdir(parents=True, exist_ok=True)
            (modules / file).rename(wanted / file)
        wanted.rename(folder())
    return folder()


def copy_onnx(place: Path) -> None:
    """Puts onnxruntime-web into ``place``, whole or as it was before. Files that are there already, bit for bit, stay.

    Raises:
        DeviceUnavailable: it has not been fetched.
        ExportError: see :func:`check_place`.
    """
    source = find()
    check_place(place)
    if all(_same(source / file, place / file) for file in ONNX_FILES):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with files.private_folder(place.parent) as private:
        fresh = private / place.name
        for file in ONNX_FILES:
            (fresh / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, fresh / file)
        files.move_into_place(fresh, place, private)


def check_place(place: Path) -> None:
    """Returns if :func:`copy_onnx` may replace ``place``: nothing is there, or a folder of runtime files and nothing else.

    Raises:
        ExportError: a file, a link, or a folder with other files.
    """
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise ExportError(f"{place}: not a folder; the web app's runtime goes there: move it away")
    left = [place] if place.exists() else []
    while left:
        for path in left.pop().iterdir():
            if path.is_dir() and not path.is_symlink():
                left.append(path)
            elif path.is_symlink() or path.relative_to(place).as_posix() not in FILES:
                raise ExportError(f"{path}: not a file of the web app's runtime, which replaces its folder: move it away")


def _same(source: Path, copy: Path) -> bool:
    return copy.is_file() and not copy.is_symlink() and copy.read_bytes() == source.read_bytes()
