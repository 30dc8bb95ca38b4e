"""The baseline of findings: what a fleet had when it was adopted, kept in a file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, below, relative, stem_of
from connectsync.config.fleet import LoadedDistrict, load_fleet
from connectsync.config.project import Project
from connectsync.config.source import quote_text
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.plan import Plan
from connectsync.domain.plan_shape import Members, each, read_json, text, whole
from connectsync.domain.policy import split_shard, wave_moved
from connectsync.domain.rule_settings import (
    FileIdentity,
    KnownFinding,
    KnownFindings,
    known_as,
    worth_knowing,
)
from connectsync.domain.schedule import local_time
from connectsync.domain.wording import few, many
from connectsync.errors import ProjectError, UsageError
from connectsync.files.access import read_regular, text_of_json
from connectsync.files.writing import replace_file
from connectsync.operations.changes import (
    ChangedFiles,
    causes_of,
    changed_at,
    fleet_before,
    told_beside,
)
from connectsync.operations.commit import (
    file_at,
    project_at,
    project_loosened,
)
from connectsync.operations.files import files_brought, snapshot_of
from connectsync.operations.git import GitRefused
from connectsync.operations.plan import PlannedDistrict
from connectsync.rules.catalogue import ADJUSTABLE, BY_NAME
from connectsync.rules.hours import hours_loosened
from connectsync.values import dataclass, field, replace

SCHEMA = 1
_LIMIT = 1 << 26
MOST_KNOWN = 500_000
"""Findings of a baseline together; a whole country has a tenth of that."""
_AGAIN = "restore it from version control, or remove it and use --write-baseline"


_ENTRY = Members(
    dict.fromkeys(("rule", "severity", "path", "content"), text),
    {"district": text, "file": text, "count": whole(1, 10_000)},
)
_SHAPE = Members({"schema": whole(1), "findings": each(_ENTRY)})


def read_baseline(project: Project, path: Path | None = None) -> KnownFindings:
    """
    Read the baseline of findings, by default the one that the project file names.

    Nothing is known where it names none. Raises ``ProjectError``, in one sentence, for
    a file that is not there, or is none that connectsync wrote.
    """
    path = path or project.baseline
    if path is None:
        return KnownFindings()
    try:
        insist_inside(project, path)
        return baseline_of(text_of_json(read_regular(path, _LIMIT)))
    except FileNotFoundError as error:
        raise ProjectError(
            f"there is no baseline of findings {named(project, path)}",
            remedy="write it with `connectsync validate --write-baseline`, or take"
            f" `baseline` out of {PROJECT_FILE}",
        ) from error
    except OSError as error:
        raise ProjectError(
            f"the baseline of findings {named(project, path)} cannot be read:"
            f" {error.strerror}"
        ) from error
    except ValueError as error:
        raise ProjectError(
            f"the baseline of findings {named(project, path)} cannot be used: {error}",
            remedy=_AGAIN,
        ) from error


def as_before(changed: ChangedFiles, named: Iterable[str] = ()) -> Project:
    """
    Give a project with what its rules and its baseline were at a commit as well.

    Of both the stricter counts then: a change does not decide what it is judged by. A
    baseline that could not be read then held nothing. ``named`` are files that are
    looked at, spelled from the project's folder, beside those in that of districts.
    """
    before = changed.project_before()
    path = before.baseline
    name = None if path is None else changed.file_before(path)
    raw = None if name is None else changed.compared.tree.read([name])[0]
    project = with_judge_of(changed.project, before, raw)
    return with_standings(project, changed, named)


def with_judge_of(project: Project, before: Project, raw: bytes | None) -> Project:
    """Give a project with rules of one before it, and what its baseline said then."""
    known = KnownFindings()
    if raw is not None:
        with suppress(ValueError):
            known = baseline_of(text_of_json(raw))
    rules = replace(project.rules, before=before.rules)
    return replace(project, rules=rules, known_before=known)


def with_standings(
    project: Project, changed: ChangedFiles, named: Iterable[str]
) -> Project:
    """
    Give a project with how each file that a change touches stood before it.

    By a label that the change writes into a file, or a folder that it moves one to, no
    less is told of it; of a district that is new less is, and that is said. So is
    which districts come into a wave, or leave one, by their labels.
    """
    if not _goes_by_place(project) and project.baseline is None:
        return project
    root, everything = project.root, changed.reaches_all() or bool(changed.profiles())
    paths = {*below(project.districts_dir)}
    paths |= {root / one for one in named if (root / one).is_file()}
    files = sorted(one for one in paths if everything or changed.differs(one))
    if not files:
        return project
    fleet = fleet_before(
        changed, [relative(one, root) for one in files], everything=everything
    )
    then = {one.district.key: _standing(one) for one in fleet.districts}
    lay = set(fleet.files).difference(fleet.shelf.names.values())
    stems = {stem_of(PurePosixPath(one)) for one in lay}
    now = load_fleet(
        root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
    )
    profiles = {relative(one, root) for one in changed.profiles()}
    stood = {one: FileIdentity() for one in profiles.difference(fleet.files)}
    brought, looser = set[tuple[str, str]](), defaultdict[str, list[str]](list)
    for one in now.districts:
        key, here = one.district.key, _standing(one)
        was = then.get(key, FileIdentity())
        if key in then:
            stood[one.file] = was
            brought |= {(key, file) for file in here.files - was.files - {one.file}}
        elif key not in stems:
            brought |= {(key, file) for file in here.files}
        for said in (
            *project.rules.looser_by(one.file, here, was, ADJUSTABLE),
            *wave_moved(project.policy.rollout, key, was.labels, here.labels),
        ):
            looser[said].append(key)
    moved = tuple(f"{said}: {few(sorted(keys))}" for said, keys in looser.items())
    rules = replace(project.rules, stood=stood, moved=moved)
    known = replace(project.known_before or KnownFindings(), brought=frozenset(brought))
    return replace(project, rules=rules, known_before=known)


def _goes_by_place(project: Project) -> bool:
    """Say whether labels, folders or profiles of a district decide on what holds."""
    return project.rules.tells_apart or project.policy.rollout.goes_by_labels


def _standing(loaded: LoadedDistrict) -> FileIdentity:
    files = frozenset(one.file for one in loaded.layers)
    return FileIdentity(loaded.file, files, loaded.labels)


def loosened(project: Project) -> tuple[str, ...]:
    """Tell what a project says less strictly of findings than before a change."""
    before = project.rules.before
    if before is None:
        return ()
    told = [*project.rules.looser_than(before, ADJUSTABLE), *project.rules.moved]
    if project.baseline is not None:
        grown = read_baseline(project).grown(project.known_before or KnownFindings())
        if grown:
            file = relative(project.baseline, project.root)
            told.append(f"{many(grown, 'finding')} came into {file}")
    return tuple(told)


def insist_inside(project: Project, path: Path) -> None:
    """Refuse a baseline that lies, or is led by a link, out of the project."""
    ground = Ground.of(project.root)
    if not ground.holds(path):
        out = "is a link out of" if path.is_symlink() else "lies outside"
        raise ProjectError(
            f"the baseline of findings {named(project, path)} {out} the project",
            remedy="name a file of the project, under `baseline` in connectsync.yaml"
            " or with --baseline FILE",
        )


def named(project: Project, path: Path) -> str:
    """Spell where a baseline lies, for people."""
    return quote_text(relative(path, project.root))


def baseline_of(spelled: str) -> KnownFindings:
    """Read the text of a baseline. Raises ``ValueError`` with part of a sentence."""
    data = read_json(spelled)
    _SHAPE(data, "")
    if data["schema"] != SCHEMA:
        raise ValueError(
            f"it is of schema {data['schema']}, and this connectsync reads {SCHEMA}"
        )
    found = defaultdict[KnownFinding, list[Severity]](list)
    if sum(one.get("count", 1) for one in data["findings"]) > MOST_KNOWN:
        raise ValueError(f"it holds more than {MOST_KNOWN:,} findings")
    for at, one in enumerate(data["findings"]):
        place = f"findings[{at}]"
        if ("district" in one) == ("file" in one):
            raise ValueError(f"{place} names not one of a district and a file")
        if one["severity"] not in {Severity.ERROR, Severity.WARNING}:
            raise ValueError(f"{place}.severity is neither error nor warning")
        key = KnownFinding(
            one["rule"],
            one.get("district", ""),
            one.get("file", ""),
            one["path"],
            one["content"],
        )
        found[key] += [Severity(one["severity"])] * one.get("count", 1)
    return _known(found)


def _known(found: Mapping[KnownFinding, list[Severity]]) -> KnownFindings:
    """Make a baseline of severities by finding, the gravest first."""
    return KnownFindings(
        {
            key: tuple(sorted(said, key=lambda one: one.rank))
            for key, said in found.items()
        }
    )


def baseline_text(known: KnownFindings) -> str:
    """Spell a baseline: sorted, so that a change of it is read as a change."""
    entries = [
        _entry(key, severity, said.count(severity))
        for key, said in known.entries.items()
        for severity in dict.fromkeys(said)
    ]
    parts = ("file", "district", "rule", "path", "severity", "content")
    entries.sort(key=lambda one: [one.get(part, "") for part in parts])
    return json.dumps({"schema": SCHEMA, "findings": entries}, indent=2) + "\n"


def _entry(key: KnownFinding, severity: Severity, count: int) -> dict[str, Any]:
    return {
        "rule": key.rule,
        "severity": severity.value,
        **({"district": key.district} if key.district else {"file": key.file}),
        "path": key.path,
        "content": key.content,
        **({"count": count} if count > 1 else {}),
    }


def known_from(
    findings: Iterable[Finding], districts: Mapping[str, str]
) -> KnownFindings:
    """Make a baseline of those findings that one may hold; others stay new."""
    found = defaultdict[KnownFinding, list[Severity]](list)
    for one in findings:
        rule = BY_NAME.get(one.rule)
        if worth_knowing(one, allowable=rule is not None and rule.allowable):
            found[known_as(one, districts)].append(one.severity)
    return _known(found)


def write_baseline(project: Project, path: Path, known: KnownFindings) -> None:
    """
    Write a baseline whole or not at all.

    Raises ``ProjectError`` where that would be out of the project, ``UsageError``
    where it cannot be written.
    """
    insist_inside(project, path)
    replace_file(path, baseline_text(known))


@dataclass(frozen=True, slots=True)
class Untold:
    """
    What a change does that its plan does not say.

    ``loosened`` is what a project says less strictly than before, ``comes_in`` and
    ``goes_out`` are districts that it takes into the fleet and out of it, ``later``
    lines by district of what is made of days to come.
    """

    loosened: tuple[str, ...] = ()
    comes_in: tuple[str, ...] = ()
    goes_out: tuple[str, ...] = ()
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Give a line for each, which begins with the name of its guard."""
        yield from (f"rules-loosened: {one}" for one in self.loosened)
        if self.comes_in:
            yield f"fleet-of-other-files: read only now: {few(self.comes_in)}"
        if self.goes_out:
            yield f"fleet-of-other-files: read no longer: {few(self.goes_out)}"
        said = [f"{key}: {line}" for key, lines in self.later.items() for line in lines]
        yield from (f"changes-on-later-days: {one}" for one in said[:MOST_UNTOLD])
        if len(said) > MOST_UNTOLD:
            yield f"changes-on-later-days: and {len(said) - MOST_UNTOLD:,} more"

    def added_to(self, plan: Plan) -> Plan:
        """Give a plan that says it."""
        later = {
            key: (*plan.later.get(key, ()), *self.later.get(key, ()))
            for key in sorted({*plan.later, *self.later})
        }
        return replace(
            plan,
            loosened=(*plan.loosened, *self.loosened),
            comes_in=tuple(sorted({*plan.comes_in, *self.comes_in})),
            goes_out=tuple(sorted({*plan.goes_out, *self.goes_out})),
            later=later,
        )


