"""Networks by name.

A family is a folder of this package whose ``family.py`` holds a :class:`~mobile_inpaint.models.family.Family` under the name
``FAMILY``, or one that an installed package names as an entry point of the group ``mobile_inpaint.models``.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import pkgutil
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobile_inpaint import documents, files, models
from mobile_inpaint.artifact import Provenance
from mobile_inpaint.checkpoints import store
from mobile_inpaint.errors import ArgumentError, ModelNotFound, RandomWeightsWarning, WeightsError
from mobile_inpaint.models.family import Family, Scalar
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from torch import Tensor

    from mobile_inpaint.models.base import Generator

ENTRY_POINTS = "mobile_inpaint.models"
"""The group by which an installed package adds families."""
RANDOM = "random"
"""What :func:`create_model` takes for ``weights`` to mean a random start."""
_METADATA = "mobile_inpaint"
"""The key in the metadata of a safetensors file: JSON with ``model``, a network's name, and ``variant``, its numbers.

One key, because the library writes several in an order of chance, and the same network must give the same bytes.
"""


def list_models() -> list[str]:
    """Names that :func:`create_model` takes."""
    return [name for family in list_families() for name in family.variants]


def create_model(
    name: str, weights: str | Path | None = None, *, seed: int | None = None, plain: bool = False, **overrides: Scalar
) -> Generator:
    """A Generator in evaluation mode: ``model(image, mask) -> image``.

    ``create_model("migan-lite", weights="migan-lite")`` is the trained network that ships with this package.

    ``image`` is float [N, 3, R, R], RGB in [0,1]; ``mask`` is float [N, 1, R, R], 1 = hole; the result is composited, so that
    outside the hole it is exactly ``image``. R is ``model.resolution``. Both may be tensors or float32 NumPy arrays; the
    result is of the same kind.

    Args:
        name: one of :func:`list_models`, for example ``migan-512``.
        weights: a checkpoint's name in the weights store (fetched if it is not there and can be), a path to a file of weights,
            or ``random``. None is a random start as well, with a warning where no ``seed`` says that it is wanted.
        seed: of the random start; 0 when None.
        plain: a random start in the form with plain convolutions, which ships, where the family has another to train in.
        overrides: fields of the variant, to make a smaller network: ``resolution=64, ch_base=2048, ch_max=64``.

    Raises:
        ModelNotFound: no such network.
        ArgumentError: a seed beside weights.
        ValueError: an override that the network does not have, or numbers that no network can have.
        CheckpointNotFound: ``weights`` is neither a checkpoint nor a file.
        WeightsError: the weights cannot be read, or are another network's.

    Warns:
        RandomWeightsWarning: neither ``weights`` nor ``seed`` is given.
    """
    family = family_of(name)
    if weights is None and seed is None:
        warnings.warn(
            f"{name} has random weights: name a checkpoint with weights=, or say weights='{RANDOM}'",
            RandomWeightsWarning,
            stacklevel=2,
        )
    if weights is not None and weights != RANDOM:
        if seed is not None:
            raise ArgumentError("weights and seed are both given: the seed is of random weights; leave one of them out")
        from mobile_inpaint.checkpoints.readers.containers import unprefixed

        path, _ = store.find(weights)
        state = read_weights(path)
        fitting = (part for part in unprefixed(state) if family.recognises(part))
        return _ready(_loaded(family, name, next(fitting, state), overrides, path.name))
    import torch

    variant = _override(name, family.variants[name], {**(family.plain if plain else {}), **overrides})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0 if seed is None else seed)
        return _ready(family.build(name, variant))


def tiny_model(name: str, *, seed: int = 0, **overrides: Scalar) -> Generator:
    """A network of the same form as ``name`` that is small enough for tests; see :func:`create_model`."""
    return create_model(name, None, seed=seed, plain=False, **{**family_of(name).tiny, **overrides})


def open_checkpoint(
    checkpoint: str | Path, progress: Callable[[str], None] = lambda _: None, *, key: str | None = None
) -> tuple[Generator, Provenance]:
    """A trained Generator in evaluation mode, and where its weights are from. The file itself says which network it is: by its
    metadata if this package wrote it, else by its keys.

    Args:
        checkpoint: a name in the weights store (fetched if it is not there and can be), a path to a file, or ``random:MODEL``
            for a random start, which may be timed and nothing else.
        progress: told how far the fetching is.
        key: the entry to take of a file that holds several networks, for example ``G_ema``.

    Raises:
        CheckpointNotFound: neither a checkpoint nor a file.
        ModelNotFound: no network is called MODEL.
        WeightsError: the weights cannot be read, or are no network of ours.
    """
    kind, _, model = str(checkpoint).partition(":")
    if kind == "random":
        return create_model(model, RANDOM, plain=True), Provenance.random(model)

    def advance(done: int, total: int | None) -> None:
        progress(f"fetching {checkpoint}: {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"fetching {checkpoint}")

    path, card = store.find(checkpoint, progress=advance)
    provenance = Provenance(card.name, card.sha256, card.licence, card.copyright, card.paper, card.trained_on)
    return load_file(path, key=key), provenance


def load_file(path: Path, *, key: str | None = None, shown: str | None = None) -> Generator:
    """The network whose weights are in the file at ``path``.

    Args:
        path: the file.
        key: see :func:`open_checkpoint`.
        shown: the name by which messages call the file; its own when None.

    Raises:
        WeightsError: it cannot be read, is no network of ours, or of more than one family.
    """
    from mobile_inpaint.checkpoints.readers.containers import unprefixed
    from mobile_inpaint.checkpoints.readers.state import read_metadata

    shown = shown or path.name
    state = read_weights(path, key=key, shown=shown)
    metadata = read_metadata(path)
    if _METADATA in metadata:
        said = documents.parse_json(metadata[_METADATA], f"{shown} (its metadata)", WeightsError)
        name, numbers = (said.get("model"), said.get("variant")) if isinstance(said, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(numbers, dict) or name not in list_models():
            raise WeightsError(f"{shown}: its metadata names no network that is known here; save it again")
        return _ready(_loaded(family_of(name), name, state, numbers, shown))
    for part in unprefixed(state):
        claiming = [family for family in list_families() if family.recognises(part)]
        if len(claiming) > 1:
            names = " and ".join(family.name for family in claiming)
            raise WeightsError(f"{shown}: the weights of {names} alike; convert it with the family's own code first")
        if claiming:
            return _ready(_loaded(claiming[0], None, part, {}, shown))
    keys = ", ".join(quoted(name) for name in list(state)[:3])
    raise WeightsError(
        f"{shown} holds the weights of no network of ours (its keys are {keys}, …): there are {', '.join(list_models())}"
    )


def read_weights(path: Path, *, key: str | None = None, shown: str | None = None) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name; see :func:`~mobile_inpaint.checkpoints.readers.state.read_state`.

    Of an ``.onnx`` file, the parameters of the first family that knows its graph.

    Raises:
        WeightsError: it cannot be read, or holds more than tensors.
    """
    from mobile_inpaint.checkpoints.readers.state import read_state

    return read_state(path, key=key, onnx=[family.read_onnx for family in list_families()], shown=shown)


