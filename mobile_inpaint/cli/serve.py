"""The verb ``serve``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.errors import ExportError


def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="The folder of the web app.", show_default="web_demo of the checkout"),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8000,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on; only this computer reaches 127.0.0.1.")
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    json: console.Json = False,
) -> None:
    """Show the web app in a browser, until Ctrl-C.

    With --json the first thing on stdout is a document with the link; the server then runs on.
    """
    import webbrowser

    from mobile_inpaint.apps.bundle import bundled
    from mobile_inpaint.bench.browser.static import StaticServer

    place = folder or _app_of_checkout()
    if not place.is_dir():
        raise ExportError(f"{place}: no such folder; name the folder of the web app")
    if bundled(place / "model") is None:
        into = f" --into {quote(str(place / 'model'))}" if folder else ""
        raise ExportError(f"{place}: holds no artifact; put one into it with: mobile-inpaint bundle --app web{into}")
    with StaticServer(place, port, host) as server:
        if json:
            console.emit({"link": server.link, "folder": str(place)})
        else:
            console.say(f"{server.link}    (stop with Ctrl-C)")
        if open_browser:
            webbrowser.open(server.link)
        server.serve_forever(poll_interval=0.2)


def _app_of_checkout() -> Path:
    from mobile_inpaint.apps.bundle import app_folder, get_app

    try:
        return app_folder(get_app("web"), Path.cwd()).parent
    except ExportError as error:
        raise ExportError(
            "no web app here: name the folder of one (mobile-inpaint serve FOLDER); the app itself is the folder web_demo of a "
            "checkout of this project"
        ) from error
