"""TFLite in fewer bits: every operation that can be int8 is, by our ranges, and what composites is not touched."""

from __future__ import annotations

import collections
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_quantizer.utils import tfl_flatbuffer_utils

from mobile_inpaint import create_model
from mobile_inpaint.artifact import Artifact, Contract, Quantization
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ConversionError
from mobile_inpaint.export.pipeline import new_contract
from mobile_inpaint.export.prepared import Prepared, prepare
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.precision import PrecisionName
from mobile_inpaint.quantization.calibration import calibration_samples
from mobile_inpaint.quantization.session import QuantizationSession
from mobile_inpaint.targets.layers import layers
from mobile_inpaint.targets.observers import Ranges
from mobile_inpaint.targets.registry import get_target
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.tflite.flatbuffer import TfliteGraph
from mobile_inpaint.targets.tflite.quantizer import quantize

TFLITE = get_target("tflite")
SAMPLES = [(photo.image, photo.mask) for photo in golden_photos(64)]
MINMAX = Quantization(ranges="minmax")
COMPOSITING = {"ADD": 1, "MUL": 2, "SUB": 1}
"""1 - mask, known, × mask, +; the bounds 0 and 1 are those of the levels."""

Convert = Callable[..., Path]


@pytest.fixture(scope="module")
def ranges(small_artifacts: dict[str, Artifact]) -> Ranges:
    seen = Ranges()
    TFLITE.observe(small_artifacts["tflite"].path, SAMPLES, seen)
    return seen


@pytest.fixture(scope="module")
def convert(
    small_artifacts: dict[str, Artifact],
    small_prepared: Prepared,
    ranges: Ranges,
    tmp_path_factory: pytest.TempPathFactory,
) -> Convert:
    """The small network in a precision; each question is answered once, unless it is asked anew."""
    full = small_artifacts["tflite"]
    made: dict[tuple[PrecisionName, Quantization], Path] = {}

    def converted(precision: PrecisionName, settings: Quantization = MINMAX, *, anew: bool = False) -> Path:
        if (precision, settings) in made and not anew:
            return made[precision, settings]
        contract = dataclasses.replace(full.manifest.contract, precision=precision, quantization=settings)
        out = tmp_path_factory.mktemp(precision) / "small.tflite"
        if precision == "w8a32":
            TFLITE.convert(small_prepared.network, contract, out)
        else:
            TFLITE.quantize(full.path, small_prepared.network, contract, ranges, out)
        return made.setdefault((precision, settings), out) if not anew else out

    return converted


def _psnr_db(path: Path, prepared: Prepared) -> float:
    run, squares = TFLITE.load(path, threads=1), []
    for (image, mask), expected in zip(SAMPLES, prepared.reference.expected, strict=True):
        output = run(image, mask)
        keep = np.broadcast_to(mask == 0, output.shape)
        assert np.array_equal(output[keep], image[keep])
        squares.append(np.square(output - expected)[~keep].mean())
    return float(-10 * np.log10(np.mean(squares)))


def _levels(path: Path) -> dict[str, tuple[float, int]]:
    """Step and zero point of every int8 tensor that an operation computes, by name."""
    graph = TfliteGraph.load(path)
    tensors = graph.model.subgraphs[0].tensors
    return {
        graph.tensor(index): (float(tensors[index].quantization.scale[0]), int(tensors[index].quantization.zeroPoint[0]))
        for op in graph.ops
        for index in op.outputs
        if not graph.is_float(index)
    }


def test_every_operation_of_the_network_is_int8(convert: Convert, small_artifacts: dict[str, Artifact]) -> None:
    path, full = convert("w8a8"), dict(small_artifacts["tflite"].manifest.ops)
    assert full.pop("RELU_0_TO_1") == 1
    assert TFLITE.ops(path) == full | {"DEQUANTIZE": 1, "QUANTIZE": 2}, "image, mask, and back"
    assert TFLITE.float_ops(path) == COMPOSITING
    assert TFLITE.load(path).computes_in == "int8"


def test_one_delegate_takes_the_whole_int8_graph(convert: Convert) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(convert("w8a8")))
    interpreter.allocate_tensors()
    ops = [op["op_name"] for op in interpreter._get_ops_details()]
    assert ops.count("DELEGATE") == 1


