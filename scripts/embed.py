"""Puts a trained network into the package: its weights as 8-bit integers, and their digest and size onto its Card.

python scripts/embed.py RUN/model.safetensors migan-lite
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mobile_inpaint import checkpoints
from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.checkpoints.compression import small
from mobile_inpaint.models.registry import family_of

FOLDER = Path(checkpoints.__file__).parent
CARDS = FOLDER / "cards.toml"


def main(source: Path, name: str) -> None:
    """Embeds the weights in ``source`` as those of the Card ``name``; nothing is written unless there is such a Card."""
    before, head, table = CARDS.read_text(encoding="utf-8").partition(f"[{name}]\n")
    table, gap, after = table.partition("\n\n")
    if not head or "embedded = true" not in table:
        raise SystemExit(f"embed: {CARDS} has no table [{name}] with embedded = true; write one first")
    try:
        with safe_open(source, "pt") as file:
            metadata, weights = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError) as error:
        raise SystemExit(f"embed: {source}: no file of weights ({error})") from error
    out = FOLDER / "embedded" / f"{name}.safetensors"
    save_file(small(weights, family_of(json.loads((metadata or {})["mobile_inpaint"])["model"]).small_weights), out, metadata)
    out.chmod(0o644)
    table = re.sub(r'^sha256 = ".*"', f'sha256 = "{sha256_of(out)}"', table, flags=re.MULTILINE)
    table = re.sub(r"^bytes = \d[\d_]*", f"bytes = {out.stat().st_size:_}", table, flags=re.MULTILINE)
    CARDS.write_text(before + head + table + gap + after, encoding="utf-8")
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2])
