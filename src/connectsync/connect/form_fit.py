"""Whether the page's form could hold these settings, where no page can be asked."""

from __future__ import annotations

from collections.abc import Mapping

from connectsync.connect.values import Unfit, json_of, value_of
from connectsync.domain.labels import composed
from connectsync.domain.settings import BY_NAME, Form, Setting, Value
from connectsync.errors import FormRefused

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
    spelled = {composed(label) for label in known if isinstance(label, str)}
    unknown = sorted(
        (one for one in labels - known if composed(str(one)) not in spelled), key=str
    )
    if unknown:
        return f"offers no {unknown[0]!r}"
    if setting.name == "phone_types" and len(labels) > 1:
        return "takes one type at most with Clever"
    return ""


def _all(value: Value) -> frozenset[Value]:
    return frozenset[Value](value if isinstance(value, frozenset) else [value])
