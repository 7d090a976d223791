"""``fill`` of a folder: one mask for all photos or one each, in one process that loads the network once.

A result carries a digest of its photo, its mask and the options. ``--resume`` leaves a photo out whose result carries the
digest that it would get now, so that a run that was killed and resumed gives what an unbroken one gives.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mobile_inpaint.cli import console, fill_work
from mobile_inpaint.cli.fill_work import Done, Engine, Wishes
from mobile_inpaint.errors import MaskError, MobileInpaintError, PhotoError
from mobile_inpaint.quoting import listed

if TYPE_CHECKING:
    from mobile_inpaint.api.engine import Filler

_ENDINGS = ("", "_mask", "-mask", ".mask")
"""What may stand behind the photo's name in the name of its mask."""
_LINE_EVERY_S = 5.0


@dataclass
class Outcome:
    """What became of a folder.

    Attributes:
        done: the results that were written.
        left_out: how many results were there already.
        failed: photos and why each was not filled.
    """

    done: list[Done] = field(default_factory=list)
    left_out: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Job:
    photo: Path
    mask: Path
    out: Path
    mark: str


def fill_folder(photos: Path, mask: Path, out: Path, wishes: Wishes, engine: Engine, *, resume: bool) -> Outcome:
    """Fills every photo in a folder, at any depth.

    Args:
        photos: the folder; files of other kinds, hidden ones, and masks beside their photos are no photos.
        mask: one mask for all, or a folder with a picture for each, of the photo's name or with ``_mask`` behind it.
        out: the folder for the results, which get the photos' names; it is made.
        wishes: the options about each fill.
        engine: by what they are filled.
        resume: leave out photos whose result is there.

    Raises:
        MobileInpaintError: nothing can be filled at all: no photos, no network, or results that would get the same name.
    """
    _check_folders(photos, mask, out, wishes)
    found = _photos(photos, mask, out)
    if not found:
        raise PhotoError(f"{photos}: there is no photo in it; fill takes .jpg, .png, .webp, .avif and .heic")
    masks = _masks_of(found, photos, mask)
    results = _results(found, photos, out, wishes)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhotoError(f"{out}: cannot be made ({error.strerror}); name another folder") from error
    outcome = Outcome()
    with ExitStack() as stack:
        advance = stack.enter_context(_progress(len(found)))
        network = _Network(engine, found, wishes, stack)
        for at, photo in enumerate(found):
            try:
                job = _job(photo, masks[photo], results[photo], wishes, engine)
                if resume and _is_done(job):
                    outcome.left_out += 1
                else:
                    outcome.done.append(_fill(job, wishes, network))
            except _NoNetwork as error:
                raise error.reason from error
            except (MobileInpaintError, OSError, MemoryError) as error:
                said = "there is not enough memory for it" if isinstance(error, MemoryError) else str(error)
                outcome.failed.append((str(photo), said))
            advance(at + 1, len(outcome.failed))
    return outcome


def _check_folders(photos: Path, mask: Path, out: Path, wishes: Wishes) -> None:
    if str(mask) == "-" or fill_work.is_stream(out):
        raise PhotoError(f"{photos}: is a folder: its masks come from files, and its results go to a folder: --out DIR")
    if out.exists() and not out.is_dir():
        raise PhotoError(f"{out}: is a file, and {photos} is a folder: name a folder for the results")
    if not mask.exists():
        raise MaskError(f"{mask}: no such file or folder")
    for what, folder in (("photos", photos), ("masks", mask)):
        if out.exists() and out.samefile(folder) and not wishes.overwrite:
            raise PhotoError(f"{out}: is the folder of the {what}; name another one, or ask for it with --overwrite")


