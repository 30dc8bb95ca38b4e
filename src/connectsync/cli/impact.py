"""``connectsync impact``: whom settings of districts reach on their real rosters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, NamedTuple

import typer

from connectsync.cli.formats import CLEVER, deliver_pages, insist_apart, insist_free
from connectsync.cli.options import option_output, where_option
from connectsync.cli.rosters import Meanwhile, RosterReader, nothing, roster_path
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.impact import Impact, selection_of
from connectsync.domain.settings import Form
from connectsync.errors import (
    ConnectError,
    ProjectError,
    RosterUnreadable,
    StateError,
    UsageError,
)
from connectsync.report.impact_fleet import ImpactFleet
from connectsync.roster.tables import measure

ImpactFormat = StrEnum("ImpactFormat", ["TEXT", "JSON", "MARKDOWN", "HTML", "CSV"])
"""The formats of an impact."""


def impact(
    context: typer.Context,
    districts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DISTRICTS]...",
            help="A district, for all its figures; or several, for a line on each and"
            " the sum (default: all).",
            show_default=False,
        ),
    ] = None,
    roster: Annotated[
        str | None,
        typer.Option(
            metavar="clever|PATH",
            help="The roster: `clever` reads it at Clever with the district's token;"
            " or a file, a folder or a zip, for several districts with {district} in"
            " place of the key (default: as `roster` in connectsync.yaml says).",
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
            help="Count with the settings of this district file instead, wherever it"
            " lies; its profiles are those of this project.",
        ),
    ] = None,
    where: where_option = None,
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

    Exits with 1 if one of several districts could not be counted.
    """
    from connectsync.report.impact import render_impact
    from connectsync.report.impact_fleet import render_fleet

    session: Session = context.obj
    project = session.project()
    insist_free(session, output, project=project)
    if roster not in {None, CLEVER}:
        insist_apart([output], [roster_path(session, str(roster))])
    counting = _Counting(session, project, roster, settings)
    counting.load(_chosen(session, districts, where))
    terminal = session.terminal
    colour, width = terminal.colour and output is None, terminal.width
    status = ExitStatus.FINE
    if where is None and counting.is_one(districts):
        found = wait_for(counting.count_one(by_school=school))
        text = render_impact(found, format_, colour=colour, width=width)
    else:
        if school:
            raise UsageError(
                "--school counts the schools of one district",
                remedy="name one district",
            )
        fleet = wait_for(counting.count_all())
        text = render_fleet(fleet, format_, colour=colour, width=width)
        status = ExitStatus.FINDINGS if fleet.not_counted else status
    whole = terminal.place.complete(text) if format_ == "text" else text
    deliver_pages(terminal, whole, format_, output)
    return status


def _chosen(
    session: Session, districts: Sequence[str] | None, where: str | None
) -> Sequence[str]:
    if where is None:
        return districts or []
    from connectsync.cli.asked import chosen_by

    return chosen_by(session, districts, where)


class _Before(NamedTuple):
    """The settings before, where they come from, and what is to be said of them."""

    form: Form | None
    where: str = ""
    said: tuple[str, ...] = ()


