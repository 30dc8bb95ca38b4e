"""A click list as HTML and Markdown, to print and tick off."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.domain.wording import many
from connectsync.report.markdown import plain

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


def count_text(clicks: ClickList) -> str:
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


def click_list_html(clicks: ClickList) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    from connectsync.report.html import read_asset, render_template

    return render_template(
        "click_list",
        style=read_asset("click_list.css"),
        title=title(clicks),
        count=count_text(clicks),
        before_all=BEFORE_ALL,
        path=clicks.path,
        first=FIRST,
        districts=[
            {
                "name": one.name,
                "key": one.district,
                "saves": [list(with_effects(save)) for save in one.saves],
                "last": last_step(one),
            }
            for one in clicks.districts
        ],
        save_button=clicks.save,
        afterwards=AFTERWARDS,
        footing=footing(clicks),
    )


def click_list_markdown(clicks: ClickList) -> str:
    """Write the whole list; whatever came from elsewhere is inert text in it."""
    blocks = [
        f"# {title(clicks)}",
        f"{plain(count_text(clicks))} {BEFORE_ALL}",
        *(
            block
            for one in clicks.districts
            for block in _district_markdown(one, clicks)
        ),
        AFTERWARDS,
        "\n".join(f"- {plain(line)}" for line in footing(clicks)),
    ]
    return "\n\n".join(blocks) + "\n"


def _district_markdown(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
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
