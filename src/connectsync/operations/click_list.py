"""A plan as clicks: each change as the page's own control."""

from __future__ import annotations

from connectsync.backends.names import PAGE_PATH, SAVE, TOKEN_LABEL, setting_named
from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import BY_NAME, Add, Change, Remove, Set, spell
from connectsync.providers.form import Kind, Risk

TICKED, NOT_TICKED = "ticked", "not ticked"

PASTE_TOKEN = Click(
    control=TOKEN_LABEL,
    option="",
    verb="paste the token into",
    before="(not compared)",
    after="(the district's token, from where you keep it)",
    risk=Risk.CAUTION,
    effect="With a wrong token no sync goes through.",
)
"""What a person does about a token that was asked for; it is in no list."""


def click_list(plan: Plan) -> ClickList:
    """Say what a person clicks on to make a plan true, in the plan's order."""
    return ClickList(
        plan=plan_digest(plan),
        backend=plan.backend,
        created=plan.created,
        path=PAGE_PATH,
        save=SAVE,
        districts=tuple(map(_district, plan.districts)),
    )


def _district(planned: DistrictPlan) -> DistrictClicks:
    return DistrictClicks(
        district=planned.district,
        name=planned.name,
        file=planned.file,
        read_at=planned.read_at,
        saves=tuple(map(_clicks, planned.saves)),
    )


def _clicks(save: Save) -> tuple[Click, ...]:
    clicks = tuple(map(click_of, save.changes))
    return (*clicks, PASTE_TOKEN) if save.set_token else clicks


def click_of(planned: PlannedChange) -> Click:
    """Say what a person does on the page to make one change."""
    change = planned.change
    option, verb, before, after = wording(change)
    return Click(
        control=setting_named(change.setting).page_label,
        option=option,
        verb=verb,
        before=before,
        after=after,
        risk=planned.risk,
        effect=planned.effect,
    )


def wording(change: Change) -> tuple[str, str, str, str]:
    """Give the box among several if it is one, what to do, and old and new."""
    match change:
        case Add(_, label):
            return label, "tick", NOT_TICKED, TICKED
        case Remove(_, label):
            return label, "untick", TICKED, NOT_TICKED
        case Set(setting, before, after):
            verb = _verb(BY_NAME[setting].kind, on=after is True)
            if isinstance(after, bool):
                return "", verb, _box(ticked=before is True), _box(ticked=after)
            return "", verb, spell(before), spell(after)


def _verb(kind: Kind, *, on: bool) -> str:
    match kind:
        case Kind.BOX:
            return "tick" if on else "untick"
        case Kind.CHOICE:
            return "choose"
        case Kind.TEXT | Kind.PERCENT:
            return "fill in"
        case Kind.BOXES:
            return "tick exactly"


def _box(*, ticked: bool) -> str:
    return TICKED if ticked else NOT_TICKED
