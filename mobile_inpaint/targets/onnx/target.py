"""ONNX, run by ONNX Runtime."""

from __future__ import annotations

import collections
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobile_inpaint.artifact import Contract, Io, TensorSpec
from mobile_inpaint.errors import ConversionError, ManifestError
from mobile_inpaint.photo.image import Image, Sample
from mobile_inpaint.precision import Precision, row_of
from mobile_inpaint.targets.admission import admit
from mobile_inpaint.targets.admission import onnx as admission
from mobile_inpaint.targets.base import Observer, Runner, Target
from mobile_inpaint.targets.checked import cannot_run, checked, checked_photo
from mobile_inpaint.targets.graph import Graph
from mobile_inpaint.targets.layers import layers
from mobile_inpaint.targets.observers import Ranges
from mobile_inpaint.targets.onnx import graph, pipeline, quantizer
from mobile_inpaint.targets.onnx.providers import providers
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.share import bytes_at_a_time
from mobile_inpaint.targets.signature import Array, ExternalRunner, resolve_dynamic
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line, versions

if TYPE_CHECKING:
    import torch

OPSET = 18
"""Old enough for the runtimes on phones and in browsers, new enough for every operation here."""

_METADATA_KEY = "mobile_inpaint"
_ORT_DTYPES = {"float": "float32", "double": "float64"}


