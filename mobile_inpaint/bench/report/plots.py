"""The record as charts: latency, memory, quality against latency, and the paper's phones beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mobile_inpaint.bench.record.fill_quality import lpips_by_file
from mobile_inpaint.bench.record.published import PublishedTiming, compare, published
from mobile_inpaint.bench.report.chart import Bar, Colour, Dot, bars, scatter
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.bench.report.tables import Machine, by_machine, newest

_COLOURS: dict[str | None, Colour] = {
    "fp32": "blue",
    "fp16": "teal",
    "w8a32": "green",
    "w8a16": "purple",
    "w8a8": "orange",
}
MEANS_NOTHING = "emulated: its times mean nothing"


def charts(reports: Sequence[LatencyReport]) -> Iterator[tuple[str, str, str]]:
    """For each chart its file's name, a caption and the SVG; one that nothing was measured for is left out."""
    own = newest(reports)
    if not own:
        return
    caption = (
        "Latency by device and precision: median, and from the 10th to the 90th percentile; each machine on its own scale."
    )
    yield "latency", caption, _latency(reports)
    if any(report.peak_mb for report in own):
        yield (
            "memory",
            "Memory: the most a fresh process held; the inner bar is what it still held after its runs.",
            _memory(reports),
        )
    for number, (device, dots) in enumerate(_qualities(reports)):
        caption = (
            f"Quality against latency on {device}: LPIPS to the truth in holes of an object's size; the fp32 generator's on "
            "the most photos judged, and each artifact's rise above it on its own. Down and left is better."
        )
        name = "quality" + (f"-{number + 1}" if number else "")
        yield name, caption, scatter(caption, "P50 ms", "LPIPS", dots)
    caption = "The paper's phones (MI-GAN, 256 px) beside ours. Grey cannot be compared, for the reason below it."
    yield "paper", caption, _paper(reports)


def _latency(reports: Sequence[LatencyReport]) -> str:
    names = _names(reports)
    groups = [(names[machine], [_latency_bar(report) for report in own]) for machine, own in by_machine(reports)]
    return bars("Latency by device and precision", groups, one_scale=False)


def _latency_bar(report: LatencyReport) -> Bar:
    its = report.statistics
    if report.machine.emulated_by:
        return Bar(_label(report), 0, f"{its.p50_ms:.0f} ms, not comparable", "grey", note=MEANS_NOTHING)
    if report.timed == "dispatch":
        length = 0 if report.may_be_unfinished else its.p50_ms
        note = "not comparable: completion was not shown"
        return Bar(_label(report), length, f"{its.p50_ms:.1f} ms until it came back", "grey", note=note)
    if report.agreement and not report.agreement.holds:
        wrong = f"computes wrongly: {report.agreement.psnr_db:.1f} dB, {report.agreement.required_db:g} are required"
        return Bar(_label(report), its.p50_ms, f"{its.p50_ms:.1f} ms", "grey", note=wrong)
    note = "random weights: timing only" if report.subject.timing_only else ""
    p10_ms = sorted(report.times_ms)[len(report.times_ms) // 10]
    return Bar(_label(report), its.p50_ms, f"{its.p50_ms:.1f} ms", colour_of(report), p10_ms, its.p90_ms, note=note)


def _memory(reports: Sequence[LatencyReport]) -> str:
    names, groups = _names(reports), []
    for machine, own in by_machine(reports):
        known = [report for report in own if report.peak_mb is not None]
        if known:
            groups.append((names[machine], [_memory_bar(report) for report in known]))
    return bars("Memory", groups)


def _memory_bar(report: LatencyReport) -> Bar:
    peak_mb, retained_mb = report.peak_mb or 0, report.retained_mb
    figure = f"{peak_mb:.0f} MB" + ("" if retained_mb is None else f", {retained_mb:.0f} kept")
    return Bar(_label(report), peak_mb, figure, colour_of(report), inner=retained_mb)


def _qualities(reports: Sequence[LatencyReport]) -> Iterator[tuple[str, list[Dot]]]:
    """The dots of each machine on which finished work of known quality was timed."""
    lpips, names = lpips_by_file(reports), _names(reports)
    for machine, own in by_machine(reports):
        known = [
            (report, lpips[report.subject.sha256])
            for report in own
            if report.subject.sha256 in lpips and report.timed == "completion" and not report.machine.emulated_by
        ]
        if len(known) > 1:
            yield names[machine], [_dot(report, own_lpips) for report, own_lpips in known]


def _dot(report: LatencyReport, lpips: float) -> Dot:
    p50_ms = report.statistics.p50_ms
    label = f"{_short(report)} by {report.runtime}: {p50_ms:.0f} ms, {lpips:.4f}"
    return Dot(label, p50_ms, lpips, colour_of(report))


def _paper(reports: Sequence[LatencyReport]) -> str:
    theirs = [_papers_bar(timing) for timing in published().timings if _is_papers(timing)]
    longest_ms = max(bar.value for bar in theirs)
    ours = [_bar_beside(report, longest_ms) for report in newest(reports) if report.subject.network is not None]
    return bars("The paper's phones beside ours", [("MI-GAN paper, ICCV 2023, 256 px", theirs), ("measured by us", ours)])


def _papers_bar(timing: PublishedTiming) -> Bar:
    spread = timing.std_ms or 0
    return Bar(timing.device_name, timing.ms, f"{timing.ms:.0f} ms", "brown", timing.ms - spread, timing.ms + spread)


def _bar_beside(report: LatencyReport, longest_ms: float) -> Bar:
    """Ours, grey with the fewest reasons of any of the paper's phones where none may stand beside it, and then cut there."""
    reasons = min((one.reasons for one in compare(report) if _is_papers(one.timing)), key=len)
    label = f"{report.machine.device}: {_label(report)}"
    if report.machine.emulated_by:
        return Bar(label, 0, "not comparable", "grey", note=MEANS_NOTHING)
    note = f"not comparable: {', '.join(reasons)}" if reasons else ""
    figure, p50_ms = f"{report.statistics.p50_ms:.1f} ms", report.statistics.p50_ms
    if reasons and p50_ms > longest_ms:  # it must not squeeze those that the chart is about
        return Bar(label, longest_ms, f"→ {figure}", "grey", note=note)
    return Bar(label, p50_ms, figure, "grey" if reasons else colour_of(report), note=note)


def _is_papers(timing: PublishedTiming) -> bool:
    return timing.source == "paper" and timing.network == "migan"


def colour_of(report: LatencyReport) -> Colour:
    """One for each precision; brown is other people's."""
    return _COLOURS.get(report.subject.precision, "brown")


def _names(reports: Sequence[LatencyReport]) -> dict[Machine, str]:
    """What each machine is called: by its system too where two are alike but for that."""
    short = {machine: f"{machine[0]} ({machine[1]}, {machine[2]})" for machine, _ in by_machine(reports)}
    met = Counter(short.values())
    return {machine: name if met[name] == 1 else f"{name[:-1]}, {machine[3]})" for machine, name in short.items()}


def _short(report: LatencyReport) -> str:
    """The network, and what of the file's name its checkpoint does not say."""
    subject = report.subject
    rest = subject.name.removeprefix(f"{subject.checkpoint}-")
    return f"{subject.network} {rest}" if subject.network and rest != subject.name else rest


def _label(report: LatencyReport) -> str:
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    return f"{_short(report)} · {report.runtime}, {report.accelerator}, {threads}"
