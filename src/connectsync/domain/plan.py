"""A plan: what would be saved, district by district, and what guards say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from connectsync.domain.district import KeptLabels, Untouched, without
from connectsync.domain.drift import DistrictDrift, MovedBy, Movement, worst_of
from connectsync.domain.finding import GuardFinding, ValidationReport
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import (
    SWITCH,
    Change,
    Form,
    Set,
    apply_changes,
    assess,
    running,
)
from connectsync.providers.form import Risk, Value
from connectsync.values import dataclass, field, replace

REACHED_BY = (
    "backend",
    "backends.gateway.url",
    "backends.gateway.token",
    "backends.browser.url",
    "backends.browser.session",
    "backends.browser.labels",
    "backends.browser.accept_confirmation",
)
"""Keys of the project file that decide which Connect is reached, and how it is read."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change, how much it can hurt, and the sentence on what it does."""

    change: Change
    risk: Risk
    effect: str


COUNTED = (
    *("student_id", "manage_guardians"),
    *("contact_types", "contact_relationships", "phone_types"),
)
"""Settings that decide whom a sync reaches on a roster."""


@dataclass(frozen=True, slots=True)
class PeopleTally:
    """
    How many people of a roster a form reaches; None where that cannot be known.

    ``dropped`` are guardians who are not created, having neither email nor number.
    """

    students: int
    students_without_guardian: int | None
    students_without_id: int | None
    created: int | None
    by_text: int | None
    email_only: int | None
    dropped: int | None

    def adds_up(self) -> bool:
        """Say whether the parts can be of the whole."""
        without = (self.students_without_guardian, self.students_without_id)
        if any(one is not None and one > self.students for one in without):
            return False
        if self.by_text is None or self.email_only is None:
            return self.created is None
        return self.created == self.by_text + self.email_only


TALLIES = tuple(PeopleTally.__annotations__)
"""The names of a tally's counts."""

PEOPLE: Mapping[str, str] = {
    "students_without_guardian": "students left without a guardian",
    "students_without_id": "students without the chosen id",
    "created": "guardians created",
    "by_text": "guardians reached by text",
    "email_only": "guardians reached by email only",
    "dropped": "guardians dropped",
}
"""Those that a plan may move, and a project may limit; what each counts, in words."""


@dataclass(frozen=True, slots=True)
class SettingImpact:
    """What all changes of one setting do, on top of those before it in the plan."""

    setting: str
    before: PeopleTally
    after: PeopleTally


@dataclass(frozen=True, slots=True)
class RosterImpact:
    """
    What a plan does to the people of one district's roster. Tallies only.

    ``source`` says which roster, ``contacts`` how many it has. ``settings`` are in the
    order of the plan: where one ends, the next begins. There is at least one.
    """

    source: str
    read_at: datetime
    contacts: int
    settings: tuple[SettingImpact, ...]

    def adds_up(self) -> bool:
        """Say whether these can be tallies of one roster; the rest is believed."""
        tallies = [self.before, *(one.after for one in self.settings)]
        students = {one.students for one in tallies}
        return len(students) == 1 and all(map(PeopleTally.adds_up, tallies))

    @property
    def before(self) -> PeopleTally:
        """The tally of the form on Connect."""
        return self.settings[0].before

    @property
    def after(self) -> PeopleTally:
        """The tally once all of the plan is saved."""
        return self.settings[-1].after

    def of(self, setting: str) -> SettingImpact | None:
        """Give what the changes of a setting do; None where they were not counted."""
        return next((one for one in self.settings if one.setting == setting), None)


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Why it is not known whom a plan reaches on a district's roster."""

    why: str


@dataclass(frozen=True, slots=True)
class Save:
    """
    Changes that are made by pressing Save once.

    ``set_token`` says that the token is typed as well: it was asked for by name, and
    no form tells what it is.
    """

    changes: tuple[PlannedChange, ...]
    set_token: bool = False

    def after(self, form: Form) -> dict[str, Value]:
        """Give the form as it is after this save."""
        return apply_changes(form, (planned.change for planned in self.changes))


