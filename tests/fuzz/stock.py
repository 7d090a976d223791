"""The good files that cases are made from: tiny artifacts, which are kept, and runs of training, which are made anew.

``python -m tests.fuzz.stock`` makes ``stock.zip`` again, after the manifest or the contract has changed.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

ARCHIVE = Path(__file__).with_name("stock.zip")
CHECKPOINT = "toy.safetensors"
FLOATS = ("toy-fp32", "toy-fp16")
INTEGERS = ("toy-w8a8", "toy-w8a16")
SIDE = 32
"""Of the network, in pixels."""
OVERRIDES = {"resolution": SIDE, "ch_base": 128, "ch_max": 8}

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
    """Writes :data:`ARCHIVE`: a random network of 32 px in every format, and quantized."""
    import torch

    from mobile_inpaint import create_model
    from mobile_inpaint.artifact import Quantization
    from mobile_inpaint.evaluation.gate import Gate
    from mobile_inpaint.export.pipeline import export_artifact
    from mobile_inpaint.export.prepared import prepare
    from mobile_inpaint.models.registry import save_model
    from mobile_inpaint.quantization.calibration import calibration_samples
    from mobile_inpaint.quantization.session import Integers

    network = create_model("migan-256", seed=3, tensors=4, **OVERRIDES)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(0.1)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        save_model(network, out / CHECKPOINT)
        prepared, gate = prepare(out / CHECKPOINT), Gate(crops=1, keep_rejected=True)
        for target in ("onnx", "tflite", "coreml"):
            for precision in ("fp32", "fp16"):
                export_artifact(prepared, target, precision, out, gate=gate)
        with Integers.of(prepared.network, calibration_samples(None, 6, SIDE, 0, print), Quantization()) as integers:
            for target, precision in (("onnx", "w8a8"), ("onnx", "w8a16"), ("tflite", "w8a8")):
                export_artifact(prepared, target, precision, out, integers=integers, gate=gate)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in sorted(path for path in out.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(file.relative_to(out).as_posix())
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    ARCHIVE.write_bytes(packed.getvalue())


def train(out: Path) -> Path:
    """A finished run of two steps in ``out/run``, its configuration and its photos; made with this version of the package."""
    import numpy as np
    from PIL import Image

    from mobile_inpaint.cli import main

    done = out / "trained"
    if (done / "complete").exists():
        return done
    shutil.rmtree(done, ignore_errors=True)
    (done / "photos").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(done / "photos" / "one.png")
    (done / "config.toml").write_text(TOML)
    command = ["train", "--config", str(done / "config.toml"), "--photos", str(done / "photos"), "--out", str(done / "run")]
    with Path("/dev/null").open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        if main(command):
            raise RuntimeError("the stock's own training fails")
    (done / "complete").write_text(json.dumps(command))
    return done


TOML = """
[generator]
variant = "migan-256"
overrides = { resolution = 32, ch_base = 128, ch_max = 8 }

[data]
size_px = 32
batch = 2

[loss]
adversarial = 0
levels = 0
l1 = 1

[run]
steps = 2
workers = 0
threads = 1
keep = 2
checkpoint_every = 1
grid_every = 0
log_every = 1
"""


if __name__ == "__main__":
    make()
