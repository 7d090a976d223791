"""What the compositor costs inside an ONNX file and beside it: a 12-megapixel photo with a round hole of 400 px.

    python benchmarks/measure_one_file.py ARTIFACT.onnx [--threads 1] [--rounds 7]

Both run in turn and the medians are printed; memory is what the first run of a process adds at its peak (Linux).
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.onnx.pipeline import fill_by
from mobile_inpaint.targets.onnx.target import open_session
from mobile_inpaint.targets.pipeline.any_size import photo_model

Run = Callable[[Pixels, Flags], Pixels]


def case() -> tuple[Pixels, Flags]:
    """A grey slope with noise, 4000x3000, and its hole."""
    y, x = np.ogrid[:3000, :4000]
    noise = np.random.default_rng(0).integers(-6, 7, (3000, 4000, 3), np.int16)
    return (noise + (60 + x // 40 + y // 50)[..., None]).astype(np.uint8), (y - 1500) ** 2 + (x - 2000) ** 2 < 200**2


def beside(network: Path, threads: int) -> Run:
    """The Python compositor round the network."""
    session = open_session(network, threads)
    compositor = Compositor(session.get_inputs()[0].shape[-1])
    return lambda pixels, hole: compositor(
        pixels, hole, lambda image, mask: session.run(None, {"image": image, "mask": mask})[0]
    )


def inside(network: Path, threads: int) -> Run:
    """One file."""
    import onnx

    model = onnx.load(network)
    size_px = model.graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.onnx"
        onnx.save(photo_model(model, Compositor(size_px), hole=1), path)
        return fill_by(open_session(path, threads), 1)


WAYS = {"beside": beside, "inside": inside}


def peak_mb(way: str, network: Path, threads: int) -> None:
    """Prints by how much the first run raised the process's memory."""
    run, (pixels, hole) = WAYS[way](network, threads), case()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    before = _peak_mb()
    run(pixels, hole)
    print(f"{way}: the run adds {_peak_mb() - before} MB to {before}")


def _peak_mb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    runs, (pixels, hole) = {way: make(given.network, given.threads) for way, make in WAYS.items()}, case()
    one, other = (run(pixels, hole) for run in runs.values())
    print("equal:", np.array_equal(one, other))
    seconds: dict[str, list[float]] = {way: [] for way in runs}
    for _ in range(given.rounds):
        for way, run in runs.items():
            start = time.perf_counter()
            run(pixels, hole)
            seconds[way].append(time.perf_counter() - start)
    for way, each in seconds.items():
        print(f"{way}: {statistics.median(each) * 1000:.0f} ms")
    extra = statistics.median(b - a for a, b in zip(*seconds.values(), strict=True))
    print(f"inside - beside, median of pairs: {extra * 1000:+.0f} ms")
    for way in runs:
        process = multiprocessing.get_context("spawn").Process(target=peak_mb, args=(way, given.network, given.threads))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
