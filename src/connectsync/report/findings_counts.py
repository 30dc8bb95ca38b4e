"""Many findings in a few lines: the rules that found most, and what is not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connectsync.domain.counting import many
from connectsync.domain.finding import Finding, Severity
from connectsync.report.style import Paint, Style, inert, style_of

MANY = 50
"""Findings up to which they can be counted by looking at them."""

TOP = 10
"""Rules that are named; the rest is one line, with its count."""

ALL_OF_THEM = "`--output FILE` or `--format json` has all"


def by_rule(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """Count many findings by rule, the one that found most first."""
    if len(findings) <= MANY:
        return
    severities = {one.rule: one.severity for one in findings}
    counts = Counter[str]()
    for one in findings:
        counts[one.rule] += one.stands_for
    ranked = sorted(counts, key=lambda rule: (-counts[rule], rule))
    # one more is no longer than the line that says that there is one more
    named = ranked if len(ranked) == TOP + 1 else ranked[:TOP]
    room = len(f"{counts[ranked[0]]:,}")
    for rule in named:
        severity = severities[rule]
        word = paint(style_of(severity), severity.value)
        gap = " " * (SEVERITY_ROOM - len(severity.value))
        yield f"{counts[rule]:>{room},}  {word}{gap}  {inert(rule)}"
    if rest := ranked[len(named) :]:
        found = sum(counts[rule] for rule in rest)
        yield paint(Style.DIM, f"{found:>{room},}  of {len(rest)} other rules")


SEVERITY_ROOM = max(len(severity.value) for severity in Severity)


def worst(findings: Sequence[Finding], most: int | None) -> tuple[Finding, ...]:
    """Give at most so many findings, the worst, in the order in which they came."""
    if most is None or len(findings) <= most:
        return tuple(findings)
    ranked = sorted(range(len(findings)), key=lambda at: findings[at].severity.rank)
    return tuple(findings[at] for at in sorted(ranked[:most]))


def unshown(findings: Sequence[Finding], shown: Sequence[Finding]) -> str:
    """Say how many findings are not shown, of which severity; empty if none."""
    counts = Counter[Severity]()
    for one in findings:
        counts[one.severity] += one.stands_for
    for one in shown:
        counts[one.severity] -= one.stands_for
    left = counts.total()
    if not left:
        return ""
    kinds = [
        many(counts[severity], severity.value)
        for severity in Severity
        if counts[severity]
    ]
    return f"… and {left:,} more: {', '.join(kinds)}; {ALL_OF_THEM}"
