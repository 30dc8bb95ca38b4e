"""
Golden outputs: one folder per case under ``golden``.

A case holds ``input.json`` and what must come of it: ``plain.txt``, ``colour.txt`` with
escapes spelled ``␛``, so that it is safe to look at, and for some a page in Markdown or
every other format that there is. To add one, add a folder with its input and run once
with ``CONNECTSYNC_GOLDEN=write``; then read what was written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rules_page import rules_page

from connectsync.domain.finding import (
    AllowedFinding,
    Described,
    Finding,
    Place,
    RulePage,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_of_data
from connectsync.report import findings_json, findings_text, rule_text, show_text
from connectsync.report import rule_text as setting_text
from connectsync.report.findings_json import findings_gitlab
from connectsync.report.github import findings_github, findings_markdown, plan_github
from connectsync.report.junit import findings_junit, plan_junit
from connectsync.report.markdown import plan_markdown
from connectsync.report.plan_text import render_plan
from connectsync.report.sarif import findings_sarif

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(GOLDEN.iterdir())


def finding(data: dict[str, Any]) -> Finding:
    return Finding(
        **{
            **data,
            "severity": Severity(data["severity"]),
            "place": Place(**data["place"]),
            "path": tuple(data.get("path", ())),
            "districts": tuple(data.get("districts", ())),
        }
    )


def report(data: dict[str, Any]) -> ValidationReport:
    return ValidationReport(
        data["files"],
        with_fingerprints(map(finding, data["findings"])),
        tuple(
            AllowedFinding(
                finding(each["finding"]),
                each["reason"],
                date.fromisoformat(each["until"]),
            )
            for each in data.get("allowed", ())
        ),
    )


def page(data: dict[str, Any]) -> RulePage:
    return RulePage(**{**data, "severity": Severity(data["severity"])})


def described(data: dict[str, Any]) -> Described:
    lists = {"labels", "examples"} & set(data)
    return Described(**{**data, **{name: tuple(data[name]) for name in lists}})


def findings(case: dict[str, Any], *, colour: bool) -> str:
    return findings_text.render(report(case), colour=colour, width=case["width"])


def rule(case: dict[str, Any], *, colour: bool) -> str:
    return rule_text.explain(page(case["rule"]), colour=colour, width=case["width"])


def rules(case: dict[str, Any], *, colour: bool) -> str:
    pages = map(page, case["rules"])
    return rule_text.list_rules(pages, colour=colour, width=case["width"])


def setting(case: dict[str, Any], *, colour: bool) -> str:
    value = described(case["setting"])
    return setting_text.explain_setting(value, colour=colour, width=case["width"])


def show(case: dict[str, Any], *, colour: bool) -> str:
    rows = [
        show_text.EffectiveValue(tuple(path), value, origin)
        for path, value, origin in case["rows"]
    ]
    return show_text.render(
        rows, unmanaged=case["unmanaged"], colour=colour, width=case["width"]
    )


def plan(case: dict[str, Any], *, colour: bool) -> str:
    return render_plan(plan_of(case), colour=colour, width=case["width"])


def plan_of(case: dict[str, Any]) -> Plan:
    return plan_of_data(case["plan"])


TEXTS: dict[str, Callable[..., str]] = {
    "findings": findings,
    "rule": rule,
    "rules": rules,
    "setting": setting,
    "show": show,
    "plan": plan,
}


def findings_formats(case: dict[str, Any]) -> dict[str, str]:
    found = report(case)
    rules = map(page, case.get("rules", ()))
    files = case.get("files_of_districts", {})
    return {
        "findings.json": findings_json.render(found),
        "findings.sarif": findings_sarif(found, rules, version="1.2.3", files=files),
        "findings.github.txt": findings_github(found),
        "findings.gitlab.json": findings_gitlab(found),
        "findings.junit.xml": findings_junit(found, files.values()),
        "findings.md": findings_markdown(found),
    }


def plan_formats(case: dict[str, Any]) -> dict[str, str]:
    made = plan_of(case)
    return {
        "plan.github.txt": plan_github(made),
        "plan.junit.xml": plan_junit(made),
        "plan.md": plan_markdown(made),
    }


def rules_formats(case: dict[str, Any]) -> dict[str, str]:
    return {"page.md": rules_page(map(page, case["rules"]))}


FORMATS: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "findings": findings_formats,
    "plan": plan_formats,
    "rules": rules_formats,
}


def outputs(case: dict[str, Any]) -> dict[str, str]:
    kind = case["kind"]
    text = TEXTS[kind]
    written = {
        "plain.txt": text(case, colour=False),
        "colour.txt": text(case, colour=True).replace("\x1b", "␛"),
    }
    return written | (FORMATS[kind](case) if kind in FORMATS else {})


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_every_output_is_the_golden_one(folder: Path) -> None:
    case = json.loads((folder / "input.json").read_text("utf-8"))
    for name, text in outputs(case).items():
        if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
            (folder / name).write_text(text, "utf-8")
        assert text == (folder / name).read_text("utf-8"), name


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_colour_changes_nothing_but_colour(folder: Path) -> None:
    colour = (folder / "colour.txt").read_text("utf-8")
    plain = (folder / "plain.txt").read_text("utf-8")
    assert re.sub(r"␛\[[0-9;]*m", "", colour) == plain
