"""Reports of a fleet, of any size, in which texts of others stand everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from connectsync.domain.drift import MovedBy, Movement
from connectsync.domain.finding import Severity
from connectsync.domain.fleet_report import (
    AcceptedBy,
    AcceptedException,
    AcceptedKind,
    DueDate,
    DueKind,
    DueWhen,
    FleetReport,
    ReportedDistrict,
    ReportedRun,
)
from connectsync.domain.live import ExceptionStanding
from connectsync.domain.run import (
    ApprovalRecord,
    LastRun,
    NameCheck,
    Origin,
    RunHead,
    RunLine,
    RunTally,
)

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
TODAY = date(2027, 1, 15)
STANDINGS = ("in step", "drift", "pending", "conflict", "not read")
APPLIED = ("as applied", "changed since", "never applied")
PLAIN = ("Lakeview", "São João", "Elm Park", "Bay")


def report_of(
    texts: Sequence[str], districts: int, *, live: bool = True
) -> FleetReport:
    """Make a report; ``texts`` stand wherever people and Connect can write one."""
    said = [texts[number % len(texts)] for number in range(districts)]
    keys = [
        f"district-{number:05}" if number else one for number, one in enumerate(said)
    ]
    made = [
        _district(number, key, one, live=live)
        for number, (key, one) in enumerate(zip(keys, said, strict=True))
    ]
    days = zip([*DueKind] * 4, [*DueWhen] * 6, strict=False)
    return FleetReport(
        at=NOW,
        today=TODAY,
        tool=said[0],
        scope=said[1],
        districts=tuple(made),
        due=tuple(
            DueDate(
                TODAY + timedelta(days=at),
                kind,
                when,
                said[at % len(said)],
                tuple(keys[at : at + 9]),
            )
            for at, (kind, when) in enumerate(days)
        ),
        accepted=tuple(
            AcceptedException(
                *(kind, one, one, one, tuple(keys[:3]), one, one),
                TODAY,
                standing,
                AcceptedBy(one, TODAY, one),
            )
            for kind, standing, one in zip(
                [*AcceptedKind] * 5,
                [*ExceptionStanding, None] * 4,
                said * 9,
                strict=False,
            )
        ),
        runs=tuple(_run(number + 1, one) for number, one in enumerate(said[:9])),
        total_runs=30,
        backend=said[0] if live else "",
        commit="0123456789abcdef",
        clean=False,
        broken=(said[0],),
    )


def _district(number: int, key: str, text: str, *, live: bool) -> ReportedDistrict:
    values = {
        "district": key,
        "name": text,
        "provider": "clever",
        "profiles": [f"profile-{number % 30}"],
        "labels": [text],
        "allow.rules": [],
        "credentials.district_id": f"58da8a43cc70ab00{number:08x}",
        "settings.enable_daily_sync": number % 3 > 0,
        "settings.phone_types": [text] if number % 50 == 0 else ["Cell"],
        "settings.deletion_threshold": 10 + number % 20,
        "settings.manage_guardians": True,
        "settings.contact_types": [
            "Parent/Guardian",
            *([text] if number % 70 == 0 else []),
        ],
        "facts.setup_step": 1 + number % 9,
        "facts.guardians_from": "clever",
        "facts.self_check_done": number % 2 == 0,
    }
    standing = STANDINGS[number % 5] if live else "not read"
    read = live and standing != "not read"
    return ReportedDistrict(
        key,
        text,
        f"districts/{number % 50}/{number}.yaml",
        values,
        APPLIED[number % 3],
        standing,
        {"phone_types": [text], "deletion_threshold": 60} if read else None,
        (Movement("archived_students", MovedBy.THEM, text, text, text),)
        if standing == "drift"
        else (),
        text if live and not read else "",
        LastRun(number, "2027-01-02", "done") if number % 2 else None,
        {Severity.WARNING: number % 3},
        ("rule-1", f"rule-{number % 40}") if number % 3 else (),
    )


def _run(number: int, text: str) -> ReportedRun:
    head = RunHead(
        *(number, "sha256:0", text, text, NOW, NOW, "", {text: 2}, {text: text}, None),
        approved_elsewhere=False,
        told_time=False,
        origin=Origin(text, text, text, text, text, "0123456789abcdef", clean=True),
    )
    approval = ApprovalRecord(text, NOW, NameCheck(text, text))
    return ReportedRun(RunLine(head, RunTally(1, 2, 3, 4, 5)), (approval,))
