"""``connectsync emulator``: serve the emulator of Connect."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from connectsync.cli.backend_setup import make_embedded_store
from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.emulator.app import LOOPBACK, Server, create_app, server
from connectsync.emulator.http import UvicornMissing
from connectsync.emulator.users import add_demo_user
from connectsync.errors import UsageError, how_to_add


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
    from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD

    session: Session = context.obj
    token = secrets.token_urlsafe(24)
    serving = make_server(session, session.project(), token, host, port)
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


@asynccontextmanager
async def serve_districts(session: Session, project: Project) -> AsyncIterator[str]:
    """Serve the project's districts while it is needed; give the address."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        serving = make_server(session, project, token, LOOPBACK, port)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        try:
            yield f"http://{LOOPBACK}:{port}"
        finally:
            serving.should_exit = True
            await task


def make_server(
    session: Session, project: Project, token: str, host: str, port: int
) -> Server:
    """
    Make a server of a stand-in with the project's districts and the demo user.

    ``token`` is what its gateway asks for. Raises ``UsageError`` where what it needs
    is not installed.
    """
    fleet = session.whole_fleet(project)
    store = make_embedded_store(
        session.state(project) / "connect.db",
        project,
        [one.district for one in fleet.districts],
    )
    add_demo_user(store)
    try:
        return server(create_app(store, token=token), host, port)
    except UvicornMissing as error:
        raise UsageError(
            "serving the emulator needs uvicorn", remedy=how_to_add("emulator")
        ) from error
