"""The options of connectsync itself, understood before the command and after it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from functools import partial

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

Command = TyperCommand | TyperGroup

LATE = "everywhere_"
"""How the names of such options begin, so that they are nobody else's."""


def understand_everywhere(command: Command, own: Iterable[object]) -> None:
    """
    Let a command, and those behind it, take the options of connectsync itself too.

    They are parsed with the command's own ones, so that nothing is guessed: the value
    of another option, a word after `--`, and an option that the command spells the
    same way are what they were. Help does not repeat them.
    """
    settled = [
        one
        for one in own
        if isinstance(one, TyperOption) and one.expose_value and not one.is_eager
    ]
    for each in (command, *_behind(command)):
        taken = {name for one in each.params for name in one.opts}
        each.params += [
            _again(one, free)
            for one in settled
            if (free := [name for name in one.opts if name not in taken])
        ]


def shown(command: Command) -> None:
    """Show what help does not repeat, to a shell that asks what there is."""
    for one in command.params:
        if isinstance(one, TyperOption) and (one.name or "").startswith(LATE):
            one.hidden = False


def _behind(command: Command) -> Iterator[Command]:
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            if isinstance(one, Command):
                yield one
                yield from _behind(one)


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
