"""Batches to train on: squares of photos with holes in them, each settled by the seed and its number alone.

A sample is a pure function of (seed, index). So a run that stopped at step 1,000 goes on with step 1,000 and nothing else to
remember, and W processes with batches of b see together what one process with batches of W x b sees.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from multiprocessing import active_children
from multiprocessing.util import Finalize

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as pil
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from mobile_inpaint.cpu_count import usable_cores
from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.errors import MobileInpaintError, PhotoError, ToolchainMissing, TrainingError
from mobile_inpaint.masks.strokes import Shape
from mobile_inpaint.photo.image import Pixels, to_image
from mobile_inpaint.photo.mask import Mask

_TRIES = 100
_CROP, _HOLE = 0, 1


@dataclass(frozen=True)
class Batch:
    """What one step trains on.

    Attributes:
        image: [N, 3, S, S] float32 RGB in [0,1], whole: the truth.
        mask: [N, 1, S, S] float32, 0 or 1, 1 = hole.
        numbers: of the samples; the same number is the same sample in every step.
    """

    image: Tensor
    mask: Tensor
    numbers: tuple[int, ...]


class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Endless samples, by number: ``samples[index] -> (image, mask)``, shaped as in a `Batch` without its N.

    Each photo serves once, in an order drawn anew for each round, before any serves again. The square is upright, of any place
    in the photo and any scale between one pixel a pixel and the whole shorter side (smaller photos are enlarged), the
    logarithm of its side uniform; mirrored by turns of a coin. The hole is drawn for the square.

    Attributes:
        left_out: of the photos that could not be read, by their number, what is wrong with them; others stand in for them.
    """

    def __init__(self, photos: PhotoSource, size_px: int, seed: int, holes: Shape) -> None:
        self.photos, self.size_px, self.seed, self.holes = photos, size_px, seed, holes
        self.left_out: dict[int, str] = {}

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The sample ``index``, 0 or more.

        Raises:
            TrainingError: no photo can be read.
        """
        square = self._square(index)
        hole = self.holes((self.size_px, self.size_px), np.random.default_rng((self.seed, index, _HOLE)))
        return torch.from_numpy(to_image(square)[0]), torch.from_numpy(Mask(hole).to_array()[0])

    def _square(self, index: int) -> Pixels:
        turn, place = divmod(index, len(self.photos))
        photo = int(_order(self.seed, turn, len(self.photos))[place])
        for attempt in range(_TRIES):
            random = np.random.default_rng((self.seed, index, _CROP, attempt))
            if attempt:
                photo = int(random.integers(len(self.photos)))
            if photo not in self.left_out:
                try:
                    return _crop(self.photos, photo, self.size_px, random)
                except (PhotoError, ToolchainMissing) as error:
                    self.left_out[photo] = str(error)
        raise TrainingError(
            f"{self.photos.name}: {_TRIES} photos drawn by lot cannot be read; {next(iter(self.left_out.values()))}"
        )


def batches(
    samples: Samples,
    size: int,
    steps: range,
    *,
    different: int = 0,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    warn: Callable[[str], None],
) -> Iterator[Batch]:
    """This process's batch of each of ``steps``, in order; the same bits with any number of workers.

    Args:
        samples: what to draw from.
        size: of a batch.
        steps: counted from the beginning of training, 0 or more: ``range(done, total)`` goes on where it stopped.
        different: how many samples there are before the first comes again; 0: it never does.
        rank: this process's number: of a step's samples it takes every ``world``-th from there. The discriminator then compares
            in its groups what it would compare in one process.
        world: how many processes there are.
        workers: processes that prepare batches ahead, if there are as many cores, and share the room for decoded photos evenly;
            0: this one does.
        warn: is told, once a photo, the line that names a photo which cannot be read and is left out.

    Raises:
        TrainingError: no photo can be read.
    """
    workers = min(workers, usable_cores())
    loader: DataLoader[_Drawn] = DataLoader(
        _Batches(samples, size, different, rank, world),
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        worker_init_fn=_set_up_worker if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
    if workers:
        _end_workers_with_this_process()
    told = set[int]()
    for drawn, left_out in loader:
        for photo in left_out.keys() - told:
            warn(f"{left_out[photo]}; left out of training")
        told |= left_out.keys()
        if isinstance(drawn, MobileInpaintError):
            raise drawn
        yield Batch(*drawn)


_Drawn = tuple[tuple[Tensor, Tensor, tuple[int, ...]] | MobileInpaintError, dict[int, str]]


class _Batches(Dataset[_Drawn]):
    """A process's batches by step, each with the photos left out so far; an error comes as itself.

    Raised in a worker it would come wrapped in that worker's traceback.
    """

    def __init__(self, samples: Samples, size: int, different: int, rank: int, world: int) -> None:
        self.samples, self._size, self._different, self._rank, self._world = samples, size, different, rank, world

    def __getitem__(self, step: int) -> _Drawn:
        mine = range(step * self._size * self._world, (step + 1) * self._size * self._world)[self._rank :: self._world]
        numbers = tuple(index % self._different if self._different else index for index in mine)
        try:
            images, masks = zip(*(self.samples[number] for number in numbers), strict=True)
        except MobileInpaintError as error:
            return error, self.samples.left_out
        return (torch.stack(images), torch.stack(masks), numbers), self.samples.left_out


@cache
def _end_workers_with_this_process() -> None:
    """Lets this process end while workers still wait: multiprocessing ends them by SIGTERM, which they ignore, and waits."""
    Finalize(None, _kill_workers, exitpriority=0)


def _kill_workers() -> None:
    for child in active_children():
        if child.daemon:
            child.kill()


def _set_up_worker(worker: int) -> None:
    # Ctrl-C and SIGTERM reach a whole group of processes; what ends training is its own process, between two steps
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    info = get_worker_info()
    assert info is not None and isinstance(info.dataset, _Batches)
    info.dataset.samples.photos.memory_bytes //= info.num_workers


@lru_cache(maxsize=2)
def _order(seed: int, turn: int, count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, turn)).permutation(count)


def _crop(photos: PhotoSource, photo: int, size_px: int, random: np.random.Generator) -> Pixels:
    """A square of the photo at ``size_px``: HWC uint8 RGB."""
    whole = photos.short_side(photo)
    side = min(whole, size_px) * max(1.0, whole / size_px) ** random.random()
    # Decoded no finer than the square needs, which saves time and room; the part comes of the numbers alone.
    shrink = max(part for part in (1, 2, 4, 8) if part == 1 or side >= part * size_px)
    pixels = photos.pixels(photo, shrink)
    side_px = round(side * min(pixels.shape[:2]) / whole)
    top, left = (int(random.integers(0, length - side_px, endpoint=True)) for length in pixels.shape[:2])
    square = pil.fromarray(pixels[top : top + side_px, left : left + side_px])
    picture = np.asarray(square.resize((size_px, size_px), pil.Resampling.BICUBIC))
    return np.ascontiguousarray(picture[:, :: random.choice((-1, 1))])
