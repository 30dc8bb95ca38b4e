"""The whole fleet as one page, and as JSON: `report`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from connectsync.domain.district import stated_types
from connectsync.domain.finding import Severity
from connectsync.domain.fleet_report import (
    NOT_READ,
    DueDate,
    DueKind,
    DueWhen,
    FleetReport,
    ReportedDistrict,
    ReportedRun,
)
from connectsync.domain.plan import group_of
from connectsync.domain.settings import SETTINGS, spell, value_data
from connectsync.domain.wording import many
from connectsync.report.html import (
    FILE_SEVERITIES,
    GlancePart,
    GlanceTally,
    TextTable,
    ValueTable,
    render_page,
)
from connectsync.report.runs_text import kind_of, tally_text
from connectsync.report.sharing import (
    accepted_json,
    accepted_rows,
    files_text,
    listed,
    live_text,
    shared_json,
    sharing_data,
)
from connectsync.report.terminal import Paint, inert
from connectsync.values import dataclass

MOST = 500
"""Rows that a table holds which stands in the page itself."""

_LIVE = GlanceTally(
    "standing",
    {
        "conflict": ("Conflict", "file and Connect both changed"),
        "drift": ("Drift", "changed by hand on Connect"),
        "pending": ("Pending", "the file changed"),
        NOT_READ: ("Not read", "how it stands is not known"),
        "in step": ("In step", "Connect is as the files say"),
    },
)
_APPLIED = GlanceTally(
    "applied",
    {
        "changed since": ("Changed since", "the file changed after the last apply"),
        "never applied": ("Never applied", "the state knows of no apply"),
        "as applied": ("As applied", "the file is as it was last applied"),
    },
)
_WHEN = GlanceTally(
    "when",
    {
        DueWhen.LATE: ("Late", "should be over or put back"),
        DueWhen.NOW: ("Now", "windows that are open today"),
        DueWhen.SOON: ("Within 30 days", "ends, returns or begins"),
        DueWhen.LATER: ("Later", "known already"),
    },
)
_WORST = GlanceTally(
    "worst",
    {**FILE_SEVERITIES.kinds, "none": ("Nothing found", "no rule objects")},
)
_STEPS = (
    "add the app in Clever",
    "sharing rules in Clever",
    "match schools",
    "existing classrooms",
    "sync settings",
    "self-check",
    "enable and launch",
    "check results",
    "clean up",
)
"""The nine setup steps, in a few words (C0)."""

UNSTATED = "not stated"


def fleet_html(report: FleetReport, *, folder: str) -> str:
    """
    Write the page; whatever came from elsewhere is inert text in it.

    ``folder`` is where the districts' files are, from the project's folder.
    """
    tables = {"due": report.due, "runs": report.runs, "accepted": report.accepted}
    return render_page(
        "report",
        _page_data(report, folder),
        title=f"The fleet on {report.today:%B} {report.today.day}, {report.today.year}",
        lead=list(_lead(report)),
        sections={
            name: title for name, title in _TITLES.items() if tables.get(name, True)
        },
        glance=_glance(report, folder),
        live=report.is_live,
        shared=sharing_data(report, _NAMED),
        accepted=accepted_rows(report)[:MOST],
        due=list(map(_due_row, report.due[:MOST])),
        rows=list(map(_plain, report.districts[:MOST])),
        more={
            "rows": max(0, len(report.districts) - MOST),
            "due": max(0, len(report.due) - MOST),
            "accepted": max(0, len(report.accepted) - MOST),
        },
        runs=list(map(_run_row, report.runs[:_RUNS])),
        more_runs=max(0, report.total_runs - _RUNS),
        found={},
        about=list(_about(report)),
    )


_TITLES = {
    "glance": "At a glance",
    "due": "What is late, and what comes",
    "fleet": "Districts",
    "compare": "Two districts side by side",
    "runs": "Last runs",
    "shared": "What is shared with whom",
    "accepted": "Exceptions, and who accepted them",
    "about": "About this page",
}
_NAMED, _RUNS = 20, 20


def _lead(report: FleetReport) -> Iterator[str]:
    yield f"{many(len(report.districts), 'district')}."
    late = sum(len(one.districts) for one in report.due if one.when is DueWhen.LATE)
    yield (
        f"{many(late, 'thing is', 'things are')} late." if late else "Nothing is late."
    )
    if not report.is_live:
        yield "Connect was not read."
        return
    apart = sum(one.standing in {"drift", "conflict"} for one in report.districts)
    were = many(apart, "was", "were") if apart else "None was"
    yield f"{were} changed on Connect by hand."


def _about(report: FleetReport) -> Iterator[tuple[str, str, bool]]:
    yield "Districts", report.scope, False
    yield "Files", files_text(report), False
    if report.broken:
        left = f"{many(len(report.broken), 'file')} with errors: "
        yield "Left out", left + ", ".join(report.broken[:5]), False
    yield "Connect", live_text(report), False
    yield "Runs", many(report.total_runs, "run") + " in the state", False
    yield "Made", f"{report.at:%Y-%m-%d %H:%M:%S %Z}", False
    yield "Made by", report.tool, False


def _tally(report: FleetReport) -> GlanceTally:
    """Count by what is live, or where nothing was read, by what was applied."""
    return _LIVE if report.is_live else _APPLIED


def _standing(one: ReportedDistrict, tally: GlanceTally) -> str:
    return one.standing if tally is _LIVE else one.applied


def step_of(one: ReportedDistrict) -> str:
    """Name the setup step that a district is at."""
    step = one.values.get("facts.setup_step")
    return f"{step} {_STEPS[step - 1]}" if step else UNSTATED


def _glance(report: FleetReport, folder: str) -> dict[str, Any]:
    tally = _tally(report)
    steps, groups, profiles = (defaultdict[str, Counter[str]](Counter) for _ in "123")
    for one in report.districts:
        standing = _standing(one, tally)
        steps[step_of(one)][standing] += 1
        groups[group_of(one.file, folder)][standing] += 1
        for profile in one.values["profiles"] or ("",):
            profiles[profile][standing] += 1
    parts = (
        GlancePart("step", "Setup step", "By setup step", steps, sized=True),
        GlancePart("group", "Folder", "By folder of the file", groups, sized=True),
        GlancePart("profile", "Profile", "By profile", profiles, sized=True),
    )
    standings = Counter(_standing(one, tally) for one in report.districts)
    return {
        "standings": tally.tiles(standings),
        "when": _WHEN.tiles(_days(report)),
        "worst": _WORST.tiles(Counter(one.worst for one in report.districts)),
        "tables": [tally.table(one) for one in parts if set(one.counts) - {""}],
    }


def _days(report: FleetReport) -> Counter[str]:
    """Count days to come, each for every district that has it."""
    counts = Counter[str]()
    for one in report.due:
        counts[one.when] += len(one.districts) or 1
    return counts


_SECTIONS = {
    "settings": "Settings of the form",
    "credentials": "Settings of the form",
    "facts": "Facts",
}
_PLAIN = ("district", "name")
"""What stands above a district's values anyway."""


