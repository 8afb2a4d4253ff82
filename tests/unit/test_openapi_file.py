"""The OpenAPI document in the repository is that of the app, and what would break a client is named."""

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.openapi_document import openapi_document

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a client of the old document relies on and the new one does not give, in words."""
    return [*_broken_operations(old["paths"], new["paths"]), *_broken_schemas(old, new)]


def _broken_operations(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for path, operations in old.items():
        for method, operation in operations.items():
            now = new.get(path, {}).get(method)
            if now is None:
                yield f"{method.upper()} {path} is gone"
                continue
            known = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
            offered = {parameter["name"]: parameter for parameter in now.get("parameters", ())}
            yield from (f"{method.upper()} {path} has no parameter {name} any more" for name in known.keys() - offered.keys())
            yield from (
                f"{method.upper()} {path} demands {name}"
                for name, parameter in offered.items()
                if parameter.get("required") and not known.get(name, {}).get("required")
            )
            if operation.get("operationId") != now.get("operationId"):
                yield f"{method.upper()} {path} is no longer called {operation.get('operationId')}"


def _broken_schemas(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    now = new["components"]["schemas"]
    for name, schema in old["components"]["schemas"].items():
        if name not in now:
            yield f"schema {name} is gone"
            continue
        yield from (
            f"{name}.{member} may be absent"
            for member in schema.get("required", ())
            if member not in now[name].get("required", ()) and member in now[name].get("properties", {})
        )
        for member, kind in schema.get("properties", {}).items():
            if member not in now[name].get("properties", {}):
                yield f"{name}.{member} is gone"
            elif kind.get("type") != now[name]["properties"][member].get("type"):
                yield f"{name}.{member} is {now[name]['properties'][member].get('type')} and was {kind.get('type')}"


def test_the_document_in_the_repository_is_that_of_the_app():
    written, served = json.loads(FILE.read_text(encoding="utf-8")), openapi_document()

    assert breaks(written, served) == [], "this breaks clients"
    assert written == served, "write it anew: python -m api.openapi_file > docs/openapi.json"


def test_operations_have_readable_names_of_their_own():
    paths = openapi_document()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]

    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"(list|read)(_[a-z]+)+|log_in|log_out|refresh", name)] == []
    assert {"list_plants", "read_plant", "read_plant_energy", "list_series", "read_series", "read_report_pdf"} <= {*names}


def test_every_member_and_parameter_says_what_it_means():
    document = openapi_document()
    members = {
        f"{name}.{member}": told.get("description")
        for name, schema in document["components"]["schemas"].items()
        for member, told in schema.get("properties", {}).items()
    }
    parameters = {
        f"{path} {parameter['name']}": parameter.get("description")
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
    }

    assert len(members) > 700
    assert [name for name, told in (members | parameters).items() if not told] == [], "say it in api/models"


@pytest.mark.parametrize(
    ("end", "unit"), [("_kwh", "kWh"), ("_kw", "kW"), ("_kwp", "kWp"), ("_pct", "%"), ("_s", "s"), ("_deg", "°")]
)
def test_a_number_says_its_unit(end, unit):
    numbers = {
        f"{name}.{member}": told["description"]
        for name, schema in openapi_document()["components"]["schemas"].items()
        for member, told in schema.get("properties", {}).items()
        if member.endswith(end) and "number" in str(told.get("type", told.get("anyOf")))
    }

    assert numbers
    assert [name for name, told in numbers.items() if f"[{unit}" not in told and f"[kWh/{unit}]" not in told] == []


def test_words_to_choose_from_have_a_name_of_their_own():
    nameless: list[str] = []

    def look(node: Any, at: str) -> None:
        for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            look(child, f"{at}/{name}")
        if isinstance(node, dict) and isinstance(node.get("enum"), list) and not re.fullmatch(r"/components/schemas/\w+", at):
            nameless.append(at)

    look(openapi_document(), "")

    # The columns of a route's table are of that route alone.
    assert [at for at in nameless if not at.endswith("/schema/items")] == [], "name them in api/models/choices.py"


def test_what_breaks_a_client_is_named():
    old = openapi_document()
    new = copy.deepcopy(old)
    del new["paths"]["/api/v1/reports"]
    new["paths"]["/api/v1/plants"]["get"]["parameters"] = [{"name": "zone", "in": "query", "required": True}]
    del new["components"]["schemas"]["Plant"]["properties"]["city"]
    new["components"]["schemas"]["Plant"]["properties"]["name"]["type"] = "integer"
    new["components"]["schemas"]["Plant"]["required"].remove("timezone")

    assert sorted(breaks(old, new)) == [
        "GET /api/v1/plants demands zone",
        "GET /api/v1/plants has no parameter cursor any more",
        "GET /api/v1/plants has no parameter decimal any more",
        "GET /api/v1/plants has no parameter fields any more",
        "GET /api/v1/plants has no parameter format any more",
        "GET /api/v1/plants has no parameter limit any more",
        "GET /api/v1/reports is gone",
        "Plant.city is gone",
        "Plant.name is integer and was string",
        "Plant.timezone may be absent",
    ]
    assert breaks(old, old) == []
