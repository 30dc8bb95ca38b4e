"""Where the state is kept: a SQLite file, or a PostgreSQL server, reached safely."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from socket import inet_aton
from urllib.parse import parse_qsl, quote, unquote

from sqlalchemy.engine import URL

from connectsync.config.decode import home_of
from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import StateError
from connectsync.files.access import is_for_all, is_strangers, read_regular, steps_on
from connectsync.values import dataclass, field

SQLITE, POSTGRESQL = "sqlite", "postgresql"

_NONE: Mapping[str, str] = {}
_DRIVER = "postgresql+psycopg"

_SCHEME = re.compile(r"(?P<kind>[A-Za-z][A-Za-z0-9]*)(?:\+[a-z0-9_]+)?://(?P<rest>.*)")
_PARTS = re.compile(
    # a password may hold any sign, as far as what follows its @ is a host
    r"(?:(?P<user>[^:/?]*)(?::(?P<password>.*?))?@)?"
    r"(?P<hosts>[^@/?#]*)(?:/(?P<database>[^?#]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_OPTION, _OPTIONS = re.compile("[a-z_]+"), re.compile(r"\?.*=", re.DOTALL)
_PORT = re.compile("[0-9]{0,5}")
_HOST_AND_PORT = re.compile(r"\A[^/@:]*:[0-9]*\Z")
_USED = frozenset(
    (
        # where the server is, and which of several is taken
        *("host", "hostaddr", "port", "dbname", "service", "connect_timeout"),
        *("target_session_attrs", "load_balance_hosts", "tcp_user_timeout"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        # who the server is, and who we are
        *("user", "password", "passfile", "requirepeer", "require_auth"),
        *("channel_binding", "gssencmode", "krbsrvname", "sslmode", "sslnegotiation"),
        *("sslrootcert", "sslcrl", "sslcert", "sslkey", "sslcertmode", "sslsni"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version"),
    )
)
"""
Options of an address that are handed on.

Others load programs, write files or turn to servers of their own: a project file of a
stranger would decide that.
"""
_WRITE = "write it as postgresql://USER:PASSWORD@HOST/DATABASE"
_ENCODE = f"{_WRITE}; in the password write @ as %40, / as %2F and % as %25"
LONGEST = 4_000
"""Characters of an address; passwords of cloud services have up to 2,500."""

MOST_HOSTS = 4
"""Servers of one store; each that stays silent is waited for."""

_SERVER = "postgres"
"""The user that PostgreSQL runs as, wherever it was installed for all."""

_PASSFILE = 1 << 20
"""Bytes that are read of a file of passwords."""

_FIELD, _PLAIN = re.compile(r"(?:^|(?<=:))((?:\\.|[^:\\])*)"), re.compile(r"\\(.)")
_FIELDS = 5
"""A line of that file: host, port, database, user, password; \\\\ before a sign."""

_BY_TLS = {"require", "verify-ca", "verify-full"}
"""Values of sslmode by which no connection is made without TLS."""

_SINCE = 160_000
"""The version of libpq that knows what the system trusts, and how it may log in."""


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where the state is kept; ``url`` may hold a password and is never shown.

    ``shown`` names it for people; ``secrets`` are what no message may repeat.
    """

    url: URL = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


def in_file(path: Path) -> Address:
    """Give the address of a SQLite file, whatever characters its path has."""
    # as an object: spelled as text, a ? or % of the path would name another file
    return Address(URL.create(SQLITE, database=str(path)), str(path))


