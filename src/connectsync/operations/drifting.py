"""Drift: who moved what since we last applied, for every district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.settling import OpenSaves, with_what_arrived
from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baseline, Baselines, is_launched
from connectsync.domain.drift import DistrictDrift, movements
from connectsync.domain.live import Live
from connectsync.domain.plan import SWITCH
from connectsync.domain.settings import Form
from connectsync.domain.untouched import without
from connectsync.domain.values import is_same
from connectsync.errors import ConnectError
from connectsync.operations.compare import kept_on
from connectsync.operations.planning import Wanted


@dataclass(frozen=True, slots=True)
class Looked:
    """
    A district's drift, and the live form it was told from; None if unread.

    ``seen`` is what that proves: values that are as the file says, on a district that
    was applied before, and whether the nightly sync is on.
    """

    drift: DistrictDrift
    live: Live | None
    seen: BaselineUpdate | None = None


async def find_drift(
    wanted: Sequence[Wanted],
    reader: Reader,
    baselines: Baselines,
    open_saves: OpenSaves | None = None,
) -> tuple[Looked, ...]:
    """
    Compare baseline, desired and live of every wanted district, sorted by key.

    What arrived late of our own ``open_saves`` is no drift.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    ordered = sorted(wanted, key=lambda want: want.district.key)
    lives = await reader.read_many([want.district.key for want in ordered])
    known = with_what_arrived(baselines, open_saves or {}, lives)
    return tuple(_looked(want, lives[want.district.key], known) for want in ordered)


def _looked(want: Wanted, live: Live | ConnectError, baselines: Baselines) -> Looked:
    key = want.district.key
    if isinstance(live, ConnectError):
        return Looked(DistrictDrift(key, want.file, error=live.message), None)
    baseline = baselines.get(key, Baseline())
    desired = want.district.desired()
    kept = kept_on(want.district, live.form, baseline, desired)
    form = without(live.form, kept)
    moved = movements(baseline.form, desired, form)
    drift = DistrictDrift(key, want.file, moved, baseline.applied)
    launched = is_launched(want.district.facts, None)
    return Looked(drift, live, seen_of(desired, form, baseline, launched=launched))


def seen_of(
    desired: Form, live: Form, baseline: Baseline, *, launched: bool = False
) -> BaselineUpdate:
    """
    Say what a reading proves of a district, without a save.

    A district that was never applied stays one of which no edit can be told. One that
    is ``launched`` by its file is remembered so: the file may not say it for good.
    """
    same = {
        name: live[name]
        for name, value in desired.items()
        if name in live and is_same(name, live[name], value)
    }
    running = launched or live.get(SWITCH) is True
    return BaselineUpdate(same if baseline.applied else {}, running, merged=True)
