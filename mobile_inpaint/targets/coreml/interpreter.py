"""An interpreter of the program inside a saved ``.mlpackage``, for machines that cannot run Core ML.

It reads the file, not the network the file was made from, and rounds to float16 and to int8 wherever the program does.
Arithmetic inside one operation is float32: how a Neural Engine accumulates is not documented, so this proves the file, not a
chip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.coreml.operations import Values, constant, operations
from mobile_inpaint.targets.coreml.spec import read_program, read_spec
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line

SCALAR = ("quantize", "dequantize")
"""Operations of which we know the form with one scale for the whole tensor."""
Shown = Callable[[str, npt.NDArray[np.float32]], None]


@dataclass(frozen=True)
class Step:
    """One operation that computes.

    Attributes:
        kind: the operation's type.
        name: the operation's own, by which the optimizers of coremltools know it.
        output: the tensor it makes.
        dtype: of that tensor: ``fp16``, ``fp32``, ``int8`` or ``uint8``.
        inputs: by parameter, the tensors and constants it reads.
    """

    kind: str
    name: str
    output: str
    dtype: str
    inputs: Mapping[str, str | tuple[str, ...]]

    @property
    def reads(self) -> tuple[str, ...]:
        """Every name among its inputs."""
        return tuple(name for value in self.inputs.values() for name in ((value,) if isinstance(value, str) else value))


class Program:
    """A Core ML program, loaded and ready to run.

    Args:
        path: the ``.mlpackage`` folder.

    Attributes:
        steps: what it computes, in order.
        constants: its constants, decompressed, by name.

    Raises:
        ManifestError: not a Core ML program, a damaged one, or one with an operation that this interpreter does not know, or
            with other names than its description.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        spec = read_spec(path)
        main = read_program(path, spec)
        described = [{feature.name for feature in features} for features in (spec.description.input, spec.description.output)]
        if described != [set(main.inputs), {output.name for output in main.outputs}]:
            raise ManifestError(f"{path.name}: its description and its program disagree about inputs and output")
        self._operations = operations()
        self.constants: Values = {}
        self.steps: list[Step] = []
        with silence():
            try:
                (output,) = main.outputs
                self._output: str = output.name
                self._inputs = {name: tuple(var.shape) for name, var in main.inputs.items()}
                for op in main.operations:
                    if op.op_type == "const" or op.op_type.startswith("constexpr_"):
                        self.constants[op.outputs[0].name] = constant(op)
                    else:
                        self.steps.append(_step(op))
            except ManifestError as error:
                raise ManifestError(f"{path.name}: {error}") from error
            except Exception as error:
                raise ManifestError(f"{path.name}: a damaged Core ML package ({first_line(error)})") from error
        unknown = {step.kind for step in self.steps} - self._operations.keys()
        unknown |= {f"{step.kind} along an axis" for step in self.steps if step.kind in SCALAR and "axis" in step.inputs}
        if unknown:
            raise ManifestError(f"{path.name}: our interpreter of Core ML programs does not know {', '.join(sorted(unknown))}")

    def __call__(
        self,
        inputs: Mapping[str, npt.NDArray[np.float32]],
        show: Shown | None = None,
    ) -> npt.NDArray[np.float32]:
        """The program's one output, float32, before any 8-bit rounding of an image-typed output.

        Args:
            inputs: NCHW, by name.
            show: is given the name and the values, NCHW, of each floating-point tensor once it is computed.

        Raises:
            ManifestError: the program takes other inputs, or cannot be run.
        """
        given = {name: value.shape for name, value in inputs.items()}
        if given != self._inputs:
            raise ManifestError(f"{self._name}: it takes {_shapes(self._inputs)}, not {_shapes(given)}")
        return self._run(inputs, show)

    def _run(self, inputs: Mapping[str, npt.NDArray[np.float32]], show: Shown | None) -> npt.NDArray[np.float32]:
        import torch

        values: Values = {
            name: torch.from_numpy(np.asarray(value, np.float32)).contiguous(memory_format=torch.channels_last)
            for name, value in inputs.items()
        }
        types = {"fp16": torch.float16, "fp32": torch.float32, "int8": torch.int8, "uint8": torch.uint8, "bool": torch.bool}
        remaining = self._uses()
        with torch.inference_mode():
            for step in self.steps:
                try:
                    values[step.output] = self._computed(step, values).to(types[step.dtype])
                except Exception as error:
                    raise ManifestError(
                        f"{self._name}: our interpreter cannot run {step.kind} {quoted(step.output)} ({first_line(error)})"
                    ) from error
                if show is not None and step.dtype.startswith("fp"):
                    show(step.output, values[step.output].float().numpy())
                for name in step.reads:
                    remaining[name] -= 1
                    if not remaining[name]:
                        values.pop(name, None)  # a 512-px map is 32 MiB: keep only what is still read
        if self._output not in values:
            raise ManifestError(f"{self._name}: nothing computes its output {quoted(self._output)}")
        output: npt.NDArray[np.float32] = values[self._output].float().contiguous().numpy()
        return output

    def _computed(self, step: Step, values: Values) -> Any:
        return self._operations[step.kind](
            {
                parameter: self._value(name, values) if isinstance(name, str) else [self._value(n, values) for n in name]
                for parameter, name in step.inputs.items()
            }
        )

    def _value(self, name: str, values: Values) -> Any:
        return values[name] if name in values else self.constants[name]

    def _uses(self) -> dict[str, int]:
        uses = {self._output: 1}
        for step in self.steps:
            for name in step.reads:
                uses[name] = uses.get(name, 0) + 1
        return uses


def _shapes(tensors: Mapping[str, tuple[Any, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in tensors.items())


def _step(op: Any) -> Step:
    from coremltools.converters.mil.mil import types

    inputs = {
        parameter: tuple(item.name for item in var) if isinstance(var, list | tuple) else var.name
        for parameter, var in op.inputs.items()
        if var is not None
    }
    return Step(op.op_type, op.name, op.outputs[0].name, types.builtin_to_string(op.outputs[0].dtype), inputs)
