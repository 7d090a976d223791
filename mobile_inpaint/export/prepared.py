"""A checkpoint on the way to its artifacts: loaded, run on the golden photos, re-parameterized."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.artifact import Provenance
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.evaluation.gate import Progress, quiet
from mobile_inpaint.export.reference_outputs import ReferenceOutputs
from mobile_inpaint.export.reparameterize import reparameterize
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import open_checkpoint


@dataclass(frozen=True)
class Prepared:
    """A checkpoint ready for any number of conversions.

    Attributes:
        checkpoint: its name; artifacts are called after it.
        model: the variant's name.
        provenance: of the weights.
        network: fused and folded, as converters get it.
        reference: what the fp32 generator makes of the golden photos.
    """

    checkpoint: str
    model: str
    provenance: Provenance
    network: Generator
    reference: ReferenceOutputs


def prepare(checkpoint: str | Path, progress: Progress = quiet) -> Prepared:
    """Loads and re-parameterizes ``checkpoint``, a name in the weights store or a path to a file.

    Raises:
        CheckpointNotFound, WeightsError: it is not there, or not usable.
        ExportError: re-parameterizing changed the network.
    """
    progress("loading weights")
    generator, provenance = open_checkpoint(checkpoint, progress)
    return prepared_of(generator, provenance, progress)


def prepared_of(generator: Generator, provenance: Provenance, progress: Progress = quiet) -> Prepared:
    """The same for a generator that is loaded already.

    Raises:
        ExportError: re-parameterizing changed the network.
    """
    photos = golden_photos(generator.resolution)
    reference = ReferenceOutputs.of(generator, photos, lambda photo: progress(f"running the generator: {photo}"))
    progress("re-parameterizing")
    network = reparameterize(generator, reference)
    return Prepared(provenance.checkpoint, generator.name, provenance, network, reference)
