"""The search for a mix: on a network whose layers cost what we say, then through the command on a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mobile_inpaint import create_model
from mobile_inpaint.data.quality_photos import quality_cases
from mobile_inpaint.errors import ExportError
from mobile_inpaint.evaluation.figures import Judge
from mobile_inpaint.evaluation.quality_reference import QualityReference
from mobile_inpaint.models.base import Generator
from mobile_inpaint.photo.image import Fill, Image
from mobile_inpaint.quantization.mixed_plot import plot
from mobile_inpaint.quantization.mixed_precision import groups_of, save, search

HARMFUL = {"synthesis.blocks.b16.conv1": 0.25, "encoder.blocks.b8.conv2": 0.15}
HARMLESS = 0.001


@pytest.fixture
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lpips_home: Path) -> None:
    """The store as it is, with a cache of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "weights").symlink_to(lpips_home / "weights")
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(home))


@pytest.fixture(scope="module")
def lpips_home() -> Path:
    from mobile_inpaint.checkpoints import store

    Judge(dists=False)  # fetched before the store is put aside
    return store.home()


def perfect(image: Image, mask: Image) -> Image:
    """The truth itself, so that noise is nothing but harm; a small random network is not made worse by it."""
    return image


class Rounding:
    """A quantizer whose harm is known: every group that is not float adds noise of the strength that we say to the fill."""

    def __init__(self, network: Generator) -> None:
        self.groups = groups_of(network)
        self.made: list[tuple[str, ...]] = []

    def __call__(self, float_layers: tuple[str, ...]) -> tuple[Fill, int]:
        self.made.append(float_layers)
        rounded = [group for group in self.groups if not set(group.layers) <= set(float_layers)]
        strength = np.sqrt(sum(HARMFUL.get(group.name, HARMLESS) ** 2 for group in rounded))

        def fill(image: Image, mask: Image) -> Image:
            noise = np.random.default_rng(0).normal(0, strength, image.shape).astype(np.float32)
            return np.clip(perfect(image, mask) + noise * mask, 0, 1)

        return fill, 1000 - len(rounded)


@pytest.fixture(scope="module")
def network() -> Generator:
    """Only its layers matter."""
    tiny = create_model("migan-256", "random", resolution=16, ch_base=64, ch_max=8, tensors=0)
    tiny.fold(largest_activation=1.0)
    return tiny


@pytest.fixture
def reference(_own_home: None) -> QualityReference:
    cases = quality_cases(64, 2)
    return QualityReference.of(perfect, "perfect", cases, Judge(dists=False))


def bounds_between(reference: QualityReference, rounding: Rounding) -> tuple[float, float]:
    """What only a mix keeps that leaves both harmful groups float."""
    from mobile_inpaint.evaluation.quality import drop

    harmful = tuple(layer for group in rounding.groups if group.name in HARMFUL for layer in group.layers)
    lesser = tuple(layer for group in rounding.groups if group.name == "synthesis.blocks.b16.conv1" for layer in group.layers)
    both, one = drop(rounding(harmful)[0], reference), drop(rounding(lesser)[0], reference)
    assert both[0] < one[0]
    assert both[1] < one[1]
    rounding.made.clear()
    return (both[0] + one[0]) / 2, (both[1] + one[1]) / 2


def test_finds_the_layers_that_hurt_and_no_others(network: Generator, reference: QualityReference) -> None:
    rounding = Rounding(network)
    bounds = bounds_between(reference, rounding)
    found = search(network, rounding, reference, bounds, "test")
    assert set(found.chosen.float_groups) == set(HARMFUL)
    assert {layer.rpartition(".")[0] for layer in found.float_layers} == set(HARMFUL)
    assert found.chosen.rise_object <= bounds[0]
    assert found.chosen.rise_free <= bounds[1]
    worst = max(found.groups, key=lambda group: group.sensitivity)
    assert worst.name == "synthesis.blocks.b16.conv1"
    assert [group.work for group in found.groups] == [group.work for group in groups_of(network)], "48 values are some"


def test_goes_on_where_it_was_stopped(network: Generator, reference: QualityReference) -> None:
    rounding = Rounding(network)
    bounds = bounds_between(reference, rounding)

    class Stopped(Exception):
        pass

    def stop(done: int, total: int, what: str) -> None:
        if done == 10:
            raise Stopped

    with pytest.raises(Stopped):
        search(network, rounding, reference, bounds, "test", advance=stop)
    assert len(rounding.made) == 11, "ten groups, and the file that they are compared with"
    first = search(network, rounding, reference, bounds, "test")
    needed = len(rounding.made)
    assert search(network, rounding, reference, bounds, "test") == first
    assert len(rounding.made) == needed, "nothing is measured twice"
    search(network, rounding, reference, (1.0, 1.0), "other weights")
    assert len(rounding.made) > needed


def test_what_is_bad_in_thin_holes_alone_stays_float_too(network: Generator, reference: QualityReference) -> None:
    groups, harmful = groups_of(network), "synthesis.blocks.b8.conv2"
    thin = {case.mask.tobytes() for case in reference.cases if case.slice == "thin"}

    def make(float_layers: tuple[str, ...]) -> tuple[Fill, int]:
        rounded = any(group.name == harmful and not set(group.layers) <= set(float_layers) for group in groups)

        def fill(image: Image, mask: Image) -> Image:
            noise = np.random.default_rng(0).normal(0, 0.25 * (rounded and mask.tobytes() in thin), image.shape)
            return np.clip(perfect(image, mask) + noise.astype(np.float32) * mask, 0, 1)

        return fill, 1000

    found = search(network, make, reference, (0.001, 0.004), "thin")
    assert found.chosen.float_groups == (harmful,)
    assert found.chosen.rise_smaller == 0
    unheld = [mix for mix in found.mixes if not mix.float_groups]
    assert unheld[0].rise_object <= 0.001 and unheld[0].rise_smaller is not None and unheld[0].rise_smaller > 0.001


def test_loose_bounds_leave_nothing_float(network: Generator, reference: QualityReference) -> None:
    found = search(network, Rounding(network), reference, (1.0, 1.0), "test")
    assert found.chosen.float_groups == ()
    assert found.chosen.float_work == 0


def test_a_bound_that_no_mix_keeps_is_said_in_one_line(network: Generator, reference: QualityReference) -> None:
    with pytest.raises(ExportError, match=r"no mix keeps LPIPS within \+0 .*allow more with --max-drop") as caught:
        search(network, Rounding(network), reference, (0.0, -0.5), "test")
    assert "\n" not in str(caught.value)


def test_is_saved_with_a_plot(network: Generator, reference: QualityReference, tmp_path: Path) -> None:
    found = search(network, Rounding(network), reference, (1.0, 1.0), "test", speed=lambda _: 2.0)
    save(found, tmp_path / "mix.json")
    table = json.loads((tmp_path / "mix.json").read_text())
    assert len(table["groups"]) == len(found.groups)
    assert table["mixes"][0]["speed"] == 2.0
    plot(found, tmp_path / "mix.png")
    assert (tmp_path / "mix.png").read_bytes()[:4] == b"\x89PNG"


def test_groups_cover_every_convolution_once(network: Generator) -> None:
    network = network.plain()
    layers = [layer for group in groups_of(network) for layer in group.layers]
    convolutions = [name for name, m in network.named_modules() if isinstance(m, torch.nn.Conv2d)]
    assert sorted(layers) == sorted(convolutions)