class OnnxTarget(Target):
    """NCHW float32 in and out, whatever the weights are stored in."""

    name = "onnx"
    suffix = ".onnx"
    precisions: tuple[Precision, ...] = ("fp32", "fp16", "w8a32", "w8a16", "w8a8")
    requirement = "mobile-inpaint[onnx]"
    distributions = ("onnx", "onnxscript", "torch")
    runtime = ("onnxruntime", "onnxruntime")
    imports = ("onnx.reference",)

    def tensors(self, size_px: int, io: Io = "tensor") -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        if io == "photo":
            return pipeline.tensors()
        return super().tensors(size_px)

    def admit(self, path: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        admission.check(path)

    def bytes_beside(self, path: Path) -> int:
        """See :class:`~mobile_inpaint.targets.base.Target`: the weights that a large file keeps in others."""
        return admission.bytes_beside(path)

    def lint_rules(self) -> Traversable:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return resources.files(__package__) / "rules.toml"

    def read_graph(self, path: Path) -> Graph:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return graph.read(path)

    def load_external(self, path: Path, *, threads: int | None = None) -> ExternalRunner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return _load_external(path, threads, self._runtime())

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        self.tools()
        try:
            with silence():
                model = _export(network, contract.size_px)
                if contract.precision == "fp16":
                    _store_weights_as_fp16(model)
                elif contract.precision == "w8a32":
                    quantizer.store_weights_as_int8(model)
                _write(model, contract, out)
        except Exception as error:
            raise ConversionError(f"onnx: the exporter failed: {first_line(error)}") from error

    def quantize(self, source: Path, network: torch.nn.Module, contract: Contract, ranges: Ranges, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        assert contract.quantization is not None
        bits = row_of(contract.precision).activation_bits
        try:
            with silence():
                model = quantizer.quantize(_load(source), ranges, contract.quantization, layers(network), bits)
                _write(model, contract, out)
        except Exception as error:
            raise ConversionError(f"onnx: the quantizer failed: {first_line(error)}") from error

    def wrap(self, source: Path, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        try:
            with silence():
                _write(pipeline.wrap(_load(source), contract), contract, out)
        except Exception as error:
            raise ConversionError(f"onnx: the compositor did not go round the network: {first_line(error)}") from error

    def load_photo(self, path: Path, *, threads: int | None = None) -> PhotoRunner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        runtime = self._runtime()
        integers = "QuantizeLinear" in self.ops(path)
        fill = pipeline.fill_by(open_session(path, threads, integers=integers), self.read_contract(path).hole)
        return PhotoRunner(checked_photo(path, fill), runtime, "int8" if integers else "fp32", None)

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        runtime = self._runtime()
        integers = "QuantizeLinear" in self.ops(path)
        session = open_session(path, threads, integers=integers)

        def fill(image: Image, mask: Image) -> Image:
            output: Image = session.run(["output"], {"image": image, "mask": mask})[0]
            return output

        return Runner(checked(path, fill), runtime, "int8" if integers else "fp32")

    def observe(self, path: Path, samples: Sequence[Sample], see: Observer) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        _observe(path, samples, see)

    def read_contract(self, path: Path) -> Contract:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        text = next((item.value for item in _load(path).metadata_props if item.key == _METADATA_KEY), None)
        if text is None:
            raise ManifestError(f"{path.name}: its metadata holds no contract of ours")
        return Contract.from_json(text, f"{path.name} (its metadata)")

    def ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return dict(sorted(collections.Counter(node.op_type for node in _nodes(_load(path).graph)).items()))

    def float_ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return quantizer.float_ops(_load(path))

    def _runtime(self) -> str:
        return f"onnxruntime {versions('onnx', ('onnxruntime',))['onnxruntime']}"


TARGET: Target = OnnxTarget()


def open_session(path: Path, threads: int | None, *, integers: bool = False) -> Any:
    """The file at ``path`` in ONNX Runtime, on the CPU unless ``--device`` says otherwise.

    Args:
        path: of the file.
        threads: None leaves it to the runtime.
        integers: whether it computes in them.

    Raises:
        ManifestError: the runtime cannot read it.
    """
    admit(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or 0
    # threads that wait in a loop between operations starve whatever else runs on a phone's or a laptop's few cores
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if integers and _cuts_sums():
        # Not for files of which only the weights are integers, which ONNX Runtime 1.31.1 then cannot load.
        options.add_session_config_entry("session.x64quantprecision", "1")
    wanted = providers()
    try:
        return onnxruntime.InferenceSession(path, options, providers=wanted)
    except Exception as error:
        raise ManifestError(f"{path.name}: ONNX Runtime cannot read it ({first_line(error)})") from error


def _load_external(path: Path, threads: int | None, runtime: str) -> ExternalRunner:
    session = open_session(path, threads)
    inputs = []
    for node in session.get_inputs():
        kind = node.type.removeprefix("tensor(").removesuffix(")")
        inputs.append(resolve_dynamic(path, node.name, node.shape, _ORT_DTYPES.get(kind, kind)))
    if not session.get_outputs():
        raise ManifestError(f"{path.name}: it has no output, so there is nothing to run")
    output = session.get_outputs()[0].name

    def run(arrays: Mapping[str, Array]) -> Array:
        return np.asarray(session.run([output], dict(arrays))[0])

    return ExternalRunner(run, tuple(inputs), runtime)


def _cuts_sums(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether ONNX Runtime, left to itself, may cut sums of 8-bit products off at 16 bits on this processor.

    An x86 without VNNI multiplies unsigned bytes by signed ones two at a time and cuts their sum off: a fill loses five times
    as much by integers. To keep the whole sum takes a third more time there, and with VNNI, where it is kept anyway, twice
    the time. Where the system does not name the processor's instructions, whole sums are worth more than time.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    try:
        return "vnni" not in cpuinfo.read_text(encoding="utf-8")
    except OSError:
        return True


def _load(path: Path) -> Any:
    """The model with all its tensors, those in files beside it too."""
    versions("onnx", ("onnx",))
    admit(path)
    import onnx

    try:
        return onnx.load(path)
    except Exception as error:
        raise ManifestError(f"{path.name}: not an ONNX file ({first_line(error)})") from error


def _nodes(graph: Any) -> Iterator[Any]:
    """All nodes, those inside loops with them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                yield from _nodes(body)


def _observe(path: Path, samples: Sequence[Sample], see: Observer) -> None:
    """Shows ``see`` every float tensor that the file computes, so many at a time as fit into a share of the memory."""
    model = _load(path)
    try:
        session, values = _all_outputs(model)
    except Exception as error:
        raise cannot_run(path, error) from error
    groups: list[list[str]] = [[]]
    share = room = bytes_at_a_time()
    for value in values:
        size = 4 * math.prod(d.dim_value for d in value.type.tensor_type.shape.dim)
        if size > room:
            groups.append([])
            room = share
        groups[-1].append(value.name)
        room -= size
    for image, mask in samples:
        for names in filter(None, groups):
            try:
                arrays = session.run(names, {"image": image, "mask": mask})
            except Exception as error:
                raise cannot_run(path, error) from error
            for name, array in zip(names, arrays, strict=True):
                see(name, array)


def _all_outputs(model: Any) -> tuple[Any, list[Any]]:
    """A session that can return every float tensor that ``model`` computes, and those tensors."""
    import onnx
    import onnxruntime

    seen = onnx.shape_inference.infer_shapes(model)
    computed = {name for node in seen.graph.node if node.op_type != "Constant" for name in node.output}
    known = [*seen.graph.value_info, *seen.graph.output]
    values = [v for v in known if v.name in computed and v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT]
    already = {v.name for v in seen.graph.output}
    seen.graph.output.extend(v for v in values if v.name not in already)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(seen.SerializeToString(), options, providers=["CPUExecutionProvider"]), values


def _export(network: torch.nn.Module, size_px: int) -> Any:
    import torch
    from onnx_ir.passes.common import DeduplicateInitializersPass

    example = (torch.zeros(1, 3, size_px, size_px), torch.zeros(1, 1, size_px, size_px))
    program = torch.onnx.export(
        network,
        example,
        dynamo=True,
        opset_version=OPSET,
        input_names=["image", "mask"],
        output_names=["output"],
        external_data=False,
        verbose=False,
    )
    assert program is not None
    DeduplicateInitializersPass(size_limit=1 << 30)(program.model)
    return program.model_proto


def _store_weights_as_fp16(model: Any) -> None:
    """Halves every convolution weight and map, with a Cast behind each.

    Runtimes fold the Cast when they load the file, so a CPU computes in float32 as fast as before. Computing in float16
    would be a fifth of the speed on a CPU, which has no such kernels.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + "_fp16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], name=name + "_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _write(model: Any, contract: Contract, out: Path) -> None:
    import onnx

    for item in (*model.graph.node, *model.graph.initializer, *model.graph.value_info, model.graph):
        del item.metadata_props[:]  # traces of the exporter: this machine's paths among them
    del model.graph.value_info[:]
    model.producer_name, model.producer_version = "mobile-inpaint", contract.tools.get("mobile-inpaint", "")
    onnx.helper.set_model_props(model, {_METADATA_KEY: contract.to_json(), "license": contract.provenance.licence})
    onnx.checker.check_model(model)
    onnx.save(model, out)
