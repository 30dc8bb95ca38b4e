"""Making a plan of what the command line names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from connectsync.cli.backends import open_reader
from connectsync.cli.causing import since_of
from connectsync.cli.fleets import Scope, planned_scope
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.domain.plan import Plan
from connectsync.domain.plan_review import PlanReview
from connectsync.domain.shard import ALL, Shard
from connectsync.operations.planning import make_plan
from connectsync.operations.reviewing import plan_review


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the scope it was made for."""

    plan: Plan
    scope: Scope

    def review(self, out: Path | None) -> PlanReview:
        """Put what it was made from beside it; ``out`` is where it was kept."""
        return plan_review(
            self.plan,
            self.scope.wanted,
            self.scope.project,
            findings=self.scope.findings,
            plan_file=str(out or ""),
        )


async def planned_now(
    session: Session,
    paths: list[str],
    shard: Shard = ALL,
    set_token: frozenset[str] = frozenset(),
    *,
    changed_since: str | None = None,
) -> Planned:
    """
    Plan a shard of what the arguments mean, of all districts if there are none.

    With ``changed_since``, only what the files cause since that revision.
    """
    scope = planned_scope(session, paths, shard)
    since = since_of(session, scope, changed_since)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader, set_token=set_token)
        made = await make_plan(scope.wanted, reader, replace(given, since=since))
    return Planned(made, scope)
