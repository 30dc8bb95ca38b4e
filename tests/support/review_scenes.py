"""Plans to review: one of everything that can happen, and a whole country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from plan_scenes import BLANK

from connectsync.config.project import Project
from connectsync.domain.baseline import Baseline
from connectsync.domain.district import Credentials, District
from connectsync.domain.finding import Finding, Place, Severity
from connectsync.domain.live import Live
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan
from connectsync.domain.plan_review import PlanReview
from connectsync.domain.policy import Policy
from connectsync.domain.rollout import Rollout, Wave
from connectsync.domain.settings import (
    ContactType,
    PhoneType,
    Settings,
    StudentId,
    Value,
)
from connectsync.domain.validation import AllowedFinding, ValidationReport
from connectsync.errors import ConnectUnreachable
from connectsync.operations.planning import (
    Circumstances,
    Wanted,
    guarded,
    plan_district,
)
from connectsync.operations.reviewing import plan_review

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
RUNNING: Mapping[str, Value] = {**BLANK, "enable_daily_sync": True}
COUNTRY = 13_318
"""Districts of the whole country, in 51 folders."""
