"""
A shard: one of several shares of the districts, for workers that run side by side.

Which share a district falls into is a promise, since a plan names its shard and is
read again later: the SHA-256 of the key, read as one big-endian number, modulo the
number of shards; a remainder of 0 is shard 1. It depends on nothing else: not on the
other districts, the machine, or the version of Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

MOST = 10_000
"""More shards than anybody has workers: some other number was given by mistake."""

_SPELLED = re.compile(r"([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_ENTRY = "shard:"


@dataclass(frozen=True, slots=True)
class Shard:
    """
    Shard ``index`` of ``count``, counted from 1.

    Raises ``ValueError``, with a sentence, for a shard that cannot be.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"{self.count} shards cannot be: from 1 to {MOST:,} can")
        if not 1 <= self.index <= self.count:
            raise ValueError(
                f"there is no shard {self.index} of {self.count}: the first is 1,"
                f" the last {self.count}"
            )

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, key: str) -> bool:
        """Say whether a district, or any other key, falls into this shard."""
        if self.count == 1:
            return True
        # a file's name may hold bytes that are no text; it has to fall somewhere
        digest = sha256(key.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1

    @property
    def entries(self) -> tuple[str, ...]:
        """Give what the scope of a plan says of it: nothing where it holds all."""
        return (f"{_ENTRY}{self}",) if self.count > 1 else ()


ALL = Shard(1, 1)
"""The one shard that holds every district."""


def shard_of(text: str) -> Shard:
    """Read ``3/8``. Raises ``ValueError`` with a sentence."""
    spelled = _SPELLED.fullmatch(text)
    if spelled is None:
        raise ValueError(f"{text!r} is not a shard and a number of shards, as in 3/8")
    return Shard(int(spelled[1]), int(spelled[2]))


def taken_apart(scope: tuple[str, ...]) -> tuple[tuple[str, ...], Shard]:
    """
    Take the scope of a plan apart: what was named, and the shard.

    Only the last entry can be a shard, as `Shard.entries` spells it.
    """
    if scope and scope[-1].startswith(_ENTRY):
        try:
            shard = shard_of(scope[-1].removeprefix(_ENTRY))
        except ValueError:
            return scope, ALL
        if shard.entries == scope[-1:]:
            return scope[:-1], shard
    return scope, ALL
