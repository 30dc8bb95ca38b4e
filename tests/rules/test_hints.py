"""A hint that is followed does not run into another rule, nor in a circle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml import CSafeLoader

from connectsync.domain.finding import Problem, Severity
from connectsync.providers.clever import (
    ContactRelationship,
    ContactType,
    Permission,
    PhoneType,
)
from connectsync.rules.catalogue import ALLOW_RULES, DISTRICT_RULES, by_name
from connectsync.rules.engine import Rule, page_of
from connectsync.rules.scheduled import OVERDUE

CASES = Path(__file__).parent / "cases"
RULES: tuple[Rule[Any], ...] = (*DISTRICT_RULES, *ALLOW_RULES)
NAMES = [rule.name for rule in RULES]
TODAY = date(2027, 1, 15)
ID = "58da8a43cc70ab00017a1a87"
SUMMER = {"from": date(2027, 6, 15), "to": date(2027, 8, 20)}
DROP = object()
MOST_STEPS = 60
"""More than any file has mistakes: hints that go on longer go in a circle."""

Words = re.Match[str]


@dataclass
class File:
    """A district file, and what the rules know beside it."""

    data: dict[str, Any]
    today: date = TODAY
    stem: str = "lakeview-usd"
    options: dict[str, list[str]] = field(default_factory=dict)
    applied: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        part: Any = self.data
        for name in key.split("."):
            part = (part or {}).get(name)
        return part

    def set(self, key: str, value: Any) -> None:
        *above, last = key.split(".")
        part = self.data
        for name in above:
            if part.get(name) is None:
                part[name] = {}
            part = part[name]
        part.pop(last, None)
        if value is not DROP:
            part[last] = value

    def add(self, key: str, *labels: str) -> None:
        self.set(key, sorted({*(self.get(key) or ()), *labels}))

    def remove(self, key: str, *labels: str) -> None:
        self.set(key, sorted({*(self.get(key) or ())} - {*labels}))

    def spell(self) -> str:
        """Give one text for one state, to see whether a state comes again."""
        state = [self.data, self.stem, self.options, self.applied]
        return json.dumps(state, sort_keys=True, default=str)


@dataclass(frozen=True)
class Found:
    rule: str
    problem: Problem

    @property
    def key(self) -> tuple[str, Any]:
        return self.rule, self.problem.path

    @property
    def setting(self) -> str:
        return ".".join(map(str, self.problem.path))


Edit = Mapping[str, Any] | Callable[[File, Found, Words], None]
Step = tuple[str, Edit]
"""Words of a hint, and what they ask for: values by key, or an edit."""


def labels_of(words: Words) -> list[str]:
    return re.findall("'([^']+)'", words[0])


def shares(found: Found) -> str:
    return found.setting.replace("settings.", "facts.clever_shares.")


def allow(file: File, found: Found, _words: Words) -> None:
    until = file.today + timedelta(days=100)
    entry = {"rule": found.rule, "reason": "As the hint says", "until": until}
    others = [one for one in file.data.get("allow", ()) if one["rule"] != found.rule]
    file.data["allow"] = [*others, entry]


def add(file: File, found: Found, words: Words) -> None:
    file.add(found.setting, *labels_of(words))


def remove(file: File, found: Found, words: Words) -> None:
    file.remove(found.setting, *labels_of(words))


def share(file: File, found: Found, words: Words) -> None:
    file.add(shares(found), *labels_of(words))


def stop_sharing(file: File, found: Found, words: Words) -> None:
    file.remove(shares(found), *labels_of(words))


def share_and_add(file: File, found: Found, words: Words) -> None:
    file.add(shares(found), *labels_of(words))
    add(file, found, words)


def replace(file: File, found: Found, words: Words) -> None:
    new, old = labels_of(words)
    file.add(found.setting, new)
    file.remove(found.setting, old)


def share_and_replace(file: File, found: Found, words: Words) -> None:
    new, _, old = labels_of(words)
    file.add(shares(found), new)
    file.add(found.setting, new)
    file.remove(found.setting, old)


def add_family_access(file: File, found: Found, _words: Words) -> None:
    file.add(found.setting, "Family Access")


def drop_permissions_admin(file: File, found: Found, _words: Words) -> None:
    file.remove(found.setting, "Permissions Admin")


def replace_permissions_admin(file: File, found: Found, words: Words) -> None:
    add(file, found, words)
    drop_permissions_admin(file, found, words)


def use_number(file: File, found: Found, words: Words) -> None:
    file.set(found.setting, int(words[1]))


def use_number_again(file: File, found: Found, words: Words) -> None:
    file.set("facts.tried_to_archive", DROP)
    use_number(file, found, words)


def rollover_now(file: File, _found: Found, _words: Words) -> None:
    month = timedelta(days=30)
    days = {"from": file.today - month, "to": file.today + month}
    file.set("facts.rollover", days)


def next_rollover(file: File, _found: Found, _words: Words) -> None:
    first = file.today + timedelta(days=90)
    file.set("facts.rollover", {"from": first, "to": first + timedelta(days=60)})


def state_figure(file: File, found: Found, words: Words) -> None:
    rollover_now(file, found, words)
    file.set("facts.tried_to_archive", 34)
    file.set("settings.deletion_threshold", 36)


def stop_managing(file: File, _found: Found, words: Words) -> None:
    file.set("settings.manage_guardians", value=False)
    for name in re.findall(r"contact_\w+|phone_types", words[0]):
        file.set(f"settings.{name}", DROP)
    if "set guardians_from to their source" in words[0]:
        file.set("facts.guardians_from", "manual")


def drop_named(file: File, _found: Found, words: Words) -> None:
    file.set(f"settings.{words[1]}", DROP)


def null_named(file: File, _found: Found, words: Words) -> None:
    file.set(f"settings.{words[1]}", None)


def state_launch(file: File, _found: Found, words: Words) -> None:
    stated = {"setup_step": 9, "self_check_done": True}
    for name in re.findall(r"setup_step|self_check_done", words[0]):
        file.set(f"facts.{name}", stated[name])


def list_shared(file: File, _found: Found, _words: Words) -> None:
    file.set("facts.clever_shares.contacts", value=True)
    for name in ("contact_types", "contact_relationships"):
        file.add(f"facts.clever_shares.{name}", *(file.get(f"settings.{name}") or ()))


def use_label(file: File, found: Found, words: Words) -> None:
    label = words[1] if words.re.groups else None
    offered = file.options[found.setting.removeprefix("settings.")]
    label = label or (offered[0] if offered else None)
    (wrong,) = re.findall("offer '([^']+)' for", found.problem.message)
    if isinstance(file.get(found.setting), list):
        file.remove(found.setting, wrong)
        file.add(found.setting, *([label] if label else ()))
    else:
        file.set(found.setting, label)


def record_options(file: File, found: Found, _words: Words) -> None:
    name = found.setting.removeprefix("settings.")
    file.options = {**file.options, name: [file.get(found.setting)]}


def rename(file: File, _found: Found, words: Words) -> None:
    file.stem = words[1]


def write_key(file: File, _found: Found, words: Words) -> None:
    file.set("district", words[1])


def drop_entry(file: File, found: Found, _words: Words) -> None:
    del file.data["allow"][found.problem.path[1]]


def rename_entry(file: File, found: Found, words: Words) -> None:
    file.data["allow"][found.problem.path[1]]["rule"] = words[1]


def date_entry(file: File, found: Found, words: Words) -> None:
    entry = file.data["allow"][found.problem.path[1]]
    entry["until"] = date.fromisoformat(words[1])


def day_after(file: File, found: Found, _words: Words) -> None:
    _, position, key = found.problem.path
    entry = file.data["scheduled"][position]
    entry[key] = date.fromisoformat(str(entry[key])) + timedelta(days=1)


def usual(file: File, _found: Found, words: Words) -> None:
    file.set(f"settings.{words[1]}", 15)


def apply(file: File, found: Found, _words: Words) -> None:
    name = found.problem.message.partition(" ")[0]
    file.applied = {**file.applied, name: file.get(f"settings.{name}")}


APPLY: Step = ("^apply it", apply)
CELL: Step = ("select 'Cell'", {"settings.phone_types": ["Cell"]})
ALLOW: Step = ("allow this rule", allow)
ADD: Step = (r"^add '(?!.* and remove).*'(?: here)?", add)
SHARE_AND_ADD: Step = ("^share '(?!.* and remove).* then add .* here$", share_and_add)
REMOVE: tuple[Step, ...] = (
    (r"(?:^|or )remove '\w+'", remove),
    (r"add '[^']+' and remove '\w+'", replace),
    (r"share '[^']+' in .* and remove '\w+'", share_and_replace),
)
STOP_MANAGING: Step = ("set manage_guardians to false[^;]*", stop_managing)
FROM_CLEVER: Step = ("guardians_from to clever", {"facts.guardians_from": "clever"})
TERM: Step = (r"^set it (?:back )?to (\d+) to 20", use_number)
EXACT: Step = (r"set it to (\d+)(?:$|,)", use_number)
SYNC_OFF: Step = (
    "^set enable_daily_sync to false",
    {"settings.enable_daily_sync": False},
)
ADD_ID: Step = ("add district_id", {"credentials.district_id": ID})
NO_UPDATES: Step = (
    "set update_active_users to false",
    {"settings.update_active_users": False},
)
KEPT_IN_CLEVER: Step = (
    "set contact_details_kept_in to clever",
    {"facts.contact_details_kept_in": "clever"},
)
NO_UNARCHIVING: Step = (
    "set unarchive_classrooms to false",
    {"settings.unarchive_classrooms": False},
)
UTF_8: Step = ("set encoding to UTF-8", {"facts.guardians_csv.encoding": "UTF-8"})
SHARED: Step = ("set contacts to true", {"facts.clever_shares.contacts": True})
OFFERED: tuple[Step, ...] = (
    (r"did you mean '(.+)'\?", use_label),
    ("use a label that the page offers", use_label),
)
MATCH: tuple[Step, ...] = (
    ("^share .* in Clever and add (?:it|them) to clever_shares", share),
    ("or remove .* here", remove),
)
LEFT_OUT: tuple[Step, ...] = (
    ("^add .* here", add),
    ("^add .* here; or stop sharing (?:it|them) in Clever", stop_sharing),
)

HINTS: Mapping[str, tuple[Step, ...]] = {
    "file-named-otherwise": (
        (r"rename the file to ([a-z0-9-]+)\.yaml", rename),
        ("write district: ([a-z0-9-]+)$", write_key),
    ),
    "missing-district-id": (ADD_ID,),
    "sync-without-district-id": (ADD_ID,),
    "district-id-not-clever": (("copy the whole id", {"credentials.district_id": ID}),),
    "missing-token-reference": (
        ("add oauth_token", {"credentials.oauth_token": "env:LAKEVIEW_TOKEN"}),
    ),
    "sync-before-launch": (SYNC_OFF,),
    "sync-before-self-check": (
        (
            "^set enable_daily_sync to false, do .* then set self_check_done to true",
            {"settings.enable_daily_sync": False, "facts.self_check_done": True},
        ),
    ),
    "self-check-out-of-turn": (
        ("correct setup_step", {"facts.setup_step": 7}),
        ("set self_check_done to false", {"facts.self_check_done": False}),
    ),
    "launch-not-stated": (("^add .* to the facts", state_launch),),
    "sync-during-rollover": (SYNC_OFF,),
    "sync-off-after-launch": (
        ("^set enable_daily_sync to true", {"settings.enable_daily_sync": True}),
        (
            "^do the self-check, set self_check_done to true, then set enable_daily",
            {"settings.enable_daily_sync": True, "facts.self_check_done": True},
        ),
        ("state in facts.rollover", rollover_now),
    ),
    "rollover-too-long": (("^limit it", {"facts.rollover": SUMMER}),),
    "rollover-long-over": (
        ("state the days of the next one", next_rollover),
        ("or remove it", {"facts.rollover": DROP}),
    ),
    "student-number-may-be-empty": (
        ("select 'STUDENT ID'", {"settings.student_id": "STUDENT ID"}),
        ALLOW,
    ),
    "archived-students-unknown": OFFERED,
    "archived-students-unverified": (("under options", record_options),),
    "label-not-offered": OFFERED,
    "two-guardian-sources": (STOP_MANAGING, FROM_CLEVER),
    "guardians-not-wanted": (STOP_MANAGING, FROM_CLEVER),
    "no-guardian-source": tuple(
        (f"set guardians_from to .*{source}", {"facts.guardians_from": source})
        for source in ("guardians_csv", "manual", "none")
    ),
    "guardian-sync-left-off": (
        ("set manage_guardians to true", {"settings.manage_guardians": True}),
        ("guardians_from to their actual", {"facts.guardians_from": "manual"}),
    ),
    "no-contact-types": (ADD, SHARE_AND_ADD),
    "no-contact-relationships": (ADD, SHARE_AND_ADD),
    "contact-choices-without-effect": (
        (r"^remove (\w+);", drop_named),
        (r"write (\w+): null", null_named),
    ),
    "guardians-file-misnamed": (
        ("to guardians.csv", {"facts.guardians_csv.file_name": "guardians.csv"}),
    ),
    "guardians-file-at-other-level": (
        ("then set level to district", {"facts.guardians_csv.level": "district"}),
        ("sync_level to district", {"facts.guardians_csv.sync_level": "district"}),
        ("or remove it", {"facts.guardians_csv.sync_level": DROP}),
    ),
    "guardians-file-encoding": (UTF_8,),
    "guardians-file-encoding-not-agreed": (
        UTF_8,
        ("encoding_agreed to true", {"facts.guardians_csv.encoding_agreed": True}),
    ),
    "guardians-file-by-student-number": (ALLOW,),
    "guardians-file-not-in-use": (
        ("remove guardians_csv", {"facts.guardians_csv": DROP}),
    ),
    "guardians-managed-but-not-shared": (SHARED, STOP_MANAGING),
    "contact-type-not-shared": MATCH,
    "contact-relationship-not-shared": MATCH,
    "shared-contact-type-left-out": LEFT_OUT,
    "shared-relationship-left-out": LEFT_OUT,
    "sync-while-clever-pauses": (SYNC_OFF,),
    "clever-holds-large-changes": (ALLOW,),
    "custody-not-filtered": (
        ("set custody_filtered to true", {"facts.custody_filtered": True}),
        ALLOW,
    ),
    "shared-and-not-shared": (
        SHARED,
        ("or remove the lists", {"facts.clever_shares": {"contacts": False}}),
    ),
    "sharing-not-stated": (("in clever_shares", list_shared),),
    "emergency-contacts-as-guardians": (*REMOVE, ALLOW),
    "secondary-contacts-as-guardians": (*REMOVE, ALLOW),
    "students-as-guardians": (*REMOVE, ALLOW),
    "guardians-marked-other-left-out": (("and (add 'Other')", add),),
    "parents-left-out": (ADD, SHARE_AND_ADD),
    "two-phone-types": (("usually 'Cell'", {"settings.phone_types": ["Cell"]}),),
    "home-phone-for-texts": (CELL, ALLOW),
    "home-phone-drops-guardians": (CELL, ALLOW),
    "home-phone-for-active-users": (CELL, NO_UPDATES),
    "work-phone-for-login": (CELL, ALLOW),
    "other-phone-for-login": (CELL, ALLOW),
    "no-phone-type": (CELL, ("remove phone_types", {"settings.phone_types": DROP})),
    "older-details-overwrite-newer": (NO_UPDATES, KEPT_IN_CLEVER),
    "source-of-details-not-stated": (NO_UPDATES, KEPT_IN_CLEVER),
    "edits-locked-without-requests": (
        ("profile_update_requests to true", {"facts.profile_update_requests": True}),
    ),
    "users-manager-without-effect": (ALLOW,),
    "archived-sections-come-back": (NO_UNARCHIVING,),
    "classrooms-come-back-in-rollover": (NO_UNARCHIVING,),
    "shared-sections-stay-archived": (
        ("set unarchive_classrooms to true", {"settings.unarchive_classrooms": True}),
        ("by_hand to true", {"facts.sections_archived_by_hand": True}),
    ),
    "threshold-above-any-rollover": (
        TERM,
        EXACT,
        ("in a rollover, .* state that in facts.tried_to_archive", state_figure),
    ),
    "threshold-raised-in-term": (TERM,),
    "threshold-still-raised": (TERM,),
    "threshold-low-in-term": (TERM,),
    "threshold-low-for-rollover": (
        ("state the percentage .* in facts.tried_to_archive", state_figure),
    ),
    "threshold-below-tried": (
        EXACT,
        (r"remove tried_to_archive and set it to (\d+) to", use_number_again),
    ),
    "threshold-far-above-tried": (EXACT,),
    "threshold-of-zero": (TERM,),
    "scheduled-without-zone": (
        ("add timezone: America/Chicago", {"timezone": "America/Chicago"}),
    ),
    "scheduled-day-skipped": (("the day after it", day_after),),
    "scheduled-returns-to-nothing": ((r"^add (\w+) with its usual value", usual),),
    "return-overdue": (APPLY,),
    "return-long-overdue": (APPLY,),
    "permission-without-family-access": (ADD,),
    "family-access-comes-along": (("add 'Family Access'", add_family_access),),
    "permissions-admin-granted": (
        ("^remove it", drop_permissions_admin),
        ("^replace it with 'Family Access'", replace_permissions_admin),
    ),
    "nobody-changes-permissions": (ALLOW,),
    "no-permissions": (
        ("^remove permissions", {"settings.permissions": DROP}),
        ("or list those that staff need", add_family_access),
    ),
    "allow-unknown-rule": (
        (r"did you mean '(.+)'\?", rename_entry),
        ("^remove this entry;", drop_entry),
    ),
    "allow-not-allowable": (("remove this entry", drop_entry),),
    "allow-expired": (
        ("remove this entry", drop_entry),
        (r"a new day up to ([\d-]+)", date_entry),
    ),
    "allow-too-far-ahead": ((r"a day up to ([\d-]+)", date_entry),),
    "allow-twice": (("^remove this entry", drop_entry),),
    "allow-unused": (("remove this entry", drop_entry),),
}
"""Every hint as an edit: what a person does who follows these words of it."""


def follow(file: File, found: Found) -> Iterator[File]:
    """Give the file after each of the ways to follow a finding's hint."""
    for words, edit in HINTS[found.rule]:
        matched = re.search(words, found.problem.hint or "")
        if matched is None:
            continue
        after = deepcopy(file)
        if isinstance(edit, Mapping):
            for key, value in edit.items():
                after.set(key, value)
        else:
            edit(after, found, matched)
        yield after


