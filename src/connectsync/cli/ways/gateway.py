"""The gateway: an API that an operator provides."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from connectsync.cli.references import stated_in
from connectsync.cli.ways.budget import patience_of
from connectsync.cli.ways.setup import Setup
from connectsync.connect import gateway
from connectsync.connect.seam import Reader, Writer
from connectsync.errors import ProjectError, UsageError
from connectsync.web.addresses import insist_safe


@dataclass(frozen=True, slots=True)
class OverGateway:
    """The project's gateway; all calls of a run share one budget of retries."""

    setup: Setup

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the gateway."""
        session = self.setup.session
        return gateway.open_reader(
            self._gateway(), patience=patience_of(session), clock=session.now
        )

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer on the gateway."""
        session = self.setup.session
        return gateway.open_writer(
            self._gateway(),
            patience=patience_of(session),
            tokens=self.setup.token,
            clock=session.now,
        )

    def _gateway(self) -> gateway.Gateway:
        stated = self.setup.project.gateway
        if self.setup.argument:
            raise UsageError("the backend 'gateway' takes nothing behind a colon")
        if stated is None:
            raise ProjectError("no gateway is named: backends.gateway.url is missing")
        if stated.token is None:
            raise ProjectError(
                "no token for the gateway: backends.gateway.token is missing"
            )
        session, root = self.setup.session, self.setup.project.root
        insist_safe(stated.url, "the gateway's address")
        key = "backends.gateway.token"
        token = stated_in(key, stated.token, environment=session.environment, root=root)
        session.insist_own_clock(stated.url)
        return gateway.Gateway(stated.url, token)
