"""What the gateway refuses, as our errors (problem+json, RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping

from connectsync.connect.names import setting_of
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    FormRefused,
    Unreachable,
    VersionMoved,
)
from connectsync.web.foreign import one_line

DISTRICT_NOT_FOUND = "urn:connectsync:problem:district-not-found"
FORM_REFUSED = "urn:connectsync:problem:form-refused"


def refusal(status: int, problem: Mapping[str, object], *, about: str) -> ConnectError:
    """
    Give the error for an answer with this status; ``about`` says what was asked.

    ``problem`` is empty where the answer had none. A status that any proxy sends is
    believed only with the contract's own problem type: a 404 from a wrong address
    does not mean that a district is gone.
    """
    why = f"{about}: {_said(status, problem)}"
    match status, problem.get("type"):
        case ((401 | 403), _):
            return CredentialsRefused(why)
        case 404, kind if kind == DISTRICT_NOT_FOUND:
            return DistrictNotFound(why)
        case 412, _:
            return VersionMoved(why)
        case 422, kind if kind == FORM_REFUSED:
            return FormRefused(f"{about}: {_fields(problem) or _said(status, problem)}")
        case _:
            return Unreachable(why)


def _said(status: int, problem: Mapping[str, object]) -> str:
    detail = problem.get("detail") or problem.get("title")
    spelled = one_line(detail) if isinstance(detail, str) else "no reason given"
    return f"{spelled} (status {status})"


def _fields(problem: Mapping[str, object]) -> str:
    errors = problem.get("errors")
    members = errors if isinstance(errors, list) else []
    return "; ".join(_field(error) for error in members if isinstance(error, dict))


def _field(error: Mapping[str, object]) -> str:
    name = setting_of(str(error.get("field", "a setting")))
    return f"{one_line(name)} {one_line(str(error.get('detail', 'is refused')))}"
