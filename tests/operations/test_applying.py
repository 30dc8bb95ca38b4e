"""A plan is refused where the files say something else now, setting by setting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_scenes import planned

from connectsync.domain.district import District
from connectsync.errors import StalePlan
from connectsync.operations.gate import insist_same_files
from connectsync.operations.plan import PlannedDistrict
from connectsync.providers.clever import Settings

PLAN = planned({"desired": {"unarchive_classrooms": True}})
OF_A_CHANGE = replace(PLAN, since="1a2b3c")


def files(settings: Settings) -> list[PlannedDistrict]:
    return [
        PlannedDistrict(District("d0", "d0", settings=settings), "districts/d0.yaml")
    ]


def test_files_that_say_the_same_are_fine() -> None:
    insist_same_files(PLAN, files(Settings(unarchive_classrooms=True)))


def test_a_setting_that_the_files_newly_manage_makes_the_plan_stale() -> None:
    now = files(Settings(unarchive_classrooms=True, update_active_users=False))
    with pytest.raises(StalePlan, match="update_active_users was not managed, is now"):
        insist_same_files(PLAN, now)


def test_a_setting_that_the_files_no_longer_manage_makes_the_plan_stale() -> None:
    with pytest.raises(StalePlan, match="unarchive_classrooms was on, is now not"):
        insist_same_files(PLAN, files(Settings()))


def test_a_plan_of_one_change_does_not_speak_of_what_is_newly_managed() -> None:
    insist_same_files(
        OF_A_CHANGE,
        files(Settings(unarchive_classrooms=True, update_active_users=False)),
    )


def test_a_district_whose_file_is_gone_makes_the_plan_stale() -> None:
    with pytest.raises(StalePlan, match="d0: its file is gone"):
        insist_same_files(PLAN, [])
