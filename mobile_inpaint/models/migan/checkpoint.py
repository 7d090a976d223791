"""Three ways in which MI-GAN's weights are stored, and the one in which our modules name them.

- *inference*, as the authors publish it: one tensor a convolution, ``synthesis.b8.conv1.conv2.weight``, noise beside
  ``conv1``, fixed filters stored as if they were learned.
- *training*, as their training leaves it: ``w0`` … ``w8`` a convolution, noise inside ``conv1.conv2``.
- *ours*: ``state_dict()`` of :class:`~mobile_inpaint.models.migan.network.Generator`.

Source: key listings of the published files; fixed filters are [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 64, times 4 when doubling.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from mobile_inpaint.errors import WeightsError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.quoting import quoted

_FIXED = re.compile(r"\.(filter\.weight|filter_const|resample_filter)$")
_BLOCK = re.compile(r"^(encoder|synthesis)\.b([0-9]{1,9})\.")
_RENAMED = (
    (re.compile(r"(\.conv\d)\.conv2\.noise_"), r"\1.noise_"),  # training keeps noise one level further in
    (re.compile(r"(\.conv\d)\.conv1\."), r"\1.depthwise."),
    (re.compile(r"(\.conv\d)\.conv2\."), r"\1.pointwise."),
    (re.compile(r"\.noise_(const|strength)$"), r".noise.\1"),
    (_BLOCK, r"\1.blocks.b\2."),
)


@dataclass(frozen=True)
class Layout:
    """A state dict under our names.

    Attributes:
        tensors: how many tensors a convolution has; 0 when fused.
        resolution: side of the network's image in px.
        patch: side of the squares of it that are one position of the outermost map.
        stem: side of the first convolution's kernel in px.
    """

    state: dict[str, torch.Tensor]
    tensors: int
    resolution: int
    patch: int = 1
    stem: int = 1

    def numbers(self) -> dict[str, int]:
        """Resolution and channels of the network these weights belong to, as fields of its Variant."""
        try:
            side = self.resolution // self.patch
            outer = self.state[f"encoder.blocks.b{side}.fromrgb.bias"].numel()
            next_in = self.state[f"encoder.blocks.b{side // 2}.conv1.depthwise.bias"].numel()
            inner = self.state["encoder.blocks.b4.conv1.depthwise.bias"].numel()
        except KeyError as error:
            raise WeightsError(f"these weights are damaged: {error} is missing") from error
        return {
            "resolution": self.resolution,
            "ch_base": max(outer * side, next_in * side // 2),
            "ch_max": inner,
            "ch_outer": outer,
        }

    def load_into(self, network: Generator) -> None:
        """Fills ``network``, which these weights fit."""
        wanted = network.state_dict()
        network.load_state_dict({key: value.to(wanted[key].dtype) for key, value in self.state.items()})

    def check_fits(self, network: Generator) -> None:
        """Compares names and shapes with those of ``network``.

        Raises:
            WeightsError: a key too many, a key too few, or another shape; the first few are named.
        """
        wanted = network.state_dict()
        faults = [f"{quoted(key)} is missing" for key in wanted if key not in self.state]
        faults += [f"{quoted(key)} is unknown" for key in self.state if key not in wanted]
        faults += [
            f"{quoted(key)} is {list(self.state[key].shape)}, must be {list(wanted[key].shape)}"
            for key in wanted
            if key in self.state and self.state[key].shape != wanted[key].shape
        ]
        if faults:
            more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
            raise WeightsError(f"these weights do not fit {network.name}: {'; '.join(faults[:3])}{more}")


_OURS = r"(?:depthwise|pointwise)\.(?:weight|bias|tensors)|noise\.(?:const|strength)"
_INFERENCE = r"conv[12]\.(?:weight|bias)|noise_(?:const|strength)|(?:up|down)sample\.filter(?:\.weight|_const)"
_TRAINING = r"conv1\.(?:w\d+|bias)|conv2\.(?:w\d+|noise_const|noise_strength|resample_filter)"
_KEY = re.compile(
    rf"(?:encoder|synthesis)\.(?:blocks\.)?b\d+\.(?:conv[12]\.(?:{_OURS}|{_INFERENCE}|{_TRAINING})"
    r"|(?:fromrgb|torgb)\.(?:weight|bias|tensors|w\d+)|upsample\.filter(?:\.weight|_const)|resample_filter)"
    r"|synthesis\.detail\.(?:weight|bias)"
)
"""Every key of the three layouts. Co-Mod-GAN's begin alike, but it has others beside them."""


