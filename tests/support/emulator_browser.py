"""A browser without a screen, for the stand-in: it reads, fills and submits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
from starlette.applications import Starlette

ADDRESS = "http://emulator"
VOID = {"input", "meta", "link", "br", "circle"}


@dataclass
class Element:
    """An element of a page, with what it contains."""

    tag: str
    attributes: dict[str, str]
    content: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Go through everything inside, in the order of the page."""
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def has(self, *names: str) -> bool:
        return self.attributes.keys() >= set(names)

    @property
    def text(self) -> str:
        """Give the text inside, with its spaces as a reader sees them."""
        return " ".join(self._raw().split())

    def _raw(self) -> str:
        inside = "".join(
            part if isinstance(part, str) else part._raw()  # noqa: SLF001 - its own kind
            for part in self.content
        )
        return f" {inside} " if self.tag in {"p", "li", "div", "h1", "h2"} else inside

    @property
    def role(self) -> str:
        """Give the role that assistive technology, and a browser backend, sees."""
        kind = self.attributes.get("type", "text")
        implied = {
            "a": "link" if self.has("href") else "generic",
            "button": "button",
            "fieldset": "group",
            "select": "combobox",
            "option": "option",
            "h1": "heading",
            "ul": "list",
            "input": {"checkbox": "checkbox", "radio": "radio", "hidden": ""}.get(
                kind, "textbox"
            ),
        }
        return self.attributes.get("role") or implied.get(self.tag, "")

    def all(self, role: str, name: str | None = None) -> list[Element]:
        """Find what has a role and, if asked, an accessible name."""
        return [
            one
            for one in self
            if one.role == role and name in {None, self.name_of(one)}
        ]

    def one(self, role: str, name: str | None = None) -> Element:
        """Find the only one with a role and an accessible name."""
        (found,) = self.all(role, name)
        return found

    def name_of(self, element: Element) -> str:
        """Give the accessible name, from the label, the legend or the text."""
        if element.has("aria-label"):
            return element["aria-label"]
        if element.tag in {"input", "select"}:
            labels = [one for one in self if one.get("for") == element.get("id")]
            return labels[0].text if labels else ""
        if element.tag == "fieldset":
            return next(one.text for one in element if one.tag == "legend")
        return element.text

    def described(self, element: Element) -> str:
        """Give the accessible description."""
        ids = element.attributes.get("aria-describedby", "").split()
        by_id = {one["id"]: one.text for one in self if one.has("id")}
        return " ".join(by_id[each] for each in ids)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def parsed(html: str) -> Element:
    """Read a page; every element must be closed, in order."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    (root,) = parser.open
    return root


@dataclass
class Page:
    """A page that was answered."""

    response: httpx2.Response
    root: Element

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.url.raw_path.decode()

    def form(self, button: str) -> Filling:
        """Take the form that a button submits, as it is filled in."""
        for form in self.root:
            if form.tag == "form" and form.all("button", button):
                action = form.attributes.get("action", "")
                return Filling(urljoin(self.path, action), _successful(form))
        raise AssertionError(f"no form has a button {button!r}")


def _successful(form: Element) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for one in form:
        if not one.has("name") or one.has("disabled"):
            continue
        if one.tag == "select":
            chosen = [each for each in one if each.has("selected")]
            chosen = chosen or [each for each in one if each.tag == "option"][:1]
            values.setdefault(one["name"], []).extend(each["value"] for each in chosen)
        elif one.get("type") not in {"checkbox", "radio"} or one.has("checked"):
            values.setdefault(one["name"], []).append(one.get("value") or "")
    return values


@dataclass
class Filling:
    """What a form would submit now."""

    action: str
    values: dict[str, list[str]]

    def fill(self, **values: str) -> Filling:
        """Type over controls by their names."""
        return self.put(**{name: [value] for name, value in values.items()})

    def put(self, **values: list[str]) -> Filling:
        """Leave exactly these values of each name; an empty list submits nothing."""
        self.values |= values
        return self


@dataclass
class Browser:
    """A browser with its cookies."""

    app: Starlette
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, content: str = "", **headers: str
    ) -> httpx2.Response:
        """Make one request, and follow nothing."""
        spelled = {"Accept": "text/html"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            spelled["Cookie"] = "; ".join(pairs)
        request = httpx2.Request(
            method, ADDRESS + path, content=content.encode(), headers=spelled
        )
        response = asyncio.run(self._answered(request))
        self._keep(response)
        return response

    def open(self, path: str) -> Page:
        """Go to an address, and wherever it leads."""
        return self._followed(self.ask("GET", path))

    def submit(self, form: Filling) -> Page:
        """Submit a form, and go wherever it leads."""
        return self._followed(self.post(form))

    def post(self, form: Filling) -> httpx2.Response:
        """Submit a form, and follow nothing."""
        content = urlencode(form.values, doseq=True)
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", form.action, content, Content_Type=kind)

    def sign_in(self, email: str, password: str, path: str = "/") -> Page:
        """Sign in on the way to a page."""
        form = self.open(path).form("Sign in")
        return self.submit(form.fill(email=email, password=password))

    def _followed(self, response: httpx2.Response) -> Page:
        for _ in range(9):
            if response.status_code != 303:
                break
            where = urlsplit(response.headers["Location"])
            path = f"{where.path}?{where.query}" if where.query else where.path
            response = self.ask("GET", path)
        return Page(response, parsed(response.text))

    def _keep(self, response: httpx2.Response) -> None:
        for header in response.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0].strip('"')
            if "Max-Age=0" in header:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.send(request)