def at_url(url: str, environment: Mapping[str, str] = _NONE) -> Address:
    """
    Give the address of a PostgreSQL database.

    Over a network it is reached by TLS, with the server's certificate and name
    verified, unless the address itself states another ``sslmode``. The driver reads
    ``environment`` too: what that says weakens nothing. Raises ``StateError``, which
    never shows the address: it may hold a password.
    """
    if len(url) > LONGEST:
        raise StateError(
            f"the address of the state store has more than {LONGEST:,} characters",
            remedy=_WRITE,
        )
    scheme = _SCHEME.fullmatch(url)
    if scheme is None:
        raise StateError("the address of the state store is not one", remedy=_WRITE)
    if scheme["kind"] not in {POSTGRESQL, "postgres"}:
        raise StateError(
            f"the state store cannot be kept in {scheme['kind']}",
            remedy="use PostgreSQL, or leave state.url out for SQLite",
        )
    parts = _PARTS.fullmatch(scheme["rest"])
    if parts is None or _is_doubtful(parts):
        raise StateError("the address of the state store is not one", remedy=_ENCODE)
    query = _stated(parts["query"] or "")
    _insist_usual(query)
    password = unquote(parts["password"] or "")
    secrets = tuple(one for one in (password, query.get("password", "")) if one)
    for one in secrets:
        SECRETS.learn(one, ours=True)
    hosts = _hosts(parts["hosts"])
    reached = {**_reached(hosts, query), **query}
    _insist_paired(reached)
    server = _Server(hosts, query, environment)
    for one in server.passwords():
        SECRETS.learn(one, ours=True)
    if not secrets:
        server.insist_own_password()
    protected = server.protected(known=bool(secrets))
    address = URL.create(
        _DRIVER,
        username=unquote(parts["user"] or "") or None,
        password=password or None,
        database=unquote(parts["database"] or "") or None,
        query={**protected, **reached},
    )
    return Address(address, _shown(parts), secrets)


def _is_doubtful(parts: re.Match[str]) -> bool:
    """Say whether a part may be the end of a password with signs of an address."""
    query = parts["query"] or ""
    signed = "@" in (parts["database"] or "") or (parts["user"] and "@" in query)
    # HOST:PORT/DATABASE?password=… with an @ in it: libpq takes no more for the host
    signed = signed or _OPTIONS.search(parts["password"] or "")
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return bool(signed) or not all(map(_OPTION.fullmatch, names))


def _stated(query: str) -> dict[str, str]:
    """Read what stands after the question mark; of several hosts, all of them."""
    stated: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        several = name in {"host", "hostaddr", "port"} and name in stated
        stated[name] = f"{stated[name]},{value}" if several else value
    return stated


def _insist_usual(query: Mapping[str, str]) -> None:
    """Refuse options that the driver would run or write something for."""
    if strange := sorted(query.keys() - _USED):
        raise StateError(
            f"the address of the state store has the option {strange[0]!r}, which is"
            " not used",
            remedy="leave it out; certificates and keys are named with sslrootcert,"
            " sslcert and sslkey",
        )
    # libpq takes NAME:KEY for a key that the program library NAME holds, and loads it
    key = query.get("sslkey", "")
    if ":" in (key[2:] if os.name == "nt" else key):
        raise StateError(
            "the sslkey in the address of the state store has a colon: a library that"
            " holds keys is not loaded",
            remedy="name a file without a colon in its path",
        )


def _insist_paired(named: Mapping[str, str]) -> None:
    """Refuse ports that are none, within a host, or that do not pair with the hosts."""
    # SQLAlchemy takes such a host apart, so that libpq finds the password of another
    if any(map(_HOST_AND_PORT.search, named.get("host", "").split(","))):
        raise StateError(
            "the address of the state store names a port within host=",
            remedy="name it apart: ?host=HOST&port=PORT, or HOST:PORT before the"
            " database",
        )
    hosts = max(named.get(name, "").count(",") for name in ("host", "hostaddr")) + 1
    if hosts > MOST_HOSTS:
        raise StateError(
            f"the address of the state store names more than {MOST_HOSTS} hosts"
        )
    ports = named.get("port", "").split(",")
    paired = ports == [""] or len(ports) == len(named.get("host", "").split(","))
    if not paired or not all(map(_PORT.fullmatch, ports)):
        raise StateError(
            "the address of the state store does not name one port for each host",
            remedy="name as many ports as hosts, as numbers, or none at all",
        )


def _hosts(spelled: str) -> list[tuple[str, str]]:
    """Read one host or several, each with its port; none for the local socket."""
    found = [_HOST.fullmatch(unquote(one)) for one in spelled.split(",") if spelled]
    if None in found:
        raise StateError("the address of the state store names no host", remedy=_ENCODE)
    return [(one["host"].strip("[]"), one["port"] or "") for one in found if one]


