"""Check the project, the state and the backend for problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectsync.backends.seam import Mapper, Reader
from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.edit import KeyPath, edit_values
from connectsync.config.profiles import check_bytes
from connectsync.domain.district import District
from connectsync.domain.finding import ValidationReport
from connectsync.domain.live import (
    Check,
    CheckStatus,
    LabelStatus,
    ListedDistrict,
    PageSpot,
    fail,
    ok,
    warn,
)
from connectsync.domain.settings import (
    BY_NAME,
    FIRST_FORM,
    SETTINGS,
    Form,
    compose_accents,
    is_same_label,
)
from connectsync.domain.wording import few, many
from connectsync.errors import (
    ConnectError,
    InvalidFiles,
    PageChanged,
    ProjectError,
    TokenRefused,
    UsageError,
)
from connectsync.files.writing import replace_file
from connectsync.providers.form import Kind, Setting
from connectsync.values import dataclass, replace

TOPIC = "page"

_NOT_THERE = frozenset({LabelStatus.MISSING, LabelStatus.DOUBLED, LabelStatus.DISABLED})


async def page_checks(reader: Reader, lost: ConnectError | None = None) -> list[Check]:
    """
    Look at the page of a backend that has one; the others have no such checks.

    ``lost`` is why the districts could not be listed. Nothing is written.
    """
    nowhere = lost is not None and not isinstance(lost, PageChanged)
    if nowhere or not isinstance(reader, Mapper):
        return []
    try:
        return judge_map(await reader.page_map())
    except ConnectError as error:
        return [fail(TOPIC, error.message, error.remedy)]


def judge_map(spots: Sequence[PageSpot]) -> list[Check]:
    """Say how much of the page is as we know it, and what is wrong with the rest."""
    there = sum(spot.standing is LabelStatus.THERE for spot in spots)
    if there == len(spots):
        whole = ok(TOPIC, f"all {there} labels are there")
    else:
        unseen = sum(spot.standing is LabelStatus.NOT_REACHED for spot in spots)
        behind = f"; {unseen} could not be reached" if unseen else ""
        whole = fail(TOPIC, f"{there} of {len(spots)} labels are there{behind}")
    problems = [_problem_of(spot) for spot in spots if spot.standing in _NOT_THERE]
    return [replace(whole, spots=tuple(spots)), *problems]


def _problem_of(spot: PageSpot) -> Check:
    where = " > ".join(spot.path)
    match spot.standing:
        case LabelStatus.MISSING:
            said, remedy = (
                "is missing",
                (
                    f'if it only has another name, state it: labels: {{"{_key(spot)}":'
                    ' "what the page shows"} under backends.browser in connectsync.yaml'
                ),
            )
        case LabelStatus.DOUBLED:
            said, remedy = (
                "is there more than once",
                ("look at the page: it is not clear which one is meant"),
            )
        case _:
            said, remedy = (
                "is disabled",
                ("look at the page, as who `connectsync login` signed in"),
            )
    shown = f" (shown as '{spot.shown_as}')" if spot.shown_as else ""
    return fail(TOPIC, f"'{spot.label}'{shown} {said}: {where}", remedy)


def _key(spot: PageSpot) -> str:
    """Name a label so that no other is meant: a box by its group."""
    if spot.group:
        return f"{spot.group}: {spot.label}"
    return spot.label


Options = Mapping[str, tuple[str, ...]]


def examine_files(districts: Sequence[District], report: ValidationReport) -> Check:
    """Say whether the district files can be planned from."""
    there = many(len(districts), "district")
    if report.errors:
        return fail(
            "files",
            f"{there} without error, and {many(report.errors, 'error')}",
            "run `connectsync validate`",
        )
    if not districts:
        return warn(
            "files",
            "there is no district file yet",
            "`connectsync import` writes one for each district on Connect,"
            " `connectsync new KEY --name NAME` one for a new district",
        )
    return ok("files", f"{there} in {report.files} files, no errors")


def examine_tokens(
    districts: Sequence[District],
    resolves: Callable[[str], str],
    *,
    run_commands: bool = True,
) -> Check:
    """
    Say which districts' token references give nothing here.

    ``resolves`` raises ``ProjectError`` where a reference gives no token; what it
    gives is forgotten at once. Without ``run_commands``, references to a command are
    only counted.
    """
    stated = [one for one in districts if one.credentials.oauth_token]
    asked = [one for one in stated if run_commands or not _is_command(one)]
    errors = {one.key: _error_of(one, resolves) for one in asked}
    silent = [key for key, error in errors.items() if error is not None]
    tokens = many(len(asked), "token")
    not_run = ""
    if len(asked) < len(stated):
        commands = many(len(stated) - len(asked), "token command")
        not_run = f"; {commands} not run (`doctor --run-commands` runs them)"
    if not silent:
        return ok("tokens", f"{tokens} found on this machine{not_run}")
    refused = ""
    remedy = (
        "set them where tokens are needed; planning and applying settings needs none"
    )
    for key, error in errors.items():
        if isinstance(error, TokenRefused):
            refused, remedy = f"; {key}: {error.message}", error.remedy
            break
    return warn(
        "tokens",
        f"{len(silent)} of {tokens} could not be found on this machine:"
        f" {few(silent)}{not_run}{refused}",
        remedy,
    )


def _is_command(district: District) -> bool:
    return (district.credentials.oauth_token or "").startswith("command:")


def _error_of(
    district: District, resolves: Callable[[str], str]
) -> ProjectError | None:
    """Say why a district's token is not to be had here; None where it is."""
    try:
        resolves(district.credentials.oauth_token or "")
    except ProjectError as error:
        return error
    return None


