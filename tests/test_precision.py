"""One row a precision: every rule about precisions follows from the table, and no other module keeps one."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

import mobile_inpaint
from mobile_inpaint.precision import PRECISIONS, SEARCH, SEARCHED, Precision, PrecisionName, row_of
from mobile_inpaint.targets.registry import get_target, list_targets

PACKAGE = Path(mobile_inpaint.__file__).parent
TABLES = {"precision.py", "bench/report/plots.py"}
"""Where names of precisions may stand beside each other: the table, and the colours of plots."""


def test_every_name_has_a_row_and_auto_is_a_search() -> None:
    assert tuple(PRECISIONS) == get_args(Precision)
    assert get_args(PrecisionName) == (*PRECISIONS, SEARCH)
    assert row_of(SEARCH) is PRECISIONS[SEARCHED]
    assert all(row_of(row.name) is row for row in PRECISIONS.values())


def test_the_rows_say_what_their_names_say() -> None:
    for name, row in PRECISIONS.items():
        weights, _, activations = name.partition("a") if name.startswith("w") else (name, "", "")
        bits = int("".join(letter for letter in weights if letter.isdigit()))
        assert row.weight_bits == bits and row.palette == name.startswith("pal")
        assert not activations or row.activation_bits == int(activations)
        assert row.calibrated == (bool(activations) and row.activation_bits < 32)
        assert row.judged == (row.weight_bits < 16), "PSNR is gate enough only where nothing is rounded to integers or palettes"
        assert row.floor_db >= row.fp16_arithmetic_floor_db
        integers = 20.0
        assert (row.other_runtime_db, row.other_processor_db) == ((integers, integers) if row.calibrated else (50.0, 60.0))


@pytest.mark.parametrize("name", list_targets())
def test_targets_have_precisions_and_no_searches(name: str) -> None:
    target = get_target(name)
    assert set(target.precisions) <= set(PRECISIONS)
    assert target.choices == (*target.precisions, SEARCH)


def test_no_other_module_lists_precisions() -> None:
    """What holds for some precisions is asked of their rows. fp32 and fp16 are arithmetics too, and those may be listed."""
    rounded = {name for name, row in PRECISIONS.items() if row.judged}
    found = []
    for path in PACKAGE.rglob("*.py"):
        where = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            elements = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            names = {each.value for each in elements if isinstance(each, ast.Constant)} & rounded
            if names and where not in TABLES and not (where.startswith("targets/") and where.endswith("/target.py")):
                found.append(f"{where}: {sorted(names)}")
    assert not found
