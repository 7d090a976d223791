"""The iOS app where no Swift compiler is: every file parses, the project holds together, its tests are Kotlin's."""

import json
import plistlib
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tree_sitter
import tree_sitter_swift

from mobile_inpaint.apps import bundle

ROOT = Path(__file__).parents[2]
IOS = ROOT / "ios_demo"
CORE = IOS / "Sources" / "InpaintCore"
PROJECT = IOS / "App" / "InpaintDemo.xcodeproj"
KOTLIN = ROOT / "android_demo" / "core" / "src"
SOURCES = sorted(path for path in IOS.rglob("*.swift") if ".build" not in path.parts)
MIRRORED = {
    *("Manifest", "Mask", "Compositor", "Inpainter", "LatencyReport"),
    *("Regions", "Resample", "Seam", "Statistics", "Strict", "Json", "Names", "Pixels", "Errors"),
}
UNFIT = (
    *("not verified", "below what it requires", "nobody judged it", "judged, and not worth shipping", "random weights"),
    *("a pipeline of its own", "the other polarity", "known pixels not given back", "a compositor of another size"),
)
"""Of the golden manifests, those that only an app refuses."""
ID = re.compile(r"\b[0-9A-F]{24}\b")


@pytest.fixture(scope="module")
def parse():
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language())).parse


