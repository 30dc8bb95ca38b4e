"""What a change to the files causes: the districts now, against those at a commit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectsync.config.discovery import below, relative, stem_of
from connectsync.config.fleet import Fleet, fleet_of_texts
from connectsync.config.project import Project
from connectsync.domain.baseline import is_launched
from connectsync.domain.settings import Form
from connectsync.domain.since import Since, caused, released
from connectsync.operations.changed import Changed, Comparison
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


def causes_of(
    project: Project, compared: Comparison, wanted: Sequence[Wanted]
) -> Causes:
    """
    Compare what files want now with what they wanted at the commit they changed from.

    A district is told by its key, so a file that moved causes nothing by that. Raises
    ``GitRefused`` if the commit cannot be read.
    """
    changed = Changed(project, compared)
    everything = changed.reaches_all() or bool(changed.profiles())
    concerned = [
        want
        for want in wanted
        if everything or changed.differs(project.root / want.file)
    ]
    fleet = _fleet_before(changed, wanted, everything=everything)
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
        if want.district.key not in before
        and (want.file in there or not compared.is_comparable(project.root / want.file))
    ]
    caused_by_key = {key: form for key, form in found.items() if form}
    return Causes(
        Since(
            compared.base,
            caused_by_key,
            {
                want.district.key: released(
                    before.get(want.district.key, {}), want.district.desired()
                )
                for want in concerned
            },
            _gone(project, fleet, wanted),
            _launched(fleet),
        ),
        tuple(unclear),
    )


def _launched(fleet: Fleet) -> frozenset[str]:
    """Name the districts that are past their launch by their own facts."""
    districts = (one.district for one in fleet.districts)
    return frozenset(one.key for one in districts if is_launched(one.facts, None))


def _gone(project: Project, before: Fleet, wanted: Sequence[Wanted]) -> dict[str, str]:
    """Give the districts that had a file before and have none now."""
    now = {want.district.key for want in wanted}
    now |= {stem_of(path) for path in below(project.districts_dir)}
    return {
        one.district.key: one.file
        for one in before.districts
        if one.district.key not in now
    }


def _desired(fleet: Fleet, files: frozenset[str]) -> dict[str, Form]:
    """Give what districts wanted; of two files with one key, that which is still it."""
    ordered = sorted(fleet.districts, key=lambda one: one.file in files)
    return {one.district.key: one.district.desired() for one in ordered}


def _fleet_before(
    changed: Changed, wanted: Sequence[Wanted], *, everything: bool
) -> Fleet:
    """Load the districts that changed, or all of them, as they were before."""
    project = changed.project
    files = dict(changed.districts_before())
    for want in wanted:
        path = project.root / want.file
        if path not in files and (name := changed.file_before(path)) is not None:
            files[path] = name
    if not everything:
        files = {
            path: name
            for path, name in files.items()
            if not os.path.lexists(path) or changed.differs(path)
        }
    profiles = dict(changed.profiles_before())
    return fleet_of_texts(
        _texts(changed, files),
        _texts(changed, profiles),
        changed.project_before().options,
    )


def _texts(changed: Changed, files: Mapping[Path, str]) -> Mapping[str, bytes]:
    root = changed.project.root
    read = changed.compared.tree.read(list(files.values()))
    names = (relative(path, root) for path in files)
    return dict(zip(names, read, strict=True))
