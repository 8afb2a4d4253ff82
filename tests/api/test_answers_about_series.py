"""Readings, events and aggregates: envelope, spans, pages, caching."""

import json

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models import energy, envelopes, fleet, history, operation
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

DAY = "from=2026-11-20&to=2026-11-21"


def test_a_series_answer_says_what_it_is_about(stage, as_east):
    answer = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}").json()

    assert {name: value for name, value in answer.items() if name != "data"} == {
        "series_id": stage.east.power_series_id,
        "origin": "measured",
        "grain": "hour",
        "quantity": "ac_power_kw",
        "unit": "kW",
        "label": {"en": "AC power", "pt-BR": "Potência CA"},
        "timezone": "America/Sao_Paulo",
        "start": "2026-11-20T00:00:00-03:00",
        "end": "2026-11-21T00:00:00-03:00",
        "settled_until": "2026-11-21T00:00:00-03:00",
    }
    assert len(answer["data"]) == 24


def test_a_bucket_has_coverage_null_at_night_and_half_by_day(stage, as_east):
    rows = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}").json()["data"]

    assert rows[0] | {"max": None} == {
        "starts_at": "2026-11-20T00:00:00-03:00", "ends_at": "2026-11-20T01:00:00-03:00", "local_date": "2026-11-20",
        "reading_count": 12, "mean": 0, "min": None, "max": None, "first": None, "last": None, "sum": None, "stddev": None,
        "median": None, "p95": None, "p99": None, "energy_kwh": 0, "active_minutes": None, "covered_s": 1800, "expected_s": 0,
        "coverage": None, "provisional": False,
    }  # fmt: skip
    assert (rows[12]["coverage"], rows[12]["energy_kwh"]) == (0.5, 1.2)


@pytest.mark.parametrize("layout", ["objects", "table"])
def test_a_value_that_is_no_number_is_null(stage, as_east, layout):
    body = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}&layout={layout}")

    first = body.json()["data"][0]
    assert (first["max"] if layout == "objects" else first[body.json()["columns"].index("max")]) is None
    assert b"NaN" not in body.content


def test_a_table_has_the_values_of_the_objects_in_the_order_of_its_columns(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}"

    objects, table = as_east(path).json()["data"], as_east(f"{path}&layout=table").json()

    assert [dict(zip(table["columns"], row, strict=True)) for row in table["data"]] == objects


def test_what_ended_less_than_two_hours_ago_is_provisional(stage, as_east):
    answer = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=hour&from=2026-11-21&to=2026-11-22").json()

    # It is 12:00 local time: settled until 10:00.
    assert answer["settled_until"] == "2026-11-21T10:00:00-03:00"
    assert [row["local_date"] for row in answer["data"] if not row["provisional"]] == ["2026-11-21"] * 10
    assert answer["data"][10]["provisional"] is True


