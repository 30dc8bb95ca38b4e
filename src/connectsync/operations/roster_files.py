"""Check roster files before they are sent: every file, what they say of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import ceil
from pathlib import Path

from connectsync.domain.district import Allow
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    ValidationReport,
    with_fingerprints,
)
from connectsync.domain.wording import did_you_mean, few, fold_word
from connectsync.errors import InvalidFiles, NothingMatched
from connectsync.roster.checking import FileCheck, FileOptions, Problems, RosterProblem
from connectsync.roster.files import (
    CSV,
    GUARDIANS_CSV,
    Delivery,
    WayOut,
    files_by_name,
    insist_one_kind,
    open_delivery,
)
from connectsync.roster.formats import (
    CLEVER,
    GUARDIANS,
    NOT_DESCRIBED,
    UNREAD,
    KnownIds,
    Layout,
    Records,
    by_header,
    gather,
    layouts,
    recognize,
)
from connectsync.roster.opening import UTF_8, BadRoster, DeliveredFile
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.catalogue import BY_NAME, by_name
from connectsync.values import dataclass

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RosterFileOptions:
    """
    What is known of the roster files to check.

    ``encoding`` is what files are read in; ``sample`` is the header of the guardians
    file, ``guardians_encoding`` what that is read in, ``numbers`` whether students are
    named by number there (None: either way).
    ``lines`` keeps the lines of findings, for who may see values. ``allow`` is what a
    district accepts; a roster from ``previous`` paths is compared with, and more than
    ``threshold`` percent deleted is an error.
    """

    way_out: WayOut
    today: date
    lines: bool = False
    sample: tuple[str, ...] | None = None
    encoding: str = UTF_8
    guardians_encoding: str = UTF_8
    numbers: bool | None = None
    allow: tuple[Allow, ...] = ()
    select: frozenset[str] | None = None
    ignore: frozenset[str] = NONE
    threshold: float | None = None


Named = Sequence[tuple[Path, str]]
"""Paths, each with how people find it."""


def check_roster_files(
    named: Named, previous: Named, options: RosterFileOptions
) -> tuple[ValidationReport, tuple[str, ...]]:
    """
    Check roster files, and give what was found with the files that were looked at.

    Raises ``NothingMatched`` for a path that holds no roster.
    """
    problems = Problems()
    now = _Roster(options, problems, Records() if previous else None)
    now.check(named)
    if previous:
        before = _Roster(options, Problems(), Records())
        before.check(previous)
        for one in before.unread().values():
            problems.add(one)
        for rule, said in _forecast(before, now, options.threshold):
            place = Place(now.where, 1, 1, 1, 1)
            problems.add(RosterProblem(rule, said, place, _NEXT.get(rule, "")))
    wanted = [one for one in problems.all() if _is_wanted(one.rule, options)]
    found = with_fingerprints(map(_roster_finding, wanted))
    rules = AllowOnDay(options.allow, options.today, BY_NAME, NONE, NONE)
    allow = {one.rule: one for one in reversed(options.allow) if rules.in_force(one)}
    standing = tuple(one for one in found if one.rule not in allow)
    allowed = tuple(
        AllowedFinding(one, allow[one.rule].reason, allow[one.rule].until)
        for one in found
        if one.rule in allow
    )
    return ValidationReport(len(now.files), standing, allowed), tuple(now.files)


def share_gone(now: Named, previous: Named, options: RosterFileOptions) -> int:
    """
    Give the largest share of a type of record that is gone, in percent, rounded up.

    Raises ``NothingMatched`` for a path that holds no roster, ``InvalidFiles`` for one
    that cannot be compared.
    """
    rosters = [_Roster(options, Problems(), Records()) for _ in (now, previous)]
    for roster, named in zip(rosters, (now, previous), strict=True):
        roster.check(named)
    tonight, before = rosters
    broken = [*before.unread(), *tonight.unread()]
    if broken or before.delta or tonight.records is None or before.records is None:
        why = f"{few(broken)} cannot be read in full" if broken else "it is a delta"
        raise InvalidFiles(
            f"what a night would archive is not told: {why}",
            remedy="`connectsync roster check PATH` names what is wrong",
        )
    found = compare(before.records, tonight.records)
    return max(
        (ceil(100 * one.deleted / one.before) for one in found if one.before), default=0
    )


def _is_wanted(rule: str, options: RosterFileOptions) -> bool:
    chosen = options.select is None or rule in options.select
    return chosen and rule not in options.ignore


def _roster_finding(one: RosterProblem) -> Finding:
    return Finding(
        one.rule,
        by_name(one.rule).severity,
        one.message,
        one.place,
        path=(one.column,) if one.column else (),
        hint=one.hint,
        stands_for=one.stands_for,
    )


def _forecast(
    before: _Roster, now: _Roster, threshold: float | None
) -> Iterator[tuple[str, str]]:
    """Say what a sync from one roster to the next would do, in numbers alone."""
    broken = [*before.unread(), *now.broken]
    if broken or now.records is None or before.records is None:
        said = f"nothing is forecast: {few(broken)} cannot be read in full"
        yield "roster-forecast", said
        return
    if before.delta:
        said = "nothing is forecast: the roster before is a delta file, and tells"
        yield "roster-forecast", f"{said} changes alone, not who was there"
        return
    for one in compare(before.records, now.records):
        yield "roster-forecast", one.told
        if CLEVER in now.families and (why := one.held):
            yield "roster-clever-hold", why
        if threshold is not None and one.deleted * 100 > threshold * one.before:
            share = one.share(one.deleted)
            said = f"this night's sync would try to archive {share} of the {one.type_}"
            yield "roster-over-deletion-threshold", f"{said}: over your {threshold:g} %"


_UNREAD = {"roster-not-csv", "roster-not-utf-8", "roster-row-uneven"}
"""What leaves out a row, or misreads it: no such records are compared."""

_BREAKING = {"roster-file-not-readable", "roster-file-empty", "roster-column-missing"}
"""What keeps a file, where it does, from being read at all."""

_NEXT = {
    "roster-clever-hold": "check the export; whether SchoolStatus has opted in to"
    " Clever's hold is published nowhere",
    "roster-over-deletion-threshold": "check the export; at rollover raise"
    " deletion_threshold for one sync, and put it back",
}


@dataclass(frozen=True, slots=True)
class TypeChange:
    """How many records of a type there were, and what became of them."""

    type_: str
    before: int
    now: int
    deleted: int
    updated: int
    added: int

    def share(self, count: int) -> str:
        """Spell a count as a share of what there was."""
        return f"{100 * count / self.before:.1f} %" if self.before else f"{count:,}"

    @property
    def told(self) -> str:
        """Tell it in a line."""
        return (
            f"{self.type_}: {self.before:,} before, {self.now:,} now;"
            f" {self.share(self.deleted)} deleted, {self.share(self.updated)} updated,"
            f" {self.share(self.added)} added"
        )

    @property
    def held(self) -> str:
        """Say why Clever would hold it, where an app asked for that; empty if not."""
        bounds = (
            (self.deleted, "deleted", MOST_DELETED),
            (self.updated, "updated", MOST_UPDATED),
        )
        over = [one for one in bounds if one[0] * 100 > one[2] * self.before]
        if not over:
            return ""
        shares = " and ".join(f"{self.share(count)} {what}" for count, what, _ in over)
        most = " and ".join(f"{percent} %" for _, _, percent in over)
        return (
            f"{self.type_}: {shares}; over {most} Clever holds a sync for apps that"
            " opted in, until the district reverts it or the app's team approves"
        )


MOST_DELETED, MOST_UPDATED = 10, 75
"""Percent of a type of record past which Clever holds a sync."""


def compare(before: Records, now: Records) -> Iterator[TypeChange]:
    """
    Compare two rosters, type by type.

    Of a type in a delta file, what it does not name stays; whether what it names as
    active has changed is not told, so that it counts as updated. Nor is a file that
    does not come with it one whose records are gone.
    """
    if now.changes:
        yield from _changed(before, now)
        return
    for type_ in sorted(before.by_type.keys() | now.by_type.keys()):
        old, new = before.by_type.get(type_, {}), now.by_type.get(type_, {})
        kept = old.keys() & new.keys()
        updated = sum(old[one] != new[one] for one in kept)
        yield TypeChange(
            *(type_, len(old), len(new)),
            deleted=len(old) - len(kept),
            updated=updated,
            added=len(new) - len(kept),
        )


def _changed(before: Records, now: Records) -> Iterator[TypeChange]:
    """Tell what delta files change; files of the whole that lie beside are compared."""
    found: dict[str, Counter[str]] = {}
    for told, changes in now.changes.items():
        for key, deleted in changes.items():
            # of a user who is deleted, the roster before knows what it was
            homes = (one for one, keys in before.by_type.items() if key in keys)
            type_ = next(homes, told) if told in _USERS else told
            was_there = key in before.by_type.get(type_, {})
            what = "deleted" if deleted else "updated" if was_there else "added"
            if was_there or not deleted:
                found.setdefault(type_, Counter())[what] += 1
    whole = Records({k: v for k, v in before.by_type.items() if k in now.by_type})
    told_whole = {one.type_: one for one in compare(whole, Records(now.by_type))}
    for type_ in sorted(found.keys() | told_whole.keys()):
        if type_ in told_whole:
            yield told_whole[type_]
            continue
        counts, count = found[type_], len(before.by_type.get(type_, {}))
        now_there = count - counts["deleted"] + counts["added"]
        yield TypeChange(
            *(type_, count, now_there),
            *(counts[one] for one in ("deleted", "updated", "added")),
        )


_USERS = {"students", "guardians", "staff"}


class _Roster:
    """One roster: the files of all paths that were named together."""

    def __init__(
        self, options: RosterFileOptions, problems: Problems, records: Records | None
    ) -> None:
        self.files: list[str] = []
        self.records = records
        self.broken: list[str] = []
        self.families: set[str] = set()
        self.delta = False
        self.where = ""
        self._options, self._problems = options, problems
        self._guardians: list[tuple[DeliveredFile, KnownIds]] = []
        self._students: list[KnownIds] = []

    def check(self, named: Named) -> None:
        """Check the files of every path."""
        loose: dict[str, DeliveredFile] = {}
        self.where = named[0][1]
        for path, shown in named:
            try:
                one = open_delivery(path, shown, self._options.way_out)
            except BadRoster as bad:
                self._refuse(shown, bad)
                continue
            if one.whole or not loose.keys().isdisjoint(one.files):
                self._delivery(one)
            else:
                loose |= one.files
        if loose:
            self._delivery(Delivery(self.where, loose, whole=False))
        self._check_guardians()
        self.delta = any(known.delta for known in self._students)

    def unread(self) -> Mapping[str, RosterProblem]:
        """Give what first kept a file, or a row of it, from being read, by file."""
        found = dict[str, RosterProblem]()
        for one in self._problems.all():
            file = one.place.file
            counts = one.rule in _UNREAD and not file.endswith(GUARDIANS_CSV)
            if counts or (file in self.broken and one.rule in _UNREAD | _BREAKING):
                found.setdefault(file, one)
        return found

    def _tell(
        self, file: str, rule: str, message: str, hint: str = "", line: int = 1
    ) -> None:
        place = Place(file, line, 1, line, 1)
        self._problems.add(RosterProblem(rule, message, place, hint))

    def _refuse(self, shown: str, bad: BadRoster) -> None:
        """Tell what cannot be read at all."""
        self._tell(shown, bad.rule, bad.message, bad.hint)
        self.files.append(shown)
        self.broken.append(shown)

    def _delivery(self, one: Delivery) -> None:
        for shown, bad in one.bad:
            self._refuse(shown, bad)
        try:
            named = files_by_name(one.files.values())
            insist_one_kind(named)
        except BadRoster as bad:
            self._refuse(one.shown, bad)
            return
        before = len(self.files)
        known = KnownIds(records=self.records)
        self._students.append(known)
        for shown in one.below:
            said = "it lies in the folder of one school, it seems"
            self._tell(shown, "roster-guardians-file-level", said, AT_LEVEL)
        for file, layout in self._in_order(one, named, known):
            self.files.append(file.shown)
            if layout is not None and layout.family == GUARDIANS:
                self._guardians.append((file, known))
                continue
            read = FileOptions(self._options.lines, self._options.encoding)
            self._check_file(file, layout, known, read)
        if len(self.files) == before and not one.bad:
            raise NothingMatched(
                f"{one.shown} holds no file of a roster that is known",
                remedy="name guardians.csv, Clever's files (students.csv, contacts.csv"
                " …), or a folder or zip of OneRoster files",
            )

    def _check_file(
        self,
        file: DeliveredFile,
        layout: Layout | None,
        known: KnownIds,
        options: FileOptions,
    ) -> None:
        if not FileCheck(file, layout, known, self._problems, options).run():
            self.broken.append(file.shown)
            # of a file that is cut off, no one can say which ids it has not
            known.ids.pop(fold_word(layout.stem) if layout else "", None)

    def _check_guardians(self) -> None:
        options = self._options
        for position, (file, own) in enumerate(self._guardians):
            if file.name != GUARDIANS_CSV:
                said = f"Connect reads the file under the name {GUARDIANS_CSV} alone"
                self._tell(file.shown, "roster-guardians-file-name", said, "rename it")
            if position:
                said = "there is more than one guardians file"
                self._tell(file.shown, "roster-guardians-file-level", said, AT_LEVEL)
            known = [own] if own.students else self._students
            by_id = () if options.numbers else (one.students for one in known)
            by_number = (
                () if options.numbers is False else (one.numbers for one in known)
            )
            students = set[int]().union(*by_id, *by_number)
            encoding = options.guardians_encoding
            read = FileOptions(options.lines, encoding, options.sample)
            self._check_file(file, UNREAD, KnownIds(ids={"students": students}), read)

    def _in_order(
        self, one: Delivery, files: Mapping[str, DeliveredFile], known: KnownIds
    ) -> Iterator[tuple[DeliveredFile, Layout | None]]:
        """Give the files in the order in which they refer to each other."""
        by_stem = {fold_word(name[:-4]): file for name, file in files.items()}
        encoding = self._options.encoding
        family, version, known.delta, found = recognize(
            by_stem, encoding, whole=one.whole
        )
        for shown, line, rule, said, hint in found:
            self._tell(shown or one.shown, rule, said, hint, line)
        described = layouts(family, version)
        chosen, unread = dict[str, Layout | None](), set[str]()
        for stem, file in by_stem.items():
            try:
                named = one.whole or stem in described
                chosen[stem] = (
                    described.get(stem) if named else by_header(file, encoding)
                )
            except BadRoster:
                # what is wrong with it is told, not that its name is none
                chosen[stem] = None
                unread |= {stem} if file.name.lower().endswith(CSV) else set()
        order = sorted(chosen, key=[*described, *chosen].index)
        for stem in order:
            layout = chosen[stem]
            if layout is not None and layout.refers_to_itself:
                gather(by_stem[stem], encoding, layout, known)
        for stem in order:
            file, layout = by_stem[stem], chosen[stem]
            if layout is not None:
                self.families.add(layout.family)
                yield file, layout
            elif "guardian" in stem:
                yield file, UNREAD
            elif stem in NOT_DESCRIBED | unread:
                yield file, None
            else:
                said = "its name is of no roster file that is known: it is not checked"
                near = did_you_mean(stem, described)
                self._tell(file.shown, "roster-file-unknown", said, near)


AT_LEVEL = "deliver one file, at the level of the daily sync: district or school"
