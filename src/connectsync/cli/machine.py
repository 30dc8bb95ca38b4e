"""What is known of this machine: streams, hosts, clock, CI, what variables hold."""

from __future__ import annotations

import io
import os
import re
import select
import shlex
import signal
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import NamedTuple, TextIO
from urllib.parse import urlsplit

from connectsync import errors
from connectsync.domain.foreign_text import APART, foreign_text, whole_places
from connectsync.domain.live import BY_ADDRESS
from connectsync.errors import UsageError


def host_of(address: str) -> str:
    """Give the host of an address; empty where it names none."""
    # of an address that is none only its own check speaks: it may hold a password
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def host_of_snapshot(source: str) -> str:
    """Give the host that a snapshot was taken on; in words where it is not known."""
    kind, _, address = source.partition(" ")
    if source == "embedded":
        return ""
    host = host_of(address) if kind in BY_ADDRESS else ""
    return host or f"what the snapshot was taken of ({source!r})"


def is_here(host: str) -> bool:
    """Say whether a host is this machine, or none is named."""
    try:
        return not host or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


CLEVER = "clever.com"
CLEVER_HOST = "CONNECTSYNC_CLEVER_HOST"
"""The variable that names another host which may be asked: a file cannot."""


def insist_clever(url: str, environment: Mapping[str, str]) -> None:
    """
    Refuse a host that is not Clever's: the tokens of all districts would go there.

    Raises ``ProjectError``.
    """
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError as error:
        # another program may find a host in it all the same
        raise errors.ProjectError(
            "roster.clever.url is no address, so no token is sent there",
            remedy="write it as https://api.clever.com/v3.1",
        ) from error
    here = bool(host) and is_here(host)
    if address.scheme != "https" and not here:
        # what no token is sent to is refused where it is opened
        return
    named = environment.get(CLEVER_HOST, "").lower()
    # on this machine any user may listen at a port
    place = address.netloc.lower().rpartition("@")[2]
    if named and named in ({place} if here else {host, place}):
        return
    if host == CLEVER:
        return
    if host.endswith(f".{CLEVER}"):
        return
    asked = shlex.quote(place if here else host)
    raise errors.ProjectError(
        f"{host} is not Clever's, so no token is sent there: a file does not decide"
        " alone who gets them",
        remedy=f"correct roster.clever.url; if that host is yours, set"
        f" {CLEVER_HOST}={asked} where this command runs",
    )


TOLD = "CONNECTSYNC_NOW"
ANYWHERE = "CONNECTSYNC_NOW_ANYWHERE"
"""Set to 1: the time may be told to a Connect that is not on this machine."""


_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def utc_now() -> datetime:
    """Give the time by the clock of the machine."""
    return datetime.now(UTC)


def now(environment: Mapping[str, str]) -> datetime:
    """Give the time, from CONNECTSYNC_NOW if set. Raises ``UsageError``."""
    told = environment.get(TOLD)
    if not told:
        return utc_now()
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise errors.UsageError(f"{TOLD} is not a time: {told!r}") from error
    # days and years are added to it and taken off
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise errors.UsageError(
            f"{TOLD} is {told}: it has to be of a year from {_FIRST_YEAR} to"
            f" {_LAST_YEAR}"
        )
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def insist_own_clock(environment: Mapping[str, str], host: str) -> str:
    """
    Refuse to tell the time to a Connect that is not on this machine.

    Gives a sentence where it is told all the same, because that is asked for; empty
    where the clock is the machine's or the host is this one. Raises ``UsageError``.
    """
    told = environment.get(TOLD)
    if not told or is_here(host):
        return ""
    if environment.get(ANYWHERE) != "1":
        raise errors.UsageError(
            f"{TOLD} is set, and {host} is not this machine: freezes, windows and ages"
            " would be judged by a time that is not the real one",
            remedy=f"unset {TOLD}; to use it all the same, set {ANYWHERE}=1",
        )
    return f"the time is told by {TOLD}: {told}, on {host}"


def now_at_least(environment: Mapping[str, str]) -> datetime:
    """Give the time, from the machine where what is told is no time."""
    try:
        return now(environment)
    except errors.UsageError:
        return utc_now()


LONGEST = 200
"""Characters that are kept of what a variable says."""


