"""An app's folder that holds more than the last bundle: a hostile ``bundle.json``, planted links, leftovers, a user's files."""

from __future__ import annotations

import json
import random
from pathlib import Path

from . import models
from .case import Case, Judge, Outcome, Place
from .documents import TEXTS, hostile_json

_NAMES = ("toy-fp32.onnx", "toy-fp16.onnx", "toy-fp32.tflite", "toy-fp32.mlpackage")
_OURS = ("bundle.json", "NOTICES.txt")


def make(random: random.Random, place: Place) -> Case:
    """``bundle`` of a good artifact into a folder that is not."""
    name, app = random.choice(_NAMES), place.box / "app" / "model"
    artifact = models.copy(name, place)
    models.copy(f"{name}.json", place)
    app.mkdir(parents=True)
    kept = {"keep.txt": b"mine", "toy-old.onnx": b"old", "toy-old.onnx.json": b"{}", "..keep": b"mine", "folder/file": b"mine"}
    for file, content in {**kept, "../beside/file": b"mine", "../file": b"mine"}.items():
        (app / file).parent.mkdir(parents=True, exist_ok=True)
        (app / file).write_bytes(content)
    undamaged = random.random() < 0.03
    if not undamaged:
        for _ in range(random.choice((1, 1, 2, 3))):
            _planted(random, place, app, name)
    else:
        (app / "bundle.json").write_text(json.dumps({"artifact": "toy-old.onnx"}))
    before = {path: _content(path) for path in place.box.rglob("*") if not path.is_dir() or path.is_symlink()}
    command = ["bundle", str(artifact), "--app", "ios" if name.endswith("mlpackage") else "android", "--into", str(app)]
    judge = _only_the_last_bundle(place, app, name, before)
    # which of them may change is the judge's to say
    writes = ("app/model/*", "app/model/*/*", "app/model/*/*/*", "app/model/*/*/*/*", "app/model/*/*/*/*/*")
    left = tuple(f"app/model/.mobile-inpaint-*{deeper}" for deeper in ("", "/*", "/*/*"))
    return Case(command, judge, writes, left, undamaged)


def _content(path: Path) -> bytes:
    return str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b"no file"


def _planted(random: random.Random, place: Place, app: Path, name: str) -> None:
    index = app / "bundle.json"
    target = random.choice(
        (
            place.outside / "precious",
            place.outside,
            app.parent,
            app / "folder",
            app / "keep.txt",
            place.box / name,
            app / "none",
        )
    )
    victims = (
        "..", ".", "", "../file", "../beside", "/", str(place.outside), str(place.outside / "precious"), "keep.txt",
        "folder", "folder/file", "..keep",
        "toy-old.onnx", name, "bundle.json", "NOTICES.txt", "toy-old.onnx/", "./keep.txt", "folder/../..", "\\..\\file",
        "C:file", "keep.txt\0", *TEXTS,
    )  # fmt: skip
    try:
        match random.randrange(14):
            case 0 | 1 | 2 | 3 | 4:
                index.unlink(missing_ok=True)
                index.write_bytes(json.dumps({"artifact": random.choice(victims)}).encode(errors="replace"))
            case 5 | 6:
                index.unlink(missing_ok=True)
                index.write_bytes(hostile_json(random, {"artifact": random.choice(victims)}))
            case 7:
                index.unlink(missing_ok=True)
                random.choice(
                    (lambda: index.mkdir(), lambda: index.symlink_to(target), lambda: index.symlink_to("/dev/zero"))
                )()
            case 8 | 9:
                victim = app / random.choice((name, f"{name}.json", "NOTICES.txt", "toy-old.onnx", "toy-old.onnx.json"))
                victim.unlink(missing_ok=True)
                victim.symlink_to(target)
            case 10:
                folder = app / random.choice(
                    (".mobile-inpaint-999999-abc", ".mobile-inpaint-1-abc", ".mobile-inpaint-" + "0" * 32, ".mobile-inpaint-x")
                )
                (folder / "replaced").mkdir(parents=True)
                (folder / "replaced" / random.choice(("toy-put-back.onnx", "keep.txt", ".x"))).write_bytes(b"put back")
                (folder / "half").write_bytes(b"half")
            case 11:
                link = app / random.choice(
                    (".mobile-inpaint-999999-abc", ".mobile-inpaint-" + "f" * 32, ".mobile-inpaint-999998-x")
                )
                link.symlink_to(random.choice((place.outside, app / "folder", app.parent / "beside")))
            case 12:
                folder = app / random.choice((name, f"{name}.json", "NOTICES.txt"))
                folder.mkdir()
                (folder / "mine").write_bytes(b"mine")
            case _:
                (app / "folder" / "file").unlink()
                (app / "folder").rmdir()
                (app / "folder").symlink_to(place.outside)
    except OSError:  # what it replaces is there already
        return


def _only_the_last_bundle(place: Place, app: Path, name: str, before: dict[Path, bytes]) -> Judge:
    """Nothing is lost but what the tool itself had bundled, and what is bundled is whole."""

    def judge(outcome: Outcome) -> str | None:
        ours = {app / each for each in (*_OURS, name, f"{name}.json")} if outcome.code == 0 else set()
        named = _named(before.get(app / "bundle.json", b""))
        if outcome.code == 0 and named:
            ours |= {app / named, app / f"{named}.json"}
        for path, content in before.items():
            staged = any(part.startswith(".mobile-inpaint-") for part in path.relative_to(place.box).parts)
            own = any(path == each or each in path.parents for each in ours)
            if not own and not staged and (not (path.exists() or path.is_symlink()) or _content(path) != content):
                return f"lost or changed: {path.name if path.is_relative_to(app) else 'a file outside the folder'}"
        if outcome.code == 0:
            if json.loads((app / "bundle.json").read_text()) != {"artifact": name}:
                return "bundle.json names another artifact"
            if (app / name).is_symlink() or models.digest(app / name) != models.digest(place.box / name):
                return "what is bundled is not the artifact"
            if any((app / each).is_symlink() for each in (*_OURS, f"{name}.json")):
                return "a planted link stays where a file was written"
        return None

    return judge


def _named(index: bytes) -> str:
    """The artifact that ``bundle.json`` names, where that is a plain name in the folder."""
    try:
        name = json.loads(index)["artifact"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    plain = isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\\0:")
    return name if plain else ""
