"""
Write a bill of materials of what is locked, as CycloneDX.

    python deploy/sbom.py requirements/deploy.txt VERSION > connectsync.cdx.json

It holds the packages of one lock, each with its version and its hashes. The same lock
and version give the same bytes: there is no time and no random number in it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ \\;]+)"
    r"(?: *; *(?P<marker>[^\\]+?))? *\\?$"
)
HASH = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})")


def bill_of_materials(lock: str, version: str) -> dict[str, object]:
    """Give the bill of connectsync in a version, from the text of a lock."""
    components: list[dict[str, object]] = []
    hashes: list[dict[str, str]] = []
    for line in lock.splitlines():
        if pin := PIN.match(line):
            hashes = []
            components.append(_component(pin, hashes))
        hashes += [
            {"alg": "SHA-256", "content": found["hash"]}
            for found in HASH.finditer(line)
        ]
    ours = f"pkg:pypi/connectsync@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "connectsync",
                "version": version,
                "purl": ours,
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": components,
    }


def _component(pin: re.Match[str], hashes: list[dict[str, str]]) -> dict[str, object]:
    purl = f"pkg:pypi/{pin['name']}@{pin['version']}"
    told = [{"name": "connectsync:marker", "value": pin["marker"]}]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": pin["name"],
        "version": pin["version"],
        "purl": purl,
        # a file for each platform: any of them may be the one that is installed
        "externalReferences": [
            {
                "type": "distribution",
                "url": purl,
                "hashes": hashes,
            }
        ],
        **({"properties": told} if pin["marker"] else {}),
    }


if __name__ == "__main__":
    path, version = sys.argv[1:]
    bill = bill_of_materials(Path(path).read_text("utf-8"), version)
    sys.stdout.write(json.dumps(bill, indent=2) + "\n")
