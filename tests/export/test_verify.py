"""Faults planted in an artifact or its manifest: each is refused, in one line."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mobile_inpaint.artifact import Artifact, Manifest, Verification, manifest_path, sha256_of, size_of
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ManifestError, MobileInpaintError, VerificationError, WeightsError
from mobile_inpaint.export.pipeline import verify_artifact
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.verify import check_claim
from mobile_inpaint.models.registry import create_model, save_model
from mobile_inpaint.targets.registry import get_target, list_targets


@pytest.fixture
def mine(small_artifacts: dict[str, Artifact], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of an artifact and its manifest, to spoil."""

    def copy_of(target: str) -> Path:
        source = small_artifacts[target].path
        place = tmp_path / source.name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place)
        shutil.copy(manifest_path(source), manifest_path(place))
        return place

    return copy_of


def largest_file(path: Path) -> Path:
    return max((f for f in path.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size) if path.is_dir() else path


def rewrite_manifest(path: Path, **changes: object) -> None:
    manifest = Manifest.load(manifest_path(path))
    dataclasses.replace(manifest, **changes).save(manifest_path(path))  # type: ignore[arg-type]


def refused(path: Path, checkpoint: Path, kind: type[MobileInpaintError], message: str) -> None:
    with pytest.raises(kind, match=message) as error:
        verify_artifact(path, checkpoint)
    assert "\n" not in str(error.value)


def test_integers_that_do_worse_than_their_manifest_says() -> None:
    """A damaged weight costs a few dB, which the required PSNR does not see."""
    claimed = Verification("onnxruntime 1.31.1", "int8", ("small", "large"), (31.5, 33.0), 10.0, 0.1, 0.0, 20.0)
    check_claim("a.onnx", claimed, dataclasses.replace(claimed, psnr_db=(29.0, 33.0)))
    check_claim("a.onnx", claimed, dataclasses.replace(claimed, psnr_db=(20.0, 33.0), runtime="onnxruntime 2.0"))
    with pytest.raises(VerificationError, match=r"a\.onnx: .* is 20\.0 dB, its manifest says 31\.5 dB"):
        check_claim("a.onnx", claimed, dataclasses.replace(claimed, psnr_db=(20.0, 33.0)))


@pytest.mark.parametrize("target", list_targets())
def test_a_good_artifact_passes_again(mine: Callable[[str], Path], small_checkpoint: Path, target: str) -> None:
    again = verify_artifact(mine(target), small_checkpoint).manifest.verification
    assert again is not None
    assert again.worst_psnr_db >= 90


@pytest.mark.parametrize("target", list_targets())
@pytest.mark.parametrize("at", [0.05, 0.5, 0.95])
def test_a_flipped_bit(mine: Callable[[str], Path], small_checkpoint: Path, target: str, at: float) -> None:
    path = mine(target)
    file = largest_file(path)
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 1
    file.write_bytes(content)
    refused(path, small_checkpoint, ManifestError, "not those its manifest describes")


@pytest.mark.parametrize("target", list_targets())
def test_a_cut_file(mine: Callable[[str], Path], small_checkpoint: Path, target: str) -> None:
    path = mine(target)
    file = largest_file(path)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    refused(path, small_checkpoint, ManifestError, "not those its manifest describes")


@pytest.mark.parametrize("target", list_targets())
def test_a_cut_file_whose_hash_was_made_to_fit(mine: Callable[[str], Path], small_checkpoint: Path, target: str) -> None:
    path = mine(target)
    file = largest_file(path)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    rewrite_manifest(path, sha256=sha256_of(path), bytes=size_of(path))
    refused(path, small_checkpoint, MobileInpaintError, path.name)


def _put(path: Path, network: torch.nn.Module, target: str) -> None:
    """Replaces the artifact by another network's, every hash and count made to fit."""
    contract = Manifest.load(manifest_path(path)).contract
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    get_target(target).convert(network, contract, path)
    rewrite_manifest(path, sha256=sha256_of(path), bytes=size_of(path), ops=get_target(target).ops(path))


@pytest.mark.parametrize("target", list_targets())
def test_weights_scaled_by_a_twentieth(
    mine: Callable[[str], Path], small_prepared: Prepared, small_checkpoint: Path, target: str
) -> None:
    path, louder = mine(target), copy.deepcopy(small_prepared.network)
    with torch.no_grad():
        for parameter in louder.parameters():
            parameter.mul_(1.05)
    _put(path, louder, target)
    refused(path, small_checkpoint, VerificationError, "in-hole PSNR to the fp32 generator is .* dB on .*, 90 dB required")


@pytest.mark.parametrize("target", list_targets())
def test_inverted_polarity(mine: Callable[[str], Path], small_prepared: Prepared, small_checkpoint: Path, target: str) -> None:
    """The graph of a network that takes 1 for keep, as half of the field does: its first convolution reads 1 - mask."""
    path, inverted = mine(target), copy.deepcopy(small_prepared.network)
    first = inverted.get_submodule("encoder.blocks.b64.fromrgb")
    with torch.no_grad():
        first.bias += first.weight[:, 0, 0, 0]
        first.weight[:, 0] *= -1
    _put(path, inverted, target)
    refused(path, small_checkpoint, VerificationError, "in-hole PSNR")


def test_a_graph_that_composites_the_other_way_round(
    mine: Callable[[str], Path], small_prepared: Prepared, small_checkpoint: Path
) -> None:
    class Inverted(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return small_prepared.network(image, 1 - mask)

    path = mine("onnx")
    wrapper = Inverted()
    wrapper.add_module("network", small_prepared.network)
    _put(path, wrapper.eval(), "onnx")
    refused(path, small_checkpoint, VerificationError, "outside the hole changed")


def _with_mask_of(path: Path, *nodes: onnx.NodeProto) -> None:
    """Edits an ONNX artifact so that its graph reads the output "other" of ``nodes`` wherever it read "mask"."""
    model = onnx.load(path)
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "mask":
                node.input[place] = "other"
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    rewrite_manifest(path, sha256=sha256_of(path), bytes=size_of(path), ops=get_target("onnx").ops(path))


@pytest.mark.parametrize(("everywhere", "message"), [(0.0, "in-hole PSNR"), (1.0, "outside the hole changed")])
def test_a_graph_that_ignores_its_mask(
    mine: Callable[[str], Path], small_checkpoint: Path, everywhere: float, message: str
) -> None:
    """Whatever the mask is, nothing is filled, or everything."""
    path = mine("onnx")
    constant = onnx.numpy_helper.from_array(np.full((1, 1, 64, 64), everywhere, np.float32))
    _with_mask_of(path, onnx.helper.make_node("Constant", [], ["other"], value=constant))
    refused(path, small_checkpoint, VerificationError, message)


def test_a_graph_that_fills_the_same_hole_when_its_mask_is_inverted(
    mine: Callable[[str], Path], small_checkpoint: Path
) -> None:
    """It takes for hole what differs from the corner, which is right on every golden photo and deaf to what the mask says."""
    assert all(photo.mask[0, 0, 0, 0] == 0 for photo in golden_photos(64))
    path = mine("onnx")
    start, stop, axes = (
        onnx.helper.make_node("Constant", [], [name], value_ints=values)
        for name, values in (("start", [0, 0]), ("stop", [1, 1]), ("axes", [2, 3]))
    )
    corner = onnx.helper.make_node("Slice", ["mask", "start", "stop", "axes"], ["corner"])
    difference = onnx.helper.make_node("Sub", ["mask", "corner"], ["difference"])
    _with_mask_of(path, start, stop, axes, corner, difference, onnx.helper.make_node("Abs", ["difference"], ["other"]))
    refused(path, small_checkpoint, VerificationError, "the mask has no effect")


@pytest.mark.parametrize("target", list_targets())
def test_another_networks_manifest(
    mine: Callable[[str], Path], small_artifacts: dict[str, Artifact], small_checkpoint: Path, target: str
) -> None:
    path = mine(target)
    other = next(artifact for name, artifact in small_artifacts.items() if name != target)
    shutil.copy(manifest_path(other.path), manifest_path(path))
    refused(path, small_checkpoint, ManifestError, "describes")
    rewrite_manifest(path, file=path.name, sha256=sha256_of(path))
    refused(path, small_checkpoint, ManifestError, "disagree")


@pytest.mark.parametrize(
    "change", [{"hole": 0}, {"size_px": 128}, {"precision": "fp16"}, {"composited": False}, {"model": "migan-512"}]
)
def test_an_edited_contract(mine: Callable[[str], Path], small_checkpoint: Path, change: dict[str, object]) -> None:
    path = mine("onnx")
    contract = Manifest.load(manifest_path(path)).contract
    rewrite_manifest(path, contract=dataclasses.replace(contract, **change))  # type: ignore[arg-type]
    refused(path, small_checkpoint, ManifestError, "disagree")


def test_a_manifest_that_lost_its_verification(mine: Callable[[str], Path], small_checkpoint: Path) -> None:
    path = mine("onnx")
    rewrite_manifest(path, verification=None)
    refused(path, small_checkpoint, VerificationError, "holds no verification")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "must be a table"),
        ('{"schema": 99}', "newer than this package"),
        ('{"schema": 1, "polarity": "hole"}', "unknown key 'polarity'"),
    ],
)
def test_a_manifest_that_is_none(mine: Callable[[str], Path], small_checkpoint: Path, text: str, message: str) -> None:
    path = mine("onnx")
    manifest_path(path).write_text(text)
    refused(path, small_checkpoint, ManifestError, message)


def test_no_manifest_and_no_file(mine: Callable[[str], Path], small_checkpoint: Path, tmp_path: Path) -> None:
    path = mine("onnx")
    manifest_path(path).unlink()
    refused(path, small_checkpoint, ManifestError, "is not beside it")
    refused(tmp_path / "nothing.onnx", small_checkpoint, ManifestError, "no such artifact")


def test_other_weights_than_it_was_made_from(mine: Callable[[str], Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_model(create_model("migan-256", seed=9, resolution=64, ch_base=1024, ch_max=32), other)
    refused(mine("onnx"), other, WeightsError, "name the right file with --model")
