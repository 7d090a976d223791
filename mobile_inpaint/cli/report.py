"""``mobile-inpaint report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobile_inpaint.cli import console


def report(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE.json|DIR]...",
            help="Reports, or folders given to bench --record.",
            show_default="benchmarks/ of the checkout",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for report.md and report.html.")] = Path(),
    json: console.Json = False,
) -> None:
    """Write the measurements as Markdown and as one HTML page with plots, beside the paper's timings."""
    from mobile_inpaint import files as writing
    from mobile_inpaint.bench.record import store as record
    from mobile_inpaint.bench.report.page import html

    reports = record.gather(files or [])
    out.mkdir(parents=True, exist_ok=True)
    pages = {"report.md": record.markdown(reports), "report.html": html(reports)}
    for name, text in pages.items():
        writing.write_whole(out / name, text)
    if json:
        console.emit({"reports": len(reports), "written": [str(out / name) for name in pages]})
    else:
        for name in pages:
            console.say(str(out / name))
        console.hint(f"open {out / 'report.html'} in a browser")
