"""What a person who approves a plan wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from connectsync.backends.names import GROUP_OF_BOXES, SPELLINGS, TOKEN_LABEL, Spelling
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.finding import ValidationReport
from connectsync.domain.plan import Member, PageField, PageSection, Plan, PlanReview
from connectsync.domain.policy import LAST, Rollout, wave_by_district
from connectsync.domain.settings import BY_NAME
from connectsync.operations.plan import PlannedDistrict
from connectsync.providers.form import Kind


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
    sections = groupby(SPELLINGS, key=lambda one: _title(one.setting))
    return tuple(
        PageSection(title, tuple(field for one in group for field in _fields(one)))
        for title, group in sections
    )


def _title(setting: str) -> str:
    return GROUP_OF_BOXES if BY_NAME[setting].kind is Kind.BOX else ""


def _fields(spelling: Spelling) -> tuple[PageField, ...]:
    field = PageField(spelling.setting, spelling.label)
    # the token is a field of the page and no setting: it stands below the id
    if spelling.setting == "district_id":
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
