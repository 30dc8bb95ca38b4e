"""``connectsync impact``: whom the settings of a district reach on its real roster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from connectsync.cli.formats import deliver_pages, insist_apart, insist_free
from connectsync.cli.options import option_output
from connectsync.cli.rosters import CLEVER, RosterReader
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.district import District
from connectsync.domain.impact import Impact, selection_of
from connectsync.domain.settings import Form
from connectsync.errors import ConnectError, StateError, UsageError
from connectsync.roster.tables import measure


class ImpactFormat(StrEnum):
    """The formats of an impact."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    CSV = "csv"


def impact(
    context: typer.Context,
    district: Annotated[
        str, typer.Argument(metavar="DISTRICT", help="A district: its name or file.")
    ],
    roster: Annotated[
        str | None,
        typer.Option(
            metavar="clever|PATH",
            help="The roster: `clever` reads it at Clever with the district's token;"
            " or a file, a folder or a zip (default: as `roster.source` in"
            " connectsync.yaml says).",
            show_default=False,
        ),
    ] = None,
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
    if roster is not None and roster != CLEVER:
        named = RosterReader(session, session.project(), roster)
        insist_apart(output, [named.path(roster)])
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

    def count(self, roster: str | None, *, by_school: bool) -> Impact:
        """Read both, and count. Raises ``ConnectsyncError``."""
        import asyncio

        live, compared_with, said = self._before()
        after = selection_of({**(live or {}), **self._after.desired()})
        before = selection_of(live) if live is not None else None
        read_at = self._session.now()
        rosters = RosterReader(self._session, self._project, roster)

        async def counted() -> Impact:
            async with rosters.open(self._district, schools=by_school) as read:
                measured = measure(
                    read.tables,
                    (before, after),
                    gaps=read.gaps,
                    dictionary=rosters.dictionary,
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

        return asyncio.run(counted())

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


class _Unread(Exception):
    """The settings of a district could not be read on a backend."""

    def __init__(self, backend: str, error: ConnectError) -> None:
        self.backend = backend
        self.error = error
        super().__init__(error.message)
