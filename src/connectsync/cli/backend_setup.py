"""The backends: what each needs from the project, and how it is opened."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from connectsync.backends import embedded, gateway
from connectsync.backends.browser.website import Website
from connectsync.backends.contract import BULKS_AT_ONCE, LARGEST_BULK
from connectsync.backends.seam import Reader, Writer
from connectsync.backends.snapshot import Confirm, SnapshotReader, SnapshotWriter
from connectsync.cli.commands import quote_word
from connectsync.cli.emulator import guard_store, make_embedded_store
from connectsync.cli.machine import host_of, host_of_snapshot
from connectsync.cli.secrets import GATEWAY, NO_GATEWAY, district_token, project_secret
from connectsync.cli.session import Session
from connectsync.config.decode import Ground, home_of, without_steps_up
from connectsync.config.project import BrowserConfig, Project
from connectsync.domain.district import District
from connectsync.domain.live import CLOCKS_DIFFER, Snapshot
from connectsync.domain.settings import Form
from connectsync.emulator.app import create_app
from connectsync.errors import (
    Bug,
    NotConfirmed,
    ProjectError,
    StateError,
    Unreachable,
    UsageError,
    how_to_add,
)
from connectsync.files.access import Planted, planted_state, state_folder
from connectsync.operations.git import tracked_in
from connectsync.report.terminal import inert
from connectsync.values import dataclass
from connectsync.web.http import RetryBudget, insist_safe


def no_person(key: str, desired: Form) -> str:
    """Confirm nothing: there is no one to ask."""
    del desired
    raise NotConfirmed(f"it is not confirmed that {key!r} was saved by hand")


@dataclass(frozen=True, slots=True)
class BackendSetup:
    """
    The project and the districts in scope.

    ``argument`` is what stands behind the colon of ``--backend NAME:ARGUMENT``;
    ``confirm`` asks a person, where it is a person who presses Save.
    """

    session: Session
    project: Project
    districts: tuple[District, ...]
    argument: str
    confirm: Confirm = no_person

    def token(self, key: str) -> str | None:
        """
        Find a district's token; None where its file names no reference.

        Raises ``ProjectError`` if the reference gives nothing here.
        """
        for district in self.districts:
            if district.key == key and (stated := district.credentials.oauth_token):
                environment = self.session.environment
                return district_token(
                    stated, project=self.project, environment=environment
                )
        return None


@dataclass(frozen=True, slots=True)
class Backend(ABC):
    """
    One way to Connect, ready to be opened.

    ``name`` is what ``--backend`` calls it, ``by_hand`` says that it is a person who
    presses Save, ``concurrency`` is how many districts a run may have in hand at a
    time, and ``read_part`` how many are read before progress is shown; None where all
    of them are one file.
    """

    setup: BackendSetup
    name: ClassVar[str]
    by_hand: ClassVar[bool] = False

    @property
    def concurrency(self) -> int:
        """How many districts a run may work on at a time."""
        return 1

    @property
    def read_part(self) -> int | None:
        """How many districts are read at a time."""
        return None

    @abstractmethod
    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader; it has no way to write."""

    @abstractmethod
    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer."""


READ_BY_EACH_TAB = 8
"""Districts that a tab of a browser reads before progress is shown."""

SESSION = "session.json"
"""Where `login` keeps the session, in the folder of the state."""


@dataclass(frozen=True, slots=True)
class BrowserBackend(Backend):
    """
    The page at the address behind ``browser:``, or at the project's.

    Everything a run loads shares one Chromium, its tabs and one budget of retries.
    """

    name = "browser"

    @property
    def concurrency(self) -> int:
        """As many as there are tabs."""
        return (self.setup.project.browser or BrowserConfig("")).contexts

    @property
    def read_part(self) -> int:
        """A few districts for each tab, so that progress shows."""
        return READ_BY_EACH_TAB * self.concurrency

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the page."""
        insist_playwright()

        from connectsync.backends.browser.reader import open_reader
        from connectsync.backends.browser.session import browser_of

        session = self.setup.session
        browser = browser_of(session.shared, self._website(), patience_of(session))
        return open_reader(browser, clock=session.now)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer on the page."""
        insist_playwright()

        from connectsync.backends.browser.session import browser_of
        from connectsync.backends.browser.writer import open_writer

        session = self.setup.session
        browser = browser_of(session.shared, self._website(), patience_of(session))
        return open_writer(browser, tokens=self.setup.token, clock=session.now)

    def _website(self) -> Website:
        setup = self.setup
        return website(setup.session, setup.project, setup.argument)


def _insist_own(session: Session, kept: Path, root: Path) -> None:
    """
    Refuse a session that another user put there, or that a commit brings or leads to.

    Raises ``ProjectError``.
    """
    if (planted := planted_state(kept)) is not None:
        raise ProjectError(
            f"{inert(str(planted))} belongs to another user, and any user may put such"
            " a thing there: no session is kept or read there",
            remedy="name a file in a folder of your own as backends.browser.session",
        )
    if (end := Ground.of(root).way_out(without_steps_up(kept))) is not None:
        raise ProjectError(
            f"the session {inert(str(kept))} is reached through a link that leads out"
            f" of the project, to {inert(end)}: it is not used",
            remedy="name the file itself as backends.browser.session",
        )
    is_new_outside = not os.path.lexists(kept) and not Ground.of(root).holds(kept)
    if is_new_outside and kept.suffix != ".json":
        # a page says what stands in it, and a shell runs what some files say
        raise ProjectError(
            f"no session is kept in {inert(str(kept))}: outside of the project it has"
            " to be a file whose name ends in .json",
            remedy="name such a file as backends.browser.session",
        )
    if tracked_in(kept, session.environment) is not None:
        raise ProjectError(
            f"the session in {kept.name} is kept in git, so it is not used: whose it"
            " is, a commit decides",
            remedy=f"remove it with `git rm {quote_word(kept.name)}`, then sign in with"
            " `connectsync login`",
        )


def _insist_own_browser(environment: Mapping[str, str]) -> None:
    """Refuse browsers where a commit puts files: whatever lies there would be run."""
    home = home_of(environment)
    cache = environment.get("XDG_CACHE_HOME") or f"{home}/.cache"
    named = ("PLAYWRIGHT_BROWSERS_PATH", "PLAYWRIGHT_NODEJS_PATH")
    usual = [f"{one}/ms-playwright" for one in (cache, f"{home}/Library/Caches")]
    for place in filter(None, [*map(dict(environment).get, named), *usual]):
        if tracked_in(Path(place).absolute(), environment):
            raise ProjectError(
                f"files in {inert(place)}, where a browser is looked for, are kept in"
                " git: a commit decides what they are, so none is run",
                remedy="name another folder with PLAYWRIGHT_BROWSERS_PATH",
            )


def insist_playwright() -> None:
    """Raise ``ProjectError`` where the extra ``browser`` is not installed."""
    if find_spec("playwright") is None:
        raise ProjectError(
            "the browser backend needs Playwright",
            remedy=how_to_add("browser"),
        )


def website(session: Session, project: Project, url: str = "") -> Website:
    """
    Describe the page at ``url``, or the project's if it is empty.

    Raises ``ProjectError`` if there is no address.
    """
    state, stated = session.state(project), project.browser
    if stated is None or (url and url != stated.url):
        # what is stated of one page, its session before all, is not for another
        stated = BrowserConfig(url)
    if not stated.url:
        raise ProjectError(
            "no page is named: backends.browser.url is missing",
            remedy="state it in connectsync.yaml, or write --backend browser:ADDRESS",
        )
    kept = stated.session or state / SESSION
    if stated.session:
        # what lies in the state folder was looked at with it
        _insist_own(session, kept, project.root)
    page = Website(
        stated.url,
        session=kept,
        evidence=state / "evidence" / f"{session.now():%Y%m%dT%H%M%SZ}",
        labels=stated.labels,
        confirmation=stated.accept_confirmation,
        contexts=stated.contexts,
        headed=stated.headed or session.headed,
        slow_ms=session.slow_ms or stated.slow_ms,
        is_brought=lambda one: tracked_in(one, session.environment) is not None,
    )
    page.insist_usable()
    _insist_own_browser(session.environment)
    session.insist_own_clock(host_of(page.url))
    # evidence may be kept before the state is opened; what cannot be made is told there
    try:
        state_folder(state)
    except Planted as error:
        raise StateError(
            f"{error.strerror}: {inert(str(error.filename))} is not used as state",
            remedy="name a folder of your own with --state-dir",
        ) from error
    except OSError:
        pass
    return page


def patience_of(session: Session) -> RetryBudget:
    """Give the run's budget; the first who asks begins it."""
    patience = session.shared.setdefault("patience", RetryBudget())
    if not isinstance(patience, RetryBudget):
        raise Bug("something else is kept where the budget of a run belongs")
    return patience


