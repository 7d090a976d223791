"""Where a runtime spends its time, by its own profile, in the kinds of ``bench/measure/flops.py``. For roofline.py."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.flops import work
from mobile_inpaint.targets.onnx.openvino import RUNTIMES, import_quietly
from mobile_inpaint.targets.registry import read_graph

RUNS = 5
_POINTWISE = {"Add", "Sub", "Mul", "LeakyRelu", "Clip", "QLinearAdd", "QLinearMul", "QLinearLeakyRelu", "Subgraph", "Eltwise"}
_RESIZING = {"Resize", "Upsample", "Interpolate"}
_CONVOLUTIONS = {"Conv", "FusedConv", "QLinearConv", "Convolution", "GroupConvolution"}


def profile(candidate: Candidate, threads: int) -> dict[str, float] | None:
    """Milliseconds of one run by kind; None for LiteRT, whose Python interface has no profile."""
    if candidate.path.suffix != ".onnx":
        return None
    spent = _openvino(candidate, threads) if candidate.runtime else _onnxruntime(candidate.path, threads)
    return dict(spent.most_common())


def _kind(op: str, convolution: Callable[[], str]) -> str:
    if op in _CONVOLUTIONS:
        return convolution()
    return "resizing" if op in _RESIZING else "pointwise" if op in _POINTWISE else "moving"


def _onnxruntime(path: Path, threads: int) -> Counter[str]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feeds = {one.name: np.full(one.shape, 0.5, np.float32) for one in session.get_inputs()}
        for _ in range(RUNS + 1):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text())
    in_file = {one.name: one.kind for one in work(read_graph(path))}
    kernels = [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]
    spent: Counter[str] = Counter()
    for event in kernels[len(kernels) // (RUNS + 1) :]:  # the first run allocates
        kind = _kind(event["args"]["op_name"], partial(_convolution, event, in_file))
        spent[kind] += event["dur"] / 1000 / RUNS
    return spent


def _convolution(event: dict[str, Any], in_file: dict[str, str]) -> str:
    """By the weight's shape, which a fused convolution still shows, or by its name, which an int8 one keeps."""
    shapes = [next(iter(shape.values())) for shape in event["args"]["input_type_shape"]]
    if len(shapes) > 1 and len(shapes[1]) == 4:
        return "1×1 convolution" if shapes[1][2:] == [1, 1] else "depthwise convolution" if shapes[1][1] == 1 else "convolution"
    return in_file.get(re.sub(r"(_token_\d+)?_kernel_time$", "", event["name"]), "convolution")


def _openvino(candidate: Candidate, threads: int) -> Counter[str]:
    core = import_quietly().Core()
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
    options |= {"INFERENCE_PRECISION_HINT": RUNTIMES[candidate.runtime or ""], "PERF_COUNT": True}
    compiled = core.compile_model(core.read_model(candidate.path), "CPU", options)
    request = compiled.create_infer_request()
    feeds = [np.full(list(port.shape), 0.5, np.float32) for port in compiled.inputs]
    request.infer(feeds)
    spent: Counter[str] = Counter()
    for _ in range(RUNS):
        request.infer(feeds)
        for node in request.profiling_info:
            whole = "1×1 convolution" if "1x1" in node.exec_type else "convolution"
            kind = "depthwise convolution" if node.node_type == "GroupConvolution" else whole
            spent[_kind(node.node_type, partial(str, kind))] += node.real_time.total_seconds() * 1000 / RUNS
    return spent
