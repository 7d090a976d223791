"""JSON and TOML with faults in their structure: wrong types, extreme numbers, hostile text, any nesting, missing keys."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

from .damage import damaged, extreme


class Raw(str):
    """Stands in a document and is written as it is: what no value of Python's becomes."""


_RAW = "\ue000raw\ue000"
TEXTS = (
    "", " ", ".", "..", "/", "../../precious", "/etc/passwd", "a/b", "C:\\x", "a\\b", "\0", "a\nb",
    "\x1b[31mred\x1b[0m", "\u202egnp", "é" * 300,
    "x" * 5000, "%s%n", "{0}", "$HOME", "<script>alert(1)</script>", "|", "`x`", "--help", "NUL", "con.onnx", "nan",
    "1e999", "\ufeff",
    "\U0001f600", "\u2028", "'", '"', "[bold]x[/bold]", "[/]", "]]>", "file:///etc/passwd", "http://localhost:1/x",
)  # fmt: skip
"""Texts that are mishandled as names, paths, markup or numbers."""
_RAW_JSON = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, "1" * 5000, "-" + "9" * 25,
    "0." + "0" * 400 + "1", "01", "+1",
    "'x'", "nul", "1e400", '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u001b[2J"', "[" * 60 + "]" * 60,
    "[" * 500 + "]" * 500,
    "[" * 100_000, '{"a":' * 3000 + "1" + "}" * 3000, "[" * 3000 + "]" * 3000, '"' + "x" * 2_000_000 + '"',
    "[" + "0," * 200_000 + "0]", "1.5e308", "5e-324", "-0.0", "true", "/*x*/1", "",
)  # fmt: skip
_RAW_TOML = (
    "nan", "inf", "-inf", "1e999", "1" * 5000, "9" * 25, "0x" + "f" * 5000, "1979-05-27T07:32:00Z", "07:32:00",
    "[" * 100 + "]" * 100,
    "[" * 5000 + "]" * 5000, "{a=" * 2000 + "1" + "}" * 2000, '"\\ud800"', '"\\u0000"', '"\\u001b[2J"', '"""\nx\n"""',
    "'''x'''", "true", "-1",
    "0", "[]", "{}", "''", "2.5", "1_000_000_000_000", "'" + "x" * 2_000_000 + "'", "[" + "0," * 100_000 + "]", "= =", "",
)  # fmt: skip


def value(random: random.Random) -> Any:
    """Anything that JSON holds, likely to be mishandled."""
    match random.randrange(10):
        case 0 | 1 | 2:
            return Raw(random.choice(_RAW_JSON))
        case 3 | 4:
            return random.choice(TEXTS)
        case 5:
            return extreme(random)
        case 6:
            return random.choice((0.0, -0.0, 1e308, 1e-320, 0.5, -1.5, 1e18, random.gauss(0, 1e3)))
        case 7:
            return random.choice((None, True, False, [], {}, [None], {"": None}, [[]], {"a": {"b": []}}))
        case 8:
            return [value(random) for _ in range(random.randrange(4))]
        case _:
            return {random.choice(TEXTS): value(random) for _ in range(random.randrange(3))}


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    found: list[tuple[Any, Any]] = []
    left = [document]
    while left:
        container = left.pop()
        for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
            found.append((container, key))
            if isinstance(item, dict | list):
                left.append(item)
    return found


def mutated(random: random.Random, document: Any, most: int = 4) -> Any:
    """A copy of ``document`` with one to ``most`` faults in its structure."""
    document = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 2, most))):
        places = _places(document)
        if not places:
            return value(random)
        container, key = random.choice(places)
        old = container[key]
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                container[key] = value(random)
            case 4:
                del container[key]
            case 5 if isinstance(container, dict):
                container[random.choice((*TEXTS, *map(str, container)))] = old if random.random() < 0.5 else value(random)
            case 6 if isinstance(container, dict):
                container[random.choice(TEXTS)] = container.pop(key)
            case 7:
                other, name = random.choice(places)
                if name in other if isinstance(other, dict) else name < len(other):
                    container[key] = copy.deepcopy(other[name])
            case 8 if isinstance(old, int | float) and not isinstance(old, bool):
                container[key] = random.choice((-old, old + 1, old * 2, old / 2, 0, old * 1e300, str(old), extreme(random)))
            case 9 if isinstance(old, str):
                container[key] = random.choice(
                    (old + " ", old.upper(), old[:-1], old + "\n", f"../{old}", old * 1000, f"./{old}")
                )
            case 10 if isinstance(old, list):
                container[key] = old * random.choice((0, 2, 1000))
            case _:
                container[key] = [old] if random.random() < 0.5 else {"x": old}
    if random.random() < 0.02:
        return random.choice((value(random), [document], {"x": document}))
    return document


