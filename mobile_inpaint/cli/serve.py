"""The verb ``serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.errors import ExportError


def serve(
    folder: Annotated[Path | None, typer.Argument(help="The web app; none: the checkout's web_demo.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on; only this machine reaches 127.0.0.1.")] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show the web app in a browser, until interrupted."""
    import webbrowser

    from mobile_inpaint.apps.bundle import app_folder, bundled, get_app
    from mobile_inpaint.bench.browser.static import StaticServer

    place = folder or app_folder(get_app("web"), Path.cwd()).parent
    if bundled(place / "model") is None:
        raise ExportError(f"{place}: no artifact was put into it; do so with: mobile-inpaint bundle --app web")
    with StaticServer(place, port, host) as server:
        console.say(f"{server.link}    (stop with Ctrl-C)")
        if open_browser:
            webbrowser.open(server.link)
        server.serve_forever(poll_interval=0.2)
