"""What files came to: values that files of one mold share, and their JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from connectsync.config.fleet import Builder, ReadFiles
from connectsync.config.profiles import Null
from connectsync.domain.district import Allow, Credentials, District, FleetMember
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    KeyPath,
    Place,
    Problem,
    Severity,
    ValidationReport,
)
from connectsync.errors import Bug
from connectsync.values import dataclass, replace


class RuleFinding(NamedTuple):
    """What a rule found in a district, and where in its layers that stands."""

    rule: str
    problem: Problem
    place: Place


class Judgement(NamedTuple):
    """
    What rules say of a district, and of all others whose files are of its mold.

    Its places stand in ``file``. ``undoes`` are nulls of its profiles that take
    something back for it. ``stated`` is what its files say, by name, as JSON that is
    read only when it is asked for; every second part names a word of a district's own.
    ``like`` has what its districts have in common for rules of the fleet, and ``whole``
    is the district of ``file``, where more is asked than what rules say.
    """

    file: str
    found: tuple[RuleFinding, ...] = ()
    allow: tuple[Allow, ...] = ()
    undoes: frozenset[Null] = frozenset()
    stated: tuple[str, ...] = ("{}",)
    whole: District | None = None
    like: FleetMember = FleetMember("")


Own = tuple[str, str, str | None, str | None]
"""A district's key, name, id and token."""

Words = str | Own
"""The same as one text where that can be: four take three times the memory."""


def joined(own: Own) -> Words:
    """Put a district's own words together."""
    key, name, district_id, token = own
    if not (district_id and token):
        return own
    words = f"{key}\n{name}\n{district_id}\n{token}"
    return words if words.count("\n") == len(own) - 1 else own


def apart(words: Words) -> Own:
    """Take words apart that were put together."""
    if not isinstance(words, str):
        return words
    key, name, district_id, token = words.split("\n")
    return key, name, district_id, token


class CheckedDistrict(NamedTuple):
    """
    A district, as far as a report of many needs it.

    It keeps what is its own alone: a country has 13,318. ``words`` are its key, name,
    id and token, as `joined` puts them together. ``rows`` is how much further down its
    lines are than those of the file that was judged.
    """

    file: str
    words: Words
    judged: Judgement
    rows: int = 0

    @property
    def member(self) -> FleetMember:
        """What rules of a fleet look at."""
        key, _, district_id, token = apart(self.words)
        _, profiles, labels, _, _, archived = self.judged.like
        return FleetMember(key, profiles, labels, district_id, token, archived)

    @property
    def name(self) -> str:
        """What the district is called."""
        return apart(self.words)[1]

    @property
    def found(self) -> tuple[RuleFinding, ...]:
        """What rules found in it."""
        found, like, own = self.judged.found, self.judged.file, self.file
        if like == own:
            return found
        return tuple(
            RuleFinding(rule, problem, moved(place, like, own, self.rows))
            for rule, problem, place in found
        )

    @property
    def allow(self) -> tuple[Allow, ...]:
        """The findings that it accepts."""
        return self.judged.allow

    @property
    def undoes(self) -> frozenset[Null]:
        """Nulls of its profiles that take something back for it."""
        return self.judged.undoes

    @property
    def district(self) -> District:
        """The whole district, where it was checked to be planned."""
        like, (key, name, *credentials) = self.judged.whole, apart(self.words)
        if like is None:
            raise Bug(f"{key} was checked, and is not known whole")
        if like.file == self.file:
            return like
        return replace(
            like,
            key=key,
            name=name,
            credentials=Credentials(*credentials),
            file=self.file,
        )

    @property
    def stated(self) -> str:
        """What its files say, as JSON."""
        parts, own = [*self.judged.stated], self._own
        parts[1::2] = [own[part] for part in parts[1::2]]
        return "".join(parts)

    @property
    def own_values(self) -> dict[str, str]:
        """What of its values is its own, beside those of its mold."""
        own = self._own
        return {STATED_AS[part]: own[part] for part in self.judged.stated[1::2]}

    @property
    def _own(self) -> dict[str, str]:
        key, name, district_id, _ = apart(self.words)
        return {"district": key, "name": name, "district_id": district_id or ""}

    @property
    def labels(self) -> frozenset[str]:
        """The district's labels."""
        return self.judged.like.labels

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that its file names."""
        return self.judged.like.profiles


class FileResult(NamedTuple):
    """
    What was read of a file, and of all others of its mold.

    Places of ``findings`` stand in ``file``. ``profiles`` are those that it names, None
    where no document could be read; ``key`` is what it is called if it is no district.
    ``day`` is when it was judged, and in which time zone, where that counts.
    """

    file: str
    findings: tuple[Finding, ...]
    key: str = ""
    profiles: tuple[str, ...] | None = None
    day: tuple[str, str] | None = None


class CheckedFile(NamedTuple):
    """
    One file by itself, whatever the others say.

    ``district`` is None where the file or a layer under it has errors. ``text`` is the
    SHA-256 of a document's text, where it is to be remembered.
    """

    file: str
    result: FileResult
    district: CheckedDistrict | None = None
    text: str = ""
    rows: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with it before any rule looks at it."""
        found, like, own = self.result.findings, self.result.file, self.file
        if like == own:
            return found
        return tuple(
            replace(one, place=moved(one.place, like, own, self.rows)) for one in found
        )

    @property
    def builder(self) -> Builder | None:
        """Who builds on which profiles; None where no document could be read."""
        profiles = self.result.profiles
        if profiles is None:
            return None
        if self.district is not None:
            return apart(self.district.words)[0], profiles
        if self.result.file == self.file:
            return self.result.key, profiles
        # files of one mold are named after their districts
        return self.file[self.file.rfind("/") + 1 : self.file.rfind(".")], profiles


