"""The parts of the schema files that repeat what the provider's form says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from connectsync.domain.settings import BY_NAME, LABELED, SETTINGS
from connectsync.providers.clever import Settings
from connectsync.providers.form import Kind, Setting

FOLDER = Path(__file__).resolve().parents[2] / "schema"
GATEWAY = "gateway.openapi.yaml"

_WIDTH = 120
_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.CHOICE: "string",
    Kind.BOX: "boolean",
    Kind.BOXES: "array",
    Kind.PERCENT: "integer",
}
_HELD: Mapping[Kind, str] = {
    Kind.TEXT: "{}; empty if none is filled in.",
    Kind.CHOICE: "{}: the label chosen, as the page spells it.",
    Kind.BOX: "{}: whether the box is ticked.",
    Kind.BOXES: "{}: the ticked labels.",
    Kind.PERCENT: "{} in percent; null where the page shows it empty.",
}
_KINDS_OF_JSON: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.CHOICE: {"type": "string", "minLength": 1},
    Kind.BOX: {"type": "boolean"},
    Kind.BOXES: {"$ref": "#/$defs/labels"},
    Kind.PERCENT: {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
}

Part = dict[str, Any]


def schema_files() -> dict[str, str]:
    """Give every schema file as it must be, by its name."""
    files = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    return {
        name: gateway(text) if name == GATEWAY else written(current(json.loads(text)))
        for name, text in files.items()
    }


def current(schema: Any, path: tuple[str, ...] = ()) -> Any:
    """Give a schema with each part that repeats the form as the form is."""
    if isinstance(schema, dict):
        for end, make in _PARTS.items():
            if path[-len(end) :] == end and _repeats_the_form(schema):
                return make(schema)
        return {key: current(part, (*path, key)) for key, part in schema.items()}
    return (
        [current(part, (*path, "[]")) for part in schema]
        if (isinstance(schema, list))
        else schema
    )


def _repeats_the_form(part: Part) -> bool:
    names = (part.get("properties", ()), part.get("enum", ()))
    labels = part.get("items", {}).get("x-labels", ())
    return any("phone_types" in one for one in names) or bool(labels)


def _in_files(part: Part) -> Part:
    # in the order in which `fmt` writes them, which is older than the form's own
    names = (field.name for field in fields(Settings))
    return {**part, "properties": {name: stated_as(BY_NAME[name]) for name in names}}


def stated_as(setting: Setting) -> Part:
    """Give what a district or profile file may state for a setting."""
    ends = "," if setting.about.startswith("in percent") else ":"
    between = ends if setting.about[:1].islower() else "."
    part: Part = {
        "title": setting.page_label,
        "description": f"{setting.page_label}{between} {setting.about}",
        "type": [_TYPES[setting.kind], "null"],
    }
    checks = {"x-rule": dict(setting.checks)} if setting.checks else {}
    match setting.kind:
        case Kind.BOXES:
            part |= {"uniqueItems": True, "items": _label(setting)} | checks
        case Kind.PERCENT:
            part |= {"minimum": 0, "maximum": 100} | checks
        case Kind.CHOICE:
            labels = {"x-labels": list(setting.labels)} if setting.labels else {}
            part |= {"minLength": 1} | labels | checks
        case _:
            part |= checks
    return part | ({} if setting.example is None else {"examples": [setting.example]})


def _label(setting: Setting) -> Part:
    return {
        "description": setting.label_about,
        "type": "string",
        "minLength": 1,
        "x-labels": list(setting.labels),
        "x-rule": {"minLength": "unknown-label"},
    }


def _shared(name: str) -> Callable[[Part], Part]:
    (setting,) = (one for one in SETTINGS if one.name == name)
    return lambda part: {**part, "items": _label(setting)}


def _in_plan(part: Part) -> Part:
    return {
        **part,
        "properties": {
            one.name: {"$ref": "#/$defs/value", "description": one.held}
            for one in SETTINGS
        },
    }


def _kept(part: Part) -> Part:
    return {
        **part,
        "properties": {
            one.name: {
                "$ref": "#/$defs/labels",
                "description": f"Labels of {one.name} that stay ticked.",
            }
            for one in SETTINGS
            if one.kind is Kind.BOXES
        },
    }


def _name(part: Part) -> Part:
    return {**part, "enum": [one.name for one in SETTINGS]}


def _options(make: Callable[[Part, Setting], Part]) -> Callable[[Part], Part]:
    def made(part: Part) -> Part:
        first = next(iter(part["properties"].values()))
        labeled = (one for one in SETTINGS if one.name in LABELED)
        return {**part, "properties": {one.name: make(first, one) for one in labeled}}

    return made


def _recorded(first: Part, setting: Setting) -> Part:
    said = f"The labels of `{setting.page_label}`, exactly as your page shows them."
    return {**first, "description": said}


def _offered(first: Part, setting: Setting) -> Part:
    return {**first, "description": f"What {setting.page_label} offered."}


def _in_snapshot(part: Part) -> Part:
    return {
        **part,
        "required": [one.name for one in SETTINGS if one.first],
        "properties": {
            one.name: {
                "description": _HELD[one.kind].format(one.page_label),
                **_KINDS_OF_JSON[one.kind],
            }
            for one in SETTINGS
        },
    }


def _any_options(part: Part) -> Part:
    recorded = "items" in next(iter(part["properties"].values()))
    return _options(_recorded if recorded else _offered)(part)


_PARTS: Mapping[tuple[str, ...], Callable[[Part], Part]] = {
    ("clever_shares", "properties", "contact_types"): _shared("contact_types"),
    ("clever_shares", "properties", "contact_relationships"): _shared(
        "contact_relationships"
    ),
    ("$defs", "settings"): _in_snapshot,
    ("properties", "live"): _in_plan,
    ("properties", "desired"): _in_plan,
    ("properties", "kept"): _kept,
    ("properties", "setting"): _name,
    ("properties", "options"): _any_options,
    ("properties", "settings"): _in_files,
}
"""What makes a part anew, by the end of its path."""


def written(data: Any) -> str:
    """Write JSON: what is short on one line, everything else one member a line."""
    return "\n".join(_lines(data, "")) + "\n"


def _lines(data: Any, indent: str, before: str = "", after: str = "") -> Iterator[str]:
    line = f"{indent}{before}{json.dumps(data, ensure_ascii=False)}{after}"
    nested = isinstance(data, dict | list)
    if not nested or (_is_flat(data) and len(line) <= _WIDTH) or not data:
        yield line
        return
    opening, closing = ("{", "}") if isinstance(data, dict) else ("[", "]")
    yield f"{indent}{before}{opening}"
    items = (
        list(data.items()) if isinstance(data, dict) else [("", one) for one in data]
    )
    for number, (key, part) in enumerate(items, start=1):
        named = f"{json.dumps(key)}: " if isinstance(data, dict) else ""
        yield from _lines(part, indent + "  ", named, "," * (number < len(items)))
    yield f"{indent}{closing}{after}"


def _is_flat(data: Any) -> bool:
    if isinstance(data, dict):
        return len(data) == 1 and not isinstance(next(iter(data.values())), dict | list)
    return not any(isinstance(one, dict | list) for one in data)


# — the gateway's contract, which is YAML with texts of its own —


def gateway(text: str) -> str:
    """Give the contract of the gateway with each list of settings as the form is."""
    whole = [(one.gateway_name, _component(one)) for one in SETTINGS]
    token = ("districtOauthToken", "DistrictOauthToken")
    required = "".join(
        f"        - {one.gateway_name}\n" for one in SETTINGS if one.first
    )
    text = _replaced(text, "    Settings:\n", "      required:\n", required)
    text = _replaced(text, "    Settings:\n", "      properties:\n", _references(whole))
    to_save = _references([whole[0], token, *whole[1:]])
    text = _replaced(text, "    SettingsToSave:\n", "      properties:\n", to_save)
    labeled = (one for one in SETTINGS if one.name in LABELED)
    names = "".join(f"        - {one.gateway_name}\n" for one in labeled)
    text = _replaced(text, "    SettingWithOptions:\n", "      enum:\n", names)
    for setting in SETTINGS:
        if f"    {_component(setting)}:\n" not in text:
            text = text.replace(
                "    Labels:\n", f"{_described(setting)}\n    Labels:\n", 1
            )
        text = _named(text, setting)
    return text


def _named(text: str, setting: Setting) -> str:
    """Put the label of the page into what is said of a setting, between asterisks."""
    head, key, rest = text.partition(f"    {_component(setting)}:\n")
    return head + key + re.sub(r"\*[^*]+\*", f"*{setting.page_label}*", rest, count=1)


def _component(setting: Setting) -> str:
    return setting.gateway_name[0].upper() + setting.gateway_name[1:]


def _references(components: list[tuple[str, str]]) -> str:
    return "".join(
        f'        {name}:\n          $ref: "#/components/schemas/{component}"\n'
        for name, component in components
    )


def _replaced(text: str, below: str, after: str, lines: str) -> str:
    """Put other lines below a key of a component, up to the next key beside it."""
    start = text.index(after, text.index(below)) + len(after)
    rest = re.search(r"^ {0,6}\S|^$", text[start:], re.MULTILINE)
    return text[:start] + lines + text[start + (rest.start() if rest else 0) :]


def _described(setting: Setting) -> str:
    kind = {
        Kind.TEXT: "      type: string\n",
        Kind.CHOICE: "      type: string\n      minLength: 1\n",
        Kind.BOX: "      type: boolean\n",
        Kind.BOXES: '      $ref: "#/components/schemas/Labels"\n',
        Kind.PERCENT: '      type: [integer, "null"]\n'
        "      minimum: 0\n      maximum: 100\n",
    }[setting.kind]
    said = json.dumps(f"*{setting.page_label}*.", ensure_ascii=False)
    return f"    {_component(setting)}:\n      description: {said}\n{kind}"
