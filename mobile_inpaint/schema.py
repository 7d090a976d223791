"""A frozen dataclass out of a JSON or TOML table, and back: unknown keys and wrong types are faults, all named at once."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, TypeVar

from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import listed, quoted

T = TypeVar("T")
_MOST_FAULTS = 20
_WHOLE = 2**63 - 1
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclasses.dataclass(frozen=True)
class Range:
    """What a number may be, both ends included: ``Annotated[int, Range(1, 100)]``.

    Without one a whole number must fit 64 bits and any other must be finite.
    """

    least: float
    most: float

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies inside; NaN never does."""
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f"from {self.least} to {self.most}"


ANY = Range(-math.inf, math.inf)
"""Of a number whose own reader says what it may be."""


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
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise error(f"{where}: " + "; ".join(faults[:_MOST_FAULTS]) + more)
    return typing.cast(T, value)


def out_of_range(value: object, prefix: str = "") -> Iterator[str]:
    """A line for each number of the dataclass ``value`` that is outside its :class:`Range`, for one that no file described."""
    hints = _hints(typing.cast(Hashable, type(value)))
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        found, bounds = getattr(value, field.name), _range(hints[field.name])
        if dataclasses.is_dataclass(found):
            yield from out_of_range(found, f"{prefix}{field.name}.")
        elif bounds is not None and isinstance(found, int | float) and not bounds.holds(found):
            yield f"'{prefix}{field.name}' must be {bounds}, not {quoted(found)}"


def dump(value: object) -> Any:
    """``value`` as json can write it; the inverse of :func:`load`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    return value


@functools.cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _range(kind: Any) -> Range | None:
    """Of a kind of number, or of one that may be None."""
    for one in (kind, *typing.get_args(kind)):
        found = [note for note in getattr(one, "__metadata__", ()) if isinstance(note, Range)]
        if found:
            return found[0]
    return None


def _convert(kind: Any, value: object, key: str, faults: list[str]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        if arguments[0] in (int, float):
            return _number(arguments[0], value, key, faults, _range(kind))
        return _convert(arguments[0], value, key, faults)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, key, faults)
    if origin is typing.Literal:
        if isinstance(value, str | int) and value in arguments and not isinstance(value, bool):
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
    if kind in (int, float):
        return _number(kind, value, key, faults, None)
    if kind is Any or isinstance(value, kind):
        return value
    return _fault(faults, key, _NAMES[kind], value)


def _number(kind: type[int] | type[float], value: object, key: str, faults: list[str], bounds: Range | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        return _fault(faults, key, _NAMES[kind], value)
    if bounds is not None and not bounds.holds(value):
        return _fault(faults, key, f"{_NAMES[kind]} {bounds}", value)
    if kind is int:
        return value if abs(value) <= _WHOLE else _fault(faults, key, "a whole number of 64 bits", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    return number if bounds is not None or math.isfinite(number) else _fault(faults, key, "a finite number", value)


def _dataclass(kind: type[Any], value: object, key: str, faults: list[str]) -> Any:
    if not isinstance(value, Mapping):
        return _fault(faults, key or "the file", "a table", value)
    hints = _hints(typing.cast(Hashable, kind))
    fields = {field.name: field for field in dataclasses.fields(kind)}
    prefix = f"{key}." if key else ""
    before = len(faults)
    for name in value:
        if name not in fields:
            _add(faults, lambda unknown: f"unknown key {quoted(unknown)} (there are {listed(fields)})", f"{prefix}{name}")
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            arguments[name] = _convert(hints[name], value[name], prefix + name, faults)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            _add(faults, lambda missing: f"key {quoted(missing)} is missing", f"{prefix}{name}")
    return kind(**arguments) if len(faults) == before else None


def _fault(faults: list[str], key: str, expected: str, value: object) -> None:
    _add(faults, lambda wrong: f"{quoted(wrong)} must be {expected}, not {quoted(value)}", key)


def _add(faults: list[str], line: Callable[[str], str], key: str) -> None:
    """Counts a fault of ``key``; only those that are shown are put into words, for a file can hold 100,000."""
    faults.append(line(key) if len(faults) < _MOST_FAULTS else "")
