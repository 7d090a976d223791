"""Manifests: the JSON beside an artifact, edited."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import models, stock
from .case import Case, Judge, Outcome, Place
from .documents import hostile_json

_ARTIFACTS = ("toy-fp32.onnx", "toy-fp32.tflite", "toy-fp16.onnx", "toy-w8a8.onnx")


def make(random: random.Random, place: Place) -> Case:
    """One verb on a good artifact with a damaged manifest."""
    name = random.choices(_ARTIFACTS, (6, 2, 1, 1))[0]
    artifact, undamaged = models.copy(name, place), random.random() < 0.03
    manifest = place.box / f"{name}.json"
    text = stock.manifest_text(name)
    manifest.write_bytes(text.encode() if undamaged else hostile_json(random, json.loads(text)))
    case = _verb(random, place, artifact, manifest, json.loads(text))
    return replace(case, undamaged=undamaged)


def _verb(random: random.Random, place: Place, artifact: Path, manifest: Path, good: dict[str, Any]) -> Case:
    verbs = ["info", "info", "info", "fill", "bundle", "bundle", "folder"] + ["verify"] * (
        good["contract"]["precision"] == "fp32"
    )
    folder = ("app", "app/*")
    match random.choice(verbs):
        case "info":
            return Case(["info", str(artifact), *(("--json",) if random.random() < 0.3 else ())], _told(manifest, good))
        case "fill":
            return models.fill_by(place, artifact)
        case "verify":
            return Case(["verify", str(artifact), "--model", str(stock.path(stock.CHECKPOINT))], _same_contract(manifest, good))
        case "bundle":
            judge = _same_contract(manifest, good)
            return Case(["bundle", str(artifact), "--app", "android", "--into", str(place.box / "app")], judge, folder)
        case _:
            # out of a folder it is the fp16 artifact; a damaged manifest beside it is passed over
            models.copy("toy-fp16.onnx", place, "other-fp16.onnx")
            models.manifest_for(place.box / "other-fp16.onnx", stock.manifest_text("toy-fp16.onnx"))
            command = ["bundle", str(place.box), "--app", "android", "--into", str(place.box / "app")]
            return Case(command, _bundles(place.box, manifest, good), folder)


def _read(manifest: Path) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(manifest.read_text(encoding="utf-8"), parse_constant=refuse)


def _told(manifest: Path, good: dict[str, Any]) -> Judge:
    """What ``info`` shows is a manifest of this file."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        table = _read(manifest)
        same = table["file"] == good["file"] and table["sha256"] == good["sha256"]
        return None if same and table.keys() >= {"contract", "ops", "compositor"} else "info shows what is no manifest"

    return judge


def _same_contract(manifest: Path, good: dict[str, Any]) -> Judge:
    """What is verified or bundled is said of the file truly."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        table = _read(manifest)
        for key in ("file", "sha256", "contract"):
            if _spelt(table[key]) != _spelt(good[key]):
                return f"a manifest with another {key} is accepted"
        return None

    return judge


def _spelt(value: Any) -> Any:
    """With what may be left out because it is the default, and whole numbers as floats."""
    if isinstance(value, dict):
        defaults = {"deployment": "", "hole": 1, "composited": True, "io": "tensor", "quantization": None}
        return {
            **{key: _spelt(item) for key, item in defaults.items() if "size_px" in value},
            **{k: _spelt(v) for k, v in value.items()},
        }
    return [_spelt(item) for item in value] if isinstance(value, list) else float(value) if isinstance(value, int) else value


def _bundles(box: Path, manifest: Path, good: dict[str, Any]) -> Judge:
    """What lies in the app afterwards is an artifact of the folder, unchanged."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        name = json.loads((box / "app" / "bundle.json").read_text(encoding="utf-8"))["artifact"]
        if name not in (good["file"], "other-fp16.onnx"):
            return f"the app carries {name!r}"
        if models.digest(box / "app" / name) != models.digest(box / name):
            return "the app carries a changed artifact"
        return _same_contract(manifest, good)(outcome) if name == good["file"] else None

    return judge
