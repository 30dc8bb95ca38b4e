"""What a change to the files causes, for ``plan --changed-since``."""

from __future__ import annotations

from connectsync.cli.fleets import Scope
from connectsync.cli.session import Session
from connectsync.domain.since import Since
from connectsync.operations.causing import causes_of
from connectsync.operations.changed import changed_since
from connectsync.report.style import inert


def since_of(session: Session, scope: Scope, revision: str | None) -> Since | None:
    """
    Give what the files cause since a revision; None where none was named.

    Raises ``UsageError`` if git or the revision is not there.
    """
    if revision is None:
        return None
    project = scope.project
    compared = changed_since(project.root, revision, session.environment)
    causes = causes_of(project, compared, scope.wanted)
    for file in causes.unclear:
        session.terminal.complain(
            f"{inert(file)} could not be read as it was at {compared.base[:12]}:"
            " all that it says counts as changed"
        )
    return causes.since
