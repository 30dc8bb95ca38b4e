"""Pages of plans and findings, from the command line into a file."""

from __future__ import annotations

from collections.abc import Callable

from console import Console
from web_page import WebPage

Fixture = Callable[[str], Console]


def page(console: Console, name: str) -> WebPage:
    return WebPage((console.folder / name).read_text("utf-8"))


def test_the_page_of_a_plan_names_the_file_it_was_kept_in(valley: Console) -> None:
    said = valley.run(
        "plan", "--out", "kept.json", "--format", "html", "-o", "plan.html"
    )
    assert said.both == (
        "wrote kept.json; next: `connectsync apply kept.json`\nwrote plan.html\n"
    )
    made = page(valley, "plan.html")
    assert "connectsync apply kept.json" in made.shown
    digest = (valley.folder / "kept.json").read_text("utf-8").split('"')[3]
    assert digest in made.shown


def test_the_page_of_a_plan_knows_folders_profiles_and_what_is_in_step(
    valley: Console,
) -> None:
    valley.run("plan", "--format", "html", "-o", "plan.html")
    made = page(valley, "plan.html")
    rows = {row["key"]: row for row in made.data["districts"]}
    texts = made.data["texts"]
    in_step = rows["dry-creek-isd"]
    assert made.data["standings"][in_step["standing"]] == "in step"
    assert in_step["name"] == "Dry Creek Independent School District"
    assert texts[in_step["group"]] == "tx"
    assert [texts[one] for one in in_step["profiles"]] == ["clever-standard"]


def test_the_page_of_a_plan_warns_as_validate_does(valley: Console) -> None:
    valley.replace(
        "districts/ca/lakeview-usd.yaml",
        "deletion_threshold: 15",
        "phone_types: [Home]",
    )
    valley.run("plan", "--format", "html", "-o", "plan.html")
    valley.run("validate", "--format", "html", "-o", "findings.html")
    plan, findings = page(valley, "plan.html"), page(valley, "findings.html")

    def rules(made: WebPage) -> list[str]:
        return [made.data["texts"][one["rule"]] for one in made.data["findings"]]

    assert "home-phone-for-texts" in rules(plan)
    assert rules(plan) == rules(findings)


def test_the_page_of_one_shard_holds_its_share_of_districts_and_findings(
    valley: Console,
) -> None:
    shares = []
    for shard in ("1/2", "2/2"):
        valley.run("plan", "--shard", shard, "--format", "html", "-o", "plan.html")
        made = page(valley, "plan.html")
        shares.append([row["key"] for row in made.data["districts"]])
        assert f"every district of the project, of which shard {shard}" in made.shown
    assert sorted(shares[0] + shares[1]) == [
        "dry-creek-isd",
        "harbor-point-usd",
        "lakeview-usd",
    ]


def test_the_same_files_make_the_same_pages(valley: Console) -> None:
    for command in ("plan", "validate"):
        first = valley.run(command, "--format", "html").out
        assert valley.run(command, "--format", "html").out == first
        assert first.startswith("<!doctype html>\n")


def test_standard_input_makes_a_page_too(copied: Fixture) -> None:
    console = copied("mistakes")
    text = (console.folder / "districts" / "rural.yaml").read_bytes()
    said = console.run("validate", "-", "--format", "html", stdin=text)
    assert "findings" in WebPage(said.out).data


def test_no_page_is_written_over_a_district_file(valley: Console) -> None:
    file = "districts/ca/lakeview-usd.yaml"
    said = valley.run("plan", "--format", "html", "-o", file)
    assert said.status == 64
