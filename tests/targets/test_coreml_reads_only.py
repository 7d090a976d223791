"""Reading a Core ML package changes nothing in it."""

from __future__ import annotations

from pathlib import Path

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.targets.registry import get_target, read_graph


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_no_reader_writes_into_the_package(small_artifacts: dict[str, Artifact]) -> None:
    path, target = small_artifacts["coreml"].path, get_target("coreml")
    before = _files(path)
    read_graph(path)
    target.read_contract(path)
    target.ops(path)
    target.load(path)
    assert _files(path) == before
