"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectsync.domain.plan import Plan
from connectsync.domain.policy import ALL, Shard, shard_of
from connectsync.domain.wording import did_you_mean
from connectsync.errors import UsageError
from connectsync.report.reporter import formats_of, formats_told
from connectsync.values import dataclass

# the table of formats says what there is, so that a new one is a line there
FindingFormat = StrEnum("FindingFormat", [(n, n) for n in formats_of("findings")])  # type: ignore[misc]
PlanFormat = StrEnum("PlanFormat", [(n, n) for n in formats_of("plan")])  # type: ignore[misc]
DriftFormat = StrEnum("DriftFormat", [(n, n) for n in formats_of("drift")])  # type: ignore[misc]


paths_argument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATHS]...",
        help="Districts: files, folders, globs or names (default: all of them).",
        show_default=False,
    ),
]

where_option = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="EXPR",
        help="Only districts for which this CEL expression is true, such as"
        " '\"Home\" in settings.phone_types'; `connectsync list --columns help` lists"
        " the names.",
    ),
]

sheet_option = Annotated[
    Path | None,
    typer.Option(
        "--from-sheet", metavar="FILE", help="Take districts from an .xlsx or a .csv."
    ),
]
ignore_unknown_option = Annotated[
    bool,
    typer.Option(
        "--ignore-unknown", help="Leave out columns of the sheet that mean nothing."
    ),
]
option_yes_write = Annotated[
    bool, typer.Option("--yes", "-y", help="Write without asking first.")
]
dry_run_option = Annotated[
    bool, typer.Option("--dry-run", help="Show the change; write nothing.")
]

TextOrJson = StrEnum("TextOrJson", ["TEXT", "JSON"])
text_or_json_option = Annotated[
    TextOrJson, typer.Option("--format", help="Output format: text or json.")
]

option_output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file, not to the terminal."),
]

option_notify = Annotated[
    bool,
    typer.Option("--notify", help="Tell people, as `notify` in connectsync.yaml says."),
]

option_strict = Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")]
option_select = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Run only this rule.")
]
option_ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Leave this rule out.")
]

option_format = Annotated[
    PlanFormat,
    typer.Option(
        "--format",
        help=f"Output format: {formats_told('plan')}.",
    ),
]

metrics_option = Annotated[
    Path | None,
    typer.Option(
        "--metrics",
        metavar="FILE",
        help="Write metrics to this file (OpenMetrics).",
    ),
]

approved_option = Annotated[
    str | None,
    typer.Option(
        "--approved",
        metavar="DIGEST",
        help="The digest of the plan that was reviewed.",
    ),
]

accept_option = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="NAME=COUNT",
        help="Accept a guard's objection, e.g. `disruptive=3`; the number must match"
        " the plan.",
    ),
]

override_option = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="NAME=REASON",
        help="Apply during a freeze or outside a change window; the reason is"
        " recorded.",
    ),
]

yes_option = Annotated[
    bool, typer.Option("--yes", "-y", help="Apply without asking first.")
]

set_token_option = Annotated[
    list[str] | None,
    typer.Option(
        "--set-token",
        metavar="DISTRICT",
        help="Also enter this district's OAuth token on Connect.",
    ),
]


COUNT = re.compile("[0-9]{1,9}")


def parse_accepted(given: Sequence[str]) -> dict[str, int]:
    """Read what is accepted, by name. Raises ``UsageError``."""
    from connectsync.rules.catalogue import insist_acceptable

    counts: dict[str, int] = {}
    for text in given:
        name, _, number = text.partition("=")
        if not (name and COUNT.fullmatch(number)):
            raise UsageError(
                f"--accept {text!r} is not NAME=COUNT",
                remedy="write for example --accept disruptive=3",
            )
        if name in counts:
            raise UsageError(f"--accept names {name!r} twice")
        insist_acceptable(name)
        counts[name] = int(number)
    return counts


def override_reasons(given: Sequence[str]) -> dict[str, str]:
    """Read what is overridden and why, by name. Raises ``UsageError``."""
    from connectsync.domain.wording import visible_line
    from connectsync.operations.approve import insist_own_words
    from connectsync.rules.catalogue import insist_overridable

    reasons: dict[str, str] = {}
    for text in given:
        name, _, said = text.partition("=")
        reason = visible_line(said)
        if not (name and reason):
            raise UsageError(
                f"--override {text!r} is not NAME=REASON",
                remedy="write it as --override in-a-freeze=REASON, the reason in"
                " quotes",
            )
        if name in reasons:
            raise UsageError(f"--override names {name!r} twice")
        insist_overridable(name)
        insist_own_words(f"--override {name}", reason)
        reasons[name] = reason
    return reasons


AUTO = "auto"
DIRECT = "CONNECTSYNC_SHARD"
SHARD_COUNT = "CONNECTSYNC_SHARDS"
NUMBER = re.compile("[0-9]{1,9}")

option_shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="K/N",
        help="Only the K-th of N shares of the districts, such as 3/8; `auto` asks the"
        " scheduler that runs this. Earlier waves are not split.",
    ),
]


