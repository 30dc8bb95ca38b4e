"""The page *What impact assumes*, from the assumptions of the model."""

from __future__ import annotations

from schema_pages import GENERATED, table

from connectsync.domain.impact import FEWEST, Assumption, Standing, assumptions

MEANINGS = {
    Standing.DOCUMENTED: "a public page says it.",
    Standing.INFERRED: "it follows from pages, or from rosters that were seen.",
    Standing.UNKNOWN: "it is published nowhere. It is named because it limits what the"
    " numbers say.",
}


ABOUT = (
    "`connectsync impact` counts on a real roster whom the settings of a district"
    " reach; [home phones for texts](../how-to/home-phones-for-texts.md) is one count"
    " from start to end. No page describes step by step how Connect's sync decides"
    " that, so the count rests on these assumptions. The report in JSON and the HTML"
    " page repeat them."
)

HIDDEN = (
    "Only numbers leave the count: no name, phone number, email or id of a person. A"
    " value outside Clever's lists is shown if it is a common word for a relationship"
    f" or a phone, or if at least {FEWEST} rows have it; others are counted together,"
    " since a column in the wrong place may hold names. Schools with fewer than"
    f" {FEWEST} students are counted together, too."
)


def assumptions_page() -> str:
    """Write the page."""
    rows = (
        (f"`{one.name}`", one.standing, one.sentence, _source(one))
        for one in assumptions()
    )
    told = "\n".join(f"- *{one}*: {MEANINGS[one]}" for one in Standing)
    sure = table(("Name", "How sure", "What is assumed", "Source"), rows)
    return f"""{GENERATED}

# What impact assumes

{ABOUT}

{told}

{sure}

## What is not shown

{HIDDEN}
"""


def _source(one: Assumption) -> str:
    named = filter(None, one.source.split(", "))
    return ", ".join(f"[{n}](../reference/sources.md#{n.lower()})" for n in named)