class _Counting:
    """Districts, the settings they have before and after, and their rosters."""

    def __init__(
        self,
        session: Session,
        project: Project,
        roster: str | None,
        settings: str | None,
    ) -> None:
        self._session, self._project = session, project
        self._rosters = RosterReader(session, project, roster)
        self._districts: tuple[District, ...] = ()
        # with the file of another district, its settings are tried on these rosters
        self._tried = self._try(settings) if settings else None
        self._settings = settings

    def _load(self, named: Sequence[str]) -> tuple[District, ...]:
        from connectsync.cli.fleets import load_planned_scope

        scope = load_planned_scope(self._session, named, project=self._project)
        return scope.districts

    def _try(self, named: str) -> District:
        from connectsync.cli.fleets import load_alone

        return load_alone(self._session, self._project, named)

    def _say_tried(self) -> tuple[str, ...]:
        """Say whose settings are tried, if any, and where its profiles were found."""
        if self._tried is None:
            return ()
        shared = ", on the profiles of this project" if self._tried.profiles else ""
        return (f"the settings after are those of {self._settings}{shared}",)

    def load(self, named: Sequence[str]) -> None:
        """Find the districts. Raises ``UsageError`` where no roster is named."""
        self._districts = self._load(named)
        self._rosters.insist_named(len(self._districts))

    def is_one(self, named: Sequence[str] | None) -> bool:
        """Say whether the arguments name one district, and not a group of one."""
        spelled = [one for one in named or () if not set(one) & set("*?[")]
        one = len(spelled) == len(named or ()) == len(self._districts) == 1
        whole = (self._session.folder or self._session.here) / "".join(spelled)
        return one and not whole.is_dir()

    async def count_one(self, *, by_school: bool) -> Impact:
        """Read the district and its roster, and count. Raises ``ConnectsyncError``."""
        (district,) = self._districts
        befores: dict[str, _Before] = {}

        async def look() -> None:
            befores.update(await self._read_before())

        return await self._count(district, befores, look, by_school=by_school)

    async def count_all(self) -> ImpactFleet:
        """Count each district; what is wrong with one is said in its place."""
        befores = await self._read_before()
        named = {one.key: one for one in self._districts}
        keys = sorted(named)

        async def count(key: str) -> Impact | str:
            if not self._rosters.of(key):
                return "no roster is named for this district"
            try:
                return await self._count(named[key], befores)
            except (ConnectError, ProjectError, RosterUnreadable) as error:
                return error.sentence

        told = [*zip(keys, await self._rosters.each(keys, count), strict=True)]
        counted = [one for _, one in told if isinstance(one, Impact)]
        left = [(key, one) for key, one in told if isinstance(one, str)]
        return ImpactFleet(tuple(counted), tuple(left))

    async def _count(
        self,
        district: District,
        befores: Mapping[str, _Before],
        meanwhile: Meanwhile = nothing,
        *,
        by_school: bool = False,
    ) -> Impact:
        wanted = (self._tried or district).desired()
        read_at = self._session.now()
        async with self._rosters.open(
            district, schools=by_school, meanwhile=meanwhile
        ) as read:
            read.tables.once = not by_school
            before = befores[district.key]
            old = before.form
            work = partial(
                measure,
                read.tables,
                (
                    selection_of(old) if old is not None else None,
                    selection_of({**(old or {}), **wanted}),
                ),
                gaps=read.gaps,
                dictionary=self._rosters.dictionary,
                by_school=by_school,
            )
            measured = await self._rosters.count(read.tables, work)
        return Impact(
            district.key,
            read.source,
            read_at,
            before.where,
            measured,
            (*self._say_tried(), *before.said, *read.notes, *measured.notes()),
        )

    async def _read_before(self) -> dict[str, _Before]:
        """Give the forms on Connect, or those that were applied last, if any."""
        from connectsync.cli.backends import open_reader

        keys = [one.key for one in self._districts]
        reading = open_reader(self._session, self._project, self._districts)
        async with reading as reader:
            described = reader.described
            try:
                found = await reader.read_many(keys)
            except ConnectError as error:
                found = dict.fromkeys(keys, error)
        befores = {}
        for key in keys:
            live = found[key]
            if isinstance(live, ConnectError):
                befores[key] = self._applied(described, key, live)
            else:
                where = f"the settings on Connect ({described})"
                befores[key] = _Before(live.form, where)
        return befores

    def _applied(self, backend: str, key: str, error: ConnectError) -> _Before:
        from connectsync.apply.state.queries import StateReader
        from connectsync.cli.plan_source import open_state

        said = (f"the settings on Connect were not read: {error.sentence}",)
        try:
            with open_state(self._session, self._project) as store:
                baseline = StateReader(store).baselines(backend).get(key)
        except StateError:
            return _Before(None, said=said)
        if baseline is None or not baseline.form:
            return _Before(None, said=said)
        return _Before(baseline.form, "the settings that were applied last", said)