Look = Callable[[File], list[Found]]


@pytest.fixture(scope="session")
def look(situation: Any) -> Look:
    """Give a function that runs every rule over a file."""

    # what one test follows from a file another follows as well
    known = dict[str, list[Found]]()

    def found_in(file: File) -> list[Found]:
        if (spelled := repr(file)) not in known:
            known[spelled] = looked(file)
        return known[spelled]

    def looked(file: File) -> list[Found]:
        here = situation(
            file.data,
            today=file.today,
            stem=file.stem,
            options=file.options,
            applied=file.applied,
        )
        return [Found(rule.name, problem) for rule, problem in here.found()]

    return found_in


@cache
def examples() -> list[Any]:
    """Give the Bad example and the cases of every rule about one district."""
    examples: list[Any] = []
    for name in NAMES:
        bad = yaml.load(page_of(by_name(name)).bad, CSafeLoader)
        shown = {"archived_students": ["Archive", "Keep"], "phone_types": ["Cell"]}
        on_page = name in {"archived-students-unknown", "label-not-offered"}
        applied = {"deletion_threshold": 20} if name in OVERDUE else {}
        file = File(bad, options=shown if on_page else {}, applied=applied)
        examples.append(pytest.param(name, file, id=f"{name}: its page"))
        for case in yaml.load((CASES / f"{name}.yaml").read_text(), CSafeLoader):
            if case["findings"]:
                known = {"today", "stem", "options", "applied"}
                how = {key: value for key, value in case.items() if key in known}
                file = File(case["district"], **how)
                examples.append(pytest.param(name, file, id=f"{name}: {case['title']}"))
    return examples


