"""Runs as JSON, in the shapes of ``schema/runs.schema.json``, and as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from connectsync.domain.outcome import Made
from connectsync.domain.run import (
    AuditResult,
    DistrictDiff,
    DistrictHistory,
    HistoryEntry,
    JournalEntry,
    KnownValue,
    Origin,
    RunDiff,
    RunDistrict,
    RunHead,
    RunHistory,
    RunList,
    RunTally,
)
from connectsync.domain.settings import spell, value_data
from connectsync.files.sheets import csv_table

SCHEMA = 1

_ORIGIN = tuple(Origin.__slots__)
_RUN = (
    *("run", "kind", "rollback_of", "backend", "plan", "began", "ended", "state"),
    *("stopped", "done", "failed", "conflict", "skipped", "left", "waiting"),
    *_ORIGIN,
)
_HISTORY = (
    *("district", "backend", "after", "at", "setting", "before", "now"),
    *("run", "plan"),
    *_ORIGIN,
)
"""Headings of tables."""


def runs_json(found: RunList) -> str:
    """Give the list of runs."""
    lines = [_head(one.head, one.tally) for one in found.lines]
    return _text("runs", {"total": found.total, "runs": lines})


def run_json(history: RunHistory) -> str:
    """Give all that is written down of a run."""
    run = history.run
    said = {
        "runner": run.runner,
        "accepted": dict(sorted(run.accepted.items())),
        "overridden": dict(sorted(run.reasons.items())),
        "approved": [
            {
                "name": one.name,
                "at": _time(one.at),
                "checked_by": one.check.by or None,
                "named": one.check.named or None,
            }
            for one in history.approved
        ],
        "approved_elsewhere": run.approved_elsewhere,
    }
    parts = [
        _part(part, history.entries.get(part.district, ())) for part in history.parts
    ]
    data = {
        "run": _head(run, run.tally) | said,
        "head": history.head,
        "districts": parts,
    }
    return _text("run", data)


def run_diff_json(diff: RunDiff) -> str:
    """Give two runs held against each other."""
    data = {
        "run_a": diff.run_a,
        "run_b": diff.run_b,
        "backend": diff.backend,
        "alike": diff.alike,
        "districts": [_district(one) for one in diff.districts],
    }
    return _text("diff", data)


def history_json(history: DistrictHistory) -> str:
    """Give what became of a district."""
    data = {
        "district": history.district,
        "entries": [_history_entry(one) for one in history.entries],
    }
    return _text("history", data)


def runs_csv(found: RunList) -> str:
    """Give the list of runs as a table."""
    rows = []
    for line in found.lines:
        head = _head(line.head, line.tally)
        rows.append(head | head.pop("origin") | head.pop("districts"))
    return csv_table(_RUN, ([row[name] for name in _RUN] for row in rows))


def history_csv(history: DistrictHistory) -> str:
    """Give what became of a district as a table, a row for each setting."""
    rows = (
        [
            *(history.district, one.backend, _time(one.after), _time(one.at)),
            *(change.setting, spell(change.before), spell(change.after)),
            *_row_of_run(one.run),
        ]
        for one in history.entries
        for change in one.changes
    )
    return csv_table(_HISTORY, rows)


def _row_of_run(run: RunHead | None) -> list[object]:
    if run is None:
        return [None] * (2 + len(_ORIGIN))
    return [run.number, run.plan, *asdict(run.origin).values()]


def _history_entry(one: HistoryEntry) -> dict[str, Any]:
    run = one.run
    return {
        "backend": one.backend,
        "after": _time(one.after),
        "at": _time(one.at),
        "run": run.number if run else None,
        "kind": _kind(run) if run else None,
        "plan": run.plan if run else None,
        "origin": asdict(run.origin) if run else None,
        "token_typed": one.token_typed,
        "changes": [
            {
                "setting": change.setting,
                "before": value_data(change.before),
                "after": value_data(change.after),
            }
            for change in one.changes
        ],
    }


def audit_json(found: AuditResult) -> str:
    """Give what holding the store against its audit log found."""
    data = {
        "entries": found.entries,
        "head": found.head,
        "as_logged": not found.problems,
        "problems": list(found.problems),
    }
    return _text("audit", data)


def _text(report: str, data: dict[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA, "report": report} | data, indent=2) + "\n"


def _head(head: RunHead, tally: RunTally) -> dict[str, Any]:
    return {
        "run": head.number,
        "kind": _kind(head),
        "rollback_of": head.rollback_of,
        "backend": head.backend,
        "plan": head.plan,
        "began": _time(head.began),
        "ended": _time(head.ended),
        "seconds": head.seconds,
        "state": head.state.value,
        "stopped": head.stopped,
        "told_time": head.told_time,
        "origin": asdict(head.origin),
        "districts": asdict(tally),
    }


def _kind(head: RunHead) -> str:
    return "apply" if head.rollback_of is None else "rollback"


def _part(part: RunDistrict, entries: Sequence[JournalEntry]) -> dict[str, Any]:
    outcome = part.outcome
    return {
        "district": part.district,
        "wave": part.wave,
        "ending": outcome.ending.value if outcome else None,
        "message": outcome.message if outcome else "",
        "remedy": outcome.remedy if outcome else "",
        "runner": part.runner,
        "ended": _time(part.ended),
        "saves": [_entry(entry) for entry in entries],
    }


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "save": entry.phase,
        "settled": entry.settled,
        "intended_at": _time(entry.intended_at),
        "settled_at": _time(entry.settled_at),
        "runner": entry.runner,
        "note": entry.note,
        "token_typed": entry.set_token,
        "sent": entry.sent,
        "changes": list(_changes(entry)),
    }


def _changes(entry: JournalEntry) -> Iterator[dict[str, Any]]:
    outcomes = {one.setting: one for one in entry.outcomes}
    for change in entry.changes:
        seen = outcomes.get(change.setting)
        yield {
            "setting": change.setting,
            "before": value_data(change.before),
            "after": value_data(change.after),
            "outcome": seen.made.value if seen else Made.UNKNOWN.value,
            "observed": value_data(seen.observed) if seen else None,
        }


def _district(one: DistrictDiff) -> dict[str, Any]:
    return {
        "district": one.district,
        "saved_by": list(one.saved_by),
        "settings": [
            {
                "setting": setting.setting,
                "after_a": _known_json(setting.after_a),
                "after_b": _known_json(setting.after_b),
            }
            for setting in one.settings
        ],
    }


def _known_json(known: KnownValue | None) -> dict[str, Any]:
    value = None if known is None else value_data(known.value)
    return {"known": known is not None, "value": value}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
