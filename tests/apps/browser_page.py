"""One page in a Chromium without a window, driven by its own debugging pipe: no driver, no download."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mobile_inpaint.bench.browser import chromium, runtimes

needs_runtimes = pytest.mark.skipif(not runtimes.are_here(), reason=f"the page's runtimes are not here: {runtimes.FETCH}")
needs_chromium = pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed")
FLAGS = ("--headless=new", "--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-extensions")


class Refused(Exception):
    """Chromium does not do what it was told."""


class Page:
    """A page with its workers, and what they say to the console.

    Attributes:
        errors: uncaught exceptions and console errors, as text.
        failed: requests that came to nothing or were refused, as text; not the service worker's own, which tries the network
            before it answers from what it keeps.
    """

    def __init__(self, to: int, of: int, patience_s: float) -> None:
        self.errors: list[str] = []
        self.failed: list[str] = []
        self._service_workers: set[str] = set()
        self._to, self._of, self._patience_s = to, of, patience_s
        self._bytes, self._next, self._session = b"", 1, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.call(f"{domain}.enable")
        self._follow_workers_of(self._session)

    def call(self, method: str, **parameters: Any) -> Any:
        """What Chromium answers to a command of its protocol."""
        of_page = not method.startswith(("Target.", "Browser."))
        number = self._send(method, parameters, self._session if of_page else None)
        while (answer := self._read()).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, link: str) -> None:
        """Loads an address."""
        self.call("Page.navigate", url=link)

    def ask(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, why: str = "") -> Any:
        """The first true value of an expression."""
        ends = time.monotonic() + self._patience_s
        while not (value := self._asked_while_it_loads(script)):
            assert time.monotonic() < ends, f"{why or script}: {self.says()!r}, {self.errors}"
            time.sleep(0.1)
        return value

    def _asked_while_it_loads(self, script: str) -> Any:
        try:
            return self.ask(script)
        except Refused:  # the page it was asked of has just made room for another
            return None

    def says(self) -> str:
        """The line under the title."""
        return str(self.ask("document.getElementById('status')?.textContent"))

    def choose(self, path: Path) -> None:
        """Puts a file into the input for photos."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def drag(self, *places: tuple[float, float]) -> None:
        """Presses the mouse at the first place, moves it over the others, lets go at the last."""
        steps = [("mousePressed", places[0]), *(("mouseMoved", place) for place in places[1:]), ("mouseReleased", places[-1])]
        for kind, (x, y) in steps:
            button = {"button": "left", "buttons": 0 if kind == "mouseReleased" else 1, "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        """Fingers: kind is touchStart, touchMove or touchEnd."""
        self.call(
            "Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        )

    def key(self, key: str, text: str = "", modifiers: int = 0, code: int = 0) -> None:
        """Presses and releases a key; modifiers: 2 is Ctrl, 8 Shift; code: Windows' number of it, which Tab works by."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers, windowsVirtualKeyCode=code, **typed)

    def click(self, name: str) -> None:
        """Clicks the element with that id."""
        self.ask(f"document.getElementById({name!r}).click()")

    def screenshot(self, path: Path) -> None:
        """Writes what the window shows."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def size(self, width: int, height: int, *, scale: float = 1, mobile: bool = False) -> None:
        """The window's, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)
        self.call("Emulation.setTouchEmulationEnabled", enabled=mobile)

    def _send(self, method: str, parameters: dict[str, Any], session: str | None) -> int:
        number, self._next = self._next, self._next + 1
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        return number

    def _follow_workers_of(self, session: str) -> None:
        """Workers wait until :meth:`_follow` has opened their ears."""
        self._send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}, session)

    def _follow(self, session: str, kind: str) -> None:
        if kind == "service_worker":
            self._service_workers.add(session)
        for domain in ("Runtime", "Network", "Log"):
            self._send(f"{domain}.enable", {}, session)
        self._follow_workers_of(session)
        self._send("Runtime.runIfWaitingForDebugger", {}, session)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Target.attachedToTarget" and parameters["sessionId"] != self._session:
            self._follow(parameters["sessionId"], parameters["targetInfo"]["type"])
        if event.get("sessionId") not in self._service_workers:
            self._note_requests(event.get("method"), parameters)
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(parameters["exceptionDetails"].get("exception", parameters["exceptionDetails"])))
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            if event.get("sessionId") in self._service_workers and parameters["entry"]["source"] == "network":
                return
            self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.errors.append(str(parameters["args"]))

    def _note_requests(self, method: str | None, parameters: dict[str, Any]) -> None:
        if method == "Network.loadingFailed" and not parameters.get("canceled"):
            self.failed.append(parameters["errorText"])
        if method == "Network.responseReceived" and parameters["response"]["status"] >= 400:
            self.failed.append(f"{parameters['response']['status']} {parameters['response']['url']}")

    def _read(self) -> dict[str, Any]:
        ends = time.monotonic() + self._patience_s
        while b"\0" not in self._bytes:
            ready, _, _ = select.select([self._of], [], [], max(0, ends - time.monotonic()))
            assert ready, "Chromium does not answer"
            piece = os.read(self._of, 1 << 20)
            assert piece, "Chromium is gone"
            self._bytes += piece
        message, _, self._bytes = self._bytes.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def opened(*flags: str, patience_s: float = 180) -> Iterator[Page]:
    """A page while its browser lives; the profile goes with it.

    Args:
        flags: more of Chromium's.
        patience_s: with anything that it is asked or waited for.
    """
    to_read, to_write = os.pipe()
    of_read, of_write = os.pipe()

    def take_places() -> None:
        """Chromium reads descriptor 3 and writes 4; either pipe may lie on the other's place."""
        spare = os.dup(of_write)
        os.dup2(os.dup(to_read), 3)
        os.dup2(spare, 4)

    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            str(chromium.find_or_say_why()),
            *FLAGS,
            *root,
            *flags,
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        browser = subprocess.Popen(command, close_fds=False, preexec_fn=take_places, start_new_session=True, **quiet)
        os.close(to_read)
        os.close(of_write)
        try:
            yield Page(to_write, of_read, patience_s)
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
            os.close(to_write)
            os.close(of_read)
