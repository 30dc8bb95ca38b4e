"""A page that spells its accents otherwise than files and overrides do."""

from __future__ import annotations

from browser_world import World

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.backends.names import CLICKS, SAVE, TOKEN_LABEL
from connectsync.domain.settings import Form
from connectsync.emulator.form import BLANK
from connectsync.emulator.http import Faults
from connectsync.emulator.seed import Seed, sow

ONE = "Évaluation"
APART = "E\N{COMBINING ACUTE ACCENT}valuation"


def test_a_page_is_filled_in_however_it_spells_its_accents(world: World) -> None:
    # what one district holds proves that the page offers it, and how it spells it
    oak = {**BLANK, "archivedStudents": APART, "permissions": [APART]}
    sow(world.store, [Seed("oak", "Oak (North)", oak)])
    labels = (*CLICKS, SAVE, TOKEN_LABEL, "Users Manager", "Permissions")
    shown = {label: f"{label} {APART}" for label in labels}

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        live = await reader.read("bay")
        desired: Form = {
            "archived_students": ONE,
            "permissions": frozenset({ONE, "Users Manager"}),
        }
        saved = await writer.save("bay", desired, expected_version=live.version)
        assert saved.form["archived_students"] == APART
        assert saved.form["permissions"] == frozenset({APART, "Users Manager"})

    stated = {label: f"{label} {ONE}" for label in labels}
    world.run(act, faults=Faults(renamed=shown), labels=stated)
    assert world.live("bay").form["archived_students"] == APART