@pytest.mark.parametrize(("precision", "least_db"), [("w8a32", 35), ("w8a16", 35), ("w8a8", 25)])
def test_fewer_bits_fill_alike_and_keep_what_is_known(
    convert: Convert, small_prepared: Prepared, precision: PrecisionName, least_db: float
) -> None:
    assert _psnr_db(convert(precision), small_prepared) > least_db


def test_int8_weights_leave_the_arithmetic_alone(convert: Convert, small_artifacts: dict[str, Artifact]) -> None:
    path, full = convert("w8a32"), small_artifacts["tflite"].manifest.ops
    assert TFLITE.float_ops(path) == full
    assert TFLITE.ops(path)["DEQUANTIZE"] <= full["CONV_2D"] + full["DEPTHWISE_CONV_2D"]
    assert TFLITE.load(path).computes_in == "fp32"


def test_the_filter_1_3_3_1_is_exact_in_int8(convert: Convert) -> None:
    graph = TfliteGraph.load(convert("w8a8"))
    filters = 0
    for op in graph.ops:
        weight = graph.model.subgraphs[0].tensors[op.inputs[1]] if graph.name(op) == "DEPTHWISE_CONV_2D" else None
        if weight is not None and tuple(weight.shape[1:3]) == (4, 4):
            levels = np.frombuffer(bytes(graph.model.buffers[weight.buffer].data), np.int8).reshape(weight.shape)
            assert np.array_equal(levels[0, :, :, 0], 14 * np.outer([1, 3, 3, 1], [1, 3, 3, 1]))
            filters += 1
    assert filters == 4


def test_levels_come_from_our_ranges(
    convert: Convert, ranges: Ranges, small_artifacts: dict[str, Artifact], tmp_path: Path
) -> None:
    levels = _levels(convert("w8a8"))
    graph = TfliteGraph.load(small_artifacts["tflite"].path)
    compared = 0
    for op in graph.ops:
        if graph.name(op) in ("CONV_2D", "DEPTHWISE_CONV_2D", "LEAKY_RELU"):
            name = graph.tensor(op.outputs[0])
            low, high = ranges.of(name, MINMAX)
            step, zero = levels[name]
            assert step == pytest.approx((high - low) / 255, rel=1e-4), name
            assert zero == pytest.approx(-128 - low / step, abs=0.51), name
            compared += 1
    assert compared > 60
    twice = {name: (2 * low, 2 * high) for name, (low, high) in ranges.all(MINMAX).items()}
    path = Path(shutil.copy(small_artifacts["tflite"].path, tmp_path / "twice.tflite"))
    with silence():
        quantize(path, twice, [], 8)
    assert _levels(path)[name][0] == pytest.approx(2 * levels[name][0], rel=1e-4)


def test_doubling_and_its_border_round_nothing_inside(convert: Convert) -> None:
    graph, levels = TfliteGraph.load(convert("w8a8")), _levels(convert("w8a8"))
    producers = {op.outputs[0]: op for op in graph.ops}
    doubled = [op for op in graph.ops if graph.name(op) == "MUL" and not graph.is_float(op.outputs[0])]
    for border in doubled:
        resize = producers[border.inputs[0]]
        names = [graph.tensor(index) for index in (resize.inputs[0], resize.outputs[0], border.outputs[0])]
        assert len({levels[name] for name in names}) == 1
    assert len(doubled) == TFLITE.ops(convert("w8a8"))["RESIZE_BILINEAR"]


def test_layers_named_stay_float_and_only_they(convert: Convert, small_prepared: Prepared) -> None:
    names = layers(small_prepared.network)
    chosen = ("encoder.blocks.b64.fromrgb", "synthesis.blocks.b64.conv1.pointwise", "synthesis.blocks.b64.torgb")
    mixed = convert("auto", dataclasses.replace(MINMAX, float_layers=chosen))
    assert set(chosen) < set(names)
    left = TFLITE.float_ops(mixed)
    # fromrgb: stacked in float, convolved, activated; conv1: convolved, doubled, × border, noise, activated, skip added;
    # torgb: convolved, and the image doubled, × border, added; then the bounds
    own = {"CONV_2D": 3, "LEAKY_RELU": 2, "RESIZE_BILINEAR": 2, "CONCATENATION": 1, "RELU_0_TO_1": 1}
    assert left == dict(sorted((own | {"ADD": 1 + 2 + 1, "MUL": 2 + 1 + 1, "SUB": 1}).items()))
    assert _psnr_db(mixed, small_prepared) > 30
    everything = convert("auto", dataclasses.replace(MINMAX, float_layers=tuple(names)))
    assert _psnr_db(everything, small_prepared) > 90


