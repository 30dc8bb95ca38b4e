"""The valley with rosters of two of its three districts."""

from __future__ import annotations

import slow_tally as slow
from console import Console
from marked_rosters import made

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def lay_rosters(valley: Console) -> Console:
    """Name rosters in the project, give Connect its forms, and change one district."""
    valley.run("plan")
    for key in ("lakeview-usd", "dry-creek-isd"):
        folder = valley.folder / "rosters" / key
        folder.mkdir(parents=True)
        slow.write_students(made(), folder)
    with (valley.folder / "connectsync.yaml").open("a") as project:
        project.write("roster: {source: 'rosters/{district}'}\n")
    valley.edit("lakeview-usd", {"phone_types": frozenset(["Cell"])})
    with (valley.folder / LAKEVIEW).open("a") as file:
        file.write("  phone_types: [Home]\n")
    return valley
