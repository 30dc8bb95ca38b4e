"""The reference page of the gateway, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from schema_pages import found, json_kind, link_to, page, table, told

from connectsync.config.schemas import schema_text

Part = Mapping[str, Any]
METHODS = ("get", "post", "patch", "put", "delete")


def gateway_page() -> str:
    """Write the operations of the gateway, then the shapes they take and give."""
    document = yaml.safe_load(schema_text("gateway"))
    whole = told(document, document)
    information = whole["info"]
    return page(
        "# The gateway",
        information["summary"],
        information["description"].strip(),
        "Every request carries `Authorization: Bearer …`."
        f" {whole['components']['securitySchemes']['bearer']['description']}",
        "`connectsync schema gateway` prints the document itself, OpenAPI 3.1, for"
        " programs that make a server or a client of it.",
        *_operations(whole),
        *_shapes(whole),
    )


def _operations(whole: Part) -> Iterator[str]:
    for path, item in whole["paths"].items():
        for method in (each for each in METHODS if each in item):
            one = item[method]
            yield f"## {method.upper()} {path}"
            yield one["summary"]
            yield one["description"].strip()
            given = [*item.get("parameters", ()), *one.get("parameters", ())]
            if rows := [_given(found(each, whole)) for each in given]:
                yield table(("It takes", "Where", "Value", "Meaning"), rows)
            if body := one.get("requestBody"):
                yield f"Body: {_body(body)}. {body['description']}"
            yield table(
                ("Status", "Body", "Meaning"),
                (
                    (f"`{status}`", _body(answer), answer["description"])
                    for status, answer in (
                        (status, found(each, whole))
                        for status, each in one["responses"].items()
                    )
                ),
            )


def _given(one: Part) -> tuple[str, ...]:
    where = one["in"] + ("<br>**required**" if one["required"] else "")
    return f"`{one['name']}`", where, _kind(one["schema"]), one["description"]


def _body(one: Part) -> str:
    ((kind, content),) = one["content"].items()
    return f"{link_to(content['schema'])} (`{kind}`)"


def _shapes(whole: Part) -> Iterator[str]:
    for name, part in whole["components"]["schemas"].items():
        yield f"## {name}"
        yield part["description"].strip()
        if "properties" not in part:
            yield f"Value: {_kind(part)}"
            continue
        needed = part.get("required", ())
        yield table(
            ("Name", "Value", "Meaning"),
            (
                (
                    f"`{key}`",
                    _kind(one) + ("<br>**required**" if key in needed else ""),
                    one["description"],
                )
                for key, one in part["properties"].items()
            ),
        )


def _kind(part: Part) -> str:
    notes = [json_kind(part)]
    if "minimum" in part and "maximum" in part:
        notes.append(f"{part['minimum']} to {part['maximum']}")
    if "pattern" in part:
        notes.append(f"`{part['pattern']}`")
    if "default" in part:
        notes.append(f"default {part['default']}")
    return "<br>".join(notes)
