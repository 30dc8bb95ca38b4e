"""Secrets by reference: env:NAME, file:PATH, command:ARGV. Never shown, never kept."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from connectsync.cli.machine import (
    SECRET_FILES,
    SECRETS_OF_OTHERS,
    WORDS_OF_AUTHORS,
    end_group,
)
from connectsync.cli.terminal import words_to_start
from connectsync.config.decode import Ground, names_machine
from connectsync.config.project import Project
from connectsync.domain.district import DISTRICT_VARIABLE, token_identity
from connectsync.domain.foreign_text import SECRETS, environment_of_children
from connectsync.errors import ProjectError, TokenRefused
from connectsync.files.access import (
    NotRegular,
    TooLarge,
    is_private,
    read_regular,
    wide_encoding,
)
from connectsync.operations.files import references_in
from connectsync.operations.git import insist_kept_out

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
"""Set to 1 by who runs connectsync, so that ``command:`` may run what a file says."""


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
    SECRETS.learn(_BEFORE_THE_PATH.sub("", secret), ours=True)
    return secret


_BEFORE_THE_PATH = re.compile(r"https?://[^/?#@\s]+(?=[/?#])")
"""Scheme and host of a web address whose rest is a secret: they are none."""


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
            _insist_no_words(reference, where)
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
    SECRETS.learn(_BEFORE_THE_PATH.sub("", secret))
    return secret


_OF_JOBS = "CONNECT_GATEWAY_TOKEN"
"""How our own jobs call the gateway's token, also where no file names a gateway."""

_NO_DISTRICT = re.compile(
    f"(?!{DISTRICT_VARIABLE})CONNECTSYNC_.+|{_OF_JOBS}|{SECRETS_OF_OTHERS}",
    re.IGNORECASE,
)
"""Variables that hold a secret of ours, or of others."""

NO_GATEWAY = re.compile(
    f"CONNECTSYNC_(DISTRICT|STATE|NOTE|NOTIFY).*|{SECRETS_OF_OTHERS}", re.IGNORECASE
)
"""Variables that hold a secret of ours but the gateway's, or of others."""

NO_HOOK = re.compile(
    f"CONNECTSYNC_(?!NOTIFY_).+|{_OF_JOBS}"
    f"|(?!SLACK_WEBHOOK_URL|SMTP_(PASSWORD|PASS)$)({SECRETS_OF_OTHERS})",
    re.IGNORECASE,
)
"""Variables that hold a secret of ours but that of a hook, or of others."""

GATEWAY = "the gateway"


TOKEN_FOLDERS = "CONNECTSYNC_TOKEN_FOLDERS"  # noqa: S105 - a name
"""The variable that names folders out of the project with tokens of districts."""

_KEY_FILE = re.compile("[?&](?:passfile|sslkey)=([^&]+)")
"""Files with secrets in an address of PostgreSQL."""

_RAN: dict[tuple[str, Path], str] = {}
"""What commands of the project gave, to be compared with: each runs once."""


def district_token(
    reference: str,
    *,
    project: Project,
    environment: Mapping[str, str],
    commands: bool | None = None,
) -> str:
    """
    Give the token that a district file refers to; see ``resolve_reference``.

    A district's token is typed on Connect and shown to Clever, so a district file does
    not get at any other secret. ``commands`` says whether the command of a district may
    run, whatever the environment says of the project's. Raises ``TokenRefused`` for
    what is another's secret, and ``ProjectError``.
    """
    kind, _, where = reference.partition(":")
    root = project.root
    if kind == "file":
        if names_machine(where):
            raise _no_district(reference)
        _insist_open(root / where, reference, project, environment)
    ours = project.secrets.values()
    if _means_one_of(reference, ours, root) or (
        kind == "env" and _NO_DISTRICT.fullmatch(where)
    ):
        raise _no_district(reference)
    allowed = (
        environment if commands is None else allowing(environment, commands=commands)
    )
    token = resolve_reference(reference, environment=allowed, root=root)
    # a link, a copy or another variable may hold the same
    named = (name for name, text in environment.items() if text.strip() == token)
    if (
        token in _held(project, environment)
        or SECRETS.quotes_ours(token)
        or any(map(_NO_DISTRICT.fullmatch, named))
    ):
        raise _no_district(reference)
    return token


def project_secret(
    key: str,
    reference: str,
    *,
    project: Project,
    environment: Mapping[str, str],
    theirs: Iterable[str | None],
    refused: re.Pattern[str],
    goes: str,
    mine: Iterable[str] = (),
) -> str:
    """
    Give a secret that the project file names, unless it is one of others.

    ``theirs`` are references of others, ``refused`` spells variables that hold a secret
    of others, and ``goes`` says where it is sent. What the file names elsewhere is of
    others as well, but for places that are ``mine``. Raises ``TokenRefused`` for such
    a one, and ``ProjectError``.
    """
    root = project.root
    kind, _, where = reference.partition(":")
    insist_kept_out(key, reference, environment=environment, root=root)
    mine = frozenset([key, *mine])
    named_elsewhere = [one for at, one in project.secrets.items() if at not in mine]
    # whatever is asked for now: of all districts, also where their files are broken
    districts = {*filter(None, theirs), *references_in(project.districts_dir)}
    others = [*districts, *named_elsewhere]
    if (
        (kind == "env" and refused.fullmatch(where))
        or (kind == "file" and _is_others(root / where, project))
        or _means_one_of(reference, others, root)
    ):
        raise _not_sent(key, reference, goes)
    secret = read_secret(key, reference, environment=environment, root=root)
    named = (name for name, text in environment.items() if text.strip() == secret)
    if (
        secret in _held(project, environment, mine)
        or any(map(refused.fullmatch, named))
        or any(_gives(one, secret, environment, root) for one in districts)
    ):
        raise _not_sent(key, reference, goes)
    return secret


