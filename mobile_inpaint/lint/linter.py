"""What a phone will refuse of a model file, foreseen without one: placement by rules, float16 headroom by running photos."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import CapabilityMissing, ManifestError, ProviderNotFound
from mobile_inpaint.lint.fp16_range import HEADROOM, LARGEST, Headroom, measure_headroom
from mobile_inpaint.lint.rules import Provider, Rule, Rulebook, Severity, rulebook
from mobile_inpaint.targets.graph import Graph, Op
from mobile_inpaint.targets.registry import target_of

NO_RULES = "no rules for this format"
FLOAT16 = "float16"
"""Stands for a provider in findings that concern all that compute in float16."""


@dataclass(frozen=True)
class Finding:
    """Something that a provider refuses or makes slow.

    Attributes:
        severity: ``error`` costs the provider's purpose, ``warning`` costs speed.
        provider: its name, or ``float16``.
        rule: the rule's name; ``not-taken`` where the provider does not know the operation.
        where: types of the operations concerned, counted; empty for tensors.
        names: of the operations or tensors.
        reason, rewrite, source: as in the rule.
    """

    severity: Severity
    provider: str
    rule: str
    where: dict[str, int]
    names: tuple[str, ...]
    reason: str
    rewrite: str
    source: str


@dataclass(frozen=True)
class Placement:
    """How much of a file a provider runs.

    Attributes:
        provider: its name.
        title: its full name.
        ops: operations in the file, those aside that are computed when it is loaded.
        placed: how many of them the provider runs.
        segments: runs of consecutive operations among those; each border is a handover to the CPU and back.
    """

    provider: str
    title: str
    ops: int
    placed: int
    segments: int

    @property
    def summary(self) -> str:
        """For example ``gpu 202/208 in 3 segments``."""
        return f"{self.provider} {self.placed}/{self.ops}" + (f" in {self.segments} segments" if self.segments > 1 else "")


@dataclass(frozen=True)
class Report:
    """What lint has to say of a file.

    Attributes:
        file: its name.
        placements: one a provider; none where there are no rules for the format.
        findings: errors first.
        headroom: for float16.
    """

    file: str
    placements: tuple[Placement, ...]
    findings: tuple[Finding, ...]
    headroom: Headroom

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line: ``lint: 0 errors, 2 warnings; gpu 208/208, xnnpack 207/208 in 2 segments``."""
        if not self.placements:
            return f"lint: {NO_RULES}"
        counted = f"{_count(self.errors, 'error')}, {_count(len(self.findings) - self.errors, 'warning')}"
        return f"lint: {counted}; {', '.join(placement.summary for placement in self.placements)}"


def lint_artifact(path: Path, providers: Sequence[str] = (), *, run: bool = True) -> Report:
    """What the rules and the golden photos say of the file at ``path``, ours or not.

    Args:
        path: of any target's format; no manifest is needed. Where a target has no rules, there are no placements.
        providers: names of those that matter; all that know the format where empty.
        run: false to leave the photos out.

    Raises:
        ManifestError: no such file, or not a model.
        ProviderNotFound: no file of this format runs on it.
        ToolchainMissing: what reads or runs the format is not installed.
    """
    if not path.exists():
        raise ManifestError(f"{path}: no such file")
    target = target_of(path)
    try:
        book = rulebook(target)
    except CapabilityMissing:
        if providers:
            raise ProviderNotFound(providers[0], ()) from None
        return Report(path.name, (), (), Headroom(0, NO_RULES, {}, {}))
    graph = target.read_graph(path)
    chosen = _providers(book, providers)
    headroom = measure_headroom(path, graph, run=run)
    placements, findings = [], _of_headroom(headroom)
    for provider in chosen:
        placement, found = _place(provider, book, graph)
        placements.append(placement)
        findings += found
    findings.sort(key=lambda finding: finding.severity != "error")  # and otherwise by provider, as they come
    return Report(path.name, tuple(placements), tuple(findings), headroom)


def _providers(book: Rulebook, names: Sequence[str]) -> list[Provider]:
    known = {provider.name: provider for provider in book.providers}
    if unknown := [name for name in names if name not in known]:
        raise ProviderNotFound(unknown[0], known)
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _place(provider: Provider, book: Rulebook, graph: Graph) -> tuple[Placement, list[Finding]]:
    held = [(rule, ops) for rule in provider.rules if (ops := [op for op in graph.run if rule.holds(op, graph)])]
    refused = {id(op) for rule, ops in held if rule.refuses == "op" for op in ops}
    unknown = collections.defaultdict(list)
    for op in graph.run:
        if provider.ops and op.type not in provider.ops and id(op) not in refused:
            unknown[book.rewrites.get(op.type, provider.rewrite)].append(op)
    findings = [_finding(provider, rule, ops) for rule, ops in held]
    for rewrite, ops in unknown.items():
        rule = Rule("not-taken", provider.reason, rewrite, provider.source)
        findings.append(_finding(provider, rule, ops))
        refused.update(map(id, ops))
    segments = [len(list(run)) for taken, run in itertools.groupby(graph.run, lambda op: id(op) not in refused) if taken]
    if any(rule.refuses == "file" for rule, _ in held):
        segments = []
    elif provider.segments == "one" and segments:
        segments = [max(segments)]
    return Placement(provider.name, provider.title, len(graph.run), sum(segments), len(segments)), findings


def _finding(provider: Provider, rule: Rule, ops: Sequence[Op]) -> Finding:
    counted = dict(collections.Counter(op.type for op in ops).most_common())
    names = tuple(op.name for op in ops)
    severity = rule.severity or provider.fallback
    return Finding(severity, provider.name, rule.name, counted, names, rule.reason, rule.rewrite, rule.source)


def _of_headroom(headroom: Headroom) -> list[Finding]:
    source = "IEEE 754, binary16: largest 65504, smallest normal 6.1e-5"
    rescale = "fold a power of two out of the layer before and into the one behind"
    near = {name: value for name, value in headroom.largest.items() if value * HEADROOM > LARGEST}
    beyond = tuple(name for name, value in near.items() if value > LARGEST)
    within = tuple(name for name in near if name not in beyond)
    findings = []
    for severity, rule, names, reason in (
        ("error", "overflow", beyond, "becomes infinite in float16: up to {:.4g}"),
        ("warning", "headroom", within, "comes within a factor of ten of float16's largest number: up to {:.4g}"),
    ):
        if names:
            said = reason.format(near[names[0]])
            findings.append(Finding(severity, FLOAT16, rule, {}, names, said, rescale, source))  # type: ignore[arg-type]
    if headroom.lost:
        said = f"is so small that float16 rounds up to {max(headroom.lost.values()):.0%} of it away"
        findings.append(Finding("warning", FLOAT16, "underflow", {}, tuple(headroom.lost), said, rescale, source))
    return findings


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
