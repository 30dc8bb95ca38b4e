"""Runs as the store tells them, made up for reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectsync.domain.outcome import DistrictOutcome, Ending, Made
from connectsync.domain.run import (
    ApprovalRecord,
    DistrictDiff,
    JournalEntry,
    KnownValue,
    Run,
    RunDiff,
    RunDistrict,
    RunHistory,
    RunLine,
    RunList,
    RunTally,
    SettingDiff,
    SettingOutcome,
)
from connectsync.domain.settings import Set

BEGAN = datetime(2027, 1, 15, 10, tzinfo=UTC)
PLAN = "sha256:" + "0123456789ab" + "c" * 52
HEAD = "sha256:" + "f" * 64
ONE, OTHER = "vm-1:17:0a1b2c3d", "vm-2:4:ffffffff"
CELLS = Set("phone_types", frozenset(["Home", "Cell"]), frozenset(["Cell"]))
THRESHOLD = Set("deletion_threshold", 45, None)
Changes = tuple[Set, ...]
CHANGES: Changes = (CELLS,)


def at(seconds: int) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def part(
    key: str, ending: Ending | None = Ending.DONE, message: str = "", remedy: str = ""
) -> RunDistrict:
    if ending is None:
        return RunDistrict(key, "rest", "", None, None)
    outcome = DistrictOutcome(key, ending, 1, 1, message, remedy)
    return RunDistrict(key, "canary" if key == "elm" else "rest", ONE, outcome, at(9))


def run(
    *parts: RunDistrict,
    number: int = 2,
    ended: bool = False,
    stopped: str = "",
    **more: object,
) -> Run:
    facts = {
        "number": number,
        "plan": PLAN,
        "backend": "embedded",
        "runner": ONE,
        "began": BEGAN,
        "ended": at(75) if ended else None,
        "stopped": stopped,
        "accepted": {},
        "reasons": {},
        "rollback_of": None,
        "approved_elsewhere": False,
        "told_time": False,
        "parts": parts or (part("elm"),),
        **more,
    }
    return Run(**facts)  # type: ignore[arg-type]


SEEN: dict[str, tuple[str | None, Made]] = {
    "confirmed": ("answered", Made.MADE),
    "failed": ("unanswered", Made.UNKNOWN),
    "conflict": ("answered", Made.DIFFERS),
    "intended": (None, Made.UNKNOWN),
}


def entry(
    district: str,
    settled: str = "confirmed",
    *,
    changes: Changes = CHANGES,
    **more: object,
) -> JournalEntry:
    sent, made = SEEN[settled]
    observed = {Made.MADE: changes[0].after, Made.DIFFERS: frozenset(["Work"])}
    facts = {
        "sent": sent,
        "outcomes": (SettingOutcome(changes[0].setting, made, observed.get(made)),),
        "district": district,
        "phase": 1,
        "settled": settled,
        "changes": changes,
        "set_token": False,
        "runner": ONE,
        "intended_at": at(1),
        "settled_at": None if settled == "intended" else at(2),
        "note": "",
        **more,
    }
    return JournalEntry(**facts)  # type: ignore[arg-type]


def history(told: Run, *entries: JournalEntry) -> RunHistory:
    named = {one.district for one in entries}
    return RunHistory(
        told,
        told.parts,
        {key: tuple(one for one in entries if one.district == key) for key in named},
        (ApprovalRecord("Ada", at(-60)), ApprovalRecord("Bo", at(-30))),
        HEAD,
    )


BROKEN_OFF = history(
    run(
        part("elm"),
        part("oak", Ending.CONFLICT, "a person saved it", "make a new plan"),
        part("fir", None),
        part("yew", None),
        stopped="it was interrupted",
        accepted={"disruptive": 3},
        reasons={"freeze": "the board asked"},
    ),
    entry("elm", set_token=True),
    entry("elm", phase=2, runner=OTHER, changes=(THRESHOLD,)),
    entry("oak", "conflict", note="a person saved it"),
    entry("fir", "failed", note="not made, or not to be seen: made again"),
    entry("fir", "intended", runner=OTHER),
)
"""A run of which one save is not settled, and one district was not reached."""

LIST = RunList(
    (
        RunLine(run(number=12, stopped="it was interrupted"), RunTally(3, 1, 1, 0, 7)),
        RunLine(run(number=3), RunTally(0, 0, 0, 0, 2)),
        RunLine(run(number=2, ended=True, rollback_of=1), RunTally(5, 0, 0, 0, 0)),
    ),
    57,
)

DIFF = RunDiff(
    1,
    2,
    "embedded",
    (
        DistrictDiff("elm", (1, 2), ()),
        DistrictDiff(
            "fir",
            (1, 2),
            (
                SettingDiff(
                    "phone_types", KnownValue(frozenset()), KnownValue(CELLS.before)
                ),
            ),
        ),
        DistrictDiff("oak", (1,), ()),
        DistrictDiff("yew", (2,), (SettingDiff("student_id", None, KnownValue("X")),)),
    ),
)
