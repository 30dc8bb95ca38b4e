"""Update a district file from live values and keep the rest as written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from math import ceil
from typing import Any

from connectsync.backends.names import json_of
from connectsync.config.edit import KeyPath, edit_values
from connectsync.config.fleet import LoadedDistrict
from connectsync.config.layers import merge_section
from connectsync.config.profiles import Profiles, check_bytes, schedule_of, settings_of
from connectsync.config.schema_check import Recorded
from connectsync.domain.drift import AdoptedDistrict, AdoptionResult, TakenValue
from connectsync.domain.foreign_text import no_command
from connectsync.domain.live import Live
from connectsync.domain.schedule import local_time
from connectsync.domain.settings import (
    BY_NAME,
    SETTINGS,
    Form,
    compose_accents,
    is_same,
)
from connectsync.domain.sync import StatusReport, SyncEnding
from connectsync.errors import InvalidFiles
from connectsync.operations.plan import find_differing
from connectsync.providers.form import Setting, Value
from connectsync.values import dataclass

FORM = tuple(setting for setting in SETTINGS if setting.section == "settings")
"""The settings that layers share; the district's id is its own."""


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """
    A profile, empty for none, and what a file that builds on it has to state.

    ``facts`` are those that the profile states: they may not be true of the district.
    ``periods`` counts those of its periods that the form does not follow today.
    """

    profile: str
    stated: Mapping[str, Any]
    facts: tuple[str, ...] = ()
    periods: int = 0


def closest(shelf: Profiles, live: Form) -> ProfileMatch:
    """
    Choose the profile that leaves the least to state; of equals the first by name.

    A profile that shares no setting with the form is none. Its periods hold where the
    form follows one today; else they would change a district for which no one said so.
    """
    without = ProfileMatch("", settings_over({}, live, shelf.recorded))
    likenesses = [likeness(shelf, stem, live) for stem in usable_profiles(shelf)]
    best = min(likenesses, key=lambda one: len(one.stated), default=without)
    return best if len(best.stated) < len(without.stated) else without


def usable_profiles(shelf: Profiles) -> Iterator[str]:
    """Give the profiles on which a district can be built, by name."""
    for stem in sorted(shelf.names):
        chain = shelf.chains.under((stem,))
        if chain is not None and shelf.broken.isdisjoint(chain):
            yield stem


def likeness(
    shelf: Profiles, stem: str, live: Form, *, by_form: bool = True
) -> ProfileMatch:
    """Say what a file has to state on a profile: chosen ``by_form``, or by a person."""
    chain = shelf.chains.under((stem,)) or ()
    layers = [shelf.documents[layer] for layer in chain]
    usual = settings_of(layers, shelf.recorded)
    zone = shelf.at.zone if shelf.at else ""
    schedule = schedule_of(layers, usual, shelf.recorded, zone)
    today = usual
    if shelf.at is not None and schedule.periods:
        today = schedule.settings_on(shelf.at.day_in(schedule.zone))
    stated = settings_over(today.managed(), live, shelf.recorded)
    # what a period of the profile sets today, a file states in vain
    over = [name for name in stated if getattr(today, name) != getattr(usual, name)]
    facts = merge_section(layers, "facts")
    open_facts = tuple(name for name, value in facts.items() if value is not None)
    if by_form and schedule.periods and (over or today == usual):
        stated = settings_over(usual.managed(), live, shelf.recorded)
        return ProfileMatch(stem, stated, open_facts, len(schedule.periods))
    own = {name: value for name, value in stated.items() if name not in over}
    return ProfileMatch(stem, own, open_facts if by_form else ())


def settings_over(shared: Form, live: Form, recorded: Recorded) -> dict[str, Any]:
    """Give the settings a file states over what it shares, as data of a file."""
    found = {}
    for setting in FORM:
        if setting.name in live:
            value = sayable(setting, live[setting.name], recorded)
            if not is_same(setting.name, value, shared.get(setting.name)):
                found[setting.name] = json_of(setting, value)
    return found


def sayable(setting: Setting, value: Value, recorded: Recorded) -> Value:
    """
    Give a value as far as a file can say it.

    Of ticked labels those stay that are published or recorded; the others are kept on
    Connect without a file. What no file can say at all is None: not managed.
    """
    unknown = unknown_labels(setting, value, recorded)
    if isinstance(value, frozenset) and value - set(unknown):
        return value - set(unknown)
    return None if unknown else value


def unknown_labels(
    setting: Setting, value: Value, recorded: Recorded
) -> tuple[str, ...]:
    """Give the labels of a value that files do not know."""
    if not setting.labels or value is None:
        return ()
    labels = value if isinstance(value, frozenset) else {str(value)}
    known = {*setting.labels, *recorded.get(setting.name, ())}
    said = {compose_accents(label) for label in known}
    return tuple(
        sorted(label for label in labels if compose_accents(label) not in said)
    )


def notes(live: Form, recorded: Recorded) -> tuple[str, ...]:
    """Say which live values no file can say, and what comes of them."""
    return tuple(
        note_on(setting, live[setting.name], unknown, "left unmanaged")
        for setting in FORM
        if (unknown := unknown_labels(setting, live.get(setting.name), recorded))
    )


