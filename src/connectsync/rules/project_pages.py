"""Pages on what the project file says about districts."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.WARNING, source="design")
def freeze_without_zone() -> None:
    """
    A freeze does not say in which time zone its days begin and end.

    Without a zone they are days in UTC: in the United States the last evening of the
    freeze is open, and the evening before it is closed. Files from before July 2027
    may leave the zone out; a later version will ask for it.

    Bad:

        # connectsync.yaml
        freezes:
          - {from: 2027-08-23, to: 2027-09-03, reason: First two weeks of school}

        # districts/lakeview-usd.yaml
        district: lakeview-usd

    Good:

        # connectsync.yaml
        timezone: America/Chicago
        freezes:
          - {from: 2027-08-23, to: 2027-09-03, reason: First two weeks of school}

        # districts/lakeview-usd.yaml
        district: lakeview-usd
    """


@READING.page(Severity.ERROR, source="design")
def wave_names_nobody() -> None:
    """
    A wave names a district that no file describes, or a label that no district has.

    A canary wave is there so that few districts meet a mistake first. A district whose
    name is misspelled would be left out of it, and all others would meet the mistake
    first.

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
