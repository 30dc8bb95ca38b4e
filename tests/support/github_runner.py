"""
A runner that takes jobs from our own workflow files and runs them as GitHub would.

Scripts are taken out of the files and run by bash, with the environment GitHub gives;
the actions of others are stood in for, each by what it does for us.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from github_expressions import Functions, filled, holds
from github_site import TOOL, Site
from warm import warm_folder

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
HERMETIC = ROOT / "tests" / "hermetic"
GH = HERE / "bin" / "gh"
"""The stand-in for gh."""

SHELLS = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
}
"""What GitHub runs a script with, by what the step or its workflow says of it."""


@dataclass
class Job:
    """A job as it went. ``log`` is what its steps said, ``steps`` what they gave."""

    name: str
    folder: Path
    ran: bool = True
    ok: bool = True
    log: str = ""
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Give the summary that the job wrote."""
        path = self.folder / "summary"
        return path.read_text("utf-8") if path.exists() else ""


@dataclass(frozen=True)
class Runner:
    """
    Runs workflows for a site.

    ``environment`` is what a machine has by itself; ``inputs`` and ``secrets`` are
    what the caller of the workflow gives. Without ``names_workflow`` jobs are not told
    where their workflow is of, as on GitHub Enterprise Server.
    """

    site: Site
    scratch: Path
    environment: Mapping[str, str]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    names_workflow: bool = True

    def run(
        self, workflow: Path, github: Mapping[str, Any], only: Sequence[str] = ()
    ) -> dict[str, Job]:
        """Run a workflow for an event, or some of its jobs; give those by name."""
        data = yaml.safe_load(workflow.read_text("utf-8"))
        # YAML 1.1 reads the key `on` as true
        called = data[True]["workflow_call"]
        given = {name: one.get("default") for name, one in called["inputs"].items()}
        contexts = {
            "github": {**github, "token": "ghs-of-the-job"},
            "inputs": {**given, **self.inputs},
            "secrets": {name: self.secrets.get(name, "") for name in called["secrets"]},
            "job": self._job_context(),
        }
        shell = data.get("defaults", {}).get("run", {}).get("shell", "")
        return {
            name: self._job(name, {**job, "shell": shell}, contexts)
            for name, job in data["jobs"].items()
            if not only or name in only
        }

    def _job_context(self) -> dict[str, str]:
        if not self.names_workflow:
            return {}
        commit = self.site.tool_commit
        return {"workflow_repository": TOOL, "workflow_sha": commit}

    def _job(
        self, name: str, job: Mapping[str, Any], contexts: Mapping[str, Any]
    ) -> Job:
        number = len(list(self.scratch.iterdir()))
        folder = self.scratch / f"{number:02}-{name}"
        (folder / "workspace").mkdir(parents=True)
        done = Job(name, folder)
        if not holds(job.get("if"), contexts, {"success": lambda: True}):
            done.ran = False
            return done
        self.site.grant(job["permissions"], contexts["github"])
        steps = _Steps(self, done, contexts, shell=job["shell"])
        steps.run(job["steps"], folder / "workspace")
        return done


