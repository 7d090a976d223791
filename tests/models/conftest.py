"""A tiny network, and a store of weights that is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import create_model


@pytest.fixture(scope="session")
def tiny() -> Generator:
    return create_model("migan-256", "random", resolution=8, ch_base=32, ch_max=4, tensors=0)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
