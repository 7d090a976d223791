"""Makes mobile_inpaint/data/photos/: python benchmarks/make_photo_sets.py PHOTOS

PHOTOS is the folder with train/, eval/ and demo/, and the table of each, where author, licence and package of the photos stand.
The same photos, Pillow and libwebp give the same bytes: those in the package were written by Pillow 13.0.0 with libwebp 1.6.0.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

OUT = Path(__file__).parents[1] / "mobile_inpaint" / "data" / "photos"
SIDE_PX = 512
KEPT = ("author", "licence", "package", "version", "path_in_package", "source_sha256")
CALIBRATION_QUALITY, TRUTH_QUALITY = 55, 78

# Public domain or CC0, chosen by eye from train/: as many sources, subjects, textures and kinds of light as 1.4 MB hold.
CALIBRATION = [
    "lomiri_wallpapers_16.04__seeding_by_Clements_Engelhardt", "budgie_backgrounds__casa_mila",
    "budgie_backgrounds__blue_periwinkle", "budgie_backgrounds__singaporean_cityscape",
    "budgie_backgrounds__lake_sherburne", "libsixel_examples__egret", "gnome_taquin__themes_cats_1_Tortoiseshell",
    "krank__level_26", "krank__level_10", "krank__level_11", "krank__level_09", "krank__level_02", "krank__menu_scores2",
    "krank__level_24", "krank__level_03", "endless_sky_high_dpi__station0_2x", "endless_sky_high_dpi__station60_2x",
    "endless_sky_high_dpi__station21_2x", "endless_sky_high_dpi__city11_2x", "endless_sky_high_dpi__station36_2x",
    "endless_sky_high_dpi__city2_2x", "endless_sky_high_dpi__station39_2x", "endless_sky_high_dpi__city4_2x",
    "endless_sky_high_dpi__station49_2x", "endless_sky_high_dpi__station44_2x", "endless_sky_high_dpi__fields14_2x",
    "endless_sky_high_dpi__loc1_2x", "endless_sky_high_dpi__station14_2x", "endless_sky_high_dpi__station3_2x",
    "endless_sky_high_dpi__station13_2x", "endless_sky_high_dpi__city21_2x", "endless_sky_high_dpi__station15_2x",
    "endless_sky_high_dpi__snow17_2x", "endless_sky_high_dpi__nasa2_2x", "endless_sky_high_dpi__station38_2x",
    "endless_sky_high_dpi__station12_2x", "endless_sky_high_dpi__canyon13_2x", "endless_sky_high_dpi__city0_2x",
    "endless_sky_high_dpi__loc2_2x", "endless_sky_high_dpi__station25_2x", "endless_sky_high_dpi__snow15_2x",
    "endless_sky_data__station9", "endless_sky_high_dpi__snow24_2x", "endless_sky_high_dpi__forest10_2x",
    "endless_sky_high_dpi__lava9_2x", "endless_sky_high_dpi__snow14_2x", "endless_sky_high_dpi__dune5_2x",
    "endless_sky_high_dpi__water3_2x", "endless_sky_high_dpi__forest2_2x", "endless_sky_high_dpi__desert14_2x",
    "endless_sky_high_dpi__beach4_2x", "endless_sky_high_dpi__mountain28_2x",
]  # fmt: skip

# photo in demo/: (left, top, side) of squares; none shares a pixel with another or with the golden photos (demo/make_golden.py)
DEMO = {
    "budgie_backgrounds__oakland_zoo_otters": [(0, 620, 780), (780, 300, 800), (1580, 0, 760), (1640, 780, 660)],
    "budgie_backgrounds__perched_osprey": [(0, 0, 640), (0, 720, 640), (1640, 0, 720), (1700, 720, 720)],
    "budgie_backgrounds__canyon_wren": [(100, 820, 590), (1780, 500, 780)],
    "krank__level_30": [(0, 0, 760), (1180, 0, 620), (100, 760, 740)],
    "krank__level_29": [(1250, 0, 740), (1250, 750, 740)],
    "krank__menu_scores": [(440, 20, 640), (640, 780, 700)],
}


class Cut(NamedTuple):
    """A square of a photo: ``left``, ``top`` and ``side`` in the photo's pixels; ``row`` is what its table says of it."""

    file: str
    photo: str
    left: int
    top: int
    side: int
    row: dict[str, str]


def table(photos: Path, folder: str) -> dict[str, dict[str, str]]:
    """The rows of one folder's table, by the photo's name without suffix."""
    with (photos / f"{folder}.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["file"]).stem: row for row in csv.DictReader(file)}


def calibration(photos: Path) -> Iterator[Cut]:
    """The central square of each chosen photo."""
    rows = table(photos, "train")
    for name in CALIBRATION:
        row = rows[name]
        assert row["tier"] == "A", f"{name} is not public domain or CC0"
        width, height = int(row["w"]), int(row["h"])
        side = min(width, height)
        yield Cut(f"{name}.webp", f"train/{row['file']}", (width - side) // 2, (height - side) // 2, side, row)


def quality(photos: Path) -> Iterator[Cut]:
    """Every crop of eval/ that may be published, and the squares of demo/; ordered by the hash of the name, as if by lot."""
    cuts = [
        Cut(f"{name}.webp", f"eval/{row['file']}", 0, 0, SIDE_PX, row)
        for name, row in table(photos, "eval").items()
        if row["tier"] in ("A", "B")
    ]
    rows = table(photos, "demo")
    for name, squares in DEMO.items():
        for number, square in enumerate(squares, 1):
            cuts.append(Cut(f"{name}__{number}.webp", f"demo/{rows[name]['file']}", *square, rows[name]))
    yield from sorted(cuts, key=lambda cut: hashlib.sha256(cut.file.encode()).digest())


def make(photos: Path, cuts: Iterator[Cut], webp_quality: int, out: Path) -> None:
    """Writes each square to ``out`` at 512 px, and photos.csv."""
    out.mkdir(parents=True)
    with (out / "photos.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "photo", "left", "top", "side", *KEPT])
        for cut in cuts:
            box = (cut.left, cut.top, cut.left + cut.side, cut.top + cut.side)
            with Image.open(photos / cut.photo) as photo:
                square = photo.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS, box)
            square.save(out / cut.file, quality=webp_quality, method=6, use_sharp_yuv=True)
            writer.writerow([*cut[:-1], *(cut.row[column] for column in KEPT)])


if __name__ == "__main__":
    shared = Path(sys.argv[1])
    make(shared, calibration(shared), CALIBRATION_QUALITY, OUT / "calibration")
    make(shared, quality(shared), TRUTH_QUALITY, OUT / "quality")
