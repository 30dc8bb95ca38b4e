"""Where the state is: an address that holds no password, or a reference to one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectsync.config.profiles import read_and_check
from connectsync.config.project import load_project
from connectsync.errors import ProjectError

Write = Callable[[str, str], Path]

LITERAL = "Zq7wXr93Kd"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://connectsync@db.example.org/connectsync",
        "postgresql://connectsync@127.0.0.1:5432/connectsync",
        "postgresql://db/state",
        "postgresql:///state?host=/run/postgresql",
        "postgresql://a@one:5432,two:5433/state?target_session_attrs=read-write",
        "postgresql://a@[::1]:5432/state?sslmode=verify-full",
        "env:STATE_URL",
        "file:/run/secrets/state",
        "command:pass show state",
    ],
)
def test_an_address_without_a_password_or_a_reference_is_taken(
    tmp_path: Path, write: Write, url: str
) -> None:
    write("connectsync.yaml", f'schema: 1\nstate: {{url: "{url}"}}\n')
    project = load_project(tmp_path)
    assert project.state_url == url
    assert project.lease_seconds == 30


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://connectsync:{LITERAL}@db/state",
        f"postgresql://connectsync:{LITERAL}@/state",
        f"postgresql://:{LITERAL}@db/state",
        f"postgresql://a:x@{LITERAL}@db/state",
        f"postgresql://a:x/{LITERAL}@db/state",
        f"postgresql://a:1234/{LITERAL}@db/state",
        f"postgresql://a: {LITERAL}@db/state",
        f"postgresql://db/state?password={LITERAL}",
        f"postgresql://db/state?user=a&PassWord={LITERAL}",
        f"postgresql://db/state?p%61ssword={LITERAL}",
        f"postgres://a:{LITERAL}@db/state",
        f"mysql://a:{LITERAL}@db/state",
        f"postgresql://a:{LITERAL}",
        f"postgresql://a:{LITERAL}" + "x" * 500 + "@db/state",
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        "state: {{url: '{}'}}\n",
        "state:\n  url: '{}'\n",
        "state:\n  url: >-\n    {}\n",
        "state:\n  url:\n    - '{}'\n",
    ],
)
def test_a_literal_password_is_a_literal_secret_and_never_repeated(
    tmp_path: Path, write: Write, url: str, frame: str
) -> None:
    path = write("connectsync.yaml", "schema: 1\n" + frame.format(url))
    with pytest.raises(ProjectError) as failure:
        load_project(tmp_path)
    assert LITERAL not in failure.value.message
    assert "'url' must be the address of a database, with no password in it" in (
        failure.value.message
    )
    assert "if a password was committed, have it replaced" in failure.value.message
    (finding,) = read_and_check(path, "connectsync.yaml", "project").findings
    assert finding.rule == "literal-secret"
    assert LITERAL not in repr(finding)


@pytest.mark.parametrize(
    "text",
    [
        f"state: {{ur: 'postgresql://a:{LITERAL}@db/state'}}\n",
        f"state: {{ur: 'postgresql://a:1234/{LITERAL}@db/state'}}\n",
        f"state: {{url: 'postgresql://a:{LITERAL}@db/state', url: x}}\n",
        f"state: {{url: 'postgresql://a:{LITERAL}@db/state'\n",
        f"backends: {{gateway: {{url: 'https://a:{LITERAL}@gateway'}}}}\n",
        f"backends: {{gateway: {{ulr: 'https://a:{LITERAL}'}}}}\n",
        f"state: 'postgresql://a:{LITERAL}@db/state'\n",
    ],
)
def test_a_password_in_any_address_is_never_shown(write: Write, text: str) -> None:
    path = write("connectsync.yaml", f"schema: 1\n{text}")
    findings = read_and_check(path, "connectsync.yaml", "project").findings
    assert findings
    assert LITERAL not in repr(findings)


def test_a_lease_may_be_longer_or_shorter(tmp_path: Path, write: Write) -> None:
    write("connectsync.yaml", "schema: 1\nstate: {lease_seconds: 5.0}\n")
    seconds = load_project(tmp_path).lease_seconds
    assert seconds == 5
    assert isinstance(seconds, int)
    assert load_project(tmp_path).state_url is None
