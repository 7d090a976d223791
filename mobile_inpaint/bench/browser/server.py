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
import shutil
import ssl
import threading
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from mobile_inpaint.bench.browser import messages
from mobile_inpaint.errors import BenchError

LOOPBACK = "127.0.0.1"
LARGEST_MESSAGE = 1_000_000
"""Bytes; a report of 1000 runs of ten files has less than half of that."""
_PATIENCE_S = 30
"""With a client that says nothing."""

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


class PageServer:
    """Serves a table of files while it is open, and collects what the page posts.

    Attributes:
        link: to be opened once, by one browser.
        messages: what the page posted, each of a kind in :data:`~mobile_inpaint.bench.browser.messages.KINDS`.
    """

    def __init__(
        self,
        files: Mapping[str, Path | bytes],
        host: str = LOOPBACK,
        tls: ssl.SSLContext | None = None,
        shown_as: str | None = None,
    ) -> None:
        """Takes a free port.

        Args:
            files: what may be had, by path; ``/`` is the page.
            host: the address to listen on; other machines reach only what is not a loopback address.
            tls: for https.
            shown_as: the address to put into the link, where ``host`` stands for all of them.
        """
        self.messages: queue.Queue[messages.Message] = queue.Queue()
        self._files = dict(files)
        self._token, self._session = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._spent = threading.Lock()
        self._server = _Server((host, 0), self, tls)
        self._origin = f"{'https' if tls else 'http'}://{shown_as or host}:{self.port}"
        self.link = f"{self._origin}/{self._token}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def admit(self, path: str) -> str | None:
        """The cookie for the first visit to the link; None for any other path, and for every later visit."""
        if not hmac.compare_digest(path.encode(), f"/{self._token}".encode()) or not self._spent.acquire(blocking=False):
            return None
        return f"session={self._session}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self._server.tls else "")

    def knows(self, cookies: str, origin: str | None) -> bool:
        """Whether a request with these headers comes from the page that was handed out."""
        try:
            jar = SimpleCookie(cookies)
        except CookieError:
            return False
        session = jar["session"].value if "session" in jar else ""
        return hmac.compare_digest(session.encode(), self._session.encode()) and origin in (None, self._origin)

    def file(self, path: str) -> Path | bytes | None:
        """What is handed out under ``path``."""
        return self._files.get(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], page: PageServer, tls: ssl.SSLContext | None) -> None:
        super().__init__(address, _Handler)
        self.page, self.tls = page, tls
        if tls:  # shaking hands is left to each connection's own thread, where nobody else waits for it
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is its own affair: the page will be missed soon enough."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "bench", ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Hands out a file, or on the first visit the cookie."""
        page = self.server.page
        if cookie := page.admit(self.path):
            self._answer(303, {"Location": "/", "Set-Cookie": cookie})
        elif not self._is_known() or (content := page.file(self.path)) is None:
            self._answer(404)
        elif isinstance(content, bytes):
            self._answer(200, describe(self.path, len(content)))
            self.wfile.write(content)
        else:
            with content.open("rb") as file:
                self._answer(200, describe(self.path, content.stat().st_size))
                shutil.copyfileobj(file, self.wfile)

    def do_POST(self) -> None:
        """Takes a message."""
        if not self._is_known() or self.path not in messages.KINDS:
            return self._answer(404)
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal():
            return self._answer(411)
        if len(length) > len(str(LARGEST_MESSAGE)) or int(length) > LARGEST_MESSAGE:
            return self._answer(413)
        try:
            message = messages.parse(self.path, self.rfile.read(int(length)))
        except BenchError as error:
            return self._answer(400, {}, json.dumps(str(error)).encode())
        self.server.page.messages.put(message)
        return self._answer(204)

    def _is_known(self) -> bool:
        return self.server.page.knows(self.headers.get("Cookie", ""), self.headers.get("Origin"))

    def _answer(self, code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in {**HEADERS, **(headers or {})}.items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The code and nothing else: a stranger learns nothing of what answers."""
        self._answer(code)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the terminal is the bench's."""


_TYPES = {
    "": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
"""By suffix, what a machine's own list of types may lack."""


def describe(path: str, length: int) -> dict[str, str]:
    """The headers that say what a file is, by its name, and how long."""
    suffix = Path(path).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return {"Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind, "Content-Length": str(length)}
