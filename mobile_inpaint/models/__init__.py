"""Networks by name. A family is a file beside this one that holds ``VARIANTS``; its variants' names begin with the file's."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import cast

import torch

from mobile_inpaint.errors import ModelNotFound
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
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cast(Generator, family.build(name, **overrides).eval())
    from mobile_inpaint.models import checkpoints
    from mobile_inpaint.models import weights as store

    path, _ = store.find(weights)
    return cast(Generator, family.load(name, checkpoints.read_state(path), **overrides).eval())


def _family_of(name: str) -> ModuleType:
    for family in _families():
        if name in family.VARIANTS:
            return family
    raise ModelNotFound(name, list_models())


@functools.cache
def _families() -> list[ModuleType]:
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return [module for module in modules if hasattr(module, "VARIANTS")]