def test_a_plant_is_answered_from_its_derived_series(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/rollups?grain=hour&{DAY}").json()

    assert (answer["series_id"], answer["origin"], len(answer["data"])) == (stage.east.plant_series_id, "derived", 24)


def test_devices_of_a_plant_are_answered_together(stage, as_east):
    (device,) = as_east(f"/plants/{stage.east.plant_id}/devices/rollups?grain=hour&{DAY}").json()["data"]

    assert (device["device_id"], device["name"], len(device["rows"])) == (stage.east.device_id, "east", 24)
    assert device["rows"][0]["max"] is None


def test_an_instant_and_the_local_day_that_it_begins_ask_the_same(stage, as_east):
    by_day = as_east(f"/series/{stage.east.power_series_id}/readings?{DAY}")
    by_instant = as_east(f"/series/{stage.east.power_series_id}/readings?from=2026-11-20T03:00:00Z&to=2026-11-21T00:00:00-03:00")

    assert by_day.json() == by_instant.json()
    assert len(by_day.json()["data"]) == stage.reading_count


def test_the_end_of_a_span_is_exclusive(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/readings?from=2026-11-20T03:00:00Z&to=2026-11-20T03:10:00Z"

    assert [row["measured_at"] for row in as_east(path).json()["data"]] == [
        "2026-11-20T00:00:00-03:00",
        "2026-11-20T00:05:00-03:00",
    ]


@pytest.mark.parametrize("limit", [1, 2, 7, 24, 25, 26])
def test_cursors_walk_the_whole_series_exactly_once(stage, as_east, limit):
    path = f"/series/{stage.east.power_series_id}/readings?{DAY}&limit={limit}"
    values, pages, cursor = [], 0, ""

    while cursor is not None:
        answer = as_east(path + (f"&cursor={cursor}" if cursor else "")).json()
        values += [row["value"] for row in answer["data"]]
        cursor = answer["next"]
        pages += 1
        assert pages <= 25

    assert values == [step + 0.1 for step in range(25)]
    assert pages == -(-25 // limit)


def test_the_link_header_leads_to_the_next_page(stage, client, as_east):
    first = as_east(f"/series/{stage.east.power_series_id}/readings?{DAY}&limit=20")

    link = first.headers["link"]
    second = client.get(link[1 : link.index(">")].removeprefix("/api/v1"), stage.headers(stage.east))

    assert link.endswith('; rel="next"')
    assert len(second.json()["data"]) == 5
    assert "link" not in second.headers


@pytest.mark.parametrize("path", ["/quarantine?limit=1", "/series?limit=1", "/customers/{customer_id}/consumption?limit=2"])
def test_lists_are_walked_to_their_end(stage, client, path):
    path = path.format(**stage.east.ids())
    headers = stage.headers(stage.east, "admin")
    whole = client.get(path.partition("?")[0], headers).json()["data"]
    rows, cursor = [], ""

    while cursor is not None:
        answer = client.get(path + (f"&cursor={cursor}" if cursor else ""), headers).json()
        rows += answer["data"]
        cursor = answer["next"]

    assert rows == whole
    assert len(rows) >= 3


def test_a_state_called_nan_stays_a_word(stage, as_east):
    rows = as_east(f"/series/{stage.east.state_series_id}/events?{DAY}").json()["data"]

    assert [row["state"] for row in rows] == ["stopped", "running", "NaN"]


def test_consumption_of_a_month_names_every_customer(stage, as_east):
    october = as_east("/consumption?month=2026-10").json()
    july = as_east("/consumption?month=2026-07").json()

    assert [row["consumption_kwh"] for row in october["data"]] == [1005]
    assert [row["consumption_kwh"] for row in july["data"]] == [None]


def test_consumption_of_a_customer_can_be_cut_to_months(stage, as_east):
    rows = as_east(f"/customers/{stage.east.customer_id}/consumption?from=2026-09&to=2026-10").json()["data"]

    assert [(row["month"], row["consumption_kwh"]) for row in rows] == [("2026-09", 904.5)]


def test_quarantine_can_be_filtered_by_rule(stage, client):
    rows = client.get("/quarantine?rule=subject_known", stage.headers(stage.east, "admin")).json()["data"]

    assert [(row["row_number"], row["payload"]) for row in rows] == [(1, {"who": "east"})]


def test_a_document_shows_that_no_row_was_lost(stage, client):
    row = client.get(f"/documents/{stage.east.document_id}", stage.headers(stage.east, "admin")).json()["data"]

    parts = ("inserted_rows", "updated_rows", "unchanged_rows", "duplicate_rows", "quarantined_rows")
    assert row["parsed_rows"] == 28 == sum(row[part] for part in parts)


def test_the_state_of_work_counts_the_own_tenant_only(stage, as_east):
    found = as_east("/health/detailed").json()["data"]

    assert (found["dirty_days"], found["outbox"], found["pending_documents"]) == (2, {"pending": 1, "sent": 0, "failed": 0}, 0)
    assert [feed["feed"] for feed in found["feeds"]] == ["telemetry_batches"]


def test_the_api_is_ready_at_the_newest_revision(client):
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_an_older_schema_is_not_ready(stage, new_warehouse):
    url = new_warehouse()
    with transaction(url) as connection:
        connection.execute(text("UPDATE heliograph_migration SET version_num = '0001'"))
    from api.main import create_app
    from include.core.settings import Settings

    settings = Settings(api_database_url=url.replace("heliograph:owner@", "heliograph_api:reader@"), jwt_secret="k" * 32)
    answer = stage.client_of(create_app(settings)).get("/health/ready")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:heliograph:problem:not-migrated")


def test_a_warehouse_that_is_away_is_not_ready_but_the_api_lives():
    from fastapi.testclient import TestClient

    from api.main import create_app
    from include.core.settings import Settings

    app = create_app(Settings(api_database_url="postgresql+psycopg2://heliograph_api@127.0.0.1:1/none", jwt_secret="k" * 32))

    with TestClient(app) as client:
        live, ready = client.get("/api/v1/health/live"), client.get("/api/v1/health/ready")

    assert (live.status_code, ready.status_code, ready.headers["retry-after"]) == (200, 503, "5")


def test_the_same_question_again_is_answered_with_304(stage, client):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}"
    headers = stage.headers(stage.east) | {"Accept-Encoding": "identity"}
    first = client.get(path, headers)

    second = client.get(path, headers | {"If-None-Match": first.headers["etag"]})

    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["cache-control"] == "private, no-cache"
    assert not first.headers["etag"].startswith("W/")


def test_packed_and_plain_bodies_are_the_same_with_different_strong_etags(stage, client):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}"

    plain = client.get(path, stage.headers(stage.east) | {"Accept-Encoding": "identity"})
    packed = client.get(path, stage.headers(stage.east) | {"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 4


def test_a_remembered_answer_is_forgotten_as_soon_as_the_data_change(stage, client):
    path = f"/series/{stage.west.power_series_id}/rollups?grain=hour&{DAY}"
    headers = stage.headers(stage.west)
    before = client.get(path, headers)
    again = client.get(path, headers)

    with transaction(stage.url) as connection:
        connection.execute(
            text("UPDATE mart.rollup SET mean = 99.5 WHERE series_id = :s AND grain = 'hour' AND mean = 1.2"),
            {"s": stage.west.power_series_id},
        )
    after = client.get(path, headers | {"If-None-Match": before.headers["etag"]})

    assert again.content == before.content
    assert after.status_code == 200
    assert after.json()["data"][12]["mean"] == 99.5


def test_a_remembered_answer_is_not_given_to_a_user_who_may_no_longer_come_in(stage, client):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}"

    assert client.get(path, stage.headers(stage.east)).status_code == 200
    assert client.get(path, stage.headers(stage.east, "disabled")).status_code == 401


def test_a_pdf_is_sent_as_it_was_rendered(stage, client):
    answer = client.get(f"/reports/{stage.east.report_id}/pdf", stage.headers(stage.east))

    assert answer.content == b"%PDF-1.7 " + b"x" * 2000 + b"east"
    assert answer.headers["content-type"] == "application/pdf"
    assert f"plant-{stage.east.plant_id}-month-2026-10-01-pt-BR-r1.pdf" in answer.headers["content-disposition"]


def test_a_pdf_that_was_altered_is_not_sent(stage, client):
    file = stage.store / "west" / "report.pdf"
    rendered = file.read_bytes()
    file.write_bytes(rendered + b"!")

    answer = client.get(f"/reports/{stage.west.report_id}/pdf", stage.headers(stage.west))

    file.write_bytes(rendered)
    assert answer.status_code == 503
    assert str(stage.store) not in answer.text


SHAPES = {
    "/plants": envelopes.Listing[fleet.Plant], "/plants/{plant_id}": envelopes.Single[fleet.Plant],
    "/devices": envelopes.Listing[fleet.Device], "/customers": envelopes.Listing[fleet.Customer],
    "/series": envelopes.Listing[history.Series], "/series/{series_id}": envelopes.Single[history.Series],
    "/series/{series_id}/readings?from=2026-11-20": history.Readings,
    "/series/{series_id}/events?from=2026-11-20": history.Events,
    "/series/{series_id}/rollups?grain=hour&from=2026-11-20": history.Rollups,
    "/series/{series_id}/rollups?grain=hour&from=2026-11-20&layout=table": history.Rollups,
    "/plants/{plant_id}/devices/rollups?grain=hour&from=2026-11-20": history.DeviceRollups,
    "/plants/{plant_id}/performance": energy.Performance,
    "/customers/{customer_id}/consumption": energy.CustomerMonths, "/consumption?month=2026-10": energy.MonthCustomers,
    "/documents": envelopes.Listing[operation.Document], "/documents/{document_id}": envelopes.Single[operation.Document],
    "/quarantine": envelopes.Listing[operation.QuarantinedRow], "/reports": envelopes.Listing[operation.Report],
    "/reports/{report_id}": envelopes.Single[operation.ReportWithFigures],
    "/health/detailed": envelopes.Single[operation.StateOfWork],
}  # fmt: skip


@pytest.mark.parametrize("path", SHAPES)
def test_an_answer_has_the_documented_shape_and_nothing_else(stage, client, path):
    body = client.get(path.format(**stage.east.ids()), stage.headers(stage.east, "admin")).json()

    document = TypeAdapter(SHAPES[path]).validate_python(body)

    told = json.loads(document.model_dump_json(by_alias=True, exclude_unset=True))
    assert _members(told) == _members(body)


def _members(value):
    if isinstance(value, dict):
        return {name: _members(item) for name, item in value.items()}
    return [_members(item) for item in value] if isinstance(value, list) else None
