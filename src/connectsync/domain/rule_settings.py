"""What a project says of rules, and the findings it knows of and puts off."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from connectsync.domain.finding import Finding, Severity, TurnedOff, order, pointer
from connectsync.domain.wording import fits_pattern
from connectsync.values import dataclass, field, replace

BASELINE_FILE = ".connectsync-baseline.json"
"""Where a baseline of findings lies if nothing is said: beside the project file."""

OFF = "off"
"""The severity of a rule whose findings are not told."""

ALSO_CHANGES = "connectsync.yaml also changes: "
"""What names the keys of the project file that say something else, of a change."""

_LOWEST = len(Severity)

MOST_KEYS = 12
"""Keys of one section that are named one by one; of more the number is told."""


def stated_otherwise(
    was: Mapping[str, Any], now: Mapping[str, Any], path: str = ""
) -> Iterator[str]:
    """Name every key of a project file that says something else, whatever it is."""
    keys = [key for key in {**was, **now} if _spelled(was, key) != _spelled(now, key)]
    if path and not 0 < len(keys) <= MOST_KEYS:
        yield f"{path} ({len(keys)} keys)" if keys else path
        return
    for key in sorted(keys, key=str):
        inner = f"{path}.{key}" if path else str(key)
        left, right = was.get(key, {}), now.get(key, {})
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from stated_otherwise(left, right, inner)
        else:
            yield inner


def _spelled(section: Mapping[str, Any], key: str) -> str:
    given = [section[key]] if key in section else []
    return json.dumps(given, sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """
    One entry under `rules` in the project file.

    ``severity`` None turns the rule off. ``paths`` are patterns of files, from the
    folder of the project file; without them it is of all files, and without ``label``
    of all districts. ``line`` and ``column`` are where its rule is named.
    """

    rule: str
    severity: Severity | None
    reason: str
    paths: tuple[str, ...] = ()
    label: str = ""
    line: int = 1
    column: int = 1

    @property
    def rank(self) -> int:
        """Give 0 for the worst severity, and most where it is off."""
        return _LOWEST if self.severity is None else self.severity.rank

    def holds(self, files: Iterable[str], labels: frozenset[str]) -> bool:
        """Say whether it is about a finding in these files, of a district."""
        if self.label and self.label not in labels:
            return False
        return not self.paths or any(
            fits_pattern(file, path) for file in files for path in self.paths
        )

    def spell(self) -> str:
        """Say what becomes of the rule, and where, in a few words."""
        said = OFF if self.severity is None else self.severity.value
        where = f" in {', '.join(self.paths)}" if self.paths else ""
        whom = f" for districts labeled {self.label}" if self.label else ""
        return f"{said}{where}{whom}"


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """
    What entries about rules took a file by, before a change that is looked at.

    ``files`` are its own, wherever it lay, and the profiles below it; ``file`` is
    empty for one that was not there. ``labels`` are its district's.
    """

    file: str = ""
    files: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    def files_of(self, place: str, own: str) -> frozenset[str]:
        """Give what stood for a place of the file that is its ``own`` one now."""
        found = self.files.intersection([place]) if place != own else frozenset()
        return found | frozenset(filter(None, [self.file]))


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """
    What a project says of rules: of several entries that hold, the last counts.

    ``before`` is what it said before a change that is looked at: of both the worse
    severity counts, so that no change decides what it is judged by. ``stood`` says of
    files that the change touches how they stood before it, which counts likewise;
    ``moved`` tells of which of them less is told by how they stand now.
    """

    entries: tuple[RuleSetting, ...] = ()
    before: RuleSettings | None = None
    stood: Mapping[str, FileIdentity] = field(default_factory=dict)
    moved: tuple[str, ...] = ()

    @property
    def tells_apart(self) -> bool:
        """Say whether it is not of all files and districts alike, now or before."""
        before = self.before.entries if self.before is not None else ()
        return any(one.paths or one.label for one in (*self.entries, *before))

    def of(self, rule: str) -> tuple[RuleSetting, ...]:
        """Give the entries about a rule."""
        return tuple(one for one in self.entries if one.rule == rule)

    def judge(
        self, finding: Finding, file: str, labels: frozenset[str]
    ) -> Finding | TurnedOff:
        """
        Give a finding with the severity that counts, or say why it is not told.

        ``file`` is that of the district it was found in, ``labels`` are the district's.
        What is an error by itself stays one: it can only be allowed for a while.
        """
        if not self.entries and self.before is None:
            return finding
        place = finding.place.file
        subjects = [(frozenset({place, file}), labels)]
        if (stood := self.stood.get(file)) is not None:
            subjects.append((stood.files_of(place, file), stood.labels))
        settings = [self] if self.before is None else [self.before, self]
        every = (
            one.last(finding.rule, *subject) for one in settings for subject in subjects
        )
        setting = min(every, key=lambda one: _rank(one, finding.severity))
        if setting is None or setting.severity is finding.severity:
            return finding
        if finding.severity is Severity.ERROR:
            return finding
        if setting.severity is None:
            return TurnedOff(finding, setting.reason)
        return replace(finding, severity=setting.severity)

    def last(
        self, rule: str, files: frozenset[str], labels: frozenset[str]
    ) -> RuleSetting | None:
        """Give the entry that counts for a rule in these files, of a district."""
        for one in reversed(self.entries):
            if one.rule == rule and one.holds(files, labels):
                return one
        return None

    def looser_by(
        self,
        file: str,
        now: FileIdentity,
        then: FileIdentity,
        usual: Mapping[str, Severity],
    ) -> Iterator[str]:
        """Tell each rule of which less is told of a file by how it stands now."""
        for rule in dict.fromkeys(one.rule for one in self.entries):
            for place in sorted(now.files | {file}):
                there = self.last(rule, frozenset({place, file}), now.labels)
                earlier = self.last(rule, then.files_of(place, file), then.labels)
                grave = usual.get(rule, Severity.ERROR)
                if _rank(there, grave) > _rank(earlier, grave):
                    said = [
                        one.spell() if one else grave.value for one in (earlier, there)
                    ]
                    yield f"{rule} was {said[0]}, and is {said[1]}"
                    break

    def looser_than(
        self, before: RuleSettings, usual: Mapping[str, Severity]
    ) -> Iterator[str]:
        """
        Tell each rule of which less is told, or may be, than before.

        ``usual`` are the severities that rules have by themselves.
        """
        rules = dict.fromkeys(one.rule for one in (*self.entries, *before.entries))
        for rule in rules:
            then, now = before.of(rule), self.of(rule)
            if rule in usual and _may_be_looser(then, now, usual[rule]):
                said = "; ".join(one.spell() for one in now) or usual[rule].value
                earlier = "; ".join(one.spell() for one in then) or usual[rule].value
                yield f"{rule} was {earlier}, and is {said}"


def _rank(setting: RuleSetting | None, usual: Severity) -> int:
    return usual.rank if setting is None else setting.rank


def _may_be_looser(
    then: tuple[RuleSetting, ...], now: tuple[RuleSetting, ...], usual: Severity
) -> bool:
    """Say whether a finding may be less grave now; where it is not clear, it may."""
    held, there = [_meaning(one) for one in then], [_meaning(one) for one in now]
    if held == there:
        return False
    if not held and all(one.rank <= usual.rank for one in now):
        return False
    if not there and all(one.rank >= usual.rank for one in then):
        return False
    same = [(one.paths, one.label) for one in then] == [
        (one.paths, one.label) for one in now
    ]
    pairs = zip(then, now, strict=False)
    return not (same and all(new.rank <= old.rank for old, new in pairs))


def _meaning(one: RuleSetting) -> tuple[object, ...]:
    return one.severity, one.paths, one.label


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """
    What a baseline of findings tells a finding by: nothing of it is a line.

    ``file`` is that of what stands in no district's file, and empty otherwise.
    ``content`` is a digest of the text it is about.
    """

    rule: str
    district: str
    file: str
    path: str
    content: str

    @property
    def where(self) -> str:
        """The district's key, or the file."""
        return self.district or self.file


