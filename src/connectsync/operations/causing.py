"""What a change to the files causes: the districts now, against those at a commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from connectsync.config.discovery import (
    PROFILES,
    PROJECT_FILE,
    SUFFIXES,
    below,
    relative,
)
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.project import Project, load_project
from connectsync.domain.settings import Form
from connectsync.domain.since import Since, caused, released
from connectsync.errors import ProjectError
from connectsync.operations.changed import Changed, files_at
from connectsync.operations.planning import Wanted


@dataclass(frozen=True, slots=True)
class Causes:
    """
    What a change causes.

    ``unclear`` are the files that could not be read as they were before: all that
    they say now counts as caused.
    """

    since: Since
    unclear: tuple[str, ...]


def causes_of(project: Project, changed: Changed, wanted: Sequence[Wanted]) -> Causes:
    """
    Compare what files want now with what they wanted at the commit they changed from.

    A district is told by its key, so a file that moved causes nothing by that. Raises
    ``UsageError`` if git is not there.
    """
    reaches_all = _reaches_all(project, changed)
    touched = frozenset(changed.present)
    concerned = [
        want for want in wanted if reaches_all or project.root / want.file in touched
    ]
    fleet = _fleet_before(project, changed, wanted, everything=reaches_all)
    before = _desired(fleet, frozenset(want.file for want in concerned))
    found = {
        want.district.key: caused(
            before.get(want.district.key, {}), want.district.desired()
        )
        for want in concerned
    }
    there = frozenset(fleet.files)
    unclear = [
        want.file
        for want in concerned
        if want.district.key not in before and want.file in there
    ]
    caused_by_key = {key: form for key, form in found.items() if form}
    return Causes(
        Since(
            changed.base,
            caused_by_key,
            {
                want.district.key: released(
                    before.get(want.district.key, {}), want.district.desired()
                )
                for want in concerned
            },
            _gone(project, fleet, wanted),
        ),
        tuple(unclear),
    )


def _gone(project: Project, before: Fleet, wanted: Sequence[Wanted]) -> dict[str, str]:
    """Give the districts that had a file before and have none now."""
    now = {want.district.key for want in wanted}
    now |= {path.stem for path in below(project.districts_dir)}
    return {
        one.district.key: one.file
        for one in before.districts
        if one.district.key not in now
    }


def _desired(fleet: Fleet, files: frozenset[str]) -> dict[str, Form]:
    """Give what districts wanted; of two files with one key, that which is still it."""
    ordered = sorted(fleet.districts, key=lambda one: one.file in files)
    return {one.district.key: one.district.desired() for one in ordered}


def _reaches_all(project: Project, changed: Changed) -> bool:
    """Say whether a district may want other things though its own file is the same."""
    profiles = project.districts_dir / PROFILES
    paths = (*changed.present, *changed.gone)
    shared = any(path.parent == profiles for path in paths)
    return shared or project.root / PROJECT_FILE in paths


def _fleet_before(
    project: Project,
    changed: Changed,
    wanted: Sequence[Wanted],
    *,
    everything: bool,
) -> Fleet:
    """Load the districts that changed, or all of them, as they were before."""
    differing = {
        relative(path, project.root) for path in (*changed.present, *changed.gone)
    }

    def is_wanted(name: str) -> bool:
        if not name.endswith(SUFFIXES):
            return False
        shared = f"/{PROFILES}/" in f"/{name}" or name == PROJECT_FILE
        return everything or shared or name in differing

    with TemporaryDirectory(prefix="connectsync-") as folder:
        root = Path(folder).resolve()
        names = files_at(project.root, changed.base, is_wanted)
        _lay(root, names)
        then = _project_then(root, project)
        districts_dir = then.districts_dir
        named = {root / want.file for want in wanted if want.file in names}
        files = sorted(named.union(below(districts_dir)))
        return load_fleet(
            root, files, districts_dir=districts_dir, recorded=then.options
        )


def _lay(root: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _project_then(root: Path, project: Project) -> Project:
    """Give the project as its file was then, or as it is now if that is unreadable."""
    try:
        return load_project(root)
    except ProjectError:
        folder = root / project.districts_dir.relative_to(project.root)
        return replace(project, districts_dir=folder)
