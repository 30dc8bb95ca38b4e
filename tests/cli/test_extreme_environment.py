"""What stands in the environment by mistake ends in a sentence, or is passed over."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import shellingham  # type: ignore[import-untyped]
from console import Console

from connectsync.cli import machine
from connectsync.cli.machine import drop_unusable
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.foreign_text import APART, environment_of_children
from connectsync.files.access import strange_owner
from connectsync.operations.git import clean_environment
from connectsync.web.http import trusted

DIGITS = "9" * 5000
"""More than Python turns into a number."""


@pytest.mark.parametrize(
    "told",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01",
        "1969-12-31",
        "9001-01-01",
        "9999-12-31T23:59:59-12:00",
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply --yes", "drift"])
def test_a_told_time_at_the_ends_of_time_is_a_sentence(
    valley: Console, command: str, told: str
) -> None:
    said = valley.run(*command.split(), environment={"CONNECTSYNC_NOW": told})
    assert said.status == ExitStatus.USAGE
    assert "of a year from 1970 to 9000" in said.err


@pytest.mark.parametrize("name", ["COLUMNS", "LINES", "TERMINAL_WIDTH"])
@pytest.mark.parametrize("told", ["²", "-5", "wide", "0", DIGITS, "٣"])
@pytest.mark.parametrize("command", ["--help", "rules"])
def test_a_width_that_is_none_is_passed_over(
    valley: Console, name: str, told: str, command: str
) -> None:
    assert valley.run(command, environment={name: told}).status == 0


@pytest.mark.parametrize("told", ["yes", "complete_cmd", "bash_complete", "²"])
def test_what_no_shell_asks_at_the_tab_key_is_a_sentence(
    valley: Console, told: str
) -> None:
    asked = {"_CONNECTSYNC_COMPLETE": told}
    said = valley.run("apply", "--yes", environment=asked)
    assert said.status == ExitStatus.USAGE
    assert "what no shell asks" in said.err


@pytest.mark.parametrize("number", ["", "²", DIGITS])
def test_a_shell_that_does_not_say_where_it_stands_runs_nothing(
    valley: Console, number: str
) -> None:
    asked = {"_CONNECTSYNC_COMPLETE": "complete_bash", "COMP_CWORD": number}
    with pytest.raises(SystemExit) as ended:
        valley.run("apply", "--yes", environment=asked)
    assert ended.value.code == 0
    assert not valley.connect.exists()


@pytest.mark.parametrize("sudo", ["", "root", "²", "-1", DIGITS])
def test_who_became_root_is_told_by_a_number_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sudo: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    strange_owner(tmp_path.stat(), sudo=sudo)


def test_no_run_writes_the_keys_of_its_calls_where_the_environment_says() -> None:
    environment = {"SSLKEYLOGFILE": "keys", "SSL_CERT_FILE": "/etc/ca.pem"}
    drop_unusable(environment)
    assert environment == {"SSL_CERT_FILE": "/etc/ca.pem"}


@pytest.mark.parametrize("name", ["DEBUG", "DEBUGP", "DEBUG_FILE", "PWDEBUG"])
def test_no_run_tells_what_is_typed_because_a_library_is_to_be_watched(
    name: str,
) -> None:
    """Playwright would write tokens, passwords and sessions to standard error."""
    environment = {name: "*"}
    drop_unusable(environment)
    assert environment == {}


@pytest.mark.parametrize(
    "name",
    [
        *("PLAYWRIGHT_NODEJS_PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
        *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE"),
        *("PGSYSCONFDIR", "SSL_CERT_DIR", "KRB5_CONFIG", "PGSSLROOTCERT"),
        # who is believed to be the collector
        *("OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    ],
)
def test_no_driver_and_no_home_is_in_the_folder_itself(name: str) -> None:
    """Libraries, and git, complete an empty or a relative one with where one stands."""
    also = frozenset([name])
    for told in ("", ".", "./node"):
        environment = {name: told}
        assert environment_of_children(environment, also=also) == {}
        assert name not in clean_environment(environment)
        drop_unusable(environment)
        assert environment == {}
    environment = {name: "/opt/node"}
    assert environment_of_children(environment, also=also) == environment
    drop_unusable(environment)
    assert environment == {name: "/opt/node"}


def test_no_library_reads_its_settings_before_ours_looked_at_them() -> None:
    """OpenSSL runs what its settings name as soon as the first of these is there."""
    code = (
        "import sys, connectsync.__main__, connectsync.cli.app,"
        " connectsync.cli.file_check;"
        " print(sys.modules.keys() & {'_ssl', '_hashlib', 'psycopg', 'playwright'})"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert said.stdout == "set()\n"


@pytest.mark.parametrize("told", ["/opt/a;", "/opt/a;lib", ";/opt/a", "/opt/a:;lib:."])
def test_no_loader_looks_for_libraries_in_the_folder_itself(told: str) -> None:
    """It takes a semicolon for a colon."""
    for name in ("LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"):
        assert environment_of_children({name: told}) == {name: "/opt/a"}


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (":/usr/bin:bin:.", "/usr/bin"),
        ("/opt/bin:/usr/bin", "/opt/bin:/usr/bin"),
        (".", os.defpath),
        ("", os.defpath),
    ],
)
def test_no_library_starts_a_program_of_the_folder_itself(
    tmp_path: Path, told: str, left: str
) -> None:
    environment = {"PATH": told}
    drop_unusable(environment)
    assert environment == {"PATH": left}
    planted = tmp_path / "bash"
    planted.write_text("#!/bin/sh\ntouch ran\n", "utf-8")
    planted.chmod(0o700)
    # what sets completion up asks bash for its version
    asked = {"PATH": told, "_CONNECTSYNC_COMPLETE": "source_bash"}
    said = subprocess.run(
        [sys.executable, "-I", "-m", "connectsync"],
        cwd=tmp_path,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_connectsync_completion" in said.stdout, said.stderr
    assert not (tmp_path / "ran").exists()


def test_on_windows_no_program_of_the_folder_itself_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "ON_WINDOWS", True)
    environment = {"PATH": "."}
    drop_unusable(environment)
    assert environment == {
        "PATH": APART,
        "NODEFAULTCURRENTDIRECTORYINEXEPATH": "1",
    }
    assert environment_of_children(environment) == environment


@pytest.mark.parametrize("shell", ["pwsh", "powershell"])
def test_no_powershell_is_started_and_no_policy_of_scripts_is_changed(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: object, **given: object) -> None:
        raise AssertionError(arguments, given)

    monkeypatch.setattr(shellingham, "detect_shell", lambda: (shell, shell))
    monkeypatch.setattr(subprocess, "run", run)
    said = Console(tmp_path).run("--install-completion")
    assert said.status == ExitStatus.USAGE
    told = " ".join(said.err.split())
    assert "run scripts of anyone" in told
    assert "`connectsync --show-completion` prints to the file" in told


def test_no_call_writes_its_keys_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a company trusts holds: ``SSL_CERT_FILE`` is what an operator sets."""
    usual = ssl.create_default_context()
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    ours = trusted()
    assert not keys.exists()
    assert ours.verify_mode is ssl.CERT_REQUIRED
    assert ours.check_hostname
    assert ours.verify_flags == usual.verify_flags
    assert ours.options == usual.options
    assert ours.get_ca_certs() == usual.get_ca_certs()
    assert str(ours.keylog_filename) == "None"


def test_the_one_file_searches_no_folder_under_review_for_programs(
    tmp_path: Path,
) -> None:
    """What pex asks of the system is asked before any line of ours but these."""
    single = tmp_path / "one.pex"
    with zipfile.ZipFile(single, "w") as made:
        made.writestr("__main__.py", "import os; print(os.environ['PATH'])")
    makes = Path(__file__).parents[1] / "single_file.py"
    subprocess.run([sys.executable, str(makes), str(single)], check=True)
    for given, left in {
        f":/usr/bin{os.pathsep}bin{os.pathsep}.": "/usr/bin",
        ".": os.defpath,
        "": os.defpath,
    }.items():
        said = subprocess.run(
            [sys.executable, "-I", str(single)],
            env={"PATH": given},
            capture_output=True,
            check=True,
            text=True,
        )
        assert said.stdout.strip() == left
