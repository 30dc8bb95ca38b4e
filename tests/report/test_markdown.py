"""Markdown: foreign text stays text, and a page fits without losing count."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from time import process_time

import pytest
from generated_plans import PLANS
from hostile import wicked_plan, wicked_report
from hypothesis import given
from hypothesis import strategies as st
from plan_scenes import planned

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    GuardFinding,
    Place,
    Severity,
    ValidationReport,
)
from connectsync.domain.plan import NotPlanned, Plan
from connectsync.report.github import findings_markdown
from connectsync.report.markdown import (
    LIMIT,
    MarkdownTable,
    code,
    page,
    plain,
    plan_markdown,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Lakeview Unified", "Lakeview Unified"),
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("<b>", "\\<b\\>"),
        ("&lt;", "\\&lt;"),
        ("[a](b)", "\\[a\\](b)"),
        ("@you", "@<!-- -->you"),
        ("#12 GH-12 !12", "\\#<!-- -->12 GH-<!-- -->12 \\!<!-- -->12"),
        ("https://a.test", "https\\://a.test"),
        ("www.a.test", "www\\.a.test"),
        ("a\nb", "a\\\\nb"),
        ("\u202e", "\\\\u202e"),
    ],
)
def test_plain_text_is_only_shown(text: str, written: str) -> None:
    assert plain(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("districts/ca/elm.yaml:4:3", "`districts/ca/elm.yaml:4:3`"),
        ("--accept disruptive=4", "`--accept disruptive=4`"),
        ("a`b", "a\\`b"),
        ("a|b", "a\\|b"),
        (" a", " a"),
        ("", ""),
        ("松.yaml", "松.yaml"),
    ],
)
def test_only_tame_names_are_code(text: str, written: str) -> None:
    assert code(text) == written


def table(rows: int, *, title: str = "Rows") -> MarkdownTable:
    cells = [(f"row {number}", "x" * number) for number in range(rows)]
    return MarkdownTable(title, ("One", "Two"), iter(cells), rows, "row")


TWO = st.tuples(st.integers(0, 30), st.integers(0, 30))


@given(TWO, st.integers(200, 1_500))
def test_a_page_fits_is_cut_between_rows_and_says_what_is_missing(
    counts: tuple[int, int], limit: int
) -> None:
    one, other = counts
    text = page(
        ["# Head", table(one, title="One"), table(other, title="Other"), "tail"],
        limit=limit,
    )
    assert len(text) <= limit
    assert text.startswith("# Head\n\n### One\n\n| One | Two |\n")
    assert text.endswith("\n\ntail\n")
    rows = re.findall(r"^\| row (\d+) \| (x*) \|$", text, re.MULTILINE)
    assert text.count("\n| row ") == len(rows)
    assert all(len(x) == int(number) for number, x in rows)
    left = sum(map(int, re.findall(r"\*Left out here: (\d+) rows?\.\*", text)))
    assert len(rows) + left == one + other


def test_a_page_without_a_limit_holds_everything() -> None:
    assert page([table(300)]).count("\n| row ") == 300


def test_what_cannot_fit_is_refused_and_not_cut_somewhere() -> None:
    with pytest.raises(ValueError, match="40 characters do not hold"):
        page([table(3), "tail"], limit=40)


def test_rows_beyond_the_limit_are_not_even_made() -> None:
    made = []

    def rows() -> object:
        for number in range(1_000_000):
            made.append(number)
            yield (f"row {number}",)

    endless = MarkdownTable("T", ("One",), rows(), 1_000_000, "row", folded=True)  # type: ignore[arg-type]
    text = page([endless], limit=500)
    assert len(made) < 100
    assert text.startswith("<details><summary>T (1,000,000 rows)</summary>\n\n| One |")
    assert text.endswith(" rows.*\n\n</details>\n")


FOUND = Finding(
    "some-rule",
    Severity.WARNING,
    "it is wrong",
    Place("districts/elm.yaml", 4, 3),
    hint="mend it",
    districts=("elm", "oak"),
)
GRAVE = replace(FOUND, severity=Severity.ERROR, place=Place("z.yaml", 9, 1), hint="")
ALLOWED = AllowedFinding(GRAVE, "landlines only", date(2027, 6, 30))


def test_findings_are_counted_and_the_gravest_come_first() -> None:
    assert findings_markdown(ValidationReport(3, (FOUND, GRAVE), (ALLOWED,))) == (
        """\
## connectsync validate

**3 files: 1 error, 1 warning, 1 allowed**

### Findings

| Severity | Where | Rule | What |
| --- | --- | --- | --- |
| error | `z.yaml:9:1` | `some-rule` | it is wrong<br>*reaches* 2 districts: elm, oak |
| warning | `districts/elm.yaml:4:3` | `some-rule` | it is wrong<br>*help:* mend it\
<br>*reaches* 2 districts: elm, oak |

