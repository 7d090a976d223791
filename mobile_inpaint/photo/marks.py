"""Which pixels of a picture mark the hole: one rule for files and arrays.

``auto`` takes a picture of two levels (:mod:`mobile_inpaint.photo.levels`): of two greys the brighter is the hole, of a grey
and a colour the colour. Where the colours say nothing and transparency does, transparency decides. A picture that could mean
two things is refused, and the message names an option that was tried and gives a hole inside the photo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo import levels
from mobile_inpaint.photo.levels import Color, Flags, Numbers, Several, Split
from mobile_inpaint.quoting import quoted

Polarity: TypeAlias = Literal["auto", "white", "black", "alpha", "opaque"]
"""What marks a hole: see :func:`read`. Beside these, labels: ``1,15`` or colours such as ``ff0000``."""

POLARITIES: tuple[str, ...] = get_args(Polarity)
_LABELS = re.compile(r"(?:[0-9]{1,5}|#?[0-9a-fA-F]{6})(?:,(?:[0-9]{1,5}|#?[0-9a-fA-F]{6}))*")
_MOST_NAMED = 6
_MOST_LEVEL = 65_535


class PhotoAsMask(MaskError):
    """A picture of as many levels as a photo has."""


@dataclass(frozen=True)
class Picture:
    """A mask's picture as it is stored.

    Attributes:
        colors: HW uint8 or uint16, or HW3 uint8 RGB.
        alpha: HW uint8, 0 = transparent; None where there is none.
        labels: HW, a palette's numbers; None where there is no palette.
    """

    colors: Numbers
    alpha: npt.NDArray[np.uint8] | None = None
    labels: Numbers | None = None

    @property
    def opaque(self) -> Flags | None:
        """HW bool, True = rather opaque; None where all of it is or nothing."""
        if self.alpha is None:
            return None
        opaque = _opaque(self.alpha)
        return None if opaque.all() or not opaque.any() else opaque


@dataclass(frozen=True)
class Reading:
    """A hole, and how it was found.

    Attributes:
        hole: HW bool, True = to be filled.
        said: what the user asked for.
        levels: what the picture holds, for a message.
        note: a line for the user where ``auto`` had to choose.
        remedy: an option that gives a better hole, where this one is empty, full or looks inverted and there is one.
    """

    hole: Flags
    said: str
    levels: str
    note: str | None = None
    remedy: str | None = None


def check_polarity(said: str) -> None:
    """Returns if ``said`` is one of :data:`POLARITIES`, or labels.

    Raises:
        MaskError: it is neither.
    """
    if said not in POLARITIES and not _LABELS.fullmatch(said):
        raise MaskError(
            f"--hole is {quoted(said)}: it must be one of {', '.join(POLARITIES)}, or the label to fill, such as 1 or ff0000"
        )


def read(picture: Picture, said: str, name: str) -> Reading:
    """The hole in a picture.

    Args:
        picture: what is in the file or the array.
        said: ``white``: grey from 128 up, or the brighter of two levels; ``black``: all else; ``alpha``: alpha below 128;
            ``opaque``: alpha from 128 up, or the higher of two levels; labels: levels of a grey picture or numbers of a
            palette, or colours in hexadecimal, with commas between; ``auto``: as this module says.
        name: of the picture, for messages.

    Raises:
        MaskError: another word; no transparency to go by; ``auto``, and it is not clear what marks the hole.
    """
    check_polarity(said)
    found = levels.split(picture.colors)
    said_of = _levels(picture, found)
    note = None
    if said == "auto":
        hole, note = _auto(picture, found, said_of, name)
    else:
        hole = _explicit(picture, found, said, name)
    suspect = not hole.any() or hole.all() or looks_inverted(hole, border_share(said))
    remedy = next(_remedies(picture, found, said, hole), None) if suspect else None
    return Reading(hole, said, said_of, note, remedy)


def border_share(said: str) -> float:
    """The share of the border that makes a hole look inverted: an object that touches the border leaves less of it.

    What the user named is doubted later than what ``auto`` chose.
    """
    return 0.75 if said == "auto" else 0.95


def looks_inverted(hole: Flags, border_share: float = 0.95) -> bool:
    """Whether more than half of the picture is hole, and nearly all of its border."""
    border = np.concatenate([hole[0], hole[-1], hole[:, 0], hole[:, -1]])
    return 2 * int(np.count_nonzero(hole)) > hole.size and int(np.count_nonzero(border)) >= border_share * border.size


def _auto(picture: Picture, found: Split | Several, said_of: str, name: str) -> tuple[Flags, str | None]:
    if (opaque := picture.opaque) is not None:
        return _layer(picture, opaque, name)
    if isinstance(found, Split):
        colored = [not levels.is_neutral(color) for color in found.colors]
        if all(colored):
            raise MaskError(f"{name}: {said_of}, and either could be the hole: say {_choice(picture, found)}")
        return (found.high if colored[1] or not colored[0] else ~found.high), None
    if len(found.colors) == 1:
        return _one_level(picture.colors), None
    raise _not_two(picture, found, said_of, name)


def _layer(picture: Picture, opaque: Flags, name: str) -> tuple[Flags, str | None]:
    """The hole in a picture that is transparent in places: painted, erased, or black and white after all."""
    seen = picture.colors.copy()
    seen[~opaque] = picture.colors[opaque][0]
    found = levels.split(seen)
    if isinstance(found, Split):
        dark, bright = (levels.brightness(color) >> 16 for color in found.colors)
        if not levels.are_near(picture.colors[opaque], found.colors):  # what is opaque is too small to outvote the rest
            found = Several()
        elif dark < 128 <= bright and all(map(levels.is_neutral, found.colors)):
            return found.high & opaque, None
    if isinstance(found, Several) and not found.colors:
        raise PhotoAsMask(
            f"{name}: its colours are a photo's, so they mark nothing, and it is transparent in places: "
            f"say {_choice(picture, found, ('alpha', 'opaque'))}"
        )
    is_white = isinstance(found, Several) and levels.is_neutral(found.colors[0][0]) and found.colors[0][0][0] >= 128
    if looks_inverted(~opaque, 0.75):
        painted = True
    elif looks_inverted(opaque, 0.75):
        painted = False
    elif is_white:
        painted = True
    else:
        raise MaskError(
            f"{name}: its colours do not say what the hole is, its transparency does: "
            f"say {_choice(picture, found, ('opaque', 'alpha'))}"
        )
    if painted:
        note = None if is_white else f"{name}: read by its transparency: what is painted is the hole, as --hole opaque says"
        return opaque, note
    return ~opaque, f"{name}: read by its transparency: what is erased is the hole, as --hole alpha says"


def _explicit(picture: Picture, found: Split | Several, said: str, name: str) -> Flags:
    if said in ("white", "black"):
        white = _white(picture.colors, found)
        return white if said == "white" else ~white
    if said in ("alpha", "opaque"):
        if picture.alpha is None:
            raise MaskError(f"{name}: has no alpha, so that nothing in it is transparent; leave --hole {said} out")
        opaque = _opaque(picture.alpha)
        if opaque.all():
            raise MaskError(f"{name}: nothing in it is transparent; leave --hole {said} out")
        return opaque if said == "opaque" else ~opaque
    hole = np.zeros(picture.colors.shape[:2], np.bool_)
    for label in said.split(","):
        hole |= _labelled(picture, label)
    if not hole.any():
        raise MaskError(f"{name}: --hole {said} marks nothing in it: {_levels(picture, found)}")
    return hole


def _opaque(alpha: npt.NDArray[np.uint8]) -> Flags:
    """What is rather opaque; of a picture without, the more opaque of two levels, as a pale brush paints."""
    opaque = np.asarray(alpha >= 128)
    if not opaque.any() and isinstance(found := levels.split(alpha), Split):
        return found.high
    return opaque


def _white(colors: Numbers, found: Split | Several) -> Flags:
    if isinstance(found, Split):
        return found.high
    if len(found.colors) == 1 and colors.ndim == 2:
        return _one_level(colors)
    return np.asarray(levels.luma(colors) >= 128)


def _one_level(colors: Numbers) -> Flags:
    """All or nothing; a picture of ones alone is a full mask of zeros and ones."""
    bright = levels.luma(colors) >= 128
    return np.asarray(colors == 1) if colors.ndim == 2 and not (colors != 1).any() else np.asarray(bright)


def _labelled(picture: Picture, label: str) -> Flags:
    text = label.removeprefix("#")
    if len(text) == 6:
        color = tuple(bytes.fromhex(text))
        if picture.colors.ndim == 2:
            return np.asarray(picture.colors == color[0]) & (len(set(color)) == 1)
        return np.asarray((picture.colors == np.array(color, np.uint8)).all(axis=-1))
    numbers = picture.labels if picture.labels is not None else picture.colors
    return np.asarray(numbers == int(text) if numbers.ndim == 2 else (numbers == int(text)).all(axis=-1))


def _remedies(picture: Picture, found: Split | Several, said: str, given: Flags) -> Iterator[str]:
    """Options other than ``said`` that give a hole with known pixels round it, and not the one that was ``given``."""
    ways = ["white", "black"]
    if picture.opaque is not None:
        ways = ["opaque", "alpha", *ways] if said in ("alpha", "opaque") else [*ways, "opaque", "alpha"]
    for way in ways:
        if way != said:
            hole = _explicit(picture, found, way, "")
            if hole.any() and not hole.all() and not looks_inverted(hole) and not np.array_equal(hole, given):
                yield f"--hole {way}"


def _choice(picture: Picture, found: Split | Several, ways: Sequence[str] = ("white", "black")) -> str:
    """Options with what each fills, the smaller hole first: what is marked is seldom most of a picture."""
    names = {
        "white": "the brighter",
        "black": "the darker",
        "alpha": "what is transparent",
        "opaque": "what is painted",
    }
    holes = {way: _explicit(picture, found, way, "") for way in ways}
    ways = [way for way in ways if not looks_inverted(holes[way])] or ways
    ordered = sorted(ways, key=lambda way: int(holes[way].sum()))
    return " or ".join(f"--hole {way} to fill {names[way]} ({_percent(holes[way].mean())})" for way in ordered)


def _not_two(picture: Picture, found: Several, said_of: str, name: str) -> MaskError:
    if not found.colors:
        return PhotoAsMask(
            f"{name}: is no mask of two levels: {said_of}; "
            "paint what is to go white on black, or say --hole white to fill what is bright (128 and up)"
        )
    named = [text for text, _ in _named(picture, found)]
    border = _border_label(picture, found)
    marked = [text for text in named if text != border] or named
    return MaskError(f"{name}: {said_of}; say --hole {','.join(marked)} to fill all but {border}, or name fewer of them")


def _border_label(picture: Picture, found: Several) -> str:
    """The label that most of the picture's border has."""

    def on_border(text: str) -> int:
        hole = _labelled(picture, text)
        return int(sum(map(np.count_nonzero, (hole[0], hole[-1], hole[:, 0], hole[:, -1]))))

    return max((text for text, _ in _named(picture, found)), key=on_border)