def _reached(
    hosts: list[tuple[str, str]], query: Mapping[str, str]
) -> Mapping[str, str]:
    if not hosts or "host" in query:
        return {}
    ports = {"port": ",".join(port for _, port in hosts)}
    named = {"host": ",".join(host for host, _ in hosts)}
    return named | (ports if any(port for _, port in hosts) else {})


@dataclass(frozen=True, slots=True)
class _Server:
    """
    Where an address, and the environment of libpq, say that the server is.

    ``hosts`` have their ports; ``query`` is what stands after the question mark.
    """

    hosts: list[tuple[str, str]]
    query: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """Name the hosts and folders of sockets, by which libpq finds a password."""
        stated = self.query.get("host") or ",".join(host for host, _ in self.hosts)
        stated = stated or self.environment.get("PGHOST", "")
        return [one for one in stated.split(",") if one]

    @property
    def places(self) -> list[str]:
        """Name the hosts, addresses and folders of sockets where it may be."""
        addresses = self.query.get("hostaddr") or self.environment.get("PGHOSTADDR", "")
        return [*self.names, *(one for one in addresses.split(",") if one)]

    @property
    def is_near(self) -> bool:
        """Say whether it is on this machine: its socket, or loopback."""
        if "service" in self.query or self.environment.get("PGSERVICE"):
            return False
        return all(map(_is_loopback, self.places))

    def protected(self, *, known: bool) -> Mapping[str, str]:
        """
        Demand a verified server wherever a network lies between.

        On this machine another user may listen in its place. A server with a password
        has to show by SCRAM that it knows it (``known``: the address states one), a
        socket that anyone may put there has to be the server's, and no password is sent
        in clear.
        """
        if self.is_near:
            return self._proven(known=known)
        # what is encrypted by Kerberos asks for no TLS: a cache of tickets lies in /tmp
        stated = self.query.get("sslmode", "verify-full")
        no_other = "gssencmode" not in self.query and stated in _BY_TLS
        demanded = {"gssencmode": "disable"} if no_other else {}
        if "sslmode" in self.query:
            return demanded
        demanded |= {"sslmode": "verify-full"}
        environment = self.environment
        named = "sslrootcert" in self.query or environment.get("PGSSLROOTCERT")
        own = Path(home_of(environment)) / ".postgresql" / "root.crt"
        if not named and not own.is_file():
            demanded |= _trusted_by_system()
        return demanded

    def _proven(self, *, known: bool) -> dict[str, str]:
        demanded = self._owner()
        if "PGREQUIREAUTH" not in self.environment and _libpq() >= _SINCE:
            by_port = any(map(_is_by_port, self.places))
            proven = by_port and (known or self._has_password())
            verified = self.query.get("sslmode") in {"verify-ca", "verify-full"}
            scram = proven and not verified
            demanded |= {"require_auth": "scram-sha-256" if scram else "!password"}
        return demanded

    def insist_own_password(self) -> None:
        """
        Refuse an address that has the password of one server sent to another.

        A service, or a line of a file of passwords, is of one server; whoever wrote the
        address may name another one beside it. Raises ``StateError``.
        """
        service = self.query.get("service") or self.environment.get("PGSERVICE")
        if service and (self.hosts or self.query.keys() & {"host", "hostaddr", "port"}):
            raise StateError(
                "the address of the state store names a server beside the service"
                f" {service!r}, whose password would be sent there",
                remedy="name the service alone, or unset PGSERVICE; or have a variable"
                " hold the address with its password: state.url: env:NAME",
            )
        # the usual folder of sockets is called localhost there
        folder = ["localhost"] if any(one.startswith("/") for one in self.names) else []
        by_name = any(host in (*self.names, *folder) for host, _ in self._kept())
        if "hostaddr" in self.query and by_name and not self._given:
            raise StateError(
                "the address of the state store names the host"
                f" {', '.join(self.names)} and another place, hostaddr, to which the"
                " password that is kept for that host would be sent",
                remedy="leave out hostaddr, or the host; or have a variable hold the"
                " address with its password: state.url: env:NAME",
            )

    def passwords(self) -> Iterator[str]:
        """Give the passwords that libpq may find for this server, to be masked."""
        # a socket in the usual folder is called localhost
        wanted = {"*", *self.places, *(["localhost"] if self.is_near else [])}
        yield self._given
        yield from (password for host, password in self._kept() if host in wanted)

    @property
    def _given(self) -> str:
        return self.environment.get("PGPASSWORD", "")

    def _has_password(self) -> bool:
        """Say whether libpq finds a password of this server outside the address."""
        wanted = {"*", *self.places}
        return bool(self._given) or any(host in wanted for host, _ in self._kept())

    def _kept(self) -> Iterator[tuple[str, str]]:
        """Give hosts and passwords of the file in which libpq looks for them."""
        kept = f"{home_of(self.environment)}/.pgpass"
        if os.name == "nt":
            kept = f"{self.environment.get('APPDATA', '')}/postgresql/pgpass.conf"
        usual = self.environment.get("PGPASSFILE") or kept
        try:
            raw = read_regular(Path(self.query.get("passfile") or usual), _PASSFILE)
        except OSError:
            return
        for line in raw.decode("utf-8", "replace").splitlines():
            fields = _FIELD.findall(line)
            if len(fields) >= _FIELDS:
                host, _, _, _, *password = (_PLAIN.sub(r"\1", one) for one in fields)
                yield host, ":".join(password)

    def _owner(self) -> dict[str, str]:
        """
        Demand that a socket which others can reach is ours or PostgreSQL's.

        Any user may put one there while the server is down, so one that is not there is
        to be PostgreSQL's. Raises ``StateError``.
        """
        if "requirepeer" in self.query or self.environment.get("PGREQUIREPEER"):
            return {}
        owners = {
            owner
            for folder, port in self._with_ports()
            if not _is_by_port(folder)
            if (owner := _owner_of(Path(folder, f".s.PGSQL.{port}")))
        }
        if len(owners) > 1:
            raise StateError(
                "the sockets of the state store belong to several users:"
                f" {', '.join(sorted(owners))}",
                remedy="name the one that the server runs as in the address, such as"
                f" ?requirepeer={_SERVER}",
            )
        return {"requirepeer": owners.pop()} if owners else {}

    def _with_ports(self) -> Iterator[tuple[str, str]]:
        """Give each place with its port, as libpq pairs them."""
        stated = self.query.get("port") or ",".join(port for _, port in self.hosts)
        ports = (stated or self.environment.get("PGPORT", "")).split(",")
        for number, place in enumerate(self.places):
            yield place, ports[number % len(ports)] or "5432"


