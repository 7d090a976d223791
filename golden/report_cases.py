"""report.json: the statistics of raw times, the doubts they raise, and whole reports that read and write alike."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import manifest_cases

from mobile_inpaint import schema
from mobile_inpaint.bench.measure.statistics import Statistics, doubts
from mobile_inpaint.bench.report.latency_report import (
    Agreement,
    ColdStart,
    LatencyReport,
    Machine,
    Pipeline,
    Series,
    Subject,
    Thermal,
)
from mobile_inpaint.errors import BenchError

_NAME = "report.json"


def document() -> dict[str, list[Any]]:
    """All of the file."""
    steady = [20.5 + 0.125 * (i * 7 % 11) for i in range(30)]
    series = {
        "one": [12.5],
        "two": [10.0, 20.0],
        "steady": steady,
        "one slow": [*steady, 1000.0],
        "to and fro": [100.0, 130.0] * 8,
        "slower towards the end": [100.0] * 9 + [103.0] * 9 + [112.0] * 9,
    }
    return {
        "statistics": [_statistics(name, times) for name, times in series.items()],
        "doubts": [
            {"name": name, "times_ms": times, "completed": completed, "doubts": list(doubts(times, completed))}
            for name, times in series.items()
            for completed in (True, False)
        ],
        "reports": [_report(name, report) for name, report in (("the least", least()), ("everything", most()))],
        "refused": [_refused(*row) for row in _broken()],
    }


def least() -> LatencyReport:
    """What an app writes without knowing more."""
    return LatencyReport(
        subject=Subject("toy.onnx", "0" * 64, 547, {"image": "float32 1x3x16x16", "mask": "float32 1x1x16x16"}),
        machine=Machine("browser", "unknown", 4, None, "Linux"),
        runtime="onnxruntime-web 1.30.0",
        accelerator="cpu",
        computes_in=None,
        threads=2,
        timed="completion",
        warmup_ms=(30.0,),
        times_ms=(21.0, 20.25, 20.5, 1e-05, 123456789.125),
        cold_starts=(),
        pipeline=None,
        in_turn_with=(),
        date="2026-11-21T18:40:00+00:00",
        load_average=None,
        packages={},
        commit=None,
        command="",
        warnings=(),
    )


def most() -> LatencyReport:
    """With every part there is."""
    base = least()
    return dataclasses.replace(
        base,
        subject=dataclasses.replace(
            base.subject,
            network="toy-16",
            checkpoint="toy",
            precision="w8a8",
            size_px=16,
            quality=manifest_cases.manifest().quality,
            timing_only=True,
        ),
        machine=Machine("pixel-8a", 'Zoë "π" \\ 😀\n', 8, 7629, "Android 15", 1200, "qemu"),
        cold_starts=(ColdStart(100.5, 40.0, 12_000_000, 8_000_000, 3.25), ColdStart(90.0, 41.5, None)),
        pipeline=Pipeline("4000x3000, hole 0.7 %", (1.0, 2.0), (20.0, 21.0), (5.5, 4.5)),
        in_turn_with=("other.onnx",),
        load_average=0.5,
        packages={"mobile-inpaint": "0.1.0"},
        commit="39c80ad",
        warnings=("unsteady: the middle half of the times spans 20% of their median",),
        dispatch_ms=(0.5, 0.25, 0.5, 0.5, 0.5),
        thermal=Thermal(30.5, 33.0, 38.0, 12.0, "light", 0),
        energy_mj=812.5,
        placement={"cpu": 3, "npu": 500},
        agreement=Agreement("golden vector of the manifest", 70.25, 0.001, 50.0),
        series=(Series(10, 0.5, 19.0, 25.0, 20.5, None),),
    )


def _statistics(name: str, times: list[float]) -> dict[str, Any]:
    its = Statistics.of(times)
    return {"name": name, "times_ms": times, **schema.dump(its), "unsteady": its.unsteady}


def _report(name: str, report: LatencyReport) -> dict[str, Any]:
    return {
        "name": name,
        "text": report.to_json(),
        "statistics": schema.dump(report.statistics),
        "load_ms": report.load_ms,
        "first_ms": report.first_ms,
        "compile_ms": report.compile_ms,
        "retained_mb": report.retained_mb,
        "peak_mb": report.peak_mb,
        "may_be_unfinished": report.may_be_unfinished,
    }


def _broken() -> list[tuple[str, str]]:
    table = schema.dump(least())

    def changed(**change: object) -> str:
        return json.dumps(table | change)

    return [
        ("empty", ""),
        ("not a table", "[1, 2]"),
        ("a newer schema", changed(schema=99)),
        ("no times", changed(times_ms=[])),
        ("a time of zero", changed(times_ms=[20.0, 0.0])),
        ("a time without end", changed(times_ms=[20.0]).replace("20.0", "1e999")),
        ("a text among the times", changed(times_ms=["fast"])),
        ("an unknown way of timing", changed(timed="guess")),
        ("an unknown key", changed(battery=3)),
        ("a key missing", json.dumps({key: value for key, value in table.items() if key not in ("runtime", "date")})),
        ("a wrong cold start", changed(cold_starts=[{"load_ms": 1.0, "first_ms": None, "peak_bytes": 2.5}])),
    ]


def _refused(name: str, text: str) -> dict[str, Any]:
    try:
        LatencyReport.from_json(text, _NAME)
    except BenchError as error:
        return {"name": name, "text": text, "refused": str(error)}
    raise AssertionError(f"{name}: is not refused")
