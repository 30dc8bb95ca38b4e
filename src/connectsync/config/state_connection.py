"""Connections to PostgreSQL: a server that stays silent is given up."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event

from connectsync.config.state_address import Address
from connectsync.domain.foreign_text import SECRETS

SILENCE_SECONDS = 10
"""
How long a runner may be silent in a transaction before the server gives up on it.

Shorter than the others wait: one that is suspended there holds up all of them.
"""

ANSWER_SECONDS = 120.0
"""How long a server may take for one statement; waits for locks end long before."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed where a statement gets no answer in time."""

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait as the driver does. Raises ``psycopg.OperationalError`` if too long."""
        end = monotonic() + ANSWER_SECONDS
        try:
            return super().wait(_until(gen, end), *arguments, **options)
        except TimeoutError:
            # a rollback would be waited for as well
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"the server gave no answer in {ANSWER_SECONDS:.0f} seconds"
            ) from None


def _until(gen: Generator[Any, Any, Any], end: float) -> Generator[Any, Any, Any]:
    """Go on with what the driver waits for until the time is up."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if monotonic() > end:
                raise TimeoutError
            state = gen.send(ready)
    except StopIteration as ended:
        return ended.value


def engine_of(address: Address, wait_seconds: int) -> Engine:
    """Give the engine of a store; who waits for another runner waits so long."""
    engine = create_engine(
        address.url,
        pool_pre_ping=True,
        # it is looked for before the path of names is closed
        use_native_hstore=False,
        connect_args={
            "connect_timeout": wait_seconds,
            "application_name": "connectsync",
            "options": f"-c lock_timeout={wait_seconds}s"
            f" -c idle_in_transaction_session_timeout={SILENCE_SECONDS}s",
        },
    )
    event.listen(engine, "do_connect", lambda *given: _connect(**given[3]))
    return engine


def _connect(**options: Any) -> psycopg.Connection[Any]:
    """Connect, and know the password that libpq found: a server may repeat it."""
    try:
        made = BoundedConnection.connect(**options)
    except psycopg.OperationalError as error:
        _learn(error.pgconn)
        raise
    _learn(made.pgconn)
    return made


def _learn(tried: Any) -> None:
    # a service that the address or the environment names may hold it
    with suppress(psycopg.Error, UnicodeDecodeError):
        SECRETS.learn((tried.password or b"").decode(), ours=True)
