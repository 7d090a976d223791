"""TFLite, converted by LiteRT Torch and run by LiteRT's interpreter."""

from __future__ import annotations

import collections
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mobile_inpaint.artifact import Contract, Io, Quantization, TensorSpec
from mobile_inpaint.errors import BenchError, ConversionError, ManifestError
from mobile_inpaint.photo.image import Image, Sample
from mobile_inpaint.precision import Precision, row_of
from mobile_inpaint.targets.admission.tflite import check
from mobile_inpaint.targets.base import Observer, Runner, Target
from mobile_inpaint.targets.checked import cannot_run, checked, checked_photo
from mobile_inpaint.targets.graph import Graph
from mobile_inpaint.targets.layers import layer_calls
from mobile_inpaint.targets.observers import Ranges
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.signature import Array, ExternalRunner, resolve_dynamic
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.tflite import graph as graphs
from mobile_inpaint.targets.tflite import pipeline
from mobile_inpaint.targets.tflite.flatbuffer import BETWEEN_TYPES, TfliteGraph, read_model
from mobile_inpaint.targets.tflite.quantizer import numbers_of, quantize, store_weights_as_fp16, store_weights_as_int8
from mobile_inpaint.targets.toolchain import first_line, versions

if TYPE_CHECKING:
    import torch

_METADATA_KEY = "mobile_inpaint"
_NAME_OF_OUTPUT = "output"


