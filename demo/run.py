"""`make demo`: the published network as six verified artifacts, and an object erased from real photos with three of them.

Everything is written under demo-out/. Takes about three minutes on two cores, and set-up two more the first time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

import mobile_inpaint as mi
from mobile_inpaint.photo.image import Pixels

HERE = Path(__file__).parent
OUT = Path(os.path.relpath(HERE.parent / "demo-out"))  # short, for the table
CHECKPOINT = "migan-512-places2"
PHOTOS = ("wren", "ray")
TILE_PX = 480

Rows: TypeAlias = Mapping[str, Sequence[tuple[str, Pixels]]]
"""Labelled pictures by the name of their photo."""


def main() -> None:
    started = time.monotonic()

    def step(what: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {what}", file=sys.stderr, flush=True)

    artifacts = mi.export(
        CHECKPOINT, target=mi.list_targets(), precision=("fp32", "fp16"), out=OUT / "artifacts", progress=step
    )
    sheet = {}
    for name in PHOTOS:
        photo, mask = mi.Photo.open(HERE / f"{name}.jpg"), mi.Mask.open(HERE / f"{name}_mask.png")
        sheet[name] = [("photo", photo.pixels), ("what to erase", _veil(photo, mask))]
        for artifact in artifacts:
            if artifact.manifest.contract.precision != "fp16":
                continue
            target = artifact.manifest.contract.target
            step(f"erasing the {name} with {artifact.path.name}")
            result = mi.fill(photo, mask, artifact=mi.load_artifact(artifact.path))
            result.save(OUT / f"{name}-{target}.jpg")
            sheet[name].append((f"{target} fp16", result.pixels))
    _contact_sheet(sheet).save(OUT / "contact_sheet.jpg", quality=90)
    _table(artifacts)
    print(f"\nPictures: {OUT / 'contact_sheet.jpg'} and beside it. Artifacts: {OUT / 'artifacts'}")


def _veil(photo: mi.Photo, mask: mi.Mask) -> Pixels:
    veiled = photo.pixels.copy()
    veiled[mask.hole] = veiled[mask.hole] // 3 + [150, 20, 40]
    return veiled


def _contact_sheet(rows: Rows) -> Image.Image:
    font = ImageFont.load_default(18)
    drawn = []
    for tiles in rows.values():
        height = max(1, round(TILE_PX * tiles[0][1].shape[0] / tiles[0][1].shape[1]))
        strip = Image.new("RGB", (TILE_PX * len(tiles), height + 28), "white")
        for column, (label, pixels) in enumerate(tiles):
            tile = Image.fromarray(pixels).resize((TILE_PX - 4, height), Image.Resampling.LANCZOS)
            strip.paste(tile, (column * TILE_PX, 28))
            ImageDraw.Draw(strip).text((column * TILE_PX + 4, 3), label, fill="black", font=font)
        drawn.append(strip)
    sheet = Image.new("RGB", (max(s.width for s in drawn), sum(s.height for s in drawn)), "white")
    top = 0
    for strip in drawn:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet


def _table(artifacts: Sequence[mi.Artifact]) -> None:
    rows = [("artifact", "MB", "ops", "in-hole dB", "outside", "verified by")]
    for artifact in artifacts:
        manifest, result = artifact.manifest, artifact.manifest.verification
        assert result is not None
        rows.append(
            (
                str(artifact.path),
                f"{manifest.bytes / 1e6:.1f}",
                str(sum(manifest.ops.values())),
                f"{result.worst_psnr_db:.1f} ≥ {result.required_db:.0f}",
                "exact" if result.outside_max_abs_error == 0 else "changed",
                f"{result.runtime}, {result.computes_in}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    try:
        main()
    except mi.errors.MobileInpaintError as error:
        sys.exit(f"demo: {' '.join(str(error).split())}")
    except OSError as error:
        sys.exit(f"demo: {error}")
