"""
A fleet whose every free text is out to do harm, wherever it is shown.

``WICKED`` holds what people, or those who pretend to be some, could write into names,
reasons and labels; ``wicked_report`` and ``wicked_plan`` carry each of them in every
field that holds foreign text.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    GuardFinding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.domain.outcome import (
    DistrictResult,
    Reason,
    ReasonKind,
    ReconcileReport,
    Result,
)
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    PlannedChange,
    Save,
)
from connectsync.domain.settings import Add, Set
from connectsync.providers.form import Risk

WICKED = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</td></table></details><h1>done</h1>",
    "&lt;b&gt; &#64;everyone &amp;",
    "<!-- --><details><summary>",
    "::error::gotcha",
    "   ::error file=a.yaml,line=1::gotcha",
    "\n::stop-commands::pause",
    "a%0A::error::b %25 %0D%3A%2C",
    "a,title=b::c",
    "##[error]gotcha ##vso[task.complete] ##teamcity[x]",
    " ".join(["::warning::again"] * 30),
    "`code` ``more`` ```\nfence\n```",
    "`",
    "``` ::error:: ```",
    "a | b || c \\| d \\\\| e \\",
    "|---|---|\n| a | b |",
    "\\",
    "\\`x\\`",
    "[link](https://evil.test) ![image](https://evil.test/x.png)",
    "[link\\](1) [link\\\\](1)",
    "[1]: https://evil.test\n[text][1] [text](1) {0} {1} {{2}}",
    "https://evil.test HTTP://EVIL.TEST www.evil.test ftp://evil.test",
    "<https://evil.test> <a@evil.test> mailto:a@evil.test",
    "@everyone @org/team #1 GH-1 org/repo#1 !1 ~label $x^2$ :tada:",
    "**bold** __bold__ *it* _it_ ~~gone~~ # heading",
    "# heading\n- item\n1. item\n> quote\n---\n***",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x1b[31mred\x1b]8;;https://evil.test\x07link\x1b]8;;\x07\x1b[2J",
    "\x00\x01\x07\x08\x0b\x0c\x0e\x7f\x85\x9b",
    "a\r\nb\rc\u2028d\u2029e\tf",
    "abc\u202edef\u202c \u2066x\u2069 \u200f\u061c",
    "a\u200bb\u200cc\u200dd\ufeffe\u00adf\u2060g\u3164h\U000e0041",
    "\ud800\udfff\udc80",
    "]]></failure></testsuite><!DOCTYPE a [<!ENTITY x 'y'>]>&x;",
    '"}]},{"ruleId":"forged"}',
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system32 file:///etc/passwd",
    "José 松本 😀 e\u0301",
    "x" * 5_000,
    " lead and trail ",
    "",
)

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


def wicked_report() -> ValidationReport:
    """Give findings and allowed findings of every severity."""
    allowed = (
        AllowedFinding(one, text, date(2027, 6, 30))
        for text, one in zip(WICKED, _findings("allowed-rule"), strict=True)
    )
    return ValidationReport(
        files=len(WICKED),
        findings=with_fingerprints(_findings("wicked-rule")),
        allowed=tuple(allowed),
    )


def _findings(rule: str) -> Iterator[Finding]:
    for number, text in enumerate(WICKED):
        yield Finding(
            rule=rule,
            severity=tuple(Severity)[number % len(Severity)],
            message=text or "empty",
            place=Place(
                text or "empty.yaml",
                number + 1,
                1,
                number + 1,
                2,
                text=text,
                line_text=f"name: {text}",
            ),
            path=("settings", text, 0),
            hint=text,
            districts=(text,) if number % 2 else (),
        )


def wicked_plan() -> Plan:
    """Give a plan of districts that change, and of some that could not be read."""
    return Plan(
        created=NOW,
        tool="connectsync 1",
        backend="".join(WICKED[:6]),
        scope=(),
        fleet=len(WICKED),
        districts=tuple(_district(number, text) for number, text in enumerate(WICKED)),
        in_step=tuple(f"step{text}" for text in WICKED),
        failed=tuple(NotPlanned(f"f{text}", text, text, text) for text in WICKED),
        guards=tuple(
            GuardFinding(
                "some-guard",
                tuple(Severity)[number % len(Severity)],
                text,
                text,
                district=text if number % 2 else "",
                accept=text,
            )
            for number, text in enumerate(WICKED)
        ),
        since="\x1b[2J<b>|@a#1",
        left_alone=tuple(
            DistrictDrift(f"l{text}", text, (_moved(text),), applied=True)
            for text in WICKED
        ),
    )


def _moved(text: str) -> Movement:
    return Movement("archived_students", MovedBy.THEM, text, text, f"{text}!")


def _district(number: int, text: str) -> DistrictPlan:
    risk = tuple(Risk)[number % len(Risk)]
    changes = (
        PlannedChange(Set("archived_students", text, f"not {text}"), risk, text),
        PlannedChange(Add("contact_types", text), risk, text),
    )
    return DistrictPlan(
        district=text,
        name=text,
        file=text,
        live_version=text,
        read_at=NOW,
        live={},
        desired={},
        saves=(Save(changes, set_token=True), Save(changes[:1])),
        drift=(_moved(text),),
    )


def wicked_drift() -> tuple[DistrictDrift, ...]:
    """Give drift of districts, files and values that are no better than their names."""
    moves = tuple(
        Movement("deletion_threshold", who, text, text, text)
        for who in MovedBy
        for text in WICKED[:3]
    )
    return tuple(
        DistrictDrift(text, text, moves, applied=True, error=text) for text in WICKED
    )


def wicked_pass() -> ReconcileReport:
    """Give a pass over such districts, for such reasons."""
    reasons = tuple(Reason(why, text) for why in ReasonKind for text in WICKED[:3])
    return ReconcileReport(
        at=NOW,
        backend="".join(WICKED[:6]),
        at_most=Risk.SAFE,
        dry_run=True,
        districts=tuple(
            DistrictResult(text, text, Result.HELD, reasons) for text in WICKED
        ),
        reasons=reasons,
        run=7,
    )
