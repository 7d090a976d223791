"""What every deployment format can do; the formats stand beside this file, one a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy.typing as npt

from mobile_inpaint.artifact import Contract, Io, Manifest, Precision, TensorSpec
from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
from mobile_inpaint.photo.fill_inputs import check_arrays
from mobile_inpaint.photo.image import Fill, Image, Sample

if TYPE_CHECKING:
    import torch

    from mobile_inpaint.targets.observers import Ranges
    from mobile_inpaint.targets.pipeline.runner import PhotoRunner


PhotoFill: TypeAlias = Callable[[Pixels, Flags], Pixels]
"""``fill(pixels, hole) -> pixels``: HWC uint8 RGB and HW bool, True = fill."""

See: TypeAlias = Callable[[str, npt.NDArray[Any]], None]
"""Is shown a tensor's name and its values, each time a run has computed it."""


@dataclass(frozen=True)
class Runner:
    """A loaded artifact: a Fill that knows by what it runs.

    ``Compositor.of(runner)`` fills photos of any size with it.

    Attributes:
        fill: ``fill(image, mask) -> image`` at the artifact's size, NCHW float32 in [0,1], mask 1 = hole.
        runtime: name and version, for example ``onnxruntime 1.31.1``.
        computes_in: ``fp32`` where weights are merely stored in fewer bits.
        grey_levels: true where the runtime returns 8-bit pictures, so that nothing finer than 1/255 can be compared.
        manifest: of the artifact; None where a file was loaded by itself.
    """

    fill: Fill
    runtime: str
    computes_in: Literal["fp32", "fp16", "int8"]
    grey_levels: bool = False
    manifest: Manifest | None = None

    def __call__(self, image: Image, mask: Image) -> Image:
        """The filled image; see :data:`~mobile_inpaint.photo.image.Fill`.

        Args:
            image: 13SS float32 RGB in [0,1], S = :attr:`size_px`.
            mask: 11SS float32, 1 = hole, 0 = keep.

        Returns:
            13SS float32 RGB in [0,1]; outside the hole exactly ``image``.

        Raises:
            ArgumentError: another dtype, shape or range, as far as :attr:`size_px` is known.
            ManifestError: the runtime cannot run the file.
        """
        if self.manifest is not None and self.size_px is not None:
            check_arrays(image, mask, (self.size_px, self.size_px), self.manifest.file, batch=1)
        return self.fill(image, mask)

    def __repr__(self) -> str:
        file = f"{self.manifest.file!r}, {self.size_px}x{self.size_px}, " if self.manifest is not None else ""
        return f"Runner({file}{self.runtime}, computes in {self.computes_in})"

    @property
    def size_px(self) -> int | None:
        """Side of the squares that it takes; None where no manifest says it."""
        return self.manifest.contract.size_px if self.manifest is not None else None


class Target(Protocol):
    """One format. Its module holds the one instance under the name ``TARGET``."""

    name: str
    suffix: str
    precisions: tuple[Precision, ...]
    runs_here: bool
    """Whether this machine has the format's own runtime, so that times mean something."""
    quantizes: Precision
    """What integer activations are made from."""
    extra: str
    """The extra of this package that installs the toolchain."""
    deployments: tuple[str, ...]
    """Oldest systems that a file can be made for, the default first; empty where the format knows none."""

    def deployments_for(self, precision: Precision) -> tuple[str, ...]:
        """Those of :attr:`deployments` that can run ``precision``, the default first."""
        ...

    def tensors(self, size_px: int, io: Io = "tensor") -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """Inputs and output of an artifact whose network sees ``size_px`` squared."""
        ...

    def tools(self) -> dict[str, str]:
        """Versions of what converts, by distribution name.

        Raises:
            ToolchainMissing: with the pip line.
        """
        ...

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """Writes the artifact to ``out``, with ``contract`` in its metadata; activations stay in floating point.

        Args:
            network: fused and rewritten; ``network(image, mask) -> image``, NCHW float32 in [0,1], mask 1 = hole.
            contract: what the file must promise.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
        """
        ...

    def quantize(self, source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges, out: Path) -> None:
        """Writes the artifact at ``source`` to ``out`` with integer weights and activations.

        Args:
            source: what :meth:`convert` made of ``network`` in the precision :attr:`quantizes`.
            network: see :meth:`convert`; its layers' names are what ``contract.quantization.float_layers`` lists.
            contract: what the file must promise; its ``quantization`` says how ranges are read and what stays float.
            ranges: what :meth:`watch` saw of ``source``.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
        """
        ...

    def wrap(self, source: Path, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """Writes the artifact at ``source`` to ``out`` with our compositor round it: photo and mask in, photo out.

        Args:
            source: what :meth:`convert` or :meth:`quantize` made of ``network``, of the same precision.
            network: see :meth:`convert`.
            contract: of the whole: its ``io`` is ``photo``, its tensors are those of ``tensors(size_px, "photo")``.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
            ExportError: the format cannot do it in this precision.
        """
        ...

    def load_photo(self, path: Path, *, threads: int | None = None) -> PhotoRunner:
        """The one-file pipeline at ``path``, run by its own runtime.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """
        ...

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """The file at ``path``, run by its own runtime.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """
        ...

    def watch(self, path: Path, samples: Sequence[Sample], see: See) -> None:
        """Runs the file at ``path`` on each sample and shows ``see`` every floating-point tensor that it computes.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """
        ...

    def read_contract(self, path: Path) -> Contract:
        """The contract in the file's own metadata.

        Raises:
            ManifestError: there is none.
        """
        ...

    def ops(self, path: Path) -> dict[str, int]:
        """The graph's operations, counted by name; constants are not operations."""
        ...

    def float_ops(self, path: Path) -> dict[str, int]:
        """The operations that compute in floating point, counted by name; copies and changes of type do not compute."""
        ...
