"""Secrets by reference: env:NAME, file:PATH, command:ARGV. Never shown, never kept."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from connectsync.config.decode import Ground
from connectsync.config.project import Project
from connectsync.domain.district import DISTRICT_VARIABLE, token_identity
from connectsync.domain.foreign_text import SECRETS, environment_of_children
from connectsync.errors import ProjectError
from connectsync.files.access import NotRegular, TooLarge, read_regular, wide_encoding

LIMIT = 1 << 16
"""Bytes that a file with a secret may have."""

SECONDS = 30
"""How long a command may take to answer."""

COMMAND_ENVIRONMENT = "CONNECTSYNC_COMMAND_ENV"
"""The variable that names further variables which commands get."""

_PLACES = """
    VAULT_ADDR VAULT_NAMESPACE VAULT_CACERT OP_ACCOUNT AWS_PROFILE AWS_REGION
    AWS_DEFAULT_REGION AWS_CONFIG_FILE CLOUDSDK_CONFIG AZURE_CONFIG_DIR GNUPGHOME
    GPG_TTY PASSWORD_STORE_DIR SSH_AUTH_SOCK
"""
"""Where programs that keep secrets find them: addresses and folders, no secret."""


ALLOWED = "CONNECTSYNC_ALLOW_COMMANDS"
"""
Set to 1 by who runs connectsync, so that ``command:`` may run what a file says.

