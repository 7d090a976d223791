"""Training data: a sample is settled by seed and number, photos come from folders and shards, and splits part no source."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mobile_inpaint.data.photo_source import PhotoSource, open_photos
from mobile_inpaint.errors import PhotoError, TrainingError
from mobile_inpaint.masks.mixes import HoleMix
from mobile_inpaint.training.samples import Batch, Samples, batches

SIZE = 32


def photo(number: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of three sources, in several formats, of which one is cut off."""
    for place, count in (("sea", 3), ("wood/deep", 2), ("town", 4)):
        (tmp_path / "photos" / place).mkdir(parents=True)
        for number in range(count):
            suffix = (".jpg", ".png", ".webp", ".JPEG")[number]
            photo(number + 10 * len(place)).save(tmp_path / "photos" / place / f"{number}{suffix}")
    whole = (tmp_path / "photos/sea/0.jpg").read_bytes()
    (tmp_path / "photos/town/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "photos/notes.txt").write_text("not a photo")
    return tmp_path / "photos"


def samples(photos: PhotoSource, seed: int = 4) -> Samples:
    return Samples(photos, SIZE, seed, HoleMix())


def test_a_sample_is_settled_by_seed_and_number_alone(folder: Path) -> None:
    forwards, backwards, forgetful = samples(open_photos(folder)), samples(open_photos(folder)), samples(open_photos(folder, 0))
    there = [forwards[index] for index in range(25)]
    back = {index: backwards[index] for index in reversed(range(25))}
    for index, (image, mask) in enumerate(there):
        for other in (back[index], forgetful[index], forwards[index]):
            assert torch.equal(image, other[0]) and torch.equal(mask, other[1])
    assert len({image.numpy().tobytes() for image, _ in there}) == 25
    assert not torch.equal(there[0][0], samples(open_photos(folder), seed=5)[0][0])


def test_a_sample_is_a_photos_square_with_a_hole(folder: Path) -> None:
    for index in range(12):
        image, mask = samples(open_photos(folder))[index]
        assert image.shape == (3, SIZE, SIZE) and mask.shape == (1, SIZE, SIZE)
        assert image.dtype == mask.dtype == torch.float32
        assert image.min() >= 0 and image.max() <= 1 and image.std() > 0.02
        assert set(mask.unique().tolist()) == {0.0, 1.0}


def test_every_photo_serves_once_before_any_serves_again(tmp_path: Path) -> None:
    for number in range(7):
        Image.new("RGB", (40, 40), (30 * number, 0, 0)).save(tmp_path / f"{number}.png")
    drawn = samples(open_photos(tmp_path))
    order = [round(float(drawn[index][0][0].mean()) * 255 / 30) for index in range(21)]
    assert [sorted(order[turn : turn + 7]) for turn in (0, 7, 14)] == [list(range(7))] * 3
    assert len({tuple(order[turn : turn + 7]) for turn in (0, 7, 14)}) > 1


def test_scales_run_from_a_pixel_a_pixel_to_the_whole_shorter_side(tmp_path: Path) -> None:
    # A ramp whose steepness in the square tells the side of the square: columns 0 to 255 over 512 pixels.
    ramp = np.broadcast_to(np.linspace(0, 255, 512).astype(np.uint8)[None, :, None], (256, 512, 3))
    for suffix in ("png", "jpg"):
        Image.fromarray(ramp).save(tmp_path / f"ramp.{suffix}", quality=95)
    drawn = samples(open_photos(tmp_path))
    steps = [float(image[0, :, -1].mean() - image[0, :, 0].mean()) for image, _ in (drawn[index] for index in range(120))]
    sides = np.abs(steps) * 512 * SIZE / (SIZE - 1)
    assert sides.min() == pytest.approx(SIZE, rel=0.15)
    assert sides.max() == pytest.approx(256, rel=0.1)
    assert 70 < np.median(sides) < 115, "the logarithm is uniform: half lie below 91"
    assert 0.3 < np.mean(np.array(steps) > 0) < 0.7, "mirrored by turns of a coin"


def test_a_jpeg_gives_squares_as_sharp_as_a_photo_that_is_decoded_whole(tmp_path: Path) -> None:
    """Steps between neighbouring pixels of photos with detail in every pixel, which a coarser picture cannot have."""
    noise = np.random.default_rng(5).integers(0, 256, (512, 512, 1), np.uint8).repeat(3, axis=2)
    steps = []
    for suffix in ("jpg", "png"):
        (tmp_path / suffix).mkdir()
        Image.fromarray(noise).save(tmp_path / suffix / f"noise.{suffix}", quality=98)
        drawn = samples(open_photos(tmp_path / suffix))
        steps.append([float(drawn[index][0][0].diff(dim=-1).abs().mean()) for index in range(40)])
    ratios = np.divide(*steps)
    assert ratios.min() > 0.8, f"the blurriest has {ratios.min():.2f} of the steps"


def test_a_photo_smaller_than_the_square_is_enlarged(tmp_path: Path) -> None:
    photo(1, (20, 16)).save(tmp_path / "small.png")
    assert samples(open_photos(tmp_path))[0][0].shape == (3, SIZE, SIZE)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_the_same_with_workers_and_a_broken_photo_is_told_once(folder: Path, workers: int) -> None:
    told: list[str] = []
    drawn = list(batches(samples(open_photos(folder)), 4, range(3, 9), workers=workers, warn=told.append))
    assert [batch.image.shape for batch in drawn] == [(4, 3, SIZE, SIZE)] * 6
    single = samples(open_photos(folder))
    for step, batch in enumerate(drawn, start=3):
        for place in range(4):
            image, mask = single[4 * step + place]
            assert torch.equal(batch.image[place], image) and torch.equal(batch.mask[place], mask)
    assert len(told) == 1 and "cut.jpg" in told[0] and told[0].endswith("left out of training") and "\n" not in told[0]


def test_processes_share_what_one_process_would_take(folder: Path) -> None:
    def of(rank: int, world: int, size: int) -> Batch:
        return next(batches(samples(open_photos(folder)), size, range(5, 6), rank=rank, world=world, warn=print))

    one = of(0, 1, 6).image
    shares = [of(rank, 3, 2).image for rank in range(3)]
    assert {image.numpy().tobytes() for image in one} == {image.numpy().tobytes() for share in shares for image in share}


@pytest.mark.parametrize("workers", [0, 1])
def test_photos_that_are_all_broken_are_one_clear_error(tmp_path: Path, workers: int) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"cannot be read.*a\.jpg") as raised:
        next(batches(samples(open_photos(tmp_path)), 1, range(1), workers=workers, warn=lambda line: None))
    assert "\n" not in str(raised.value)


