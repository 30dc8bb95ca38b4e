"""The controls of the form as a browser sees them, and the values they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.async_api import Locator

from connectsync.domain.page_map import Found

_STATES = """
all => all.map(one => {
  const told = one.getAttribute("aria-label");
  const labels = [...(one.labels || [])].map(label => label.innerText);
  return {
    name: told || labels.join(" ") || one.innerText || "",
    value: one.value ?? "",
    chosen: one.checked ?? one.getAttribute("aria-checked") === "true",
    disabled: one.matches(":disabled")
      || one.readOnly === true
      || one.closest("[inert], [aria-disabled=true], [aria-readonly=true]") !== null,
  };
})
"""

_OPTIONS = """
all => all.flatMap(one => [...(one.options || [])].map(option => ({
  name: option.label,
  value: option.value,
  chosen: option.selected,
  disabled: option.disabled,
})))
"""

_SAID = """
one => {
  const described = (one.getAttribute("aria-describedby") || "").split(/\\s+/);
  const controls = "input:not([type=hidden]), select, textarea";
  let around = one;
  while (around.parentElement?.querySelectorAll(controls).length === 1)
    around = around.parentElement;
  return [
    one.placeholder,
    one.title,
    one.getAttribute("aria-description"),
    ...described.map(id => id && document.getElementById(id)?.innerText),
    around.innerText,
  ].join("\\n");
}
"""
"""What is said of a control, in its own words or in what it stands in alone."""


@dataclass(frozen=True, slots=True)
class State:
    """A control, or an option of a drop-down, as it stands on the page."""

    name: str
    value: str
    chosen: bool
    disabled: bool


AMISS = {
    Found.MISSING: "is missing",
    Found.DOUBLED: "stands there more than once",
    Found.DISABLED: "is disabled",
}
"""How a sentence about a control goes on that cannot be used."""


def standing(found: Sequence[State]) -> Found:
    """Say whether what was found is one control that can be used."""
    if not found:
        return Found.MISSING
    if len(found) > 1:
        return Found.DOUBLED
    return Found.DISABLED if found[0].disabled else Found.THERE


async def states(found: Locator) -> list[State]:
    """Give the state of every control that is found, in the page's order."""
    return _read(await found.evaluate_all(_STATES))


async def options(drop_down: Locator) -> list[State]:
    """Give the options of a drop-down, in the page's order."""
    return _read(await drop_down.evaluate_all(_OPTIONS))


async def said_of(control: Locator) -> str:
    """Give whatever the page says of the one control that is found."""
    return str(await control.evaluate(_SAID))


def _read(found: Sequence[dict[str, object]]) -> list[State]:
    return [
        State(
            name=" ".join(str(one["name"]).split()),
            value=str(one["value"]),
            chosen=one["chosen"] is True,
            disabled=one["disabled"] is True,
        )
        for one in found
    ]
