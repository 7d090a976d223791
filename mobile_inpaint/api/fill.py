"""Erase what a mask covers from a photo."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypedDict, TypeVar, Unpack, overload

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.api import given
from mobile_inpaint.api.engine import by_artifact, by_model
from mobile_inpaint.defaults import CHECKPOINT
from mobile_inpaint.errors import ArgumentError, MaskError, MaskWarning
from mobile_inpaint.photo.compositor.compositor import WAYS
from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io.formats import MAX_PIXELS
from mobile_inpaint.photo.mask import Mask, polarity_hint
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    import io

    from torch import Tensor

    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.models.base import Generator
    from mobile_inpaint.targets.base import Runner
    from mobile_inpaint.targets.pipeline.runner import PhotoRunner

Array = TypeVar("Array", bound=npt.NDArray[Any])


class Options(TypedDict, total=False):
    """The options of :func:`fill`."""

    model: str | Path | Generator
    artifact: str | Path | Artifact | Runner | PhotoRunner | None
    detail: Literal["auto", "off", "on"]
    dilate: int | Literal["auto"]
    hole: str
    allow_full: bool
    keep_alpha: bool
    device: str | None
    threads: int | None
    max_pixels: int
    progress: Callable[[str], None]


@overload
def fill(photo: str | os.PathLike[str] | Photo, mask: Any, **options: Unpack[Options]) -> Photo: ...
@overload
def fill(photo: bytes | bytearray | memoryview, mask: Any, **options: Unpack[Options]) -> bytes: ...
@overload
def fill(photo: pil.Image, mask: Any, **options: Unpack[Options]) -> pil.Image: ...
@overload
def fill(photo: Array, mask: Any, **options: Unpack[Options]) -> Array: ...
@overload
def fill(photo: Tensor, mask: Any, **options: Unpack[Options]) -> Tensor: ...
@overload
def fill(photo: BinaryIO, mask: Any, **options: Unpack[Options]) -> io.BytesIO: ...
def fill(
    photo: Any,
    mask: Any,
    *,
    model: str | Path | Generator = CHECKPOINT,
    artifact: str | Path | Artifact | Runner | PhotoRunner | None = None,
    detail: Literal["auto", "off", "on"] = "auto",
    dilate: int | Literal["auto"] = 0,
    hole: str = "auto",
    allow_full: bool = False,
    keep_alpha: bool = False,
    device: str | None = None,
    threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[str], None] = lambda _: None,
) -> Any:
    """Erases what a mask covers from a photo, and returns the photo in the kind that it was given in.

    ::

        import mobile_inpaint as mi

        mi.fill("photo.jpg", "mask.png").save("result.png")

    The same photo gives the same pixels, whatever kind it is given in. Pixels outside the mask come back exactly as given, in
    files whose format keeps every bit. To fill many photos, load once what fills them::

        model = mi.create_model("migan-lite", weights="migan-lite")
        results = [mi.fill(photo, mask, model=model) for photo, mask in pairs]

    Args:
        photo: one of

            - a path, which gives a :class:`Photo` with a ``save`` method; JPEG, PNG, WebP, AVIF, or HEIC with pillow-heif;
            - the bytes of such a file, which give the bytes of a file of that format; an open file gives an ``io.BytesIO``;
            - a PIL image of mode 1, L, LA, P, PA, RGB or RGBA, turned upright as its EXIF says;
            - a NumPy array: HWC, RGB; or HW and HW1, grey; or HW4, RGB and alpha. uint8 in [0,255] or float in [0,1];
            - a torch tensor: CHW or 1CHW, C = 3, 1 or 4. uint8 in [0,255] or float in [0,1]; on any device;
            - a :class:`Photo`.
        mask: what to erase, as high and wide as the photo, in any of these kinds, whatever kind the photo has. An array is HW,
            HW1, 1HW or 11HW, a tensor HW, 1HW or 11HW: bool, True = hole; uint8 of two levels, the greater = hole; or float in
            [0,1], hole from 0.5 up. For pictures, and whole numbers in HWC with 2 to 4 channels, see :meth:`Mask.open`.
        model: a checkpoint's name, a path to a file of weights, or a Generator.
        artifact: an exported file to use instead: its path, an :class:`Artifact`, or what ``load_artifact`` or
            ``load_pipeline`` returned. A path is run in a process of its own; a loaded one is quicker for many photos.
        detail: rebuild large holes from the photo's own texture: ``auto`` where the fill would be enlarged 1.5 times or more,
            ``on`` always, ``off`` never.
        dilate: enlarge the mask by so many pixels first, or ``auto``: for masks drawn tightly round an object.
        hole: what marks the hole; see :meth:`Mask.open`.
        allow_full: accept a mask that covers the whole photo, or that looks inverted.
        keep_alpha: leave the transparency of the hole as it was; otherwise it is opaque afterwards, so that the fill shows.
        device: where it runs, ``cpu`` when None: of a checkpoint as torch calls it, ``cuda`` or ``mps``; of an ``.onnx``
            file as ONNX Runtime does.
        threads: for torch or the artifact's runtime; the runtime's own default when None.
        max_pixels: refuse a file of more pixels before decoding it.
        progress: told what happens next.

    Returns:
        the photo with its hole filled, in the kind, shape, dtype and layout of ``photo``. A float array or tensor has new
        values in the hole alone, multiples of 1/255. A PIL image of mode 1 comes back as L, one with a palette as RGB or RGBA.

    Raises:
        PhotoError: the photo cannot be read, or is of another kind, dtype, shape, layout or range.
        MaskError: the same of the mask; another size than the photo's; nothing to fill; nothing to fill from.
        CheckpointNotFound, WeightsError: ``model`` is not there, or not usable.
        ManifestError: ``artifact`` is not the file that its manifest describes, or cannot be run.
        ToolchainMissing: the runtime of ``artifact`` is not installed.
        DeviceUnavailable: torch cannot use ``device`` here.
        ArgumentError: any other argument is of the wrong kind or range, or at odds with another one.

    Warns:
        MaskWarning: the mask may be read otherwise than it is meant.
    """
    _check(model, artifact, detail, threads, max_pixels)
    one = given.read_photo(photo, max_pixels)
    wanted = _dilated(given.read_mask(mask, hole, max_pixels), dilate, one.photo, allow_full=allow_full)
    progress("loading the network")
    with (
        by_model(model, detail, threads, device, progress)
        if artifact is None
        else by_artifact(artifact, detail, threads, device, wanted.hole.size)
    ) as filler:
        progress(f"filling {wanted.area:,} pixels")
        result = one.photo.filled(filler(one.photo.pixels, wanted.hole), wanted.hole, keep_alpha=keep_alpha)
    return one.answer(result, wanted.hole)


def _check(model: object, artifact: object, detail: object, threads: object, max_pixels: object) -> None:
    """Refuses what needs no photo to be refused."""
    if artifact is not None and model != CHECKPOINT:
        raise ArgumentError("model and artifact are both given: leave one of them out")
    if detail not in WAYS:
        raise ArgumentError(f"detail is {quoted(detail)}: it must be {', '.join(WAYS)}")
    for name, value in (("threads", threads), ("max_pixels", max_pixels)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise ArgumentError(f"{name} is {quoted(value)}: it must be a whole number from 1 up")


def _dilated(mask: Mask, dilate: object, photo: Photo, *, allow_full: bool) -> Mask:
    mask.check(photo.pixels.shape, allow_full=allow_full)
    for hint in (mask.reading.note if mask.reading else None, None if allow_full else polarity_hint(mask)):
        if hint:
            warnings.warn(hint, MaskWarning, stacklevel=3)
    whole = isinstance(dilate, int | np.integer) and not isinstance(dilate, bool)
    if dilate != "auto" and not (whole and 0 <= dilate <= mask.diagonal_px):  # type: ignore[operator]
        raise MaskError(f"dilate is {quoted(dilate)}: it must be auto, or from 0 to {mask.diagonal_px}, the photo's diagonal")
    grown = mask.grow_auto() if dilate == "auto" else mask.grow(int(dilate))  # type: ignore[call-overload]
    grown.check(photo.pixels.shape, allow_full=allow_full)
    if not allow_full and (shortage := mask.shortage(grown)):
        raise MaskError(f"dilate={dilate} {shortage}: dilate less, or say allow_full=True")
    return grown
