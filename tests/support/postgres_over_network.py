"""The real PostgreSQL server behind a socket of a network, with or without TLS."""

from __future__ import annotations

import functools
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

NAME = "db.example.org"
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True)
class Certificates:
    """A server's certificate that signs itself, and the key to it."""

    certificate: Path
    key: Path


def certificates(folder: Path, name: str = NAME) -> Certificates:
    """Make a certificate of a server with this name."""
    made = Certificates(folder / f"{name}.crt", folder / f"{name}.key")
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name}"
        f" -addext subjectAltName=DNS:{name} -keyout {made.key} -out {made.certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return made


def _sent(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _row(text: bytes) -> bytes:
    column = b"v\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    value = struct.pack("!hi", 1, len(text)) + text
    head = _sent(b"T", struct.pack("!h", 1) + column)
    return head + _sent(b"D", value) + _sent(b"C", b"SELECT 1\0")


def _rows_without_end(connection: socket.socket) -> None:
    column = b"v\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    connection.sendall(_sent(b"T", struct.pack("!h", 1) + column))
    text = b"x" * 60_000
    rows = _sent(b"D", struct.pack("!hi", 1, len(text)) + text) * 16
    while True:
        connection.sendall(rows)


def _speak(
    connection: socket.socket,
    version: bytes | None,
    *,
    asks_in_clear: bool,
    endless: bool,
) -> None:
    with connection, connection.makefile("rb") as coming, suppress(OSError):
        (length,) = struct.unpack("!i", coming.read(4))
        coming.read(length - 4)
        if asks_in_clear:
            connection.sendall(_sent(b"R", struct.pack("!i", 3)))
            assert coming.read(1) != b"p", "the password came"
            return
        connection.sendall(_sent(b"R", bytes(4)) + _sent(b"Z", b"I"))
        while kind := coming.read(1):
            (length,) = struct.unpack("!i", coming.read(4))
            statement = coming.read(length - 4)
            if endless and b"version" in statement:
                _rows_without_end(connection)
            if version is None or kind != b"Q":
                continue
            told = _row(version) if b"version" in statement else _sent(b"C", b"OK\0")
            connection.sendall(told + _sent(b"Z", b"I"))


@contextmanager
def impostor(
    version: bytes | None, *, asks_in_clear: bool = False, endless: bool = False
) -> Iterator[int]:
    """
    Give the port of a server that lets all in, states a version, or says nothing.

    Or it asks for the password as it is, or answers with ``endless`` rows.
    """
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    speaking = functools.partial(
                        _speak,
                        connection,
                        version,
                        asks_in_clear=asks_in_clear,
                        endless=endless,
                    )
                    threading.Thread(target=speaking, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(listening.getsockname()[1])


@contextmanager
def served(database: str, shows: Certificates | None) -> Iterator[int]:
    """
    Give the port of a door to a database that is reached by a socket file.

    It speaks TLS where it has a certificate to show, and none without.
    """
    folder = parse_qs(urlsplit(database).query)["host"][0]
    context = None
    if shows is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shows.certificate, shows.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        talks: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    near, _ = listening.accept()
                except OSError:
                    return
                talk = threading.Thread(target=_joined, args=(near, folder, context))
                talk.start()
                talks.append(talk)

        door = threading.Thread(target=accept)
        door.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (door, *talks):
                thread.join()


def _joined(near: socket.socket, folder: str, context: ssl.SSLContext | None) -> None:
    with closing(near), suppress(OSError), socket.socket(socket.AF_UNIX) as far:
        far.connect(f"{folder}/.s.PGSQL.5432")
        first = near.recv(8, socket.MSG_WAITALL)
        if first != _SSL_REQUEST:
            far.sendall(first)
            _both_ways(near, far)
            return
        near.sendall(b"S" if context else b"N")
        if context is None:
            _both_ways(near, far)
            return
        with context.wrap_socket(near, server_side=True) as safe:
            _both_ways(safe, far)


def _both_ways(near: socket.socket, far: socket.socket) -> None:
    back = threading.Thread(target=_copied, args=(far, near))
    back.start()
    _copied(near, far)
    back.join()


def _copied(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while read := source.recv(65536):
            sink.sendall(read)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def repeating(shows: Certificates) -> Iterator[tuple[int, list[str]]]:
    """
    Give the port of a server that proves its name, and refuses every password.

    It asks for the password as it is, and quotes it in its refusal; they are listed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shows.certificate, shows.key)
    given: list[str] = []

    def refuse(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            first = connection.recv(8, socket.MSG_WAITALL)
            if first == _SSL_REQUEST:
                connection.sendall(b"S")
                with context.wrap_socket(connection, server_side=True) as safe:
                    safe.recv(65536)
                    _ask(safe)
            else:
                connection.recv(65536)
                _ask(connection)

    def _ask(connection: socket.socket) -> None:
        connection.sendall(_sent(b"R", struct.pack("!i", 3)))
        said = connection.recv(65536)[5:-1].decode()
        given.append(said)
        told = f"SFATAL\0VFATAL\0C28P01\0Mno role has the password {said}\0\0"
        connection.sendall(_sent(b"E", told.encode()))

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    refuse(listening.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield int(listening.getsockname()[1]), given
