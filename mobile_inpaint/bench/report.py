"""LatencyReport: what one file did on one device. Raw times are kept; every statistic is derived from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mobile_inpaint import strict
from mobile_inpaint.errors import BenchError

SCHEMA = 1
UNSTEADY = 0.10
"""The interquartile range, as a share of the median, above which a timing is called unsteady."""


@dataclass(frozen=True)
class Statistics:
    """Of a series of times in milliseconds.

    Percentiles interpolate linearly between the two nearest times (Hyndman and Fan's definition 7, numpy's default); the
    deviation is that of a sample (n - 1).
    """

    n: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    std_ms: float
    iqr_ms: float
    min_ms: float
    max_ms: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Statistics:
        """The statistics of ``times_ms``, which holds at least one."""
        p25, p50, p75, p90, p95, p99 = np.percentile(times_ms, (25, 50, 75, 90, 95, 99)).tolist()
        std = float(np.std(times_ms, ddof=1)) if len(times_ms) > 1 else 0.0
        mean = float(np.mean(times_ms))
        return cls(len(times_ms), p50, p90, p95, p99, mean, std, p75 - p25, min(times_ms), max(times_ms))

    @property
    def unsteady(self) -> bool:
        """The middle half of the times spans more than a tenth of their median."""
        return self.iqr_ms > UNSTEADY * self.p50_ms


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as a reference, over the rounds in which both were timed: the median and its spread."""

    median: float
    p10: float
    p90: float

    @classmethod
    def of(cls, reference_ms: Sequence[float], times_ms: Sequence[float]) -> Ratio:
        """The ratio of ``reference_ms`` to ``times_ms``, round by round; above 1 is faster than the reference."""
        ratios = np.asarray(reference_ms) / np.asarray(times_ms)
        p10, p50, p90 = np.percentile(ratios, (10, 50, 90)).tolist()
        return cls(p50, p10, p90)


@dataclass(frozen=True)
class Subject:
    """What was timed.

    Attributes:
        name: the file's; behind an ``@`` the runtime, where it is not the format's own.
        sha256, bytes: of the file; a folder's as in its manifest.
        inputs: dtype and shape by name, as the file takes them.
        network, checkpoint, precision, size_px: as its manifest says; None for a file without one.
    """

    name: str
    sha256: str
    bytes: int
    inputs: dict[str, str]
    network: str | None = None
    checkpoint: str | None = None
    precision: str | None = None
    size_px: int | None = None

    @property
    def file_mb(self) -> float:
        """In millions of bytes."""
        return self.bytes / 1e6


@dataclass(frozen=True)
class Machine:
    """What it was timed on.

    Attributes:
        device: a name in devices.toml.
        chip: the processor's own name.
        cores: those this process may use.
        memory_mb: of the machine; None where the system does not say.
    """

    device: str
    chip: str
    cores: int
    memory_mb: int | None
    os: str


@dataclass(frozen=True)
class ColdStart:
    """A fresh process that had imported the runtime and nothing of the file; the file itself may be in the disk cache.

    Attributes:
        load_ms: from the path to a session that can run.
        first_ms: the first run after that.
        peak_bytes: most memory the process held, less what it held before loading; None where the system does not say.
    """

    load_ms: float
    first_ms: float
    peak_bytes: int | None


@dataclass(frozen=True)
class Pipeline:
    """A whole photo through the Compositor, in each run's three parts; the ``i``-th of each belong to one run.

    Attributes:
        photo: width x height and the hole's share, for example ``4000x3000, hole 0.7 %``.
        pre_ms: until the network is called for the first time.
        net_ms: in the network, all calls together.
        post_ms: the rest, which is between two calls and behind the last.
    """

    photo: str
    pre_ms: tuple[float, ...]
    net_ms: tuple[float, ...]
    post_ms: tuple[float, ...]

    @property
    def total_ms(self) -> tuple[float, ...]:
        """Of each run."""
        return tuple(map(sum, zip(self.pre_ms, self.net_ms, self.post_ms, strict=True)))

    @property
    def medians_ms(self) -> tuple[float, float, float]:
        """Before, in and behind the network."""
        return float(np.median(self.pre_ms)), float(np.median(self.net_ms)), float(np.median(self.post_ms))


@dataclass(frozen=True)
class LatencyReport:
    """One file on one device.

    Attributes:
        subject, machine: what, and on what.
        runtime, accelerator: for example ``onnxruntime 1.31.1`` on ``cpu``.
        computes_in: the arithmetic, where the runtime says.
        threads: given to the runtime.
        timed: ``completion`` where the output was seen to change with the input each time, else ``dispatch``.
        warmup_ms, times_ms: of every run, in order.
        cold_starts: each in a process of its own.
        pipeline: where it was asked for.
        in_turn_with: names of the files timed in the same rounds; their reports carry the same date.
        date: when the measurement began, UTC, ISO 8601.
        load_average: runnable processes over the minute before, None where the system does not say.
        packages: versions by distribution.
        commit: of the checkout this package ran from, ``-dirty`` where the package had changes; None when installed otherwise.
        command: what to type to measure it again.
        warnings: why to doubt it.
        schema: of this JSON.
    """

    subject: Subject
    machine: Machine
    runtime: str
    accelerator: str
    computes_in: str | None
    threads: int
    timed: Literal["completion", "dispatch"]
    warmup_ms: tuple[float, ...]
    times_ms: tuple[float, ...]
    cold_starts: tuple[ColdStart, ...]
    pipeline: Pipeline | None
    in_turn_with: tuple[str, ...]
    date: str
    load_average: float | None
    packages: dict[str, str]
    commit: str | None
    command: str
    warnings: tuple[str, ...]
    schema: int = SCHEMA

    @property
    def statistics(self) -> Statistics:
        """Of the timed runs."""
        return Statistics.of(self.times_ms)

    @property
    def load_ms(self) -> float | None:
        """Median cold load."""
        return _median([start.load_ms for start in self.cold_starts])

    @property
    def first_ms(self) -> float | None:
        """Median first run."""
        return _median([start.first_ms for start in self.cold_starts])

    @property
    def peak_mb(self) -> float | None:
        """Largest memory of all cold starts, in millions of bytes."""
        peaks = [start.peak_bytes for start in self.cold_starts if start.peak_bytes is not None]
        return max(peaks) / 1e6 if peaks else None

    def to_json(self) -> str:
        """The report as a document that :meth:`load` reads."""
        return json.dumps(strict.dump(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, path: Path) -> LatencyReport:
        """The report at ``path``.

        Raises:
            BenchError: unreadable, not a report, without times, or of a newer schema.
        """
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BenchError(f"{path}: not a latency report ({error})") from error
        schema = table.get("schema") if isinstance(table, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            raise BenchError(f"{path.name}: schema {schema} is newer than this package reads ({SCHEMA}); upgrade it")
        report = strict.load(cls, table, path.name, BenchError)
        if not report.times_ms or min(report.times_ms) <= 0:
            raise BenchError(f"{path.name}: 'times_ms' must hold times above zero")
        return report


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None