class CiJob(NamedTuple):
    """
    The job of a CI that this is: its address, and whom it names as who began it.

    ``ci`` is the CI's name, empty where this is none; ``actor`` the login, and
    ``names`` that and what else the CI calls this person.
    """

    ci: str = ""
    actor: str = ""
    job: str = ""
    names: tuple[str, ...] = ()


_CIS = (
    ("GitLab", "GITLAB_CI", "GITLAB_USER_LOGIN", "CI_JOB_URL", "GITLAB_USER_NAME"),
    ("Buildkite", "BUILDKITE", "BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_URL", ""),
    ("CircleCI", "CIRCLECI", "CIRCLE_USERNAME", "CIRCLE_BUILD_URL", ""),
    ("Jenkins", "JENKINS_URL", "BUILD_USER_ID", "BUILD_URL", "BUILD_USER"),
)
"""A CI, and the variables that say: it is one, who began its job, where, the name."""


def ci_job(environment: Mapping[str, str]) -> CiJob:
    """Say which job of a CI this is, by what the variables of the job say."""

    def said(name: str) -> str:
        return short_text(environment.get(name, ""))

    if environment.get("GITHUB_ACTIONS") == "true":
        names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        server, repository, run = (environment.get(name, "") for name in names)
        job = f"{server}/{repository}/actions/runs/{run}" if run else ""
        # who ran a job again answers for it, not who ran it first
        actor = said("GITHUB_TRIGGERING_ACTOR") or said("GITHUB_ACTOR")
        return CiJob("GitHub", actor, short_text(job), _named(actor))
    for ci, mark, login, job, name in _CIS:
        if environment.get(mark):
            actor = said(login)
            return CiJob(ci, actor, said(job), _named(actor, said(name)))
    return CiJob()


def is_unattended(environment: Mapping[str, str]) -> bool:
    """Say whether this is a job of a CI, of one that is not known by name as well."""
    told = environment.get("CI", "").lower() not in {"", "0", "false"}
    return told or bool(ci_job(environment).ci)


