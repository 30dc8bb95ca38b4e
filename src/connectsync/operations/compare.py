"""What differs between what the files want and what Connect holds."""

from __future__ import annotations

from deepdiff import DeepDiff

from connectsync.domain import values
from connectsync.domain.change import Change, changes_of
from connectsync.domain.settings import Form


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
    names = values.differing(live, desired)
    if not names:
        return ()
    # forms that are equal are told by Python; DeepDiff is asked where they differ
    held = {name: live[name] for name in names}
    keys = DeepDiff(held, {name: desired[name] for name in names}).affected_root_keys
    return tuple(name for name in names if name in keys)