@dataclass(frozen=True, slots=True)
class _ValueName:
    """A name of a value, what people call it, and its section."""

    name: str
    title: str
    section: str
    setting: str = ""


def _value_names(report: FleetReport) -> list[_ValueName]:
    """Give the names that any district has, the form first, each as it is called."""
    stated = {name for one in report.districts for name in one.values}
    settings = {".".join(one.path): one for one in SETTINGS}
    order = {"Settings of the form": 0, "Facts": 1}
    found = []
    for name in stated_types():
        if name in _PLAIN or (name not in stated and name not in settings):
            continue
        section = _SECTIONS.get(name.partition(".")[0], "About the district")
        setting = settings.get(name)
        called = (
            (setting.page_label, section, setting.name) if setting else (name, section)
        )
        found.append(_ValueName(name, *called))
    return sorted(found, key=lambda one: order.get(one.section, 2))


def _as_people_read(name: str, value: Any) -> Any:
    is_fact = isinstance(value, bool) and name.startswith("facts.")
    return ("no", "yes")[value] if is_fact else value


def _page_data(report: FleetReport, folder: str) -> dict[str, Any]:
    texts, values, names = TextTable(), ValueTable(), _value_names(report)
    by_district = defaultdict[str, list[int]](list)
    for number, one in enumerate(report.due):
        for key in one.districts:
            by_district[key].append(number)
    return {
        "names": [[one.name, one.title, one.section, one.setting] for one in names],
        "severities": list(Severity),
        "fleet": [
            _district_data(one, names, texts, values, folder)
            | ({"due": due} if (due := by_district.get(one.key)) else {})
            for one in report.districts
        ],
        "live": report.is_live,
        "whens": list(DueWhen),
        "kinds": list(DueKind),
        "due": [_due_data(one, texts) for one in report.due],
        "accepted": [
            texts.numbers(
                [
                    *(row["kind"], row["about"], row["meaning"], row["what"]),
                    *(row["whom"], row["reason"], row["until"]),
                    *row["standing"],
                    row["by"],
                ]
            )
            for row in accepted_rows(report)
        ],
        "values": values.all,
        "texts": texts.all(),
    }


