"""What is lost, in money: at the tariff in force on each day, and not at all where there is none."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

AT = datetime(2026, 9, 1, 3, tzinfo=UTC)
"""Midnight of 1 September in Sao Paulo."""
LOSSES = ((1, 100.0, 40.0), (2, 100.0, 90.0), (3, 100.0, 120.0), (4, None, None))
"""Day, expected and compared energy: 60, 10 and 0 kWh are missing."""


@pytest.fixture
def losing(stage):
    """An inverter of east that lost 60 and 10 kWh on two days, and an alarm of these days; told is what tariffs it has."""
    east = stage.east

    def tell(*tariffs: tuple[str, float, str]) -> None:
        with transaction(stage.url) as connection:
            for valid_from, price, currency in tariffs:
                connection.execute(
                    text("INSERT INTO fleet.tariff VALUES (:p, :day, :t, :price, :currency)"),
                    {"p": east.plant_id, "t": east.tenant_id, "day": valid_from, "price": price, "currency": currency},
                )

    with transaction(stage.url) as connection:
        for day, expected, compared in LOSSES:
            connection.execute(
                text(
                    "INSERT INTO mart.inverter_day VALUES (:t, :p, :d, :day, :verdict, :method, :reason, :compared, :expected, "
                    ":lost, 0, 0, 0, :at)"
                ),
                {
                    "t": east.tenant_id, "p": east.plant_id, "d": east.device_id, "day": date(2026, 9, day), "at": AT,
                    "verdict": "very low" if expected else "not compared", "method": "rating" if expected else None,
                    "reason": None if expected else "no peer", "expected": expected, "compared": compared,
                    "lost": expected and max(0.0, expected - compared),
                },
            )  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, "
                "is_open, origin, lost_kwh, reported_at) VALUES (:t, :p, :d, 'losing', 'low', 'Low', 'major', :at, "
                "CAST(:at AS timestamptz) + interval '3 days', false, 'heliograph', 70, :at)"
            ),
            {"t": east.tenant_id, "p": east.plant_id, "d": east.device_id, "at": AT},
        )
        connection.execute(
            text(
                "INSERT INTO mart.alarm_day SELECT alarm_id, day, :t, kwh FROM mart.alarm, "
                "(VALUES (date '2026-09-01', 60), ('2026-09-02', 10), ('2026-09-03', 0)) AS d (day, kwh) "
                "WHERE alarm_key = 'losing'"
            ),
            {"t": east.tenant_id},
        )
    yield tell
    with transaction(stage.url) as connection:
        for table in ("mart.inverter_day", "mart.alarm"):
            day = "local_date" if table.endswith("day") else "raised_at"
            connection.execute(text(f"DELETE FROM {table} WHERE {day} < '2026-10-01'"))
        connection.execute(text("DELETE FROM fleet.tariff WHERE plant_id = :p"), {"p": east.plant_id})


def told(answer) -> list[tuple]:
    return [(row["lost_kwh"], row["lost_value"], row["currency"], row["lost_value_missing"]) for row in answer.json()["data"]]


def test_a_loss_is_worth_the_tariff_of_its_day(stage, as_east, losing):
    losing(("2026-08-01", 0.5, "BRL"), ("2026-09-02", 2.0, "BRL"))

    days = told(as_east(f"/plants/{stage.east.plant_id}/inverter-days?from=2026-09-01&to=2026-09-05"))
    alarms = told(as_east(f"/plants/{stage.east.plant_id}/alarms?from=2026-09-01&to=2026-09-05"))

    assert days == [(60, 30, "BRL", None), (10, 20, "BRL", None), (0, 0, "BRL", None), (None, None, None, None)]
    assert alarms == [(70, pytest.approx(60 * 0.5 + 10 * 2), "BRL", None)]


def test_a_loss_without_a_tariff_on_one_of_its_days_has_no_value_and_says_so(stage, as_east, losing):
    losing(("2026-09-02", 2.0, "BRL"))

    days = told(as_east(f"/plants/{stage.east.plant_id}/inverter-days?from=2026-09-01&to=2026-09-03"))
    alarms = told(as_east(f"/plants/{stage.east.plant_id}/alarms?from=2026-09-01&to=2026-09-05"))

    assert days == [(60, None, None, "no tariff"), (10, 20, "BRL", None)]
    assert alarms == [(70, None, None, "no tariff")]


def test_losses_in_two_currencies_are_not_added_up(stage, as_east, losing):
    losing(("2026-08-01", 0.5, "BRL"), ("2026-09-02", 0.1, "EUR"))

    assert told(as_east(f"/plants/{stage.east.plant_id}/alarms?from=2026-09-01&to=2026-09-05")) == [
        (70, None, None, "several currencies")
    ]
