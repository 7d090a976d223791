from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from mobile_inpaint import schema
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.schema import ANY, Range


@dataclass(frozen=True)
class Part:
    share: Annotated[float, Range(0, 1)] = 0.5
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Whole:
    count: int = 1
    weight: float = 1.0
    few: Annotated[int, Range(1, 10)] = 1
    maybe: Annotated[int, Range(1, 10)] | None = None
    any: Annotated[float, ANY] = 0.0
    numbers: tuple[Annotated[float, Range(0, 1)], ...] = ()
    named: dict[str, Annotated[int, Range(0, 5)]] = field(default_factory=dict)
    part: Part = Part()


def faults_of(table: object) -> str:
    with pytest.raises(ManifestError) as caught:
        schema.load(Whole, table, "file", ManifestError)
    message = str(caught.value)
    assert message.startswith("file: ") and message.isprintable() and len(message) < 2_000
    return message.removeprefix("file: ")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"count": 2**63}, "'count' must be a whole number of 64 bits, not 9223372036854775808"),
        ({"count": 10**5000}, "'count' must be a whole number of 64 bits, not a number of 5001 digits"),
        ({"count": True}, "'count' must be a whole number, not True"),
        ({"count": 1.0}, "'count' must be a whole number, not 1.0"),
        ({"weight": 10**400}, "'weight' must be a finite number, not a number of 401 digits"),
        ({"weight": math.inf}, "'weight' must be a finite number, not inf"),
        ({"weight": math.nan}, "'weight' must be a finite number, not nan"),
        ({"few": 0}, "'few' must be a whole number from 1 to 10, not 0"),
        ({"few": 2**62}, "'few' must be a whole number from 1 to 10, not 4611686018427387904"),
        ({"few": 10**400}, "'few' must be a whole number from 1 to 10, not a number of 401 digits"),
        ({"maybe": 11}, "'maybe' must be a whole number from 1 to 10, not 11"),
        ({"numbers": [0, 2]}, "'numbers[1]' must be a number from 0 to 1, not 2"),
        ({"numbers": [math.nan]}, "'numbers[0]' must be a number from 0 to 1, not nan"),
        ({"named": {"a\x1b": 9}}, "'named.a\\x1b' must be a whole number from 0 to 5, not 9"),
        ({"part": {"share": -1e300}}, "'part.share' must be a number from 0 to 1, not -1e+300"),
        ({"part": {"kind": []}}, "'part.kind' must be one of a, b, not []"),
        ({"\x1b[2J" + "k" * 500: 1}, "unknown key '\\x1b[2J" + "k" * 71 + "… (there are count, weight, few"),
        ({"count": "\ud800"}, "'count' must be a whole number, not '\\ud800'"),
        ({"count": "x" * 10_000}, "'count' must be a whole number, not '" + "x" * 78 + "…"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_one_short_line(table: object, message: str) -> None:
    assert faults_of(table).startswith(message)


def test_many_faults_are_counted() -> None:
    assert "; and 980 more" in faults_of({"numbers": [2] * 1000})


def test_only_the_faults_that_are_shown_are_put_into_words() -> None:
    started = time.process_time()
    assert "; and 99980 more" in faults_of({"numbers": ["x"] * 100_000})
    assert "; and 99980 more" in faults_of({f"k{key}": 1 for key in range(100_000)})
    assert time.process_time() - started < 1.5


def test_a_number_whose_reader_judges_it_may_be_anything() -> None:
    assert schema.load(Whole, {"any": math.inf}, "file", ManifestError).any == math.inf
    assert schema.load(Whole, {"any": 10**400}, "file", ManifestError).any == math.inf
    assert schema.load(Whole, json.loads("{}"), "file", ManifestError) == Whole()


def test_a_dataclass_that_no_file_described_is_held_to_its_ranges() -> None:
    assert list(schema.out_of_range(Whole())) == []
    found = list(schema.out_of_range(Whole(few=0, maybe=0, part=Part(share=2))))
    assert found == [
        "'few' must be from 1 to 10, not 0",
        "'maybe' must be from 1 to 10, not 0",
        "'part.share' must be from 0 to 1, not 2",
    ]
