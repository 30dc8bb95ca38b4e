"""Check a document against its schema: fast for yes or no."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import count
from typing import Any

from connectsync.config.document import Document, is_day
from connectsync.config.layers import LAYERED
from connectsync.config.schemas import failures, is_known, labels_of, schema
from connectsync.config.source import MOST_FINDINGS, and_more, error, quote_text
from connectsync.domain.finding import Finding, KeyPath, Severity, order
from connectsync.domain.schedule import (
    ZONES_AGAIN,
    damaged_zone,
    is_known_zone,
    is_of_all_machines,
)
from connectsync.domain.settings import spell_like
from connectsync.domain.wording import did_you_mean
from connectsync.errors import Bug
from connectsync.values import dataclass

Recorded = Mapping[str, Sequence[str]]
"""Labels that the live page was seen to offer, by setting."""

NOTHING_RECORDED: Recorded = {}
_LAYERS = frozenset({"district", "profile"})
"""The schemas of files that are laid over each other."""

_LABELED: tuple[KeyPath, ...] = (("settings",), ("facts", "clever_shares"))
"""The sections of such a file that name labels of the page, or Clever's own."""


def mistakes(
    document: Document, name: str, recorded: Recorded = NOTHING_RECORDED
) -> tuple[Finding, ...]:
    """
    Hold a document against the schema of that name: one finding for each mistake.

    A label must be published, or ``recorded`` from the live page. Raises Bug if the
    two libraries that judge it do not agree.
    """
    strange = [*_strange_labels(document, name, recorded)]
    labels = [_strange(document, *one) for one in strange[:MOST_FINDINGS]]
    left = len(strange) - len(labels)
    if accepts(document.data, name):
        labels = [*and_more(labels, left)] if labels else []
        spans = (*_backwards(document, name), *_periods(document, name))
        return (*spans, *labels, *_find_emptied(document, name))
    # 0.08 s to import, so only for documents that fail
    from connectsync.config.schema_errors import explain  # noqa: PLC0415

    findings, more = explain(document, name)
    if not findings:
        raise Bug(f"{document.file} fails its schema and nothing says why")
    told = {finding.path for finding in findings}
    others = [one for one in labels if one.path not in told]
    found = sorted([*findings, *others], key=order)
    shown = found[:MOST_FINDINGS]
    return and_more(shown, left + more + len(found) - len(shown))


def _find_emptied(document: Document, name: str) -> Iterator[Finding]:
    """Find settings and facts whose value is left out, which reads as null."""
    sections: list[KeyPath] = [(section,) for section in LAYERED]
    sections += _scheduled(document)
    for section in sections if name in _LAYERS else ():
        stated = _at(document, section) or {}
        for key in [key for key, value in stated.items() if value is None]:
            path: KeyPath = (*section, key)
            if document.locate(path).text.strip():
                continue
            takes = "managed" if section[-1] == "settings" else "stated"
            yield Finding(
                "empty-value",
                Severity.WARNING,
                f"{quote_text(key)} has no value, so it is not {takes} any more",
                document.locate(path, on_key=True),
                path=path,
                hint=f"write its value, or null if it is not to be {takes}",
            )


def _scheduled(document: Document) -> list[KeyPath]:
    """Give the paths of what periods set; of a list that is none, nothing."""
    entries = document.data.get("scheduled")
    whole = entries if isinstance(entries, list) else []
    return [("scheduled", at, "settings") for at in range(len(whole))]


def _at(document: Document, path: KeyPath) -> dict[str, Any] | None:
    """Give the mapping at a path; None where there is none."""
    value: Any = document.data if document.holds(path) else None
    for part in path if value else ():
        value = value[part]
    return value if isinstance(value, dict) else None


def _periods(document: Document, name: str) -> Iterator[Finding]:
    """Find what is wrong with the zone and the periods of a layer."""
    stated = document.data.keys() & {"timezone", "scheduled"}
    if name not in _LAYERS or not stated:
        return
    yield from mistaken_zone(document, document.data, (), cache(zones_here))
    yield from _overlapping(document)


_Labeled = tuple[KeyPath, Mapping[str, Any], str]
"""Where a label stands, what the schema says of it, and the label."""


