from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mobile_inpaint.bench.devices.registry import list_devices
from mobile_inpaint.bench.record.published import compare, differences, published
from mobile_inpaint.bench.report.latency_report import Agreement, LatencyReport

PAPER = {  # ICCV 2023: mean and deviation at 256 px
    ("migan", "iphone-7"): (1030.25, 13.37),
    ("migan", "iphone-x"): (630.80, 12.21),
    ("migan", "ipad-mini-5"): (552.40, 8.10),
    ("migan", "iphone-14-pro-max"): (296.00, 1.35),
    ("migan", "galaxy-tab-s7-plus"): (686.17, 12.36),
    ("migan", "galaxy-s8"): (1476.40, 5.98),
    ("migan", "vivo-y12"): (2918.08, 33.47),
    ("comodgan", "iphone-7"): (4475.33, 39.55),
    ("comodgan", "iphone-x"): (2746.00, 28.84),
    ("comodgan", "ipad-mini-5"): (2686.17, 41.41),
    ("comodgan", "iphone-14-pro-max"): (1374.40, 84.78),
}


def test_the_papers_table_is_complete() -> None:
    rows = {(row.network, row.device): row for row in published().timings if row.source == "paper"}
    assert {key: (row.ms, row.std_ms) for key, row in rows.items()} == PAPER
    assert all(row.size_px == 256 and row.timed == "network" for row in rows.values())
    assert all(row.device in list_devices() for row in rows.values())


def test_every_figure_stands_in_its_quote_and_has_a_source() -> None:
    for row in published().timings:
        assert row.source in published().sources
        figures = {f"{row.ms:.2f}", f"{row.ms:.1f}", f"{row.ms:.0f}"}
        assert any(figure in row.quote for figure in figures), row
    assert {row.source for row in published().timings} == set(published().sources)


Report = Callable[..., LatencyReport]


@pytest.fixture
def on_phone(report: Report) -> LatencyReport:
    """As though the paper's network had been measured on one of the paper's phones."""
    return report(
        subject=replace(report().subject, size_px=256), machine=replace(report().machine, device="iphone-7"), threads=1
    )


def test_the_same_network_on_the_same_device_at_the_same_size_compares(on_phone: LatencyReport) -> None:
    beside = compare(on_phone)
    assert not beside[0].reasons, "comparable rows come first"
    assert (beside[0].timing.network, beside[0].timing.device) == ("migan", "iphone-7")
    assert beside[0].verdict == "yes: ours takes 0.10 of the time"
    assert all(comparison.reasons for comparison in beside[1:])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: replace(r, timed="dispatch"), "completion not shown here"),
        (lambda r: replace(r, subject=replace(r.subject, size_px=512)), "256 px there, 512 px here"),
        (lambda r: replace(r, subject=replace(r.subject, network="other-256")), "another network"),
        (lambda r: replace(r, subject=replace(r.subject, network=None)), "our file does not say which network it is"),
        (lambda r: replace(r, machine=replace(r.machine, device="host")), "another device"),
        (lambda r: replace(r, agreement=Agreement("golden vector", 12.0, 0.9, 50.0)), "computes wrongly here"),
        (
            lambda r: replace(r, machine=replace(r.machine, emulated_by="qemu")),
            "an emulated machine here, whose times mean nothing",
        ),
    ],
)
def test_what_differs_is_said(on_phone: LatencyReport, change: Callable[[LatencyReport], LatencyReport], reason: str) -> None:
    (row,) = [one for one in compare(change(on_phone)) if (one.timing.network, one.timing.device) == ("migan", "iphone-7")]
    assert row.reasons == (reason,)
    assert row.verdict == f"no: {reason}"


def test_nothing_published_compares_with_this_machine(report: Report) -> None:
    assert all(comparison.reasons for comparison in compare(report()))


def test_the_disputed_six_milliseconds_never_compare(report: Report) -> None:
    phone = report(machine=replace(report().machine, device="pixel-8a"), accelerator="gpu")
    (row,) = [one for one in compare(phone) if one.timing.device == "pixel-8a"]
    assert row.timing.ms == 6 and row.reasons == ("unknown what was timed there",)


def test_two_reports_compare_when_only_the_file_differs(report: Report) -> None:
    assert differences(report(), report(times_ms=(1.0,))) == ()
    assert differences(report(threads=4), report()) == ("threads 2 there, 4 here",)
