"""The options of connectsync itself, understood before the command and after it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

Command = TyperCommand | TyperGroup

LATE = "everywhere_"
"""How the names of such options begin, so that they are nobody else's."""


def understand_everywhere(group: TyperGroup) -> None:
    """
    Let every command behind a group take the group's own options too.

    They are parsed with the command's own ones, so that nothing is guessed: the value
    of another option, a word after `--`, and an option that the command spells the
    same way are what they were. Help does not repeat them.
    """
    own = [one for one in group.params if isinstance(one, TyperOption)]
    settled = [one for one in own if one.expose_value and not one.is_eager]
    for command in _behind(group):
        taken = {name for one in command.params for name in one.opts}
        command.params += [
            _again(one, free)
            for one in settled
            if (free := [name for name in one.opts if name not in taken])
        ]


def shown(command: Command) -> None:
    """Show what help does not repeat, to a shell that asks what there is."""
    for one in command.params:
        if isinstance(one, TyperOption) and (one.name or "").startswith(LATE):
            one.hidden = False


def _behind(group: TyperGroup) -> Iterator[Command]:
    for command in group.commands.values():
        if isinstance(command, Command):
            yield command
        if isinstance(command, TyperGroup):
            yield from _behind(command)


def _again(option: TyperOption, spelled: list[str]) -> TyperOption:
    again = copy.copy(option)
    again.opts = spelled
    again.hidden = True
    again.expose_value = False
    again.default = None
    again.name = f"{LATE}{option.name}"
    again.callback = partial(_told_late, option.name or "")
    return again


def _told_late(
    name: str, context: typer.Context, option: object, value: object
) -> None:
    """Let connectsync's own options be heard again, with one that came late."""
    del option
    root = context.find_root()
    if value is None or context.resilient_parsing or root.command.callback is None:
        return
    root.params[name] = value
    root.command.callback(**root.params)
