"""One translation between our names, the gateway's and the page's; plans as clicks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import assert_never

from connectsync.domain.foreign_text import no_command
from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.plan_shape import kind_of
from connectsync.domain.settings import (
    BY_NAME,
    FIRST_FORM,
    SETTINGS,
    Add,
    Change,
    Form,
    Remove,
    Set,
    compose_accents,
    is_whole,
    spell,
)
from connectsync.errors import Bug, FormRefused
from connectsync.providers.form import Kind, Risk, Setting, Value

_HIGHEST_PERCENT = 100
_LONGEST = 1_000
_MOST_LABELS = 1_000
"""No label or id is longer, and no list of a form has more: reports show them."""
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


class Unfit(ValueError):
    """JSON that is not of the kind it should be; the sentence says why."""


def json_of(setting: Setting, value: Value) -> object:
    """Give a value as JSON: sets as lists, in the order of the page's labels."""
    if isinstance(value, frozenset):
        order = {label: place for place, label in enumerate(setting.labels)}
        return sorted(value, key=lambda label: (order.get(label, len(order)), label))
    return value


def value_of(setting: Setting, raw: object) -> Value:
    """
    Read a value from JSON.

    Labels we do not know are values like any other: it is Connect that spells them.
    Raises ``Unfit``, whose sentence goes on from the name of the setting.
    """
    match setting.kind:
        case Kind.TEXT:
            return text_of(raw)
        case Kind.CHOICE:
            return _label(raw)
        case Kind.BOX:
            return _box(raw)
        case Kind.BOXES:
            return labels_of(raw)
        case Kind.PERCENT:
            return _percent(raw)
        case _:
            assert_never(setting.kind)


def text_of(raw: object) -> str:
    """Read text; half of a surrogate pair is none, and no file could hold it."""
    if not isinstance(raw, str):
        raise Unfit(f"is {kind_of(raw)}, not text")
    if len(raw) > _LONGEST:
        raise Unfit(f"is longer than {_LONGEST:,} characters")
    if not raw.isascii() and _HALF_A_PAIR.search(raw):
        raise Unfit("is broken Unicode")
    return raw


def _label(raw: object) -> str:
    label = text_of(raw)
    if not label:
        raise Unfit("is empty, where a label is shown")
    return label


