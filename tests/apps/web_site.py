"""What the tests of the web app share: the site with a small network, a photo, and Python's result beside it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image, ImageCms

from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.bench.browser.static import StaticServer
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.mask import Mask

WEB = Path(__file__).parents[2] / "web_demo"
WIDTH, HEIGHT = 300, 200
MAKER = 0x010F
ORIENTATION = 0x0112


def build(artifact: Artifact, folder: Path) -> Path:
    """The web app with that network in it, in a new folder."""
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("model", "runtimes", "tests"))
    bundling.bundle(artifact, bundling.get_app("web"), folder / "model")
    runtimes.copy_onnx(folder / "runtimes")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[StaticServer]:
    """Its server, which a test may shut down earlier."""
    with StaticServer(folder) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def make_photo(path: Path) -> Path:
    """A photo with grain, a colour profile and EXIF."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(5).normal(0, 4, (HEIGHT, WIDTH, 3))
    pixels = np.stack([60 + x // 3, 90 + y // 3, (x * y) // 400], axis=2) + noise + 40 * ((x // 30) % 2)[..., None]
    with_metadata(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), path, orientation=1)
    return path


def with_metadata(picture: Image.Image, path: Path, orientation: int, **options: Any) -> None:
    """Saves a picture with a profile and EXIF."""
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = "A maker", orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(path, exif=exif, icc_profile=profile, **options)


def pixels_of(path: Path) -> Any:
    """uint8 RGB, height x width x 3."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def row(y: int, start: int, end: int, radius: int) -> Any:
    """What a brush drawn along a row covers, bool, height x width."""
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[y, start : end + 1] = True
    return Mask(hole).grow(radius).hole


def by_python(artifact: Artifact, pixels: Any, hole: Any, detail: str | None = None) -> Any:
    """The Compositor's result on those pixels, by the manifest's numbers or with the detail step chosen."""
    session = onnxruntime.InferenceSession(artifact.path)
    fill = lambda image, mask: session.run(None, {"image": image, "mask": mask})[0]  # noqa: E731
    compositor = Compositor.from_numbers(artifact.manifest.compositor)
    return (compositor.with_detail(detail) if detail else compositor)(pixels, hole, fill)
