"""``mobile_inpaint.fill``: the same pixels for every kind of photo and mask, and one clear error for what it cannot take."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image as pil

import mobile_inpaint as mi
from mobile_inpaint.errors import (
    ArgumentError,
    CheckpointNotFound,
    DeviceUnavailable,
    ManifestError,
    MaskError,
    MobileInpaintError,
    PhotoError,
)
from mobile_inpaint.models.base import Generator

HEIGHT, WIDTH = 96, 128


def colours() -> npt.NDArray[np.uint8]:
    """A photo of smooth colours with a little noise."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = np.stack([x * 2, y * 2, 255 - x - y], axis=2) % 256
    return (smooth + np.random.default_rng(7).integers(0, 9, smooth.shape)).clip(0, 255).astype(np.uint8)


def hole() -> npt.NDArray[np.bool_]:
    found = np.zeros((HEIGHT, WIDTH), np.bool_)
    found[30:60, 50:90] = True
    return found


def png(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    pil.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def model() -> Generator:
    """A small one, for time."""
    return mi.create_model("migan-256", seed=4, resolution=64, ch_base=1024, ch_max=32, tensors=0)


@pytest.fixture(scope="module")
def expected(model: Generator) -> npt.NDArray[np.uint8]:
    """What comes of it by the classes below ``fill``."""
    return mi.Compositor.of(model).with_detail("auto")(colours(), hole(), model)


def test_a_path_gives_a_photo_that_can_be_saved(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(colours()))
    (tmp_path / "mask.png").write_bytes(png(hole()))
    mi.fill(str(tmp_path / "photo.png"), tmp_path / "mask.png").save(tmp_path / "out.png")
    network = mi.create_model("migan-lite", weights="migan-lite")
    expected = mi.Compositor.of(network).with_detail("auto")(colours(), hole(), network)
    np.testing.assert_array_equal(mi.Photo.open(tmp_path / "out.png").pixels, expected)
    assert (expected[hole()] != colours()[hole()]).any()
    np.testing.assert_array_equal(expected[~hole()], colours()[~hole()])


def _chw(array: npt.NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))


PHOTOS: dict[str, Callable[[], Any]] = {
    "Photo": lambda: mi.Photo(colours()),
    "bytes": lambda: png(colours()),
    "BytesIO": lambda: io.BytesIO(png(colours())),
    "PIL": lambda: pil.fromarray(colours()),
    "PIL RGBA": lambda: pil.fromarray(np.dstack([colours(), np.full((HEIGHT, WIDTH), 255, np.uint8)])),
    "uint8": colours,
    "uint8, every second column of a wider one": lambda: np.repeat(colours(), 2, axis=1)[:, ::2],
    "uint8 RGBA": lambda: np.dstack([colours(), np.full((HEIGHT, WIDTH), 255, np.uint8)]),
    "float32": lambda: colours().astype(np.float32) / 255,
    "float64": lambda: colours() / 255,
    "float16": lambda: (colours() / 255).astype(np.float16),
    "uint8 CHW": lambda: _chw(colours()),
    "uint8 1CHW": lambda: _chw(colours())[None],
    "float CHW": lambda: _chw(colours()).float() / 255,
    "float CHW with a gradient": lambda: (_chw(colours()).float() / 255).requires_grad_(),
    "bfloat16 CHW": lambda: (_chw(colours()).float() / 255).bfloat16(),
}


def pixels_of(result: Any) -> npt.NDArray[np.uint8]:
    """The RGB of a result of any kind."""
    if isinstance(result, mi.Photo):
        return result.pixels
    if isinstance(result, bytes):
        return mi.Photo.from_bytes(result).pixels
    if isinstance(result, io.BytesIO):
        return mi.Photo.open(result).pixels
    if isinstance(result, torch.Tensor):
        result = result.reshape(result.shape[-3:]).permute(1, 2, 0)
        result = result.float().numpy() if result.is_floating_point() else result.numpy()
    array = np.asarray(result)[..., :3]
    return array if array.dtype == np.uint8 else (array.astype(np.float64) * 255).round().astype(np.uint8)


