"""Audit what is live: every rule over the forms on Connect, with and without files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, cast

from connectsync.backends.names import PAGE_PATH, click_of
from connectsync.backends.seam import Reader
from connectsync.config.fleet import LoadedDistrict
from connectsync.domain.district import (
    CleverShares,
    Credentials,
    District,
    GuardiansCsv,
)
from connectsync.domain.finding import Problem
from connectsync.domain.live import (
    SOON,
    AuditedDistrict,
    AuditFinding,
    AuditReport,
    Click,
    ExceptionStanding,
    ListedDistrict,
    Live,
    NotAudited,
    NotChecked,
    RuleException,
)
from connectsync.domain.plan import PlannedChange
from connectsync.domain.settings import BY_NAME, Form, assess, is_same, spell
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectError, DistrictNotFound, NothingMatched
from connectsync.operations.checking import names_that_run, settle
from connectsync.operations.plan import changes_between
from connectsync.operations.validate import examine_fleet
from connectsync.providers.clever import Settings
from connectsync.rules.allow_entries import AllowOnDay, allow_unused
from connectsync.rules.catalogue import BY_NAME as RULES
from connectsync.rules.catalogue import DISTRICT_RULES
from connectsync.rules.engine import (
    DistrictOnDay,
    FleetOnDay,
    Found,
    Rule,
    page_of,
    place_problem,
)
from connectsync.rules.scheduled import OVERDUE
from connectsync.values import dataclass, fields

ON_THE_FORM = tuple(one.name for one in fields(Settings))


@dataclass(frozen=True, slots=True)
class AuditScope:
    """
    Which districts are audited, and what files say of them.

    ``loaded`` are the districts that files describe, by key, ``broken`` the files of
    those that could not be read. ``keys`` were named and have no file. ``whole`` says
    that everything was meant that Connect lists.
    """

    loaded: Mapping[str, LoadedDistrict]
    broken: Mapping[str, str]
    keys: tuple[str, ...]
    whole: bool
    today: date

    def file_of(self, key: str) -> str:
        """Give the file that describes a district; empty if there is none."""
        loaded = self.loaded.get(key)
        return loaded.file if loaded else self.broken.get(key, "")


async def audit_live(scope: AuditScope, reader: Reader, now: datetime) -> AuditReport:
    """
    Read the live forms and run every rule on them; nothing is written anywhere.

    Raises ``NothingMatched`` for a key that neither a file nor Connect has, and
    ``ConnectError`` only where nothing at all could be read.
    """
    listed: dict[str, ListedDistrict] = {}
    if scope.whole or scope.keys:
        listed = {one.key: one for one in await reader.list_districts()}
    for key in scope.keys:
        _insist_known(key, listed, reader.described)
    wanted = {
        *scope.loaded,
        *scope.broken,
        *scope.keys,
        *(listed if scope.whole else ()),
    }
    lives = await reader.read_many(sorted(wanted)) if wanted else {}
    forms = {key: one for key, one in sorted(lives.items()) if isinstance(one, Live)}
    audits = [
        FormAudit(live, scope.loaded.get(key), _name(key, listed, scope), scope)
        for key, live in forms.items()
    ]
    judged = _judge(audits, scope)
    told = {one.rule for district, _ in judged for one in district.findings}
    return AuditReport(
        backend=reader.described,
        at=now,
        path=PAGE_PATH,
        whole=scope.whole,
        districts=tuple(district for district, _ in judged),
        not_audited=tuple(_not_audited(lives, scope, reader.described)),
        exceptions=tuple(
            _exceptions(scope, {one.key: accepted for one, accepted in judged})
        ),
        broken=tuple(sorted(scope.broken.values())),
        affected={
            rule: " ".join(page_of(RULES[rule]).why.split()) for rule in sorted(told)
        },
    )


def _insist_known(key: str, listed: Mapping[str, ListedDistrict], where: str) -> None:
    if key not in listed:
        raise NothingMatched(
            f"'{key}' matches no district file, and {where} lists no such district",
            remedy=did_you_mean(key, listed)
            or "`connectsync audit` looks at every district, and names them",
        )


def _name(key: str, listed: Mapping[str, ListedDistrict], scope: AuditScope) -> str:
    loaded = scope.loaded.get(key)
    if loaded is not None:
        return loaded.district.name
    return listed[key].name if key in listed else key


def _not_audited(
    lives: Mapping[str, Live | ConnectError], scope: AuditScope, where: str
) -> Iterator[NotAudited]:
    for key, error in sorted(lives.items()):
        if isinstance(error, Live):
            continue
        is_listed = not isinstance(error, DistrictNotFound)
        message = error.message if is_listed else f"{where} has no such district"
        yield NotAudited(
            key,
            scope.file_of(key),
            message,
            error.remedy
            or ("" if is_listed else "have it set up on Connect, or remove its file"),
            is_listed,
        )


class _Noted:
    """What a rule asked for: values that nothing states, and whether any was live."""

    __slots__ = ("live", "missing")

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.live = False


class _Watched:
    """Hands out values of the form or of the facts, and notes what was asked for."""

    __slots__ = ("_live", "_noted", "_of", "_prefix")

    def __init__(self, of: object, prefix: str, noted: _Noted, *, live: bool) -> None:
        self._of, self._prefix, self._noted, self._live = of, prefix, noted, live

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        if self._live:
            self._noted.live = True
        if value is None:
            self._noted.missing.append(f"{self._prefix}{name}")
        elif isinstance(value, CleverShares | GuardiansCsv):
            return _Watched(value, f"{self._prefix}{name}.", self._noted, live=False)
        return value


class _WatchedCredentials(_Watched):
    """The same of credentials: the id is on the page, the reference in the file."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name == "district_id":
            self._noted.live = True
        return value


