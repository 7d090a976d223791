from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_inpaint.bench.report.json_schema import json_schema
from mobile_inpaint.bench.report.latency_report import Agreement, LatencyReport, Thermal
from mobile_inpaint.errors import BenchError

RESULTS = sorted((Path(__file__).parents[2] / "benchmarks" / "results").glob("*/*.json"))
SHIPPED = json.loads((resources.files("mobile_inpaint.bench.report") / "latency_report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SHIPPED)

Report = Callable[..., LatencyReport]


def test_the_schema_that_ships_is_that_of_the_dataclass() -> None:
    VALIDATOR.check_schema(SHIPPED)
    assert json_schema() == SHIPPED, (
        "run: python -m mobile_inpaint.bench.report.json_schema > mobile_inpaint/bench/report/latency_report.schema.json"
    )


def test_every_field_says_what_it_is() -> None:
    for name in ("LatencyReport", "Thermal", "Agreement", "ColdStart"):
        described = SHIPPED["$defs"][name]["properties"]
        assert all("description" in one for one in described.values()), name


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_every_result_of_the_record_fits(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


def test_a_whole_report_fits(report: Report) -> None:
    full = report(thermal=Thermal(31.5, 36.0), placement={"gpu": 509}, agreement=Agreement("golden vector", 58.0, 0.01, 50.0))
    VALIDATOR.validate(json.loads(full.to_json()))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 99},
        {"times_ms": []},
        {"times_ms": [1.0, 0.0]},
        {"times_ms": [1.0, "2"]},
        {"timed": "something"},
        {"colour": "red"},
        {"threads": True},
        {"threads": 1.5},
        {"machine": {"device": "host"}},
        {"energy_mj": "much"},
        {"placement": {"gpu": "all"}},
    ],
    ids=str,
)
def test_it_refuses_what_loading_refuses(report: Report, tmp_path: Path, change: dict[str, Any]) -> None:
    document = json.loads(report().to_json()) | change
    assert not VALIDATOR.is_valid(document)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BenchError):
        LatencyReport.load(path)
