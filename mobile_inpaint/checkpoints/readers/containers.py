"""Weights out of what they are wrapped in: dictionaries such as ``{"G": …, "G_ema": …}``, and prefixes such as ``module.``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from torch import Tensor

from mobile_inpaint.errors import WeightsError
from mobile_inpaint.quoting import quoted

State = dict[str, Tensor]

CONTAINERS = (
    "state_dict", "G_ema", "g_ema", "params_ema", "ema", "G", "g", "netG", "generator", "gen", "params", "model",
    "model_state_dict", "net", "weights",
)  # fmt: skip
"""Keys under which training code keeps a generator's weights."""
_DEEPEST = 3


def unwrap(document: object, shown: str, key: str | None = None) -> State:
    """The weights in what a pickle holds.

    Args:
        document: a state dict, or a dictionary with one inside.
        shown: the file's name, for messages.
        key: the entry to take, where there are several.

    Raises:
        WeightsError: there are no weights, there are several, or there is no entry ``key``.
    """
    if key is not None:
        if not isinstance(document, Mapping) or key not in document:
            entries = ", ".join(_networks(document)) or "none"
            raise WeightsError(f"{shown}: has no entry {quoted(key)}: there are {entries}")
        return unwrap(document[key], f"{shown}, {key}")
    for _ in range(_DEEPEST):
        if is_state(document):
            return dict(document)
        found = _networks(document)
        names = [name for name in CONTAINERS if name in found] if len(found) > 1 else list(found)
        if len(names) > 1:
            add = f"mobile-inpaint weights add NAME FILE --key {names[0]}"
            raise WeightsError(f"{shown}: holds several networks: {', '.join(names)}; choose one with: {add}")
        if not names:
            break
        document = found[names[0]]
    raise WeightsError(f"{shown}: not a state dict of tensors; save the network's state_dict() alone")


def is_state(value: object) -> TypeGuard[Mapping[str, Tensor]]:
    """Whether ``value`` is a state dict: tensors by name, and nothing else."""
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(name, str) and isinstance(item, Tensor) for name, item in value.items())
    )


def unprefixed(state: Mapping[str, Tensor]) -> Iterator[State]:
    """``state``, then the same with each prefix taken off that all its keys have in common, one at a time.

    A family may have a common prefix of its own, so the whole names come first. Where keys have several first parts, as when
    generator and discriminator are saved side by side, the parts follow, each alone.
    """
    left = dict(state)
    yield left
    while left and len(heads := {name.partition(".")[0] for name in left}) == 1 and all("." in name for name in left):
        (head,) = heads
        left = {name.removeprefix(f"{head}."): value for name, value in left.items()}
        yield left
    for head in dict.fromkeys(name.partition(".")[0] for name in left):
        part = {name.removeprefix(f"{head}."): value for name, value in left.items() if name.startswith(f"{head}.")}
        if 1 < len(part) < len(left):
            yield from unprefixed(part)


def _networks(document: object) -> dict[str, object]:
    """The entries that are state dicts, or hold one."""
    if not isinstance(document, Mapping):
        return {}
    entries = {name: value for name, value in document.items() if isinstance(name, str) and isinstance(value, Mapping)}
    return {name: value for name, value in entries.items() if is_state(value) or (name in CONTAINERS and _networks(value))}