def add_checkpoint(
    name: str, file: str | Path, *, model: str | None = None, key: str | None = None, force: bool = False
) -> Path:
    """The weights store's own copy of ``file``, kept as ``name``.

    Args:
        name: a published checkpoint's, or a new one.
        file: a file of weights.
        model: the network that it must hold; any when None.
        key: the entry to take of a file that holds several networks; the copy then holds that one alone.
        force: replace another file of that name.

    Raises:
        ModelNotFound: no such network.
        WeightsError: it cannot be read, fits no network, is not the published file, or another one is here.
    """
    if model is not None:
        family_of(model)
    shown = Path(file).name

    def identify(copy: Path, published: str | None) -> tuple[str, int, bytes | None]:
        from safetensors.torch import save

        try:
            network = load_file(copy, key=key, shown=shown)
        except WeightsError as error:
            raise WeightsError(f"{shown} cannot be added: {error}") from error
        if (wanted := published or model) is not None and network.name != wanted:
            raise WeightsError(f"{shown} cannot be added as {wanted}: it holds {network.name}")
        alone = save(network.state_dict(), metadata=metadata_of(network)) if key is not None else None
        return network.name, network.resolution, alone

    return store.add(name, file, identify, force=force)


def save_model(generator: Generator, path: str | Path) -> None:
    """Writes the weights to ``path`` as safetensors, in our own layout, in one step, with the network's name and numbers.

    Raises:
        OSError: the folder cannot be written to.
    """
    from safetensors.torch import save

    state = {key: value.contiguous() for key, value in generator.state_dict().items()}
    files.write_whole(Path(path), save(state, metadata=metadata_of(generator)), durable=True)


