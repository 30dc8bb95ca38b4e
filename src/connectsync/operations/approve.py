"""What people who approve a plan see, and the approvals and acceptances it needs."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends.names import GROUP_OF_BOXES, TOKEN_LABEL
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.district import District, turns_to_come
from connectsync.domain.finding import (
    Unaccepted,
    ValidationReport,
    acceptance,
    closing,
    needed,
    unaccepted,
)
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.live import ListedDistrict
from connectsync.domain.plan import Member, PageField, PageSection, Plan, PlanReview
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import LAST, Approval, Policy, Rollout, wave_by_district
from connectsync.domain.run import UNCHECKED, Approvals, NameCheck
from connectsync.domain.settings import SETTINGS
from connectsync.domain.wording import (
    alike,
    few,
    fold_word,
    foreign_letters,
    looks_of_person,
    mixed_word,
)
from connectsync.errors import GuardRefused, NotApproved, UsageError
from connectsync.operations.git import Git, GitRefused
from connectsync.operations.plan import PlannedDistrict
from connectsync.providers.form import Kind, Risk, Setting
from connectsync.report.terminal import inert
from connectsync.values import replace

LONGEST_REASON = 500
"""Characters of a reason: it is kept with the run for people to read."""


PLACEHOLDERS = frozenset(["why", "reason", "name", "text"])
"""Words that stand in suggestions, help and documentation for what people say."""


def insist_own_words(option: str, said: str) -> None:
    """
    Refuse a suggestion that was pasted with its placeholder still in it.

    It would stand in the audit log as what a person said. Raises ``UsageError``.
    """
    if fold_word(said) in PLACEHOLDERS:
        raise UsageError(
            f"{option} {said!r} is the placeholder of a suggestion",
            remedy="put in its place what colleagues are to read later",
        )


def insist_accepted(
    plan: Plan, accepted: Mapping[str, int], reasons: Mapping[str, str]
) -> None:
    """
    Refuse a plan with guards that were not accepted, or accepted wrongly.

    What is counted needs its exact number under its name; what is about the hour needs
    a reason. Accepting what the plan does not hold is refused too: someone read
    another plan. Raises ``GuardRefused``.
    """
    whys = {one.accept: one.message for one in plan.guards}
    hours = {name: whys[name] for name in closing(plan.guards)}
    counted = needed(plan.guards)
    said = [_miscounted(one, hours) for one in unaccepted(plan.guards, accepted)]
    said += _unreasoned(hours, reasons)
    said += [_unasked(name, counted) for name in sorted(reasons.keys() - hours.keys())]
    if said:
        flags = acceptance(plan.guards)
        raise GuardRefused(
            "the plan is refused:",
            below=(f"  {one}" for one in said),
            remedy=f"read the plan; if you mean it, add {flags}"
            if flags
            else "leave out what this plan does not need",
        )


def _miscounted(missing: Unaccepted, hours: Collection[str]) -> str:
    if missing.name in hours:
        return f"{missing.name}: override it with a reason, not a number"
    holds = f"{missing.name}: the plan holds {missing.needed}"
    if missing.given is None:
        return f"{holds}, none was accepted"
    were = "was" if missing.given == 1 else "were"
    return f"{holds}, {missing.given} {were} accepted"


def _unreasoned(hours: Mapping[str, str], reasons: Mapping[str, str]) -> Iterator[str]:
    for name, why in hours.items():
        if complaint := _complaint(reasons.get(name)):
            yield f"{name}: {complaint} ({why})"


def _complaint(reason: str | None) -> str:
    """Say what is wrong with a reason; empty where nothing is."""
    if reason is None:
        return "it needs a reason to be overridden"
    if not reason.strip():
        return "the reason is blank"
    if len(reason) > LONGEST_REASON:
        return f"the reason has {len(reason)} characters, more than {LONGEST_REASON}"
    return ""


def _unasked(name: str, counted: Mapping[str, int]) -> str:
    if name in counted:
        return f"{name}: accept it by number, not with a reason"
    return f"{name}: there is nothing to override in this plan"


def insist_approved(
    plan: Plan,
    digest: str,
    policy: Policy,
    approved: Iterable[str],
    given_digest: str | None,
) -> None:
    """
    Refuse a plan that too few people approved.

    ``plan`` has the risks that `guarded` took again, ``digest`` is that of the plan
    as it was reviewed, and ``approved`` are the names that approved it; one that comes
    twice counts once. Giving the digest says that it was approved elsewhere: a
    digest of another plan is refused, even where no one has to approve. Raises
    ``NotApproved``.
    """
    if given_digest is not None:
        if given_digest.strip() != digest:
            raise NotApproved(
                f"another plan was approved: {given_digest!r} was given, and the"
                f" digest of this plan is {digest}",
                remedy="apply the plan that was reviewed, or have this one reviewed",
            )
        return
    approval = policy.approval
    missing = needed_names(plan, policy) - len(_people(approved))
    if missing > 0:
        raise NotApproved(
            f"the plan is not approved: {missing} of {approval.names} approvals"
            f" {'are' if missing > 1 else 'is'} missing",
            remedy="have its file approved with `connectsync approve PLAN --as NAME`,"
            " or give the digest that was approved elsewhere: `connectsync apply PLAN"
            " --approved DIGEST`",
        )


def needed_names(plan: Plan, policy: Policy) -> int:
    """Say how many people have to approve a plan."""
    return policy.approval.names if _is_asked(plan, policy.approval) else 0


def _people(names: Iterable[str]) -> frozenset[str]:
    # two names that look alike are one person, as far as anyone can see
    return frozenset(looks_of_person(name) for name in names) - {""}


def _is_asked(plan: Plan, approval: Approval) -> bool:
    """Say whether a change is risky enough that people are asked."""
    order = list(Risk)
    from_here = frozenset(order[order.index(approval.at) :])
    # a token opens a roster, and no form tells what it was: that is never safe
    typed = any(planned.set_token for planned in plan.districts)
    return typed or any(plan.risks()[risk] for risk in from_here)


LONGEST_NAME = 100
"""Characters of a name."""


def approver(given: str) -> str:
    """
    Read the name of a person who approves, spelled in one way.

    Raises ``UsageError`` for a name that is empty, too long, or cannot be seen whole:
    one person must not be able to look like two.
    """
    name = re.sub(" +", " ", unicodedata.normalize("NFKC", given)).strip(" ")
    if not name:
        raise UsageError("--as gives no name", remedy="say who approves the plan")
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"--as gives a name of {len(name)} characters, more than {LONGEST_NAME}",
            remedy="give the name by which colleagues know you",
        )
    insist_own_words("--as", name)
    if inert(name) != name:
        raise UsageError(
            f"--as gives a name with characters that are not shown: {inert(name)}",
            remedy="type the name as colleagues see it",
        )
    if mixed := mixed_word(name):
        raise UsageError(
            f"--as gives {mixed!r}, which is not in letters of one alphabet",
            remedy="type the name as colleagues see it",
        )
    return name


def look_alike(name: str, approvals: Iterable[str]) -> str:
    """Say that a name looks like one that approved before; nothing if none does."""
    for other in approvals:
        same = looks_of_person(other) == looks_of_person(name)
        if same and alike(other) != alike(name):
            letters = ", ".join((*foreign_letters(name), *foreign_letters(other)))
            which = f" ({letters})" if letters else ""
            return (
                f"{inert(name)!r} looks like {inert(other)!r}, which approved this plan"
                f" before, and is spelled with other letters{which}: it does not"
                " count as another person"
            )
    return ""


def applied_before(archive: StateReader, plan: Plan) -> str:
    """Say in which run a plan was applied, all of it; empty if none did."""
    run = archive.last_run(plan_digest(plan), plan.backend)
    if run is None or run.left:
        return ""
    if run.tally.skipped:
        return f"run {run.number} of this plan was closed, so it is not applied again"
    said = f"this plan was applied in run {run.number}: nothing of it is left"
    if not plan.failed:
        return said
    unread = few([one.district for one in plan.failed])
    return f"{said}, and it never held what could not be read: {unread}"


def has_approved(archive: StateReader, digest: str, name: str) -> bool:
    """Say whether a person, or one whose name looks the same, approved a plan."""
    before = {looks_of_person(one) for one in archive.approvals(digest)}
    return looks_of_person(name) in before


def people_here(git: Git) -> tuple[str, ...]:
    """Give whom git is told to name in commits that are made here: name and address."""
    try:
        said = git.run("config", "--null", "--get-regexp", r"^user\.(name|email)$")
    except (GitRefused, UsageError):
        return ()
    # of several the last one counts, as in a commit
    told = dict(one.partition("\n")[::2] for one in os.fsdecode(said).split("\0"))
    names = (told.get("user.name", ""), told.get("user.email", ""))
    return tuple(foreign_text(one) for one in names if one)


def check_name(name: str, by: str, names: Sequence[str]) -> NameCheck:
    """Hold the name that a person gave against those that a CI or git knows."""
    if not names:
        return UNCHECKED
    same = looks_of_person(name) in map(looks_of_person, names)
    return NameCheck(by, "" if same else names[0])


def record_approval(
    store: Store, digest: str, name: str, *, at: datetime, check: NameCheck
) -> Approvals:
    """
    Write down that a person says yes to a plan; the same name twice changes nothing.

    Names that differ in small and capital letters alone, or that look the same, are
    the same.
    """
    archive = StateReader(store)
    again = has_approved(archive, digest, name)
    new = not again and store.approve(digest, name, at=at, check=check)
    return Approvals(name, archive.approvals(digest), new, check)


def plan_review(
    plan: Plan,
    wanted: Sequence[PlannedDistrict],
    project: Project,
    *,
    findings: ValidationReport,
    plan_file: str = "",
) -> PlanReview:
    """
    Put beside a plan what it was made from, for a report.

    ``wanted`` are the districts it was made for, ``findings`` those of their files.
    """
    rollout = project.policy.rollout
    waves = _waves(plan, wanted, rollout)
    return PlanReview(
        plan=plan,
        page=connect_page(),
        folder=relative(project.districts_dir, project.root),
        members={
            want.district.key: _member(want, waves.get(want.district.key, ""))
            for want in wanted
        },
        waves=(*(wave.name for wave in rollout.waves), LAST) if rollout.waves else (),
        findings=findings,
        plan_file=plan_file,
    )


def _waves(
    plan: Plan, wanted: Sequence[PlannedDistrict], rollout: Rollout
) -> dict[str, str]:
    if not rollout.waves:
        return {}
    labels = {want.district.key: want.district.labels for want in wanted}
    planned = [one.district for one in plan.districts]
    return wave_by_district(
        rollout, {key: labels.get(key, frozenset()) for key in planned}
    )


def connect_page() -> tuple[PageSection, ...]:
    """Give Connect's form, as far as it is known: labels, in the page's order."""
    sections = groupby(SETTINGS, key=_title)
    return tuple(
        PageSection(title, tuple(field for one in group for field in _fields(one)))
        for title, group in sections
    )


def _title(setting: Setting) -> str:
    return GROUP_OF_BOXES if setting.kind is Kind.BOX else ""


def _fields(setting: Setting) -> tuple[PageField, ...]:
    field = PageField(setting.name, setting.page_label)
    # the token is a field of the page and no setting: it stands below the id
    if setting.name == "district_id":
        return field, PageField("", TOKEN_LABEL)
    return (field,)


def _member(want: PlannedDistrict, wave: str) -> Member:
    district = want.district
    return Member(
        key=district.key,
        name=district.name,
        file=want.file,
        wave=wave,
        profiles=district.profiles,
    )


def with_names(plan: Plan, districts: Iterable[District | ListedDistrict]) -> Plan:
    """
    Give a plan with the names that files, or what comes last, give its districts.

    A plan file may call one what it likes: a district without a file has its key.
    """
    names = {district.key: district.name for district in districts}
    return replace(
        plan,
        districts=tuple(
            replace(one, name=names.get(one.district, one.district))
            for one in plan.districts
        ),
    )


def with_turns(plan: Plan, districts: Sequence[District]) -> Plan:
    """Give a plan with what changes by itself later, as the files say it."""
    if plan.rollback_of is not None:
        return plan
    known = {one.key: one for one in districts}
    changed = tuple(
        replace(one, turns=known[one.district].turns(one.desired))
        if one.district in known
        else one
        for one in plan.districts
    )
    still = [known[key] for key in plan.in_step if key in known]
    scheduled = turns_to_come((one, one.desired()) for one in still)
    return replace(plan, districts=changed, scheduled=scheduled)
