"""A District ID in hexadecimal digits has no case, wherever values are compared."""

from __future__ import annotations

from connectsync.domain.drift import caused_changes, movements
from connectsync.domain.settings import is_same, list_differing
from connectsync.operations.plan import changes_between

SMALL = {"district_id": "58da8a43cc70ab00017a1a87"}
LARGE = {"district_id": "58DA8A43CC70AB00017A1A87"}


def test_an_id_in_capitals_is_no_other_roster() -> None:
    assert changes_between(SMALL, LARGE) == ()
    assert list_differing(SMALL, LARGE) == ()
    assert movements(SMALL, LARGE, SMALL) == ()
    assert movements(LARGE, SMALL, LARGE) == ()
    assert caused_changes(SMALL, LARGE) == {}


def test_another_text_in_capitals_is_another_value() -> None:
    assert not is_same("district_id", "elm-grove", "ELM-GROVE")
    assert not is_same("archived_students", "abc", "ABC")
