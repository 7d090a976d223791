from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mobile_inpaint.artifact import Quality, SliceQuality
from mobile_inpaint.bench.record.fill_quality import lpips_by_file
from mobile_inpaint.bench.record.select import Bounds, options
from mobile_inpaint.bench.report.latency_report import Agreement, LatencyReport
from mobile_inpaint.errors import BenchError

Report = Callable[..., LatencyReport]


@pytest.fixture
def on(report: Report) -> Callable[..., LatencyReport]:
    """``on(device, name, ms, mb, lpips, rise, crops, **changes)``: an artifact measured there."""

    def make(
        device: str, name: str, ms: float, mb: float, lpips: float, rise: float = 0.0, crops: int = 13, **changes: object
    ) -> LatencyReport:
        one = SliceQuality("object", crops, lpips, rise, (rise, rise), None, None, 0.0, 40.0, 20.0, 0.0)
        subject = replace(
            report().subject,
            name=name,
            sha256=name.ljust(64, "0"),
            bytes=round(mb * 1e6),
            quality=Quality("photos", ("LPIPS",), (one,), 0.002, 0.008),
        )
        return report(subject=subject, machine=replace(report().machine, device=device), times_ms=(ms,) * 12, **changes)

    return make


def test_the_best_fills_within_the_bounds_and_of_equal_ones_the_smaller(on: Callable[..., LatencyReport]) -> None:
    measured = [
        on("pixel-8a", "fp32", 80, 28, 0.0370),
        on("pixel-8a", "fp16", 80, 16, 0.0372, 0.0002),
        on("pixel-8a", "w8a8", 30, 8, 0.0388, 0.0018),
        on("galaxy-s25", "fp16", 10, 16, 0.0372, 0.0002),
    ]
    assert [option.slowest.subject.name for option in options(measured, Bounds("phone-mid"))] == ["fp16", "fp32", "w8a8"]
    best, *others = options(measured, Bounds("phone-mid", max_ms=50, max_mb=20))
    assert best.slowest.subject.name == "w8a8" and best.misses == ()
    assert [option.misses for option in others] == [("80.0 ms",), ("80.0 ms", "28.0 MB")]


def test_what_was_judged_on_other_photos_is_brought_onto_the_same_footing(on: Callable[..., LatencyReport]) -> None:
    few = on("pixel-8a", "fp32", 80, 28, 0.037), on("pixel-8a", "other", 80, 28, 0.012)
    many = on("pixel-8a", "w8a8", 30, 8, 0.043, 0.0017, crops=59)
    few = few[0], replace(few[1], subject=replace(few[1].subject, checkpoint="another"))
    found = lpips_by_file([*few, many, replace(few[0], subject=replace(few[0].subject, sha256="0" * 64, quality=None))])
    assert found == pytest.approx({"fp32".ljust(64, "0"): 0.0413, "other".ljust(64, "0"): 0.012, "w8a8".ljust(64, "0"): 0.043})


def test_it_must_keep_the_bounds_on_every_device_of_the_class_by_its_fastest_unit(on: Callable[..., LatencyReport]) -> None:
    measured = [
        on("pixel-8a", "fp16", 300, 16, 0.037, accelerator="cpu"),
        on("pixel-8a", "fp16", 40, 16, 0.037, accelerator="gpu"),
        on("pixel-6a", "fp16", 70, 16, 0.037, accelerator="gpu"),
    ]
    (option,) = options(measured, Bounds("phone-mid", max_ms=60))
    assert option.slowest.machine.device == "pixel-6a" and option.misses == ("70.0 ms",)
    assert {report.accelerator for report in option.reports} == {"gpu"}


def test_a_computer_is_told_from_another_by_its_chip(on: Callable[..., LatencyReport]) -> None:
    old, new = on("host", "fp16", 300, 16, 0.037), on("host", "fp16", 40, 16, 0.037)
    new = replace(new, machine=replace(new.machine, chip="a faster one"))
    (option,) = options([new, old], Bounds("host", max_ms=100))
    assert option.slowest.machine.chip == old.machine.chip and option.misses == ("300.0 ms",)


def test_a_hosts_figure_is_never_a_phones(on: Callable[..., LatencyReport]) -> None:
    measured = [on("host", "fp16", 1, 1, 0.037), on("browser", "fp16", 1, 1, 0.037), on("android", "fp16", 1, 1, 0.037)]
    with pytest.raises(
        BenchError, match=r"^no artifact was measured on a device of class phone-mid \(.*pixel-8a.*which stands for none"
    ):
        options(measured, Bounds("phone-mid", 100, 20))
    (option,) = options(measured, Bounds("host", 100, 20))
    assert option.misses == ()


def test_what_recommends_nothing_is_never_chosen(on: Callable[..., LatencyReport]) -> None:
    whole = on("pixel-8a", "whole", 10, 8, 0.037)
    for flawed, why in (
        (replace(whole, subject=replace(whole.subject, timing_only=True)), "random weights"),
        (replace(whole, machine=replace(whole.machine, emulated_by="qemu")), "emulated, its times mean nothing"),
        (replace(whole, timed="dispatch", accelerator="gpu"), "completion was not shown"),
        (on("pixel-8a", "short", 10, 8, 0.05, rise=0.01), "its fills fall short"),
        (replace(whole, agreement=Agreement("golden vector", 12.0, 0.9, 50.0)), "computes wrongly there"),
    ):
        (option,) = options([flawed], Bounds("phone-mid"))
        assert option.misses == (why,)


def test_a_tool_that_shows_no_completion_is_believed_of_a_cpu_alone(on: Callable[..., LatencyReport]) -> None:
    (option,) = options([on("pixel-8a", "a", 10, 8, 0.037, timed="dispatch", accelerator="cpu")], Bounds("phone-mid"))
    assert option.misses == ()


def test_a_bound_on_what_nobody_measured_is_not_kept(on: Callable[..., LatencyReport]) -> None:
    (option,) = options([on("pixel-8a", "a", 10, 8, 0.037, cold_starts=())], Bounds("phone-mid", max_peak_mb=500))
    assert option.misses == ("MB of memory unknown",)
