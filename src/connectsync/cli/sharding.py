"""Reading ``--shard 3/8``, and what a scheduler says with ``--shard auto``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from connectsync.cli.terminal import Terminal
from connectsync.domain.counting import many
from connectsync.domain.shard import ALL, Shard, shard_of
from connectsync.errors import UsageError

AUTO = "auto"
DIRECT = "CONNECTSYNC_SHARD"
COUNT = "CONNECTSYNC_SHARDS"
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
    # Kubernetes tells a pod its index, and nobody how many there are
    Scheduler("Kubernetes", "JOB_COMPLETION_INDEX", COUNT, 0),
)


def asked_shard(given: str | None, environment: Mapping[str, str]) -> Shard:
    """
    Give the shard that the command line asks for; without one, all districts.

    Raises ``UsageError`` for a shard that cannot be, and for `auto` where nothing
    says which, or two things say it differently.
    """
    if given is None:
        return ALL
    return _told(environment) if given == AUTO else _read("--shard", given)


def say_share(
    terminal: Terminal, shard: Shard, held: int, total: int, *, noun: str = "district"
) -> None:
    """Say how much of what was asked for falls into the shard, be it nothing."""
    if shard != ALL:
        said = f"shard {shard} holds {held or 'none'} of {many(total, noun)}"
        terminal.say(said)


def _told(environment: Mapping[str, str]) -> Shard:
    said = dict(_said(environment))
    # a job that is not divided says 1/1, and then somebody else may have divided it
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


def _said(environment: Mapping[str, str]) -> Iterator[tuple[str, Shard]]:
    """Give every shard that the environment speaks of, and who says so."""
    if direct := environment.get(DIRECT):
        yield DIRECT, _read(DIRECT, direct)
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
    return _read(f"{scheduler.index} and {scheduler.count}", f"{worker}/{count}")


def _read(where: str, text: str) -> Shard:
    try:
        return shard_of(text)
    except ValueError as error:
        raise UsageError(
            f"{where}: {error}", remedy="write for example --shard 3/8"
        ) from error
