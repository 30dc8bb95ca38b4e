"""What the store knows a Connect by: kept when its name or its address changes."""

from __future__ import annotations

from datetime import datetime

from connectsync.apply.state import audit, leases
from connectsync.apply.state.store import Store
from connectsync.domain.connect_key import ConnectKey
from connectsync.errors import ConnectRenamed, StateError


def recognize(store: Store, connect: ConnectKey, *, at: datetime) -> None:
    """
    Let the store know a Connect by its key, with all it knows of it by other names.

    Raises ``ConnectRenamed`` if the store knows it by another name that people gave,
    and ``StateError`` if it may not be written.
    """
    known = store.known()
    keys = known.backends
    others = sorted((connect.known_as - {connect.key}) & keys)
    named = connect.key not in connect.known_as
    here = {name for name, said in known.names.items() if connect.known_as & said}
    called = sorted(here - {connect.key})
    if connect.key not in keys and not others and called:
        calls = f"calls it {connect.key!r}" if named else "gives it no name"
        raise ConnectRenamed(
            f"the state knows this Connect as {called[0]!r}, and connectsync.yaml"
            f" {calls}",
            remedy=f"write `connect: {called[0]}` in connectsync.yaml: launches, limits"
            " of a day and what was applied are kept under that name",
        )
    # an address that is reached by this name from now on, so that no other may have it
    if others or (named and connect.key not in here):
        detail = {"known_as": sorted(connect.known_as), "was": others}
        try:
            with store.changing() as connection:
                action = audit.CONNECT_NAMED
                store.log(connection, action, detail, at, subject=connect.key)
                leases.move(connection, others, connect.key)
        except StateError as error:
            if not others:
                return  # nothing is known of it yet, so nothing is lost by waiting
            raise StateError(
                f"the state knows this Connect as {others[0]!r} still, and may not be"
                f" written here: {error.message}",
                remedy="run `connectsync drift` once where the state may be written",
            ) from error
