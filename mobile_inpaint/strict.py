"""A frozen dataclass out of a JSON or TOML table, and back: unknown keys and wrong types are faults, all named at once."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from mobile_inpaint.documents import quoted
from mobile_inpaint.errors import MobileInpaintError

T = TypeVar("T")
_MOST_FAULTS = 20


def load(cls: type[T], table: object, where: str, error: type[MobileInpaintError]) -> T:
    """The ``cls`` that ``table`` describes.

    Args:
        cls: a dataclass of str, int, float, bool, Literal, ``X | None``, ``tuple[X, ...]``, ``dict[str, X]`` and dataclasses.
        table: what ``json`` or ``tomllib`` read.
        where: the file's name, to open the message with.
        error: the class to raise.

    Raises:
        error: one line that names every unknown key, missing key and wrong type, up to twenty of them.
    """
    faults: list[str] = []
    value = _convert(cls, table, "", faults)
    if faults:
        more = [f"and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
        raise error(f"{where}: " + "; ".join(faults[:_MOST_FAULTS] + more))
    return typing.cast(T, value)


def dump(value: object) -> Any:
    """``value`` as json can write it; the inverse of :func:`load`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    return value


def _convert(kind: Any, value: object, key: str, faults: list[str]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, key, faults)
    if origin is typing.Literal:
        if value in arguments and not isinstance(value, bool):
            return value
        return _fault(faults, key, "one of " + ", ".join(map(str, arguments)), value)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, key, faults)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            return _fault(faults, key, "a list", value)
        return tuple(_convert(arguments[0], item, f"{key}[{i}]", faults) for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            return _fault(faults, key, "a table", value)
        return {str(k): _convert(arguments[1], item, f"{key}.{k}", faults) for k, item in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Any or (isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool))):
        return value
    return _fault(faults, key, {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind], value)


def _dataclass(kind: type[Any], value: object, key: str, faults: list[str]) -> Any:
    if not isinstance(value, Mapping):
        return _fault(faults, key or "the file", "a table", value)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    prefix = f"{key}." if key else ""
    faults.extend(
        f"unknown key {quoted(f'{prefix}{name}')} (there are {', '.join(fields)})" for name in value if name not in fields
    )
    arguments: dict[str, Any] = {}
    before = len(faults)
    for name, field in fields.items():
        if name in value:
            arguments[name] = _convert(hints[name], value[name], prefix + name, faults)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            faults.append(f"key '{prefix}{name}' is missing")
    return kind(**arguments) if len(faults) == before else None


def _fault(faults: list[str], key: str, expected: str, value: object) -> None:
    faults.append(f"{quoted(key)} must be {expected}, not {quoted(value)}")