UNCLEAR = "what it changes beside districts could not be looked up"

MOST_UNTOLD = 20
"""Lines of days to come that are listed; the rest is counted."""


def untold(
    project: Project,
    plan: Plan,
    wanted: Sequence[PlannedDistrict],
    environment: Mapping[str, str],
    now: datetime,
) -> Untold:
    """
    Tell what a plan's change does, and the plan does not say.

    The plan file says it too, and who edits one can leave it out. ``wanted`` are the
    districts of its scope. Nothing where git does not know here what was before it.
    """
    if plan.since is None:
        return Untold()
    try:
        changed = changed_at(project, plan.since, environment)
    except GitRefused:
        changed = None
    except UsageError:
        return Untold()
    try:
        looser = _looser(project, plan, plan.since, changed, environment)
    except (ProjectError, GitRefused, UsageError):
        # what git does know here, and cannot tell, is not taken for nothing
        looser = (UNCLEAR,) if changed is not None else ()
    found = Untold(_other_than(plan.loosened, looser))
    if changed is None:
        return found
    # what it says of later days it says as of the moment when it was made
    made = min(plan.created, now)
    try:
        then = [_as_of(made, one) for one in wanted]
        since = causes_of(project, changed.compared, then, made).since
        districts = [one.district for one in then]
        beside = told_beside(project, since, districts, environment, made)
        # when it was made, it says itself: days to come by now are looked at as well
        bare = replace(since, limits=None)
        beside += told_beside(project, bare, districts, environment, now)
    except (ProjectError, GitRefused, UsageError):
        return found
    return replace(
        found,
        loosened=_other_than(plan.loosened, dict.fromkeys((*looser, *beside))),
        comes_in=tuple(one for one in since.comes_in if one not in plan.comes_in),
        goes_out=tuple(one for one in since.goes_out if one not in plan.goes_out),
        later={
            key: left
            for key, lines in since.later.items()
            if (left := _other_than(plan.later.get(key, ()), lines))
        },
    )


