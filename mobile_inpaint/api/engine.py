"""By what a photo is filled: a checkpoint, a Generator, an exported file, or one that is loaded already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ArgumentError, DeviceUnavailable
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.photo.io.source import kind_of
from mobile_inpaint.quoting import quoted, shown
from mobile_inpaint.targets.pipeline.runner import PhotoRunner

if TYPE_CHECKING:
    from mobile_inpaint.models.base import Generator
    from mobile_inpaint.targets.base import Runner

PixelFill: TypeAlias = Callable[[Pixels, Flags], Pixels]
"""``fill(pixels, hole) -> pixels``: HWC uint8 RGB and HW bool, True = to be filled."""

_SECONDS_PER_PIXEL, _BYTES_PER_PIXEL = 1e-5, 256
"""What a one-file pipeline may take more for each of the photo's. A network alone sees squares of one size."""


@dataclass(frozen=True)
class Filler:
    """What fills a photo, and by what it runs.

    Attributes:
        fill: ``fill(pixels, hole) -> pixels``.
        runtime: name and version, for example ``onnxruntime 1.31.1``.
    """

    fill: PixelFill
    runtime: str

    def __call__(self, pixels: Pixels, hole: Flags) -> Pixels:
        """The photo with its hole filled: HWC uint8 RGB; ``hole`` is HW bool, True = to be filled."""
        return self.fill(pixels, hole)


@contextmanager
def by_artifact(
    artifact: str | Path | Artifact | Runner | PhotoRunner,
    detail: str,
    threads: int | None,
    device: str | None,
    pixels: int,
) -> Iterator[Filler]:
    """What fills a photo by an exported file while the block lasts.

    A file is run in a process of its own, within limits of time and memory; what ``load_artifact`` returned runs in this one.

    Args:
        artifact: a path, an Artifact, or what ``load_artifact`` or ``load_pipeline`` returned.
        detail: see :meth:`Compositor.with_detail`.
        threads: for the runtime; its own default when None.
        device: of ONNX Runtime; ``cpu`` when None.
        pixels: of the photo, which a one-file pipeline takes whole.

    Raises:
        ManifestError: the file is not the one its manifest describes, or cannot be run.
        ToolchainMissing: its runtime is not installed.
        ArgumentError: ``detail`` for a one-file pipeline; ``threads`` or ``device`` for a file that is loaded already;
            ``device`` for another format than ONNX; or ``artifact`` is none of these.
    """
    from mobile_inpaint.targets.guarded import Guard

    if isinstance(artifact, str | Path):
        artifact = Artifact.open(artifact)
    if isinstance(artifact, Artifact):
        path, place = artifact.path, device or "cpu"
        if place != "cpu" and artifact.manifest.contract.target != "onnx":
            raise ArgumentError(f"{path.name}: device {quoted(device)} is for .onnx files; leave it out to run on the CPU")
        if artifact.manifest.contract.io == "photo":
            _check_whole(detail)
            more = {"more_seconds": pixels * _SECONDS_PER_PIXEL, "more_bytes": pixels * _BYTES_PER_PIXEL}
            with Guard(path, device=place, **more) as guard:  # type: ignore[arg-type]
                whole = guard.load_photo(threads=threads)
                yield Filler(whole, whole.runtime)
            return
        compositor = Compositor.of(artifact).with_detail(detail)
        with Guard(path, device=place) as guard:
            runner = guard.load(threads=threads)
            yield Filler(partial(compositor, fill=runner), runner.runtime)
        return
    if not callable(artifact):
        raise ArgumentError(f"the artifact is {kind_of(artifact)}: give a path, an Artifact, or what load_artifact returns")
    if threads is not None or device is not None:
        raise ArgumentError("the artifact is loaded already: say threads to load_artifact, and device with a path")
    if isinstance(artifact, PhotoRunner):
        _check_whole(detail)
        yield Filler(artifact, artifact.runtime)
        return
    yield Filler(partial(Compositor.of(artifact).with_detail(detail), fill=artifact), artifact.runtime)


@contextmanager
def by_model(
    model: str | Path | Generator, detail: str, threads: int | None, device: str | None, progress: Callable[[str], None]
) -> Iterator[Filler]:
    """What fills a photo by a network in torch while the block lasts.

    Args:
        model: a checkpoint's name, a file of weights, or a Generator, which stays on its device.
        detail: see :meth:`Compositor.with_detail`.
        threads: that torch may use meanwhile; as many as before when None.
        device: a checkpoint is put there; ``cpu`` when None.
        progress: told how far the fetching of weights is.

    Raises:
        CheckpointNotFound, WeightsError: the weights are not there, or not usable.
        DeviceUnavailable: torch cannot use the device here.
        ArgumentError: no such device, a Generator that is elsewhere, or none of these.
    """
    import torch

    from mobile_inpaint.models.base import Generator
    from mobile_inpaint.models.registry import open_checkpoint

    place = _device(device) if device is not None else None
    if isinstance(model, str | Path):
        generator, _ = open_checkpoint(model, progress)
        if place is not None:
            generator = _moved(generator, place)
    elif isinstance(model, Generator):
        generator = model
        own = next(iter(model.parameters()), torch.empty(0)).device
        if place is not None and place.type != own.type:
            raise ArgumentError(f"the model is on {own.type} and device is {quoted(device)}: move it with model.to({device!r})")
    else:
        raise ArgumentError(f"the model is {kind_of(model)}: give a checkpoint's name, a file of weights, or a Generator")
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    training = generator.training
    generator.eval()
    try:
        where = next(iter(generator.parameters()), torch.empty(0)).device.type
        runtime = f"torch {torch.__version__}" + ("" if where == "cpu" else f" on {where}")
        yield Filler(partial(Compositor.of(generator).with_detail(detail), fill=generator), runtime)
    finally:
        generator.train(training)
        torch.set_num_threads(before)


def _check_whole(detail: str) -> None:
    if detail == "on":
        raise ArgumentError("a one-file pipeline has no detail step: say detail='off', or take an artifact without --io photo")


def _device(name: str) -> Any:
    import torch

    try:
        return torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise ArgumentError(f"unknown device {quoted(name)}: say cpu, cuda or mps") from error


def _moved(generator: Generator, place: Any) -> Generator:
    try:
        return generator.to(place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch has no class for this
        raise DeviceUnavailable(f"torch cannot use {place} here ({shown(error)}); on this machine: device='cpu'") from error
