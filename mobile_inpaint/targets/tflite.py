"""TFLite, converted by LiteRT Torch and run by LiteRT's interpreter."""

from __future__ import annotations

import collections
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobile_inpaint.artifact import Contract, Precision, TensorSpec
from mobile_inpaint.errors import ConversionError, ManifestError
from mobile_inpaint.photo.image import Image, Sample
from mobile_inpaint.targets.base import Runner, See
from mobile_inpaint.targets.silence import silence
from mobile_inpaint.targets.toolchain import first_line, versions

if TYPE_CHECKING:
    import torch

_METADATA_KEY = "mobile_inpaint"
_NAME_OF_OUTPUT = "output"


class TfliteTarget:
    """NHWC float32 in and out, by the signature ``serving_default``."""

    name = "tflite"
    suffix = ".tflite"
    precisions: tuple[Precision, ...] = ("fp32", "fp16")
    extra = "tflite"
    deployments: tuple[str, ...] = ()

    def tensors(self, size_px: int) -> tuple[tuple[TensorSpec, ...], TensorSpec]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        rgb, grey = (1, size_px, size_px, 3), (1, size_px, size_px, 1)
        return (
            TensorSpec("image", "NHWC", rgb, "float32", 0.0, 1.0, "RGB"),
            TensorSpec("mask", "NHWC", grey, "float32", 0.0, 1.0, "grey"),
        ), TensorSpec(_NAME_OF_OUTPUT, "NHWC", rgb, "float32", 0.0, 1.0, "RGB")

    def tools(self) -> dict[str, str]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        return versions(self.extra, ("litert-torch", "litert-converter", "ai-edge-quantizer", "torch"))

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path, samples: Sequence[Sample] = ()) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        self.tools()
        try:
            with silence():
                _export(network, contract.size_px, out)
                if contract.precision == "fp16":
                    _store_weights_as_fp16(out)
                _finish(out, contract)
        except Exception as error:
            raise ConversionError(f"tflite: the converter failed: {first_line(error)}") from error

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        version = versions(self.extra, ("ai-edge-litert",))["ai-edge-litert"]
        with silence():
            from ai_edge_litert.interpreter import Interpreter

            try:
                interpreter = Interpreter(model_path=str(path), num_threads=threads)
                interpreter.allocate_tensors()
                signature = interpreter.get_signature_runner("serving_default")
                tensors = signature.get_input_details() | signature.get_output_details()
                at = {name: tensors[name]["index"] for name in ("image", "mask", _NAME_OF_OUTPUT)}
            except Exception as error:
                raise ManifestError(f"{path.name}: LiteRT cannot read it ({first_line(error)})") from error
        one_at_a_time = threading.Lock()  # an interpreter holds one set of tensors

        def fill(image: Image, mask: Image) -> Image:
            with one_at_a_time:  # and by index: a signature runner plans its memory anew at each call
                interpreter.set_tensor(at["image"], _to_nhwc(image))
                interpreter.set_tensor(at["mask"], _to_nhwc(mask))
                interpreter.invoke()
                output = interpreter.get_tensor(at[_NAME_OF_OUTPUT])
            return np.ascontiguousarray(output.transpose(0, 3, 1, 2))

        return Runner(fill, f"ai-edge-litert {version}", "fp32")

    def watch(self, path: Path, samples: Sequence[Sample], see: See) -> None:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        raise NotImplementedError

    def read_contract(self, path: Path) -> Contract:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        model = _load(path)
        for entry in model.metadata or []:
            if entry.name.decode() == _METADATA_KEY:
                text = bytes(model.buffers[entry.buffer].data).decode()
                return Contract.from_json(text, f"{path.name} (its metadata)")
        raise ManifestError(f"{path.name}: its metadata holds no contract of ours")

    def ops(self, path: Path) -> dict[str, int]:
        """See :class:`~mobile_inpaint.targets.base.Target`."""
        from ai_edge_litert import schema_py_generated as schema

        model = _load(path)
        names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
        operators = (operator for graph in model.subgraphs for operator in graph.operators)
        return dict(sorted(collections.Counter(names[codes[operator.opcodeIndex]] for operator in operators).items()))


TARGET = TfliteTarget()


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


def _store_weights_as_fp16(path: Path) -> None:
    """Halves every weight, with a DEQUANTIZE behind each; runtimes fold those or compute in float16 throughout."""
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer

    halve = quantizer.Quantizer(str(path))
    halve.update_quantization_recipe(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT),
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        ),
        algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING,
    )
    halved = halve.quantize().quantized_model
    path.write_bytes(bytes(halved))


def _load(path: Path) -> Any:
    versions("tflite", ("ai-edge-litert",))
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise ManifestError(f"{path.name}: not a TFLite file")
    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
    except Exception as error:
        raise ManifestError(f"{path.name}: a damaged TFLite file ({error})") from error
    for buffer in model.buffers:
        if buffer.offset > 1:  # the quantizer appends large constants behind the flatbuffer; packing again takes them in
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def _finish(path: Path, contract: Contract) -> None:
    """Names the output and writes the contract into the file's metadata."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = _load(path)
    model.description = "mobile-inpaint"
    for signature in model.signatureDefs:
        signature.outputs[0].name = _NAME_OF_OUTPUT
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(contract.to_json().encode())
    entry.name, entry.buffer = _METADATA_KEY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(path.stat().st_size + 65536)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
