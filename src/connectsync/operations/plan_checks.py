"""What a plan file must hold: this Connect, honest changes, the files of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectsync.domain.change import Change
from connectsync.domain.district import token_identity
from connectsync.domain.drift import Baselines
from connectsync.domain.live import ConnectKey
from connectsync.domain.plan import DistrictPlan, Plan, Save
from connectsync.domain.settings import BY_NAME, Form, is_same, spell
from connectsync.errors import DamagedPlan, StalePlan
from connectsync.operations.plan import PlannedDistrict, saves_of


def of_connect(plan: Plan, connect: ConnectKey, remedy: str | None = None) -> Plan:
    """
    Give a plan with the key of the Connect it was made on, however it was spelled.

    Raises ``StalePlan`` with the remedy if it was made on another one.
    """
    if not connect.means(plan.backend):
        raise StalePlan(
            f"the plan was made on {plan.backend}, and this is {connect.key}",
            remedy=remedy,
        )
    return replace(plan, backend=connect.key)


def insist_honest(plan: Plan, baselines: Baselines) -> None:
    """
    Refuse a plan whose saves are not those its own values call for.

    Someone who edits a plan can compute its digest again; what its files wanted and
    what Connect held must still explain every change. Raises ``DamagedPlan``.
    """
    seen: set[str] = set()
    for planned in plan.districts:
        if planned.district in seen:
            raise DamagedPlan(f"the plan holds {planned.district} twice")
        seen.add(planned.district)
        _insist_unknown(planned)
        if _changes(planned.saves) != _changes(saves_of(planned, baselines)):
            raise DamagedPlan(
                f"the plan's changes of {planned.district} are not those that its"
                " files and its live form call for"
            )


def _insist_unknown(planned: DistrictPlan) -> None:
    """Refuse labels that are said to be kept and that a file could have named."""
    for name, labels in planned.kept.items():
        desired, live = planned.desired.get(name), planned.live.get(name)
        strange: frozenset[str] = frozenset()
        if isinstance(desired, frozenset) and isinstance(live, frozenset):
            strange = live - desired - set(BY_NAME[name].labels)
        if not labels <= strange:
            raise DamagedPlan(
                f"the plan keeps {spell(labels)} in {name} of {planned.district},"
                " which is not there or which files can name"
            )


def _changes(saves: tuple[Save, ...]) -> list[list[Change]]:
    return [[planned.change for planned in save.changes] for save in saves]


def insist_same_files(plan: Plan, wanted: Sequence[PlannedDistrict]) -> None:
    """
    Refuse a plan whose districts' files say something else now.

    Of a plan of one change to the files, what it does not speak of may be otherwise.
    Raises ``StalePlan`` naming district, setting, old and new value.
    """
    desired = {want.district.key: want.district.desired() for want in wanted}
    moved = [
        f"{planned.district}: {sentence}"
        for planned in plan.districts
        for sentence in _moved_settings(
            planned.desired, desired.get(planned.district), whole=not plan.partial
        )
    ]
    if moved:
        raise StalePlan(
            "the files changed since the plan was made:",
            below=(f"  {one}" for one in moved),
        )


def insist_same_tokens(plan: Plan, wanted: Sequence[PlannedDistrict]) -> None:
    """
    Refuse a plan that may type a token which the district's file names otherwise now.

    Another reference is another roster, so it is not looked over where files are to be
    ignored. Raises ``StalePlan``, and ``DamagedPlan`` for a way back that types one.
    """
    named = {one.district.key: one.district.credentials.oauth_token for one in wanted}
    for one in plan.districts:
        now = named.get(one.district) or ""
        if not one.set_token and not one.token:
            continue
        if plan.rollback_of is not None:
            raise DamagedPlan(
                f"the plan takes a run back, and types a token on {one.district}"
            )
        if not one.token:
            raise StalePlan(
                f"the plan types a token on {one.district}, and does not say which: it"
                " is of an older version"
            )
        if token_identity(one.token) != token_identity(now):
            raise StalePlan(
                f"the token of {one.district} was {one.token} when the plan was made,"
                f" and is {now or 'named nowhere'} now"
            )


def _moved_settings(then: Form, now: Form | None, *, whole: bool) -> list[str]:
    if now is None:
        return ["its file is gone"]
    return [
        f"{name} was {_spell_setting(then, name)}, is now {_spell_setting(now, name)}"
        for name in BY_NAME
        if (whole or name in then) and not _is_same(then, now, name)
    ]


def _is_same(then: Form, now: Form, name: str) -> bool:
    if (name in then) != (name in now):
        return False
    return is_same(name, then.get(name), now.get(name))


def _spell_setting(form: Form, name: str) -> str:
    return spell(form[name]) if name in form else "not managed"
