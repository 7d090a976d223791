"""What a deployment format must do, and what it may do beside that. The formats stand beside this file, one a folder.

A format derives from :class:`Target`. ``convert`` and ``load`` are enough for a first version. Everything else is a capability,
which a format declares by overriding the methods that belong to it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, get_args

import numpy.typing as npt

from mobile_inpaint.artifact import Contract, Io, Manifest, TensorSpec
from mobile_inpaint.errors import CapabilityMissing
from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
from mobile_inpaint.photo.fill_inputs import check_arrays
from mobile_inpaint.photo.image import Fill, Image, Sample
from mobile_inpaint.precision import PRECISIONS, SEARCH, SEARCHED, Precision, PrecisionName
from mobile_inpaint.targets.toolchain import required

if TYPE_CHECKING:
    import torch

    from mobile_inpaint.targets.graph import Graph
    from mobile_inpaint.targets.observers import Ranges
    from mobile_inpaint.targets.pipeline.runner import PhotoRunner
    from mobile_inpaint.targets.signature import ExternalRunner


PhotoFill: TypeAlias = Callable[[Pixels, Flags], Pixels]
"""``fill(pixels, hole) -> pixels``: HWC uint8 RGB and HW bool, True = fill."""

Observer: TypeAlias = Callable[[str, npt.NDArray[Any]], None]
"""Is shown a tensor's name and its values, each time a run has computed it."""

Capability: TypeAlias = Literal["contract", "quantize", "pipeline", "observe", "graph", "lint", "external"]
"""``contract``: files carry their contract in their own metadata. ``quantize``: integer activations. ``pipeline``: our
compositor in the same file (``--io photo``). ``observe``: a run shows every tensor. ``graph``: operations can be read.
``lint``: there are rules of what phones refuse. ``external``: a file without a manifest can be run."""


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