def moved(place: Place, like: str, own: str, rows: int) -> Place:
    """Give the place that another file of the mold has, so many rows further down."""
    if place.file != like:
        return place
    return Place(
        own,
        place.line + rows,
        place.column,
        place.end_line + rows,
        place.end_column,
        place.text,
        place.line_text,
    )


Locate = Callable[[int, KeyPath, bool], Place]
"""Gives the place of a path in the district at a position; True for the key's own."""


STATED_AS = {
    "district": "district",
    "name": "name",
    "district_id": "credentials.district_id",
}
"""What the words of a file are called among the values that it states."""


@dataclass(frozen=True, slots=True)
class CheckedFleet(ReadFiles[CheckedDistrict]):
    """
    All files that were checked; ``locate`` finds places in their districts.

    ``days`` are those on which files were judged, in which time zones, where one names
    its own.
    """

    locate: Locate
    days: frozenset[tuple[str, str]] = frozenset()


Data = list[Any]


class ResultTable:
    """
    What files of one mold have in common, once; of each file a row of what is its own.

    A country's files are of a few molds.
    """

    def __init__(self) -> None:
        self.data: list[Data] = []
        self.whole: list[District | None] = []
        # what is looked up by identity is held, so that no other takes its place
        self._known: dict[tuple[int, int], tuple[int, object]] = {}
        self._moved: dict[int, int] = {}

    def row(self, one: CheckedFile) -> Data:
        """Spell what is a file's own, and keep what it shares."""
        district = one.district
        judged = None if district is None else district.judged
        key = (id(one.result), id(judged))
        if key not in self._known:
            self._known[key] = (len(self.data), (one.result, judged))
            self.data.append(_shared_data(one))
            self.whole.append(None if judged is None else judged.whole)
        row: Data = [self._known[key][0], one.rows, one.text]
        if district is not None:
            row.append(district.words)
        return row

    def moved(self, row: Data, shared: Sequence[Data]) -> Data:
        """Give a row of another table, and take over what it uses of ``shared``."""
        at, *rest = row
        if at not in self._moved:
            self._moved[at] = len(self.data)
            self.data.append(shared[at])
        return [self._moved[at], *rest]


