"""The drop-down at the top of every page, and the list of districts behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from playwright.async_api import Locator

from connectsync.backends.browser.controls import ask_all, cut_text, texts
from connectsync.backends.browser.tab import Tab, control_problem, plain
from connectsync.backends.browser.website import name_pattern, pattern_of
from connectsync.backends.names import (
    DAILY_SYNC,
    DISTRICT_HOME,
    DOTS,
    DROP_DOWN,
    GROUP_OF_BOXES,
    NEXT,
    SEARCH,
    SEARCH_BOX,
    SIS_ROSTERING,
)
from connectsync.domain.live import ListedDistrict
from connectsync.domain.settings import compose_accents, is_same_label
from connectsync.errors import DistrictNotFound, PageChanged
from connectsync.values import dataclass, field

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_ENTRY = re.compile(r"(?P<lead>.*?): (?P<name>.*) \((?P<key>[^ ()]+)\)")
_TOTAL = re.compile(r"of ([0-9][0-9,]*) districts?\Z")
_ALL = re.compile(r"^All [0-9][0-9,]* districts$")

DISTRICTS = "Districts"

MOST = 100_000
"""More districts than there are in the country: a list of more does not end."""

LONGEST = 12
"""So many digits of a number of districts are read."""


USUAL = 10
"""A page of a list that is worth more time brings so many new districts at least."""

_UNSEEN = re.compile("[\u200b\u00ad]")
"""What no one sees in a name."""

_PARTS = re.compile("[/?#&=;]")


@dataclass(frozen=True, slots=True)
class AskedDistrict:
    """
    The district that was asked for, and what a page may call it, in one spelling.

    ``others`` are districts that a page may call the same, by key.
    """

    listed: ListedDistrict
    spellings: frozenset[str]
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Give its key."""
        return self.listed.key

    def is_meant(self, named: frozenset[str], address: str) -> bool:
        """Say whether no other district can be meant by a name, at an address."""
        if not any(named & spellings for spellings in self.others.values()):
            return True
        # the key in the address of a page tells them apart, where it is there alone
        parts = address_parts(address)
        return self.key in parts and set(parts).isdisjoint(self.others)


def address_parts(address: str) -> list[str]:
    """Give the words of an address, any of which may be the key of a district."""
    return [unquote(part) for part in _PARTS.split(address)]


def page_names(district: ListedDistrict) -> frozenset[str]:
    """Give what a page may call a district, in one spelling: with its key, or not."""
    named = (district.name, f"{district.name} ({district.key})")
    return frozenset(map(_folded, named))


def _folded(text: str) -> str:
    # a style may show names in capitals
    return plain(compose_accents(_UNSEEN.sub("", text)).casefold())


def _told(shown: Sequence[str]) -> str:
    return repr(cut_text(", ".join(shown)))


_SHOWN = """
all => all.map(one => {
  const told = name => Element.prototype.getAttribute.call(one, name) || "";
  const role = told("role").split(/\\s+/).find(
    word => word === "menuitem" || word === "button");
  const named = one.labels instanceof NodeList ? [...one.labels] : [];
  const labels = named.map(label => label.innerText);
  return [role === "menuitem",
    told("aria-label") || labels.join(" ") || one.innerText || "",
    one.innerText ?? ""];
})
"""
"""Of buttons and entries of a menu which they are, their name, and their text."""


