"""Adopting drift: files take over what people changed on Connect by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connectsync.apply.journal import BaselineUpdate
from connectsync.config.checking import Recorded
from connectsync.config.fleet import Fleet, LoadedDistrict, with_texts
from connectsync.domain.adoption import Adopted, Adoption
from connectsync.domain.drift import DistrictDrift, Moved
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.live import Live
from connectsync.domain.plan import SWITCH
from connectsync.errors import ConnectsyncError, InvalidFiles
from connectsync.files.writing import replace_file
from connectsync.operations.taking_over import take_over
from connectsync.operations.validating import Asked, validate_fleet

Conflicts = Mapping[str, Collection[str]]
"""Settings by district that both sides moved, and that are taken from Connect."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """A district somebody changed by hand: its file, its live form, who moved what."""

    loaded: LoadedDistrict
    live: Live
    drift: DistrictDrift


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What comes of adopting a district; nothing is written yet.

    ``text`` is what its file will say, None where it stays as it is.
    """

    drifted: Drifted
    adopted: Adopted
    text: str | None = None

    @property
    def file(self) -> str:
        """The district's own file, from the project's folder."""
        return self.drifted.loaded.file


class Keeper(Protocol):
    """What remembers baselines: the state store."""

    def note(
        self, backend: str, seen: Mapping[str, BaselineUpdate], *, at: datetime
    ) -> None:
        """Remember managed values by district. Raises ``StateError``."""


def draft_adoption(
    drifted: Sequence[Drifted],
    conflicts: Conflicts,
    busy: Mapping[str, int],
    fleet: Fleet,
    asked: Asked,
) -> tuple[Draft, ...]:
    """
    Work out the files that take over what people changed; ours stays as it is.

    A district is refused whole where a run has yet to end it, of which ``busy`` gives
    the number, where both sides moved a setting that ``conflicts`` does not name, where
    its file cannot be edited without losing something, or where it would have an error
    then, be it with the rest of the ``fleet``.
    """
    drafts = [
        _busy(one, busy[one.drift.district])
        if one.drift.district in busy
        else _draft(one, conflicts.get(one.drift.district, ()), fleet.shelf.recorded)
        for one in drifted
    ]
    while blamed := _blamed(drafts, fleet, asked):
        # one that is refused stays as it was, which the others have to fit as well
        drafts = [
            _refused(one.drifted, *_error(blamed[one.file]))
            if one.file in blamed
            else one
            for one in drafts
        ]
    return tuple(drafts)


def adopted_fleet(fleet: Fleet, drafts: Sequence[Draft]) -> Fleet:
    """Give the fleet as it is once the drafts are written."""
    return with_texts(
        fleet, {one.file: one.text for one in drafts if one.text is not None}
    )


def write_adopted(
    drafts: Sequence[Draft], root: Path, keeper: Keeper, *, backend: str, at: datetime
) -> Iterator[Adopted]:
    """
    Write the files, each whole or not at all, and remember what was taken as applied.

    A file that cannot be written is refused, and the rest go on. Raises ``StateError``.
    """
    for draft in drafts:
        try:
            if draft.text is not None:
                replace_file(root / draft.file, draft.text)
        except ConnectsyncError as error:
            yield _refused(draft.drifted, error.message, error.remedy).adopted
            continue
        # after the file: a baseline ahead of it would make a person's change look
        # like an edit of ours that is still to be applied
        remember_adopted(keeper, draft, backend=backend, at=at)
        yield draft.adopted


def remember_adopted(
    keeper: Keeper, draft: Draft, *, backend: str, at: datetime
) -> None:
    """Lay what was taken over the baseline: file, baseline and Connect agree then."""
    form = {one.setting: one.after for one in draft.adopted.taken}
    if form:
        running = draft.drifted.live.form.get(SWITCH) is True
        kept = BaselineUpdate(form, running, merged=True)
        keeper.note(backend, {draft.adopted.district: kept}, at=at)


def _busy(one: Drifted, run: int) -> Draft:
    return _refused(
        one,
        f"run {run} is not done with it, so it is not known yet what people changed",
        f"let the run end first, or continue it: `connectsync resume {run}`",
    )


def _draft(one: Drifted, agreed: Collection[str], recorded: Recorded) -> Draft:
    both = {move.setting for move in one.drift.movements if move.who is Moved.BOTH}
    if open_ := sorted(both - set(agreed)):
        named = " ".join(
            f"--adopt-conflict {one.drift.district}:{setting}" for setting in open_
        )
        return _refused(
            one,
            f"both sides changed {', '.join(open_)}, so the file was left as it is",
            f"take what Connect holds with {named}, or plan and apply what it says",
        )
    theirs = {move.setting for move in one.drift.movements if move.who is Moved.THEM}
    try:
        adopted, text = take_over(one.loaded, one.live, recorded, theirs | both)
    except InvalidFiles as error:
        return _refused(one, error.message, error.remedy)
    return Draft(one, adopted, text)


def _refused(one: Drifted, message: str, remedy: str) -> Draft:
    return Draft(
        one,
        Adopted(
            one.drift.district,
            Adoption.REFUSED,
            one.loaded.file,
            message=message,
            remedy=remedy,
        ),
    )


def _blamed(
    drafts: Sequence[Draft], fleet: Fleet, asked: Asked
) -> Mapping[str, Finding]:
    """Give an error of each draft that has one, by its file."""
    report = validate_fleet(adopted_fleet(fleet, drafts), asked)
    errors = [one for one in report.findings if one.severity is Severity.ERROR]
    return {
        draft.file: error
        for draft in drafts
        if draft.text is not None
        for error in errors
        if error.place.file == draft.file
        or draft.drifted.drift.district in error.districts
    }


def _error(finding: Finding) -> tuple[str, str]:
    return (
        f"its file would have an error: {finding.message}",
        "fix the rest of the file first, or plan and apply what it says",
    )


def without_adopted(drift: DistrictDrift, adopted: Adopted) -> DistrictDrift:
    """Give what is left of a district's drift once this was adopted."""
    taken = {one.setting for one in adopted.taken}
    left = tuple(move for move in drift.movements if move.setting not in taken)
    return replace(drift, movements=left)
