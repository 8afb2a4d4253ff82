"""The published energy of a plant by day, week, month and year, and the days on which counters misbehaved."""

from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models import energy
from include.core.span import day_span, zone
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres
ZONE = "America/Sao_Paulo"

# Tenant east's plant: 98.5 kWh on 20 and 21 November 2026, 0.96 complete, of which a counter recovered 0.5 kWh each. It is
# 12:00 of the 21st.


def energies(as_east, plant_id, question):
    return as_east(f"/plants/{plant_id}/energy?{question}").json()


@pytest.fixture
def long_plant(stage):
    """A plant of tenant east with 35 days from 5 October 2026, a Monday, on: day n has n kWh, every seventh is not known."""
    with transaction(stage.url) as connection:
        plant_id = connection.execute(
            text(
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (:t, 'long', 'long', :z) "
                "RETURNING plant_id"
            ),
            {"t": stage.east.tenant_id, "z": ZONE},
        ).scalar_one()
        for n in range(1, 36):
            day = date(2026, 10, 4) + timedelta(days=n)
            span, is_known = day_span(day, zone(ZONE)), n % 7 != 0
            connection.execute(
                text(
                    "INSERT INTO mart.energy_day (tenant_id, plant_id, local_date, starts_at, ends_at, energy_kwh, "
                    "energy_source, recovered_kwh, covered_s, expected_s, completeness, computed_at) "
                    "VALUES (:t, :p, :day, :a, :b, :kwh, :source, :recovered, 0, 0, :share, :b)"
                ),
                {
                    "t": stage.east.tenant_id, "p": plant_id, "day": day, "a": span.start, "b": span.end,
                    "kwh": float(n) if is_known else None, "source": ("vendor" if n < 4 else "power") if is_known else None,
                    "recovered": 0.25 if is_known else 0.0, "share": (1.0 if n % 2 else 0.5) if is_known else 0.0,
                },
            )  # fmt: skip
    yield plant_id
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.energy_day WHERE plant_id = :p"), {"p": plant_id})
        connection.execute(text("DELETE FROM fleet.plant WHERE plant_id = :p"), {"p": plant_id})


def test_a_day_tells_the_published_energy_and_where_it_comes_from(stage, as_east):
    answer = energies(as_east, stage.east.plant_id, "grain=day&from=2026-11-20&to=2026-11-22")

    assert {name: value for name, value in answer.items() if name != "data"} == {
        "plant_id": stage.east.plant_id, "grain": "day", "unit": "kWh", "timezone": ZONE,
        "start": "2026-11-20T00:00:00-03:00", "end": "2026-11-22T00:00:00-03:00", "settled_until": "2026-11-21T10:00:00-03:00",
    }  # fmt: skip
    assert answer["data"] == [
        {
            "starts_at": f"2026-11-{day}T00:00:00-03:00", "ends_at": f"2026-11-{day + 1}T00:00:00-03:00",
            "local_date": f"2026-11-{day}", "energy_kwh": 98.5, "energy_sources": ["power and counter"], "recovered_kwh": 0.5,
            "days": 1, "days_known": 1, "days_complete": 1, "mean_completeness": 0.96, "provisional": day == 21, "partial": False,
        }
        for day in (20, 21)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("grain", "starts_on", "days"), [("week", "2026-11-16", 7), ("month", "2026-11-01", 30), ("year", "2026-01-01", 365)]
)
def test_a_longer_interval_is_the_sum_of_its_days_and_says_how_many_it_knows(stage, as_east, grain, starts_on, days):
    (row,) = energies(as_east, stage.east.plant_id, f"grain={grain}")["data"]

    assert (row["local_date"], row["days"], row["days_known"], row["days_complete"]) == (starts_on, days, 2, 2)
    assert (row["energy_kwh"], row["recovered_kwh"], row["mean_completeness"]) == (197, 1, 0.96)
    assert (row["provisional"], row["partial"]) == (True, True)


def test_weeks_of_days_that_differ(long_plant, as_east):
    first, second, *_ = energies(as_east, long_plant, "grain=week&from=2026-10-05&to=2026-11-09")["data"]

    # Days 1 to 6 are known, 1, 3 and 5 are complete, the seventh is a row without energy: 0 complete.
    assert (first["starts_at"], first["ends_at"]) == ("2026-10-05T00:00:00-03:00", "2026-10-12T00:00:00-03:00")
    assert (first["energy_kwh"], first["energy_sources"], first["recovered_kwh"]) == (21, ["power", "vendor"], 1.5)
    assert (first["days_known"], first["days_complete"], first["mean_completeness"]) == (6, 3, pytest.approx(4.5 / 7))
    assert (second["energy_kwh"], second["energy_sources"], second["partial"]) == (8 + 9 + 10 + 11 + 12 + 13, ["power"], False)


