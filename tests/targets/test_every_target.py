"""Convert, load, verify: every format, every precision it offers, the published network at full size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint import create_model, load_artifact
from mobile_inpaint.artifact import Artifact, Contract, manifest_path
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ManifestError, TargetNotFound
from mobile_inpaint.export.prepared import Prepared, prepare
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.targets.registry import get_target, list_targets
from mobile_inpaint.targets.tflite.flatbuffer import TfliteGraph

EVERY = [(target, precision) for target in list_targets() for precision in ("fp32", "fp16")]

# The 512-px network: 80 convolutions, 65 activations, 29 sums (skips, noise, image), 14 doublings and their borders; then what
# the contract costs: 1 - mask, known, stacking, bounds, × mask, +.
NETWORK = {"conv": 80, "act": 65, "add": 29, "up": 14, "mul": 14}
OPS = {
    ("onnx", "fp32"): {"Conv": 80, "LeakyRelu": 65, "Add": 30, "Mul": 16, "Resize": 14, "Sub": 1, "Concat": 1, "Clip": 1},
    ("tflite", "fp32"): {
        "CONV_2D": 41,
        "DEPTHWISE_CONV_2D": 39,
        "LEAKY_RELU": 65,
        "ADD": 30,
        "MUL": 16,
        "RESIZE_BILINEAR": 14,
        "SUB": 1,
        "CONCATENATION": 1,
        "RELU_0_TO_1": 1,
    },
    ("coreml", "fp32"): {
        "conv": 80,
        "leaky_relu": 65,
        "add": 30,
        "mul": 19,  # three more than elsewhere: pictures come and go in grey levels
        "upsample_bilinear": 14,
        "sub": 1,
        "concat": 1,
        "clip": 1,
    },
}
OPS["onnx", "fp16"] = OPS["onnx", "fp32"] | {"Cast": 98}
OPS["tflite", "fp16"] = OPS["tflite", "fp32"] | {"DEQUANTIZE": 77}
OPS["coreml", "fp16"] = OPS["coreml", "fp32"] | {"cast": 3}


@pytest.mark.slow
@pytest.mark.parametrize(("target", "precision"), EVERY)
def test_the_published_network_verifies(
    published_artifacts: dict[tuple[str, str], Artifact], target: str, precision: str
) -> None:
    artifact = published_artifacts[target, precision]
    result = artifact.manifest.verification
    assert result is not None
    assert len(result.photos) >= 4
    required = 90 if precision == "fp32" else 50 if result.computes_in == "fp16" else 55
    assert result.worst_psnr_db >= required == result.required_db
    assert result.outside_max_abs_error == 0
    assert result.inverted_psnr_db < 35
    assert artifact.manifest.largest_activation < 64, "the clamp at 256 was dropped because nothing comes near"
    assert artifact.path.name.startswith(f"migan-512-places2-{precision}.")


@pytest.mark.slow
@pytest.mark.parametrize(("target", "precision"), EVERY)
def test_the_graph_holds_what_it_needs_and_nothing_else(
    published_artifacts: dict[tuple[str, str], Artifact], target: str, precision: str
) -> None:
    artifact = published_artifacts[target, precision]
    assert artifact.manifest.ops == dict(sorted(OPS[target, precision].items()))
    storage = {"Cast", "DEQUANTIZE"} if target != "coreml" else set()
    computing = sum(count for op, count in artifact.manifest.ops.items() if op not in storage)
    assert computing - sum(NETWORK.values()) <= 12
    megabytes = artifact.manifest.bytes / 1e6
    assert megabytes < (28.5 if precision == "fp32" else 16.5)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "precision"), EVERY)
def test_the_file_says_itself_what_it_is(
    published_artifacts: dict[tuple[str, str], Artifact], target: str, precision: str
) -> None:
    artifact = published_artifacts[target, precision]
    contract = get_target(target).read_contract(artifact.path)
    assert contract == artifact.manifest.contract
    assert contract.provenance.sha256 == "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b"
    assert contract.provenance.licence == "MIT"
    assert "Places2" in contract.provenance.trained_on
    assert [tensor.name for tensor in (*contract.inputs, contract.output)] == ["image", "mask", "output"]


def test_fp16_stores_half(published_artifacts: dict[tuple[str, str], Artifact]) -> None:
    for target in list_targets():
        full, half = (published_artifacts[target, precision].manifest.bytes for precision in ("fp32", "fp16"))
        assert half / full < 0.6


@pytest.mark.parametrize("target", list_targets())
def test_an_artifact_is_a_fill(small_artifacts: dict[str, Artifact], small_prepared: Prepared, target: str) -> None:
    fill = load_artifact(small_artifacts[target].path)
    for photo, expected in zip(golden_photos(64), small_prepared.reference.expected, strict=True):
        output = fill(photo.image, photo.mask)
        keep = np.broadcast_to(photo.mask == 0, output.shape)
        assert output.dtype == np.float32
        assert np.array_equal(output[keep], photo.image[keep])
        np.testing.assert_allclose(output, expected, atol=1e-4)
        hidden = np.where(keep, photo.image, np.float32(0.25))
        assert np.array_equal(fill(hidden, photo.mask), output), "what lies under the hole is not read"


@pytest.mark.parametrize("stem", [1, 3])
@pytest.mark.parametrize("target", list_targets())
def test_a_network_that_sees_squares_verifies(target: str, stem: int, tmp_path: Path) -> None:
    size = {"resolution": 64, "ch_base": 1024, "ch_max": 32, "stem": stem}
    save_model(create_model("migan-lite", seed=3, **size, tensors=0), tmp_path / "lite.safetensors")
    artifact = ExportSession(prepare(tmp_path / "lite.safetensors")).export(target, "fp32", tmp_path)
    assert artifact.manifest.verification is not None
    assert artifact.manifest.verification.worst_psnr_db > 100
    if target == "tflite":
        assert artifact.manifest.ops["DEPTH_TO_SPACE"] == 1
        assert "TRANSPOSE_CONV" not in artifact.manifest.ops, "which multiplies what only has to be moved"
        graph = TfliteGraph.load(artifact.path)
        order = [graph.name(op) for op in graph.ops]
        assert order.index("RELU_0_TO_1") < order.index("DEPTH_TO_SPACE"), "bounds are part of the sum before"


@pytest.mark.parametrize("target", list_targets())
def test_exporting_twice_gives_the_same_bytes(
    small_artifacts: dict[str, Artifact], small_prepared: Prepared, target: str, tmp_path: Path
) -> None:
    again = ExportSession(small_prepared).export(target, "fp32", tmp_path)
    assert again.manifest.sha256 == small_artifacts[target].manifest.sha256


@pytest.mark.parametrize("target", list_targets())
def test_a_file_without_our_metadata_is_refused(target: str, tmp_path: Path) -> None:
    stranger = tmp_path / f"stranger{get_target(target).suffix}"
    stranger.write_bytes(b"\0" * 64)
    with pytest.raises(ManifestError, match="stranger"):
        get_target(target).read_contract(stranger)


def test_manifest_is_plain_json_for_the_apps(small_artifacts: dict[str, Artifact]) -> None:
    for artifact in small_artifacts.values():
        text = manifest_path(artifact.path).read_text(encoding="utf-8")
        table = json.loads(text)
        assert table["schema"] == 2
        assert table["contract"]["hole"] == 1
        assert Contract.from_json(json.dumps(table["contract"]), "manifest") == artifact.manifest.contract


def test_an_unknown_target_lists_those_there_are() -> None:
    with pytest.raises(TargetNotFound, match="coreml, onnx, tflite"):
        get_target("ncnn")
