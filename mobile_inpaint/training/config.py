"""What a training run does, in one TOML: the tables below, defaults here, differences in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from mobile_inpaint import documents, schema
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.masks.mixes import HoleMix
from mobile_inpaint.quoting import listed, shown
from mobile_inpaint.schema import Range
from mobile_inpaint.training.losses.terms import LossConfig

Schedule = Literal["constant", "cosine"]
Precision = Literal["auto", "fp32", "bf16"]
Seed = Annotated[int, Range(0, 2**32 - 1)]
Steps = Annotated[int, Range(1, 1_000_000_000)]
_Count = Annotated[int, Range(0, 1_000_000_000)]
_Samples = Annotated[int, Range(0, 100_000)]
_Tensors = Annotated[int, Range(0, 64)]
_Rate = Annotated[float, Range(1e-38, 1e38)]  # what single precision holds


@dataclass(frozen=True)
class GeneratorConfig:
    """The network to train.

    Attributes:
        checkpoint: a name in the weights store or a file to start from; None is a random start of ``variant``.
        variant: a network's name, where it is not the checkpoint's own.
        overrides: fields of the variant, for a smaller network; where it is not the checkpoint's own.
        narrowed_by: samples on which ``variant`` is fitted to what ``checkpoint``, a larger network, computes, layer by layer;
            0 trains the checkpoint's own network.
        integers_by: samples on which the ranges of 8-bit integers are taken, which then round every map and weight in training;
            0 trains in floats.
        tensors: how many each convolution trains. 1 is cheapest; 0 trains plain convolutions, whose filters need not have unit
            norm.
        pace: the number of tensors whose learning speed the convolutions keep: their learning rate is multiplied by
            sqrt(pace / tensors). The published networks were trained with 9 tensors.
        noise: what the noise layers add while training: fresh noise at each step, or the map that ships.
    """

    checkpoint: str | None = None
    variant: str = "migan-512"
    overrides: dict[str, Any] = field(default_factory=dict)
    narrowed_by: _Samples = 0
    integers_by: _Samples = 0
    tensors: _Tensors = 1
    pace: Annotated[int, Range(1, 1024)] = 9
    noise: Literal["random", "constant"] = "random"


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The opponent, made where a loss has use for one.

    Attributes:
        kind: one of the generator's family, such as ``migan``, the published one, which learns from nothing; or ``projected``,
            which stands on a trained network, for a generator that can paint already (``training/losses/projected.py``).
        ch_base, ch_max: of ``migan``: a feature map of side r has ``min(ch_base // r, ch_max)`` channels.
        tensors: of ``migan``: how many each convolution trains.
    """

    kind: str = "migan"
    ch_base: Annotated[int, Range(1, 1 << 20)] = 32768
    ch_max: Annotated[int, Range(1, 16_384)] = 512
    tensors: Annotated[int, Range(1, 64)] = 1


