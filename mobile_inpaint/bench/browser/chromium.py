"""A Chromium without a window, opened on one page and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mobile_inpaint.errors import DeviceUnavailable

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = (
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
)
_WEBGPU = ("--enable-unsafe-webgpu", "--enable-features=Vulkan")


def find() -> Path | None:
    """Chromium's or Chrome's program; ``CHROME_PATH`` goes before the search path. None if there is none."""
    names = [os.environ["CHROME_PATH"]] if os.environ.get("CHROME_PATH") else _NAMES
    return next((Path(found) for found in map(shutil.which, names) if found), None)


def find_or_say_why() -> Path:
    """The same.

    Raises:
        DeviceUnavailable: there is none.
    """
    program = find()
    if program is None:
        raise DeviceUnavailable(
            "browser: no Chromium found (install chromium, or name it in CHROME_PATH); any other browser: --device browser:link"
        )
    return program


@contextmanager
def opened(link: str, *, webgpu: bool = False, software_gpu: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Chromium's process while it has ``link`` open; its profile and all its processes go with it.

    Args:
        link: the page.
        webgpu: ask for a GPU, which it does not use without a window otherwise.
        software_gpu: let SwiftShader play one.

    Raises:
        DeviceUnavailable: it is not installed.
    """
    program = find_or_say_why()
    flags = [*_QUIET, *(_WEBGPU if webgpu else ()), *(["--use-webgpu-adapter=swiftshader"] if software_gpu else ())]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # it refuses to run as root otherwise; it opens our own page only
    with tempfile.TemporaryDirectory(prefix="mobile-inpaint-", ignore_cleanup_errors=True) as profile:
        command = [str(program), *flags, f"--user-data-dir={profile}", link]
        if os.name == "posix":  # it listens to a pipe of ours, which says nothing and ends when we do, even if we are killed
            command = ["/bin/sh", "-c", 'exec "$@" 3<&0 4>/dev/null', "sh", *command, "--remote-debugging-pipe"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            try:
                yield process
            finally:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it with its children, which share its session, and waits."""
    if os.name == "posix":
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, how)
            except ProcessLookupError:
                break
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                continue
    else:
        process.terminate()
    process.wait()
