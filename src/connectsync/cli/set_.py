"""``connectsync set`` and ``unset``: change values of many files at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from connectsync.cli.asked import chosen_by
from connectsync.cli.options import dry_run_option, option_yes_write, where_option
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, Terminal
from connectsync.config.document import Document
from connectsync.config.fleet import Fleet
from connectsync.config.project import Project
from connectsync.config.source import IN_QUOTES
from connectsync.domain.district import LIST, names_meant, settable_names, why_no_value
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.schedule import local_time, spell_managed
from connectsync.domain.wording import did_you_mean, few, many
from connectsync.errors import InvalidFiles, NotApproved, UsageError
from connectsync.files.access import not_written
from connectsync.files.writing import make_folder, write_together
from connectsync.operations.checking import options_of
from connectsync.operations.editing import (
    BOOLS,
    EditedFile,
    ValueEdit,
    diff_lines,
    edit_layers,
    fleet_with,
)
from connectsync.operations.validate import validate_fleet
from connectsync.report.terminal import Paint, inert
from connectsync.values import dataclass

in_profile_option = Annotated[
    str | None,
    typer.Option(
        "--in-profile", metavar="NAME", help="Change this profile, not districts."
    ),
]

_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.]*)(\+=|-=|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileChange:
    """What the command line asks to change, and where."""

    edits: tuple[ValueEdit, ...]
    paths: tuple[str, ...]
    where: str | None
    profile: str | None


def set_(
    context: typer.Context,
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="Values, such as deletion_threshold=15 or phone_types+=Cell, then"
            " districts: names, files, folders or globs.",
        ),
    ],
    where: where_option = None,
    in_profile: in_profile_option = None,
    yes: option_yes_write = False,
    dry_run: dry_run_option = False,
) -> int:
    """
    Set values in the files of districts, or in a profile; comments are kept.

    Shows the change and asks. `+=` adds labels to a list, `-=` removes them, and
    `NAME=null` takes a profile's value back. Nothing is written unless all files that
    would change are valid then. Connect is not changed: plan and apply come after.
    """
    session: Session = context.obj
    edits = tuple(parse_assignment(one) for one in arguments if "=" in one)
    if not edits:
        raise UsageError(
            "`set` names no value",
            remedy="write for example `connectsync set deletion_threshold=15 DISTRICT`",
        )
    paths = tuple(one for one in arguments if "=" not in one)
    asked = FileChange(edits, paths, where, in_profile)
    return change_files(session, asked, yes=yes, dry_run=dry_run)


def unset(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A value, such as deletion_threshold.")
    ],
    districts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DISTRICTS]...",
            help="Names, files, folders or globs of districts.",
        ),
    ] = None,
    where: where_option = None,
    in_profile: in_profile_option = None,
    yes: option_yes_write = False,
    dry_run: dry_run_option = False,
) -> int:
    """
    Take a value out of the files of districts, or of a profile; comments are kept.

    What a profile says counts then. Shows the change and asks, as `set` does.
    """
    edit = ValueEdit(_path(name)[0], "")
    asked = FileChange((edit,), tuple(districts or ()), where, in_profile)
    return change_files(context.obj, asked, yes=yes, dry_run=dry_run)


def _path(name: str) -> tuple[tuple[str, ...], str]:
    """Give the path of a file that a name means, and the type of its value."""
    types = settable_names()
    meant = names_meant(name, types)
    if len(meant) != 1:
        ends = [one.rpartition(".")[2] for one in types]
        several = f"did you mean {' or '.join(map(repr, meant))}?" if meant else ""
        raise UsageError(
            f"there is no value called {name[:80]!r} that can be set",
            remedy=several
            or why_no_value(name)
            or did_you_mean(name, [*types, *ends])
            or SEE,
        )
    return tuple(meant[0].split(".")), types[meant[0]]


SEE = "`connectsync list --columns help` lists all names"


def parse_assignment(text: str) -> ValueEdit:
    """Read NAME=VALUE, NAME+=LABELS or NAME-=LABELS. Raises ``UsageError``."""
    found = _ASSIGNMENT.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text[:80]!r} is not NAME=VALUE",
            remedy="write for example deletion_threshold=15 or phone_types+=Cell",
        )
    name, sign, said = found.groups()
    path, kind = _path(name)
    if sign != "=" and kind != LIST:
        raise UsageError(
            f"{name} is no list, so {sign} means nothing",
            remedy=f"write {name}=VALUE",
        )
    if sign == "=" and said == "null":
        return ValueEdit(path, sign, None)
    return ValueEdit(path, sign, _value(name, kind, said))


def _value(name: str, kind: str, said: str) -> Any:
    if kind == LIST:
        # also as YAML and JSON spell a list: [Cell, Home], ["Cell"], []
        plain = said.strip()
        if plain[:1] == "[" and plain[-1:] == "]":
            plain = plain[1:-1]
        parts = (part.strip().strip("'\"") for part in plain.split(","))
        return [part for part in parts if part]
    # quotes that a shell left there are none of the value's, as in a list
    said = said[1:-1] if IN_QUOTES.fullmatch(said) else said
    if kind == "bool":
        if said.lower() not in BOOLS:
            raise UsageError(
                f"{name} is true or false, not {said[:80]!r}",
                remedy=f"write {name}=true or {name}=false",
            )
        return BOOLS[said.lower()]
    if kind == "int":
        if not re.fullmatch("[0-9]{1,9}", said):
            raise UsageError(
                f"{name} is a whole number, not {said[:80]!r}",
                remedy=f"write for example {name}=15",
            )
        return int(said)
    if not (said.strip() and said.isprintable()):
        raise UsageError(
            f"{name} needs a text on one line",
            remedy=f"to take it out, use `connectsync unset {name}`",
        )
    return said


def change_files(
    session: Session, asked: FileChange, *, yes: bool, dry_run: bool
) -> int:
    """Show what a change does to files, ask, and write all of them or none."""
    project, terminal = session.project(), session.terminal
    if asked.profile is None and not asked.paths and asked.where is None:
        raise UsageError(
            "no district is named",
            remedy="name districts, or choose them with --where EXPR; --where true"
            " takes all, --in-profile NAME changes a profile",
        )
    if asked.profile is not None and (asked.paths or asked.where is not None):
        raise UsageError(
            "--in-profile takes neither districts nor --where",
            remedy="leave them out: a profile changes for all who build on it",
        )
    fleet = session.fleet(project, ())
    layers = list(_layers(session, project, fleet, asked))
    drafted = [edit_layers(one, asked.edits) for one in layers]
    edited = [one for one in drafted if one.after != one.before]
    if not edited:
        terminal.say(f"nothing to change: {_already(len(layers), 'file')}")
        return ExitStatus.FINE
    left = len(layers) - len(edited)
    already = f"; {_already(left)}" if left else ""
    names = [edit.path[1] for edit in asked.edits if edit.path[0] == "settings"]
    proposal = Proposal(session, project, fleet, edited)
    return proposal.settle(
        already + _reached(fleet, asked.profile),
        dict.fromkeys((one.file for one in edited), names),
        yes=yes,
        dry_run=dry_run,
    )


def _already(count: int, noun: str = "") -> str:
    held = many(count, noun) if noun else f"{count:,}"
    return f"{held} {'is' if count == 1 else 'are'} so already"


def _reached(fleet: Fleet, profile: str | None) -> str:
    """Say how many districts build on the profile that changes."""
    if profile is None:
        return ""
    file = fleet.shelf.documents[profile].file
    users = [one for one in fleet.districts if file in {d.file for d in one.layers}]
    return f"; {many(len(users), 'district builds', 'districts build')} on it"


def _meanwhile(
    fleet: Fleet, names: Mapping[str, Collection[str]], now: datetime
) -> Iterator[str]:
    """Say where a period holds another value today, so that what is set waits."""
    for one in fleet.districts:
        schedule = one.district.schedule
        changed = {name for layer in one.layers for name in names.get(layer.file, ())}
        if not (changed and schedule.periods):
            continue
        day = local_time(now, schedule.zone).date()
        for name in sorted(changed):
            if (position := schedule.in_force(name, day)) is not None:
                period = schedule.periods[position]
                held = spell_managed(period.settings[name])
                yield (
                    f"{one.district.key}: {name} stays {held} until"
                    f" {period.days.last}, by `scheduled:`; what you set counts after"
                )


def _layers(
    session: Session, project: Project, fleet: Fleet, asked: FileChange
) -> Iterator[tuple[Document, ...]]:
    """Give the layers of each file that is to change, the file itself last."""
    shelf = fleet.shelf
    if asked.profile is not None:
        if asked.profile not in shelf.chains.by_stem:
            raise UsageError(
                f"there is no profile {asked.profile!r} that can be changed",
                remedy=did_you_mean(asked.profile, shelf.chains.by_stem)
                or "profiles lie in the folder _profiles, one a file",
            )
        chain = shelf.chains.by_stem[asked.profile]
        yield tuple(shelf.documents[stem] for stem in chain)
        return
    named = chosen_by(session, asked.paths, asked.where)
    by_file = {one.file: one for one in fleet.districts}
    spelled = session.named(project, named)
    for path in session.files(project, spelled):
        file = path.relative_to(project.root).as_posix()
        if file not in by_file:
            raise InvalidFiles(
                f"{file} has errors, so it cannot be changed",
                remedy="`connectsync validate` shows them",
            )
        yield by_file[file].layers


def _same(one: Finding) -> tuple[str, str, str]:
    return one.rule, one.place.file, one.message


def _refuse_file(errors: Sequence[Finding]) -> InvalidFiles:
    """Make the error that names the first file that would have one."""
    first = errors[0]
    more = f", and {len(errors) - 1:,} more" if len(errors) > 1 else ""
    return InvalidFiles(
        f"{first.place.file} would have an error: {first.message}{more}; nothing"
        " was written",
        remedy=first.hint or f"`connectsync explain {first.rule}` says why",
    )


def _told_once(found: Sequence[Finding]) -> Iterator[str]:
    """Tell findings, those of one rule in one line with their files."""
    by_rule: dict[str, list[Finding]] = {}
    for one in found:
        by_rule.setdefault(f"{one.severity.value}[{one.rule}]", []).append(one)
    for label, (first, *others) in by_rule.items():
        files = list(dict.fromkeys(one.place.file for one in others))
        also = f"; so in {many(len(files), 'other file')}: {few(files)}"
        told = f"{label} {first.place.file}: {first.message}"
        yield f"{told}{also}" if files else told


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    A change of files of a fleet that a person is shown before it is written.

    ``refuse`` makes the error of what would be wrong with the files then.
    """

    session: Session
    project: Project
    fleet: Fleet
    edited: Sequence[EditedFile]
    refuse: Callable[[Sequence[Finding]], InvalidFiles] = _refuse_file

    def settle(
        self,
        already: str,
        names: Mapping[str, Collection[str]],
        *,
        yes: bool,
        dry_run: bool,
    ) -> int:
        """
        Show it, ask, and write all files or none.

        ``already`` ends the line that counts them; ``names`` are the settings that
        each file is to set. Raises ``InvalidFiles`` where a
        file would have an error that none has now, ``NotApproved``, ``UsageError``.
        """
        terminal, edited = self.session.terminal, self.edited
        found = self._insist_no_new_error()
        terminal.present("\n".join(diff_lines(edited, Paint(terminal.colour))), None)
        terminal.say(f"{many(len(edited), 'file')} to change{already}")
        for line in _meanwhile(self.fleet, names, self.session.now()):
            terminal.say(inert(line))
        for line in _told_once(found):
            terminal.complain(inert(line))
        if dry_run:
            return ExitStatus.FINE
        wrote = write_agreed(terminal, self.project, edited, yes=yes)
        terminal.say(f"{wrote}; next: `connectsync plan`")
        return ExitStatus.FINE

    def _insist_no_new_error(self) -> list[Finding]:
        """Refuse a change that makes an error; give the warnings that it makes."""
        asked = options_of(self.project, self.session.today(), whole_fleet=True)
        as_is = validate_fleet(fleet_with(self.fleet, ()), asked).findings
        before = {_same(one) for one in as_is}
        after = validate_fleet(fleet_with(self.fleet, self.edited), asked).findings
        new = [one for one in after if _same(one) not in before]
        if errors := [one for one in new if one.severity is Severity.ERROR]:
            raise self.refuse(errors)
        return [one for one in new if one.severity is Severity.WARNING]


