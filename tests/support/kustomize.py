"""
What ``kubectl kustomize`` makes of a folder, for the few fields that ours use.

Anything else in a kustomization is an error here, so that nothing is overlooked; where
``kubectl`` is installed a test holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

KNOWN = frozenset(
    [
        "apiVersion",
        "kind",
        "resources",
        "namespace",
        "nameSuffix",
        "images",
        "generatorOptions",
        "configMapGenerator",
        "patches",
    ]
)


def rendered(folder: Path) -> list[Manifest]:
    """Give the manifests of a kustomization, in no order of meaning."""
    asked = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    assert asked.keys() <= KNOWN, f"{folder}: {sorted(asked.keys() - KNOWN)}"
    manifests = [one for name in asked["resources"] for one in _read(folder / name)]
    generated = [
        _config_map(folder, one) for one in asked.get("configMapGenerator", ())
    ]
    if generated:
        assert asked["generatorOptions"] == {"disableNameSuffixHash": True}
    manifests += generated
    for patch in asked.get("patches", ()):
        _patch(manifests, patch)
    for manifest in manifests:
        _name(manifest, asked, {one["metadata"]["name"] for one in generated})
        for container in containers(manifest):
            _image(container, asked.get("images", ()))
    return manifests


def _read(path: Path) -> Iterator[Manifest]:
    if path.is_dir():
        yield from rendered(path)
    else:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def _config_map(folder: Path, asked: Manifest) -> Manifest:
    assert asked.keys() == {"name", "files"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": asked["name"]},
        "data": {name: (folder / name).read_text("utf-8") for name in asked["files"]},
    }


def _patch(manifests: list[Manifest], asked: Manifest) -> None:
    target = asked["target"]
    (manifest,) = (
        one
        for one in manifests
        if (one["kind"], one["metadata"]["name"]) == (target["kind"], target["name"])
    )
    for change in yaml.safe_load(asked["patch"]):
        *way, last = change["path"].strip("/").split("/")
        place: Any = manifest
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        key: Any = int(last) if isinstance(place, list) and last != "-" else last
        match change["op"]:
            case "replace":
                assert isinstance(place, list) or key in place, change["path"]
                place[key] = change["value"]
            case "add" if key == "-":
                place.append(change["value"])
            case op:
                raise AssertionError(f"a patch cannot {op} here")


def _name(manifest: Manifest, asked: Manifest, generated: set[str]) -> None:
    suffix = asked.get("nameSuffix", "")
    manifest["metadata"]["name"] += suffix
    if "namespace" in asked:
        manifest["metadata"]["namespace"] = asked["namespace"]
    for volume in pod(manifest).get("volumes", ()):
        if volume.get("configMap", {}).get("name") in generated:
            volume["configMap"]["name"] += suffix


def _image(container: Manifest, images: list[Manifest]) -> None:
    for image in images:
        if container["image"] == image["name"]:
            container["image"] = f"{image['newName']}:{image['newTag']}"


def pod(manifest: Manifest) -> Manifest:
    """Give the pod that a manifest starts; empty if it starts none."""
    spec: Manifest = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    found: Manifest = spec.get("template", {}).get("spec", {})
    return found


def containers(manifest: Manifest) -> list[Manifest]:
    """Give every container that a manifest starts."""
    spec = pod(manifest)
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def copied(manifest: Manifest) -> Manifest:
    """Give a copy that can be broken."""
    copy: Manifest = json.loads(json.dumps(manifest))
    return copy
