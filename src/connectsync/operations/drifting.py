"""Drift: who moved what since we last applied, for every district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baseline, Baselines
from connectsync.domain.drift import DistrictDrift, movements
from connectsync.domain.live import Live
from connectsync.domain.untouched import without
from connectsync.errors import ConnectError
from connectsync.operations.compare import kept_on
from connectsync.operations.planning import Wanted


@dataclass(frozen=True, slots=True)
class Looked:
    """A district's drift, and the live form it was told from; None if unread."""

    drift: DistrictDrift
    live: Live | None


async def find_drift(
    wanted: Sequence[Wanted], reader: Reader, baselines: Baselines
) -> tuple[Looked, ...]:
    """
    Compare baseline, desired and live of every wanted district, sorted by key.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    ordered = sorted(wanted, key=lambda want: want.district.key)
    lives = await reader.read_many([want.district.key for want in ordered])
    return tuple(_looked(want, lives[want.district.key], baselines) for want in ordered)


def _looked(want: Wanted, live: Live | ConnectError, baselines: Baselines) -> Looked:
    key = want.district.key
    if isinstance(live, ConnectError):
        return Looked(DistrictDrift(key, want.file, error=live.message), None)
    baseline = baselines.get(key, Baseline())
    desired = want.district.desired()
    kept = kept_on(want.district, live.form, baseline, desired)
    moved = movements(baseline.form, desired, without(live.form, kept))
    return Looked(DistrictDrift(key, want.file, moved, key in baselines), live)