@dataclass(frozen=True, slots=True)
class EmbeddedBackend(Backend):
    """The stand-in, its data beside the state."""

    name = "embedded"
    read_part = LARGEST_BULK

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the stand-in."""
        return embedded.open_reader(self._app(), clock=self.setup.session.now)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer on the stand-in."""
        setup = self.setup
        return embedded.open_writer(
            self._app(), tokens=setup.token, clock=setup.session.now
        )

    def _app(self) -> embedded.App:
        if self.setup.argument:
            raise UsageError("the backend 'embedded' takes nothing behind a colon")
        session, project = self.setup.session, self.setup.project
        path = session.state(project) / "connect.db"
        store = make_embedded_store(path, project, self.setup.districts)
        return guard_store(create_app(store, clock=session.now), store)


@dataclass(frozen=True, slots=True)
class GatewayBackend(Backend):
    """The project's gateway; all calls of a run share one budget of retries."""

    name = "gateway"
    concurrency = 8
    read_part = BULKS_AT_ONCE * LARGEST_BULK

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

    def _gateway(self) -> gateway.GatewayAddress:
        stated = self.setup.project.gateway
        if self.setup.argument:
            raise UsageError("the backend 'gateway' takes nothing behind a colon")
        if stated is None:
            raise ProjectError("no gateway is named: backends.gateway.url is missing")
        setup, session = self.setup, self.setup.session
        insist_safe(stated.url, "the gateway's address")
        token = gateway_token(setup.project, session.environment, setup.districts)
        session.insist_own_clock(host_of(stated.url))
        return gateway.GatewayAddress(stated.url, token)


