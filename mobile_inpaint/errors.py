"""Every error this package raises on purpose.

::

    MobileInpaintError
    ├── ModelNotFound, TargetNotFound, DeviceNotFound, CheckpointNotFound, ProviderNotFound,
    │   PhotoSetNotFound, AppNotFound   the name, and what there is (AppNotFound: apps/bundle.py)
    ├── ToolchainMissing      a converter, runtime or program is not installed; says the command that installs it
    ├── PluginError           an installed package adds something that cannot be used
    ├── CapabilityMissing     target, what it cannot do
    ├── ArgumentError         a Python argument of the wrong kind, shape, size or range
    ├── WeightsError          checksum, format or shape differs
    ├── PhotoError            not an image, truncated, too many pixels, a kind of image we refuse
    ├── PhotoSetError         a set of photos that cannot be fetched here
    ├── MaskError             size differs from the photo; nothing to fill; nothing left to fill from
    │   └── PhotoAsMask               as many levels as a photo has (photo/marks.py)
    ├── RecipeError           file, key, expected
    ├── ExportError
    │   ├── UnsupportedPrecision   target, precision, those it has
    │   ├── CalibrationError       no photos to take the ranges of activations from
    │   ├── ConversionError        the toolchain's error is __cause__
    │   └── VerificationError      metric, measured, required
    ├── TrainingError         settings that cannot train, a run that cannot go on
    │   ├── NotFinite              a loss or a gradient that is not a number (training/step.py)
    │   └── DamagedCheckpoint      no run can go on from it (training/checkpoint.py)
    ├── ManifestError         unreadable, tampered, or schema newer than this package
    ├── BenchError            a measurement that cannot be made or compared
    ├── DeviceUnavailable     not connected, locked, wrong OS
    └── UsageError            a command line that cannot be read (cli/usage.py)

A message is one line: what is wrong, then what to do. The command line prints it on stderr and exits with 1, or with 2 where
it cannot read what was typed (UsageError, cli/usage.py).

Its warnings are :class:`RandomWeightsWarning` and :class:`MaskWarning`.
``warnings.simplefilter("error", MaskWarning)`` turns one into an error.
"""

from __future__ import annotations

from collections.abc import Iterable

from mobile_inpaint.quoting import listed, quoted


class MobileInpaintError(Exception):
    """The root: catch this to catch everything this package raises on purpose."""


class NameNotFound(MobileInpaintError):
    """A name nobody here has; the message lists those there are. The command line adds the closest one."""

    kind = "name"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"unknown {self.kind} {quoted(name)}: there are {listed(self.known)}")


class ModelNotFound(NameNotFound):
    kind = "model"


class TargetNotFound(NameNotFound):
    kind = "target"


class DeviceNotFound(NameNotFound):
    kind = "device"


class CheckpointNotFound(NameNotFound):
    kind = "checkpoint"


class ProviderNotFound(NameNotFound):
    kind = "provider"


class PhotoSetNotFound(NameNotFound):
    kind = "set of photos"


class ToolchainMissing(MobileInpaintError):
    """A package or program that a command needs is not installed.

    Attributes:
        distributions: those that are missing, as pip knows them; empty for a program.
        requirement: what pip installs to bring them; empty for a program.
    """

    def __init__(self, message: str, *, distributions: Iterable[str] = (), requirement: str = "") -> None:
        self.distributions, self.requirement = tuple(distributions), requirement
        super().__init__(message)


class PluginError(MobileInpaintError):
    """An installed package adds a target that cannot be loaded, or that is in another one's way."""


class CapabilityMissing(MobileInpaintError):
    """Something that a target does not do."""

    def __init__(self, target: str, what: str) -> None:
        super().__init__(f"target {quoted(target)} cannot {what}")


class ArgumentError(MobileInpaintError, ValueError):
    """An argument that a Python function cannot take: of the wrong kind, shape, size or range, or at odds with another one."""


class WeightsError(MobileInpaintError):
    """Weights whose checksum, format or shapes are not what they must be."""


class PhotoError(MobileInpaintError):
    """A photo that cannot be read, or that we refuse to read."""


class PhotoSetError(MobileInpaintError):
    """A set of photos that cannot be fetched here: no archive, no room, no network."""


class MaskError(MobileInpaintError):
    """A mask that does not fit its photo, or leaves nothing to do."""


class RecipeError(MobileInpaintError):
    """A recipe with an unknown key, a wrong type or an unknown name."""


class ExportError(MobileInpaintError):
    """An export that did not produce a verified artifact."""


_PRECISIONS_OF_OTHERS = {
    "int8": "w8a8",
    "uint8": "w8a8",
    "i8": "w8a8",
    "8bit": "w8a8",
    "float16": "fp16",
    "f16": "fp16",
    "half": "fp16",
    "16": "fp16",
    "float32": "fp32",
    "f32": "fp32",
    "float": "fp32",
    "full": "fp32",
    "32": "fp32",
    "w8": "w8a32",
    "dynamic": "w8a32",
    "int4": "pal4",
}
"""What other tools call them."""


class UnsupportedPrecision(ExportError):
    """A precision the target does not have."""

    def __init__(self, target: str, precision: str, known: Iterable[str]) -> None:
        known = tuple(known)
        called = _PRECISIONS_OF_OTHERS.get(precision.lower())
        here = f"{precision} is called {called} here; it has" if called in known else "it has"
        super().__init__(f"target {quoted(target)} has no precision {quoted(precision)}: {here} {listed(known)}")


class CalibrationError(ExportError):
    """A calibration folder that is not there, or without a picture that can be read."""


class ConversionError(ExportError):
    """The toolchain failed; its error is ``__cause__``."""


class VerificationError(ExportError):
    """An artifact that does not do what its generator does."""


class TrainingError(MobileInpaintError):
    """Settings that no network can be trained with, or a run that cannot go on."""


class ManifestError(MobileInpaintError):
    """A manifest that is unreadable, does not belong to its artifact, or is newer than this package."""


class BenchError(MobileInpaintError):
    """A measurement that cannot be made, or two that cannot be compared."""


class DeviceUnavailable(MobileInpaintError):
    """A known device that is not connected, locked, or runs the wrong system."""


class RandomWeightsWarning(UserWarning):
    """A network was made with random weights, and nobody said that this is wanted."""


class MaskWarning(UserWarning):
    """A mask that may be read otherwise than it is meant."""