def _as_of(moment: datetime, want: PlannedDistrict) -> PlannedDistrict:
    """Give a district as its files mean it on the day of a moment."""
    schedule = want.district.schedule
    if not schedule.periods:
        return want
    day = local_time(moment, schedule.zone).date()
    return replace(want, district=want.district.on(day))


def _other_than(said: Sequence[str], lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in lines if one not in said)


def _looser(
    project: Project,
    plan: Plan,
    since: str,
    changed: ChangedFiles | None,
    environment: Mapping[str, str],
) -> tuple[str, ...]:
    """Tell what a project says less strictly than at a commit."""
    before, raw = project_at(project.root, since, environment), None
    if before.baseline is not None:
        file = relative(before.baseline, project.root)
        raw = file_at(project.root, since, file, environment)
    judged = with_judge_of(project, before, raw)
    if _goes_by_place(judged):
        judged = _with_standings(judged, plan, changed)
    return (
        *loosened(judged),
        *hours_loosened(before.policy, project.policy),
        *project_loosened(before, project),
        *files_brought(
            project.root, since, environment, snapshot_of(plan.backend, project.root)
        ),
    )


def _with_standings(
    project: Project, plan: Plan, changed: ChangedFiles | None
) -> Project:
    """Give a project with how files stood before a plan's change; else say it."""
    with suppress(GitRefused):
        if changed is not None:
            now = ChangedFiles(project, changed.compared)
            return with_standings(project, now, split_shard(plan.scope)[0])
    said = "what labels and folders districts had before it could not be read"
    return replace(project, rules=replace(project.rules, moved=(said,)))
