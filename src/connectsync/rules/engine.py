"""The engine of every rule, and what rules look at: a district, a fleet, or a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Generic, TypeVar

from connectsync.domain.district import (
    Allow,
    CleverShares,
    Credentials,
    District,
    Facts,
    FleetMember,
)
from connectsync.domain.drift import Baseline, Baselines
from connectsync.domain.finding import (
    GuardFinding,
    KeyPath,
    Problem,
    RulePage,
    Severity,
)
from connectsync.domain.foreign_text import no_command
from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange
from connectsync.domain.policy import Policy
from connectsync.domain.run import RecentSaves
from connectsync.domain.schedule import Days
from connectsync.domain.settings import Change, Form, Remove, Set, is_same, spell
from connectsync.errors import Bug
from connectsync.providers.clever import Settings
from connectsync.providers.form import Risk
from connectsync.values import dataclass, field

Subject = TypeVar("Subject")
Check = Callable[[Subject], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """
    A named mistake: how to find it, how bad it is, and where the claim comes from.

    ``refused`` marks what Connect itself would not take, or what leaves the file
    without a clear meaning: such a finding cannot be allowed. ``source`` is a key of
    ``docs/reference/sources.md``; ``inferred`` marks claims that no page states.
    """

    name: str
    severity: Severity
    source: str
    page: str
    check: Check[Subject]
    subject: str
    refused: bool = False
    inferred: bool = False

    @property
    def allowable(self) -> bool:
        """
        Say whether a district file may allow a finding of this rule for a while.

        A finding that stops a file from being read cannot be allowed, and a finding
        about a plan is accepted on the command line, by the person who applies it.
        """
        return not self.refused and self.subject in {"district", "fleet", "roster"}


Found = tuple[Rule[Any], Problem]
"""A problem, with the rule that found it."""


@dataclass(frozen=True, slots=True)
class Scope(Generic[Subject]):
    """What a group of rules looks at: a file, one district, all of them, a plan."""

    name: str

    def rule(
        self,
        severity: Severity,
        *,
        source: str,
        refused: bool = False,
        inferred: bool = False,
    ) -> Callable[[Check[Subject]], Rule[Subject]]:
        """Make a rule of a function; its name in kebab-case is the rule's name."""

        def make(check: Check[Subject]) -> Rule[Subject]:
            return Rule(
                name=kebab(check.__name__),
                severity=severity,
                source=source,
                page=check.__doc__ or "",
                check=check,
                subject=self.name,
                refused=refused,
                inferred=inferred,
            )

        return make


def kebab(name: str) -> str:
    """Spell a function's name as a rule's name."""
    return name.replace("_", "-")


def problems(
    rules: Iterable[Rule[Subject]], subject: Subject
) -> Iterator[tuple[Rule[Subject], Problem]]:
    """Run the rules over one subject, in the order given."""
    for rule in rules:
        for problem in rule.check(subject):
            yield rule, problem


_YAML = r"(?:(?:    .*)?\n)+"
_PAGE = (
    rf"(.{{1,87}}\.)\n\n((?:(?!(?:Bad|Good):\n).*\n)+)"
    rf"Bad:\n({_YAML})Good:\n({_YAML})"
)


@cache
def page_of(rule: Rule[Any]) -> RulePage:
    """
    Give the page of a rule.

    Raises ``Bug`` if its docstring is not a sentence of at most 88 characters, a
    reason, then ``Bad:`` and ``Good:``, each with indented YAML below it.
    """
    # only pages are made of them, and a commit hook would wait for their import
    from inspect import cleandoc  # noqa: PLC0415
    from textwrap import dedent  # noqa: PLC0415

    found = re.fullmatch(_PAGE, f"{cleandoc(rule.page)}\n")
    texts = found.groups() if found else ("", "", "", "")
    summary, why, bad, good = (dedent(text).strip("\n") for text in texts)
    if not (why and bad and good):
        raise Bug(
            f"the page of rule {rule.name!r} is not a sentence of at most 88"
            " characters, a blank line, a reason, then 'Bad:' and 'Good:', each with"
            " YAML below it that is indented by four spaces"
        )
    return RulePage(
        name=rule.name,
        severity=rule.severity,
        subject=rule.subject,
        summary=summary,
        why=why,
        bad=f"{bad}\n",
        good=f"{good}\n",
        source=rule.source,
        inferred=rule.inferred,
        allowable=rule.allowable,
    )


