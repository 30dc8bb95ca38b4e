"""
What `validate` accepts the form saves; what the form refuses `validate` reports.

Settings are sent to the stand-in's own gateway as they stand in the file, illegal
ones too, past every check of ours.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectsync.backends.names import setting_named
from connectsync.config.fleet import load_text
from connectsync.config.schemas import render_district
from connectsync.domain.settings import SETTINGS
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.validate import validate_fleet
from connectsync.providers.form import Kind, Setting

KEY = "lakeview-usd"
TODAY = date(2027, 1, 15)
BOXES = [setting.name for setting in SETTINGS if setting.kind is Kind.BOX]
OFFERED = ("(placeholder) Leave archived", "(placeholder) Restore")

Settings = dict[str, Any]


class Form:
    """The stand-in's form, asked over its own gateway."""

    def __init__(self, folder: Path) -> None:
        store = folder / "connect.db"
        enrol(store, [(KEY, "Lakeview")])
        self.app = create_app(store)

    def answers(self, many: Sequence[Settings]) -> list[int]:
        """Save each on the form as it is; give the statuses."""
        return asyncio.run(self._answers(many))

    async def _answers(self, many: Sequence[Settings]) -> list[int]:
        transport = httpx2.ASGITransport(self.app)
        statuses = []
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://form"
        ) as client:
            for settings in many:
                tag = (await client.get(f"/v1/districts/{KEY}")).headers["ETag"]
                answer = await client.patch(
                    f"/v1/districts/{KEY}/settings",
                    json={
                        setting_named(name).gateway_name: settings[name]
                        for name in settings
                    },
                    headers={"If-Match": tag},
                )
                statuses.append(answer.status_code)
        return statuses


def errors_of(settings: Settings, folder: Path) -> list[str]:
    """Give the names of the errors that `validate` reports of these settings."""
    managed = settings.get("manage_guardians")
    data = {
        "schema": 1,
        "district": KEY,
        "name": "Lakeview",
        "provider": "clever",
        "credentials": {
            "district_id": "58da8a43cc70ab00017a1a87",
            "oauth_token": "env:LAKEVIEW_TOKEN",
        },
        "facts": {
            "setup_step": 9,
            "self_check_done": True,
            "guardians_from": "clever" if managed else "manual",
            "contact_details_kept_in": "clever",
            "sections_archived_by_hand": False,
            "profile_update_requests": True,
        },
        "settings": settings,
    }
    fleet = load_text(
        f"districts/{KEY}.yaml",
        render_district(data).encode(),
        project_root=folder,
        districts_dir=folder / "districts",
    )
    asked = ValidationOptions(today=TODAY, options={"archived_students": OFFERED})
    report = validate_fleet(fleet, asked)
    return [one.rule for one in report.findings if one.severity == "error"]


@pytest.fixture
def form(tmp_path: Path) -> Form:
    return Form(tmp_path)


def boxes() -> Iterator[Settings]:
    """Give every combination of the boxes, each ticked, unticked or not managed."""
    for values in itertools.product((True, False, None), repeat=len(BOXES)):
        stated = zip(BOXES, values, strict=True)
        yield {name: value for name, value in stated if value is not None}


REST: list[Settings] = [
    {},
    {
        "student_id": "STUDENT NUMBER",
        "contact_types": ["Parent/Guardian", "Emergency"],
        "contact_relationships": ["Parent", "Other"],
        "phone_types": ["Cell"],
        "deletion_threshold": 15,
        "permissions": ["Family Access", "Rostering Administrator"],
        "archived_students": OFFERED[1],
    },
    {"contact_types": ["Primary"], "contact_relationships": ["Self"]},
    {"phone_types": ["Cell", "Home"]},
    {"deletion_threshold": 101},
    {"archived_students": "Nobody knows this one"},
]


@pytest.mark.parametrize("rest", REST, ids=lambda rest: ",".join(rest) or "boxes alone")
def test_every_combination_of_the_boxes_is_judged_as_the_form_does(
    rest: Settings, form: Form, tmp_path: Path
) -> None:
    every = [rest | ticked for ticked in boxes()]
    assert len(every) == 3 ** len(BOXES)
    for settings, status in zip(every, form.answers(every), strict=True):
        errors = errors_of(settings, tmp_path)
        assert status in {200, 422}
        assert errors or status == 200, settings


def test_the_exhaustive_test_is_not_empty(form: Form, tmp_path: Path) -> None:
    every = [rest | ticked for rest in REST for ticked in boxes()]
    statuses = form.answers(every)
    clean = sum(not errors_of(settings, tmp_path) for settings in every)
    assert statuses.count(422) >= 3 * 81
    assert clean >= 100


def _labels(setting: Setting) -> st.SearchStrategy[Any]:
    label = st.sampled_from([*setting.labels, "Mother", ""])
    legal = st.lists(st.sampled_from(setting.labels), unique=True)
    return legal | st.lists(label, max_size=4) | st.text(max_size=3) | st.none()


def _values(setting: Setting) -> st.SearchStrategy[Any]:
    match setting.kind:
        case Kind.BOX:
            return st.booleans() | st.sampled_from(["yes", 1])
        case Kind.PERCENT:
            return st.integers(-1, 101) | st.sampled_from([True, 12.5, "10"])
        case Kind.BOXES:
            return _labels(setting)
        case Kind.CHOICE if setting.labels:
            return st.sampled_from([*setting.labels, "student id", 7])
        case _:
            return st.sampled_from([*OFFERED, "Something else", "", 3])


WILD = st.fixed_dictionaries(
    {},
    optional={
        setting.name: _values(setting)
        for setting in SETTINGS
        if setting.section == "settings"
    },
)


@hypothesis_settings(max_examples=400)
@given(settings=WILD)
def test_whatever_the_form_refuses_validate_reports(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("form")
    managed = {name: value for name, value in settings.items() if value is not None}
    (status,) = Form(folder).answers([managed])
    errors = errors_of(settings, folder)
    assert status in {200, 422}
    assert errors or status == 200, settings
