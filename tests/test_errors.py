"""The tree of errors in the docstring of errors.py is the tree of classes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import mobile_inpaint
from mobile_inpaint import errors

ROOT = "MobileInpaintError"
ABSTRACT = {"NameNotFound"}
"""Never raised itself: in the tree its children stand below its parent."""


def drawn(docstring: str) -> dict[str, str]:
    """The parent of each class in a drawn tree, by the place of its first letter; a line may name several."""
    parents: dict[str, str] = {}
    branch: list[tuple[int, str]] = []
    for line in docstring.splitlines():
        names = re.match(r"[ │├└─]*((?:[A-Z][a-z]+){2,}(?:, +|,?$|(?= )))+", line)
        if not names:
            continue
        column = len(line) - len(line.lstrip(" │├└─"))
        while branch and branch[-1][0] > column:
            branch.pop()
        same_level = branch and branch[-1][0] == column
        above = branch[-2:-1] if same_level else branch[-1:]
        for name in re.findall(r"\w+", names.group()):
            if above:
                assert name not in parents, f"{name} stands twice in the tree"
                parents[name] = above[0][1]
        if not same_level:
            branch.append((column, ""))
        branch[-1] = (column, name)
    return parents


def derived() -> dict[str, str]:
    """The parent of each class of the package that derives from the root, read from the source: no module is missed."""
    bases: dict[str, set[str]] = {}
    for path in Path(mobile_inpaint.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).rpartition(".")[2] for base in node.bases)
    known, parents = {ROOT}, dict[str, str]()
    while found := {name: next(iter(above & known)) for name, above in bases.items() if name not in known and above & known}:
        known |= found.keys()
        parents |= found
    return parents


def shown(parents: dict[str, str]) -> dict[str, str]:
    """Without the abstract classes: their children stand below their parent."""
    return {name: parents[parent] if parent in ABSTRACT else parent for name, parent in parents.items() if name not in ABSTRACT}


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    assert drawn(errors.__doc__ or "") == shown(derived())


def test_the_classes_are_what_their_source_says() -> None:
    parents = derived()
    for name, parent in parents.items():
        if hasattr(errors, name):
            assert parent in [base.__name__ for base in getattr(errors, name).__bases__]
    assert len(parents) > 20


def test_a_tree_is_read_by_its_branches() -> None:
    tree = """
    MobileInpaintError
    ├── OneError, TwoError,
    │   ThreeError     the first letter of a description does not count
    ├── OtherError     Kind of thing
    │   ├── LeafError  more
    │   │   └── LastError
    │   └── NextError
    └── EndError
    """
    root = dict.fromkeys(["OneError", "TwoError", "ThreeError", "OtherError", "EndError"], ROOT)
    assert drawn(tree) == root | {"LeafError": "OtherError", "LastError": "LeafError", "NextError": "OtherError"}
