"""What is shared with whom, and what was accepted, for people who answer for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectsync.domain.finding import Severity
from connectsync.domain.fleet_report import (
    AcceptedBy,
    AcceptedException,
    FleetReport,
    ReportedDistrict,
)
from connectsync.domain.live import ExceptionStanding
from connectsync.domain.wording import many
from connectsync.report.audit import STYLES
from connectsync.report.html import render_still_page
from connectsync.values import dataclass

ONCE = "for that run"
NOT_STATED = "not stated"
UNMANAGED = "not managed: as it is on Connect"


@dataclass(frozen=True, slots=True)
class SharedWith:
    """A thing that is shared: what, how it stands, and what that means for people."""

    what: str
    how: str
    means: str = ""


@dataclass(frozen=True, slots=True)
class SharedTopic:
    """A thing that is shared, and each way in which it is, with its districts."""

    what: str
    ways: tuple[tuple[SharedWith, tuple[ReportedDistrict, ...]], ...]


def shared_topics(report: FleetReport) -> list[SharedTopic]:
    """Say topic by topic what files say is shared, the most usual way first."""
    topics = defaultdict[str, dict[SharedWith, list[ReportedDistrict]]](dict)
    for one in report.districts:
        for shared in _shared(one.values):
            topics[shared.what].setdefault(shared, []).append(one)
    return [
        SharedTopic(
            what,
            tuple(
                (way, tuple(found))
                for way, found in sorted(
                    ways.items(), key=lambda each: (-len(each[1]), each[0].how)
                )
            ),
        )
        for what, ways in topics.items()
    ]


_PERMISSIONS = {
    "Permissions Admin": "changes the permissions of staff",
    "Rostering Administrator": "enrolls people, adds staff and guardians",
    "Content Moderator": "sees content that was flagged",
    "Users Manager": "edits active students, staff and guardians",
    "Family Access": "sees families in the directory, and contacts them",
}
"""What staff may do by each permission, in a few words (C5, P1)."""

_HOME = "Home fills a field that is used neither for messages nor for login"
_TEXTED = "is used for texts, calls and login"


def _shared(values: Mapping[str, Any]) -> Iterator[SharedWith]:
    setting = {
        name.rpartition(".")[2]: value
        for name, value in values.items()
        if name.startswith("settings.")
    }
    fact = {
        name.removeprefix("facts."): value
        for name, value in values.items()
        if name.startswith("facts.")
    }
    yield _switch(setting)
    yield SharedWith(
        "How students are identified",
        str(setting.get("student_id", UNMANAGED)),
    )
    yield _from_clever(fact)
    yield _guardians(setting, fact)
    yield _phones(setting.get("phone_types"))
    yield _details(setting)
    yield _custody(fact)
    yield _staff(setting.get("permissions"))


def _switch(setting: Mapping[str, Any]) -> SharedWith:
    on = setting.get("enable_daily_sync")
    if on is None:
        return SharedWith("The nightly sync", UNMANAGED)
    return SharedWith(
        "The nightly sync",
        "on" if on else "off",
        "the roster creates, updates and archives people on Connect every night"
        if on
        else "roster updates do not reach Connect",
    )


def _labels(value: Sequence[str] | None) -> str:
    if value is None:
        return ""
    return ", ".join(value) or "none"


def _from_clever(fact: Mapping[str, Any]) -> SharedWith:
    what = "What the district's sharing rules in Clever let through, as its file notes"
    if fact.get("clever_shares.contacts") is False:
        return SharedWith(what, "no contacts of families")
    parts = [
        f"{noun}: {told}"
        for noun, name in (
            ("types", "contact_types"),
            ("relationships", "contact_relationships"),
        )
        if (told := _labels(fact.get(f"clever_shares.{name}")))
    ]
    if not parts and fact.get("clever_shares.contacts") is None:
        return SharedWith(what, NOT_STATED)
    return SharedWith(what, f"contacts of families; {'; '.join(parts)}".rstrip("; "))


_SOURCES = {
    "clever": "from Clever",
    "guardians_csv": "from a guardians.csv file",
    "manual": "by hand",
    "none": "from nowhere",
}


def _guardians(setting: Mapping[str, Any], fact: Mapping[str, Any]) -> SharedWith:
    what = "Which contacts become guardians on Connect"
    managed = setting.get("manage_guardians")
    if managed is None:
        return SharedWith(what, UNMANAGED)
    if not managed:
        source = _SOURCES.get(str(fact.get("guardians_from")))
        known = f"; guardians come {source}" if source else ""
        return SharedWith(what, f"none by the sync{known}")
    types = _labels(setting.get("contact_types")) or UNMANAGED
    ties = _labels(setting.get("contact_relationships")) or UNMANAGED
    return SharedWith(
        what,
        f"types: {types}; relationships to the student: {ties}",
        "a guardian can be messaged at once, without an invitation",
    )


def _phones(value: Sequence[str] | None) -> SharedWith:
    what = "Which phone number of a contact is taken"
    if value is None:
        return SharedWith(what, UNMANAGED)
    means = [_HOME if one == "Home" else f"{one} {_TEXTED}" for one in value]
    return SharedWith(what, _labels(value), "; ".join(means))


def _details(setting: Mapping[str, Any]) -> SharedWith:
    on = setting.get("update_active_users")
    what = "Who may change contact details of people who have joined"
    if on is None:
        return SharedWith(what, UNMANAGED)
    if on:
        return SharedWith(
            what,
            "the sync alone",
            "their own edits are locked, and their login changes with them",
        )
    return SharedWith(what, "they themselves, and staff who are Users Managers")


def _custody(fact: Mapping[str, Any]) -> SharedWith:
    filtered = fact.get("custody_filtered")
    told = NOT_STATED if filtered is None else "yes" if filtered else "no"
    return SharedWith(
        "Whether the export leaves out parents without rights, as the file notes",
        told,
        "Clever carries no such mark, so Connect cannot tell",
    )


def _staff(value: Sequence[str] | None) -> SharedWith:
    what = "Which permissions the form grants to staff"
    if value is None:
        return SharedWith(what, UNMANAGED)
    known = [f"{one} {_PERMISSIONS[one]}" for one in value if one in _PERMISSIONS]
    said = "; ".join([*known, "to which staff is not published"]) if value else ""
    return SharedWith(what, _labels(value), said)


def by_text(by: AcceptedBy) -> str:
    """Say who accepted something, when, and how that is known."""
    said = " on ".join(filter(None, [by.name, by.on.isoformat() if by.on else ""]))
    if by.how and said:
        return f"{said} ({by.how})"
    return said or by.how or "not known"


def standing_text(one: AcceptedException) -> tuple[str, str]:
    """Give how an exception stands, and the class of that in a page."""
    if one.standing is None:
        return ONCE, "in step"
    if one.until is None:
        return "no end", "info"
    return one.standing.value, STYLES[one.standing].value


def until_text(one: AcceptedException) -> str:
    """Say until when an exception is."""
    return one.until.isoformat() if one.until else standing_text(one)[0]


def _whom(one: AcceptedException, names: Mapping[str, str], most: int) -> str:
    """Name for whom an exception is."""
    called = [names.get(key, key) for key in one.districts]
    return listed(called, most) if called else one.where


MOST_NAMED = 200
"""Districts that are named at a time, at most; the JSON names all."""


def sharing_data(report: FleetReport, most: int = MOST_NAMED) -> dict[str, Any]:
    """Give the topics as plain values, and who is set otherwise on Connect."""
    all_of_them = len(report.districts)
    topics = [
        {
            "what": topic.what,
            "ways": [
                {
                    "how": way.how,
                    "means": way.means,
                    "count": _count(found, all_of_them),
                    "names": _names(found, all_of_them, most),
                }
                for way, found in topic.ways
            ],
        }
        for topic in shared_topics(report)
    ]
    differ = [
        f"{one.name} ({', '.join(move.setting for move in one.moved)})"
        for one in report.districts
        if one.live is not None and one.moved
    ]
    return {"topics": topics, "differ": listed(differ, most)}


def _count(found: Sequence[ReportedDistrict], whole: int) -> str:
    count = many(len(found), "district")
    return f"all {count}" if len(found) == whole > 1 else count


def _names(found: Sequence[ReportedDistrict], whole: int, most: int) -> str:
    """Name districts, where they are not most of several."""
    if whole > 1 and 2 * len(found) > whole:
        return ""
    return listed([one.name for one in found], most)


def listed(words: Sequence[str], most: int) -> str:
    """Name the first of some things, and count the rest."""
    more = len(words) - most
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{', '.join(words[:most])}{rest}"


def accepted_rows(report: FleetReport, most: int = MOST_NAMED) -> list[dict[str, Any]]:
    """Give the exceptions as plain values, those that ask for a look first."""
    order = (
        ExceptionStanding.EXPIRED,
        ExceptionStanding.NO_EFFECT,
        ExceptionStanding.SOON,
        ExceptionStanding.IN_FORCE,
        None,
    )
    names = {one.key: one.name for one in report.districts}
    ordered = sorted(report.accepted, key=lambda one: order.index(one.standing))
    return [
        {
            "kind": one.kind.value,
            "about": one.about,
            "meaning": one.meaning,
            "what": one.what,
            "whom": _whom(one, names, most),
            "reason": one.reason,
            "until": until_text(one),
            "standing": standing_text(one),
            "by": by_text(one.by),
        }
        for one in ordered
    ]


def shared_json(report: FleetReport) -> list[dict[str, Any]]:
    """Give the topics with the keys of all districts."""
    return [
        {
            "what": topic.what,
            "ways": [
                {
                    "how": way.how,
                    "means": way.means,
                    "districts": [one.key for one in found],
                }
                for way, found in topic.ways
            ],
        }
        for topic in shared_topics(report)
    ]


def accepted_json(report: FleetReport) -> list[dict[str, Any]]:
    """Give the exceptions with the keys of all districts."""
    return [
        {
            "kind": one.kind,
            "about": one.about,
            "meaning": one.meaning,
            "what": one.what,
            "districts": list(one.districts),
            "where": one.where,
            "reason": one.reason,
            "until": one.until and one.until.isoformat(),
            "standing": one.standing,
            "by": one.by.name or None,
            "on": one.by.on and one.by.on.isoformat(),
            "how": one.by.how,
        }
        for one in report.accepted
    ]


def files_text(report: FleetReport) -> str:
    """Say which files a report tells of."""
    if not report.commit:
        return "the files as they lie in the project's folder"
    state = "" if report.clean else ", with changes that are not committed"
    return f"commit {report.commit[:9]}{state}"


def live_text(report: FleetReport) -> str:
    """Say whether Connect was read."""
    if not report.is_live:
        return "not read: this tells what the files say"
    left = len(report.unread)
    if not left:
        return f"{report.backend}, read {report.at:%Y-%m-%d %H:%M %Z}"
    return f"{report.backend}; {many(left, 'district')} could not be read"


def pack_html(report: FleetReport) -> str:
    """Write what a privacy officer or a board signs for, as a page to print."""
    rows = accepted_rows(report)
    return render_still_page(
        "pack",
        title="What is shared with whom, and which exceptions stand",
        lead=list(_lead(report)),
        shared=sharing_data(report),
        accepted=[row for row in rows if row["standing"][0] != ONCE],
        guards=[row for row in rows if row["standing"][0] == ONCE],
        about=list(_about(report)),
    )


def _lead(report: FleetReport) -> Iterator[str]:
    standing = [one for one in report.accepted if one.standing is not None]
    ended = sum(one.standing is ExceptionStanding.EXPIRED for one in standing)
    day = f"{report.today:%B} {report.today.day}, {report.today.year}"
    yield f"{many(len(report.districts), 'district')} on {day}."
    stand = many(len(standing), "exception stands", "exceptions stand")
    yield f"{stand}{f', {ended:,} past the last day' if ended else ''}."


def _about(report: FleetReport) -> Iterator[tuple[str, str]]:
    yield "Districts", report.scope
    yield "Files", files_text(report)
    yield "Connect", live_text(report)
    if report.broken:
        yield "Left out", f"{many(len(report.broken), 'file')} with errors"
    if errors := sum(one.worst == Severity.ERROR for one in report.districts):
        yield "Errors", f"{many(errors, 'district')} with findings that are errors"
    yield "Made", f"{report.at:%Y-%m-%d %H:%M %Z} by {report.tool}"
