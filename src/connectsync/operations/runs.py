"""Runs: what they did, how two differ, which to continue, what is left to save."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby

from connectsync.apply.journal import JournalRow, SaveStatus
from connectsync.apply.saving import results_of
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.run import (
    AuditResult,
    ConfirmedSave,
    DistrictDiff,
    DistrictHistory,
    HistoryEntry,
    KnownValue,
    Run,
    RunDiff,
    RunDistrict,
    RunHead,
    RunHistory,
    SettingDiff,
    close_command,
    superseded_text,
)
from connectsync.domain.settings import BY_NAME, Form, Set, list_differing
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectError, Superseded, UsageError
from connectsync.values import dataclass, replace


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
    Choose the newest run with something left, that no newer one superseded or undid.

    Raises ``Superseded`` if each that has something left was.
    """
    passed: dict[int, str] = {}
    runs = archive.runs(backend)
    undone = {run.rollback_of: run.number for run in runs}
    open_ = (run for run in runs if run.left or (run.parts and run.ended is None))
    for run, by in archive.each_superseded(open_):
        if run.number in undone:
            back = f"run {undone[run.number]} took run {run.number} back"
            passed[run.number] = back
        elif by:
            passed[run.number] = superseded_text(run.number, by)
        else:
            return Chosen(run, tuple(passed.values()))
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
    found = {
        district: ours
        for district, entries in store.open_saves(run.backend).items()
        if (ours := tuple(one for one in entries if one.run == run.number))
    }
    with suppress(ConnectError):
        lives = await reader.read_many(sorted(found)) if found else {}
        store.look(run.backend, results_of(found, lives), at=now)


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
    return replace(plan, districts=tuple(one for one in rest if one.saves))


def _rest(planned: DistrictPlan, entries: tuple[JournalRow, ...]) -> DistrictPlan:
    made = sum(
        one.settled is SaveStatus.CONFIRMED and one.intent.district == planned.district
        for one in entries
    )
    form: Form = planned.live
    for save in planned.saves[:made]:
        form = save.after(form)
    return replace(planned, live=form, saves=planned.saves[made:])


def district_history(
    archive: StateReader,
    district: str,
    settings: Collection[str] = (),
    since: datetime | None = None,
) -> DistrictHistory:
    """
    Tell what became of a district's form, by backend, the oldest first.

    Of ``settings`` alone, or of all. What others changed is told where a save of ours
    found another value than the one before it had left. Raises ``StateError``.
    """
    entries = _entries_of(archive.history(district))
    chosen = (
        replace(
            entry,
            changes=tuple(
                one for one in entry.changes if not settings or one.setting in settings
            ),
            token_typed=entry.token_typed and not settings,
        )
        for entry in entries
        if since is None or entry.at >= since
    )
    told = tuple(one for one in chosen if one.changes or one.token_typed)
    return DistrictHistory(district, told)


def _entries_of(
    saves: Iterable[tuple[RunHead, JournalRow, datetime, datetime]],
) -> Iterator[HistoryEntry]:
    for backend, found in groupby(saves, key=lambda one: one[0].backend):
        left: Form = {}
        last: datetime | None = None
        for head, row, intended, seen in found:
            facts = row.facts
            moved = _moved(left, facts.before)
            yield HistoryEntry(backend, None, intended, moved, after=last)
            made = tuple(Set(n, facts.before.get(n), v) for n, v in facts.held.items())
            yield HistoryEntry(
                backend, head, seen, made, token_typed=row.intent.set_token
            )
            held, observed = {**facts.before, **facts.held}, facts.observed or {}
            # what else is on the form now came while this save was made
            beside = {n: v for n, v in observed.items() if n not in facts.changed}
            yield HistoryEntry(
                backend, None, seen, _moved(held, beside), after=intended
            )
            left, last = {**held, **observed}, seen


def _moved(before: Form, after: Form) -> tuple[Set, ...]:
    """Give the settings that both forms hold, with other values."""
    both = {name: before[name] for name in after if name in before}
    names = list_differing(both, {name: after[name] for name in both})
    return tuple(Set(name, before[name], after[name]) for name in names)


