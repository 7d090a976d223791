"""What the registry refuses of targets from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.artifact import Contract
from mobile_inpaint.errors import PluginError
from mobile_inpaint.targets.base import Runner, Target, faults_of
from mobile_inpaint.targets.registry import _by_name, get_target, list_targets


class Least(Target):
    name = "least"
    suffix = ".least"

    def convert(self, network: object, contract: Contract, out: Path) -> None:
        raise NotImplementedError

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        raise NotImplementedError


def with_(**attributes: object) -> Target:
    return type("Odd", (Least,), attributes)()  # type: ignore[no-any-return]


def test_the_least_target_and_ours_are_without_fault() -> None:
    for target in (Least(), *map(get_target, list_targets())):
        assert faults_of(target) == []


def test_ours_can_do_everything_but_run_core_ml_files_of_others() -> None:
    everything = {"contract", "quantize", "pipeline", "observe", "graph", "lint"}
    assert {name: get_target(name).capabilities - {"external"} for name in list_targets()} == {
        "coreml": everything,
        "onnx": everything,
        "tflite": everything,
    }
    assert [name for name in list_targets() if "external" in get_target(name).capabilities] == ["onnx", "tflite"]


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"name": ""}, "needs a name of letters"),
        ({"suffix": "least"}, "needs a suffix: a point"),
        ({"name": "all"}, "other than 'all'"),
        ({"name": "a/b"}, "needs a name of letters"),
        ({"suffix": ".a/b"}, "needs a suffix: a point"),
        ({"suffix": None}, "needs a suffix: a point"),
        ({"precisions": ()}, "needs a tuple of precisions out of fp32, fp16"),
        ({"precisions": None}, "needs a tuple of precisions out of fp32, fp16"),
        ({"precisions": ("fp32", "int3")}, "needs a tuple of precisions out of fp32, fp16"),
        ({"precisions": ("fp32", "w8a8")}, "has w8a8 but does not override quantize and observe"),
    ],
)
def test_faults_are_said(attributes: dict[str, object], fault: str) -> None:
    (said,) = faults_of(with_(**attributes))
    assert fault in said


def test_what_is_no_target_is_said() -> None:
    assert faults_of(object()) == ["is no instance of mobile_inpaint.targets.base.Target"]


@pytest.mark.parametrize("attributes", [{"name": "onnx"}, {"suffix": ".onnx"}, {"suffix": ".small.onnx"}])
def test_two_for_one_name_or_file_are_refused(attributes: dict[str, object]) -> None:
    ours = [get_target(name) for name in list_targets()]
    with pytest.raises(PluginError, match=r"two targets have the same (name|suffix) .*; uninstall one"):
        _by_name([*ours, with_(**attributes)])
