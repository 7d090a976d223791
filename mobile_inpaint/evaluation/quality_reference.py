"""What the fp32 generator makes of the quality photos, and what that is worth: computed once for a checkpoint, kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mobile_inpaint import files
from mobile_inpaint.artifact import HoleSize
from mobile_inpaint.checkpoints import store
from mobile_inpaint.data.quality_photos import QualityCase, QualityCases
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.evaluation.figures import Figures, Judge
from mobile_inpaint.photo.image import Fill, Pixels, to_pixels
from mobile_inpaint.photo.mask import Hole

RULES = 1
"""Of everything that decides the figures, other than weights and cases: raise it when they would come out otherwise."""


@dataclass(frozen=True)
class Entry:
    """One case.

    Attributes:
        index: of the case in the set.
        photo: its name.
        slice: the size of the hole.
        inside: the generator's fill: [pixels of the hole, 3] uint8.
        figures: of that fill.
    """

    index: int
    photo: str
    slice: HoleSize
    inside: Pixels
    figures: Figures


class Filled(NamedTuple):
    """The cases of one photo, and the generator's fills of them."""

    truth: Pixels
    entries: list[Entry]
    cases: list[QualityCase]
    holes: list[Hole]
    fills: list[Pixels]


@dataclass(frozen=True)
class QualityReference:
    """The generator's fills of the quality cases, as 8-bit pictures, with their figures.

    Attributes:
        cases: photos and holes.
        entries: the generator's part, a case each.
        judge: what the figures are by.
    """

    cases: QualityCases
    entries: tuple[Entry, ...]
    judge: Judge

    @classmethod
    def of(
        cls,
        generator: Fill,
        weights_sha256: str,
        cases: QualityCases,
        judge: Judge,
        progress: Callable[[str], None] = lambda _: None,
    ) -> QualityReference:
        """The reference of the generator whose weights have that hash: from the cache, or computed and put there.

        Args:
            generator: in fp32.
            weights_sha256: of its checkpoint.
            cases: a few do for a quick look; see :func:`~mobile_inpaint.data.quality_photos.quality_cases`.
            judge: of everything that is measured against this.
            progress: told the name of each photo before its holes are filled.

        Raises:
            VerificationError: the generator does not return images.
        """
        kinds, digest = [], hashlib.sha256(f"{RULES} {weights_sha256} {cases.name} {judge.yardsticks}".encode())
        for case in cases:
            hole = case.mask[0, 0] > 0
            kinds.append((case.name, case.slice, int(hole.sum())))
            digest.update(f"{case.name} {case.slice} {hole.shape}".encode() + np.packbits(hole).tobytes())
        path = store.home() / "cache" / f"quality-{digest.hexdigest()[:16]}.npz"
        sizes = [size for _, _, size in kinds]
        kept = _load(path, sizes)
        if kept is None:
            kept = _compute(generator, cases, [photo for photo, _, _ in kinds], judge, progress)
            _save(path, *kept)
        insides, figures = kept
        entries = (
            Entry(index, photo, slice, inside, Figures(*row))
            for index, ((photo, slice, _), inside, row) in enumerate(zip(kinds, insides, figures.tolist(), strict=True))
        )
        return cls(cases, tuple(entries), judge)

    def only(self, slices: Sequence[str], limit: int | None = None) -> QualityReference:
        """A part of it: the first ``limit`` cases of each of the ``slices``."""
        chosen = [entry for slice in slices for entry in [e for e in self.entries if e.slice == slice][:limit]]
        return dataclasses.replace(self, entries=tuple(sorted(chosen, key=lambda entry: entry.index)))

    def by_photo(self) -> Iterator[Filled]:
        """Photo by photo, so that what depends on the truth alone is computed once."""
        for _, group in groupby(self.entries, key=lambda entry: entry.photo):
            entries = list(group)
            cases = [self.cases[entry.index] for entry in entries]
            truth, holes = to_pixels(cases[0].image), [case.mask[0, 0] > 0 for case in cases]
            fills = [truth.copy() for _ in entries]
            for fill, hole, entry in zip(fills, holes, entries, strict=True):
                fill[hole] = entry.inside
            yield Filled(truth, entries, cases, holes, fills)


def filled(fill: Fill, case: QualityCase) -> Pixels:
    """What ``fill`` makes of the case, as a user gets it: HWC uint8 RGB.

    Raises:
        VerificationError: it returns no image of the case's size.
    """
    image = fill(case.image, case.mask)
    if image.shape != case.image.shape or not np.isfinite(image).all():
        raise VerificationError(f"the output on '{case.name}' is not an image of {case.image.shape[2]} px")
    return to_pixels(image)


_Kept = tuple[list[Pixels], npt.NDArray[np.float64]]
"""The insides of the holes, and a row of Figures for each."""


def _compute(
    generator: Fill, cases: QualityCases, photos: Sequence[str], judge: Judge, progress: Callable[[str], None]
) -> _Kept:
    insides, figures = [], []
    for photo, group in groupby(range(len(cases)), key=lambda index: photos[index]):
        progress(photo)
        found = [cases[index] for index in group]
        truth, holes = to_pixels(found[0].image), [case.mask[0, 0] > 0 for case in found]
        fills = [filled(generator, case) for case in found]
        insides += [fill[hole] for fill, hole in zip(fills, holes, strict=True)]
        figures += judge.figures(truth, holes, fills, fills)
    return insides, np.array(figures)


def _load(path: Path, sizes: Sequence[int]) -> _Kept | None:
    """What is kept at ``path``, if it is whole and its holes are of these sizes."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            inside, figures = file["inside"], file["figures"]
    except Exception:  # not there, or damaged, in any of the ways in which reading a zip file fails: it is made anew
        return None
    if inside.shape != (sum(sizes), 3) or figures.shape != (len(sizes), len(Figures._fields)):
        return None
    return np.split(inside, np.cumsum(sizes)[:-1]), figures


def _save(path: Path, insides: Sequence[Pixels], figures: npt.NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, inside=np.concatenate(insides), figures=figures)
    files.write_whole(path, packed.getbuffer())
