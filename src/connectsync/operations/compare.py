"""What differs between what the files want and what Connect holds."""

from __future__ import annotations

from deepdiff import DeepDiff

from connectsync.domain.change import Change, changes_of
from connectsync.domain.settings import BY_NAME, Form


def changes_between(live: Form, desired: Form) -> tuple[Change, ...]:
    """
    Give the changes that make the managed settings true, in the form's order.

    A setting that ``desired`` does not name is not managed: never compared. Forms
    that are equal are told apart by Python; DeepDiff is asked only where they differ.
    """
    return tuple(
        change
        for name in differing(live, desired)
        for change in changes_of(name, live.get(name), desired[name])
    )


def differing(live: Form, desired: Form) -> tuple[str, ...]:
    """Name the settings of ``desired`` that ``live`` holds otherwise, in form order."""
    managed = {name: live.get(name) for name in desired}
    if managed == desired:
        return ()
    keys = DeepDiff(managed, dict(desired)).affected_root_keys
    return tuple(name for name in BY_NAME if name in keys)
