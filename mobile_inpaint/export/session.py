"""One checkpoint on its way to any number of artifacts: what every artifact needs is made once, when it is first needed."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from mobile_inpaint import schema
from mobile_inpaint.artifact import Artifact, Contract, Io, Manifest, Quality, Quantization, manifest_path, sha256_of, size_of
from mobile_inpaint.defaults import CALIBRATION_SAMPLES
from mobile_inpaint.evaluation.gate import STANDARD, Progress, QualityGate, QualityJudge, quiet
from mobile_inpaint.export.pipeline import check_target, new_contract, verify_one_file
from mobile_inpaint.export.prepared import Prepared, prepare
from mobile_inpaint.export.verify import verify
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.precision import SEARCH, PrecisionName, row_of
from mobile_inpaint.quantization.calibration import calibration_samples
from mobile_inpaint.quantization.mixed_precision import Search, search
from mobile_inpaint.quantization.session import QuantizationSession
from mobile_inpaint.staging import staging
from mobile_inpaint.targets.contract import check_contract
from mobile_inpaint.targets.registry import get_target

Speed = Callable[[int, Fill, Fill], float]
"""Given the side of the squares they take, times two Fills in turn and says how many times as fast the second is."""


class ExportSession:
    """Makes the artifacts of one checkpoint; a context manager, for it keeps files while it lasts.

    Attributes:
        prepared: the checkpoint, loaded and re-parameterized, with the fp32 generator's outputs on the golden photos.
        gate: what fills must be worth where precision may cost quality.
        judge: judges fills beside the generator's.

    Args:
        checkpoint: a name in the weights store, a path to a file, ``random:MODEL``, or what
            :func:`~mobile_inpaint.export.prepared.prepare` made of one.
        gate: see above.
        quantization: how integer activations are made.
        calibration: a folder of photos to calibrate on; None takes those that ship.
        progress: told what happens next.
        note: told each line that a user should read.

    Raises:
        CheckpointNotFound, WeightsError: it is not there, or not usable.
        ExportError: re-parameterizing changed the network.
    """

    def __init__(
        self,
        checkpoint: str | Path | Prepared,
        *,
        gate: QualityGate = STANDARD,
        quantization: Quantization | None = None,
        calibration: Path | None = None,
        progress: Progress = quiet,
        note: Callable[[str], None] = quiet,
    ) -> None:
        self.prepared = checkpoint if isinstance(checkpoint, Prepared) else prepare(checkpoint, progress)
        self.gate = gate
        self.judge = QualityJudge(self.prepared.network, self.prepared.provenance.sha256)
        self._settings = quantization or Quantization(samples=CALIBRATION_SAMPLES)
        self._calibration, self._progress, self._note = calibration, progress, note
        self._quantizing: QuantizationSession | None = None
        self._closing = ExitStack()

    def __enter__(self) -> ExportSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.close()
        self._quantizing = None

    @property
    def quantizing(self) -> QuantizationSession:
        """The network equalized and calibrated, which every precision with integer activations starts from.

        Raises:
            CalibrationError: no photo to calibrate on.
        """
        if self._quantizing is None:
            network, settings = self.prepared.network, self._settings
            self._progress("reading photos to calibrate on")
            samples = calibration_samples(self._calibration, settings.samples, network.resolution, settings.seed, self._note)
            self._quantizing = self._closing.enter_context(QuantizationSession.of(network, samples, settings, self._progress))
        return self._quantizing

    def export(
        self,
        target: str,
        precision: PrecisionName,
        out: str | Path,
        *,
        deployment: str | None = None,
        io: Io = "tensor",
        hole: int = 1,
        detail: str = "auto",
        float_layers: tuple[str, ...] = (),
        gate: QualityGate | None = None,
    ) -> Artifact:
        """The verified artifact ``OUT/CHECKPOINT-PRECISION.SUFFIX``, its manifest beside it; nothing else is left in ``out``.

        A good file of that name stays until the new one has been verified.

        Args:
            target: a format's name.
            precision: one of the target's ``choices``; for ``auto`` name the ``float_layers`` that :meth:`search` found.
            out: a folder, made if need be.
            deployment: oldest system, where the target knows any.
            io: ``photo`` puts our compositor into the file, which then is ``CHECKPOINT-PRECISION-photo.SUFFIX``.
            hole: of a photo's mask, 1 where white is the hole, 0 where black is.
            detail: of the manifest's compositor numbers, see :meth:`Compositor.with_detail`; a one-file pipeline has none.
            float_layers: names of layers that stay in floating point where activations are integers.
            gate: instead of the session's.

        Raises:
            TargetNotFound, UnsupportedPrecision, CapabilityMissing, ToolchainMissing: before anything is written.
            ConversionError, VerificationError: nothing new is left behind.
        """
        kind, gate, out = get_target(target), gate or self.gate, Path(out)
        check_target(kind, precision, deployment, io)
        contract = new_contract(self.prepared, kind, precision, deployment)
        with staging(out) as stage:
            new = stage.folder / f"{self.prepared.checkpoint}-{precision}{kind.suffix}"
            self._progress(f"converting to {new.name}")
            network = self.prepared.network
            if row_of(precision).calibrated:
                contract = self.quantizing.write(kind, contract, new, float_layers, self._progress)
                network = self.quantizing.network
            else:
                kind.convert(network, contract, new)
            runner = kind.load(new)
            verification = verify(
                runner, precision, self.prepared.reference, lambda photo: self._progress(f"verifying {new.name}: {photo}")
            )
            quality: Quality | None = None
            if gate.judges(precision):
                quality = self.judge(runner, gate, self._progress)
                gate.check(new.name, quality)
            compositor = Compositor(size_px=contract.size_px).with_detail(detail)
            if io == "photo":
                source, new = new, stage.folder / f"{self.prepared.checkpoint}-{precision}-photo{kind.suffix}"
                self._progress(f"putting the compositor into {new.name}")
                inputs, output = kind.tensors(contract.size_px, io)
                contract = replace(contract, io=io, hole=hole, inputs=inputs, output=output)
                kind.wrap(source, network, contract, new)
                verification, compositor = verify_one_file(kind.load_photo(new), new, contract, self.prepared, self._progress)
            manifest = Manifest(
                file=new.name,
                sha256=sha256_of(new),
                bytes=size_of(new),
                contract=contract,
                ops=kind.ops(new),
                largest_activation=round(self.prepared.reference.largest_activation, 3),
                compositor=compositor.numbers(),
                verification=verification,
                quality=quality,
            )
            check_contract(Artifact(new, manifest), kind)
            manifest.save(manifest_path(new))
            stage.publish(new, manifest_path(new))
        return Artifact(out / new.name, manifest)

    def search(self, target: str, *, deployment: str | None = None, speed: Speed | None = None) -> Search:
        """The layers that must stay in floating point for the gate's bounds; see ``quantization/mixed_precision.py``.

        Args:
            target: a format's name.
            deployment: oldest system, where the target knows any.
            speed: decides nothing; its figures stand in what comes back.

        Raises:
            UnsupportedPrecision, ToolchainMissing: see :meth:`export`.
            ExportError: no mix keeps the bounds.
            ConversionError: the toolchain failed.
        """
        kind, gate = get_target(target), self.gate
        check_target(kind, SEARCH, deployment)
        contract = new_contract(self.prepared, kind, SEARCH, deployment)
        reference = self.judge.reference(gate.crops, self._progress)
        with tempfile.TemporaryDirectory() as folder:

            def make(float_layers: tuple[str, ...]) -> tuple[Fill, int]:
                out = Path(tempfile.mkdtemp(dir=folder)) / f"mix{kind.suffix}"
                self.quantizing.write(kind, contract, out, float_layers, self._progress)
                return kind.load(out), size_of(out)

            ratio = None
            if speed is not None and kind.runs_here:
                plain = kind.load(self.quantizing.source(kind, contract, self._progress)[0])
                ratio = functools.partial(speed, contract.size_px, plain)
            return search(
                self.quantizing.network,
                make,
                reference,
                (gate.max_rise_object, gate.max_rise_free),
                self._identity(contract),
                ratio,
                lambda done, total, what: self._progress(f"searching for {kind.name}: {done} of {total}: {what}"),
            )

    def _identity(self, contract: Contract) -> str:
        """Of everything that decides a search's figures, beside the network and the bounds."""
        settings = json.dumps(schema.dump(self.quantizing.settings))
        tools = json.dumps(contract.tools)
        return " ".join((self.prepared.provenance.sha256, settings, tools, contract.deployment))
