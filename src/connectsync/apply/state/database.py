"""The database of the state store: connections, transactions, clock and leases."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from connectsync.apply.journal import Claim, LeasedElsewhere
from connectsync.config.state_address import POSTGRESQL, SQLITE, Address
from connectsync.domain.foreign_text import foreign_text
from connectsync.errors import LeaseLost, StateError, how_to_add
from connectsync.files.access import STATE_NOT_WRITABLE, is_no_place
from connectsync.values import dataclass

WAIT_SECONDS = 30
"""How long a runner waits for another one's transaction."""

_CLOCKS = {
    SQLITE: "(julianday('now') - 2440587.5) * 86400.0",
    POSTGRESQL: "EXTRACT(EPOCH FROM clock_timestamp())",
}


class Now(FunctionElement[float]):
    """The seconds since the epoch by the database: one clock for all runners."""

    # without it each statement is spelled anew
    inherit_cache = True
    name = "now"
    type = sa.Float()


@compiles(Now)
def _clock(_: Now, compiler: SQLCompiler, **__: object) -> str:
    return f"({_CLOCKS[compiler.dialect.name]})"


_NOW = sa.select(Now())

_PLAIN = re.compile(
    r'CREATE INDEX "?\w+"? ON "?\w+"? \([\w, "]+\)|CREATE TABLE (?!.*\b'
    r'(AS|CHECK|COLLATE|CONFLICT|DEFAULT|GENERATED|UNIQUE)\b)[\w\s,()"]+',
    re.IGNORECASE | re.DOTALL,
)
"""How tables and indexes are stated, ours and those of older versions."""

_LOCKED = "55P03"
"""How PostgreSQL says, in any language, that a lock was waited for too long."""

_REMEDIES = (
    (
        re.compile("holds its lock"),
        (
            "try again once other runs have ended; if it goes on, `SELECT pid, usename,"
            " query FROM pg_stat_activity` in that database shows who it may be, and"
            " the owner of the database can end that session"
        ),
    ),
    (
        re.compile("SSL|certificate", re.IGNORECASE),
        (
            "the server must speak TLS and prove its name: add ?sslrootcert=FILE, its"
            " authority's certificate, or state a weaker sslmode in the address"
        ),
    ),
    (
        re.compile("authentication method requirement"),
        (
            "a server on this machine that has a password must ask for it by SCRAM, so"
            " that no other program can stand in for it: keep the password there as"
            " scram-sha-256; or say in the address how it lets us in, such as"
            " ?require_auth=md5, or none where it asks for nothing"
        ),
    ),
    (
        re.compile("malformed|not a database|file is encrypted"),
        (
            "the file is damaged: put it back from a backup, or move it away to begin"
            " with an empty one; what earlier runs did is then not known here"
        ),
    ),
)


_CLOSED = "SET LOCAL search_path = pg_catalog, pg_temp"
"""
The path on which PostgreSQL looks for names: none but its own.

What others make in a schema on the path, such as an operator that fits better, would
run with our rights. So tables are named with their schema.
"""


class Database:
    """
    Transactions on one engine; every one is on disk when it ends.

    All methods raise ``StateError``.
    """

    def __init__(self, engine: sa.Engine, address: Address) -> None:
        self.engine = engine
        self.shown = address.shown
        self.kind = engine.dialect.name
        self._secrets = address.secrets

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Look something up."""
        with self._told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Change something: all of it, or nothing if an error comes out."""
        writer = self.engine.execution_options(writes=True)
        with self._told(), writer.begin() as connection:
            yield connection

    def greet(self) -> None:
        """Connect once: what speaks the protocol may be no PostgreSQL."""
        try:
            with self._told():
                self.engine.connect().close()
        except (AssertionError, ValueError) as error:
            message = f"the state store {self.shown} does not answer as PostgreSQL does"
            raise StateError(message) from error

    def keep_in(self, schema: str | None, connection: sa.Connection) -> None:
        """Take the tables of one schema, here and from now on."""
        where: dict[str, Any] = {"schema_translate_map": {None: schema}}
        connection.execution_options(**where)
        self.engine = self.engine.execution_options(**where)

    def now(self, connection: sa.Connection) -> float:
        """Give the seconds since the epoch, by the clock of all runners."""
        return float(connection.execute(_NOW).scalar_one())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = foreign_text(_reason(error), self._secrets)
            raise StateError(
                f"the state store {self.shown} failed: {reason}",
                remedy=_remedy(reason),
            ) from error


