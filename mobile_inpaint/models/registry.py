"""Networks by name. A family is a folder whose ``network.py`` holds ``VARIANTS``. Importing this loads no torch."""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mobile_inpaint import files, models
from mobile_inpaint.artifact import Provenance
from mobile_inpaint.checkpoints import store
from mobile_inpaint.errors import ModelNotFound, WeightsError

if TYPE_CHECKING:
    import torch

    from mobile_inpaint.models.base import Generator


def list_models() -> list[str]:
    """Names that :func:`create_model` takes."""
    return [name for family in _families() for name in family.VARIANTS]


def create_model(name: str, weights: str | Path | None = None, *, seed: int = 0, **overrides: int) -> Generator:
    """A Generator in evaluation mode: ``model(image, mask) -> image``.

    ``image`` is float [N, 3, R, R], RGB in [0,1]; ``mask`` is float [N, 1, R, R], 1 = hole; the result is composited, so that
    outside the hole it is exactly ``image``.

    Args:
        name: one of :func:`list_models`, for example ``migan-512``.
        weights: a checkpoint's name in the weights store (fetched if it is not there and can be), a path to a safetensors,
            ``.pt`` or published ``.onnx`` file, or None for a random start.
        seed: of the random start.
        overrides: fields of the variant, to make a smaller network: ``resolution=64, ch_base=2048, ch_max=64``.

    Raises:
        ModelNotFound: no such network.
        CheckpointNotFound: ``weights`` is neither a checkpoint nor a file.
        WeightsError: the weights cannot be read, or are another network's.
    """
    family = _family_of(name)
    if weights is None:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _ready(family.build(name, **overrides))
    from mobile_inpaint.checkpoints.readers.state import read_state

    path, _ = store.find(weights)
    return _ready(_loaded(family, name, read_state(path), path, **overrides))


def open_checkpoint(checkpoint: str | Path, progress: Callable[[str], None] = lambda _: None) -> tuple[Generator, Provenance]:
    """A trained Generator in evaluation mode, and where its weights are from; the weights themselves tell which network it is.

    Args:
        checkpoint: a name in the weights store (fetched if it is not there and can be), a path to a file, or ``random:MODEL``
            for a random start, which may be timed and nothing else.
        progress: told how far the fetching is.

    Raises:
        CheckpointNotFound: neither a checkpoint nor a file.
        ModelNotFound: no network is called MODEL.
        WeightsError: the weights cannot be read, or are no network of ours.
    """
    from mobile_inpaint.checkpoints.readers.state import read_state

    kind, _, model = str(checkpoint).partition(":")
    if kind == "random":
        return create_model(model, tensors=0), Provenance.random(model)

    def advance(done: int, total: int | None) -> None:
        progress(f"fetching {checkpoint}: {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"fetching {checkpoint}")

    path, card = store.find(checkpoint, progress=advance)
    state = read_state(path)
    for family in _families():
        if family.recognises(state):
            provenance = Provenance(card.name, card.sha256, card.licence, card.copyright, card.paper, card.trained_on)
            return _ready(_loaded(family, None, state, path)), provenance
    raise WeightsError(f"'{checkpoint}' holds the weights of no network of ours; there are {', '.join(list_models())}")


def save_model(generator: Generator, path: str | Path) -> None:
    """Writes the weights to ``path`` as safetensors, in our own layout, in one step.

    Raises:
        OSError: the folder cannot be written to.
    """
    from safetensors.torch import save

    state = {key: value.contiguous() for key, value in generator.state_dict().items()}
    # through memory: a full disk is then an OSError, and not whatever the library makes of it
    files.write_whole(Path(path), save(state, metadata={"model": generator.name}))


def _loaded(family: ModuleType, name: str | None, state: Mapping[str, torch.Tensor], path: Path, **overrides: int) -> Generator:
    """The family's network with the weights in ``state``; what is wrong with them is said of ``path``."""
    try:
        network: Generator = family.load(name, state, **overrides)
    except WeightsError as error:
        raise WeightsError(f"{path.name}: {error}") from error
    return network


def _ready(generator: Generator) -> Generator:
    import torch

    from mobile_inpaint.models.base import in_memory_format

    # channels last is how a CPU likes convolutions: half the time at 512 px
    return in_memory_format(generator.eval(), torch.channels_last)


def _family_of(name: str) -> ModuleType:
    for family in _families():
        if name in family.VARIANTS:
            return family
    raise ModelNotFound(name, list_models())


@functools.cache
def _families() -> list[ModuleType]:
    folders = (module.name for module in pkgutil.iter_modules(models.__path__) if module.ispkg)
    names = (f"{models.__name__}.{folder}.network" for folder in folders)
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]  # layers/ is no family
