"""Resuming: which run to continue, what is known of it, and what is left to save."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from connectsync.apply.journal import JournalRow, SaveStatus
from connectsync.apply.saving import settle_open_saves
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.run import Run, close_command, superseded_text
from connectsync.domain.settings import Form
from connectsync.errors import ConnectError, Superseded


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    The run to continue, None where there is none.

    ``passed_over`` says in a sentence each which runs have districts left that a newer
    run planned as well.
    """

    run: Run | None
    passed_over: tuple[str, ...] = ()


def left_elsewhere(archive: StateReader, backend: str) -> Run | None:
    """Give the newest run on any other backend that has something left."""
    runs = (run for run in archive.runs() if run.backend != backend and run.left)
    current = (run for run, by in archive.each_superseded(runs) if not by)
    return next(current, None)


def choose_run(archive: StateReader, backend: str) -> Chosen:
    """
    Choose the newest run that has something left and that no newer run superseded.

    Raises ``Superseded`` if every run that has something left was superseded.
    """
    passed: dict[int, str] = {}
    open_ = (
        run
        for run in archive.runs(backend)
        if run.left or (run.parts and run.ended is None)
    )
    for run, by in archive.each_superseded(open_):
        if not by:
            return Chosen(run, tuple(passed.values()))
        passed[run.number] = superseded_text(run.number, by)
    if passed:
        raise Superseded(
            "; ".join(passed.values()), remedy=superseded_remedy(next(iter(passed)))
        )
    return Chosen(None)


def superseded_remedy(run: int) -> str:
    """Say what to do about a run that a newer one superseded."""
    return (
        f"end it: {close_command(run)}; or continue the older plan all the same:"
        f" `connectsync resume {run}`"
    )


async def settle_open(run: Run, store: Store, reader: Reader, now: datetime) -> None:
    """
    Find out by reading what became of the saves of a run that may have been made.

    A save that is seen not to have been made may still arrive, and is looked for again.
    What another runner has in progress, or what cannot be read, stays as it is.
    """
    with suppress(ConnectError):
        await settle_open_saves(reader, store, run.backend, at=now, run=run.number)


def rest_of(plan: Plan, run: Run, entries: tuple[JournalRow, ...]) -> Plan:
    """
    Give the part of a plan that is still to be saved.

    A district stands there as it is after the saves that are confirmed.
    """
    left = frozenset(run.left)
    rest = (
        _rest(planned, entries)
        for planned in plan.districts
        if planned.district in left
    )
    return replace(plan, districts=tuple(one for one in rest if one.saves), failed=())


def _rest(planned: DistrictPlan, entries: tuple[JournalRow, ...]) -> DistrictPlan:
    made = sum(
        one.settled is SaveStatus.CONFIRMED and one.intent.district == planned.district
        for one in entries
    )
    form: Form = planned.live
    for save in planned.saves[:made]:
        form = save.after(form)
    return replace(planned, live=form, saves=planned.saves[made:])
