"""
What stores of version 0.1.0 and before hold, as facts.

Their tables were the truth, and their log held digests of rows. What they kept is
written down as facts, with the times and runners of then. They did not record what was
sent and seen: what was not confirmed then stays unknown. Their own entries stay in the
log as they are, so that a hash that was noted is still found.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, select, text

from connectsync.apply.state import audit
from connectsync.apply.state.audit import AuditEntry
from connectsync.errors import StateError

TABLES = {
    "journal": ("row",),
    "run_districts": ("run", "district"),
    "runs": ("run",),
    "baselines": ("backend", "district"),
    "approvals": ("plan", "name"),
}
"""Their tables and keys; those that refer to others come first."""

FIRST = frozenset(["journal", "runs", "baselines"])
"""The tables of the first layout; nothing in it says that it is one."""

UNTOUCHED = ("ending", "ended", "message", "remedy", "runner")

Row = dict[str, Any]
Store = Mapping[str, list[Row]]


def read(
    connection: Connection, tables: Iterable[str]
) -> tuple[list[Row], list[AuditEntry]]:
    """
    Give the log of an older store, and the facts to append to it.

    Raises ``StateError`` if the store is not as its own log says, or not one of ours.
    """
    names = [*TABLES, "audit", "audit_head"]
    old = {name: _rows(connection, name) if name in tables else [] for name in names}
    try:
        if "run_districts" in tables:
            problem = next(_problems(old), None)
        else:
            problem, old = None, _filled_in(old)
        facts = [] if problem else _facts(old)
    except (LookupError, ValueError, TypeError) as error:
        raise StateError(
            "the state store was not made by connectsync, or is damaged",
            remedy="move it away to begin with an empty one, or name another folder"
            " with --state-dir",
        ) from error
    if problem:
        raise StateError(
            f"the state store was edited, so it is not brought up to date: {problem}",
            remedy="restore it from a backup, or set it aside and begin with a new"
            " one; nothing was changed",
        )
    return old["audit"], facts


def _rows(connection: Connection, table: str) -> list[Row]:
    key = [Column[Any](name) for name in TABLES.get(table, ("seq",))]
    old = Table(table, MetaData(), *key)
    found = connection.execute(select(text("*")).select_from(old).order_by(*key))
    return [dict(row) for row in found.mappings()]


def _filled_in(old: Store) -> dict[str, list[Row]]:
    """Give the tables of the first layout what the next one added."""
    filled: dict[str, list[Row]] = {**old, "run_districts": []}
    last = {(row["run"], row["district"]): row["settled"] for row in old["journal"]}
    words = {"confirmed": "done", "intended": "failed"}
    for row in old["journal"]:
        row.update(set_token=False, runner="", lease=0)
    for run in old["runs"]:
        ended = run["ended"] or run["began"]
        run.update(header="{}", accepted="{}", reasons="{}", runner="", stopped="")
        run["ended"] = ended
        for turn, district in enumerate(json.loads(run["districts"])):
            settled = last.get((run["run"], district), "failed")
            part = {"run": run["run"], "district": district, "turn": turn}
            part |= {"position": turn, "wave": "rest", "planned": "{}", "ended": ended}
            part |= {"ending": words.get(settled, settled), "runner": ""}
            filled["run_districts"].append(part | {"message": "", "remedy": ""})
    return filled


# — is it as its log says? —


def _problems(old: Store) -> Iterator[str]:
    # of what came before the log, nothing was logged
    if not old["audit"] and all(row["header"] == "{}" for row in old["runs"]):
        return
    contents, previous = {}, audit.NOTHING
    for place, entry in enumerate(old["audit"], start=1):
        if (entry["seq"], entry["hash"]) != (place, audit.chained(previous, entry)):
            yield f"entry {entry['seq']} of its audit log does not follow"
        previous = entry["hash"]
        contents[entry["kind"], entry["subject"]] = entry["content"]
    end = (len(old["audit"]), previous)
    if [(head["seq"], head["hash"]) for head in old["audit_head"]] != [end]:
        yield "the end of its audit log was cut off"
    yield from _edited_rows(old, contents)
    parts = _by_run(old)
    for run in old["runs"]:
        plan = _plan(run, parts[run["run"]])
        if plan is not None and audit.hashed(audit.canonical(plan)) != run["plan"]:
            yield f"the plan of run {run['run']} was edited"


def _edited_rows(old: Store, contents: dict[tuple[str, str], str]) -> Iterator[str]:
    for table, names in TABLES.items():
        for row in old[table]:
            key = json.dumps([row[name] for name in names])
            if not _is_logged(table, row, contents.pop((table, key), None)):
                yield f"{table} {key} is not as its audit log says"
    for (table, key), content in contents.items():
        if content != audit.NOTHING:
            yield f"{table} {key} was removed"


def _is_logged(table: str, row: Row, logged: str | None) -> bool:
    if logged is None:
        return table == "run_districts" and not any(row[name] for name in UNTOUCHED)
    held = {name: value for name, value in row.items() if name != "planned"}
    for name in {"set_token", "was_running"} & held.keys():
        held[name] = bool(held[name])
    return logged == audit.hashed(audit.canonical(held))


# — what it says, as facts —


def _facts(old: Store) -> list[AuditEntry]:
    parts = _by_run(old)
    facts = [_begun(run, parts[run["run"]]) for run in old["runs"]]
    desired = {
        (part["run"], part["district"]): json.loads(part["planned"]).get("desired", {})
        for part in old["run_districts"]
    }
    timeline = [
        *((row["intended_at"], 0, row) for row in old["journal"]),
        *((row["at"], 1, row) for row in old["baselines"]),
    ]
    for _, kind, row in sorted(timeline, key=lambda one: one[:2]):
        if kind == 0:
            place = len(old["audit"]) + len(facts) + 1
            facts += _saved(row, desired[row["run"], row["district"]], place)
        else:
            facts.append(_seen(row))
    for run in old["runs"]:
        facts += _ended(run, parts[run["run"]])
    for row in sorted(old["approvals"], key=lambda one: one["at"]):
        said = {"plan": row["plan"], "name": row["name"]}
        facts.append(_fact(audit.PLAN_APPROVED, row["at"], said))
    return facts


def _by_run(old: Store) -> defaultdict[int, list[Row]]:
    parts = defaultdict[int, list[Row]](list)
    for part in old["run_districts"]:
        parts[part["run"]].append(part)
    return parts


def _fact(action: str, at: str, detail: Row, row: Row | None = None) -> AuditEntry:
    """Give a fact of a run, or of a district of one, if a row of it is given."""
    about = row or {"runner": "", "run": None}
    when, subject = datetime.fromisoformat(at), about.get("district", "")
    return AuditEntry(action, when, about["runner"], detail, about["run"], subject)


def _plan(run: Row, parts: Iterable[Row]) -> Row | None:
    header = json.loads(run["header"])
    if not header:
        return None
    ordered = sorted(parts, key=lambda part: int(part["position"]))
    plan = {**header, "districts": [json.loads(part["planned"]) for part in ordered]}
    return {n: v for n, v in plan.items() if n not in {"waves", "approved_elsewhere"}}


def _begun(run: Row, parts: list[Row]) -> AuditEntry:
    waves: dict[str, list[str]] = {}
    for part in sorted(parts, key=lambda one: int(one["turn"])):
        waves.setdefault(part["wave"], []).append(part["district"])
    elsewhere = json.loads(run["header"]).get("approved_elsewhere", False)
    detail = {
        "plan": _plan(run, parts),
        "digest": run["plan"],
        "backend": run["backend"],
        "waves": [[wave, keys] for wave, keys in waves.items()],
        "accepted": json.loads(run["accepted"]),
        "reasons": json.loads(run["reasons"]),
        "approved_elsewhere": bool(elsewhere),
    }
    return _fact(audit.RUN_BEGUN, run["began"], detail, run)


def _saved(row: Row, desired: Row, place: int) -> Iterator[AuditEntry]:
    """Give what was to be sent, and what is known of it; the first one's ``place``."""
    before, after = json.loads(row["before"]), json.loads(row["after"])
    wanted = {name: value for name, value in desired.items() if name in after}
    agreed = [name for name, value in wanted.items() if after[name] == value]
    changes = {n: value for n, value in after.items() if before.get(n) != value}
    detail = {
        "phase": row["phase"],
        "before": before,
        "changes": changes,
        "agreed": agreed,
        "kept": {},
        "pending": [name for name in wanted if name not in agreed],
        "version": row["expected_version"],
        "set_token": bool(row["set_token"]),
        "lease": row["lease"],
    }
    yield _fact(audit.SAVE_INTENDED, row["intended_at"], detail, row)
    if row["settled"] == "intended":
        return
    confirmed = row["settled"] == "confirmed"
    seen = {
        "save": place,
        "settled": row["settled"],
        "sent": "answered" if confirmed else "unanswered",
        "observed": after if confirmed else None,
        "version": None,
        "note": row["note"],
        "closed": True,
    }
    yield _fact(audit.SAVE_SEEN, row["settled_at"] or row["intended_at"], seen, row)


def _seen(row: Row) -> AuditEntry:
    form, running = json.loads(row["form"]), bool(row["was_running"])
    seen = {row["district"]: {"form": form, "running": running, "whole": True}}
    detail = {"backend": row["backend"], "districts": seen}
    return _fact(audit.DISTRICT_SEEN, row["at"], detail)


def _ended(run: Row, parts: list[Row]) -> Iterator[AuditEntry]:
    for part in parts:
        if part["ending"] is not None:
            detail = {name: part[name] for name in ("ending", "message", "remedy")}
            at = part["ended"] or run["ended"] or run["began"]
            yield _fact(audit.DISTRICT_ENDED, at, {**detail, "managed": None}, part)
    if run["ended"] is not None:
        yield _fact(audit.RUN_ENDED, run["ended"], {}, run)
    elif run["stopped"]:
        detail = {"why": run["stopped"]}
        yield _fact(audit.RUN_STOPPED, run["began"], detail, run)
