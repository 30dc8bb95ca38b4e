from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.document import read_document
from connectsync.config.edit import canonical
from connectsync.config.schemas import render_district, schema, spell_scalar
from connectsync.config.source import INVISIBLE
from connectsync.domain import district as values
from connectsync.providers import clever as form

TEXT = st.text(st.characters(codec="utf-8"), max_size=20).filter(
    lambda text: not INVISIBLE.search(text)
)
TRICKY = st.sampled_from(
    (
        *("", " ", "yes", "NO", "null", "~", "0123", "1e5", "0x1F", "12:30", "a: b"),
        *("a #b", "- a", "[a]", "{a}", "*a", "&a", "!a", "|", "'", '"', "a\nb", "a\tb"),
        *("%", "@", "2027-06-15", "a,b", "St. John's", "true", ".inf", "---", "..."),
        *("\\n", "a ", "é", "\u00a0", "🎒", "=", "<<", "?", "? a", ":", "a:", ":a"),
        *("env:A", "#"),
    )
)
LABEL = TEXT | TRICKY
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | LABEL,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(LABEL, inner, max_size=3)
    ),
    max_leaves=8,
)


def _labels(labels: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([label.value for label in labels]), unique=True)


DISTRICTS = st.fixed_dictionaries(
    {"schema": st.just(1), "district": st.just("x"), "name": LABEL},
    optional={
        "profile": st.lists(LABEL, max_size=2) | LABEL,
        "credentials": st.fixed_dictionaries({"district_id": LABEL}),
        "facts": st.fixed_dictionaries(
            {"guardians_from": st.sampled_from(list(map(str, values.GuardiansFrom)))},
            optional={"rollover": st.just({"from": "2027-06-15", "to": "2027-08-20"})},
        ),
        "settings": st.fixed_dictionaries(
            {},
            optional={
                "archived_students": LABEL | st.none(),
                "contact_types": _labels(form.ContactType),
                "enable_daily_sync": st.booleans(),
                "deletion_threshold": st.integers(0, 100),
            },
        ),
        "allow": st.lists(st.fixed_dictionaries({"rule": LABEL, "reason": LABEL})),
    },
)


def _loaded(text: str) -> Any:
    reading = read_document("f", text.encode())
    assert reading.findings == (), text
    assert reading.document is not None
    return reading.document.data


@given(DISTRICTS)
def test_what_is_written_reads_back_as_the_same(data: dict[str, Any]) -> None:
    assert _loaded(render_district(data)) == data


@given(st.dictionaries(LABEL, JSON, min_size=1, max_size=4))
def test_any_data_reads_back_as_the_same(data: dict[str, Any]) -> None:
    assert _loaded(render_district(data)) == data


@given(LABEL)
def test_a_spelled_scalar_reads_back_as_the_same(text: str) -> None:
    assert _loaded(f"a: {spell_scalar(text)}\n") == {"a": text}


@given(DISTRICTS)
def test_what_is_written_is_in_canonical_order(data: dict[str, Any]) -> None:
    text = render_district(data)
    assert canonical(text) == text
    known = list(schema("district")["properties"])
    assert list(_loaded(text)) == [key for key in known if key in data]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (None, "null"),
        (True, "true"),
        (15, "15"),
        (1.5, "1.5"),
        ("Parent/Guardian", "Parent/Guardian"),
        ("58da8a43cc70ab00017a1a87", "58da8a43cc70ab00017a1a87"),
        ("env:LAKEVIEW_TOKEN", "env:LAKEVIEW_TOKEN"),
        ("2027-06-15", "2027-06-15"),
        ("St. John's Unified", "St. John's Unified"),
        ("0123", '"0123"'),
        ("yes", '"yes"'),
        ("a: b", '"a: b"'),
        ("", '""'),
        ("a\u2028b", '"a\\u2028b"'),
    ],
)
def test_quotes_are_written_only_where_they_are_needed(
    value: str | float | None, spelled: str
) -> None:
    assert spell_scalar(value) == spelled


def test_other_readers_of_yaml_take_no_label_for_a_boolean() -> None:
    labels = ["yes", "No", "ON", "off", "y", "n", "true", "null", "1_000"]
    text = render_district({"settings": {"permissions": labels}})
    assert yaml.safe_load(text)["settings"]["permissions"][:8] == labels[:8]


def test_a_profile_is_written_in_its_own_order() -> None:
    text = render_district(
        {"settings": {}, "description": "d", "schema": 1}, name="profile"
    )
    assert text == "schema: 1\ndescription: d\nsettings: {}\n"
