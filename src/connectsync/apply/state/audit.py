"""The audit log: every change of the state store, chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from connectsync.apply.state.database import AUDIT, HEAD
from connectsync.domain.plan_shape import Members, Shape, each, flag, text, whole
from connectsync.errors import StateError
from connectsync.values import dataclass, field

NOTHING = "sha256:" + "0" * 64
"""What the first entry is chained to."""

FACT = "fact"
"""The kind of entries that hold facts; those of version 0.1.0 hold digests of rows."""

TOLD_TIME = "told_time"
"""In the detail of a fact whose time was told: what the machine's clock said then."""

RUN_BEGUN = "run begun"
RUN_JOINED = "run joined"
RUN_RESUMED = "run resumed"
RUN_STOPPED = "run stopped"
RUN_ENDED = "run ended"
RUN_CLOSED = "run closed"
DISTRICT_ENDED = "district ended"
SAVE_INTENDED = "save intended"
SAVE_SEEN = "save seen"
DISTRICT_SEEN = "district seen"
PLAN_APPROVED = "plan approved"
CONNECT_NAMED = "connect named"
PEOPLE_TOLD = "people told"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    A fact: what happened, when, and by which runner.

    ``run`` is the run it belongs to, if any; ``subject`` the district it is about,
    ``detail`` all else there is to say, as JSON data. ``seq`` is its place in the log.
    """

    action: str
    at: datetime
    runner: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    run: int | None = None
    subject: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """The place and the hash of the entry that a log ends with."""

    seq: int = 0
    hash: str = NOTHING


def chain(end: End, entry: AuditEntry) -> tuple[End, Mapping[str, Any]]:
    """Give the row of a fact in a log that ends there, and its new end."""
    values: dict[str, Any] = {
        "seq": end.seq + 1,
        "at": entry.at.astimezone(UTC).isoformat(),
        "runner": entry.runner,
        "action": entry.action,
        "kind": FACT,
        "subject": entry.subject,
        "detail": canonical(entry.detail),
        "content": "",
        "run": entry.run,
    }
    new = End(end.seq + 1, chained(end.hash, values))
    return new, {**values, "hash": new.hash}


def append(connection: Connection, rows: Sequence[Mapping[str, Any]], end: End) -> None:
    """
    Append chained rows to a log, which ends there then.

    Its head has to be locked until the commit, so that the chain never forks.
    """
    if rows:
        connection.execute(_ENTRY, rows)
        connection.execute(_NEW_END, {"new_seq": end.seq, "new_hash": end.hash})


# statements are made once: making one takes longer than the database does
_ENTRY = insert(AUDIT)
_NEW_END = update(HEAD).values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
_LAST = select(func.max(AUDIT.c.seq)).scalar_subquery()
# in one statement: another runner may append between two
_END = select(HEAD.c.seq, HEAD.c.hash, _LAST.label("last"))


def chained(previous: str, entry: Mapping[str, Any]) -> str:
    """Give the hash of an entry: of all that it says, and of all before it."""
    said = {
        name: value
        for name, value in entry.items()
        if name != "hash" and value is not None
    }
    return hashed(previous + canonical(said))


def is_chained(previous: str, row: Row[Any]) -> bool:
    """Say whether a row of the log has the hash that it should have."""
    try:
        return bool(chained(previous, dict(row._mapping)) == row.hash)  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
    except (TypeError, ValueError):
        return False


_LAST_YEAR = 9000
"""Days are added to a time, and it is shown in other zones: it is none later."""


def _or_none(shape: Shape) -> Shape:
    def look(data: Any, where: str) -> None:
        if data is not None:
            shape(data, where)

    return look


def _by_name(shape: Shape) -> Shape:
    """Make the shape of an object whose members are alike, whatever their names."""

    def look(data: Any, where: str) -> None:
        Members({}, open=True)(data, where)
        for name, value in data.items():
            shape(value, f"{where}.{name}")

    return look


def _members(*optional: str, **needed: Shape) -> Shape:
    """Make the shape of an object; a later release may add to it."""
    return Members(
        {name: shape for name, shape in needed.items() if name not in optional},
        {name: needed[name] for name in optional},
        open=True,
    )


_ANY = _by_name(lambda _data, _where: None)
_TEXTS = each(text)
_ACCEPTED, _REASONS = _by_name(whole(0)), _by_name(text)

SHAPES: Mapping[str, Shape] = {
    RUN_BEGUN: _members(
        "launched",
        "partial",
        digest=text,
        backend=text,
        accepted=_ACCEPTED,
        reasons=_REASONS,
        approved_elsewhere=flag,
        launched=_TEXTS,
        partial=flag,
        plan=_or_none(
            _members(
                "rollback_of",
                rollback_of=_or_none(whole(1)),
                districts=each(_members(district=text, live=_ANY)),
            )
        ),
    ),
    RUN_JOINED: _members(reasons=_REASONS),
    RUN_RESUMED: _members(
        "reasons",
        "accepted",
        districts=_TEXTS,
        reasons=_REASONS,
        accepted=_ACCEPTED,
    ),
    RUN_STOPPED: _members(why=text),
    DISTRICT_ENDED: _members(message=text, remedy=text, managed=_or_none(_TEXTS)),
    SAVE_INTENDED: _members(
        phase=whole(0),
        agreed=_TEXTS,
        pending=_TEXTS,
        kept=_by_name(_TEXTS),
        version=text,
        set_token=flag,
    ),
    SAVE_SEEN: _members(version=_or_none(text), note=text, closed=flag),
    DISTRICT_SEEN: _members(
        backend=text,
        districts=_by_name(
            _members(
                "launched",
                "draft",
                "all",
                running=flag,
                whole=flag,
                launched=flag,
                draft=flag,
                all=flag,
            )
        ),
    ),
    PLAN_APPROVED: _members(plan=text, name=text),
    CONNECT_NAMED: _members(was=_TEXTS, known_as=_TEXTS),
    PEOPLE_TOLD: _members(backend=text),
}
"""What the detail of a fact has to be for what follows from it; forms apart."""


def read_entry(row: Row[Any]) -> AuditEntry:
    """Read a fact. Raises ``ValueError`` if it is none."""
    at, detail = datetime.fromisoformat(row.at), json.loads(row.detail)
    if at.utcoffset() is None or not 1 < at.year <= _LAST_YEAR:
        raise ValueError(row.at)
    SHAPES.get(row.action, _ANY)(detail, row.action)
    return AuditEntry(row.action, at, row.runner, detail, row.run, row.subject, row.seq)


def rows(
    connection: Connection, after: int = 0, up_to: int | None = None
) -> Iterator[Row[Any]]:
    """Give every entry between two places, oldest first."""
    # of an empty log, what was put in before its first entry is looked for
    if after and after == up_to:
        return
    wanted = select(AUDIT).order_by(AUDIT.c.seq)
    # what stands before the first one is an entry that was put in
    if after:
        wanted = wanted.where(AUDIT.c.seq > after)
    if up_to is not None:
        wanted = wanted.where(AUDIT.c.seq <= up_to)
    with connection.execute(wanted.execution_options(yield_per=500)) as found:
        yield from found


def end(connection: Connection) -> End | None:
    """Give where the log ends by its head; None if its last entry is another one."""
    row = connection.execute(_END).first()
    return End(row.seq, row.hash) if row and row.seq == (row.last or 0) else None


def edited(problem: str) -> StateError:
    """Make the error that refuses a store that another program wrote to."""
    return StateError(
        f"the state store was edited: {problem}",
        remedy="`connectsync runs verify` lists all that was edited; restore the"
        " store from a backup",
    )


def hashed(text: str) -> str:
    """Give the digest of a text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def canonical(data: Mapping[str, Any]) -> str:
    """Spell JSON data in the one way that is hashed."""
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"))