@contextmanager
def opened(address: Address) -> Iterator[Database]:
    """Open a database and close it. Raises ``StateError``."""
    engine = _engine(address)
    try:
        database = Database(engine, address)
        if database.kind == POSTGRESQL:
            database.greet()
        yield database
    finally:
        engine.dispose()


def _engine(address: Address) -> sa.Engine:
    if address.url.get_backend_name() == SQLITE:
        engine = sa.create_engine(address.url, connect_args={"timeout": WAIT_SECONDS})
        sa.event.listen(engine, "connect", _prepared)
        sa.event.listen(engine, "begin", _begun)
        return engine
    try:
        from connectsync.config.state_connection import engine_of  # noqa: PLC0415 - extra
    except ImportError as error:
        raise StateError(
            "PostgreSQL cannot be reached without its driver",
            remedy=how_to_add("postgres"),
        ) from error
    engine = engine_of(address, WAIT_SECONDS)
    sa.event.listen(engine, "begin", _close_path)
    return engine


def _close_path(connection: sa.Connection) -> None:
    # in each transaction: with a pooler, the next one may be in another session
    connection.exec_driver_sql(_CLOSED)


def usual_path(connection: sa.Connection) -> list[str]:
    """Name the schemas where PostgreSQL looks for tables of this role."""
    connection.exec_driver_sql("SET LOCAL search_path = DEFAULT")
    # names in full, and no operator: for once it could be that of others
    asked = "SELECT pg_catalog.unnest(pg_catalog.current_schemas(false))"
    found = [str(name) for (name,) in connection.exec_driver_sql(asked)]
    _close_path(connection)
    return found


def _prepared(connection: Any, _: object) -> None:
    # transactions are begun by _begun: the driver's own would begin too late
    connection.isolation_level = None
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    # triggers, views, checks and what rows give way to
    if any(sql and not _PLAIN.fullmatch(sql) for sql in found.values()):
        message = "the state store was edited: it runs statements that are not ours"
        raise StateError(message, remedy="restore the store from a backup")
    # the file of another program is refused, and not changed either
    if not found or found.keys() & {"audit", "runs"}:
        connection.execute("PRAGMA journal_mode = WAL")
    # on disk when a commit returns, whatever happens to the machine
    connection.execute("PRAGMA synchronous = FULL")


