"""How a live form differs from what files want, setting by setting."""

from __future__ import annotations

from functools import lru_cache

from deepdiff import DeepDiff

from connectsync.domain.change import Change, changes_of
from connectsync.domain.settings import Form, form_spelled_as, labels_in
from connectsync.domain.settings import list_differing as in_form_order
from connectsync.providers.form import Value


def changes_between(live: Form, desired: Form) -> tuple[Change, ...]:
    """
    Give the changes that make the managed settings true, in the form's order.

    A setting that ``desired`` does not name is not managed: never compared. One that
    ``live`` does not name is unknown: never compared either.
    """
    return tuple(
        change
        for name in find_differing(live, desired)
        for change in changes_of(name, live.get(name), desired[name])
    )


def find_differing(live: Form, desired: Form) -> tuple[str, ...]:
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
    return _apart(_typed(held), _typed(wanted))


_Values = tuple[tuple[str, type, Value], ...]


def _typed(form: Form) -> _Values:
    # to Python 1 and true are the same
    return tuple((name, type(value), value) for name, value in form.items())


@lru_cache(maxsize=4096)
def _apart(held: _Values, wanted: _Values) -> tuple[str, ...]:
    """Ask DeepDiff once about what many districts have in common: it takes long."""
    one, other = ({name: value for name, _, value in form} for form in (held, wanted))
    keys = DeepDiff(one, other).affected_root_keys
    return tuple(name for name in one if name in keys)
