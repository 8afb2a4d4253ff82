"""Yields, money, CO2 and billing cycles as the API tells them, computed by hand; ranks of inverters; the model."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models.yields import InverterRanks, PlantModelAnswer, PlantYields
from include.core.span import day_span, zone
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres
ZONE = zone("America/Sao_Paulo")
# Ten days from 6 to 15 October 2026: day n has 10 n kWh; the last one is only half known. 10 kWp, 8 kW.


@pytest.fixture
def known_plant(stage):
    tenant_id = stage.east.tenant_id
    with transaction(stage.url) as connection:

        def add(sql, **values):
            return connection.execute(text(sql), {"t": tenant_id, **values})

        plant_id = add(
            "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, capacity_kwp, capacity_kw) "
            "VALUES (:t, 'yields', 'yields', 'America/Sao_Paulo', 10, 8) RETURNING plant_id"
        ).scalar_one()
        devices = [
            add(
                "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name, capacity_kw) "
                "VALUES (:t, :key, :p, 'inverter', :key, :kw) RETURNING device_id", key=f"yields {kw}", p=plant_id, kw=kw,
            ).scalar_one()
            for kw in (3, 5)
        ]  # fmt: skip
        for n in range(1, 11):
            day = date(2026, 10, 5) + timedelta(days=n)
            span = day_span(day, ZONE)
            for device, kwh, complete in (
                (None, 10.0 * n, 0.5 if n == 10 else 1.0),
                (devices[0], 3.0 * n, 1.0),
                (devices[1], 6.0 * n, 0.2 if n == 3 else 1.0),
            ):  # fmt: skip
                add(
                    "INSERT INTO mart.energy_day (tenant_id, plant_id, device_id, local_date, starts_at, ends_at, energy_kwh, "
                    "energy_source, recovered_kwh, covered_s, expected_s, completeness, computed_at) "
                    "VALUES (:t, :p, :d, :day, :a, :b, :kwh, 'power', 0, 0, 0, :c, :b)",
                    p=plant_id, d=device, day=day, a=span.start, b=span.end, kwh=kwh, c=complete,
                )  # fmt: skip
            # Irradiance is known on the first two days only, for half of their energy.
            add(
                "INSERT INTO mart.yield_day VALUES (:t, :p, :day, 80, :irradiated, :h, NULL, NULL, 36000, 27000, 21600, :b)",
                p=plant_id, day=day, irradiated=5.0 * n if n < 3 else None, h=1.0 if n < 3 else None, b=span.end,
            )  # fmt: skip
        add("INSERT INTO fleet.tariff VALUES (:p, '2026-10-01', :t, 0.5, 'BRL'), (:p, '2026-10-08', :t, 1, 'BRL')", p=plant_id)
        add("INSERT INTO fleet.emission_factor VALUES (:t, NULL, '2020-01-01', 0.1, 'grid 2019')")
        add("INSERT INTO fleet.emission_factor VALUES (:t, :p, '2026-10-08', 0.2, 'grid 2025')", p=plant_id)
        add("INSERT INTO fleet.meter_reading_day VALUES (:p, '2026-10-07', :t), (:p, '2026-10-10', :t)", p=plant_id)
    yield plant_id
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM fleet.emission_factor"))
    forget(stage, plant_id)


def forget(stage, plant_id):
    tables = (
        "mart.energy_day", "mart.yield_day", "mart.plant_model", "fleet.tariff", "fleet.meter_reading_day", "fleet.device",
        "fleet.plant",
    )  # fmt: skip
    with transaction(stage.url) as connection:
        for table in tables:
            connection.execute(text(f"DELETE FROM {table} WHERE plant_id = :p"), {"p": plant_id})


def test_a_month_has_ratios_of_sums_over_the_days_that_count(as_east, known_plant):
    answer = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()
    TypeAdapter(PlantYields).validate_python(answer)
    (month,) = answer["data"]

    assert (month["first_day"], month["last_day"], month["days"]) == ("2026-10-01", "2026-10-31", 31)
    assert (month["days_known"], month["days_complete"], month["is_running"]) == (10, 9, False)
    assert (month["energy_kwh"], month["final_yield_h"]) == (550, 55)
    # 15 kWh by 10 kWp, over 2 kWh/m2: not the energy of the days without irradiance.
    assert (month["reference_yield_h"], month["performance_ratio"]) == (2, pytest.approx(0.75))
    assert month["corrected_performance_ratio"] is None
    # 450 kWh on nine complete days of 24 hours.
    assert month["capacity_factor_ac"] == pytest.approx(450 / (8 * 216))
    assert month["capacity_factor_dc"] == pytest.approx(450 / (10 * 216))
    # 80 kWh clear sky each; day 9 has 90 and day 10 100, of which only more than 88 is too much.
    assert (month["clear_sky_kwh"], month["clear_sky_ratio"], month["days_above_ceiling"]) == (720, 0.625, 2)
    assert (month["data_availability"], month["technical_availability"]) == (0.75, pytest.approx(0.8))


def test_money_and_co2_follow_the_tariff_and_the_factor_of_each_day(as_east, known_plant):
    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    # Days 1 and 2 (30 kWh) at 0.50 and at the factor of all plants, 0.1; the other 520 kWh at 1.00 and at the plant's own 0.2.
    assert (month["savings"], month["currency"], month["days_priced"]) == (535, "BRL", 10)
    assert month["co2_avoided_kg"] == pytest.approx(3 + 104)
    assert month["factor_sources"] == ["grid 2019", "grid 2025"]
    assert (month["exported_kwh"], month["self_consumed_kwh"], month["self_consumption"]) == (None, None, None)


def test_a_billing_cycle_is_from_one_reading_of_the_meter_to_the_next(as_east, known_plant):
    cycles = as_east(f"/plants/{known_plant}/yields?grain=cycle&from=2026-10-01&to=2026-11-01").json()["data"]

    assert [(c["first_day"], c["last_day"], c["energy_kwh"], c["is_running"]) for c in cycles] == [
        ("2026-10-07", "2026-10-09", 20 + 30 + 40, False),
        ("2026-10-10", "2026-11-21", 50 + 60 + 70 + 80 + 90 + 100, True),
    ]
    assert cycles[0]["savings"] == 20 * 0.5 + 30 + 40


@pytest.fixture
def meter(stage, known_plant):
    """Days of a meter of the plant, or of another owner: quantity, and energy by local day."""
    made = []

    def tell(quantity, days_kwh, *, plant_id=known_plant, device_id=None):
        with transaction(stage.url) as connection:
            series_id = connection.execute(
                text(
                    "INSERT INTO fleet.series (tenant_id, plant_id, device_id, quantity, kind) "
                    "VALUES (:t, :p, :d, :q, 'counter') RETURNING series_id"
                ),
                {"t": stage.east.tenant_id, "p": plant_id, "d": device_id, "q": quantity},
            ).scalar_one()
            made.append(series_id)
            for day, kwh in days_kwh.items():
                span = day_span(day, ZONE)
                connection.execute(
                    text(
                        "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                        "expected_s, energy_kwh, computed_at) VALUES (:s, 'day', :a, :b, :day, 1, 0, 0, :kwh, :b)"
                    ),
                    {"s": series_id, "a": span.start, "b": span.end, "day": day, "kwh": kwh},
                )

    yield tell
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.rollup WHERE series_id = ANY (:s)"), {"s": made})
        connection.execute(text("DELETE FROM fleet.series WHERE series_id = ANY (:s)"), {"s": made})


def in_october(*days):
    return [date(2026, 10, 5) + timedelta(days=n) for n in days]


def test_what_is_fed_into_the_grid_is_not_consumed(as_east, known_plant, meter):
    meter("export_total_kwh", dict(zip(in_october(1, 2, 10), (4.0, 5.0, 99.0), strict=True)))

    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    # 30 kWh were made on the two complete days of which the export is known; day 10 is not complete.
    assert (month["exported_kwh"], month["self_consumed_kwh"], month["self_consumption"]) == (9, 21, pytest.approx(0.7))
    assert (month["site_kwh"], month["site_days"], month["site_source"], month["bill_without_pv"]) == (None, 0, None, None)


def test_the_bill_without_pv_has_what_was_drawn_and_what_was_made_and_kept_at_the_tariff_of_each_day(as_east, known_plant, meter):
    meter("export_total_kwh", dict(zip(in_october(2, 3, 10), (5.0, 10.0, 0.0), strict=True)))
    meter("import_total_kwh", dict(zip(in_october(1, 2, 3, 10), (100.0, 7.0, 8.0, 9.0), strict=True)))

    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    # 7 + 20 - 5 kWh at 0.50 and 8 + 30 - 10 kWh at 1.00; of day 1 no export is known, and day 10 is not complete.
    assert (month["site_kwh"], month["site_days"], month["site_source"]) == (22 + 28, 2, "meters")
    assert month["bill_without_pv"] == 22 * 0.5 + 28


def test_a_meter_of_the_load_tells_the_bill_without_pv_alone(as_east, known_plant, meter):
    meter("load_day_kwh", dict(zip(in_october(1, 3), (12.0, 30.0), strict=True)))
    meter("import_total_kwh", dict(zip(in_october(1, 3), (1.0, 1.0), strict=True)))

    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    assert (month["site_kwh"], month["bill_without_pv"]) == (42, 12 * 0.5 + 30)


SEPTEMBER = [date(2026, 9, 1) + timedelta(days=n) for n in range(30)]


def tell_september(stage, meter, plant_id):
    """A whole month of 15 kWh a day, of which 5 are fed into the grid; the customer drew 904.5 kWh."""
    meter("export_total_kwh", dict.fromkeys(SEPTEMBER, 5.0), plant_id=plant_id)
    with transaction(stage.url) as connection:
        of_customer = (
            "UPDATE fleet.plant SET customer_document = c.document FROM fleet.customer AS c "
            "WHERE plant_id = :p AND customer_id = :c"
        )
        connection.execute(text(of_customer), {"p": plant_id, "c": stage.east.customer_id})
        connection.execute(
            text("INSERT INTO fleet.tariff VALUES (:p, '2026-09-01', :t, 0.8, 'BRL')"),
            {"t": stage.east.tenant_id, "p": plant_id},
        )
        for day in SEPTEMBER:
            span = day_span(day, ZONE)
            connection.execute(
                text(
                    "INSERT INTO mart.energy_day (tenant_id, plant_id, local_date, starts_at, ends_at, energy_kwh, "
                    "energy_source, recovered_kwh, covered_s, expected_s, completeness, computed_at) "
                    "VALUES (:t, :p, :day, :a, :b, 15, 'power', 0, 0, 0, 1, :b)"
                ),
                {"t": stage.east.tenant_id, "p": plant_id, "day": day, "a": span.start, "b": span.end},
            )


@pytest.fixture
def september(stage, known_plant, meter):
    tell_september(stage, meter, known_plant)
    return known_plant


def bill_of_september(as_east, plant_id):
    """What the place consumed, on how many days, whence that is known, and what it had cost without PV."""
    (month,) = as_east(f"/plants/{plant_id}/yields?grain=month&from=2026-09-01&to=2026-10-01").json()["data"]
    return month["site_kwh"], month["site_days"], month["site_source"], month["bill_without_pv"]


def test_the_consumption_of_the_plants_customer_tells_the_bill_of_a_whole_month_without_pv(as_east, september):
    answer = as_east(f"/plants/{september}/yields?grain=month&from=2026-09-01&to=2026-11-01").json()
    TypeAdapter(PlantYields).validate_python(answer)
    whole, partial = answer["data"]

    assert (whole["site_kwh"], whole["site_days"], whole["site_source"]) == (904.5 + 450 - 150, 30, "consumption")
    assert whole["bill_without_pv"] == pytest.approx(1204.5 * 0.8)
    assert (partial["site_kwh"], partial["site_source"], partial["bill_without_pv"]) == (None, None, None)


def test_a_month_with_a_day_that_is_not_known_or_with_two_tariffs_has_no_bill_without_pv(stage, as_east, september):
    def month():
        return as_east(f"/plants/{september}/yields?grain=month&from=2026-09-01&to=2026-10-01").json()["data"][0]

    with transaction(stage.url) as connection:
        connection.execute(
            text("INSERT INTO fleet.tariff VALUES (:p, '2026-09-15', :t, 0.9, 'BRL')"),
            {"t": stage.east.tenant_id, "p": september},
        )
    two_tariffs = month()
    with transaction(stage.url) as connection:
        connection.execute(
            text("DELETE FROM mart.energy_day WHERE plant_id = :p AND local_date = '2026-09-07'"), {"p": september}
        )
    unknown_day = month()

    assert (two_tariffs["site_kwh"], two_tariffs["bill_without_pv"]) == (1204.5, None)
    assert (unknown_day["site_kwh"], unknown_day["bill_without_pv"]) == (None, None)


def test_a_month_in_which_the_tariff_begins_has_no_bill_without_pv(stage, as_east, september):
    with transaction(stage.url) as connection:
        connection.execute(
            text("UPDATE fleet.tariff SET valid_from = '2026-09-15' WHERE plant_id = :p AND valid_from = '2026-09-01'"),
            {"p": september},
        )

    assert bill_of_september(as_east, september) == (1204.5, 30, "consumption", None)


@pytest.fixture
def barn(stage):
    """A second point of consumption of the customer, that tells 2,000 kWh of a month."""
    owner = {"t": stage.east.tenant_id, "c": stage.east.customer_id}
    with transaction(stage.url) as connection:
        sql = "INSERT INTO fleet.consumption_point (tenant_id, customer_id, point_key) VALUES (:t, :c, 'barn') RETURNING point_id"
        point_id = connection.execute(text(sql), owner).scalar_one()
        sql = (
            "INSERT INTO fleet.series (tenant_id, customer_id, point_id, quantity, kind) "
            "VALUES (:t, :c, :p, 'consumption_kwh', 'amount') RETURNING series_id"
        )
        series_id = connection.execute(text(sql), {**owner, "p": point_id}).scalar_one()

    def tell(month):
        with transaction(stage.url) as connection:
            connection.execute(
                text(
                    "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                    "expected_s, energy_kwh, computed_at) "
                    "VALUES (:s, 'month', :day, :day + interval '1 month', :day, 1, 0, 0, 2000, :day)"
                ),
                {"s": series_id, "day": datetime(2026, month, 1, 3, tzinfo=UTC)},
            )

    yield tell
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.rollup WHERE series_id = :s"), {"s": series_id})
        connection.execute(text("DELETE FROM fleet.series WHERE series_id = :s"), {"s": series_id})
        connection.execute(text("DELETE FROM fleet.consumption_point WHERE point_id = :p"), {"p": point_id})


def test_while_the_bill_of_a_point_of_the_customer_has_not_come_there_is_no_bill_without_pv(as_east, september, barn):
    never_told = bill_of_september(as_east, september)
    barn(8)
    not_yet = bill_of_september(as_east, september)
    barn(9)
    told = bill_of_september(as_east, september)

    assert never_told == (1204.5, 30, "consumption", pytest.approx(1204.5 * 0.8))
    assert not_yet == (None, 0, None, None)
    assert told == (3204.5, 30, "consumption", pytest.approx(3204.5 * 0.8))


@pytest.fixture
def twin(stage, known_plant):
    """A second plant of the same tenant."""
    with transaction(stage.url) as connection:
        sql = (
            "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) "
            "VALUES (:t, 'twin', 'twin', 'America/Sao_Paulo') RETURNING plant_id"
        )
        plant_id = connection.execute(text(sql), {"t": stage.east.tenant_id}).scalar_one()
    yield plant_id
    forget(stage, plant_id)


def test_what_the_customer_of_two_plants_consumes_tells_the_bill_of_neither(stage, as_east, twin, september, meter):
    tell_september(stage, meter, twin)

    assert [bill_of_september(as_east, plant_id) for plant_id in (september, twin)] == [(None, 0, None, None)] * 2


@pytest.fixture
def load_meter(stage, known_plant, meter):
    """Days of one of the meters of the load: 20 kWh each."""

    def tell(name, days):
        with transaction(stage.url) as connection:
            sql = (
                "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
                "VALUES (:t, :name, :p, 'meter', :name) RETURNING device_id"
            )
            device_id = connection.execute(text(sql), {"t": stage.east.tenant_id, "p": known_plant, "name": name}).scalar_one()
        meter("load_day_kwh", dict.fromkeys(days, 20.0), plant_id=None, device_id=device_id)

    return tell


def test_days_of_which_one_of_two_meters_of_the_load_is_silent_are_not_summed(as_east, load_meter, known_plant):
    load_meter("house", in_october(*range(1, 11)))
    load_meter("hall", in_october(1, 2, 3))

    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    # 40 kWh on each of three days: two at 0.50, one at 1.00.
    assert (month["site_kwh"], month["site_days"], month["site_source"]) == (120, 3, "meters")
    assert month["bill_without_pv"] == 2 * 40 * 0.5 + 40


def test_a_meter_is_missed_from_its_first_day_until_another_one_takes_its_place(as_east, load_meter, known_plant):
    load_meter("house", in_october(*range(1, 11)))
    load_meter("hall", in_october(3, 4, 6))
    load_meter("hall, the new one", in_october(8, 9, 10))

    days = as_east(f"/plants/{known_plant}/yields?grain=day&from=2026-10-06&to=2026-10-16").json()["data"]
    (eighth,) = as_east(f"/plants/{known_plant}/yields?grain=day&from=2026-10-12&to=2026-10-13").json()["data"]

    # The hall is not yet there on the first two days, says nothing on the fifth, and is broken on the seventh.
    assert [day["site_kwh"] for day in days] == [20, 20, 40, 40, None, 40, None, 40, 40, 40]
    assert eighth["site_kwh"] is None


@pytest.mark.parametrize(
    ("gone", "known"),
    [
        ("dismantled_on = '2026-10-11'", [40, 40, 40, None, None, 20, 20, 20, 20, 20]),
        ("retired_at = '2026-10-14T12:00Z'", [40, 40, 40, 20, 20, 20, 20, 20, 20, 20]),
        ("dismantled_on = '2026-10-07'", [40, 40, 40, 20, 20, 20, 20, 20, 20, 20]),
    ],
    ids=["the registry says when", "its vendor lists it no longer", "it told more after the day that the registry says"],
)
def test_a_meter_that_is_gone_is_missed_as_long_as_it_was_there(stage, as_east, load_meter, known_plant, gone, known):
    load_meter("house", in_october(*range(1, 11)))
    load_meter("hall", in_october(1, 2, 3))
    with transaction(stage.url) as connection:
        connection.execute(text(f"UPDATE fleet.device SET {gone} WHERE device_key = 'hall'"))

    days = as_east(f"/plants/{known_plant}/yields?grain=day&from=2026-10-06&to=2026-10-16").json()["data"]
    (month,) = as_east(f"/plants/{known_plant}/yields?grain=month&from=2026-10-01&to=2026-11-01").json()["data"]

    assert [day["site_kwh"] for day in days] == known
    assert (month["site_kwh"], month["site_days"]) == (sum(filter(None, known)), len(list(filter(None, known))))


def test_a_meter_of_the_load_that_tells_one_day_stands_behind_the_consumption_of_the_whole_month(as_east, september, meter):
    meter("load_day_kwh", {SEPTEMBER[-1]: 45.0})

    assert bill_of_september(as_east, september) == (1204.5, 30, "consumption", pytest.approx(1204.5 * 0.8))


def test_without_capacity_tariff_or_yields_there_is_null_and_no_zero(stage, as_east):
    (day,) = as_east(f"/plants/{stage.east.plant_id}/yields?grain=day&from=2026-11-20&to=2026-11-21").json()["data"]

    assert day["energy_kwh"] == 98.5
    for name in (
        "final_yield_h",
        "performance_ratio",
        "capacity_factor_ac",
        "clear_sky_kwh",
        "data_availability",
        "savings",
        "co2_avoided_kg",
    ):
        assert day[name] is None


def test_inverters_are_ranked_over_the_days_that_all_of_them_know(as_east, known_plant):
    answer = as_east(f"/plants/{known_plant}/inverter-ranks?from=2026-10-06&to=2026-10-16").json()
    TypeAdapter(InverterRanks).validate_python(answer)

    # Without day 3, of which the second knows too little: 52 x 3 kWh by 3 kW, and 52 x 6 kWh by 5 kW.
    assert [(r["rank"], r["days"], r["energy_kwh"], r["specific_yield_kwh_kw"]) for r in answer["data"]] == [
        (1, 9, 312, pytest.approx(62.4)), (2, 9, 156, 52)
    ]  # fmt: skip


def test_the_model_says_where_it_is_from_and_is_null_where_there_is_none(stage, as_east, known_plant):
    nothing = as_east(f"/plants/{known_plant}/model").json()
    with transaction(stage.url) as connection:
        connection.execute(
            text(
                "INSERT INTO mart.plant_model VALUES (:p, :t, -23.5, -46.6, false, 20, 0, 'fitted', 10, 8, 'registered', 17, "
                "8.5, 9.8, -0.5, -1.5, 0.6, 219, array_fill(8.25::float8, ARRAY[12]), '2026-11-01T00:00Z')"
            ),
            {"p": known_plant, "t": stage.east.tenant_id},
        )

    told = as_east(f"/plants/{known_plant}/model").json()

    TypeAdapter(PlantModelAnswer).validate_python(told)
    assert nothing == {"data": None}
    assert (told["data"]["plane_source"], told["data"]["degradation_pct"]) == ("fitted", -0.5)


def test_another_tenants_plant_is_not_there(stage, as_east):
    for path in ("yields?grain=day", "inverter-ranks", "model"):
        assert as_east(f"/plants/{stage.west.plant_id}/{path}").status_code == 404
