"""Looking back: what was done in a run, and whether the audit log still says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectsync.apply.state.queries import StateReader
from connectsync.domain.audit import Audited
from connectsync.domain.run import Part, Run, RunHistory
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import UsageError

HEAD = re.compile("sha256:[0-9a-f]{64}")


def history_of(
    archive: StateReader, number: int, districts: Sequence[str] = ()
) -> RunHistory:
    """
    Give all that is written down of a run, of some of its districts if any are named.

    Raises ``UnknownRun``, and ``UsageError`` for a district that is not in the run.
    """
    run = archive.run(number)
    parts = _chosen(run, districts)
    named = {part.district for part in parts}
    entries = archive.entries(number)
    return RunHistory(
        run=run,
        parts=parts,
        entries={key: found for key, found in entries.items() if key in named},
        approved=archive.approved(run.plan),
        head=archive.head(),
    )


def _chosen(run: Run, districts: Sequence[str]) -> tuple[Part, ...]:
    if not districts:
        return run.parts
    there = [part.district for part in run.parts]
    for named in districts:
        if named not in there:
            raise UsageError(
                f"run {run.number} has no district {named!r}",
                remedy=did_you_mean(named, there)
                or f"`connectsync runs show {run.number}` names those it has",
            )
    return tuple(part for part in run.parts if part.district in set(districts))


def audited(archive: StateReader, noted: str | None = None) -> Audited:
    """
    Hold the store against its audit log, and the log against a hash noted elsewhere.

    Raises ``UsageError`` if ``noted`` cannot be the hash of an entry.
    """
    if noted is not None and not HEAD.fullmatch(noted):
        raise UsageError(
            f"--head {noted!r} is no head of an audit log",
            remedy="give it whole, as `connectsync runs verify` printed it: sha256:"
            " and 64 digits",
        )
    return archive.audited(noted)
