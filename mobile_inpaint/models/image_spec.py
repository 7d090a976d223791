"""Which image sizes a network takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageSpec:
    """The sizes of images, in px, that a network can be made for.

    Attributes:
        default: side of the square that a network is made for when no size is named.
        multiple: height and width must be multiples of this.
        smallest, largest: bounds of both sides; ``largest`` is None where only memory limits it.
        square: whether height and width must be equal.
    """

    default: int
    multiple: int = 1
    smallest: int = 1
    largest: int | None = None
    square: bool = True

    @classmethod
    def fixed(cls, side: int) -> ImageSpec:
        """One size and no other."""
        return cls(side, 1, side, side)

    def check(self, height: int, width: int) -> None:
        """Returns if a network can be made for that size.

        Raises:
            ValueError: it cannot; the message says which sizes it takes.
        """
        sides = (height, width)
        fits = all(self.smallest <= side <= (self.largest or side) and side % self.multiple == 0 for side in sides)
        if not fits or (self.square and height != width):
            raise ValueError(f"{width} x {height} px: it takes {self}")

    def __str__(self) -> str:
        if self.smallest == self.largest:
            return f"{self.smallest} x {self.smallest} px alone"
        shape = "squares" if self.square else "sizes"
        upper = f" to {self.largest}" if self.largest else " up"
        step = f" in steps of {self.multiple}" if self.multiple > 1 else ""
        return f"{shape} from {self.smallest}{upper} px{step}"
