"""Where runs are killed: a fleet, a Connect on sockets, and a store of a kind."""

from __future__ import annotations

import json
import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from console import Console, Said
from crashing import COUNTED, STRUCK
from fleets_of import STATE, Fleet, Made, planned_saves
from processes import Ended, Machine, Running
from served_connect import ServedConnect, served

from connectsync.apply.journal import Settled
from connectsync.apply.store.archive import Archive
from connectsync.apply.store.database import Address, at_url, in_file
from connectsync.apply.store.opening import open_store
from connectsync.apply.store.store import Store
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import read_plan
from connectsync.domain.settings import Form

FLEET = (
    Made(
        "alder", {}, {"unarchive_classrooms": True, "deletion_threshold": 15}
    ),
    # two saves: the switch goes off in one of its own, and first
    Made(
        "birch",
        {"enableDailySync": True, "enable_daily_sync": True},
        {"enable_daily_sync": False, "permissions": ["Users Manager"]},
    ),
    Made("cedar", {}, {"student_id": "STUDENT NUMBER", "phone_types": ["Work"]}),
    Made("dogwood", {}, {"manage_guardians": True}),
)
"""Three districts to save, and one that is in step all along."""

ACCEPTED = ("--accept", "disruptive=9")