def _named(picture: Picture, found: Several | Split) -> list[tuple[str, float]]:
    """What ``--hole`` calls each level, and its share."""
    if isinstance(found, Split):
        high = float(found.high.mean())
        colors: list[tuple[Color, float]] = [(found.colors[0], 1 - high), (found.colors[1], high)]
        return [(_name(color, picture.colors), share) for color, share in colors]
    if picture.labels is not None and len(found.colors) > 1:
        counts = np.bincount(picture.labels.ravel())
        return [(str(label), counts[label] / picture.labels.size) for label in np.flatnonzero(counts).tolist()]
    return [(_name(color, picture.colors), share) for color, share in found.colors]


def _name(color: Color, colors: Numbers) -> str:
    grey = color[0] == color[1] == color[2]
    return str(color[0]) if grey and colors.ndim == 2 else "{:02x}{:02x}{:02x}".format(*color)


def _levels(picture: Picture, found: Split | Several) -> str:
    """What the picture holds, for a message."""
    if isinstance(found, Several) and not found.colors:
        grey = levels.luma(picture.colors)
        return f"its grey levels run from {grey.min()} to {grey.max()}, as in a photo"
    named = _named(picture, found)
    kind = "labels" if picture.labels is not None and isinstance(found, Several) else "levels"
    if picture.colors.ndim == 3 and kind == "levels":
        kind = "colours"
    if len(named) == 1:
        return f"all of it is {named[0][0]}"
    parts = [f"{text} ({_percent(share)})" for text, share in named[:_MOST_NAMED]]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"its {kind} are {', '.join(parts[:-1])}{' and ' if not more else ', '}{parts[-1]}{more}"