@dataclass
class _Steps:
    runner: Runner
    job: Job
    contexts: Mapping[str, Any]
    action: Path | None = None
    inherited: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    shell: str = ""

    @property
    def workspace(self) -> Path:
        return self.job.folder / "workspace"

    def run(self, steps: Iterable[Mapping[str, Any]], folder: Path) -> None:
        for step in steps:
            contexts = {**self.contexts, "steps": self.outputs}
            if not holds(step.get("if"), contexts, self._functions):
                continue
            given = self._given(step.get("env", {}), contexts)
            if "run" in step:
                outputs = self._script(step, given, folder)
            else:
                about = self._given(step.get("with", {}), contexts)
                outputs = self._used(step["uses"], about, given)
            if "id" in step:
                self.outputs[step["id"]] = {"outputs": outputs}
        if self.action is None:
            self.job.steps = self.outputs

    @property
    def _functions(self) -> Functions:
        return {
            "success": lambda: self.job.ok,
            "always": lambda: True,
            "hashFiles": lambda name: "x" if (self.workspace / name).exists() else "",
        }

    def _given(
        self, block: Mapping[str, Any], contexts: Mapping[str, Any]
    ) -> dict[str, str]:
        return {
            name: filled(
                str(value).lower() if isinstance(value, bool) else str(value),
                contexts,
                self._functions,
            )
            for name, value in block.items()
        }

    def _script(
        self, step: Mapping[str, Any], given: Mapping[str, str], folder: Path
    ) -> dict[str, str]:
        script = str(step["run"])
        assert "${{" not in script, "an expression in a script can be made to run"
        files = {
            name: self.job.folder / name.rpartition("_")[2].lower()
            for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")
        }
        files["GITHUB_OUTPUT"].write_text("")
        path = self.job.folder / "script.sh"
        path.write_text(script)
        done = subprocess.run(
            [*SHELLS[step.get("shell", self.shell)], str(path)],
            cwd=folder / step.get("working-directory", "."),
            env={
                **self.runner.environment,
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.job.folder),
                **{name: str(file) for name, file in files.items()},
                **({"GITHUB_ACTION_PATH": str(self.action)} if self.action else {}),
                **self.runner.site.environment,
                **self.inherited,
                **given,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.job.log += done.stdout + done.stderr
        self.job.ok = self.job.ok and done.returncode == 0
        return _outputs(files["GITHUB_OUTPUT"].read_text("utf-8"))

    def _used(
        self, uses: str, about: Mapping[str, str], given: Mapping[str, str]
    ) -> dict[str, Any]:
        name = uses.partition("@")[0]
        site = self.runner.site
        match name:
            case "actions/checkout":
                target = self.workspace / about.get("path", ".")
                # empty inputs mean the repository and the ref of the event, as there
                ref = about.get("ref") or self.contexts["github"]["checkout"]
                remote = site.tool if about.get("repository") == TOOL else None
                depth = int(about.get("fetch-depth", "1"))
                site.check_out(ref, depth, target, remote)
                return {}
            case "actions/setup-python":
                return {}
            case "actions/upload-artifact":
                plan, comment = (self.workspace / one for one in about["path"].split())
                github = self.contexts["github"]
                return site.keep(about["name"], plan, comment, github)
            case "github/codeql-action/upload-sarif":
                shutil.copy(self.workspace / about["sarif_file"], site.sarif)
                return {}
            case _ if name.startswith("./"):
                return self._composite(self.workspace / name, about, given)
            case _:
                raise AssertionError(f"nobody knows what {uses!r} does")

    def _composite(
        self, folder: Path, about: Mapping[str, str], given: Mapping[str, str]
    ) -> dict[str, str]:
        action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
        unknown = about.keys() - action["inputs"].keys()
        assert not unknown, f"the action takes no {unknown}"
        inputs = {
            name: about.get(name, one.get("default", ""))
            for name, one in action["inputs"].items()
        }
        inner = _Steps(
            self.runner,
            self.job,
            # a composite action sees neither the secrets nor the inputs of its caller
            {"github": self.contexts["github"], "inputs": inputs},
            folder,
            given,
        )
        inner.run(action["runs"]["steps"], self.workspace)
        contexts = {"steps": inner.outputs}
        return {
            name: filled(one["value"], contexts, {})
            for name, one in action["outputs"].items()
        }


def _outputs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, value = line.partition("=")
        if "<<" in name or not sign:
            name, _, end = line.partition("<<")
            held = []
            for each in lines:
                if each == end:
                    break
                held.append(each)
            value = "\n".join(held)
        found[name] = value
    return found


def machine(**more: str) -> dict[str, str]:
    """Give what a runner's machine has: our command, a gh, no home, no network."""
    here = (warm_folder(GH), warm_folder(), Path(sys.executable).parent)
    return {
        "PATH": os.pathsep.join([*map(str, here), os.environ["PATH"]]),
        "HOME": "/nonexistent",
        "PYTHONPATH": str(HERMETIC),
        "GIT_CONFIG_NOSYSTEM": "1",
        "CONNECTSYNC_NOW": "2027-01-15T10:00:00+00:00",
        **more,
    }
