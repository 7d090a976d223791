"""The server behind a measuring page: it lives as long as one measurement and answers only whoever opened the link first.

The link holds a token that is good for one visit. That visit is given a cookie and sent to the page; everything else is
answered 404 without the cookie, whatever it asks for. No path of a request ever reaches the file system: what may be had is
a table, made before the server starts.
"""

from __future__ import annotations

import hmac
import json
import mimetypes
import queue
import secrets
import ssl
import threading
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from types import TracebackType

from mobile_inpaint.bench.browser import messages
from mobile_inpaint.bench.browser.web_server import LOOPBACK, Answer, Limits, Refused, Request, WebServer
from mobile_inpaint.errors import BenchError

LARGEST_MESSAGE = 1_000_000
"""Bytes; a report of 1000 runs of ten files has less than half of that."""

HEADERS = {
    # These two isolate the page; without them there is no SharedArrayBuffer, so no threads, and the clock is coarse.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer."""


class PageServer(WebServer):
    """Serves a table of files while it is open, and collects what the page posts.

    Attributes:
        link: to be opened once, by one browser.
        messages: what the page posted, each of a kind in :data:`~mobile_inpaint.bench.browser.messages.KINDS`.
    """

    name = "bench"
    headers = HEADERS

    def __init__(
        self,
        files: Mapping[str, Path | bytes],
        host: str = LOOPBACK,
        tls: ssl.SSLContext | None = None,
        shown_as: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Takes a free port.

        Args:
            files: what may be had, by path; ``/`` is the page.
            host: the address to listen on; other machines reach only what is not a loopback address.
            tls: for https.
            shown_as: the address to put into the link, where ``host`` stands for all of them.
            limits: of a client.
        """
        self.messages: queue.Queue[messages.Message] = queue.Queue()
        self._files = dict(files)
        self._token, self._session = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._spent = threading.Lock()
        super().__init__(host, 0, limits or Limits(), tls, shown_as or host)
        self.link = f"{self.origin}/{self._token}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def respond(self, request: Request) -> Answer:
        """Hands out a file, or on the first visit the cookie; takes a message."""
        if request.method == "GET":
            return self._hand_out(request)
        if request.method == "POST":
            return self._take(request)
        raise Refused(501)

    def _hand_out(self, request: Request) -> Answer:
        if cookie := self._admit(request.target):
            return Answer(303, {"Location": "/", "Set-Cookie": cookie})
        content = self._files.get(request.target)
        if not self._knows(request) or content is None:
            raise Refused(404)
        if isinstance(content, bytes):
            return Answer(200, describe(request.target), content)
        try:
            file, length = content.open("rb"), content.stat().st_size
        except OSError:
            raise Refused(404) from None
        return Answer(200, describe(request.target), file, length)

    def _take(self, request: Request) -> Answer:
        if not self._knows(request) or request.target not in messages.KINDS:
            raise Refused(404)
        try:
            message = messages.parse(request.target, request.body(LARGEST_MESSAGE))
        except BenchError as error:
            return Answer(400, content=json.dumps(str(error)).encode())
        self.messages.put(message)
        return Answer(204)

    def _admit(self, target: str) -> str | None:
        """The cookie for the first visit to the link; None for any other path, and for every later visit."""
        if not hmac.compare_digest(target.encode(), f"/{self._token}".encode()) or not self._spent.acquire(blocking=False):
            return None
        return f"session={self._session}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.tls else "")

    def _knows(self, request: Request) -> bool:
        """Whether a request comes from the page that was handed out."""
        try:
            jar = SimpleCookie("; ".join(request.headers.get("cookie", ())))
        except CookieError:
            return False
        session = jar["session"].value if "session" in jar else ""
        is_page = hmac.compare_digest(session.encode(), self._session.encode())
        return is_page and request.header("origin") in (None, self.origin)


_TYPES = {
    "": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
"""By suffix, what a machine's own list of types may lack."""


def describe(path: str) -> dict[str, str]:
    """The header that says what a file is, by its name."""
    suffix = Path(path).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return {"Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind}
