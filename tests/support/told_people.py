"""Services on real sockets that take messages: a webhook's, and a mail server."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from postgres_over_network import Certificates, certificates

HOSTS = "CONNECTSYNC_NOTIFY_HOSTS"


@dataclass
class Hook:
    """
    What a webhook was sent, and what it answers.

    ``trickles`` lets it send a byte now and then, and never end.
    """

    port: int
    secret: str = "cAnary-5a.hook/Tv4sKm92Xc"  # noqa: S105 - lives for one test
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    trickles: bool = False
    bodies: list[Any] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        address = f"http://{self.place}/services/{self.secret}?sig=q-{self.secret}"
        return {HOSTS: self.place, "CONNECTSYNC_NOTIFY_URL": address}


@contextmanager
def listening() -> Iterator[Hook]:
    """Serve a webhook."""
    hook = Hook(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            hook.bodies.append(json.loads(self.rfile.read(length)))
            hook.sent.append(dict(self.headers))
            hook.paths.append(self.path)
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                while hook.trickles:
                    self.wfile.write(b".")
                    time.sleep(0.05)

        do_GET = do_POST  # noqa: N815 - as its library calls it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hook
    finally:
        hook.trickles = False
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class MailServer:
    """
    What a mail server took, and how it behaves.

    ``clear`` holds what came before TLS, ``logins`` what was given to sign in.
    ``endless`` lets its greeting go on for ever. ``gone`` are addresses without a
    mailbox here.
    """

    port: int
    certificates: Certificates
    offers_tls: bool = True
    endless: bool = False
    refuses: bool = False
    gone: tuple[str, ...] = ()
    mails: list[EmailMessage] = field(default_factory=list)
    clear: list[bytes] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    def environment(self, *, trusted: bool = True) -> dict[str, str]:
        trust = {"SSL_CERT_FILE": str(self.certificates.certificate)}
        return {HOSTS: f"localhost:{self.port}"} | (trust if trusted else {})


@contextmanager
def mail_server(folder: Path, name: str = "localhost") -> Iterator[MailServer]:
    """Serve mail over STARTTLS, one conversation after another."""
    made = certificates(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        mail = MailServer(server.getsockname()[1], made)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with (
                        suppress(OSError, ValueError),
                        closing(_Line(connection)) as line,
                    ):
                        _converse(line, mail, context)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
    thread.join()


@dataclass
class _Line:
    """The connection to one that sends mail, in the clear and then not."""

    connection: socket.socket
    encrypted: bool = False

    def say(self, text: bytes) -> None:
        self.connection.sendall(text + b"\r\n")

    def lines(self) -> BinaryIO:
        return self.connection.makefile("rb")

    def encrypt(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.encrypted = True

    def close(self) -> None:
        self.connection.close()


def _converse(line: _Line, mail: MailServer, context: ssl.SSLContext) -> None:
    while mail.endless:
        line.say(b"220-" + b"x" * 900)
    line.say(b"220 here")
    with line.lines() as coming:
        while read := coming.readline():
            mail.clear.append(read)
            if read.upper().startswith(b"STARTTLS"):
                line.say(b"220 go on")
                line.encrypt(context)
                break
            if read.upper().startswith(b"EHLO"):
                offers = b"STARTTLS" if mail.offers_tls else b"8BITMIME"
                line.say(b"250-here\r\n250-AUTH PLAIN\r\n250 " + offers)
            else:
                line.say(b"250 fine")
    if line.encrypted:
        with line.lines() as coming:
            while read := coming.readline():
                _answer(read, line, mail, coming)


def _answer(read: bytes, line: _Line, mail: MailServer, coming: BinaryIO) -> None:
    match read.split()[0].upper():
        case b"EHLO":
            line.say(b"250-here\r\n250 AUTH PLAIN")
        case b"AUTH":
            mail.logins.append(read)
            line.say(b"535 no " + read.strip() if mail.refuses else b"235 welcome")
        case b"RCPT" if any(one.encode() in read for one in mail.gone):
            line.say(b"550 no one of that name")
        case b"DATA":
            line.say(b"354 go on")
            text = b"".join(iter(coming.readline, b".\r\n"))
            taken = message_from_bytes(text, policy=policy.default)
            assert isinstance(taken, EmailMessage)
            mail.mails.append(taken)
            line.say(b"250 taken")
        case _:
            line.say(b"250 fine")
