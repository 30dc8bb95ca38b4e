"""A pass with nobody there, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connectsync.domain.reconciled import Fared, Fate, Reason, Reconciled


def reconcile_json(made: Reconciled, status: int) -> str:
    """Give the pass as JSON, in the shape of ``schema/reconcile.schema.json``."""
    data = {
        "schema": 1,
        "at": made.at.isoformat(),
        "backend": made.backend,
        "at_most": made.at_most.value,
        "dry_run": made.dry_run,
        "status": status,
        "run": made.run,
        "changes": made.changes,
        "summary": {_key(fate): made.counts[fate] for fate in Fate},
        "reasons": _reasons(made.reasons),
        "districts": [_district(one) for one in made.districts],
    }
    return json.dumps(data, indent=2) + "\n"


def _district(one: Fared) -> dict[str, Any]:
    return {
        "district": one.district,
        "file": one.file,
        "fate": _key(one.fate),
        "changes": one.changes,
        "reasons": _reasons(one.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"why": one.why.value, "message": one.message} for one in reasons]


def _key(fate: Fate) -> str:
    return fate.value.replace(" ", "_")
