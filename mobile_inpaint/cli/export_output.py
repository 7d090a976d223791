"""What ``export`` and ``verify`` print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.quantization.mixed_precision import Search


def report(artifacts: list[Artifact], *, json: bool) -> None:
    """Prints what was made or verified: tables, or with ``json`` the manifests."""
    if json:
        from mobile_inpaint import schema

        console.emit([{"path": str(each.path), "manifest": schema.dump(each.manifest)} for each in artifacts])
        return
    rows, verified = [], []
    for each in artifacts:
        result = each.manifest.verification
        assert result is not None
        verified.append(result)
        rows.append(
            (
                str(each.path),
                f"{each.manifest.bytes / 1e6:.1f}",
                sum(each.manifest.ops.values()),
                console.verdict(f"{result.worst_psnr_db:.1f} ≥ {result.required_db:.0f}", True),
                console.verdict(*(("exact", True) if result.outside_max_abs_error == 0 else ("changed", False))),
            )
        )
    console.table(("artifact", "MB", "ops", "in-hole dB", "outside"), rows)
    for by in dict.fromkeys(f"{each.runtime}, computing in {each.computes_in}" for each in verified):
        console.say(f"verified by {by}")
    for each in artifacts:
        _report_quality(each)


def _report_quality(artifact: Artifact) -> None:
    quality = artifact.manifest.quality
    if quality is None:
        return
    console.say("")
    verdict = f"fails: {'; '.join(quality.misses)}" if quality.misses else "passes"
    console.say(f"{artifact.path.name}: {verdict}", "bad" if quality.misses else "good")
    rows = [
        (
            one.slice,
            one.crops,
            f"{one.lpips:.4f}",
            f"{one.lpips_rise:+.4f} ({one.lpips_rise_interval[0]:+.4f} to {one.lpips_rise_interval[1]:+.4f})",
            f"{one.dists:.4f} ({one.dists_rise:+.4f})" if one.dists is not None else "-",
        )
        for one in quality.slices
    ]
    console.table(("holes", "crops", "LPIPS", "rise over fp32 (95 %)", "DISTS (rise)"), rows)
    console.say("")
    to_fp32 = [
        (one.slice, f"{one.lpips_to_fp32:.4f}", f"{one.psnr_to_fp32_db:.1f}", f"{one.seam_delta_e_rise:+.2f}")
        for one in quality.slices
    ]
    console.table(("holes", "LPIPS to fp32", "dB to fp32", "seam ΔE rise"), to_fp32)


def report_search(found: Search, kept: Path) -> None:
    """Prints the sensitivities and the mix; the JSON file ``kept`` holds them, with a plot beside it."""
    chosen, worst = found.chosen, sorted(found.groups, key=lambda group: -group.sensitivity)
    rows = [
        (each.name, f"{each.sensitivity:.4f}", f"{each.work:.1%}", "float" if each.name in chosen.float_groups else "int8")
        for each in worst
    ]
    console.table(("layers", "LPIPS to all float when alone int8", "share of work", "chosen"), rows)
    console.say(
        f"mix: {len(chosen.float_groups)} of {len(found.groups)} groups float, {chosen.float_work:.1%} of the work; "
        f"LPIPS {chosen.rises} (allowed +{found.max_rise_object:g}, +{found.max_rise_free:g})"
    )
    console.note(f"sensitivities and mixes: {kept}, {kept.with_suffix('.png')}")
