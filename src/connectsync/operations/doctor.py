"""A check-up: what can be done with this project and this backend, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectsync.connect.seam import Reader
from connectsync.domain.checkup import Check, Standing, fail, ok, warn
from connectsync.domain.counting import few, many
from connectsync.domain.district import District
from connectsync.domain.labels import composed, is_same_label
from connectsync.domain.live import Listed
from connectsync.domain.settings import FIRST_FORM, SETTINGS, Form, Kind, Setting
from connectsync.domain.validation import ValidationReport
from connectsync.errors import ConnectError, ProjectError
from connectsync.operations.page_mapping import page_checks

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
    silent = [one.key for one in asked if not _resolves(one, resolves)]
    references = many(len(asked), "token reference")
    not_run = ""
    if len(asked) < len(stated):
        commands = many(len(stated) - len(asked), "token command")
        not_run = f"; {commands} not run (`doctor --run-commands` runs them)"
    if not silent:
        return ok("tokens", f"{references} give a token here{not_run}")
    return warn(
        "tokens",
        f"{len(silent)} of {references} give none here: {few(silent)}{not_run}",
        "set them where tokens are needed; planning and applying settings needs none",
    )


def _is_command(district: District) -> bool:
    return (district.credentials.oauth_token or "").startswith("command:")


def _resolves(district: District, resolves: Callable[[str], str]) -> bool:
    try:
        return bool(resolves(district.credentials.oauth_token or ""))
    except ProjectError:
        return False


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend to look at, with what the files say about it."""

    reader: Reader
    districts: Sequence[District]
    options: Options

    async def examine(self) -> list[Check]:
        """
        Look at everything that reading shows; a check that fails ends the rest.

        Nothing is written.
        """
        try:
            listed = await self.reader.list_districts()
        except ConnectError as error:
            lost = fail("reach", error.message, error.remedy)
            return [lost, *await page_checks(self.reader, error)]
        page = await page_checks(self.reader)
        checks = [ok("reach", _reached(self.reader, listed)), *page]
        checks += _known(self.districts, listed)
        if listed:
            checks.append(await self._form(listed[0].key))
        if any(check.standing is Standing.ERROR for check in page):
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
    if set(map(composed, known)) == set(map(composed, offered)):
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


def _reached(reader: Reader, listed: Sequence[Listed]) -> str:
    return f"{reader.described} lists {many(len(listed), 'district')}"


def _known(districts: Sequence[District], listed: Sequence[Listed]) -> Iterator[Check]:
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
        return fail("form", f"{key} lacks {', '.join(missing)}")
    if missing:
        return warn(
            "form",
            f"Connect does not show {', '.join(missing)} ({key})",
            "what it does not show is unknown: it is neither compared nor written",
        )
    return ok("form", f"all {len(SETTINGS)} settings can be read ({key})")
