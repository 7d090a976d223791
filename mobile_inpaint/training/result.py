"""What a run leaves behind: the network, and what it was made of."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import torch

from mobile_inpaint import files, schema
from mobile_inpaint.checkout import CHECKOUT
from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.quantization.fake_quantize import without_rounding
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.state import State
from mobile_inpaint.version import __version__

MODEL, RECORD = "model.safetensors", "run.json"


def save_result(run: Path, state: State, config: TrainConfig, photos: str, origin: str) -> None:
    """Writes ``<run>/model.safetensors``, the moving average in its fused form, and ``<run>/run.json`` beside it.

    Args:
        run: a folder that is there.
        state: what is saved of it is a copy.
        config: of the run.
        photos: digest of the set of photos.
        origin: of the weights at step 0, as JSON; empty of a random start.

    Raises:
        OSError: the folder cannot be written to.
    """
    save_model(without_rounding(state.average.with_branches(0)), run / MODEL)
    record: dict[str, Any] = {
        "step": state.step,
        "images": state.step * config.data.batch,
        "seconds": round(state.seconds, 1),
        "from": json.loads(origin) if origin else None,
        "photos": photos,
        "mobile-inpaint": __version__,
        "commit": _commit(),
        "torch": torch.__version__,
        "config": schema.dump(config),
    }
    files.write_whole(run / RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def photos_digest(photos: PhotoSource) -> str:
    """A sha256 of names and sizes, wherever the folder is: the same for the same set, since samples go by number."""
    lines = []
    for photo in photos.photos:
        name = photo.path.relative_to(photos.name) if photo.path.is_relative_to(photos.name) else Path(photo.path.name)
        name = name if photo.path != Path(photos.name) else Path(photo.path.name)
        lines.append(f"{name.as_posix()} {photo.member or ''} {photo.length or photo.path.stat().st_size}\n")
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def _commit() -> str | None:
    """Of the source tree this package runs from, ``-dirty`` where files differ; None of an installed one."""
    if not (CHECKOUT / ".git").exists():
        return None
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None
    except OSError:
        return None
