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


def _dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder that belongs to somebody else."""
    folder = tmp_path / "precious"
    (folder / "x.mlpackage").mkdir(parents=True)
    (folder / "x.mlpackage" / "file").write_text("precious")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


_FRESH = f"{files.PREFIX}{'0' * 32}"


@pytest.mark.parametrize(
    "name",
    [
        ".q.png.PID.part",
        ".Ü b.JPG.PID.part",
        ".step-00000010.pt.PID",
        ".step-00000010.png.PID",
        ".model.safetensors.PID",
        ".12.safetensors.PID",
        ".log.jsonl.PID",
        ".run.json.PID",
        ".evaluation.json.PID",
        ".PID-mixed-0123456789abcdef.json",
        ".PID-quality-0123456789abcdef.npz",
    ],
)
def test_what_earlier_versions_left_is_swept_when_its_process_is_dead(out: Path, name: str) -> None:
    (out / name.replace("PID", str(_dead_process()))).write_text("half")
    (out / name.replace("PID", str(os.getpid()))).write_text("of a living process")
    files.sweep(out)
    assert _names(out) == {name.replace("PID", str(os.getpid()))}


@pytest.mark.parametrize(
    "name", ["q.png.9.part", ".q.zip.PID.part", ".notes.PID", ".run.json", ".PID-mixed-1.json", ".q.png.part"]
)
def test_files_of_others_stay(out: Path, name: str) -> None:
    name = name.replace("PID", str(_dead_process()))
    (out / name).write_text("mine")
    files.sweep(out)
    assert _names(out) == {name}


@pytest.mark.parametrize("name", [_FRESH, ".q.png.PID.part", ".mobile-inpaint-PID-x"])
def test_links_under_temporary_names_are_neither_followed_nor_removed(out: Path, precious: Path, name: str) -> None:
    planted = out / name.replace("PID", str(_dead_process()))
    planted.symlink_to(precious)
    files.write_whole(out / "q.png", b"new")
    assert planted.is_symlink()
    assert (precious / "x.mlpackage" / "file").read_text() == "precious"
    assert (out / "q.png").read_bytes() == b"new"


@pytest.mark.parametrize("name", [_FRESH, ".mobile-inpaint-PID-x"])
def test_a_folder_that_was_moved_aside_is_put_back(out: Path, name: str) -> None:
    aside = out / name.replace("PID", str(_dead_process())) / files.ASIDE / "a.mlpackage"
    aside.mkdir(parents=True)
    (aside / "weights").write_text("good")
    files.sweep(out)
    assert _names(out) == {"a.mlpackage"}
    assert (out / "a.mlpackage" / "weights").read_text() == "good"


def test_a_folder_aside_does_not_replace_the_new_one(out: Path) -> None:
    (out / _FRESH / files.ASIDE / "a.mlpackage").mkdir(parents=True)
    (out / "a.mlpackage").mkdir()
    (out / "a.mlpackage" / "weights").write_text("new")
    files.sweep(out)
    assert _names(out) == {"a.mlpackage"}
    assert (out / "a.mlpackage" / "weights").read_text() == "new"


@pytest.mark.parametrize("plant", ["aside is a link", "a link in it", "a file in it", "a name with a separator"])
def test_planted_private_folders_move_nothing_in_or_out(out: Path, precious: Path, plant: str) -> None:
    folder = out / _FRESH
    folder.mkdir()
    if plant == "aside is a link":
        (folder / files.ASIDE).symlink_to(precious)
    else:
        (folder / files.ASIDE).mkdir()
        if plant == "a link in it":
            (folder / files.ASIDE / "x.mlpackage").symlink_to(precious / "x.mlpackage")
        elif plant == "a file in it":
            (folder / files.ASIDE / "model.onnx").write_text("planted")
        else:
            (folder / files.ASIDE / "..\\evil").mkdir()
    files.sweep(out)
    assert _names(out) == set()
    assert (precious / "x.mlpackage" / "file").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_another_user_stays(out: Path) -> None:
    (out / _FRESH / files.ASIDE / "a.mlpackage").mkdir(parents=True)
    (out / f"{_FRESH}.png").write_text("")
    for path in (out / _FRESH, out / f"{_FRESH}.png"):
        os.chown(path, 12345, 12345)
    files.sweep(out)
    assert _names(out) == {_FRESH, f"{_FRESH}.png"}


def test_a_file_and_a_folder_do_not_replace_each_other(out: Path) -> None:
    (out / "folder").mkdir()
    (out / "file").write_text("kept")
    with files.private_folder(out) as private:
        (private / "made").write_text("")
        with pytest.raises(IsADirectoryError):
            files.move_into_place(private / "made", out / "folder", private)
        (private / "made folder").mkdir()
        with pytest.raises(NotADirectoryError):
            files.move_into_place(private / "made folder", out / "file", private)
    assert _names(out) == {"folder", "file"}


def test_a_new_file_replaces_nothing(out: Path) -> None:
    files.write_new(out / "a", "first")
    with pytest.raises(FileExistsError) as caught:
        files.write_new(out / "a", "second")
    assert caught.value.filename == str(out / "a")
    assert (out / "a").read_text() == "first"
    assert _names(out) == {"a"}


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        files.write_whole(tmp_path / "nowhere" / "a.png", b"")
    assert caught.value.filename == str(tmp_path / "nowhere" / "a.png")


def test_a_long_suffix(tmp_path: Path) -> None:
    files.write_whole(tmp_path / f"a.{'x' * 240}", b"whole")
    assert _names(tmp_path) == {f"a.{'x' * 240}"}


_DIES_BETWEEN_TWO_RENAMES = """
import os, signal, sys
from pathlib import Path
from mobile_inpaint import files
out, dies_at = Path(sys.argv[1]), int(sys.argv[2])
renames = 0
def die(event, arguments):
    global renames
    renames += event == "os.rename"
    if renames == dies_at and event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)
with files.private_folder(out) as private:
    (private / "a.mlpackage").mkdir()
    (private / "a.mlpackage" / "weights").write_text("new")
    sys.addaudithook(die)
    files.move_into_place(private / "a.mlpackage", out / "a.mlpackage", private)
"""


@pytest.mark.parametrize(("dies_at", "kept"), [(1, "old"), (2, "old"), (3, "new")])
def test_a_folder_is_whole_after_a_kill_at_any_rename_and_a_sweep(out: Path, dies_at: int, kept: str) -> None:
    (out / "a.mlpackage").mkdir()
    (out / "a.mlpackage" / "weights").write_text("old")
    subprocess.run([sys.executable, "-c", _DIES_BETWEEN_TWO_RENAMES, str(out), str(dies_at)], check=False)
    files.sweep(out)
    assert _names(out) == {"a.mlpackage"}
    assert (out / "a.mlpackage" / "weights").read_text() == kept
