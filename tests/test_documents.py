import os
from pathlib import Path

import pytest

from mobile_inpaint import documents
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.quoting import quoted


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[1,]", "NaN", "[Infinity]", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "1" + "0" * 400, "-1" + "0" * 400,
        "[1e999]", '["\\ud800"]', '{"\\udfff": 1}', '"' + "x" * 1_000_001 + '"', b"\xff\xfe\x00",
    ],
)  # fmt: skip
def test_json_that_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(ManifestError) as caught:
        documents.parse_json(text, "a.json", ManifestError)
    assert str(caught.value).startswith("a.json: ")
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


def test_json_within_the_limits() -> None:
    text = '{"a": [9223372036854775807, -1.5e300, "\\ud83d\\ude00"], "b": ' + "[" * 60 + "]" * 60 + "}"
    assert documents.parse_json(text, "a.json", ManifestError)["a"] == [2**63 - 1, -1.5e300, "😀"]


@pytest.mark.parametrize(
    "text",
    [
        b"a = " + b"[" * 2000 + b"]" * 2000,
        b"a = " + b"9" * 6000,
        b"a = inf",
        b"a = nan",
        b"a = 1" + b"0" * 400,
        b"a = ",
        b"\xff",
        b"a = 1e999",
        b"a." * 3000 + b"b = 1\n",
        b"[" + b"a." * 200_000 + b"b]\n" + b"a." * 200_000 + b"b = 1\n",
        b"x = {" + b"'a' . " * 3000 + b"b = 1}\n",
        b"x = [" + b"0," * 600_000 + b"]\n",
        b"x" * 900_000,
        b"'" * 900_000,
    ],
)
def test_toml_that_is_refused_in_one_line(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(text)
    with pytest.raises(ManifestError) as caught:
        documents.read_toml(tmp_path / "a.toml", ManifestError)
    assert "a.toml: " in str(caught.value)
    assert str(caught.value).isprintable()


def test_toml_within_the_limits() -> None:
    key = ".".join(["a"] * 63)
    table = documents.parse_toml(f'x = "{"a sentence. " * 100}"\n[t]\n{key} = 1\n', "a.toml", ManifestError)
    for _ in range(63):
        table = table.get("t", table)
        table = table["a"]
    assert table == 1


def test_files_that_are_not_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ManifestError, match="cannot be read"):
            documents.read_json(path, ManifestError)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        for read in (documents.read_text, documents.read_json, documents.read_toml):
            with pytest.raises(ManifestError, match=rf"^{path}: cannot be read \(a pipe or a device\); name a file$"):
                read(path, ManifestError)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(documents.LARGEST_BYTES + 1)
    with pytest.raises(ManifestError, match="longer than 16 MB"):
        documents.read_json(tmp_path / "large", ManifestError)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"), (1.5, "1.5"), (True, "True"), (None, "None"), ([1, "b"], "[1, 'b']"), ("\x1b[2J\n", "'\\x1b[2J\\n'"),
        ("ä", "'ä'"), ("\u202e", "'\\u202e'"), ("\ud800", "'\\ud800'"),
        ("x" * 200, "'" + "x" * 78 + "…"), (["x" * 200], "['" + "x" * 77 + "…"),
    ],
)  # fmt: skip
def test_quoted(value: object, shown: str) -> None:
    assert quoted(value) == shown


def test_a_number_too_long_to_be_written_is_quoted_by_its_length() -> None:
    assert quoted(10**5000) == "a number of 5001 digits"


def test_nothing_is_too_deep_to_be_quoted() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(quoted(deep)) <= 80


def test_a_name_that_no_file_has_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"^'a\\x00b': no file has such a name"):
        documents.read_text(tmp_path / "a\0b", ManifestError)