def _photos(photos: Path, mask: Path, out: Path) -> list[Path]:
    """The photos in a folder, sorted; without what lies in the folders of masks and results."""
    from mobile_inpaint.photo.io.formats import FORMATS

    other = [folder.resolve() for folder in (mask, out) if folder.is_dir() and folder.resolve() != photos.resolve()]
    found = []
    for path in sorted(photos.rglob("*")):
        inside = path.relative_to(photos)
        if path.suffix.lower() not in FORMATS or any(part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        if any(path.resolve().is_relative_to(folder) for folder in other) or (mask.is_file() and path.samefile(mask)):
            continue
        found.append(path)
    if not mask.is_dir() or mask.resolve() != photos.resolve():
        return found
    stems = {path.with_suffix("") for path in found}
    return [path for path in found if not _is_mask_of(path.with_suffix(""), stems)]


def _is_mask_of(path: Path, stems: set[Path]) -> bool:
    """Whether a picture beside the photos is the mask of one."""
    return any(path.name.endswith(end) and path.with_name(path.name[: -len(end)]) in stems for end in _ENDINGS[1:])


def _masks_of(found: Sequence[Path], photos: Path, mask: Path) -> Mapping[Path, Path | MaskError]:
    """Each photo's mask, or why it has none."""
    if not mask.is_dir():
        return dict.fromkeys(found, mask)
    from mobile_inpaint.photo.io.formats import FORMATS

    there: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(mask.rglob("*")):
        if path.suffix.lower() in FORMATS and path.is_file():
            there[str(path.relative_to(mask).with_suffix(""))].append(path)
    masks: dict[Path, Path | MaskError] = {}
    for photo in found:
        stem = str(photo.relative_to(photos).with_suffix(""))
        names = [f"{stem}{end}" for end in _ENDINGS] + [f"{photo.relative_to(photos)}"]
        fitting = [path for name in names for path in there.get(name, []) if path != photo]
        if len(fitting) == 1:
            masks[photo] = fitting[0]
        elif fitting:
            masks[photo] = MaskError(f"{photo}: has several masks: {listed(map(str, fitting))}; keep one of them")
        else:
            masks[photo] = MaskError(f"{photo}: {mask} has no mask for it; it would be called {Path(stem).name}.png")
    return masks


def _results(found: Sequence[Path], photos: Path, out: Path, wishes: Wishes) -> dict[Path, Path]:
    """Where each result goes.

    Raises:
        PhotoError: two would get the same name.
    """
    from mobile_inpaint.photo.io.formats import FORMATS

    suffix = next((suffix for suffix, name in FORMATS.items() if name == wishes.format), None)
    results = {photo: out / photo.relative_to(photos) for photo in found}
    if suffix:
        results = {
            photo: path if FORMATS[path.suffix.lower()] == wishes.format else path.with_suffix(suffix)
            for photo, path in results.items()
        }
    seen: dict[str, Path] = {}
    for photo, path in results.items():
        other = seen.setdefault(str(path).lower(), photo)
        if other != photo:
            raise PhotoError(f"{photo}: its result would be called as that of {other}: {path}; rename one of them")
    return results


def _job(photo: Path, mask: Path | MaskError, out: Path, wishes: Wishes, engine: Engine) -> _Job:
    if isinstance(mask, MaskError):
        raise mask
    return _Job(photo, mask, out, fill_work.digest(wishes, engine, photo, mask))


def _is_done(job: _Job) -> bool:
    from mobile_inpaint.photo.io import marker

    return job.out.is_file() and marker.of_file(job.out) == f"fill {job.mark}"


def _fill(job: _Job, wishes: Wishes, network: _Network) -> Done:
    job.out.parent.mkdir(parents=True, exist_ok=True)
    fill_work.check_out(job.out, {"photo": job.photo, "mask": job.mask}, wishes)
    photo, mask = fill_work.opened(job.photo, job.mask, wishes, name=str(job.photo))
    done, lines = fill_work.fill_one(photo, mask, job.out, network.load(), wishes, job.mark)
    for line in lines:
        console.note(line)
    return done


class _NoNetwork(Exception):
    """The network cannot be loaded, so that nothing can be filled."""

    def __init__(self, reason: MobileInpaintError) -> None:
        self.reason = reason


class _Network:
    """The network, loaded when the first photo needs it."""

    def __init__(self, engine: Engine, found: Sequence[Path], wishes: Wishes, stack: ExitStack) -> None:
        self._engine, self._found, self._wishes, self._stack = engine, found, wishes, stack
        self._loaded: Filler | None = None

    def load(self) -> Filler:
        if self._loaded is None:
            try:
                most = self._most_pixels() if self._engine.artifact else 0
                self._loaded = fill_work.load(self._engine, most, lambda _: None, self._stack)
            except MobileInpaintError as error:
                raise _NoNetwork(error) from error
        return self._loaded

    def _most_pixels(self) -> int:
        """Of the largest photo, by its header: a process that runs a foreign file is given time for it."""
        from mobile_inpaint.photo.io import formats

        most = 0
        for path in self._found:
            try:
                with formats.opened(path, self._wishes.max_pixels) as (picture, _):
                    most = max(most, picture.width * picture.height)
            except MobileInpaintError:  # said when it is its turn
                continue
        return most


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None]]:
    """A callback ``advance(done, failed)``: a bar in a terminal, a line every few seconds elsewhere."""
    if sys.stderr.isatty():
        with console.progress("filling") as bar:
            yield lambda done, failed: bar(done, total)
        return
    started = shown = time.monotonic()

    def line(done: int, failed: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < _LINE_EVERY_S and done < total:
            return
        shown = now
        left = (now - started) / done * (total - done)
        failures = f", {failed} failed" if failed else ""
        console.note(f"{done} of {total} photos{failures}, {now - started:.0f} s, about {left:.0f} s left")

    yield line