def test_a_folder_without_photos_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(TrainingError, match="holds no photos"):
        open_photos(tmp_path)
    os.mkfifo(tmp_path / "pipe.tar")
    for place in ("nowhere", "pipe.tar"):
        with pytest.raises(TrainingError, match="no such folder"):
            open_photos(tmp_path / place)


def shard(path: Path, names: list[str]) -> None:
    with tarfile.open(path, "w") as archive:
        for number, name in enumerate(names):
            file = io.BytesIO()
            photo(number + len(path.stem)).save(file, "JPEG")
            member = tarfile.TarInfo(name)
            member.size = len(file.getvalue())
            file.seek(0)
            archive.addfile(member, file)
            note = tarfile.TarInfo(name + ".json")
            archive.addfile(note, io.BytesIO())


def test_shards_hold_photos_like_folders(tmp_path: Path) -> None:
    shard(tmp_path / "000.tar", ["a.jpg", "b.jpg"])
    shard(tmp_path / "0001.tar", ["c.jpg", "x/d.jpg"])
    photos = open_photos(tmp_path)
    assert [str(one).removeprefix(f"{tmp_path}/") for one in photos.photos] == [
        *("000.tar:a.jpg", "000.tar:b.jpg", "0001.tar:c.jpg", "0001.tar:x/d.jpg")
    ]
    with tarfile.open(tmp_path / "0001.tar") as archive:
        content = archive.extractfile("x/d.jpg")
        assert content is not None
        np.testing.assert_array_equal(photos.pixels(3), np.asarray(Image.open(content)))
    assert samples(photos)[9][0].shape == (3, SIZE, SIZE)
    assert {one.group for one in photos.photos} == {str(tmp_path / "000.tar"), str(tmp_path / "0001.tar")}
    (tmp_path / "0002.tar").write_bytes(b"\x1f\x8b compressed")
    with pytest.raises(TrainingError, match=r"0002\.tar: not a plain tar"):
        open_photos(tmp_path)


