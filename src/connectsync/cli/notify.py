"""``connectsync notify``, and ``--notify`` of others: tell people what needs them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from connectsync.apply.state.queries import StateReader, recognize
from connectsync.apply.state.store import Store
from connectsync.cli.machine import is_here
from connectsync.cli.plan_source import open_state
from connectsync.cli.secrets import NO_HOOK, given_secret, project_secret
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.live import ConnectKey
from connectsync.domain.notice import (
    Hook,
    MailHook,
    Message,
    NoticeBook,
    NotifySettings,
    Watch,
    Webhook,
    headline,
    joined,
    settings_of,
)
from connectsync.errors import ConnectsyncError, ProjectError, UsageError
from connectsync.operations.notify import tell, untell, watch_allowances, watch_runs
from connectsync.report.terminal import inert
from connectsync.values import dataclass

HOSTS = "CONNECTSYNC_NOTIFY_HOSTS"
"""The variable that names the hosts which messages may go to: a file cannot."""

_RUNS = 50
"""Newest runs that are looked at."""

_NO_REQUEST = frozenset({"", "0", "false"})

_OF_A_REQUEST = re.compile("(external_)?(pull|merge)_(request|group)")
_TRIGGER = "CODEBUILD_WEBHOOK_TRIGGER"
"""What CIs say of what began a job for a request, or for several to be merged."""

_REQUESTS = (
    *("CI_MERGE_REQUEST_IID", "BITBUCKET_PR_ID", "BUILDKITE_PULL_REQUEST"),
    *("CI_EXTERNAL_PULL_REQUEST_IID", "CI_COMMIT_PULL_REQUEST", "PULL_NUMBER"),
    *("CIRCLE_PULL_REQUEST", "TRAVIS_PULL_REQUEST", "APPVEYOR_PULL_REQUEST_NUMBER"),
    *("CIRRUS_PR", "SEMAPHORE_GIT_PR_NUMBER", "BITRISE_PULL_REQUEST"),
    *("CF_PULL_REQUEST_NUMBER", "JENKINS_PULL_REQUEST", "ghprbPullId"),
    *("SYSTEM_PULLREQUEST_PULLREQUESTID", "DRONE_PULL_REQUEST", "CHANGE_ID"),
)
"""Variables by which a CI says that it runs for a pull request."""


def notify(
    context: typer.Context,
    test: Annotated[
        bool,
        typer.Option("--test", help="Send each hook a message that says it is a test."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show what would be sent; send and write nothing."
        ),
    ] = False,
) -> int:
    """
    Tell people what waits, what ends soon, and what is still open.

    Sends what quiet hours held back, the day's digest, runs that failed or wait, and
    accepted findings that end. Connect is not asked: `drift`, `status` and `reconcile`
    with --notify tell what they see there.

    Exits with 1 if a message did not arrive.
    """
    session: Session = context.obj
    if test and dry_run:
        raise UsageError("--test sends, and --dry-run does not: give one of them")
    project = session.project()
    settings = settings_of(project.notify)
    if not settings.hooks:
        raise UsageError(
            "connectsync.yaml names no one to tell",
            remedy="write notify: as docs/how-to/tell-people-what-needs-them.md says",
        )
    fleet = session.whole_fleet(project)
    districts = [one.district for one in fleet.districts]
    told = People(session, project, districts)
    if dry_run:
        drafts = ["\n".join(told.lines(one)) for one in told.drafts(settings)]
        session.terminal.show("\n\n".join(drafts) or "Nothing to tell anyone now")
        return ExitStatus.FINE
    arrived = wait_for(told.test(settings) if test else told.tell(None, ()))
    return ExitStatus.FINE if arrived else ExitStatus.FINDINGS


def insist_notifies(project: Project) -> None:
    """Refuse ``--notify`` where no one is named. Raises ``UsageError``."""
    if not (project.notify.get("webhooks") or project.notify.get("mail")):
        raise UsageError(
            "--notify tells people, and connectsync.yaml names none",
            remedy="write notify: as docs/how-to/tell-people-what-needs-them.md says",
        )


@dataclass(frozen=True, slots=True)
class People:
    """Those whom a project tells, and what of its districts they may want to know."""

    session: Session
    project: Project
    districts: Sequence[District]

    async def tell(self, connect: ConnectKey | None, watches: Iterable[Watch]) -> bool:
        """
        Tell what is new on a Connect, and what is due; say whether all of it arrived.

        Without a key, on the one that the project uses. Nothing here fails a run: what
        does not work is said.
        """
        if self._is_review():
            return True
        terminal = self.session.terminal
        settings = settings_of(self.project.notify)
        try:
            with open_state(self.session, self.project) as store:
                now = self._now()
                if connect is not None:
                    recognize(store, connect, at=now)
                key = connect.key if connect else self._key(store)
                watch = joined((*watches, *self._watches(store, key, now)))
                messages = tell(store, key, watch, settings, at=now)
                unheard, arrived = await self._send(messages, settings)
                untell(store, key, unheard, at=self._now())
        except ConnectsyncError as error:
            terminal.complain(f"no one was told: {error.message}; {error.remedy}")
            return False
        return arrived

    async def test(self, settings: NotifySettings) -> bool:
        """Send every hook a test, at any hour, and remember nothing."""
        if self._is_review():
            return True
        messages = [Message(hook.name, ()) for hook in settings.hooks]
        _, arrived = await self._send(messages, settings, test=True)
        return arrived

    def drafts(self, settings: NotifySettings) -> tuple[Message, ...]:
        """Give what ``tell`` would send of what is known without asking Connect."""
        with open_state(self.session, self.project) as store:
            key, now = self._key(store), self._now()
            store.known()
            book = NoticeBook.of(store.known_notices(key))
            watch = joined(self._watches(store, key, now))
            book.learn(book.changes(watch))
            return book.due(settings, now)

    def lines(self, message: Message) -> list[str]:
        """Give a message for people, and whom it is for."""
        from connectsync.telemetry.hooks import Sending, lines

        (hook,) = (
            one
            for one in settings_of(self.project.notify).hooks
            if one.name == message.hook
        )
        sending = Sending(hook, message, self._now(), self._called())
        return [f"to {hook.name}:", *lines(sending)]

    def _is_review(self) -> bool:
        """Say, also aloud, that no one is told: what a request says is its author's."""
        if under := review_of(self.session.environment):
            self.session.terminal.complain(
                f"no one is told: this runs for a pull request ({under})"
            )
        return bool(under)

    def _watches(self, store: Store, key: str, now: datetime) -> tuple[Watch, ...]:
        runs = StateReader(store).newest(_RUNS).lines
        return (
            watch_runs(runs, key, now),
            watch_allowances(self.districts, self.session.today()),
        )

    def _key(self, store: Store) -> str:
        name, kind = self.project.connect, self.project.backend.partition(":")[0]
        return StateReader(store).connect_called(name, kind) or name or kind

    def _called(self) -> str:
        """Name the Connect without its address: messages go out of the house."""
        backend = self.session.backend or self.project.backend
        return self.project.connect or backend.partition(":")[0]

    def _now(self) -> datetime:
        zone = self.project.timezone
        return self.session.now().astimezone(ZoneInfo(zone) if zone else UTC)

    async def _send(
        self,
        messages: Sequence[Message],
        settings: NotifySettings,
        *,
        test: bool = False,
    ) -> tuple[list[Message], bool]:
        """
        Send messages, and say what became of each.

        Give those that no one got, and whether all of them got to everyone.
        """
        from connectsync.telemetry.hooks import Sending, send_all

        hooks = {one.name: one for one in settings.hooks}
        why: dict[str, str] = {}
        partly = set[str]()
        sendings = []
        for message in messages:
            hook = hooks[message.hook]
            try:
                secret, token = self._secrets(hook)
            except ConnectsyncError as error:
                why[hook.name] = f"{error.message}; {error.remedy}"
                continue
            sendings.append(
                Sending(hook, message, self._now(), self._called(), secret, token, test)
            )
        ends = await send_all(sendings)
        for one, end in zip(sendings, ends, strict=True):
            if end.failed:
                why[one.hook.name] = end.failed
            if end.partly:
                partly.add(one.hook.name)
        terminal = self.session.terminal
        for message in messages:
            name = message.hook
            if name in why:
                was = "was told, but" if name in partly else "was not told:"
                terminal.complain(inert(f"{name} {was} {why[name]}"))
            else:
                said = "a test" if test else headline(message)
                terminal.say(f"told {name}: {said}")
        unheard = why.keys() - partly
        return [one for one in messages if one.hook in unheard], not why

    def _secrets(self, hook: Hook) -> tuple[str | None, str | None]:
        """Give the address or password of a hook, and its token, if it may go."""
        if isinstance(hook, Webhook):
            address = self._secret(f"{hook.name}: url", hook.url, self._addresses())
            parts = _parts(address)
            if parts is None:
                raise ProjectError(
                    f"{hook.url} gives no address that begins with https://",
                    remedy="set it to the whole address of the webhook",
                )
            self._insist_host(*parts)
            token = hook.token and self._secret(
                f"{hook.name}: token", hook.token, self._tokens_of(parts)
            )
            return address, token
        self._insist_host(hook.host.lower(), hook.port)
        if hook.password is None:
            return None, None
        server = hook.host, hook.port
        mine = [
            f"{one.name}: password"
            for one in settings_of(self.project.notify).hooks
            if isinstance(one, MailHook) and (one.host, one.port) == server
        ]
        return self._secret(f"{hook.name}: password", hook.password, mine), None

    def _webhooks(self) -> Iterator[Webhook]:
        for one in settings_of(self.project.notify).hooks:
            if isinstance(one, Webhook):
                yield one

    def _addresses(self) -> list[str]:
        """Name where addresses stand: one goes to its own host, whoever names it."""
        return [f"{one.name}: url" for one in self._webhooks()]

    def _tokens_of(self, parts: tuple[str, int]) -> list[str]:
        """Name where tokens stand that go to one host, to which any of them may go."""
        environment, root = self.session.environment, self.project.root
        return [
            f"{one.name}: token"
            for one in self._webhooks()
            if _parts(given_secret(one.url, environment, root)) == parts
        ]

    def _secret(self, key: str, reference: str, mine: Sequence[str]) -> str:
        """
        Give what a hook refers to: an address, a token, a password.

        It does not get at the secrets of the gateway, of the state, of a district, of
        the CI or of a hook elsewhere, nor at a file that a commit brings along: its
        author would choose who is told. ``mine`` are places where the same may stand.
        Raises ``TokenRefused`` for such a one, and ``ProjectError``.
        """
        project, environment = self.project, self.session.environment
        return project_secret(
            key,
            reference,
            project=project,
            environment=environment,
            theirs=[one.credentials.oauth_token for one in self.districts],
            refused=NO_HOOK,
            goes="people who are told",
            mine=mine,
        )

    def _insist_host(self, host: str, port: int) -> None:
        """Refuse a host that no operator named. Raises ``ProjectError``."""
        said = self.session.environment.get(HOSTS, "").lower()
        named, place = said.replace(",", " ").split(), f"{host}:{port}"
        # on this machine any user may listen at a port
        if place not in named and (host not in named or is_here(host)):
            asked = shlex.quote(place if is_here(host) else host)
            raise ProjectError(
                f"{host} is not among the hosts that may be told anything: a file does"
                " not decide alone who is",
                remedy=f"if that host is yours, set {HOSTS}={asked} where this command"
                " runs",
            )
        self.session.insist_own_clock(host)


_PORTS = {"https": 443, "http": 80}


def _parts(address: str) -> tuple[str, int] | None:
    """Give host and port of an address; None where it is none for a webhook."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    return host.lower(), port or _PORTS[parts.scheme]


def review_of(environment: Mapping[str, str]) -> str:
    """
    Name the variable by which a CI says that this runs for a pull request.

    Empty where none does. What such a job runs on is its author's word.
    """
    for name in ("GITHUB_EVENT_NAME", "CI_PIPELINE_SOURCE", "CI_PIPELINE_EVENT"):
        said = environment.get(name, "")
        if _OF_A_REQUEST.match(said):
            return f"{name}={said}"
    # such as pr/12 of AWS CodeBuild, for whatever webhook began it
    said = environment.get(_TRIGGER, "")
    if said.startswith("pr/"):
        return f"{_TRIGGER}={said}"
    for name in _REQUESTS:
        if environment.get(name, "").lower() not in _NO_REQUEST:
            return name
    return ""
