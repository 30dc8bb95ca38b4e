"""The sentences of a click list, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.click_list import Click, ClickList, DistrictClicks
from connectsync.domain.counting import many

BEFORE_ALL = (
    "Work from top to bottom, and change nothing else on the form. If the page shows"
    " another value than the old one here, stop: do not save, and ask for a new list."
)

FIRST = "it is this district, and every control below shows the old value"

AFTERWARDS = (
    "Then say which districts are done: answer the questions of `apply`, or call"
    " `connectsync apply PLAN --confirmed DISTRICT` with the plan beside this list."
)


def title(clicks: ClickList) -> str:
    """Give the heading of the whole list."""
    return f"Click list of {clicks.created:%Y-%m-%d}"


def counted(clicks: ClickList) -> str:
    """Say how much there is to do."""
    districts, controls = len(clicks.districts), clicks.clicks
    return f"{many(controls, 'change')} on {many(districts, 'district')}."


def last_step(one: DistrictClicks) -> str:
    """Ask for the read-back that a person does."""
    saves = "both saves" if len(one.saves) > 1 else "it"
    return f"open the form again: it shows the new values, so {saves} went through"


def with_effects(save: tuple[Click, ...]) -> Iterator[tuple[Click, str]]:
    """Give each click with what it does to people, said once of several alike."""
    said = ""
    for click in save:
        yield click, "" if click.effect == said else click.effect
        said = click.effect


def footing(clicks: ClickList) -> tuple[str, ...]:
    """Say what the list rests on."""
    oldest = min((one.read_at for one in clicks.districts), default=clicks.created)
    return (
        f"Plan {clicks.plan}",
        f"Live settings of {clicks.backend}, as of {oldest:%Y-%m-%d %H:%M %Z}",
    )