@dataclass(frozen=True, slots=True)
class DistrictOnDay:
    """
    A district as a rule sees it.

    ``options`` holds the labels that drop-downs were seen to offer, by setting;
    a setting that is missing there was never read from a live page.
    ``stem`` is the stem of the file that holds the district. ``applied`` is what was
    last applied there, where that is known.
    """

    district: District
    today: date
    stem: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: Form = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.district.settings

    @property
    def facts(self) -> Facts:
        """The effective facts."""
        return self.district.facts

    @property
    def credentials(self) -> Credentials:
        """The effective credentials."""
        return self.district.credentials

    @property
    def rollover_now(self) -> Days | None:
        """The rollover that today is in; None outside of it."""
        rollover = self.facts.rollover
        return rollover if rollover is not None and self.today in rollover else None

    @property
    def clever_pause_now(self) -> Days | None:
        """The pause in Clever that today is in; None outside of one."""
        pause = self.facts.clever_paused
        return pause if pause is not None and self.today in pause else None

    def chosen(self, setting: str) -> frozenset[str]:
        """Give the selected labels; none if the sync does not manage guardians."""
        if self.settings.manage_guardians is False:
            return frozenset()
        return getattr(self.settings, setting) or frozenset()

    @property
    def allow(self) -> tuple[Allow, ...]:
        """The accepted findings."""
        return self.district.allow


@dataclass(frozen=True, slots=True)
class FleetOnDay:
    """
    All districts as a fleet rule sees them.

    ``profiles`` maps every profile file's stem to the stems it builds on. ``files``
    holds the file of each district, in the order of ``districts``; leave it empty
    where files are not known. ``root`` is the project's folder, and ``idle_nulls`` are
    nulls of profiles that undo nothing: the profile's stem, section and key. Two
    districts may have the same key by mistake, so a problem of a fleet names its
    district by position: see ``in_district``.
    """

    districts: Sequence[FleetMember]
    profiles: Mapping[str, tuple[str, ...]]
    today: date
    files: Sequence[str] = ()
    root: str = ""
    idle_nulls: tuple[tuple[str, str, str], ...] = ()

    def named(self, position: int) -> str:
        """Name a district for a message: by its file, or by its key in quotes."""
        of = self.files
        return of[position] if of else repr(self.districts[position].key)


@dataclass(frozen=True, slots=True)
class PlacedProblem:
    """
    A problem of a fleet, taken apart: which file, and the problem inside of it.

    Exactly one of ``district`` (a position in ``FleetOnDay.districts``) and
    ``profile`` (a stem) is given; the problem's path starts inside that file.
    """

    problem: Problem
    district: int | None = None
    profile: str | None = None


def shares_of(district: DistrictOnDay) -> CleverShares:
    """Give what the facts say that Clever shares; nothing stated if they do not."""
    return district.facts.clever_shares or NOTHING_STATED


NOTHING_STATED = CleverShares()
DISTRICT: Scope[DistrictOnDay] = Scope("district")
FLEET: Scope[FleetOnDay] = Scope("fleet")


def in_district(position: int, *path: str | int) -> KeyPath:
    """Give the path of a fleet's problem that points into a district's file."""
    return ("districts", position, *path)


def in_profile(stem: str, *path: str | int) -> KeyPath:
    """Give the path of a fleet's problem that points into a profile's file."""
    return ("profiles", stem, *path)


def place_problem(problem: Problem) -> PlacedProblem:
    """Take the path of a fleet's problem apart into a file and a path inside."""
    inside = Problem(problem.path[2:], problem.message, problem.hint, problem.on_key)
    match problem.path:
        case ("districts", int(position), *_):
            return PlacedProblem(inside, district=position)
        case ("profiles", str(stem), *_):
            return PlacedProblem(inside, profile=stem)
        case _:
            raise Bug(f"a fleet rule points at {problem.path!r}, which is no file")


