"""The good files that cases are made from: tiny artifacts, which are kept, and a run of training, which is made anew.

``python -m tests.fuzz.stock`` makes ``stock.zip`` again, after the manifest or the contract has changed.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import tiny_training

ARCHIVE = Path(__file__).with_name("stock.zip")
CHECKPOINT = "toy.safetensors"
FLOATS = ("toy-fp32", "toy-fp16")
INTEGERS = ("toy-w8a8", "toy-w8a16")
SIDE = 64
"""Of the network, in pixels."""
OVERRIDES = {"resolution": SIDE, "ch_base": 256, "ch_max": 8}

_RUN = {"steps": 2, "checkpoint_every": 1, "grid_every": 0, "log_every": 1, "keep": 2}
TOML = tiny_training.toml(**_RUN)
"""Of the run that :func:`train` makes."""

_folder: Path | None = None


def unpack(out: Path) -> Path:
    """The folder of the stock, below ``out``; readers ask for it by :func:`path` afterwards."""
    global _folder
    _folder = out / "stock"
    if not (_folder / "complete").exists():
        shutil.rmtree(_folder, ignore_errors=True)
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(_folder)
        (_folder / "complete").touch()
    return _folder


def path(name: str) -> Path:
    """A file of the stock."""
    assert _folder is not None, "unpack() comes first"
    return _folder / name


@functools.cache
def content(name: str) -> bytes:
    """Its bytes."""
    return path(name).read_bytes()


@functools.cache
def manifest_text(artifact: str) -> str:
    """The manifest of an artifact of the stock."""
    return path(f"{artifact}.json").read_text(encoding="utf-8")


def make() -> None:
    """Writes :data:`ARCHIVE`: a random network in every format, and quantized."""
    import small_network

    from mobile_inpaint.artifact import Quantization
    from mobile_inpaint.evaluation.gate import QualityGate
    from mobile_inpaint.export.session import ExportSession
    from mobile_inpaint.models.registry import save_model

    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        save_model(small_network.make(**OVERRIDES), out / CHECKPOINT)
        gate, quantization = QualityGate(crops=1, keep_rejected=True), Quantization(samples=6)
        with ExportSession(out / CHECKPOINT, gate=gate, quantization=quantization, note=print) as session:
            for target in ("onnx", "tflite", "coreml"):
                for precision in ("fp32", "fp16"):
                    session.export(target, precision, out)
            for target, precision in (("onnx", "w8a8"), ("onnx", "w8a16"), ("tflite", "w8a8")):
                session.export(target, precision, out)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in sorted(path for path in out.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(file.relative_to(out).as_posix())
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    ARCHIVE.write_bytes(packed.getvalue())


def train(folder: Path) -> None:
    """A finished run of two steps in ``folder/run``, beside its configuration and photos."""
    from mobile_inpaint.cli import main

    tiny_training.write(folder, **_RUN)
    command = ["train", "--config", str(folder / "c.toml"), "--photos", str(folder / "photos"), "--out", str(folder / "run")]
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        if main(command):
            raise RuntimeError("the stock's own training fails")


if __name__ == "__main__":
    make()