def _owner_of(socket: Path) -> str:
    """Name who has to own a socket that others can reach; empty where they cannot."""
    try:
        laid = any(planted for _, _, planted in steps_on(socket.parent))
        if not (laid or is_for_all(socket.parent)):
            return ""
        status = socket.lstat()
        name = socket.owner()
    except (OSError, KeyError):
        return _SERVER
    if is_strangers(status) and name != _SERVER:
        raise StateError(
            f"the socket {socket} of the state store belongs to another user,"
            f" {name}, and any user may put such a thing there",
            remedy="name the user that the server runs as in the address, such"
            f" as ?requirepeer={_SERVER}",
        )
    return name


def _is_by_port(place: str) -> bool:
    """Say whether a place has no folder, so that any user may listen there."""
    return not place.startswith("/")


def _is_loopback(host: str) -> bool:
    """Say whether a host is this machine, however it is spelled: also as 127.1."""
    named = host.lower()
    if named == "localhost" or named.startswith(("/", "@")):
        return True
    try:
        address = ipaddress.ip_address(named if ":" in named else inet_aton(named))
    except (OSError, ValueError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _trusted_by_system() -> Mapping[str, str]:
    return {"sslrootcert": "system"} if _libpq() >= _SINCE else {}


def _libpq() -> int:
    """Give the version of the library that reaches PostgreSQL; 0 without the extra."""
    try:
        from psycopg import pq  # noqa: PLC0415 - an extra, and slow
    except ImportError:
        return 0
    return int(pq.version())


def _shown(parts: re.Match[str]) -> str:
    user = f"{quote(unquote(parts['user']))}@" if parts["user"] else ""
    if parts["password"]:
        user = f"{user.removesuffix('@')}:***@"
    database = f"/{parts['database']}" if parts["database"] else ""
    return f"{POSTGRESQL}://{user}{parts['hosts']}{database}"