def test_every_rule_about_a_district_has_its_hints_here() -> None:
    assert sorted(HINTS) == sorted(NAMES)


@pytest.mark.parametrize(("name", "file"), examples())
def test_a_hint_that_is_followed_ends_the_finding_and_starts_no_other(
    name: str, file: File, look: Look
) -> None:
    before = look(file)
    count = sum(one.rule == name for one in before)
    known = {one.key for one in before}
    for one in (found for found in before if found.rule == name):
        ways = list(follow(file, one))
        assert ways, f"no edit is known for {one.problem.hint!r}"
        for after in ways:
            left = look(after)
            assert sum(other.rule == name for other in left) < count
            new = {other.key for other in left} - known
            assert [rule for rule, _ in new if serious(rule)] == []


@pytest.mark.parametrize(("name", "file"), examples())
def test_following_hints_in_any_order_never_goes_in_a_circle(
    name: str, file: File, look: Look
) -> None:
    assert name in {one.rule for one in look(file)}
    walk(file, look, seen={})


def serious(rule: str) -> bool:
    return by_name(rule).severity is not Severity.INFO


def walk(
    file: File, look: Look, seen: dict[str, bool], path: tuple[str, ...] = ()
) -> None:
    """Follow every hint from a file on; fail where a state comes again on its way."""
    state = file.spell()
    assert not seen.get(state, False), f"a circle: {' > '.join(path)}"
    if state in seen:
        return
    seen[state] = True
    for one in look(file):
        for after in follow(file, one):
            if after.spell() != state:
                walk(after, look, seen, (*path, one.rule))
    seen[state] = False


