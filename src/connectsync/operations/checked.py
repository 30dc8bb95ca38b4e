"""What files came to: values that files of one mold share, and their JSON."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, islice
from typing import Any, NamedTuple, Self

from connectsync.config.fleet import Builder
from connectsync.config.profiles import Null
from connectsync.domain.district import Allow, Credentials, District, FleetMember
from connectsync.domain.finding import (
    Finding,
    Place,
    Problem,
    Severity,
)
from connectsync.errors import Bug
from connectsync.values import Texts, replace


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


def joined(own: Own) -> str:
    """Put a district's own words together: four texts take three times the memory."""
    key, name, district_id, token = own
    words = f"{key}\n{name}\n{district_id or ''}\n{token or ''}"
    if "" in own or words.count("\n") >= len(own) or "\0" in words:
        return f"\n{json.dumps(own)}"
    return words


def apart(words: str) -> Own:
    """Take words apart that were put together."""
    if words[:1] == "\n":
        key, name, district_id, token = json.loads(words)
        return key, name, district_id, token
    key, name, district_id, token = words.split("\n")
    return key, name, district_id or None, token or None


class CheckedDistrict(NamedTuple):
    """
    A district, as far as a report of many needs it.

    It keeps what is its own alone: a country has 13,318. ``words`` are its key, name,
    id and token, as `joined` puts them together. ``rows`` is how much further down its
    lines are than those of the file that was judged.
    """

    file: str
    words: str
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
    rest = (place.end_column, place.text, place.line_text)
    return Place(own, place.line + rows, place.column, place.end_line + rows, *rest)


Data = list[Any]

Shared = tuple[FileResult, Judgement | None]
"""What files of one mold have in common."""

TOGETHER = 1_000
"""Files of which results are kept, handed on and written down together."""


class ResultBatch(NamedTuple):
    """
    What some files came to, in columns: so it takes a tenth of the memory.

    ``shared`` has what is alike once, and ``at`` says where in it what a file shares
    stands; the rest is each file's own, ``words`` and ``texts`` as one text each.
    """

    shared: Sequence[Shared]
    at: Sequence[int]
    rows: Sequence[int]
    words: str
    texts: str

    @classmethod
    def of(cls, files: Iterable[CheckedFile]) -> Self:
        """Put together what files came to."""
        at, rows, words, texts = array("H"), array("i"), list[str](), list[str]()
        shared = list[Shared]()
        known: dict[tuple[int, int], int] = {}
        for _, result, district, text, down in files:
            judged = None if district is None else district.judged
            place = known.setdefault((id(result), id(judged)), len(shared))
            if place == len(shared):
                shared.append((result, judged))
            at.append(place)
            rows.append(down)
            words.append("" if district is None else district.words)
            texts.append(text)
        return cls(shared, at, rows, "\0".join(words), "\0".join(texts))

    @property
    def data(self) -> Data:
        """Give it to be spelled, without whole districts."""
        shared = [(one, of and of._replace(whole=None)) for one, of in self.shared]
        return [shared, [*self.at], [*self.rows], self.words, self.texts]

    @classmethod
    def read(cls, data: Data, whole: Sequence[District | None] = ()) -> Self:
        """Read data that was spelled. Raises ``ValueError`` or the like."""
        shared, at, rows, words, texts = data
        whole = whole or [None] * len(shared)
        made = [_read_shared(*one) for one in zip(shared, whole, strict=True)]
        return cls(made, array("H", at), array("i", rows), words, texts)

    def files(self, names: Iterable[str]) -> Iterator[CheckedFile]:
        """Give what each file came to, by its name."""
        words, texts = self.words.split("\0"), self.texts.split("\0")
        each = zip(self.at, self.rows, words, texts, strict=True)
        for name, (at, rows, own, text) in zip(names, each, strict=True):
            result, judged = self.shared[at]
            district = None
            if judged is not None:
                district = CheckedDistrict(name, own, judged, rows)
            yield CheckedFile(name, result, district, text, rows)


def batches(files: Iterable[CheckedFile]) -> Iterator[ResultBatch]:
    """Put files together, so many at a time."""
    each = iter(files)
    while some := [*islice(each, TOGETHER)]:
        yield ResultBatch.of(some)


