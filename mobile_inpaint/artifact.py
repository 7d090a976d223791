"""What an exported file says of itself: the JSON beside it, which is the contract with the apps.

An artifact is ``<checkpoint>-<precision>.<suffix>`` and, beside it, ``<checkpoint>-<precision>.<suffix>.json``, its
:class:`Manifest`. The manifest's :class:`Contract` stands inside the file's own metadata as well, so that neither a swapped
file nor an edited manifest goes unnoticed. Standard library only: apps and scripts read this without numpy.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from mobile_inpaint import documents, files, schema
from mobile_inpaint.defaults import EQUALIZATION, PERCENTILE, RANGES, SEED
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.files import is_plain_name
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.quoting import listed, quoted
from mobile_inpaint.schema import ANY, Range

SCHEMA = 2
_SUFFIXES = (".onnx", ".tflite", ".mlpackage")
"""Of the formats that ship, for messages."""
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096
"""Of the squares that an app's network may see, in pixels: an app allocates by it."""
_DIGEST = re.compile("[0-9a-f]{64}")
RangeMethod = Literal["minmax", "percentile", "mse", "entropy"]
"""How the range that 8 bits must cover is read off the values that an activation took."""
Io = Literal["tensor", "photo"]
"""What a file takes: a square as the network sees it, or a photo."""
HoleSize = Literal["thin", "small", "object", "large"]
"""Strokes of a few pixels; two sizes of object; large free-form holes."""


_Count = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of an artifact.

    Attributes:
        name: ``image``, ``mask`` or ``output``; of a photo, ``result``.
        layout: ``NCHW``, ``NHWC``, or ``image`` where the runtime takes an 8-bit picture.
        shape: in that layout; for ``image``, ``(height, width)``; -1 is any length.
        dtype: ``float32`` or ``uint8``.
        low, high: the range of values; for a mask ``high`` is a hole and ``low`` a pixel to keep.
        colour: ``RGB`` or ``grey``.
    """

    name: str
    layout: Literal["NCHW", "NHWC", "image"]
    shape: tuple[Annotated[int, Range(-1, 2**31 - 1)], ...]
    dtype: Literal["float32", "uint8"]
    low: float
    high: float
    colour: Literal["RGB", "grey"]

    def shape_at(self, size_px: int) -> tuple[int, ...]:
        """What ``shape`` is where the network sees squares of that side."""
        channels, side = 3 if self.colour == "RGB" else 1, (size_px, size_px)
        return {"NCHW": (1, channels, *side), "NHWC": (1, *side, channels), "image": side}[self.layout]


_NONE, _RANDOM = "none", "nothing: the weights are random, for timing only"


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from.

    Attributes:
        checkpoint: the name in the weights store, or of the user's own file.
        sha256: of the file the weights were read from.
        licence, copyright, paper, trained_on: as on the checkpoint's Card.
    """

    checkpoint: str
    sha256: str
    licence: str
    copyright: str
    paper: str
    trained_on: str

    @classmethod
    def random(cls, model: str) -> Provenance:
        """That of a random start of the network ``model``."""
        digest = hashlib.sha256(f"random {model}".encode()).hexdigest()
        return cls(f"random-{model}", digest, _NONE, _NONE, _NONE, _RANDOM)

    @property
    def timing_only(self) -> bool:
        """Whether the weights are random: the artifact may be timed, and nothing else."""
        return self.trained_on == _RANDOM


