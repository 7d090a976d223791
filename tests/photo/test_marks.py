"""What marks the hole: masks as editors, labellers and cameras write them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import colours
from PIL import Image as pil
from PIL import ImageDraw, ImageFilter

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo import levels
from mobile_inpaint.photo.io import deep
from mobile_inpaint.photo.marks import PhotoAsMask
from mobile_inpaint.photo.mask import Mask, polarity_hint

SIZE = (160, 120)
Array = np.ndarray[Any, Any]
RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


def shape() -> Array:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    return np.asarray((y - 60) ** 2 + (x - 70) ** 2 < 25**2)


def levelled(low: Any, high: Any, dtype: Any = np.uint8) -> Array:
    """Two levels or colours: ``high`` is the object."""
    mark = shape()
    return np.where(mark[..., None] if np.ndim(low) else mark, np.array(high, dtype), np.array(low, dtype))


def layer(rgb: tuple[int, int, int], *, erased: bool = False, hidden: tuple[int, int, int] = BLACK) -> Array:
    """A layer of one colour, painted on the object or erased from it."""
    seen = shape() ^ erased
    return np.where(seen[..., None], np.array((*rgb, 255), np.uint8), np.array((*hidden, 0), np.uint8))


def palette(index: int, color: tuple[int, int, int]) -> pil.Image:
    picture = pil.fromarray((shape() * index).astype(np.uint8), "L").convert("P")
    picture.putdata((shape() * index).ravel().tolist())
    picture.putpalette(list(BLACK) + [7] * 3 * (index - 1) + list(color))
    return picture


def one_bit() -> pil.Image:
    return pil.fromarray(shape())


EXACT: dict[str, Callable[[], Any]] = {
    "black and white": lambda: levelled(0, 255),
    "0/1": lambda: levelled(0, 1),
    "0/254": lambda: levelled(0, 254),
    "1/231": lambda: levelled(1, 231),
    "0/60": lambda: levelled(0, 60),
    "200/255": lambda: levelled(200, 255),
    "one bit": one_bit,
    "16 bits, 0/255": lambda: levelled(0, 255, np.uint16),
    "16 bits, 0/1": lambda: levelled(0, 1, np.uint16),
    "16 bits, 0/1000": lambda: levelled(0, 1000, np.uint16),
    "16 bits, 0/65535": lambda: levelled(0, 65535, np.uint16),
    "red on black": lambda: levelled(BLACK, RED),
    "blue on black": lambda: levelled(BLACK, BLUE),
    "red on white": lambda: levelled(WHITE, RED),
    "blue on grey": lambda: levelled((128, 128, 128), BLUE),
    "white on transparent": lambda: layer(WHITE),
    "black on transparent": lambda: layer(BLACK),
    "red on transparent": lambda: layer(RED),
    "green on transparent white": lambda: layer((0, 255, 0), hidden=WHITE),
    "transparent white": lambda: layer(WHITE, hidden=WHITE),
    "a pale brush": lambda: np.dstack([levelled((9, 9, 9), (9, 9, 9)), levelled(0, 90)]),
    "erased from black": lambda: layer(BLACK, erased=True),
    "erased from white": lambda: layer(WHITE, erased=True, hidden=WHITE),
    "erased from red": lambda: layer(RED, erased=True),
    "VOC, aeroplane": lambda: palette(1, (128, 0, 0)),
    "VOC, person": lambda: palette(15, (192, 128, 128)),
}


def saved(tmp_path: Path, picture: Any) -> Path:
    path = tmp_path / "mask.png"
    (picture if isinstance(picture, pil.Image) else pil.fromarray(picture)).save(path)
    return path


@pytest.mark.parametrize("name", EXACT)
def test_files_and_arrays_are_read_by_one_rule(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, EXACT[name]())
    mask = Mask.open(path)
    assert (mask.hole == shape()).all()
    mask.check(mask.hole.shape)
    with pil.open(path) as picture:
        assert (Mask.from_array(np.array(picture)).hole == shape()).all()


def marked(*others: int, high: int, alpha: int | None = None) -> Array:
    """16 bits a channel: the first is ``high`` on the object and 0 elsewhere, then ``others``; alpha likewise or as it is."""
    first = shape().astype(np.uint16) * np.uint16(high)
    return np.dstack([first, *(first * np.uint16(other) for other in others), *([] if alpha is None else [0 * first + alpha])])


DEEP: dict[str, Callable[[], Array]] = {
    "RGB, 0/1": lambda: marked(1, 1, high=1),
    "RGB, 0/255": lambda: marked(1, 1, high=255),
    "RGB, 0/65535": lambda: marked(1, 1, high=65_535),
    "red, 0/255": lambda: marked(0, 0, high=255),
    "grey and alpha, 0/1": lambda: marked(high=1, alpha=65_535),
    "grey and alpha, 0/1000": lambda: marked(high=1000, alpha=65_535),
    "RGB and alpha, 0/255": lambda: marked(1, 1, high=255, alpha=65_535),
    "painted, 255 opaque": lambda: np.dstack([np.full((*SIZE[::-1], 3), 65_535, np.uint16), marked(high=255)]),
    "painted, 1 opaque": lambda: np.dstack([np.full((*SIZE[::-1], 3), 65_535, np.uint16), marked(high=1)]),
}


@pytest.mark.parametrize("name", DEEP)
def test_colours_and_transparency_of_16_bits_are_read_whole(name: str) -> None:
    samples = DEEP[name]()
    mode = {2: "LA", 3: "RGB", 4: "RGBA"}[samples.shape[2]]
    file = io.BytesIO()
    pil.new(mode, SIZE).save(file, "PNG")
    mask = Mask.open(deep.into_png(file.getbuffer(), samples))
    assert (mask.hole == shape()).all()
    assert (Mask.from_array(samples).hole == shape()).all()
    mask.check(mask.hole.shape)


def test_a_16_bit_mask_is_turned_upright() -> None:
    file, turned = io.BytesIO(), pil.Exif()
    turned[0x0112] = 6
    pil.new("RGB", SIZE).save(file, "PNG", exif=turned)
    assert (Mask.open(deep.into_png(file.getbuffer(), marked(1, 1, high=255))).hole == np.rot90(shape(), -1)).all()


@pytest.mark.parametrize("quality", [10, 40, 90])
@pytest.mark.parametrize("pair", [(BLACK, WHITE), (BLACK, RED), (WHITE, BLUE), ((90, 90, 90), (255, 255, 0))])
def test_jpeg_noise_is_no_third_level(tmp_path: Path, quality: int, pair: Any) -> None:
    pil.fromarray(levelled(*pair)).save(tmp_path / "mask.jpg", quality=quality)
    hole = Mask.open(tmp_path / "mask.jpg").hole
    assert (hole ^ shape()).sum() < 0.12 * shape().sum()
    assert hole[50:70, 60:80].all()


@pytest.mark.parametrize("radius", [1, 4, 8])
def test_soft_edges_are_no_third_level(tmp_path: Path, radius: int) -> None:
    soft = np.asarray(pil.fromarray(levelled(0, 255)).filter(ImageFilter.GaussianBlur(radius)))
    assert (Mask.open(saved(tmp_path, soft)).hole == (soft >= 128)).all()
    brush = np.dstack([np.full((*soft.shape, 3), 40, np.uint8), soft])
    assert (Mask.open(saved(tmp_path, brush)).hole == (soft >= 128)).all()
    assert (Mask.from_array(soft.astype(np.uint16) * 257).hole == (soft >= 128)).all()


def drawn(*ellipses: tuple[int, Any], mode: str = "L", ground: Any = 0) -> pil.Image:
    picture = pil.new(mode, SIZE, ground)
    for x, color in ellipses:
        ImageDraw.Draw(picture).ellipse((x, 40, x + 30, 80), fill=color)
    return picture


@pytest.mark.parametrize(
    ("picture", "found", "works", "left"),
    [
        (drawn((10, 1), (60, 15), (110, 255)), r"0 \(.*%\), 15|15 \(", "--hole 1,15,255", 40),
        (drawn((10, 128), (60, 255)), r"128 \(", "--hole 128,255", 40),
        (drawn((10, RED), (60, BLUE), mode="RGB"), "0000ff", "--hole ff0000,0000ff", 40),
        (drawn((60, RED), mode="RGB", ground=(0, 255, 0)), "00ff00", "--hole white|--hole black", 60),
    ],
    ids=["labels", "trimap", "two colours on black", "red on green"],
)
def test_what_could_mean_two_things_is_refused_with_an_option_that_works(
    tmp_path: Path, picture: pil.Image, found: str, works: str, left: int
) -> None:
    path = saved(tmp_path, picture)
    with pytest.raises(MaskError, match=found) as error:
        Mask.open(path)
    options = re.findall(r"--hole ([\w,]+)", str(error.value))
    assert options
    assert sorted(options[0].split(",")) == sorted(works.split("|")[0].removeprefix("--hole ").split(",")) or "|" in works
    mask = Mask.open(path, hole=options[0])
    mask.check(mask.hole.shape)
    assert mask.hole[60, left + 30] or mask.hole[60, left + 35]
    assert not mask.hole[0].any()


def test_a_photo_is_no_mask(tmp_path: Path) -> None:
    photo = pil.fromarray(colours(*SIZE[::-1]))
    for picture in (photo, photo.convert("L"), photo.convert("LA")):
        with pytest.raises(PhotoAsMask, match=r"grey levels run from \d+ to \d+"):
            Mask.open(saved(tmp_path, picture))
    with pytest.raises(PhotoAsMask):
        Mask.from_array(np.asarray(photo))
    assert Mask.open(saved(tmp_path, photo), hole="white").area == int((np.asarray(photo.convert("L")) >= 128).sum())


def test_the_photos_that_ship_are_no_masks() -> None:
    folder = Path(levels.__file__).parents[1] / "data" / "photos" / "quality"
    for path in sorted(folder.glob("*.webp"))[::12]:
        with pil.open(path) as picture:
            assert not isinstance(levels.split(np.asarray(picture.convert("RGB"))), levels.Split), path.name
            assert not isinstance(levels.split(np.asarray(picture.convert("L"))), levels.Split), path.name


def test_a_photo_with_an_object_cut_out_or_kept_names_the_option(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3)).astype(np.uint8)
    for opaque, option in ((~shape(), "alpha"), (shape(), "opaque")):
        path = saved(tmp_path, np.dstack([pixels, opaque.astype(np.uint8) * 255]))
        with pytest.raises(PhotoAsMask) as error:
            Mask.open(path)
        assert re.findall(r"--hole (\w+)", str(error.value)) == [option]
        mask = Mask.open(path, hole=option)
        assert (mask.hole == shape()).all()
        mask.check(mask.hole.shape)


ADVISED = {
    "inverted": lambda: levelled(255, 0),
    "inverted, 0/1": lambda: levelled(1, 0),
    "white on green": lambda: levelled((0, 255, 0), WHITE),
    **EXACT,
}


@pytest.mark.parametrize("said", ["auto", "white", "black", "alpha", "opaque"])
@pytest.mark.parametrize("name", ADVISED)
def test_advice_leads_to_the_hole_and_never_round(tmp_path: Path, name: str, said: str) -> None:
    path = saved(tmp_path, ADVISED[name]())
    asked = said
    for _ in range(2):  # one piece of advice is enough
        try:
            mask = Mask.open(path, hole=asked)
            mask.check(mask.hole.shape)
        except MaskError as error:
            advice = re.search(r"say --hole (\w+)", str(error))
            if advice is None:
                assert f"leave --hole {asked} out" in str(error)
            assert advice is None or advice[1] != asked, error
            asked = advice[1] if advice else "auto"
        else:
            assert (mask.hole == shape()).all()
            assert polarity_hint(mask) is None
            return
    mask = Mask.open(path, hole=asked)
    mask.check(mask.hole.shape)
    assert (mask.hole == shape()).all()


def test_a_small_cut_out_of_two_tones_is_a_photo_and_not_black_and_white() -> None:
    """Its surroundings are of one colour, and must not make up for it."""
    tones = np.linspace(0, 255, SIZE[0]).astype(np.uint8)
    pixels = np.broadcast_to(tones[None, :, None], (*SIZE[::-1], 3))
    small = np.zeros(SIZE[::-1], np.bool_)
    small[50:60, 40:120] = True
    with pytest.raises(PhotoAsMask, match="say --hole opaque"):
        Mask.from_array(np.dstack([pixels, small.astype(np.uint8) * 255]))


def test_black_and_white_inside_a_small_layer_still_are_a_mask() -> None:
    small = np.zeros(SIZE[::-1], np.bool_)
    small[30:100, 40:120] = True
    soft = np.asarray(pil.fromarray(levelled(0, 255)).filter(ImageFilter.GaussianBlur(2)))
    mask = Mask.from_array(np.dstack([soft, small.astype(np.uint8) * 255]))
    assert (mask.hole == (soft >= 128)).all()


def test_an_object_that_touches_the_border_does_not_hide_an_inverted_mask() -> None:
    """As a person who stands at the lower edge, drawn black on white: most of the border is white, not all."""
    white = np.full(SIZE[::-1], 255, np.uint8)
    white[40:, 60:110] = 0
    mask = Mask.from_array(white)
    with pytest.raises(MaskError, match="if it is inverted, say --hole black; if you mean it, say --allow-full"):
        mask.check(mask.hole.shape)
    person = Mask.from_array(white, hole="black")
    person.check(person.hole.shape)
    assert person.area == 80 * 50
    Mask.from_array(white, hole="white").check(white.shape)  # named, and less of the border than nearly all


def test_a_mask_of_one_level_has_no_other_polarity(tmp_path: Path) -> None:
    for value, said in ((0, "empty"), (255, "--allow-full"), (1, "--allow-full")):
        mask = Mask.open(saved(tmp_path, np.full(SIZE[::-1], value, np.uint8)))
        with pytest.raises(MaskError, match=said) as error:
            mask.check(mask.hole.shape)
        assert "--hole" not in str(error.value)
    noise = np.random.default_rng(0).integers(0, 4, SIZE[::-1]).astype(np.uint8)
    assert Mask.open(saved(tmp_path, noise)).area == 0


def test_an_inverted_mask_is_refused_unless_it_is_meant() -> None:
    mask = Mask.from_array(levelled(255, 0))
    with pytest.raises(MaskError, match="say --hole black; if you mean it, say --allow-full"):
        mask.check(mask.hole.shape)
    mask.check(mask.hole.shape, allow_full=True)
    frame = np.ones(SIZE[::-1], np.uint8)
    frame[20:100, 25:135] = 0  # half of the photo is wanted round the other half
    meant = Mask.from_array(frame, hole="white")
    meant.check(meant.hole.shape)
    assert "--hole white" not in (polarity_hint(meant) or "--hole white")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([[0.0, np.nan]]), "infinite or no numbers"),
        (np.array([[-1, 4]]), "from -1 to 4"),
        (np.array([[0, 70_000]]), "70000"),
        (np.zeros((0, 4), np.uint8), "shape"),
        (np.zeros((2, 2, 5), np.uint8), "shape"),
        (np.zeros((1, 1, 4, 4), np.uint8), "shape"),
        (np.array([["a"]]), "must hold"),
        ([[0, 1]], "the mask is a list: give a NumPy array"),
        (None, "the mask is a NoneType: give a NumPy array"),
    ],
)
def test_arrays_that_are_no_masks(array: Any, said: str) -> None:
    with pytest.raises(MaskError, match=said):
        Mask.from_array(array)


def test_floats_are_shares_or_levels() -> None:
    ramp = np.linspace(0, 1, 11)[None]
    assert Mask.from_array(ramp).area == 6
    assert Mask.from_array(np.array([[0.2, 0.4]])).hole.tolist() == [[False, True]]
    assert (Mask.from_array(levelled(0.0, 255.0, np.float32)).hole == shape()).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("high", [1, 255, 60_000])
def test_pil_images_of_numbers_are_masks(dtype: Any, high: int) -> None:
    picture = pil.fromarray(levelled(0, high, dtype))
    assert picture.mode in ("I", "I;16", "F")
    assert (Mask.from_pil(picture).hole == shape()).all()
    assert (Mask.from_pil(picture, hole="black").hole == ~shape()).all()


def test_pil_images_of_numbers_that_are_no_masks() -> None:
    for values, said in ((levelled(0, -1, np.int32), "from -1 to 0"), (levelled(0, np.nan, np.float32), "no numbers")):
        with pytest.raises(MaskError, match=said):
            Mask.from_pil(pil.fromarray(values))


def test_a_word_that_is_no_polarity(tmp_path: Path) -> None:
    path = saved(tmp_path, levelled(0, 255))
    for word in ("grey", "", "-1", "1;2", "fffffff", "\x1b[2J"):
        with pytest.raises(MaskError, match="auto, white, black, alpha, opaque"):
            Mask.open(path, hole=word)
    with pytest.raises(MaskError, match="marks nothing"):
        Mask.open(path, hole="7")
    assert (Mask.open(path, hole="#ffffff").hole == shape()).all()