@dataclass(frozen=True, slots=True)
class DistrictPlan:
    """
    One district's saves, bound to the live version they were made from.

    ``live`` is the whole form as read, ``desired`` every value of the files that the
    plan speaks of: so that apply can name what moved. ``drift`` is what people changed
    of it since we last applied. ``kept`` are ticked labels that the files do not know,
    by setting: they stay ticked, whatever ``desired`` says. ``token`` is the reference
    to the token that is typed, if one is. ``later`` are the runs that saved a setting
    after the run that is taken back, by setting: what they made is overwritten.
    ``turns`` say which desired values change by themselves, and when. ``impact`` is
    what it does on the district's roster, None where no one asked.
    """

    district: str
    name: str
    file: str
    live_version: str
    read_at: datetime
    live: Form
    desired: Form
    saves: tuple[Save, ...]
    drift: tuple[Movement, ...] = ()
    kept: KeptLabels = field(default_factory=dict)
    token: str = ""
    later: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    impact: RosterImpact | NotCounted | None = None

    def counted(self) -> tuple[str, ...]:
        """Name the settings that change and that decide whom a sync reaches."""
        changed = (one.change.setting for one in self.changes())
        return tuple(dict.fromkeys(name for name in changed if name in COUNTED))

    def forms(self) -> Iterator[Form]:
        """Give the form as it is, and after the changes of each ``counted`` setting."""
        yield (form := self.live)
        for name in self.counted():
            changes = (one.change for one in self.changes())
            form = apply_changes(form, (one for one in changes if one.setting == name))
            yield form

    def turned(self, at: datetime) -> tuple[Turn, ...]:
        """Give the turns that came since: what is desired is of a day that is over."""
        return tuple(turn for turn in self.turns if turn.is_over(at))

    def managed(self, form: Form) -> dict[str, Value]:
        """Give what a form holds of what the files say; labels they know alone."""
        known = without(form, self.kept)
        return {name: known.get(name) for name in self.desired}

    def changes(self) -> Iterator[PlannedChange]:
        """Give every change, in the order it is made."""
        for save in self.saves:
            yield from save.changes

    @property
    def set_token(self) -> bool:
        """Say whether the token is typed."""
        return any(save.set_token for save in self.saves)


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """A district whose live form could not be read: nothing is wanted of it."""

    district: str
    file: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StillRunning:
    """
    A district that lost its file, and whose sync runs on.

    ``file`` is where it stood, empty if that is not known; ``error`` says why Connect
    could not be asked about it, empty if it was.
    """

    district: str
    file: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What `apply` would make true, and nothing else.

    ``scope`` is what was asked for on the command line, ``fleet`` the number of
    districts in the files, ``in_step`` the districts that need nothing. A plan that
    does not come from files but undoes a run names it as ``rollback_of``.

    A plan of one change to the files names the commit before it as ``since``, in full.
    It covers only settings that the files changed since then; what
    else is not as the files say is ``left_alone``, by district. ``untouched`` is what
    stays as it is on Connect for another reason, on districts in step as well.
    ``still_running`` are districts that no file describes any more, though their sync
    runs on Connect. ``token_not_typed`` are districts whose files name a token, for
    which Connect's page shows none, and for which none is typed. A plan of one change
    keeps the ``limits`` it was made under: the change may loosen those of the project
    file. ``comes_in`` and ``goes_out`` are districts that a change to the project file
    takes into the fleet and out of it; ``later`` says, by district, which settings have
    other values on days to come, ``loosened`` what is said less strictly of findings.
    ``connection`` are digests of how that file reached Connect, by key; empty if it
    names nothing, and in plans of older versions. ``scheduled`` are the turns that are
    to come on districts in step.
    """

    created: datetime
    tool: str
    backend: str
    scope: tuple[str, ...]
    fleet: int
    districts: tuple[DistrictPlan, ...]
    in_step: tuple[str, ...]
    failed: tuple[NotPlanned, ...]
    guards: tuple[GuardFinding, ...] = ()
    rollback_of: int | None = None
    since: str | None = None
    left_alone: tuple[DistrictDrift, ...] = ()
    untouched: tuple[Untouched, ...] = ()
    still_running: tuple[StillRunning, ...] = ()
    token_not_typed: tuple[str, ...] = ()
    limits: Policy | None = None
    comes_in: tuple[str, ...] = ()
    goes_out: tuple[str, ...] = ()
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loosened: tuple[str, ...] = ()
    connection: Mapping[str, str] = field(default_factory=dict)
    scheduled: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    digests: list[str] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    """Its digest, once it was asked for; a plan that is made from it has none yet."""

    @property
    def partial(self) -> bool:
        """Say whether it speaks of a part only of what the files manage."""
        return self.rollback_of is not None or self.since is not None

    @property
    def size(self) -> int:
        """Count the districts that were looked at."""
        planned = {one.district for one in self.districts}
        only_left = sum(one.district not in planned for one in self.left_alone)
        return len(self.districts) + len(self.in_step) + len(self.failed) + only_left

    @property
    def empty(self) -> bool:
        """Say whether nothing would change and nothing went unread."""
        return not self.districts and not self.failed

    def risks(self) -> Counter[Risk]:
        """Count the changes by risk."""
        return Counter(one.risk for each in self.districts for one in each.changes())


def saves_for(
    changes: Iterable[Change],
    live: Form,
    *,
    launched: bool = False,
    set_token: bool = False,
) -> tuple[Save, ...]:
    """
    Put changes into saves: the switch goes off first and on last, on its own.

    So no night's sync ever runs on a form that is half way. ``launched`` says that
    the sync ran before: families are reached then, even while it is paused. The
    token goes with what is not the switch.
    """
    changes = tuple(changes)
    switch = _save((one for one in changes if one.setting == SWITCH), live, launched)
    others = _save((one for one in changes if one.setting != SWITCH), live, launched)
    others = replace(others, set_token=set_token)
    saves = (others, switch) if _turns_on(switch) else (switch, others)
    return tuple(save for save in saves if save.changes or save.set_token)


def _turns_on(switch: Save) -> bool:
    changes = (planned.change for planned in switch.changes)
    return any(isinstance(one, Set) and one.after is True for one in changes)


def _save(changes: Iterable[Change], live: Form, launched: bool) -> Save:  # noqa: FBT001 - handed on
    on, managed = running(live), live.get("manage_guardians") is not False
    return Save(tuple(_planned(change, on, managed, launched) for change in changes))


@lru_cache(maxsize=1 << 14)
def _planned(change: Change, on: bool, managed: bool, launched: bool) -> PlannedChange:  # noqa: FBT001 - as above
    """Give a change with all that its risk rests on: districts have most in common."""
    live: Form = {SWITCH: on, "manage_guardians": managed}
    assessment = assess(change, live, launched=launched)
    return PlannedChange(change, assessment.risk, assessment.effect)


class DistrictStanding(StrEnum):
    """How a district stands, the worst first."""

    CONFLICT = "conflict"
    DRIFT = "drift"
    PENDING = "pending"
    NOT_READ = "not read"
    LEFT_ALONE = "left alone"
    IN_STEP = "in step"


@dataclass(frozen=True, slots=True)
class Member:
    """
    A district of the plan's scope, whether it changes or not.

    ``wave`` is the wave it is saved in, empty if it is not.
    """

    key: str
    name: str
    file: str
    wave: str = ""
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageField:
    """A control of Connect's form by its label; ``setting`` is empty for the token."""

    setting: str
    label: str