class SharedResults:
    """What files have in common, made of data when the first of them is asked for."""

    def __init__(
        self, data: Sequence[Data], whole: Sequence[District | None] = ()
    ) -> None:
        self._data, self._whole = data, whole
        self._made: dict[int, tuple[FileResult, Judgement | None]] = {}

    def file(self, name: str, row: Data) -> CheckedFile:
        """Give a file of its row."""
        at, rows, text, *own = row
        if at not in self._made:
            result, judged = _shared(self._data[at])
            if judged is not None and self._whole:
                judged = judged._replace(whole=self._whole[at])
            self._made[at] = result, judged
        result, judged = self._made[at]
        if judged is None:
            return CheckedFile(name, result, None, text, rows)
        words = own[0] if isinstance(own[0], str) else tuple(own[0])
        district = CheckedDistrict(name, words, judged, rows)
        return CheckedFile(name, result, district, text, rows)


def _shared_data(one: CheckedFile) -> Data:
    file, findings, key, profiles, day = one.result
    read = [file, list(map(_finding_data, findings)), key, profiles, day]
    district = one.district
    if district is None:
        return [read, None, []]
    judged = district.judged
    like = judged.like
    found = [
        [rule, _problem_data(problem), _place_data(place)]
        for rule, problem, place in judged.found
    ]
    allow = [[entry.rule, entry.reason, f"{entry.until}"] for entry in judged.allow]
    said = [judged.file, found, allow, sorted(judged.undoes), judged.stated]
    return [read, said, [like.profiles, sorted(like.labels), like.archived_students]]


def _shared(data: Data) -> tuple[FileResult, Judgement | None]:
    (file, findings, key, profiles, day), said, like = data
    result = FileResult(
        file,
        tuple(map(_finding, findings)),
        key,
        None if profiles is None else tuple(profiles),
        None if day is None else (str(day[0]), str(day[1])),
    )
    if said is None:
        return result, None
    (of, found, allow, undoes, stated), (named, labels, archived) = said, like
    judged = Judgement(
        of,
        tuple(
            RuleFinding(rule, _problem(problem), Place(*place))
            for rule, problem, place in found
        ),
        tuple(
            Allow(rule, reason, date.fromisoformat(until))
            for rule, reason, until in allow
        ),
        frozenset(map(tuple, undoes)),
        tuple(stated),
        like=FleetMember("", tuple(named), frozenset(labels), None, None, archived),
    )
    return result, judged


def _problem_data(one: Problem) -> Data:
    day = one.day and one.day.isoformat()
    return [one.path, one.message, one.hint, one.on_key, one.stands_for, day]


def _problem(data: Data) -> Problem:
    *rest, day = data
    problem = Problem(tuple(rest[0]), *rest[1:])
    return replace(problem, day=date.fromisoformat(day)) if day else problem


def _place_data(one: Place) -> Data:
    return [
        one.file,
        one.line,
        one.column,
        one.end_line,
        one.end_column,
        one.text,
        one.line_text,
    ]


def _finding_data(one: Finding) -> Data:
    return [
        one.rule,
        one.severity.value,
        one.message,
        _place_data(one.place),
        one.path,
        one.hint,
        one.districts,
        one.repeat,
        one.stands_for,
        one.day and one.day.isoformat(),
    ]


def _finding(data: Data) -> Finding:
    rule, severity, message, place, path, hint, districts, repeat, stands_for, day = (
        data
    )
    keys: KeyPath = tuple(path)
    return Finding(
        rule,
        Severity(severity),
        message,
        Place(*place),
        keys,
        hint,
        tuple(districts),
        repeat,
        stands_for,
        date.fromisoformat(day) if day else None,
    )


def report_data(report: ValidationReport) -> Data:
    """Spell a report in which the project turns nothing off and nothing is known."""
    allowed = [
        [_finding_data(one.finding), one.reason, one.until.isoformat()]
        for one in report.allowed
    ]
    return [report.files, list(map(_finding_data, report.findings)), allowed]


def report_of(data: Data) -> ValidationReport:
    """Read what `report_data` spelled. Raises ``ValueError`` or the like."""
    files, findings, allowed = data
    return ValidationReport(
        int(files),
        tuple(map(_finding, findings)),
        tuple(
            AllowedFinding(_finding(one), str(reason), date.fromisoformat(until))
            for one, reason, until in allowed
        ),
    )
