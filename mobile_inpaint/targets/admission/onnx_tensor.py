"""One tensor of an ONNX file: it holds as many bytes as its dimensions say, in the file or in one beside it."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterable
from pathlib import Path

from mobile_inpaint import protobuf
from mobile_inpaint.files import is_plain_name
from mobile_inpaint.protobuf import Damaged
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits

_DIMS, _KIND, _SEGMENT, _NAME, _RAW, _EXTERNAL, _LOCATION = 1, 2, 3, 8, 9, 13, 14
_FLOAT_DATA, _INT32_DATA, _STRING_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA = 4, 5, 6, 7, 10, 11
_TYPED = (_FLOAT_DATA, _INT32_DATA, _STRING_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA)
_STRING = 8
_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, _STRING: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2, 27: 6, 28: 6,
}  # fmt: skip
"""Of one value, by the number of its type; a text counts with what points to it."""
_STORED_IN = {
    1: _FLOAT_DATA, 14: _FLOAT_DATA, 7: _INT64_DATA, _STRING: _STRING_DATA, 11: _DOUBLE_DATA, 15: _DOUBLE_DATA,
    12: _UINT64_DATA, 13: _UINT64_DATA,
}  # fmt: skip
"""The field for values that are not raw bytes; of all other types it is that for 32-bit integers."""


class Refused(ValueError):
    """A file that may be sound, but is not read here."""


def too_large(what: str, size: int, most: int) -> Refused:
    """The error for ``what`` that is declared with ``size`` bytes."""
    return Refused(f"{what}: declared with {size / 1e9:.1f} GB; at most {most / 1e9:.1f} GB are read")


class Beside:
    """The files beside a model in which its tensors lie.

    Args:
        folder: the model's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}

    @property
    def bytes(self) -> int:
        """The size of all that were asked for."""
        return sum(self._sizes.values())

    def size_of(self, name: str) -> int:
        """The bytes of the file called ``name``.

        Raises:
            Refused: it is not a plain file in the model's folder, or all of them together are too large.
        """
        if name in self._sizes:
            return self._sizes[name]
        if not is_plain_name(name):
            raise Refused(f"its tensors are said to lie in {quoted(name)}; only files beside it are read")
        try:
            found = (self._folder / name).lstat()
        except OSError as error:
            raise Refused(f"{quoted(name)}, in which its tensors lie, is not beside it ({error.strerror or error})") from error
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{quoted(name)}, in which its tensors lie, is a link or no file; put the file itself there")
        self._sizes[name] = found.st_size
        if sum(self._sizes.values()) > limits.LARGEST_BESIDE:
            raise Refused(f"the files beside it are larger than {limits.LARGEST_BESIDE / 1e9:.1f} GB")
        return found.st_size


def bits_of(kind: int) -> int:
    """What one value of the type with the number ``kind`` takes.

    Raises:
        Damaged: there is no such type.
    """
    if kind not in _BITS:
        raise Damaged(f"a tensor of an unknown type, {quoted(kind)}")
    return _BITS[kind]


def dimensions(sides: Iterable[int]) -> list[int]:
    """Those sides, if a tensor may have them.

    Raises:
        Damaged: a negative one.
        Refused: too many, or one too long.
    """
    checked: list[int] = []
    for side in sides:
        if side < 0:
            raise Damaged(f"a dimension of {side}")
        if side > limits.LARGEST_DIMENSION:
            raise Refused(f"a dimension of {side:,}; at most {limits.LARGEST_DIMENSION:,} is read")
        checked.append(side)
        if len(checked) > limits.MOST_DIMENSIONS:
            raise Refused(f"a tensor of more than {limits.MOST_DIMENSIONS} dimensions")
    return checked


def implied_bytes(sides: Iterable[int], bits: int) -> int:
    """What a tensor of those sides takes; several small values share a byte."""
    return (math.prod(sides) * bits + 7) // 8


