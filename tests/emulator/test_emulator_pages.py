"""The pages lead as the seed clicks, to everything that it names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest
from emulator_browser import Browser, Page

from connectsync.emulator import form as labels
from connectsync.emulator.app import create_app
from connectsync.emulator.form import BOX_GROUPS, BOXES, OPTIONS, TOKEN
from connectsync.emulator.seed import enrol, run_sync
from connectsync.emulator.users import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    add_demo_user,
    add_user,
)

SETTINGS = "/districts/bay/settings"
FORM = f"{SETTINGS}/sis-rostering/daily-sync"
PAGES = [
    "/",
    "/districts",
    "/districts/bay",
    SETTINGS,
    f"{SETTINGS}/sis-rostering",
    FORM,
]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay"), ("elm", "Elm Park"), ("oak", "Oak")])
    add_demo_user(path)
    return path


@pytest.fixture
def browser(store: Path) -> Browser:
    browser = Browser(create_app(store, token="let-me-in"))  # noqa: S106 - of a test
    browser.sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    return browser


def country(store: Path, districts: int) -> None:
    enrol(store, [(f"d{n:05}", f"District {n:05}") for n in range(districts)])


def test_the_clicks_of_the_seed_lead_to_the_form(browser: Browser) -> None:
    page = browser.open("/")
    drop_down = page.root.one("button", "Drop-down: choose a district")
    assert drop_down["aria-haspopup"] == "menu"
    menu = page.root.one("menu", "Drop-down")
    assert menu["id"] == drop_down["popovertarget"]
    home = browser.open(menu.one("menuitem", "District Home Page: Bay (bay)")["href"])
    dots = home.root.one("button", "3 black dots")
    assert dots["aria-haspopup"] == "menu"
    menu = home.root.one("menu", "3 black dots")
    assert menu["id"] == dots["popovertarget"]
    settings = browser.open(menu.one("menuitem", "Settings")["href"])
    rostering = browser.open(settings.root.one("link", "SIS Rostering")["href"])
    link = rostering.root.one("link", "District-Level Daily Sync")
    assert browser.open(link["href"]).path == FORM


def test_every_label_of_the_seed_is_on_the_form(browser: Browser) -> None:
    root = browser.open(FORM).root
    for name in ("districtId", TOKEN, "deletionThreshold"):
        assert root.one("textbox", labels.FIELDS[name])["name"] == name
    assert root.one("textbox", "District OAuth Token")["type"] == "password"
    for name in ("studentId", *BOX_GROUPS):
        group = root.one("group", labels.FIELDS[name])
        role = "radio" if name == "studentId" else "checkbox"
        found = [root.name_of(box) for box in group.all(role)]
        assert found == [option.label for option in OPTIONS[name]]
    settings = root.one("group", "Settings")
    assert [root.name_of(box) for box in settings.all("checkbox")] == [
        labels.FIELDS[name] for name in BOXES
    ]
    archived = root.one("combobox", "Archived students")
    assert all("(placeholder)" in option.text for option in archived.all("option"))
    assert root.one("button", "Save")["type"] == "submit"


def test_each_permission_says_what_it_gives(browser: Browser) -> None:
    root = browser.open(FORM).root
    for box in root.one("group", "Permissions").all("checkbox"):
        assert root.described(box) == labels.PERMISSION_DETAILS[box["value"]]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_without_seeing_it(browser: Browser, path: str) -> None:
    root = browser.open(path).root
    tags = [one.tag for one in root]
    assert tags.count("main") == tags.count("header") == tags.count("footer") == 1
    assert tags.count("h1") == 1
    assert next(one for one in root if one.tag == "html")["lang"] == "en"
    ids = [one["id"] for one in root if one.has("id")]
    assert len(ids) == len(set(ids))
    skip = next(one for one in root if one.tag == "a")
    assert skip["href"].removeprefix("#") in ids
    for one in root:
        for reference in ("aria-describedby", "aria-labelledby", "aria-controls"):
            assert set((one.get(reference) or "").split()) <= set(ids)
        if one.role in {"textbox", "checkbox", "radio", "combobox", "button", "link"}:
            assert root.name_of(one), one


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/nowhere"])
def test_a_page_says_that_it_is_a_stand_in(browser: Browser, path: str) -> None:
    browser.cookies = {} if path == "/sign-in" else browser.cookies
    text = browser.open(path).root.text
    assert "A stand-in for Connect, to try things on." in text


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/districts/nowhere"])
def test_a_page_runs_nothing_but_its_own_script(browser: Browser, path: str) -> None:
    page = browser.open(path)
    policy = page.response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    assert page.response.headers["Cache-Control"] == "no-store"
    for one in page.root:
        assert not any(
            name.startswith("on") or name == "style" for name in one.attributes
        )
        if one.tag in {"script", "style"}:
            assert (one.get("src"), one.content) == ("/static/page.js", [])


@pytest.mark.parametrize("name", ["page.css", "page.js", "icon.svg"])
def test_what_pages_are_made_of_is_served(browser: Browser, name: str) -> None:
    answer = browser.ask("GET", f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "url(" not in answer.text


@pytest.mark.parametrize("name", ["page.html", "..%2Fsite.py", ""])
def test_nothing_else_is_served(browser: Browser, name: str) -> None:
    assert browser.ask("GET", f"/static/{name}").status_code == 404


def test_hostile_names_are_only_text(store: Path, browser: Browser) -> None:
    enrol(store, [("evil", HOSTILE)])
    form = "/districts/evil/settings/sis-rostering/daily-sync"
    for path in ("/", "/districts", "/districts/evil", form):
        page = browser.open(path)
        assert " ".join(HOSTILE.split()) in page.root.text
        assert not [one for one in page.root if one.tag == "img"]
        assert len([one for one in page.root if one.tag == "script"]) == 1
        assert "49" not in page.root.text
    typed = browser.open(form).form("Save")
    typed.fill(districtId=HOSTILE, deletionThreshold=HOSTILE)
    refused = browser.submit(typed)
    assert refused.root.one("textbox", "District ID")["value"] == HOSTILE
    searched = browser.open("/districts?q=%22%3E%3Cscript%3E")
    assert (
        searched.root.one("textbox", "Search by name or key")["value"] == '"><script>'
    )


def test_a_user_reaches_only_their_districts(store: Path) -> None:
    add_user(store, "ann@example.org", "pw", districts=["bay", "oak"])
    browser = Browser(create_app(store))
    browser.sign_in("ann@example.org", "pw")
    items = browser.open("/").root.one("menu", "Drop-down").all("menuitem")
    assert [item["href"] for item in items] == ["/districts/bay", "/districts/oak"]
    assert "Elm" not in browser.open("/districts?q=elm").root.one("status").text
    for key in ("elm", "nowhere", "é"):
        for path in PAGES[2:]:
            answer = browser.open(path.replace("bay", key))
            assert answer.status == 404
    form = browser.open(FORM).form("Save")
    form.action = FORM.replace("bay", "elm")
    assert browser.post(form).status_code == 404


def test_who_has_no_district_is_told(store: Path) -> None:
    add_user(store, "ann@example.org", "pw", districts=[])
    browser = Browser(create_app(store))
    page = browser.sign_in("ann@example.org", "pw")
    (item,) = page.root.one("menu", "Drop-down").all("menuitem")
    assert item.text == "No district is open to you"
    assert browser.open("/districts").root.one("status").text == "No district"


def test_many_districts_are_behind_a_search(store: Path, browser: Browser) -> None:
    country(store, 60)
    menu = browser.open("/").root.one("menu", "Drop-down")
    assert len(menu.all("menuitem")) == 9
    page = browser.open(menu.one("menuitem", "All 63 districts")["href"])
    seen: list[str] = []
    while True:
        seen += [row["href"] for row in page.root.one("list", "Districts").all("link")]
        following = page.root.all("link", "Next")
        if not following:
            break
        page = browser.open(following[0]["href"])
    assert len(seen) == len(set(seen)) == 63
    assert "51 to 63 of 63 districts" in page.root.text
    assert page.root.one("link", "Previous")["href"] == "/districts?q=&page=2"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("ELM", "elm"), ("park", "elm"), (" oak ", "oak"), ("elm park", "elm")],
)
def test_a_search_finds_by_name_and_key(
    browser: Browser, wanted: str, found: str
) -> None:
    page = _searched(browser, wanted)
    (row,) = page.root.one("list", "Districts").all("link")
    assert row["href"] == f"/districts/{found}"


def _searched(browser: Browser, wanted: str) -> Page:
    form = browser.open("/districts").form("Search")
    assert form.action == "/districts"
    return browser.open("/districts?q=" + wanted.replace(" ", "+"))


@pytest.mark.parametrize("wanted", ["%", "_", "!", "'", "elm%"])
def test_a_search_takes_signs_as_they_are(browser: Browser, wanted: str) -> None:
    page = browser.open("/districts?q=" + wanted.replace("%", "%25"))
    assert page.root.one("status").text == f"No district matches “{wanted}”"


@pytest.mark.parametrize("number", ["0", "-1", "x", "9999999", "٣", ""])
def test_a_page_number_that_is_none_is_the_first(browser: Browser, number: str) -> None:
    from urllib.parse import quote

    page = browser.open(f"/districts?page={quote(number)}")
    assert page.root.one("status").text == "1 to 3 of 3 districts"


def test_no_night_is_shown_before_one_was_run(browser: Browser) -> None:
    path = f"{SETTINGS}/sis-rostering"
    assert "None: daily sync is off" in browser.open(path).root.text
    browser.submit(browser.open(FORM).form("Save").fill(enableDailySync="on"))
    shown = browser.open(path).root.text
    assert "No night was run yet" in shown
    assert "Success" not in shown


def test_a_night_that_was_run_is_shown(store: Path, browser: Browser) -> None:
    path, at = f"{SETTINGS}/sis-rostering", datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
    form = browser.open(FORM).form("Save")
    filled = form.fill(enableDailySync="on", districtId="a", deletionThreshold="15")
    browser.submit(filled)
    run_sync(store, now=at, archives={})
    shown = browser.open(path).root.text
    assert "(placeholder) Failed: wrong credentials 2026-11-28 08:30 UTC" in shown
    browser.submit(browser.open(FORM).form("Save").fill(districtOauthToken="made-up"))
    assert run_sync(store, now=at, archives={"bay": 15}) == {"bay": "Success"}
    assert "Success 2026-11-28 08:30 UTC" in browser.open(path).root.text
    assert run_sync(store, now=at, archives={"bay": 16}) == {"bay": "Failed: threshold"}
    shown = browser.open(path).root.text
    assert "Failed: threshold 2026-11-28 08:30 UTC 16%" in shown


DASH = "\N{EN DASH}"


def test_schools_of_a_night_are_shown_under_labels_that_are_marked(
    store: Path, browser: Browser
) -> None:
    path, at = f"{SETTINGS}/sis-rostering", datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
    form = browser.open(FORM).form("Save")
    filled = form.fill(
        enableDailySync="on",
        districtId="a",
        deletionThreshold="15",
        districtOauthToken="made-up",
    )
    browser.submit(filled)
    night = partial(run_sync, store, now=at, archives={})
    assert night() == {"bay": "Success"}
    assert "Schools" not in browser.open(path).root.text
    tried: dict[str, int | None] = {"Hill High": 16, "Bay Elementary": 2}
    assert night(schools={"bay": tried}) == {"bay": "Failed: threshold"}
    shown = browser.open(path).root.text
    assert "(placeholder) Schools of the last sync (placeholder) School" in shown
    assert f"Bay Elementary Success {DASH} Hill High Failed: threshold 16%" in shown
    # of the figures in a report the highest counts
    assert "Failed: threshold 2026-11-28 08:30 UTC 16%" in shown
    lost = night(schools={"bay": {**tried, "<b>Elm": None}})
    assert lost == {"bay": "(placeholder) Failed: schools not found"}
    shown = browser.open(path).root.text
    assert "<b>Elm (placeholder) Failed: school not found" in shown


def test_failures_are_pages_for_browsers_and_problems_for_programs(
    browser: Browser,
) -> None:
    assert browser.open("/nowhere").root.one("heading").text == "404: Not Found"
    answer = browser.ask("GET", "/nowhere", Accept="application/json")
    assert answer.headers["Content-Type"] == "application/problem+json"
    for path in ("/v1/districts", "/emulator/faults"):
        assert browser.ask("GET", path).status_code == 401
    for method, path in (("POST", "/districts"), ("GET", "/sign-out")):
        assert browser.ask(method, path).status_code == 405


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


READ_ON = {
    "ground": ("text", "soft", "accent", "accent-over"),
    "card": ("text", "soft", "accent", "accent-over", "wrong"),
    "tint": ("text", "soft", "accent", "accent-over"),
    "notice": ("notice-text",),
    "wrong-tint": ("text", "wrong"),
    "good-tint": ("good",),
    "accent": ("on-accent",),
    "accent-over": ("on-accent",),
}


def test_every_text_can_be_read_in_light_and_dark(browser: Browser) -> None:
    style = browser.ask("GET", "/static/page.css").text
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(schemes) == 2
    for colours in schemes:
        for ground, texts in READ_ON.items():
            for text in texts:
                ratio = contrast(colours[text], colours[ground])
                assert ratio >= 4.5, (text, ground, ratio)
        for edge, ground in (("edge", "card"), ("wrong", "card"), ("accent", "ground")):
            assert contrast(colours[edge], colours[ground]) >= 3.0


def test_labels_that_a_fault_can_name_are_told_apart() -> None:
    assert {labels.qualified(labels.FIELDS[name], "Settings") for name in BOXES} <= (
        labels.KNOWN
    )
    for one, other in combinations(BOX_GROUPS, 2):
        assert labels.FIELDS[one] != labels.FIELDS[other]
