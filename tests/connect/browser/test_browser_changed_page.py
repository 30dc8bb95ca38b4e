"""A page that is not as it was stops a save before anything is typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser_world import SHORT_WAIT, World

from connectsync.backends.browser.form import FormReading
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.settings import Form
from connectsync.emulator import form
from connectsync.emulator.form import BOX_GROUPS, OPTIONS
from connectsync.emulator.http import Faults
from connectsync.errors import PageChanged

NEW = "Renamed overnight"

SAMPLE = {
    form.DROP_DOWN,
    form.SETTINGS,
    form.SAVE,
    form.FIELDS["enableDailySync"],
    "Phone Types to sync: Other",
    "Student ID: STUDENT NUMBER",
}
"""What is tried each time; ``--every-case`` tries all."""


def every_label() -> Iterator[str]:
    """Give every label that a save rests on."""
    yield from form.CLICKS
    yield form.SAVE
    yield from form.FIELDS.values()
    for name, offered in OPTIONS.items():
        if name != "archivedStudents":
            # whose labels nobody publishes: any of them may stand there
            group = form.FIELDS[name]
            yield from (form.qualified(one.label, group) for one in offered)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "label" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--every-case")
        chosen = [one for one in every_label() if whole or one in SAMPLE]
        metafunc.parametrize("label", chosen)
    if "control" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--every-case")
        metafunc.parametrize(("fault", "control"), control_problem(whole=whole))


def plain(label: str) -> str:
    return label.rpartition(": ")[2]


@pytest.fixture
def version(world: World) -> str:
    """Give the version that the page's form has, without looking at the page."""
    return FormReading(world.live("bay").form, {}).version("bay")


def stopped(world: World, version: str, faults: Faults) -> PageChanged:
    """Try a save that must be stopped; nothing may have come of it."""

    async def act(_: BrowserReader, writer: BrowserWriter) -> None:
        await writer.save("bay", {"manage_guardians": True}, expected_version=version)

    before = world.live("bay")
    with pytest.raises(PageChanged) as changed:
        world.run(act, faults=faults, wait_seconds=SHORT_WAIT)
    after = world.live("bay")
    assert (after.version, after.form) == (before.version, before.form)
    kept = [path for path in world.evidence() if "page-changed" in path.name]
    assert {path.suffix for path in kept} == {".html", ".png"}
    assert str(next(path for path in kept if path.suffix == ".png")) in (
        changed.value.message
    )
    return changed.value


def test_the_sample_is_of_labels_that_there_are() -> None:
    assert set(every_label()) >= SAMPLE


@pytest.mark.sampled(2)
def test_a_renamed_control_is_named(world: World, version: str, label: str) -> None:
    world.known = label not in form.CLICKS
    changed = stopped(world, version, Faults(renamed={label: NEW}))
    assert f"'{plain(label)}'" in changed.message
    assert "backends.browser.labels" in changed.remedy


def test_overrides_mend_a_page_on_which_everything_is_renamed(
    world: World, version: str
) -> None:
    other = {label: f"{NEW} {number}" for number, label in enumerate(every_label())}

    async def act(_: BrowserReader, writer: BrowserWriter) -> None:
        desired: Form = {
            "district_id": "58da8a43cc70ab00017a1a87",
            "student_id": "STUDENT NUMBER",
            "manage_guardians": True,
            "phone_types": frozenset({"Other"}),
            "permissions": frozenset({"Family Access"}),
            "deletion_threshold": 15,
        }
        live = await writer.save("bay", desired, expected_version=version)
        assert {name: live.form[name] for name in desired} == desired

    world.run(act, faults=Faults(renamed=other), labels=other)
    assert world.live("bay").form["phone_types"] == frozenset({"Other"})


FAULTS = {"missing": "missing", "disabled": "disabled", "doubled": "more than once"}

PROBLEMS = [
    ("missing", form.FIELDS["deletionThreshold"]),
    ("disabled", form.FIELDS["manageGuardians"]),
    ("doubled", form.SIS_ROSTERING),
]
"""What is tried each time; ``--every-case`` tries all."""


def control_problem(*, whole: bool) -> list[tuple[str, str]]:
    """Give each fault with each control, or a sample of that."""
    if not whole:
        return PROBLEMS
    groups = {form.FIELDS[name] for name in ("studentId", *BOX_GROUPS)}
    # the stand-in cannot take away, disable or double a whole group
    controls = [label for label in every_label() if label not in groups]
    return [(fault, control) for fault in FAULTS for control in controls]


@pytest.mark.sampled(1)
def test_a_control_that_cannot_be_used_is_named(
    world: World, version: str, fault: str, control: str
) -> None:
    world.known = control not in form.CLICKS
    faults = Faults(**{fault: frozenset({control})})  # type: ignore[arg-type]
    changed = stopped(world, version, faults)
    assert f"'{plain(control)}'" in changed.message
    assert FAULTS[fault] in changed.message
