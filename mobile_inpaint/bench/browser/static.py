"""A server for a folder that makes a whole site, with the headers that let its page have threads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote_to_bytes

from mobile_inpaint.bench.browser import certificate
from mobile_inpaint.bench.browser.beneath import Beneath
from mobile_inpaint.bench.browser.server import HEADERS, describe
from mobile_inpaint.bench.browser.web_server import LOOPBACK, Answer, Limits, Refused, Request, WebServer
from mobile_inpaint.errors import BenchError

INDEX = "index.html"
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' data:; "
    "img-src 'self' blob: data:; style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page and its workers may load: files of this server; photos are blobs. WebAssembly counts as evaluated script.

The page says the same of itself, and its service worker of every file, for hosts that set no headers."""


class StaticServer(WebServer):
    """Serves the files of a folder but hidden ones; ``/`` is its ``index.html``.

    A link is followed while it is relative and stays in the folder.
    """

    headers: Mapping[str, str] = {**HEADERS, "Cache-Control": "no-cache", "Content-Security-Policy": CONTENT_POLICY}

    def __init__(self, folder: Path, port: int = 0, host: str = LOOPBACK, limits: Limits | None = None) -> None:
        """Takes the port, or a free one for 0.

        Raises:
            BenchError: the folder has no ``index.html``, or the port is taken.
        """
        try:
            self._files = Beneath(folder)
        except OSError as error:
            raise BenchError(f"{folder}: cannot be read ({error.strerror}); name the folder of the web app") from error
        try:
            index = self._files.open([INDEX])
            if index is None:
                raise BenchError(f"{folder}: has no {INDEX}: name the folder of the web app")
            index[0].close()
            super().__init__(host, port, limits or Limits(), shown_as=_own_address() if host in ("0.0.0.0", "::") else None)
        except BaseException:
            self._files.close()
            raise

    @property
    def link(self) -> str:
        """To be opened in a browser."""
        return f"{self.origin}/"

    def respond(self, request: Request) -> Answer:
        """A file."""
        if request.method not in ("GET", "HEAD"):
            raise Refused(501)
        names = _names(request.target)
        found = self._files.open(names)
        if found is None:
            raise Refused(404)
        file, length = found
        return Answer(200, describe(names[-1]), file, length)

    def server_close(self) -> None:
        """Frees the port and the folder."""
        super().server_close()
        self._files.close()


def _names(target: str) -> list[str]:
    """The steps of a request's path, each of which names a file or folder.

    Raises:
        Refused: they are not text.
    """
    path = target.partition("?")[0]
    try:
        return [unquote_to_bytes(step).decode() for step in path[1:].split("/")] if path != "/" else [INDEX]
    except UnicodeDecodeError:
        raise Refused(404) from None


def _own_address() -> str | None:
    """This machine's in its network; None where it is in none."""
    try:
        return certificate.own_address()
    except OSError:
        return None