@dataclass(frozen=True, slots=True)
class Scheduler:
    """
    Where a scheduler says which of how many workers this one is.

    ``first`` is the number it gives to the first worker.
    """

    name: str
    index: str
    count: str
    first: int


SCHEDULERS = (
    Scheduler("GitLab CI", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    Scheduler("Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    Scheduler("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    # Kubernetes tells a pod its index, but not how many there are
    Scheduler("Kubernetes", "JOB_COMPLETION_INDEX", SHARD_COUNT, 0),
)


def choose_shard(given: str | None, environment: Mapping[str, str]) -> Shard:
    """
    Give the shard that the command line asks for; without one, all districts.

    Raises ``UsageError`` for a shard that cannot be, and for `auto` where nothing
    says which, or two things say it differently.
    """
    if given is None:
        return ALL
    return (
        _shard_of_environment(environment)
        if given == AUTO
        else _parse_shard("--shard", given)
    )


def _shard_of_environment(environment: Mapping[str, str]) -> Shard:
    said = dict(_shards_in_environment(environment))
    # a job that is not divided says 1/1, and then another tool may have divided it
    shards = {who: one for who, one in said.items() if one != ALL or who == DIRECT}
    if len(set(shards.values())) > 1:
        told = ", ".join(f"{who} says {shard}" for who, shard in shards.items())
        raise UsageError(
            f"--shard auto: it is not clear which shard this is: {told}",
            remedy="give the one you mean, as --shard 3/8",
        )
    if not said:
        raise UsageError(
            "--shard auto: nothing here says which shard this is",
            remedy=f"give it, as --shard 3/8, or set {DIRECT}; schedulers that are"
            f" understood: {', '.join(one.name for one in SCHEDULERS)}",
        )
    return next(iter(shards.values()), ALL)


def _shards_in_environment(
    environment: Mapping[str, str],
) -> Iterator[tuple[str, Shard]]:
    """Give every shard that the environment speaks of, and who says so."""
    if direct := environment.get(DIRECT):
        yield DIRECT, _parse_shard(DIRECT, direct)
    for scheduler in SCHEDULERS:
        index = environment.get(scheduler.index, "")
        count = environment.get(scheduler.count, "")
        if index or count:
            yield scheduler.name, _of(scheduler, index, count)


def _of(scheduler: Scheduler, index: str, count: str) -> Shard:
    if not index and count == "1":
        return ALL  # GitLab gives every job a count, and an index only to divided ones
    for name, value in ((scheduler.index, index), (scheduler.count, count)):
        if not NUMBER.fullmatch(value):
            said = f"is {value!r}, which is no number" if value else "is not set"
            raise UsageError(
                f"--shard auto: {scheduler.name} does not say which shard this is:"
                f" {name} {said}",
                remedy=f"set {name}, or give the shard, as --shard 3/8",
            )
    worker = int(index) + 1 - scheduler.first
    return _parse_shard(f"{scheduler.index} and {scheduler.count}", f"{worker}/{count}")


def _parse_shard(where: str, text: str) -> Shard:
    try:
        return shard_of(text)
    except ValueError as error:
        raise UsageError(
            f"{where}: {error}", remedy="write for example --shard 3/8"
        ) from error


CLICK_LIST_PAGE = "click-list.html"
CLICK_LIST_TEXT = "click-list.md"
CLICK_LIST_PLAN = "plan.json"
"""The plan that a click list was made from; it lies beside it."""

CLICK_LIST_FILES = (CLICK_LIST_PAGE, CLICK_LIST_TEXT, CLICK_LIST_PLAN)
"""All that is written into the folder of a click list."""


@dataclass(frozen=True, slots=True)
class ManualSaves:
    """
    What the command line said of saves that a person makes.

    ``folder`` is where the click list goes; ``confirmed`` are districts that are done.
    """

    folder: Path | None = None
    confirmed: tuple[str, ...] = ()

    def insist_fits(self, *, by_hand: bool, planned_before: bool = True) -> None:
        """
        Refuse what was said where it means nothing. Raises ``UsageError``.

        ``by_hand`` says that a person presses Save, ``planned_before`` that a plan
        file is applied.
        """
        option = "--confirmed" if self.confirmed else "--click-list"
        if (self.folder or self.confirmed) and not by_hand:
            raise UsageError(
                f"{option} goes with a snapshot: here `apply` itself presses Save",
                remedy="give --backend snapshot:FILE before `apply`",
            )
        if self.confirmed and not planned_before:
            raise UsageError(
                "--confirmed goes with the plan whose click list was followed",
                remedy=f"apply the {CLICK_LIST_PLAN} that lies beside the click list",
            )

    def chosen(self, plan: Plan) -> frozenset[str]:
        """
        Give the districts of a plan that are said to be done.

        Raises ``UsageError`` if one is not in the plan.
        """
        keys = [one.district for one in plan.districts]
        for key in self.confirmed:
            if key not in keys:
                raise UsageError(
                    f"the plan changes nothing on a district {key!r}",
                    remedy=did_you_mean(key, keys)
                    or f"it changes: {', '.join(keys) or '(none)'}",
                )
        return frozenset(self.confirmed)
