"""The districts that a command line names, checked, and asked about by expressions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import Any, get_args, get_type_hints

from connectsync.cli.file_check import FilesToCheck, check_named_files
from connectsync.cli.session import Session, wait_for
from connectsync.config.fleet import Fleet
from connectsync.config.project import Project
from connectsync.domain.district import Facts, Provider
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.outcome import Ending
from connectsync.domain.settings import SETTINGS, is_same, value_data, value_of
from connectsync.domain.wording import many
from connectsync.errors import NothingMatched
from connectsync.operations import query
from connectsync.operations.checked import CheckedDistrict
from connectsync.operations.checking import (
    CheckedFleet,
    ValidationOptions,
    options_of,
)
from connectsync.operations.expression import FOUND, LIVE, STATE
from connectsync.providers.form import Kind
from connectsync.values import dataclass, field

Row = dict[str, Any]

STATE_FILE = "state.db"
"""Where the state is, unless the project names a server."""

NEVER_APPLIED: Mapping[str, Any] = {
    "state.applied": False,
    "state.pending": [],
    "state.standing": "never applied",
}

NOTES = "notes"
"""Where a row keeps the rules of which a district has only notes: no name means it."""


def broken_files(fleet: Fleet) -> tuple[str, ...]:
    """Give the files with errors: a report goes without their districts."""
    shared = frozenset(fleet.shelf.names.values())
    read = {one.file for one in fleet.districts}
    return tuple(sorted(set(fleet.files) - shared - read))


@dataclass(slots=True)
class AskedFleet:
    """
    The districts of a project, as they are asked about.

    ``rows`` are what is known of each by name; more is learned as it is needed.
    """

    session: Session
    project: Project
    arguments: list[str]
    rows: list[Row] = field(default_factory=list)
    fleet: CheckedFleet | None = None
    asked: ValidationOptions | None = None

    def read(self) -> None:
        """Read what the files say; those with errors are left out, with a word."""
        asked = options_of(self.project, self.session.today())
        self.fleet, self.asked = check_named_files(
            self.session, self.project, FilesToCheck(self.arguments), asked
        )
        self.rows = list(_rows(self.fleet.districts))
        errors = [one for one in self.fleet.findings if one.severity is Severity.ERROR]
        self.session.terminal.tell_left_out(sorted({one.place.file for one in errors}))

    def compile(self, text: str, *, live: bool = False) -> query.Expression:
        """Compile an expression over these districts. Raises ``UsageError``."""
        from connectsync.rules.catalogue import BY_NAME

        assert self.fleet is not None  # noqa: S101 - read before
        known = known_words(
            self.rows,
            profiles=self.fleet.shelf.names,
            rules=BY_NAME,
            recorded=self.project.options,
        )
        return query.compile_expression(text, live=live, known=known)

    def learn(self, names: Collection[str]) -> None:
        """Learn what more these names need than the files: findings, state, Connect."""
        if not FOUND.isdisjoint(names):
            self._learn_findings()
        if any(name.startswith(STATE) for name in names):
            self._learn_state()
        if any(name.startswith(LIVE) for name in names):
            self._learn_live()

    def choose(self, expression: query.Expression) -> None:
        """Keep the districts for which it is true; say which state too little."""
        self.rows = list(expression.choose(self.rows))  # type: ignore[arg-type]
        for name, count in expression.lacking.items():
            states = "states" if count == 1 else "state"
            self.session.terminal.say(
                f"not chosen: {many(count, 'district')} that {states} no {name}"
            )

    def sort(self, name: str, *, down: bool) -> None:
        """Sort by one name; districts that do not state it come last."""
        stated = [row for row in self.rows if row.get(name) not in (None, [])]
        rest = [row for row in self.rows if row.get(name) in (None, [])]
        self.rows = [*sorted(stated, key=itemgetter(name), reverse=down), *rest]

    def leave_out_notes(self) -> int:
        """Take notes out of the findings of each district, and count them."""
        for row in self.rows:
            notes = row.get(NOTES, ())
            row["findings"] = [one for one in row["findings"] if one not in notes]
        return sum(len(row.get(NOTES, ())) for row in self.rows)

    def _learn_findings(self) -> None:
        from connectsync.operations.validate import report_on

        assert self.fleet is not None  # noqa: S101 - read before
        assert self.asked is not None  # noqa: S101 - read before
        found = defaultdict[str, list[Finding]](list)
        for one in report_on(self.fleet, self.asked).findings:
            for where in (one.place.file, *one.districts):
                found[where].append(one)
        for row in self.rows:
            own = [*found[row["file"]], *found[row["district"]]]
            row["findings"] = sorted({one.rule for one in own})
            grave = {one.rule for one in own if one.severity is not Severity.INFO}
            row[NOTES] = [one for one in row["findings"] if one not in grave]
            counts = Counter(one.severity for one in own)
            row["errors"] = counts[Severity.ERROR]
            row["warnings"] = counts[Severity.WARNING]

    def _learn_state(self) -> None:
        if not has_state(self.session, self.project):
            for row in self.rows:
                row.update(NEVER_APPLIED)
            return
        from connectsync.apply.state.queries import StateReader
        from connectsync.cli.plan_source import open_state

        name = (self.session.backend or self.project.backend).partition(":")[0]
        with open_state(self.session, self.project) as store:
            archive = StateReader(store)
            key = archive.connect_called(self.project.connect, name)
            baselines, runs = archive.baselines(key), archive.last_of_each(key)
        for row in self.rows:
            if last := runs.get(row["district"]):
                row["state.run"], row["state.at"] = last.run, last.at
                if last.ending:
                    row["state.ending"] = last.ending
            known = baselines.get(row["district"])
            row.update(NEVER_APPLIED)
            if known is None or not known.applied:
                continue
            desired = {
                setting.name: value_of(setting.name, row[path])
                for setting in SETTINGS
                if (path := ".".join(setting.path)) in row
            }
            pending = [
                name
                for name, value in desired.items()
                if name not in known.form or not is_same(name, known.form[name], value)
            ]
            row["state.applied"], row["state.pending"] = True, pending
            row["state.standing"] = "pending" if pending else "in step"

    def _learn_live(self) -> None:
        from connectsync.cli.fleets import load_planned_scope
        from connectsync.cli.plan_source import look

        scope = load_planned_scope(self.session, self.arguments)
        found = wait_for(look(self.session, scope)).looked
        looked = {one.drift.district: one for one in found}
        for row in self.rows:
            one = looked.get(row["district"])
            if one is None:
                continue
            row["live.standing"] = one.drift.standing
            row["live.differs"] = sorted(move.setting for move in one.drift.movements)
            if one.live is None:
                row["live.error"] = one.drift.error
                continue
            for name, value in one.live.form.items():
                if value is not None:
                    row[f"{LIVE}{name}"] = value_data(value)


def has_state(session: Session, project: Project) -> bool:
    """Say whether anything was ever applied: a question makes no store."""
    folder = session.state(project)
    return project.state_url is not None or (folder / STATE_FILE).exists()


def chosen_by(
    session: Session, paths: Sequence[str] | None, where: str | None
) -> list[str]:
    """
    Give the arguments that mean the districts for which an expression is true.

    Without one, they are the paths as they were given. Raises ``NothingMatched``.
    """
    given = list(paths or [])
    if where is None:
        return given
    fleet = AskedFleet(session, session.project(), given)
    fleet.read()
    expression = fleet.compile(where)
    before = len(fleet.rows)
    fleet.learn(expression.used)
    fleet.choose(expression)
    session.terminal.say(f"--where chose {len(fleet.rows):,} of {before:,} districts")
    if not fleet.rows:
        raise NothingMatched(
            "--where: no district is like that",
            remedy="`connectsync list --where EXPR` shows which are, without a change",
        )
    if len(fleet.rows) == before:
        return given
    return [str(fleet.project.root / row["file"]) for row in fleet.rows]


def _rows(districts: Iterable[CheckedDistrict]) -> Iterator[Row]:
    """Give what files say; what those of one mold share is read once."""
    shared: dict[tuple[str, ...], Row] = {}
    for one in districts:
        mold = one.judged.stated
        if mold in shared:
            yield {**shared[mold], **one.own_values, "file": one.file}
            continue
        row = json.loads(one.stated)
        if len(mold) > 1:
            shared[mold] = row
        yield {**row, "file": one.file}


def known_words(
    districts: Iterable[query.Values],
    *,
    profiles: Collection[str],
    rules: Collection[str],
    recorded: Mapping[str, Sequence[str]],
) -> dict[str, Collection[str]]:
    """Give the words that a name can hold: of the form, the project and its rules."""
    rows = list(districts)
    known: dict[str, Collection[str]] = {
        "district": {one["district"] for one in rows},
        "labels": {label for one in rows for label in one["labels"]},
        "profiles": set(profiles),
        "findings": set(rules),
        "allow.rules": set(rules),
        "provider": {one.value for one in Provider},
        "state.ending": {one.value for one in Ending},
        "state.standing": {"never applied", "pending", "in step"},
        f"{LIVE}standing": {"conflict", "drift", "pending", "unread", "in step"},
    }
    for setting in SETTINGS:
        path = f"{setting.section}.{setting.name}"
        labels = {*setting.labels, *recorded.get(setting.name, ())}
        if labels and setting.kind in {Kind.CHOICE, Kind.BOXES}:
            for one in rows:
                held = one.get(path, [])
                labels.update([held] if isinstance(held, str) else held)
            known[path] = known[f"{LIVE}{setting.name}"] = labels
    for name, hint in get_type_hints(Facts).items():
        for part in get_args(hint):
            if isinstance(part, type) and issubclass(part, StrEnum):
                known[f"facts.{name}"] = {one.value for one in part}
    return known