class CheckedFiles(Sequence[CheckedFile]):
    """What files came to, in the order of their names, each made when looked at."""

    def __init__(self, names: Sequence[str], batches: Iterable[ResultBatch]) -> None:
        self.names, self.batches = names, [*batches]
        self._ends = [*accumulate(len(one.at) for one in self.batches)]
        self._made: tuple[int, list[CheckedFile]] = (-1, [])

    @classmethod
    def of(cls, files: Iterable[CheckedFile]) -> Self:
        """Keep files one after the other."""
        names, kept, each = Texts(), list[ResultBatch](), iter(files)
        while some := [*islice(each, TOGETHER)]:
            names.extend(one.file for one in some)
            kept.append(ResultBatch.of(some))
        return cls(names, kept)

    def __len__(self) -> int:
        """Count them."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, position: Any) -> Any:
        """Give one of them."""
        at = range(len(self))[position]
        part = bisect_right(self._ends, at)
        begin, end = [0, *self._ends][part : part + 2]
        if part != self._made[0]:
            self._made = part, [*self.batches[part].files(self.names[begin:end])]
        return self._made[1][at - begin]

    def __iter__(self) -> Iterator[CheckedFile]:
        """Give one after the other, and keep none."""
        names = iter(self.names)
        for one in self.batches:
            yield from one.files(islice(names, len(one.at)))

    def drain(self) -> Iterator[CheckedFile]:
        """Give one after the other, and let go of it."""
        names = iter(self.names)
        while self.batches:
            one = self.batches.pop(0)
            yield from one.files(islice(names, len(one.at)))

    def shared(self) -> Iterator[Shared]:
        """Give what each has in common with others of its mold."""
        for one in self.batches:
            yield from map(one.shared.__getitem__, one.at)


class CheckedDistricts(Sequence[CheckedDistrict]):
    """The districts among files, in their order, each made when it is looked at."""

    @classmethod
    def of(cls, districts: Sequence[CheckedDistrict]) -> Self:
        """Keep districts of files that are known to be right."""
        right = FileResult("", ())
        each = (CheckedFile(one.file, right, one) for one in districts)
        return cls(CheckedFiles.of(each))

    def __init__(self, files: CheckedFiles) -> None:
        self._files = files
        shared = enumerate(files.shared())
        self._at = array("I", (at for at, (_, judged) in shared if judged is not None))

    def __len__(self) -> int:
        """Count them."""
        return len(self._at)

    def __getitem__(self, at: Any) -> Any:
        """Give one of them."""
        return self._files[self._at[at]].district

    def __iter__(self) -> Iterator[CheckedDistrict]:
        """Give one after the other, and keep none."""
        return (one.district for one in self._files if one.district is not None)

    @property
    def files(self) -> Sequence[str]:
        """Give the file of each."""
        names = self._files.names
        return names if len(names) == len(self) else [names[at] for at in self._at]

    def judgements(self) -> Iterator[Judgement]:
        """Give what rules say of each."""
        return (judged for _, judged in self._files.shared() if judged is not None)

    def members(self) -> Iterator[FleetMember]:
        """Give what rules of a fleet look at in each."""
        for batch in self._files.batches:
            likes = [judged and judged.like for _, judged in batch.shared]
            for at, words in zip(batch.at, batch.words.split("\0"), strict=True):
                if (like := likes[at]) is not None:
                    key, _, district_id, token = apart(words)
                    _, profiles, labels, _, _, archived = like
                    yield FleetMember(
                        key, profiles, labels, district_id, token, archived
                    )


STATED_AS = {
    "district": "district",
    "name": "name",
    "district_id": "credentials.district_id",
}
"""What the words of a file are called among the values that it states."""


def _read_shared(data: Data, whole: District | None) -> Shared:
    (file, findings, key, profiles, day), said = data
    result = FileResult(
        file,
        tuple(map(finding_of, findings)),
        key,
        None if profiles is None else tuple(profiles),
        None if day is None else (str(day[0]), str(day[1])),
    )
    if said is None:
        return result, None
    of, found, allow, undoes, stated, _, like = said
    _, named, labels, _, _, archived = like
    judged = Judgement(
        of,
        tuple(RuleFinding(one, _problem(what), Place(*at)) for one, what, at in found),
        tuple(
            Allow(rule, reason, date.fromisoformat(until))
            for rule, reason, until in allow
        ),
        frozenset(map(tuple, undoes)),
        tuple(stated),
        whole,
        FleetMember("", tuple(named), frozenset(labels), None, None, archived),
    )
    return result, judged


def _problem(data: Data) -> Problem:
    path, message, hint, on_key, more, day = data
    return Problem(
        tuple(path), message, hint, on_key, more, day and date.fromisoformat(day)
    )


def finding_of(data: Data) -> Finding:
    """Read a finding that was spelled."""
    rule, severity, message, place, path, hint, districts, repeat, more, day = data
    told = (Severity(severity), message, Place(*place), tuple(path), hint)
    return Finding(
        rule, *told, tuple(districts), repeat, more, day and date.fromisoformat(day)
    )
