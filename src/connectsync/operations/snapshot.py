"""Taking a snapshot: live settings of many districts into one value."""

from __future__ import annotations

from collections.abc import Sequence

from connectsync.backends.seam import Reader
from connectsync.domain.live import Live, Snapshot, SnapshotEntry
from connectsync.domain.settings import SETTINGS, Kind
from connectsync.domain.wording import many
from connectsync.errors import ConnectError, DistrictNotFound, Incomplete

OFFERING = tuple(
    setting.name for setting in SETTINGS if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""Settings that offer labels."""


async def take_snapshot(reader: Reader, keys: Sequence[str]) -> Snapshot:
    """
    Read the forms of these districts, of all if none is named.

    It is as old as the oldest reading in it. A district that cannot be read stands
    in ``unread``; labels that are not given are left out. Raises ``ConnectError``
    where nothing could be read at all.
    """
    names = {listed.key: listed.name for listed in await reader.list_districts()}
    wanted = sorted(set(keys)) or list(names)
    if not wanted:
        raise DistrictNotFound(
            f"there is no district on {reader.described}",
            remedy="check the backend, and what its credentials reach",
        )
    answers = await reader.read_many(wanted)
    lives = [answer for answer in answers.values() if isinstance(answer, Live)]
    failed = {key: one for key, one in answers.items() if not isinstance(one, Live)}
    if not lives:
        raise next(iter(failed.values()))
    return Snapshot(
        taken=min(live.read_at for live in lives),
        source=reader.described,
        entries=tuple(
            SnapshotEntry(names.get(live.key, live.key), live) for live in lives
        ),
        options=await _options(reader),
        unread={key: failed[key].message for key in sorted(failed)},
    )


def insist_whole(snapshot: Snapshot) -> None:
    """Refuse a snapshot that lacks districts. Raises ``Incomplete``, naming each."""
    if snapshot.unread:
        raise Incomplete(
            f"{many(len(snapshot.unread), 'district')} could not be read, so nothing"
            " was written:",
            below=(f"  {key}: {reason}" for key, reason in snapshot.unread.items()),
        )


async def _options(reader: Reader) -> dict[str, tuple[str, ...]]:
    options = {}
    for setting in OFFERING:
        try:
            options[setting] = await reader.options(setting)
        except ConnectError:
            continue
    return options