class _WatchedDistrict:
    """A district whose values tell which of them a rule asked for."""

    __slots__ = ("credentials", "facts", "of", "settings")

    def __init__(self, of: District, noted: _Noted) -> None:
        self.of = of
        self.settings = _Watched(of.settings, "settings.", noted, live=True)
        self.facts = _Watched(of.facts, "facts.", noted, live=False)
        self.credentials = _WatchedCredentials(
            of.credentials, "credentials.", noted, live=False
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


class FormAudit:
    """One live form, and what its file says beside it."""

    def __init__(
        self, live: Live, loaded: LoadedDistrict | None, name: str, scope: AuditScope
    ) -> None:
        self.key, self.form, self.loaded = live.key, live.form, loaded
        self.name, self.file = name, scope.file_of(live.key)
        self.district = _as_live(live, loaded, name)
        self.today = (loaded.district.day if loaded else None) or scope.today
        self.desired = loaded.district.desired() if loaded else {}
        self.allow = loaded.district.allow if loaded else ()

    def run(self) -> tuple[list[Found], list[NotChecked]]:
        """Run the rules about one district; say which could not tell."""
        noted = _Noted()
        subject = self._subject(noted)
        found: list[Found] = []
        unsure: list[NotChecked] = []
        for rule in DISTRICT_RULES:
            noted.missing, noted.live = [], False
            problems = tuple(rule.check(subject))
            # of what only a file can say wrongly, a form without one says nothing
            if problems and (noted.live or self.loaded):
                found += [(rule, one) for one in problems]
            elif not problems and noted.live and noted.missing:
                unsure.append(
                    NotChecked(rule.name, tuple(dict.fromkeys(noted.missing)))
                )
        if self.district.schedule.periods:
            # whether a value is late is told from the state, which stays closed here
            unsure += [NotChecked(name, ("state.applied",)) for name in sorted(OVERDUE)]
        return found, unsure

    def _subject(self, noted: _Noted) -> DistrictOnDay:
        label = self.form.get("archived_students")
        # what is chosen on the page is offered there
        options = {"archived_students": (label,)} if isinstance(label, str) else {}
        watched = cast("District", _WatchedDistrict(self.district, noted))
        stem = PurePosixPath(self.file).stem or self.key
        return DistrictOnDay(watched, self.today, stem, options)

    def settle(
        self, found: Sequence[Found], *, whole: bool
    ) -> tuple[list[Found], dict[str, int]]:
        """Set aside what the file allows; count it by rule."""
        # what an entry does for the file is not seen here
        ran = names_that_run(with_fleet=whole) - {allow_unused.name}
        result = settle(found, self.allow, self.today, ran)
        accepted: dict[str, int] = {}
        for one in result.accepted:
            accepted[one.by.rule] = accepted.get(one.by.rule, 0) + 1
        return [*result.kept, *result.problems], accepted

    def finding(self, found: Found) -> AuditFinding:
        """Say where on the page a finding stands, and what would put it right."""
        rule, problem = found
        name = _setting_at(problem)
        if name not in self.form:
            return AuditFinding(rule.name, rule.severity, problem.message, problem.hint)
        live, in_file, hint = self.form[name], "", problem.hint
        clicks: tuple[Click, ...] = ()
        if self.loaded is not None and name not in self.desired:
            in_file = "the file does not manage it"
        elif self.loaded is not None:
            wanted = self.desired[name]
            if is_same(name, wanted, live):
                in_file = "the file says the same"
            else:
                in_file = f"the file says {spell(wanted)}"
                hint = f"`connectsync plan {self.key}` shows what `apply` would change"
                clicks = _clicks(name, live, wanted, self.form.get("enable_daily_sync"))
        return AuditFinding(
            rule.name,
            rule.severity,
            problem.message,
            hint,
            BY_NAME[name].page_label,
            spell(live),
            in_file,
            clicks,
        )


def _as_live(live: Live, loaded: LoadedDistrict | None, name: str) -> District:
    """Give a district whose settings are the live ones, and its facts the file's."""
    stated = loaded.district if loaded else District(live.key, name)
    settings = Settings(**{one: live.form.get(one) for one in ON_THE_FORM})  # type: ignore[arg-type]
    own_id = live.form.get("district_id")
    token = stated.credentials.oauth_token
    return District(
        key=stated.key,
        name=stated.name,
        provider=stated.provider,
        profiles=stated.profiles,
        credentials=Credentials(str(own_id) if own_id else None, token),
        facts=stated.facts,
        settings=settings,
        allow=stated.allow,
        labels=stated.labels,
        named=stated.named,
        schedule=stated.schedule,
        day=stated.day,
    )


def _judge(
    audits: Sequence[FormAudit], scope: AuditScope
) -> list[tuple[AuditedDistrict, dict[str, int]]]:
    """Run all rules; give each district, and what its file accepts, counted by rule."""
    of_fleet = _of_fleet(audits, scope.today) if scope.whole else {}
    judged = []
    for position, one in enumerate(audits):
        found, unsure = one.run()
        kept, accepted = one.settle(
            [*found, *of_fleet.get(position, ())], whole=scope.whole
        )
        told = [one.finding(each) for each in kept]
        district = AuditedDistrict(
            one.key,
            one.name,
            one.file,
            one.loaded is not None,
            tuple(sorted(told, key=lambda each: each.severity.rank)),
            tuple(unsure),
        )
        judged.append((district, accepted))
    return judged


def _of_fleet(audits: Sequence[FormAudit], today: date) -> dict[int, list[Found]]:
    """Run the rules about all districts on what is live."""
    members = tuple(one.district.member for one in audits)
    found: dict[int, list[Found]] = {}
    for rule, problem in examine_fleet(FleetOnDay(members, {}, today)):
        inside = place_problem(problem)
        if inside.district is not None:
            found.setdefault(inside.district, []).append((rule, inside.problem))
    return found


def _setting_at(problem: Problem) -> str:
    """Name the setting of the page that a problem points at; empty if it is none."""
    path = [part for part in problem.path if isinstance(part, str)]
    if path[:1] == ["scheduled"]:
        path = path[1:]
    if len(path) > 1 and path[0] in {"settings", "credentials"} and path[1] in BY_NAME:
        return path[1]
    return ""


@lru_cache(maxsize=4096)
def _clicks(name: str, live: Any, wanted: Any, syncing: Any) -> tuple[Click, ...]:
    """Give the clicks that make one setting as its file says."""
    form: Form = {name: live, "enable_daily_sync": syncing}
    changes = changes_between({name: live}, {name: wanted})
    assessed = ((change, assess(change, form)) for change in changes)
    return tuple(
        click_of(PlannedChange(change, told.risk, told.effect))
        for change, told in assessed
    )


def _exceptions(
    scope: AuditScope, accepted: Mapping[str, Mapping[str, int]]
) -> Iterator[RuleException]:
    """Register what files allow, by district and rule."""
    for key, loaded in sorted(scope.loaded.items()):
        district, known = loaded.district, accepted.get(key)
        yield from exceptions_of(district, scope.today, loaded.file, known)


def exceptions_of(
    district: District,
    today: date,
    file: str = "",
    accepted: Mapping[str, int] | None = None,
) -> Iterator[RuleException]:
    """
    Give what the file of a district allows, in its order, as it stands on a day.

    ``accepted`` counts, by rule, the live findings that it accepts, where that is
    known.
    """
    rules: Mapping[str, Rule[Any]] = RULES
    today = district.day or today
    on_day = AllowOnDay(district.allow, today, rules, frozenset(), frozenset())
    for entry in district.allow:
        rule = rules.get(entry.rule)
        if rule is None or not rule.allowable:
            standing = ExceptionStanding.NO_EFFECT
        elif not on_day.in_force(entry):
            standing = ExceptionStanding.EXPIRED
        elif entry.until <= today + SOON:
            standing = ExceptionStanding.SOON
        else:
            standing = ExceptionStanding.IN_FORCE
        yield RuleException(
            district.key,
            file,
            entry.rule,
            entry.reason,
            entry.until,
            standing,
            None if accepted is None else accepted.get(entry.rule, 0),
        )
