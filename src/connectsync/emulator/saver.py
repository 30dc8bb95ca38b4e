"""The one way to save: the gateway and the page both come through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connectsync.emulator import store
from connectsync.emulator.saving import Save, saved
from connectsync.emulator.weather import Dropped, Weather


@dataclass(frozen=True, slots=True)
class Saver:
    """Saves over one store, in whatever weather there is."""

    store: store.Store
    clock: Callable[[], datetime]
    weather: Weather

    def save(self, ask: Save) -> str:
        """
        Make a save and give the version the form then has.

        Raises ``Problem`` if nothing was saved, and ``Dropped`` if the save was made
        but must not be answered.
        """
        number = self.weather.next_save()
        if self.weather.edits_before(number):
            self._edited_by_a_person(ask.district)
        version = self._made(ask)
        if self.weather.drops_after(number):
            raise Dropped
        return version

    def _made(self, ask: Save) -> str:
        with self.store.writing() as connection:
            return saved(connection, ask, now=self.clock().timestamp())

    def _edited_by_a_person(self, district: str) -> None:
        with self.store.reading() as connection:
            row = store.find(connection, district)
        if row is not None:
            turned = {"unarchiveClassrooms": not row.form["unarchiveClassrooms"]}
            self._made(Save(district, self.weather.faults.edit or turned, None))
