"""The readers by name."""

from __future__ import annotations

import contextlib
import importlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from .case import Reader

_WHERE = {  # by reader: the file beside this one, its function, and what to import before a worker is forked
    "photos": ("pictures", "make", "pictures"),
    "metadata": ("metadata", "make", "pictures"),
    "manifests": ("manifests", "make", "models"),
    "training-toml": ("settings", "make_training", "training"),
    "recipes": ("settings", "make_recipe", "models"),
    "reports": ("reports", "make", "reports"),
    "onnx": ("onnx_files", "make", "models"),
    "tflite": ("tflite_files", "make", "models"),
    "mlpackage": ("mlpackages", "make", "coreml"),
    "checkpoints": ("checkpoints", "make", "training"),
    "weights": ("weight_files", "make", "weights"),
    "bundles": ("bundles", "make", "coreml"),
}
NAMES = tuple(_WHERE)
HIDDEN = {"faulty": ("faulty", "make", "reports")}
"""Readers that nobody runs unasked."""

_PICTURES = (
    "numpy",
    "PIL.Image",
    "typer.main",
    "mobile_inpaint.cli.fill",
    "mobile_inpaint.photo.compositor.compositor",
    "mobile_inpaint.photo.io.metadata",
)
_MODELS = (
    *_PICTURES, "torch", "onnx", "onnx.reference", "onnxruntime", "ai_edge_litert.interpreter",
    "ai_edge_litert.schema_py_generated",
    "mobile_inpaint.export.pipeline", "mobile_inpaint.lint.linter", "mobile_inpaint.apps.bundle", "mobile_inpaint.models",
    "mobile_inpaint.models.migan.network", "mobile_inpaint.targets.onnx.target", "mobile_inpaint.targets.tflite.target",
    "mobile_inpaint.targets.external",
)  # fmt: skip
_IMPORTS = {
    "pictures": (
        *_PICTURES,
        "torch",
        "mobile_inpaint.models.migan.network",
        "mobile_inpaint.checkpoints.readers.state",
        "xml.dom.minidom",
    ),
    "models": _MODELS,
    "coreml": (*_MODELS, "coremltools"),
    "weights": _MODELS,
    "training": (*_PICTURES, "torch", "lightning_fabric", "mobile_inpaint.training.train", "mobile_inpaint.cli.train"),
    "reports": (
        "numpy",
        "jsonschema",
        "matplotlib",
        "mobile_inpaint.bench.report.page",
        "mobile_inpaint.bench.record.comparison",
    ),
}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What converters say of themselves when they are imported is nobody's business here."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def get(name: str, out: Path) -> Reader:
    """The reader, its stock unpacked below ``out``."""
    from . import stock

    stock.unpack(out)
    module, function, imports = {**_WHERE, **HIDDEN}[name]

    def warm_up() -> None:
        with _silence(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for each in _IMPORTS[imports]:
                with contextlib.suppress(ImportError):  # an extra that is not installed: the command says so
                    importlib.import_module(each)
        prepare = getattr(importlib.import_module(f".{module}", __package__), "prepare", None)
        if prepare:
            prepare(out)

    make = getattr(importlib.import_module(f".{module}", __package__), function)
    return Reader(name, make, warm_up)
