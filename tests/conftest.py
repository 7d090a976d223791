"""What many tests share: the fetched weights, a toy network, and every artifact, converted once per run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from mobile_inpaint import create_model
from mobile_inpaint.models import save_model, weights
from mobile_inpaint.models.base import Generator

GOLDEN = Path(__file__).parent / "golden"
CHECKPOINT = "migan-512-places2"
SMALL = {"resolution": 64, "ch_base": 1024, "ch_max": 32}


@pytest.fixture(scope="session", autouse=True)
def _two_threads() -> None:
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


@pytest.fixture(scope="session")
def published_weights() -> Path:
    """The published 512-px weights; no network and no copy in the store is red, never a skip."""
    return weights.fetch(CHECKPOINT)


@pytest.fixture(scope="session")
def small() -> Generator:
    """A small re-parameterizable network with noise that matters."""
    model = create_model("migan-256", seed=3, tensors=4, **SMALL)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(0.1)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    return model


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
