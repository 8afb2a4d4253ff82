"""The OpenAPI document keeps its word: what it admits is answered, and what is answered it has announced."""

import json
import re
from datetime import date, timedelta
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from api.parameters import DAY_SCHEMA, MOMENT_SCHEMA, MONTH_SCHEMA, day_of
from tests.openapi_document import openapi_document

pytestmark = pytest.mark.postgres

TOGETHER = re.compile(
    r"is not before|the span is|make about|has no minutes|minutes are the sum|(fields|points|decimal) goes with"
)
"""422 for values that are good each by itself."""
EXAMPLES = 15


DOCUMENT = openapi_document()
OPERATIONS = {path: operations["get"] for path, operations in DOCUMENT["paths"].items() if "get" in operations}
NONSENSE = st.one_of(
    st.text(max_size=60),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["null", "NaN", "-1", "0", "1e308", "2147483648", "\x00", "%00", "../..", "' OR 1=1 --", "2026-02-30", "9" * 500]
    ),
)


def resolved(schema: dict) -> dict:
    """A schema, where it is the name of one."""
    return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def valid(schema: dict) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "array":
        return st.lists(st.sampled_from(schema["items"]["enum"]), min_size=schema["minItems"]).map(",".join)
    if schema["type"] == "boolean":
        return st.sampled_from(["true", "false"])
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum")).map(str)
    if "pattern" in schema:
        texts = st.from_regex(schema["pattern"].removesuffix("$") + r"\Z")
        return texts.filter(lambda text: len(text) <= schema["maxLength"])
    return st.text(max_size=schema["maxLength"])


@st.composite
def requests(draw, path: str, ids: dict[str, int], values=valid) -> str:
    """A request of a path; ids are those of things that exist, by turns with any others."""
    query = []
    for parameter in OPERATIONS[path].get("parameters", ()):
        name, schema = parameter["name"], resolved(parameter["schema"])
        known = st.just(str(ids[name])) if name in ids else st.nothing()
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(draw(known | values(schema)), safe=""))
        elif parameter.get("required") or draw(st.booleans()):
            query.append(f"{name}={quote(draw(known | values(schema)), safe='')}")
    return path.removeprefix("/api/v1") + ("?" + "&".join(query) if query else "")


def announced(path: str) -> set[int]:
    return {int(status) for status in OPERATIONS[path]["responses"]}


def ask(stage, client, path: str, url: str):
    answer = client.get(url, stage.headers(stage.east, "admin"))
    assert answer.status_code < 500, (url, answer.text)
    # A path that names nothing is nobody's operation: the router's own 404.
    assert answer.status_code in announced(path) | {404}, (url, answer.text)
    media_type = answer.headers["content-type"].removesuffix("; charset=utf-8")
    assert media_type in OPERATIONS[path]["responses"][str(answer.status_code)].get("content", {}) or (
        answer.status_code == 404 or path.endswith(("/pdf", "/xlsx", "/csv"))
    )
    if answer.headers["content-type"] == "application/json" and "schema" in (
        told := OPERATIONS[path]["responses"][str(answer.status_code)]["content"]["application/json"]
    ):
        validator_of(json.dumps(told["schema"])).validate(answer.json())
    return answer


@cache
def validator_of(schema: str) -> Draft202012Validator:
    """Judges bodies by a schema of the document."""
    return Draft202012Validator(json.loads(schema) | {"components": DOCUMENT["components"]})


@pytest.mark.parametrize("path", OPERATIONS)
def test_what_the_document_admits_is_answered(stage, client, path):
    @settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def each(data):
        url = data.draw(requests(path, stage.east.ids()))
        answer = ask(stage, client, path, url)
        if answer.status_code == 422:
            assert TOGETHER.search(answer.json()["detail"]), (url, answer.text)
        if answer.status_code == 400:
            assert "cursor" in answer.json()["detail"], (url, answer.text)

    each()


@pytest.mark.parametrize("path", OPERATIONS)
def test_nonsense_is_refused_as_announced(stage, client, path):
    @settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def each(data):
        ask(stage, client, path, data.draw(requests(path, {}, lambda _: NONSENSE)))

    each()


@pytest.mark.parametrize("path", OPERATIONS)
def test_no_parameter_is_said_to_be_null(path):
    assert "null" not in str([parameter["schema"] for parameter in OPERATIONS[path].get("parameters", ())])


def test_the_patterns_say_exactly_which_days_are_read():
    day, first = re.compile(DAY_SCHEMA["pattern"]), date(1971, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(2100, 1, 1) - first).days)]

    assert all(day.search(each.isoformat()) and day_of("day", each.isoformat()) == each for each in days)
    assert not [
        text
        for text in (
            "1970-12-31",
            "2100-01-01",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
        )
        if day.search(text)
    ]


@pytest.mark.parametrize(("schema", "good", "bad"), [
    (MOMENT_SCHEMA, ["2026-11-21", "2026-11-21T12:00Z", "2026-11-21T12:00:00.123456-03:00"],
     ["2026-11-21T12:00", "2026-11-21T24:00Z", "2026-11-21 12:00Z", "2026-11-21T12:00:00+24:00", "2026-11-21\n", "now", ""]),
    (MONTH_SCHEMA, ["1970-01", "2026-11", "2100-12"], ["1969-12", "2101-01", "2026-13", "2026-1", "2026-11-01", ""]),
])  # fmt: skip
def test_a_pattern_admits_what_is_read_and_nothing_else(schema, good, bad):
    # As ECMAScript reads it, where `$` is the end and no line break before it.
    pattern = re.compile(schema["pattern"].removesuffix("$") + r"\Z")

    assert [bool(pattern.search(text)) for text in good] == [True] * len(good)
    assert [bool(pattern.search(text)) for text in bad] == [False] * len(bad)
