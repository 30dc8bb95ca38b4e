"""Pages on what the project file says of districts."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def wave_names_nobody() -> None:
    """
    A wave names a district that no file describes, or a label that no district has.

    A canary is there to meet a mistake first. One whose name is misspelled is silently
    left out, and the first to meet the mistake is everybody else.

    Bad:

        # connectsync.yaml
        rollout:
          waves:
            - {name: canary, districts: [lakevew-usd]}

        # districts/lakeview-usd.yaml
        district: lakeview-usd

    Good:

        # connectsync.yaml
        rollout:
          waves:
            - {name: canary, districts: [lakeview-usd]}

        # districts/lakeview-usd.yaml
        district: lakeview-usd
    """
