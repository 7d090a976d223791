"""Core ML in fewer bits: what the file holds, which ranges it got, what stays float, and that known pixels stay exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint.artifact import Contract, Quantization, sha256_of, size_of
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ConversionError, ExportError
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.photo.image import Sample
from mobile_inpaint.precision import PrecisionName
from mobile_inpaint.targets.admission import coreml as admission
from mobile_inpaint.targets.coreml.interpreter import Program
from mobile_inpaint.targets.coreml.spec import read_spec
from mobile_inpaint.targets.coreml.target import TARGET
from mobile_inpaint.targets.observers import Ranges

SIZE = 64
MINMAX = Quantization(ranges="minmax")
COMPOSITING = {"add": 1, "clip": 1, "concat": 1, "mul": 5, "sub": 1}
FLOAT_LAYERS = ("synthesis.blocks.b64.conv2.pointwise", "synthesis.blocks.b64.torgb")
Convert = Callable[..., Path]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [(photo.image, photo.mask) for photo in golden_photos(SIZE)]


@pytest.fixture(scope="module")
def convert(small_prepared: Prepared, samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Converts the small network; the same request is answered with the same file."""
    made: dict[tuple[object, ...], Path] = {}

    def converted(
        precision: PrecisionName,
        deployment: str = "",
        settings: Quantization = MINMAX,
        order: tuple[int, ...] = (0, 1, 2, 3, 4, 5),
        again: bool = False,
    ) -> Path:
        key = (precision, deployment, settings, order, again)
        if key not in made:
            inputs, output = TARGET.tensors(SIZE)
            contract = Contract(
                model="toy",
                target="coreml",
                precision=precision,
                size_px=SIZE,
                inputs=inputs,
                output=output,
                provenance=small_prepared.provenance,
                tools=TARGET.tools(),
                deployment=deployment or TARGET.deployments_for(precision)[0],
                quantization=settings if precision not in ("fp32", "fp16") else None,
            )
            path = tmp_path_factory.mktemp(precision) / "toy.mlpackage"
            if precision in ("w8a8", "auto"):
                source, ranges = converted("fp16", "iOS17"), Ranges()
                TARGET.observe(source, [samples[i] for i in order], ranges)
                TARGET.quantize(source, small_prepared.network, contract, ranges, path)
            else:
                TARGET.convert(small_prepared.network, contract, path)
            assert TARGET.read_contract(path) == contract
            made[key] = path
        return made[key]

    return converted


def in_hole_psnr(path: Path, prepared: Prepared) -> float:
    """Worst over the golden photos, to the fp32 generator; asserts that known pixels come back as given."""
    run = TARGET.load(path)
    worst = np.inf
    for photo, expected in zip(golden_photos(SIZE), prepared.reference.expected, strict=True):
        hole = np.broadcast_to(photo.mask > 0, expected.shape)
        filled = run(photo.image, photo.mask)
        assert np.array_equal(filled[~hole], photo.image[~hole])
        worst = min(worst, -10 * np.log10(np.mean((filled - expected)[hole] ** 2)))
    return float(worst)


@pytest.mark.parametrize(
    ("precision", "psnr_db", "computes_in"),
    [("w8a32", 36, "fp16"), ("pal8", 40, "fp16"), ("pal6", 26, "fp16"), ("pal4", 14, "fp16"), ("w8a8", 32, "int8")],
)
def test_a_precision_fills_as_well_as_its_bits_allow(
    convert: Convert, small_prepared: Prepared, precision: PrecisionName, psnr_db: float, computes_in: str
) -> None:
    assert in_hole_psnr(convert(precision), small_prepared) > psnr_db
    assert TARGET.load(convert(precision)).computes_in == computes_in


def test_more_bits_fill_better_and_weigh_more(convert: Convert, small_prepared: Prepared) -> None:
    palettes = [convert(precision) for precision in ("pal4", "pal6", "pal8")]
    quality = [in_hole_psnr(path, small_prepared) for path in palettes]
    assert quality == sorted(quality)
    assert [size_of(path) for path in palettes] == sorted(size_of(path) for path in palettes)


@pytest.mark.parametrize("precision", ["w8a32", "pal6"])
def test_both_forms_of_compressed_weights_mean_the_same(convert: Convert, precision: PrecisionName) -> None:
    """iOS 16 and iOS 18 store them by different operations."""
    older, newer = (Program(convert(precision, deployment)) for deployment in ("iOS16", "iOS18"))
    weights = [str(step.inputs["weight"]) for step in older.steps if step.kind == "conv"]
    assert len(weights) == 50
    for name in weights:
        np.testing.assert_array_equal(older.constants[name], newer.constants[name])