@dataclass(frozen=True)
class DataConfig:
    """What is learned from.

    Attributes:
        size_px: side of the crops; must be the network's resolution.
        batch: images a step, over all processes together.
        different: how many samples there are before the first comes again, for which a teacher then is asked once; its answers
            are kept in the run's folder, some 0.6 MB a sample. 0: no sample ever comes again.
        seed: of crops, holes and everything else that is drawn at random.
        holes: which shapes, how often, how large.
    """

    size_px: Annotated[int, Range(8, 4_096)] = 512
    batch: Annotated[int, Range(1, 4_096)] = 4
    different: _Count = 0
    seed: Seed = 0
    holes: HoleMix = field(default_factory=HoleMix)


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights move.

    Attributes:
        generator_lr, discriminator_lr: of Adam, before the correction for lazy regularisation.
        beta1, beta2: of Adam, before the same correction.
        schedule: of both learning rates after the warm-up; ``cosine`` ends at ``final`` in the last step.
        warm_up: steps over which the learning rates rise from 0.
        final: share of the learning rates that a cosine ends with.
        clip: largest norm of a network's gradient, larger ones are scaled down; 0 is no limit.
        ema_images: half-life of the generator's moving average, in images.
        ema_ramp_up: while few images were seen, the half-life is at most this share of them; 0 is no ramp.
    """

    generator_lr: _Rate = 0.001
    discriminator_lr: _Rate = 0.001
    beta1: Annotated[float, Range(0, 1)] = 0.0
    beta2: Annotated[float, Range(0, 1)] = 0.99
    schedule: Schedule = "constant"
    warm_up: _Count = 0
    final: Annotated[float, Range(0, 1_000)] = 0.0
    clip: Annotated[float, Range(0, 1e9)] = 0.0
    ema_images: Annotated[float, Range(1e-9, 1e15)] = 20_000
    ema_ramp_up: Annotated[float, Range(0, 1e9)] = 0.05


@dataclass(frozen=True)
class RunConfig:
    """How long, how, and what is written; only these may differ when a run is continued.

    Attributes:
        steps: the last step.
        precision: of the networks' arithmetic; ``auto`` is bf16 on a GPU and fp32 on a CPU.
        accelerator: where it runs; ``auto`` is a GPU if there is one.
        workers: processes that read photos; 0 reads them in the training process.
        threads: of the CPU in each training process; 0 is torch's own choice.
        checkpoint_every, log_every, grid_every: in steps; 0 is never, and the last step always counts.
        keep: how many checkpoints stay.
        grid_rows: photos on a sample grid.
        tensorboard: also write TensorBoard's event files.
    """

    steps: Steps = 2000
    precision: Precision = "auto"
    accelerator: Literal["auto", "cpu", "gpu", "mps"] = "auto"
    workers: Annotated[int, Range(0, 256)] = 1
    threads: Annotated[int, Range(0, 1024)] = 0
    checkpoint_every: _Count = 250
    log_every: _Count = 10
    grid_every: _Count = 250
    keep: Annotated[int, Range(1, 1_000_000)] = 3
    grid_rows: Annotated[int, Range(0, 1024)] = 4
    tensorboard: bool = False


@dataclass(frozen=True)
class TrainConfig:
    """One run. See the tables' own classes.

    Attributes:
        teacher: a checkpoint's name, a file of weights or an exported artifact; asked only where a loss has use for it.
    """

    teacher: str = "migan-512-places2"
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        """Refuses numbers that no run can have.

        Raises:
            TrainingError: names each.
        """
        optimizer, generator = self.optimizer, self.generator
        demands = {
            "generator.integers_by needs a generator.checkpoint, generator.tensors 0 and generator.noise 'constant'": (
                not generator.integers_by
                or (generator.checkpoint is not None and generator.tensors == 0 and generator.noise == "constant")
            ),
            "generator.narrowed_by needs a larger generator.checkpoint, and generator.tensors 0": not generator.narrowed_by
            or (generator.checkpoint is not None and generator.tensors == 0),
            "generator.overrides must be texts of at most 100 characters, or numbers from 0 to 65536": all(
                len(value) <= 100 if isinstance(value, str) else isinstance(value, int | float) and 0 <= value <= 65_536
                for value in generator.overrides.values()
            ),
            "a projected discriminator has no gradient penalty: set loss.r1_gamma = 0": self.discriminator.kind != "projected"
            or not self.loss.r1_gamma,
            "optimizer.beta1 and beta2 must be below 1": max(optimizer.beta1, optimizer.beta2) < 1,
        }
        if faults := [*schema.out_of_range(self), *(demand for demand, met in demands.items() if not met)]:
            raise TrainingError("; ".join(faults))

    def differences(self, other: TrainConfig) -> list[str]:
        """Keys outside ``[run]`` whose values differ, with both."""
        ours, theirs = dict(_leaves(schema.dump(self))), dict(_leaves(schema.dump(other)))
        return [
            f"{key} ({theirs.get(key)} there, {ours.get(key)} here)"
            for key in {**theirs, **ours}
            if ours.get(key) != theirs.get(key) and not key.startswith("run.")
        ]


def read_config(path: Path) -> TrainConfig:
    """The run that a TOML file describes.

    Raises:
        TrainingError: unreadable, not TOML, an unknown key, a wrong type or an impossible value; names file and keys.
    """
    return config_from(documents.read_toml(path, TrainingError), str(path))


def config_from(table: object, where: str) -> TrainConfig:
    """The run that a table describes; ``where`` opens the message.

    Raises:
        TrainingError: see :func:`read_config`.
    """
    try:
        return schema.load(TrainConfig, table, where, TrainingError)
    except TrainingError as error:
        if str(error).startswith(where):
            raise
        raise TrainingError(f"{where}: {error}") from error


def shipped_config(name: str) -> TrainConfig:
    """A run that comes with the package, by the name of its file without ``.toml``.

    Raises:
        TrainingError: none of that name; lists those there are.
    """
    folder = Path(str(resources.files("mobile_inpaint.training"))) / "configs"
    path = folder / f"{name}.toml"
    if not path.is_file():
        names = listed(sorted(file.stem for file in folder.glob("*.toml")))
        raise TrainingError(f"{shown(name)}: neither a file nor a configuration that comes with the package: there are {names}")
    return read_config(path)


def _leaves(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
