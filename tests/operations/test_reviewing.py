from __future__ import annotations

from pathlib import Path

from review_scenes import EVERYTHING, WAVES, everything, found, reviewed

from connectsync.backends.names import PAGE_PATH, TOKEN_LABEL
from connectsync.config.project import Project
from connectsync.domain.plan import Member
from connectsync.domain.policy import Rollout
from connectsync.domain.settings import SETTINGS
from connectsync.operations.approve import connect_page, plan_review

ROOT = Path("/project")


def test_every_district_of_the_scope_is_a_member() -> None:
    review = everything()
    assert set(review.members) == {scene.key for scene in EVERYTHING}
    assert review.members["elm-grove-local"] == Member(
        "elm-grove-local",
        "Elm Grove Local School District",
        "districts/oh/elm-grove-local.yaml",
        wave="rest",
        profiles=("clever-standard", "careful"),
    )


def test_only_what_changes_is_in_a_wave() -> None:
    review = everything()
    assert review.waves == ("canary", "rest")
    waves = {key: member.wave for key, member in review.members.items()}
    assert waves["bay-usd"] == "canary"
    assert waves["oak-usd"] == waves["far-away"] == ""


def test_without_waves_there_are_none() -> None:
    review = reviewed(EVERYTHING, Rollout(), findings=found())
    assert review.waves == ()
    assert {member.wave for member in review.members.values()} == {""}


def test_the_folder_is_the_projects() -> None:
    project = Project(ROOT, ROOT / "all/of/them", ROOT / ".connectsync")
    plan = reviewed(EVERYTHING, WAVES, findings=found()).plan
    review = plan_review(plan, [], project, findings=found(), plan_file="p.json")
    assert review.folder == "all/of/them"
    assert review.plan_file == "p.json"
    assert review.findings == found()


def test_the_form_has_every_control_in_the_order_of_the_page() -> None:
    fields = [field for section in connect_page() for field in section.fields]
    assert [field.setting for field in fields if field.setting] == [
        setting.name for setting in SETTINGS
    ]
    labels = {setting.name: setting.page_label for setting in SETTINGS}
    assert {field.setting: field.label for field in fields} == labels | {
        "": TOKEN_LABEL
    }
    assert fields[1].setting == ""


def test_the_four_boxes_stand_together() -> None:
    sections = {section.title: section.fields for section in connect_page()}
    assert len(sections["Settings"]) == 4
    assert "Settings" in PAGE_PATH
