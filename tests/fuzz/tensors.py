"""Files of tensors with faults: PyTorch's archives and pickles, and safetensors."""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

from .damage import damaged, extreme
from .documents import hostile_json


def saved(value: Any, *, legacy: bool = False) -> bytes:
    """A file of ``torch.save``.

    The legacy format names storages by their addresses, which differ from run to run. Here they get numbers.
    """
    import torch

    names: dict[int, int] = {}

    def name(storage: Any) -> int:
        return names.setdefault(torch._C.StorageBase._cdata.__get__(storage), 10**14 + len(names))

    file = io.BytesIO()
    with mock.patch.object(torch.UntypedStorage, "_cdata", property(name), create=True) if legacy else nullcontext():
        torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def archive(random: random.Random, data: bytes) -> bytes:
    """A file of ``torch.save`` whose archive is put together anew, with faults."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = [(name, source.read(name)) for name in source.namelist()]
    way = zipfile.ZIP_DEFLATED if random.random() < 0.2 else zipfile.ZIP_STORED
    at = random.randrange(len(members))
    name, content = members[at]
    match random.randrange(9):
        case 0:
            del members[at]
        case 1:
            members[at] = (name, content[: random.randrange(len(content) + 1)])
        case 2:
            members[at] = (name, damaged(random, content))
        case 3:
            members = [(each, damaged(random, body) if each.endswith("data.pkl") else body) for each, body in members]
        case 4:
            members[at] = (name, bytes(random.choice((0, 5, 60_000_000))))
            way = zipfile.ZIP_DEFLATED
        case 5:
            members.insert(random.randrange(len(members)), (name, damaged(random, content)))
        case 6:
            members.append(
                (random.choice(("../x", "/tmp/x", "a/../../x", "x" * 3000, "archive/code/x.py", "archive/byteorder")), b"big")
            )
        case 7:
            members[at] = (random.choice((name.upper(), name + "x", "x/" + name, "x")), content)
        case _:
            members = [(each, pickled(random) if each.endswith("data.pkl") else body) for each, body in members]
    file = io.BytesIO()
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", way) as target:
        warnings.simplefilter("ignore")
        for each, body in members:
            target.writestr(zipfile.ZipInfo(each), body, way)  # a plain name would be stored with the time of day
    return file.getvalue()


class _Runs:
    """Runs code where a reader unpickles without care."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


def pickled(random: random.Random) -> bytes:
    """A pickle that would run code, or is a bomb."""
    match random.randrange(7):
        case 0:
            return pickle.dumps({"x": _Runs(Path.write_text, Path("run"), "x")}, 2)
        case 1:
            return pickle.dumps({"x": _Runs(bytearray, random.choice((10, 3_000_000_000)))}, 2)
        case 2:
            # each list holds the one before ten times: small as a pickle, endless when printed or walked through
            inner: Any = [1]
            for _ in range(40):
                inner = [inner] * 10
            return pickle.dumps(inner, 2)
        case 3:
            return b"\x80\x02" + b"(" * random.choice((10, 200_000)) + b"t" * 10 + b"."
        case 4:
            return b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
        case 5:
            return b"\x80\x02\x8a\x04\xff\xff\xff\x7f" + b"x" * 10 + b"."
        case _:
            return b"\x80\x04\x95" + struct.pack("<Q", extreme(random, 64, signed=False)) + random.randbytes(40)


def tensor(random: random.Random, old: Any) -> Any:
    """Anything in the place of a tensor."""
    import torch

    match random.randrange(12):
        case 0:
            return torch.zeros(())
        case 1:
            return torch.zeros(1).expand(random.choice((3, 10**6, 10**12)))  # a few bytes that say they are a terabyte
        case 2:
            return torch.full_like(old, random.choice((float("nan"), float("inf"), 1e38))) if old.is_floating_point() else old
        case 3:
            return old.to(random.choice((torch.float64, torch.int8, torch.bool, torch.complex64, torch.bfloat16)))
        case 4:
            return old.reshape(-1)
        case 5:
            return old.transpose(0, -1) if old.ndim else old
        case 6:
            return torch.zeros(1, 3).to_sparse()
        case 7:
            return torch.empty(random.choice((10, 10**14)), device="meta")
        case 8:
            return torch.quantize_per_tensor(old.float(), 0.1, 0, torch.qint8)
        case 9:
            return torch.nn.Parameter(old.float())
        case 10:
            return torch.zeros([1] * random.choice((10, 60)))
        case _:
            return anything(random)


def anything(random: random.Random) -> Any:
    """Any plain value that a pickle of weights may hold."""
    import torch

    return random.choice(
        (None, True, 0, -1, 1.5, float("nan"), 10**400, 2**63, "", "x" * 100_000, "\ud800", "\x1b[31m", b"",
        b"\xff" * 100, [], {}, (), set(), {1: 2},
         {"a": {"b": 1}}, [[[[]]]], torch.Size([3]), torch.zeros(2), torch.float32, complex(1, 2), "1", [1] * 1000)
    )  # fmt: skip


def safetensors(random: random.Random, data: bytes) -> bytes:
    """A safetensors file with faults in its header, or anywhere."""
    (size,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    name = random.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    text: bytes | None = None
    match random.randrange(14):
        case 0 | 1:
            return damaged(random, data)
        case 2:
            return damaged(random, data[: 8 + size]) + body
        case 3:
            return struct.pack("<Q", extreme(random, 64, signed=False)) + data[8:]
        case 4:
            text = hostile_json(random, header)
        case 5:
            entry["dtype"] = random.choice(
                ("F64", "F16", "BF16", "I8", "I64", "U8", "BOOL", "F8_E4M3", "C64", "", "x", None, 1)
            )
        case 6:
            entry["shape"] = random.choice(
                ([], [0], [2**62], [2**32, 2**32], [-1], [1.5], "x", [[]], [1] * 1000, entry["shape"][::-1])
            )
        case 7:
            begin, end = entry["data_offsets"]
            entry["data_offsets"] = random.choice(
                ([end, begin], [0, 2**63], [begin, end + 4], [begin + 1, end + 1], [-1, 0], [], [0, 0], "x", [begin] * 3)
            )
        case 8:
            other = random.choice(list(header))
            if isinstance(header[other], dict) and "data_offsets" in header[other]:
                entry["data_offsets"] = header[other]["data_offsets"]
        case 9:
            header[random.choice(("", "x", "\x1b[31m", "encoder.b1.x", "é" * 1000, "../x", name + "x"))] = header.pop(name)
        case 10:
            del header[name]
        case 11:
            header["__metadata__"] = random.choice(
                ({}, {"model": 1}, {"model": "x" * 1_000_000}, [], {"model": "migan-512"}, {"\x00": "\x1b"})
            )
        case 12:
            header |= {
                f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(random.choice((100, 50_000)))
            }
        case _:
            kind = {"F32": "F64", "F16": "F32"}.get(entry["dtype"], "F32")
            body += bytes(random.choice((4, 400)))
            entry["dtype"] = random.choice((entry["dtype"], kind))
    text = json.dumps(header).encode() if text is None else text
    return struct.pack("<Q", len(text)) + text + body
