"""``connectsync impact``: whom the settings of a district reach on its real roster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.formats import deliver_pages, insist_apart, insist_free
from connectsync.cli.options import option_output
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import Ground, without_steps_up
from connectsync.domain.district import District
from connectsync.domain.impact import Dictionary, Gap, Impact, selection_of
from connectsync.domain.settings import Form
from connectsync.errors import ConnectError, ProjectError, StateError, UsageError
from connectsync.roster.tables import RosterTables, measure, open_tables


class ImpactFormat(StrEnum):
    """The formats of an impact."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    CSV = "csv"


CLEVER = "clever"
"""What is written in place of a path to have the roster read at Clever."""


def impact(
    context: typer.Context,
    district: Annotated[
        str, typer.Argument(metavar="DISTRICT", help="A district: its name or file.")
    ],
    roster: Annotated[
        str,
        typer.Option(
            metavar="clever|PATH",
            help="The roster: `clever` reads it at Clever with the district's token;"
            " or a file, a folder or a zip.",
            show_default=False,
        ),
    ],
    school: Annotated[
        bool, typer.Option("--school", help="Also count each school by itself.")
    ] = False,
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Count with the settings of this district file instead.",
        ),
    ] = None,
    format_: Annotated[
        ImpactFormat,
        typer.Option(
            "--format",
            help="Output format: text, json, a comment (markdown), a page (html) or a"
            " table (csv).",
        ),
    ] = ImpactFormat.TEXT,
    output: option_output = None,
) -> int:
    """
    Count whom a change of settings reaches on the roster, and whom it loses.

    Compares the settings on Connect with those of the files. Reads only, and shows
    numbers only: no name, phone number, email or id of a person.
    """
    from connectsync.report.impact import render_impact

    session: Session = context.obj
    insist_free(session, output)
    if roster != CLEVER:
        insist_apart(output, [_path_of(session, roster)])
    counted = _Counting(session, district, settings).count(roster, by_school=school)
    terminal = session.terminal
    text = render_impact(
        counted,
        format_,
        colour=terminal.colour and output is None,
        width=terminal.width,
    )
    whole = terminal.place.complete(text) if format_ == "text" else text
    deliver_pages(terminal, whole, format_, output)
    return ExitStatus.FINE


@dataclass(slots=True)
class _Read:
    """A roster in tables, and what is to be said of it."""

    tables: RosterTables
    source: str
    gaps: frozenset[Gap]
    notes: tuple[str, ...]


class _Counting:
    """One district, the settings it has before and after, and its roster."""

    def __init__(self, session: Session, district: str, settings: str | None) -> None:
        self._session = session
        self._project = session.project()
        self._district = self._only(district)
        # with the file of another district, its settings are tried on this roster
        self._after = self._only(settings) if settings else self._district

    def _only(self, named: str) -> District:
        from connectsync.cli.fleets import load_planned_scope

        scope = load_planned_scope(self._session, [named])
        if len(scope.wanted) != 1:
            raise UsageError(
                f"{named!r} means {len(scope.wanted)} districts, and impact counts one",
                remedy="name one district, such as"
                f" `connectsync impact {scope.districts[0].key} --roster clever`"
                if scope.districts
                else None,
            )
        return scope.districts[0]

    def count(self, roster: str, *, by_school: bool) -> Impact:
        """Read both, and count. Raises ``ConnectsyncError``."""
        live, compared_with, said = self._before()
        after = selection_of({**(live or {}), **self._after.desired()})
        before = selection_of(live) if live is not None else None
        read_at = self._session.now()
        with self._open(roster, by_school=by_school) as read:
            measured = measure(
                read.tables,
                (before, after),
                gaps=read.gaps,
                dictionary=self._dictionary(),
                by_school=by_school,
            )
            return Impact(
                self._district.key,
                read.source,
                read_at,
                compared_with,
                measured,
                (*said, *read.notes),
            )

    def _before(self) -> tuple[Form | None, str, tuple[str, ...]]:
        """Give the form on Connect, or the one that was applied last, if any."""
        import asyncio

        from connectsync.cli.backends import open_reader

        key = self._district.key

        async def read() -> tuple[Form, str]:
            districts = (self._district,)
            async with open_reader(self._session, self._project, districts) as reader:
                described = reader.described
                try:
                    live = await reader.read(key)
                except ConnectError as error:
                    raise _Unread(described, error) from error
                return live.form, f"the settings on Connect ({described})"

        try:
            form, where = asyncio.run(read())
        except _Unread as unread:
            said = f"the settings on Connect were not read: {unread.error.sentence}"
            applied = self._applied(unread.backend)
            where = "the settings that were applied last" if applied else ""
            return applied, where, (said,)
        return form, where, ()

    def _applied(self, backend: str) -> Form | None:
        from connectsync.apply.state.queries import StateReader
        from connectsync.cli.plan_source import open_state

        try:
            with open_state(self._session, self._project) as store:
                baseline = StateReader(store).baselines(backend).get(self._district.key)
        except StateError:
            return None
        return (baseline.form or None) if baseline else None

    def _dictionary(self) -> Dictionary:
        return Dictionary(
            {
                name: {word.strip().lower(): label for word, label in meant.items()}
                for name, meant in self._project.roster.words.items()
            }
        )

    @contextmanager
    def _open(self, roster: str, *, by_school: bool) -> Iterator[_Read]:
        if roster == CLEVER:
            with open_tables() as tables:
                yield self._read_at_clever(tables)
            return
        from connectsync.roster.layouts import open_roster_files

        with open_roster_files(
            _path_of(self._session, roster),
            self._project.roster.encoding,
            schools=by_school,
            shown=roster,
            way_out=Ground.of(self._project.root).way_out,
        ) as found:
            source = f"{found.kind}: {roster}"
            yield _Read(found.tables, source, found.gaps, found.notes)

    def _read_at_clever(self, tables: RosterTables) -> _Read:
        import asyncio

        from connectsync.cli.hosts import insist_clever
        from connectsync.cli.secrets import district_token
        from connectsync.operations.roster_check import read_roster
        from connectsync.roster.clever import open_roster
        from connectsync.roster.clever_users import CleverPeople

        clever = self._project.clever
        if clever is None:
            raise ProjectError(
                "the project does not say that Clever may be asked",
                remedy="write `roster: {clever: {}}` into connectsync.yaml, or give an"
                " export of the roster",
            )
        environment = self._session.environment
        insist_clever(clever.url, environment)
        resolves = partial(
            district_token, project=self._project, environment=environment
        )

        async def read() -> tuple[str, tuple[str, ...]]:
            async with open_roster(clever.url) as asked:
                people = CleverPeople(asked)
                reading = await read_roster(
                    people, self._district, resolves, tables.take_page
                )
                return reading.source, tuple(reading.notes())

        source, notes = asyncio.run(read())
        tables.settle()
        return _Read(tables, source, frozenset(), notes)


def _path_of(session: Session, roster: str) -> Path:
    """Give where a roster lies: `..` in its spelling is no link out of the project."""
    return without_steps_up((session.folder or session.here) / roster)


class _Unread(Exception):
    """The settings of a district could not be read on a backend."""

    def __init__(self, backend: str, error: ConnectError) -> None:
        self.backend = backend
        self.error = error
        super().__init__(error.message)
