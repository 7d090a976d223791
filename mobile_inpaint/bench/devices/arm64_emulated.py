"""An ARM64 machine played by qemu: whether a file computes there what it computes here. Its times mean nothing."""

from __future__ import annotations

import datetime
import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.bench.arm64 import root as arm64
from mobile_inpaint.bench.devices.registry import Device, DeviceRow
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.machine import commit, packages
from mobile_inpaint.bench.measure.pipeline import Scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.workload import load
from mobile_inpaint.bench.report.latency_report import Agreement, ColdStart, LatencyReport, Machine
from mobile_inpaint.errors import BenchError
from mobile_inpaint.precision import row_of

_RUNS = 2
_MOST_S = 3600.0
_SAME_DB = 200.0


class Emulated:
    """See :class:`~mobile_inpaint.bench.devices.registry.Device`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.devices.registry.Device`; one run on each of two inputs, however many the plan has.

        Raises:
            BenchError: what a file computes there is not what it computes here.
        """
        reports = []
        for done, candidate in enumerate(candidates, 1):
            reports.append(self._report(candidate, plan))
            advance(done, len(candidates))
        return tuple(reports)

    def _report(self, candidate: Candidate, plan: Plan) -> LatencyReport:
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        here = load(candidate, plan.threads)
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.npz"
            command = [str(candidate.path.absolute()), str(_RUNS), str(result)]
            arm64.run(self._root, "mobile_inpaint.bench.arm64.guest", command, _MOST_S)
            with np.load(result) as there:
                told: dict[str, Any] = json.loads(str(there["told"]))
                outputs = [there[str(i)] for i in range(_RUNS)]
        required_db = row_of(here.precision).other_processor_db
        apart = np.stack([there - here.run(i) for i, there in enumerate(outputs)]).astype(np.float64)
        squared = float(np.mean(apart**2))
        psnr_db = round(min(_SAME_DB, -10 * np.log10(squared)), 2) if squared > 0 else _SAME_DB
        agreement = Agreement(f"{here.runtime} on the host", psnr_db, float(np.abs(apart).max()), required_db)
        if not agreement.holds:
            raise BenchError(
                f"{candidate.name}: on ARM64 it computes something else: {psnr_db} dB of {required_db} to the host"
            )
        return LatencyReport(
            subject=here.subject,
            machine=Machine("arm64-emulated", arm64.CPU, 1, None, "Debian 12 aarch64", emulated_by=_qemu()),
            runtime=told["runtime"],
            accelerator="cpu",
            computes_in=told["computes_in"],
            threads=1,
            timed="dispatch" if np.array_equal(*outputs) else "completion",
            warmup_ms=(),
            times_ms=tuple(told["times_ms"]),
            cold_starts=(ColdStart(told["load_ms"], told["times_ms"][0], None),),
            pipeline=None,
            in_turn_with=(),
            date=date,
            load_average=None,
            packages=packages(),
            commit=commit(),
            command=plan.command,
            warnings=("an emulated processor: its times mean nothing", *here.warnings),
            agreement=agreement,
        )


def connect(name: str, row: DeviceRow) -> Device:
    """The emulated machine, put together on first use.

    Raises:
        DeviceUnavailable: qemu or apt is not here, or something cannot be fetched.
    """
    return Emulated(arm64.make())


def _qemu() -> str:
    told = subprocess.run([arm64.QEMU, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return f"qemu {told[2]}" if len(told) > 2 else "qemu"
