"""The guards' figures, as the project file spells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectsync.config.building import days_of
from connectsync.config.hours import windows_of
from connectsync.config.waves import rollout_of
from connectsync.domain.policy import Approval, Freeze, Policy
from connectsync.domain.risk import Risk


def policy_of(data: Mapping[str, Any]) -> Policy:
    """
    Read what a project allows; every key has a default.

    A figure of a day that is not stated is that of a plan.
    """
    usual = Policy()
    guards = data.get("guards", {})
    districts = int(guards.get("max_districts", usual.max_districts))
    percent = int(guards.get("max_percent", usual.max_percent))
    hours = guards.get("max_live_age_hours")
    return Policy(
        max_districts=districts,
        max_percent=percent,
        max_live_age=timedelta(hours=hours) if hours else usual.max_live_age,
        max_districts_a_day=int(guards.get("max_districts_a_day", districts)),
        max_percent_a_day=int(guards.get("max_percent_a_day", percent)),
        freezes=_freezes(data),
        windows=windows_of(data.get("windows", ())),
        nightly_syncs=windows_of(data.get("nightly_sync", ())),
        rollout=rollout_of(data.get("rollout", {})),
        approval=_approval(data.get("approval", {})),
        unattended=Risk(data.get("reconcile", {}).get("at_most", usual.unattended)),
    )


def _freezes(data: Mapping[str, Any]) -> tuple[Freeze, ...]:
    entries, usual = data.get("freezes", ()), data.get("timezone", "UTC")
    return tuple(
        Freeze(days_of(entry), entry["reason"], entry.get("timezone", usual))
        for entry in entries
    )


def _approval(data: Mapping[str, Any]) -> Approval:
    usual = Approval()
    return Approval(
        names=int(data.get("names", usual.names)), at=Risk(data.get("at", usual.at))
    )