@dataclass(frozen=True, slots=True)
class PlanAtHour:
    """
    A plan as a guard sees it.

    ``now`` has a time zone. ``districts`` are the effective districts of the files;
    one that is missing there has no facts. ``recent`` is what was saved lately.
    """

    plan: Plan
    policy: Policy
    now: datetime
    districts: Mapping[str, District] = field(default_factory=dict)
    baselines: Baselines = field(default_factory=dict)
    recent: RecentSaves = field(default_factory=RecentSaves)

    def facts(self, planned: DistrictPlan) -> Facts:
        """Give what the files say of a district."""
        district = self.districts.get(planned.district)
        return district.facts if district else Facts()

    def baseline(self, planned: DistrictPlan) -> Baseline:
        """Give what was last applied to a district."""
        return self.baselines.get(planned.district, Baseline())

    def left_alone(self, planned: DistrictPlan) -> tuple[str, ...]:
        """
        Name the settings that differ from the files and that the plan does not change.

        Only a plan of one change to the files can have any. They come from the files
        themselves, because a plan may have been made to leave some out.
        """
        district = self.districts.get(planned.district)
        if self.plan.since is None or district is None:
            return ()
        return tuple(
            name
            for name, value in district.desired().items()
            if name not in planned.desired
            and name in planned.live
            and not is_same(name, planned.live[name], value)
        )

    def disruptive(
        self, *settings: str
    ) -> Iterator[tuple[DistrictPlan, PlannedChange]]:
        """Give every disruptive change of these settings."""
        for planned, change in self.changes(*settings):
            if change.risk is Risk.DISRUPTIVE:
                yield planned, change

    def changes(self, *settings: str) -> Iterator[tuple[DistrictPlan, PlannedChange]]:
        """Give every change of these settings."""
        for planned in self.plan.districts:
            for change in planned.changes():
                if change.change.setting in settings:
                    yield planned, change


PLAN: Scope[PlanAtHour] = Scope("plan")


@dataclass(frozen=True, slots=True)
class Objection(Problem):
    """
    What a guard yields: a problem whose path is the district, or empty for the plan.

    ``accept`` is the name to accept it by, if that is not the guard's own; ``count`` is
    the number to accept. An objection that ``needs_reason`` is not counted.
    """

    accept: str = ""
    count: int = 1
    needs_reason: bool = False


def guard_finding(rule: Rule[PlanAtHour], problem: Problem) -> GuardFinding:
    """Put what a guard yields as it stands in a plan."""
    objection = problem if isinstance(problem, Objection) else None
    return GuardFinding(
        rule=rule.name,
        severity=rule.severity,
        message=problem.message,
        hint=problem.hint,
        district=str(problem.path[0]) if problem.path else "",
        accept=(objection.accept if objection else "") or rule.name,
        count=objection.count if objection else 1,
        needs_reason=objection.needs_reason if objection else False,
    )


def turns_on(change: Change) -> bool:
    """Say whether a box is turned on."""
    return isinstance(change, Set) and change.after is True


def spell_change(change: Change) -> str:
    """Spell a change in a few words, for a sentence."""
    match change:
        case Set(setting, before, after):
            return f"{setting} {spell(before)} → {spell(after)}"
        case Remove(setting, label):
            return f"{setting} loses {label!r}"
        case _:
            return f"{change.setting} gains {change.label!r}"


OF_GUARDIANS = ("contact_types", "contact_relationships", "phone_types")
"""Settings that have no effect while the sync does not manage guardians."""


def quote_labels(labels: Iterable[str]) -> str:
    """Spell labels as ``'A', 'B' and 'C'``, sorted."""
    return join_words([repr(no_command(str(label))) for label in sorted(labels)])


def join_words(words: list[str]) -> str:
    """Join words as in speech: ``a, b and c``."""
    if len(words) < 2:  # noqa: PLR2004 - one word needs no joint
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def how_to_add(labels: Collection[str], shared: Collection[str] | None) -> str:
    """Say how to add labels that Clever may not share; None: not stated."""
    missing = frozenset() if shared is None else frozenset(labels) - frozenset(shared)
    if not missing:
        return f"add {quote_labels(labels)}"
    return f"{how_to_share(missing)}, then add {quote_labels(labels)} here"


def how_to_share(labels: Collection[str]) -> str:
    """Say how to let labels through in Clever, and to state so."""
    them = "it" if len(labels) == 1 else "them"
    return f"share {quote_labels(labels)} in Clever and add {them} to clever_shares"


def how_to_stop_managing(settings: Settings, *, source: bool) -> str:
    """
    Say how to leave guardians to another source, without settings left over.

    ``source`` says whether the facts name that source already.
    """
    idle = [name for name in OF_GUARDIANS if getattr(settings, name)]
    steps = ["set manage_guardians to false"]
    steps += [f"remove {join_words(idle)}"] if idle else []
    steps += [] if source else ["set guardians_from to their source"]
    return ", ".join(steps)


def how_to_remove(label: str, chosen: Collection[str], adding: str) -> str:
    """Say how to remove a label; ``adding`` says what to add where none is left."""
    return f"{adding} and " * (len(chosen) == 1) + f"remove '{label}'"
