"""A photo of any size through a Fill of one size, and back; pixels under the mask are never read.

The whole way, step by step and to the bit, is ``docs/compositor.md``; the apps' compositors follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import ArgumentError, ManifestError
from mobile_inpaint.photo.compositor import seam, tone
from mobile_inpaint.photo.compositor.detail import Detail
from mobile_inpaint.photo.compositor.resample import Ints, Taps, enlarge_taps, reach, resample, shrink_taps
from mobile_inpaint.photo.compositor.tiles import Box, Square, bounding_box, parts, square_round
from mobile_inpaint.photo.fill_inputs import check_pixels
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.photo.io.source import kind_of
from mobile_inpaint.quoting import quoted

Pixels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

WAYS = ("auto", "off", "on")
"""What :meth:`Compositor.with_detail` takes."""
RULES = 1
"""Counts up whenever the same numbers give other bits."""
DETAIL_RULES = 2
"""The rules of a compositor that keeps the tone or has the detail step; with neither it follows rules 1."""
FILL_BITS = 4
"""Fraction bits of a grey level after the network."""
BAND = 1 << 15
"""Pixels worked on at a time, in whole rows: memory does not grow with the hole. The result does not depend on it."""
_BOUNDS = {
    "size_px": (1, 16_384),
    "context": (1, 1_024),
    "fade": (0, 256),
    "margin_px": (0, 16_384),
    "keep_tone": (0, 1),
    "detail_shrink": (0, 1_024),
    "detail_above": (0, 8),
    "detail_guide_px": (1, 64),
    "detail_weight": (0, 256),
    "detail_penalty": (0, 1024),
    "detail_margin": (0, 64),
    "detail_low_px": (1, 64),
}
"""The least and the greatest value of each number, inclusive."""
_FRACTIONS = ("context", "detail_shrink")
"""The numbers that need not be whole."""


@dataclass(frozen=True)
class Compositor:
    """``compositor(pixels, hole, fill) -> pixels``: the hole filled, all else as it was.

    :meth:`of` makes the one that belongs to a network::

        model = create_model("migan-lite", weights="migan-lite")
        result = Compositor.of(model).with_detail("auto")(photo.pixels, mask.hole, model)

    Attributes:
        size_px: side of the square that the fill takes.
        context: side of the crop as a multiple of the hole's longer side, where that is more than ``size_px``.
        fade: what is left of the colour correction, in 1/256, each time the distance to the hole's edge doubles.
        margin_px: how far round the hole grain is measured.
        keep_tone: make the fill grey in a grey photo, and toned in a toned one.
        detail: the step that rebuilds large holes from the photo's own patches; None: enlarge the fill and add grain.
    """

    size_px: int = 512
    context: float = 2.0
    fade: int = 240
    margin_px: int = 32
    keep_tone: bool = False
    detail: Detail | None = None

    def __call__(self, pixels: Pixels, hole: Flags, fill: Fill) -> Pixels:
        """A new photo in which every hole pixel comes from the fill and every other one is bit-identical.

        Parts of the hole that lie apart are filled one after the other; a later one sees the earlier as known.

        Args:
            pixels: [H, W, 3] uint8 RGB; what is under the hole has no influence on the result.
            hole: [H, W] bool, True = fill; all True is allowed.
            fill: takes ``size_px`` squares: a Generator, what ``load_artifact`` returns, or any function of arrays. Only its
                answer inside the mask it was given is used.

        Raises:
            PhotoError: ``pixels`` are of another kind, dtype or shape.
            MaskError: ``hole`` is of another kind or dtype, or has another height or width than ``pixels``.
            ArgumentError: ``fill`` takes squares of another size, is no function, or returns no image of that size.
        """
        check_pixels(pixels, hole)
        self._check_fill(fill)
        result, todo = pixels.copy(), hole.copy()
        for box in parts(hole, int(self.size_px / self.context)):
            square = square_round(box, hole.shape, self.context, self.size_px)
            seen, unseen = self._look(result, todo, square)
            filled = self._fill(seen, unseen, fill)
            if self.detail is None or square.side < self.detail.shrink * self.size_px:
                self._paste(result, todo, box, square, filled)
                self._add_grain(result, todo, box)
            else:
                self._rebuild(result, todo, box, square, filled, self.detail)
            if self.keep_tone:
                _keep_tone(result, todo, box)
            todo[box.slices] = False
        return result

    def with_detail(self, way: str) -> Compositor:
        """This compositor with its detail step chosen; grey and toned photos stay so in each way.

        Args:
            way: ``auto``: large holes are rebuilt from the photo's own texture where the crop is shrunk by ``Detail.shrink`` or
                more; ``on``: all holes; ``off``: none. The step's own numbers are kept; those of `Detail` stand in for none.

        Raises:
            ArgumentError: another way.
        """
        if way not in WAYS:
            raise ArgumentError(f"detail is {quoted(way)}: it must be {', '.join(WAYS)}")
        if way == "off":
            return replace(self, keep_tone=True, detail=None)
        detail = self.detail or Detail()
        return replace(self, keep_tone=True, detail=replace(detail, shrink=1.0) if way == "on" else detail)

    @classmethod
    def of(cls, source: object) -> Compositor:
        """The compositor that belongs to a network: of its size, and with the numbers that its manifest says.

        Args:
            source: an Artifact, a Manifest, what ``load_artifact`` returns, or a Generator.

        Raises:
            ArgumentError: none of these.
            ManifestError: a one-file pipeline, which needs none, or numbers that no compositor can have.
        """
        manifest: Any = getattr(source, "manifest", None) or source
        numbers, contract = getattr(manifest, "compositor", None), getattr(manifest, "contract", None)
        if isinstance(numbers, Mapping) and contract is not None:
            if contract.io == "photo":
                raise ManifestError(f"{manifest.file}: a one-file pipeline has a compositor inside: open it with load_pipeline")
            if numbers.get("size_px") != contract.size_px:
                raise ManifestError(f"{manifest.file}: its compositor is for another size than its network; export it again")
            return cls.from_numbers(numbers)
        side = getattr(source, "resolution", None)
        if not isinstance(side, int):
            raise ArgumentError(f"there is no compositor for {kind_of(source)}: give an Artifact, a loaded one, or a Generator")
        return cls(size_px=side)

    def _check_fill(self, fill: object) -> None:
        """Refuses what cannot be asked for squares of this size, as far as it can be known."""
        if not callable(fill):
            raise ArgumentError(f"the fill is {kind_of(fill)}: give a Generator, or open a file with load_artifact")
        side = getattr(fill, "resolution", None) or getattr(fill, "size_px", None)
        if isinstance(side, int) and side != self.size_px:
            raise ArgumentError(
                f"the compositor cuts squares of {self.size_px} px, the network takes {side} px: use Compositor.of(network)"
            )

    def numbers(self) -> dict[str, float]:
        """What a manifest carries, so that an app's compositor does the same."""
        numbers = {"size_px": self.size_px, "context": self.context, "fade": self.fade, "margin_px": self.margin_px}
        if self.detail is None and not self.keep_tone:
            return {"rules": RULES, **numbers}
        detail = asdict(self.detail) if self.detail else {**asdict(Detail()), "shrink": 0.0}
        return {
            "rules": DETAIL_RULES,
            **numbers,
            "keep_tone": int(self.keep_tone),
            **{f"detail_{name}": value for name, value in detail.items()},
        }

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, float]) -> Compositor:
        """The compositor that wrote ``numbers``, of rules 1 or 2.

        Raises:
            ManifestError: other keys than :meth:`numbers` writes, rules that this version does not follow, or a number that
                no compositor can have.
        """
        second = numbers.get("rules") == DETAIL_RULES and "keep_tone" in numbers
        expected = cls(keep_tone=second).numbers()
        if set(numbers) != set(expected) or numbers["rules"] != expected["rules"]:
            names = sorted(set(expected) - {"rules"})
            raise ManifestError(
                f"the manifest's compositor numbers are not those of rules {expected['rules']:.0f} ({', '.join(names)}): "
                "export the artifact again with this version"
            )
        within = [low <= numbers[name] <= high for name, (low, high) in _BOUNDS.items() if name in numbers]
        whole = [float(numbers[name]).is_integer() for name in expected if name not in _FRACTIONS]
        shrink = numbers.get("detail_shrink", 0)
        if not all(within) or not all(whole) or (shrink != 0 and shrink < 1):
            raise ManifestError("the manifest's compositor numbers are out of range: export the artifact again")
        plain = {name: int(numbers[name]) for name in ("size_px", "fade", "margin_px")}
        names = [field.name for field in fields(Detail) if field.name != "shrink"]
        return cls(
            context=float(numbers["context"]),
            **plain,
            keep_tone=bool(numbers.get("keep_tone", 0)),
            detail=Detail(shrink=float(shrink), **{name: int(numbers[f"detail_{name}"]) for name in names}) if shrink else None,
        )

    def _look(self, photo: Pixels, todo: Flags, square: Square) -> tuple[Pixels, Flags]:
        """The square at the network's size, and which of its pixels take in a hole pixel."""
        size = self.size_px
        taps = shrink_taps(square.side, size)
        columns = _folded(square.left, square.left + square.side, photo.shape[1])
        if square.side == size:  # as most are: nothing to resample, the same bits sooner
            rows = _folded(square.top, square.top + size, photo.shape[0])
            hidden = todo[rows][:, columns]
            return np.where(hidden[..., None], 0, photo[rows][:, columns]), hidden
        seen, unseen = np.empty((size, size, 3), np.uint8), np.empty((size, size), np.bool_)
        step = max(1, BAND * size // (square.side * square.side))  # target rows that take in about BAND of the square
        for start in range(0, size, step):
            band = slice(start, start + step)
            first, last = int(taps.source[band].min()), int(taps.source[band].max())
            rows = _folded(square.top + first, square.top + last + 1, photo.shape[0])
            hidden = todo[rows][:, columns]
            given = np.where(hidden[..., None], 0, photo[rows][:, columns])
            inside = Taps(taps.source[band] - first, taps.weight[band])
            seen[band] = resample(given, inside, taps, 0, 0)
            unseen[band] = reach(hidden, inside, taps)
        return seen, unseen

    def _fill(self, seen: Pixels, unseen: Flags, fill: Fill) -> Ints:
        """The square without a hole, in 1/16 grey levels: known pixels as they were, the rest filled and colour-matched."""
        given = np.where(unseen[..., None], 0, seen).transpose(2, 0, 1)[None]
        answer = fill(given.astype(np.float32) / np.float32(255), unseen[None, None].astype(np.float32))
        if not isinstance(answer, np.ndarray) or answer.shape != given.shape:
            found = list(answer.shape) if isinstance(answer, np.ndarray) else kind_of(answer)
            raise ArgumentError(f"the fill returned {found}: it must return an array {list(given.shape)}, RGB in [0,1]")
        filled = seen.astype(np.int32) << FILL_BITS
        box = bounding_box(unseen)
        if box is None:
            return filled
        area = box.grown(1, unseen.shape).slices  # the hole and its neighbours are all that matching reads
        hole, truth = unseen[area], filled[area]
        bright = np.clip(answer[0].transpose(1, 2, 0)[area].astype(np.float64), 0, 1) * (255 << FILL_BITS)
        guess = np.floor(bright + 0.5).astype(np.int32)
        matched = np.clip(seam.match(guess, truth, hole, self.fade), 0, 255 << FILL_BITS)
        filled[area] = np.where(hole[..., None], matched, truth)
        return filled

    def _paste(self, photo: Pixels, todo: Flags, box: Box, square: Square, filled: Ints) -> None:
        columns = enlarge_taps(self.size_px, square.side, box.left - square.left, box.right - square.left)
        for band in _bands(box):
            rows = enlarge_taps(self.size_px, square.side, band.top - square.top, band.bottom - square.top)
            values = np.clip(resample(filled, rows, columns, FILL_BITS, 0), 0, 255)
            np.copyto(photo[band.slices], values, where=todo[band.slices][..., None], casting="unsafe")

    def _rebuild(self, photo: Pixels, todo: Flags, box: Box, square: Square, filled: Ints, detail: Detail) -> None:
        """Pastes the part, then the photo's own detail in its place."""
        near = box.grown(box.side // 2, todo.shape)  # inside the photo and inside the square
        near = Box(
            max(near.top, square.top),
            min(near.bottom, square.top + square.side),
            max(near.left, square.left),
            min(near.right, square.left + square.side),
        )
        picture, hole = photo[near.slices].copy(), todo[near.slices]
        offset = (near.top, near.left)
        self._paste(
            picture,
            hole,
            _moved(near, offset),
            square._replace(top=square.top - near.top, left=square.left - near.left),
            filled,
        )
        wanted = np.zeros_like(hole)
        part = _moved(box, offset).slices
        wanted[part] = hole[part]
        self._paste(photo, todo, box, square, filled)
        self._add_grain(photo, todo, box)
        rebuilt = detail(picture, hole, wanted, square.side, self.size_px, photo[near.slices])
        np.copyto(photo[near.slices], rebuilt, where=wanted[..., None])

    def _add_grain(self, photo: Pixels, todo: Flags, box: Box) -> None:
        """Gives the part just filled the noise that the known pixels round it have and it has not."""
        near = box.grown(self.margin_px, todo.shape).slices
        known = seam.grain_variances(photo[near], ~todo[near])
        missing = np.maximum(known - seam.grain_variances(photo[box.slices], todo[box.slices]), 0)
        if not missing[:3].any():
            return
        for band in _bands(box):
            values = np.clip(photo[band.slices] + seam.grain(missing, band), 0, 255)
            np.copyto(photo[band.slices], values, where=todo[band.slices][..., None], casting="unsafe")


def _bands(box: Box) -> list[Box]:
    step = max(1, BAND // (box.right - box.left))
    return [box._replace(top=top, bottom=min(top + step, box.bottom)) for top in range(box.top, box.bottom, step)]


def _keep_tone(photo: Pixels, todo: Flags, box: Box) -> None:
    """Moves the part just filled onto the line in colour space that the known pixels near it lie on, if they do."""
    near = box.grown(max(box.side // 2, 1), todo.shape).slices
    line = tone.line_of(photo[near][~todo[near]])
    if line is not None:
        for band in _bands(box):
            np.copyto(photo[band.slices], tone.projected(photo[band.slices], line), where=todo[band.slices][..., None])


def _moved(box: Box, offset: tuple[int, int]) -> Box:
    """The box in a window of the photo that begins at ``offset`` (row, column)."""
    return Box(box.top - offset[0], box.bottom - offset[0], box.left - offset[1], box.right - offset[1])


def _folded(start: int, stop: int, length: int) -> npt.NDArray[np.int64]:
    """Pixels ``start`` to ``stop`` of a line that is mirrored at its ends, the end pixel repeated, as often as it takes."""
    turn = np.arange(start, stop) % (2 * length)
    return np.where(turn < length, turn, 2 * length - 1 - turn)
