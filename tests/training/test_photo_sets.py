"""Sets of photos put together out of Debian packages: here of a package made for the test, from an archive in a folder."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobile_inpaint import cli
from mobile_inpaint.data import photo_sets
from mobile_inpaint.data.apt import members
from mobile_inpaint.data.photo_sets import SetPhoto, fetch, photos_of
from mobile_inpaint.errors import PhotoSetError, PhotoSetNotFound, ToolchainMissing

debian = pytest.mark.skipif(not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="needs apt-get and dpkg-deb")

LARGE, SMALL, TURNED = "usr/share/pictures/large.jpg", "usr/share/pictures/small.png", "usr/share/pictures/turned.jpg"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the package holds."""
    tree = tmp_path_factory.mktemp("package")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: pictures\nVersion: 1:2.0+x-1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: pictures\n"
    )
    (tree / LARGE).parent.mkdir(parents=True)
    y, x = np.mgrid[:600, :2400]
    picture = Image.fromarray(np.stack([x // 10, y // 3, (x + y) // 12], -1).astype(np.uint8))
    picture.save(tree / LARGE, quality=95)
    picture.crop((0, 0, 500, 400)).save(tree / SMALL)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.crop((0, 0, 800, 600)).save(tree / TURNED, exif=exif)
    return tree


@pytest.fixture(scope="module")
def archive(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An archive in a folder, as apt's sources name it."""
    folder = tmp_path_factory.mktemp("archive")
    deb = folder / "pictures.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, deb], check=True, capture_output=True)
    content = deb.read_bytes()
    described = (tree / "DEBIAN/control").read_text()
    (folder / "Packages").write_text(
        f"{described}Filename: ./pictures.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    )
    return f"Types: deb\nURIs: file:{folder}\nSuites: ./\nTrusted: yes\n"


def row(tree: Path, path: str, file: str, width: int, height: int, version: str = "1:2.0+x-1") -> SetPhoto:
    digest = hashlib.sha256((tree / path).read_bytes()).hexdigest()
    return SetPhoto(file, "pictures", version, path, digest, "CC0", "A", "A. Author", width, height, "")


@pytest.fixture
def wanted(tree: Path) -> list[SetPhoto]:
    return [
        row(tree, LARGE, "large.jpg", 1600, 400),
        row(tree, TURNED, "turned.jpg", 600, 800),
        row(tree, SMALL, "small.png", 512, 512),
    ]


@debian
def test_a_set_is_made_once_and_then_kept(wanted: list[SetPhoto], archive: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    told: list[str] = []

    def made(out: Path = tmp_path / "out") -> photo_sets.Fetched:
        return fetch(wanted, out, archive=archive, progress=lambda done, total: seen.append((done, total)), warn=told.append)

    first = made()
    assert (first.here, first.made, first.missing, told) == (3, 3, (), [])
    out = tmp_path / "out"
    for photo in wanted:
        with Image.open(out / photo.file) as picture:
            assert picture.size == (photo.w, photo.h) and picture.mode == "RGB"
    assert sorted(path.name for path in out.iterdir()) == ["large.jpg", "photos.csv", "small.png", "turned.jpg"]
    with (out / "photos.csv").open() as table:
        for line in csv.DictReader(table):
            assert line["author"] == "A. Author" and line["licence"] == "CC0"
            assert line["sha256"] == hashlib.sha256((out / line["file"]).read_bytes()).hexdigest()
    assert all(total and done <= total for done, total in seen)
    assert made().made == 0
    (out / "large.jpg").write_bytes(b"cut off")
    wanted[0] = replace(wanted[0], sha256=hashlib.sha256((out / "photos.csv").read_bytes()).hexdigest())
    again = made()
    assert (again.here, again.made, again.same_bytes) == (3, 1, 0)


@debian
def test_the_same_bytes_come_out_again(wanted: list[SetPhoto], archive: str, tmp_path: Path) -> None:
    fetch(wanted, tmp_path / "a", archive=archive, progress=lambda *_: None, warn=print)
    known = [replace(photo, sha256=hashlib.sha256((tmp_path / "a" / photo.file).read_bytes()).hexdigest()) for photo in wanted]
    assert fetch(known, tmp_path / "b", archive=archive, progress=lambda *_: None, warn=print).same_bytes == 3


@debian
def test_what_is_not_as_it_was_is_told_and_left_out(wanted: list[SetPhoto], archive: str, tree: Path, tmp_path: Path) -> None:
    wanted[0] = replace(wanted[0], source_sha256="0" * 64)
    wanted[1] = replace(wanted[1], path_in_package="usr/share/gone.jpg")
    wanted.append(row(tree, SMALL, "old.png", 512, 512, version="1.0"))
    told: list[str] = []
    done = fetch(wanted, tmp_path, archive=archive, progress=lambda *_: None, warn=told.append)
    assert (done.here, done.missing) == (1, ("large.jpg", "turned.jpg", "old.png"))
    assert sorted(told) == [
        "pictures 1.0: no longer in the archive; its 1 photo(s) are left out",
        "pictures 1:2.0+x-1: holds no usr/share/gone.jpg; left out",
        f"pictures 1:2.0+x-1: {LARGE} is not the file that the manifest means (its sha256 differs); left out",
    ]


@debian
def test_a_disk_that_is_full_leaves_nothing_half_written(wanted: list[SetPhoto], archive: str, tmp_path: Path) -> None:
    # A limit on the size of files stands in for a full disk; the kernel refuses the same way.
    script = f"""
import resource, sys
from pathlib import Path
from mobile_inpaint.data import photo_sets
from mobile_inpaint.data.photo_sets import SetPhoto
from mobile_inpaint.errors import MobileInpaintError
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
deb = Path({archive.split("file:")[1].splitlines()[0]!r}) / "pictures.deb"
try:
    photo_sets._unpack([deb], [{wanted[0]!r}], Path({str(tmp_path)!r}), print)
except MobileInpaintError as error:
    sys.exit(str(error))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 1 and "large.jpg: cannot be written (File too large)" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@debian
def test_no_room_no_network_and_no_apt_are_told_in_a_line(
    wanted: list[SetPhoto], archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PhotoSetError, match="make room, then say the same again"):
        photo_sets._check_room(tmp_path, wanted[0].source, 1 << 60)
    nowhere = archive.replace("file:", "file:/nowhere")
    with pytest.raises(PhotoSetError, match="apt cannot read the archive's indices"):
        fetch(wanted, tmp_path / "out", archive=nowhere, progress=lambda *_: None, warn=print)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photos.csv"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainMissing, match="apt-get and dpkg-deb not found"):
        fetch(wanted, tmp_path / "out", progress=lambda *_: None, warn=print)


@debian
def test_a_damaged_package_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_bytes(b"!<arch>\nnothing")
    with pytest.raises(PhotoSetError, match=r"x\.deb: damaged"):
        list(members(tmp_path / "x.deb", ["a"]))


@pytest.fixture(params=list(photo_sets.SETS))
def known(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[SetPhoto]]]:
    yield request.param, photos_of(request.param)


def test_every_photo_of_a_set_names_its_author_licence_and_source(known: tuple[str, list[SetPhoto]]) -> None:
    name, photos = known
    assert len({photo.file for photo in photos}) == len(photos)
    for photo in photos:
        assert photo.licence and photo.author and photo.version and not photo.path_in_package.startswith("/")
        assert len(photo.source_sha256) == len(photo.sha256) == 64
        assert Path(photo.file).suffix == (".jpg" if name == "train" else ".png")
        assert photo.tier in ("AB" if name == "train" else "ABCD"), "ours train on A and B only"
        assert max(photo.w, photo.h) <= 1600


def test_no_photo_is_in_both_sets() -> None:
    train, judged = ({photo.source_sha256 for photo in photos_of(name)} for name in ("train", "eval"))
    assert not train & judged
    with pytest.raises(PhotoSetNotFound, match="there are train, eval"):
        photos_of("tain")


def test_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["photos", "list"]) == 0
    assert "358" in capsys.readouterr().out
    assert cli.main(["photos", "list", "eval"]) == 0
    assert "Eastman Kodak" in capsys.readouterr().out
    assert cli.main(["photos", "fetch", "holiday", "--out", "x"]) == 1
    assert capsys.readouterr().err == "mobile-inpaint: unknown set of photos 'holiday': there are train, eval\n"
