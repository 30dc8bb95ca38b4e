"""What saves and readings prove: baselines, setting by setting, and launches."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from connectsync.apply.state.tables import BASELINES, LAUNCHES
from connectsync.domain.save import Made, SaveFacts
from connectsync.domain.settings import Form, Value
from connectsync.domain.untouched import without
from connectsync.domain.values import is_same, value_data

Data = Mapping[str, Any]
Place = tuple[str, str]
"""A backend and a district."""


def learn(
    connection: Connection, place: Place, facts: SaveFacts, intended: Data, seq: int
) -> None:
    """
    Keep what a save proves: what it made, and what else was as the files say.

    What the file wants and this save did not bring yet is kept where nothing was: from
    now on it can be told who changes it.
    """
    observed, made = facts.observed or {}, facts.made
    known: dict[str, Value] = dict(facts.held)
    first: dict[str, Value] = {}
    for name in (*intended["agreed"], *intended["pending"]):
        if name in known or made.get(name) is Made.UNKNOWN or name not in facts.after:
            continue
        planned = facts.before[name] if name in made else facts.after[name]
        if (
            name in intended["agreed"]
            and name not in made
            and _same(observed, facts.after, name)
        ):
            known[name] = planned
        else:
            first[name] = planned
    kept = {name: frozenset(labels) for name, labels in intended["kept"].items()}
    keep(connection, place, without(known, kept), seq)
    keep(connection, place, without(first, kept), seq, only_where_nothing_is=True)


def _same(one: Form, other: Form, name: str) -> bool:
    return name in one and is_same(name, one[name], other[name])


def keep(
    connection: Connection,
    place: Place,
    form: Form,
    seq: int,
    *,
    only_where_nothing_is: bool = False,
) -> None:
    """Keep values of a district, and the entry that proves them."""
    names = set(form)
    if not names:
        return
    here = (*_at(BASELINES, place), BASELINES.c.setting.in_(sorted(names)))
    if only_where_nothing_is:
        names -= set(
            connection.execute(select(BASELINES.c.setting).where(*here)).scalars()
        )
    else:
        connection.execute(delete(BASELINES).where(*here))
    new = [
        {
            "backend": place[0],
            "district": place[1],
            "setting": name,
            "value": json.dumps(value_data(form[name])),
            "proof": seq,
        }
        for name in sorted(names)
    ]
    if new:
        connection.execute(insert(BASELINES), new)


def forget_all_but(
    connection: Connection, place: Place, managed: Collection[str]
) -> None:
    """Forget what is known of settings that are not managed any more."""
    others = BASELINES.c.setting.not_in(sorted(managed))
    connection.execute(delete(BASELINES).where(*_at(BASELINES, place), others))


def launch(
    connection: Connection, backend: str, districts: Collection[str], seq: int
) -> None:
    """Remember that the nightly sync of districts ran."""
    if not districts:
        return
    known = set(
        connection.execute(
            select(LAUNCHES.c.district).where(
                LAUNCHES.c.backend == backend,
                LAUNCHES.c.district.in_(sorted(districts)),
            )
        ).scalars()
    )
    new = [
        {"backend": backend, "district": district, "proof": seq}
        for district in districts
        if district not in known
    ]
    if new:
        connection.execute(insert(LAUNCHES), new)


def _at(table: Table, place: Place) -> tuple[Any, Any]:
    return table.c.backend == place[0], table.c.district == place[1]


def move(connection: Connection, others: Collection[str], key: str) -> None:
    """Know by one key what was known by others; of two values the later one stays."""
    for table in (BASELINES, LAUNCHES):
        names = [c.name for c in table.primary_key.columns if c.name != "backend"]
        here = table.c.backend.in_([*others, key])
        rows = connection.execute(select(table).where(here).order_by(table.c.proof))
        latest = {
            tuple(values[name] for name in names): {**values, "backend": key}
            for values in (row._asdict() for row in rows.all())
        }
        connection.execute(delete(table).where(here))
        if latest:
            connection.execute(insert(table), list(latest.values()))
