"""Lists as CSV, JSON lines and Parquet: the same cells as in JSON, on every route that answers rows."""

import io
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
import uvicorn
from sqlalchemy import text

from cli.run.postgres import free_port
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "integrate.md"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}
INSIDE = {
    "/api/v1/plants/{plant_id}/devices/rollups": "rows", "/api/v1/plants/{plant_id}/peak-power": "days",
    "/api/v1/plants/{plant_id}/energy-statistics": "stats", "/api/v1/plants/{plant_id}/forecast": "hours",
}  # fmt: skip
"""Routes whose rows lie in an object, and its member that holds them."""
TOLD = (
    "INSERT INTO mart.forecast VALUES (%(p)s, '2026-11-19', %(t)s, '2026-11-19Z', 56, NULL, "
    "ARRAY['2026-11-20 03:00Z'::timestamptz], ARRAY[NULL::float8], '{1.5}', '{2}', '{10}', '{20}', '{30}', '2026-11-19Z')",
    'INSERT INTO mart.insight VALUES (%(p)s, 1, %(t)s, \'2026-11-20\', \'week\', \'{"en": "A", "pt-BR": "Um"}\', '
    "'{\"n\": 1.50}', '2026-11-21Z')",
    "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, credentials, account, state, reason, state_set_at, "
    "next_due_at) VALUES (%(t)s, 'deye', 'roof', 't__roof', 'x', '[]', 'needs attention', 'said no', '2026-11-20Z', "
    "'2026-11-22Z')",
    "INSERT INTO fleet.target (plant_id, month, tenant_id, target_kwh) VALUES (%(p)s, '2026-11-01', %(t)s, 3000.25)",
    "UPDATE fleet.device SET capacity_kw = 8 WHERE device_id = %(d)s",
)
"""What the stage's tenant lacks in some lists."""
CHOICES = {"grain": "day", "month": "2026-10", "from": "2026-11-20"}


DOCUMENT = json.loads((GUIDE.parent / "openapi.json").read_text(encoding="utf-8"))
"""That of the app, as a test of its own proves."""
OPERATIONS = {path: operations["get"] for path, operations in DOCUMENT["paths"].items() if "get" in operations}
LISTS = [path for path, told in OPERATIONS.items() if "text/csv" in told["responses"]["200"].get("content", {})]