class DistrictPicker:
    """The way to a district: by the menu, or by the search where it is not listed."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._home = tab.labels.shown(DISTRICT_HOME)
        label = tab.labels.shown(DROP_DOWN)
        name = re.compile(rf"^{pattern_of(label)}: ")
        self._lead = re.compile(rf"^{pattern_of(label)}: ", re.IGNORECASE)
        self.button = tab.page.get_by_role("button", name=name)
        self._menu = tab.page.get_by_role("menu", name=name_pattern(label), exact=True)

    async def go_to(self, key: str) -> Sequence[ListedDistrict]:
        """
        Select a district's home page; give what was listed on the way, with it.

        Raises ``DistrictNotFound``, ``PageChanged`` and other ``ConnectError``.
        """
        menu = await self._opened()
        items = menu.get_by_role("menuitem")
        shown = await texts(items)
        listed = self._entries(shown, DROP_DOWN)
        if any(one.key == key for one in listed):
            await self._follow(items, key, DROP_DOWN)
            return listed
        if await self._to_search(menu):
            return [*listed, *await self._search(key)]
        self._insist_whole(shown)
        raise _not_listed(key)

    async def all(self) -> tuple[ListedDistrict, ...]:
        """
        Give every district that is listed, sorted by key.

        Raises ``PageChanged`` if not every one of them can be read.
        """
        menu = await self._opened()
        if await self._to_search(menu):
            listed = await self._every_page()
        else:
            shown = await texts(menu.get_by_role("menuitem"))
            listed = self._entries(shown, DROP_DOWN)
            self._insist_whole(shown)
        by_key = {one.key: one for one in listed}
        if len(by_key) != len(listed):
            raise _home_problem(DROP_DOWN, "lists one district twice")
        return tuple(by_key[key] for key in sorted(by_key))

    async def opened(self) -> None:
        """Open the menu; which of several buttons opens it does not matter."""
        if not await self._menu.is_visible():
            await self._tab.press(self.button.first, f"'{DROP_DOWN}'", "start")

    async def instead(self, asked: AskedDistrict) -> str:
        """
        Say how the page does not show the district that was asked for.

        Empty where it does: then the drop-down names it, and nothing else names
        another. Else the rest of a sentence that begins with the page.
        """
        shown, current = await self._shown()
        if not shown:
            return f"does not say which district it shows: '{DROP_DOWN}' is missing"
        named = frozenset(_folded(self._lead.sub("", name)) for name in shown)
        if not named <= asked.spellings:
            return f"shows {_told(shown)}"
        if current - {asked.key}:
            return f"shows the district {_told(sorted(current))}"
        if current or asked.is_meant(named, self._tab.page.url):
            return ""
        return "does not say by its key which of the districts of that name it shows"

    async def _shown(self) -> tuple[list[str], frozenset[str]]:
        """
        Give what the drop-down is called, and which entries are the current one.

        Of a menu that marks some, the keys of these. Both are looked at at once.
        """
        items = self._tab.page.get_by_role("menuitem", include_hidden=True)
        marked = self._tab.page.locator("[aria-current]:not([aria-current=false])")
        found = await ask_all(
            self.button.or_(items.and_(marked)), _SHOWN, bool, str, str, exact=True
        )
        names = [plain(name) for is_item, name, _ in found if not is_item]
        entries = (
            _ENTRY.fullmatch(plain(text)) for is_item, _, text in found if is_item
        )
        return names, frozenset(entry["key"] for entry in entries if entry)

    async def any_home(self) -> Locator:
        """Find what leads to the first district that is listed, however odd it is."""
        items = self._menu.get_by_role("menuitem")
        await self._tab.standing(items)
        shown = await texts(items)
        entries = (_ENTRY.fullmatch(plain(text)) for text in shown)
        keys = [entry["key"] for entry in entries if entry]
        return self._leading_to(items, keys[0] if keys else "")

    async def _opened(self) -> Locator:
        await self._tab.the_only(self.button, f"'{DROP_DOWN}'", "start")
        await self.opened()
        return await self._tab.the_only(self._menu, f"'{DROP_DOWN}'", "start")

    def _entries(self, shown: Iterable[str], page: str) -> list[ListedDistrict]:
        """Read the districts of a menu or list; an empty one is not believed."""
        listed = []
        for text in shown:
            entry = _ENTRY.fullmatch(plain(text))
            if entry is None or not KEY.fullmatch(entry["key"]):
                continue
            if not is_same_label(entry["lead"], self._home):
                raise _home_problem(page, f"is called '{cut_text(entry['lead'])}'")
            listed.append(ListedDistrict(entry["key"], entry["name"]))
        if not listed:
            raise _home_problem(page, "is missing")
        return listed

    def _insist_whole(self, shown: Iterable[str]) -> None:
        """Refuse a menu with an item that may lead to more districts."""
        for text in shown:
            spelled = plain(text)
            if not _ENTRY.fullmatch(spelled):
                raise PageChanged(
                    f"the menu '{DROP_DOWN}' holds '{cut_text(spelled)}', and it is not"
                    " known whether more districts stand behind it"
                )

    async def _follow(self, among: Locator, key: str, page: str) -> None:
        one = self._leading_to(among, key)
        control = f"'{DISTRICT_HOME}'"
        one = await self._tab.the_only(one, control, page)
        await self._tab.follow(one, control, page)

    def _leading_to(self, among: Locator, key: str) -> Locator:
        lead, end = pattern_of(self._home), re.escape(key)
        text = re.compile(rf"^\s*{lead}:[\s\S]*\({end}\)\s*$")
        return among.filter(has_text=text)

    async def _to_search(self, menu: Locator) -> bool:
        every = menu.get_by_role("menuitem", name=_ALL)
        if not await every.count():
            return False
        await self._tab.follow(every, "'All districts'", DROP_DOWN)
        return True

    async def _search(self, key: str) -> Sequence[ListedDistrict]:
        tab = self._tab
        box = tab.page.get_by_role("searchbox", name=SEARCH_BOX, exact=True)
        box = await tab.the_only(box, f"'{SEARCH_BOX}'", DISTRICTS)
        button = tab.page.get_by_role("button", name=SEARCH, exact=True)
        button = await tab.the_only(button, f"'{SEARCH}'", DISTRICTS)
        await tab.type_into(box, key, f"'{SEARCH_BOX}'", DISTRICTS)
        await tab.follow(button, f"'{SEARCH}'", DISTRICTS)
        # read once: a list that grows with every page would have no end
        total, looked = await self._total(), 0
        seen = dict[str, ListedDistrict]()
        while looked < total:
            listed, fresh = await self._one_page(seen)
            if key in seen:
                await self._follow(self._links(), key, DISTRICTS)
                return list(seen.values())
            looked += listed
            if not await self._turned(fresh):
                break
        raise _not_listed(key)

    async def _every_page(self) -> Sequence[ListedDistrict]:
        total, seen = await self._total(), dict[str, ListedDistrict]()
        while True:
            listed, fresh = await self._one_page(seen)
            if fresh != listed:
                raise _home_problem(DISTRICTS, "lists one district twice")
            # a list that does not end is not followed to its end
            if len(seen) > total or not await self._turned(fresh):
                break
        if len(seen) != total:
            raise PageChanged(
                f"the page '{DISTRICTS}' speaks of {total} districts,"
                f" but lists {len(seen)}"
            )
        return list(seen.values())

    async def _one_page(self, seen: dict[str, ListedDistrict]) -> tuple[int, int]:
        """Add a page of the list to what was seen; count its entries, and new ones."""
        listed = self._entries(await texts(self._links()), DISTRICTS)
        before = len(seen)
        seen.update((one.key, one) for one in listed)
        return len(listed), len(seen) - before

    def _links(self) -> Locator:
        page = self._tab.page
        return page.get_by_role("main").get_by_role("listitem").get_by_role("link")

    async def _total(self) -> int:
        """Give how many districts were found."""
        status = self._tab.page.get_by_role("status")
        status = await self._tab.the_only(status, "'1 to n of n'", DISTRICTS)
        found = _TOTAL.search(plain(await status.inner_text()))
        total = int(found[1].replace(",", "")[:LONGEST]) if found else 0
        if total > MOST:
            raise PageChanged(
                f"the page '{DISTRICTS}' speaks of {total:,} districts,"
                f" which is more than the {MOST:,} that are read"
            )
        return total

    async def _turned(self, fresh: int) -> bool:
        """Go to the next page, if any; ``fresh`` is how many the last one added."""
        following = self._tab.page.get_by_role("link", name=NEXT, exact=True)
        if not await following.count():
            return False
        if fresh >= USUAL:
            self._tab.take_more_time()
        await self._tab.follow(following, f"'{NEXT}'", DISTRICTS)
        return True


def _home_problem(page: str, why: str) -> PageChanged:
    return control_problem(f"'{DISTRICT_HOME}'", page, why)


def _not_listed(key: str) -> DistrictNotFound:
    return DistrictNotFound(f"district {key!r} is not among those that Connect lists")


class DistrictHome:
    """The District Home Page, with the three dots."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        role, shown = tab.page.get_by_role, tab.labels.shown
        self.dots = role("button", name=name_pattern(shown(DOTS)), exact=True)
        self.settings = role(
            "menuitem", name=name_pattern(shown(GROUP_OF_BOXES)), exact=True
        )

    async def to_settings(self) -> None:
        """Click on the dots, and select the settings."""
        tab = self._tab
        dots, item = f"'{DOTS}'", f"'{GROUP_OF_BOXES}'"
        found = await tab.the_only(self.dots, dots, DISTRICT_HOME)
        await tab.press(found, dots, DISTRICT_HOME)
        found = await tab.the_only(self.settings, item, DISTRICT_HOME)
        await tab.follow(found, item, DISTRICT_HOME)


class SettingsPage:
    """The settings, at whose end is the rostering."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.rostering = _link(tab, SIS_ROSTERING)

    async def to_rostering(self) -> None:
        """Click on SIS Rostering."""
        tab, control = self._tab, f"'{SIS_ROSTERING}'"
        link = await tab.the_only(self.rostering, control, GROUP_OF_BOXES)
        await tab.follow(link, control, GROUP_OF_BOXES)


class RosteringPage:
    """SIS Rostering, with the way to the form."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.daily_sync = _link(tab, DAILY_SYNC)

    async def to_daily_sync(self) -> None:
        """Click on District-Level Daily Sync."""
        tab, control = self._tab, f"'{DAILY_SYNC}'"
        link = await tab.the_only(self.daily_sync, control, SIS_ROSTERING)
        await tab.follow(link, control, SIS_ROSTERING)


def _link(tab: Tab, label: str) -> Locator:
    return tab.page.get_by_role(
        "link", name=name_pattern(tab.labels.shown(label)), exact=True
    )
