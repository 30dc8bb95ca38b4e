"""The contract of the gateway is valid, and says what everything in it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import ValidationError
from openapi_spec_validator import validate as validate_document

from connectsync.emulator.app import LARGEST_BULK, LONGEST_PAGE, USUAL_PAGE
from connectsync.emulator.form import BLANK, BOX_GROUPS, CHOICES, OPTIONS, TOKEN
from connectsync.emulator.seed import KEY

Json = dict[str, Any]
METHODS = {"get", "put", "post", "patch", "delete"}


def operations(contract: Json) -> Iterator[Json]:
    for item in contract["paths"].values():
        yield from (item[method] for method in METHODS & item.keys())


def schemas(part: object, path: str) -> Iterator[tuple[str, Json]]:
    """Give every schema of the contract, and every property of one."""
    if isinstance(part, dict):
        for name, member in part.items():
            if name == "schema":
                yield f"{path}/{name}", member
            if name in {"properties", "schemas"}:
                yield from ((f"{path}/{key}", each) for key, each in member.items())
            yield from schemas(member, f"{path}/{name}")
    if isinstance(part, list):
        for place, member in enumerate(part):
            yield from schemas(member, f"{path}/{place}")


def test_the_document_is_valid_openapi(contract: Json) -> None:
    validate_document(contract)


def test_every_operation_and_answer_is_described(contract: Json) -> None:
    for operation in operations(contract):
        assert operation["description"], operation["operationId"]
        assert operation["summary"]
        for status, response in operation["responses"].items():
            assert response.keys() & {"description", "$ref"}, status
        for parameter in operation.get("parameters", []):
            assert parameter["description"]


def test_every_schema_and_property_is_described(contract: Json) -> None:
    found = dict(schemas(contract, ""))
    assert len(found) > 60
    for path, schema in found.items():
        assert schema.keys() & {"description", "$ref"}, path


def test_every_operation_may_be_refused(contract: Json) -> None:
    for operation in operations(contract):
        assert {"200", "401", "403", "429", "default"} <= operation["responses"].keys()


def test_the_form_of_the_stand_in_is_that_of_the_contract(contract: Json) -> None:
    schema = contract["components"]["schemas"]
    assert list(schema["Settings"]["properties"]) == list(BLANK)
    assert schema["SettingsToSave"]["properties"].keys() == {*BLANK, TOKEN}
    assert schema["SettingWithOptions"]["enum"] == list(OPTIONS)
    assert set(OPTIONS) == {*CHOICES, *BOX_GROUPS}
    assert schema["DistrictKey"]["pattern"] == f"^{KEY.pattern}$"


def test_the_limits_of_the_stand_in_are_those_of_the_contract(contract: Json) -> None:
    parameters = contract["paths"]["/v1/districts"]["get"]["parameters"]
    limit = parameters[1]["schema"]
    assert (limit["maximum"], limit["default"]) == (LONGEST_PAGE, USUAL_PAGE)
    bulk = contract["components"]["schemas"]["BulkRead"]["properties"]["districts"]
    assert bulk["maxItems"] == LARGEST_BULK


def test_a_form_with_the_token_breaks_the_contract(
    validate: Callable[[str, object], None],
) -> None:
    validate("/components/schemas/Settings", BLANK)
    with pytest.raises(ValidationError):
        validate("/components/schemas/Settings", {**BLANK, TOKEN: "s3cret"})
