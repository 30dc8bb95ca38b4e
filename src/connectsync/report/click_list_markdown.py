"""A click list in Markdown, for a ticket or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.click_list import Click, ClickList, DistrictClicks
from connectsync.report.click_words import (
    AFTERWARDS,
    BEFORE_ALL,
    FIRST,
    counted,
    footing,
    last_step,
    title,
    with_effects,
)
from connectsync.report.markdown import plain


def click_list_markdown(clicks: ClickList) -> str:
    """Write the whole list; whatever came from elsewhere is inert text in it."""
    blocks = [
        f"# {title(clicks)}",
        f"{plain(counted(clicks))} {BEFORE_ALL}",
        *(block for one in clicks.districts for block in _district(one, clicks)),
        AFTERWARDS,
        "\n".join(f"- {plain(line)}" for line in footing(clicks)),
    ]
    return "\n\n".join(blocks) + "\n"


def _district(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
    yield f"## {plain(one.name)} ({plain(one.district)})"
    yield f"Go to {' > '.join(f'**{plain(step)}**' for step in clicks.path)}"
    for number, save in enumerate(one.saves, 1):
        if len(one.saves) > 1:
            yield f"### Save {number} of {len(one.saves)}"
        steps = [FIRST] if number == 1 else []
        steps += [_click(click, effect) for click, effect in with_effects(save)]
        steps.append(f"click **{plain(clicks.save)}**")
        steps += [last_step(one)] if number == len(one.saves) else []
        yield "\n".join(f"- [ ] {step}" for step in steps)


def _click(click: Click, effect: str) -> str:
    control = f"**{plain(click.control)}**"
    if click.option:
        control += f" > **{plain(click.option)}**"
    old, new = plain(click.before), plain(click.after)
    does = f": {plain(effect)}" if effect else ""
    verb, risk = plain(click.verb), click.risk.value
    return f"{verb} {control}: {old} → **{new}**\\\n  {risk}{does}"
