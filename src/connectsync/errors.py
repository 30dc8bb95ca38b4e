"""
Every failure a user can meet, as one tree; each says what to do next.

ConnectsyncError
├── UsageError               the command line asks for something impossible
│   └── NothingMatched       a path, glob or pattern that matches no file
├── ProjectError             connectsync.yaml cannot be used
│   └── TokenRefused         a file names a secret of others as a token
├── InvalidFiles             district files with errors; nothing may be planned
├── PlanError                a plan that must not be applied
│   ├── DamagedPlan          its digest does not match its content
│   ├── StalePlan            files or Connect moved since it was made
│   ├── Conflict             the form is not as it was and as was asked for
│   └── RollbackRefused      undoing a run would undo what came after it as well
├── Refused                  a guard, or a person, said no
│   ├── GuardRefused
│   ├── Overtaken            another run began after the guards were asked
│   └── NotApproved
├── ConnectError             Connect did not give or take what was asked
│   ├── Unreachable          no answer, or none that can be understood
│   │   └── NeverSent        no connection: nothing left this machine
│   ├── CredentialsRefused
│   ├── Unconfirmable        no save could be proven, so none was made
│   ├── NotSent              nothing was saved: Connect could not be read before
│   ├── DistrictNotFound
│   ├── NotOffered           this way to Connect does not show what was asked
│   ├── VersionMoved         the form was saved by someone else meanwhile
│   ├── FormRefused          Connect's form does not accept these settings
│   ├── PageChanged          a control of the page is not where and what it was
│   ├── NotConfirmed         a save by hand was not confirmed
│   │   └── AwaitsPerson     the click list was given; it waits for a person
│   └── Unsettled            a save whose outcome could not be read back
├── RosterUnreadable         a roster that cannot be read; nothing was counted
├── Incomplete               a snapshot would lack districts that were asked for
├── StateError               the state store cannot be read or written
│   ├── UnknownRun           no run of this number was ever begun here
│   ├── RunInHand            a run cannot be closed: something of it is under way
│   └── LeaseLost            another runner holds the district now
└── Bug                      an impossible state: a bug in connectsync

Errors never carry a secret, a name, a phone number or an email of a family.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
"""Every character at which a program that reads lines may begin a new one."""


class ConnectsyncError(Exception):
    """
    A failure with a sentence for the user and a remedy.

    ``message`` says what is wrong and where; ``remedy`` says what to do next. ``below``
    are lines that belong to the sentence, such as each setting that moved: ``message``
    is the ``sentence`` with them. A line break in the name of a file comes out spelled,
    so that no name can begin a line.
    """

    default_remedy = ""

    def __init__(
        self, message: str, *, below: Iterable[str] = (), remedy: str | None = None
    ) -> None:
        self.sentence, *rest = map(_one_line, (message, *below))
        self.below = tuple(rest)
        self.message = "\n".join((self.sentence, *rest))
        self.remedy = _one_line(self.default_remedy if remedy is None else remedy)
        super().__init__(self.message)


def _one_line(text: str) -> str:
    if _LINE_ENDS.isdisjoint(text):
        return text
    return "".join(ascii(one)[1:-1] if one in _LINE_ENDS else one for one in text)


class UsageError(ConnectsyncError):
    """The command line asks for something impossible."""

    default_remedy = "see `connectsync --help`"


class NothingMatched(UsageError):
    """A path, a glob or a revision that brings in no district file."""

    default_remedy = "name a file, a directory or a glob that holds district files"


class ProjectError(ConnectsyncError):
    """The project file cannot be used."""

    default_remedy = (
        "fix connectsync.yaml; `connectsync schema project` shows the allowed keys"
    )


class TokenRefused(ProjectError):
    """The reference of a district, or of the gateway, leads to a secret of others."""

    default_remedy = "name where the token of this district alone is"


class InvalidFiles(ConnectsyncError):
    """District files have errors, so nothing may be planned from them."""

    default_remedy = "run `connectsync validate` and fix the errors first"


class PlanError(ConnectsyncError):
    """A plan that must not be applied."""

    default_remedy = "make a new plan, have it reviewed, and apply that one"


class DamagedPlan(PlanError):
    """The plan file is not what `plan` wrote."""


class StalePlan(PlanError):
    """The files or the settings on Connect changed since the plan was made."""


class Conflict(PlanError):
    """The form holds something else than was there before and was asked for."""

    moved: Mapping[str, Any] | None = None
    """
    What Connect holds now of each setting that was saved meanwhile.

    Empty where it was saved with the same values, None where nothing moved.
    """


class RollbackRefused(PlanError):
    """Undoing a run would undo what was saved after it as well."""

    default_remedy = "look at what came after; name what is to be undone all the same"


class Refused(ConnectsyncError):
    """A guard or a person said no; nothing was written."""


class GuardRefused(Refused):
    """At least one guard is not accepted by name and count."""

    default_remedy = "read the plan; accept what you mean with --accept NAME=COUNT"


class Overtaken(Refused):
    """Another run began after the guards were asked; they must be asked again."""

    default_remedy = "try again: the guards count what the other run changes as well"


class Superseded(Refused):
    """What is left of a run was planned once more by a newer run."""

    default_remedy = (
        "end it: `connectsync runs close RUN --reason REASON`; or continue the older"
        " plan all the same: `connectsync resume RUN`"
    )


class NotApproved(Refused):
    """The plan was not approved."""

    default_remedy = "answer `yes` at the prompt, or give --yes where no one can answer"


class ConnectError(ConnectsyncError):
    """Connect did not give or take what was asked."""

    default_remedy = "try again; if it stays, look at Connect by hand"


class Unreachable(ConnectError):
    """Connect gave no answer, or none that can be understood."""


class NeverSent(Unreachable):
    """No connection to Connect could be made; nothing left this machine."""


class CredentialsRefused(ConnectError):
    """Connect refused the credentials."""

    default_remedy = "check the token that the project file refers to"


class Unconfirmable(ConnectError):
    """What Connect answers could not prove a save, so none was made."""


class NotSent(ConnectError):
    """Connect could not be read before the first save, so none was made."""


class DistrictNotFound(ConnectError):
    """Connect knows no such district."""

    default_remedy = "check the spelling, or ask for the district to be made on Connect"


class NotOffered(ConnectError):
    """What was asked for is not shown by this way to Connect."""

    default_remedy = "look at it on Connect by hand"


class VersionMoved(ConnectError):
    """The form was saved by someone else since it was read."""

    default_remedy = "make a new plan from what is there now"


class FormRefused(ConnectError):
    """Connect's form does not accept these settings; nothing was saved."""

    default_remedy = "run `connectsync validate`; if it is clean, report this as a bug"


