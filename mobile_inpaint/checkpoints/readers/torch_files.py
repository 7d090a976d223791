"""What ``torch.save`` writes, read by rules of our own: plain values and dense tensors, and nothing in the file is executed.

``torch.load`` trusts sizes that the file declares. Here every tensor lies inside its storage, every storage inside the file,
and nothing is compressed, so that reading takes about as much memory as the file has bytes.

Source: torch/serialization.py and torch/_utils.py of PyTorch 2; the ZIP format: APPNOTE.TXT, sections 4.3.7 to 4.3.16.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import torch

from mobile_inpaint.checkpoints.readers.plain_pickles import Call, Name, PickleError, Reference
from mobile_inpaint.checkpoints.readers.plain_pickles import read as read_pickle
from mobile_inpaint.quoting import quoted

MOST_NESTING = 32
_MOST_DIMENSIONS = 8
_MOST_DIRECTORY = 16_000_000
"""Bytes of a ZIP's directory: 150,000 tensors."""
_MOST_PICKLE = 64_000_000
DTYPES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
"""The types of numbers that are read, by the names of their storages."""
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001


class TorchFileError(ValueError):
    """A file that is damaged, or holds what is not read here; one line."""


class HoldsCode(TorchFileError):
    """A file that names classes or functions other than those of dense tensors."""


@dataclass
class _Storage:
    """A run of numbers in the file, read once, when the first tensor asks for it."""

    dtype: torch.dtype
    count: int
    content: Callable[[], bytearray]
    _values: torch.Tensor | None = field(default=None, repr=False)

    def values(self) -> torch.Tensor:
        if self._values is None:
            data = self.content()
            if self.dtype is torch.bool:  # a byte other than 0 and 1 is no bool
                self._values = torch.frombuffer(data, dtype=torch.uint8) != 0 if data else torch.zeros(0, dtype=torch.bool)
            else:
                self._values = torch.frombuffer(data, dtype=self.dtype) if data else torch.zeros(0, dtype=self.dtype)
        return self._values


_StorageOf = Callable[[str, torch.dtype, int], _Storage]
"""The storage of that key, dtype and count of numbers."""


def read(file: BinaryIO, size: int) -> Any:
    """What was given to ``torch.save``, on the CPU: None, bool, int, float, str, list, tuple, dict, and dense tensors.

    Tensors that shared memory share it again.

    Args:
        file: open and seekable.
        size: its bytes.

    Raises:
        HoldsCode: it holds objects of other classes.
        TorchFileError: it is damaged, or its tensors are not dense, or lie outside the file.
        OSError: it cannot be read.
    """
    file.seek(0)
    try:
        document, storage_of = _from_zip(file, size) if file.read(2) == b"PK" else _from_stream(file, size)
        return _Rebuilt(size, storage_of).value(document, 0)
    except PickleError as error:
        raise TorchFileError(str(error)) from error


