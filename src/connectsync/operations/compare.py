"""What differs between what the files want and what Connect holds."""

from __future__ import annotations

from collections.abc import Sequence

from deepdiff import DeepDiff

from connectsync.domain.baseline import Baseline
from connectsync.domain.change import Add, Change, changes_of
from connectsync.domain.district import District
from connectsync.domain.labels import form_spelled_as, labels_in
from connectsync.domain.settings import Form
from connectsync.domain.untouched import KeptLabels, kept_labels, unpublished
from connectsync.domain.values import differing as in_form_order
from connectsync.domain.values import spell


def changes_between(live: Form, desired: Form) -> tuple[Change, ...]:
    """
    Give the changes that make the managed settings true, in the form's order.

    A setting that ``desired`` does not name is not managed: never compared. One that
    ``live`` does not name is unknown: never compared either.
    """
    return tuple(
        change
        for name in differing(live, desired)
        for change in changes_of(name, live.get(name), desired[name])
    )


def differing(live: Form, desired: Form) -> tuple[str, ...]:
    """Name the settings of ``desired`` that ``live`` holds otherwise, in form order."""
    names = in_form_order(live, desired)
    if not names:
        return ()
    # forms that are equal are told by Python; DeepDiff is asked where they differ
    held = {name: live[name] for name in names}
    wanted = form_spelled_as(
        {name: desired[name] for name in names},
        {name: labels_in(value) for name, value in held.items()},
    )
    keys = DeepDiff(held, wanted).affected_root_keys
    return tuple(name for name in names if name in keys)


def kept_on(
    district: District, live: Form, baseline: Baseline, desired: Form
) -> dict[str, frozenset[str]]:
    """Give the ticked labels of a district that its files do not know, by setting."""
    known = district.named | unpublished(
        {name: baseline.form[name] for name in desired if name in baseline.form}
    )
    return kept_labels(live, desired, known)


def crowded_out(
    kept: KeptLabels, desired: Form, changes: Sequence[Change]
) -> tuple[str, str] | None:
    """Say why a type is not ticked beside one that stays, where one is the most."""
    name = "phone_types"
    if name not in kept or not any(
        isinstance(one, Add) and one.setting == name for one in changes
    ):
        return None
    message = (
        f"{name} holds {spell(kept[name])} on Connect, which the files do not know and"
        f" which is kept, so {spell(desired[name])} cannot be ticked beside it: with"
        " Clever the form takes one phone type"
    )
    remedy = (
        "record the labels with `connectsync doctor --record`, then name the one that"
        " is meant in the file; or untick it on Connect"
    )
    return message, remedy