@pytest.mark.parametrize("kind", PHOTOS)
def test_each_kind_of_photo_gives_the_same_pixels_and_comes_back_as_it_was_given(
    kind: str, model: Generator, expected: npt.NDArray[np.uint8]
) -> None:
    given = PHOTOS[kind]()
    result = mi.fill(given, hole(), model=model)
    assert isinstance(result, type(given))
    if kind.startswith("bfloat16"):  # 8 bits of precision do not hold 256 levels
        assert np.abs(pixels_of(given).astype(int) - colours())[hole()].max() <= 1
        assert np.abs(pixels_of(result).astype(int) - expected)[~hole()].max() <= 1
    else:
        np.testing.assert_array_equal(pixels_of(result), expected)
    if isinstance(given, np.ndarray | torch.Tensor):
        assert result.shape == given.shape
        assert result.dtype == given.dtype
        assert not getattr(result, "requires_grad", False)
    if isinstance(given, pil.Image):
        assert (result.mode, result.size) == (given.mode, given.size)


MASKS: dict[str, Callable[[], Any]] = {
    "Mask": lambda: mi.Mask(hole()),
    "bytes": lambda: png(hole()),
    "BytesIO, read to its end": lambda: _at_its_end(io.BytesIO(png(hole()))),
    "PIL 1": lambda: pil.fromarray(hole()),
    "PIL L": lambda: pil.fromarray(hole().astype(np.uint8) * 255),
    "PIL RGB": lambda: pil.fromarray(hole().astype(np.uint8) * 255).convert("RGB"),
    "PIL P": lambda: pil.fromarray(hole().astype(np.uint8) * 255).convert("P"),
    "uint8 of 0 and 255": lambda: hole().astype(np.uint8) * 255,
    "uint8 of 0 and 1": lambda: hole().astype(np.uint8),
    "uint8 HW1": lambda: hole().astype(np.uint8)[..., None],
    "uint8 HW3, as OpenCV reads it": lambda: (hole().astype(np.uint8) * 255)[..., None].repeat(3, axis=2),
    "float array 11HW": lambda: hole().astype(np.float32)[None, None],
    "bool array 1HW": lambda: hole()[None],
    "int64 of 0 and 1": lambda: hole().astype(np.int64),
    "float32": lambda: hole().astype(np.float32),
    "bool tensor": lambda: torch.from_numpy(hole()),
    "uint8 1HW": lambda: torch.from_numpy(hole().astype(np.uint8) * 255)[None],
    "float 11HW": lambda: torch.from_numpy(hole().astype(np.float32))[None, None],
    "half 1HW": lambda: torch.from_numpy(hole()).half()[None],
}


def _at_its_end(file: io.BytesIO) -> io.BytesIO:
    file.read()
    return file


@pytest.mark.parametrize("kind", MASKS)
def test_each_kind_of_mask_gives_the_same_pixels(kind: str, model: Generator, expected: npt.NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(mi.fill(colours(), MASKS[kind](), model=model), expected)


def test_known_pixels_of_a_float_photo_come_back_bit_for_bit(model: Generator) -> None:
    given = np.random.default_rng(0).random((HEIGHT, WIDTH, 3))
    result = mi.fill(given, hole(), model=model)
    np.testing.assert_array_equal(result[~hole()], given[~hole()])
    assert (result[hole()] != given[hole()]).all()
    tensor = torch.rand(1, 3, HEIGHT, WIDTH)
    assert torch.equal(
        mi.fill(tensor, hole(), model=model)[..., ~torch.from_numpy(hole())], tensor[..., ~torch.from_numpy(hole())]
    )


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 1)])
def test_a_grey_photo_stays_grey(model: Generator, shape: tuple[int, ...]) -> None:
    grey = colours()[..., 1].reshape(shape)
    result = mi.fill(grey, hole(), model=model)
    assert (result.shape, result.dtype) == (shape, grey.dtype)
    np.testing.assert_array_equal(result[~hole()], grey[~hole()])
    as_pil = mi.fill(pil.fromarray(colours()[..., 1]), hole(), model=model)
    assert as_pil.mode == "L"
    np.testing.assert_array_equal(np.asarray(as_pil), result.reshape(HEIGHT, WIDTH))


