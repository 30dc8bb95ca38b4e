"""The manifests are Kubernetes', and nothing in them is allowed more than it needs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from kustomize import Manifest, containers, copied, pod, rendered

from connectsync.cli.terminal import ExitStatus

OVERLAYS = ("apply", "drift", "reconcile")
RELEASES = ("1.33", kubernetes_validate.latest_version())
NEVER_AGAIN = {
    ExitStatus.FINDINGS,
    ExitStatus.REFUSED,
    ExitStatus.STALE,
    ExitStatus.USAGE,
    ExitStatus.BUG,
}
SCRATCH = {"/tmp", "/state"}  # noqa: S108 - where containers may write


def refused(manifest: Manifest, release: str = RELEASES[0]) -> bool:
    try:
        kubernetes_validate.validate(manifest, release, strict=True)
    except kubernetes_validate.ValidationError:
        return True
    return False


def only(overlays: Path, name: str, kind: str) -> Manifest:
    (found,) = (one for one in rendered(overlays / name) if one["kind"] == kind)
    return found


@pytest.fixture
def job(overlays: Path) -> Manifest:
    return only(overlays, "apply", "Job")


@pytest.fixture
def cron_job(overlays: Path) -> Manifest:
    return only(overlays, "drift", "CronJob")


@pytest.fixture
def reconciling(overlays: Path) -> Manifest:
    return only(overlays, "reconcile", "CronJob")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_one_that_kubernetes_takes(
    overlays: Path, overlay: str, release: str
) -> None:
    for manifest in rendered(overlays / overlay):
        kubernetes_validate.validate(manifest, release, strict=True)


def _set(*path: Any, value: Any) -> Callable[[Manifest], None]:
    def broken(manifest: Manifest) -> None:
        place: Any = manifest
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return broken


@pytest.mark.parametrize(
    "broken",
    [
        _set("spec", "completion", value=8),
        _set("spec", "completions", value="8"),
        _set("spec", "template", "spec", "containers", value=None),
        _set("spec", "template", "spec", "containers", 0, "readOnly", value=True),
        _set("spec", "podFailurePolicy", "rules", value=[{"onExitCodes": {}}]),
        _set("spec", "template", "spec", "volumes", value="none"),
    ],
)
def test_a_broken_manifest_is_refused(
    job: Manifest, broken: Callable[[Manifest], None]
) -> None:
    assert not refused(job)
    broken(job)
    assert refused(job)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_makes_the_same_of_it(overlays: Path, overlay: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    said = subprocess.run(
        [kubectl, "kustomize", str(overlays / overlay)],
        check=True,
        capture_output=True,
        text=True,
    )

    def by_name(manifests: list[Manifest]) -> dict[str, Manifest]:
        return {f"{one['kind']} {one['metadata']['name']}": one for one in manifests}

    theirs = by_name(list(yaml.safe_load_all(said.stdout)))
    assert theirs == by_name(rendered(overlays / overlay))


def breaches(manifest: Manifest) -> Iterator[str]:
    """Say what a manifest allows that nothing of ours needs."""
    if manifest["kind"] == "Secret":
        yield "it holds a secret"
    if not containers(manifest):
        return
    spec = pod(manifest)
    if spec.get("automountServiceAccountToken") is not False:
        yield "it gets a token of the cluster"
    if spec.get("securityContext", {}).get("seccompProfile") != {
        "type": "RuntimeDefault"
    }:
        yield "it may make any system call"
    if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "it shares the host"
    for volume in spec.get("volumes", ()):
        if not volume.keys() <= {"name", "configMap", "emptyDir"}:
            yield "it mounts something else than scratch and the plan"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield "its scratch has no limit"
    for container in containers(manifest):
        yield from _of_container(container, spec.get("securityContext", {}))


def _of_container(container: Manifest, around: Manifest) -> Iterator[str]:
    yield from _of_context(around | container.get("securityContext", {}))
    for mount in container.get("volumeMounts", ()):
        if mount["mountPath"] not in SCRATCH and mount.get("readOnly") is not True:
            yield "it may write to what is mounted"
    if "memory" not in container.get("resources", {}).get("limits", {}):
        yield "it may take all memory"
    for variable in container.get("env", ()):
        if "value" in variable and variable["name"] != "CONNECTSYNC_SHARDS":
            yield "a value stands in it that could be a secret"
    tag = container["image"].rpartition(":")[2]
    if "/" in tag or tag in {"latest", container["image"]}:
        yield "its image is whatever is newest"


def _of_context(context: Manifest) -> Iterator[str]:
    if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) == 0:
        yield "it may be root"
    escalates = context.get("allowPrivilegeEscalation") is not False
    if escalates or context.get("privileged"):
        yield "it may become more than it is"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "it may write to its image"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "it keeps capabilities"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_allowed_more_than_it_needs(overlays: Path, overlay: str) -> None:
    for manifest in rendered(overlays / overlay):
        assert not list(breaches(manifest))


POD = ("spec", "template", "spec")
FIRST = (*POD, "containers", 0)
INSIDE = (*FIRST, "securityContext")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_set("kind", value="Secret"), "it holds a secret"),
        (
            _set(*POD, "automountServiceAccountToken", value=True),
            "it gets a token of the cluster",
        ),
        (
            _set(*POD, "securityContext", "seccompProfile", value=None),
            "it may make any system call",
        ),
        (_set(*POD, "hostNetwork", value=True), "it shares the host"),
        (
            _set(*POD, "volumes", 1, value={"name": "state", "hostPath": {}}),
            "it mounts something else than scratch and the plan",
        ),
        (
            _set(*POD, "volumes", 1, value={"name": "state", "emptyDir": {}}),
            "its scratch has no limit",
        ),
        (_set(*INSIDE, "runAsNonRoot", value=False), "it may be root"),
        (_set(*INSIDE, "runAsUser", value=0), "it may be root"),
        (
            _set(*INSIDE, "allowPrivilegeEscalation", value=True),
            "it may become more than it is",
        ),
        (_set(*INSIDE, "privileged", value=True), "it may become more than it is"),
        (
            _set(*INSIDE, "readOnlyRootFilesystem", value=False),
            "it may write to its image",
        ),
        (_set(*INSIDE, "capabilities", value={"drop": []}), "it keeps capabilities"),
        (
            _set(*FIRST, "volumeMounts", 0, "readOnly", value=False),
            "it may write to what is mounted",
        ),
        (_set(*FIRST, "resources", "limits", value={}), "it may take all memory"),
        (
            _set(*FIRST, "env", 1, value={"name": "TOKEN", "value": "x"}),
            "a value stands in it that could be a secret",
        ),
        (
            _set(*FIRST, "image", value="fleet:latest"),
            "its image is whatever is newest",
        ),
        (
            _set(*FIRST, "image", value="host:5000/fleet"),
            "its image is whatever is newest",
        ),
        (_set(*FIRST, "image", value="fleet"), "its image is whatever is newest"),
    ],
)
def test_each_of_these_is_noticed(
    job: Manifest, broken: Callable[[Manifest], None], said: str
) -> None:
    manifest = copied(job)
    broken(manifest)
    assert said in list(breaches(manifest))


def test_the_number_of_shards_is_said_alike_wherever_it_is_said(
    overlays: Path, job: Manifest
) -> None:
    for one in (job, *rendered(overlays.parent / "base" / "apply")):
        spec = one["spec"]
        environment = {
            each["name"]: each.get("value") for each in containers(one)[0]["env"]
        }
        assert environment["CONNECTSYNC_SHARDS"] == str(spec["completions"])
        assert 1 <= spec["parallelism"] <= spec["completions"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_what_another_try_can_mend_is_tried_again(
    overlays: Path, overlay: str
) -> None:
    kind = "Job" if overlay == "apply" else "CronJob"
    manifest = only(overlays, overlay, kind)
    spec = manifest["spec"]
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    disruption, statuses = spec["podFailurePolicy"]["rules"]
    assert disruption["action"] == "Ignore"
    assert statuses["action"] == ("FailIndex" if kind == "Job" else "FailJob")
    codes = statuses["onExitCodes"]
    assert (codes["operator"], set(codes["values"])) == ("In", NEVER_AGAIN)
    assert codes["containerName"] == containers(manifest)[0]["name"]
    assert {ExitStatus.UNREACHABLE, ExitStatus.INTERRUPTED}.isdisjoint(codes["values"])
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec.get("backoffLimitPerIndex", spec.get("backoffLimit")) > 0


def test_a_worker_has_time_to_finish_the_district_in_hand(
    job: Manifest, reconciling: Manifest
) -> None:
    for manifest in (job, reconciling):
        assert pod(manifest)["terminationGracePeriodSeconds"] >= 120
    assert job["spec"]["activeDeadlineSeconds"] > 0


@pytest.mark.parametrize("overlay", ["drift", "reconcile"])
def test_two_that_come_by_the_clock_never_overlap(overlays: Path, overlay: str) -> None:
    spec = only(overlays, overlay, "CronJob")["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 3600


def test_secrets_are_named_and_nothing_else(
    job: Manifest, cron_job: Manifest, reconciling: Manifest
) -> None:
    for manifest in (job, cron_job, reconciling):
        named = {
            one["name"]: one["valueFrom"]["secretKeyRef"]["key"]
            for one in containers(manifest)[0]["env"]
            if "valueFrom" in one
        }
        assert named == {
            "CONNECTSYNC_STATE_URL": "state-url",
            "CONNECT_GATEWAY_TOKEN": "gateway-token",
        }


def test_no_image_is_promised_that_nobody_publishes(
    job: Manifest, cron_job: Manifest, reconciling: Manifest
) -> None:
    for manifest in (job, cron_job, reconciling):
        (container,) = containers(manifest)
        assert container["image"] == "registry.example.org/our-fleet:replace-me"