class PageChanged(ConnectError):
    """A control of Connect's page is not where and what it was; nothing was typed."""

    unsent = False
    """Whether it is certain that nothing of a save was sent to Connect."""

    default_remedy = (
        "look at the evidence; if a control has only another name now, state it in"
        " connectsync.yaml under backends.browser.labels"
    )


class NotConfirmed(ConnectError):
    """A save by hand was not confirmed; nothing was recorded."""

    default_remedy = "follow the click list, then confirm what is done"


class AwaitsPerson(NotConfirmed):
    """The click list was given, and a person has not said yet that it is done."""


class Unsettled(ConnectError):
    """A save was sent, and whether it happened could not be read back."""

    default_remedy = "look at the district on Connect, then make a new plan"


class RosterUnreadable(ConnectsyncError):
    """A roster cannot be read, so nothing of it was counted or written."""

    reason = ""
    """What is wrong with the text that was read, without a value of it."""

    line = 0
    """Its line, where that is known."""

    is_of_someone = False
    """Whether one of the people in it is not understood."""

    default_remedy = "export the roster again, and give that file"


class Incomplete(ConnectsyncError):
    """A snapshot would lack districts that were asked for; nothing was written."""

    default_remedy = (
        "fix that and try again, or use --partial to write what could be read"
    )


class StateError(ConnectsyncError):
    """The state store cannot be read or written."""

    default_remedy = (
        "check the state folder, its rights and its disk, or name another one with"
        " --state-dir"
    )


class ConnectRenamed(StateError):
    """The project has another name for its Connect than the state store."""

    default_remedy = "write the name that the state knows into connectsync.yaml"


class UnknownRun(StateError):
    """No run of this number was ever begun here."""

    default_remedy = "`connectsync runs` lists them"


class RunInHand(StateError):
    """A run cannot be closed while something of it is under way."""

    default_remedy = "stop the other runner first, or let it finish"


class LeaseLost(StateError):
    """Another runner holds the district now; nothing was written."""

    default_remedy = "let the other runner finish, or `connectsync resume` after it"


class Bug(ConnectsyncError):
    """An impossible state: this is a bug in connectsync."""

    default_remedy = "this is a bug in connectsync; please report it with the log file"


EXTRAS: Mapping[str, tuple[str, ...]] = {
    "browser": ("playwright>=1.55",),
    "emulator": ("uvicorn>=0.40",),
    "postgres": ("psycopg[binary]>=3.2",),
    "roster": ("duckdb>=2.0",),
    "otel": (
        "opentelemetry-api>=1.38",
        "opentelemetry-sdk>=1.38",
        "opentelemetry-exporter-otlp-proto-http>=1.38",
    ),
    "query": ("cel-expr-python>=0.1.3",),
    "sheets": ("xlsxwriter>=3.3", "python-calamine>=0.9"),
}
"""The packages of each extra, as `pyproject.toml` has them."""


def load_extra(module: str, extra: str, what: str) -> ModuleType:
    """
    Import a module of an extra.

    Raises ``UsageError`` that begins with ``what``, such as ``XLSX files need``.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"{what} the extra `{extra}`, which is not installed",
            remedy=how_to_add(extra),
        ) from error


def how_to_add(extra: str) -> str:
    """
    Give the command that adds an extra to this installation.

    It names the packages themselves and the Python that runs this: so it works from a
    clone, a wheel or an index, and whatever `pip` is first on the path.
    """
    # isolated: it would import a pip.py of the folder one stands in
    pip = (sys.executable or "python3", "-I", "-m", "pip")
    return f"install it: `{shlex.join((*pip, 'install', *EXTRAS[extra]))}`"
