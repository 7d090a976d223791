"""A server for a folder that makes a whole site, with the headers that let its page have threads.

No path of a request reaches the file system: what may be had is a table, read when the server starts.
"""

from __future__ import annotations

import shutil
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mobile_inpaint.bench.browser.server import HEADERS, LOOPBACK, describe
from mobile_inpaint.errors import BenchError


class Handler(BaseHTTPRequestHandler):
    """Answers with the server's files."""

    server: StaticServer
    server_version, sys_version = "mobile-inpaint", ""

    def do_GET(self) -> None:
        """A file."""
        path = self.server.files.get(urlsplit(self.path).path)
        if path is None or not path.is_file():
            self._answer(404, {"Content-Length": "0"})
            return
        with path.open("rb") as file:
            self._answer(200, describe(path.name, path.stat().st_size))
            if self.command == "GET":
                shutil.copyfileobj(file, self.wfile)

    do_HEAD = do_GET

    def _answer(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {**HEADERS, "Cache-Control": "no-cache", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the terminal is the user's."""


class StaticServer(ThreadingHTTPServer):
    """Serves every file of a folder but hidden ones; ``/`` is its ``index.html``.

    Attributes:
        files: by path.
    """

    daemon_threads = True
    handler = Handler

    def __init__(self, folder: Path, port: int = 0, host: str = LOOPBACK) -> None:
        """Takes the port, or a free one for 0.

        Raises:
            BenchError: the folder has no ``index.html``, or the port is taken.
        """
        inside = ((path, path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        self.files = {f"/{name.as_posix()}": path for path, name in inside if not any(p.startswith(".") for p in name.parts)}
        if "/index.html" not in self.files:
            raise BenchError(f"{folder}: has no index.html: name the folder of the web app")
        self.files["/"] = self.files["/index.html"]
        try:
            super().__init__((host, port), self.handler)
        except OSError as error:
            raise BenchError(f"port {port} of {host}: {error.strerror}; choose another with --port") from error

    @property
    def link(self) -> str:
        """To be opened in a browser."""
        host, port = self.server_address[:2]
        return f"http://{'localhost' if host == LOOPBACK else host!s}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is the browser's own affair."""
