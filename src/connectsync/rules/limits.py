"""Guards: how much a plan may change, at once and in a day, and how many people."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import District
from connectsync.domain.finding import Severity
from connectsync.domain.plan import PEOPLE, DistrictPlan, NotCounted, RosterImpact
from connectsync.domain.wording import moved_people
from connectsync.rules.engine import PLAN, Objection, PlanAtHour, Rule, join_words


@PLAN.rule(Severity.ERROR, source="design")
def too_many_districts(subject: PlanAtHour) -> Iterator[Objection]:
    """
    One plan changes more districts than the project allows.

    A mistake in a profile reaches every district that builds on it. A limit stops it
    before that.

    Bad:

        policy: {max_districts: 1}
        districts: 2

    Good:

        policy: {max_districts: 2}
        districts: 2
    """
    changed = len(subject.plan.districts)
    if _too_many(subject):
        yield Objection(
            (),
            f"{changed} districts change at once; the project allows"
            f" {subject.policy.max_districts}",
            hint="plan fewer districts, or raise guards.max_districts",
            count=changed,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_much_of_the_fleet(subject: PlanAtHour) -> Iterator[Objection]:
    """
    One plan changes a larger part of the fleet than the project allows.

    A single district is never too much, however small the fleet: other guards check
    what happens to it. Districts whose files manage nothing, or that Connect does not
    know, are no part of the fleet: anyone could write files of those.

    Bad:

        policy: {max_percent: 50}
        districts: 2
        fleet: 3

    Good:

        policy: {max_percent: 50}
        districts: 2
        fleet: 4
    """
    changed = len(subject.plan.districts)
    if _too_much(subject):
        yield Objection(
            (),
            f"{changed} of {_fleet(subject)} districts change at once; the project"
            f" allows {subject.policy.max_percent} %",
            hint="plan fewer districts, or raise guards.max_percent",
            count=changed,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_many_districts_a_day(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More districts change within 24 hours than the project allows.

    One big change that is split into ten small ones is still one big change. A district
    that is saved twice counts once. A district that a run of the last 24 hours has not
    saved yet counts too.

    Bad:

        policy: {max_districts_a_day: 3}
        recent: 2
        districts: 2

    Good:

        policy: {max_districts_a_day: 3}
        recent: 1
        districts: 2
    """
    count = _count_of_day(subject, said=_too_many(subject))
    if count > subject.policy.max_districts_a_day:
        yield Objection(
            (),
            f"{count} districts change within 24 hours; the project allows"
            f" {subject.policy.max_districts_a_day}",
            hint="wait, plan fewer districts, or raise guards.max_districts_a_day",
            count=count,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_much_of_the_fleet_a_day(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A larger part of the fleet changes within 24 hours than the project allows.

    One big change that is split into ten small ones is still one big change. A single
    district is never too much, however small the fleet.

    Bad:

        policy: {max_percent_a_day: 50}
        recent: 2
        districts: 1
        fleet: 4

    Good:

        policy: {max_percent_a_day: 50}
        recent: 1
        districts: 1
        fleet: 4
    """
    count = _count_of_day(subject, said=_too_much(subject))
    most = subject.policy.max_percent_a_day
    if _is_more(count, _fleet(subject), most):
        yield Objection(
            (),
            f"{count} districts change within 24 hours, in a fleet of"
            f" {_fleet(subject)}; the project allows {most} %",
            hint="wait, plan fewer districts, or raise guards.max_percent_a_day",
            count=count,
        )


@PLAN.rule(Severity.ERROR, source="design")
def stale_live(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Connect was read longer ago than the project allows.

    The form may have been changed since then, so the plan may be out of date.

    Bad:

        now: 2027-01-15T10:00:00
        read_at: 2027-01-13T10:00:00
        policy: {max_live_age_hours: 24}

    Good:

        now: 2027-01-15T10:00:00
        read_at: 2027-01-15T09:00:00
        policy: {max_live_age_hours: 24}
    """
    oldest = subject.now - subject.policy.max_live_age
    stale = [planned for planned in subject.plan.districts if planned.read_at < oldest]
    if stale:
        first = min(planned.read_at for planned in stale)
        yield Objection(
            (),
            f"{len(stale)} district{'s were' if len(stale) > 1 else ' was'} read from"
            f" Connect too long ago, the first at {first:%Y-%m-%d %H:%M}",
            hint="make a new plan, which reads Connect again",
            count=len(stale),
        )


@PLAN.rule(Severity.ERROR, source="design")
def impact_not_counted(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The project limits whom a plan may reach, and this plan does not count it.

    A plan that was made without `--impact`, or without the roster of a district, cannot
    be held against the limits in `impact`. It waits until it is counted, or a person
    accepts that no one knows.

    Bad:

        policy: {impact: {dropped: {max_increase: 20}}}
        desired: {phone_types: [Cell]}

    Good:

        policy: {impact: {dropped: {max_increase: 20}}}
        desired: {phone_types: [Cell]}
        impact: {dropped: [4, 5]}
    """
    for planned in subject.plan.districts if subject.policy.impact else ():
        if (why := _not_counted(subject, planned)) and planned.counted():
            hint = (
                "name its roster and plan again with --impact, or accept this by number"
            )
            if planned.impact is None:
                hint = (
                    "a way back is not counted: accept this by number"
                    if subject.plan.rollback_of is not None
                    else "make the plan with `connectsync plan --impact`"
                )
            yield Objection((planned.district,), why, hint=hint)


@PLAN.rule(Severity.ERROR, source="design")
def students_without_guardian_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More students lose every guardian than the project allows.

    For a child without a guardian the school reaches no one through Connect. It counts
    the district's own roster.

    Bad:

        policy: {impact: {students_without_guardian: {max_increase: 5}}}
        desired: {phone_types: [Work]}
        impact: {students_without_guardian: [3, 10]}

    Good:

        policy: {impact: {students_without_guardian: {max_increase: 5}}}
        desired: {phone_types: [Work]}
        impact: {students_without_guardian: [3, 8]}
    """
    yield from _over_limit(subject, "students_without_guardian")


@PLAN.rule(Severity.ERROR, source="design")
def students_without_id_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More students are without the chosen id than the project allows.

    A student number may be empty in Clever: those students are not told apart by it.

    Bad:

        policy: {impact: {students_without_id: {max_increase: 0}}}
        desired: {student_id: STUDENT NUMBER}
        impact: {students_without_id: [0, 12]}

    Good:

        policy: {impact: {students_without_id: {max_increase: 0}}}
        desired: {student_id: STUDENT NUMBER}
        impact: {students_without_id: [0, 0]}
    """
    yield from _over_limit(subject, "students_without_id")


@PLAN.rule(Severity.ERROR, source="design")
def guardians_created_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Guardians who are created become more, or fewer, than the project allows.

    Those who are no longer created get no messages; those who are new can be messaged
    at once.

    Bad:

        policy: {impact: {created: {max_decrease_percent: 5, max_increase_percent: 10}}}
        desired: {contact_types: [Primary]}
        impact: {created: [100, 94]}

    Good:

        policy: {impact: {created: {max_decrease_percent: 5, max_increase_percent: 10}}}
        desired: {contact_types: [Primary]}
        impact: {created: [100, 95]}
    """
    yield from _over_limit(subject, "created")


@PLAN.rule(Severity.ERROR, source="design")
def guardians_by_text_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Guardians reached by text become more, or fewer, than the project allows.

    The phone type decides whose number is texted. A guardian who is left with an email
    is still created, so that the number of guardians does not show it.

    Bad:

        policy: {impact: {by_text: {max_decrease_percent: 5}}}
        desired: {phone_types: [Work]}
        impact: {by_text: [100, 94]}

    Good:

        policy: {impact: {by_text: {max_decrease_percent: 5}}}
        desired: {phone_types: [Work]}
        impact: {by_text: [100, 95]}
    """
    yield from _over_limit(subject, "by_text")


@PLAN.rule(Severity.ERROR, source="design")
def guardians_by_email_only_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Guardians reached by email only become more, or fewer, than the project allows.

    They have no number that is texted: what is urgent reaches them late.

    Bad:

        policy: {impact: {email_only: {max_increase: 20}}}
        desired: {phone_types: [Work]}
        impact: {email_only: [13, 34]}

    Good:

        policy: {impact: {email_only: {max_increase: 20}}}
        desired: {phone_types: [Work]}
        impact: {email_only: [13, 33]}
    """
    yield from _over_limit(subject, "email_only")


@PLAN.rule(Severity.ERROR, source="design")
def guardians_dropped_over_limit(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More guardians are dropped than the project allows.

    They match, and are not created: they have neither an email nor a number of the
    chosen type.

    Bad:

        policy: {impact: {dropped: {max_increase: 20}}}
        desired: {phone_types: [Work]}
        impact: {dropped: [4, 25]}

    Good:

        policy: {impact: {dropped: {max_increase: 20}}}
        desired: {phone_types: [Work]}
        impact: {dropped: [4, 24]}
    """
    yield from _over_limit(subject, "dropped")


def _not_counted(subject: PlanAtHour, planned: DistrictPlan) -> str:
    """Say why a district cannot be held against the limits; empty where it can be."""
    impact, settings = planned.impact, join_words(list(planned.counted()))
    if isinstance(impact, NotCounted):
        return f"{settings}: whom that reaches was not counted: {impact.why}"
    if impact is None:
        return f"{settings}: whom that reaches was not counted"
    tallies = (impact.before, impact.after)
    unknown = [
        PEOPLE[name]
        for name in PEOPLE
        if name in subject.policy.impact
        if None in [getattr(one, name) for one in tallies]
        if name != "students_without_id" or "student_id" in planned.counted()
    ]
    told = f"its roster does not tell {join_words(unknown)}"
    return told if unknown else ""


def _over_limit(subject: PlanAtHour, name: str) -> Iterator[Objection]:
    """Object to districts in which a tally moves by more than the project allows."""
    limit = subject.policy.impact.get(name)
    if limit is None:
        return
    for planned in subject.plan.districts:
        if not isinstance(planned.impact, RosterImpact):
            continue
        sides = (planned.impact.before, planned.impact.after)
        before, after = (getattr(one, name) for one in sides)
        if before is None or after is None:
            continue
        if most := limit.broken(before, after):
            yield Objection(
                (planned.district,),
                f"{PEOPLE[name]}: {moved_people(before, after)}; the project allows"
                f" {most}",
                hint="read whom the plan reaches, or change less; if it is meant,"
                " accept the number of people",
                count=abs(after - before),
            )


def _count_of_day(subject: PlanAtHour, *, said: bool) -> int:
    """
    Count the districts of a plan and of the last 24 hours, each once.

    0 if the plan adds none to the day, or if the guard of the plan alone ``said`` it.
    """
    planned = frozenset(one.district for one in subject.plan.districts)
    recent = subject.recent.districts
    if planned <= recent or (said and recent <= planned):
        return 0
    return len(planned | recent)


def _too_many(subject: PlanAtHour) -> bool:
    return len(subject.plan.districts) > subject.policy.max_districts


def _too_much(subject: PlanAtHour) -> bool:
    count = len(subject.plan.districts)
    return _is_more(count, _fleet(subject), subject.policy.max_percent)


def _fleet(subject: PlanAtHour) -> int:
    """
    Count the fleet without districts that manage nothing or that Connect does not know.

    Whoever writes files could add any number of those.
    """
    plan = subject.plan
    idle = {key for key, one in subject.districts.items() if not _manages(one)}
    unread = {one.district for one in plan.failed}
    unread |= {one.district for one in plan.left_alone if one.error}
    changed = {one.district for one in plan.districts}
    return plan.fleet - len((idle | (unread - subject.baselines.keys())) - changed)


def _manages(district: District) -> bool:
    """Say whether files say anything of a form, today or on days to come."""
    stated = district.credentials.district_id or district.schedule.periods
    return bool(stated or district.settings.managed())


def _is_more(count: int, fleet: int, percent: int) -> bool:
    """Compare with a share of the fleet; a single district is never more."""
    return count > 1 and count * 100 > fleet * percent


TIMED_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    too_many_districts_a_day,
    too_much_of_the_fleet_a_day,
    stale_live,
)
"""Guards whose answer depends on when a plan is applied."""
