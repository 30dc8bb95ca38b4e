"""The page *What impact assumes*, from the assumptions of the model."""

from __future__ import annotations

from schema_pages import GENERATED, table

from connectsync.domain.impact import Assumption, Standing, assumptions
from connectsync.domain.roster_words import FEWEST

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
    " value outside Clever's lists may be a name in the wrong column. So it is shown"
    " only if it is made of common words for kin and phones, or if at least"
    f" {FEWEST} rows have it and no word in it stands in any name, email, phone number"
    " or id of the same roster, of students, contacts and staff alike; where most"
    " contacts have no name to compare with, only the common words are shown. The"
    " others are counted together, as *may be of a person (not shown)*. A file with"
    " words to compare is read once more for its names. A school is named if it has"
    f" at least {FEWEST} students and its id is not made of the name or id of a"
    " person; the others are counted together, too."
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