def faults(node):
    """Where a tree has what the grammar does not know, or lacks what it asks for."""
    if node.type == "ERROR" or node.is_missing:
        yield f"line {node.start_point[0] + 1}: {node.type}"
    elif node.has_error:
        for child in node.children:
            yield from faults(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_file_parses(path, parse):
    text = path.read_text(encoding="utf-8")
    assert list(faults(parse(text.encode()).root_node)) == []
    assert not [number for number, line in enumerate(text.splitlines(), 1) if len(line) > 130]


def test_a_fault_would_be_seen(parse):
    assert list(faults(parse(b"struct A { func f( { } }").root_node))


def test_the_core_stands_on_foundation_alone():
    imports = {line for path in CORE.glob("*.swift") for line in re.findall(r"^import (\S+)", path.read_text(), re.M)}
    assert imports == {"Foundation"}
    for path in (IOS / "Sources" / "InpaintKit").glob("*.swift"):
        text = path.read_text()
        assert text.startswith("#if canImport(CoreML)\n") and text.endswith("\n#endif\n"), path.name


def test_the_core_has_kotlins_files():
    assert {path.stem for path in CORE.glob("*.swift")} >= MIRRORED
    assert {path.stem for path in (KOTLIN / "main").rglob("*.kt")} >= MIRRORED


@pytest.mark.parametrize("name", ["CompositorTest", "StepsTest", "MaskTest", "ManifestTest", "LatencyReportTest"])
def test_every_kotlin_test_has_its_swift_counterpart(name):
    (path,) = (KOTLIN / "test").rglob(f"{name}.kt")
    wanted = {swift_name(one) for one in re.findall(r"@Test\s+fun (`[^`]+`|\w+)\(", path.read_text(encoding="utf-8"))}
    swift = (IOS / "Tests" / "InpaintCoreTests" / f"{name}s.swift").read_text(encoding="utf-8")
    assert wanted and wanted - set(re.findall(r"^    func (test\w+)\(", swift, re.M)) == set()


def test_what_no_app_may_carry_is_refused_in_the_words_of_the_golden_vectors():
    cases = json.loads((ROOT / "golden" / "manifest.json").read_text(encoding="utf-8"))["cases"]
    refused = {case["name"]: case["refused"].removeprefix("toy.onnx: ") for case in cases if case.get("refused")}
    swift = (CORE / "Manifest.swift").read_text(encoding="utf-8")
    kotlin = "".join(path.read_text(encoding="utf-8") for path in (KOTLIN / "main").rglob("Manifest.kt"))
    for name in UNFIT:
        assert f'"{refused[name]}"' in swift and f'"{refused[name]}"' in kotlin, name


def swift_name(kotlin):
    """``testAHoleGrowsInDiscs`` for ``a hole grows in discs``; an apostrophe joins what it parts."""
    words = re.findall(r"\w+", kotlin.replace("'", ""))
    return "test" + "".join(word[0].upper() + word[1:] for word in words)


def test_property_lists():
    info = plistlib.loads((IOS / "App" / "Info.plist").read_bytes())
    assert info["NSPhotoLibraryAddUsageDescription"] and info["UILaunchScreen"] == {}
    assert not [key for key in info if "Tracking" in key or key == "NSAppTransportSecurity"]
    privacy = plistlib.loads((IOS / "App" / "Sources" / "PrivacyInfo.xcprivacy").read_bytes())
    assert privacy["NSPrivacyTracking"] is False and privacy["NSPrivacyCollectedDataTypes"] == []


def test_asset_catalogues():
    contents = list((IOS / "App").rglob("Contents.json"))
    assert len(contents) == 3
    for path in contents:
        for image in json.loads(path.read_text()).get("images", []):
            assert (path.parent / image["filename"]).is_file()


def test_the_project_holds_together():
    project = OpenStep((PROJECT / "project.pbxproj").read_text(encoding="utf-8")).document()
    objects = project["objects"]
    assert project["objectVersion"] == "77" and project["rootObject"] in objects
    assert not {found for found in ID.findall(json.dumps(project)) if found not in objects}
    assert set(ID.findall(json.dumps([*objects.values(), project["rootObject"]]))) == set(objects), "all are used"
    for one in objects.values():
        if one["isa"] == "PBXFileSystemSynchronizedRootGroup" or one.get("lastKnownFileType"):
            assert (PROJECT.parent / one["path"]).exists(), one["path"]
        if one["isa"] == "XCLocalSwiftPackageReference":
            assert (PROJECT.parent / one["relativePath"] / "Package.swift").is_file()
        if one["isa"] == "XCSwiftPackageProductDependency":
            assert f'.library(name: "{one["productName"]}"' in (IOS / "Package.swift").read_text()


def test_what_bundle_writes_is_what_the_app_opens():
    objects = OpenStep((PROJECT / "project.pbxproj").read_text(encoding="utf-8")).document()["objects"]
    (key,) = [key for key, one in objects.items() if one.get("lastKnownFileType") == "folder"]
    assert (PROJECT.parent / objects[key]["path"]).resolve() == ROOT / bundle.APPS["ios"].folder
    (copied,) = [one for one, file in objects.items() if file.get("fileRef") == key]
    (app,) = [one for one in objects.values() if one.get("productType") == "com.apple.product-type.application"]
    phases = [objects[phase] for phase in app["buildPhases"]]
    assert [copied] == [file for phase in phases if phase["isa"] == "PBXResourcesBuildPhase" for file in phase["files"]]
    swift = (IOS / "Sources" / "InpaintKit" / "BundledArtifact.swift").read_text(encoding="utf-8")
    name = Path(bundle.APPS["ios"].folder).name
    assert f'"{name}"' in swift and f'"{name}/{bundle.NOTICES}"' in swift and '".mlpackage"' in swift


def test_the_scheme_names_the_projects_targets():
    targets = set(ID.findall((PROJECT / "project.pbxproj").read_text(encoding="utf-8")))
    scheme = ElementTree.parse(PROJECT / "xcshareddata" / "xcschemes" / "InpaintDemo.xcscheme")
    named = [one.get("BlueprintIdentifier") for one in scheme.iter("BuildableReference")]
    assert len(named) == 4 and set(named) <= targets


def test_it_is_not_called_compiled():
    assert "**Not compiled yet.**" in (IOS / "README.md").read_text()


class OpenStep:
    """Apple's old property lists: ``{ key = value; }``, ``( item, )``, words, quoted texts, comments."""

    TOKEN = re.compile(r'\s*(?://[^\n]*\n\s*|/\*.*?\*/\s*)*([{}()=;,]|"(?:[^"\\]|\\.)*"|[\w./$:-]+)', re.S)

    def __init__(self, text):
        self.text, self.at = text, 0

    def document(self):
        value = self.value(self.next())
        assert not self.text[self.at :].strip()
        return value

    def next(self):
        token = self.TOKEN.match(self.text, self.at)
        assert token, f"line {self.text.count(chr(10), 0, self.at) + 1}: {self.text[self.at : self.at + 40]!r}"
        self.at = token.end()
        return token[1]

    def value(self, token):
        if token == "{":
            table = {}
            while (key := self.next()) != "}":
                assert self.next() == "=" and key not in table
                table[key] = self.value(self.next())
                assert self.next() == ";"
            return table
        if token == "(":
            items = []
            while (item := self.next()) != ")":
                items.append(self.value(item))
                assert self.next() == ","
            return items
        assert token not in "})=;,"
        return token.strip('"')
