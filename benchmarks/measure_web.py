"""How large the web app is and how long it takes, in a Chromium without a window on this machine, served over loopback.

    python benchmarks/measure_web.py [--photo FILE --mask FILE] [--repeats N]

Needs: Chromium, and in web_demo/ what `mobile-inpaint bundle --app web` puts there. Each repeat is a fresh browser: it opens
the page (cold), paints over the mask's box, erases, waits until all is kept, and opens the page again (kept, by the service
worker). Prints JSON; times are in milliseconds, from the opening of the page, the choice of the photo, the press of Erase.
"""

from __future__ import annotations

import argparse
import gzip
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from mobile_inpaint.bench.browser import chromium, static
from mobile_inpaint.bench.browser.web_server import Answer, Request
from mobile_inpaint.bench.measure import machine

ROOT = Path(__file__).parents[1]
WEB = ROOT / "web_demo"
DIST = WEB / "runtimes" / "onnxruntime-web" / "dist"
RUNTIMES = {
    "wasm": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
NOT_SERVED = ("tests", "package.json")
PATIENCE_S = 300

SCRIPT = """
const at = (text) => new Promise((resolve, reject) => {
  const look = () => {
    const status = document.getElementById("status");
    if (status.classList.contains("wrong")) reject(new Error(status.textContent));
    else if (status.textContent.startsWith(text)) resolve(performance.now());
    else return;
    watch.disconnect();
  };
  const watch = new MutationObserver(look);
  watch.observe(document.getElementById("status"), { childList: true, attributes: true });
  look();
});
const tell = (found) => fetch("measured", { method: "POST", body: JSON.stringify(found) });

async function measure() {
  const ready = await at("Choose a photo");
  if (sessionStorage.getItem("first")) return tell({ ...JSON.parse(sessionStorage.getItem("first")), kept_ready: ready });
  const { name, box: [left, top, right, bottom] } = await (await fetch("measure.json")).json();
  const files = new DataTransfer(), input = document.getElementById("file");
  const file = new File([await (await fetch(name)).blob()], name);
  files.items.add(file);
  input.files = files.files;
  const chosen = performance.now();
  input.dispatchEvent(new Event("change"));
  const opened = await at(name);

  const photo = document.getElementById("photo"), area = photo.getBoundingClientRect();
  const size = await createImageBitmap(file);
  const scale = Math.min(area.width / size.width, area.height / size.height, 1);
  const point = (kind, x, y) => photo.dispatchEvent(new PointerEvent(kind, { pointerId: 1, isPrimary: true, button: 0,
    clientX: area.x + (area.width - size.width * scale) / 2 + x * scale,
    clientY: area.y + (area.height - size.height * scale) / 2 + y * scale }));
  const reach = document.getElementById("size").value / 2 / scale;
  point("pointerdown", left + reach, top + reach);
  for (let y = top + reach, way = 0; y <= bottom - reach; y += reach, way++) {
    for (const x of way % 2 ? [right, left] : [left, right]) point("pointermove", x + (x === left ? reach : -reach), y);
  }
  point("pointerup", right, bottom);

  const asked = performance.now();
  document.getElementById("erase").click();
  const erased = await at("Erased"), last = document.getElementById("last").textContent;
  document.getElementById("undo").click();
  await at("Undone");
  const offline = document.getElementById("offline"), backend = document.getElementById("backend").value;
  while (!offline.textContent.startsWith("yes")) await new Promise((resolve) => setTimeout(resolve, 50));
  const times = { cold_ready: ready, photo_opened: opened - chosen, first_erase: erased - asked };
  sessionStorage.setItem("first", JSON.stringify({ ...times, last, backend }));
  location.reload();
}
measure().catch((error) => tell({ error: error.message }));
"""


class Site(static.StaticServer):
    """Serves a folder and collects what its page posts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.found: queue.Queue[dict[str, Any]] = queue.Queue()

    def respond(self, request: Request) -> Answer:
        if request.method != "POST":
            return super().respond(request)
        self.found.put(json.loads(request.body(100_000)))
        return Answer(204)


def sizes() -> dict[str, dict[str, int]]:
    """Bytes, raw and gzipped, of the page, of each runtime, of the artifact."""
    page = [path for path in WEB.rglob("*") if path.is_file() and path.relative_to(WEB).parts[0] not in ("model", "runtimes")]
    page = [path for path in page if path.relative_to(WEB).parts[0] not in NOT_SERVED]
    artifact = WEB / "model" / json.loads((WEB / "model" / "bundle.json").read_text())["artifact"]
    parts = {"page": page, **{f"runtime {name}": [DIST / file for file in files] for name, files in RUNTIMES.items()}}
    parts["artifact"] = [artifact]
    return {
        name: {
            "files": len(paths),
            "bytes": sum(path.stat().st_size for path in paths),
            "gzipped": sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in paths),
        }
        for name, paths in parts.items()
    }


def prepare(folder: Path, photo: Path, mask: Path) -> None:
    """A copy of the site whose page measures itself."""
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns(*NOT_SERVED))
    shutil.copyfile(photo, folder / photo.name)
    rows, columns = np.nonzero(np.asarray(Image.open(mask).convert("L")) > 127)
    box = [int(value) for value in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
    (folder / "measure.json").write_text(json.dumps({"name": photo.name, "box": box}))
    (folder / "measure.js").write_text(SCRIPT)
    index = folder / "index.html"
    index.write_text(index.read_text().replace("</body>", '<script type="module" src="measure.js"></script>\n</body>'))


def measure(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """What the page found, one dict for each fresh browser."""
    found = []
    with Site(folder) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        for _ in range(repeats):
            with chromium.opened(site.link):
                one = site.found.get(timeout=PATIENCE_S)
            if "error" in one:
                raise SystemExit(one["error"])
            found.append(one)
        site.shutdown()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=ROOT / "demo" / "wren.jpg")
    parser.add_argument("--mask", type=Path, default=ROOT / "demo" / "wren_mask.png")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    load = machine.load_average()
    with tempfile.TemporaryDirectory(prefix="mobile-inpaint-") as name:
        prepare(Path(name) / "web", arguments.photo, arguments.mask)
        found = measure(Path(name) / "web", arguments.repeats)
    version = subprocess.run([chromium.find_or_say_why(), "--version"], capture_output=True, text=True, check=True).stdout
    here = machine.this_machine()
    print(
        json.dumps(
            {
                "date": datetime.now(UTC).date().isoformat(),
                "commit": machine.commit(),
                "machine": f"{here.chip}, {here.cores} cores, {here.os}",
                "load": [load, machine.load_average()],
                "browser": version.strip(),
                "artifact": json.loads((WEB / "model" / "bundle.json").read_text())["artifact"],
                "backend": sorted({one["backend"] for one in found}),
                "photo": arguments.photo.name,
                "sizes": sizes(),
                "ms": {
                    name: {"median": round(median(times)), "range": [round(min(times)), round(max(times))]}
                    for name in ("cold_ready", "kept_ready", "photo_opened", "first_erase")
                    if (times := [one[name] for one in found])
                },
                "said": [one["last"] for one in found],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
