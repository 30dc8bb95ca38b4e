from __future__ import annotations

import base64
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from console import Console

from connectsync.cli import machine, secrets
from connectsync.cli.backend_setup import gateway_token
from connectsync.cli.secrets import (
    COMMAND_ENVIRONMENT,
    district_token,
    resolve_reference,
)
from connectsync.config.project import BrowserConfig, GatewayConfig, Project
from connectsync.domain import foreign_text as foreign
from connectsync.domain.district import Credentials, District
from connectsync.domain.foreign_text import environment_of_children, foreign_text
from connectsync.errors import ProjectError, TokenRefused

ALLOWING = {"CONNECTSYNC_ALLOW_COMMANDS": "1"}
SECRET = "s3cret-t0ken"  # noqa: S105 - lives for one test


def test_a_token_comes_from_the_environment(tmp_path: Path) -> None:
    environment = {"TOKEN": f" {SECRET}\n"}
    assert (
        resolve_reference("env:TOKEN", environment=environment, root=tmp_path) == SECRET
    )


def test_a_token_comes_from_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert resolve_reference("file:token", environment={}, root=tmp_path) == SECRET


def test_a_token_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n")
    assert resolve_reference("file:token", environment={}, root=tmp_path) == SECRET


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_token_file_of_another_encoding_is_named_without_what_it_holds(
    tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "token").write_bytes(SECRET.encode(encoding))
    with pytest.raises(ProjectError) as refused:
        resolve_reference("file:token", environment={}, root=tmp_path)
    assert f"it is saved as {encoding[:6].upper()}" in refused.value.message
    assert "UTF-8" in refused.value.remedy
    assert SECRET not in str(refused.value)


def test_a_token_comes_from_a_command(tmp_path: Path) -> None:
    reference = f"command:{sys.executable} -c \"print('{SECRET}')\""
    assert resolve_reference(reference, environment=ALLOWING, root=tmp_path) == SECRET


@pytest.mark.parametrize("environment", [{}, {"CONNECTSYNC_ALLOW_COMMANDS": "0"}])
def test_a_command_runs_only_where_the_environment_allows_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(ProjectError, match="is not run") as error:
        resolve_reference("command:touch ran", environment=environment, root=tmp_path)
    assert "CONNECTSYNC_ALLOW_COMMANDS=1" in error.value.remedy
    assert not (tmp_path / "ran").exists()


def test_a_token_is_read_from_no_pipe_device_or_link_out_of_the_project(
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    os.mkfifo(project / "pipe")
    (tmp_path / "secret").write_text(SECRET)
    (project / "link").symlink_to("../secret")
    for reference in ("file:pipe", "file:/dev/zero", "file:link", "file:."):
        with pytest.raises(ProjectError, match="not read"):
            resolve_reference(reference, environment={}, root=project)
    # named as what it is, a file may lie anywhere
    named = f"file:{tmp_path / 'secret'}"
    assert resolve_reference(named, environment={}, root=project) == SECRET


@pytest.mark.parametrize(
    "reference",
    [
        "env:NOT_SET",
        "env:EMPTY",
        "env:TWO_LINES",
        "file:nowhere",
        "file:binary",
        "command:no-such-command-anywhere",
        "command:",
        "command:'",
        "s3cret-t0ken",
    ],
)
def test_what_gives_no_token_is_told_without_what_it_holds(
    reference: str, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    environment = {"EMPTY": " ", "TWO_LINES": f"{SECRET}\nmore", **ALLOWING}
    with pytest.raises(ProjectError) as error:
        resolve_reference(reference, environment=environment, root=tmp_path)
    assert SECRET not in error.value.message + error.value.remedy


def test_a_command_that_fails_does_not_say_what_it_said(tmp_path: Path) -> None:
    reference = f"command:{sys.executable} -c \"import sys; sys.exit('{SECRET}')\""
    with pytest.raises(ProjectError) as error:
        resolve_reference(reference, environment=ALLOWING, root=tmp_path)
    assert error.value.message.endswith("failed")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:CONNECT_PASSWORD", "env:CONNECT_PASSWORD gives no password"),
        ("file:empty", "file:empty gives no password"),
        ("command:true", "command:true gives no password"),
        ("command:false", "command:false failed"),
        ("file:none", "file:none cannot be read"),
        ("hunter2", "the password must be given by reference: env:NAME, file:PATH"),
    ],
)
def test_a_reference_that_gives_no_password_is_not_said_to_give_no_token(
    valley: Console, reference: str, said: str
) -> None:
    (valley.folder / "empty").touch()
    login = ("login", "http://127.0.0.1:9", "--email", "ada@example.org")
    refused = valley.run(*login, "--password-from", reference)
    told = " ".join(refused.err.split())
    assert refused.status == 1
    assert told.startswith(f"error: --password-from: {said}")
    assert "connectsync.yaml" not in told
    assert "token" not in told
    assert "hunter2" not in told


