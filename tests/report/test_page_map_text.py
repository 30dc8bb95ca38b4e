"""The map of a page is a line a label, indented by where it stands."""

from __future__ import annotations

from connectsync.cli.doctor import doctor_text
from connectsync.domain.live import Check, CheckStatus, LabelStatus, PageSpot

LONG = "Allow the sync to update contact details of active users"
CLICKS = ("Drop-down", "Settings", "Daily Sync")
SPOTS = (
    *(PageSpot(CLICKS[:end], LabelStatus.THERE, clicked=True) for end in (1, 2, 3)),
    PageSpot((*CLICKS, "Settings"), LabelStatus.DOUBLED),
    PageSpot((*CLICKS, "Settings", LONG), LabelStatus.THERE, group="Settings"),
    PageSpot(
        (*CLICKS, "Settings", "Sync"),
        LabelStatus.THERE,
        "\x1b[31m" + "N" * 70,
        "Settings",
    ),
    PageSpot((*CLICKS, "Contact Types"), LabelStatus.MISSING),
    PageSpot(
        (*CLICKS, "Contact Types", "Other"),
        LabelStatus.NOT_REACHED,
        group="Contact Types",
    ),
    PageSpot((*CLICKS, "Save"), LabelStatus.DISABLED),
)


def shown(*, colour: bool = False) -> str:
    check = Check("page", CheckStatus.ERROR, "5 of 9 labels are there", "", SPOTS)
    return doctor_text([check], colour=colour, width=80)


def test_the_map_stands_below_its_check() -> None:
    assert (
        shown()
        == f"""\
error    page  5 of 9 labels are there
  found        Drop-down
  found        > Settings
  found        > Daily Sync
  duplicate      Settings
  found            {LONG}
  found            Sync (shown as
                     '\\x1b[31m{"N" * 70}')
  missing        Contact Types
  not reached      Other
  disabled       Save

1 error
"""
    )


def test_the_longest_label_fits_a_small_terminal() -> None:
    (line,) = (line for line in shown().splitlines() if LONG in line)
    assert len(line) <= 80


def test_what_is_amiss_is_told_by_word_and_by_colour() -> None:
    coloured = shown(colour=True).splitlines()
    missing = next(line for line in coloured if "missing" in line)
    found = next(line for line in coloured if "found" in line)
    assert missing.startswith("  \x1b[1;91mmissing")
    assert found.startswith("  \x1b[32mfound")
