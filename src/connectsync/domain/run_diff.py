"""What two runs left behind, held against each other."""

from __future__ import annotations

from dataclasses import dataclass

from connectsync.domain.settings import Form, Value


@dataclass(frozen=True, slots=True)
class ConfirmedSave:
    """A save that was confirmed: its run, its district, the form before and after."""

    run: int
    district: str
    before: Form
    after: Form


@dataclass(frozen=True, slots=True)
class Known:
    """A value that the journal confirms."""

    value: Value


@dataclass(frozen=True, slots=True)
class SettingDiff:
    """A setting after the one run and after the other; None: no save tells it."""

    setting: str
    after_a: Known | None
    after_b: Known | None


@dataclass(frozen=True, slots=True)
class DistrictDiff:
    """
    A district that at least one of two runs saved.

    ``saved_by`` are the numbers of those that did; ``settings`` those that are not the
    same after both, in the order of the form.
    """

    district: str
    saved_by: tuple[int, ...]
    settings: tuple[SettingDiff, ...]


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs on one backend, and every district that they saved, by key."""

    run_a: int
    run_b: int
    backend: str
    districts: tuple[DistrictDiff, ...]

    @property
    def alike(self) -> int:
        """Count the districts that both saved, and that are the same after both."""
        return sum(len(one.saved_by) > 1 and not one.settings for one in self.districts)
