"""What a person clicks on: a list to tick off, and the action plan of an audit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from connectsync.domain.finding import Severity
from connectsync.domain.live import (
    AuditedDistrict,
    AuditFinding,
    AuditReport,
    Click,
    ClickList,
    DistrictClicks,
    ExceptionStanding,
    RuleException,
)
from connectsync.domain.plan import group_of
from connectsync.domain.wording import many
from connectsync.report.audit import STYLES, by_need, needs_text, on_the_page, totals
from connectsync.report.html import (
    COUNTED_SEVERITIES,
    MOST,
    GlancePart,
    GlanceTally,
    TextTable,
    rank_counts,
    read_asset,
    render_page,
    render_template,
    severity_tally,
)
from connectsync.report.markdown import (
    LIMIT,
    Block,
    MarkdownTable,
    code,
    page,
    plain,
    short,
)
from connectsync.report.terminal import inert

BEFORE_ALL = (
    "Work from top to bottom, and change nothing else on the form. If the page shows"
    " another value than the old one here, stop: do not save, and ask for a new list."
)

FIRST = "it is this district, and every control below shows the old value"

AFTERWARDS = (
    "Then say which districts are done: answer the questions of `apply`, or call"
    " `connectsync apply PLAN --confirmed DISTRICT` with the plan beside this list."
)


def title(clicks: ClickList) -> str:
    """Give the heading of the whole list."""
    return f"Click list of {clicks.created:%Y-%m-%d}"


def count_text(clicks: ClickList) -> str:
    """Say how much there is to do."""
    districts, controls = len(clicks.districts), clicks.clicks
    return f"{many(controls, 'change')} on {many(districts, 'district')}."


def last_step(one: DistrictClicks) -> str:
    """Ask for the read-back that a person does."""
    saves = "both saves" if len(one.saves) > 1 else "it"
    return f"open the form again: it shows the new values, so {saves} went through"


def with_effects(save: tuple[Click, ...]) -> Iterator[tuple[Click, str]]:
    """Give each click with what it does to people, said once of several alike."""
    said = ""
    for click in save:
        yield click, "" if click.effect == said else click.effect
        said = click.effect


def footing(clicks: ClickList) -> tuple[str, ...]:
    """Say what the list rests on."""
    oldest = min((one.read_at for one in clicks.districts), default=clicks.created)
    return (
        f"Plan {clicks.plan}",
        f"Live settings of {clicks.backend}, as of {oldest:%Y-%m-%d %H:%M %Z}",
    )


def click_list_html(clicks: ClickList) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    return render_template(
        "click_list",
        style=read_asset("click_list.css"),
        title=title(clicks),
        count=count_text(clicks),
        before_all=BEFORE_ALL,
        path=clicks.path,
        first=FIRST,
        districts=[
            {
                "name": one.name,
                "key": one.district,
                "saves": [list(with_effects(save)) for save in one.saves],
                "last": last_step(one),
            }
            for one in clicks.districts
        ],
        save_button=clicks.save,
        afterwards=AFTERWARDS,
        footing=footing(clicks),
    )


def click_list_markdown(clicks: ClickList) -> str:
    """Write the whole list; whatever came from elsewhere is inert text in it."""
    blocks = [
        f"# {title(clicks)}",
        f"{plain(count_text(clicks))} {BEFORE_ALL}",
        *(
            block
            for one in clicks.districts
            for block in _district_markdown(one, clicks)
        ),
        AFTERWARDS,
        "\n".join(f"- {plain(line)}" for line in footing(clicks)),
    ]
    return "\n\n".join(blocks) + "\n"


def _district_markdown(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
    yield f"## {plain(one.name)} ({plain(one.district)})"
    yield f"Go to {' > '.join(f'**{plain(step)}**' for step in clicks.path)}"
    for number, save in enumerate(one.saves, 1):
        if len(one.saves) > 1:
            yield f"### Save {number} of {len(one.saves)}"
        steps = [FIRST] if number == 1 else []
        steps += [_click(click, effect) for click, effect in with_effects(save)]
        steps.append(f"click **{plain(clicks.save)}**")
        steps += [last_step(one)] if number == len(one.saves) else []
        yield "\n".join(f"- [ ] {step}" for step in steps)


def _click(click: Click, effect: str) -> str:
    control = f"**{plain(click.control)}**"
    if click.option:
        control += f" > **{plain(click.option)}**"
    old, new = plain(click.before), plain(click.after)
    does = f": {plain(effect)}" if effect else ""
    verb, risk = plain(click.verb), click.risk.value
    return f"{verb} {control}: {old} → **{new}**\\\n  {risk}{does}"


_LIVE_SEVERITIES = severity_tally("put these right on the page first")

_FILES = GlanceTally(
    "described",
    {
        "in a file": ("Live, and in a file", "judged with its facts"),
        "in no file": ("Live, and in no file", "facts are not known"),
        "has errors": ("Live, its file has errors", "facts do not count"),
    },
)

_STANDINGS = tuple(ExceptionStanding)


def audit_html(report: AuditReport, *, folder: str, tool: str) -> str:
    """
    Write the page of an audit; whatever came from elsewhere is inert text in it.

    ``folder`` is where the districts' files are, from the project's folder.
    """
    sections = {
        "glance": "At a glance",
        "audited": "Action plan",
        "nofile": "Live, and in no file",
        "notlive": "In a file and not live, or not read",
        "unchecked": "Not checked",
        "exceptions": "Exceptions",
    }
    held = {
        "nofile": report.without_file,
        "notlive": report.not_audited,
        "unchecked": report.unchecked(),
        "exceptions": report.exceptions,
    }
    shown = {name: title for name, title in sections.items() if held.get(name, True)}
    return render_page(
        "audit",
        _audit_data(report, folder),
        title=f"Audit of {report.at:%Y-%m-%d}",
        lead=[f"{totals(report)}."],
        sections=shown | {"about": "About this page"},
        glance=_audit_glance(report, folder),
        path=report.path,
        plain=_plain_audit(report),
        found={},
        about=[
            ("Connect", report.backend, False),
            ("Districts", "all of them" if report.whole else "those named", False),
            ("Read", f"{report.at:%Y-%m-%d %H:%M:%S %Z}", False),
            ("Made by", tool, False),
        ],
    )


def _described(one: AuditedDistrict) -> str:
    if not one.file:
        return "in no file"
    return "in a file" if one.facts else "has errors"


def _audit_glance(report: AuditReport, folder: str) -> dict[str, Any]:
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    by_folder: dict[str, Counter[str]] = defaultdict(Counter)
    for one in report.districts:
        for found in one.findings:
            by_rule[found.rule][found.severity] += 1
            by_folder[group_of(one.file, folder)][found.severity] += 1
    gravest = sorted(by_rule, key=lambda rule: (rank_counts(by_rule[rule]), rule))
    rules = "By rule, the gravest first"
    parts = (
        GlancePart("rule", "Rule", rules, by_rule, gravest, sized=True),
        GlancePart("group", "Folder", "By folder of the file", by_folder, sized=True),
    )[: 2 if len(by_folder) > 1 else 1]
    counts = {severity: report.count(severity) for severity in Severity}
    return {
        "severities": _LIVE_SEVERITIES.tiles(counts),
        "files": _FILES.tiles(Counter(map(_described, report.districts))),
        "tables": [_LIVE_SEVERITIES.table(part) for part in parts if part.counts],
    }


def _audit_data(report: AuditReport, folder: str) -> dict[str, Any]:
    """Give every district once, and what is said of several of them once."""
    texts = TextTable()
    said: dict[AuditFinding, int] = {}

    def numbered(found: AuditFinding) -> int:
        return said.setdefault(found, len(said))

    districts = [
        {
            "key": inert(one.key),
            "name": inert(one.name),
            "file": texts.number(one.file),
            "group": texts.number(group_of(one.file, folder)),
            "described": texts.number(_described(one)),
            "found": [numbered(found) for found in one.findings],
        }
        for one in sorted(report.districts, key=_worst_first)
    ]
    return {
        "severities": list(COUNTED_SEVERITIES),
        "standings": list(_STANDINGS),
        "kinds": [STYLES[standing].value for standing in _STANDINGS],
        "audited": districts,
        "found": [_finding_data(found, report, texts) for found in said],
        "exceptions": [_exception_data(one, texts) for one in report.exceptions],
        "texts": texts.all(),
    }


def _worst_first(one: AuditedDistrict) -> tuple[int, int, str]:
    ranks = [found.severity.rank for found in one.findings]
    worst = min(ranks, default=len(COUNTED_SEVERITIES))
    return worst, -ranks.count(worst), one.key


def _finding_data(
    found: AuditFinding, report: AuditReport, texts: TextTable
) -> list[int]:
    words = (
        found.rule,
        found.message,
        on_the_page(found),
        found.in_file,
        report.affected[found.rule],
        found.hint,
    )
    return [COUNTED_SEVERITIES.index(found.severity), *texts.numbers(words)]


def _exception_data(one: RuleException, texts: TextTable) -> list[int]:
    words = (one.district, one.rule, one.until.isoformat(), one.reason)
    return [_STANDINGS.index(one.standing), *texts.numbers(words)]


def _plain_audit(report: AuditReport) -> dict[str, Any]:
    """Give what stands in tables, with and without scripts, as far as one reads it."""
    plan = [(one, found) for one in report.districts for found in one.findings]
    plan.sort(key=lambda each: each[1].severity.rank)
    tables: dict[str, Sequence[Any]] = {
        "audited": [
            {"district": one.key, "found": found, "page": on_the_page(found)}
            for one, found in plan[:MOST]
        ],
        "nofile": report.without_file[:MOST],
        "notlive": report.not_audited[:MOST],
        "unchecked": [
            {"need": need, "districts": many(len(keys), "district"), "rules": rules}
            for need, (rules, keys) in by_need(report).items()
        ],
        "exceptions": report.exceptions[:MOST],
    }
    whole = {
        "audited": len(plan),
        "nofile": len(report.without_file),
        "notlive": len(report.not_audited),
        "exceptions": len(report.exceptions),
    }
    more = {name: max(0, count - MOST) for name, count in whole.items()}
    return {"tables": tables, "more": more}


def audit_markdown(report: AuditReport) -> str:
    """Give tables; what came from elsewhere is inert in them. Long ones are cut."""
    return page(list(_blocks(report)), limit=LIMIT)


def _blocks(report: AuditReport) -> Iterator[Block]:
    yield f"## Audit of what is live\n\n{plain(totals(report))}."
    plan = [(one, found) for one in report.districts for found in one.findings]
    plan.sort(key=lambda each: each[1].severity.rank)
    if plan:
        yield f"Go to {' > '.join(f'**{plain(step)}**' for step in report.path)}."
        head = ("District", "Finding", "On the page", "What to do")
        rows = (_plan_row(*each) for each in plan)
        yield MarkdownTable("Action plan", head, rows, len(plan), "finding")
    yield from (table for table in _tables(report) if table.count)


def _tables(report: AuditReport) -> Iterator[MarkdownTable]:
    affected, unsure = report.affected, report.unchecked()
    yield MarkdownTable(
        "Who is affected",
        ("Rule", "What it means for people"),
        ((code(rule), plain(said)) for rule, said in affected.items()),
        len(affected),
        "rule",
        folded=True,
    )
    live, left = report.without_file, report.not_audited
    yield MarkdownTable(
        "Live and in no file",
        ("District", "Name"),
        ((code(one.key), short(one.name)) for one in live),
        len(live),
        "district",
    )
    yield MarkdownTable(
        "In a file and not live, or not read",
        ("District", "File", "Why"),
        ((code(one.key), code(one.file), short(one.message)) for one in left),
        len(left),
        "district",
    )
    yield MarkdownTable(
        "Not checked",
        ("Rule", "Why", "Districts"),
        (
            (code(one.rule), plain(needs_text(one.needs)), f"{len(keys):,}")
            for one, keys in unsure.items()
        ),
        len(unsure),
        "rule",
        folded=True,
    )
    yield _exception_table(report.exceptions)


def _exception_table(exceptions: Sequence[RuleException]) -> MarkdownTable:
    rows = (
        (
            code(one.district),
            code(one.rule),
            f"{one.until}, {one.standing}",
            short(one.reason),
        )
        for one in exceptions
    )
    head = ("District", "Rule", "Until", "Reason")
    return MarkdownTable("Exceptions", head, rows, len(exceptions), "exception")


def _plan_row(one: AuditedDistrict, found: AuditFinding) -> tuple[str, ...]:
    said = f"**{found.severity}** {code(found.rule)}: {short(found.message)}"
    # what stands between backquotes in our own words is a command
    hint = "".join(
        code(part) if position % 2 else short(part)
        for position, part in enumerate(found.hint.split("`"))
        if part
    )
    does = "; ".join(filter(None, [short(found.in_file), hint]))
    return code(one.key), said, short(on_the_page(found)), does
