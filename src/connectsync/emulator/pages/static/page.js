// Everything works without this; it gives menus the keys that people expect.
"use strict";

for (const menu of document.querySelectorAll("[role=menu][popover]")) {
  const openers = document.querySelectorAll(`[popovertarget="${menu.id}"]`);
  const items = () => [...menu.querySelectorAll("[role=menuitem][href]")];
  const tell = (open) => {
    for (const opener of openers) opener.setAttribute("aria-expanded", String(open));
  };
  tell(false);
  menu.addEventListener("beforetoggle", (event) => tell(event.newState === "open"));
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") items()[0]?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(document.activeElement);
    const next = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[next]?.focus();
    }
  });
}