def test_only_convolutions_are_compressed(convert: Convert) -> None:
    before, after = Program(convert("fp16")), Program(convert("pal4"))
    weights = {str(step.inputs["weight"]) for step in before.steps if step.kind == "conv"}
    others = before.constants.keys() - weights
    assert any("noise" in name for name in others)
    for name in others & after.constants.keys():
        np.testing.assert_array_equal(np.asarray(before.constants[name]), np.asarray(after.constants[name]))


@pytest.mark.parametrize("precision", ["fp16", "w8a8"])
def test_the_program_is_written_in_an_order_that_no_process_changes(convert: Convert, precision: PrecisionName) -> None:
    path = convert(precision)
    assert admission.program_of(path).read_bytes() == read_spec(path).SerializeToString(deterministic=True)


def test_all_of_w8a8_but_the_compositing_is_int8(convert: Convert) -> None:
    path = convert("w8a8")
    ops = TARGET.ops(path)
    assert TARGET.float_ops(path) == COMPOSITING
    assert (ops["quantize"], ops["dequantize"]) == (72, 77)
    assert {op: n for op, n in ops.items() if op not in ("quantize", "dequantize")} == TARGET.ops(convert("fp16"))
    float_file = TARGET.float_ops(convert("w8a32"))
    assert float_file == {op: n for op, n in TARGET.ops(convert("w8a32")).items() if op != "cast"}


def scales(path: Path) -> dict[str, float]:
    """The step between two levels of each quantized tensor, but for sums: those coremltools states in units of a summand."""
    program = Program(path)
    sums = {step.output for step in program.steps if step.kind == "add"}
    return {
        str(step.inputs["input"]): float(program.constants[str(step.inputs["scale"])])
        for step in program.steps
        if step.kind == "quantize" and step.inputs["input"] not in sums
    }


def test_ranges_are_those_of_all_samples_not_of_the_last(convert: Convert, samples: list[Sample]) -> None:
    """coremltools 9.0 keeps the last sample's; here the last one is nearly black and fills less of every range."""
    dim = len(samples)
    samples.append((samples[0][0] * np.float32(0.1), samples[0][1]))
    try:
        together, turned, last = (scales(convert("w8a8", order=order)) for order in ((0, dim), (dim, 0), (dim,)))
        seen = Ranges()
        TARGET.observe(convert("fp16"), [samples[0], samples[dim]], seen)
    finally:
        del samples[dim]
    assert together == turned != last
    assert sum(together[name] > 1.05 * step for name, step in last.items()) > 0.8 * len(last)
    for name, (low, high) in seen.all(MINMAX).items():
        if name in together:
            assert together[name] == pytest.approx((high - low) / 255, rel=3e-3), name


def test_named_layers_stay_float(convert: Convert, small_prepared: Prepared) -> None:
    mixed, whole = convert("auto", settings=replace(MINMAX, float_layers=FLOAT_LAYERS)), convert("w8a8")
    extra = {op: n - COMPOSITING.get(op, 0) for op, n in TARGET.float_ops(mixed).items() if n != COMPOSITING.get(op, 0)}
    assert extra == {"conv": 2, "leaky_relu": 1, "add": 2, "upsample_bilinear": 1, "mul": 1}
    program, original = Program(mixed), Program(convert("fp16"))
    for name in FLOAT_LAYERS:
        weight = f"network_{name.replace('.', '_')}_weight_to_fp16"
        np.testing.assert_array_equal(program.constants[weight], original.constants[weight])
    assert in_hole_psnr(mixed, small_prepared) > in_hole_psnr(whole, small_prepared)


def test_a_layer_that_the_network_lacks_is_named(convert: Convert) -> None:
    with pytest.raises(ConversionError, match=r"no layer decoder\.b1$"):
        convert("w8a8", settings=replace(MINMAX, float_layers=("decoder.b1",)))


@pytest.mark.parametrize("precision", ["w8a8", "auto"])
def test_a_system_that_cannot_run_it_is_refused_in_one_line(convert: Convert, precision: PrecisionName) -> None:
    with pytest.raises(ExportError, match=f"^coreml: {precision} needs iOS17, not iOS16; ask for iOS17 or newer$"):
        convert(precision, "iOS16")


@pytest.mark.parametrize("precision", ["w8a8", "pal4"])
def test_the_same_conversion_gives_the_same_bytes(convert: Convert, precision: PrecisionName) -> None:
    assert sha256_of(convert(precision)) == sha256_of(convert(precision, again=True))


def test_watching_shows_every_float_tensor_once_a_sample(convert: Convert, samples: list[Sample]) -> None:
    seen: dict[str, list[tuple[int, ...]]] = {}
    TARGET.observe(convert("w8a8"), samples[:2], lambda name, values: seen.setdefault(name, []).append(values.shape))
    steps = [step for step in Program(convert("w8a8")).steps if step.dtype.startswith("fp")]
    assert seen.keys() == {step.output for step in steps}
    assert all(len(shapes) == 2 and shapes[0][0] == 1 for shapes in seen.values())