The files of a pull request are an author's word; the environment is not.
"""


def read_secret(
    key: str,
    reference: str,
    *,
    environment: Mapping[str, str],
    root: Path,
    what: str = "token",
) -> str:
    """
    Give the secret that a key of the project file, or an option, refers to.

    ``what`` is what the secret is called, as in `resolve_reference`. Raises
    ``ProjectError``, which begins with the key.
    """
    try:
        secret = resolve_reference(
            reference, environment=environment, root=root, what=what
        )
    except ProjectError as error:
        raise ProjectError(f"{key}: {error.message}", remedy=error.remedy) from error
    SECRETS.learn(secret, ours=True)
    return secret


def resolve_reference(
    reference: str, *, environment: Mapping[str, str], root: Path, what: str = "token"
) -> str:
    """
    Give the secret that a reference stands for.

    ``what`` is what people call the secret: a token, a password, an address.
    A path is taken from the project's folder. A command runs only where the
    environment allows it. Raises ``ProjectError``, which names the reference and
    never what it holds.
    """
    kind, _, where = reference.partition(":")
    match kind:
        case "env":
            secret = environment.get(where, "")
        case "file":
            secret = _file(root / where, reference, Ground.of(root))
        case "command":
            _insist_allowed(reference, environment)
            secret = _command(where, reference, root, environment)
        case _:
            raise ProjectError(
                f"the {what} must be given by reference: env:NAME, file:PATH or"
                " command:ARGV",
                remedy=f"say where the {what} is, never the {what} itself",
            )
    secret = secret.strip()
    if not secret or not secret.isprintable():
        raise ProjectError(
            f"{reference} gives no {what}", remedy="set it where this command runs"
        )
    SECRETS.learn(secret)
    return secret


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

_NO_DISTRICT = re.compile(
    f"(?!{DISTRICT_VARIABLE})CONNECTSYNC_.+"
    "|(ACTIONS|CI_JOB|CI_REGISTRY|CI_DEPLOY|OTEL_EXPORTER|BUILDKITE_AGENT)_.+"
    f"|({_PROGRAMS})_((API|AUTH|ACCESS|SESSION|SECURITY|REGISTRY|OIDC)_)?"
    "(TOKEN|KEY|PASSWORD|PASSPHRASE|PASS|URL|URI)"
    "|AWS_(SECRET_ACCESS_KEY|ACCESS_KEY_ID|BEARER_TOKEN.*|CONTAINER_AUTHORIZATION_TOKEN)"
    "|(AZURE|ARM|GOOGLE|GCP|CLOUDSDK)_.*(SECRET|PASSWORD|CREDENTIALS|TOKEN|KEY)"
    "|(TF_TOKEN|TF_VAR|NPM_CONFIG|OP_SESSION|POETRY_PYPI_TOKEN|KUBERNETES)_.+"
    "|PGPASSWORD|PGPASSFILE|MYSQL_PWD|BW_SESSION|BW_CLIENTSECRET|SENTRY_DSN"
    "|SYSTEM_ACCESSTOKEN|(HTTPS?|ALL|FTP)_PROXY",
    re.IGNORECASE,
)
"""Variables that hold a secret of ours, of a CI or of another program."""


def district_token(
    reference: str, *, project: Project, environment: Mapping[str, str]
) -> str:
    """
    Give the token that a district file refers to; see ``resolved``.

    A district's token is typed on Connect and shown to Clever, so a district file does
    not get at any other secret. Raises ``ProjectError``.
    """
    kind, _, where = reference.partition(":")
    gateway, root = project.gateway.token if project.gateway else None, project.root
    if kind == "file" and _is_kept(root / where, project):
        raise _no_district(reference)
    ours = [one for one in (gateway, project.state_url) if one is not None]
    meant = token_identity(reference, str(root))
    if meant in {token_identity(one, str(root)) for one in ours} or (
        kind == "env" and _NO_DISTRICT.fullmatch(where)
    ):
        raise _no_district(reference)
    token = resolve_reference(reference, environment=environment, root=root)
    # a link, a copy or another variable may hold the same
    if any(_gives(one, token, environment, root) for one in ours):
        raise _no_district(reference)
    return token


def _is_kept(path: Path, project: Project) -> bool:
    """Say whether a file is one of the state, or the session of the browser."""
    real = Path(os.path.realpath(path))
    session = project.browser.session if project.browser else None
    if session is not None and real == Path(os.path.realpath(session)):
        return True
    return real.is_relative_to(os.path.realpath(project.state_dir))


def _gives(
    reference: str, secret: str, environment: Mapping[str, str], root: Path
) -> bool:
    """Say whether a reference gives just this secret, without running anything."""
    if reference.partition(":")[0] not in {"env", "file"}:
        return False
    try:
        given = resolve_reference(reference, environment=environment, root=root)
    except ProjectError:
        return False
    return given == secret


def _no_district(reference: str) -> ProjectError:
    return ProjectError(
        f"{reference} is no district's token, so it is not read for one",
        remedy="name the variable that holds the token of this district alone",
    )


def allowing(environment: Mapping[str, str], *, commands: bool) -> Mapping[str, str]:
    """Give the environment as it is if the command line alone decides of commands."""
    return {**environment, ALLOWED: "1" if commands else ""}


def _insist_allowed(reference: str, environment: Mapping[str, str]) -> None:
    if environment.get(ALLOWED, "").lower() not in {"1", "true", "yes"}:
        raise ProjectError(
            f"{reference} is not run: no file decides alone what runs here",
            remedy=f"set {ALLOWED}=1 in the environment if you trust the project's"
            " files, never where pull requests of strangers are checked",
        )


def _file(path: Path, reference: str, ground: Ground) -> str:
    if ground.way_out(path) is not None:
        raise ProjectError(
            f"{reference} is a link that leads out of the project, so it is not read",
            remedy="name the file itself, as file:/the/whole/path",
        )
    try:
        raw = read_regular(path, LIMIT)
        if wide := wide_encoding(raw):
            raise ProjectError(
                f"{reference} cannot be read: it is saved as {wide}",
                remedy="save it as UTF-8",
            )
        # an editor may put a byte order mark before the token
        return raw.decode("utf-8-sig")
    except (NotRegular, TooLarge) as error:
        raise ProjectError(f"{reference} is not read: {error.strerror}") from error
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{reference} cannot be read",
            remedy="check that the file is there, that this user may read it, and that"
            " it is UTF-8",
        ) from error


def _command(
    line: str, reference: str, root: Path, environment: Mapping[str, str]
) -> str:
    try:
        # a session of its own: Ctrl-C in our terminal is for us, and ends no answer
        with subprocess.Popen(  # noqa: S603 - the project's own command, no shell
            shlex.split(line),
            cwd=root,
            env=environment_of_children(environment, also=_also(environment)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                secret, _ = process.communicate(timeout=SECONDS)
            except BaseException:
                _end(process)
                raise
        if process.returncode:
            raise ProjectError(f"{reference} failed", remedy=_RUN_IT)
        return secret.decode("utf-8")
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        # what the command said may hold the secret
        raise ProjectError(f"{reference} failed", remedy=_RUN_IT) from error


_RUN_IT = "run the command by itself: it must print the secret, and end without error"


def _also(environment: Mapping[str, str]) -> frozenset[str]:
    """Name the variables that commands get on top: what an operator says they need."""
    named = environment.get(COMMAND_ENVIRONMENT, "").replace(",", " ").split()
    return frozenset((*_PLACES.split(), *named))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started, which would keep its answer open."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()
