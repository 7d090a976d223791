"""Core ML mlprogram, with pictures in and out; run by Core ML on macOS and by our own interpreter elsewhere."""

from __future__ import annotations

import collections
import contextlib
import json
import platform
import sys
import uuid
from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Contract, Io, Quantization, TensorSpec
from mobile_inpaint.errors import ConversionError, ExportError, ManifestError
from mobile_inpaint.photo.image import Image, Sample
from mobile_inpaint.precision import Precision, PrecisionName, row_of
from mobile_inpaint.targets.admission import coreml as admission
from mobile_inpaint.targets.base import Observer, Runner, Target
from mobile_inpaint.targets.checked import checked, checked_photo
from mobile_inpaint.targets.coreml import graph, pipeline
from mobile_inpaint.targets.coreml.compress import (
    bounds_of,
    compress_constants,
    compress_weights,
    float_steps,
    quantize_activations,
)
from mobile_inpaint.targets.coreml.integer_operations import float_operations
from mobile_inpaint.targets.coreml.spec import read_spec
from mobile_inpaint.targets.graph import Graph
from mobile_inpaint.targets.observers import Ranges
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line

if TYPE_CHECKING:
    import torch

_METADATA_KEY = "mobile_inpaint"


class CoremlTarget(Target):
    """8-bit RGB picture and 8-bit grey mask in (255 = hole), 8-bit RGB picture out."""

    name = "coreml"
    suffix = ".mlpackage"
    precisions: tuple[Precision, ...] = ("fp32", "fp16", "w8a32", "w8a8", "pal8", "pal6", "pal4")
    requirement = "mobile-inpaint[coreml]"
    distributions = ("coremltools", "torch")
    runtime = ("coremltools", "coremltools")
    is_folder = True
    runs_here = sys.platform == "darwin"
    elsewhere = "only macOS runs Core ML"
    quantizes: Precision = "fp16"
    deployments: tuple[str, ...] = ("iOS16", "iOS17", "iOS18")

    def tensors(self, size_px: int, io: Io = "tensor") -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        if io == "photo":
            return pipeline.tensors(size_px)
        side = (size_px, size_px)
        return (
            TensorSpec("image", "image", side, "uint8", 0.0, 255.0, "RGB"),
            TensorSpec("mask", "image", side, "uint8", 0.0, 255.0, "grey"),
        ), TensorSpec("output", "image", side, "uint8", 0.0, 255.0, "RGB")

    def deployments_for(self, precision: PrecisionName) -> tuple[str, ...]:
        """See :class:`~mobile_inpaint.targets.base.Target`; integer activations came with iOS 17."""
        return self.deployments[1:] if row_of(precision).calibrated else self.deployments

    def admit(self, path: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        admission.check(path)

    def lint_rules(self) -> Traversable:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return resources.files(__package__) / "rules.toml"

    def read_graph(self, path: Path) -> Graph:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return graph.read(path)

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`.

        Raises:
            ExportError: ``contract.deployment`` is a system that cannot run the precision.
        """
        self._check(contract)
        with _converting():
            _save(_exported(network, contract), contract, out)

    def quantize(self, source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`.

        Raises:
            ExportError: ``contract.deployment`` is a system that cannot run the precision.
        """
        self._check(contract)
        with _converting():
            _save(_quantized(source, network, contract, ranges), contract, out)

    def wrap(self, source: Path, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`; the program is converted anew, ``source`` is not read.

        Raises:
            ExportError: see :meth:`check_pipeline`.
        """
        self._check(contract)
        self.check_pipeline(contract.precision)
        with _converting():
            model = pipeline.exported(network, contract)
            if row_of(contract.precision).weight_bits < 16:
                model = compress_weights(model, contract.precision)
            _save(model, contract, out)

    def check_pipeline(self, precision: PrecisionName) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`.

        Raises:
            ExportError: activations are integers: their ranges belong to the network's program alone.
        """
        if row_of(precision).calibrated:
            raise ExportError(f"coreml: no one-file pipeline of {precision}; ask for fp16, w8a32 or a palette")

    def load_photo(self, path: Path, *, threads: int | None = None) -> PhotoRunner:
        """See :class:`~mobile_inpaint.targets.base.Target`; ``threads`` is Core ML's own business."""
        version, contract = self.tools()["coremltools"], self.read_contract(path)
        on_mac = sys.platform == "darwin"
        runtime = f"Core ML, macOS {platform.mac_ver()[0]}" if on_mac else f"our MIL interpreter, coremltools {version}"
        with silence():
            fill = (pipeline.fill_by_core_ml if on_mac else pipeline.fill_by)(path, contract.hole)
        return PhotoRunner(checked_photo(path, fill), runtime, _arithmetic(contract.precision), contract.size_px)

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """See :class:`~mobile_inpaint.targets.base.Target`; ``threads`` is Core ML's own business."""
        version = self.tools()["coremltools"]
        computes_in = _arithmetic(self.read_contract(path).precision)
        with silence():
            try:
                if sys.platform == "darwin":
                    name = f"Core ML, macOS {platform.mac_ver()[0]}"
                    return Runner(checked(path, _by_core_ml(path)), name, computes_in, grey_levels=True)
                run = _by_interpreter(path)
            except ManifestError:
                raise
            except Exception as error:
                raise ManifestError(f"{path.name}: not a Core ML program ({first_line(error)})") from error
        return Runner(checked(path, run), f"our MIL interpreter, coremltools {version}", computes_in)

    def observe(self, path: Path, samples: Sequence[Sample], see: Observer) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        from mobile_inpaint.targets.coreml.interpreter import Program

        self.tools()
        program = Program(path)
        for image, mask in samples:
            program(_inputs(image, mask), see)

    def read_contract(self, path: Path) -> Contract:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        text = read_spec(path).description.metadata.userDefined.get(_METADATA_KEY)
        if not text:
            raise ManifestError(f"{path.name}: its metadata holds no contract of ours")
        return Contract.from_json(text, f"{path.name} (its metadata)")

    def ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        counted = collections.Counter(op.type for op in _operations(path) if not op.type.startswith("const"))
        return dict(sorted(counted.items()))

    def float_ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        try:
            return float_operations(_operations(path))
        except (IndexError, KeyError) as error:
            raise ManifestError(f"{path.name}: a damaged Core ML package ({first_line(error)})") from error

    def _check(self, contract: Contract) -> None:
        self.tools()
        able = self.deployments_for(contract.precision)
        if contract.deployment not in able:
            raise ExportError(
                f"coreml: {contract.precision} needs {able[0]}, not {contract.deployment}; ask for {able[0]} or newer"
            )


TARGET: Target = CoremlTarget()


def _operations(path: Path) -> list[Any]:
    (block,) = read_spec(path).mlProgram.functions["main"].block_specializations.values()
    return list(block.operations)


def _arithmetic(precision: PrecisionName) -> Literal["fp32", "fp16", "int8"]:
    row = row_of(precision)
    if row.weight_bits == 32:
        return "fp32"
    return "int8" if row.calibrated else "fp16"


@contextlib.contextmanager
def _converting() -> Iterator[None]:
    try:
        with silence():
            yield
    except ConversionError:
        raise
    except Exception as error:
        raise ConversionError(f"coreml: the converter failed: {first_line(error)}") from error


def _exported(network: torch.nn.Module, contract: Contract) -> Any:
    import coremltools as ct
    import torch

    from mobile_inpaint.targets.coreml.convert import converted

    class EightBit(torch.nn.Module):
        """The same Fill in units of grey levels: whole numbers to 255 are exact in float16, so known pixels stay exact."""

        def __init__(self) -> None:
            super().__init__()
            self.network: Any = network

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hole = mask * (1 / 255)
            known = image * (1 - hole)
            filled: torch.Tensor = self.network.predict(torch.cat([hole, known * (1 / 255)], dim=1))
            return known + (filled * 255).clamp(0, 255) * hole

    model = converted(EightBit(), contract, half=ct.precision.FLOAT16)
    return model if row_of(contract.precision).weight_bits >= 16 else compress_weights(model, contract.precision)


def _quantized(source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges) -> Any:
    import coremltools as ct

    from mobile_inpaint.targets.coreml.interpreter import Program

    settings, program = contract.quantization or Quantization(), Program(source)
    stay_float = float_steps(program, network, settings)
    smaller = compress_weights(ct.models.MLModel(str(source), skip_model_load=True), contract.precision, stay_float)
    return compress_constants(quantize_activations(smaller, program, stay_float, bounds_of(ranges, settings)))


def _save(model: Any, contract: Contract, out: Path) -> None:
    model.author = contract.provenance.copyright
    model.license = contract.provenance.licence
    white, black = ("hole", "keep") if contract.hole else ("keep", "hole")
    mask, result = f"255 = {white}, 0 = {black}", contract.output.name
    model.short_description = f"Fills the hole of a photo. image: RGB; mask: {mask}; {result}: RGB, known pixels as given."
    model.input_description["image"] = "RGB photo; what lies under the hole is not read"
    model.input_description["mask"] = mask
    model.output_description[result] = "the photo, its hole filled"
    model.user_defined_metadata[_METADATA_KEY] = contract.to_json()
    model.save(str(out))
    _name_items_by_path(out / "Manifest.json")
    # protobuf writes maps in an order that differs between processes
    admission.program_of(out).write_bytes(read_spec(out).SerializeToString(deterministic=True))


def _name_items_by_path(manifest: Path) -> None:
    """Replaces the package's random identifiers, so that exporting twice gives the same bytes."""
    package = json.loads(manifest.read_text())
    text = json.dumps(package, indent=4)
    for identifier, item in package["itemInfoEntries"].items():
        text = text.replace(identifier, str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"])))
    manifest.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n")


def _grey_levels(image: Image) -> npt.NDArray[np.uint8]:
    levels: npt.NDArray[np.uint8] = np.floor(image * 255 + 0.5).astype(np.uint8)
    return levels


def _inputs(image: Image, mask: Image) -> dict[str, npt.NDArray[np.float32]]:
    return {"image": _grey_levels(image).astype(np.float32), "mask": _grey_levels(mask).astype(np.float32)}


def _by_interpreter(path: Path) -> Any:
    from mobile_inpaint.targets.coreml.interpreter import Program

    program = Program(path)

    def fill(image: Image, mask: Image) -> Image:
        return program(_inputs(image, mask)) / np.float32(255)

    return fill


def _by_core_ml(path: Path) -> Any:
    import coremltools as ct
    from PIL import Image as pillow

    model = ct.models.MLModel(str(path))

    def fill(image: Image, mask: Image) -> Image:
        picture = pillow.fromarray(_grey_levels(image)[0].transpose(1, 2, 0))
        output = model.predict({"image": picture, "mask": pillow.fromarray(_grey_levels(mask)[0, 0])})["output"]
        return np.asarray(output.convert("RGB"), np.float32).transpose(2, 0, 1)[None] / np.float32(255)

    return fill
