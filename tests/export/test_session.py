"""What is made once for all artifacts of a checkpoint, and the one function that makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.evaluation import gate
from mobile_inpaint.evaluation.figures import Judge
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.run import export
from mobile_inpaint.export.session import ExportSession


def test_judges_are_built_once_and_the_generator_is_run_once(small_prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Judge] = []

    class Counted(Judge):
        def __init__(self) -> None:
            built.append(self)
            super().__init__()

    monkeypatch.setattr(gate, "Judge", Counted)
    judge = ExportSession(small_prepared).judge
    assert built == [], "nobody asked for a figure yet"
    first = judge.reference(1)
    assert judge.reference(1) is first
    assert judge.reference(2).judge is first.judge and len(built) == 1


def test_calibration_is_done_once(small_session: ExportSession) -> None:
    assert small_session.quantizing is small_session.quantizing
    assert len(small_session.quantizing.calibration) == 6


def test_one_call_makes_artifacts(small_checkpoint: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    made = export(
        small_checkpoint, target="onnx", precision=("fp32", "fp16"), out=tmp_path / "a", note=notes.append, detail="off"
    )
    assert [artifact.path.name for artifact in made] == ["toy-fp32.onnx", "toy-fp16.onnx"]
    assert all(artifact.manifest.verification is not None for artifact in made)
    assert {artifact.manifest.compositor["detail_shrink"] for artifact in made} == {0.0}
    assert [note.partition(":")[0] for note in notes] == ["toy-fp32.onnx", "toy-fp16.onnx"]
    assert all(": lint: 0 errors" in note for note in notes)