<details><summary>Allowed (1 finding)</summary>

| Rule | Where | What | Why | Until |
| --- | --- | --- | --- | --- |
| `some-rule` | `z.yaml:9:1` | it is wrong | landlines only | 2027-06-30 |

</details>
"""
    )


def test_no_findings_are_two_lines() -> None:
    assert findings_markdown(ValidationReport(3)) == (
        "## connectsync validate\n\n**3 files, no findings**\n"
    )


def test_many_findings_are_folded_and_few_are_not() -> None:
    few = ValidationReport(1, (FOUND,) * 20)
    assert "### Findings" in findings_markdown(few)
    many = ValidationReport(1, (FOUND,) * 21)
    assert "<summary>Findings (21 findings)</summary>" in findings_markdown(many)


PLAN = planned(
    {
        "districts": 7,
        "live": {"enable_daily_sync": True, "phone_types": ["Home"]},
        "desired": {"phone_types": ["Cell"], "enable_daily_sync": False},
    }
)


def test_a_change_that_districts_share_is_one_row_the_gravest_first() -> None:
    text = plan_markdown(PLAN)
    shared = text.partition("### Changes\n\n")[2].partition("\n\n")[0].split("\n")[2:]
    assert [row.split(" | ")[:3] for row in shared] == [
        ["| disruptive", "`phone_types`", "- Home"],
        ["| disruptive", "`phone_types`", "+ Cell"],
        ["| caution", "`enable_daily_sync`", "\\~ on → off"],
    ]
    for row in shared:
        assert row.endswith("| 7: `d0`, `d1`, `d2`, `d3`, `d4` and 2 more |")


def test_every_change_of_every_district_stands_below_save_by_save() -> None:
    text = plan_markdown(PLAN)
    folded = text.partition("<summary>District by district (21 changes)</summary>")[2]
    rows = [row for row in folded.split("\n") if row.startswith("| `d3`")]
    assert [row.split(" | ")[2:5] for row in rows] == [
        ["1 of 2", "`enable_daily_sync`", "\\~ on → off"],
        ["2 of 2", "`phone_types`", "- Home"],
        ["2 of 2", "`phone_types`", "+ Cell"],
    ]


def test_one_district_needs_no_second_table() -> None:
    one = replace(PLAN, districts=PLAN.districts[:1])
    assert "District by district" not in plan_markdown(one)


def test_what_must_be_accepted_is_spelled_as_it_must_be_given() -> None:
    assert "<br>\napply needs `--accept disruptive=14`\n" in plan_markdown(PLAN)


def test_a_plan_says_what_was_not_read_and_what_a_person_changed() -> None:
    failed = NotPlanned("elm", "districts/elm.yaml", "no answer", "try again")
    move = Movement("phone_types", MovedBy.THEM, None, None, frozenset(["Home"]))
    district = replace(PLAN.districts[0], drift=(move,))
    text = plan_markdown(replace(PLAN, districts=(district,), failed=(failed,)))
    why = "no answer<br>*help:* try again"
    assert f"| `elm` | `districts/elm.yaml` | {why} |" in text
    assert "| `d0` | `phone_types` | (empty) | Home |" in text


def test_a_command_of_ours_is_shown_as_it_is_typed_and_none_of_others() -> None:
    command = "run `connectsync rules`"
    of_others = replace(FOUND, message=command, hint=command)
    said = findings_markdown(ValidationReport(1, (of_others,)))
    assert said.count(r"\x60connectsync rules") == 1
    assert r"*help:* run \`connectsync rules\`" in said
    failed = NotPlanned("elm", "districts/elm.yaml", "no answer", command)
    guard = replace(PLAN.guards[0], hint=command)
    text = plan_markdown(replace(PLAN, failed=(failed,), guards=(guard,)))
    assert text.count(r"*help:* run \`connectsync rules\`") == 2
    assert "x60" not in text


def test_a_token_that_is_typed_is_told_among_the_changes() -> None:
    district = PLAN.districts[0]
    saves = (replace(district.saves[0], set_token=True), *district.saves[1:])
    one = replace(PLAN, districts=(replace(district, saves=saves), *PLAN.districts[1:]))
    text = plan_markdown(one)
    assert "|  |  | \\* the OAuth token is typed |  | `d0` |" in text
    assert "| 1 of 2 |  | \\* the OAuth token is typed |  |" in text


def test_what_a_change_did_not_cause_is_told_apart() -> None:
    move = Movement("phone_types", MovedBy.THEM, None, None, frozenset(["Home"]))
    left = (DistrictDrift("elm", "districts/elm.yaml", (move,), applied=True),)
    text = plan_markdown(replace(PLAN, since="0123456789abcdef", left_alone=left))
    assert "<br>\nonly what the files changed since 0123456789ab<br>" in text
    folded = text.partition("so left alone (1 setting)</summary>")[2]
    assert "| `elm` | `phone_types` | changed by hand on Connect |" in folded


def test_nothing_to_do_is_said_in_a_line() -> None:
    text = plan_markdown(replace(PLAN, districts=(), guards=(), in_step=("a", "b")))
    assert "**Nothing to do: 2 districts in step with Connect**" in text
    assert "|" not in text


def test_a_run_that_is_taken_back_is_named() -> None:
    assert "this undoes run 7" in plan_markdown(replace(PLAN, rollback_of=7))


@given(PLANS, st.integers(2_000, 6_000))
def test_every_plan_fits(plan: Plan, limit: int) -> None:
    whole = plan_markdown(plan)
    text = plan_markdown(plan, limit=limit)
    assert len(text) <= limit
    if "Left out here" not in text:
        assert text == whole
    else:
        assert len(whole) > limit - 300  # there is room to say what is left out


def later(text: str, district: str = "") -> GuardFinding:
    return GuardFinding("later", Severity.WARNING, text, "look", district)


def test_no_objection_is_cut_for_its_author_chooses_what_comes_last() -> None:
    told = "; ".join([*(f"period {number}" for number in range(200)), "the freeze"])
    text = plan_markdown(replace(PLAN, guards=(later(told),)), limit=LIMIT)
    assert "the freeze" in text


def test_objections_of_the_author_take_no_room_from_what_changes() -> None:
    """Whoever wrote the files could fill the page up to the last sign."""
    whole = plan_markdown(replace(PLAN, guards=()))
    changes = whole.partition("### Changes")[2].partition("\n\n")[2]
    told = changes.partition("\n\n")[0]
    for size in range(600, 700, 7):
        every = tuple(later(f"{number:03}" + "x" * size) for number in range(100))
        text = plan_markdown(replace(PLAN, guards=every), limit=20_000)
        assert told in text
        left = text.index("different objections. See the whole plan before you approve")
        assert left < text.index("<details><summary>Guards (100 different objections)")


def test_a_row_too_long_for_the_page_hides_none_of_those_behind_it() -> None:
    long = GuardFinding("later", Severity.ERROR, "x" * 30_000, "look", "")
    plan = replace(PLAN, guards=(long, later("what counts")))
    text = plan_markdown(plan, limit=20_000)
    assert "what counts" in text
    assert "**Left out here: 1 different objection." in text


def test_the_gravest_objections_come_first() -> None:
    grave = GuardFinding("cut", Severity.ERROR, "cuts", "ask", "", "disruptive")
    text = plan_markdown(replace(PLAN, guards=(later("a warning"), grave)))
    assert text.index("`cut`") < text.index("a warning")


def test_a_hostile_fleet_fits_as_well() -> None:
    for limit in (3_000, LIMIT):
        assert len(plan_markdown(wicked_plan(), limit=limit)) <= limit
        assert len(findings_markdown(wicked_report(), limit=limit)) <= limit


def test_a_plan_for_the_whole_country_fits_into_one_comment() -> None:
    one = PLAN.districts[0]
    districts = tuple(
        replace(one, district=f"d{number}", file=f"districts/d{number}.yaml")
        for number in range(13_318)
    )
    country = replace(PLAN, districts=districts)
    began = process_time()
    text = plan_markdown(country, limit=LIMIT)
    assert process_time() - began < 2
    assert len(text) <= LIMIT
    assert "**13,318 districts: 13,318 to change, 0 in step**" in text
    rows = text.count("\n| `d")
    (left,) = re.findall(r"\*Left out here: ([\d,]+) changes\.\*", text)
    assert rows + int(left.replace(",", "")) == 3 * 13_318


def test_what_guards_say_of_a_whole_country_hides_no_change() -> None:
    """Of a change to a profile they say the same of every district."""
    one = PLAN.districts[0]
    keys = [f"d{number}" for number in range(13_318)]
    guards = tuple(
        GuardFinding(rule, Severity.ERROR, f"{rule} says so", "ask", district=key)
        for key in keys
        for rule in ("phone-type-changed-on-running-sync", "logins-overwritten")
    )
    districts = tuple(replace(one, district=key) for key in keys)
    text = plan_markdown(
        replace(PLAN, districts=districts, guards=guards), limit=63_000
    )
    assert len(text) <= 63_000
    for title in ("Guards", "Changes"):
        part = re.split(r"\n\n(?=#|<details>)", text.partition(f"### {title}\n")[2])[0]
        assert "Left out here" not in part
        assert "| 13,318: `d0`, `d1`, `d2`, `d3`, `d4` and 13,313 more |" in part
    kinds = {(change.change, change.risk) for change in one.changes()}
    changes = text.partition("### Changes\n")[2].partition("\n\n<details>")[0]
    assert changes.count("13,318: ") == len(kinds)
