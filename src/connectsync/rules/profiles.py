"""Rules about profiles: what is left over, and what takes nothing back."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Problem, Severity
from connectsync.rules.subjects import FLEET, FleetOnDay, in_profile


@FLEET.rule(Severity.INFO, source="design")
def unused_profile(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    No district builds on the profile.

    An unused profile looks as if it sets something for families, but it does not. Or a
    district should name it and does not.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd

        # districts/_profiles/clever-standard.yaml
        settings:
          manage_guardians: true

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: clever-standard

        # districts/_profiles/clever-standard.yaml
        settings:
          manage_guardians: true
    """
    waiting = [profile for one in fleet.districts for profile in one.profiles]
    used: set[str] = set()
    while waiting:
        profile = waiting.pop()
        if profile not in used:
            used.add(profile)
            waiting.extend(fleet.profiles.get(profile, ()))
    for profile in sorted(fleet.profiles.keys() - used):
        yield Problem(
            in_profile(profile),
            f"no district builds on profile '{profile}'",
            hint="remove the file, or name it in a district's profile",
        )


@FLEET.rule(Severity.INFO, source="design")
def null_takes_nothing_back(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    A null in a profile takes nothing back: no profile below it sets the value.

    Null undoes what an earlier profile sets. If there is nothing to undo, another
    profile may be missing below this one, or no file manages the setting at all.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: rural

        # districts/_profiles/rural.yaml
        settings:
          phone_types: null

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: [clever-standard, rural]

        # districts/_profiles/clever-standard.yaml
        settings:
          phone_types: [Cell]

        # districts/_profiles/rural.yaml
        settings:
          phone_types: null
    """
    for stem, section, key in fleet.idle_nulls:
        yield Problem(
            in_profile(stem, section, key),
            f"null takes nothing back: no profile below '{stem}' states '{key}'",
            hint="take the line out, or name the profile that it is to undo first",
            on_key=True,
        )
