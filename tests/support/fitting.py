"""Whether what is told is of the shape that our schemas promise."""

from __future__ import annotations

from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from connectsync.config.schemas import schema


def insist_fits(data: object, name: str) -> None:
    """Insist that data are what the schema of that name describes."""
    validator(name).validate(data)


@cache
def validator(name: str) -> Draft202012Validator:
    """Give what checks data by a schema, which is itself checked once."""
    Draft202012Validator.check_schema(schema(name))
    return Draft202012Validator(schema(name), format_checker=FormatChecker())
