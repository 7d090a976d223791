"""Damage that needs to know nothing of a format: bytes changed, cut, doubled, moved, and numbers made extreme."""

from __future__ import annotations

import random
import struct

EXTREMES = (0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 65535, 65536,
            2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip
"""Whole numbers at which readers go wrong; negative ones too where a number has a sign."""


def extreme(random: random.Random, bits: int = 64, *, signed: bool = True) -> int:
    """A number of so many bits that is likely to be mishandled."""
    number = random.choice(EXTREMES) if random.random() < 0.8 else random.getrandbits(bits)
    number = -number if signed and random.random() < 0.3 else number
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return min(max(number, low), high)


def damaged(random: random.Random, data: bytes, most: int = 6) -> bytes:
    """``data`` with one to ``most`` faults."""
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, most))):
        _damage(random, content)
    return bytes(content)


def _damage(random: random.Random, data: bytearray) -> None:
    if not data:
        data += random.randbytes(random.randrange(1, 40))
        return
    # headers and directories stand at either end of most formats
    end = random.choice((len(data), len(data), min(len(data), 64), min(len(data), 512)))
    at = len(data) - 1 - random.randrange(end) if random.random() < 0.2 else random.randrange(end)
    size = random.choice((1, 2, 4, 8, 16, 64, 512, max(1, len(data) // 4)))
    match random.randrange(12):
        case 0 | 1 | 2:
            data[at] ^= 1 << random.randrange(8)
        case 3 | 4:
            data[at] = random.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256)))
        case 5 | 6:
            width = random.choice("HIQ")
            number = struct.pack(random.choice("<>") + width, extreme(random, 8 * struct.calcsize(width), signed=False))
            data[at : at + len(number)] = number[: len(data) - at]
        case 7:
            del data[at:]
        case 8:
            del data[at : at + size]
        case 9:
            data[at:at] = data[at : at + size] * random.choice((1, 1, 2, 50))
        case 10:
            data[at : at + size] = random.randbytes(min(size, len(data) - at))
        case 11:
            to = random.randrange(len(data))
            data[to : to + size] = data[at : at + size]
