"""The districts that a command line names, checked, and asked about by expressions."""

from __future__ import annotations

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from connectsync.cli.session import Session
from connectsync.cli.streams import standard_input
from connectsync.config.discovery import relative
from connectsync.config.fleet import STANDARD_INPUT, choose_files, load_text
from connectsync.config.project import Project, check_waves
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.settings import SETTINGS, is_same, value_data, value_of
from connectsync.domain.wording import few, many
from connectsync.errors import NothingMatched, StateError, UsageError
from connectsync.operations import query
from connectsync.operations.check_cache import WORTH_REMEMBERING, CheckCache
from connectsync.operations.checking import CheckedFleet, ValidationOptions, check_fleet
from connectsync.operations.validate import check_files, is_whole
from connectsync.report.terminal import inert

Row = dict[str, Any]

DASH = "-"

STATE_FILE = "state.db"
"""Where the state is, unless the project names a server."""

NEVER_APPLIED: Mapping[str, Any] = {
    "state.applied": False,
    "state.pending": [],
    "state.standing": "never applied",
}


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """What the command line names: paths, and a revision to compare with."""

    paths: list[str]
    changed_since: str | None = None


EVERYTHING = NamedFiles([])


def check_named_files(
    session: Session,
    project: Project,
    named: NamedFiles,
    asked: ValidationOptions,
    *,
    cached: bool = True,
) -> tuple[CheckedFleet, ValidationOptions]:
    """
    Check what is named, or all; give also what was asked, as far as all were read.

    Of many files, what is known from last time is not read again if ``cached``.
    """
    fleet = _check_fleet(session, project, named, asked, cached=cached)
    whole = named == EVERYTHING or is_whole(
        fleet.files, project.root, project.districts_dir
    )
    if whole:
        fleet = fleet.with_findings(check_waves(project, fleet.labels, whole=True))
    return fleet, replace(asked, whole_fleet=whole)


def _check_fleet(
    session: Session,
    project: Project,
    named: NamedFiles,
    asked: ValidationOptions,
    *,
    cached: bool,
) -> CheckedFleet:
    if DASH in named.paths:
        if named.paths != [DASH] or named.changed_since is not None:
            raise UsageError("`-` stands alone: one district from standard input")
        read = load_text(
            STANDARD_INPUT,
            standard_input(),
            project_root=project.root,
            districts_dir=project.districts_dir,
            recorded=project.options,
        )
        return check_fleet(read, asked)
    arguments = session.named(project, named.paths)
    files, every_profile = _files(session, project, arguments, named.changed_since)
    chosen = choose_files(
        project.root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
    )
    many = len(chosen.paths) >= WORTH_REMEMBERING
    cache = _cache(session, project, asked) if many and cached else None
    fleet = check_files(chosen, asked, every_profile=every_profile, cache=cache)
    if cache is not None and cache.problem:
        file = inert(str(cache.path))
        session.terminal.complain(f"{file} is not used: {inert(cache.problem)}")
    return fleet


def _cache(
    session: Session, project: Project, asked: ValidationOptions
) -> CheckCache | None:
    """Open what is known of files from last time; nothing where there is no state."""
    try:
        return CheckCache.at(session.state(project), asked)
    except StateError as error:
        session.terminal.complain(f"{error.message}; every file is checked again")
        return None


def _files(
    session: Session,
    project: Project,
    arguments: tuple[str, ...],
    revision: str | None,
) -> tuple[Sequence[Path], bool]:
    """
    Give the files to read, and whether profiles count that none of them builds on.

    A profile or a project file that changed since a revision reaches everyone.
    """
    if revision is None:
        files = session.files(project, arguments, perhaps_none=True)
        return files, not arguments
    # git, hashes and processes: only for those who compare
    from connectsync.operations.changes import ChangedFiles, compare_since

    compared = compare_since(project.root, revision, session.environment)
    changed = ChangedFiles(project, compared)
    files = session.files(project, arguments, perhaps_none=True)
    if changed.reaches_all():
        return files, not arguments
    differing = [path for path in files if changed.differs(path)]
    apart = [path for path in differing if not compared.is_comparable(path)]
    _tell_apart(session, project, apart)
    return sorted({*differing, *changed.profiles()}), False


def _tell_apart(session: Session, project: Project, paths: list[Path]) -> None:
    """Tell of files that count as changed because git cannot say."""
    if paths:
        names = few([relative(path, project.root) for path in paths])
        session.terminal.complain(
            f"not in this git repository, so all counts as changed: {inert(names)}"
        )


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
        asked = ValidationOptions(
            today=self.session.today(), options=self.project.options
        )
        named = NamedFiles(self.arguments)
        # all that is read here stays: looking for what could go takes time for nothing
        gc.disable()
        try:
            self.fleet, self.asked = check_named_files(
                self.session, self.project, named, asked
            )
            self.rows = [
                {**json.loads(one.stated), "file": one.file}
                for one in self.fleet.districts
            ]
        finally:
            gc.enable()
        errors = [one for one in self.fleet.findings if one.severity is Severity.ERROR]
        broken = sorted({one.place.file for one in errors})
        if broken:
            self.session.terminal.complain(
                f"left out, for these have errors: {inert(few(broken))};"
                " `connectsync validate` shows them"
            )

    def compile(self, text: str, *, live: bool = False) -> query.Expression:
        """Compile an expression over these districts. Raises ``UsageError``."""
        from connectsync.rules.catalogue import BY_NAME

        assert self.fleet is not None  # noqa: S101 - read before
        known = query.known_words(
            self.rows,
            profiles=self.fleet.shelf.names,
            rules=BY_NAME,
            recorded=self.project.options,
        )
        return query.compile_expression(text, live=live, known=known)

    def learn(self, names: Collection[str]) -> None:
        """Learn what more these names need than the files: findings, state, Connect."""
        if not query.FOUND.isdisjoint(names):
            self._learn_findings()
        if any(name.startswith(query.STATE) for name in names):
            self._learn_state()
        if any(name.startswith(query.LIVE) for name in names):
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
            counts = Counter(one.severity for one in own)
            row["errors"] = counts[Severity.ERROR]
            row["warnings"] = counts[Severity.WARNING]

    def _learn_state(self) -> None:
        folder = self.session.state(self.project)
        if self.project.state_url is None and not (folder / STATE_FILE).exists():
            # nothing was ever applied, and a question makes no store
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
        import asyncio

        from connectsync.cli.fleets import load_planned_scope
        from connectsync.cli.plan_source import look

        scope = load_planned_scope(self.session, self.arguments)
        found = asyncio.run(look(self.session, scope)).looked
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
                    row[f"{query.LIVE}{name}"] = value_data(value)


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
