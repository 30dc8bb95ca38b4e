"""What the gateway refuses, as our errors (problem+json, RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping

from connectsync.connect.names import setting_of
from connectsync.domain.foreign_text import foreign_text, masked_secrets
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    FormRefused,
    Unreachable,
    VersionMoved,
)

DISTRICT_NOT_FOUND = "urn:connectsync:problem:district-not-found"
FORM_REFUSED = "urn:connectsync:problem:form-refused"


_FIELDS = 20
"""So many refused fields are told; a form has fewer."""


def without_secrets(error: ConnectError) -> ConnectError:
    """Give an error as it is, or with every quotation of a secret masked."""
    said = [error.sentence, *error.below, error.remedy]
    shown = [masked_secrets(one) for one in said]
    if shown == said:
        return error
    sentence, *below, remedy = shown
    return type(error)(sentence, below=below, remedy=remedy)


def refusal(
    status: int,
    problem: Mapping[str, object],
    *,
    about: str,
    secrets: tuple[str, ...] = (),
) -> ConnectError:
    """
    Give the error for an answer with this status; ``about`` says what was asked.

    ``problem`` is empty where the answer had none; ``secrets`` are what was sent, which
    is not quoted. A status that any proxy sends is
    believed only with the contract's own problem type: a 404 from a wrong address
    does not mean that a district is gone.
    """
    said = _said(status, problem, secrets)
    why = f"{about}: {said}"
    match status, problem.get("type"):
        case ((401 | 403), _):
            return CredentialsRefused(why)
        case 404, kind if kind == DISTRICT_NOT_FOUND:
            return DistrictNotFound(why)
        case 412, _:
            return VersionMoved(why)
        case 422, kind if kind == FORM_REFUSED:
            return FormRefused(f"{about}: {_fields(problem, secrets) or said}")
        case _:
            return Unreachable(why)


def _said(status: int, problem: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    detail = problem.get("detail") or problem.get("title")
    said = foreign_text(detail, secrets) if isinstance(detail, str) else ""
    return f"{said or 'no reason given'} (status {status})"


def _fields(problem: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    errors = problem.get("errors")
    members = errors[:_FIELDS] if isinstance(errors, list) else []
    named = (_field(error, secrets) for error in members if isinstance(error, dict))
    return "; ".join(named)


def _field(error: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    name = setting_of(str(error.get("field", "a setting")))
    why = str(error.get("detail", "is refused"))
    return f"{foreign_text(name, secrets)} {foreign_text(why, secrets)}"
