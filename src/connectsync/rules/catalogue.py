"""The catalog: every rule, in lists that can be searched."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from connectsync.domain.finding import RulePage, Severity
from connectsync.domain.policy import WAVES
from connectsync.domain.wording import did_you_mean
from connectsync.errors import UsageError
from connectsync.rules import (
    accounts,
    allow_entries,
    contacts,
    fleet,
    guardians,
    guardians_file,
    identity,
    launch,
    permissions,
    phones,
    profiles,
    reading,
    reading_schema,
    sharing,
    students,
    threshold,
)
from connectsync.rules import accounts as archiving
from connectsync.rules import launch as rollover
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.engine import Rule, page_of
from connectsync.rules.guards import CHANGE_GUARDS, DISRUPTIVE, DISRUPTIVE_GUARDS
from connectsync.rules.hours import HOUR_GUARDS
from connectsync.rules.limits import LIMIT_GUARDS, TIMED_GUARDS, UNTOUCHED_RULES
from connectsync.rules.subjects import DistrictOnDay, FleetOnDay, PlanAtHour

DISTRICT_RULES: tuple[Rule[DistrictOnDay], ...] = (
    identity.file_named_otherwise,
    identity.missing_district_id,
    identity.sync_without_district_id,
    identity.district_id_not_clever,
    identity.missing_token_reference,
    launch.sync_before_launch,
    launch.sync_before_self_check,
    launch.self_check_out_of_turn,
    launch.launch_not_stated,
    launch.sync_during_rollover,
    launch.sync_off_after_launch,
    rollover.rollover_too_long,
    rollover.rollover_long_over,
    students.student_number_may_be_empty,
    students.archived_students_unknown,
    students.archived_students_unverified,
    students.label_not_offered,
    guardians.two_guardian_sources,
    guardians.guardians_not_wanted,
    guardians.no_guardian_source,
    guardians.guardian_sync_left_off,
    guardians.no_contact_types,
    guardians.no_contact_relationships,
    guardians.contact_choices_without_effect,
    guardians_file.guardians_file_misnamed,
    guardians_file.guardians_file_at_other_level,
    guardians_file.guardians_file_encoding,
    guardians_file.guardians_file_encoding_not_agreed,
    guardians_file.guardians_file_by_student_number,
    guardians_file.guardians_file_not_in_use,
    sharing.guardians_managed_but_not_shared,
    sharing.contact_type_not_shared,
    sharing.contact_relationship_not_shared,
    sharing.shared_contact_type_left_out,
    sharing.shared_relationship_left_out,
    sharing.shared_and_not_shared,
    sharing.sharing_not_stated,
    contacts.emergency_contacts_as_guardians,
    contacts.secondary_contacts_as_guardians,
    contacts.students_as_guardians,
    contacts.guardians_marked_other_left_out,
    contacts.parents_left_out,
    phones.two_phone_types,
    phones.home_phone_for_texts,
    phones.home_phone_drops_guardians,
    phones.home_phone_for_active_users,
    phones.work_phone_for_login,
    phones.other_phone_for_login,
    phones.no_phone_type,
    accounts.older_details_overwrite_newer,
    accounts.source_of_details_not_stated,
    accounts.edits_locked_without_requests,
    accounts.users_manager_without_effect,
    archiving.archived_sections_come_back,
    archiving.classrooms_come_back_in_rollover,
    archiving.shared_sections_stay_archived,
    threshold.threshold_above_any_rollover,
    threshold.threshold_raised_in_term,
    threshold.threshold_still_raised,
    threshold.threshold_low_in_term,
    rollover.threshold_low_for_rollover,
    rollover.threshold_below_tried,
    threshold.threshold_far_above_tried,
    threshold.threshold_of_zero,
    permissions.permission_without_family_access,
    permissions.family_access_comes_along,
    permissions.permissions_admin_granted,
    permissions.nobody_changes_permissions,
    permissions.no_permissions,
)

ALLOW_RULES: tuple[Rule[AllowOnDay], ...] = (
    allow_entries.allow_unknown_rule,
    allow_entries.allow_not_allowable,
    allow_entries.allow_expired,
    allow_entries.allow_too_far_ahead,
    allow_entries.allow_twice,
    allow_entries.allow_unused,
)

FLEET_RULES: tuple[Rule[FleetOnDay], ...] = (
    fleet.district_in_two_files,
    fleet.district_id_in_two_files,
    fleet.token_in_two_files,
    fleet.two_spellings_of_a_label,
    profiles.unused_profile,
    profiles.null_takes_nothing_back,
)

READING_PAGES: tuple[Rule[object], ...] = (
    reading.file_too_large,
    reading.file_not_readable,
    reading.not_utf_8,
    reading.byte_order_mark,
    reading.control_character,
    reading.tab_indentation,
    reading.yaml_syntax,
    reading.yaml_tag,
    reading.yaml_alias,
    reading.merge_key,
    reading.several_documents,
    reading.nesting_too_deep,
    reading.duplicate_key,
    reading.key_not_text,
    reading.empty_file,
    reading.not_a_mapping,
    reading_schema.unknown_key,
    reading_schema.missing_key,
    reading_schema.wrong_type,
    reading_schema.empty_value,
    reading_schema.unknown_label,
    reading_schema.number_for_id,
    reading_schema.boolean_for_label,
    reading_schema.not_a_boolean,
    reading_schema.wrong_format,
    reading_schema.repeated_label,
    reading_schema.unknown_schema_version,
    reading_schema.literal_secret,
    reading_schema.threshold_out_of_range,
    reading_schema.allow_without_reason,
    reading_schema.allow_without_date,
    reading_schema.district_fact_in_profile,
    reading_schema.missing_profile,
    reading_schema.profile_cycle,
    reading.freeze_without_zone,
    reading.wave_names_nobody,
)

PLAN_RULES: tuple[Rule[PlanAtHour], ...] = (
    *CHANGE_GUARDS,
    *LIMIT_GUARDS,
    *HOUR_GUARDS,
    *UNTOUCHED_RULES,
)

ALL: tuple[Rule[Any], ...] = (
    *READING_PAGES,
    *DISTRICT_RULES,
    *ALLOW_RULES,
    *FLEET_RULES,
    *PLAN_RULES,
)


def by_name(name: str) -> Rule[Any]:
    """Give the rule of that name. Raises ``UsageError`` if there is none."""
    rule = _by_name().get(name)
    if rule is None:
        raise UsageError(
            f"there is no rule {name!r}",
            remedy=did_you_mean(name, _by_name()) or "`connectsync rules` lists them",
        )
    return rule


def insist_acceptable(name: str) -> None:
    """Refuse a name that `--accept` does not take. Raises ``UsageError``."""
    names = acceptable()
    if name in names:
        return
    if name in {rule.name for rule in DISRUPTIVE_GUARDS}:
        raise UsageError(
            f"{name!r} is not accepted by its own name",
            remedy=f"accept it with --accept {DISRUPTIVE}=COUNT",
        )
    if name in overridable():
        raise UsageError(
            f"{name!r} is not accepted by number",
            remedy=f"override it with a reason: --override {name}=REASON",
        )
    raise UsageError(
        f"there is no guard {name!r} to accept",
        remedy=f"{did_you_mean(name, names)} guards: {', '.join(names)}".strip(),
    )


def acceptable() -> tuple[str, ...]:
    """Give every name that `--accept` may be given, sorted."""
    own = {
        rule.name
        for rule in PLAN_RULES
        if rule.severity is Severity.ERROR
        and rule not in (*DISRUPTIVE_GUARDS, *HOUR_GUARDS)
    }
    return tuple(sorted({DISRUPTIVE, *own}))


def lasting() -> frozenset[str]:
    """
    Name what is accepted of a plan itself, and not of the hour or the day.

    It holds for what is left of the plan as well: the part is never more than the
    whole. What depends on when a plan is applied has to be accepted again.
    """
    timed = {rule.name for rule in TIMED_GUARDS}
    return frozenset(acceptable()) - timed


def insist_overridable(name: str) -> None:
    """Refuse a name that `--override` does not take. Raises ``UsageError``."""
    names = overridable()
    if name in names:
        return
    if name in acceptable():
        raise UsageError(
            f"{name!r} is not overridden with a reason",
            remedy=f"accept it by number: --accept {name}=COUNT",
        )
    raise UsageError(
        f"there is no guard {name!r} to override",
        remedy=f"{did_you_mean(name, names)} guards: {', '.join(names)}".strip(),
    )


def overridable() -> tuple[str, ...]:
    """Give every name that `--override` may be given, sorted."""
    return tuple(sorted([*(rule.name for rule in HOUR_GUARDS), WAVES]))


def pages() -> tuple[RulePage, ...]:
    """Give the page of every rule, sorted by name."""
    return tuple(
        replace(page_of(rule), accept=_accepting(rule))
        for _, rule in sorted(_by_name().items())
    )


def _accepting(rule: Rule[Any]) -> str:
    """Spell the flag that accepts a guard; empty for one that stops nothing."""
    if rule not in PLAN_RULES or rule.severity is not Severity.ERROR:
        return ""
    if rule in HOUR_GUARDS:
        return f"--override {rule.name}=REASON"
    name = DISRUPTIVE if rule in DISRUPTIVE_GUARDS else rule.name
    return f"--accept {name}=COUNT"


@cache
def _by_name() -> dict[str, Rule[Any]]:
    return {rule.name: rule for rule in ALL}
