"""The form refuses by itself what Connect's form refuses."""

from __future__ import annotations

from itertools import product

import pytest

from connectsync.emulator.form import (
    BLANK,
    BOX_GROUPS,
    BOXES,
    OPTIONS,
    in_page_order,
    refusals,
    token_refusal,
)


def refused(**change: object) -> list[str]:
    return [refusal.field for refusal in refusals({**BLANK, **change}, OPTIONS)]


def test_the_blank_form_is_accepted() -> None:
    assert refused() == []
    assert in_page_order(BLANK, OPTIONS) == BLANK


def test_boxes_take_true_and_false_in_every_combination() -> None:
    for ticked in product((False, True), repeat=len(BOXES)):
        assert refused(**dict(zip(BOXES, ticked, strict=True))) == []


@pytest.mark.parametrize("group", BOX_GROUPS)
def test_a_group_takes_its_labels_each_once(group: str) -> None:
    labels = [option.label for option in OPTIONS[group]]
    everything = [group] if group == "phoneTypes" else []
    assert refused(**{group: labels}) == everything
    for label in labels:
        assert refused(**{group: [label]}) == []
        assert refused(**{group: [label, label]}) == [group]
        assert refused(**{group: label}) == [group]
        assert refused(**{group: [label.upper() + "!"]}) == [group]
    others: list[object] = [None, True, {}, [None], [[]], [{}], [0]]
    for other in others:
        assert refused(**{group: other}) == [group]


@pytest.mark.parametrize("percent", [None, 0, 1, 20.0, 50, 100])
def test_a_threshold_is_a_percentage_or_empty(percent: float | None) -> None:
    assert refused(deletionThreshold=percent) == []


@pytest.mark.parametrize("percent", [-1, 101, 20.5, "20", True, False, [], ""])
def test_anything_else_is_no_threshold(percent: object) -> None:
    assert refused(deletionThreshold=percent) == ["deletionThreshold"]


@pytest.mark.parametrize("text", ["", "58da8a43cc70ab00017a1a87", "é 東京 🏫"])
def test_a_district_id_is_any_text(text: str) -> None:
    assert refused(districtId=text) == []
    assert token_refusal(text) is None


@pytest.mark.parametrize("text", [None, 5, True, [], "half \ud83c"])
def test_what_is_not_text_is_no_district_id(text: object) -> None:
    assert refused(districtId=text) == ["districtId"]
    assert token_refusal(text) is not None


def test_a_field_left_out_is_refused_like_a_wrong_one() -> None:
    for name in BLANK:
        form = {other: value for other, value in BLANK.items() if other != name}
        found = [refusal.field for refusal in refusals(form, OPTIONS)]
        assert found == ([] if name == "deletionThreshold" else [name])
