"""Connections to PostgreSQL: a server that is silent, or never ends, is given up."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar

import psycopg
from sqlalchemy import Engine, create_engine, event

from connectsync.config.state_address import Address
from connectsync.domain.foreign_text import SECRETS

if sys.platform != "win32":
    import resource

SILENCE_SECONDS = 10
"""
How long a runner may be silent in a transaction before the server gives up on it.

Shorter than the others wait: one that is suspended there holds up all of them.
"""

ANSWER_SECONDS = 120.0
"""How long a server may take for one statement; waits for locks end long before."""

AGAIN_SECONDS = 10.0
"""The same for a server that let this process down once: a command ends soon then."""

MOST_MEMORY = 1 << 30
"""By how many bytes one answer may let this process grow."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed where a statement gets no answer, or one too long."""

    given_up: ClassVar[set[str]] = set()
    """The servers that let this process down, as the driver names them."""

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait as the driver does. Raises ``psycopg.OperationalError`` if too long."""
        server = f"{self.info.host}:{self.info.port}"
        seconds = AGAIN_SECONDS if server in self.given_up else ANSWER_SECONDS
        try:
            bounded = _until(gen, monotonic() + seconds, _peak() + MOST_MEMORY)
            return super().wait(bounded, *arguments, **options)
        except TimeoutError:
            said = f"the server gave no answer in {seconds:.0f} seconds"
        except _TooLong:
            size = MOST_MEMORY >> 20
            said = f"one answer of the server takes more than {size:,} MiB of memory"
        # a rollback would be waited for as well
        self.pgconn.finish()
        self.given_up.add(server)
        raise psycopg.OperationalError(said)


class _TooLong(Exception):
    """An answer does not end."""


def _until(
    gen: Generator[Any, Any, Any], end: float, most: int
) -> Generator[Any, Any, Any]:
    """Go on with what the driver waits for until the time, or the memory, is up."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if monotonic() > end:
                raise TimeoutError
            if _peak() > most:
                raise _TooLong
            state = gen.send(ready)
    except StopIteration as ended:
        return ended.value


def _peak() -> int:
    """Give the most bytes that this process ever had; 0 where no one counts them."""
    if sys.platform == "win32":
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


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
    if tried is None:
        # the name of the host was not found, so there is nothing to repeat it
        return
    # a service that the address or the environment names may hold it
    with suppress(psycopg.Error, UnicodeDecodeError):
        SECRETS.learn((tried.password or b"").decode(), ours=True)