def test_a_file_in_memory_comes_back_in_its_own_format(model: Generator) -> None:
    file = io.BytesIO()
    pil.fromarray(colours()).save(file, "JPEG", quality=80, comment=b"mine")
    result = mi.fill(file.getvalue(), hole(), model=model)
    assert isinstance(result, bytes)
    with pil.open(io.BytesIO(result)) as picture:
        assert (picture.format, picture.size, picture.info["comment"]) == ("JPEG", (WIDTH, HEIGHT), b"mine")


def test_a_picture_that_lies_on_its_side_is_turned_whether_it_comes_as_a_file_or_from_pil(model: Generator) -> None:
    file = io.BytesIO()
    exif = pil.Exif()
    exif[0x0112] = 6
    pil.fromarray(np.rot90(colours())).save(file, "PNG", exif=exif)
    with pil.open(file) as picture:
        results = [mi.fill(given, hole(), model=model) for given in (file, picture)]
    opened, turned = mi.Photo.open(results[0]), mi.Photo.from_pil(results[1])
    np.testing.assert_array_equal(opened.pixels, turned.pixels)
    assert (opened.width, opened.height) == (WIDTH, HEIGHT)
    np.testing.assert_array_equal(opened.pixels[~hole()], colours()[~hole()])


BAD_PHOTOS: dict[str, tuple[Any, str]] = {
    "a list": ([1, 2], "is a list"),
    "None": (None, "is a NoneType"),
    "int64": (colours().astype(np.int64), "dtype is int64: give uint8"),
    "bool": (colours() > 9, "dtype is bool"),
    "complex": (colours().astype(np.complex64), "dtype is complex64"),
    "text": (np.array([["a"]]), "dtype is <U1"),
    "float to 255": (colours().astype(np.float32), r"values are from 0 to 255: give uint8 in \[0,255\] or float in \[0,1\]"),
    "negative": (colours() / 255 - 0.5, "values are from -0"),
    "not a number": (np.full((4, 4, 3), np.nan), "values are from nan"),
    "infinite": (np.full((4, 4, 3), np.inf, np.float32), "values are from inf"),
    "CHW array": (np.zeros((3, 40, 50), np.uint8), r"looks like CHW: use array.transpose\(1, 2, 0\)"),
    "a batch": (np.zeros((2, 40, 50, 3), np.uint8), "a batch: give one photo at a time"),
    "two channels": (np.zeros((40, 50, 2), np.uint8), "must be HWC with 3 channels"),
    "one row": (np.zeros(40, np.uint8), "shape is"),
    "no pixels": (np.zeros((0, 40, 3), np.uint8), "no pixels"),
    "HWC tensor": (torch.zeros(40, 50, 3), r"looks like HWC: use tensor.permute\(2, 0, 1\)"),
    "a batch of tensors": (torch.zeros(2, 3, 40, 50), "a batch: give one photo at a time, CHW or 1CHW"),
    "HW tensor": (torch.zeros(40, 50), "must be CHW or 1CHW"),
    "float tensor to 255": (torch.full((3, 40, 50), 255.0), "values are from 255 to 255"),
    "int64 tensor": (torch.zeros(3, 40, 50, dtype=torch.int64), "dtype is int64"),
    "PIL CMYK": (pil.new("CMYK", (50, 40)), "colours are CMYK"),
    "PIL F": (pil.new("F", (50, 40)), "colours are F"),
    "bytes of text": (b"not a picture at all, and longer than sixty-four bytes, as a page would be", "bytes given: "),
    "no bytes": (b"", "bytes given: "),
    "a text file": (io.StringIO("text"), "opened as text"),
    "no such file": ("nowhere.jpg", "no such file"),
}


@pytest.mark.parametrize("kind", BAD_PHOTOS)
def test_what_is_no_photo_is_one_clear_error(kind: str, model: Generator) -> None:
    given, said = BAD_PHOTOS[kind]
    with pytest.raises(PhotoError, match=said) as caught:
        mi.fill(given, hole(), model=model)
    assert "\n" not in str(caught.value)


