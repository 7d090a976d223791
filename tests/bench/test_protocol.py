from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mobile_inpaint.bench.measure.protocol import REST_S, measure, measure_in_turn


class FakeClock:
    """Stands still unless a run lets it go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def run_of(self, seconds: Iterator[float], seen: list[str], name: str) -> Callable[[int], np.ndarray]:
        def run(i: int) -> np.ndarray:
            seen.append(f"{name}{i}")
            self.now += next(seconds)
            return np.array([i])

        return run


def test_times_are_those_of_each_run_and_of_nothing_else() -> None:
    clock = FakeClock()
    run = clock.run_of(iter([0.9, 0.5, 0.020, 0.010, 0.0300001]), [], "a")

    def advance() -> None:
        clock.now += 7  # drawing a bar takes time, which is nobody's

    (timing,) = measure_in_turn([run], 2, 3, clock, advance)
    assert timing.warmup_ms == (900.0, 500.0)
    assert timing.times_ms == (20.0, 10.0, 30.0001)
    assert timing.completed


def test_several_are_measured_in_turn() -> None:
    clock, seen = FakeClock(), []
    quick = clock.run_of(iter([0.001] * 3), seen, "a")
    slow = clock.run_of(iter([0.004] * 3), seen, "b")
    first, second = measure_in_turn([quick, slow], 1, 2, clock)
    assert seen == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert (first.times_ms, second.times_ms) == ((1.0, 1.0), (4.0, 4.0))


def test_the_runtimes_threads_rest_before_each_run_where_there_are_several() -> None:
    clock, seen = FakeClock(), []
    subjects = [clock.run_of(iter([0.001] * 3), seen, name) for name in "ab"]

    def rest(seconds: float) -> None:
        seen.append(f"{seconds * 1000:.0f} ms")
        clock.now += seconds

    timings = measure_in_turn(subjects, 1, 2, clock, rest=rest)
    assert seen == [event for i in range(3) for name in "ab" for event in ("50 ms", f"{name}{i}")]
    assert {time for timing in timings for time in timing.times_ms} == {1.0}, "the rest is outside the timed span"
    seen.clear()
    measure_in_turn([clock.run_of(iter([0.001] * 3), seen, "a")], 1, 2, clock, rest=rest)
    assert seen == ["a0", "a1", "a2"]


def test_the_rest_is_really_waited_for() -> None:
    started = time.monotonic()
    measure_in_turn([lambda i: np.array([i])] * 2, 0, 2)
    assert time.monotonic() - started >= 4 * REST_S >= 0.2


@pytest.mark.parametrize("outputs", [[1, 1, 1], [1, 2, 2], [1]])
def test_an_output_that_does_not_change_with_the_input_proves_nothing(outputs: list[int]) -> None:
    assert not measure(lambda i: np.array([outputs[i]]), 0, len(outputs)).completed


def test_an_output_that_is_written_over_is_not_taken_for_one_that_stayed() -> None:
    buffer = np.zeros(4)

    def run(i: int) -> np.ndarray:
        buffer[:] = i % 2
        return buffer[1:3]

    assert measure(run, 1, 3).completed


def test_the_collector_waits_and_comes_back_even_after_a_failure() -> None:
    def run(i: int) -> np.ndarray:
        assert not gc.isenabled()
        raise ValueError

    with pytest.raises(ValueError):
        measure(run, 0, 1)
    assert gc.isenabled()


def test_the_meter_is_read_round_each_timed_run_and_starts_anew_now_and_then() -> None:
    readings = iter([0.0, 500.0, 500.0, 540.0, 540.0, 2.0, 2.0, 62.0])  # a run to warm up, 40, an overflow, 60 millijoules
    (timing,) = measure_in_turn([lambda i: np.array([i])], 1, 3, spent_mj=lambda: next(readings))
    assert timing.energy_mj == 50
    assert measure(lambda i: np.array([i]), 0, 2).energy_mj is None
