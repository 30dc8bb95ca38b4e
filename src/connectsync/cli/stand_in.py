"""The stand-in for Connect on a socket of this machine."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectsync.cli.session import Session
from connectsync.cli.ways.embedded import embedded_store
from connectsync.config.extras import how_to_add
from connectsync.config.project import Project
from connectsync.emulator.app import create_app
from connectsync.emulator.errors import UvicornMissing
from connectsync.emulator.serve import LOOPBACK, Server, server
from connectsync.emulator.users import add_demo_user
from connectsync.errors import UsageError


@asynccontextmanager
async def served(session: Session, project: Project) -> AsyncIterator[str]:
    """Serve the project's districts while it is needed; give the address."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        serving = prepared_server(session, project, token, LOOPBACK, port)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        try:
            yield f"http://{LOOPBACK}:{port}"
        finally:
            serving.should_exit = True
            await task


def prepared_server(
    session: Session, project: Project, token: str, host: str, port: int
) -> Server:
    """
    Make a server of a stand-in with the project's districts and the demo user.

    ``token`` is what its gateway asks for. Raises ``UsageError`` where what it needs
    is not installed.
    """
    fleet = session.whole_fleet(project)
    store = embedded_store(
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