BAD_MASKS: dict[str, tuple[Any, type[MobileInpaintError], str]] = {
    "a list": ([1, 2], MaskError, "is a list"),
    "a Photo": (mi.Photo(colours()), MaskError, "is a Photo"),
    "another size": (np.ones((40, 50), np.bool_), MaskError, "50 x 40"),
    "empty": (np.zeros((HEIGHT, WIDTH), np.bool_), MaskError, "empty"),
    "full": (np.ones((HEIGHT, WIDTH), np.bool_), MaskError, "covers the whole photo"),
    "RGB": (colours(), MaskError, "levels"),
    "RGB in floats": (colours() / 255, MaskError, "must be HW"),
    "a batch": (np.zeros((2, HEIGHT, WIDTH), np.bool_), MaskError, "must be HW"),
    "CHW tensor": (torch.zeros(3, HEIGHT, WIDTH), MaskError, "must be HW, 1HW or 11HW"),
    "complex": (hole().astype(np.complex64), MaskError, "dtype is complex64"),
    "float to 255": (hole() * 255.0, MaskError, "values are from 0 to 255: float64 must be from 0 to 1"),
    "not a number": (np.where(hole(), np.nan, 0), MaskError, "values are from nan"),
    "negative": (-hole().astype(np.int32), MaskError, "values are from -1 to 0"),
    "PIL CMYK": (pil.new("CMYK", (WIDTH, HEIGHT)), MaskError, "mode is CMYK"),
    "no such file": ("nowhere.png", PhotoError, "no such file"),
}


@pytest.mark.parametrize("kind", BAD_MASKS)
def test_what_is_no_mask_is_one_clear_error(kind: str, model: Generator) -> None:
    given, error, said = BAD_MASKS[kind]
    with pytest.raises(error, match=said) as caught:
        mi.fill(colours(), given, model=model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"detail": "some"}, ArgumentError, "detail is 'some': it must be auto, off, on"),
        ({"threads": 0}, ArgumentError, "threads is 0"),
        ({"max_pixels": "many"}, ArgumentError, "max_pixels is 'many'"),
        ({"dilate": -1}, MaskError, "dilate is -1"),
        ({"dilate": 5000}, MaskError, "from 0 to 161, the photo's diagonal"),
        ({"dilate": 1.5}, MaskError, "dilate is 1.5"),
        ({"dilate": 160}, MaskError, "covers the whole photo"),
        ({"dilate": 50}, MaskError, "dilate=50 leaves 2.6 % of the photo to fill from, the mask alone 90 %: dilate less"),
        ({"model": 5}, ArgumentError, "the model is an int"),
        ({"model": "no-such-network"}, CheckpointNotFound, "no-such-network"),
        ({"artifact": "a.onnx", "model": "migan-512-places2"}, ArgumentError, "both given"),
        ({"artifact": "nowhere.onnx"}, ManifestError, "no such artifact"),
        ({"artifact": 5}, ArgumentError, "the artifact is an int"),
        ({"device": "gpu"}, ArgumentError, "unknown device 'gpu'"),
        ({"hole": "green"}, MaskError, "green"),
    ],
)  # fmt: skip
def test_other_arguments_are_refused_in_one_line(options: Any, error: type[MobileInpaintError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        mi.fill(colours(), hole(), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch can use it here")
def test_a_device_that_is_not_here_is_one_line() -> None:
    with pytest.raises(DeviceUnavailable, match="device='cpu'"):
        mi.fill(colours(), hole(), device="cuda")


def test_a_network_that_trains_goes_on_training(model: Generator, expected: npt.NDArray[np.uint8]) -> None:
    model.train()
    try:
        np.testing.assert_array_equal(mi.fill(colours(), hole(), model=model), expected)
        assert model.training
    finally:
        model.eval()


def test_threads_are_given_back(model: Generator) -> None:
    before = torch.get_num_threads()
    mi.fill(colours(), hole(), model=model, threads=before + 1)
    assert torch.get_num_threads() == before


def test_dilating_fills_more(model: Generator) -> None:
    wider = mi.fill(colours(), hole(), model=model, dilate=3)
    changed = (wider != colours()).any(axis=2)
    np.testing.assert_array_equal(changed & ~mi.Mask(hole()).grow(3).hole, np.zeros_like(changed))
    assert changed.sum() > hole().sum()


def test_the_detail_step_is_reachable(model: Generator) -> None:
    plain, rebuilt = (mi.fill(colours(), hole(), model=model, detail=way) for way in ("off", "on"))
    assert (plain != rebuilt).any()
    own = mi.Compositor(64, keep_tone=True, detail=mi.Detail(shrink=1.0))
    np.testing.assert_array_equal(own(colours(), hole(), model), rebuilt)
