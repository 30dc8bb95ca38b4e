"""All 13,318 regular districts of the country are listed and read in seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from connectsync.backends.embedded import open_reader
from connectsync.domain.live import Live
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol

COUNTRY = 13_318


def test_a_country_is_read_quickly_and_in_few_requests(tmp_path: Path) -> None:
    store = tmp_path / "connect.db"
    districts = [(f"district-{n:05}", f"District {n}") for n in range(COUNTRY)]
    assert enrol(store, reversed(districts)) == COUNTRY

    async def read() -> float:
        async with open_reader(create_app(store)) as reader:
            start = time.process_time()
            listed = await reader.list_districts()
            forms = await reader.read_many([district.key for district in listed])
            seconds = time.process_time() - start
        assert [(district.key, district.name) for district in listed] == districts
        assert all(isinstance(form, Live) for form in forms.values())
        assert len(forms) == COUNTRY
        return seconds

    # half a second of one core, whatever else the machine has to do; its caches suffer
    assert asyncio.run(read()) < 5
