"""What every network here is, whatever its family."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar, cast, overload

import numpy as np
import torch
from torch import Tensor, nn

from mobile_inpaint.errors import ArgumentError
from mobile_inpaint.models.image_spec import ImageSpec
from mobile_inpaint.photo.fill_inputs import check_arrays, check_range, check_shapes
from mobile_inpaint.photo.image import Image


class Fusable(Protocol):
    """A block that trains in one form and ships in a plainer, equal one."""

    def fuse(self) -> nn.Module:
        """A new module with the same output in fewer operations; this one is left as it is."""
        ...


G = TypeVar("G", bound="Generator")


class GeneratorOutput(NamedTuple):
    """What a generator gives while it trains.

    Attributes:
        image: float [N, 3, H, W], RGB, nominally in [0,1], not clamped: a clamp would stop the gradient of every value outside.
            Outside the hole it is exactly the photo.
        stages: images of earlier stages, composited likewise, in the order in which they run; empty for one stage.
        levels: what each resolution adds to the image (toRGB outputs), by side r: float [N, 3, r, r] in units of [-1,1];
            empty where the network has none.
    """

    image: Tensor
    stages: tuple[Tensor, ...] = ()
    levels: Mapping[int, Tensor] = {}


class Generator(nn.Module):
    """A Fill on tensors and on arrays: ``generator(image, mask) -> image``; see :meth:`__call__`.

    The family's own normalisation and mask polarity are inside its :meth:`predict`. Outside there is one convention.

    A family overrides :meth:`predict`. Everything else has a default that is right for a plain convolutional network.

    Attributes:
        name: of its variant, for example ``migan-512``.
        variant: the numbers that make it, a dataclass of the family's own; nobody else reads its fields.
        image_spec: the sizes that :meth:`sized` can make.
        resolution: side in px of the square images that its size-dependent constants are made for.
        guides: names of further grey inputs after the mask, for example ``("sketch",)``; float [N, 1, H, W] in [0,1],
            0 where nothing is drawn.
        prefill: what stands in the hole before the network sees the photo: ``zero``, or a name that the caller knows and fills
            in on the host.
    """

    name: str
    variant: Any
    image_spec: ImageSpec
    resolution: int
    guides: tuple[str, ...] = ()
    prefill: str = "zero"

    @overload
    def __call__(self, image: Image, mask: Image, *guides: Image) -> Image: ...

    @overload
    def __call__(self, image: Tensor, mask: Tensor, *guides: Tensor) -> Tensor: ...

    def __call__(self, image: Any, mask: Any, *guides: Any, **rest: Any) -> Any:
        """The filled image: of tensors a tensor (:meth:`forward`), of NumPy arrays an array, so that a Generator is a Fill.

        Args:
            image: [N, 3, H, W], RGB in [0,1]; arrays are float32. H and W are those that the network is made for.
            mask: [N, 1, H, W] of the same kind, 1 = hole, 0 = keep.
            guides: see :meth:`forward`.
            rest: none.

        Returns:
            [N, 3, H, W] in [0,1] of the same kind; outside the hole exactly ``image``. Arrays come without gradients, whatever
            device the network is on.

        Raises:
            ArgumentError: another kind, dtype, shape or range. In training mode and while it is traced a network does not look
                at tensors, and on an accelerator not at their range, for which it would have to wait.
        """
        if isinstance(image, np.ndarray) or isinstance(mask, np.ndarray):
            return self._fill_arrays(image, mask, *guides)
        if not self.training and not _is_traced():
            self._check_tensors(image, mask)
        return super().__call__(image, mask, *guides, **rest)

    def _fill_arrays(self, image: Image, mask: Image, *guides: Image) -> Image:
        check_arrays(image, mask, self._size_of(image), self.name)
        own = next(iter(self.parameters()), torch.empty(0))
        with torch.inference_mode():
            given = (torch.from_numpy(np.ascontiguousarray(array)) for array in (image, mask, *guides))
            output: Image = super().__call__(*(tensor.to(own.device, own.dtype) for tensor in given)).float().cpu().numpy()
        return output

    def _check_tensors(self, image: Any, mask: Any) -> None:
        if not isinstance(image, Tensor) or not isinstance(mask, Tensor):
            kinds = " and ".join(type(value).__name__ for value in (image, mask))
            raise ArgumentError(f"image and mask are {kinds}: {self.name} takes two tensors, or two NumPy arrays")
        check_shapes(image.shape, mask.shape, self._size_of(image), self.name)
        for name, tensor in (("image", image), ("mask", mask)):
            # a subclass of Tensor may have no values, as while torch.export traces
            if type(tensor) is Tensor and tensor.device.type == "cpu":
                low, high = tensor.detach().aminmax()
                check_range(name, low.item(), high.item(), self.name)

    def _size_of(self, image: Any) -> tuple[int, int]:
        """Height and width that the network takes: the image's, where that has the longer side that the network is made for."""
        if not self.image_spec.square and image.ndim == 4 and max(image.shape[2:]) == self.resolution:
            return int(image.shape[2]), int(image.shape[3])
        return self.resolution, self.resolution

    def forward(self, image: Tensor, mask: Tensor, *guides: Tensor) -> Tensor:
        """The filled image.

        Args:
            image: float [N, 3, H, W], RGB in [0,1]. What lies under the hole is not read, unless :attr:`prefill` asks the
                caller to put something there.
            mask: float [N, 1, H, W], 1 = hole, 0 = keep.
            guides: one for each name in :attr:`guides`.

        Returns:
            float [N, 3, H, W] in [0,1]; outside the hole exactly ``image``.
        """
        known = image * (1 - mask)
        return known + self.predict(self._network_input(image, known, mask, guides)).clamp(0, 1) * mask

    def forward_train(self, image: Tensor, mask: Tensor, *guides: Tensor) -> GeneratorOutput:
        """What :meth:`forward` gives, not clamped, with the stages and levels that losses compare; same arguments."""
        known = image * (1 - mask)
        output = self.predict_train(self._network_input(image, known, mask, guides))
        stages = tuple(known + stage * mask for stage in output.stages)
        return GeneratorOutput(known + output.image * mask, stages, output.levels)

    def predict(self, holed: Tensor) -> Tensor:
        """The network's own image, neither bounded nor composited: float [N, 3, H, W], nominally RGB in [0,1].

        Args:
            holed: float [N, 4 + G, H, W]: the mask (1 = hole), then RGB in [0,1] with 0 (or the prefill) in the hole, then the
                guides. One tensor, because a target whose layout is channels-last must join them in that layout, or pay for
                transposing them.
        """
        raise NotImplementedError

    def predict_train(self, holed: Tensor) -> GeneratorOutput:
        """What :meth:`predict` computes, with the images of earlier stages and levels, none of them composited."""
        return GeneratorOutput(self.predict(holed))

    def sized(self, height: int, width: int) -> Generator:
        """This network for images of that size: itself if it is made for it, else a copy whose constants are made anew.

        Raises:
            ValueError: :attr:`image_spec` does not allow the size.
        """
        self.image_spec.check(height, width)
        if (height, width) == (self.resolution, self.resolution):
            return self
        other = copy.deepcopy(self)
        other.resolution = max(height, width)
        return other

    def plain(self: G) -> G:
        """A copy whose blocks are replaced by their ``fuse()``, in evaluation mode; nothing is folded yet."""
        plain = in_memory_format(copy.deepcopy(self).eval(), torch.contiguous_format)
        _fuse(plain)
        return plain

    def fold(self, *, largest_activation: float) -> None:
        """Moves constants between modules, in place and exactly, so that fewer operations remain; by default nothing.

        Called on a plain copy by the export.

        Args:
            largest_activation: the largest magnitude any activation reached on the golden photos; a guard that it stays
                far below may be dropped.
        """

    def activations(self) -> Iterable[nn.Module]:
        """The modules whose output the export observes for its largest magnitude; by default none."""
        return ()

    def with_branches(self: G, branches: int) -> G:
        """The same network in the form in which each re-parameterizable convolution trains ``branches`` tensors.

        By default the network itself: it has no such convolutions.

        Args:
            branches: at least 0; 0 is the form with plain convolutions.

        Raises:
            ValueError: no branches can stand for its weights.
        """
        return self

    def lr_scales(self, branches: int) -> Mapping[str, float]:
        """By parameter name, the factor of its learning rate that makes it learn as with ``branches`` tensors a convolution.

        A parameter that is not named has factor 1. By default none is.
        """
        return {}

    def set_noise(self, mode: str) -> None:
        """Chooses what noise layers add, ``random``, ``constant`` or ``none``; by default there are none."""

    def output_slope(self, layer: str) -> float:
        """The slope of the activation behind the convolution ``layer`` for values below 0; 1 where there is none.

        Quantization-aware training weighs negative values of a range by it.
        """
        return 1.0

    def silence_constants(self, dropped: Collection[str]) -> None:
        """Makes the modules of these names add nothing, in place: 8 bits would lose the constants that they add.

        Raises:
            ValueError: the family cannot do it, and there are some.
        """
        for name in dropped:
            raise ValueError(f"{self.name} cannot train without the constants of '{name}'")

    def _network_input(self, image: Tensor, known: Tensor, mask: Tensor, guides: tuple[Tensor, ...]) -> Tensor:
        if len(guides) != len(self.guides):
            names = ", ".join(self.guides) or "none"
            raise ValueError(f"{self.name} takes {len(self.guides)} guides ({names}), not {len(guides)}")
        return torch.cat([mask, known if self.prefill == "zero" else image, *guides], dim=1)


