"""Expressions over districts: what they choose, and what is said of their mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectsync.cli.asked import known_words
from connectsync.errors import UsageError
from connectsync.operations import query

ELM: dict[str, Any] = {
    "district": "elm",
    "name": "Elm",
    "labels": ["pilot"],
    "profiles": ["standard"],
    "allow.rules": [],
    "settings.phone_types": ["Cell", "Home"],
    "settings.enable_daily_sync": True,
    "settings.deletion_threshold": 15,
    "facts.setup_step": 9,
    "facts.rollover.from": "2027-06-01",
}
OAK: dict[str, Any] = {
    "district": "oak",
    "name": "Oak",
    "labels": [],
    "profiles": [],
    "allow.rules": [],
}
BOTH = (ELM, OAK)


def compiled(text: str, *, live: bool = False) -> query.Expression:
    known = known_words(
        BOTH, profiles=["standard"], rules=["sync-before-setup"], recorded={}
    )
    return query.compile_expression(text, live=live, known=known)


def chosen(text: str, rows: Sequence[dict[str, Any]] = BOTH) -> list[str]:
    return [one["district"] for one in compiled(text).choose(rows)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('"Home" in settings.phone_types', ["elm"]),
        ('settings.phone_types == ["Cell", "Home"]', ["elm"]),
        ("settings.deletion_threshold < 20 && facts.setup_step >= 8", ["elm"]),
        ("facts.setup_step == null", ["oak"]),
        ("facts.setup_step == null || facts.setup_step < 9", ["oak"]),
        ('!("pilot" in labels)', ["oak"]),
        ('"standard" in profiles', ["elm"]),
        ('facts.rollover.from < "2027-07-01"', ["elm"]),
        ('name.startsWith("O") || district.matches("^e")', ["elm", "oak"]),
        ("settings.enable_daily_sync", ["elm"]),
        ("size(labels) == 0", ["oak"]),
        ('labels.exists(one, one == "pilot")', ["elm"]),
    ],
)
def test_an_expression_chooses_districts(text: str, keys: list[str]) -> None:
    assert chosen(text) == keys


@pytest.mark.parametrize(
    "text",
    [
        'settings.phone_types == ["Home", "Cell"]',
        "['Home', \"Cell\"] == settings.phone_types",
        'settings.phone_types != ["Home", "Cell"] || district == "elm"',
    ],
)
def test_the_order_of_labels_means_nothing(text: str) -> None:
    assert chosen(text, [ELM]) == ["elm"]


@pytest.mark.parametrize(
    "text", ["facts.setup_step > 3", "!(facts.setup_step > 3)", "facts.setup_step < 3"]
)
def test_a_district_that_does_not_state_a_value_is_not_chosen_and_counted(
    text: str,
) -> None:
    expression = compiled(text)
    assert expression.choose([OAK]) == []
    assert expression.lacking == {"facts.setup_step": 1}


MISTAKES = [
    (
        'settings.phone_typs == ["Home"]',
        "there is no 'settings.phone_typs'",
        "settings.phone_typs",
        "did you mean 'settings.phone_types'?",
    ),
    (
        'district == "elm" && phone_types == []',
        "there is no 'phone_types'",
        "phone_types",
        "did you mean 'settings.phone_types'?",
    ),
    (
        'state == "pending"',
        "there is no 'state'",
        "state",
        "name a value below it, such as 'state.applied'",
    ),
    (
        "live.phone_types == []",
        "there is no 'live.phone_types'",
        "live.phone_types",
        "names that begin with live. need --live",
    ),
    (
        'settings.phone_types == ["Hme"]',
        "there is no value of settings.phone_types 'Hme'",
        '"Hme"',
        "did you mean 'Home'?",
    ),
    (
        '"pilt" in labels',
        "there is no label 'pilt'",
        '"pilt"',
        "did you mean 'pilot'?",
    ),
    (
        'district in ["elm", "oaks"]',
        "there is no district 'oaks'",
        '"oaks"',
        "did you mean 'oak'?",
    ),
    (
        '"standrd" in profiles',
        "there is no profile 'standrd'",
        '"standrd"',
        "did you mean 'standard'?",
    ),
    (
        '"sync-before-setp" in findings',
        "there is no rule 'sync-before-setp'",
        '"sync-before-setp"',
        "did you mean 'sync-before-setup'?",
    ),
    (
        'state.standing == "pendin"',
        "there is no value of state.standing 'pendin'",
        '"pendin"',
        "did you mean 'pending'?",
    ),
    (
        'settings.phone_types == "Home"',
        "== does not take a list and text",
        "=",
        'write "WORD" in NAME, or NAME == ["WORD"]',
    ),
    (
        'district = "elm"',
        "a single = is no comparison",
        "=",
        "write == for equal, != for not equal",
    ),
    (
        'district == "elm" and true',
        "'and' is no sign",
        "and",
        "write && for and, || for or, ! for not",
    ),
    (
        'district.startWith("e")',
        "there is no 'startWith'",
        "startWith",
        "did you mean 'startsWith'?",
    ),
    ("has(settings.phone_types)", "there is no has() here", "has", "!= null"),
    (
        'settings.deletion_threshold > "10"',
        "> does not take a number and text",
        ">",
        "write a number without quotes",
    ),
    (
        'allow.until > "2027-02-30"',
        "allow.until holds days, and '2027-02-30' is none",
        '"2027-02-30"',
        'write a day as "2027-06-30"',
    ),
    (
        '"June" >= facts.rollover.to',
        "facts.rollover.to holds days, and 'June' is none",
        '"June"',
        'write a day as "2027-06-30"',
    ),
]


@pytest.mark.parametrize(("text", "why", "under", "remedy"), MISTAKES)
def test_a_mistake_is_a_sentence_with_a_caret_under_the_place(
    text: str, why: str, under: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(text)
    said, shown, caret = caught.value.message.split("\n")
    assert said == f"--where: {why}"
    assert shown.strip() == text
    assert shown[caret.index("^") :].startswith(under)
    assert caret.count("^") == len(under)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 1_000_000, "1,000,000 characters; 4,000 is the limit"),
        ("[" * 400 + "]" * 400 + " == []", "nested too deeply"),
        ("+".join("1" * 1500) + " == 1", "nested too deeply"),
        ("", "is empty"),
        ("   ", "is empty"),
        ("findings.warnings > 0", "a list stands before the dot, and has no parts"),
        ("district.name == 'x'", "text stands before the dot"),
        ("district ==", "ends too early"),
        ("district", "gives text, not true or false"),
        ("1 + 1", "gives a number, not true or false"),
        ("(" * 10, "ends too early"),
        ("\0", "cannot stand here"),
    ],
)
def test_an_expression_that_is_none_is_refused_in_a_sentence(
    text: str, why: str
) -> None:
    with pytest.raises(UsageError, match="--where") as caught:
        compiled(text)
    assert why in caught.value.message
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('name.matches("(")', "backslash"),
        ("1 / (size(labels) - size(labels)) == 1", "without a calculation"),
        ("9223372036854775807 + size(district) > 0", "without a calculation"),
    ],
)
def test_what_cannot_be_worked_out_has_a_way_out_of_its_own(
    text: str, remedy: str
) -> None:
    with pytest.raises(UsageError, match="has no answer for the district") as caught:
        compiled(text).choose(BOTH)
    assert remedy in caught.value.remedy


def test_an_expression_that_loops_without_end_is_refused() -> None:
    row = {**ELM, "labels": [f"label-{number}" for number in range(40)]}
    loops = (
        "labels.all(a, labels.all(b, labels.all(c, labels.all(d, c != '' && d != ''))))"
    )
    with pytest.raises(UsageError, match="takes too long"):
        compiled(loops).choose([row])


DOUBLED = "labels" + ".map(a, a + a)" * 12 + " != labels"


@pytest.mark.parametrize(
    ("text", "why", "under"),
    [
        (DOUBLED, "there is no map() here", "map"),
        ('r"\\" == name || labels.map(a, a) == labels', "there is no map()", "map"),
        ("labels.exists(a, name + a == name)", "a + adds numbers here", "+"),
        ("errors > 1 && size(labels + labels) > 1", "a + adds numbers here", "+"),
        ("name != null && labels.all(a, name + name != a)", "a + adds", "+"),
        ("size(labels.filter(a, a != name) + labels) > 1", "a + adds", "+"),
        ("labels.exists(filter, [filter] + labels == [])", "a + adds", "+"),
        ("labels.map//\n(a, a) == labels", "there are no comments here", "/"),
        ('name == """a""" + name', "a text stands between two quotes", '"'),
        (
            f"labels.all(a, labels.all(b, size([{'1, ' * 300}1]) > 1))",
            "there are 200 commas at most",
            ",",
        ),
    ],
)
def test_what_takes_memory_without_end_is_refused_before_a_district_is_looked_at(
    text: str, why: str, under: str
) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(text)
    said, *below = caught.value.message.split("\n")
    assert why in said
    shown, caret = below[-2:] if "\n" not in text else below[:2]
    assert shown[caret.index("^") :].startswith(under)


@pytest.mark.parametrize(
    "text",
    [
        "size(labels.filter(a, a == 'pilot')) + 1 > 1",
        "facts.setup_step != null && facts.setup_step + errors > 1",
        "labels.exists(a, a.matches(r'^pi\\w+$') && 'http://x' != a)",
        f"district in [{','.join(map(repr, 'abc' * 100))}] || size(labels) == 1",
    ],
)
def test_numbers_are_added_and_long_lists_looked_into(text: str) -> None:
    rows = [{**ELM, "errors": 1}]
    program = query.compile_expression(text, live=False, known={})
    assert program.choose(rows) == rows


THREE_PATTERNS = [f"name.matches('{'[^a]*' * 9}')"] * 3


@pytest.mark.parametrize(
    ("text", "under"),
    [
        ("labels.all(a, name.matches('(x{1,50}){1,20}y'))", "'(x{1,50}){1,20}y'"),
        (r"labels.all(a, matches(name, r'(\pL|x)y'))", r"r'(\pL|x)y'"),
        ("labels.all(a, name.matches(a))", "a"),
        ("labels.all(a, name.matches(size(a) > 1 ? 'x' : 'y'))", "'y'"),
        (f"labels.all(a, name.matches('{'(.*x)*' * 17}'))", "'(.*x)*"),
        (f"labels.all(a, {' || '.join(THREE_PATTERNS)})", "'[^a]*"),
    ],
)
def test_a_pattern_that_takes_a_minute_in_a_loop_is_refused_at_once(
    text: str, under: str
) -> None:
    with pytest.raises(UsageError, match="beside exists") as caught:
        compiled(text)
    _, shown, caret = caught.value.message.split("\n")
    assert shown[caret.index("^") :].startswith(under[: caret.count("^")])


@pytest.mark.parametrize(
    "text",
    [
        "name.matches('^(x{1,50}){0,20}.*$') && size(labels) == 1",
        "labels.exists(a, a.matches('^p') || matches(a, '^q') || name.matches('^E'))",
    ],
)
def test_patterns_out_of_loops_and_short_ones_are_taken(text: str) -> None:
    assert compiled(text).choose([ELM]) == [ELM]


def test_all_districts_together_get_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_SECONDS", -1.0)
    with pytest.raises(UsageError, match="takes too long"):
        compiled("true").choose(BOTH)


def test_what_has_no_answer_names_the_district() -> None:
    with pytest.raises(UsageError, match="no answer for the district elm: divide"):
        compiled("1 / 0 == size(labels)").choose([ELM])


def test_a_long_expression_is_shown_around_its_mistake() -> None:
    text = "facts.setup_step > 3 && " * 20 + "setings.phone_types == []"
    with pytest.raises(UsageError) as caught:
        compiled(text)
    _, shown, caret = caught.value.message.split("\n")
    assert len(shown) < 76
    assert shown[caret.index("^") :].startswith("setings.phone_types")


def test_every_setting_and_fact_has_a_name_and_a_type() -> None:
    types = query.names()
    assert types["settings.phone_types"] == "list(string)"
    assert types["settings.deletion_threshold"] == "int"
    assert types["facts.clever_shares.contacts"] == "bool"
    assert types["facts.rollover.from"] == "string"
    assert "live.phone_types" in query.names(live=True)