def write_agreed(
    terminal: Terminal, project: Project, edited: Sequence[EditedFile], *, yes: bool
) -> str:
    """
    Ask, and write all files or none; say how many.

    Raises ``NotApproved`` unless the answer is yes, ``UsageError`` if a file was
    changed meanwhile, or cannot be written.
    """
    _insist_yes(terminal, edited, yes=yes)
    _write(project, edited)
    return f"wrote {many(len(edited), 'file')}"


def _insist_yes(terminal: Terminal, edited: Sequence[EditedFile], *, yes: bool) -> None:
    if yes:
        return
    count = many(len(edited), "file")
    answer = terminal.ask(f"Write {count}? Type `yes` to continue:")
    if answer is None:
        raise NotApproved(
            "there is no terminal to ask on, so nothing was written",
            remedy="look at the change, then give --yes",
        )
    if answer != "yes":
        raise NotApproved("you did not confirm, so nothing was written", remedy="")


def _write(project: Project, edited: Sequence[EditedFile]) -> None:
    for one in edited:
        path = project.root / one.file
        if not one.before and not os.path.lexists(path):
            make_folder(path.parent)
        elif path.read_bytes().decode("utf-8-sig", "replace") != one.before:
            raise UsageError(
                f"{one.file} was changed meanwhile, so nothing was written",
                remedy="run the command again",
            )
    try:
        write_together({project.root / one.file: one.after for one in edited})
    except OSError as error:
        raise not_written(project.districts_dir, error) from error
