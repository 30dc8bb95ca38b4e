"""The reference page of the errors: what each means, when it comes, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schema_pages import page, table

from connectsync import errors
from connectsync.cli.terminal import status_of
from connectsync.errors import ConnectsyncError

WHEN: Mapping[str, str] = {
    "UsageError": "An option that does not exist or does not go with another one, a"
    " name that nothing has, a file that cannot be read or written. Nothing was done.",
    "NothingMatched": "Also a file outside the districts' folder. Nothing was done.",
    "ProjectError": "`connectsync.yaml` has an error; an address, a reference or a"
    " label in it or in a district's file cannot be used; the browser that it asks for"
    " is not installed.",
    "TokenRefused": "The token of a district is named as a file out of the project, or"
    " as what is a secret of the gateway, the state or another program; or the token of"
    " the gateway as a secret of a district, the state, the CI or another program. None"
    " was used.",
    "InvalidFiles": "`plan`, `apply`, `drift` and `reconcile` want the whole fleet free"
    " of errors, for rules hold districts against each other; `fmt` and `import` only"
    " what they write. Nothing was planned or written.",
    "PlanError": "",
    "DamagedPlan": "The file is cut off, was edited after it was made, holds what"
    " `plan` never writes, or is of another version of the format. Nothing was saved.",
    "StalePlan": "A district's file says something else now, a form was saved since it"
    " was read, the plan was made on another backend, or nothing of it is left to do."
    " The message names district and setting. Nothing was saved.",
    "Conflict": "Someone saved the form between our read and our save, or what is read"
    " back after it is not what was there and was asked for, also of settings that no"
    " file manages. The district is left as it is; the others of the run go on.",
    "RollbackRefused": "A setting that the run saved was saved again since, or it"
    " is not known yet whether one of its saves happened. No plan was made.",
    "Refused": "",
    "GuardRefused": "A guard of severity error was not accepted, or by another number"
    " than the plan's, or an hour is closed that was not overridden. The message names"
    " each with its number.",
    "NotApproved": "A person answered no, or there was no terminal to ask on;"
    " approvals are missing that the project wants; or another plan's digest was"
    " approved.",
    "ConnectRenamed": "Everything the store knows of a Connect is kept under its name:"
    " launches, the limits of a day, what was applied.",
    "Superseded": "A bare `resume` never revives such a run, nor does `apply` with its"
    " plan: the newer run was made from what Connect held later.",
    "Overtaken": "What the other run changes was not among what the guards of a day"
    " had counted. `apply` asks them once more by itself, and continues if they agree.",
    "ConnectError": "Within a run it is the ending of one"
    " district, and the others go on.",
    "Unreachable": "No connection, no answer in time, an answer of another shape than"
    " agreed, a page that does not load, a browser that ended. Reads are tried again"
    " before; a save is never repeated, it is settled by reading.",
    "NotOffered": "A gateway of contract 1.0, a snapshot that records no sync, or the"
    " browser. `status` says it once, and it is no finding.",
    "Unconfirmable": "A form comes without an ETag of its version, as behind a proxy"
    " that compresses answers. It is seen before the first save.",
    "NotSent": "Connect could not be read just before the first save of a run.",
    "NeverSent": "The address does not resolve, or nothing listens there. What was to"
    " be saved never left this machine, and cannot arrive late.",
    "CredentialsRefused": "The gateway or Clever does not take the token, or the"
    " browser's session is missing or over.",
    "DistrictNotFound": "Connect lists no district of that key, or none can have it.",
    "VersionMoved": "Connect said so in answer to the save, which it did not make. The"
    " district ends as a conflict; the others of the run go on.",
    "FormRefused": "The form of this district offers other labels, or does not take"
    " what the rules let pass.",
    "PageChanged": "A control is missing, renamed, duplicate, disabled or covered, its"
    " form leads elsewhere, or the page asks something that was not expected. The"
    " message says which, and where picture and page are.",
    "NotConfirmed": "On a snapshot a person presses Save: they said no.",
    "AwaitsPerson": "A run that gave a click list ends so for each district that a"
    " person has not confirmed. It is told as *waiting*, and is no failure.",
    "Unsettled": "The answer to a save was lost, and so was the reading that would have"
    " settled it. The journal keeps the save as *intended*; `connectsync resume`"
    " settles it.",
    "Incomplete": "`snapshot` could read some of the districts and not all.",
    "RosterUnreadable": "`impact` was given a file, a folder or a zip that is no"
    " roster, is damaged, or is not saved as UTF-8. The message names the file and the"
    " line, never what stands there. Nothing was counted.",
    "StateError": "The folder or the database is not there, cannot be written, was"
    " written by a newer connectsync, or holds what no connectsync wrote. What cannot"
    " be written down first is not saved.",
    "UnknownRun": "A number is asked for that this state store does not have.",
    "RunInHand": "`runs close` meets a run of which another runner has a district, or"
    " of which it is not known yet whether a save happened. Nothing was written.",
    "LeaseLost": "This runner was silent for so long that its district was given to"
    " another one.",
    "Bug": "The log file holds stack frames without values: no secret, no person.",
}
"""When an error comes, and what that leaves behind, by its name."""


def errors_page() -> str:
    """Write a table of every error, then a section for each."""
    found = tuple(tree(ConnectsyncError))
    return page(
        "# Errors",
        "A failure prints one sentence that says what is wrong and where, one that"
        " says what to do next, and ends with an [exit status](exit-statuses.md). The"
        " names are those of the code. An error never holds a secret, nor a name, a"
        " phone number or an email of a family.",
        table(
            ("Error", "Exit status", "What happened"),
            ((_named(one), _status(one), _sentence(one)) for one in found),
        ),
        *(block for one in found for block in _section(one)),
    )


def tree(error: type[ConnectsyncError]) -> Iterator[type[ConnectsyncError]]:
    """Give the errors below one, each before those below it."""
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from tree(child)


def error_link(error: type[ConnectsyncError]) -> str:
    """Link to the section of an error, from a page beside it."""
    return f"[`{error.__name__}`](errors.md#{error.__name__.lower()})"


def _named(error: type[ConnectsyncError]) -> str:
    return error_link(error).replace("errors.md", "")


def _status(error: type[ConnectsyncError]) -> str:
    return f"`{int(status_of(error('')))}`"


def _sentence(error: type[ConnectsyncError]) -> str:
    return (error.__doc__ or "").strip().split("\n\n")[0]


def _section(error: type[ConnectsyncError]) -> Iterator[str]:
    yield f"## {error.__name__}"
    yield f"{_sentence(error)} {WHEN[error.__name__]}".strip()
    if below := [_named(one) for one in tree(error)]:
        yield f"The following: {', '.join(below)}."
    if error.default_remedy:
        yield f"What to do, unless the message knows better: {error.default_remedy}."
    yield f"Exit status: {_status(error)}."