def note_on(
    setting: Setting, value: Value, unknown: tuple[str, ...], unmanaged: str
) -> str:
    """Say that labels on Connect are unknown to files, and what comes of them."""
    labels = ", ".join(repr(no_command(one)) for one in unknown)
    said = f"{setting.name} holds {labels} on Connect, which"
    if isinstance(value, frozenset) and value - set(unknown):
        return f"{said} files do not know; kept there, the rest is managed"
    return f"{said} files do not know; {unmanaged}"


def take_over(
    loaded: LoadedDistrict,
    live: Live,
    recorded: Recorded,
    only: Collection[str] | None = None,
) -> tuple[AdoptedDistrict, str | None]:
    """
    Take over the managed values that differ; what is not managed stays so.

    ``only`` names the settings to look at, all of them where it is None. Files may name
    the labels that are ``recorded`` beside the published ones; a ticked label that is
    neither stays on Connect, and out of the file. Gives the
    district's new text, None if it stays as it is. Raises ``InvalidFiles`` if the file
    cannot be changed without losing something.
    """
    desired = loaded.district.desired()
    remarks = []
    taken = []
    for name in find_differing(live.form, desired):
        if only is not None and name not in only:
            continue
        setting = BY_NAME[name]
        if unknown := unknown_labels(setting, live.form[name], recorded):
            remarks.append(
                note_on(setting, live.form[name], unknown, "no longer managed")
            )
        after = sayable(setting, live.form[name], recorded)
        if isinstance(after, frozenset) and is_same(name, after, desired[name]):
            continue
        if name == "district_id" and not after:
            remarks.append("district_id is empty on Connect; left as the file has it")
            continue
        taken.append(TakenValue(name, desired[name], after))
    adopted = AdoptedDistrict(
        loaded.district.key,
        AdoptionResult.CHANGED if taken else AdoptionResult.LEFT,
        loaded.file,
        taken=tuple(taken),
        notes=tuple(remarks),
    )
    stated = [(_stated_at(loaded, one.setting), one) for one in taken]
    changes = [(path, json_of(BY_NAME[one.setting], one.after)) for path, one in stated]
    return adopted, _edit_file(loaded, changes, recorded) if taken else None


def _edit_file(
    loaded: LoadedDistrict, values: Sequence[tuple[KeyPath, Any]], recorded: Recorded
) -> str:
    own = loaded.layers[-1]
    changes: dict[KeyPath, Any] = {}
    for path, value in values:
        if path[:1] == ("scheduled",) and not own.holds(path[:1]):
            # a file that says anything of its own periods says all of them
            position, _, name = path[1:]
            periods = changes.setdefault(path[:1], deepcopy(_periods(loaded)))
            periods[position]["settings"][name] = value
        else:
            changes[path] = value
    try:
        text = edit_values(own.source.text, changes)
    except InvalidFiles as error:
        raise InvalidFiles(
            f"{loaded.file}: {error.message}", remedy=error.remedy
        ) from error
    insist_valid(loaded.file, text, recorded)
    return text


def _stated_at(loaded: LoadedDistrict, setting: str) -> KeyPath:
    """Give the path of what counts for a setting today: a period, or its own key."""
    district = loaded.district
    if district.day is not None:
        position = district.schedule.in_force(setting, district.day)
        if position is not None:
            return ("scheduled", position, "settings", setting)
    return BY_NAME[setting].path


def _periods(loaded: LoadedDistrict) -> list[dict[str, Any]]:
    stated = (layer.data.get("scheduled") for layer in reversed(loaded.layers))
    periods: list[dict[str, Any]] = next(one for one in stated if one is not None)
    return periods


FIGURE, FIGURE_ON = ("facts", "tried_to_archive"), ("facts", "tried_to_archive_on")


def with_figure(
    loaded: LoadedDistrict, percent: float, at: datetime, recorded: Recorded
) -> str:
    """
    Give a district's own file with what a failed sync tried to archive, and its day.

    A fraction is rounded up: the threshold has to lie above it. Empty where the file
    says so already. Raises ``InvalidFiles`` if it cannot be changed without losing
    something.
    """
    district, figure = loaded.district, ceil(percent)
    day = local_time(at, district.schedule.zone).date().isoformat()
    facts = district.facts
    if (facts.tried_to_archive, facts.tried_to_archive_on) == (figure, day):
        return ""
    return _edit_file(loaded, [(FIGURE, figure), (FIGURE_ON, day)], recorded)


def insist_valid(file: str, text: str, recorded: Recorded) -> None:
    """Refuse text that `validate` would not read. Raises ``InvalidFiles``."""
    findings = check_bytes(file, text.encode(), "district", recorded).errors
    if findings:
        first = findings[0]
        raise InvalidFiles(
            f"what Connect holds cannot be written to {file}: {first.message}",
            remedy=first.hint,
        )


def figures_of(report: StatusReport) -> dict[str, tuple[float, datetime]]:
    """
    Give what syncs tried to archive that failed on the threshold, and when.

    One that is stale, or that does not say when it failed, tells nothing of last night.
    """
    return {
        one.district: (seen.tried_to_archive, seen.at)
        for one in report.districts
        if (seen := one.outcome) is not None
        and seen.ending is SyncEnding.THRESHOLD
        and seen.tried_to_archive is not None
        and seen.at is not None
        and report.at - seen.at <= report.stale_after
    }
