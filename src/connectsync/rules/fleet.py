"""Rules about the fleet: what files must not share, and profiles that do nothing."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping

from connectsync.domain.district import FleetMember, token_identity
from connectsync.domain.finding import Problem, Severity
from connectsync.domain.wording import fold_word
from connectsync.rules.engine import (
    FLEET,
    FleetOnDay,
    in_district,
    in_profile,
    join_words,
    quote_labels,
)

NAMED_AT_MOST = 3
"""How many other places a message names before it counts the rest."""


@FLEET.rule(Severity.ERROR, source="design", refused=True)
def district_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    The same district is described by two files.

    Plans and the journal identify a district by its key. With two files, either may
    win, and a change that was reviewed in one is undone by the other.

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
    for position, holders in _find_repeated(fleet, lambda district: district.key):
        yield Problem(
            in_district(position, "district"),
            f"district '{fleet.districts[position].key}' is also described by"
            f" {_others(fleet, position, holders)}",
            hint="remove one of the files, or give one district another key",
        )


@FLEET.rule(Severity.ERROR, source="C5", inferred=True, refused=True)
def district_id_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    Two districts have the same district_id.

    The id decides whose roster the sync reads. One of the two districts would read the
    other's roster: its own people would be archived, and strangers added instead.

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
    for position, holders in _find_repeated(fleet, _district_id):
        yield Problem(
            in_district(position, "credentials", "district_id"),
            f"the same district_id is in {_others(fleet, position, holders)}",
            hint="find out which district it belongs to, and ask Connect's support for"
            " the id of the other",
        )


@FLEET.rule(Severity.ERROR, source="C5", inferred=True)
def token_in_two_files(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    Two districts refer to the same token.

    A token gives access to the roster of one district. With the same reference, the
    sync of the other district fails or brings in the wrong students.

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
    for position, holders in _find_repeated(fleet, lambda one: _token(one, fleet.root)):
        yield Problem(
            in_district(position, "credentials", "oauth_token"),
            f"the same token reference is in {_others(fleet, position, holders)}",
            hint="keep one token for each district, each under its own name",
        )


@FLEET.rule(Severity.WARNING, source="design")
def two_spellings_of_a_label(fleet: FleetOnDay) -> Iterator[Problem]:
    """
    The same option for archived students is spelled in two ways.

    The page offers one spelling, and the other cannot be selected. Until the page is
    read it is not known which one is right, and districts with the wrong one keep their
    current option.

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
    places: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    for position, district in enumerate(fleet.districts):
        if (label := district.archived_students) is not None:
            places[label].append(position)
    spellings: defaultdict[str, dict[str, array[int]]] = defaultdict(dict)
    for label, positions in places.items():
        spellings[fold_word(label)][label] = positions
    for labels in spellings.values():
        for label in labels if len(labels) > 1 else ():
            yield from _find_misspelled(fleet, label, labels)


def _find_misspelled(
    fleet: FleetOnDay, label: str, labels: Mapping[str, array[int]]
) -> Iterator[Problem]:
    others = labels.keys() - {label}
    places = sorted(position for other in others for position in labels[other])
    where = _name_districts(fleet, places, len(places))
    for position in labels[label]:
        yield Problem(
            in_district(position, "settings", "archived_students"),
            f"'{label}' is spelled {quote_labels(others)} in {where}",
            hint="use the page's spelling in every file",
        )


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
    waiting = {profile for one in fleet.districts for profile in one.profiles}
    used: set[str] = set()
    while waiting:
        profile = waiting.pop()
        if profile not in used:
            used.add(profile)
            waiting.update(fleet.profiles.get(profile, ()))
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


def _district_id(district: FleetMember) -> str | None:
    """Give the id as Clever compares it: upper and lower case are the same."""
    stated = district.district_id
    return None if stated is None else stated.casefold()


def _token(district: FleetMember, root: str) -> tuple[str, ...] | None:
    """Give what a token reference means: two spellings of one are the same token."""
    stated = district.oauth_token
    return None if stated is None else token_identity(stated, root)


_PARTS = 16
"""Parts in which hashes are looked through for those that are there twice."""


def _find_repeated(
    fleet: FleetOnDay, value_of: Callable[[FleetMember], Hashable | None]
) -> Iterator[tuple[int, list[int]]]:
    """Give each district whose value others have too, with all that have it."""
    # as good as always no two are alike; values take ten times the memory of their
    # hashes, and a set of all hashes four times
    stated = [array("q") for _ in range(_PARTS)]
    for value in map(value_of, fleet.districts):
        if value is not None:
            number = hash(value)
            stated[number % _PARTS].append(number)
    if all(len(set(part)) == len(part) for part in stated):
        return
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for position, value in enumerate(map(value_of, fleet.districts)):
        if value is not None:
            holders[value].append(position)
    for positions in holders.values():
        if len(positions) > 1:
            yield from ((position, positions) for position in positions)


def _others(fleet: FleetOnDay, position: int, positions: list[int]) -> str:
    """Name the others; only a few, because a whole fleet may share a value."""
    few = positions[: NAMED_AT_MOST + 1]
    others = [other for other in few if other != position][:NAMED_AT_MOST]
    return _name_districts(fleet, others, len(positions) - 1)


def _name_districts(fleet: FleetOnDay, positions: list[int], count: int) -> str:
    names = [fleet.named(position) for position in positions[:NAMED_AT_MOST]]
    rest = count - len(names)
    return join_words([*names, f"{rest} more"] if rest else names)
