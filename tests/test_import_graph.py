"""The whole import graph of the package, read from its source: no module imports itself by way of others.

import-linter leaves out what stands under ``TYPE_CHECKING``; here every import statement counts, wherever it stands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import mobile_inpaint

PACKAGE = Path(mobile_inpaint.__file__).parent
KNOWN: set[frozenset[str]] = set()
"""Cycles that stand today, each the modules that all reach each other. The list only shrinks."""

Graph = dict[str, set[str]]


def modules_of(package: Path) -> dict[str, Path]:
    """The file of each module below a package's folder, by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(modules: Mapping[str, Path]) -> Graph:
    """What each module imports of the others.

    ``from package import name`` counts for the module ``package.name`` if there is one, otherwise for the package. That Python
    runs a package before its modules is not counted.
    """
    graph: Graph = {}
    for module, path in modules.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        graph[module] = {name for node in ast.walk(tree) for name in _imported(node, package, modules)} - {module}
    return graph


def _imported(node: ast.AST, package: str, modules: Mapping[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in modules)
    elif isinstance(node, ast.ImportFrom):
        home = package.rsplit(".", node.level - 1)[0] if node.level > 0 else ""
        source = ".".join(part for part in (home, node.module) if part)
        for alias in node.names:
            inner = f"{source}.{alias.name}"
            yield from (name for name in [inner if inner in modules else source] if name in modules)


def cycles(graph: Graph) -> set[frozenset[str]]:
    """The strongly connected parts of more than one module (Tarjan, 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            start = stack.index(module)
            part = frozenset(stack[start:])
            del stack[start:]
            if len(part) > 1:
                found.add(part)

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = import_graph(modules_of(PACKAGE))
    found = cycles(graph)
    lines = [
        f"{module} imports {', '.join(sorted(graph[module] & part))}"
        for part in sorted(found - KNOWN, key=sorted)
        for module in sorted(part)
    ]
    assert not lines, "import cycle; move what is shared into a module of its own:\n" + "\n".join(lines)
    gone = KNOWN - found
    assert not gone, f"these are no cycles any more; take them off KNOWN: {[sorted(part) for part in gone]}"


def test_every_form_of_import_counts(tmp_path: Path) -> None:
    sources = {
        "__init__.py": "def late():\n    from toy.low import a\n",
        "low/__init__.py": "",
        "low/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.low.b import B\n",
        "low/b.py": "from . import c\nimport json\n",
        "low/c.py": "def late():\n    from .a import A\n    return A\n",
        "high.py": "import toy.low.b as b\nfrom toy import low\nfrom .low import nothing\n",
    }
    for name, source in sources.items():
        (tmp_path / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "toy" / name).write_text(source)
    graph = import_graph(modules_of(tmp_path / "toy"))
    assert graph == {
        "toy": {"toy.low.a"},
        "toy.high": {"toy.low", "toy.low.b"},
        "toy.low": set(),
        "toy.low.a": {"toy.low.b"},
        "toy.low.b": {"toy.low.c"},
        "toy.low.c": {"toy.low.a"},
    }
    assert cycles(graph) == {frozenset({"toy.low.a", "toy.low.b", "toy.low.c"})}