def test_an_address_of_the_state_that_is_not_there_is_not_called_a_token(
    valley: Console,
) -> None:
    stated = valley.folder / "connectsync.yaml"
    stated.write_text(f"{stated.read_text()}\nstate: {{url: 'env:STATE_URL'}}\n")
    refused = valley.run("runs")
    assert "state.url: env:STATE_URL gives no address" in refused.err


def test_a_command_is_given_no_shell(tmp_path: Path) -> None:
    reference = "command:echo $HOME; touch here"
    said = resolve_reference(reference, environment=ALLOWING, root=tmp_path)
    assert said == "$HOME; touch here"
    assert not (tmp_path / "here").exists()


def test_a_command_gets_no_secret_of_ours_and_what_the_operator_names(
    tmp_path: Path,
) -> None:
    """Read from the child itself, where the kernel says what it was started with."""
    known = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/of-an-operator",
        "CONNECT_TOKEN": SECRET,
        "CLEVER_TOKEN": SECRET,
        "CONNECTSYNC_STATE_URL": f"postgresql://me:{SECRET}@db/state",
        "CI_JOB_TOKEN": SECRET,
        "GITHUB_TOKEN": SECRET,
        "HTTPS_PROXY": f"http://me:{SECRET}@proxy.example:3128",
        "VAULT_ADDR": "https://vault.example",
        "OP_SERVICE_ACCOUNT_TOKEN": "for-the-command-alone",
        COMMAND_ENVIRONMENT: "OP_SERVICE_ACCOUNT_TOKEN, NOT_SET",
        **ALLOWING,
    }
    code = (
        "import base64;"
        "kept = open('/proc/self/environ', 'rb').read();"
        "print(base64.b64encode(kept).decode())"
    )
    reference = f'command:{sys.executable} -c "{code}"'
    told = base64.b64decode(
        resolve_reference(reference, environment=known, root=tmp_path)
    )
    given = dict(pair.split(b"=", 1) for pair in told.split(b"\0") if pair)
    assert SECRET.encode() not in told
    assert set(given) == {b"PATH", b"HOME", b"VAULT_ADDR", b"OP_SERVICE_ACCOUNT_TOKEN"}


@pytest.mark.parametrize("path", ["{}:", ":{}", ".:{}", "here:{}", "", ".", ":"])
def test_a_command_is_no_program_of_the_folder_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """An empty or relative entry of ``PATH`` means it, also for what it starts."""
    (tmp_path / "here").mkdir()
    for planted in (tmp_path / "tool", tmp_path / "here" / "tool"):
        planted.write_text("#!/bin/sh\necho planted\n", "utf-8")
        planted.chmod(0o700)
    away = tmp_path / "away"
    away.mkdir()
    (away / "asks").write_text("#!/bin/sh\ntool || echo none\n", "utf-8")
    (away / "asks").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    known = {**ALLOWING, "PATH": path.format(away), "LD_LIBRARY_PATH": ""}
    with pytest.raises(ProjectError, match="failed"):
        resolve_reference("command:tool", environment=known, root=tmp_path)
    asked = f"command:{away}/asks"
    assert resolve_reference(asked, environment=known, root=tmp_path) == "none"
    assert "LD_LIBRARY_PATH" not in environment_of_children(known)


