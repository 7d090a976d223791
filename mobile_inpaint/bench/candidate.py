"""What bench measures: a model file, and by what it is run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import BenchError
from mobile_inpaint.targets.openvino import RUNTIMES


@dataclass(frozen=True)
class Candidate:
    """A model file and its runtime; as text ``FILE`` or ``FILE@RUNTIME``, for example ``a.onnx@openvino-bf16``.

    Attributes:
        runtime: one of :data:`~mobile_inpaint.targets.openvino.RUNTIMES`; None is the format's own.
    """

    path: Path
    runtime: str | None = None

    @classmethod
    def parse(cls, text: str) -> Candidate:
        """What ``text`` names; an ``@`` before the suffix belongs to the file's name.

        Raises:
            BenchError: no such runtime, or one that does not run such files.
        """
        named = re.fullmatch(r"(?P<path>.+\.\w+)@(?P<runtime>[a-z][\w-]*)", text)
        if named is None:
            return cls(Path(text))
        path, runtime = Path(named["path"]), named["runtime"]
        if runtime not in RUNTIMES:
            raise BenchError(f"{text}: no runtime '{runtime}': there are {', '.join(RUNTIMES)}; none: the format's own")
        if path.suffix != ".onnx":
            raise BenchError(f"{text}: {runtime} runs .onnx files")
        return cls(path, runtime)

    def __str__(self) -> str:
        return self._with_runtime(str(self.path))

    @property
    def name(self) -> str:
        """Without the folder."""
        return self._with_runtime(self.path.name)

    def _with_runtime(self, file: str) -> str:
        return f"{file}@{self.runtime}" if self.runtime else file