class TfliteTarget(Target):
    """NHWC float32 in and out, by the signature ``serving_default``."""

    name = "tflite"
    suffix = ".tflite"
    precisions: tuple[Precision, ...] = ("fp32", "fp16", "w8a32", "w8a16", "w8a8")
    requirement = "mobile-inpaint[tflite]"
    distributions = ("litert-torch", "litert-converter", "ai-edge-quantizer", "torch")
    runtime = ("ai-edge-litert", "ai_edge_litert.interpreter")

    def tensors(self, size_px: int, io: Io = "tensor") -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        if io == "photo":
            return pipeline.tensors(size_px)
        rgb, grey = (1, size_px, size_px, 3), (1, size_px, size_px, 1)
        return (
            TensorSpec("image", "NHWC", rgb, "float32", 0.0, 1.0, "RGB"),
            TensorSpec("mask", "NHWC", grey, "float32", 0.0, 1.0, "grey"),
        ), TensorSpec(_NAME_OF_OUTPUT, "NHWC", rgb, "float32", 0.0, 1.0, "RGB")

    def admit(self, path: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        check(path)

    def lint_rules(self) -> Traversable:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return resources.files(__package__) / "rules.toml"

    def read_graph(self, path: Path) -> Graph:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return graphs.read(path)

    def load_external(self, path: Path, *, threads: int | None = None) -> ExternalRunner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return _load_external(path, threads, self._runtime())

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        self.tools()
        try:
            with silence():
                _export(network, contract.size_px, out)
                if contract.precision == "fp16":
                    store_weights_as_fp16(out)
                elif contract.precision == "w8a32":
                    store_weights_as_int8(out)
                _finish(out, contract)
        except Exception as error:
            raise ConversionError(f"tflite: the converter failed: {first_line(error)}") from error

    def quantize(self, source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        self.tools()
        settings, activations = contract.quantization or Quantization(), row_of(contract.precision).activation_bits
        try:
            with silence():
                shutil.copyfile(source, out)
                float_layers = numbers_of(TfliteGraph.load(out), _shapes(network), settings.float_layers)
                quantize(out, ranges.all(settings), float_layers, activations)
                _finish(out, contract)
        except Exception as error:
            raise ConversionError(f"tflite: the quantizer failed: {first_line(error)}") from error

    def wrap(self, source: Path, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        try:
            with silence():
                TfliteGraph(pipeline.wrap(read_model(source), contract)).save(out)
                _finish(out, contract)
        except Exception as error:
            raise ConversionError(f"tflite: the compositor did not go round the network: {first_line(error)}") from error

    def load_photo(self, path: Path, *, threads: int | None = None) -> PhotoRunner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        runtime, contract = self._runtime(), self.read_contract(path)
        session = _Session(path, num_threads=threads)
        computes_in: Literal["fp32", "int8"] = "int8" if "QUANTIZE" in self.ops(path) else "fp32"
        try:
            fill = pipeline.fill_by(session.interpreter, contract.hole)
        except (KeyError, ValueError) as error:
            raise ManifestError(f"{path.name}: not a one-file pipeline (no tensor {first_line(error)})") from error
        return PhotoRunner(checked_photo(path, fill), runtime, computes_in, contract.size_px)

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        runtime = self._runtime()
        session = _Session(path, num_threads=threads)
        computes_in: Literal["fp32", "int8"] = "int8" if "QUANTIZE" in self.ops(path) else "fp32"
        return Runner(checked(path, session.fill), runtime, computes_in)

    def observe(self, path: Path, samples: Sequence[Sample], see: Observer) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`.

        All tensors are held at once: 2.5 GB at 512 px.
        """
        session, graph = _Session(path, experimental_preserve_all_tensors=True), TfliteGraph.load(path)
        fill = checked(path, session.fill)
        for image, mask in samples:
            fill(image, mask)
            for index in graph.computed():
                try:
                    values = session.interpreter.get_tensor(index)
                except Exception as error:
                    raise cannot_run(path, error) from error
                see(graph.tensor(index), values)

    def read_contract(self, path: Path) -> Contract:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        model = read_model(path)
        for entry in model.metadata or []:
            if entry.name.decode() == _METADATA_KEY:
                where, data = f"{path.name} (its metadata)", model.buffers[entry.buffer].data
                try:
                    return Contract.from_json(bytes(() if data is None else data).decode(), where)
                except UnicodeDecodeError as error:
                    raise ManifestError(f"{where}: not text in UTF-8; is the file damaged?") from error
        raise ManifestError(f"{path.name}: its metadata holds no contract of ours")

    def ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        graph = TfliteGraph.load(path)
        return dict(sorted(collections.Counter(graph.name(op) for op in graph.ops).items()))

    def float_ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        graph = TfliteGraph.load(path)
        left = (graph.name(op) for op in graph.ops if any(graph.is_float(index) for index in op.outputs))
        return dict(sorted(collections.Counter(name for name in left if name not in BETWEEN_TYPES).items()))

    def _runtime(self) -> str:
        return f"ai-edge-litert {versions('tflite', ('ai-edge-litert',))['ai-edge-litert']}"


TARGET: Target = TfliteTarget()


def _load_external(path: Path, threads: int | None, runtime: str) -> ExternalRunner:
    check(path)
    with silence():
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
            inputs, index_of = [], {}
            for detail in interpreter.get_input_details():
                shape = [int(side) for side in detail["shape_signature"]]
                taken = resolve_dynamic(path, detail["name"], shape, np.dtype(detail["dtype"]).name)
                if taken.free:
                    interpreter.resize_tensor_input(detail["index"], taken.shape)
                inputs.append(taken)
                index_of[taken.name] = detail["index"]
            interpreter.allocate_tensors()
            output = interpreter.get_output_details()[0]["index"]
        except BenchError:
            raise
        except Exception as error:
            raise ManifestError(f"{path.name}: LiteRT cannot read it ({first_line(error)})") from error

    def run(arrays: Mapping[str, Array]) -> Array:
        for name, array in arrays.items():
            interpreter.set_tensor(index_of[name], array)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return ExternalRunner(run, tuple(inputs), runtime)


class _Session:
    """An interpreter with its tensors in place; calls wait for each other, for it holds one set of them."""

    def __init__(self, path: Path, **options: Any) -> None:
        check(path)
        with silence():
            from ai_edge_litert.interpreter import Interpreter

            try:
                self.interpreter = Interpreter(model_path=str(path), **options)
                self.interpreter.allocate_tensors()
                signature = self.interpreter.get_signature_runner("serving_default")
                tensors = signature.get_input_details()
                self._image, self._mask = tensors["image"]["index"], tensors["mask"]["index"]
                (output,) = signature.get_output_details().values()
                self._output = output["index"]
            except Exception as error:
                raise ManifestError(f"{path.name}: LiteRT cannot read it ({first_line(error)})") from error
        self._one_at_a_time = threading.Lock()

    def fill(self, image: Image, mask: Image) -> Image:
        with self._one_at_a_time:  # and by index: a signature runner plans its memory anew at each call
            self.interpreter.set_tensor(self._image, _to_nhwc(image))
            self.interpreter.set_tensor(self._mask, _to_nhwc(mask))
            self.interpreter.invoke()
            output = self.interpreter.get_tensor(self._output)
        return np.ascontiguousarray(output.transpose(0, 3, 1, 2))


def _to_nhwc(image: Image) -> Image:
    return np.ascontiguousarray(image.transpose(0, 2, 3, 1), dtype=np.float32)


def _export(network: torch.nn.Module, size_px: int, out: Path) -> None:
    os.environ.setdefault("LITERT_TORCH_SHOW_PROGRESS", "n")
    import litert_torch
    import torch

    class ChannelsLast(torch.nn.Module):
        """The same Fill on NHWC tensors; compositing out here saves the four TRANSPOSEs it would cost inside."""

        def __init__(self) -> None:
            super().__init__()
            self.network: Any = network

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            known = image * (1 - mask)
            holed = torch.cat([mask, known], dim=-1).permute(0, 3, 1, 2)
            filled: torch.Tensor = self.network.predict(holed).permute(0, 2, 3, 1)
            return known + filled.clamp(0, 1) * mask

    example = {"image": torch.zeros(1, size_px, size_px, 3), "mask": torch.zeros(1, size_px, size_px, 1)}
    litert_torch.convert(ChannelsLast().eval(), sample_kwargs=example).export(str(out))
    graph = TfliteGraph.load(out)
    graph.spread_by_moving()
    graph.save(out)


def _shapes(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """Shapes of the convolutions' weights by name, in the order in which they run."""
    return {name: call.weight_shape for name, call in layer_calls(network).items()}


def _finish(path: Path, contract: Contract) -> None:
    """Names the output and writes the contract into the file's metadata."""
    from ai_edge_litert import schema_py_generated as schema

    graph = TfliteGraph.load(path)
    model = graph.model
    model.description = "mobile-inpaint"
    for signature in model.signatureDefs:
        signature.outputs[0].name = contract.output.name
    entries = model.metadata or []
    ours = next((entry for entry in entries if entry.name.decode() == _METADATA_KEY), None)
    if ours is None:
        ours = schema.MetadataT()
        ours.name, ours.buffer = _METADATA_KEY, len(model.buffers)
        model.buffers.append(schema.BufferT())
        model.metadata = [*entries, ours]
    model.buffers[ours.buffer].data = list(contract.to_json().encode())
    graph.save(path)
