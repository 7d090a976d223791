from __future__ import annotations

import sys
from pathlib import Path

from mobile_inpaint.checkpoints.fetch import client

BUSY = """
import shutil, time
from pathlib import Path
ends = time.monotonic() + 1.5
while time.monotonic() < ends:
    for n in range(100):
        Path(f"growing/{n}/deeper").mkdir(parents=True)
        Path(f"growing/{n}/deeper/file").write_bytes(bytes(100))
    shutil.rmtree("growing")
"""


def test_a_client_may_clear_up_while_its_progress_is_read(tmp_path: Path) -> None:
    seen: list[int] = []
    growing = tmp_path / "growing"
    command = [sys.executable, "-c", BUSY]
    assert client.run(command, tmp_path, growing=growing, total=10_000, progress=lambda done, _: seen.append(done)) is None
    assert seen == sorted(seen) and 0 < seen[-1] <= 10_000


def test_what_a_client_complains_of(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such package')"]
    assert client.run(command, tmp_path, growing=tmp_path, total=1) == "no such package\n"
