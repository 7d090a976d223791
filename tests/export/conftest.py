"""Artifacts to bundle, and an app to bundle them into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grey_artifact
import pytest
from app_folder import Make


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes an artifact that fills with grey; only an ``.onnx`` file can be run, others are bytes to be told apart."""

    def write(name: str = "toy-fp16.onnx", *arguments: Any, **changes: Any) -> Path:
        return grey_artifact.write(tmp_path / "artifacts" / name, *arguments, **changes)

    return write


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """``app/model`` in an app with a file of the user's."""
    (tmp_path / "app" / "keep").mkdir(parents=True)
    (tmp_path / "app" / "keep" / "file").write_text("precious")
    (tmp_path / "app" / "model").mkdir()
    return tmp_path / "app"
