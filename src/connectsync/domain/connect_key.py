"""Which Connect is meant: its name in the project, or its address in one spelling."""

from __future__ import annotations

import ipaddress
import posixpath
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

BY_ADDRESS = frozenset(["gateway", "browser"])
"""Backends that are told apart by an address."""

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ConnectKey:
    """
    What the state store knows a Connect by.

    ``key`` is its name, or else its backend and address in one spelling. ``known_as``
    are the spellings under which the state may know it from before.
    """

    key: str
    known_as: frozenset[str]

    def means(self, backend: str) -> bool:
        """Say whether a plan or a run that names this backend is of this Connect."""
        return backend == self.key or one_spelling(backend) in self.known_as


def connect_key(described: str, name: str | None) -> ConnectKey:
    """Give the key of a backend; ``name`` is what the project calls its Connect."""
    spelled = one_spelling(described)
    return ConnectKey(name or spelled, frozenset([described, spelled]))


def one_spelling(described: str) -> str:
    """
    Spell a backend in one way, however its address was written.

    Case, a default port, a slash at the end, a query, and the names of this machine
    make no other Connect.
    """
    kind, _, address = described.partition(" ")
    if kind not in BY_ADDRESS or not address:
        return described
    return f"{kind} {_one_address(address)}"


def _one_address(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return address
    if not host:
        return address
    scheme = parts.scheme.lower()
    shown = f":{port}" if port not in {None, PORTS.get(scheme)} else ""
    path = posixpath.normpath(f"/{unquote(parts.path).strip('/')}").rstrip("/")
    return f"{scheme}://{_one_host(host)}{shown}{quote(path)}"


def _one_host(host: str) -> str:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"
    try:
        ip = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            return name.encode("idna").decode("ascii")
        except UnicodeError:
            return name
    if ip.is_loopback:
        return "127.0.0.1"
    return f"[{ip.compressed}]" if ip.version == 6 else ip.compressed  # noqa: PLR2004 - the version