def _begun(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # who is going to write takes the file at once: what was looked up stays true
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reason(error: SQLAlchemyError) -> str:
    if getattr(getattr(error, "orig", None), "sqlstate", "") == _LOCKED:
        return f"another session holds its lock, and did not let go in {WAIT_SECONDS} s"
    said = str(getattr(error, "orig", None) or error).strip()
    return next(iter(said.splitlines()), type(error).__name__)


def _remedy(reason: str) -> str | None:
    if is_no_place(reason):
        return STATE_NOT_WRITABLE
    return next((said for sign, said in _REMEDIES if sign.search(reason)), None)


METADATA = sa.MetaData()

DIGEST = sa.String(80)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("runner", sa.Text, nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("content", DIGEST, nullable=False),
    sa.Column("hash", DIGEST, nullable=False),
    sa.Column("run", sa.Integer),
    sa.Index("audit_run", "run"),
)
"""
``detail`` is the fact as JSON, ``subject`` the district it is about.

Entries of version 0.1.0 name a row of its tables by ``kind`` and ``subject``, and hold
the row's digest as ``content``. They stay as they are: hashes that were noted elsewhere
are still found.
"""

HEAD = sa.Table(
    "audit_head",
    METADATA,
    sa.Column("head", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("hash", DIGEST, nullable=False),
)
"""One row: where the chain ends. Who writes holds it until the commit."""

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("backend", sa.String(400), primary_key=True),
    sa.Column("district", sa.String(200), primary_key=True),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("runner", sa.Text, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
)
"""``expires`` is in seconds since the epoch, by the clock of the database."""

LAYOUT = sa.Table(
    "alembic_version",
    METADATA,
    sa.Column("version_num", sa.String(32), primary_key=True),
)
"""One row: the layout, as releases of every age look for it."""


FREE = 0.0


@dataclass(frozen=True, slots=True)
class LeaseTable:
    """
    Gives leases to one runner, by the clock of the database.

    ``is_gone`` says of another runner that it has certainly ended.
    """

    runner: str
    seconds: float
    is_gone: Callable[[str], bool]

    def take(
        self, connection: sa.Connection, run: int, place: tuple[str, str]
    ) -> Claim | LeasedElsewhere:
        """Take the lease of a district on a backend, unless another runner has it."""
        backend, district = place
        row = connection.execute(_LEASE, _there(place)).first()
        if row is None:
            raise LeaseLost(f"district {district!r} has no lease")
        if row.expires > row.now and not self.is_gone(row.runner):
            return LeasedElsewhere(district, row.runner, row.expires - row.now)
        token = row.token + 1
        mine = {"new": token, "us": self.runner, "seconds": self.seconds}
        taken = connection.execute(_TAKE, _there(place) | mine | {"was": row.token})
        if taken.rowcount != 1:
            return LeasedElsewhere(district, "another runner", self.seconds)
        return Claim(run, backend, district, token)

    def renew(self, connection: sa.Connection, claim: Claim) -> None:
        """Hold on to a district. Raises ``LeaseLost``, also if it was let go of."""
        self._put(connection, claim, _HOLD, {"seconds": self.seconds})

    def release(self, connection: sa.Connection, claim: Claim) -> None:
        """Let go of a district. Raises ``LeaseLost``."""
        self._put(connection, claim, _LET_GO)

    def _put(
        self,
        connection: sa.Connection,
        claim: Claim,
        how: sa.Update,
        given: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        place = _there((claim.backend, claim.district))
        mine = {"was": claim.token, "us": self.runner, **given}
        kept = connection.execute(how, place | mine)
        if kept.rowcount != 1:
            raise LeaseLost(
                f"another runner took over district {claim.district!r} meanwhile"
            )


def prepare_leases(
    connection: sa.Connection, backend: str, districts: Iterable[str]
) -> None:
    """Give every district a lease that no one holds, where it has none."""
    known = set(_known(connection, backend))
    free = {"backend": backend, "token": 0, "runner": "", "expires": FREE}
    rows = [{**free, "district": one} for one in districts if one not in known]
    if rows:
        connection.execute(sa.insert(LEASES), rows)


def move_leases(
    connection: sa.Connection, others: Collection[str], backend: str
) -> None:
    """Let the leases of other names of a backend be its own; one that it has stays."""
    known = set(_known(connection, backend))
    old = LEASES.c.backend.in_(others)
    rows = connection.execute(sa.select(LEASES).where(old)).all()
    connection.execute(sa.delete(LEASES).where(old))
    new = {row.district: row._asdict() | {"backend": backend} for row in reversed(rows)}
    if left := [row for district, row in new.items() if district not in known]:
        connection.execute(sa.insert(LEASES), left)


def _known(connection: sa.Connection, backend: str) -> Iterable[str]:
    here = sa.select(LEASES.c.district).where(LEASES.c.backend == backend)
    return connection.execute(here).scalars()


def _there(place: tuple[str, str]) -> dict[str, Any]:
    backend, district = place
    return {"there": backend, "one": district}


# statements are made once: making one takes longer than the database does
_HERE = (
    LEASES.c.backend == sa.bindparam("there"),
    LEASES.c.district == sa.bindparam("one"),
)
_LEASE = sa.select(LEASES, Now().label("now")).where(*_HERE)
_HELD = sa.update(LEASES).where(*_HERE, LEASES.c.token == sa.bindparam("was"))
_UNTIL = Now() + sa.bindparam("seconds", type_=sa.Float)
_TAKE = _HELD.values(
    token=sa.bindparam("new"), runner=sa.bindparam("us"), expires=_UNTIL
)
_OURS = _HELD.where(LEASES.c.runner == sa.bindparam("us"))
_LET_GO = _OURS.values(expires=FREE)
_HOLD = _OURS.where(LEASES.c.expires != FREE).values(expires=_UNTIL)