def test_photos_are_kept_within_the_memory_given(tmp_path: Path) -> None:
    for number in range(4):
        photo(number, (600, 400)).save(tmp_path / f"{number}.png")
    photos = open_photos(tmp_path, memory_mb=1)  # room for one of 0.7 MB
    first = photos.pixels(0)
    assert photos.pixels(0) is first
    photos.pixels(1)
    again = photos.pixels(0)
    assert again is not first
    np.testing.assert_array_equal(again, first)


def test_a_jpeg_is_decoded_no_finer_than_asked(tmp_path: Path) -> None:
    photo(3, (401, 300)).save(tmp_path / "a.jpg", quality=95)
    photo(3, (401, 300)).save(tmp_path / "b.png")
    photos = open_photos(tmp_path)
    assert [photos.pixels(0, shrink).shape[:2] for shrink in (1, 2, 4, 8)] == [(300, 401), (150, 201), (75, 101), (38, 51)]
    assert photos.pixels(1, 4).shape == (300, 401, 3)
    assert photos.short_side(0) == 300
    whole = Image.fromarray(photos.pixels(0)).resize((101, 75), Image.Resampling.BOX)
    assert np.abs(np.asarray(whole, np.int16) - photos.pixels(0, 4)).mean() < 3


def test_a_split_parts_no_source(folder: Path) -> None:
    photos = open_photos(folder)
    first, second = photos.split(0.3, seed=1)
    assert len(first) + len(second) == len(photos) == 10
    assert not {one.group for one in first.photos} & {one.group for one in second.photos}
    assert {str(one) for one in second.photos} == {str(one) for one in open_photos(folder).split(0.3, seed=1)[1].photos}
    with pytest.raises(TrainingError, match="none can be set apart"):
        first.split(0.01, seed=1)


def test_the_table_beside_the_photos_says_what_is_from_one_package(tmp_path: Path) -> None:
    for number in range(12):
        photo(number).save(tmp_path / f"{number}.png")
    rows = "".join(f"{number}.png,package-{number % 3}\n" for number in range(12))
    (tmp_path / "photos.csv").write_text("file,package\n" + rows)
    first, second = open_photos(tmp_path).split(0.33, seed=0)
    assert (len(first), len(second)) == (8, 4)
    assert {one.group for one in second.photos} <= {f"package-{number}" for number in range(3)}
    (tmp_path / "photos.csv").unlink()
    assert len(open_photos(tmp_path).split(0.25, seed=0)[1]) == 3, "without it each photo stands alone"


def test_photos_are_read_upright_and_errors_name_the_member(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(1, (160, 120)).save(tmp_path / "turned.jpg", exif=exif)
    photos = open_photos(tmp_path)
    assert photos.pixels(0).shape == (160, 120, 3)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo("bad.jpg")
        member.size = 7
        archive.addfile(member, io.BytesIO(b"nothing"))
    with pytest.raises(PhotoError, match=r"x\.tar:bad\.jpg: not a picture"):
        open_photos(tmp_path / "x.tar").pixels(0)


def test_a_process_that_fails_between_two_batches_ends(folder: Path) -> None:
    program = f"""
from mobile_inpaint.training.samples import Samples, batches
from mobile_inpaint.masks.mixes import HoleMix
from mobile_inpaint.data.photo_source import open_photos
held = batches(Samples(open_photos({str(folder)!r}), {SIZE}, 0, HoleMix()), 1, range(100), workers=1, warn=print)
next(held)
raise RuntimeError("a bug")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1 and "a bug" in ended.stderr
