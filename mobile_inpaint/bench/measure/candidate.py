"""What bench measures: a model file, and by what it is run."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted, shown
from mobile_inpaint.targets.onnx.openvino import OF, RUNTIMES
from mobile_inpaint.targets.registry import get_target, has_format


@dataclass(frozen=True)
class Candidate:
    """A model file and its runtime; as text ``FILE`` or ``FILE@RUNTIME``, for example ``a.onnx@openvino-bf16``.

    Attributes:
        runtime: one that the kind of device has (``runtimes`` in devices.toml): another runtime, or the unit that the format's
            own computes on; None is the format's own, where it computes by default.
    """

    path: Path
    runtime: str | None = None

    @classmethod
    def parse(cls, text: str, runtimes: Collection[str] = tuple(RUNTIMES)) -> Candidate:
        """What ``text`` names; an ``@`` before the suffix belongs to the file's name.

        Args:
            text: as typed.
            runtimes: those that the device has; this machine's unless said otherwise.

        Raises:
            BenchError: no such runtime, or one that does not run such files.
        """
        named = re.fullmatch(r"(?P<path>.+\.\w+)@(?P<runtime>[a-z][\w-]*)", text)
        if named is None:
            return cls(Path(text))
        path, runtime = Path(named["path"]), named["runtime"]
        if runtime not in runtimes:
            there = f"there are {', '.join(runtimes)}; none" if runtimes else "that device has none to choose; none"
            raise BenchError(f"{shown(text)}: no runtime {quoted(runtime)}: {there}: the format's own")
        if runtime in RUNTIMES and not has_format(path, OF):
            raise BenchError(f"{text}: {runtime} runs {get_target(OF).suffix} files")
        return cls(path, runtime)

    def __str__(self) -> str:
        return self._with_runtime(str(self.path))

    @property
    def name(self) -> str:
        """Without the folder."""
        return self._with_runtime(self.path.name)

    def _with_runtime(self, file: str) -> str:
        return f"{file}@{self.runtime}" if self.runtime else file
