"""A Generator and a loaded artifact as Fills: what they take, and what they say of anything else."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import grey_artifact
import numpy as np
import pytest
import torch

import mobile_inpaint as mi
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ArgumentError, ManifestError, MaskError, PhotoError, RandomWeightsWarning
from mobile_inpaint.models.base import Generator
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.base import Runner

SIDE = 64


@pytest.fixture(scope="module")
def network() -> Generator:
    return mi.create_model("migan-256", seed=3, resolution=SIDE, ch_base=1024, ch_max=32, tensors=0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grey_artifact.write(tmp_path_factory.mktemp("artifacts") / "grey-fp32.onnx")


@pytest.fixture(scope="module")
def runner(path: Path) -> Runner:
    return mi.load_artifact(path)


def inputs(side: int = SIDE) -> tuple[Image, Image]:
    image = np.random.default_rng(5).random((1, 3, side, side), dtype=np.float32)
    mask = np.zeros((1, 1, side, side), np.float32)
    mask[..., 20:40, 10:30] = 1
    return image, mask


def photo_and_hole() -> tuple[Any, Any]:
    pixels = np.random.default_rng(6).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    hole = np.zeros((100, 150), np.bool_)
    hole[40:70, 60:95] = True
    return pixels, hole


def test_a_generator_gives_arrays_for_arrays_and_tensors_for_tensors(network: Generator) -> None:
    image, mask = inputs()
    of_tensors = network(torch.from_numpy(image), torch.from_numpy(mask))
    of_arrays = network(image, mask)
    assert isinstance(of_arrays, np.ndarray)
    np.testing.assert_array_equal(of_arrays, of_tensors.detach().numpy())
    assert of_tensors.requires_grad
    both = network(np.repeat(image, 2, axis=0), np.repeat(mask, 2, axis=0))
    np.testing.assert_allclose(both[1:], of_arrays, atol=1e-6)


def test_a_generator_stands_where_a_fill_does(network: Generator) -> None:
    pixels, hole = photo_and_hole()
    result = mi.Compositor(size_px=SIDE)(pixels, hole, network)
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    assert (result[hole] != pixels[hole]).any()


def _wrong_inputs() -> dict[str, tuple[Any, Any, str]]:
    image, mask = inputs()
    return {
        "another size": (*inputs(32), r"shape is \[1, 3, 32, 32\]"),
        "HWC": (np.zeros((SIDE, SIDE, 3), np.float32), mask, r"shape is \[64, 64, 3\]"),
        "NHWC": (np.zeros((1, SIDE, SIDE, 3), np.float32), mask, r"shape is \[1, 64, 64, 3\]"),
        "a mask of three channels": (image, np.zeros((1, 3, SIDE, SIDE), np.float32), "the mask's shape"),
        "a mask of rank 2": (image, mask[0, 0], "the mask's shape"),
        "bytes": ((image * 255).astype(np.uint8), mask, "dtype is uint8"),
        "doubles": (image.astype(np.float64), mask, "dtype is float64"),
        "0 to 255": (image * 255, mask, "the image's values are from 0.*RGB in"),
        "a mask of 255": (image, mask * 255, "the mask's values are from 0 to 255.*1 = hole"),
        "not a number": (image * np.float32("nan"), mask, "values are from nan"),
        "a tensor beside an array": (image, torch.from_numpy(mask), "the mask is a Tensor"),
        "no batch at all": (np.zeros((0, 3, SIDE, SIDE), np.float32), np.zeros((0, 1, SIDE, SIDE), np.float32), "shape is"),
    }


@pytest.mark.parametrize("kind", _wrong_inputs())
def test_wrong_arrays_are_one_line_from_a_generator_and_from_an_artifact(kind: str, network: Generator, runner: Runner) -> None:
    image, mask, said = _wrong_inputs()[kind]
    for fill in (network, runner):
        with pytest.raises(ArgumentError, match=said) as caught:
            fill(image, mask)
        assert "\n" not in str(caught.value)


def test_an_artifact_takes_one_image_at_a_time(runner: Runner) -> None:
    image, mask = inputs()
    with pytest.raises(ArgumentError, match=r"grey-fp32.onnx takes \[1, 3, 64, 64\]"):
        runner(np.repeat(image, 2, axis=0), np.repeat(mask, 2, axis=0))


def test_wrong_tensors_are_one_line_unless_the_network_trains(network: Generator) -> None:
    image, mask = map(torch.from_numpy, inputs())
    for wrong, said in (
        ((image[0], mask), r"\[3, 64, 64\]"),
        ((image[..., :32, :32], mask[..., :32, :32]), r"takes \[N, 3, 64, 64\]"),
        ((image * 255, mask), "the image's values"),
        ((image, mask * 255), "the mask's values"),
        ((image, None), "two tensors"),
    ):
        with pytest.raises(ArgumentError, match=said):
            network(*wrong)
    network.train()
    try:
        network(image * 2, mask)
    finally:
        network.eval()


def test_random_weights_are_warned_of_unless_they_are_wanted() -> None:
    size = {"resolution": 32, "ch_base": 64, "ch_max": 4, "tensors": 0}
    with pytest.warns(RandomWeightsWarning, match="migan-256 has random weights.*weights='random'") as caught:
        mi.create_model("migan-256", **size)  # type: ignore[arg-type]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = [mi.create_model("migan-256", **how, **size) for how in ({"weights": "random"}, {"seed": 0})]  # type: ignore[arg-type]
        mi.create_model("migan-lite", weights="migan-lite")
        mi.open_checkpoint("random:migan-lite")
    states = [one.state_dict() for one in said]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    with pytest.raises(ArgumentError, match="seed is of random weights"):
        mi.create_model("migan-lite", weights="migan-lite", seed=1)


def test_a_compositor_is_made_for_an_artifact_a_loaded_one_and_a_generator(
    path: Path, runner: Runner, network: Generator
) -> None:
    artifact = Artifact.open(path)
    for source in (artifact, artifact.manifest, runner, network):
        assert mi.Compositor.of(source) == mi.Compositor(size_px=SIDE)
    for nothing in (None, 5, "migan-lite", lambda image, mask: image):
        with pytest.raises(ArgumentError, match="there is no compositor for"):
            mi.Compositor.of(nothing)
    assert mi.Compositor(64).with_detail("on").detail == mi.Detail(shrink=1.0)
    with pytest.raises(ArgumentError, match="detail is 'maybe'"):
        mi.Compositor(64).with_detail("maybe")


def test_an_artifact_fills_photos_by_path_opened_and_loaded(path: Path, runner: Runner) -> None:
    pixels, hole = photo_and_hole()
    results = [mi.fill(pixels, hole, artifact=given) for given in (path, str(path), Artifact.open(path), runner)]
    for result in results:
        np.testing.assert_array_equal(result, mi.Compositor.of(runner).with_detail("auto")(pixels, hole, runner))
    with pytest.raises(ArgumentError, match="say threads to load_artifact"):
        mi.fill(pixels, hole, artifact=runner, threads=2)


def test_a_compositor_of_another_size_is_refused_before_anything_runs(runner: Runner, network: Generator) -> None:
    pixels, hole = photo_and_hole()
    for fill in (runner, network):
        with pytest.raises(ArgumentError, match=r"squares of 512 px, the network takes 64 px: use Compositor.of\(network\)"):
            mi.Compositor()(pixels, hole, fill)
    with pytest.raises(ArgumentError, match="the fill is a str"):
        mi.Compositor(64)(pixels, hole, "migan-lite")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"the fill returned \[1, 3, 8, 8\]"):
        mi.Compositor(64)(pixels, hole, lambda image, mask: image[..., :8, :8])
    with pytest.raises(ArgumentError, match="the fill returned a NoneType"):
        mi.Compositor(64)(pixels, hole, lambda image, mask: None)  # type: ignore[arg-type,return-value]


def test_a_compositor_says_what_it_takes(runner: Runner) -> None:
    pixels, hole = photo_and_hole()
    compositor = mi.Compositor.of(runner)
    for wrong, error, said in (
        ((mi.Photo(pixels), hole), PhotoError, "is a Photo|are a Photo.*give photo.pixels"),
        ((pixels / 255, hole), PhotoError, "float64"),
        ((pixels.astype(np.int64), hole), PhotoError, "int64"),
        ((pixels[..., 0], hole), PhotoError, r"uint8 \[100, 150\]"),
        ((pixels.transpose(2, 0, 1), hole), PhotoError, r"\[3, 100, 150\]"),
        ((torch.from_numpy(pixels), hole), PhotoError, "Tensor.*mobile_inpaint.fill"),
        ((pixels, mi.Mask(hole)), MaskError, "give mask.hole"),
        ((pixels, hole.astype(np.uint8)), MaskError, "uint8.*HW bool"),
        ((pixels, hole[None]), MaskError, r"bool \[1, 100, 150\]"),
        ((pixels, hole[:99]), MaskError, "the mask is 150x99, the photo 150x100"),
    ):
        with pytest.raises(error, match=said):
            compositor(*wrong, runner)


def test_a_manifest_whose_compositor_is_for_another_size_is_refused(path: Path, tmp_path: Path) -> None:
    other = grey_artifact.write(tmp_path / "other-fp32.onnx", compositor=mi.Compositor(128).numbers())
    for source in (Artifact.open(other), mi.load_artifact(other)):
        with pytest.raises(ManifestError, match="for another size than its network"):
            mi.Compositor.of(source)


def test_what_they_are_is_said_in_one_line(path: Path, runner: Runner) -> None:
    assert repr(runner).startswith("Runner('grey-fp32.onnx', 64x64, onnxruntime ")
    assert repr(Artifact.open(path)) == f"Artifact({str(path)!r}, toy as onnx fp32, 64 px, 0.0 MB)"
    assert len(repr(mi.Compositor.of(runner))) < 200
