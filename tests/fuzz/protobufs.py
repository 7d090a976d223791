"""Protobuf messages, any field of any message of them changed."""

from __future__ import annotations

import random
from typing import Any

from .damage import extreme
from .documents import TEXTS


def changed(random: random.Random, message: Any, stop: float) -> bytes:
    """A copy of ``message`` with other values in a few fields, as bytes.

    Args:
        stop: the chance to stay at a message on the way down into those that it holds.
    """
    copy = type(message)()
    copy.CopyFrom(message)
    for _ in range(random.choice((1, 1, 2, 5))):
        at: Any = copy
        while True:
            inner = _inner(random, at)
            if not inner or (random.random() < stop and at is not copy):
                break
            at = random.choice(inner)
        _change_field(random, at)
    return bytes(copy.SerializeToString(deterministic=True))


def _inner(random: random.Random, message: Any) -> list[Any]:
    """Messages that it holds; of a field that holds many, three."""
    inner = []
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if hasattr(value, "ListFields"):
            inner.append(value)
        elif hasattr(value, "values") and not hasattr(value, "extend"):
            entries = [value[key] for key in sorted(value) if hasattr(value[key], "ListFields")]  # a map has no order
            inner += [random.choice(entries)] * 3 if entries else []
        elif len(value):
            inner += [random.choice(value) for _ in range(3)]
    return inner


def _change_field(random: random.Random, message: Any) -> None:
    """Gives one field of a protobuf message another value, or clears it."""
    field = random.choice(message.DESCRIPTOR.fields)
    texts = [text for text in TEXTS if "\ud800" not in text]
    try:
        repeated = hasattr(getattr(message, field.name), "extend")
        match field.cpp_type:
            case field.CPPTYPE_MESSAGE:
                value = None
            case field.CPPTYPE_STRING:
                value = random.choice(texts).encode() if field.type == field.TYPE_BYTES else random.choice(texts)
            case field.CPPTYPE_FLOAT | field.CPPTYPE_DOUBLE:
                value = random.choice((0.0, -1.0, 1e38, float("nan"), float("inf")))
            case field.CPPTYPE_BOOL:
                value = random.random() < 0.5
            case field.CPPTYPE_ENUM:
                value = random.choice(field.enum_type.values).number
            case _:
                bits = 32 if field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_UINT32) else 64
                value = extreme(random, bits, signed=field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64))
        if value is None or random.random() < 0.2:
            message.ClearField(field.name)
        elif repeated:
            where = getattr(message, field.name)
            where.extend([value] * random.choice((1, 2, 8)))
        else:
            setattr(message, field.name, value)
    except (TypeError, ValueError, AttributeError):  # the field does not take it
        message.ClearField(field.name)