@dataclass(frozen=True)
class Quantization:
    """How a network was brought into fewer bits; what is needed, beside the weights, to do it again.

    Attributes:
        ranges: how an activation's range was estimated.
        percentile: the share of values, in percent, that the range covers, where ``ranges`` is ``percentile``.
        equalization: exponent of the cross-layer equalization done before, 0 = none.
        photos: name and sha256 of the set of calibration photos.
        samples: how many crops of them were run.
        seed: of the crops and holes.
        float_layers: names of the layers that stay in floating point.
    """

    ranges: RangeMethod = RANGES
    percentile: Annotated[float, Range(0, 100)] = PERCENTILE
    equalization: Annotated[float, Range(0, 1)] = EQUALIZATION
    photos: str = ""
    samples: Annotated[int, Range(0, 100_000)] = 0
    seed: Annotated[int, Range(0, 2**32 - 1)] = SEED
    float_layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What an artifact promises; written into the file's own metadata and into its manifest, equal in both.

    Attributes:
        model: the variant, for example ``migan-512``.
        target, precision: format and arithmetic.
        size_px: side of the square that the network sees.
        inputs, output: the tensors by name.
        hole: the mask value that means "fill me", in units of the mask's ``high``; 0 only where ``io`` is ``photo``.
        composited: known pixels come back as given; always true.
        io: ``tensor`` for the network alone, ``photo`` where our compositor stands in the file as well.
        quantization: where weights or activations are integers or palettes.
        provenance: of the weights.
        tools: versions of what made the file.
        deployment: the oldest system it runs on where the format says so, for example ``iOS16``; else empty.
    """

    model: str
    target: str
    precision: PrecisionName
    size_px: Annotated[int, Range(1, 65_536)]
    inputs: tuple[TensorSpec, ...]
    output: TensorSpec
    provenance: Provenance
    tools: dict[str, str]
    deployment: str = ""
    hole: int = 1
    composited: bool = True
    io: Io = "tensor"
    quantization: Quantization | None = None

    def to_json(self) -> str:
        """One line of JSON, the same for the same contract."""
        return json.dumps(schema.dump(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, where: str) -> Contract:
        """The contract that a file's metadata holds.

        Raises:
            ManifestError: ``text`` is not one.
        """
        return schema.load(cls, _parse(text, where), where, ManifestError)


@dataclass(frozen=True)
class Verification:
    """How near an artifact came to its generator, on which photos, by which runtime.

    Attributes:
        runtime: what ran the file, for example ``onnxruntime 1.31.1``.
        computes_in: the arithmetic of that run; ``fp16`` weights may still be computed in ``fp32``.
        photos: names of the golden photos.
        psnr_db: in-hole PSNR to the fp32 generator on each photo (peak 1.0).
        required_db: what each of them had to reach.
        max_abs_error: largest in-hole difference, image in [0,1].
        outside_max_abs_error: largest difference to the given pixels outside the hole; must be 0.
        inverted_psnr_db: the same PSNR with the mask inverted, best photo: far below, or the polarity is wrong.
    """

    runtime: str
    computes_in: Literal["fp32", "fp16", "int8"]
    photos: tuple[str, ...]
    psnr_db: tuple[float, ...]
    required_db: float
    max_abs_error: float
    outside_max_abs_error: float
    inverted_psnr_db: float

    @property
    def worst_psnr_db(self) -> float:
        """The figure that must reach ``required_db``."""
        return min(self.psnr_db)


@dataclass(frozen=True)
class SliceQuality:
    """What an artifact's fills are worth on holes of one size; every figure is a mean over crops whose truth is known.

    Attributes:
        slice: the size of the holes.
        crops: how many.
        lpips, dists: distance of the fill to the truth, 0 = equal; ``dists`` is None where nobody asked for it.
        lpips_rise, dists_rise: the same less that of the fp32 generator; positive is worse.
        lpips_rise_interval: 95 % bootstrap interval of ``lpips_rise`` over the crops.
        lpips_to_fp32: distance to the fp32 generator's fill.
        psnr_to_fp32_db, psnr_db: in the hole, to the fp32 generator's fill and to the truth (peak 1.0). No gate: rounding
            alone moves the former, blur wins the latter.
        seam_delta_e_rise: CIEDE2000 across the hole's border, less that of the fp32 generator's fill.
    """

    slice: HoleSize
    crops: _Count
    lpips: float
    lpips_rise: float
    lpips_rise_interval: tuple[float, ...]
    dists: float | None
    dists_rise: float | None
    lpips_to_fp32: float
    psnr_to_fp32_db: float
    psnr_db: float
    seam_delta_e_rise: float


@dataclass(frozen=True)
class Quality:
    """Whether an artifact is worth shipping: its fills beside the fp32 generator's, on photos whose truth is known.

    Attributes:
        photos: name and sha256 of the set.
        yardsticks: the perceptual networks, by name.
        slices: one for each size of hole.
        max_rise_object: what ``lpips_rise`` may be on every slice but ``large``.
        max_rise_free: what it may be on ``large``.
    """

    photos: str
    yardsticks: tuple[str, ...]
    slices: tuple[SliceQuality, ...]
    max_rise_object: float
    max_rise_free: float

    @property
    def misses(self) -> tuple[str, ...]:
        """The slices on which it falls short, each with its figures; empty where it may ship."""
        bounds = ((one, self.max_rise_free if one.slice == "large" else self.max_rise_object) for one in self.slices)
        return tuple(
            f"{one.slice} +{one.lpips_rise:.4f} (at most +{bound:.4f})" for one, bound in bounds if not one.lpips_rise <= bound
        )


@dataclass(frozen=True)
class Manifest:
    """The JSON beside an artifact.

    Attributes:
        file, sha256, bytes: the artifact; for a folder the sha256 is that of the sorted lines ``sha256  path``.
        contract: inputs, output, weights and tools, as inside the file.
        ops: the graph's operations by name, counted.
        largest_activation: the largest magnitude any activation of the generator reached on the golden photos.
        compositor: the numbers an app's compositor needs to do what ours does.
        verification: never absent in a file that ``export`` left behind.
        quality: never absent where integers or palettes may have cost any; an artifact whose ``misses`` are not empty is kept
            only on request, and no app may bundle it.
        schema: of this JSON.
    """

    file: str
    sha256: str
    bytes: _Count
    contract: Contract
    ops: dict[str, _Count]
    largest_activation: float
    compositor: dict[str, Annotated[float, ANY]]
    verification: Verification | None = None
    quality: Quality | None = None
    schema: int = SCHEMA

    def save(self, path: Path) -> None:
        """Writes the JSON to ``path``, whole.

        Raises:
            OSError: it cannot be written.
        """
        files.write_whole(path, json.dumps(schema.dump(self), indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """The manifest at ``path``.

        Raises:
            ManifestError: unreadable, of a newer schema, or not a manifest.
        """
        return cls.from_json(documents.read_text(path, ManifestError), path.name)

    @classmethod
    def from_json(cls, text: str, where: str) -> Manifest:
        """The manifest that ``text`` is; every app reads it alike (``golden/manifest.json``).

        Raises:
            ManifestError: of a newer schema, not a manifest, or its ``file`` is a path and not a name.
        """
        table = _parse(text, where)
        version = table.get("schema") if isinstance(table, dict) else None
        if isinstance(version, int) and version > SCHEMA:
            raise ManifestError(
                f"{where}: schema {version} is newer than this package reads ({SCHEMA}); upgrade mobile-inpaint"
            )
        manifest = schema.load(cls, table, where, ManifestError)
        if not is_plain_name(manifest.file):
            raise ManifestError(
                f"{where}: 'file' must be a file's name, not {quoted(manifest.file)}; export the artifact again"
            )
        if not _DIGEST.fullmatch(manifest.sha256):
            raise ManifestError(
                f"{where}: 'sha256' must be 64 hexadecimal digits, not {quoted(manifest.sha256)}; export it again"
            )
        return manifest

    def check_for_app(self) -> None:
        """Returns if an app with a Compositor of its own may carry this artifact; the apps ask the same before they load it.

        Raises:
            ManifestError: not verified, not worth shipping, of random weights, of another polarity, or a pipeline that needs no
                compositor.
        """
        verified, contract = self.verification, self.contract
        reached = verified is not None and bool(verified.psnr_db) and verified.worst_psnr_db >= verified.required_db
        faults = {
            "it is not verified; export it again": verified is None,
            "its verification falls short of what it requires; export it again": not reached
            or (verified is not None and verified.outside_max_abs_error != 0),
            "nobody judged what its fills are worth; export it again": self.quality is None
            and row_of(contract.precision).judged,
            "its fills are not worth shipping; export it in a higher precision": self.quality is not None
            and bool(self.quality.misses),
            "its weights are random, and may be timed but not carried by an app": contract.provenance.timing_only,
            "it takes a whole photo, and an app brings its own compositor; export it with --io tensor": contract.io != "tensor",
            "its mask's polarity is not 1 = hole, or it does not give known pixels back; export it again": contract.hole != 1
            or not contract.composited,
            "its compositor is for another size than its network; export it again": self.compositor.get("size_px")
            != contract.size_px,
        }
        for fault, applies in faults.items():
            if applies:
                raise ManifestError(f"{self.file}: {fault}")

    def check_sizes(self) -> None:
        """Returns if an app may allocate by this manifest; the apps ask this after :meth:`check_for_app`.

        Raises:
            ManifestError: a side outside 64 to 4096 pixels, or tensors of another size.
        """
        side, contract = self.contract.size_px, self.contract
        if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
            raise ManifestError(
                f"{self.file}: its network takes {side} pixels a side, not {SMALLEST_SIDE} to {LARGEST_SIDE}; export it again"
            )
        if not all(tensor.shape == tensor.shape_at(side) for tensor in (*contract.inputs, contract.output)):
            raise ManifestError(f"{self.file}: its tensors are of another size than its network; export it again")


@dataclass(frozen=True)
class Artifact:
    """An exported file and its manifest.

    ``load_artifact(artifact.path)`` runs it; ``mobile_inpaint.fill(photo, mask, artifact=artifact)`` fills a photo with it.

    Attributes:
        path: the file, or a folder where the format is one.
        manifest: what the JSON beside it says.
    """

    path: Path
    manifest: Manifest

    def __repr__(self) -> str:
        contract = self.manifest.contract
        made = f"{contract.model} as {contract.target} {contract.precision}, {contract.size_px} px"
        return f"Artifact({str(self.path)!r}, {made}, {self.manifest.bytes / 1e6:.1f} MB)"

    @classmethod
    def open(cls, path: str | Path) -> Artifact:
        """The artifact at ``path``, its bytes checked against the manifest beside it.

        Raises:
            ManifestError: no file, no manifest, the file is not the one that the manifest describes, or see :func:`sha256_of`.
        """
        path = Path(path)
        if not path.exists():
            raise ManifestError(f"{path}: no such artifact; make one with: mobile-inpaint export")
        beside = manifest_path(path)
        if not beside.exists() and path.suffix not in _SUFFIXES:
            raise ManifestError(f"{path}: {_what_instead(path)}")
        if not beside.exists():
            raise ManifestError(f"{path.name}: its manifest {beside.name} is not beside it; export it again")
        manifest = Manifest.load(beside)
        if manifest.file != path.name:
            raise ManifestError(f"{beside.name}: describes {quoted(manifest.file)}, not {quoted(path.name)}; export it again")
        digest = sha256_of(path)
        if digest != manifest.sha256:
            raise ManifestError(
                f"{path.name}: its bytes are not those its manifest describes (sha256 {digest[:12]}…, manifest says "
                f"{manifest.sha256[:12]}…); export it again"
            )
        return cls(path, manifest)


def _what_instead(path: Path) -> str:
    """Why ``path`` is no artifact, judged by its name, and what to name."""
    kinds = ", ".join(_SUFFIXES)
    if not path.is_dir():
        return f"not an artifact ({kinds}); name an exported file"
    inside = sorted(entry.name for entry in path.iterdir() if entry.suffix in _SUFFIXES)
    return f"a folder; name a file in it: {listed(inside)}" if inside else f"a folder, without an artifact ({kinds}) in it"


def manifest_path(artifact: Path) -> Path:
    """Where the manifest of ``artifact`` stands."""
    return artifact.parent / f"{artifact.name}.json"  # the folder "." has no name


def sha256_of(path: Path) -> str:
    """Hex digest of a file; of a folder, that of its sorted lines ``sha256  relative/path``.

    Raises:
        ManifestError: ``path`` is neither, or see :func:`package_files`.
    """
    if path.is_dir():
        lines = sorted(f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in package_files(path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    _check_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder.

    Raises:
        ManifestError: see :func:`sha256_of`.
    """
    return sum(file.lstat().st_size for file in package_files(path)) if path.is_dir() else path.stat().st_size


def package_files(folder: Path) -> list[Path]:
    """The files of an artifact that is a folder, at any depth.

    Whatever reads or copies an ``.mlpackage`` asks this first: a link inside could bring any file of this machine into it.

    Raises:
        ManifestError: the folder holds a link, a device, or a name that no other system can hold.
    """
    found, left = list[Path](), [folder]
    while left:
        for path in left.pop().iterdir():
            mode = path.lstat().st_mode
            inside = quoted(path.relative_to(folder).as_posix())
            if stat.S_ISLNK(mode):
                raise ManifestError(f"{folder.name}: {inside} is a link, and a model package holds none; export it again")
            if not files.is_plain_name(path.name) or not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                raise ManifestError(f"{folder.name}: {inside} is no plain file or folder; export it again")
            (left if stat.S_ISDIR(mode) else found).append(path)
    return found


def _check_regular(path: Path) -> None:
    """Refuses what never ends when it is read: pipes and devices."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ManifestError(f"{path.name}: not a file")


def _parse(text: str, where: str) -> Any:
    try:
        return documents.parse_json(text, where, ManifestError)
    except ManifestError as error:
        raise ManifestError(f"{where}: not JSON; export the artifact again") from error
