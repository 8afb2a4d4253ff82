"""Readings, events and aggregates: envelope, spans, pages, caching."""

import json

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models import analyses, consumption, energy, envelopes, fleet, history, operation, sensors
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
        "median": None, "p95": None, "p99": None, "energy_kwh": 0, "active_minutes": None,
        "covered_s": 1800, "expected_s": 0, "coverage": None, "provisional": False, "partial": False,
    }  # fmt: skip
    assert (rows[12]["coverage"], rows[12]["energy_kwh"]) == (0.5, 1.2)


@pytest.mark.parametrize("layout", ["objects", "table"])
def test_a_value_that_is_no_number_is_null(stage, as_east, layout):
    body = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}&layout={layout}")

    first = body.json()["data"][0]
    assert (first["max"] if layout == "objects" else first[body.json()["columns"].index("max")]) is None
    assert b"NaN" not in body.content


def test_a_table_has_the_values_of_the_objects_in_the_order_of_its_columns_and_null_for_what_they_leave_out(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&{DAY}"

    objects, table = as_east(path).json()["data"], as_east(f"{path}&layout=table").json()

    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [{name: row[name] for name in one} for row, one in zip(rows, objects, strict=True)] == objects
    assert {row[name] for row, one in zip(rows, objects, strict=True) for name in row.keys() - one.keys()} == {None}


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

    assert (found["dirty_days"], found["outbox"], found["pending_documents"]) == (
        2,
        {"held": 1, "pending": 1, "sent": 0, "failed": 0},
        0,
    )
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


@pytest.mark.parametrize(("form", "name"), [("xlsx", "r1.xlsx"), ("csv", "r1.csv.zip")])
def test_the_tables_of_a_report_are_sent_as_they_were_written(stage, client, form, name):
    answer = client.get(f"/reports/{stage.east.report_id}/{form}", stage.headers(stage.east))

    assert answer.content.endswith(b"east")
    assert name in answer.headers["content-disposition"]
    assert client.get(f"/reports/{stage.east.report_id}/{form}", stage.headers(stage.west)).status_code == 404


@pytest.mark.parametrize(("form", "suffix"), [("pdf", ".pdf"), ("xlsx", ".xlsx"), ("csv", ".csv.zip")])
def test_a_file_that_was_altered_is_not_sent(stage, client, form, suffix):
    file = stage.store / "west" / f"report{suffix}"
    rendered = file.read_bytes()
    file.write_bytes(rendered + b"!")

    answer = client.get(f"/reports/{stage.west.report_id}/{form}", stage.headers(stage.west))

    file.write_bytes(rendered)
    assert answer.status_code == 503
    assert str(stage.store) not in answer.text


SHAPES = {
    "/plants": envelopes.Listing[fleet.Plant], "/plants/{plant_id}": envelopes.Single[fleet.Plant],
    "/devices": envelopes.Listing[fleet.Device], "/customers": envelopes.Listing[fleet.Customer],
    "/series": envelopes.Listing[history.Series], "/series/{series_id}": envelopes.Single[history.Series],
    "/series/{series_id}/readings?from=2026-11-20": history.Readings,
    "/series/{series_id}/events?from=2026-11-20": history.Events, "/series/{series_id}/marks?from=2026-11-20": history.Marks,
    "/series/{series_id}/rollups?grain=hour&from=2026-11-20": history.Rollups,
    "/series/{series_id}/rollups?grain=hour&from=2026-11-20&layout=table": history.Rollups,
    "/plants/{plant_id}/devices/rollups?grain=hour&from=2026-11-20": history.DeviceRollups,
    "/plants/{plant_id}/performance": energy.Performance,
    "/plants/{plant_id}/peak-power?from=2026-11-20&to=2026-11-21": history.PeakPower,
    "/plants/{plant_id}/peak-power?from=2026-10-20&to=2026-10-21": history.PeakPower,
    "/customers/{customer_id}/consumption": energy.CustomerMonths, "/consumption?month=2026-10": energy.MonthCustomers,
    "/documents": envelopes.Listing[operation.Document], "/documents/{document_id}": envelopes.Single[operation.Document],
    "/quarantine": envelopes.Listing[operation.QuarantinedRow], "/reports": envelopes.Listing[operation.Report],
    "/reports/{report_id}": envelopes.Single[operation.ReportWithFigures],
    "/health/detailed": envelopes.Single[operation.StateOfWork],
    "/performance?window=month": energy.FleetPerformance,
    "/customers/{customer_id}/consumption/summary": consumption.CustomerConsumption,
    "/customers/{customer_id}/consumption/checks": consumption.ConsumptionChecks,
    "/consumption/anomalies": consumption.ConsumptionAnomalies, "/consumption/ranking?by=mean": consumption.ConsumptionRanking,
    "/consumption/months": consumption.TenantMonths, "/analyses": envelopes.Listing[analyses.Analysis],
    "/analyses/{analysis_id}": envelopes.Single[analyses.AnalysisWithAnswer], "/health/devices": sensors.DevicesFreshness,
    "/devices/{device_id}/statistics?period=24h": sensors.DeviceStatistics,
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


# ------------------------------------------------------------------------------------------------------------- overlap
YEARS = [("2019", "2020"), ("2020", "2021"), ("2021", "2022")]


def overlap_of(as_east, series_id, grain, first, end, layout="objects"):
    answer = as_east(f"/series/{series_id}/rollups?grain={grain}&from={first}&to={end}&layout={layout}").json()
    rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["data"]] if layout == "table" else answer["data"]
    return [(row["starts_at"][:13], row["partial"], row["provisional"]) for row in rows]


@pytest.fixture(scope="module")
def long_series(stage):
    """A series of the inverter with a bucket of every coarse grain around 2020, its days and hours in late March."""
    zone = "America/Sao_Paulo"
    buckets = [("year", f"{first}-01-01", f"{end}-01-01") for first, end in YEARS]
    buckets += [("month", f"2020-0{month}-01", f"2020-0{month + 1}-01") for month in range(1, 8)]
    buckets += [("week", "2020-03-23", "2020-03-30"), ("week", "2020-03-30", "2020-04-06"), ("week", "2020-04-06", "2020-04-13")]
    buckets += [("day", f"2020-03-{day}", f"2020-03-{day + 1}") for day in range(27, 31)]
    buckets += [("hour", f"2020-03-28 {hour:02}:00", f"2020-03-28 {hour + 1:02}:00") for hour in range(10, 15)]
    with transaction(stage.url) as connection:
        series_id = connection.execute(
            text(
                "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind, origin) "
                "VALUES (:t, :d, 'dc_power_kw', 'power', 'measured') RETURNING series_id"
            ),
            {"t": stage.east.tenant_id, "d": stage.east.device_id},
        ).scalar_one()
        for grain, first, end in buckets:
            connection.execute(
                text(
                    "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, active_hours, "
                    "covered_s, expected_s, energy_kwh, computed_at) VALUES (:s, :g, CAST(:a AS timestamp) AT TIME ZONE :z, "
                    "CAST(:b AS timestamp) AT TIME ZONE :z, CAST(:a AS timestamp)::date, 1, :h, 0, 0, 1, now())"
                ),
                {"s": series_id, "g": grain, "a": first, "b": end, "z": zone, "h": 7 if grain == "day" else None},
            )
    yield series_id
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.rollup WHERE series_id = :s"), {"s": series_id})
        connection.execute(text("DELETE FROM fleet.series WHERE series_id = :s"), {"s": series_id})


@pytest.mark.parametrize("layout", ["objects", "table"])
@pytest.mark.parametrize(
    ("grain", "first", "end", "expected"),
    [
        ("year", "2020-04-01", "2020-06-01", [("2020-01-01T00", True)]),
        ("year", "2020-01-01", "2021-01-01", [("2020-01-01T00", False)]),
        ("year", "2020-12-31", "2021-01-01", [("2020-01-01T00", True)]),
        ("year", "2019-12-31", "2021-01-02", [("2019-01-01T00", True), ("2020-01-01T00", False), ("2021-01-01T00", True)]),
        ("month", "2020-02-29", "2020-04-02", [("2020-02-01T00", True), ("2020-03-01T00", False), ("2020-04-01T00", True)]),
        ("week", "2020-04-05", "2020-04-06", [("2020-03-30T00", True)]),
        ("day", "2020-03-28T12:00:00-03:00", "2020-03-29", [("2020-03-28T00", True)]),
        ("day", "2020-03-28", "2020-03-30", [("2020-03-28T00", False), ("2020-03-29T00", False)]),
        ("hour", "2020-03-28T11:59:00-03:00", "2020-03-28T13:00:00-03:00", [("2020-03-28T11", True), ("2020-03-28T12", False)]),
        ("hour", "2020-03-28T11:20:00-03:00", "2020-03-28T11:40:00-03:00", [("2020-03-28T11", True)]),
    ],
)  # fmt: skip
def test_an_interval_that_overlaps_the_span_is_answered_and_told_to_be_partial(
    as_east, long_series, grain, first, end, expected, layout
):
    found = overlap_of(as_east, long_series, grain, first, end, layout)

    # All of it was long ago: nothing is provisional, though a partial interval ends after the span.
    assert found == [(*row, False) for row in expected]


def test_devices_are_answered_with_the_intervals_that_overlap_too(stage, as_east, long_series):
    path = f"/plants/{stage.east.plant_id}/devices/rollups?quantity=dc_power_kw&grain=month&from=2020-03-31&to=2020-05-01"

    (device,) = as_east(path).json()["data"]

    assert [(row["local_date"], row["partial"]) for row in device["rows"]] == [("2020-03-01", True), ("2020-04-01", False)]


def test_a_day_tells_its_active_hours_and_other_grains_have_none(as_east, long_series):
    def hours(grain):
        answer = as_east(f"/series/{long_series}/rollups?grain={grain}&from=2020-03-28&to=2020-03-29").json()
        return {row.get("active_hours", "absent") for row in answer["data"]}

    assert (hours("day"), hours("hour"), hours("year")) == ({7}, {"absent"}, {"absent"})


def test_a_row_has_the_members_that_its_kind_and_grain_may_have(stage, as_east, long_series):
    with transaction(stage.url) as connection:
        (quantity,) = connection.execute(
            text("SELECT quantity FROM fleet.series WHERE series_id = :id"), {"id": long_series}
        ).one()
    rows = {
        grain: as_east(f"/series/{long_series}/rollups?grain={grain}&from=2020-03-28&to=2020-03-29").json()["data"][0]
        for grain in ("day", "month")
    }

    assert quantity == "dc_power_kw"
    assert {"median", "p95", "p99", "active_minutes", "active_hours", "energy_kwh"} <= set(rows["day"])
    assert set(rows["day"]) - set(rows["month"]) == {"median", "p95", "p99", "active_minutes", "active_hours"}


GRAINS = [
    ("from=2026-11-20&to=2026-11-21", 1500, "minute"), ("from=2026-11-20&to=2026-11-21", None, "hour"),
    ("from=2026-11-01&to=2026-11-21", 500, "hour"), ("from=2026-11-01&to=2026-11-21", 480, "day"), ("", None, "hour"),
    ("", 100, "day"), ("from=2020-01-01&to=2026-01-01", None, "week"), ("from=2020-01-01&to=2026-01-01", 10, "year"),
    ("from=1990-01-01&to=2026-01-01", None, "month"),
]  # fmt: skip


@pytest.mark.parametrize(("span", "points", "grain"), GRAINS)
def test_the_finest_grain_within_the_points_is_chosen_and_told(stage, as_east, span, points, grain):
    asked = "&".join(filter(None, (span, "" if points is None else f"points={points}")))

    for path in (f"/series/{stage.east.power_series_id}/rollups", f"/plants/{stage.east.plant_id}/devices/rollups"):
        answer = as_east(f"{path}?{asked}").json()
        assert answer["grain"] == grain
        assert len(answer["data"]) <= (points or 1000)
    assert as_east(f"{path}?grain=auto&{asked}").json() == answer


def test_consumption_that_utilities_tell_by_months_is_answered_by_months_and_not_with_empty_hours(stage, as_east):
    with transaction(stage.url) as connection:
        sql = "SELECT series_id FROM fleet.series WHERE customer_id = :c AND quantity = 'consumption_kwh'"
        series_id = connection.execute(text(sql), {"c": stage.east.customer_id}).scalar_one()

    answer = as_east(f"/series/{series_id}/rollups?grain=auto&from=2026-10-01&to=2026-10-15").json()

    assert answer["grain"] == "month"
    assert [(row["local_date"], row["energy_kwh"]) for row in answer["data"]] == [("2026-10-01", 1005)]


def test_points_stand_for_a_grain_and_not_beside_one(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/rollups"

    beside, too_few = as_east(f"{path}?grain=day&points=10"), as_east(f"{path}?points=2&from=1990-01-01&to=2026-01-01")

    assert (beside.status_code, beside.json()["errors"][0]["parameter"]) == (422, "points")
    assert (too_few.status_code, too_few.json()["errors"][0]["parameter"]) == (422, "points")
    assert "about 37 points by years" in too_few.json()["detail"]


def test_an_interval_that_goes_on_is_partial_and_provisional(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=hour&from=2026-11-21T11:30:00-03:00&to=2026-11-21T12:00:00-03:00"

    assert [(row["partial"], row["provisional"]) for row in as_east(path).json()["data"]] == [(True, True)]


# --------------------------------------------------------------------------------------------------------------- marks
def test_marks_of_a_series_are_told_by_local_day_and_page_by_page(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/marks?from=2026-11-20&to=2026-11-22"

    both, first = as_east(path).json(), as_east(f"{path}&limit=1").json()
    second = as_east(f"{path}&limit=1&cursor={first['next']}").json()

    assert [(row["local_date"], row["stale_count"], row["outlier_count"]) for row in both["data"]] == [
        ("2026-11-20", 6, 1), ("2026-11-21", 6, 1)
    ]  # fmt: skip
    assert first["data"] + second["data"] == both["data"]
    assert (both["next"], second["next"]) == (None, None)
