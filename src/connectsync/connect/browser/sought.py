"""Every label that the form should hold, and how each one is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.async_api import Locator

from connectsync.connect.browser.form import FormOnPage
from connectsync.connect.names import (
    GROUP_OF_BOXES,
    RADIOS,
    SAVE,
    TOKEN_LABEL,
    spelling_of,
)
from connectsync.domain.settings import SETTINGS, Kind, Setting


@dataclass(frozen=True, slots=True)
class Sought:
    """A label of the form, what the page shows for it, and the group it is in."""

    label: str
    shown: str
    found: Locator
    group: str = ""
    within: Locator | None = None


def sought(form: FormOnPage) -> Iterator[Sought]:
    """Give all that the form should hold, from the top to *Save*."""
    single = [one for one in SETTINGS if one.kind is Kind.BOX]
    for setting in SETTINGS:
        match setting.kind:
            case Kind.TEXT | Kind.PERCENT:
                yield _plain(form, spelling_of(setting.name).label)
            case Kind.CHOICE if setting.name not in RADIOS:
                # what it offers is published nowhere: any label may stand there
                yield _of(form, setting, form.drop_down(setting.name))
            case Kind.CHOICE | Kind.BOXES:
                yield _of(form, setting, form.group(setting.name))
                yield from _options(form, setting)
            case Kind.BOX if setting is single[0]:
                yield _boxes_group(form, setting)
                yield from (_box(form, one) for one in single)
            case Kind.BOX:
                pass
        if setting.name == "district_id":
            yield _plain(form, TOKEN_LABEL)
    yield Sought(SAVE, form.labels.shown(SAVE), form.save)


def _plain(form: FormOnPage, label: str) -> Sought:
    return Sought(label, form.labels.shown(label), form.text(label))


def _of(form: FormOnPage, setting: Setting, found: Locator) -> Sought:
    name = setting.name
    return Sought(spelling_of(name).label, form.labels.of_setting(name), found)


def _options(form: FormOnPage, setting: Setting) -> Iterator[Sought]:
    name = setting.name
    for label in setting.labels:
        shown, found = form.labels.offered(name, label), form.option(name, label)
        yield Sought(label, shown, found, spelling_of(name).label, form.group(name))


def _boxes_group(form: FormOnPage, setting: Setting) -> Sought:
    shown = form.labels.shown(GROUP_OF_BOXES)
    return Sought(GROUP_OF_BOXES, shown, form.group(setting.name))


def _box(form: FormOnPage, setting: Setting) -> Sought:
    name = setting.name
    label, shown = spelling_of(name).label, form.labels.of_setting(name)
    return Sought(label, shown, form.box(name), GROUP_OF_BOXES, form.group(name))