def _is_traced() -> bool:
    """Whether this run only records what a network does."""
    return torch.compiler.is_compiling() or bool(torch.jit.is_tracing())  # type: ignore[attr-defined,no-untyped-call]


def count_parameters(module: nn.Module) -> int:
    """Learned numbers in ``module``; fixed filters are buffers and do not count."""
    return sum(parameter.numel() for parameter in module.parameters())


@contextmanager
def watched_activations(generator: Generator) -> Iterator[Callable[[], float]]:
    """Inside the ``with``, a function that says the largest magnitude which any of the activations reached so far."""
    largest = 0.0

    def watch(_: nn.Module, __: object, output: torch.Tensor) -> None:
        nonlocal largest
        largest = max(largest, output.detach().abs().max().item())

    hooks = [module.register_forward_hook(watch) for module in generator.activations()]
    try:
        yield lambda: largest
    finally:
        for hook in hooks:
            hook.remove()


def _fuse(module: nn.Module) -> None:
    for name, child in module.named_children():
        if callable(getattr(child, "fuse", None)):
            setattr(module, name, cast(Fusable, child).fuse())
        else:
            _fuse(child)


def in_memory_format(generator: G, memory_format: torch.memory_format) -> G:
    """``generator``, the weights of its convolutions laid out in memory as said; the same object."""
    for parameter in generator.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)
    return generator
