"""The quick look at a page of users says nothing that the strict one would not say."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectsync.errors import Unreachable
from connectsync.roster import clever_pages
from connectsync.roster.clever import PEOPLE
from connectsync.roster.clever_pages import UserPage, page_of

ASKED = httpx2.URL("https://api.clever.com/v3.1/users")
TOKEN = "made-up-token-of-a-district"  # noqa: S105 - made up

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 9),
    st.just(""),
    st.sampled_from(["Parent", "5fac01", "b a", TOKEN, TOKEN.upper()]),
    st.lists(st.sampled_from(["s1", TOKEN, 3, None, {}, []]), max_size=2),
    st.dictionaries(st.sampled_from(["first", "type"]), st.just("x"), max_size=1),
)
links = st.lists(
    st.one_of(
        odd,
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("student", "type", "relationship"), odd)
        ),
    ),
    max_size=2,
)
roles = st.one_of(
    odd,
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(
                ("sis_id", "student_number", "school", "schools", "phone"), odd
            ),
            "phone_type": odd,
            "student_relationships": st.one_of(odd, links),
        },
    ),
)
users = st.fixed_dictionaries(
    {"id": st.one_of(st.just("5fac01"), odd)},
    optional={
        "email": odd,
        "name": st.one_of(
            odd, st.fixed_dictionaries({}, optional={"first": odd, "last": odd})
        ),
        "roles": st.dictionaries(st.sampled_from(sorted(PEOPLE)), roles, max_size=3),
    },
)
rows = st.one_of(odd, st.fixed_dictionaries({"data": st.one_of(odd, users)}))


def told_of(rows: Any, role: str) -> UserPage | str:
    """Give what comes of a page, or what is said of it."""
    content = json.dumps({"data": rows, "links": []}).encode()
    try:
        return page_of(content, role, TOKEN, ASKED)
    except Unreachable as error:
        return error.message


@settings(max_examples=300)
@given(st.one_of(odd, st.lists(rows, max_size=3)), st.sampled_from(sorted(PEOPLE)))
def test_a_page_comes_to_the_same_where_everyone_is_looked_at_strictly(
    rows: Any, role: str
) -> None:
    quick = told_of(rows, role)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clever_pages, "_is_usual", lambda *_: False)
        assert told_of(rows, role) == quick


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("student", {"school": TOKEN.upper()}),
        ("student", {"schools": [TOKEN.upper()]}),
        ("contact", {"phone_type": TOKEN.upper()}),
        ("contact", {"student_relationships": [{"type": TOKEN.upper()}]}),
        ("contact", {"student_relationships": [{"relationship": TOKEN.upper()}]}),
    ],
)
def test_a_token_in_a_word_that_may_be_shown_is_found_in_other_spellings(
    role: str, told: Any
) -> None:
    page = told_of([{"data": {"id": "5fac01", "roles": {role: told}}}], role)
    assert page == "Clever's answer is not understood: it repeats the token"


def test_who_is_as_usual_is_not_looked_at_strictly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    plain = clever_pages._insist_user  # noqa: SLF001 - counted

    def insist(row: object, role: str) -> dict[str, object]:
        asked.append(row)
        return plain(row, role)

    monkeypatch.setattr(clever_pages, "_insist_user", insist)
    told = {
        "student": {"sis_id": "1", "school": "s1", "schools": ["s1"]},
        "contact": {
            "phone": "(200) 555-0100",
            "phone_type": "Cell",
            "student_relationships": [
                {"student": "5fac02", "type": "Family", "relationship": "Parent"}
            ],
        },
        "teacher": {"schools": ["s1"]},
        "staff": {"title": "Nurse"},
    }
    for role, what in told.items():
        user = {"id": "5fac01", "email": "", "name": {"first": "A"}}
        usual = {"data": {**user, "roles": {role: what}}}
        odd = {"data": {**user, "email": 7, "roles": {role: what}}}
        page = told_of([usual, odd], role)
        assert isinstance(page, UserPage)
        assert page.count == 2
        assert asked.pop() == odd
        assert asked == []