def test_a_command_is_no_program_of_the_folder_itself_on_windows_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would start one from where we stand, before all that ``PATH`` names."""
    monkeypatch.setattr(machine, "ON_WINDOWS", True)
    monkeypatch.setattr(foreign, "ENDINGS", (".exe", ".com"))
    project, away = tmp_path / "project", tmp_path / "away"
    for folder in (tmp_path, project, away):
        folder.mkdir(exist_ok=True)
        (folder / "tool.exe").write_text(f"#!/bin/sh\necho {folder.name}\n", "utf-8")
        (folder / "tool.exe").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    known = {**ALLOWING, "PATH": f".:{away}"}
    for line, told in {"tool": "away", "tool.exe": "away", "./tool": "project"}.items():
        reference = f"command:{line}"
        got = resolve_reference(reference, environment=known, root=project)
        assert got == told
    (away / "tool.exe").unlink()
    with pytest.raises(ProjectError, match="failed"):
        resolve_reference("command:tool", environment=known, root=project)


def test_a_command_is_in_no_terminal_of_ours(tmp_path: Path) -> None:
    code = "import os; print(os.getsid(0) == os.getpid())"
    reference = f'command:{sys.executable} -c "{code}"'
    assert (
        resolve_reference(
            reference, environment={**os.environ, **ALLOWING}, root=tmp_path
        )
        == "True"
    )


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "SECONDS", 0.5)
    script = tmp_path / "hangs"
    script.write_text("#!/bin/sh\nsleep 600 & wait\n", "utf-8")
    script.chmod(0o700)
    with pytest.raises(ProjectError, match="failed"):
        resolve_reference(
            "command:./hangs", environment={**os.environ, **ALLOWING}, root=tmp_path
        )


def test_what_a_command_says_on_standard_error_is_shown_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "cAnary-9l.stderr.Jc5gKz61Wd"
    script = tmp_path / "say.sh"
    script.write_text(f"#!/bin/sh\necho {said} >&2\necho {said}\nexit $1\n", "utf-8")
    script.chmod(0o755)
    allowed = {**os.environ, "CONNECTSYNC_ALLOW_COMMANDS": "1"}
    with pytest.raises(ProjectError) as failed:
        resolve_reference(f"command:{script} 1", environment=allowed, root=tmp_path)
    told = f"{failed.value.message} {failed.value.remedy} {failed.value.__cause__}"
    assert said not in told
    given = resolve_reference(f"command:{script} 0", environment=allowed, root=tmp_path)
    assert given == said
    assert foreign_text(f"you sent {said}") == "you sent ***"
    assert said not in "".join(capfd.readouterr())


STATED = Project(
    Path(),
    Path("districts"),
    Path(".connectsync"),
    state_url="env:STATE",
    gateway=GatewayConfig("https://gateway.example.org", "env:GATEWAY"),
)


@pytest.mark.parametrize(
    "name",
    [
        "GATEWAY",
        "STATE",
        "CONNECTSYNC_STATE_URL",
        "GITHUB_TOKEN",
        "CONNECT_GATEWAY_TOKEN",
        "CI_JOB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "PGPASSWORD",
        "NODE_AUTH_TOKEN",
        "NPM_TOKEN",
        "npm_config__auth",
        "CARGO_REGISTRY_TOKEN",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "TF_VAR_db_password",
        "DATABASE_URL",
        "CI_REPOSITORY_URL",
    ],
)
def test_a_district_file_gets_at_no_secret_but_a_districts(name: str) -> None:
    with pytest.raises(ProjectError, match="is no district's token") as error:
        district_token(f"env:{name}", project=STATED, environment={name: SECRET})
    assert SECRET not in error.value.message + error.value.remedy


HOOKED = replace(
    STATED,
    notify={
        "webhooks": [{"name": "desk", "url": "env:DESK", "token": "env:DESK_TOKEN"}],
        "mail": [{"name": "team", "password": "env:MAIL"}],
    },
)


@pytest.mark.parametrize("reference", ["env:ALSO", "file:copy", ""])
@pytest.mark.parametrize("name", ["DESK", "DESK_TOKEN", "MAIL", "STATE"])
def test_what_tells_people_is_no_token_of_a_district_or_the_gateway(
    tmp_path: Path, name: str, reference: str
) -> None:
    (tmp_path / "copy").write_text(SECRET)
    variables = {name: SECRET, "ALSO": SECRET}
    stated = replace(
        HOOKED,
        root=tmp_path,
        gateway=GatewayConfig("https://x.example.org", reference or f"env:{name}"),
    )
    with pytest.raises(TokenRefused, match="is a secret of others"):
        gateway_token(stated, variables, ())
    with pytest.raises(TokenRefused, match="is no district's token"):
        district_token(
            reference or f"env:{name}",
            project=replace(stated, gateway=None),
            environment=variables,
        )


def stated_as(reference: str, root: Path = STATED.root) -> Project:
    gateway = GatewayConfig("https://gateway.example.org", reference)
    return replace(
        STATED,
        root=root,
        districts_dir=root / "districts",
        state_dir=root / ".connectsync",
        gateway=gateway,
    )


@pytest.mark.parametrize(
    "name",
    [
        "CONNECTSYNC_NOTE_TOKEN",
        "CONNECTSYNC_STATE_URL",
        "CONNECTSYNC_DISTRICT_LAKEVIEW_TOKEN",
        "CI_JOB_TOKEN",
        "CI_REPOSITORY_URL",
        "GITHUB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "PGPASSWORD",
        "npm_config__auth",
    ],
)
def test_the_gateway_is_sent_no_secret_of_others(tmp_path: Path, name: str) -> None:
    (tmp_path / "copy").write_text(SECRET)
    for reference in (f"env:{name}", "env:ALSO", "file:copy"):
        project = stated_as(reference, tmp_path)
        variables = {name: SECRET, "ALSO": SECRET}
        with pytest.raises(TokenRefused, match="is a secret of others") as error:
            gateway_token(project, variables, ())
        assert SECRET not in error.value.message + error.value.remedy


@pytest.mark.parametrize("where", ["home/.netrc", "link", ".connectsync/session"])
def test_the_gateway_is_sent_no_file_in_which_others_keep_secrets(
    tmp_path: Path, where: str
) -> None:
    for name in ("home/.netrc", ".connectsync/session"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(SECRET)
    (tmp_path / "link").symlink_to("home/.netrc")
    with pytest.raises(TokenRefused, match="is a secret of others"):
        gateway_token(stated_as(f"file:{where}", tmp_path), {}, ())


def test_the_gateway_is_sent_no_token_of_a_district() -> None:
    lakeview = District("lakeview", "x", credentials=Credentials(None, "env:LAKEVIEW"))
    project, variables = stated_as("env:LAKEVIEW"), {"LAKEVIEW": SECRET}
    with pytest.raises(TokenRefused, match="is a secret of others"):
        gateway_token(project, variables, [lakeview])


@pytest.mark.parametrize(
    "stated",
    [
        "env:LAKEVIEW",
        '"env:LAKEVIEW"',
        "file:tokens/a",
        "'file:tokens/a' # kept",
        "{[}",
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        *("env:LAKEVIEW", "env:ALSO", "file:tokens/a", "file:tokens/../tokens/a"),
        *("file:link", "file:copy", "file:/proc/self/cwd/tokens/a"),
    ],
)
@pytest.mark.sampled(12)
def test_the_gateway_is_sent_no_token_of_a_district_that_is_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: str, asked: str
) -> None:
    """Another one is planned, or none, or the file has a mistake."""
    for name in ("tokens", "districts/ca"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("tokens/a", "copy"):
        (tmp_path / name).write_text(f"{SECRET}\n", "utf-8")
    (tmp_path / "link").symlink_to("tokens/a")
    text = f"schema: 1\ncredentials: {{oauth_token: {stated}}}\n"
    if stated == "{[}":
        text = "schema: [1\ncredentials:\n  oauth_token: env:LAKEVIEW\n"
    (tmp_path / "districts/ca/lakeview.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    variables = {"LAKEVIEW": SECRET, "ALSO": SECRET}
    with pytest.raises(TokenRefused, match="is a secret of others"):
        gateway_token(stated_as(asked, tmp_path), variables, ())
    (tmp_path / "districts/ca/lakeview.yaml").unlink()
    assert gateway_token(stated_as(asked, tmp_path), variables, ()) == SECRET


@pytest.mark.parametrize(
    "spelled",
    [
        "credentials: {oauth_token: file:tokens/a, district_id: 58}",
        "credentials: {district_id: 58, oauth_token: file:tokens/a, more: []}",
        "credentials: [file:tokens/a, x]",
        'credentials: {oauth_token: "file:\\x74okens/a"}',
        'credentials:\n  oauth_token: "file:\\\n    tokens/a"',
        "credentials: {oauth_token: file:tokens/a, district_id: 58}\n}: [",
    ],
)
@pytest.mark.parametrize("kept", ["tokens/a", "tokens/o'brien", 'tokens/b"c'])
def test_the_gateway_is_sent_no_token_of_a_district_however_its_file_spells_it(
    tmp_path: Path, spelled: str, kept: str
) -> None:
    for name in ("tokens", "districts"):
        (tmp_path / name).mkdir()
    for name in ("tokens/other", kept):
        (tmp_path / name).write_text(f"{SECRET}\n", "utf-8")
    name = kept.replace('"', '\\"' if '"file' in spelled else '"')
    text = f"schema: 1\n{spelled}\n".replace("okens/a", name[1:])
    (tmp_path / "districts/lakeview.yaml").write_text(text, "utf-8")
    for asked in (f"file:{kept}", "file:tokens/other"):
        with pytest.raises(TokenRefused, match="is a secret of others"):
            gateway_token(stated_as(asked, tmp_path), {}, ())


@pytest.mark.parametrize(
    "name", ["CONNECT_GATEWAY_TOKEN", "CONNECTSYNC_GATEWAY_TOKEN", "GATEWAY", "TOKEN"]
)
def test_the_gateways_own_token_may_have_any_other_name(name: str) -> None:
    assert gateway_token(stated_as(f"env:{name}"), {name: SECRET}, ()) == SECRET


@pytest.mark.parametrize(
    "where", [".connectsync/session.json", "var/session.json", "link"]
)
def test_no_file_of_the_state_and_no_session_is_a_districts_token(
    tmp_path: Path, where: str
) -> None:
    for name in (".connectsync/session.json", "var/session.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(SECRET, "utf-8")
    (tmp_path / "link").symlink_to("var/session.json")
    browser = BrowserConfig(
        "https://x.example.org", session=tmp_path / "var/session.json"
    )
    project = replace(
        STATED, root=tmp_path, state_dir=tmp_path / ".connectsync", browser=browser
    )
    with pytest.raises(ProjectError, match="is no district's token"):
        district_token(f"file:{where}", project=project, environment={})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("file:secrets/ours", "file:./secrets//ours"),
        ("file:secrets/ours", "file:districts/../secrets/ours"),
        ("file:secrets/ours", "file:link"),
        ("file:secrets/ours", "file:copy"),
        ("env:OURS", "env:ALSO"),
        ("env:OURS", "file:secrets/ours"),
        ("command:cat secrets/ours", "command:cat  'secrets/ours'"),
        ("command:cat secrets/ours", "file:copy"),
        ("command:cat secrets/ours", "file:line"),
        ("env:OURS", "command:cat copy"),
        ("env:OURS", "file:line"),
    ],
)
@pytest.mark.parametrize("whose", ["gateway", "state"])
def test_no_other_spelling_of_a_secret_of_ours_is_a_districts_token(
    tmp_path: Path, whose: str, ours: str, theirs: str
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "districts").mkdir()
    for name in ("secrets/ours", "copy"):
        (tmp_path / name).write_text(f"{SECRET}\n")
    (tmp_path / "line").write_text(f"db.example.org:5432:*:connectsync:{SECRET}")
    (tmp_path / "link").symlink_to("secrets/ours")
    gateway = GatewayConfig("https://gateway.example.org", ours)
    stated = replace(
        STATED,
        root=tmp_path,
        gateway=gateway if whose == "gateway" else None,
        state_url=ours if whose == "state" else None,
    )
    variables = {"OURS": SECRET, "ALSO": SECRET, "CONNECTSYNC_ALLOW_COMMANDS": "1"}
    with pytest.raises(ProjectError, match="is no district's token"):
        district_token(theirs, project=stated, environment=variables)


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "PGPASSWORD", "CONNECTSYNC_STATE"])
def test_a_copy_of_a_well_known_secret_is_no_districts_token(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "copy").write_text(SECRET)
    stated = replace(STATED, root=tmp_path)
    with pytest.raises(ProjectError, match="is no district's token"):
        district_token("file:copy", project=stated, environment={name: f"{SECRET}\n"})


def test_a_districts_token_is_read_out_of_the_project_only_where_the_operator_says(
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    mounted, elsewhere = tmp_path / "mounted", tmp_path / "elsewhere"
    for folder in (project, mounted / "..data", elsewhere):
        folder.mkdir(parents=True)
    (mounted / "..data" / "lakeview").write_text(SECRET)
    (mounted / "lakeview").symlink_to("..data/lakeview")
    (elsewhere / "other").write_text(SECRET)
    (mounted / "out").symlink_to(elsewhere / "other")
    stated = replace(STATED, root=project)
    variables = {"CONNECTSYNC_TOKEN_FOLDERS": os.pathsep.join(["/none", str(mounted)])}
    there = f"file:{mounted}/lakeview"
    with pytest.raises(TokenRefused, match="lies out of the project") as error:
        district_token(there, project=stated, environment={})
    assert f"CONNECTSYNC_TOKEN_FOLDERS={mounted}" in error.value.remedy
    assert district_token(there, project=stated, environment=variables) == SECRET
    for where in (
        f"{elsewhere}/other",
        f"{mounted}/out",
        f"{mounted}/../elsewhere/other",
    ):
        with pytest.raises(TokenRefused, match="lies out of the project"):
            district_token(f"file:{where}", project=stated, environment=variables)


PRIVATE = (
    ".pgpass .git-credentials .netrc .vault-token .ssh/key .aws/token .Docker/token"
    " .config/git/credentials run/secrets/kubernetes.io/serviceaccount/token"
    " passwords vault key.pem link alias/.pgpass"
)


@pytest.mark.parametrize("where", PRIVATE.split())
@pytest.mark.parametrize("base", ["", "home/"], ids=["project", "named folder"])
def test_no_file_in_which_other_programs_keep_a_secret_is_a_districts_token(
    tmp_path: Path, base: str, where: str
) -> None:
    root = tmp_path / "home" if not base else tmp_path / "project"
    root.mkdir(exist_ok=True)
    home = tmp_path / "home"
    file = home / where
    file.parent.mkdir(parents=True, exist_ok=True)
    if where in {"link", "alias/.pgpass"}:
        (home / ".pgpass").write_text(SECRET)
        file.unlink(missing_ok=True)
        file.symlink_to(home / ".pgpass" if where == "link" else home / "plain")
        (home / "plain").write_text(SECRET)
    else:
        file.write_text(SECRET)
    url = f"postgresql://db.example.org/x?connect_timeout=3&sslkey={home}/key.pem"
    stated = replace(STATED, root=root, state_url=url)
    variables = {
        "CONNECTSYNC_TOKEN_FOLDERS": str(home),
        "PGPASSFILE": str(home / "passwords"),
        "VAULT_TOKEN_FILE": str(home / "vault"),
        "LAKEVIEW_TOKEN_FILE": str(home / "lakeview"),
    }
    with pytest.raises(ProjectError, match="is no district's token"):
        district_token(f"file:{file}", project=stated, environment=variables)
    (home / "lakeview").write_text(SECRET)
    given = district_token(
        f"file:{home}/lakeview", project=stated, environment=variables
    )
    assert given == SECRET


OWN = (
    "LAKEVIEW_TOKEN|LAKEVIEW_USD_TOKEN|SSHS_TOKEN|PGH_USD|CI_USD|CLEVER_TOKEN"
    "|DISTRICT_4TH_STREET_TOKEN|CONNECTSYNC_DISTRICT_NODE_AUTH_TOKEN|VAULT_USD_TOKEN"
)


@pytest.mark.parametrize("name", OWN.split("|"))
def test_a_districts_token_may_have_any_other_name(name: str) -> None:
    given = district_token(f"env:{name}", project=STATED, environment={name: SECRET})
    assert given == SECRET


@pytest.mark.parametrize(
    "name",
    [
        *("CI_COMMIT_TITLE", "CI_COMMIT_REF_NAME", "CI_MERGE_REQUEST_TITLE"),
        *("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_ACTOR", "PR_TITLE"),
        *("BUILDKITE_MESSAGE", "CHANGE_TITLE", "BITBUCKET_BRANCH", "GIT_BRANCH"),
        *("BUILD_SOURCEVERSIONMESSAGE", "TRAVIS_COMMIT_MESSAGE", "CIRCLE_BRANCH"),
        *("CIRRUS_CHANGE_TITLE", "SEMAPHORE_GIT_BRANCH", "BITRISE_GIT_MESSAGE"),
    ],
)
def test_what_an_author_writes_is_no_address_and_no_token(
    valley: Console, name: str
) -> None:
    """A CI hands on the title of a commit: a merged file could let it be an address."""
    variables = {name: "postgresql://u@127.0.0.1:1/d", "PGPASSWORD": "of the job"}
    refused = f"env:{name} is not used: in a job the author of a change writes it"
    with pytest.raises(ProjectError, match=refused):
        gateway_token(stated_as(f"env:{name}"), variables, ())
    with pytest.raises(ProjectError, match=refused):
        district_token(f"env:{name}", project=STATED, environment=variables)
    stated = valley.folder / "connectsync.yaml"
    before = stated.read_text()
    stated.write_text(f"{before}\nstate: {{url: 'env:{name}'}}\n")
    said = valley.run("runs", environment=variables)
    assert f"state.url: {refused}" in " ".join(said.err.split())
    stated.write_text(
        f"{before}\nnotify: {{webhooks: [{{name: desk, url: 'env:{name}'}}]}}\n"
    )
    said = valley.run("notify", "--test", environment=variables)
    assert f"desk: url: {refused}" in " ".join(said.err.split())
