"""The JSON Schema of a LatencyReport, for those who write or read one in another language.

    python -m mobile_inpaint.bench.report.json_schema > mobile_inpaint/bench/report/latency_report.schema.json

makes the file that ships; a test holds it equal to the dataclass.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from typing import Any

from mobile_inpaint.bench.report.latency_report import SCHEMA, LatencyReport

_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def json_schema() -> dict[str, Any]:
    """The schema of the JSON that :meth:`LatencyReport.to_json` writes and :meth:`LatencyReport.load` takes."""
    definitions: dict[str, Any] = {}
    reference = _schema(LatencyReport, definitions)
    definitions["LatencyReport"]["properties"]["times_ms"] |= {
        "items": {"type": "number", "exclusiveMinimum": 0},
        "minItems": 1,
    }
    definitions["LatencyReport"]["properties"]["schema"] |= {"minimum": 1, "maximum": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "LatencyReport",
        **reference,
        "$defs": definitions,
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # first, for one that holds itself
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(one, definitions) for one in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    return {"type": "null" if kind is type(None) else _PRIMITIVES[kind]}


def _object(cls: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    described = _descriptions(cls)
    properties = {field.name: _schema(hints[field.name], definitions) for field in fields}
    for name, description in described.items():
        properties[name]["description"] = description
    return {
        "type": "object",
        "description": (cls.__doc__ or "").partition("\n")[0],
        "properties": properties,
        "required": [one.name for one in fields if one.default is one.default_factory is dataclasses.MISSING],
        "additionalProperties": False,
    }


def _descriptions(cls: type[Any]) -> dict[str, str]:
    """What the docstring says of each attribute; ``a, b: text`` says it of both."""
    attributes = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    described = {}
    for names, text in re.findall(r"^    (\w[\w, ]*): (.+(?:\n {8}.+)*)", attributes, re.MULTILINE):
        for name in names.split(", "):
            described[name] = " ".join(text.split())
    return described


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