def _gives(
    reference: str, secret: str, environment: Mapping[str, str], root: Path
) -> bool:
    """Say whether a reference of others gives this; none of their commands is run."""
    kind, _, where = reference.partition(":")
    if kind == "file" and not names_machine(where):
        with suppress(ProjectError):
            return _file(root / where, reference, Ground.of(root)).strip() == secret
    return kind == "env" and environment.get(where, "").strip() == secret


def _means_one_of(reference: str, others: Iterable[str], root: Path) -> bool:
    known = {token_identity(one, str(root)) for one in others}
    return token_identity(reference, str(root)) in known


def _held(
    project: Project, environment: Mapping[str, str], mine: Collection[str] = ()
) -> set[str]:
    """Give the secrets that the project file names, but for those at some places."""
    return {
        given_secret(one, environment, project.root)
        for at, one in project.secrets.items()
        # no command of a hook runs but to tell people
        if at not in mine and (at in _OURS or not one.startswith("command:"))
    }


_OURS = frozenset(["backends.gateway.token", "state.url"])
"""Where secrets of ours stand in the project file that are no hook's."""


def _not_sent(key: str, reference: str, goes: str) -> TokenRefused:
    return TokenRefused(
        f"{key}: {reference} is a secret of others, so it is not sent to {goes}",
        remedy=f"name the variable that holds the secret of {goes} alone"
        if goes != GATEWAY
        else "name the variable that holds the token of the gateway alone",
    )


def _is_others(path: Path, project: Project) -> bool:
    """Say whether a file is of the state, or one in which programs keep secrets."""
    real = Path(os.path.realpath(path))
    return (
        _is_kept(path, project)
        or is_private(path, project.root)
        or is_private(real, Path(os.path.realpath(project.root)))
    )


def _insist_open(
    path: Path, reference: str, project: Project, environment: Mapping[str, str]
) -> None:
    """
    Refuse a file that may hold the secret of someone else. Raises ``TokenRefused``.

    An author could name any file of the machine: one out of the project is read only
    in a folder that the operator names.
    """
    real = Path(os.path.realpath(path))
    if _is_others(path, project) or real in _named_files(project, environment):
        raise _no_district(reference)
    named = environment.get(TOKEN_FOLDERS, "").split(os.pathsep)
    folders = [os.path.realpath(one) for one in named if os.path.isabs(one)]  # noqa: PTH117
    ground = Ground.of(project.root)
    if ground.holds(real) or any(map(real.is_relative_to, folders)):
        return
    if ground.way_out(path) is None:
        raise TokenRefused(
            f"{reference} lies out of the project, so it is not read for a district's"
            " token",
            remedy=f"set {TOKEN_FOLDERS}={shlex.quote(str(path.parent))} where this"
            " command runs, if nothing but tokens of districts lies in that folder",
        )


def _named_files(project: Project, environment: Mapping[str, str]) -> set[Path]:
    """Give the files in which environment and state address say that secrets lie."""
    named = [
        text
        for name, text in environment.items()
        if os.path.isabs(text)  # noqa: PTH117
        and (
            SECRET_FILES.fullmatch(name)
            or _NO_DISTRICT.fullmatch(name.removesuffix("_FILE"))
        )
    ]
    stated = project.state_url or ""
    address = given_secret(stated, environment, project.root) or stated
    named += [unquote(one) for one in _KEY_FILE.findall(address)]
    return {Path(os.path.realpath(one)) for one in named}


def _is_kept(path: Path, project: Project) -> bool:
    """Say whether a file is one of the state, or the session of the browser."""
    real = Path(os.path.realpath(path))
    session = project.browser.session if project.browser else None
    if session is not None and real == Path(os.path.realpath(session)):
        return True
    return real.is_relative_to(os.path.realpath(project.state_dir))


def given_secret(reference: str, environment: Mapping[str, str], root: Path) -> str:
    """Give a secret of ours to compare with; empty where it cannot be had here."""
    if (reference, root) in _RAN:
        return _RAN[reference, root]
    try:
        given = resolve_reference(reference, environment=environment, root=root)
    except ProjectError:
        given = ""
    if reference.startswith("command:"):
        _RAN[reference, root] = given
    if given:
        SECRETS.learn(_BEFORE_THE_PATH.sub("", given), ours=True)
    return given


def _no_district(reference: str) -> TokenRefused:
    return TokenRefused(
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


def _insist_no_words(reference: str, name: str) -> None:
    """Refuse what the author of a change writes, such as its title."""
    if WORDS_OF_AUTHORS.fullmatch(name):
        raise ProjectError(
            f"{reference} is not used: in a job the author of a change writes it",
            remedy="set a variable of your own where this command runs",
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
            words_to_start(shlex.split(line), root, environment),
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
                if not end_group(process.pid):
                    process.kill()
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
