"""
The audit log holds the facts themselves; all else follows from them.

What version 0.1.0 kept is written down as facts, with the times and runners of then.
It did not record what was sent and seen: what was not confirmed then stays unknown. Its
own entries stay in the log as they are, so that a hash that was noted is still found.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from connectsync.errors import StateError

revision = "0003"
down_revision = "0002"

NOTHING = "sha256:" + "0" * 64
OLD_TABLES = ("runs", "run_districts", "journal", "baselines", "approvals")
KEYS = {
    "runs": ("run",),
    "run_districts": ("run", "district"),
    "journal": ("row",),
    "baselines": ("backend", "district"),
    "approvals": ("plan", "name"),
}
UNTOUCHED = ("ending", "ended", "message", "remedy", "runner")

Data = dict[str, Any]


def upgrade() -> None:
    """Turn rows into facts; refuse a store that is not as its log says."""
    connection = op.get_bind()
    old = {table: _rows(connection, table) for table in OLD_TABLES}
    log = _rows(connection, "audit", "seq")
    if problem := next(_problems(old, log, _rows(connection, "audit_head")), None):
        raise StateError(
            f"the state store was edited, so it is not brought up to date: {problem}",
            remedy="restore it from a backup, or set it aside and begin with a new"
            " one; nothing was changed",
        )
    op.drop_index("audit_subject", "audit")
    op.add_column("audit", sa.Column("run", sa.Integer))
    op.create_index("audit_run", "audit", ["run"])
    for table in ("journal", "run_districts", "runs", "baselines", "approvals"):
        op.drop_table(table)
    _append(connection, log, _facts(old))


def _rows(connection: sa.Connection, table: str, order: str = "") -> list[Data]:
    by = f' ORDER BY "{order}"' if order else ""
    found = connection.execute(sa.text(f"SELECT * FROM {table}{by}"))  # noqa: S608 - our own names
    return [dict(row) for row in found.mappings()]


# — is it as its log says? —


def _problems(
    old: Mapping[str, list[Data]], log: list[Data], heads: list[Data]
) -> Iterator[str]:
    # of what came before the log, nothing was logged
    if not log and all(row["header"] == "{}" for row in old["runs"]):
        return
    contents, previous = {}, NOTHING
    for place, entry in enumerate(log, start=1):
        said = {name: value for name, value in entry.items() if name != "hash"}
        if entry["seq"] != place or entry["hash"] != _hash(previous + _canonical(said)):
            yield f"entry {entry['seq']} of its audit log does not follow"
        previous = entry["hash"]
        contents[entry["kind"], entry["subject"]] = entry["content"]
    if [(head["seq"], head["hash"]) for head in heads] != [(len(log), previous)]:
        yield "the end of its audit log was cut off"
    for table, rows in old.items():
        for row in rows:
            key = json.dumps([row[name] for name in KEYS[table]])
            logged = contents.pop((table, key), None)
            if not _is_logged(table, row, logged):
                yield f"{table} {key} is not as its audit log says"
    for (table, key), content in contents.items():
        if content != NOTHING:
            yield f"{table} {key} was removed"
    yield from _edited_plans(old)


def _is_logged(table: str, row: Data, logged: str | None) -> bool:
    if logged is None:
        return table == "run_districts" and not any(row[name] for name in UNTOUCHED)
    held = {name: value for name, value in row.items() if name != "planned"}
    for name in ("set_token", "was_running"):
        if name in held:
            held[name] = bool(held[name])
    return logged == _hash(_canonical(held))


def _edited_plans(old: Mapping[str, list[Data]]) -> Iterator[str]:
    for row in old["runs"]:
        plan = _plan(row, old["run_districts"])
        if plan is not None and _hash(_canonical(plan)) != row["plan"]:
            yield f"the plan of run {row['run']} was edited"


# — what it says, as facts —


def _facts(old: Mapping[str, list[Data]]) -> Iterator[Data]:
    parts: dict[int, list[Data]] = {}
    for part in old["run_districts"]:
        parts.setdefault(part["run"], []).append(part)
    desired = {
        (part["run"], part["district"]): json.loads(part["planned"]).get("desired", {})
        for part in old["run_districts"]
    }
    for run in sorted(old["runs"], key=lambda row: int(row["run"])):
        yield _begun(run, old["run_districts"], parts.get(run["run"], []))
    timeline = [
        *((row["intended_at"], 0, row) for row in old["journal"]),
        *((row["at"], 1, row) for row in old["baselines"]),
    ]
    for _, kind, row in sorted(timeline, key=lambda one: one[:2]):
        if kind == 0:
            yield from _saved(row, desired[row["run"], row["district"]])
        else:
            yield _seen(row)
    for run in sorted(old["runs"], key=lambda row: int(row["run"])):
        yield from _ended(run, parts.get(run["run"], []))
    for row in sorted(old["approvals"], key=lambda one: one["at"]):
        said = {"plan": row["plan"], "name": row["name"]}
        yield _fact("plan approved", row["at"], "", said)


def _plan(run: Data, parts: Iterable[Data]) -> Data | None:
    header = json.loads(run["header"])
    if not header:
        return None
    for name in ("waves", "approved_elsewhere"):
        header.pop(name, None)
    mine = sorted(
        (part for part in parts if part["run"] == run["run"]),
        key=lambda part: int(part["position"]),
    )
    return {**header, "districts": [json.loads(part["planned"]) for part in mine]}


def _begun(run: Data, all_parts: list[Data], parts: list[Data]) -> Data:
    waves: dict[str, list[str]] = {}
    for part in sorted(parts, key=lambda one: int(one["turn"])):
        waves.setdefault(part["wave"], []).append(part["district"])
    detail = {
        "plan": _plan(run, all_parts),
        "digest": run["plan"],
        "backend": run["backend"],
        "waves": [[wave, keys] for wave, keys in waves.items()],
        "accepted": json.loads(run["accepted"]),
        "reasons": json.loads(run["reasons"]),
        "approved_elsewhere": bool(
            json.loads(run["header"]).get("approved_elsewhere", False)
        ),
    }
    return _fact("run begun", run["began"], run["runner"], detail, run["run"])


def _saved(row: Data, desired: Data) -> Iterator[Data]:
    before, after = json.loads(row["before"]), json.loads(row["after"])
    wanted = {name: value for name, value in desired.items() if name in after}
    agreed = [name for name, value in wanted.items() if after[name] == value]
    detail = {
        "phase": row["phase"],
        "before": before,
        "changes": {
            name: value for name, value in after.items() if before.get(name) != value
        },
        "agreed": agreed,
        "kept": {},
        "pending": [name for name in wanted if name not in agreed],
        "version": row["expected_version"],
        "set_token": bool(row["set_token"]),
        "lease": row["lease"],
    }
    place = (row["run"], row["district"])
    intended = _fact("save intended", row["intended_at"], row["runner"], detail, *place)
    yield intended
    if row["settled"] == "intended":
        return
    confirmed = row["settled"] == "confirmed"
    seen = {
        "save": intended,
        "settled": row["settled"],
        "sent": "answered" if confirmed else "unanswered",
        "observed": after if confirmed else None,
        "version": None,
        "note": row["note"],
        "closed": True,
    }
    at = row["settled_at"] or row["intended_at"]
    yield _fact("save seen", at, row["runner"], seen, *place)


def _seen(row: Data) -> Data:
    district = {
        "form": json.loads(row["form"]),
        "running": bool(row["was_running"]),
        "whole": True,
    }
    detail = {"backend": row["backend"], "districts": {row["district"]: district}}
    return _fact("district seen", row["at"], "", detail)


def _ended(run: Data, parts: list[Data]) -> Iterator[Data]:
    for part in parts:
        if part["ending"] is not None:
            detail = {
                "ending": part["ending"],
                "message": part["message"],
                "remedy": part["remedy"],
                "managed": None,
            }
            at = part["ended"] or run["ended"] or run["began"]
            place = (part["run"], part["district"])
            yield _fact("district ended", at, part["runner"], detail, *place)
    if run["ended"] is not None:
        yield _fact("run ended", run["ended"], run["runner"], {}, run["run"])
    elif run["stopped"]:
        detail = {"why": run["stopped"]}
        yield _fact("run stopped", run["began"], run["runner"], detail, run["run"])


def _fact(  # noqa: PLR0913, PLR0917 - the columns of an entry
    action: str,
    at: str,
    runner: str,
    detail: Data,
    run: int | None = None,
    subject: str = "",
) -> Data:
    return {
        "at": at,
        "runner": runner,
        "action": action,
        "kind": "fact",
        "subject": subject,
        "detail": detail,
        "content": "",
        "run": run,
    }


def _append(connection: sa.Connection, log: list[Data], facts: Iterable[Data]) -> None:
    seq, previous = len(log), log[-1]["hash"] if log else NOTHING
    insert = sa.text(
        "INSERT INTO audit (seq, at, runner, action, kind, subject, detail, content,"
        " run, hash) VALUES (:seq, :at, :runner, :action, :kind, :subject, :detail,"
        " :content, :run, :hash)"
    )
    for fact in facts:
        seq += 1
        detail = dict(fact["detail"])
        if "save" in detail:
            # the place in the log of what was to be sent, which is known by now
            detail["save"] = detail["save"]["seq"]
        fact["seq"] = seq
        entry = {**fact, "detail": _canonical(detail)}
        said = {name: value for name, value in entry.items() if value is not None}
        previous = _hash(previous + _canonical(said))
        connection.execute(insert, {**entry, "hash": previous})
    connection.execute(
        sa.text("UPDATE audit_head SET seq = :seq, hash = :hash"),
        {"seq": seq, "hash": previous},
    )


def _hash(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))
