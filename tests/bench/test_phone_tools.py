from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.bench.android import benchmark_model, perf_test
from mobile_inpaint.bench.android.tool import check_runs_on
from mobile_inpaint.bench.report.latency_report import Series
from mobile_inpaint.errors import BenchError

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


def test_first_generation_says_that_the_gpu_took_all() -> None:
    session = benchmark_model.read(recorded("benchmark_model_2020_gpu"), "", 1, "gpu")
    assert session.start.load_ms == 1451.507 and session.start.first_ms == 11.147
    assert session.start.peak_bytes == round(63.4883 * 2**20)
    assert session.warmup_ms == (8.7797,) and session.times_ms == (8.6803,)
    assert session.series == Series(110, 0.591, 7.863, 10.688)  # and not those of the profiler below
    assert session.delegated == "all" and session.placement is None


def test_second_generation_writes_large_numbers_with_exponents() -> None:
    session = benchmark_model.read(recorded("benchmark_model_2021_cpu"), "", 1, "cpu")
    assert session.times_ms == (2950.34,) and session.warmup_ms == (3512.391,)
    assert session.series == Series(50, 109.798, 2727.568, 3189.954)
    assert session.start.peak_bytes == round(46.0859 * 2**20)
    assert session.delegated is None and session.placement is None


def test_third_generation_counts_the_operations_that_the_gpu_took() -> None:
    session = benchmark_model.read(recorded("benchmark_model_2024_gpu_partial"), "", 1, "gpu")
    assert session.series == Series(25, 6.003, 299.074, 324.703, 305.582, 313.707)
    assert session.delegated == "some" and session.placement == {"gpu": 54, "cpu": 505}


def test_a_delegate_that_takes_nothing_is_noticed() -> None:
    output = recorded("benchmark_model_2024_gpu_and_nnapi")
    gpu, nnapi = (benchmark_model.read(output, "", 1, unit) for unit in ("gpu", "nnapi"))
    assert gpu.delegated == "all" and gpu.placement == {"gpu": 49, "cpu": 0}
    assert nnapi.delegated == "none" and nnapi.placement == {"npu": 0, "cpu": 49}
    silent = benchmark_model.read(recorded("benchmark_model_2021_cpu"), "", 1, "gpu")
    assert silent.delegated == "none" and silent.placement is None


def test_through_android_s_log() -> None:
    session = benchmark_model.read(recorded("benchmark_model_2025_logcat"), "", 3, "cpu")
    assert session.times_ms == (145.528,) and session.series == Series(25, 13.583, 140.071, 195.121, 141.253, 187.533)
    assert session.placement == {"cpu": 548}


def test_no_warm_up_and_no_memory() -> None:
    output = recorded("benchmark_model_2021_cpu")
    output = output.replace("count=1 curr=3512391", "count=0").replace("init=4.21094 overall=46.0859", "init=0 overall=0")
    session = benchmark_model.read(output, "", 0, "cpu")
    assert session.warmup_ms == () and session.start.peak_bytes is None


@pytest.mark.parametrize("lines", [0, 9, 12])
def test_an_output_that_breaks_off_is_refused(lines: int) -> None:
    output = "\n".join(recorded("benchmark_model_2021_cpu").splitlines()[:lines])
    with pytest.raises(BenchError, match="holds no timings"):
        benchmark_model.read(output, "", 1, "cpu")


def test_onnx_runtime_keeps_every_time() -> None:
    lines = "".join(f"model,{0.09 + i / 1000},271122432,11,{i}\n" for i in range(5))
    session = perf_test.read(recorded("onnxruntime_perf_test"), lines + "\nMin Latency is 0.09sec\n", 2, "cpu")
    assert session.warmup_ms == (90.0, 91.0) and session.times_ms == (92.0, 93.0, 94.0)
    assert session.start.load_ms == 217.932 and session.start.first_ms == 196.0 and session.start.peak_bytes == 271122432
    assert session.series is None
    with pytest.raises(BenchError, match="holds no timings"):
        perf_test.read(recorded("onnxruntime_perf_test"), "", 2, "cpu")


def test_a_program_for_another_processor_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    program = tmp_path / "benchmark_model"
    with pytest.raises(BenchError, match="no such program"):
        check_runs_on(program, "arm64-v8a")
    program.write_bytes(b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little"))
    check_runs_on(program, "x86_64")
    with pytest.raises(BenchError, match="built for x86_64, the phone runs arm64-v8a,armeabi-v7a"):
        check_runs_on(program, "arm64-v8a,armeabi-v7a")
    program.write_text("#!/bin/sh\n")
    check_runs_on(program, "arm64-v8a")
