"""Latency reports: the JSON that bench keeps, edited."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

from . import models
from .case import Case, Judge, Outcome, Place
from .documents import hostile_json

_RECORD = Path(__file__).parents[2] / "benchmarks" / "results"


@functools.cache
def _good() -> tuple[dict[str, Any], ...]:
    """A few real reports, as different from each other as the record has them."""
    paths = sorted(_RECORD.glob("*/*.json"))
    chosen = {path.parent.name: path for path in paths}
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in list(chosen.values())[:6] + paths[:2])


def make(random: random.Random, place: Place) -> Case:
    """One verb on a report, often beside a good one."""
    good = random.choice(_good())
    good["times_ms"], good["warmup_ms"] = good["times_ms"][:40], good["warmup_ms"][:10]
    undamaged = random.random() < 0.03
    report, other = place.box / "a.json", place.box / "b.json"
    report.write_bytes(json.dumps(good).encode() if undamaged else hostile_json(random, good))
    other.write_text(json.dumps(good))
    pair = [str(report), str(other)][:: random.choice((1, -1))]
    json_too = ["--json"] if random.random() < 0.3 else []
    match random.choice(("compare", "compare", "gate", "report", "record", "which", "bench")):
        case "compare":
            return Case(["compare", *pair, *json_too], _valid(report), undamaged=undamaged)
        case "gate":
            return Case(["compare", *pair, "--fail-on-regression", "5%"], _valid(report), speaks=True)
        case "report":
            command = ["report", *pair, "--out", str(place.box / "page"), *json_too]
            return Case(command, _page(report, place.box / "page"), ("page", "page/*"), undamaged=undamaged)
        case "record":
            folder = place.box / "record" / "results" / "host"
            folder.mkdir(parents=True)
            report.rename(folder / "a.json")
            command = ["report", str(place.box / "record"), "--out", str(place.box / "page")]
            return Case(command, _page(folder / "a.json", place.box / "page"), ("page", "page/*"), undamaged=undamaged)
        case "which":
            kinds = ("host", "phone-mid", "browser")
            return Case(
                ["which", "--device-class", random.choice(kinds), *(f"--record={each}" for each in pair), *json_too],
                _valid(report),
                speaks=True,
            )
        case _:
            return Case(["bench", str(place.box / "no.onnx"), "--compare", str(report)], call=lambda _: _beside(report))


def _beside(report: Path) -> int:
    """What ``bench --compare FILE.json`` does with the file before it measures anything."""
    from mobile_inpaint.cli.bench import _reference

    return models.as_command(lambda: _reference(str(report), ("onnxruntime",)))


@functools.cache
def _schema() -> Any:
    import jsonschema

    import mobile_inpaint

    text = (Path(mobile_inpaint.__file__).parent / "bench" / "report" / "latency_report.schema.json").read_text(
        encoding="utf-8"
    )
    return jsonschema.Draft202012Validator(json.loads(text))


def _valid(report: Path) -> Judge:
    """What is accepted keeps to the schema that we publish."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        fault = next(_schema().iter_errors(json.loads(report.read_text(encoding="utf-8"))), None)
        return f"against the schema: {'.'.join(map(str, fault.absolute_path))}" if fault else None

    return judge


def _page(report: Path, page: Path) -> Judge:
    """And a page that is made of it runs nothing that stands in it."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code == 0 and "<script>alert" in (page / "report.html").read_text(encoding="utf-8"):
            return "text of the report is markup on the page"
        return _valid(report)(outcome)

    return judge
