"""The form on the page saves what the gateway reads, and refuses what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from emulator_browser import Browser, Page

from connectsync.emulator.app import create_app
from connectsync.emulator.form import (
    BLANK,
    BOX_GROUPS,
    BOXES,
    CHOICES,
    MASK,
    OPTIONS,
    TOKEN,
)
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.emulator.users import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    Behavior,
    SavedMeanwhile,
    SavedToken,
    add_demo_user,
)

FORM = "/districts/bay/settings/sis-rostering/daily-sync"
GATEWAY = "/v1/districts/bay"

FULL: dict[str, list[str]] = {
    "districtId": ["58da8a43cc70ab00017a1a87"],
    **{name: [OPTIONS[name][1].label] for name in CHOICES},
    **{name: ["on"] for name in BOXES},
    "contactTypes": ["Parent/Guardian", "Other"],
    "contactRelationships": ["Parent", "Aunt/Uncle"],
    "phoneTypes": ["Cell"],
    "deletionThreshold": ["20"],
    "permissions": [option.label for option in OPTIONS["permissions"]],
}
FULL_FORM: dict[str, object] = {
    **{name: values[0] for name, values in FULL.items()},
    **dict.fromkeys(BOXES, True),
    **{name: FULL[name] for name in BOX_GROUPS},
    "deletionThreshold": 20,
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay"), ("elm", "Elm Park")])
    add_demo_user(path)
    return path


def signed_in(store: Path, **manners: Any) -> Browser:
    browser = Browser(create_app(store, manners=Behavior(**manners)))
    browser.sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    return browser


@pytest.fixture
def browser(store: Path) -> Browser:
    return signed_in(store)


def live(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = browser.ask("GET", GATEWAY).json()
    return answer


def patch(browser: Browser, **fields: object) -> None:
    answer = browser.ask(
        "PATCH",
        f"{GATEWAY}/settings",
        json.dumps(fields),
        Content_Type="application/json",
        If_Match=f'"{live(browser)["version"]}"',
    )
    assert answer.status_code == 200


def shown(page: Page) -> dict[str, list[str]]:
    values = page.form("Save").values
    return {name: values[name] for name in BLANK if name in values}


def test_what_the_page_saves_the_gateway_reads(browser: Browser) -> None:
    page = browser.submit(browser.open(FORM).form("Save").put(**FULL))
    assert page.root.one("status").text == "Saved"
    assert live(browser)["settings"] == FULL_FORM
    assert page.path == f"{FORM}?saved={live(browser)['version']}"


def test_what_the_gateway_saves_the_page_shows(browser: Browser) -> None:
    blank = browser.open(FORM)
    assert shown(blank) == {
        "districtId": [""],
        **{name: [OPTIONS[name][0].label] for name in CHOICES},
        "deletionThreshold": [""],
    }
    patch(browser, **FULL_FORM)
    assert shown(browser.open(FORM)) == FULL


def test_saving_what_is_shown_changes_nothing(browser: Browser) -> None:
    for _ in range(2):
        before = live(browser)
        page = browser.submit(browser.open(FORM).form("Save"))
        assert page.root.one("status").text == "Saved"
        assert live(browser) == before
        patch(browser, **FULL_FORM)


def test_everything_can_be_taken_away_again(browser: Browser) -> None:
    patch(browser, **FULL_FORM)
    nothing: dict[str, list[str]] = {name: [] for name in (*BOXES, *BOX_GROUPS)}
    form = browser.open(FORM).form("Save").put(**nothing)
    browser.submit(form.fill(deletionThreshold=" ", districtId=""))
    kept = {name: FULL_FORM[name] for name in CHOICES}
    assert live(browser)["settings"] == {**BLANK, **kept}


def test_saved_is_not_said_of_another_save(browser: Browser) -> None:
    page = browser.submit(browser.open(FORM).form("Save").fill(deletionThreshold="5"))
    patch(browser, deletionThreshold=6)
    assert not browser.open(page.path).root.all("status")


def wrong(page: Page) -> list[str]:
    """Give what the summary links to, which must be there."""
    assert page.status == 422
    assert next(one for one in page.root if one.tag == "title").text.startswith("Error")
    links = page.root.one("alert").all("link")
    ids = {one["id"] for one in page.root if one.has("id")}
    places = [link["href"].removeprefix("#") for link in links]
    assert ids.issuperset(places)
    return places


def test_a_second_phone_type_is_refused_beside_the_boxes(browser: Browser) -> None:
    before = live(browser)
    form = browser.open(FORM).form("Save").put(**FULL)
    page = browser.submit(form.put(phoneTypes=["Cell", "Home"]))
    assert wrong(page) == ["phoneTypes-1"]
    group = page.root.one("group", "Phone Types to sync")
    for box in group.all("checkbox"):
        assert box["aria-invalid"] == "true"
        assert "takes only one phone type" in page.root.described(box)
    assert shown(page) == {**FULL, "phoneTypes": ["Cell", "Home"]}
    assert live(browser) == before


@pytest.mark.parametrize("typed", ["101", "-1", "twenty", "20%", "1e1", "٢٠", "2.5"])
def test_a_threshold_that_is_no_percentage_is_refused_and_kept(
    browser: Browser, typed: str
) -> None:
    before = live(browser)
    page = browser.submit(browser.open(FORM).form("Save").fill(deletionThreshold=typed))
    assert wrong(page) == ["deletionThreshold"]
    field = page.root.one("textbox", "Deletion Threshold")
    assert (field["value"], field["aria-invalid"]) == (typed, "true")
    assert "must be a whole number" in page.root.described(field)
    assert live(browser) == before


def test_what_is_mended_is_saved(browser: Browser) -> None:
    form = browser.open(FORM).form("Save").put(**FULL)
    form.put(phoneTypes=["Cell", "Home"], deletionThreshold=["x"])
    refused = browser.submit(form)
    assert wrong(refused) == ["phoneTypes-1", "deletionThreshold"]
    mended = refused.form("Save").put(phoneTypes=["Cell"], deletionThreshold=["20"])
    assert browser.submit(mended).root.one("status").text == "Saved"
    assert live(browser)["settings"] == FULL_FORM


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("studentId", "studentId-1"),
        ("archivedStudents", "archivedStudents"),
        ("contactTypes", "contactTypes-1"),
        ("permissions", "permissions-1"),
    ],
)
def test_a_label_that_no_page_offers_is_refused(
    browser: Browser, name: str, place: str
) -> None:
    page = browser.submit(browser.open(FORM).form("Save").put(**{name: ["Cousin"]}))
    assert wrong(page) == [place]


def test_a_label_learnt_from_a_seed_is_offered(store: Path, browser: Browser) -> None:
    form = {**BLANK, "archivedStudents": "As the page says"}
    sow(store, [Seed("elm", "Elm Park", form)])
    drop_down = browser.open(FORM).root.one("combobox", "Archived students")
    assert drop_down.all("option")[-1].text == "As the page says"


def test_the_last_who_saves_wins_as_on_most_pages(browser: Browser) -> None:
    page = browser.open(FORM)
    patch(browser, manageGuardians=True)
    browser.submit(page.form("Save").fill(deletionThreshold="10"))
    after = live(browser)["settings"]
    assert (after["manageGuardians"], after["deletionThreshold"]) == (False, 10)


def test_a_page_can_refuse_what_was_saved_meanwhile(store: Path) -> None:
    browser = signed_in(store, saved_meanwhile=SavedMeanwhile.REFUSED)
    page = browser.open(FORM)
    patch(browser, manageGuardians=True)
    before = live(browser)
    refused = browser.submit(page.form("Save").fill(deletionThreshold="10"))
    assert refused.status == 409
    assert "Someone else saved this form" in refused.root.one("alert").text
    assert shown(refused)["deletionThreshold"] == ["10"]
    assert browser.submit(refused.form("Save")).status == 409
    assert live(browser) == before
    again = browser.open(refused.root.one("alert").one("link")["href"]).form("Save")
    assert browser.submit(again.fill(deletionThreshold="10")).status == 200
    assert live(browser)["settings"]["manageGuardians"] is True


def token_field(page: Page) -> tuple[str, str]:
    field = page.root.one("textbox", "District OAuth Token")
    return field.get("value") or "", page.root.described(field)


def save_token(browser: Browser, token: str) -> Page:
    return browser.submit(browser.open(FORM).form("Save").put(**{TOKEN: [token]}))


def test_a_token_is_saved_and_never_shown(browser: Browser, store: Path) -> None:
    assert token_field(browser.open(FORM)) == ("", "Support hands it out.")
    before = live(browser)["version"]
    page = save_token(browser, "s3cret")
    assert live(browser)["version"] != before
    assert token_field(page)[0] == ""
    assert token_field(page)[1].startswith("(placeholder) A token is saved;")
    assert "s3cret" not in page.response.text
    assert b"s3cret" not in store.read_bytes()


def test_a_token_left_empty_stays(browser: Browser) -> None:
    save_token(browser, "s3cret")
    before = live(browser)["version"]
    noted = token_field(save_token(browser, ""))[1]
    assert noted.startswith("(placeholder) A token is saved;")
    assert live(browser)["version"] == before


def test_a_token_of_a_refused_form_is_not_shown_either(browser: Browser) -> None:
    form = browser.open(FORM).form("Save").put(**{TOKEN: ["s3cret"]})
    page = browser.submit(form.fill(deletionThreshold="x"))
    assert "s3cret" not in page.response.text
    assert token_field(page)[1].startswith("Type the token again")


def test_a_token_taken_back_by_the_gateway_is_no_longer_noted(
    browser: Browser,
) -> None:
    save_token(browser, "s3cret")
    patch(browser, **{TOKEN: ""})
    assert token_field(browser.open(FORM)) == ("", "Support hands it out.")


def test_a_page_can_be_silent_about_a_token(store: Path) -> None:
    browser = signed_in(store, saved_token=SavedToken.SILENT)
    assert token_field(save_token(browser, "s3cret")) == ("", "Support hands it out.")


def test_a_page_can_show_dots_for_a_token(store: Path) -> None:
    browser = signed_in(store, saved_token=SavedToken.MASKED)
    assert token_field(browser.open(FORM))[0] == ""
    page = save_token(browser, "s3cret")
    assert token_field(page)[0] == MASK
    before = live(browser)["version"]
    browser.submit(page.form("Save"))
    assert live(browser)["version"] == before
    save_token(browser, "another")
    assert live(browser)["version"] != before


def test_what_a_page_does_not_submit_is_as_html_has_it(browser: Browser) -> None:
    patch(browser, **FULL_FORM)
    form = browser.open(FORM).form("Save")
    form.values = {name: form.values[name] for name in ("csrf", "version")}
    browser.submit(form)
    kept = ("districtId", *CHOICES, "deletionThreshold")
    after = {**BLANK, **{name: FULL_FORM[name] for name in kept}}
    assert live(browser)["settings"] == after


@pytest.mark.parametrize("spelled", ["020", "20 ", "\t20"])
def test_a_threshold_is_read_as_a_person_means_it(
    browser: Browser, spelled: str
) -> None:
    form = browser.open(FORM).form("Save").fill(deletionThreshold=spelled)
    browser.submit(form)
    assert live(browser)["settings"]["deletionThreshold"] == 20


def test_a_store_that_fails_is_a_page_too(store: Path, browser: Browser) -> None:
    import sqlite3

    form = browser.open(FORM).form("Save")
    connection = sqlite3.connect(store)
    with connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON district"
            " BEGIN SELECT raise(ABORT, 'full'); END"
        )
    connection.close()
    page = browser.submit(form.fill(deletionThreshold="5"))
    assert page.status == 503
    assert page.root.one("heading").text.startswith("503")
    assert page.response.headers["Retry-After"] == "1"