_PICTURE = re.compile("; see |; no picture of it ")
"""How a sentence goes on that says where a picture of the page is."""


def told_once(checks: Sequence[Check]) -> list[Check]:
    """
    Leave out a check that fails for the very reason of one before it.

    What covers a page is in the way of everything that is looked for behind it. Each
    look keeps a picture of its own, which makes no other reason of it.
    """
    told: dict[tuple[str, ...], Check] = {}
    for check in checks:
        reason = _PICTURE.split(check.message)[0]
        topic = "" if check.standing is CheckStatus.ERROR else check.topic
        told.setdefault((check.standing, topic, reason, check.remedy), check)
    return list(told.values())


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """A backend to look at, with what the files say about it."""

    reader: Reader
    districts: Sequence[District]
    options: Options

    async def examine(self) -> list[Check]:
        """
        Look at everything that reading shows; a check that fails ends the rest.

        Nothing is written.
        """
        return told_once(await self._looked())

    async def _looked(self) -> list[Check]:
        try:
            listed = await self.reader.list_districts()
        except ConnectError as error:
            lost = fail("reach", error.message, error.remedy)
            return [lost, *await page_checks(self.reader, error)]
        page = await page_checks(self.reader)
        checks = [
            ok(
                "reach",
                f"{self.reader.described} lists {many(len(listed), 'district')}",
            ),
            *page,
        ]
        checks += _check_districts(self.districts, listed)
        if listed:
            checks.append(await self._form(listed[0].key))
        if any(check.standing is CheckStatus.ERROR for check in page):
            return checks
        return [*checks, *await self._options()]

    async def _form(self, key: str) -> Check:
        try:
            live = await self.reader.read(key)
        except ConnectError as error:
            return fail("form", error.message, error.remedy)
        return _whole(live.key, live.form)

    async def _options(self) -> list[Check]:
        return [
            await self._offered(setting)
            for setting in SETTINGS
            if setting.kind in {Kind.CHOICE, Kind.BOXES}
        ]

    async def _offered(self, setting: Setting) -> Check:
        try:
            offered = await self.reader.options(setting.name)
        except ConnectError as error:
            return warn(setting.name, error.message, error.remedy)
        return judge_options(setting, offered, self.options.get(setting.name))


def judge_options(
    setting: Setting, offered: tuple[str, ...], recorded: tuple[str, ...] | None
) -> Check:
    """Compare the labels that the page offers with those that files may name."""
    labels = ", ".join(offered)
    known = recorded or setting.labels
    if not known:
        return warn(
            setting.name,
            f"offers {labels}",
            "record it with `connectsync doctor --record`, so that files can be"
            f" checked: {_snippet(setting, offered)}",
        )
    if set(map(compose_accents, known)) == set(map(compose_accents, offered)):
        return ok(setting.name, f"offers {labels}")
    return warn(setting.name, _differs(known, offered), _repair(setting, offered))


def _differs(known: Sequence[str], offered: Sequence[str]) -> str:
    parts = []
    if missing := [label for label in known if not _holds(offered, label)]:
        parts.append(f"does not offer {', '.join(missing)}")
    if extra := [label for label in offered if not _holds(known, label)]:
        parts.append(f"also offers {', '.join(extra)}")
    return "; ".join(parts)


def _holds(labels: Sequence[str], label: str) -> bool:
    return any(is_same_label(one, label) for one in labels)