def is_migan(state: Mapping[str, torch.Tensor]) -> bool:
    """Whether the keys of ``state`` are all a MI-GAN generator's, in one of the three layouts."""
    parts = {key.partition(".")[0] for key in state}
    return parts == {"encoder", "synthesis"} and all(_KEY.fullmatch(key) for key in state)


def to_ours(state: Mapping[str, torch.Tensor]) -> Layout:
    """``state`` under our names, whichever of the three layouts it has.

    Raises:
        WeightsError: none of them, numbers that are not finite, or a fixed filter that is not the published one.
    """
    for key, value in state.items():
        if not value.is_floating_point() or not torch.isfinite(value.float()).all():
            raise WeightsError(f"these weights are damaged: {quoted(key)} holds values that are not finite numbers")
        if not value.ndim and not key.endswith("strength"):
            raise WeightsError(f"these weights are damaged: {quoted(key)} is a single number")
    if any(".blocks.b" in key for key in state):
        ours = dict(state)
    elif any(_BLOCK.match(key) for key in state):
        ours = _published(state)
    else:
        raise WeightsError(f"these are not weights of MI-GAN: no key like 'encoder.b256.conv1…' among {len(state)}")
    sides = [int(match[1]) for key in ours if (match := re.match(r"encoder\.blocks\.b([0-9]{1,9})\.fromrgb", key))]
    if not sides:
        raise WeightsError("these are not a generator's weights: no 'fromrgb' in the encoder")
    counts = {value.shape[0] for key, value in ours.items() if key.endswith("wise.tensors")}
    if len(counts) > 1:
        raise WeightsError(f"these weights are damaged: convolutions have {quoted(sorted(counts))} tensors")
    largest = max(sides)
    patch = math.isqrt(len(ours["synthesis.detail.bias"]) // 3) if "synthesis.detail.bias" in ours else 1
    if patch not in (1, 2):
        raise WeightsError("these weights are damaged: 'synthesis.detail.bias' has neither 3 nor 12 numbers")
    first = f"encoder.blocks.b{largest}.fromrgb"
    stem = next((ours[key].shape[-1] for key in (f"{first}.weight", f"{first}.tensors") if key in ours), 1)
    return Layout(ours, counts.pop() if counts else 0, largest * patch, patch, stem)


def _published(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    training = any(re.search(r"\.w[0-9]{1,9}$", key) for key in state)
    ours: dict[str, torch.Tensor] = {}
    stacks: dict[str, dict[int, torch.Tensor]] = {}
    for key, value in state.items():
        if _FIXED.search(key):
            _check_fixed(key, value)
            continue
        for pattern, replacement in _RENAMED:
            key = pattern.sub(replacement, key)
        if tensor := re.search(r"\.w([0-9]{1,9})$", key):
            stacks.setdefault(key[: tensor.start()] + ".tensors", {})[int(tensor[1])] = value
        elif training and key.endswith("fromrgb.weight"):
            ours[key.removesuffix("weight") + "tensors"] = value[None]  # normalised like the others, but only one tensor
        else:
            ours[key] = value
    for key, stack in stacks.items():
        if sorted(stack) != list(range(len(stack))):
            raise WeightsError(f"these weights are damaged: '{key}' has tensors {quoted(sorted(stack))}")
        if len({value.shape for value in stack.values()}) > 1:
            raise WeightsError(f"these weights are damaged: '{key}' has tensors of different shapes")
        ours[key] = torch.stack([stack[i] for i in range(len(stack))])
    return ours


def _check_fixed(key: str, value: torch.Tensor) -> None:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    if key.endswith("filter_const") and value.ndim >= 2:
        expected = torch.zeros_like(value)
        expected[..., ::2, ::2] = 1
    elif value.shape[-2:] != (4, 4):
        raise WeightsError(f"these weights are of another network: its fixed filter '{key}' is not [1, 3, 3, 1]")
    else:
        up = "upsample" in key
        expected = (torch.outer(taps, taps) * (4 if up else 1) / 64).expand_as(value)
    if not torch.allclose(value.float(), expected.to(torch.float32), atol=1e-4):
        raise WeightsError(f"these weights are of another network: its fixed filter '{key}' is not [1, 3, 3, 1]")