def taken_at(session: Session) -> datetime | None:
    """Say when the snapshot of this run was taken; None where there is none."""
    taken = session.shared.get("taken")
    return taken if isinstance(taken, datetime) else None


@dataclass(frozen=True, slots=True)
class SnapshotBackend(Backend):
    """The file behind the colon of ``snapshot:FILE``."""

    name = "snapshot"
    by_hand = True

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the file, and say how old it is."""
        path = self._path()
        reader = SnapshotReader(path, described=f"snapshot:{self._named(path)}")
        snapshot = reader.snapshot()
        self.setup.session.insist_own_clock(host_of_snapshot(snapshot.source))
        self._tell_age(reader.described, snapshot)
        return nullcontext(reader)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer that notes what a person confirms."""
        setup = self.setup
        return nullcontext(
            SnapshotWriter(self._path(), setup.confirm, clock=setup.session.now)
        )

    def _path(self) -> Path:
        if not self.setup.argument:
            raise UsageError(
                "the backend 'snapshot' needs a file",
                remedy="write --backend snapshot:FILE",
            )
        base = self.setup.session.folder or self.setup.session.here
        path = base / self.setup.argument
        if self.setup.session.backend:
            # a project's file may not lead out, the command line may
            path = without_steps_up(path)
        if (end := Ground.of(self.setup.project.root).way_out(path)) is not None:
            raise UsageError(
                f"{self.setup.argument} is a link that leads out of the project, to"
                f" {end}",
                remedy="name the file itself",
            )
        return path

    def _named(self, path: Path) -> str:
        """Name the file as every machine does that has the project."""
        root = self.setup.project.root
        try:
            named = Path(os.path.relpath(path, root))
        except ValueError:  # pragma: no cover - another drive of Windows
            named = Path(path.name)
        return named.as_posix()

    def _tell_age(self, described: str, snapshot: Snapshot) -> None:
        session, oldest = self.setup.session, self.setup.project.policy.max_live_age
        session.shared["taken"] = snapshot.taken
        age = session.now() - snapshot.taken
        if age < -CLOCKS_DIFFER:
            raise Unreachable(
                f"{described} says it was taken {snapshot.taken:%Y-%m-%d %H:%M %Z},"
                " which is yet to come",
                remedy="check the clock, or take the snapshot again",
            )
        taken = f"{snapshot.taken:%Y-%m-%d %H:%M %Z}"
        said = f"live settings as of {taken}, by {inert(described)}"
        if age <= oldest:
            session.terminal.say(said)
        else:
            hours = f"{oldest.total_seconds() / 3600:g} hours"
            session.terminal.complain(
                f"{said}: older than {hours}, so `apply` refuses changes that are"
                " planned on it unless --accept stale-live is given, and nothing in it"
                " is remembered as applied"
            )


def gateway_token(
    project: Project, environment: Mapping[str, str], districts: Iterable[District]
) -> str:
    """
    Give the token that the project file names for the gateway.

    It is sent to an address that the file names as well, so the file does not get at
    the secrets of a district, of the state, of the CI or of other programs. Raises
    ``TokenRefused`` for such a one, and ``ProjectError``.
    """
    key = "backends.gateway.token"
    reference = project.gateway.token if project.gateway else None
    if reference is None:
        raise ProjectError(f"no token for the gateway: {key} is missing")
    return project_secret(
        key,
        reference,
        project=project,
        environment=environment,
        theirs=[one.credentials.oauth_token for one in districts],
        refused=NO_GATEWAY,
        goes=GATEWAY,
    )