def _strange_labels(
    document: Document, name: str, recorded: Recorded
) -> Iterator[_Labeled]:
    """Find labels that are neither published nor recorded from the live page."""
    for path, listed, label in _labels_of(document, name):
        if label in listed.published:
            continue
        known = (*listed.labels, *recorded.get(listed.setting, ()))
        if spell_like(label, known) not in known:
            part = {**listed.part, "x-labels": tuple(dict.fromkeys(known))}
            yield path, part, label


def _strange(
    document: Document, path: KeyPath, part: Mapping[str, Any], label: str
) -> Finding:
    from connectsync.config.schema_errors import strange_label  # noqa: PLC0415 - as above

    return strange_label(document, path, part, label)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A key whose value is a label or a list of labels, and what its schema says."""

    setting: str
    is_list: bool
    part: Mapping[str, Any]
    labels: tuple[str, ...]
    published: frozenset[str]


def _labels_of(document: Document, name: str) -> Iterator[tuple[KeyPath, _Listed, str]]:
    """Give every label that a file names, where it stands, and what its schema says."""
    sections = (*_LABELED, *_scheduled(document)) if name in _LAYERS else ()
    for section in sections:
        if (stated := _at(document, section)) is None:
            continue
        listing = ("settings",) if section[-1] == "settings" else section
        for listed in _listed_keys(name, listing):
            value = stated.get(listed.setting)
            if not listed.is_list and isinstance(value, str):
                yield (*section, listed.setting), listed, value
            elif listed.is_list and isinstance(value, list):
                for position, label in enumerate(value):
                    if isinstance(label, str) and label:
                        yield (*section, listed.setting, position), listed, label


@lru_cache(maxsize=8)
def _listed_keys(name: str, section: KeyPath) -> tuple[_Listed, ...]:
    """Find the keys of a section that hold labels; once, not for each of 13,318."""
    properties: Any = schema(name)["properties"]
    for key in section:
        properties = properties[key]["properties"]
    parts = [
        (key, is_list, part.get("items", {}) if is_list else part)
        for key, part in properties.items()
        for is_list in (False, True)
    ]
    return tuple(
        _Listed(key, is_list, part, labels, frozenset(labels))
        for key, is_list, part in parts
        if (labels := labels_of(part))
    )


def accepts(data: object, name: str) -> bool:
    """Say whether data are what a schema allows."""
    # the library takes longer to import than so many documents to look at
    if next(_LOOKED_AT) < FEW and is_known(name):
        if surely_fits(data, schema(name)):
            return True
        if surely_fails(data, schema(name)):
            return False
    valid: bool = _gate(name).is_valid(data)
    return valid


def surely_fails(value: object, part: Mapping[str, Any]) -> bool:
    """
    Say whether a value surely is not what a part of a schema allows.

    Only for what libraries cannot see in two ways: a key that is missing or not known,
    and a word where another or something else belongs.
    """
    return any(
        one.keyword in {"required", "additionalProperties"}
        or (one.keyword in {"type", "enum"} and isinstance(one.instance, str | bool))
        for one in failures(value, part)
    )


FEW = 100
_LOOKED_AT = count()


@lru_cache(maxsize=4)
def _gate(name: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - with what it needs a tenth of a commit hook

    return jsonschema_rs.Draft202012Validator(
        dict(schema(name)), validate_formats=True, formats={"date": is_day}
    )


def surely_fits(value: object, part: Mapping[str, Any]) -> bool:
    """
    Say whether a value surely is what a part of a schema allows.

    False also means that the library has to say: its idea of a number, a letter or a
    pattern may be another one.
    """
    return _is_plain(value) and next(failures(value, part), None) is None


def _is_plain(value: object) -> bool:
    """Say whether no library can take a value for another one."""
    match value:
        case dict():
            keys = all(isinstance(key, str) for key in value)
            return keys and all(map(_is_plain, value.values()))
        case list():
            return all(map(_is_plain, value))
        case str():
            # what a letter, a line or its end is to a pattern differs with all else
            return value.isascii() and value.isprintable()
        case int():
            # beyond it others count in steps of two
            return abs(value) < 1 << 53
        case _:
            return value is None


def _backwards(document: Document, name: str) -> Iterator[Finding]:
    """Find spans of days that end before they begin: no schema can say that."""
    for path in _spans(document, name):
        span = document.data
        for part in path:
            span = span[part]  # type: ignore[index]
        if span["to"] < span["from"]:
            yield error(
                "wrong-format",
                f"the last day {quote_text(span['to'])} is before the first,"
                f" {quote_text(span['from'])}",
                document.locate((*path, "to")),
                path=(*path, "to"),
                hint="swap the two dates, or correct the year",
            )


def _spans(document: Document, name: str) -> Iterator[KeyPath]:
    facts = document.data.get("facts", {}) if name in _LAYERS else {}
    for fact in ("rollover", "clever_paused"):
        if facts.get(fact):
            yield "facts", fact
    if name in _LAYERS:
        yield from (path[:-1] for path in _scheduled(document))
    for place, stated in (
        ((), document.data),
        *(
            (("calendars", position), one)
            for position, one in enumerate(document.data.get("calendars", ()))
        ),
    ):
        for position, _ in enumerate(stated.get("freezes", ())):
            yield (*place, "freezes", position)
        if place and "rollover" in stated:
            yield (*place, "rollover")


_OFTEN_MEANT = {
    **dict.fromkeys(("eastern", "eastern time", "edt", "et"), "America/New_York"),
    **dict.fromkeys(
        ("central", "central time", "cst", "cdt", "ct", "chicago"), "America/Chicago"
    ),
    **dict.fromkeys(("mountain", "mountain time", "mdt", "mt"), "America/Denver"),
    **dict.fromkeys(
        ("pacific", "pacific time", "pst", "pdt", "pt"), "America/Los_Angeles"
    ),
}
"""How people in schools name their zones, and what the IANA database calls them."""

ZonesHere = Callable[[], frozenset[str]]
"""Names the time zones of this machine, which takes a walk over the disk."""


def _overlapping(document: Document) -> Iterator[Finding]:
    """Find days on which two periods set the same setting."""
    entries = document.data.get("scheduled", ())
    order = sorted(range(len(entries)), key=lambda at: (entries[at]["from"], at))
    latest: dict[str, int] = {}
    for at in order:
        begin, end = entries[at]["from"], entries[at]["to"]
        if end < begin:
            continue
        for setting in entries[at]["settings"]:
            known = latest.get(setting)
            if known is not None and begin <= entries[known]["to"]:
                yield _overlap(document, setting, known, at)
            if known is None or end > entries[known]["to"]:
                latest[setting] = at


def _overlap(document: Document, setting: str, one: int, other: int) -> Finding:
    entries = document.data["scheduled"]
    begin, end = entries[one]["from"], entries[one]["to"]
    path: KeyPath = ("scheduled", other, "from")
    return error(
        "overlapping-periods",
        f"on {quote_text(entries[other]['from'])} the period from {quote_text(begin)}"
        f" to {quote_text(end)} sets {quote_text(setting)} already",
        document.locate(path),
        path=path,
        hint="let one begin when the other is over, or take the setting out of one of"
        " them",
    )


def mistaken_zone(
    document: Document, span: Mapping[str, Any], path: KeyPath, zones: ZonesHere
) -> Iterator[Finding]:
    """Find a time zone that is none, or that this machine cannot use."""
    name = span.get("timezone", "UTC")
    if not is_known_zone(name):
        message, hint = _about_zone(name, zones())
        place = document.locate((*path, "timezone"))
        yield error("wrong-format", message, place, path=(*path, "timezone"), hint=hint)


def _about_zone(name: str, zones: frozenset[str]) -> tuple[str, str]:
    """Say what is wrong with a time zone that cannot be used, and what to do."""
    if not zones:
        message = f"this machine has no time zone data, so {quote_text(name)} cannot"
        return (
            f"{message} be checked",
            "install it: `pip install tzdata`, or the package tzdata of the system",
        )
    if name in zones:
        return damaged_zone(name), ZONES_AGAIN
    if name != name.strip() and is_known_zone(name.strip()):
        end = "beginning" if name[:1].isspace() else "end"
        return (
            f"{quote_text(name)} has a blank at the {end}, so it is not a time zone",
            f"write {name.strip()!r}",
        )
    meant = _OFTEN_MEANT.get(name.strip().casefold())
    hint = f"did you mean {meant!r}?" if meant else did_you_mean(name, zones)
    return (
        f"{quote_text(name)} is not a time zone",
        hint or "write a name of the IANA database, such as 'America/Chicago'",
    )


def zones_here() -> frozenset[str]:
    """Name the time zones that this machine has data of, even damaged data."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - slow, and rarely asked

    try:
        return frozenset(filter(is_of_all_machines, available_timezones()))
    except (OSError, ValueError):  # the list that comes with tzdata is damaged
        return frozenset()
