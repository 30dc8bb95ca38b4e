"""Rules about the fleet: what must not be the same in two files, and leftovers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from connectsync.domain.district import District
from connectsync.domain.finding import Problem, Severity
from connectsync.domain.suggest import folded
from connectsync.rules.subjects import FLEET, FleetOnDay, in_district, in_profile
from connectsync.rules.wording import joined, quoted

NAMED_AT_MOST = 3
"""Other places that a message names before it counts the rest."""


@FLEET.rule(Severity.ERROR, source="design", refused=True)
def district_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    The same district is described by two files.

    Plans and the journal know a district by its key. With two files either may win,
    and a change reviewed in one is undone by the other.

    Bad:

        # districts/ca/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_CA_TOKEN

        # districts/tx/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:LAKEVIEW_TX_TOKEN

    Good:

        # districts/ca/lakeview-ca.yaml
        district: lakeview-ca
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_CA_TOKEN

        # districts/tx/lakeview-tx.yaml
        district: lakeview-tx
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:LAKEVIEW_TX_TOKEN
    """
    for position, others in _repeated(fleet, lambda district: district.key):
        yield Problem(
            in_district(position, "district"),
            f"district '{fleet.districts[position].key}' is also described by"
            f" {_named(fleet, others)}",
            hint="remove one file, or give one district another key",
        )


@FLEET.rule(Severity.ERROR, source="C5", inferred=True, refused=True)
def district_id_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    Two districts have the same district_id.

    The id decides whose roster the sync reads. One of the two districts would read the
    other's: its own people are archived, and strangers take their place.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:RIVERSIDE_TOKEN

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:RIVERSIDE_TOKEN
    """
    for position, others in _repeated(fleet, _district_id):
        yield Problem(
            in_district(position, "credentials", "district_id"),
            f"the same district_id stands in {_named(fleet, others)}",
            hint="find out whose it is, and ask Connect's support for the other",
        )


@FLEET.rule(Severity.ERROR, source="C5", inferred=True)
def token_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    Two districts refer to the same token.

    A token opens the roster of one district. With the same reference the sync of the
    other district fails, or brings it the wrong children.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:CLEVER_TOKEN

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:CLEVER_TOKEN

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:RIVERSIDE_TOKEN
    """
    for position, others in _repeated(fleet, lambda one: one.credentials.oauth_token):
        yield Problem(
            in_district(position, "credentials", "oauth_token"),
            f"the same token is referred to in {_named(fleet, others)}",
            hint="keep one token for each district, each under a name of its own",
        )


@FLEET.rule(Severity.WARNING, source="design")
def two_spellings_of_a_label(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    The same choice for archived students is spelled in two ways.

    The page offers one spelling and the other cannot be chosen. As long as the page
    was not read nobody knows which, and districts with the wrong one keep what they
    had.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        settings:
          archived_students: Keep archived

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:RIVERSIDE_TOKEN
        settings:
          archived_students: Keep Archived

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        settings:
          archived_students: Keep archived

        # districts/riverside-usd.yaml
        district: riverside-usd
        credentials:
          district_id: 4fd43cc56d11340000000005
          oauth_token: env:RIVERSIDE_TOKEN
        settings:
          archived_students: Keep archived
    """
    spellings: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for position, district in enumerate(fleet.districts):
        label = district.settings.archived_students
        if label is not None:
            spellings[folded(label)][label].append(position)
    for labels in spellings.values():
        for label, positions in labels.items():
            others = [position for other in labels.keys() - {label} for position in labels[other]]
            for position in positions if others else ():
                yield Problem(
                    in_district(position, "settings", "archived_students"),
                    f"'{label}' is spelled {quoted(labels.keys() - {label})} in"
                    f" {_named(fleet, sorted(others))}",
                    hint="look at the page, and spell it as it does everywhere",
                )


@FLEET.rule(Severity.INFO, source="design")
def unused_profile(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    No district builds on the profile.

    A profile that nobody uses looks as if it set something for families, and is kept
    up for nothing; or a district forgot to name it.

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


def _district_id(district: District) -> str | None:
    """Give the id as Clever compares it: its digits have no case."""
    stated = district.credentials.district_id
    return None if stated is None else stated.casefold()


def _repeated(
    fleet: FleetOnDay, value_of: Callable[[District], str | None]
) -> Iterator[tuple[int, list[int]]]:
    """Give each district whose value others have too, with the positions of those."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for position, district in enumerate(fleet.districts):
        value = value_of(district)
        if value is not None:
            holders[value].append(position)
    for positions in holders.values():
        if len(positions) > 1:
            for position in positions:
                yield position, [other for other in positions if other != position]


def _named(fleet: FleetOnDay, positions: list[int]) -> str:
    names = [fleet.named(position) for position in positions[:NAMED_AT_MOST]]
    rest = len(positions) - len(names)
    return joined([*names, f"{rest} more"] if rest else names)
