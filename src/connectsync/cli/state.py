"""The state store of this project, and what planning learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectsync.apply.store import Store, open_store
from connectsync.cli.fleets import Scope
from connectsync.cli.session import TOOL, Session
from connectsync.config.project import Project
from connectsync.connect.seam import Reader
from connectsync.operations.planning import Circumstances


@contextmanager
def open_state(session: Session, project: Project) -> Iterator[Store]:
    """Open the state store. Raises ``StateError``."""
    with open_store(session.state(project) / "state.db") as store:
        yield store


def circumstances(
    session: Session, scope: Scope, store: Store, reader: Reader
) -> Circumstances:
    """Gather what a plan depends on besides files and Connect."""
    return Circumstances(
        now=session.now(),
        tool=TOOL,
        scope=scope.arguments,
        fleet=scope.fleet_size,
        policy=scope.project.policy,
        baselines=store.baselines(reader.described),
    )