class Target(ABC):
    """One format.

    A folder of this package holds its one instance under the name ``TARGET`` in its ``target.py``; a package outside names one
    as an entry point of the group ``mobile_inpaint.targets``. Nothing heavy is imported before a method needs it.

    Attributes:
        name: as ``--target`` takes it.
        suffix: of its files, with the point; no other format's file name may end with it.
        precisions: those that :meth:`convert` or :meth:`quantize` can make.
        requirement: what pip installs to bring the toolchain, for example ``mobile-inpaint[onnx]``.
        distributions: what :meth:`convert` needs, as pip knows it.
        runtime: what :meth:`load` needs: the distribution, and the module whose import takes long.
        imports: modules beside that one whose import is no part of the work on a file.
        is_folder: whether an artifact is a folder and no file.
        runs_here: whether this machine has the format's own runtime, so that times mean something.
        elsewhere: where it runs, to be read behind a file's name: ``only macOS runs Core ML``.
        quantizes: the precision that integer activations are made from.
        deployments: oldest systems that a file can be made for, the default first; empty where the format knows none.
    """

    name: str
    suffix: str
    precisions: tuple[Precision, ...] = ("fp32",)
    requirement: str = "mobile-inpaint"
    distributions: tuple[str, ...] = ()
    runtime: tuple[str, str] = ("", "")
    imports: tuple[str, ...] = ()
    is_folder: bool = False
    runs_here: bool = True
    elsewhere: str = ""
    quantizes: Precision = "fp32"
    deployments: tuple[str, ...] = ()

    @abstractmethod
    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """Writes the artifact to ``out``, with ``contract`` in its metadata if it has the capability ``contract``; activations
        stay in floating point.

        Args:
            network: fused and rewritten; ``network(image, mask) -> image``, NCHW float32 in [0,1], mask 1 = hole.
            contract: what the file must promise.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
        """

    @abstractmethod
    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """The file at ``path``, run by its own runtime.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """

    def tools(self) -> dict[str, str]:
        """Versions of what converts, by distribution name.

        Raises:
            ToolchainMissing: with the pip line.
        """
        return required(self.requirement, self.distributions)

    def tensors(self, size_px: int, io: Io = "tensor") -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """Inputs and output of an artifact whose network sees ``size_px`` squared; NCHW float32 unless overridden."""
        if io == "photo":
            self._lacks("pipeline")
        rgb, grey = (1, 3, size_px, size_px), (1, 1, size_px, size_px)
        return (
            TensorSpec("image", "NCHW", rgb, "float32", 0.0, 1.0, "RGB"),
            TensorSpec("mask", "NCHW", grey, "float32", 0.0, 1.0, "grey"),
        ), TensorSpec("output", "NCHW", rgb, "float32", 0.0, 1.0, "RGB")

    def deployments_for(self, precision: PrecisionName) -> tuple[str, ...]:
        """Those of :attr:`deployments` that can run ``precision``, the default first."""
        return self.deployments

    def ops(self, path: Path) -> dict[str, int]:
        """The graph's operations, counted by name; constants are not operations. None where the format cannot tell."""
        return {}

    def float_ops(self, path: Path) -> dict[str, int]:
        """The operations that compute in floating point, counted by name; copies and changes of type do not compute."""
        return {}

    def admit(self, path: Path) -> None:  # noqa: B027
        """Refuses a file that is damaged or too large, before a runtime sees it; every file is let through unless overridden.

        Raises:
            ManifestError: the file is damaged, or larger than the limits in :mod:`~mobile_inpaint.targets.admission.limits`.
        """

    def bytes_beside(self, path: Path) -> int:
        """The size of what belongs to the admitted file at ``path`` and stands in other files."""
        return 0

    def read_contract(self, path: Path) -> Contract:
        """Capability ``contract``: the contract in the file's own metadata.

        Raises:
            ManifestError: there is none.
        """
        self._lacks("contract")

    def quantize(self, source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges, out: Path) -> None:
        """Capability ``quantize``: writes the artifact at ``source`` to ``out`` with integer weights and activations.

        Args:
            source: what :meth:`convert` made of ``network`` in the precision :attr:`quantizes`.
            network: see :meth:`convert`; its layers' names are what ``contract.quantization.float_layers`` lists.
            contract: what the file must promise; its ``quantization`` says how ranges are read and what stays float.
            ranges: what :meth:`observe` saw of ``source``.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
        """
        self._lacks("quantize")

    def wrap(self, source: Path, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """Capability ``pipeline``: writes the artifact at ``source`` to ``out`` with our compositor round it.

        It then takes a photo and a mask and returns a photo.

        Args:
            source: what :meth:`convert` or :meth:`quantize` made of ``network``, of the same precision.
            network: see :meth:`convert`.
            contract: of the whole: its ``io`` is ``photo``, its tensors are those of ``tensors(size_px, "photo")``.
            out: a path that does not exist yet.

        Raises:
            ConversionError: the toolchain failed; its error is ``__cause__``.
            ExportError: the format cannot do it in this precision.
        """
        self._lacks("pipeline")

    def check_pipeline(self, precision: PrecisionName) -> None:
        """Returns if :meth:`wrap` works in that precision.

        Raises:
            CapabilityMissing: it never does.
            ExportError: it does in others.
        """
        if "pipeline" not in self.capabilities:
            self._lacks("pipeline")

    def load_photo(self, path: Path, *, threads: int | None = None) -> PhotoRunner:
        """Capability ``pipeline``: the one-file pipeline at ``path``, run by its own runtime.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """
        self._lacks("pipeline")

    def observe(self, path: Path, samples: Sequence[Sample], see: Observer) -> None:
        """Capability ``observe``: runs the file at ``path`` on each sample and shows every floating-point tensor to ``see``.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: the runtime cannot read the file.
        """
        self._lacks("observe")

    def read_graph(self, path: Path) -> Graph:
        """Capability ``graph``: the operations and tensors of the file at ``path``, ours or not.

        Raises:
            ManifestError: a damaged file.
            ToolchainMissing: what reads this format is not installed.
        """
        self._lacks("graph")

    def lint_rules(self) -> Traversable:
        """Capability ``lint``, with ``graph``: a TOML file of what phones refuse, as docs/linting.md describes it."""
        self._lacks("lint")

    def load_external(self, path: Path, *, threads: int | None = None) -> ExternalRunner:
        """Capability ``external``: anybody's file at ``path``, which has no manifest, on tensors of its own signature.

        Raises:
            ToolchainMissing: the runtime is not installed.
            ManifestError: the runtime cannot read the file.
            BenchError: an input is not a tensor of numbers.
        """
        self._lacks("external")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this format can do beside converting and loading: that all of whose methods it overrides."""
        return frozenset(
            capability
            for capability, methods in _METHODS.items()
            if all(getattr(type(self), method) is not getattr(Target, method) for method in methods)
        )

    @property
    def choices(self) -> tuple[PrecisionName, ...]:
        """What ``--precision`` takes: the precisions, and the search where its result can be made."""
        return (*self.precisions, *((SEARCH,) if "quantize" in self.capabilities and SEARCHED in self.precisions else ()))

    def _lacks(self, capability: Capability) -> NoReturn:
        raise CapabilityMissing(self.name, _SAID[capability])


_METHODS: Mapping[Capability, tuple[str, ...]] = {
    "contract": ("read_contract",),
    "quantize": ("quantize", "observe"),
    "pipeline": ("wrap", "load_photo"),
    "observe": ("observe",),
    "graph": ("read_graph",),
    "lint": ("lint_rules", "read_graph"),
    "external": ("load_external",),
}
_SAID: Mapping[Capability, str] = {
    "contract": "keep its contract in its files",
    "quantize": "make integer activations",
    "pipeline": "put the compositor into the file; leave --io photo out",
    "observe": "show the tensors that a file computes",
    "graph": "read the operations of a file",
    "lint": "be linted: it has no rules",
    "external": "run a file without a manifest",
}
assert set(_METHODS) == set(_SAID) == set(get_args(Capability))


def faults_of(target: object) -> list[str]:
    """What a target says of itself that nothing else could work with; empty where all is well."""
    if not isinstance(target, Target):
        return ["is no instance of mobile_inpaint.targets.base.Target"]
    faults = []
    if not _is_word(getattr(target, "name", None)) or target.name == "all":
        faults.append("needs a name of letters, digits, '-' and '_', other than 'all'")
    if not _is_word(getattr(target, "suffix", None), point="[.]"):
        faults.append("needs a suffix: a point, then letters, digits, '-' and '_'")
    if not isinstance(target.precisions, tuple) or not target.precisions or set(target.precisions) - set(PRECISIONS):
        return [*faults, f"needs a tuple of precisions out of {', '.join(PRECISIONS)}"]
    rounded = [name for name in target.precisions if PRECISIONS[name].calibrated]
    if rounded and "quantize" not in target.capabilities:
        faults.append(f"has {', '.join(rounded)} but does not override quantize and observe")
    return faults


def _is_word(text: object, point: str = "") -> bool:
    """Whether it can stand in a file's name and in a list of options."""
    return isinstance(text, str) and re.fullmatch(point + "[A-Za-z0-9_-]{1,40}", text) is not None