def _box(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Unfit(f"is {kind_of(raw)}, not true or false")
    return raw


def labels_of(raw: object) -> frozenset[str]:
    """Read a set of labels; an empty one is none, and none stands twice."""
    if not isinstance(raw, list):
        raise Unfit(f"is {kind_of(raw)}, not a list of labels")
    if len(raw) > _MOST_LABELS:
        raise Unfit(f"names more than {_MOST_LABELS:,} labels")
    labels = frozenset(_label(label) for label in raw)
    if len(labels) != len(raw):
        raise Unfit("names a label twice")
    return labels


def _percent(raw: object) -> int | None:
    if raw is None:
        return None
    # JSON Schema counts 20.0 as a whole number, and so do the schemas we publish
    if not isinstance(raw, int | float) or not is_whole(raw):
        raise Unfit(f"is {kind_of(raw)}, not a whole number or null")
    if not 0 <= raw <= _HIGHEST_PERCENT:
        raise Unfit("is not within 0-100")
    return int(raw)


PAGE_PATH: tuple[str, ...] = (
    "the drop-down",
    "District Home Page",
    "the 3 black dots",
    "Settings",
    "SIS Rostering",
    "District-Level Daily Sync",
)
"""What a person clicks on to come to the form (C5)."""

SAVE = "Save"
"""The button below the form (C5)."""

DROP_DOWN = "Drop-down"
DISTRICT_HOME = "District Home Page"
DOTS = "3 black dots"
GROUP_OF_BOXES = "Settings"
"""The group of the four single boxes; the page before it has the same name (C5)."""
SIS_ROSTERING = "SIS Rostering"
DAILY_SYNC = "District-Level Daily Sync"
TOKEN_LABEL = "District OAuth Token"  # noqa: S105 - the label of a field
CLICKS: tuple[str, ...] = (
    DROP_DOWN,
    DISTRICT_HOME,
    DOTS,
    GROUP_OF_BOXES,
    SIS_ROSTERING,
    DAILY_SYNC,
)
"""The labels of what is clicked on, in the order of the clicks (C5)."""

LAST_SYNC = "(placeholder) Last sync"
SYNC_STATUS = "(placeholder) Status"
SYNC_TIME = "(placeholder) Finished"
TRIED = "Tried to Archive"
SYNC_SCHOOLS = "(placeholder) Schools of the last sync"
SCHOOL = "(placeholder) School"
REPORT: tuple[str, ...] = (
    *(LAST_SYNC, SYNC_STATUS, SYNC_TIME, TRIED),
    *(SYNC_SCHOOLS, SCHOOL),
)
"""
The parts of SIS Rostering with the reports of nights, and the columns of their tables.

How Connect labels and lays them out is published nowhere, but for *Tried to Archive*
(T1), nor whether it shows schools: the rest are placeholders, which a project replaces
by what its own page shows.
"""

TOKEN_KEPT = re.compile(
    r"\b(saved?|keep|kept|stored?|sets?|exists?|already|unchanged|current(ly)?|hidden"
    r"|configured|connected|on file)\b|[•●*∙·]{3}",
    re.IGNORECASE,
)
"""
How a page may say that it holds a token; how Connect's does is published nowhere.

Widely meant: where it is in doubt, nothing is typed over a token.
"""

SIGN_IN, EMAIL, PASSWORD = "Sign in", "Email", "Password"
"""What asks who you are, as far as it is not another website's page."""

SEARCH_BOX, SEARCH, NEXT = "Search by name or key", "Search", "Next"
"""The search of districts, where the drop-down does not list them all."""

SAVED = "Saved"
CONFIRM = "Confirm"
RADIOS = frozenset(setting.name for setting in SETTINGS if setting.radios)
"""Choices that are radio buttons in a group; the others are drop-downs."""

TOKEN_JSON = "districtOauthToken"  # noqa: S105 - the name of a field, not a secret
"""The gateway's name for the field that may be sent and must never come back."""


def setting_named(name: str) -> Setting:
    """Give one of our settings; a name that we do not have is a bug."""
    if name not in BY_NAME:
        raise Bug(f"there is no setting {name!r} to translate")
    return BY_NAME[name]


def setting_of(json_name: str) -> str:
    """Give our name for a name of the gateway; one that we do not know stays."""
    ours = (one.name for one in SETTINGS if one.gateway_name == json_name)
    return next(ours, json_name)


def to_json(form: Form) -> dict[str, object]:
    """Spell the settings in ``form`` as the gateway does, in the form's order."""
    for name in form:
        setting_named(name)
    return {
        setting.gateway_name: json_of(setting, form[setting.name])
        for setting in SETTINGS
        if setting.name in form
    }


def from_json(settings: Mapping[str, object]) -> dict[str, Value]:
    """
    Read a whole form as the gateway spells it; members we do not know are left out.

    A gateway may be older than a setting, and then does not name it. Raises ``Unfit``
    with a sentence if a setting of the first form is missing, if one is not of its
    kind, or if the token came back.
    """
    if TOKEN_JSON in settings:
        raise Unfit(f"{TOKEN_JSON} came back, which must never be shown")
    try:
        said = repr(_SHARED(settings))
    except (KeyError, RecursionError):
        return _read_form(settings)
    known = _KNOWN.get(said) if _OWN.gateway_name in settings else None
    if known is None:
        form = _read_form(settings)
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[said] = {name: form[name] for name in form if name != _OWN.name}
        return form
    return {_OWN.name: _read_value(_OWN, settings), **known}


_OWN = SETTINGS[0]
"""What of a form is each district's own: its id. It is the first of the form."""

_SHARED = itemgetter(*(one.gateway_name for one in SETTINGS[1:]))
_KNOWN: dict[str, dict[str, Value]] = {}
"""What was read of forms without ids, by their JSON: many districts hold the same."""

_MOST_KNOWN = 1_000


def _read_form(settings: Mapping[str, object]) -> dict[str, Value]:
    for setting in SETTINGS:
        if setting.gateway_name not in settings and setting.name in FIRST_FORM:
            raise Unfit(f"{setting.gateway_name} is missing")
    return {
        setting.name: _read_value(setting, settings)
        for setting in SETTINGS
        if setting.gateway_name in settings
    }


def _read_value(setting: Setting, settings: Mapping[str, object]) -> Value:
    try:
        return value_of(setting, settings[setting.gateway_name])
    except Unfit as error:
        raise Unfit(f"{setting.gateway_name} {error}") from error


NOTHING: Form = {}
Options = Mapping[str, tuple[str, ...]]
"""Labels that are offered, by setting; those of a setting may not be known."""


def insist_fits(form: Form, options: Options, held: Form = NOTHING) -> None:
    """
    Refuse settings that the form does not take, naming each.

    What the form ``held`` when it was read it can hold again. Raises ``FormRefused``.
    """
    refused = [
        f"{name} {why}"
        for name, value in form.items()
        if (why := _unfit(BY_NAME[name], value, options.get(name), held.get(name)))
    ]
    if refused:
        raise FormRefused("; ".join(refused))


def _unfit(
    setting: Setting, value: Value, offered: tuple[str, ...] | None, held: Value
) -> str:
    try:
        value_of(setting, json_of(setting, value))
    except Unfit as error:
        return str(error)
    labels = _all(value)
    known = {*(offered or setting.labels or labels), *_all(held)}
    spelled = {compose_accents(label) for label in known if isinstance(label, str)}
    unknown = sorted(
        (one for one in labels - known if compose_accents(str(one)) not in spelled),
        key=str,
    )
    if unknown:
        return f"offers no {no_command(str(unknown[0]))!r}"
    if setting.one_label and len(labels) > 1:
        return "takes one type at most with Clever"
    return ""


def _all(value: Value) -> frozenset[Value]:
    return frozenset[Value](value if isinstance(value, frozenset) else [value])


TICKED, NOT_TICKED = "ticked", "not ticked"

PASTE_TOKEN = Click(
    control=TOKEN_LABEL,
    option="",
    verb="paste the token into",
    before="(not compared)",
    after="(the district's token, from where you keep it)",
    risk=Risk.CAUTION,
    effect="With a wrong token no sync goes through.",
)
"""What a person does about a token that was asked for; it is in no list."""


def click_list(plan: Plan) -> ClickList:
    """Say what a person clicks on to make a plan true, in the plan's order."""
    return ClickList(
        plan=plan_digest(plan),
        backend=plan.backend,
        created=plan.created,
        path=PAGE_PATH,
        save=SAVE,
        districts=tuple(map(_district, plan.districts)),
    )


def _district(planned: DistrictPlan) -> DistrictClicks:
    return DistrictClicks(
        district=planned.district,
        name=planned.name,
        file=planned.file,
        read_at=planned.read_at,
        saves=tuple(map(_clicks, planned.saves)),
    )


def _clicks(save: Save) -> tuple[Click, ...]:
    clicks = tuple(map(click_of, save.changes))
    return (*clicks, PASTE_TOKEN) if save.set_token else clicks


def click_of(planned: PlannedChange) -> Click:
    """Say what a person does on the page to make one change."""
    change = planned.change
    option, verb, before, after = wording(change)
    return Click(
        control=setting_named(change.setting).page_label,
        option=option,
        verb=verb,
        before=before,
        after=after,
        risk=planned.risk,
        effect=planned.effect,
    )


def wording(change: Change) -> tuple[str, str, str, str]:
    """Give the box among several if it is one, what to do, and old and new."""
    match change:
        case Add(_, label):
            return label, "tick", NOT_TICKED, TICKED
        case Remove(_, label):
            return label, "untick", TICKED, NOT_TICKED
        case Set(setting, before, after):
            verb = _verb(BY_NAME[setting].kind, on=after is True)
            if isinstance(after, bool):
                return "", verb, _ticked(ticked=before is True), _ticked(ticked=after)
            return "", verb, spell(before), spell(after)


def _verb(kind: Kind, *, on: bool) -> str:
    match kind:
        case Kind.BOX:
            return "tick" if on else "untick"
        case Kind.CHOICE:
            return "choose"
        case Kind.TEXT | Kind.PERCENT:
            return "fill in"
        case Kind.BOXES:
            return "tick exactly"


def _ticked(*, ticked: bool) -> str:
    return TICKED if ticked else NOT_TICKED
