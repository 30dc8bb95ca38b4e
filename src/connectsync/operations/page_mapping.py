"""The map of a page as checks: which labels are there, and what to do about others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectsync.connect.seam import Mapper, Reader
from connectsync.domain.checkup import Check, fail, ok
from connectsync.domain.page_map import Found, Spot
from connectsync.errors import ConnectError, PageChanged

TOPIC = "page"

_NOT_THERE = frozenset({Found.MISSING, Found.DOUBLED, Found.DISABLED})


async def page_checks(reader: Reader, lost: ConnectError | None = None) -> list[Check]:
    """
    Look at the page of a backend that has one; the others have no such checks.

    ``lost`` is why the districts could not be listed. Nothing is written.
    """
    nowhere = lost is not None and not isinstance(lost, PageChanged)
    if nowhere or not isinstance(reader, Mapper):
        return []
    try:
        return judge_map(await reader.page_map())
    except ConnectError as error:
        return [fail(TOPIC, error.message, error.remedy)]


def judge_map(spots: Sequence[Spot]) -> list[Check]:
    """Say how much of the page is as we know it, and what is amiss with the rest."""
    there = sum(spot.standing is Found.THERE for spot in spots)
    if there == len(spots):
        whole = ok(TOPIC, f"all {there} labels are there")
    else:
        unseen = sum(spot.standing is Found.NOT_REACHED for spot in spots)
        behind = f"; {unseen} could not be reached" if unseen else ""
        whole = fail(TOPIC, f"{there} of {len(spots)} labels are there{behind}")
    amiss = [_amiss(spot) for spot in spots if spot.standing in _NOT_THERE]
    return [replace(whole, spots=tuple(spots)), *amiss]


def _amiss(spot: Spot) -> Check:
    where = " > ".join(spot.path)
    match spot.standing:
        case Found.MISSING:
            said, remedy = (
                "is missing",
                (
                    f'if it only has another name, state it: labels: {{"{_key(spot)}":'
                    ' "what the page shows"} under backends.browser in connectsync.yaml'
                ),
            )
        case Found.DOUBLED:
            said, remedy = (
                "is there more than once",
                ("look at the page: it is not clear which one is meant"),
            )
        case _:
            said, remedy = (
                "is disabled",
                ("look at the page, as who `connectsync login` signed in"),
            )
    shown = f" (shown as '{spot.shown_as}')" if spot.shown_as else ""
    return fail(TOPIC, f"'{spot.label}'{shown} {said}: {where}", remedy)


def _key(spot: Spot) -> str:
    """Name a label so that no other is meant: a box by its group."""
    if spot.group:
        return f"{spot.group}: {spot.label}"
    return spot.label
