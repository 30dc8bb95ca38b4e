"""What git says comes in without our secrets, and git is told none."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.domain.foreign_text import SECRETS, repeats_secret
from connectsync.operations.git import Git, GitRefused, explain_refusal

KNOWN = "cAnary-5j.known.Tb7kWx38Fs"
OURS = "cAnary-6k.ours.Hn2dQv94Gm"

ECHOING = """#!/bin/sh
env > "$0.env"
echo "fatal: unable to access 'https://bot:pass-wo-rd-1@git.test/x/': {said}" >&2
exit 128
"""


@pytest.fixture
def echoing(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    said = f"{KNOWN} {OURS.upper()} {OURS[:15]}"
    (folder / "git").write_text(ECHOING.replace("{said}", said), "utf-8")
    (folder / "git").chmod(0o755)
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder}:/usr/bin:/bin",
        "HOME": str(folder),
        "LAKEVIEW_TOKEN": OURS,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def test_what_git_repeats_is_masked(echoing: Path) -> None:
    SECRETS.learn(KNOWN)
    git = Git(echoing, environment(echoing))
    with pytest.raises(GitRefused) as failed:
        git.run("status")
    told = explain_refusal(git, failed.value.said)
    for text in (failed.value.said, told.message, told.remedy):
        assert not repeats_secret(text, (KNOWN, OURS)), text
        assert OURS[:15] not in text
    assert "unable to access" in told.message
    assert "pass-wo-rd-1" not in told.message


def test_git_gets_no_secret_of_ours(echoing: Path) -> None:
    with pytest.raises(GitRefused):
        Git(echoing, environment(echoing)).run("status")
    given = (echoing / "git.env").read_text("utf-8")
    assert OURS not in given
    assert "GIT_CONFIG_NOSYSTEM=1" in given
    assert f"HOME={echoing}" in given
