from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, external_data_helper, helper, numpy_helper
from safetensors.torch import save_file

from mobile_inpaint.checkpoints.readers import onnx_initializers
from mobile_inpaint.errors import WeightsError
from mobile_inpaint.models.registry import read_weights

STATE = {"encoder.b8.conv1.conv1.weight": torch.arange(12.0).reshape(3, 4), "encoder.b8.conv1.conv1.bias": torch.ones(3)}


def _graph(path: Path, initializers: list[onnx.TensorProto], nodes: list[onnx.NodeProto] | None = None) -> Path:
    nodes = nodes or [helper.make_node("Identity", ["x"], ["y"], name="/n")]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])] for name in ("x", "y")]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", *ends, initializers), ir_version=10), path)
    return path


def test_the_published_graph_reads_as_onnx_reads_it(published_weights: Path) -> None:
    model = onnx.load(published_weights)
    theirs = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    ours = onnx_initializers.read(published_weights)
    assert [tensor.name for tensor in ours] == list(theirs)
    for tensor in ours:
        np.testing.assert_array_equal(tensor.values, theirs[tensor.name])
        assert tensor.values.dtype == theirs[tensor.name].dtype

    state = read_weights(published_weights)
    noise = {key for key in state if "noise" in key}
    assert len(state) == 142 and len(noise) == 2 * 14
    assert all(key.startswith(("encoder.b", "synthesis.b")) for key in state)
    assert state["synthesis.b512.conv2.noise_const"].shape == (512, 512)
    assert all(state[key] == 1 for key in noise if key.endswith("strength"))
    assert state["synthesis.b32.conv1.noise_const"].std() == pytest.approx(0.065, abs=0.001)


@pytest.mark.parametrize(
    ("dtype", "raw"),
    [(TensorProto.FLOAT, False), *((dtype, True) for dtype in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE))],
)
def test_onnx_numbers_in_every_storage(tmp_path: Path, dtype: int, raw: bool) -> None:
    values = np.linspace(-1, 1, 6).reshape(2, 3).astype(helper.tensor_dtype_to_np_dtype(dtype))
    data = values.tobytes() if raw else values.flatten()
    path = _graph(
        tmp_path / "a.onnx",
        [
            helper.make_tensor("model.encoder.b8.conv1.conv1.bias", dtype, [2, 3], data, raw=raw),
            helper.make_tensor("sizes", TensorProto.INT64, [2], [3, 4]),
        ],
    )
    state = read_weights(path)
    np.testing.assert_array_equal(state["encoder.b8.conv1.conv1.bias"].numpy(), values)
    assert list(state) == ["encoder.b8.conv1.conv1.bias"]


def test_onnx_noise_is_named_by_the_node_that_adds_it(tmp_path: Path) -> None:
    noise = numpy_helper.from_array(np.full((4, 4), 0.5, np.float32), "onnx::Add_7")
    node = helper.make_node("Add", ["x", "onnx::Add_7"], ["y"], name="/model/synthesis/b4/conv1/Add")
    state = read_weights(_graph(tmp_path / "a.onnx", [noise], [node]))
    assert state["synthesis.b4.conv1.noise_const"].tolist() == [[0.5] * 4] * 4
    assert state["synthesis.b4.conv1.noise_strength"] == 1


def test_onnx_data_in_another_file_is_refused(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "model.encoder.b8.fromrgb.bias")
    external_data_helper.set_external_data(tensor, "other.bin")
    with pytest.raises(WeightsError, match="in a file beside it"):
        read_weights(_graph(tmp_path / "a.onnx", [tensor]))


def test_an_onnx_file_without_our_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no network of ours"):
        read_weights(_graph(tmp_path / "a.onnx", [numpy_helper.from_array(np.zeros(4, np.float32), "bias")]))


def _save_onnx(path: Path) -> None:
    _graph(path, [numpy_helper.from_array(value.numpy(), f"model.{name}") for name, value in STATE.items()])


WRITERS: dict[str, Callable[[Path], object]] = {
    ".safetensors": lambda path: save_file(STATE, path),
    ".pt": lambda path: torch.save(STATE, path),
    ".pth": lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False),
    ".onnx": _save_onnx,
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_container_gives_back_what_was_stored(tmp_path: Path, suffix: str) -> None:
    WRITERS[suffix](tmp_path / f"a{suffix}")
    state = read_weights(tmp_path / f"a{suffix}")
    assert set(state) == set(STATE) and all(torch.equal(state[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_one_line_never_a_crash(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    whole = tmp_path / f"whole{suffix}"
    if not whole.exists():
        WRITERS[suffix](whole)
    content = bytearray(whole.read_bytes())
    if data.draw(st.booleans(), "cut"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4), "flipped"):
            content[position] ^= 1 << data.draw(st.integers(0, 7))
    damaged = tmp_path / f"damaged{suffix}"
    damaged.write_bytes(content)
    try:
        state = read_weights(damaged)
    except WeightsError as error:
        assert "\n" not in str(error) and "damaged" in str(error)
    else:  # a flipped bit inside a number, a name or an unused field goes unnoticed here: hashes are for that
        assert all(isinstance(value, torch.Tensor) for value in state.values())


@pytest.mark.parametrize("content", [torch.nn.Linear(2, 2), [torch.ones(2)], {1: torch.ones(2)}])
def test_a_pickle_of_anything_but_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"a\.pt: .*state_dict\(\) alone"):
        read_weights(tmp_path / "a.pt")


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"weight": Trap()}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="could run code"):
        read_weights(tmp_path / "a.pt")
    assert not (tmp_path / "sprung").exists()


def test_other_suffixes_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"not a checkpoint: there are \.safetensors, \.pt, \.pth, \.ckpt, \.bin, \.onnx"):
        read_weights(tmp_path / "a.npz")
    with pytest.raises(WeightsError, match="no such file"):
        read_weights(tmp_path / "a.pt")
