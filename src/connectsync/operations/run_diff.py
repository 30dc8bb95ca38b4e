"""Holding two runs against each other: what either left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectsync.apply.state.queries import StateReader
from connectsync.domain.run import Run
from connectsync.domain.run_diff import (
    ConfirmedSave,
    DistrictDiff,
    Known,
    RunDiff,
    SettingDiff,
)
from connectsync.domain.settings import BY_NAME, Form
from connectsync.domain.values import differing
from connectsync.errors import UsageError


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
    changed = {name for save in saved for name in differing(save.before, save.after)}
    pairs = (
        SettingDiff(name, _known(after_a, name), _known(after_b, name))
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


def _known(form: Form | None, name: str) -> Known | None:
    return None if form is None else Known(form.get(name))
