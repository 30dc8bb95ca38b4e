"""``connectsync emulator``: serve the stand-in for Connect."""

from __future__ import annotations

import secrets
import socket
from typing import Annotated

import typer

from connectsync.cli.session import Session
from connectsync.errors import UsageError


def emulator(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; by default only this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on.")
    ] = 8765,
) -> int:
    """
    Serve a stand-in for Connect (its pages and the gateway API) to try things out.

    It holds the districts of this project. Its token is new at every start.
    """
    from connectsync.cli.stand_in import prepared_server
    from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD

    session: Session = context.obj
    token = secrets.token_urlsafe(24)
    serving = prepared_server(session, session.project(), token, host, port)
    with _listening(host, port) as listening:
        port = listening.getsockname()[1]
        session.terminal.show(
            f"Connect (a stand-in) on http://{host}:{port}\nbearer token: {token}\n"
            f"sign in as {DEMO_EMAIL}, password: {DEMO_PASSWORD}\n"
            "stop it with Ctrl-C"
        )
        serving.run(sockets=[listening])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """Take the address before saying so. Raises ``UsageError`` if it is not free."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise UsageError(
            f"cannot listen on {host}:{port}: {reason}",
            remedy="choose another --port, or 0 for any that is free",
        ) from error
