from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.external import load_external
from mobile_inpaint.targets.onnx.published_graph import published_graph


def pipeline(path: Path, *, prefix: str = "/model/", ways_out: int = 1) -> Path:
    """A photo pipeline in the authors' names: doubled on the way in, a 1x1 convolution as network, doubled on the way out."""
    weight = numpy_helper.from_array(np.eye(4, dtype=np.float32)[:3, :, None, None] * 3, "model.weight")
    two = numpy_helper.from_array(np.float32([2]), "two")
    nodes = [
        helper.make_node("Mul", ["image", "two"], ["/before"]),
        helper.make_node("Identity", ["model.weight"], ["model.shared"]),
        helper.make_node("Conv", ["/before", "model.shared"], [f"{prefix}conv"]),
        helper.make_node("Relu", [f"{prefix}conv"], [f"{prefix}out"]),
        helper.make_node("Mul", [f"{prefix}out", "two"], ["result"]),
        helper.make_node("Mul", [f"{prefix}conv", "two"], ["other"]),
    ]
    free = ["batch", 4, "height", "width"]
    graph = helper.make_graph(
        nodes[: 4 + ways_out],
        "pipeline",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, free)],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, None)],
        [weight, two],
    )
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_only_the_network_is_left_with_static_shapes(tmp_path: Path) -> None:
    cut = published_graph(pipeline(tmp_path / "pipeline.onnx"), tmp_path / "cache", size_px=8)
    graph = onnx.load(cut).graph
    assert [node.op_type for node in graph.node] == ["Identity", "Conv", "Relu"]
    runner = load_external(cut)
    (one,) = runner.inputs
    assert (one.shape, one.free) == ((1, 4, 8, 8), {})
    given = np.random.default_rng(0).normal(size=one.shape).astype(np.float32)
    assert np.allclose(runner.run({one.name: given}), np.maximum(given[:, :3] * 3, 0))


def test_it_is_cut_once_and_nothing_unfinished_stays(tmp_path: Path) -> None:
    source, cache = pipeline(tmp_path / "pipeline.onnx"), tmp_path / "cache"
    first = published_graph(source, cache, size_px=8)
    stamp = first.stat().st_mtime_ns
    assert published_graph(source, cache, size_px=8) == first and first.stat().st_mtime_ns == stamp
    assert [path for path in cache.rglob("*") if path.is_file()] == [first]
    assert first.name == "published-graph.onnx" and first.parent.name == sha256_of(source)[:12]


@pytest.mark.parametrize("changes", [{"prefix": "/network/"}, {"ways_out": 2}])
def test_another_graph_is_refused_and_leaves_nothing(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ManifestError, match="not the authors' photo pipeline"):
        published_graph(pipeline(tmp_path / "pipeline.onnx", **changes), tmp_path / "cache", size_px=8)
    assert not (tmp_path / "cache").exists()


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"\x00\xff nonsense")
    with pytest.raises(ManifestError, match=r"a\.onnx: not "):
        published_graph(tmp_path / "a.onnx", tmp_path / "cache")


@pytest.mark.slow
def test_the_published_one_fills_as_the_authors_did(published_weights: Path, golden: Path, tmp_path: Path) -> None:
    cut = published_graph(published_weights, tmp_path)
    runner = load_external(cut, threads=2)
    (one,) = runner.inputs
    assert (one.shape, one.dtype) == ((1, 4, 512, 512), "float32")
    with np.load(golden / "migan" / "real512.npz") as real:
        image, known, expected = (real[key] for key in ("image_u8", "mask_u8", "composite_u8"))
    rgb = image.astype(np.float32) * 2 / 255 - 1
    given = np.concatenate([known[None] - np.float32(0.5), rgb * known])[None].astype(np.float32)
    filled = runner.run({one.name: given})[0]
    levels = np.clip(np.where(known, rgb, filled) * 0.5 + 0.5, 0, 1) * 255
    assert np.abs(levels - expected.astype(np.float32))[:, known == 0].max() < 1.01  # theirs is cut to whole levels