@pytest.fixture(scope="module", autouse=True)
def told(stage) -> Iterator[None]:
    ids = {"p": stage.east.plant_id, "t": stage.east.tenant_id, "d": stage.east.device_id}
    with transaction(stage.url) as connection:
        for statement in TOLD:
            connection.exec_driver_sql(statement, ids)
    yield
    with transaction(stage.url) as connection:
        for table in ("mart.forecast", "mart.insight", "fleet.integration", "fleet.target"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE fleet.device SET capacity_kw = NULL"))


def test_every_answer_with_rows_is_announced_as_a_table():
    """Judged by the schemas of the document: `data` that is a list, or an object that is known to hold one."""
    schemas = DOCUMENT["components"]["schemas"]

    def has_rows(path: str) -> bool:
        told = OPERATIONS[path]["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        model = schemas.get(told.get("$ref", "").rsplit("/", 1)[-1], {})
        data = model.get("properties", {}).get("data", {})
        return path in INSIDE or any(kind.get("type") == "array" for kind in (data, *data.get("anyOf", ())))

    assert {path for path in OPERATIONS if has_rows(path)} == set(LISTS)
    assert len(LISTS) > 30


def fields_of(path: str) -> list[str]:
    (told,) = [each for each in OPERATIONS[path]["parameters"] if each["name"] == "fields"]
    return told["schema"]["items"]["enum"]


def url_of(path: str, stage, **more: str) -> str:
    names = [each["name"] for each in OPERATIONS[path]["parameters"]]
    query = {name: value for name, value in CHOICES.items() if name in names and not (name == "from" and _takes_months(path))}
    asked = "&".join(f"{name}={value}" for name, value in (query | more).items())
    ids = stage.east.ids() | ({"series_id": stage.east.state_series_id} if path.endswith("/events") else {})
    return path.removeprefix("/api/v1").format(**ids) + f"?{asked}"


def _takes_months(path: str) -> bool:
    (told,) = [each for each in OPERATIONS[path]["parameters"] if each["name"] == "from"]
    return not re.search(told["schema"]["pattern"], "2026-11-20")


def rows_of(path: str, answer: dict) -> list[dict]:
    if path not in INSIDE:
        return answer["data"]
    things = answer["data"] if isinstance(answer["data"], list) else [answer["data"]] if answer["data"] else []
    member = INSIDE[path]
    scalars = [{name: value for name, value in thing.items() if not isinstance(value, dict | list)} for thing in things]
    return [outer | row for outer, thing in zip(scalars, things, strict=True) for row in thing[member]]


def cell(row: dict, column: str):
    if column in row:
        return row[column]
    name, _, rest = column.partition(".")
    return None if row.get(name) is None else cell(row[name], rest)


def covered(row: dict, columns: list[str]) -> set[str]:
    """Members of a row that no column tells."""
    return {name for name in row if not any(column == name or column.startswith(f"{name}.") for column in columns)}


@pytest.mark.parametrize("path", LISTS)
def test_each_cell_is_that_of_the_json_answer(stage, client, path):
    headers = stage.headers(stage.east, "admin")
    whole = client.get(url_of(path, stage), headers)
    assert whole.status_code == 200, whole.text
    rows, columns = rows_of(path, whole.json()), fields_of(path)
    answers = {name: client.get(url_of(path, stage, format=name), headers) for name in MEDIA_TYPES}

    assert rows
    assert [answer.status_code for answer in answers.values()] == [200] * 3
    for name, answer in answers.items():
        assert answer.headers["content-type"] == MEDIA_TYPES[name]
        assert re.fullmatch(rf'attachment; filename="[a-z0-9-]+\.{name}"', answer.headers["content-disposition"])
    assert not [covered(row, columns) for row in rows if covered(row, columns)]

    # Text as it stands: neither `NaN` nor an empty text is taken for nothing known, nor `007` for a number.
    frame = pd.read_csv(io.BytesIO(answers["csv"].content), dtype=str, keep_default_na=False)
    lines = [json.loads(line) for line in answers["jsonl"].content.decode().split("\n") if line]
    table = pyarrow.parquet.read_table(io.BytesIO(answers["parquet"].content)).to_pylist()

    assert list(frame.columns) == columns
    assert len(frame) == len(lines) == len(table) == len(rows)
    for number, row in enumerate(rows):
        for column in columns:
            expected, where = cell(row, column), (path, number, column)
            assert lines[number][column] == expected, where
            assert as_json(frame[column][number], expected) == expected, where
            assert same(table[number][column], expected), where


def as_json(written: str, expected):
    """What a field of CSV says, read as the kind that JSON has there."""
    match expected:
        case None:
            return None if written == "" else written
        case str():
            return written
    return json.loads(written)


def same(found, expected) -> bool:
    if isinstance(found, datetime):
        return found == datetime.fromisoformat(expected)
    if isinstance(expected, float | int) and not isinstance(expected, bool):
        return math.isclose(found, expected, rel_tol=0, abs_tol=0)
    if isinstance(expected, dict | list):
        return json.loads(found) == expected
    return (None if found is None else str(found) if isinstance(expected, str) else found) == expected


def test_numbers_stand_in_csv_with_the_digits_that_json_has(as_east, stage):
    path = url_of("/api/v1/series/{series_id}/readings", stage, limit="5")
    written = re.findall(r'"value":([^,]+)', as_east(path).text)

    assert written == [line.split(",")[1] for line in as_east(f"{path}&format=csv").text.splitlines()[1:]]
    assert written == ["0.1", "1.1", "2.1", "3.1", "4.1"]


def test_a_list_of_nothing_is_a_header_line_and_a_parquet_file_without_rows(as_east, stage):
    path = url_of("/api/v1/series/{series_id}/readings", stage, to="2026-11-21").replace("2026-11-2", "2025-11-2")

    assert as_east(f"{path}&format=csv").text == "measured_at,value,document_id\r\n"
    assert as_east(f"{path}&format=jsonl").content == b""
    empty = pyarrow.parquet.read_table(io.BytesIO(as_east(f"{path}&format=parquet").content))
    assert (empty.num_rows, [str(kind) for kind in empty.schema.types]) == (0, ["timestamp[us, tz=UTC]", "double", "int64"])


@pytest.mark.parametrize("hostile", [
    "=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1", "\r\n=cmd|' /C calc'!A0", " =1", 'Usina "Sol"; Norte, 1', "x;=1+1",
    "line\nbreak", "007", "NaN", "", " ", "Potência ☀", "'quoted",
])  # fmt: skip
def test_what_a_tenant_calls_things_reads_back_and_is_never_a_formula(stage, as_east, hostile):
    with transaction(stage.url) as connection:
        rename = text("UPDATE fleet.device SET model = :n WHERE device_id = :d")
        connection.execute(rename, {"n": hostile, "d": stage.east.device_id})
    try:
        csv = as_east("/devices?format=csv&fields=model,device_id")
        lines = as_east("/devices?format=jsonl&fields=model")
    finally:
        with transaction(stage.url) as connection:
            connection.execute(text("UPDATE fleet.device SET model = NULL"))

    written = pd.read_csv(io.BytesIO(csv.content), dtype=str, keep_default_na=False)["model"][0]
    assert json.loads(lines.text)["model"] == hostile
    assert not written.startswith(("=", "+", "-", "@", "＝", "\t", "\r", " ="))
    # Where ; parts the cells, as in Excel in Brazil.
    assert not re.search(r'(^|;)"?\s*[=+@＝-]', csv.text.split("\n", 1)[1], re.MULTILINE)
    assert written.replace("'", "") == hostile.replace("'", "")


def test_a_column_of_nothing_keeps_its_rows(as_east):
    answer = as_east("/devices?format=csv&fields=model")

    assert len(pd.read_csv(io.BytesIO(answer.content))) == len(as_east("/devices").json()["data"]) > 0


def test_fields_come_in_the_order_in_which_they_are_named(as_east):
    for given in ("kind,device_id", "kind%2Cdevice_id", "kind,%20device_id,kind"):
        assert as_east(f"/devices?format=csv&fields={given}").text.splitlines()[0] == "kind,device_id"
    assert as_east("/series?limit=1&format=jsonl&fields=label.en,series_id").json().keys() == {"label.en", "series_id"}


@pytest.mark.parametrize(("asked", "told"), [
    ("/devices?format=csv&fields=colour", "there is no field 'colour' here; there are: device_id, source, "),
    ("/devices?format=csv&fields=", "there is no field '' here"),
    ("/devices?format=csv&fields=kind,,name", "there is no field '' here"),
    ("/series?format=csv&fields=label", "label.en, label.pt-BR"),
    ("/devices?fields=kind", "fields goes with format=csv, jsonl or parquet"),
    ("/devices?format=json&fields=kind", "fields goes with format=csv, jsonl or parquet"),
    ("/devices?format=csv&decimal=semicolon", "there is no decimal sign 'semicolon'; there are: point, comma"),
    ("/devices?format=parquet&decimal=comma", "decimal goes with format=csv"),
    ("/devices?decimal=point", "decimal goes with format=csv"),
    ("/devices/{device_id}?decimal=comma", "no list of rows and has one form; leave out decimal"),
    ("/devices?format=xlsx", "there is no format 'xlsx'; there are: json, csv, jsonl, parquet"),
    ("/devices?format=CSV", "there is no format 'CSV'"),
    ("/devices/{device_id}?format=csv", "no list of rows and has one form; leave out format"),
    ("/devices/{device_id}?fields=kind", "no list of rows and has one form; leave out fields"),
    ("/reports/{report_id}/pdf?format=csv", "no list of rows"), ("/health/detailed?format=parquet", "no list of rows"),
])  # fmt: skip
def test_what_cannot_be_given_is_refused_with_what_can(as_east, stage, asked, told):
    answer = as_east(asked.format(**stage.east.ids()))

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told in answer.json()["detail"]


def test_a_form_that_is_given_twice_is_refused(as_east):
    assert as_east("/devices?format=csv&format=json").status_code == 400


@pytest.mark.parametrize(("accept", "sent"), [
    ("text/csv", "csv"), ("TEXT/CSV; charset=utf-8; header=present", "csv"), ("text/csv, */*", "csv"), ("text/*", "csv"),
    ("application/json;q=0.4, text/csv;q=0.5", "csv"), ("application/x-ndjson", "jsonl"), ("application/jsonl", "jsonl"),
    ("application/vnd.apache.parquet", "parquet"), ("application/json, text/csv", "json"), ("text/csv;q=0, */*", "json"),
    ("*/*", "json"), ("application/*", "json"), ("", "json"), ("image/png", "json"), ("text/csv;q=0", "json"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"), ("text/csv;q=nan", "json"), (",;q=,;;", "json"),
])  # fmt: skip
def test_accept_chooses_the_form(stage, client, accept, sent):
    answer = client.get("/devices", stage.headers(stage.east) | {"Accept": accept})

    assert answer.headers["content-type"] == MEDIA_TYPES.get(sent, "application/json")
    assert "Accept," in answer.headers["vary"]


def test_the_parameter_goes_before_accept_and_one_thing_stays_json(stage, client):
    accepting = stage.headers(stage.east) | {"Accept": "text/csv"}

    assert client.get("/devices?format=json", accepting).headers["content-type"] == "application/json"
    assert client.get(f"/devices/{stage.east.device_id}", accepting).headers["content-type"] == "application/json"


@pytest.mark.parametrize("output", ["csv", "jsonl"])
def test_the_link_leads_from_page_to_page(as_east, output):
    whole = as_east(f"/series?format={output}").text
    path, pages = f"/series?format={output}&limit=2", []
    while path:
        page = as_east(path)
        pages.append(page.text.split("\n", 1)[1] if pages and output == "csv" else page.text)
        path = page.links.get("next", {}).get("url", "").removeprefix("/api/v1")

    assert len(pages) > 2
    assert "".join(pages) == whole


def test_a_cursor_of_one_form_goes_on_in_another(as_east):
    cursor = as_east("/series?limit=2").json()["next"]
    first = json.loads(as_east(f"/series?limit=2&format=jsonl&cursor={cursor}").text.split("\n")[0])

    assert first["series_id"] == as_east("/series?limit=3").json()["data"][2]["series_id"]


def test_intervals_as_arrays_make_the_same_table(as_east, stage):
    path = url_of("/api/v1/series/{series_id}/rollups", stage, format="csv")

    assert as_east(f"{path}&layout=table").content == as_east(path).content


def test_digits_of_any_script_name_a_file(as_east, stage):
    arabic = str(stage.east.plant_id).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    answer = as_east(f"/plants/{arabic}/energy?grain=day&format=csv")

    assert answer.status_code in {200, 422}
    assert answer.headers.get("content-disposition", "").isascii()


def test_forms_have_tags_of_their_own_and_are_packed(stage, client):
    headers, path = stage.headers(stage.east), url_of("/api/v1/series/{series_id}/rollups", stage)
    tags = {name: client.get(f"{path}&format={name}", headers).headers["etag"] for name in ("json", *MEDIA_TYPES)}
    again = client.get(f"{path}&format=csv", headers | {"If-None-Match": tags["csv"]})
    other = client.get(f"{path}&format=csv", headers | {"If-None-Match": tags["json"]})

    assert len(set(tags.values())) == 4
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)


@pytest.fixture(scope="module")
def served(stage) -> Iterator[str]:
    """Address of a server of the app."""
    config = uvicorn.Config(stage.new_app(), host="127.0.0.1", port=free_port(), log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    thread.join(10)


def test_the_lines_of_the_guide_fill_frames(served, stage, make_key):
    """Every block of Python in the guide's part about pandas, against a real server."""
    part = GUIDE.read_text(encoding="utf-8").split("## pandas")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
    assert blocks
    known = {"key": make_key()}
    for block in blocks:
        here = block.replace("https://heliograph.example.org", served).replace("plants/7/", f"plants/{stage.east.plant_id}/")
        exec(here.replace("series/7/", f"series/{stage.east.power_series_id}/").replace("2026-11-01", "2026-11-20"), known)

    assert known["days"]["energy_kwh"].tolist() == [98.5, 98.5]
    assert len(known["readings"]) == stage.reading_count
    assert str(known["readings"]["measured_at"].dtype) == "datetime64[us, UTC]"
    assert set(known["names"]["kind"]) == {"inverter"}