@dataclass(frozen=True, slots=True)
class KnownFindings:
    """
    Findings that were there when a fleet was adopted, and are put off.

    ``entries`` say how many there are of each, the gravest first, by severity: one that
    has become graver since is not among them. ``before`` is what a baseline held before
    a change that is looked at; an error has to be in both, and in no file that the
    change ``brought`` to a district, which that one knows: the key and the file.
    """

    entries: Mapping[KnownFinding, tuple[Severity, ...]] = field(default_factory=dict)
    before: KnownFindings | None = None
    brought: frozenset[tuple[str, str]] = frozenset()

    def __len__(self) -> int:
        return sum(map(len, self.entries.values()))

    def split(
        self, findings: Iterable[Finding], districts: Mapping[str, str]
    ) -> tuple[list[Finding], list[Finding]]:
        """
        Separate findings that are new from those that are known.

        ``districts`` are the keys by file. Of several alike the gravest are known.
        """
        if not self.entries:
            return list(findings), []
        left = {key: list(said) for key, said in self.entries.items()}
        then = self.before.entries if self.before is not None else {}
        earlier = {key: list(said) for key, said in then.items()}
        new, known = list[Finding](), list[Finding]()
        for one in sorted(findings, key=_gravest_first):
            key = known_as(one, districts)
            there = _take(left.get(key), one)
            if self.before is not None and one.severity is Severity.ERROR:
                there = _take(earlier.get(key), one) and there
                there = there and not self.before.is_brought(one, key.district)
            (known if there else new).append(one)
        return sorted(new, key=order), sorted(known, key=order)

    def is_brought(self, finding: Finding, own: str) -> bool:
        """Say whether it stands where a district came to by a change."""
        whose = (own, *finding.districts)
        return any((key, finding.place.file) in self.brought for key in whose)

    def gone(
        self,
        known: Iterable[Finding],
        districts: Mapping[str, str],
        looked_at: frozenset[str],
        ran: frozenset[str],
    ) -> KnownFindings:
        """
        Give the entries that are none any more.

        ``looked_at`` are the districts and files that were read, ``ran`` the rules.
        """
        there = Counter(known_as(one, districts) for one in known)
        gone = {
            key: said[there[key] :]
            for key, said in self.entries.items()
            if key.where in looked_at and key.rule in ran and there[key] < len(said)
        }
        return KnownFindings(gone)

    def without(self, gone: KnownFindings) -> KnownFindings:
        """Give the entries without those that are none any more."""
        left = {
            key: said[: len(said) - len(gone.entries.get(key, ()))]
            for key, said in self.entries.items()
        }
        return KnownFindings({key: said for key, said in left.items() if said})

    def joined(self, other: KnownFindings) -> KnownFindings:
        """Give the entries of both; of what both hold, those of the other."""
        return KnownFindings({**self.entries, **other.entries})

    def grown(self, before: KnownFindings) -> int:
        """Count the findings that are known now, and were not, or as less grave."""
        grown = 0
        for key, said in self.entries.items():
            left = list(before.entries.get(key, ()))
            for severity in said:
                if left and left[0].rank <= severity.rank:
                    left.pop(0)
                else:
                    grown += 1
        return grown


def _take(left: list[Severity] | None, finding: Finding) -> bool:
    """Take an entry that is at least as grave as a finding, if one is left."""
    if not left or left[0].rank > finding.severity.rank:
        return False
    left.pop(0)
    return True


def _gravest_first(finding: Finding) -> tuple[object, ...]:
    return finding.severity.rank, order(finding)


def known_as(finding: Finding, districts: Mapping[str, str]) -> KnownFinding:
    """Give what a finding is known as; ``districts`` are the keys by file."""
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL, and few projects ask

    place = finding.place
    district = districts.get(place.file, "")
    file = "" if district else PurePosixPath(place.file).as_posix()
    text = " ".join(place.text.split()).encode("utf-8", "surrogatepass")
    content = sha256(text).hexdigest()[:16]
    return KnownFinding(finding.rule, district, file, pointer(finding.path), content)


def worth_knowing(finding: Finding, *, allowable: bool) -> bool:
    """
    Say whether a baseline may hold a finding.

    What only informs fails nothing, and an error that no file may allow leaves a file
    without a clear meaning.
    """
    if finding.severity is Severity.ERROR:
        return allowable and finding.stands_for == 1
    return finding.severity is Severity.WARNING and finding.stands_for == 1
