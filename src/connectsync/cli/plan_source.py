"""Reading the plan file that the command line names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader, recognize
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader
from connectsync.cli.backend_setup import taken_at
from connectsync.cli.backends import connect_of, open_reader
from connectsync.cli.commands import quote_word
from connectsync.cli.fleets import FleetScope, load_planned_scope
from connectsync.cli.machine import TOLD
from connectsync.cli.secrets import read_secret
from connectsync.cli.session import Session
from connectsync.cli.terminal import SOURCES
from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, below, relative
from connectsync.config.policy_check import holiday_reader, with_holidays
from connectsync.config.project import (
    FOLLOWED,
    Project,
    connection_of,
)
from connectsync.config.state_address import Address, at_url
from connectsync.domain.drift import Baselines, ChangedSince, DistrictDrift
from connectsync.domain.finding import acceptance
from connectsync.domain.plan import Plan, PlanReview
from connectsync.domain.plan_file import read_plan
from connectsync.domain.policy import ALL, Policy, Shard, split_shard
from connectsync.domain.wording import did_you_mean, few, many
from connectsync.errors import DamagedPlan, ProjectError, StateError, UsageError
from connectsync.files.access import read_regular, text_of_json
from connectsync.operations.approve import plan_review
from connectsync.operations.baseline import as_before, loosened
from connectsync.operations.changes import ChangedFiles, causes_of, told_beside
from connectsync.operations.commit import (
    limits_before,
    project_at,
    project_changes,
)
from connectsync.operations.comparison import Comparison, compare_since
from connectsync.operations.drift import DriftReading, find_drift
from connectsync.operations.files import files_brought, snapshot_of
from connectsync.operations.git import Git, GitRefused, explain_refusal, insist_kept_out
from connectsync.operations.plan import CountImpact, PlanContext, make_plan
from connectsync.report.terminal import inert
from connectsync.values import dataclass, replace

LIMIT = 1 << 28
"""Bytes of a plan; that of the whole country has some fifty million."""


def plan_in(path: Path) -> Plan:
    """
    Read a plan file.

    Raises ``UsageError`` if it cannot be read, and ``DamagedPlan`` if it is no plan.
    """
    try:
        if (end := Ground.of(path.parent).way_out(path)) is not None:
            raise UsageError(
                f"the plan {path} is a link that leads out of the project, to {end}",
                remedy="name the file itself",
            )
        return read_plan(text_of_json(read_regular(path, LIMIT)))
    except OSError as error:
        raise UsageError(
            f"cannot read the plan {path}: {error.strerror}",
            remedy=f"make one with `connectsync plan --out {_free(path)}`",
        ) from error
    except ValueError as error:
        raise DamagedPlan(f"the plan cannot be read: {error}") from error


def _free(path: Path) -> str:
    """Give the name that was asked for, if a plan can be written there."""
    free = not path.exists() and path.suffix not in SOURCES
    return quote_word(str(path)) if free else "plan.json"


def wrote_plan(out: Path, plan: Plan, policy: Policy) -> str:
    """
    Say where a plan was written, and what comes next.

    The command carries what the guards ask for; a plan that changes nothing has none.
    """
    from connectsync.operations.approve import needed_names

    if not plan.districts:
        return f"wrote {out}; the plan has no changes"
    file, command = quote_word(str(out)), f"connectsync apply {quote_word(str(out))}"
    steps = []
    if flags := acceptance(plan.guards):
        command = f"{command} {flags}"
        steps.append("read what the guards say")
    if names := needed_names(plan, policy):
        people = many(names, "person", "people")
        approve = f"`connectsync approve {file} --as NAME`"
        steps.append(f"have it approved by {people} with {approve}")
    steps.append(f"`{command}`")
    return f"wrote {out}; next: {', then '.join(steps)}"


def since_of(
    session: Session, scope: FleetScope, compared: Comparison | None
) -> ChangedSince | None:
    """Give what the files cause since a commit; None where none was named."""
    if compared is None:
        return None
    causes = causes_of(scope.project, compared, scope.wanted, session.now())
    looser = (
        *told_beside(
            scope.project,
            causes.since,
            scope.districts,
            session.environment,
            session.now(),
        ),
        *loosened(scope.project),
        *_project_loosened(session, scope.project, compared.base),
    )
    for file in causes.unclear:
        session.terminal.complain(
            f"{inert(file)} could not be read as it was at {compared.base[:12]}:"
            " all that it says counts as changed"
        )
    return replace(causes.since, loosened=looser)


def _project_loosened(session: Session, project: Project, base: str) -> tuple[str, ...]:
    """Tell what of the project is otherwise, here and in the commit."""
    backend, environment = session.backend or project.backend, session.environment
    live = snapshot_of(backend, session.folder or session.here)
    try:
        came = [*files_brought(project.root, base, environment, live)]
    except GitRefused as refusal:
        raise explain_refusal(Git(project.root, environment), refusal.said) from refusal
    changes = project_changes(project, base, environment, session.now())
    return tuple(dict.fromkeys((*came, *changes)))


def project_to_come(
    session: Session, project: Project, compared: Comparison
) -> Project:
    """
    Give the project with the districts that it has once this commit is merged.

    A job plans a change with the project file of the branch that it goes to, for that
    names commands and addresses. Where the change itself moves the folder, or the time
    zone, or what calendars say of zones and rollovers, those of its own file are
    planned: later commands follow them. What calendars close holds as it lies here.
    """
    before = ChangedFiles(project, compared).project_before()
    git = Git(project.root, session.environment)
    try:
        after = project_at(project.root, "HEAD", session.environment, to_come=True)
    except ProjectError as error:
        # a checkout may make it readable, and then it would hold
        said = f"the {PROJECT_FILE} of this commit: {error.message}"
        raise ProjectError(said, remedy=error.remedy) from error
    except GitRefused as refusal:
        raise explain_refusal(git, refusal.said) from refusal
    moved = {
        name: getattr(after, name)
        for name in FOLLOWED
        if getattr(after, name) not in {getattr(before, name), getattr(project, name)}
    }
    if (project.rules, project.baseline) == (before.rules, before.baseline):
        # a job put them in place as well; they hold in any case
        project = replace(project, rules=after.rules, baseline=after.baseline)
    if not moved:
        return project
    came = replace(project, **moved)
    folder = inert(relative(came.districts_dir, came.root))
    zone = f", in the time zone {inert(came.timezone)}" if came.timezone else ""
    if "dating" in moved:
        zone += ", by the zones and rollovers of its calendars"
    session.terminal.complain(
        f"the {PROJECT_FILE} of this commit reads districts in {folder}{zone}, the one"
        " that lies here does not: planned as it is in the commit"
    )
    return came


@contextmanager
def open_state(session: Session, project: Project) -> Iterator[Store]:
    """Open the state store. Raises ``StateError``."""
    opening = open_store(
        session.state(project),
        _address(session, project),
        lease_seconds=project.lease_seconds,
        told_time=bool(session.environment.get(TOLD)),
    )
    with opening as store:
        yield store


def _address(session: Session, project: Project) -> Address | None:
    stated = project.state_url
    if stated is None:
        return None
    if stated.partition(":")[0] in {"env", "file", "command"}:
        environment, root = session.environment, project.root
        insist_kept_out("state.url", stated, environment=environment, root=root)
        stated = read_secret(
            "state.url", stated, environment=environment, root=root, what="address"
        )
    return at_url(stated, session.environment)


def policy_now(session: Session, project: Project) -> Policy:
    """Give what the project allows, by its calendar files. Raises ``ProjectError``."""
    if not project.policy.reads_files:
        return project.policy
    read = holiday_reader(project.root)
    return with_holidays(project.policy, read, session.today())


def circumstances(
    session: Session,
    scope: FleetScope,
    store: Store,
    reader: Reader,
    *,
    set_token: frozenset[str] = frozenset(),
    since: str | None = None,
) -> PlanContext:
    """
    Gather what a plan depends on besides files and Connect.

    ``since`` is the commit that a plan to be applied was made from. Raises
    ``UsageError`` if a token is to be typed of a district out of scope.
    """
    recognize(store, connect_of(session), at=session.now())
    archive = StateReader(store)
    baselines = archive.baselines(reader.described)
    for key in set_token:
        _insist_token(scope, key)
    return PlanContext(
        now=session.now(),
        tool=session.tool,
        scope=scope.arguments,
        fleet=scope.fleet_size,
        policy=policy_now(session, scope.project),
        baselines=baselines,
        recent=archive.recent(reader.described, session.now()),
        set_token=set_token,
        gone=_gone(scope, baselines),
        open_saves=store.open_saves(reader.described),
        taken=taken_at(session),
        before=limits_before(scope.project, since, session.environment, session.now())
        if since
        else None,
        connection=connection_of(scope.project),
    )


def _gone(scope: FleetScope, baselines: Baselines) -> dict[str, str]:
    """
    Give the districts that were applied once, and that no file describes now.

    Nothing is told of them where a part of the files was named.
    """
    named, shard = split_shard(scope.arguments)
    if named:
        return {}
    held = {district.key for district in scope.districts}
    gone = [key for key in baselines if key not in held and shard.holds(key)]
    if not gone:
        return {}
    # a file may be there all the same, and be no district
    held = {path.stem for path in below(scope.project.districts_dir)}
    return {key: "" for key in gone if key not in held}


def _insist_token(scope: FleetScope, key: str) -> None:
    found = [one for one in scope.districts if one.key == key]
    if not found:
        keys = [one.key for one in scope.districts]
        raise UsageError(
            f"--set-token names {key!r}, which is not among the districts planned",
            remedy=did_you_mean(key, keys)
            or "it takes the key of a district, which its file is named after: "
            + (few(keys) if keys else "here is none"),
        )
    if found[0].credentials.oauth_token is None:
        raise UsageError(
            f"--set-token names {key!r}, whose file names no token",
            remedy="state credentials.oauth_token there, as a reference",
        )


@dataclass(frozen=True, slots=True)
class ScopedPlan:
    """A plan, and the scope it was made for."""

    plan: Plan
    scope: FleetScope

    def review(self, out: Path | None) -> PlanReview:
        """Put what it was made from beside it; ``out`` is where it was kept."""
        return plan_review(
            self.plan,
            self.scope.wanted,
            self.scope.project,
            findings=self.scope.findings,
            plan_file=str(out or ""),
        )


async def plan_now(
    session: Session,
    paths: list[str],
    shard: Shard = ALL,
    set_token: frozenset[str] = frozenset(),
    *,
    changed_since: str | None = None,
    impact: bool = False,
    roster: str | None = None,
    begun: Callable[[], FleetScope] | None = None,
) -> ScopedPlan:
    """
    Plan a shard of what the arguments mean, of all districts if there are none.

    With ``changed_since``, only what the files cause since that revision. With
    ``impact`` whom the changes reach is counted, on the ``roster`` that is named or on
    that of the project. ``begun`` gives the scope, where loading it was begun before.
    Raises ``UsageError`` if git or the revision is not there, or no roster is named.
    """
    compared = None
    if changed_since is not None:
        project = session.project()
        compared = compare_since(project.root, changed_since, session.environment)
        project = project_to_come(session, project, compared)
        named = session.named(project, paths)
        project = as_before(ChangedFiles(project, compared), named)
        scope = load_planned_scope(session, paths, shard, project)
    else:
        scope = begun() if begun else load_planned_scope(session, paths, shard)
    since = since_of(session, scope, compared)
    count = _counter(session, scope, roster, compared) if impact else None
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader, set_token=set_token)
        given = replace(given, since=since, count=count)
        made = await make_plan(scope.wanted, reader, given)
    return ScopedPlan(made, scope)


def _counter(
    session: Session, scope: FleetScope, roster: str | None, compared: Comparison | None
) -> CountImpact:
    from connectsync.cli.rosters import PlanCounter, RosterReader

    rosters = RosterReader(session, scope.project, roster)
    if compared is not None:
        rosters.brought = partial(_brought, compared)
    rosters.insist_named(len(scope.wanted))
    return PlanCounter(rosters, {one.key: one for one in scope.districts})


def _brought(compared: Comparison, path: Path) -> str:
    try:
        return compared.brought(path)
    except GitRefused as refusal:
        raise explain_refusal(compared.tree.git, refusal.said) from refusal


@dataclass(frozen=True, slots=True)
class DriftFound:
    """
    What was found in a scope, and the name of the backend it was found on.

    ``recent`` names the districts that were read late enough to be remembered, and
    ``mark`` is how far the state was known before.
    """

    scope: FleetScope
    looked: tuple[DriftReading, ...]
    backend: str
    recent: frozenset[str]
    mark: int

    @property
    def drift(self) -> tuple[DistrictDrift, ...]:
        """Who moved what, district by district."""
        return tuple(one.drift for one in self.looked)


async def look(session: Session, scope: FleetScope) -> DriftFound:
    """
    Read the districts in scope, and remember what was seen. It cannot save.

    Where the state store can only be read, nothing is remembered, and that is said; nor
    is what only a snapshot of this one call has: it is known as Connect by its name.
    """
    from connectsync.apply.saving import results_of

    named = session.backend or scope.project.backend
    apart = named.startswith("snapshot:") and named != scope.project.backend
    async with open_reader(session, scope.project, scope.districts) as reader:
        backend = reader.described
        with open_state(session, scope.project) as store:
            if not apart:
                recognize(store, connect_of(session), at=session.now())
            baselines, mark = StateReader(store).baselines(backend), store.mark()
            open_ = store.open_saves(backend)
        looked = await find_drift(scope.wanted, reader, baselines, open_)
    longest = scope.project.policy.max_live_age
    recent = {
        one.drift.district: one
        for one in looked
        if one.live and one.live.is_recent(session.now(), longest)
    }
    found = DriftFound(scope, looked, backend, frozenset(recent), mark)
    if apart:
        return found
    try:
        with open_state(session, scope.project) as store:
            lives = {key: one.live for key, one in recent.items() if one.live}
            store.look(backend, results_of(open_, lives), at=session.now())
            seen = {key: one.seen for key, one in recent.items() if one.seen}
            store.note(backend, seen, at=session.now(), mark=mark)
    except StateError as error:
        session.terminal.say(f"what was seen is not remembered: {error.message}")
    return found