@dataclass(frozen=True, slots=True)
class PageSection:
    """Controls that stand together on Connect's form; ``title`` may be empty."""

    title: str
    fields: tuple[PageField, ...]


@dataclass(frozen=True, slots=True)
class PlanReview:
    """
    All that a report of a plan shows.

    ``page`` is Connect's form in its order, ``folder`` where the districts' files are.
    ``waves`` are in the order in which they are saved, ``members`` the districts by
    key. ``findings`` are those of the files that the plan was made from. It was kept
    for `apply` as ``plan_file``, if that is not empty.
    """

    plan: Plan
    page: tuple[PageSection, ...]
    folder: str
    members: Mapping[str, Member] = field(default_factory=dict)
    waves: tuple[str, ...] = ()
    findings: ValidationReport = field(default_factory=lambda: ValidationReport(0))
    plan_file: str = ""

    def member(self, key: str, *, name: str = "", file: str = "") -> Member:
        """Give a district, if need be one of which nothing else is known."""
        return self.members.get(key) or Member(key, name or key, file)


def group_of(file: str, folder: str) -> str:
    """Give the folder below that of the districts that a file is in; empty: none."""
    below = file.removeprefix(f"{folder}/").split("/")
    return below[0] if file.startswith(f"{folder}/") and len(below) > 1 else ""


def only_left_alone(plan: Plan) -> tuple[DistrictDrift, ...]:
    """Give the districts that a plan of one change found apart and does not touch."""
    planned = {one.district for one in plan.districts}
    return tuple(one for one in plan.left_alone if one.district not in planned)


def standing_of(planned: DistrictPlan) -> DistrictStanding:
    """Say who moved, of a district that would change."""
    moved = {move.who for move in planned.drift}
    drifted = {move.setting for move in planned.drift}
    ours = any(one.change.setting not in drifted for one in planned.changes())
    if ours or planned.set_token:
        moved.add(MovedBy.US)
    return DistrictStanding(worst_of(moved) or DistrictStanding.PENDING)
