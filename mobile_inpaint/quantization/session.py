"""A network on its way into integers: equalized, its faint noise dropped, its ranges known. Made once, quantized often."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mobile_inpaint.artifact import Contract, Quantization
from mobile_inpaint.models.base import Generator
from mobile_inpaint.precision import row_of
from mobile_inpaint.quantization.calibration import Calibration
from mobile_inpaint.quantization.equalization import drop_constants, equalize
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.constraints import shared, slopes
from mobile_inpaint.targets.observers import Ranges

Progress = Callable[[str], None]


@dataclass(frozen=True)
class QuantizationSession:
    """What every quantization of one network starts from.

    Attributes:
        network: fused, folded and equalized.
        calibration: the samples that ranges are taken on.
        settings: how; ``float_layers`` are those that every precision leaves.
    """

    network: Generator
    calibration: Calibration
    settings: Quantization
    _folder: Path
    _sources: dict[tuple[str, str], tuple[Path, Ranges]]

    @classmethod
    @contextmanager
    def of(
        cls, network: Generator, calibration: Calibration, settings: Quantization, progress: Progress = lambda _: None
    ) -> Iterator[QuantizationSession]:
        """The start for ``network``, fused and folded; inside the ``with`` it keeps the float files that it needs."""
        progress("equalizing")
        settings = replace(settings, photos=calibration.name, samples=len(calibration))
        equal = equalize(drop_constants(network, calibration), calibration, settings.equalization)
        with tempfile.TemporaryDirectory() as folder:
            yield cls(equal, calibration, settings, Path(folder), {})

    def write(
        self,
        target: Target,
        contract: Contract,
        out: Path,
        float_layers: tuple[str, ...] = (),
        progress: Progress = lambda _: None,
    ) -> Contract:
        """Writes the quantized artifact to ``out``.

        Args:
            target: its format.
            contract: what it must promise, but for how it was quantized.
            out: a path that does not exist yet.
            float_layers: names of layers that stay in floating point.
            progress: told what happens next.

        Returns:
            the contract as it stands in the file.

        Raises:
            ConversionError: the toolchain failed.
        """
        settings = replace(self.settings, float_layers=float_layers)
        if row_of(contract.precision).activation_bits == 16:
            settings = replace(settings, ranges="minmax")  # 65,536 levels reach the rarest value: there is nothing to cut off
        quantized = replace(contract, quantization=settings)
        source, ranges = self.source(target, contract, progress)
        target.quantize(source, self.network, quantized, ranges, out)
        return quantized

    def source(self, target: Target, contract: Contract, progress: Progress) -> tuple[Path, Ranges]:
        """The float file that integers are made from, and what its tensors hold on the samples."""
        key = (target.name, contract.deployment)
        if key not in self._sources:
            source = self._folder / f"{'-'.join(key)}{target.suffix}"
            progress(f"converting to {target.name} {target.quantizes}")
            target.convert(self.network, replace(contract, precision=target.quantizes), source)
            ranges = Ranges()
            if "graph" in target.capabilities:
                graph = target.read_graph(source)
                ranges = Ranges(slopes(graph), shared(graph))
            progress(f"observing {target.name} on {len(self.calibration)} photos")
            target.observe(source, self.calibration, ranges)
            self._sources[key] = source, ranges
        return self._sources[key]
