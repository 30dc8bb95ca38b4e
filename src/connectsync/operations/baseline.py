"""The baseline of findings: what a fleet had when it was adopted, kept in a file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, relative
from connectsync.config.project import Project
from connectsync.config.source import quote_text
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.plan_shape import Members, each, text, whole
from connectsync.domain.rule_settings import (
    KnownFinding,
    KnownFindings,
    known_as,
    worth_knowing,
)
from connectsync.domain.wording import many
from connectsync.errors import ProjectError
from connectsync.files.access import read_regular, text_of_json
from connectsync.files.writing import replace_file
from connectsync.operations.changes import ChangedFiles
from connectsync.rules.catalogue import ADJUSTABLE, BY_NAME
from connectsync.values import replace

USUAL = ".connectsync-baseline.json"
"""Where it lies if nothing is said: beside the project file."""

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


def as_before(changed: ChangedFiles) -> Project:
    """
    Give a project with what its rules and its baseline were at a commit as well.

    Of both the stricter counts then: a change does not decide what it is judged by. A
    baseline that could not be read then held nothing.
    """
    before = changed.project_before()
    path = before.baseline
    name = None if path is None else changed.file_before(path)
    raw = None if name is None else changed.compared.tree.read([name])[0]
    return with_judge_of(changed.project, before, raw)


def with_judge_of(project: Project, before: Project, raw: bytes | None) -> Project:
    """Give a project with rules of one before it, and what its baseline said then."""
    known = KnownFindings()
    if raw is not None:
        with suppress(ValueError):
            known = baseline_of(text_of_json(raw))
    rules = replace(project.rules, before=before.rules)
    return replace(project, rules=rules, known_before=known)


def loosened(project: Project) -> tuple[str, ...]:
    """Tell what a project says less strictly of findings than before a change."""
    before = project.rules.before
    if before is None:
        return ()
    told = [*project.rules.looser_than(before, ADJUSTABLE)]
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
            f"the baseline of findings {named(project, path)} {out} the project"
        )


def named(project: Project, path: Path) -> str:
    """Spell where a baseline lies, for people."""
    return quote_text(relative(path, project.root))


def baseline_of(spelled: str) -> KnownFindings:
    """Read the text of a baseline. Raises ``ValueError`` with part of a sentence."""
    try:
        data = json.loads(spelled)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from error
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