def json_text(document: Any) -> str:
    """As JSON, :class:`Raw` as it is."""
    raw: list[str] = []

    def plain(item: Any) -> Any:
        if isinstance(item, Raw):
            raw.append(str(item))
            return f"{_RAW}{len(raw) - 1}{_RAW}"
        if isinstance(item, dict):
            return {key: plain(each) for key, each in item.items()}
        return [plain(each) for each in item] if isinstance(item, list) else item

    text = json.dumps(plain(document), indent=random.Random(len(raw)).choice((None, 1)), ensure_ascii=False)
    return re.sub(f'"{_RAW}(\\d+){_RAW}"', lambda match: raw[int(match[1])], text)


def encoded(random: random.Random, text: str) -> bytes:
    """As bytes; now and then damaged, cut, or in another encoding."""
    match random.randrange(40):
        case 0:
            return text.encode("utf-16")
        case 1:
            return b"\xef\xbb\xbf" + text.encode(errors="surrogatepass")
        case 2:
            return text.encode("latin-1", errors="replace")
        case 3:
            return b""
        case 4:
            return text.encode(errors="surrogatepass") + b" " * 17_000_000
        case 5 | 6 | 7 | 8 | 9 | 10 | 11:
            return damaged(random, text.encode(errors="surrogatepass"))
        case _:
            return text.encode(errors="surrogatepass")


def hostile_json(random: random.Random, document: Any) -> bytes:
    """``document`` as JSON with faults."""
    if random.random() < 0.25:
        return encoded(
            random,
            damaged(random, json.dumps(document).encode()).decode(errors="surrogateescape").encode(errors="replace").decode(),
        )
    text = json_text(mutated(random, document))
    if random.random() < 0.05 and text.startswith("{") and len(text) > 2:
        key = random.choice(list(document))
        text = f'{{"{key}": {random.choice(_RAW_JSON) or 0}, {text[1:]}'  # a key that comes twice
    return encoded(random, text)


def hostile_toml(random: random.Random, text: str) -> bytes:
    """A TOML document with faults."""
    lines = text.strip().splitlines()
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(lines)) if lines else 0
        line = lines[at] if lines else ""
        key, equals, old = line.partition("=")
        match random.randrange(11):
            case 0 | 1 | 2 | 3 | 4 if equals:
                lines[at] = f"{key}= {_toml_value(random)}"
            case 5 if lines:
                del lines[at]
            case 6:
                lines.insert(at, random.choice(lines) if lines else "x = 1")
            case 7:
                name = random.choice(
                    ("x", "a.b", "a." * 3000 + "b", '"' + random.choice(("x" * 3000, "é", " ", "\\u0007")) + '"', "", "1")
                )
                lines.insert(at, f"{name} = {_toml_value(random)}")
            case 8:
                name = random.choice(("x", "run", "generator", "a." * 2000 + "b", "[x]", "[[", "data.holes", ""))
                lines.insert(at, f"[{name}]")
            case 9 if equals:
                lines[at] = f"{key}={old * random.choice((2, 100))}"
            case _ if equals:
                lines[at] = f"{key}.x = {_toml_value(random)}"
    return encoded(random, "\n".join(lines) + "\n")


def _toml_value(random: random.Random) -> str:
    match random.randrange(4):
        case 0:
            return json.dumps(random.choice(TEXTS))
        case 1:
            return str(extreme(random))
        case 2:
            return str(random.choice((0.0, -1.5, 1e308, 1e-300, 0.5, 2.0)))
        case _:
            return random.choice(_RAW_TOML)