def _repair(setting: Setting, offered: Sequence[str]) -> str:
    snippet = _snippet(setting, offered)
    return f"record what is offered now with `connectsync doctor --record`: {snippet}"


def _snippet(setting: Setting, offered: Sequence[str]) -> str:
    quoted = ", ".join(f'"{label}"' for label in offered)
    return f"options: {{{setting.name}: [{quoted}]}} in connectsync.yaml"


def _check_districts(
    districts: Sequence[District], listed: Sequence[ListedDistrict]
) -> Iterator[Check]:
    there = {one.key for one in listed}
    ours = {one.key for one in districts}
    if gone := sorted(ours - there):
        yield fail(
            "districts",
            f"{len(gone)} of the files are not on Connect: {few(gone)}",
            "check the spelling of the files' names",
        )
    elif ours:
        yield ok("districts", "all districts of the files are there")
    if others := sorted(there - ours):
        yield warn(
            "districts",
            f"{len(others)} on Connect have no file: {few(others)}",
            "take them over with `connectsync import`",
        )


def _whole(key: str, form: Form) -> Check:
    missing = [setting.name for setting in SETTINGS if setting.name not in form]
    if FIRST_FORM.intersection(missing):
        return fail("form", f"{key} does not show {', '.join(missing)}")
    if missing:
        return warn(
            "form",
            f"Connect does not show {', '.join(missing)} ({key})",
            "what it does not show is unknown: it is neither compared nor written",
        )
    return ok("form", f"all {len(SETTINGS)} settings can be read ({key})")


OFFERING = tuple(
    setting.name for setting in SETTINGS if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""The settings that offer labels."""

FRESH = "schema: 1\n"
"""What a project file holds that says nothing yet."""


async def offered_labels(reader: Reader) -> Options:
    """
    Read what every drop-down and box group offers.

    Where it is not told, published labels stand for themselves. Raises
    ``ConnectError`` for a setting whose labels are published nowhere.
    """
    offered = {}
    for name in OFFERING:
        try:
            offered[name] = await reader.options(name)
        except ConnectError:
            if not BY_NAME[name].labels:
                raise
    return offered


def record(root: Path, offered: Options, recorded: Options) -> tuple[str, ...]:
    """
    Write labels into the project file; give the settings whose labels were new.

    A setting that offers just the published labels is left out. Comments and
    everything else stay. Another order makes no difference. Without a project file one
    is made. Raises ``InvalidFiles`` or ``UsageError``, with nothing written, if it
    cannot be done.
    """
    new = {
        name: labels
        for name, labels in offered.items()
        if set(labels) != set(recorded.get(name, BY_NAME[name].labels))
    }
    if new:
        changes: dict[KeyPath, Any] = {
            ("options", name): list(labels) for name, labels in new.items()
        }
        text = edit_values(_text(root), changes, name="project")
        _insist_valid(text)
        replace_file(root / PROJECT_FILE, text)
    return tuple(new)


def _text(root: Path) -> str:
    path = root / PROJECT_FILE
    if not path.exists():
        return FRESH
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}") from error


def _insist_valid(text: str) -> None:
    for finding in check_bytes(PROJECT_FILE, text.encode(), "project").findings:
        raise InvalidFiles(
            f"the labels cannot be recorded: {finding.message}",
            remedy=finding.hint,
        )


async def examine_age(reader: Reader, now: datetime, oldest: timedelta) -> list[Check]:
    """
    Say when the forms were read, and whether a plan may still rest on them.

    Says nothing where there is no form. Raises ``ConnectError``.
    """
    listed = await reader.list_districts()
    taken = [(await reader.read(one.key)).read_at for one in listed[:1]]
    return [check for read_at in taken for check in _check_age(read_at, now, oldest)]


def _check_age(read_at: datetime, now: datetime, oldest: timedelta) -> Iterator[Check]:
    age = max(now - read_at, timedelta())
    said = f"taken {read_at:%Y-%m-%d %H:%M %Z}, {_spell_age(age)} ago"
    if age <= oldest:
        yield ok("age", said)
    else:
        hours = f"{oldest.total_seconds() / 3600:g} hours"
        yield warn(
            "age",
            f"{said}: older than {hours}, so `apply` refuses changes that are planned"
            " on it, and nothing in it is remembered as applied",
            "take another one with `connectsync --backend NAME snapshot --output FILE`",
        )


def _spell_age(age: timedelta) -> str:
    """Spell a span of time in its largest unit."""
    hours = int(age.total_seconds() // 3600)
    for count, noun in ((age.days, "day"), (hours, "hour")):
        if count:
            return many(count, noun)
    return "less than an hour"