def check_tensor(content: memoryview, budget: protobuf.Budget, beside: Beside) -> None:
    """Returns where the tensor's data are as long as its dimensions say.

    Raises:
        Damaged: they are not, or no tensor is stored like this.
        Refused: too large, in pieces, or in a file that is not beside the model.
    """
    sides = list[int]()
    stored = dict.fromkeys(_TYPED, 0)
    kind = location = 0
    raw: int | None = None
    name = ""
    external: dict[str, str] = {}
    for number, wire, value in protobuf.fields(content, budget):
        if number == _DIMS:
            numbers = [value] if isinstance(value, int) else protobuf.varints(value)
            sides = dimensions((*sides, *_first(map(protobuf.signed, numbers))))
        elif number == _KIND and isinstance(value, int):
            kind = value
        elif number == _NAME:
            name = protobuf.text(value)
        elif number == _SEGMENT:
            raise Refused("a tensor in pieces, which is not read")
        elif number == _RAW:
            raw = len(protobuf.message(value))
        elif number == _LOCATION and isinstance(value, int):
            location = value
        elif number == _EXTERNAL:
            external |= [_pair(protobuf.message(value), budget)]
        elif number in _TYPED:
            stored[number] += _count(number, wire, value)
        elif number in (_KIND, _LOCATION):
            raise Damaged("a tensor whose type is no number")
    if len(name) > limits.LONGEST_TEXT:
        raise Refused(f"a name of {len(name):,} letters")
    values = math.prod(sides)
    size = implied_bytes(sides, bits_of(kind))
    if size > limits.LARGEST_TENSOR:
        raise too_large(quoted(name), size, limits.LARGEST_TENSOR)
    if location == 1:
        _check_external(name, external, size, kind, beside)
        return
    if location:
        raise Damaged(f"{quoted(name)} lies nowhere")
    typed = [number for number in _TYPED if stored[number]]
    if raw is not None and not (raw == 0 and typed):
        if typed or kind == _STRING or raw != size:
            raise Damaged(f"{quoted(name)} holds {raw:,} bytes and not the {size:,} of its dimensions")
        return
    field = _STORED_IN.get(kind, _INT32_DATA)
    expected = values * 2 if kind in (14, 15) else size if _BITS[kind] in (2, 4) else values
    if stored[field] != expected or any(number != field for number in typed):
        raise Damaged(f"{quoted(name)} does not hold the {values:,} values of its dimensions")


def _check_external(name: str, told: dict[str, str], size: int, kind: int, beside: Beside) -> None:
    if kind == _STRING:
        raise Damaged(f"{quoted(name)} is text in another file")
    there = beside.size_of(told.get("location", ""))
    offset, length = (_number(told.get(key)) for key in ("offset", "length"))
    if length is not None and length != size:
        raise Damaged(f"{quoted(name)} holds {length:,} bytes and not the {size:,} of its dimensions")
    if (offset or 0) + size > there or (length is None and (offset or 0) + size != there):
        raise Damaged(f"{quoted(name)} does not lie within {quoted(told['location'])}")


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise Damaged(f"{quoted(text)} is no place in a file")
    return int(text)


def _pair(content: memoryview, budget: protobuf.Budget) -> tuple[str, str]:
    texts = {number: protobuf.text(value) for number, _, value in protobuf.fields(content, budget) if number in (1, 2)}
    return texts.get(1, ""), texts.get(2, "")


def _first(numbers: Iterable[int]) -> Iterable[int]:
    """One number more than a tensor may have dimensions, at most."""
    return (number for number, _ in zip(numbers, range(limits.MOST_DIMENSIONS + 1), strict=False))


def _count(field: int, wire: int, value: int | memoryview) -> int:
    """How many values one field of a tensor holds."""
    if field == _STRING_DATA:
        if wire != protobuf.LENGTH:
            raise Damaged("a number stands where text belongs")
        return 1
    width = {_FLOAT_DATA: 4, _DOUBLE_DATA: 8}.get(field)
    if width is None:
        if isinstance(value, int):
            return 1
        if wire != protobuf.LENGTH:
            raise Damaged("a float stands where an integer belongs")
        return protobuf.count_varints(value)
    if isinstance(value, int) or len(value) % width or (wire != protobuf.LENGTH and len(value) != width):
        raise Damaged("a tensor's floats are cut off")
    return len(value) // width
