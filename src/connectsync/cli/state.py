"""The state store of this project, and what planning learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectsync.apply.state.naming import recognize
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.cli.backends import connect_of
from connectsync.cli.clock import TOLD
from connectsync.cli.fleets import Scope
from connectsync.cli.references import stated_in
from connectsync.cli.session import Session
from connectsync.config.discovery import below
from connectsync.config.project import Project
from connectsync.config.state_address import Address, at_url
from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baselines
from connectsync.domain.shard import taken_apart
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import UsageError
from connectsync.operations.planning import Circumstances


@contextmanager
def open_state(session: Session, project: Project) -> Iterator[Store]:
    """Open the state store. Raises ``StateError``."""
    opening = open_store(
        session.state(project),
        _address(session, project),
        lease_seconds=project.lease_seconds,
        told_time=bool(session.environment.get(TOLD)),
    )
    with opening as store:
        yield store


def _address(session: Session, project: Project) -> Address | None:
    stated = project.state_url
    if stated is None:
        return None
    if stated.partition(":")[0] in {"env", "file", "command"}:
        environment, root = session.environment, project.root
        stated = stated_in("state.url", stated, environment=environment, root=root)
    return at_url(stated, session.environment)


def circumstances(
    session: Session,
    scope: Scope,
    store: Store,
    reader: Reader,
    *,
    set_token: frozenset[str] = frozenset(),
) -> Circumstances:
    """
    Gather what a plan depends on besides files and Connect.

    Raises ``UsageError`` if a token is to be typed of a district out of scope.
    """
    recognize(store, connect_of(session), at=session.now())
    archive = StateReader(store)
    baselines = archive.baselines(reader.described)
    for key in set_token:
        _insist_token(scope, key)
    return Circumstances(
        now=session.now(),
        tool=session.tool,
        scope=scope.arguments,
        fleet=scope.fleet_size,
        policy=scope.project.policy,
        baselines=baselines,
        recent=archive.recent(reader.described, session.now()),
        set_token=set_token,
        gone=_gone(scope, baselines),
        open_saves=store.open_saves(reader.described),
    )


def _gone(scope: Scope, baselines: Baselines) -> dict[str, str]:
    """
    Give the districts that were applied once, and that no file describes now.

    Nothing is told of them where a part of the files was named.
    """
    named, shard = taken_apart(scope.arguments)
    if named:
        return {}
    now = {district.key for district in scope.districts}
    now |= {path.stem for path in below(scope.project.districts_dir)}
    return {key: "" for key in baselines if key not in now and shard.holds(key)}


def _insist_token(scope: Scope, key: str) -> None:
    found = [one for one in scope.districts if one.key == key]
    if not found:
        keys = [one.key for one in scope.districts]
        raise UsageError(
            f"--set-token names {key!r}, which is not among the districts planned",
            remedy=did_you_mean(key, keys) or "name it among the paths as well",
        )
    if found[0].credentials.oauth_token is None:
        raise UsageError(
            f"--set-token names {key!r}, whose file names no token",
            remedy="state credentials.oauth_token there, as a reference",
        )