def some(labels: type[StrEnum]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from([label.value for label in labels]), unique=True)


BOX = st.booleans() | st.none()
PERCENT = st.sampled_from([0, 1, 9, 10, 20, 21, 45, 60, 61, 70, 100])
DAYS = st.sampled_from([SUMMER, {"from": date(2027, 1, 1), "to": date(2027, 1, 31)}])
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "setup_step": st.integers(1, 9),
        "self_check_done": BOX,
        "guardians_from": st.sampled_from(
            ["clever", "guardians_csv", "manual", "none"]
        ),
        "guardians_csv": st.fixed_dictionaries(
            {},
            optional={
                "level": st.sampled_from(["district", "school"]),
                "sync_level": st.sampled_from(["district", "school"]),
                "encoding": st.sampled_from(["UTF-8", "UTF-16", "ISO-8859-1"]),
            },
        ),
        "contact_details_kept_in": st.sampled_from(["clever", "connect"]),
        "clever_shares": st.fixed_dictionaries(
            {},
            optional={
                "contacts": st.booleans(),
                "contact_types": some(ContactType),
                "contact_relationships": some(ContactRelationship),
            },
        ),
        "sections_archived_by_hand": BOX,
        "profile_update_requests": BOX,
        "rollover": DAYS,
        "tried_to_archive": PERCENT,
    },
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "enable_daily_sync": BOX,
        "student_id": st.sampled_from(["STUDENT ID", "STUDENT NUMBER"]),
        "manage_guardians": BOX,
        "unarchive_classrooms": BOX,
        "update_active_users": BOX,
        "contact_types": some(ContactType),
        "contact_relationships": some(ContactRelationship),
        "phone_types": some(PhoneType),
        "deletion_threshold": PERCENT,
        "permissions": some(Permission),
    },
)


@given(FACTS, SETTINGS, st.data())
def test_whatever_a_file_says_its_hints_lead_to_a_clean_one(
    look: Look, facts: dict[str, Any], form: dict[str, Any], data: st.DataObject
) -> None:
    file = File({"facts": facts, "settings": form})
    way: list[tuple[str, str]] = []
    while left := [one for one in look(file) if serious(one.rule)]:
        one = data.draw(st.sampled_from(left))
        way.append((one.rule, file.spell()))
        assert len(way) <= MOST_STEPS, way
        file = data.draw(st.sampled_from(list(follow(file, one))))
