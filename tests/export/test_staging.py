from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mobile_inpaint.staging import staging


def test_a_killed_exports_folder_is_swept_and_the_artifact_it_moved_aside_put_back(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".mobile-inpaint-{dead.pid}-x" / "replaced" / "a.mlpackage"
    left.mkdir(parents=True)
    (left / "weights").write_text("good")
    with staging(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"a.mlpackage"}
    assert (tmp_path / "a.mlpackage/weights").read_text() == "good"


def test_another_running_export_is_left_alone(tmp_path: Path) -> None:
    with staging(tmp_path) as first, staging(tmp_path) as second:
        assert first.folder != second.folder
        assert first.folder.exists()
        for stage in (first, second):
            (stage.folder / "a.onnx").write_text(stage.folder.name)
            stage.publish(stage.folder / "a.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
