"""What many tests share: the fetched weights, a toy network, and every artifact, converted once per run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_network
import torch

from mobile_inpaint.artifact import Artifact, Quantization
from mobile_inpaint.checkpoints import store
from mobile_inpaint.evaluation.gate import QualityGate
from mobile_inpaint.export.prepared import Prepared, prepare
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.precision import Precision
from mobile_inpaint.targets.registry import list_targets

GOLDEN = Path(__file__).parent / "golden"
CHECKPOINT = "migan-512-places2"
FLOATS: tuple[Precision, ...] = ("fp32", "fp16")
EIGHT_BIT = ("onnx", "tflite")
FEW = QualityGate(crops=3, keep_rejected=True)
"""Looks at little and refuses nothing: what is judged is random or few."""
os.environ["MOBILE_INPAINT_PROGRESS"] = "0"  # lines about how far slow work is would stand beside the line a test waits for
SMALL = {"resolution": 64, "ch_base": 1024, "ch_max": 32}


@pytest.fixture(scope="session", autouse=True)
def _two_threads() -> None:
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


@pytest.fixture(scope="session")
def published_weights() -> Path:
    """The published 512-px weights; no network and no copy in the store is red, never a skip."""
    return store.fetch(CHECKPOINT)


@pytest.fixture(scope="session")
def small() -> Generator:
    """A small re-parameterizable network with noise that matters."""
    return small_network.make(**SMALL)


@pytest.fixture(scope="session")
def small_checkpoint(small: Generator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network as a file of weights."""
    path = tmp_path_factory.mktemp("weights") / "toy.safetensors"
    save_model(small, path)
    return path


@pytest.fixture(scope="session")
def shared_golden() -> Path:
    folder = os.environ.get("MOBILE_INPAINT_SHARED")
    if not folder:
        pytest.skip("MOBILE_INPAINT_SHARED does not name the shared reference vectors")
    return Path(folder) / "golden"


@pytest.fixture(scope="session")
def published_artifacts(published_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Artifact]:
    """The published network in every format, in fp32 and fp16, by (target, precision)."""
    session, out = ExportSession(CHECKPOINT), tmp_path_factory.mktemp("artifacts")
    return {(target, precision): session.export(target, precision, out) for target in list_targets() for precision in FLOATS}


@pytest.fixture(scope="session")
def published_int8(published_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """The published network as w8a8, by target; calibrated and judged on few photos, for time.

    Not for Core ML, whose interpreter takes minutes: benchmarks/precisions.py makes and judges that one.
    """
    out = tmp_path_factory.mktemp("int8")
    with ExportSession(CHECKPOINT, gate=FEW, quantization=Quantization(samples=12), note=print) as session:
        return {target: session.export(target, "w8a8", out) for target in EIGHT_BIT}


@pytest.fixture(scope="session")
def small_prepared(small_checkpoint: Path) -> Prepared:
    return prepare(small_checkpoint)


@pytest.fixture(scope="session")
def small_artifacts(small_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """The small network in every format at fp32, by target."""
    out = tmp_path_factory.mktemp("small")
    return {target: ExportSession(small_prepared).export(target, "fp32", out) for target in list_targets()}


@pytest.fixture(scope="session")
def small_session(small_prepared: Prepared) -> Iterator[ExportSession]:
    """The small network on its way to any artifact; looks at one crop of each size and refuses nothing."""
    gate = QualityGate(crops=1, keep_rejected=True)
    with ExportSession(small_prepared, gate=gate, quantization=Quantization(samples=6), note=print) as session:
        yield session
