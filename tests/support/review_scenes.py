"""Plans to review: one with all that can happen in it, and one of a whole country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from plan_scenes import BLANK

from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.drift import Baseline, DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    GuardFinding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.domain.live import Live
from connectsync.domain.plan import (
    DistrictPlan,
    Member,
    NotPlanned,
    Plan,
    PlanReview,
    saves_for,
)
from connectsync.domain.policy import Policy, Rollout, Wave
from connectsync.domain.settings import changes_of
from connectsync.errors import ConnectError, Unreachable
from connectsync.operations.approve import connect_page, plan_review
from connectsync.operations.plan import (
    PlanContext,
    PlannedDistrict,
    add_guards,
    plan_district,
)
from connectsync.providers.clever import ContactType, PhoneType, Settings
from connectsync.providers.form import Value

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
COUNTRY = 13_318
"""The regular districts of the whole country."""

TYPES = frozenset([ContactType.PARENT_GUARDIAN])
RUNNING: Mapping[str, Value] = {
    **BLANK,
    "enable_daily_sync": True,
    "contact_types": frozenset(["Parent/Guardian", "Emergency"]),
    "phone_types": frozenset(["Cell"]),
    "deletion_threshold": 15,
    "permissions": frozenset(["Family Access"]),
}


@dataclass(frozen=True)
class Scene:
    """A district: what is wanted of it, what Connect holds, what was applied last."""

    key: str
    name: str
    group: str
    settings: Settings
    live: Mapping[str, Value] | ConnectError = field(default_factory=lambda: RUNNING)
    baseline: Mapping[str, Value] = field(default_factory=dict)
    profiles: tuple[str, ...] = ("clever-standard",)
    labels: frozenset[str] = frozenset()

    @property
    def wanted(self) -> PlannedDistrict:
        """Give it as planning does."""
        district = District(
            self.key,
            self.name,
            profiles=self.profiles,
            settings=self.settings,
            labels=self.labels,
        )
        return PlannedDistrict(district, f"districts/{self.group}{self.key}.yaml")

    @property
    def answer(self) -> Live | ConnectError:
        """Give what Connect answers."""
        if isinstance(self.live, ConnectError):
            return self.live
        return Live(self.key, "7-1f0c", self.live, NOW)


EVERYTHING = (
    Scene(
        "bay-usd",
        "Bay of São João Unified",
        "ca/",
        Settings(contact_types=TYPES, phone_types=frozenset([PhoneType.CELL])),
        labels=frozenset(["pilot"]),
    ),
    Scene(
        "dry-creek-isd",
        "Dry Creek Independent School District",
        "tx/",
        Settings(update_active_users=False, deletion_threshold=15),
        {**RUNNING, "update_active_users": True},
        {"update_active_users": False, "deletion_threshold": 15},
    ),
    Scene(
        "elm-grove-local",
        "Elm Grove Local School District",
        "oh/",
        Settings(deletion_threshold=20, manage_guardians=True),
        {**RUNNING, "deletion_threshold": 60},
        {"deletion_threshold": 15, "manage_guardians": True},
        ("clever-standard", "careful"),
    ),
    Scene(
        "far-away",
        "Far Away Elementary",
        "",
        Settings(),
        Unreachable("Connect did not answer for far-away", remedy="try again later"),
        profiles=(),
    ),
    Scene(
        "lakeview-usd",
        "Lakeview Unified School District",
        "ca/",
        Settings(enable_daily_sync=True, unarchive_classrooms=True),
        {**RUNNING, "enable_daily_sync": False},
    ),
    Scene("oak-usd", "Oak Unified", "ca/north/", Settings(manage_guardians=True)),
    Scene("pine-isd", "Pine", "tx/", Settings(manage_guardians=True)),
)
WAVES = Rollout((Wave("canary", labels=frozenset(["pilot"])),))


def everything(findings: ValidationReport | None = None) -> PlanReview:
    """Give a plan with each standing, each risk, two saves, a token, and guards."""
    return reviewed(
        EVERYTHING,
        WAVES,
        findings=found() if findings is None else findings,
        tokens=frozenset(["lakeview-usd"]),
        plan_file="plan.json",
    )


def one_change() -> PlanReview:
    """Give a plan of one change to the files, which leaves other things alone."""
    move = Movement("deletion_threshold", MovedBy.THEM, 15, 15, 60)
    left = (
        DistrictDrift("bay-usd", "districts/ca/bay-usd.yaml", (move,), applied=True),
        DistrictDrift("oak-usd", "districts/ca/oak-usd.yaml", (move,), applied=True),
        DistrictDrift("dim", "districts/dim.yaml", error="no answer"),
    )
    review = everything()
    plan = replace(
        review.plan, since="c0ffee" * 6 + "c0ff", left_alone=left, in_step=("pine-isd",)
    )
    return replace(review, plan=plan)


def country(count: int = COUNTRY) -> PlanReview:
    """Give a plan that changes most districts of a country, with findings."""
    files = {f"district-{number:05}": _file(number) for number in range(count)}
    planned = [_planned(number, files) for number in range(count)]
    changing = tuple(one for one in planned if one.saves)
    plan = Plan(
        created=NOW,
        tool="connectsync 1.2.3",
        backend="gateway https://connect.example.org",
        scope=(),
        fleet=count,
        districts=changing,
        in_step=tuple(one.district for one in planned if not one.saves),
        failed=(),
        guards=tuple(map(_guard, changing[::3])),
    )
    members = {
        one.district: Member(
            one.district,
            one.name,
            one.file,
            wave=("canary", "first", "rest")[number % 3] if one.saves else "",
            profiles=(f"profile-{number % 6}",),
        )
        for number, one in enumerate(planned)
    }
    findings = [_finding(number, file) for number, file in enumerate(files.values())]
    return PlanReview(
        plan,
        connect_page(),
        "districts",
        members,
        ("canary", "first", "rest"),
        ValidationReport(count, with_fingerprints(findings[::2])),
    )


def reviewed(
    scenes: Sequence[Scene],
    rollout: Rollout,
    *,
    findings: ValidationReport,
    tokens: frozenset[str] = frozenset(),
    plan_file: str = "",
) -> PlanReview:
    """Plan scenes, and put beside the plan what belongs to it."""
    wanted = [scene.wanted for scene in scenes]
    given = PlanContext(
        now=NOW,
        tool="connectsync 1.2.3",
        scope=(),
        fleet=len(scenes),
        policy=Policy(),
        baselines={
            scene.key: Baseline(scene.baseline, was_running=True) for scene in scenes
        },
    )
    outcomes = [
        plan_district(
            scene.wanted,
            scene.answer,
            given.baselines,
            set_token=scene.key in tokens,
        )
        for scene in scenes
    ]
    plan = Plan(
        created=NOW,
        tool=given.tool,
        backend="gateway https://connect.example.org",
        scope=(),
        fleet=given.fleet,
        districts=tuple(one for one in outcomes if isinstance(one, DistrictPlan)),
        in_step=tuple(one for one in outcomes if isinstance(one, str)),
        failed=tuple(one for one in outcomes if isinstance(one, NotPlanned)),
    )
    root = Path("/project")
    project = Project(
        root, root / "districts", root / ".connectsync", policy=Policy(rollout=rollout)
    )
    return plan_review(
        add_guards(plan, [want.district for want in wanted], given),
        wanted,
        project,
        findings=findings,
        plan_file=plan_file,
    )


def found() -> ValidationReport:
    """Give a finding of each severity, one of them in a profile, and an allowed one."""
    threshold = Finding(
        "threshold-raised",
        Severity.WARNING,
        "the threshold stays at 60 after the rollover",
        Place(
            "districts/oh/elm-grove-local.yaml",
            9,
            23,
            9,
            25,
            "60",
            "  deletion_threshold: 60",
        ),
        ("settings", "deletion_threshold"),
        "put it back to `20`",
    )
    shared = Finding(
        "self-selected",
        Severity.INFO,
        "contacts of relationship 'Self' are students",
        Place(
            "districts/_profiles/clever-standard.yaml",
            12,
            35,
            12,
            39,
            "Self",
            "  contact_relationships: [Parent, Self, Grandparent]",
        ),
        ("settings", "contact_relationships", 1),
        districts=("bay-usd", "oak-usd"),
    )
    home = Finding(
        "home-phone-for-texts",
        Severity.WARNING,
        "phone type 'Home' is never texted or called",
        Place(
            "districts/tx/pine-isd.yaml",
            8,
            16,
            8,
            22,
            "[Home]",
            "  phone_types: [Home]",
        ),
        ("settings", "phone_types"),
        "choose 'Cell'",
    )
    literal = Finding(
        "literal-secret",
        Severity.ERROR,
        "the token stands in the file",
        Place("districts/far-away.yaml", 5, 16, 5, 20, "****", "  oauth_token: ****"),
        ("credentials", "oauth_token"),
        "write a reference, such as `env:FAR_AWAY_TOKEN`",
    )
    reason = "Ranch country; the office calls by hand"
    return ValidationReport(
        8,
        with_fingerprints([threshold, shared, literal]),
        (AllowedFinding(home, reason, date(2027, 6, 30)),),
    )


_PLACES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "São Tomé")


def _file(number: int) -> str:
    return f"districts/state-{number * 7 % 51:02}/district-{number:05}.yaml"


def _planned(number: int, files: Mapping[str, str]) -> DistrictPlan:
    key = f"district-{number:05}"
    live: Mapping[str, Value] = {
        **RUNNING,
        "district_id": f"58da8a43cc70ab00{number:08x}",
        "contact_types": frozenset(["Parent/Guardian", "Emergency"][: 1 + number % 2]),
    }
    desired: Mapping[str, Value] = {
        "manage_guardians": number % 3 > 0,
        "contact_types": frozenset(["Parent/Guardian"]),
        "deletion_threshold": 10 + number % 3,
    }
    if number % 5 == 0:
        desired = {}
    changes = [
        change
        for name in desired
        for change in changes_of(name, live[name], desired[name])
    ]
    drift = Movement("deletion_threshold", MovedBy.THEM, 12, 12, 15)
    return DistrictPlan(
        district=key,
        name=f"District {number} of {_PLACES[number % len(_PLACES)]}",
        file=files[key],
        live_version=f"7-{number:04x}",
        read_at=NOW,
        live=live,
        desired=desired,
        saves=saves_for(changes, live),
        drift=(drift,) if number % 97 == 2 else (),
    )


def _guard(planned: DistrictPlan) -> GuardFinding:
    return GuardFinding(
        "guardians-cut-on-running-sync",
        Severity.ERROR,
        "contact_types loses 'Emergency' while the sync is running",
        district=planned.district,
        accept="disruptive",
    )


def _finding(number: int, file: str) -> Finding:
    line = f"  phone_types: [{'Home' if number % 3 else 'Work'}]"
    return Finding(
        "home-phone-for-texts",
        Severity.WARNING if number % 3 else Severity.INFO,
        "phone type 'Home' is never texted or called",
        Place(file, 8, 16, 8, 22, line[15:], line),
        ("settings", "phone_types"),
        "choose 'Cell', or allow this rule and say how families are reached",
    )
