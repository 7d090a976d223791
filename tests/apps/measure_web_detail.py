"""What the detail step takes in Chromium, in the page itself.

``PYTHONPATH=.:tests/apps python tests/apps/measure_web_detail.py``: for round holes of 400, 600 and 1000 px in a photo of
2400 x 2000, with a network of 512 px that paints a ramp: the seconds of the detail step by the page's own clock, the processor
seconds of all of Chromium meanwhile, and the growth of its memory. The machine should do nothing else; the load is beside. A
hole of 300 px gets no detail from a network of 512 px.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import browser_page
import numpy as np
from PIL import Image
from test_web_detail import ramp_artifact
from web_site import build, served

WIDTH, HEIGHT, SIZE_PX = 2400, 2000, 512


def main(diameters: list[int]) -> None:
    """Prints a line for each hole."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        noise = np.random.default_rng(5).normal(0, 12, (HEIGHT, WIDTH, 3))
        pixels = (
            np.stack([60 + x // 24, 90 + y // 20, (x * y) // 24000], axis=2) + noise + 40 * ((x // 13 + y // 17) % 2)[..., None]
        )
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / "wall.png")
        with served(build(ramp_artifact(folder, SIZE_PX), folder / "web")) as server, browser_page.opened() as page:
            page.size(1280, 800)
            page.open(server.link)
            page.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
            page.choose(folder / "wall.png")
            page.wait("document.getElementById('status').textContent.startsWith('wall.png')")
            for diameter in diameters:
                _measure(page, diameter)


def _measure(page: browser_page.Page, diameter: int) -> None:
    scale, left, top = page.ask(f"""(({{x, y, width, height}}) => {{
      const scale = Math.min(width / {WIDTH}, height / {HEIGHT}, 1);
      return [scale, x + width / 2, y + height / 2];
    }})(photo.getBoundingClientRect())""")
    page.ask(f"size.max = 2000; size.value = {round(diameter * scale)}")
    page.drag((left, top), (left, top))
    chromium = _children(os.getpid())
    before, peak, done = _memory(chromium), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], _memory(chromium))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started, cpu = time.perf_counter(), _cpu(chromium)
    page.click("erase")
    page.wait("document.getElementById('status').textContent.startsWith('Erased')")
    taken, cpu = time.perf_counter() - started, _cpu(chromium) - cpu
    done.set()
    watcher.join()
    told = page.ask("document.getElementById('last').textContent")
    print(
        f"{diameter} px: {told}; {taken:.1f} s, {cpu:.1f} s of processors, "
        f"{(peak[0] - before) / 1e6:.0f} MB more in all of Chromium; load {os.getloadavg()[0]:.1f}"
    )
    page.click("undo")
    page.click("undo")
    page.wait("document.getElementById('undo').disabled")


def _children(pid: int) -> list[int]:
    """All processes below that one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def _cpu(processes: list[int]) -> float:
    """Seconds, of user and system."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in processes]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def _memory(processes: list[int]) -> int:
    """Resident bytes."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [400, 600, 1000])
