"""What ``connectsync drift`` does: look, adopt if asked, and spell what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectsync.apply.settling import results_of
from connectsync.apply.state.naming import recognize
from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import connect_of, open_reader
from connectsync.cli.fleets import Scope
from connectsync.cli.session import Session
from connectsync.cli.state import open_state
from connectsync.cli.written import show_findings
from connectsync.config.discovery import below
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.domain.adoption import Adopted
from connectsync.domain.drift import DistrictDrift, Moved
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import StateError, UsageError
from connectsync.operations.adopting import (
    Drifted,
    draft_adoption,
    without_adopted,
    write_adopted,
)
from connectsync.operations.drifting import Looked, find_drift
from connectsync.operations.validating import Asked
from connectsync.report.adopted_text import adopted_text


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a scope, and the name of the backend it was found on."""

    scope: Scope
    looked: tuple[Looked, ...]
    backend: str

    @property
    def drift(self) -> tuple[DistrictDrift, ...]:
        """Who moved what, district by district."""
        return tuple(one.drift for one in self.looked)


async def look(session: Session, scope: Scope) -> Found:
    """
    Read the districts in scope, and remember what was seen. It cannot save.

    Where the state store can only be read, nothing is remembered, and that is said.
    """
    async with open_reader(session, scope.project, scope.districts) as reader:
        backend = reader.described
        with open_state(session, scope.project) as store:
            recognize(store, connect_of(session), at=session.now())
            baselines = StateReader(store).baselines(backend)
            open_ = store.open_saves(backend)
        looked = await find_drift(scope.wanted, reader, baselines, open_)
    try:
        with open_state(session, scope.project) as store:
            lives = {one.drift.district: one.live for one in looked if one.live}
            store.look(backend, results_of(open_, lives), at=session.now())
            seen = {one.drift.district: one.seen for one in looked if one.seen}
            store.note(backend, seen, at=session.now())
    except StateError as error:
        session.terminal.say(f"what was seen is not remembered: {error.message}")
    return Found(scope, looked, backend)


def take_what_people_changed(
    session: Session, found: Found, conflicts: Sequence[str], *, aloud: bool
) -> tuple[DistrictDrift, ...]:
    """
    Let files take over what people changed, say what was taken, and give what is left.

    ``conflicts`` are spelled DISTRICT:SETTING. ``aloud`` says that what was taken is a
    result; else it is said aside. Raises ``UsageError`` where a conflict is none.
    """
    agreed = _agreed(found.drift, conflicts)
    project = found.scope.project
    fleet = _around(found.scope)
    asked = Asked(today=session.today(), options=project.options, whole_fleet=True)
    with open_state(session, project) as store:
        busy = StateReader(store).unended(found.backend)
        drafts = draft_adoption(_drifted(found, fleet), agreed, busy, fleet, asked)
        adopted = tuple(
            write_adopted(
                drafts,
                project.root,
                store,
                backend=found.backend,
                at=session.now(),
            )
        )
    _say(session, found, adopted, aloud=aloud)
    left = {one.district: one for one in adopted}
    return tuple(
        without_adopted(one, left[one.district]) if one.district in left else one
        for one in found.drift
    )


def _agreed(
    found: Sequence[DistrictDrift], conflicts: Sequence[str]
) -> dict[str, list[str]]:
    """Read the conflicts that were named, each of which has to be one."""
    there = {
        f"{one.district}:{move.setting}": (one.district, move.setting)
        for one in found
        for move in one.movements
        if move.who is Moved.BOTH
    }
    agreed: dict[str, list[str]] = {}
    for named in conflicts:
        if named not in there:
            raise UsageError(
                f"--adopt-conflict {named!r}: both sides changed no such setting",
                remedy=did_you_mean(named, there)
                or f"conflicts, as DISTRICT:SETTING: {', '.join(there) or '(none)'}",
            )
        district, setting = there[named]
        agreed.setdefault(district, []).append(setting)
    return agreed


def _around(scope: Scope) -> Fleet:
    """Load the whole fleet, for a file has to fit the others as well."""
    project = scope.project
    named = {project.root / want.file for want in scope.wanted}
    files = sorted({*below(project.districts_dir), *named})
    return load_fleet(
        project.root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
    )


def _drifted(found: Found, fleet: Fleet) -> tuple[Drifted, ...]:
    loaded = {one.file: one for one in fleet.districts}
    return tuple(
        Drifted(loaded[one.drift.file], one.live, one.drift)
        for one in found.looked
        if one.live is not None
        and any(move.who is not Moved.US for move in one.drift.movements)
    )


def _say(
    session: Session, found: Found, adopted: Sequence[Adopted], *, aloud: bool
) -> None:
    terminal = session.terminal
    show = terminal.show if aloud else terminal.say
    if not adopted:
        show("Nothing to take over: Connect was not changed by hand")
    else:
        colour = terminal.colour and aloud
        show(adopted_text(adopted, written=True, colour=colour, width=terminal.width))
    if aloud:
        show_findings(session, found.scope.project, adopted)
        show("")
