"""Rules about what a plan leaves as it is on Connect, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from connectsync.domain.district import Untouched, WhyUntouched
from connectsync.domain.finding import Severity
from connectsync.domain.rule_settings import ALSO_CHANGES
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.rules.engine import PLAN, Objection, PlanAtHour

NAMED_AT_MOST = 5
"""Districts that one finding names; the rest is a number."""


@PLAN.rule(Severity.INFO, source="design")
def unknown_label_kept(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A label is selected on Connect that no file has named, so it stays selected.

    The page may offer more labels than were published, and a person may have selected
    this one for a reason. A file that could not name the label does not mean to remove
    it.

    To manage it, record the labels with `connectsync doctor --record` and name it in
    the file. To clear it, name it, apply, and then remove it from the file.

    Bad:

        live: {permissions: [Family Access, Attendance Visibility]}
        desired: {permissions: [Family Access]}

    Good:

        live: {permissions: [Family Access]}
        desired: {permissions: [Family Access, School-Wide Communications]}
    """
    yield from _each(
        subject,
        WhyUntouched.KEPT,
        lambda one: (
            f"{one.setting}: {spell(one.value)} is kept: it is selected on Connect,"
            " but no file names it"
        ),
        "to manage it, run `connectsync doctor --record`, then name it in the file",
    )


@PLAN.rule(Severity.INFO, source="design")
def setting_no_longer_managed(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The files managed a setting before this change, and no longer do.

    Nothing is written, so Connect keeps the value that was applied last. The setting is
    not cleared, and from now on it is not checked for drift.

    Bad:

        before: {phone_types: [Cell]}
        live: {phone_types: [Cell]}
        desired: {unarchive_classrooms: true}

    Good:

        before: {phone_types: [Cell]}
        live: {phone_types: [Cell]}
        desired: {phone_types: [Cell]}
    """
    yield from _each(
        subject,
        WhyUntouched.RELEASED,
        lambda one: (
            f"{one.setting} is no longer managed: it stays {spell(one.value)} on"
            " Connect"
        ),
        "to clear it, state the empty value; to keep watching it, state the old one",
    )


@PLAN.rule(Severity.WARNING, source="design")
def setting_not_shown(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The files manage a setting that Connect, as it was read, does not show.

    A setting that is not shown is unknown: it is neither compared nor written, so the
    files may say one thing and Connect another. The usual reason is a gateway or a
    snapshot that is older than the setting.

    Bad:

        not_shown: [unarchive_classrooms]
        desired: {unarchive_classrooms: true}

    Good:

        live: {unarchive_classrooms: true}
        desired: {unarchive_classrooms: true}
    """
    yield from _each(
        subject,
        WhyUntouched.NOT_SHOWN,
        lambda one: (
            f"{one.setting} should be {spell(one.value)}, and Connect does not show"
            " it: not compared"
        ),
        "bring the gateway up to date, or take the snapshot again",
    )


@PLAN.rule(Severity.INFO, source="design")
def token_not_typed(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Connect's page shows no OAuth token for a district, and the plan types none.

    A token is typed only where a person asks for it, so that no save carries a secret
    that no one saw in the plan. A page may also keep a token and not say so.

    Bad:

        no_token: true
        live: {phone_types: [Cell]}
        desired: {phone_types: [Home]}

    Good:

        live: {phone_types: [Cell]}
        desired: {phone_types: [Home]}
    """
    if keys := list(subject.plan.token_not_typed):
        said = "Connect shows no OAuth token, and this plan types none"
        hint = "if Connect has none, plan with `--set-token DISTRICT`"
        yield _of_districts(keys, said, hint)


def _each(
    subject: PlanAtHour,
    why: WhyUntouched,
    sentence: Callable[[Untouched], str],
    hint: str,
) -> Iterator[Objection]:
    """Say a sentence once, of one district or of all that share it."""
    districts: defaultdict[str, list[str]] = defaultdict(list)
    for one in subject.plan.untouched:
        if one.why is why:
            districts[sentence(one)].append(one.district)
    for said, keys in districts.items():
        yield _of_districts(keys, said, hint)


def _of_districts(keys: list[str], said: str, hint: str) -> Objection:
    if len(keys) == 1:
        return Objection((keys[0],), said, hint=hint)
    return Objection((), f"{said} ({_name_keys(keys)})", hint=hint)


def _name_keys(keys: list[str]) -> str:
    rest = len(keys) - NAMED_AT_MOST
    more = f" and {rest:,} more" if rest > 0 else ""
    named = ", ".join(keys[:NAMED_AT_MOST])
    return f"{many(len(keys), 'district')}: {named}{more}"


@PLAN.rule(Severity.WARNING, source="design")
def rules_loosened(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A change makes rules, freezes, hours or limits looser, and is judged by them.

    `rules` in `connectsync.yaml` and the baseline of findings decide which findings
    are told, freezes and hours when plans are applied, `guards`, `impact`, `approval`,
    `rollout`, with the labels of districts, and `reconcile` how much passes unseen;
    what was applied is kept under the name of Connect. A pull request that changes a
    district and them together could turn off what speaks against the change. So what
    held before the change holds for its plan as well, but for `approval` and `rollout`,
    and reviewers see what is looser from now on, and where saves and tokens go by then.
    Each other key of `connectsync.yaml` that changes is named as well.

    Bad:

        loosened:
          - home-phone-for-texts was warning, and is off

    Good:

        loosened: []
    """
    for told in subject.plan.loosened:
        if told.startswith(ALSO_CHANGES):
            yield Objection((), told, hint="see what each of these keys decides")
            continue
        yield Objection(
            (),
            f"this change also means: {told}",
            hint="see that it is meant; this plan is held to the rules, hours and"
            " limits of before as well",
        )
