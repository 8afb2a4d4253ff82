"""A figure of a report says why it may still change, or rests on more than measured power; what is sure says nothing."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import text

from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_reports_and_mail import filled, issue, measure, plant  # noqa: F401 - fixtures
from tests.warehouse.test_rollups import rows_of

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"


def told(small: SmallFleet) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Marks of the newest revision, by local day and by inverter, but for `incomplete`, for these months are."""
    figures = small.read("SELECT figures FROM mart.report ORDER BY revision DESC LIMIT 1")["figures"].item()

    def marked(names: list[str], marks: list[list[str]]) -> dict[str, list[str]]:
        kept = {name: [mark for mark in found if mark != "incomplete"] for name, found in zip(names, marks, strict=True)}
        return {name: found for name, found in kept.items() if found}

    days = marked([bar["day"] for bar in figures["days"]], figures["marks"]["days"])
    return days, marked([row["name"] for row in figures["inverters"]], figures["marks"]["inverters"])


def change(small: SmallFleet, sql: str, **parameters: object) -> None:
    with transaction(small.url) as connection:
        connection.execute(text(sql), parameters)


def test_a_settled_month_of_power_alone_says_nothing(plant):  # noqa: F811
    issue(plant)

    assert told(plant) == ({}, {})


def test_the_day_that_ended_just_now_is_provisional_until_it_is_settled(plant):  # noqa: F811
    issue(plant, now=datetime(2026, 2, 11, 4, tzinfo=UTC))
    fresh = told(plant)
    issue(plant, now=datetime(2026, 2, 11, 12, tzinfo=UTC))

    assert fresh == ({"2026-02-10": ["provisional"]}, {"Device 1": ["provisional"], "Device 2": ["provisional"]})


def test_late_data_restate_the_day_and_the_inverter_that_they_change_and_no_other(plant):  # noqa: F811
    issue(plant)
    measure(plant, "2026-02-04", {"1": 6.0}, first="2026-02-04")
    issue(plant)

    days, inverters = told(plant)
    # The samples of both midnights belong to the steps on either side of them.
    assert days == {f"2026-02-0{day}": ["restated"] for day in (3, 4, 5)}
    assert inverters == {"Device 1": ["restated"]}


def test_what_a_counter_knows_of_a_silent_inverter_is_recovered(plant):  # noqa: F811
    plant.add_device("3", quantities=("ac_power_kw", "energy_total_kwh"))
    at = pd.date_range("2026-02-04", "2026-02-05", freq="30min", tz=ZONE)
    silent = (at.hour >= 10) & (at.hour < 14)
    hours = (at - at[0]).total_seconds() / 3600
    plant.load(plant.register("power"), rows_of(plant.series["3", "ac_power_kw"], at[~silent], [4.0] * int((~silent).sum())))
    plant.load(plant.register("counter"), rows_of(plant.series["3", "energy_total_kwh"], at, 100 + 4.0 * hours))
    plant.roll_up()
    issue(plant)

    days, inverters = told(plant)
    assert (days, inverters) == ({"2026-02-04": ["counter"]}, {"Device 3": ["counter"]})


@pytest.mark.parametrize(
    ("subject", "quantity", "days", "inverters"),
    [
        ("1", "ac_power_kw", {"2026-02-06": ["held_back"]}, {"Device 1": ["held_back"]}),
        ("1", "temp_inverter_c", {}, {}),
        ("weather station", "", {}, {}),
        ("1", "", {"2026-02-06": ["held_back"]}, {"Device 1": ["held_back"]}),
    ],
    ids=["a power", "a temperature", "something of a weather station", "something of an inverter"],
)
def test_a_reading_that_was_not_trusted_holds_back_the_energy_of_its_day_and_inverter(plant, subject, quantity, days, inverters):  # noqa: F811
    plant.add_device("weather station", kind="sensor", quantities=("temperature_c",))
    change(
        plant,
        "INSERT INTO landing.quarantine SELECT min(document_id), 1, :quantity, tenant_id, :subject, ARRAY['power_possible'], "
        "CAST(:payload AS jsonb) FROM landing.document GROUP BY tenant_id",
        quantity=quantity, subject=subject, payload=json.dumps({"measured_at": "2026-02-07T02:30:00Z"}),
    )  # fmt: skip
    issue(plant)

    # Half past two of the 7th in UTC is still the evening of the 6th at the plant.
    assert told(plant) == (days, inverters)


def test_a_reading_of_another_tenants_device_of_the_same_key_holds_back_nothing(plant):  # noqa: F811
    change(
        plant,
        "WITH other AS (INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('other', 'Other', 'UTC') RETURNING tenant_id), "
        "theirs AS (INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
        "received_at, last_received_at) SELECT tenant_id, 'telemetry_batches', 'f', repeat('a', 64), 'd', 1, 1, 'loaded', now(), "
        "now() FROM other RETURNING document_id, tenant_id) "
        "INSERT INTO landing.quarantine SELECT document_id, 1, 'ac_power_kw', tenant_id, '1', ARRAY['power_possible'], "
        "CAST(:payload AS jsonb) FROM theirs",
        payload=json.dumps({"measured_at": "2026-02-07T02:30:00Z"}),
    )
    issue(plant)

    assert told(plant) == ({}, {})


def test_an_increase_that_no_rating_explains_holds_back_its_day(plant):  # noqa: F811
    change(
        plant,
        "INSERT INTO mart.counter_day (series_id, local_date, zeros, dips, resets, held_back) "
        "SELECT series_id, '2026-02-08', 0, 0, 0, 1 FROM fleet.series JOIN fleet.device USING (device_id) WHERE device_key = '2'",
    )
    issue(plant)

    assert told(plant) == ({"2026-02-08": ["held_back"]}, {"Device 2": ["held_back"]})


@pytest.mark.parametrize(
    ("stale", "interpolated", "is_told"),
    [(2, 0, False), (3, 0, True), (1, 2, True)],
    ids=["less than a twentieth", "a twentieth", "a twentieth, some of it interpolated"],
)
def test_a_day_on_which_power_stood_still_is_hardly_measured(plant, stale, interpolated, is_told):  # noqa: F811
    change(
        plant,
        "INSERT INTO mart.series_mark SELECT series_id, '2026-02-08', s.tenant_id, 48, :stale, :interpolated, 0, now(), now() "
        "FROM fleet.series AS s JOIN fleet.device USING (device_id) WHERE device_key = '2' AND quantity = 'ac_power_kw'",
        stale=stale, interpolated=interpolated,
    )  # fmt: skip
    issue(plant)

    marked = ({"2026-02-08": ["hardly_measured"]}, {"Device 2": ["hardly_measured"]})
    assert told(plant) == (marked if is_told else ({}, {}))
