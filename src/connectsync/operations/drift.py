"""Find drift, and adopt changes that people made on Connect."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.saving import OpenSaves, with_what_arrived
from connectsync.backends.seam import Reader
from connectsync.config.fleet import Fleet, LoadedDistrict, with_texts
from connectsync.config.schema_check import Recorded
from connectsync.domain.district import without
from connectsync.domain.drift import (
    AdoptedDistrict,
    AdoptionResult,
    Baseline,
    Baselines,
    DistrictDrift,
    MovedBy,
    is_launched,
    movements,
)
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.live import Live
from connectsync.domain.settings import SWITCH, Form, is_same
from connectsync.errors import ConnectError, ConnectsyncError, InvalidFiles, UsageError
from connectsync.files.writing import replace_file
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.commit import CommitTree, tree_with
from connectsync.operations.from_live import take_over
from connectsync.operations.git import Git, GitRefused
from connectsync.operations.plan import PlannedDistrict, find_kept_labels
from connectsync.operations.validate import validate_fleet
from connectsync.rules.scheduled import overdue_on
from connectsync.values import dataclass, replace

Conflicts = Mapping[str, Collection[str]]
"""Settings by district that both sides moved, and that are taken from Connect."""


@dataclass(frozen=True, slots=True)
class DriftedDistrict:
    """
    A district that was changed by hand: its file, its live form, who moved what.

    ``is_recent`` says that the form was read late enough to be remembered.
    """

    loaded: LoadedDistrict
    live: Live
    drift: DistrictDrift
    is_recent: bool = True


@dataclass(frozen=True, slots=True)
class AdoptionDraft:
    """
    What comes of adopting a district; nothing is written yet.

    ``text`` is what its file will say, None where it stays as it is.
    """

    drifted: DriftedDistrict
    adopted: AdoptedDistrict
    text: str | None = None

    @property
    def file(self) -> str:
        """The district's own file, from the project's folder."""
        return self.drifted.loaded.file


Remember = Callable[[Mapping[str, BaselineUpdate]], None]
"""Remembers what was seen, by district, in the state. Raises ``StateError``."""


def draft_adoption(
    drifted: Sequence[DriftedDistrict],
    conflicts: Conflicts,
    busy: Mapping[str, int],
    fleet: Fleet,
    asked: ValidationOptions,
) -> tuple[AdoptionDraft, ...]:
    """
    Work out the files that take over what people changed; ours stays as it is.

    A district is refused whole where a run is still in progress, of which ``busy``
    gives the number, where both sides moved a setting that ``conflicts`` does not name,
    where its file cannot be edited without losing something, or where it would then
    have an error, alone or together with the rest of the ``fleet``.
    """
    drafts = [
        _busy(one, busy[one.drift.district])
        if one.drift.district in busy
        else _draft(one, conflicts.get(one.drift.district, ()), fleet.shelf.recorded)
        for one in drifted
    ]
    while blamed := _blame_drafts(drafts, fleet, asked):
        # one that is refused stays as it was, which the others have to fit as well
        drafts = [
            _refuse_draft(one.drifted, *_error(blamed[one.file]))
            if one.file in blamed
            else one
            for one in drafts
        ]
    return tuple(drafts)


def overlay_drafts(fleet: Fleet, drafts: Sequence[AdoptionDraft]) -> Fleet:
    """Give the fleet as it is once the drafts are written."""
    return with_texts(
        fleet, {one.file: one.text for one in drafts if one.text is not None}
    )


def write_adopted(
    drafts: Sequence[AdoptionDraft],
    root: Path,
    remember: Remember,
) -> Iterator[AdoptedDistrict]:
    """
    Write the files, each whole or not at all, and remember what was taken as applied.

    What was read too long ago is written and not remembered. A file that cannot be
    written is refused, and the rest go on. Raises ``StateError``.
    """
    for draft in drafts:
        try:
            if draft.text is not None:
                replace_file(root / draft.file, draft.text)
        except ConnectsyncError as error:
            yield _refuse_draft(draft.drifted, error.message, error.remedy).adopted
            continue
        # after the file: a baseline ahead of it would make a person's change look
        # like an edit of ours that is still to be applied
        if draft.drifted.is_recent:
            _remember_adopted(draft, remember)
        yield draft.adopted


def _remember_adopted(draft: AdoptionDraft, remember: Remember) -> None:
    """Lay what was taken over the baseline: file, baseline and Connect agree then."""
    form = {one.setting: one.after for one in draft.adopted.taken}
    if form:
        running = draft.drifted.live.form.get(SWITCH) is True
        kept = BaselineUpdate(form, running, merged=True, draft=True)
        remember({draft.adopted.district: kept})


@dataclass(frozen=True, slots=True)
class AdoptionBranch:
    """
    A branch that takes what is adopted, as one commit on top of another.

    Neither the work tree nor the index is touched, no hook and no filter of the
    repository runs, and nothing is sent anywhere.
    """

    git: Git
    name: str
    base: str

    @classmethod
    def new(cls, git: Git, name: str) -> AdoptionBranch:
        """Begin a branch that is not there yet at HEAD. Raises ``UsageError``."""
        ref = f"{_HEADS}{name}"
        try:
            misread = _MISREAD.match(name) or foreign_text(name) != name
            git.run("check-ref-format", "" if misread else ref)
        except GitRefused as refusal:
            raise UsageError(
                f"--branch {foreign_text(name)!r}: git takes no such name of a branch",
                remedy="write for example --branch adopt-2027-01-15",
            ) from refusal
        try:
            if git.line("rev-parse", "--is-inside-work-tree") != "true":
                raise UsageError(f"git has no work tree at {git.folder}")
            there = git.line("for-each-ref", "--format=%(refname)", ref).splitlines()
        except GitRefused as refusal:
            raise _branch_refused(refusal) from refusal
        if ref in there:
            raise UsageError(
                f"there is a branch {name!r} already, and it stays as it is",
                remedy="give another name with --branch, or remove that branch first",
            )
        try:
            base = git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitRefused as refusal:
            raise UsageError(
                "there is no commit yet that a branch could begin at",
                remedy="commit your files first",
            ) from refusal
        return cls(git, name, base)

    def commit(
        self, drafts: Sequence[AdoptionDraft], root: Path
    ) -> tuple[tuple[AdoptedDistrict, ...], str]:
        """
        Commit the drafts, and give what came of each, and the commit; empty: none.

        A file that is not as it was committed is refused: what someone is still
        working on would go along. Raises ``UsageError``.
        """
        try:
            tree = CommitTree.at(self.git, self.base)
            prefix = self.git.line("rev-parse", "--show-prefix")
            sure = [_as_committed(one, tree, prefix, root) for one in drafts]
            blobs = {
                prefix + one.file: self._blob(one.text, prefix + one.file, tree)
                for one in sure
                if one.text is not None
            }
            made = self._commit(blobs, sure) if blobs else ""
        except GitRefused as refusal:
            raise _branch_refused(refusal) from refusal
        return tuple(one.adopted for one in sure), made

    def _blob(self, text: str, name: str, tree: CommitTree) -> str:
        raw = text.encode()
        # a checkout may have other line ends than the commit
        if b"\r\n" in raw and b"\r\n" not in tree.read([name])[0]:
            raw = raw.replace(b"\r\n", b"\n")
        asking = ("hash-object", "-w", "--no-filters", "--stdin")
        return os.fsdecode(self.git.run(*asking, given=raw).strip())

    def _commit(self, blobs: Mapping[str, str], drafts: Sequence[AdoptionDraft]) -> str:
        tree = tree_with(self.git, f"{self.base}^{{tree}}", blobs)
        adopted = [one.adopted for one in drafts if one.text is not None]
        taken = [
            f"{one.district}: {', '.join(each.setting for each in one.taken)}"
            for one in adopted
        ]
        said = "\n".join(["Adopt what was changed on Connect", "", *taken, ""])
        asking = ("commit-tree", tree, "-p", self.base, "-F", "-")
        made = os.fsdecode(self.git.run(*asking, given=said.encode()).strip())
        # an empty old value: only where there is none of that name
        why = ("-m", "connectsync drift --adopt --branch")
        asked = replace(self.git, environment=self._without_hooks())
        asked.run("update-ref", *why, f"{_HEADS}{self.name}", made, "")
        return made

    def _without_hooks(self) -> Mapping[str, str]:
        """Turn off the hooks that settings name (git 2.54): no path leaves them out."""
        told = dict(self.git.environment)
        try:
            keys = self.git.run("config", "-z", "--name-only", "--get-regexp", "^hook.")
        except GitRefused:
            return told
        first = int(told.get("GIT_CONFIG_COUNT") or 0)
        for at, key in enumerate(os.fsdecode(keys).split("\0")[:-1], first):
            told[f"GIT_CONFIG_KEY_{at}"] = f"{key.rpartition('.')[0]}.enabled"
            told[f"GIT_CONFIG_VALUE_{at}"] = "false"
            told["GIT_CONFIG_COUNT"] = str(at + 1)
        return told


_HEADS = "refs/heads/"
_MISREAD = re.compile(r"[-+]|(refs|heads|tags|remotes)/|([A-Z_]*HEAD|@)\Z")
"""Names that ``git push origin NAME`` reads as an option, by force, or another ref."""


def _as_committed(
    one: AdoptionDraft, tree: CommitTree, prefix: str, root: Path
) -> AdoptionDraft:
    name = prefix + one.file
    if one.text is None or (tree.is_file(name) and tree.holds(name, root / one.file)):
        return one
    return _refuse_draft(
        one.drifted,
        "its file is not as it was committed last",
        "commit it or take the change back; or adopt into the file, without --branch",
    )


def _branch_refused(refusal: GitRefused) -> UsageError:
    said = refusal.said
    if "ident" in said or "tell me who you are" in said:
        return UsageError(
            "git does not know who makes the commit",
            remedy="set `git config user.name` and `git config user.email`",
        )
    if "not a git repository" in said:
        return UsageError(
            "--branch needs a git repository, and there is none here",
            remedy="run it in a clone, or adopt into the files, without --branch",
        )
    lines = [one for one in said.splitlines() if one.startswith("fatal: ")]
    why = lines[0].removeprefix("fatal: ") if lines else "git failed"
    return UsageError(
        f"git did not make the branch: {foreign_text(why)}",
        remedy="try `git status` in the project; it says more",
    )


def _busy(one: DriftedDistrict, run: int) -> AdoptionDraft:
    return _refuse_draft(
        one,
        f"run {run} is not done with it, so it is not known yet what people changed",
        f"let the run end first, or continue it: `connectsync resume {run}`",
    )


def _draft(
    one: DriftedDistrict, agreed: Collection[str], recorded: Recorded
) -> AdoptionDraft:
    both = {move.setting for move in one.drift.movements if move.who is MovedBy.BOTH}
    if open_ := sorted(both - set(agreed)):
        named = " ".join(
            f"--adopt-conflict {one.drift.district}:{setting}" for setting in open_
        )
        return _refuse_draft(
            one,
            f"both sides changed {', '.join(open_)}, so the file was left as it is",
            f"take what Connect holds with {named}, or plan and apply what it says",
        )
    theirs = {move.setting for move in one.drift.movements if move.who is MovedBy.THEM}
    try:
        adopted, text = take_over(one.loaded, one.live, recorded, theirs | both)
    except InvalidFiles as error:
        return _refuse_draft(one, error.message, error.remedy)
    return AdoptionDraft(one, adopted, text)


def _refuse_draft(one: DriftedDistrict, message: str, remedy: str) -> AdoptionDraft:
    return AdoptionDraft(
        one,
        AdoptedDistrict(
            one.drift.district,
            AdoptionResult.REFUSED,
            one.loaded.file,
            message=message,
            remedy=remedy,
        ),
    )


def _blame_drafts(
    drafts: Sequence[AdoptionDraft], fleet: Fleet, asked: ValidationOptions
) -> Mapping[str, Finding]:
    """Give an error of each draft that has one, by its file."""
    report = validate_fleet(overlay_drafts(fleet, drafts), asked)
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


def without_adopted(drift: DistrictDrift, adopted: AdoptedDistrict) -> DistrictDrift:
    """Give what is left of a district's drift once this was adopted."""
    taken = {one.setting for one in adopted.taken}
    left = tuple(move for move in drift.movements if move.setting not in taken)
    return replace(drift, movements=left)


