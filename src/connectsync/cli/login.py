"""``connectsync login``: begin the session that the browser backend works in."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.session import Session
from connectsync.errors import UsageError
from connectsync.report.terminal import inert
from connectsync.values import replace


def login(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(
            help="Address of the page (default: the project's backends.browser.url).",
            show_default=False,
        ),
    ] = "",
    email: Annotated[
        str, typer.Option(help="Sign in without a window, for rehearsals.")
    ] = "",
    password_from: Annotated[
        str,
        typer.Option(
            help="Where the password is: env:NAME, file:PATH or command:ARGV.",
            metavar="REFERENCE",
        ),
    ] = "",
) -> int:
    """
    Sign in to Connect's page, and keep the session for runs without a person.

    Opens a window in which you sign in as always, single sign-on and second factor
    included; it closes by itself. Only you can read the file that is kept.
    """
    import asyncio

    from connectsync.cli.backend_setup import insist_playwright, website
    from connectsync.cli.secrets import allowing, read_secret

    session: Session = context.obj
    project = session.project()
    if bool(email) != bool(password_from):
        raise UsageError(
            "--email and --password-from belong together",
            remedy="give both, or neither to sign in in a window",
        )
    backend, _, argument = (session.backend or "").partition(":")
    url = url or (argument if backend == "browser" else "")
    insist_playwright()
    from connectsync.backends.browser.session import sign_in

    where = website(session, project, url)
    password = ""
    if email:
        # it is the command line that names the command, not a file
        environment = allowing(session.environment, commands=True)
        password = read_secret(
            "--password-from",
            password_from,
            environment=environment,
            root=project.root,
            what="password",
        )
    else:
        where = replace(where, headed=True)
        session.terminal.say(f"sign in to {where.url} in the window that opens")
    path = asyncio.run(sign_in(where, email, password))
    session.terminal.say(f"signed in; the session is kept in {inert(str(path))}")
    return 0
