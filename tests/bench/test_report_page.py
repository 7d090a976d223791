from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mobile_inpaint.artifact import Quality, SliceQuality
from mobile_inpaint.bench.report.chart import WIDTH, Bar, Dot, bars, scatter
from mobile_inpaint.bench.report.latency_report import Agreement, LatencyReport
from mobile_inpaint.bench.report.page import html
from mobile_inpaint.bench.report.plots import charts

Report = Callable[..., LatencyReport]
SVG = "{http://www.w3.org/2000/svg}"


def quality(lpips: float) -> Quality:
    one = SliceQuality("object", 13, lpips, 0.0, (0.0, 0.0), None, None, 0.0, 40.0, 20.0, 0.0)
    return Quality("photos", ("LPIPS",), (one,), 0.002, 0.008)


@pytest.fixture
def reports(report: Report) -> list[LatencyReport]:
    """Two judged artifacts on the host, one of them on the paper's phone at its size, one on an emulated machine."""
    a = report(subject=replace(report().subject, quality=quality(0.037)))
    b = replace(
        a, subject=replace(a.subject, name="b-w8a8.onnx", precision="w8a8", quality=quality(0.043)), times_ms=(50.0,) * 4
    )
    phone = replace(a, machine=replace(a.machine, device="iphone-7", chip="A10"), subject=replace(a.subject, size_px=256))
    emulated = replace(a, machine=replace(a.machine, device="arm64", emulated_by="qemu 7.2"), times_ms=(4444.0,) * 4)
    return [a, b, phone, emulated]


def test_charts_are_xml_and_the_same_each_time(reports: list[LatencyReport]) -> None:
    drawn = list(charts(reports))
    assert [name for name, _, _ in drawn] == ["latency", "memory", "quality", "paper"]
    assert drawn == list(charts(reports[::-1]))
    for _, _, svg in drawn:
        assert ElementTree.fromstring(svg).tag == f"{SVG}svg"


def test_what_was_never_judged_or_weighed_has_no_chart(report: Report) -> None:
    assert [name for name, _, _ in charts([report(cold_starts=())])] == ["latency", "paper"]
    assert list(charts([])) == []


def test_what_cannot_be_compared_is_grey_with_the_reason(reports: list[LatencyReport]) -> None:
    paper = {name: svg for name, _, svg in charts(reports)}["paper"]
    ours = paper.partition("measured by us")[2]
    on_host, on_phone = ours.partition("iphone-7: migan-512 fp32.onnx")[::2]
    assert on_host.count("not comparable: another device, 256 px there, 512 px here") == 2 and "var(--blue)" not in on_host
    assert "var(--blue)" in on_phone and "not comparable" not in on_phone.partition("</text>\n<rect")[0]


def test_an_emulators_times_are_never_drawn(reports: list[LatencyReport]) -> None:
    for name, _, svg in charts(reports):
        assert name == "memory" or "emulated" in svg or "4444" not in svg
        for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
            assert float(rect.get("width", "0")) <= WIDTH + 12, "no bar of 4444 ms stretches the scale"
    latency = next(svg for name, _, svg in charts(reports) if name == "latency")
    assert "emulated: its times mean nothing" in latency


def test_what_cannot_be_compared_does_not_squeeze_the_papers_bars(report: Report) -> None:
    drawn = [{name: svg for name, _, svg in charts([report(times_ms=(ms,) * 9)])}["paper"] for ms in (2000.0, 90_000.0)]
    usual, slow = ([float(one.get("width", "0")) for one in ElementTree.fromstring(svg).iter(f"{SVG}rect")] for svg in drawn)
    assert slow[1:8] == pytest.approx(usual[1:8], rel=0.15) and "→ 90000.0 ms" in drawn[1]


def test_wrong_work_and_unfinished_work_are_grey(report: Report) -> None:
    for flawed, why in (
        (report(agreement=Agreement("golden vector", 12.0, 0.9, 50.0)), "computes wrongly: 12.0 dB, 50 are required"),
        (report(timed="dispatch", accelerator="gpu"), "not comparable: completion was not shown"),
        (report(timed="dispatch"), "not comparable: completion was not shown"),
    ):
        latency = next(charts([flawed]))[2]
        assert why in latency and "var(--blue)" not in latency


def test_bars_share_a_scale_and_whiskers_stand_on_it() -> None:
    svg = ElementTree.fromstring(bars("t", [("g", [Bar("a", 50, "50", "blue"), Bar("b", 100, "100", "teal", 90, 200)])]))
    widths = [float(rect.get("width", "0")) for rect in svg.iter(f"{SVG}rect") if rect.get("class") is None]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.1)


def test_the_longest_figure_finds_room_and_groups_may_have_their_own_scale() -> None:
    groups = [("slow", [Bar("a", 24000, "24000 ms", "blue")]), ("fast", [Bar("b", 100, "100.0 ms, the fast one", "teal")])]
    for one_scale in (True, False):
        svg = ElementTree.fromstring(bars("t", groups, one_scale=one_scale))
        slow, fast = (float(rect.get("width", "0")) for rect in svg.iter(f"{SVG}rect") if rect.get("class") is None)
        assert slow > 300 and (fast < 2) == one_scale
        assert all(float(text.get("x", "0")) + 6 * len(text.text or "") < WIDTH + 6 for text in svg.iter(f"{SVG}text"))


@pytest.mark.parametrize("most", [0.037, 1, 5, 9.99, 100, 1234])
def test_dots_stay_between_the_axes(most: float) -> None:
    svg = ElementTree.fromstring(scatter("t", "x", "y", [Dot("a", most, most / 3, "blue"), Dot("b", most / 7, most, "teal")]))
    for circle in list(svg.iter(f"{SVG}circle"))[::2]:  # every other is in the list below
        assert 44 <= float(circle.get("cx", "0")) <= WIDTH and 8 <= float(circle.get("cy", "0")) <= 232


class Links(HTMLParser):
    """What a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "link", "iframe", "object", "embed"):
            self.loads.append(tag)
        self.loads += [name for name, _ in attributes if name == "src" or name.startswith("on")]


def test_the_page_needs_nothing_else_and_runs_nothing(reports: list[LatencyReport]) -> None:
    page = html(reports)
    links = Links()
    links.feed(page)
    assert links.loads == [] and "url(" not in page and "@import" not in page
    for text in (
        "prefers-color-scheme: dark",
        "width=device-width",
        "iPhone 7",
        "b-w8a8.onnx",
        "none stands for another device",
    ):
        assert text in page


def test_what_a_file_is_called_is_text_and_nothing_else(report: Report) -> None:
    evil = "<script>alert(1)</script>.onnx"
    page = html([report(subject=replace(report().subject, name=evil), warnings=("<b>&",))])
    assert "<script" not in page and "&lt;script&gt;" in page and "&lt;b&gt;&amp;" in page
