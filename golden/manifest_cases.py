"""manifest.json: a manifest that an app takes, and broken ones with the line that refuses each."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mobile_inpaint import schema
from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Manifest,
    Provenance,
    Quality,
    SliceQuality,
    TensorSpec,
    Verification,
    manifest_path,
)
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.photo.compositor.compositor import Compositor

ARTIFACT = "toy.onnx"
BYTES = bytes(range(256)) * 2 + b"no network: only bytes to be hashed"
SIDE = 64
_GONE = object()
_TRICKY = 'Zoë "π" \\ / \n\t\u0001 😀'


def document() -> dict[str, list[Any]]:
    """All of the file."""
    return {"cases": [_judged(*row) for row in (*_good(), *_not_json(), *_wrong(), *_unfit())]}


_DETAILED = Compositor(SIDE, margin_px=4).with_detail("auto").numbers()
"""The numbers of rules 2, with the detail step."""


def manifest() -> Manifest:
    """The one that all others are broken copies of."""
    shape = (1, 3, SIDE, SIDE)
    image = TensorSpec("image", "NCHW", shape, "float32", 0.0, 1.0, "RGB")
    mask = TensorSpec("mask", "NCHW", (1, 1, SIDE, SIDE), "float32", 0.0, 1.0, "grey")
    output = TensorSpec("output", "NCHW", shape, "float32", 0.0, 1.0, "RGB")
    provenance = Provenance("toy", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "none", "nothing")
    contract = Contract(f"toy-{SIDE}", "onnx", "w8a8", SIDE, (image, mask), output, provenance, {"mobile-inpaint": "0.1.0"})
    judged = SliceQuality("object", 13, 0.037, 0.001, (-0.0005, 0.002), None, None, 0.01, 30.5, 20.25, 1e-05)
    quality = Quality("quality sha256:0", ("LPIPS v0.1 AlexNet",), (judged,), 0.002, 0.008)
    verification = Verification("onnxruntime 1.31.1", "int8", ("small", "large"), (40.5, 30.25), 10.0, 0.25, 0.0, 5.0)
    digest = hashlib.sha256(BYTES).hexdigest()
    numbers = Compositor(SIDE, margin_px=4).numbers()
    return Manifest(ARTIFACT, digest, len(BYTES), contract, {"Add": 3, "Conv": 2}, 28.411, numbers, verification, quality)


def _judged(name: str, text: str, content: bytes | None) -> dict[str, Any]:
    """What Python makes of it: read, compare with the artifact if there is one, ask if an app may have it, its compositor."""
    case = {"name": name, "text": text, "artifact": None if content is None else base64.b64encode(content).decode()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ARTIFACT
        try:
            if content is None:
                read = Manifest.from_json(text, manifest_path(path).name)
            else:
                path.write_bytes(content)
                manifest_path(path).write_text(text, encoding="utf-8", newline="")
                read = Artifact.open(path).manifest
            read.check_for_app()
            read.check_sizes()
            Compositor.from_numbers(read.compositor)
        except ManifestError as error:
            return {**case, "refused": str(error)}
    return {**case, "accepted": schema.dump(read)}


def _good() -> Iterator[tuple[str, str, bytes | None]]:
    yield "as it is written", _text(), BYTES
    yield "without its artifact", _text(), None
    yield "on one line", json.dumps(schema.dump(manifest())), BYTES
    yield "keys in another order", json.dumps(dict(reversed(schema.dump(manifest()).items()))), BYTES
    yield "what has a default left out", _text({"schema": _GONE, "contract.deployment": _GONE, "contract.io": _GONE}), None
    yield "an older schema", _text({"schema": 1}), None
    yield "whole numbers where others are asked for", _text({"largest_activation": 28, "verification.psnr_db": [40, 30]}), None
    yield "text of all kinds", _text({"contract.provenance.copyright": _TRICKY}), None
    yield "rules 2, with the detail step", _text({"compositor": _DETAILED}), None
    yield "rules 2, without the detail step", _text({"compositor": {**_DETAILED, "detail_shrink": 0, "keep_tone": 0}}), None
    yield "a float network nobody judged", _text({"contract.precision": "fp16", "quality": None}), None


def _not_json() -> Iterator[tuple[str, str, bytes | None]]:
    whole = _text()
    yield "empty", "", None
    yield "only a blank", " \n", None
    yield "cut off", whole[: len(whole) // 2], None
    yield "something behind it", whole + "{}", None
    yield "not JSON at all", "<html>404</html>", None
    yield "NaN", whole.replace("28.411", "NaN"), None
    yield "infinity", whole.replace("28.411", "-Infinity"), None
    yield "a comma too many", '{"file": "toy.onnx",}', None
    yield "a leading zero", '{"bytes": 012}', None
    yield "single quotes", "{'file': 'toy.onnx'}", None
    yield "a control character in a text", '{"file": "a\tb"}', None
    yield "an unknown escape", '{"file": "a\\xb"}', None
    yield "lists 65 deep", '{"file": ' + "[" * 64 + "1" + "]" * 64 + "}", None
    yield "lists 20,000 deep", "[" * 20_000, None
    yield "tables deep", '{"a":' * 65 + "{}" + "}" * 65, None
    yield "a number of 65 bits", whole.replace("547", str(2**63)), None
    yield "a number below all of 64 bits", whole.replace("547", str(-(2**63))), None
    yield "a number of 5000 digits", '{"bytes": ' + "9" * 5000 + "}", None
    yield "a number that no float holds", whole.replace("28.411", "1e999"), None
    yield "half a surrogate pair", '{"file": "\\ud83d.onnx"}', None
    yield "the other half", '{"file": "\\ude00.onnx"}', None
    yield "halves in the wrong order", '{"file": "\\ude00\\ud83d"}', None
    yield "half a surrogate pair in a key", '{"\\ud83d": 1}', None


def _wrong() -> Iterator[tuple[str, str, bytes | None]]:
    yield "a list", "[]", None
    yield "a text", '"toy.onnx"', None
    yield "null", "null", None
    yield "a number", "12.5", None
    yield "nothing in it", "{}", None
    yield "a newer schema", '{"schema": 99}', None
    yield "a schema that is no number", _text({"schema": "two"}), None
    yield "a missing key", _text({"sha256": _GONE}), None
    yield "two missing keys", _text({"file": _GONE, "contract.hole": _GONE, "contract.model": _GONE}), None
    yield "an unknown key", _text({"polarity": "hole"}), None
    yield "an unknown key further in", _text({"contract.output.scale": 255}), None
    yield "text for a number", _text({"contract.size_px": "16"}), None
    yield "a broken number for a whole one", _text({"contract.size_px": 16.5}), None
    yield "a whole number with a point", _text({"bytes": 547.0}), None
    yield "true for a number", _text({"bytes": True}), None
    yield "a number for true", _text({"contract.composited": 1}), None
    yield "null for text", _text({"file": None}), None
    yield "a list for text", _text({"file": ["toy.onnx", 2, 0.5, None, False]}), None
    yield "a table for a number", _text({"bytes": {"is": 547, "was": {}}}), None
    yield "a text for a list", _text({"contract.inputs": "image"}), None
    yield "a text for a table", _text({"contract.provenance": "MIT"}), None
    yield "a list for a table of numbers", _text({"ops": [1]}), None
    yield "a text in a table of numbers", _text({"compositor.fade": "all"}), None
    yield "a text in a list", _text({"verification.psnr_db": [40.5, "high"]}), None
    yield "a word for the polarity", _text({"contract.hole": "white"}), None
    yield "an unknown layout", _text({"contract.inputs.0.layout": "CHW"}), None
    yield "an unknown precision", _text({"contract.precision": "int8"}), None
    yield "a quote in a text", _text({"contract.precision": 'it\'s "w8"'}), None
    yield "an apostrophe in a text", _text({"contract.precision": "it's"}), None
    yield "small and large numbers for text", _text({"file": [1e-05, 0.0001, 1e16, 123456789012345.0, -0.0, 1e22, 0.1]}), None
    yield "as deep as may be", '{"file": ' + "[" * 63 + "1" + "]" * 63 + "}", None
    yield "the largest number", _text({"contract.model": 2**63 - 1, "contract.target": -(2**63 - 1)}), None
    yield "a pair of surrogates", '{"file": ["\\ud83d\\ude00"]}', None
    yield "text of 80 characters as it is shown", _text({"bytes": "x" * 78}), None
    yield "text of one more", _text({"bytes": "x" * 79}), None
    yield "text of a thousand characters", _text({"bytes": "ab" * 500}), None
    yield "long text of characters beyond 16 bits", _text({"bytes": "😀" * 100}), None
    yield "an apostrophe far behind", _text({"bytes": "x" * 90 + "'"}), None
    yield "a quote and an apostrophe far behind", _text({"bytes": "it's" + "x" * 90 + '"'}), None
    yield "control characters", _text({"bytes": "\x1b[2J\x00\x7f\x85\u200b\u202e\u2028\ue000\U000e0001\xa0\xad"}), None
    yield "as many as are cut in the middle", _text({"bytes": "\x1b" * 40}), None
    yield "a long list", _text({"bytes": list(range(100))}), None
    yield "a long table", _text({"bytes": {f"key {i}": "value" for i in range(100)}}), None
    yield "an unknown key with control characters", _text({"a\x1b[2J\n": 1}), None
    yield "a long unknown key", _text({"contract." + "k" * 200: 1}), None
    yield "a key with an apostrophe", _text({"it's": 1}), None
    yield "a wrong value under a long key", _text({"ops": {"Conv" * 50: "many"}}), None
    yield "a hundred unknown keys", json.dumps({f"key {i}": i for i in range(100)}), None
    yield "several at once", _text({"bytes": "many", "contract.io": "video", "extra": 1, "sha256": _GONE}), None


def _unfit() -> Iterator[tuple[str, str, bytes | None]]:
    flipped = bytes([BYTES[0] ^ 1]) + BYTES[1:]
    yield "a bit flipped", _text(), flipped
    yield "cut short", _text(), BYTES[:-1]
    yield "nothing in the artifact", _text(), b""
    for name in ("../toy.onnx", "/toy.onnx", "a\\toy.onnx", "C:toy.onnx", "..", "", "toy.onnx\n", "\u202exnno.yot", "x" * 256):
        yield f"the name {json.dumps(name)[:30]}", _text({"file": name}), None
    yield "a digest that is none", _text({"sha256": "\x1b[2J"}), None
    yield "a digest in capitals", _text({"sha256": "A" * 64}), None
    yield "another file's", _text({"file": "other.onnx"}), BYTES
    yield "another file's, of a long name", _text({"file": f"it's {'x' * 90}"}), BYTES
    yield "not verified", _text({"verification": None}), BYTES
    yield "verification left out", _text({"verification": _GONE}), None
    yield "verified on nothing", _text({"verification.psnr_db": []}), None
    yield "below what it requires", _text({"verification.psnr_db": [40.5, 9.75]}), None
    yield "known pixels changed", _text({"verification.outside_max_abs_error": 0.001}), None
    yield "nobody judged it", _text({"quality": None}), None
    yield "judged, and not worth shipping", _text({"quality.slices.0.lpips_rise": 0.003}), None
    yield "random weights", _text({"contract.provenance.trained_on": Provenance.random("toy").trained_on}), None
    yield "a pipeline of its own", _text({"contract.io": "photo"}), None
    yield "the other polarity", _text({"contract.hole": 0}), None
    yield "known pixels not given back", _text({"contract.composited": False}), None
    yield "a compositor of another size", _text({"compositor.size_px": 32}), None
    for side in (1, 63, 4097, 65_536):
        yield f"a side of {side}", _text(_sides(side)), None
    yield "the largest side", _text(_sides(4096)), None
    yield "an input of another size", _text({"contract.inputs.1.shape": [1, 1, 64, 63]}), None
    yield "an output of other channels", _text({"contract.output.shape": [1, 1, 64, 64]}), None
    yield "an input without a shape", _text({"contract.inputs.0.shape": []}), None
    yield "no compositor", _text({"compositor": {}}), None
    yield "other rules", _text({"compositor.rules": 2}), None
    yield "rules that nobody knows", _text({"compositor": {**_DETAILED, "rules": 3}}), None
    yield "numbers of rules 2 under rules 1", _text({"compositor": {**_DETAILED, "rules": 1}}), None
    for name, value in (
        ("keep_tone", 2),
        ("detail_shrink", 0.5),
        ("detail_above", 9),
        ("detail_weight", 1.5),
        ("detail_low_px", 0),
    ):
        yield f"rules 2, out of range: {name}", _text({"compositor": {**_DETAILED, name: value}}), None
    yield "rules 2, a number missing", _text({"compositor": {k: v for k, v in _DETAILED.items() if k != "detail_margin"}}), None
    yield "a number of the compositor missing", _text({"compositor.fade": _GONE}), None
    yield "a number too many", _text({"compositor.feather": 3}), None
    yield "no context", _text({"compositor.context": 0}), None
    yield "too much fade", _text({"compositor.fade": 257}), None
    yield "half a pixel", _text({"compositor.margin_px": 4.5}), None
    yield "a number beyond all", _text().replace('"context": 2.0', '"context": 1e999'), None


def _sides(side: int) -> dict[str, Any]:
    """Everywhere."""
    shapes = {key: [1, channels, side, side] for key, channels in (("inputs.0", 3), ("inputs.1", 1), ("output", 3))}
    return {f"contract.{key}.shape": shape for key, shape in shapes.items()} | {
        "contract.size_px": side,
        "compositor.size_px": side,
    }


def _text(changes: dict[str, Any] | None = None) -> str:
    """The manifest as ``save`` writes it, with other values at those keys."""
    table = schema.dump(manifest())
    for key, value in (changes or {}).items():
        *path, last = key.split(".")
        at = table
        for step in path:
            at = at[int(step) if isinstance(at, list) else step]
        if value is _GONE:
            del at[last]
        else:
            at[last] = value
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
