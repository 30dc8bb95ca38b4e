"""``doctor --record``: labels of the live page into the project file."""

from __future__ import annotations

from dataclasses import replace

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.project import Project
from connectsync.connect.seam import Reader
from connectsync.domain.checkup import Check, fail, ok
from connectsync.errors import ConnectsyncError
from connectsync.operations.recording import offered_labels, record

TOPIC = "options"


async def recorded(reader: Reader, project: Project) -> tuple[Check, Project]:
    """Write what is offered, and give the project as its file says it then."""
    try:
        offered = await offered_labels(reader)
        new = record(project.root, offered, project.options)
    except ConnectsyncError as error:
        return fail(TOPIC, error.message, error.remedy), project
    said = f"wrote {', '.join(new)} into" if new else "nothing new for"
    options = {**project.options, **offered}
    return ok(TOPIC, f"{said} {PROJECT_FILE}"), replace(project, options=options)
