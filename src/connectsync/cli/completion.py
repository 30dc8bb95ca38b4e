"""Words that a shell offers at the tab key: districts, rules, guards, and more."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from connectsync.cli.session import Session
from connectsync.cli.terminal import Terminal
from connectsync.config.decode import SUFFIXES
from connectsync.config.discovery import PROFILES, below
from connectsync.errors import ConnectsyncError
from connectsync.values import dataclass

Words = Callable[[Session], Iterable[str]]
"""Gives every word there is; those that do not begin as asked are left out."""

Parameter = TyperArgument | TyperOption

_HARMLESS = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*")
"""
A name or path that no shell, and no command, reads as anything else.

Whoever writes a branch names its files, and zsh runs some names at the tab key.
"""


@dataclass(frozen=True, slots=True)
class Completion:
    """What is offered, in the shape in which typer hands it to a shell."""

    value: str
    help: str | None = None
    type: str = "plain"


def districts(session: Session) -> Iterable[str]:
    """Name the districts of the project by their files, which are not read."""
    return _stems(below(session.project().districts_dir))


def profiles(session: Session) -> Iterable[str]:
    """Name the profiles of the project."""
    folder = session.project().districts_dir / PROFILES
    return _stems(path for path in folder.iterdir() if path.suffix in SUFFIXES)


def _stems(paths: Iterable[Path]) -> Iterable[str]:
    return (path.stem for path in paths if _HARMLESS.fullmatch(path.stem))


def rules(session: Session) -> Iterable[str]:
    """Name the rules."""
    del session
    from connectsync.rules.catalogue import pages

    return (page.name for page in pages())


def complete_explainable(session: Session) -> Iterable[str]:
    """Name what can be explained: rules, and keys of files."""
    from connectsync.config.schemas import list_described_paths

    return (*rules(session), *list_described_paths())


def complete_acceptable(session: Session) -> Iterable[str]:
    """Name what can be accepted; the number is for a person to count."""
    del session
    from connectsync.rules.catalogue import acceptable

    return (f"{name}=" for name in acceptable())


def overridden(session: Session) -> Iterable[str]:
    """Name what can be overridden; the reason is for a person to give."""
    del session
    from connectsync.domain.policy import WAVES
    from connectsync.rules.catalogue import overridable

    return (f"{name}=" for name in {*overridable(), WAVES})


def form_settings(session: Session) -> Iterable[str]:
    """Name the settings of the form."""
    del session
    from connectsync.domain.settings import SETTINGS

    return (one.name for one in SETTINGS)


def settable(session: Session) -> Iterable[str]:
    """Name the values that can be taken out: settings, and others by their paths."""
    from connectsync.domain.district import settable_names

    return (*form_settings(session), *settable_names())


def assigned(session: Session) -> Iterable[str]:
    """Name the values that can be set, and districts; the value is for a person."""
    return (*(f"{name}=" for name in settable(session)), *districts(session))


def schemas(session: Session) -> Iterable[str]:
    """Name the schemas."""
    del session
    from connectsync.config.schemas import schema_names

    return schema_names()


def backends(session: Session) -> Iterable[str]:
    """Name the backends."""
    del session
    from connectsync.cli.backends import BACKENDS

    return (f"{one.name}:" if one.by_hand else one.name for one in BACKENDS.values())


def whens(session: Session) -> Iterable[str]:
    """Name when to colour."""
    del session
    return ("auto", "always", "never")


BY_METAVAR: Mapping[str, Words] = {
    "DISTRICT": districts,
    "[DISTRICT]...": districts,
    "[DISTRICTS]...": districts,
    "[KEYS]...": districts,
    "KEY": districts,
    "[SETTING]...": form_settings,
    "NAME=VALUE...": assigned,
    "RULE": rules,
    "NAME=COUNT": complete_acceptable,
    "NAME=REASON": overridden,
    "WAY": backends,
    "WHEN": whens,
}
"""What is offered for a value of that name, wherever it is asked for."""

BY_NAME: Mapping[tuple[str, str], Words] = {
    ("show", "districts"): districts,
    ("compare", "one"): districts,
    ("compare", "other"): districts,
    ("unset", "districts"): districts,
    ("unset", "name"): settable,
    ("history", "district"): districts,
    ("set", "in_profile"): profiles,
    ("unset", "in_profile"): profiles,
    ("explain", "name"): complete_explainable,
    ("schema", "name"): schemas,
    ("new", "profile"): profiles,
    ("import", "profile"): profiles,
}
"""The same for arguments and options of one command."""

PATHS = frozenset(["[PATHS]..."])
"""Where files are named: a district's key is turned into the path of its file."""


ASKED_AS = "_CONNECTSYNC_COMPLETE"
"""The variable in which a shell says which one it is."""


def teach_options(parameters: Iterable[object]) -> None:
    """Let a shell be offered the words for options of connectsync itself."""
    for parameter in parameters:
        _teach(parameter, "")


def teach(name: str, command: TyperCommand | TyperGroup) -> None:
    """Let a shell be offered the words for each argument and option of a command."""
    group = isinstance(command, TyperGroup)
    for parameter in command.params:
        _teach(parameter, "" if group else name)
    if isinstance(command, TyperGroup):
        for inner, behind in command.commands.items():
            if isinstance(behind, TyperCommand | TyperGroup):
                teach(inner, behind)


def _teach(parameter: object, command: str) -> None:
    if not isinstance(parameter, Parameter):
        return
    named, metavar = (command, parameter.name or ""), parameter.metavar or ""
    words = BY_NAME.get(named) or BY_METAVAR.get(metavar)
    if words is not None:
        parameter.shell_complete = partial(_beginning, words)  # type: ignore[method-assign, assignment]
    elif metavar in PATHS:
        parameter.shell_complete = _path  # type: ignore[method-assign, assignment]


def _beginning(
    words: Words, context: typer.Context, incomplete: str
) -> list[Completion]:
    # a shell that asks wants words or nothing: what is wrong is said on the next run
    with suppress(ConnectsyncError, OSError):
        found = {one for one in words(_session(context)) if one.startswith(incomplete)}
        return [Completion(one) for one in sorted(found)]
    return []


def _path(context: typer.Context, incomplete: str) -> list[Completion]:
    """Turn the key of one district into its path; leave all else to the shell."""
    if not incomplete or os.sep in incomplete or Path(incomplete).exists():
        return []
    with suppress(ConnectsyncError, OSError):
        session = _session(context)
        found = {path.stem: path for path in below(session.project().districts_dir)}
        files = {key: path for key, path in found.items() if _HARMLESS.fullmatch(key)}
        keys = sorted(key for key in files if key.startswith(incomplete))
        if os.environ.get(ASKED_AS) == "complete_zsh":
            # it drops what does not begin as was typed; a key does as well as a path
            return [Completion(key) for key in keys]
        if len(keys) == 1 or incomplete in files:
            file = files.get(incomplete) or files[keys[0]]
            path = os.path.relpath(file, session.folder or session.here)
            # what a shell would read as more than a name is left at the key
            return [Completion(path if _HARMLESS.fullmatch(path) else file.stem)]
        return [Completion(key) for key in keys]
    return []


def _session(context: typer.Context) -> Session:
    folder = context.find_root().params.get("project")
    return Session(
        terminal=Terminal(colour=False, width=80, quiet=True),
        environment=os.environ,
        folder=Path(folder) if folder else None,
        state_dir=None,
        backend=None,
    )
