"""What a backend is put together from."""

from __future__ import annotations

from dataclasses import dataclass

from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.domain.district import District


@dataclass(frozen=True, slots=True)
class Setup:
    """
    The project and the districts in scope.

    ``argument`` is what stands behind the colon of ``--backend NAME:ARGUMENT``.
    """

    session: Session
    project: Project
    districts: tuple[District, ...]
    argument: str
