"""The images are made of what is locked, and of nothing else."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kustomize import pod, rendered

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ]+)", re.MULTILINE)


def instructions(name: str) -> list[tuple[str, str]]:
    text = (DEPLOY / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [
        (word, " ".join(rest.split()))
        for word, _, rest in (line.partition(" ") for line in lines)
    ]


def given(name: str, word: str) -> list[str]:
    return [rest for each, rest in instructions(name) if each == word]


def copied_from_here(name: str) -> list[str]:
    copies = [one.split() for one in given(name, "COPY") if "--from" not in one]
    return [source for words in copies for source in words[:-1]]


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    return {match[1]: match[2] for match in PINNED.finditer(text)}


def test_the_image_runs_as_the_user_that_the_manifests_name(overlays: Path) -> None:
    (user,) = given("Dockerfile", "USER")
    for overlay in ("apply", "drift", "reconcile"):
        for manifest in rendered(overlays / overlay):
            if context := pod(manifest).get("securityContext"):
                assert f"{context['runAsUser']}:{context['runAsGroup']}" == user
    assert user.split(":")[0] not in {"0", "root"}


def test_every_package_is_installed_by_its_hash() -> None:
    installs = [one for one in given("Dockerfile", "RUN") if "pip install" in one]
    packages, ours = installs
    assert "--require-hashes -r requirements/deploy.txt" in packages
    assert "--no-deps --no-build-isolation ." in ours


def test_the_lock_of_the_image_can_reach_postgresql_and_agrees_with_the_others() -> (
    None
):
    deploy = locked("deploy.txt")
    text = (ROOT / "requirements" / "deploy.txt").read_text("utf-8")
    assert {"psycopg", "psycopg-binary", "sqlalchemy", "hatchling"} <= deploy.keys()
    assert text.count("==") <= text.count("--hash=sha256:")
    for other in ("run.txt", "dev.txt"):
        versions = locked(other)
        shared = deploy.keys() & versions.keys()
        assert {name: versions[name] for name in shared} == {
            name: deploy[name] for name in shared
        }


def test_the_base_image_is_named_with_its_release() -> None:
    (base,) = given("Dockerfile", "ARG")
    assert re.fullmatch(r"PYTHON=python:3\.\d+-slim-[a-z]+", base)
    assert given("Dockerfile", "FROM") == ["${PYTHON} AS build", "${PYTHON}"]
    assert given("fleet.Dockerfile", "FROM") == ["${CONNECTSYNC}"]
    assert given("fleet.Dockerfile", "ARG") == ["CONNECTSYNC"]


@pytest.mark.parametrize("name", ["Dockerfile", "fleet.Dockerfile"])
def test_only_what_is_copied_is_sent_to_the_builder(name: str) -> None:
    ignore = (DEPLOY / f"{name}.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    assert sorted(allowed) == sorted(copied_from_here(name))
    for source in allowed:
        assert (ROOT / source).exists()
        assert not fnmatch.fnmatch(source, "*secret*")


def test_what_is_copied_is_enough_to_build_connectsync(tmp_path: Path) -> None:
    for source in copied_from_here("Dockerfile"):
        target = tmp_path / "src-of-image" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target)
        else:
            shutil.copy(ROOT / source, target)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=tmp_path / "src-of-image",
        check=True,
        capture_output=True,
    )
    assert list(tmp_path.glob("connectsync-*.whl"))
