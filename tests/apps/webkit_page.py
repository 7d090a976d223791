"""One page in WebKitGTK, the engine of Safari as Debian packs it, driven by the plain WebDriver protocol."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""What WebDriver calls a reference to an element."""


def find_browser() -> Path | None:
    """MiniBrowser, which comes beside the library and not on the search path."""
    return next((path for path in Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")), None)


def missing() -> str | None:
    """What has to be installed, or None."""
    if shutil.which("WebKitWebDriver") is None or find_browser() is None:
        return "no WebKitGTK is installed: apt-get install webkit2gtk-driver"
    return None if shutil.which("Xvfb") else "no Xvfb is installed: apt-get install xvfb"


class Page:
    """A page; every call is one of the WebDriver protocol.

    Attributes:
        version: of the browser.
    """

    def __init__(self, link: str, patience_s: float) -> None:
        self._patience_s = patience_s
        options = {"binary": str(find_browser()), "args": ["--automation"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._link = f"{link}/session"
        answer = self._send("POST", "", wanted)
        self._link += f"/{answer['sessionId']}"
        self.version = str(answer["capabilities"]["browserVersion"])
        self._send("POST", "/timeouts", {"script": int(patience_s * 1000)})

    def open(self, link: str) -> None:
        """Loads an address."""
        self._send("POST", "/url", {"url": link})

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        script = f"const done = arguments[0]; Promise.resolve({expression}).then(done, (error) => done(String(error)));"
        return self._send("POST", "/execute/async", {"script": script, "args": []})

    def wait(self, expression: str) -> Any:
        """The first true value of an expression."""
        ends = time.monotonic() + self._patience_s
        while not (value := self.ask(expression)):
            assert time.monotonic() < ends, f"{expression}: {self.says()!r}"
            time.sleep(0.1)
        return value

    def says(self) -> str:
        """The line under the title."""
        return str(self.ask("document.getElementById('status')?.textContent"))

    def choose(self, path: Path) -> None:
        """Puts a file into the input for photos."""
        element = self._send("POST", "/element", {"using": "css selector", "value": "#file"})[ELEMENT]
        self._send("POST", f"/element/{element}/value", {"text": str(path)})

    def drag(self, *places: tuple[float, float]) -> None:
        """Presses the mouse at the first place, moves it over the others, lets go at the last; CSS pixels, whole ones."""
        moves = [{"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)} for x, y in places]
        steps = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        self._send("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})

    def close(self) -> None:
        """Ends the browser."""
        self._send("DELETE", "", None)

    def _send(self, method: str, path: str, message: dict[str, Any] | None) -> Any:
        body = None if message is None else json.dumps(message).encode()
        request = urllib.request.Request(self._link + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._patience_s) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.read().decode()}") from None


@contextmanager
def opened(home: Path, patience_s: float = 120) -> Iterator[Page]:
    """A page while its browser, driver and screen live.

    Args:
        home: an empty folder for what the browser keeps.
        patience_s: with anything that it is asked or waited for.
    """
    with _screen(patience_s) as display, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        kept = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        surroundings = {**os.environ, **kept, "HOME": str(home), "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1"}
        surroundings.pop("WAYLAND_DISPLAY", None)
        with _running(["WebKitWebDriver", f"--port={port}"], env=surroundings):
            _wait_for(port, patience_s)
            page = Page(f"http://127.0.0.1:{port}", patience_s)
            try:
                yield page
            finally:
                page.close()


@contextmanager
def _screen(patience_s: float) -> Iterator[str]:
    """An X display of its own, which chooses its number."""
    number_read, number_write = os.pipe()
    command = ["Xvfb", "-displayfd", str(number_write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with os.fdopen(number_read) as number, _running(command, pass_fds=(number_write,)):
        os.close(number_write)
        yield f":{number.readline().strip()}"


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[None]:
    """A process with its children, which share its session."""
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, start_new_session=True, **quiet, **options) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(port: int, patience_s: float) -> None:
    ends = time.monotonic() + patience_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < ends, "WebKitWebDriver does not answer"
            time.sleep(0.1)