def test_a_month_is_told_whole_and_partial_where_the_span_ends_within_it(long_plant, as_east):
    october, november = energies(as_east, long_plant, "grain=month&from=2026-10-20&to=2026-12-01")["data"]

    # October has days 1 to 27 without 7, 14 and 21; November 28 to 35, of which 28 and 35 are not known.
    assert (october["energy_kwh"], october["days"], october["days_known"]) == (27 * 28 / 2 - 42, 31, 24)
    assert (november["energy_kwh"], november["days_known"]) == (29 + 30 + 31 + 32 + 33 + 34, 6)
    assert (october["partial"], november["partial"], october["provisional"], november["provisional"]) == (
        True, False, False, True,
    )  # fmt: skip


def test_a_day_of_which_nothing_is_known_has_null_and_not_zero(long_plant, as_east):
    (row,) = energies(as_east, long_plant, "grain=day&from=2026-10-11&to=2026-10-12")["data"]

    assert (row["energy_kwh"], row["recovered_kwh"], row["energy_sources"], row["days_known"]) == (None, None, [], 0)


def test_the_intervals_overlap_the_span_to_the_second(long_plant, as_east):
    span = "from=2026-10-06T23:59:59-03:00&to=2026-10-08T00:00:01-03:00"

    rows = energies(as_east, long_plant, f"grain=day&{span}")["data"]

    assert [(row["local_date"][-2:], row["partial"]) for row in rows] == [("06", True), ("07", False), ("08", True)]


def test_a_day_tells_what_its_counters_did_and_whether_it_is_decided(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/counter-days").json()

    (series,) = as_east(f"/series?device_id={stage.east.device_id}&quantity=energy_total_kwh").json()["data"]
    decided, undecided = answer["data"]
    assert decided == {
        "local_date": "2026-11-20", "series_id": series["series_id"], "device_id": stage.east.device_id,
        "quantity": "energy_total_kwh", "zeros": 3, "dips": 2, "resets": 1, "held_back": 0, "is_open": False, "opened_at": None,
    }  # fmt: skip
    assert (undecided["local_date"], undecided["is_open"], undecided["opened_at"]) == (
        "2026-11-21",
        True,
        "2026-11-20T21:00:00-03:00",
    )
    assert (answer["timezone"], answer["next"]) == (ZONE, None)


@pytest.mark.parametrize(
    ("span", "days"),
    [("to=2026-11-21", ["2026-11-20"]), ("from=2026-11-21", ["2026-11-21"]), ("from=2026-11-01&to=2026-11-20", [])],
)
def test_counter_days_are_those_of_the_span(stage, as_east, span, days):
    rows = as_east(f"/plants/{stage.east.plant_id}/counter-days?{span}").json()["data"]

    assert [row["local_date"] for row in rows] == days


def test_counter_days_are_walked_once_each(stage, as_east):
    path = f"/plants/{stage.east.plant_id}/counter-days?limit=1"
    first = as_east(path).json()
    second = as_east(f"{path}&cursor={first['next']}").json()

    assert [row["local_date"] for row in first["data"] + second["data"]] == ["2026-11-20", "2026-11-21"]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["energy?grain=week&from=2026-11-01&to=2026-11-21", "counter-days?from=2026-11-20"])
def test_an_unchanged_answer_costs_no_body(stage, client, path):
    headers = stage.headers(stage.east)
    etag = client.get(f"/plants/{stage.east.plant_id}/{path}", headers).headers["etag"]

    again = client.get(f"/plants/{stage.east.plant_id}/{path}", headers | {"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("energy", 422), ("energy?grain=hour", 422), ("energy?grain=day&from=2010-01-01", 422),
        ("energy?grain=day&from=2026-11-21&to=2026-11-20", 422), ("energy?grain=day&limit=1", 400), ("counter-days?limit=0", 422),
        ("counter-days?from=2010-01-01", 422), ("counter-days?cursor=abc", 400),
    ],
)  # fmt: skip
def test_a_senseless_question_is_refused(stage, as_east, question, status):
    assert as_east(f"/plants/{stage.east.plant_id}/{question}").status_code == status


def test_answers_are_as_the_document_says(stage, as_east):
    for model, path in {energy.PlantEnergies: "energy?grain=month", energy.CounterDays: "counter-days"}.items():
        TypeAdapter(model).validate_json(as_east(f"/plants/{stage.east.plant_id}/{path}").content)