class _Rebuilt:
    """Tensors out of the records of calls, each record once.

    Args:
        size: bytes of the file; what all tensors together may not claim twice.
        storage_of: see :data:`_StorageOf`.
    """

    def __init__(self, size: int, storage_of: _StorageOf) -> None:
        self._left = 2 * size + 1_000_000
        self._storage_of = storage_of
        self._tensors: dict[int, torch.Tensor] = {}
        self._values = 1_000_000

    def value(self, found: Any, depth: int) -> Any:
        self._values -= 1
        if depth > MOST_NESTING:
            raise TorchFileError(f"it is nested deeper than {MOST_NESTING}")
        if self._values < 0:  # containers may be shared, and then few bytes are many values
            raise TorchFileError("it holds more than a million values")
        if found is None or isinstance(found, bool | int | float | str):
            return found
        if isinstance(found, dict):
            return {key: self.value(item, depth + 1) for key, item in found.items()}
        if isinstance(found, list):
            return [self.value(item, depth + 1) for item in found]
        if isinstance(found, tuple):
            return tuple(self.value(item, depth + 1) for item in found)
        if isinstance(found, Call):
            return self._called(found, depth)
        if isinstance(found, Name):
            raise _code(found.text)
        raise TorchFileError(f"it holds {type(found).__name__} where numbers, text or tensors belong")

    def _called(self, call: Call, depth: int) -> Any:
        if call.function == "torch.Size" and len(call.arguments) == 1:
            return self.value(call.arguments[0], depth + 1)
        if id(call) not in self._tensors:
            self._tensors[id(call)] = self._tensor(call, depth)
        return self._tensors[id(call)]

    def _tensor(self, call: Call, depth: int) -> torch.Tensor:
        if depth > MOST_NESTING:
            raise TorchFileError(f"it is nested deeper than {MOST_NESTING}")
        match call.function, call.arguments:
            case "torch._utils._rebuild_tensor_v2", (Reference(key), offset, shape, stride, bool(), *_):
                return self._dense(key, offset, shape, stride)
            case "torch._utils._rebuild_tensor", (Reference(key), offset, shape, stride):
                return self._dense(key, offset, shape, stride)
            case "torch._utils._rebuild_parameter", (Call() as inner, bool(), *_):
                return self._tensor(inner, depth + 1)
        if call.function.startswith(("torch._utils._rebuild_", "torch._tensor._rebuild_", "torch.nested.", "torch.sparse.")):
            kind = call.function.rpartition(".")[2].removeprefix("_rebuild_")
            raise TorchFileError(f"it holds a tensor that is not plain ({quoted(kind)}); save dense tensors of numbers")
        raise _code(call.function)

    def _dense(self, key: Any, offset: Any, shape: Any, stride: Any) -> torch.Tensor:
        storage = self._storage(key)
        if not (_are_sizes(shape) and _are_sizes(stride) and len(shape) == len(stride) and _are_sizes((offset,))):
            raise TorchFileError("it is damaged: a tensor has no shape")
        if len(shape) > _MOST_DIMENSIONS:
            raise TorchFileError(f"it holds a tensor of {len(shape)} dimensions, more than {_MOST_DIMENSIONS}")
        count = math.prod(shape)
        end = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=True)) + 1 if count else offset
        if end > storage.count or count > storage.count:
            raise TorchFileError(f"a tensor of shape {quoted(list(shape))} claims more than its {storage.count} stored numbers")
        if not count:
            if math.prod(max(side, 1) for side in shape) >= 2**31:  # torch computes strides of empty tensors too
                raise TorchFileError(f"a tensor of shape {quoted(list(shape))} has no place in memory")
            return torch.zeros(shape, dtype=storage.dtype)
        self._left -= count * storage.dtype.itemsize
        if self._left < 0:
            raise TorchFileError("its tensors claim far more bytes than the file has")
        return storage.values().as_strided(shape, stride, offset)

    def _storage(self, key: Any) -> _Storage:
        match key:
            case ("storage", Name(text=kind), str() as name, str(), int() as count, *rest) if not any(rest) and count >= 0:
                if kind not in DTYPES:
                    kind = kind.removeprefix("torch.").removesuffix("Storage")
                    raise TorchFileError(f"it holds numbers of type {quoted(kind)}; save floats or integers")
                return self._storage_of(name, DTYPES[kind], count)
        raise TorchFileError("it is damaged: a tensor has no storage")


def _from_zip(file: BinaryIO, size: int) -> tuple[Any, _StorageOf]:
    members = _members(file, size)
    pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise TorchFileError("it is a ZIP archive, but not one that torch.save makes")
    folder = pickles[0].removesuffix("data.pkl")
    if (order := members.get(f"{folder}byteorder")) and _content(file, order) != b"little":
        raise TorchFileError("its numbers are stored big-endian; save it on another machine")
    if members[pickles[0]][1] > _MOST_PICKLE:
        raise TorchFileError(f"its pickle is longer than {_MOST_PICKLE // 1_000_000} MB")
    document = read_pickle(io.BytesIO(_content(file, members[pickles[0]])))
    known: dict[str, _Storage] = {}

    def storage_of(key: str, dtype: torch.dtype, count: int) -> _Storage:
        member = members.get(f"{folder}data/{key}")
        if member is None or member[1] != count * dtype.itemsize:
            raise TorchFileError(f"it is damaged: the {count} numbers of storage {quoted(key)} are not in it")
        storage = known.setdefault(key, _Storage(dtype, count, lambda: _content(file, member)))
        if storage.dtype is not dtype:
            raise TorchFileError(f"it is damaged: storage {quoted(key)} has two types")
        return storage

    return document, storage_of


def _from_stream(file: BinaryIO, size: int) -> tuple[Any, _StorageOf]:
    """Of the format before PyTorch 1.6: pickles one after the other, then the numbers of each storage behind their count."""
    file.seek(0)
    stream = io.BytesIO(file.read())
    if read_pickle(stream) != _LEGACY_MAGIC or read_pickle(stream) != _LEGACY_VERSION:
        raise TorchFileError("it is not a file that torch.save makes")
    system = read_pickle(stream)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise TorchFileError("its numbers are stored big-endian; save it on another machine")
    document, keys = read_pickle(stream), read_pickle(stream)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TorchFileError("it is damaged: it does not name its storages")
    whole, start = stream.getbuffer(), stream.tell()
    # how long a storage is says its type, which the tensors name: so the places are found when the first one is asked for
    sizes = {key: dtype.itemsize for key, dtype, _ in _storages(document)}
    places: dict[str, tuple[int, int]] = {}
    for key in keys:
        (count,) = struct.unpack_from("<q", whole, start) if start + 8 <= size else (-1,)
        length = count * sizes.get(key, 0)
        if not 0 <= length <= size - start - 8 or key in places or key not in sizes:
            raise TorchFileError(f"it is damaged: the numbers of storage {quoted(key)} are not in it")
        places[key] = (start + 8, length)
        start += 8 + length
    known: dict[str, _Storage] = {}

    def storage_of(key: str, dtype: torch.dtype, count: int) -> _Storage:
        begin, length = places.get(key, (0, -1))
        if length != count * dtype.itemsize:
            raise TorchFileError(f"it is damaged: the {count} numbers of storage {quoted(key)} are not in it")
        return known.setdefault(key, _Storage(dtype, count, lambda: bytearray(whole[begin : begin + length])))

    return document, storage_of


