"""Check what the command line names and show it; also without parsing options."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connectsync import __version__
from connectsync.cli.formats import insist_free, show_findings
from connectsync.cli.machine import drop_unusable, is_unattended, secure, standard_input
from connectsync.cli.session import TOOL, Session
from connectsync.cli.terminal import (
    ExitStatus,
    LogFormat,
    never_stumble,
    say_share,
    terminal,
)
from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, overlooked, relative
from connectsync.config.fleet import STANDARD_INPUT, choose_files, load_text
from connectsync.config.policy_check import check_policy
from connectsync.config.profiles import profile_files
from connectsync.config.project import Project
from connectsync.domain.finding import RulePage, ValidationReport
from connectsync.domain.policy import ALL, Shard
from connectsync.domain.rule_settings import BASELINE_FILE
from connectsync.domain.wording import few, many
from connectsync.errors import StateError, UsageError
from connectsync.operations.check_cache import (
    WORTH_REMEMBERING,
    CheckCache,
    ReportCache,
    basis_of,
)
from connectsync.operations.checking import (
    CheckedFleet,
    ValidationOptions,
    check_fleet,
    looked_at_by,
    options_of,
)
from connectsync.operations.validate import (
    check_files,
    district_keys,
    is_whole,
    report_on,
    share_of_files,
    share_of_report,
)
from connectsync.report.reporter import FindingsToReport
from connectsync.report.terminal import inert
from connectsync.values import dataclass, replace

DASH = "-"
NEEDS_A_FILE = frozenset(["file-named-otherwise"])
"""Rules about the name of a file: standard input has none."""


@dataclass(frozen=True, slots=True)
class FilesToCheck:
    """What `validate` was asked for: which files, which rules, and how to show it."""

    paths: Sequence[str] = ()
    changed_since: str | None = None
    shard: Shard = ALL
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    format_: str = "text"
    output: Path | None = None
    strict: bool = False
    cached: bool = True
    show: frozenset[str] = frozenset()
    baseline: Path | None = None
    write_baseline: bool = False
    prune: bool = False
    fix: Callable[[Project, Sequence[Path]], None] | None = None
    """Sets slips in files right before they are read."""
    changed: Any = None
    """The files against that revision, once they were compared."""

    @property
    def are_all(self) -> bool:
        """Whether nothing was named, so that every district is meant."""
        return not self.paths and self.changed_since is None


def check_plainly(arguments: Sequence[str]) -> int:
    """
    Run `validate` for this process on paths, without options; give its exit status.

    Every commit waits for this, and what parses options takes longer to import than
    to check a file. What it says and how it ends is what `validate` says.
    """
    never_stumble()
    secure()
    drop_unusable(os.environ)
    plain = terminal(
        color="auto", quiet=False, log_format=LogFormat.TEXT, environment=os.environ
    )
    session = Session(plain, os.environ, folder=None, state_dir=None, backend=None)
    try:
        status: int = check_and_show(session, FilesToCheck(tuple(arguments)))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told as by all commands
        from connectsync.cli.app import tell_failure

        status = tell_failure(plain, error)
    return plain.settle(status)


def check_and_show(session: Session, asked: FilesToCheck) -> ExitStatus:
    """Check files against the schema and every rule, and show what was found."""
    project = session.project()
    if asked.are_all:
        look_around(session, project)
    if DASH in asked.paths and asked.shard != ALL:
        raise UsageError("`-` is one district: it cannot be shared with --shard")
    if asked.baseline or asked.write_baseline or asked.prune:
        project, asked = _with_baseline(session, project, asked)
    unnamed = NEEDS_A_FILE if DASH in asked.paths else frozenset()
    if asked.changed_since is not None and DASH not in asked.paths:
        project, asked = _against(session, project, asked, asked.changed_since)
    options = replace(
        options_of(project, session.today()),
        select=_rules(asked.select) if asked.select else None,
        ignore=_rules(asked.ignore) | unnamed,
    )
    memory = _report_cache(session, project, asked, options)
    if memory is not None and memory.report is not None:
        return _show(session, project, asked, options, memory.report)
    fleet, options = check_named_files(session, project, asked, options)
    if asked.are_all and project.rules.entries:
        _tell_idle_rules(session, project, fleet)
    report = report_on(fleet, options)
    if memory is not None:
        memory.keep(report, fleet.days)
    if len(options.known) or asked.write_baseline:
        report = _keep_baseline(session, project, asked, fleet, options, report)
    report = share_of_report(report, fleet, asked.shard)
    say_share(session.terminal, asked.shard, report.files, len(fleet.files), "file")
    return _show(session, project, asked, options, report, fleet)


NEEDS_THE_REPORT_ALONE = frozenset(["text", "concise", "json", "gitlab"])
"""Formats that show findings, and nothing of files without any."""


def _show(
    session: Session,
    project: Project,
    asked: FilesToCheck,
    options: ValidationOptions,
    report: ValidationReport,
    fleet: CheckedFleet | None = None,
) -> ExitStatus:
    """Show a report; formats that need it alone do without the files."""
    alone = asked.format_ in NEEDS_THE_REPORT_ALONE
    districts = () if alone or fleet is None else fleet.districts
    found = FindingsToReport(
        report,
        files=() if fleet is None else share_of_files(fleet, asked.shard),
        districts={one.member.key: one.file for one in districts},
        folder=relative(project.districts_dir, project.root),
        today=options.today,
        rules=_rule_pages,
        tool=TOOL,
        version=__version__,
        strict=asked.strict,
        show=asked.show,
    )
    show_findings(session.terminal, found, asked.format_, asked.output)
    failed = report.errors or (asked.strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE


def _report_cache(
    session: Session, project: Project, asked: FilesToCheck, options: ValidationOptions
) -> ReportCache | None:
    """
    Open the report of last time on all files; nothing where it cannot be told again.

    What a project says of rules, and what it knows and puts off, is looked at afresh.
    """
    is_whole = asked.are_all and asked.shard == ALL and asked.fix is None
    alone = asked.cached and asked.format_ in NEEDS_THE_REPORT_ALONE
    keeps = asked.write_baseline or asked.prune or len(options.known)
    rules, policy, folder = options.rules, project.policy, project.districts_dir
    if not (is_whole and alone) or keeps or rules.entries or rules.before is not None:
        return None
    files = session.every_file(project)
    if policy.names_districts(whole=True) or len(files) < WORTH_REMEMBERING:
        return None
    try:
        state, moment = session.state(project), session.moment(project)
    except StateError:
        # told where single files are remembered
        return None
    files.extend(map(str, profile_files(project.root, folder)))
    basis = basis_of(options, project.timezone, project.dating)
    memory = ReportCache.at(state, basis, files, Ground.of(project.root), moment)
    if memory is not None and memory.problem:
        _tell_unused(session, memory.path, memory.problem)
    return memory


def _tell_unused(session: Session, path: Path, why: str) -> None:
    session.terminal.complain(f"{inert(str(path))} is not used: {inert(why)}")


def _tell_idle_rules(session: Session, project: Project, fleet: CheckedFleet) -> None:
    """Tell of entries about rules that are of no file, or of a label no one has."""
    files, labels = {PROJECT_FILE, *fleet.files}, fleet.labels
    for one in project.rules.entries:
        why = ""
        if not one.holds(files, frozenset({one.label})):
            why = f"no file is like {few(one.paths)}"
        elif one.label and labels is not None and one.label not in labels:
            why = f"no district is labeled {one.label}"
        if why:
            session.terminal.complain(
                f"{PROJECT_FILE}:{one.line}: what it says of {one.rule} reaches"
                f" nothing: {inert(why)}"
            )


def _with_baseline(
    session: Session, project: Project, asked: FilesToCheck
) -> tuple[Project, FilesToCheck]:
    """Say which baseline of findings is meant; one to be written may not be there."""
    if (asked.write_baseline or asked.prune) and (
        DASH in asked.paths or asked.shard != ALL
    ):
        raise UsageError(
            "--write-baseline and --prune do not go with `-`, nor with --shard"
        )
    named = asked.baseline and (session.folder or session.here) / asked.baseline
    path = named or project.baseline
    if path is None and asked.prune:
        raise UsageError(
            "--prune: this project has no baseline of findings",
            remedy="name it with --baseline FILE",
        )
    path = path or project.root / BASELINE_FILE
    if asked.write_baseline:
        insist_free(session, path, over_baseline=True)
    is_new = asked.write_baseline and not os.path.lexists(path)
    project = replace(project, baseline=None if is_new else path)
    return project, replace(asked, baseline=path)


def _keep_baseline(
    session: Session,
    project: Project,
    asked: FilesToCheck,
    fleet: CheckedFleet,
    options: ValidationOptions,
    report: ValidationReport,
) -> ValidationReport:
    """Write or prune the baseline of findings if asked; tell what is gone of it."""
    from connectsync.operations.baseline import known_from, named, write_baseline

    path = asked.baseline or project.baseline
    assert path is not None  # noqa: S101 - there are entries, or one is to be written
    known, districts = options.known, district_keys(fleet)
    looked_at, ran = looked_at_by(fleet, options)
    gone = known.gone(report.known, districts, looked_at, ran)
    file = named(project, path)
    if asked.write_baseline:
        found = known_from((*report.findings, *report.known), districts)
        after = known.without(gone).joined(found)
        write_baseline(project, path, after)
        session.terminal.say(f"wrote {file}: {many(len(after), 'finding')}")
        if session.project().baseline != path:
            name = inert(relative(path, project.root))
            session.terminal.say(
                f"add `baseline: {name}` to connectsync.yaml, so that it counts"
            )
        new, put_off = after.split((*report.findings, *report.known), districts)
        return replace(report, findings=tuple(new), known=tuple(put_off))
    if not len(gone):
        return report
    count, be = many(len(gone), "finding"), "is" if len(gone) == 1 else "are"
    if asked.prune:
        write_baseline(project, path, known.without(gone))
        session.terminal.say(f"took {count} out of {file} that {be} gone")
    else:
        out = f"takes {'it' if len(gone) == 1 else 'them'} out"
        session.terminal.say(
            f"{count} of {file} {be} gone; `connectsync validate --prune` {out}"
        )
    return report


def look_around(session: Session, project: Project) -> None:
    """
    Look for the files that the project names, and tell of files that are not read.

    Raises ``ProjectError`` if a file that is named is not there.
    """
    from connectsync.config.project import insist_named_files, insist_only_project
    from connectsync.operations.comparison import insist_checked_out

    environment = session.environment
    insist_checked_out(project.root, environment, whole=is_unattended(environment))
    insist_named_files(project.root, with_backend=session.backend is None)
    insist_only_project(project)
    idle = [relative(path, project.root) for path in overlooked(project.districts_dir)]
    if idle:
        folder = relative(project.districts_dir, project.root)
        verb, them = ("is", "it") if len(idle) == 1 else ("are", "them")
        session.terminal.complain(
            f"{many(len(idle), 'file')} below {folder}/ {verb} not read:"
            f" {inert(few(idle))} (name {them} .yaml)"
        )


def _rule_pages() -> Sequence[RulePage]:
    # loaded only for the formats that carry the rules
    from connectsync.rules.catalogue import pages

    return [page for page in pages() if page.subject != "roster"]


def check_named_files(
    session: Session,
    project: Project,
    asked: FilesToCheck,
    options: ValidationOptions,
) -> tuple[CheckedFleet, ValidationOptions]:
    """Check what is named, or all; the options say then whether all were read."""
    fleet = _check_fleet(session, project, asked, options)
    whole = asked.are_all or is_whole(fleet.files, project.root, project.districts_dir)
    if whole and project.policy.names_districts(whole=True):
        today = session.today()
        found = check_policy(project, fleet, whole=True, today=today)
        fleet = fleet.with_findings(found)
    return fleet, replace(options, whole_fleet=whole)


def _check_fleet(
    session: Session,
    project: Project,
    asked: FilesToCheck,
    options: ValidationOptions,
) -> CheckedFleet:
    if DASH in asked.paths:
        if len(asked.paths) > 1 or asked.changed_since is not None:
            raise UsageError("`-` stands alone: one district from standard input")
        read = load_text(
            STANDARD_INPUT,
            standard_input(),
            project_root=project.root,
            districts_dir=project.districts_dir,
            recorded=project.options,
            at=session.moment(project),
        )
        return check_fleet(read, options)
    arguments = session.named(project, asked.paths)
    files, every_profile = _files(session, project, arguments, asked.changed)
    if asked.fix is not None:
        profiles = profile_files(project.root, project.districts_dir)
        shared = profiles if every_profile else ()
        asked.fix(project, [*map(Path, files), *shared])
    chosen = choose_files(
        project.root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
        at=session.moment(project),
    )
    del files  # a path of each takes much memory, and its name tells it
    many = len(chosen.paths) >= WORTH_REMEMBERING
    cache = _cache(session, project, options) if many and asked.cached else None
    fleet = check_files(chosen, options, every_profile=every_profile, cache=cache)
    if cache is not None and cache.problem:
        _tell_unused(session, cache.path, cache.problem)
    return fleet


def _cache(
    session: Session, project: Project, asked: ValidationOptions
) -> CheckCache | None:
    """Open what is known of files from last time; nothing where there is no state."""
    try:
        calendars, zone = project.dating, project.timezone
        return CheckCache.at(session.state(project), asked, zone, calendars)
    except StateError as error:
        session.terminal.complain(f"{error.message}; every file is checked again")
        return None


def _files(
    session: Session,
    project: Project,
    arguments: tuple[str, ...],
    changed: Any,
) -> tuple[Sequence[Path | str], bool]:
    """
    Give the files to read, and whether profiles count that none of them builds on.

    A profile or a project file that changed since a revision reaches everyone.
    """
    if changed is None:
        if not arguments:
            return session.every_file(project), True
        return session.files(project, arguments, perhaps_none=True), False
    files = session.files(project, arguments, perhaps_none=True)
    if changed.reaches_all():
        return files, not arguments
    differing = [path for path in files if changed.differs(path)]
    apart = [path for path in differing if not changed.compared.is_comparable(path)]
    _tell_apart(session, project, apart)
    return sorted({*differing, *changed.profiles()}), False


def _against(
    session: Session, project: Project, asked: FilesToCheck, revision: str
) -> tuple[Project, FilesToCheck]:
    """Compare with a revision; what its project file said of rules holds as well."""
    # git, hashes and processes: only for those who compare
    from connectsync.operations.baseline import as_before, loosened
    from connectsync.operations.changes import ChangedFiles
    from connectsync.operations.comparison import compare_since

    compared = compare_since(project.root, revision, session.environment)
    changed = ChangedFiles(project, compared)
    project = as_before(changed, session.named(project, asked.paths))
    if told := loosened(project):
        session.terminal.complain(
            f"this change loosens rules, and is judged by those from before it as"
            f" well: {inert('; '.join(told))}"
        )
    return project, replace(asked, changed=changed)


def _tell_apart(session: Session, project: Project, paths: list[Path]) -> None:
    """Tell of files that count as changed because git cannot say."""
    if paths:
        names = few([relative(path, project.root) for path in paths])
        session.terminal.complain(
            f"not in this git repository, so all counts as changed: {inert(names)}"
        )


def _rules(names: Sequence[str]) -> frozenset[str]:
    from connectsync.rules.catalogue import by_name

    return frozenset(by_name(name).name for name in names)
