"""The budget of retries that everything of one run waits within."""

from __future__ import annotations

from connectsync.cli.session import Session
from connectsync.errors import Bug
from connectsync.web.patience import WithinBudget


def patience_of(session: Session) -> WithinBudget:
    """Give the run's budget; the first who asks begins it."""
    patience = session.shared.setdefault("patience", WithinBudget())
    if not isinstance(patience, WithinBudget):
        raise Bug("something else is kept where the budget of a run belongs")
    return patience