@dataclass(frozen=True, slots=True)
class DriftReading:
    """
    A district's drift, and the live form it was told from; None if unread.

    ``seen`` is what that proves: values that are as the file says, on a district that
    was applied before, and whether the nightly sync is on.
    """

    drift: DistrictDrift
    live: Live | None
    seen: BaselineUpdate | None = None


async def find_drift(
    wanted: Sequence[PlannedDistrict],
    reader: Reader,
    baselines: Baselines,
    open_saves: OpenSaves | None = None,
) -> tuple[DriftReading, ...]:
    """
    Compare baseline, desired and live of every wanted district, sorted by key.

    What arrived late of our own ``open_saves`` is no drift.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    ordered = sorted(wanted, key=lambda want: want.district.key)
    lives = await reader.read_many([want.district.key for want in ordered])
    known = with_what_arrived(baselines, open_saves or {}, lives)
    return tuple(_read_drift(want, lives[want.district.key], known) for want in ordered)


def _read_drift(
    want: PlannedDistrict, live: Live | ConnectError, baselines: Baselines
) -> DriftReading:
    key = want.district.key
    if isinstance(live, ConnectError):
        return DriftReading(DistrictDrift(key, want.file, error=live.message), None)
    baseline = baselines.get(key, Baseline())
    desired = want.district.desired()
    kept = find_kept_labels(want.district, live.form, baseline, desired)
    form = without(live.form, kept)
    held = baseline.against(desired)
    moved = movements(held, desired, form)
    apart = {move.setting for move in moved}
    applied = {name: held[name] for name in held if name in apart}
    overdue = tuple(overdue_on(want.district, applied))
    drift = DistrictDrift(key, want.file, moved, baseline.applied, overdue=overdue)
    launched = is_launched(want.district.facts, None)
    return DriftReading(
        drift,
        live,
        observe_district(desired, form, baseline, launched=launched, draft=True),
    )


def observe_district(
    desired: Form,
    live: Form,
    baseline: Baseline,
    *,
    launched: bool = False,
    draft: bool = False,
) -> BaselineUpdate:
    """
    Say what a reading proves of a district, without a save.

    One that was never applied stays one of which no edit can be told. That it is
    ``launched`` by its file is remembered: the file may not say it for good. The files
    of a ``draft`` may not be those that runs go by.
    """
    same = {
        name: live[name]
        for name, value in desired.items()
        if name in live and is_same(name, live[name], value)
    }
    running, form = live.get(SWITCH) is True, same if baseline.applied else {}
    seen = BaselineUpdate(form, running, merged=True, launched=launched, draft=draft)
    return replace(seen, all=not draft and form.keys() == desired.keys())
