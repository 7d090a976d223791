"""Which artifacts a request comes to: what was named must be possible, of ``all`` what is not is skipped and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.artifact import Quantization
from mobile_inpaint.errors import CapabilityMissing, ExportError, RecipeError, TargetNotFound, ToolchainMissing
from mobile_inpaint.export.plan import Plan, plan, requested
from mobile_inpaint.export.run import Listener, export_recipes
from mobile_inpaint.targets import registry, toolchain
from mobile_inpaint.targets.base import Target


def planned(targets: list[str], *precisions: str, **options: str) -> Plan:
    wanted = requested("migan-lite", targets, precisions, quantization=Quantization(), **options)  # type: ignore[arg-type]
    return plan(wanted, every="all" in targets)


def pairs(found: Plan) -> list[tuple[str, str]]:
    return [(recipe.target, recipe.precision) for recipe in found.recipes]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Distributions that are not installed, to be filled in."""
    gone: set[str] = set()
    before = toolchain.installed
    monkeypatch.setattr(toolchain, "installed", lambda name: None if name in gone else before(name))
    return gone


def test_all_makes_what_each_can_and_says_what_it_skips() -> None:
    found = planned(["all"], "fp16", "w8a16", "pal4")
    assert pairs(found) == [
        *(("coreml", "fp16"), ("coreml", "pal4")),
        *(("onnx", "fp16"), ("onnx", "w8a16")),
        *(("tflite", "fp16"), ("tflite", "w8a16")),
    ]
    assert [line[: line.index(":", 9)] for line in found.skipped] == [
        "skipped: target 'coreml' has no precision 'w8a16'",
        "skipped: target 'onnx' has no precision 'pal4'",
        "skipped: target 'tflite' has no precision 'pal4'",
    ]


def test_all_asks_only_those_for_a_system_that_know_any() -> None:
    found = planned(["all"], "fp16", deployment="iOS17")
    assert {recipe.target: recipe.deployment for recipe in found.recipes} == {"coreml": "iOS17", "onnx": None, "tflite": None}
    skipped = planned(["all"], "w8a8", deployment="iOS16")
    assert [recipe.target for recipe in skipped.recipes] == ["onnx", "tflite"]
    assert "'iOS16' for w8a8: there are iOS17, iOS18" in skipped.skipped[0]
    photo = planned(["all"], "w8a8", io="photo")
    assert [recipe.target for recipe in photo.recipes] == ["onnx", "tflite"]
    assert photo.skipped == ("skipped: coreml: no one-file pipeline of w8a8; ask for fp16, w8a32 or a palette",)


@pytest.mark.parametrize(
    ("targets", "precision", "options", "error", "message"),
    [
        (["coreml"], "w8a16", {}, ExportError, "target 'coreml' has no precision 'w8a16': it has fp32"),
        (["onnx", "tflite"], "pal4", {}, ExportError, "target 'onnx' has no precision 'pal4'"),
        (["onnx"], "fp16", {"deployment": "iOS17"}, ExportError, "no deployment target 'iOS17' for fp16: there are none"),
        (["coreml"], "w8a8", {"io": "photo"}, ExportError, "no one-file pipeline of w8a8"),
        (["onnx"], "fp16", {"hole": "black"}, RecipeError, "add --io photo"),
        (["onnx"], "fp16", {"hole": "grey"}, RecipeError, "hole is 'grey': it must be white or black"),
        (["onnx"], "fp16", {"detail": "on"}, RecipeError, "detail is 'on': it must be auto or off"),
        (["onnx"], "fp16", {"io": "tensors"}, RecipeError, "io is 'tensors': it must be tensor or photo"),
        ([], "fp16", {}, RecipeError, "say what to make: a target out of coreml, onnx, tflite, all"),
        (["ncnn"], "fp16", {}, TargetNotFound, "unknown target 'ncnn'"),
        (["all"], "int3", {}, ExportError, "unknown precision 'int3': there are fp32"),
    ],
)
def test_what_was_named_must_be_possible(
    targets: list[str], precision: str, options: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        planned(targets, precision, **options)


def test_all_missing_toolchains_are_named_at_once_and_the_others_are_made(without: set[str]) -> None:
    without |= {"litert-torch", "ai-edge-quantizer", "coremltools"}
    said = (
        "not installed: coreml needs coremltools; tflite needs litert-torch, ai-edge-quantizer; "
        "run: pip install 'mobile-inpaint[coreml]' 'mobile-inpaint[tflite]'"
    )
    found = planned(["all"], "fp16")
    assert pairs(found) == [("onnx", "fp16")] and found.skipped == (f"skipped: {said}",) and found.missing is None
    named = planned(["coreml", "onnx", "tflite"], "fp16")
    assert pairs(named) == [("onnx", "fp16")] and not named.skipped and str(named.missing) == said
    with pytest.raises(ToolchainMissing, match=r"^not installed: coreml needs coremltools; tflite needs litert-torch"):
        planned(["coreml", "tflite"], "fp16")


def test_what_was_named_is_said_when_the_others_are_made(without: set[str], small_checkpoint: Path, tmp_path: Path) -> None:
    without |= {"coremltools"}
    made: list[str] = []
    wanted = requested(str(small_checkpoint), ["coreml", "onnx"], ["fp32"], quantization=Quantization())
    with pytest.raises(
        ToolchainMissing, match=r"^not installed: coreml needs coremltools; run: pip install 'mobile-inpaint\[co"
    ):
        export_recipes(wanted, tmp_path, listener=Listener(made=lambda artifact: made.append(artifact.path.name)))
    assert made == ["toy-fp32.onnx"]


def test_a_target_that_only_converts_and_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Least(Target):
        name, suffix = "least", ".least"
        convert = load = None  # type: ignore[assignment]

    least = Least()
    assert least.capabilities == frozenset() and least.choices == ("fp32",)
    every = registry._by_name([*map(registry.get_target, registry.list_targets()), least])
    monkeypatch.setattr(registry, "_targets", lambda: every)
    with pytest.raises(CapabilityMissing, match="target 'least' cannot put the compositor into the file; leave --io photo out"):
        planned(["least"], "fp32", io="photo")
    with pytest.raises(CapabilityMissing, match="target 'least' cannot read the operations of a file"):
        least.read_graph(Path("a.least"))
    assert ("least", "fp32") in pairs(planned(["all"], "fp32"))
    assert "skipped: target 'least' has no precision 'auto': it has fp32" in planned(["all"], "auto").skipped