def _percent(share: Any) -> str:
    percent = 100 * float(share)
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def of_array(array: npt.NDArray[Any]) -> Picture:
    """The picture in an array: HW, HW1, HW2 (grey and alpha), HW3 or HW4 (RGB and alpha), of integers or bool.

    Raises:
        MaskError: another shape, no pixels, or numbers that no picture has.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.size == 0 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] > 4):
        raise MaskError(f"a mask of shape {array.shape}: it must be height x width, or that with 1 to 4 channels behind")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    if array.dtype.kind not in "ui":
        raise MaskError(f"a mask of {array.dtype}: it must hold bool, numbers from 0 to 1, or whole numbers from 0 up")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > _MOST_LEVEL:
        raise MaskError(f"a mask with numbers from {low} to {high}: they must be from 0 to 255, or to {_MOST_LEVEL} in 16 bits")
    if array.ndim == 2:
        return Picture(np.ascontiguousarray(array, np.uint8 if high <= 255 else np.uint16))
    alpha = _narrow(array[..., -1]) if array.shape[2] in (2, 4) else None
    colors = array[..., 0] if array.shape[2] == 2 else array[..., :3]
    return Picture(np.ascontiguousarray(colors, np.uint16) if colors.ndim == 2 and high > 255 else _narrow(colors), alpha)


def _narrow(numbers: Numbers) -> npt.NDArray[np.uint8]:
    """Numbers of 16 bits as 8, if they use more: colours and alpha may differ in that."""
    return np.ascontiguousarray(numbers >> 8 if int(numbers.max()) > 255 else numbers, np.uint8)
