"""What a checkpoint holds of a run's state, checked value by value before anything is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn
from torch.optim import Adam

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.family import Scalar
from mobile_inpaint.models.registry import family_of, list_models
from mobile_inpaint.quoting import quoted
from mobile_inpaint.training.checkpoint import DamagedCheckpoint
from mobile_inpaint.training.config import TrainConfig

_MOMENTS = ("exp_avg", "exp_avg_sq")
_RANGES = (".read", ".written")
"""Buffers that are no numbers where a map is not rounded."""
_LARGEST = 2**53
_CLOSE = 1e-6
"""What two machines' powers and roots may differ by."""


class SavedState:
    """What :meth:`~mobile_inpaint.training.state.State.state_dict` gave, out of a file that nobody has checked.

    Attributes:
        network: the generator's name.
        variant: its numbers, by the names of its variant's fields.
        networks: tensors by name, of each network; compared by :meth:`check_networks`.
        step: done so far.
        seconds: spent so far.

    Raises:
        DamagedCheckpoint: values that no run has saved.
    """

    def __init__(self, saved: object, config: TrainConfig, where: object) -> None:
        self._where = where
        whole = self._table(saved, "state")
        network = self._table(whole.get("network"), "network")
        self.network = self._network_name(network.get("name"))
        self.variant = self._variant(network.get("variant"))
        self.networks = {
            str(name): self._tensors(found, f"networks.{name}")
            for name, found in self._table(whole.get("networks"), "networks").items()
        }
        self._optimizers = self._table(whole.get("optimizers"), "optimizers")
        self.step = self._step(whole.get("step"))
        self.seconds = self._seconds(whole.get("seconds"))

    def damaged(self, fault: str) -> DamagedCheckpoint:
        """The error that says ``fault`` of the file."""
        return DamagedCheckpoint(f"{self._where}: damaged: {fault}")

    def check_networks(self, planned: Mapping[str, nn.Module]) -> None:
        """Compares the tensors with those of the networks that are to hold them, which may be on no device.

        Raises:
            DamagedCheckpoint: a tensor of another type, or with values that are no numbers.
            TrainingError: another version made its networks otherwise.
        """
        for name, network in planned.items():
            wanted = network.state_dict()
            if name not in self.networks:
                raise self.damaged(f"'networks.{name}' is missing")
            found = self.networks[name]
            if {key: value.shape for key, value in found.items()} != {key: value.shape for key, value in wanted.items()}:
                raise TrainingError(
                    f"{self._where}: the checkpoint's {name} is not built as this version builds it; go on with the version "
                    "that wrote it, or begin another run from its model.safetensors with --from"
                )
            for key, value in found.items():
                if value.dtype != wanted[key].dtype:
                    raise self.damaged(f"{quoted(f'{name}.{key}')} is of type {value.dtype}, must be {wanted[key].dtype}")
                if not key.endswith(_RANGES) and not value.isfinite().all():
                    raise self.damaged(f"{quoted(f'{name}.{key}')} holds values that are not finite numbers")

    def optimizer(self, name: str, fresh: Adam) -> dict[str, Any]:
        """What ``fresh``, the optimizer of that name at step 0, is to load.

        Raises:
            DamagedCheckpoint: it is not what such an optimizer saves.
        """
        where = f"optimizers.{name}"
        saved = self._table(self._optimizers.get(name), where)
        groups = self._groups(saved.get("param_groups"), fresh, f"{where}.param_groups")
        numbered = dict(enumerate(parameter for group in fresh.param_groups for parameter in group["params"]))
        moments = self._table(saved.get("state"), f"{where}.state")
        for number, found in moments.items():
            self._check_moments(found, numbered.get(number) if type(number) is int else None, f"{where}.state.{number}")
        return {"state": moments, "param_groups": groups}

    def _network_name(self, name: object) -> str:
        if not isinstance(name, str) or name not in list_models():
            raise self.damaged(f"'network.name' is {quoted(name)}, must be one of {', '.join(list_models())}")
        return name

    def check_size(self, resolution: int, config: TrainConfig) -> None:
        """Compares the side of the network's images with the run's.

        Raises:
            DamagedCheckpoint: they differ.
        """
        if resolution != config.data.size_px:
            raise self.damaged(f"its network takes {resolution} px, but data.size_px is {config.data.size_px}")

    def _variant(self, variant: object) -> dict[str, Scalar]:
        found = self._table(variant, "network.variant")
        known = vars(family_of(self.network).variants[self.network])
        for key, value in found.items():
            fits = key in known and type(value) is type(known[key])
            if not fits or (isinstance(value, int | float) and not 0 <= value < 2**31) or len(str(value)) > 200:
                raise self.damaged(f"'network.variant' has {quoted(key)} = {quoted(value)}, which no network has")
        return found

    def _step(self, step: object) -> int:
        if type(step) is not int or not 1 <= step <= _LARGEST:
            raise self.damaged(f"'step' is {quoted(step)}, must be a whole number from 1 up")
        return step

    def _seconds(self, seconds: object) -> float:
        if type(seconds) not in (int, float) or not 0 <= cast(float, seconds) <= _LARGEST:
            raise self.damaged(f"'seconds' is {quoted(seconds)}, must be a number from 0 up")
        return float(cast(float, seconds))

    def _groups(self, saved: object, fresh: Adam, where: str) -> list[dict[str, Any]]:
        """The groups of ``fresh`` with the numbers that were saved: lr is set at each step, others may differ by rounding."""
        wanted = fresh.state_dict()["param_groups"]
        if not isinstance(saved, list) or len(saved) != len(wanted):
            raise self.damaged(f"'{where}' is {quoted(saved)}, must be a list of {len(wanted)} tables")
        groups = []
        for found, group in zip(saved, wanted, strict=True):
            table = self._table(found, where)
            for key, value in group.items():
                if key in table and not (_is_number(table[key]) if key == "lr" else _alike(table[key], value)):
                    raise self.damaged(f"'{where}' has {quoted(key)} = {quoted(table[key])}, this run has {quoted(value)}")
            if "params" not in table:
                raise self.damaged(f"'{where}' has no 'params'")
            groups.append({key: table.get(key, value) for key, value in group.items()})
        return groups

    def _check_moments(self, moments: object, parameter: Tensor | None, where: str) -> None:
        found = self._tensors(moments, where)
        if parameter is None or found.keys() != {"step", *_MOMENTS}:
            raise self.damaged(f"'{where}' is not what Adam keeps of a parameter of this run")
        step = found["step"]
        if step.ndim or not step.is_floating_point() or not 0 <= float(step) <= _LARGEST:
            raise self.damaged(f"'{where}.step' must be a number from 0 up")
        for key in _MOMENTS:
            value = found[key]
            if value.shape != parameter.shape or value.dtype != parameter.dtype:
                raise self.damaged(f"'{where}.{key}' is {value.dtype} {quoted(list(value.shape))}, not as its parameter")
            if value.isnan().any() or (key == "exp_avg_sq" and (value < 0).any()):
                raise self.damaged(f"'{where}.{key}' holds values that Adam never has")

    def _table(self, value: object, where: str) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise self.damaged(
                f"'{where}' is {quoted(value)}, must be a table" if value is not None else f"'{where}' is missing"
            )
        return value

    def _tensors(self, value: object, where: str) -> dict[str, Tensor]:
        for key, found in (table := self._table(value, where)).items():
            if not isinstance(key, str) or not isinstance(found, Tensor):
                raise self.damaged(f"{quoted(f'{where}.{key}')} is not a tensor")
        return table


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and 0 <= cast(float, value) < math.inf


def _alike(one: object, other: object) -> bool:
    """Whether two settings of an optimizer are the same but for rounding."""
    if isinstance(other, tuple | list):
        return (
            isinstance(one, tuple | list)
            and len(one) == len(other)
            and all(_alike(mine, theirs) for mine, theirs in zip(one, other, strict=True))
        )
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_CLOSE)
    return type(one) is type(other) and one == other
