"""What needs no toolchain: the pins, what is refused of an archive, how a package is laid out, what the app asks for."""

import re
import struct
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
ANDROID = ROOT / "android_demo"
sys.path.insert(0, str(ANDROID))

from tools import apk, jvm, pieces  # noqa: E402

from mobile_inpaint.apps import bundle  # noqa: E402

SOURCES = sorted(ANDROID.rglob("src/**/*.kt"))
NAMESPACE = "{http://schemas.android.com/apk/res/android}"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "home"))
    (tmp_path / "home/android").mkdir(parents=True)
    return tmp_path


def test_every_piece_is_pinned_by_version_and_digest():
    for pin in pieces.PINS.values():
        assert re.fullmatch(r"[0-9a-f]{64}", pin["sha256"]) and re.search(r"[@=]\d", pin["package"]) and pin["bytes"] > 0


def test_an_archive_that_is_not_the_pinned_one_leaves_nothing(store):
    archive = store / "junit.deb"
    archive.write_bytes(b"something else")
    with pytest.raises(pieces.BuildError, match="is not what is pinned"):
        pieces.unpack("junit", archive, store)
    assert "junit" in pieces.missing() and not (store / "kept").exists()


def test_what_is_missing_says_how_to_get_it(store):
    with pytest.raises(Exception, match=re.escape("fetch it (") + r"\d+ MB\) with: python android_demo/build.py --fetch"):
        pieces.file("kotlin", "kotlin-compiler.jar")


def library(alignment):
    """A 64-bit library of one loaded segment, as far as its alignment is read."""
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    return bytes(header) + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 0, 0, alignment)


def test_libraries_lie_at_pages_and_crooked_ones_are_found(tmp_path):
    package = tmp_path / "a.apk"
    with zipfile.ZipFile(package, "w") as archive:
        apk._add(archive, "classes.dex", b"x" * 77, 0)
        apk._add(archive, "lib/arm64-v8a/sound.so", library(apk.PAGE), apk.PAGE)
        apk._add(archive, "assets/a", b"abc", 4)
        apk._add(archive, "lib/arm64-v8a/small_pages.so", library(4096), apk.PAGE)
        apk._add(archive, "lib/arm64-v8a/elsewhere.so", library(apk.PAGE), 4)
        apk._add(archive, "lib/arm64-v8a/packed.so", library(apk.PAGE), 0)
    assert apk.misaligned(package) == [f"lib/arm64-v8a/{name}.so" for name in ("small_pages", "elsewhere", "packed")]
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        assert archive.read("lib/arm64-v8a/sound.so") == library(apk.PAGE)


def test_a_size_is_the_sum_of_its_parts(tmp_path):
    package = tmp_path / "a.apk"
    with zipfile.ZipFile(package, "w") as archive:
        apk._add(archive, "lib/arm64-v8a/runtime.so", bytes(9000), apk.PAGE)
        apk._add(archive, "assets/model/net.onnx", bytes(5000), 4)
        apk._add(archive, "assets/notices/LICENSE", bytes(3000), 4)
        apk._add(archive, "classes.dex", bytes(range(256)), 4)
    made_of = apk.sizes(package)
    assert {name: made_of[name] for name in ("runtime", "network", "code")} == {"runtime": 9000, "network": 5000, "code": 256}
    assert made_of["rest"] >= 3000 and sum(made_of.values()) == package.stat().st_size


def test_references_by_version_are_blotted_out_and_nothing_else():
    tags = [1, 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF, 5, 0]
    table = b"".join(struct.pack("<QQ", tag, 7) for tag in tags)
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    image = header + struct.pack("<IIQQQQQQ", 2, 6, 120, 0, 0, len(table), 0, 8) + table
    jvm._blot_versions(image)
    assert [struct.unpack_from("<Q", image, 120 + 16 * i)[0] for i in range(6)] == [1, *[0x60000FFF] * 3, 5, 0]


def test_the_app_asks_for_no_permission_and_names_classes_that_exist():
    manifest = ElementTree.parse(ANDROID / "app/src/main/AndroidManifest.xml").getroot()
    assert not manifest.findall("uses-permission")
    names = [one.get(f"{NAMESPACE}name") for one in manifest.iter() if one.tag in ("activity", "provider")]
    there = {f"mobileinpaint.app.{path.stem}" for path in SOURCES}
    assert names and set(names) <= there


def test_what_bundle_writes_is_what_the_app_opens():
    folder = ROOT / bundle.APPS["android"].folder
    assert folder.parent == apk.APP / "src/main/assets"
    kotlin = {path.name: path.read_text() for path in SOURCES}
    assert f'assets.open("{folder.name}/$name")' in kotlin["Model.kt"] and f'"{bundle.INDEX}"' in kotlin["Bundle.kt"]


def test_every_text_and_view_that_is_asked_for_exists():
    resources = ANDROID / "app/src/main/res"
    asked = set(re.findall(r"(?<!android\.)\bR\.(string|id|layout)\.(\w+)", "".join(path.read_text() for path in SOURCES)))
    texts = {("string", one.get("name")) for one in ElementTree.parse(resources / "values/strings.xml").getroot()}
    layouts = list((resources / "layout").glob("*.xml"))
    views = {("id", name) for path in layouts for name in re.findall(r'"@\+id/(\w+)"', path.read_text())}
    assert asked <= texts | views | {("layout", path.stem) for path in layouts}
    named = set(
        re.findall(r'"@string/(\w+)"', "".join(path.read_text() for path in [*layouts, *resources.parent.glob("*.xml")]))
    )
    assert {("string", name) for name in named} <= texts


def test_gradle_fetches_the_litert_that_its_engine_names():
    (fetched,) = re.findall(r'"com\.google\.ai\.edge\.litert:litert:([\d.]+)"', (apk.APP / "build.gradle.kts").read_text())
    assert f'VERSION = "{fetched}"' in (apk.APP / "src/litert/kotlin/mobileinpaint/app/Engines.kt").read_text()


def test_the_core_names_nothing_of_android():
    for path in (ANDROID / "core/src").rglob("*.kt"):
        assert not re.search(r"^import (android|org\.json|ai\.onnxruntime)", path.read_text(), re.M), path