def metadata_of(generator: Generator) -> dict[str, str]:
    """The metadata of a safetensors file by which :func:`load_file` makes ``generator`` again."""
    return {_METADATA: json.dumps({"model": generator.name, "variant": numbers_of(generator)}, sort_keys=True)}


def numbers_of(generator: Generator) -> dict[str, Scalar]:
    """The fields of the network's variant: with its name, all that is needed to make one of the same form."""
    return dict(vars(generator.variant))


def family_of(name: str) -> Family:
    """The family that has a variant called ``name``.

    Raises:
        ModelNotFound: there is none.
    """
    for family in list_families():
        if name in family.variants:
            return family
    raise ModelNotFound(name, list_models())


@functools.cache
def list_families() -> tuple[Family, ...]:
    """Every family: those of this package, then those of installed ones, by name.

    Raises:
        WeightsError: two of them have a variant of the same name; names both.
    """
    folders = (module.name for module in pkgutil.iter_modules(models.__path__) if module.ispkg)
    modules = (f"{models.__name__}.{folder}.family" for folder in folders)
    own = [importlib.import_module(name).FAMILY for name in modules if importlib.util.find_spec(name)]
    added = [_load(point) for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)]
    owners: dict[str, str] = {}
    for family in (*own, *added):
        for name in family.variants:
            if owners.setdefault(name, family.name) != family.name:
                both = f"'{owners[name]}' and '{family.name}'"
                raise WeightsError(f"the families {both} have a network of the same name, '{name}': uninstall one")
    return (*own, *added)


def _loaded(
    family: Family, name: str | None, state: Mapping[str, Tensor], overrides: Mapping[str, Scalar], shown: str
) -> Generator:
    """The family's network with the weights in ``state``; what is wrong with them is said of the file ``shown``."""
    try:
        return family.load(name, state, overrides)
    except WeightsError as error:
        raise WeightsError(f"{shown}: {error}") from error


def _load(point: Any) -> Family:
    try:
        family = point.load()
    except Exception as error:
        raise WeightsError(f"entry point '{point.value}' of {ENTRY_POINTS} cannot be loaded ({error}): uninstall it") from error
    if not isinstance(family, Family):
        raise WeightsError(f"entry point '{point.value}' of {ENTRY_POINTS} is no Family: uninstall it")
    return family


def _override(name: str, variant: Any, overrides: Mapping[str, Scalar]) -> Any:
    fields = {field.name: field for field in dataclasses.fields(variant)}
    for key, value in overrides.items():
        if key not in fields:
            raise ValueError(f"{name} has no '{key}': there are {', '.join(fields)}")
        kind = type(getattr(variant, key))
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise ValueError(f"'{key}' of {name} must be {kind.__name__}, not {quoted(value)}")
    return dataclasses.replace(variant, **overrides)


def _ready(generator: Generator) -> Generator:
    import torch

    from mobile_inpaint.models.base import in_memory_format

    # channels last is how a CPU likes convolutions: half the time at 512 px
    return in_memory_format(generator.eval(), torch.channels_last)