def _storages(document: Any) -> Iterator[tuple[str, torch.dtype, int]]:
    """Every storage that is named anywhere in ``document``; without recursion, each container once."""
    left, seen = [document], set[int]()
    while left:
        value = left.pop()
        if id(value) in seen or not isinstance(value, dict | list | tuple | Call | Reference):
            continue
        seen.add(id(value))
        if isinstance(value, Reference):
            match value.key:
                case ("storage", Name(text=kind), str() as key, str(), int() as count, *_) if kind in DTYPES:
                    yield key, DTYPES[kind], count
        elif isinstance(value, Call):
            left.extend(value.arguments)
        else:
            left.extend(value.values() if isinstance(value, dict) else value)


_Member = tuple[int, int]
"""Where a file's local header stands in an archive, and the bytes of its content."""
_END, _END64, _LOCATOR64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENTRY, _LOCAL = struct.Struct("<4s4xHH8xIIHHH8xI"), struct.Struct("<4s22xHH")


def _members(file: BinaryIO, size: int) -> dict[str, _Member]:
    """The files of a ZIP archive, none of them compressed, all of them together no larger than the archive."""
    start, length = _directory(file, size)
    file.seek(start)
    data = file.read(length)
    members: dict[str, _Member] = {}
    position = total = 0
    while position < len(data):
        if position + _ENTRY.size > len(data):
            raise TorchFileError("it is damaged: its directory is cut off")
        mark, flags, method, packed, full, name_length, extra, comment, place = _ENTRY.unpack_from(data, position)
        if mark != b"PK\1\2":
            raise TorchFileError("it is damaged: its directory holds something else")
        if method != 0 or packed != full or flags & 1:
            raise TorchFileError("it is compressed or encrypted, as torch.save makes no file")
        begin = position + 46
        name = data[begin : begin + name_length].decode(errors="replace")
        if 0xFFFFFFFF in (full, place):
            full, place = _wide(data[begin + name_length : begin + name_length + extra], full, place)
        total += full
        if name in members or place + 30 + full > start or total > size:
            raise TorchFileError("it is damaged: its directory declares more than the file holds")
        members[name] = place, full
        position = begin + name_length + extra + comment
    return members


def _wide(extra: bytes, full: int, place: int) -> tuple[int, int]:
    """Size and place of a file beyond 4 GB, from ZIP64's field: full size, packed size and place, each where it did not fit."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            numbers = list(struct.unpack_from(f"<{min(length, len(extra) - position - 4) // 8}Q", extra, position + 4))
            if full == 0xFFFFFFFF and len(numbers) >= 2:
                full, numbers = numbers[0], numbers[2:]
            if place == 0xFFFFFFFF and numbers:
                place = numbers[0]
        position += 4 + length
    return full, place


def _directory(file: BinaryIO, size: int) -> tuple[int, int]:
    """Where a ZIP archive's directory begins, and its bytes."""
    tail = min(size, 0xFFFF + 22 + 20)
    file.seek(size - tail)
    data = file.read(tail)
    end = data.rfind(_END)
    if end < 0 or end + 22 > len(data):
        raise TorchFileError("it is cut off")
    length, start = struct.unpack_from("<II", data, end + 12)
    if 0xFFFFFFFF in (length, start) and data[max(end - 20, 0) : end][:4] == _LOCATOR64:
        (place,) = struct.unpack_from("<Q", data, end - 12)
        file.seek(min(place, size))
        record = file.read(56)
        if len(record) < 56 or record[:4] != _END64:
            raise TorchFileError("it is damaged: its directory is not in it")
        length, start = struct.unpack_from("<QQ", record, 40)
    if start + length > size:
        raise TorchFileError("it is damaged: its directory is not in it")
    if length > _MOST_DIRECTORY:
        raise TorchFileError(f"its directory is longer than {_MOST_DIRECTORY // 1_000_000} MB")
    return start, length


def _content(file: BinaryIO, member: _Member) -> bytearray:
    place, length = member
    file.seek(place)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise TorchFileError("it is damaged: a part of it does not begin where its directory says")
    _, name, extra = _LOCAL.unpack(header)
    file.seek(name + extra, io.SEEK_CUR)
    content = bytearray(length)
    if file.readinto(content) != length:  # type: ignore[attr-defined]
        raise TorchFileError("it is cut off")
    return content


def _are_sizes(values: Any) -> bool:
    return isinstance(values, tuple | list) and all(type(value) is int and 0 <= value < 2**62 for value in values)


def _code(name: str) -> HoldsCode:
    return HoldsCode(f"it holds Python objects ({quoted(name)}), which could run code")
