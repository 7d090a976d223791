import os
import subprocess
import sys
from pathlib import Path

import pytest

from mobile_inpaint import files

_DIES_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from mobile_inpaint import files
folder = Path(sys.argv[1])
with files.private_folder(folder) as stage, files.being_written(folder / "x.bin") as part:
    (stage / "half").write_bytes(b"half")
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["a", "a.onnx", "ü-1.json", "a b.png", ".hidden", "con-troll"])
def test_plain_names(name: str) -> None:
    assert files.is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../a",
        "a/",
        "/a",
        "a\\b",
        "..\\a",
        "C:",
        "C:a",
        "C:\\a",
        "a\0b",
        "a\nb",
        "\x1b[2J",
        "\ud800",
        "x" * 256,
        None,
        3,
        b"a",
        ["a"],
    ],
)
def test_names_that_are_not_plain(name: object) -> None:
    assert not files.is_plain_name(name)


def test_a_file_appears_whole(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "a.txt", "ä", durable=True)
    assert (tmp_path / "a.txt").read_bytes() == "ä".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failed_block_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(ZeroDivisionError), files.being_written(tmp_path / "a.txt") as part:
        assert part.suffix == ".txt"
        part.write_text("half")
        raise ZeroDivisionError
    assert (tmp_path / "a.txt").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "out").symlink_to(victim)
    files.write_whole(tmp_path / "out", b"new")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "out").read_bytes() == b"new"


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_whole(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_next_writer_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _DIES_WHILE_WRITING, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    files.write_whole(tmp_path / "y.bin", b"y")
    assert [path.name for path in tmp_path.iterdir()] == ["y.bin"]


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    with files.being_written(tmp_path / "a") as part, files.private_folder(tmp_path) as folder:
        files.sweep(tmp_path)
        assert part.exists()
        assert folder.exists()


def test_a_sweep_gives_the_rescuer_each_folder_first(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _DIES_WHILE_WRITING, str(tmp_path)], check=False)
    seen: list[str] = []
    files.sweep(tmp_path, lambda folder: seen.extend(path.name for path in folder.iterdir()))
    assert seen == ["half"]


def test_planted_links_with_our_names_are_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    planted = tmp_path / "out" / f"{files.PREFIX}{'0' * 32}"
    planted.parent.mkdir()
    planted.symlink_to(precious)
    files.sweep(planted.parent)
    assert (precious / "file").read_text() == "precious"
    assert planted.is_symlink()
