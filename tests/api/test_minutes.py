"""Minutes as the API tells them: computed under its own role, from readings that a whole plant stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models import history
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

# Tenant east's inverter: a reading of 0.1, 1.1, ... 24.1 kW every five minutes from 0:00 to 2:00 on 20 November, local time.
QUARTER = "from=2026-11-20T00:30:00-03:00&to=2026-11-20T00:45:00-03:00"


def test_the_minutes_of_a_power_have_its_readings_and_its_energy(stage, as_east):
    answer = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=minute&{QUARTER}").json()

    rows = answer["data"]
    assert (answer["grain"], answer["start"], answer["settled_until"]) == (
        "minute", "2026-11-20T00:30:00-03:00", "2026-11-20T00:45:00-03:00",
    )  # fmt: skip
    assert [row["starts_at"] for row in rows] == [f"2026-11-20T00:{minute}:00-03:00" for minute in range(30, 45)]
    assert [row["reading_count"] for row in rows] == [1, 0, 0, 0, 0] * 3
    # From 6.1 kW at 0:30 to 7.1 kW at 0:35: the mean of the first of five minutes is 6.2 kW.
    assert rows[0] == {
        "starts_at": "2026-11-20T00:30:00-03:00", "ends_at": "2026-11-20T00:31:00-03:00", "local_date": "2026-11-20",
        "reading_count": 1, "mean": 6.1, "min": 6.1, "max": 6.1, "first": 6.1, "last": 6.1, "sum": 6.1, "stddev": None,
        "median": 6.1, "p95": 6.1, "p99": 6.1, "energy_kwh": pytest.approx(6.2 / 60), "active_minutes": 1,
        "covered_s": 0, "expected_s": 0, "coverage": None, "provisional": False, "partial": False,
    }  # fmt: skip
    assert (rows[1]["mean"], rows[1]["active_minutes"]) == (None, None)
    assert sum(row["energy_kwh"] for row in rows) == pytest.approx((6.6 + 7.6 + 8.6) * 5 / 60)


def test_a_table_of_minutes_has_the_values_of_the_objects(stage, as_east):
    path = f"/series/{stage.east.power_series_id}/rollups?grain=minute&{QUARTER}"

    objects, table = as_east(path).json()["data"], as_east(f"{path}&layout=table").json()

    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert {row.pop("active_hours") for row in rows} == {None}
    assert rows == objects


def test_a_minute_that_reaches_outside_the_span_is_partial(stage, as_east):
    span = "from=2026-11-20T00:30:30-03:00&to=2026-11-20T00:32:10-03:00"

    rows = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=minute&{span}").json()["data"]

    assert [(row["starts_at"][14:19], row["partial"]) for row in rows] == [("30:00", True), ("31:00", False), ("32:00", True)]


def test_a_plants_minutes_are_those_of_its_inverters(stage, as_east):
    plant = as_east(f"/plants/{stage.east.plant_id}/rollups?grain=minute&{QUARTER}").json()
    (device,) = as_east(f"/plants/{stage.east.plant_id}/devices/rollups?grain=minute&{QUARTER}").json()["data"]

    names = ("starts_at", "reading_count", "energy_kwh", "covered_s")
    assert (plant["origin"], len(plant["data"])) == ("derived", 15)
    assert [[row[name] for name in names] for row in plant["data"]] == [[row[name] for name in names] for row in device["rows"]]
    assert (device["name"], device["series_id"]) == ("east", stage.east.power_series_id)


def test_minutes_are_as_the_document_says(stage, as_east):
    answers = {
        history.Rollups: f"/series/{stage.east.power_series_id}/rollups?grain=minute&{QUARTER}",
        history.DeviceRollups: f"/plants/{stage.east.plant_id}/devices/rollups?grain=minute&{QUARTER}",
    }

    for model, path in answers.items():
        TypeAdapter(model).validate_json(as_east(path).content)


@pytest.mark.parametrize("span", ["from=1971-01-02&to=1971-01-03", "from=2099-12-01&to=2099-12-31", "from=2026-11-21T23:59:59Z"])
def test_a_span_far_from_all_readings_is_silent(stage, as_east, span):
    for path in ("series/{power}", "plants/{plant}", "plants/{plant}/devices"):
        asked = path.format(power=stage.east.power_series_id, plant=stage.east.plant_id)
        answer = as_east(f"/{asked}/rollups?grain=minute&{span}")

        assert answer.status_code == 200
        assert [row for row in answer.json()["data"] if row.get("rows") != []] == []


def test_a_quantity_that_no_device_has_is_an_empty_list(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/devices/rollups?grain=minute&quantity=temp_inverter_c")

    assert (answer.status_code, answer.json()["data"]) == (200, [])


def test_without_a_span_today_is_told_and_silence_is_an_empty_list(stage, as_east):
    answer = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=minute").json()

    assert (answer["start"], answer["end"], answer["data"]) == ("2026-11-21T00:00:00-03:00", "2026-11-22T00:00:00-03:00", [])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/series/{series_id}/rollups?grain=minute&from=2026-10-01&to=2026-11-02", "the most is 31"),
        ("/plants/{plant_id}/rollups?grain=minute&from=2026-10-01&to=2026-11-02", "the most is 31"),
        ("/plants/{plant_id}/devices/rollups?grain=minute&from=2026-10-01&to=2026-11-02", "the most is 31"),
        ("/plants/{plant_id}/devices/rollups?grain=minute&quantity=energy_day_kwh", "has no minutes; ask for grain=day"),
    ],
)
def test_what_has_no_minutes_or_too_many_is_refused(stage, as_east, path, words):
    answer = as_east(path.format(**stage.east.ids()))

    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_an_amount_has_no_minutes(stage, as_east):
    (amounts,) = as_east(f"/series?device_id={stage.east.device_id}&quantity=energy_day_kwh").json()["data"]

    answer = as_east(f"/series/{amounts['series_id']}/rollups?grain=minute")

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "grain")


def test_a_state_has_no_rollups_of_any_grain(stage, as_east):
    for grain in ("minute", "hour"):
        assert as_east(f"/series/{stage.east.state_series_id}/rollups?grain={grain}").json()["data"] == []


@pytest.fixture
def large_plant(stage) -> int:
    """A plant of tenant east with forty silent inverters and a series for their sum."""
    with transaction(stage.url) as connection:
        plant_id = connection.execute(
            text(
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (:t, 'large', 'large', 'Asia/Kolkata') "
                "RETURNING plant_id"
            ),
            {"t": stage.east.tenant_id},
        ).scalar_one()
        connection.execute(
            text(
                "WITH d AS (INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
                "SELECT :t, 'large ' || i, :p, 'inverter', i FROM generate_series(1, 40) AS i RETURNING device_id) "
                "INSERT INTO fleet.series (tenant_id, device_id, plant_id, quantity, kind, origin) "
                "SELECT :t, device_id, NULL, 'ac_power_kw', 'power', 'measured' FROM d "
                "UNION ALL SELECT :t, NULL, :p, 'ac_power_kw', 'power', 'derived'"
            ),
            {"t": stage.east.tenant_id, "p": plant_id},
        )
    yield plant_id
    with transaction(stage.url) as connection:
        for statement in (
            "DELETE FROM fleet.series AS s USING fleet.device AS d WHERE s.device_id = d.device_id AND d.plant_id = :p",
            "DELETE FROM fleet.series WHERE plant_id = :p",
            "DELETE FROM fleet.device WHERE plant_id = :p",
            "DELETE FROM fleet.plant WHERE plant_id = :p",
        ):
            connection.execute(text(statement), {"p": plant_id})


def test_an_answer_of_too_many_minutes_is_refused_with_their_number(large_plant, as_east):
    month = "grain=minute&from=2026-10-01&to=2026-11-01"

    plant = as_east(f"/plants/{large_plant}/rollups?{month}")
    devices = as_east(f"/plants/{large_plant}/devices/rollups?{month}")

    assert (plant.status_code, devices.status_code) == (422, 422)
    assert "the sum of 40 inverters', in this span 1,785,600" in plant.json()["detail"]
    assert "about 1,785,640 rows" in devices.json()["detail"]
    assert as_east(f"/plants/{large_plant}/rollups?grain=minute&from=2026-10-01&to=2026-10-04").json()["data"] == []


def test_the_answer_is_remembered_until_the_readings_change(stage, client):
    path = (
        f"/series/{stage.east.power_series_id}/rollups?grain=minute&from=2026-11-20T02:00:00-03:00&to=2026-11-20T02:10:00-03:00"
    )
    headers = stage.headers(stage.east)
    first = client.get(path, headers)
    assert client.get(path, headers | {"If-None-Match": first.headers["etag"]}).status_code == 304
    at = datetime(2026, 11, 20, 5, 4, tzinfo=UTC)

    with transaction(stage.url) as connection:
        connection.execute(
            text("INSERT INTO mart.reading VALUES (:s, :d, :at, 30.1)"),
            {"s": stage.east.power_series_id, "d": stage.east.document_id, "at": at},
        )
    try:
        second = client.get(path, headers)
    finally:
        with transaction(stage.url) as connection:
            connection.execute(
                text("DELETE FROM mart.reading WHERE series_id = :s AND measured_at = :at"),
                {"s": stage.east.power_series_id, "at": at},
            )

    # One reading at 2:00, then another at 2:04: four minutes of energy between them.
    assert ([row["reading_count"] for row in first.json()["data"]], len(second.json()["data"])) == ([1], 5)
    assert client.get(path, headers).json() == first.json()


def test_minutes_under_the_apis_role_are_those_of_the_owner(stage, as_east: Callable):
    from include.core.span import Span
    from include.rollups.minutes import read_minutes

    start = datetime(2026, 11, 20, 3, tzinfo=UTC)
    with transaction(stage.url) as connection:
        owned = read_minutes(connection, [stage.east.power_series_id], Span(start, start + timedelta(days=1)))

    rows = as_east(f"/series/{stage.east.power_series_id}/rollups?grain=minute&from=2026-11-20&to=2026-11-21").json()["data"]

    assert [row["energy_kwh"] for row in rows][:-1] == owned["energy_kwh"].tolist()[:-1]
    assert len(rows) == len(owned) == 121
