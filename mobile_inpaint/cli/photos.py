"""The verbs ``photos list`` and ``photos fetch``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.help import Command

if TYPE_CHECKING:
    from mobile_inpaint.data.photo_sets import SetPhoto

app = typer.Typer()
_command = partial(app.command, cls=Command)


@_command("list")
def list_(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[SET]", help="A set, to list its photos.", autocompletion=completion.photo_sets),
    ] = None,
    json: console.Json = False,
) -> None:
    """List the sets of photos, or the photos of one with author and licence."""
    from mobile_inpaint import schema
    from mobile_inpaint.data import photo_sets

    if name is not None:
        photos = photo_sets.photos_of(name)
        if json:
            console.emit(schema.dump(photos))
        else:
            rows = [(photo.file, photo.tier, photo.licence, photo.author) for photo in photos]
            console.table(("photo", "tier", "licence", "author"), rows)
        return
    sets = [_summary(known, photo_sets.photos_of(known), about) for known, about in photo_sets.SETS.items()]
    if json:
        console.emit(sets)
    else:
        console.table(tuple(sets[0]), [tuple(row.values()) for row in sets])


@_command()
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="SET", help="A set; see: mobile-inpaint photos list.", autocompletion=completion.photo_sets)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder to put the photos into.")],
    archive: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Debian archive.", show_default="the one of this machine's apt")
    ] = None,
    json: console.Json = False,
) -> None:
    """Fetch a set of photos out of Debian packages.

    Needs apt-get and dpkg-deb (Debian, Ubuntu, or a container of them). Installs nothing, and keeps photos that are there
    already.
    """
    from mobile_inpaint import schema
    from mobile_inpaint.data import photo_sets

    with console.progress(f"fetching {name}", in_bytes=True) as advance:
        done = photo_sets.fetch(photo_sets.photos_of(name), out, archive=archive, progress=advance, warn=console.note)
    if json:
        console.emit(schema.dump(done))
    else:
        console.say(
            f"{out}: {done.here} photos, {done.made} of them new ({done.same_bytes} bit by bit as published), "
            f"{len(done.missing)} missing; authors and licences are in {photo_sets.TABLE}"
        )
        console.hint(f"mobile-inpaint train --photos {quote(str(out))} --dry-run")


def _summary(name: str, photos: Sequence[SetPhoto], about: str) -> dict[str, str | int]:
    tiers = Counter(photo.tier for photo in photos)
    return {
        "set": name,
        "photos": len(photos),
        "tiers": ", ".join(f"{count} {tier}" for tier, count in sorted(tiers.items())),
        "packages": len({photo.source for photo in photos}),
        "about": about,
    }
