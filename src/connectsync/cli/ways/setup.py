"""What a backend is put together from."""

from __future__ import annotations

from dataclasses import dataclass

from connectsync.cli.references import district_token
from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.connect.snapshot import Confirm
from connectsync.domain.district import District
from connectsync.domain.settings import Form
from connectsync.errors import NotConfirmed


def nobody(key: str, desired: Form) -> str:
    """Confirm nothing: there is nobody to ask."""
    del desired
    raise NotConfirmed(f"it is not confirmed that {key!r} was saved by hand")


@dataclass(frozen=True, slots=True)
class Setup:
    """
    The project and the districts in scope.

    ``argument`` is what stands behind the colon of ``--backend NAME:ARGUMENT``;
    ``confirm`` asks a person, where it is a person who presses Save.
    """

    session: Session
    project: Project
    districts: tuple[District, ...]
    argument: str
    confirm: Confirm = nobody

    def token(self, key: str) -> str | None:
        """
        Find a district's token; None where its file names no reference.

        Raises ``ProjectError`` if the reference gives nothing here.
        """
        for district in self.districts:
            if district.key == key and (stated := district.credentials.oauth_token):
                environment = self.session.environment
                return district_token(
                    stated, project=self.project, environment=environment
                )
        return None
