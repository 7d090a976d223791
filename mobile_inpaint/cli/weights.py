"""The verbs ``weights list``, ``fetch``, ``add``, ``path`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mobile_inpaint.cli import console

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="A checkpoint; see: mobile-inpaint weights list.")]


@app.command("list")
def list_(json: console.Json = False) -> None:
    """List the checkpoints and which are here."""
    cards = _cards()
    if json:
        console.emit(cards)
        return
    console.table(
        ("checkpoint", "here", "MB", "licence", "model", "origin"),
        [
            (
                card["name"],
                "yes" if card["here"] else "no",
                f"{card['bytes'] / 1e6:.1f}" if card["bytes"] else "?",
                card["licence"],
                card["model"],
                card["origin"],
            )
            for card in cards
        ],
    )


@app.command()
def fetch(name: Name, json: console.Json = False) -> None:
    """Download a checkpoint and verify it.

    At once and offline if it is here already.
    """
    from mobile_inpaint.checkpoints import store

    with console.progress(f"fetching {name}") as advance:
        file = store.fetch(name, advance)
    _show(name, file, json=json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published checkpoint's name, or a new one.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors, .pt, .pth, .ckpt, .bin or .onnx file.")],
    model: Annotated[str | None, typer.Option(help="The network that the file must hold.")] = None,
    key: Annotated[str | None, typer.Option(help="Of a file with several networks, the one to take: G_ema.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file of that name.")] = False,
    json: console.Json = False,
) -> None:
    """Check a file of weights and keep a copy.

    Its format and shapes must be a network's, and its hash the published one where that is known.
    """
    from mobile_inpaint.models.registry import add_checkpoint

    _show(name, add_checkpoint(name, file, model=model, key=key, force=force), json=json)


@app.command()
def path(name: Name, json: console.Json = False) -> None:
    """Print where a checkpoint's file is."""
    from mobile_inpaint.checkpoints import store

    _show(name, store.path(name), json=json)


@app.command()
def remove(name: Name, json: console.Json = False) -> None:
    """Delete a checkpoint from the store."""
    from mobile_inpaint.checkpoints import store

    store.remove(name)
    if json:
        console.emit({"removed": name})


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
