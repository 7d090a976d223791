from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.errors import BenchError


@pytest.mark.parametrize("text", ["a.onnx", "a@99.99.tflite", "in@home/a.onnx", "picture@2x.onnx", "no-suffix@openvino"])
def test_a_plain_file_is_run_by_its_formats_own_runtime(text: str) -> None:
    assert Candidate.parse(text) == Candidate(Path(text))
    assert str(Candidate.parse(text)) == text


@pytest.mark.parametrize("text", ["in/a.onnx@openvino", "in/a@2x.onnx@openvino-bf16"])
def test_a_runtime_stands_behind_the_file(text: str) -> None:
    candidate = Candidate.parse(text)
    assert str(candidate.path) == text.rpartition("@")[0]
    assert candidate.runtime == text.rpartition("@")[2]
    assert str(candidate) == text and candidate.name == text.removeprefix("in/")


def test_an_unknown_runtime_is_told_the_known_ones() -> None:
    with pytest.raises(BenchError, match=r"^a\.onnx@openvno: no runtime 'openvno': there are openvino, openvino-bf16; none"):
        Candidate.parse("a.onnx@openvno")


def test_a_format_that_the_runtime_does_not_read_is_refused() -> None:
    with pytest.raises(BenchError, match=r"^a\.tflite@openvino: openvino runs \.onnx files$"):
        Candidate.parse("a.tflite@openvino")


def test_a_phone_has_other_runtimes_than_this_machine() -> None:
    assert Candidate.parse("a.tflite@gpu", ("cpu", "gpu")) == Candidate(Path("a.tflite"), "gpu")
    with pytest.raises(BenchError, match=r"^a\.tflite@openvino: no runtime 'openvino': there are cpu, gpu; none"):
        Candidate.parse("a.tflite@openvino", ("cpu", "gpu"))
    with pytest.raises(BenchError, match=r"that device has none to choose; none: the format's own$"):
        Candidate.parse("a.tflite@gpu", ())
