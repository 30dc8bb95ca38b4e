"""Changes that districts share: each is told once, with its districts."""

from __future__ import annotations

from collections import defaultdict

from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange
from connectsync.domain.settings import SETTINGS
from connectsync.providers.form import Risk

TOKEN = "the OAuth token is typed"  # noqa: S105 - no token

SharedChange = PlannedChange | str
"""A change that districts may share; a text says that a token is typed."""


def shared_changes(plan: Plan) -> dict[SharedChange, list[str]]:
    """Give every change once, with its districts: by risk, then as on the form."""
    shared: dict[SharedChange, list[str]] = defaultdict(list)
    for planned in plan.districts:
        for one in planned.changes():
            shared[one].append(planned.district)
        if planned.set_token:
            shared[token_text(planned)].append(planned.district)
    return {kind: shared[kind] for kind in sorted(shared, key=_rank)}


def _rank(kind: SharedChange) -> tuple[int, int]:
    """Sort by risk, then as on the form; what ties stays as it was met."""
    if isinstance(kind, str):
        return (len(Risk), 0)
    return (_GRAVITY[kind.risk], _FORM.get(kind.change.setting, -1))


def token_text(planned: DistrictPlan) -> str:
    """Say that a token is typed, and where it is taken from."""
    whose = f"the OAuth token of {planned.token} is typed"
    return whose if planned.token else TOKEN


_GRAVITY = {Risk.DISRUPTIVE: 0, Risk.CAUTION: 1, Risk.SAFE: 2}
_FORM = {setting.name: place for place, setting in enumerate(SETTINGS)}