def _named(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def short_text(text: str) -> str:
    """Give the start of what a machine or a CI says, so that it can only be shown."""
    return foreign_text(text[:LONGEST])


_PROGRAMS = (
    "GITHUB|GH|GH_ENTERPRISE|GITLAB|GL|GITEA|BITBUCKET|CIRCLE|TRAVIS|BUILDKITE|RENOVATE"
    "|NPM|NODE|NODE_AUTH|YARN|PYPI|TWINE|FLIT|POETRY|UV|UV_PUBLISH|CARGO|CARGO_REGISTRY"
    "|GEM_HOST|NUGET|DOCKER|DOCKERHUB|ARTIFACTORY|NEXUS|MAVEN|HOMEBREW_GITHUB|CODECOV"
    "|SONAR|SNYK|SENTRY|AWS|AZURE|GOOGLE|GCP|CLOUDFLARE|DIGITALOCEAN|HCLOUD|HEROKU"
    "|NETLIFY|VERCEL|FLY|PULUMI|VAULT|CONSUL|CONSUL_HTTP|NOMAD|OP_CONNECT|DOPPLER|BWS"
    "|OP_SERVICE_ACCOUNT|KUBE|SLACK|SLACK_BOT|OPENAI|ANTHROPIC|HF|HUGGING_FACE|STRIPE"
    "|SENDGRID|TWILIO|DD|DATADOG|NEW_RELIC|SMTP|POSTGRES|POSTGRESQL|MYSQL|MARIADB|REDIS"
    "|MONGO|DB|DATABASE|SSH|GPG|SUDO|ANSIBLE_VAULT|RESTIC"
)
"""What other programs begin the names of their secrets with."""

SECRETS_OF_OTHERS = (
    "(ACTIONS|CI_JOB|CI_REGISTRY|CI_DEPLOY|CI_REPOSITORY|CI_BUILD|CI_DEPENDENCY_PROXY"
    "|OTEL_EXPORTER|BUILDKITE_AGENT)_.+"
    f"|({_PROGRAMS})_((API|AUTH|ACCESS|SESSION|SECURITY|REGISTRY|OIDC|SECRET|PRIVATE"
    "|SIGNING|APP|LICENSE)_)?(TOKEN|KEY|SECRET|PAT|PASSWORD|PASSPHRASE|PASS|URL|URI)"
    "|DOCKER_AUTH_CONFIG|CLEVER_CLIENT_SECRET|COSIGN_PASSWORD"
    "|AWS_(SECRET_ACCESS_KEY|ACCESS_KEY_ID|BEARER_TOKEN.*|CONTAINER_AUTHORIZATION_TOKEN)"
    "|(AZURE|ARM|GOOGLE|GCP|CLOUDSDK)_.*(SECRET|PASSWORD|CREDENTIALS|TOKEN|KEY)"
    "|(TF_TOKEN|TF_VAR|NPM_CONFIG|OP_SESSION|POETRY_PYPI_TOKEN|KUBERNETES)_.+"
    "|PGPASSWORD|PGPASSFILE|MYSQL_PWD|BW_SESSION|BW_CLIENTSECRET|SENTRY_DSN"
    "|SYSTEM_ACCESSTOKEN|(HTTPS?|ALL|FTP)_PROXY"
)
"""Variables that hold a secret of a CI or of another program."""

SECRET_FILES = re.compile(
    "PGPASSFILE|PGSERVICEFILE|PGSSLKEY|NETRC|KUBECONFIG|AWS_WEB_IDENTITY_TOKEN_FILE",
    re.IGNORECASE,
)
"""Variables that name a file in which another program keeps a secret."""

WORDS_OF_AUTHORS = re.compile(
    # GitLab and Woodpecker, GitHub and Forgejo, Azure, Bitbucket, Buildkite
    "(CI_(PREV_)?COMMIT|CI_MERGE_REQUEST|CI_EXTERNAL_PULL_REQUEST|GITLAB_USER)_.+"
    "|CI_OPEN_MERGE_REQUESTS|CI_ENVIRONMENT_.+|TRIGGER_PAYLOAD|CHAT_INPUT"
    "|(GITHUB|GITEA|FORGEJO)_(REF|HEAD_REF|BASE_REF|REF_.+|EVENT_.+|WORKFLOW.*"
    "|(TRIGGERING_)?ACTOR)"
    "|BUILD_(SOURCE.+|REQUESTEDFOR.*)|SYSTEM_PULLREQUEST_.+"
    "|BITBUCKET_(BRANCH|TAG|BOOKMARK|PR_.+)"
    "|BUILDKITE_(MESSAGE|BRANCH|TAG|COMMIT|LABEL|(BUILD|PULL_REQUEST)_.+)"
    # CircleCI, Travis, AppVeyor, Drone, CodeBuild, Cirrus and others
    "|CIRCLE_(BRANCH|TAG|USERNAME|PR_.+|PULL_REQUESTS?)"
    "|TRAVIS_(BRANCH|TAG|COMMIT.*|PULL_REQUEST.*)"
    "|APPVEYOR_(REPO|PULL_REQUEST)_.+|DRONE_(BRANCH|TAG|COMMIT.*|.+_BRANCH|.+_REQUEST.*)"
    "|CODEBUILD_(WEBHOOK_.+|SOURCE_VERSION)|CIRRUS_(BRANCH|TAG|CHANGE_.+|PR.*|USER_.+)"
    "|SEMAPHORE_GIT_.+|BITRISE(IO)?_(GIT|PULL_REQUEST)_.+|GIT_CLONE_COMMIT_.+"
    "|CF_(BRANCH.*|COMMIT_.+|PULL_REQUEST_.+|RELEASE_.+)"
    # Jenkins and Prow, and how jobs call what they take out of an event
    "|CHANGE_(ID|URL|TITLE|AUTHOR.*|TARGET|BRANCH|FORK)|GHPRB.+|JOB_SPEC"
    "|GIT_(LOCAL_)?BRANCH|GIT_(AUTHOR|COMMITTER)_.+|PULL_(REFS|NUMBER|TITLE|.+_REF)"
    "|((HEAD|SOURCE)_)?(BRANCH|TAG|REF)(_NAME)?"
    "|(PR|PULL_REQUEST|MR|MERGE_REQUEST|COMMIT|ISSUE|COMMENT)"
    "_(TITLE|BODY|TEXT|MESSAGE|MSG|DESCRIPTION|SUBJECT|AUTHOR|BRANCH|LABELS?)",
    re.IGNORECASE,
)
"""Variables in which a CI hands on what the author of a change wrote."""


_NAMES = ("stdin", "stdout", "stderr")

CLOSED: set[str] = set()
"""The streams that this process was started without."""


class Outlet(io.FileIO):
    """
    Where a stream ends: it takes everything, and remembers what could not be written.

    ``lost`` is the first error. A reader who has seen enough (``head``) is none.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.lost: OSError | None = None
        self.is_told = False

    def write(self, data: object) -> int:
        """Write all of it, or take note that it could not be written."""
        left = memoryview(data).cast("B")  # type: ignore[arg-type]
        size = len(left)
        while left and self.lost is None:
            try:
                written = super().write(left)
            except OSError as error:
                self.lost = error
                break
            if written is None:
                # a pipe that does not wait, as other programs may hand it on
                select.select([], [self.fileno()], [])
                continue
            left = left[written:]
        return size


NUMBER = re.compile("[0-9]{1,5}")
_NUMBERS = ("COLUMNS", "LINES", "TERMINAL_WIDTH", "COMP_CWORD")
"""Variables that libraries read as numbers, and stumble over where they are none."""

_TELLTALES = ("SSLKEYLOGFILE", "DEBUG", "DEBUGP", "DEBUG_FILE", "PWDEBUG")
"""
Variables that make libraries tell what is secret.

The first names a file for the keys of each call. The others have Playwright write down
all that it types and is sent.
"""

ON_WINDOWS = os.name == "nt"


def drop_unusable(environment: MutableMapping[str, str]) -> None:
    """Take what no run may obey, or libraries stumble over, out of its environment."""
    for name in _TELLTALES:
        environment.pop(name, None)
    # an empty or relative one would mean the folder under review
    whole = whole_places(environment)
    for name in environment.keys() - whole.keys():
        del environment[name]
        if name == "PATH":
            # without one the usual are searched; on Windows, where we stand as well
            whole[name] = APART if ON_WINDOWS else os.defpath
    environment.update(whole)
    if ON_WINDOWS:
        # else the system looks there before all others
        environment["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"
    for name in _NUMBERS:
        if not NUMBER.fullmatch(environment.get(name, "0")):
            del environment[name]


def end_group(pid: int) -> bool:
    """End a process of ours and all that it started; say whether the system can."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        return False
    return True


def secure() -> None:
    """Give every standard stream something behind it, before any file is opened."""
    for descriptor, name in enumerate(_NAMES):
        if not _is_open(descriptor):
            CLOSED.add(name)
            # a file of ours that got this number would be written over by messages
            _to_nowhere(descriptor)
    if sys.stdin is None or "stdin" in CLOSED:
        # it lives as long as the process
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - as above
    sys.stdout = _guard_stream(sys.stdout, 1)
    sys.stderr = _guard_stream(sys.stderr, 2)


def lost(stream: TextIO) -> OSError | None:
    """Give why a stream could not take all that was written; a closed pipe is none."""
    try:
        stream.flush()
    except ValueError:
        return None
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    error = raw.lost if isinstance(raw, Outlet) else None
    return None if isinstance(error, BrokenPipeError) else error


def tell_once(stream: TextIO) -> str:
    """Give why a stream could not take all, the first time this is asked."""
    error, raw = lost(stream), getattr(getattr(stream, "buffer", None), "raw", None)
    if error is None or not isinstance(raw, Outlet) or raw.is_told:
        return ""
    raw.is_told = True
    return error.strerror or str(error)


def standard_input() -> bytes:
    """Read all of standard input. Raises ``UsageError`` if there is none."""
    if "stdin" in CLOSED:
        raise UsageError(
            "standard input is closed",
            remedy="pipe the file into the command, or name it",
        )
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(
            f"standard input cannot be read: {error.strerror or error}",
            remedy="pipe the file into the command, or name it",
        ) from error


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _to_nowhere(descriptor: int) -> None:
    flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY
    opened = os.open(os.devnull, flags)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)


def _guard_stream(stream: TextIO | None, descriptor: int) -> TextIO:
    """Put an outlet behind a stream that is one of this process's own."""
    if stream is not None and not _is_own(stream, descriptor):
        return stream
    try:
        outlet = Outlet(descriptor)
    except OSError:
        # it leads to a folder
        _to_nowhere(descriptor)
        outlet = Outlet(descriptor)
    behind = io.BufferedWriter(outlet)
    if not isinstance(stream, io.TextIOWrapper):
        return io.TextIOWrapper(behind, "utf-8", "plainer")
    return io.TextIOWrapper(
        behind,
        stream.encoding,
        "plainer",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _is_own(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError):
        return False
