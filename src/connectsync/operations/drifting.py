"""Drift: who moved what since we last applied, for every district."""

from __future__ import annotations

from collections.abc import Sequence

from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baseline, Baselines
from connectsync.domain.drift import DistrictDrift, movements
from connectsync.domain.live import Live
from connectsync.operations.planning import Wanted


async def find_drift(
    wanted: Sequence[Wanted], reader: Reader, baselines: Baselines
) -> tuple[DistrictDrift, ...]:
    """
    Compare baseline, desired and live of every wanted district, sorted by key.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    ordered = sorted(wanted, key=lambda want: want.district.key)
    lives = await reader.read_many([want.district.key for want in ordered])
    drifts = []
    for want in ordered:
        key, live = want.district.key, lives[want.district.key]
        if isinstance(live, Live):
            baseline = baselines.get(key, Baseline())
            moved = movements(baseline.form, want.district.desired(), live.form)
            drifts.append(DistrictDrift(key, want.file, moved, key in baselines))
        else:
            drifts.append(DistrictDrift(key, want.file, error=live.message))
    return tuple(drifts)