def test_a_layer_that_the_network_lacks_is_named(convert: Convert) -> None:
    with pytest.raises(ConversionError, match=r"no layer synthesis\.b9"):
        convert("auto", dataclasses.replace(MINMAX, float_layers=("synthesis.b9",)))


def test_the_quantizer_still_lacks_leaky_relu_and_is_left_as_it_was(convert: Convert) -> None:
    known = tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME
    convert("w8a8", Quantization(percentile=99.0))
    assert tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME is known
    assert "LEAKY_RELU" not in {name.value for name in known.values()}, "the way round it can go"


def test_percentiles_narrow_the_levels(convert: Convert) -> None:
    wide, narrow = _levels(convert("w8a8")), _levels(convert("w8a8", Quantization(percentile=99.0)))
    assert wide.keys() == narrow.keys()
    assert np.mean([narrow[name][0] < wide[name][0] for name in wide]) > 0.8


def test_converting_twice_gives_the_same_bytes(convert: Convert) -> None:
    assert convert("w8a8", anew=True).read_bytes() == convert("w8a8").read_bytes()


@pytest.mark.parametrize("precision", ["w8a32", "w8a16", "w8a8"])
def test_the_contract_survives(convert: Convert, small_artifacts: dict[str, Artifact], precision: PrecisionName) -> None:
    asked = dataclasses.replace(small_artifacts["tflite"].manifest.contract, precision=precision, quantization=MINMAX)
    contract: Contract = TFLITE.read_contract(convert(precision))
    assert contract == asked


def test_watching_shows_what_the_graph_computes(small_artifacts: dict[str, Artifact], small_prepared: Prepared) -> None:
    seen: dict[str, list[np.ndarray]] = {}
    path = small_artifacts["tflite"].path
    TFLITE.observe(path, SAMPLES[:2], lambda name, values: seen.setdefault(name, []).append(values.copy()))
    graph = TfliteGraph.load(path)
    assert len(seen) == len(graph.ops)
    assert {len(values) for values in seen.values()} == {2}
    *_, last = seen.values()
    for values, expected in zip(last, small_prepared.reference.expected, strict=False):
        np.testing.assert_allclose(values.transpose(0, 3, 1, 2), expected, atol=1e-4)
    for op in graph.ops:
        if graph.name(op) == "LEAKY_RELU":
            read, given = (seen[graph.tensor(index)][0] for index in (op.inputs[0], op.outputs[0]))
            np.testing.assert_allclose(given, np.where(read > 0, read, 0.2 * read), rtol=1e-5)


def test_squares_of_pixels_are_spread_as_integers(tmp_path: Path) -> None:
    network = create_model("migan-lite", seed=3, resolution=64, ch_base=1024, ch_max=32, tensors=0)
    save_model(network, tmp_path / "lite.safetensors")
    prepared = prepare(tmp_path / "lite.safetensors")
    with QuantizationSession.of(prepared.network, calibration_samples(None, 4, 64, 0, print), MINMAX) as lite:
        contract = new_contract(prepared, TFLITE, "w8a8", None)
        lite.write(TFLITE, contract, tmp_path / "lite.tflite")
    ops = TFLITE.ops(tmp_path / "lite.tflite")
    assert ops["DEPTH_TO_SPACE"] == 1
    assert ops["DEQUANTIZE"] == 1, "behind it, and nowhere before"
    seeing_squares = {"AVERAGE_POOL_2D": 1, "MAX_POOL_2D": 1, "MUL": 1, "SUB": 1}
    counts = collections.Counter(COMPOSITING) + collections.Counter(seeing_squares)
    assert TFLITE.float_ops(tmp_path / "lite.tflite") == dict(sorted(counts.items()))
    assert _psnr_db(tmp_path / "lite.tflite", prepared) > 30