def diff_of(archive: StateReader, run_a: int, run_b: int) -> RunDiff:
    """
    Say what is not the same after one run and after another.

    A district is looked at if a save of either run was confirmed on it, and of its
    settings those that such a save changed. What a setting was *after* a run is what
    the last confirmed save of the district says that belongs to that run or to one
    with a smaller number, on the same backend; saves are taken in the order they were
    intended. Where there is no such save, it is not known: the journal tells nothing
    of what was there before the first one. A setting that is the same after both is
    left out, a district is not.

    So people's own saves in between are not seen, and a district that only one of the
    runs saved is compared with what runs before had made of it.

    Raises ``UnknownRun``, and ``UsageError`` for a run and itself, or for runs on two
    backends.
    """
    if run_a == run_b:
        raise UsageError(
            f"run {run_a} cannot differ from itself",
            remedy="name two runs; `connectsync runs` lists them",
        )
    a, b = archive.run(run_a), archive.run(run_b)
    _insist_one_backend(a, b)
    saves: dict[str, list[ConfirmedSave]] = defaultdict(list)
    for save in archive.confirmed(a.backend, (run_a, run_b)):
        saves[save.district].append(save)
    districts = tuple(_district(run_a, run_b, saves[key]) for key in sorted(saves))
    return RunDiff(run_a, run_b, a.backend, districts)


def _insist_one_backend(a: Run, b: Run) -> None:
    if a.backend != b.backend:
        raise UsageError(
            f"run {a.number} was on {a.backend}, and run {b.number} on {b.backend}",
            remedy="compare runs on one backend; `connectsync runs` lists them",
        )


def _district(run_a: int, run_b: int, saves: Sequence[ConfirmedSave]) -> DistrictDiff:
    after_a, after_b = _after(run_a, saves), _after(run_b, saves)
    saved = [save for save in saves if save.run in {run_a, run_b}]
    changed = {
        name for save in saved for name in list_differing(save.before, save.after)
    }
    pairs = (
        SettingDiff(name, _known_value(after_a, name), _known_value(after_b, name))
        for name in BY_NAME
        if name in changed
    )
    return DistrictDiff(
        district=saves[0].district,
        saved_by=tuple(
            run for run in (run_a, run_b) if run in {save.run for save in saved}
        ),
        settings=tuple(one for one in pairs if one.after_a != one.after_b),
    )


def _after(run: int, saves: Sequence[ConfirmedSave]) -> Form | None:
    forms = [save.after for save in saves if save.run <= run]
    return forms[-1] if forms else None


def _known_value(form: Form | None, name: str) -> KnownValue | None:
    return None if form is None else KnownValue(form.get(name))


HEAD = re.compile("sha256:[0-9a-f]{64}")


def history_of(
    archive: StateReader, number: int, districts: Sequence[str] = ()
) -> RunHistory:
    """
    Give all that is written down of a run, of some of its districts if any are named.

    Raises ``UnknownRun``, and ``UsageError`` for a district that is not in the run.
    """
    run = archive.run(number)
    parts = _choose_parts(run, districts)
    named = {part.district for part in parts}
    entries = archive.entries(number)
    return RunHistory(
        run=run,
        parts=parts,
        entries={key: found for key, found in entries.items() if key in named},
        approved=archive.approved(run.plan),
        head=archive.head(),
        superseded=archive.superseded(run),
    )


def _choose_parts(run: Run, districts: Sequence[str]) -> tuple[RunDistrict, ...]:
    if not districts:
        return run.parts
    there = [part.district for part in run.parts]
    for named in districts:
        if named not in there:
            raise UsageError(
                f"run {run.number} has no district {named!r}",
                remedy=did_you_mean(named, there)
                or f"`connectsync runs show {run.number}` names those it has",
            )
    return tuple(part for part in run.parts if part.district in set(districts))


def audit_store(archive: StateReader, noted: str | None = None) -> AuditResult:
    """
    Hold the store against its audit log, and the log against a hash noted elsewhere.

    Raises ``UsageError`` if ``noted`` cannot be the hash of an entry.
    """
    if noted is not None and not HEAD.fullmatch(noted):
        raise UsageError(
            f"--head {noted!r} is no head of an audit log",
            remedy="give it whole, as `connectsync runs verify` printed it: sha256:"
            " and 64 digits",
        )
    return archive.audited(noted)