def _due_data(one: DueDate, texts: TextTable) -> list[int]:
    return [
        list(DueWhen).index(one.when),
        list(DueKind).index(one.kind),
        *texts.numbers([one.day.isoformat(), one.message, *one.districts]),
    ]


def _district_data(
    one: ReportedDistrict,
    names: Sequence[_ValueName],
    texts: TextTable,
    values: ValueTable,
    folder: str,
) -> dict[str, Any]:
    """Give one district; what is empty is left out."""
    live = one.live
    told: dict[str, Any] = {
        "group": (group := group_of(one.file, folder)) and texts.number(group),
        "error": one.error and texts.number(one.error),
        "rules": texts.numbers(one.rules),
        "counts": [one.findings.get(each, 0) for each in Severity] if one.rules else [],
        "moved": [
            [
                texts.number(move.setting),
                texts.number(move.who),
                *map(values.number, map(value_data, (move.baseline, move.desired))),
                values.number(value_data(move.live)),
            ]
            for move in one.moved
        ],
        "live": live
        and [values.number(live.get(each.setting)) for each in names if each.setting],
        "last": one.last
        and texts.numbers([f"run {one.last.run}", one.last.at, one.last.ending]),
    }
    return {
        "key": inert(one.key),
        "name": inert(one.name),
        "file": inert(one.file),
        "standing": texts.number(one.standing),
        "applied": texts.number(one.applied),
        "step": texts.number(step_of(one)),
        "worst": texts.number(one.worst),
        "values": [
            values.number(_as_people_read(each.name, one.values.get(each.name)))
            for each in names
        ],
    } | {name: value for name, value in told.items() if value not in ("", [], None)}


def _plain(one: ReportedDistrict) -> dict[str, str]:
    sync = one.values.get("settings.enable_daily_sync")
    return {
        "key": one.key,
        "name": one.name,
        "file": one.file,
        "standing": one.error or one.standing,
        "applied": one.applied,
        "step": step_of(one),
        "sync": "not managed" if sync is None else spell(sync),
    }


def _due_row(one: DueDate) -> dict[str, str]:
    return {
        "day": one.day.isoformat(),
        "when": one.when.value,
        "kind": one.kind.value,
        "message": one.message,
        "whom": listed(one.districts, _NAMED) or "every district",
    }


def _run_row(one: ReportedRun) -> dict[str, str]:
    head, tally = one.line.head, one.line.tally
    origin = head.origin
    return {
        "number": f"{head.number}",
        "began": f"{head.began:%Y-%m-%d %H:%M %Z}",
        "kind": kind_of(head),
        "state": head.state.value,
        "ended": tally_text(tally, Paint(colour=False)),
        "by": origin.actor or origin.user or "not known",
        "approved": ", ".join(f"{each.name} ({each.check})" for each in one.approved),
        "from": ", ".join(
            filter(
                None,
                [
                    origin.pull_request and f"pull request {origin.pull_request}",
                    origin.commit and f"commit {origin.commit[:9]}",
                ],
            )
        ),
    }


def fleet_json(report: FleetReport) -> str:
    """Give the report in the shape of ``schema/report.schema.json``."""
    data = {
        "schema": 1,
        "report": "fleet",
        "at": report.at.isoformat(),
        "tool": report.tool,
        "commit": report.commit or None,
        "clean": report.clean,
        "backend": report.backend or None,
        "summary": {
            "districts": len(report.districts),
            "late": sum(one.when is DueWhen.LATE for one in report.due),
            "unread": len(report.unread),
            "files_with_errors": len(report.broken),
            "accepted": len(report.accepted),
            "runs": report.total_runs,
        },
        "districts": [_district_json(one) for one in report.districts],
        "due": [
            {
                "day": one.day.isoformat(),
                "kind": one.kind,
                "when": one.when,
                "message": one.message,
                "districts": list(one.districts),
            }
            for one in report.due
        ],
        "shared": shared_json(report),
        "accepted": accepted_json(report),
        "files_with_errors": list(report.broken),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _district_json(one: ReportedDistrict) -> Mapping[str, Any]:
    return {
        "district": one.key,
        "name": one.name,
        "file": one.file,
        "values": one.values,
        "applied": one.applied,
        "standing": one.standing,
        "error": one.error or None,
        "live": one.live,
        "differs": sorted(move.setting for move in one.moved),
        "last_run": one.last and asdict(one.last),
        "findings": list(one.rules),
    }
