"""What a plant and a device do now, and hours of energy as Home Assistant imports them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

LAST_READING = timedelta(hours=2)


@pytest.fixture
def at(stage):
    """GET as tenant east's client at so long after the first reading, which is local midnight, with nothing remembered."""
    moment = [stage.now]
    app = stage.new_app(clock=lambda: moment[0])

    def get(path: str, after: timedelta):
        moment[0] = stage.first_reading + after
        app.state.heliograph.answers.__init__()
        return stage.client_of(app).get(path, stage.headers_at(stage.east, stage.first_reading + after)).json()

    return get


def hours(answer) -> list[tuple[datetime, float]]:
    return [(datetime.fromisoformat(row["start"]), row["sum"]) for row in answer["data"]["stats"]]


def test_a_plant_tells_its_power_while_its_inverter_speaks_and_null_after(stage, at):
    path = f"/plants/{stage.east.plant_id}/now"
    speaking, silent = at(path, LAST_READING + timedelta(minutes=1)), at(path, LAST_READING + timedelta(days=1))

    assert speaking["data"]["power_kw"] == pytest.approx(24.1)
    assert (speaking["data"]["is_online"], silent["data"]["is_online"]) == (True, False)
    assert (speaking["data"]["inverters"], speaking["data"]["inverters_online"], silent["data"]["inverters_online"]) == (1, 1, 0)
    assert silent["data"]["power_kw"] is None
    assert silent["data"]["measured_at"] == speaking["data"]["measured_at"]


def test_energy_of_today_is_of_the_plants_own_day_and_the_total_of_all(stage, at):
    """Published in the seed: 98.5 kWh on each of 20 and 21 November."""
    evening = at(f"/plants/{stage.east.plant_id}/now", timedelta(hours=23, minutes=59))
    next_week = at(f"/plants/{stage.east.plant_id}/now", timedelta(days=7))

    assert (evening["data"]["energy_today_kwh"], evening["data"]["energy_total_kwh"]) == (98.5, 197.0)
    assert (next_week["data"]["energy_today_kwh"], next_week["data"]["energy_total_kwh"]) == (None, 197.0)


def test_every_state_that_is_described_is_told_and_flat(stage, at):
    for path in (f"/plants/{stage.east.plant_id}/now", f"/devices/{stage.east.device_id}/now"):
        answer = at(path, LAST_READING)
        assert answer["states"].keys() <= answer["data"].keys()
        assert not any(isinstance(value, dict | list) for value in answer["data"].values())
    assert answer["states"]["ac_power_kw"] == {"unit": "kW", "device_class": "power", "state_class": "measurement"}


def test_a_device_tells_its_newest_numbers_and_state(stage, at):
    fresh, stale = (at(f"/devices/{stage.east.device_id}/now", LAST_READING + timedelta(hours=late)) for late in (0, 24))

    assert fresh["data"]["ac_power_kw"] == pytest.approx(24.1)
    assert (fresh["data"]["state"], fresh["data"]["is_online"]) == ("NaN", True)
    assert (stale["data"]["ac_power_kw"], stale["data"]["is_online"]) == (None, False)
    assert fresh["data"]["energy_total_kwh"] is None


def test_hours_rise_to_what_was_published_and_are_whole_utc_hours(stage, at):
    told = hours(at(f"/plants/{stage.east.plant_id}/energy-statistics?from=2026-11-20&to=2026-11-22", timedelta(days=3)))
    sums = [kwh for _, kwh in told]

    assert len(told) == len({start for start, _ in told}) == 48
    assert all(start.tzinfo and not (start.minute or start.second) for start, _ in told)
    assert sums == sorted(sums)
    assert sums[23] == pytest.approx(98.5)
    assert sums[47] == pytest.approx(197.0)


def test_the_sum_of_an_hour_is_the_same_whatever_span_is_asked_for(stage, at):
    path = f"/plants/{stage.east.plant_id}/energy-statistics"
    whole = dict(hours(at(f"{path}?from=2026-11-20&to=2026-11-22", timedelta(days=3))))
    part = dict(hours(at(f"{path}?from=2026-11-21T10:00:00Z&to=2026-11-21T14:00:00Z", timedelta(days=3))))

    assert len(part) == 4
    assert part.items() <= whole.items()


def test_an_hour_is_told_when_it_has_ended(stage, at):
    path = f"/plants/{stage.east.plant_id}/energy-statistics?from=2026-11-20&to=2026-11-22"

    told = [len(hours(at(path, timedelta(hours=10, minutes=minutes)))) for minutes in (0, 59, 60)]

    assert told == [10, 10, 11]


def test_a_day_whose_power_is_unknown_has_its_energy_at_noon_and_a_negative_one_takes_nothing(stage, at):
    with transaction(stage.url) as connection:
        for day, kwh in ((23, 40.0), (24, -3.0)):
            connection.execute(
                text(
                    "INSERT INTO mart.energy_day (tenant_id, plant_id, local_date, starts_at, ends_at, energy_kwh, "
                    "energy_source, recovered_kwh, covered_s, expected_s, computed_at) "
                    "VALUES (:t, :p, :day, :a, :b, :kwh, 'counter', 0, 0, 43200, :b)"
                ),
                {
                    "t": stage.east.tenant_id, "p": stage.east.plant_id, "day": datetime(2026, 11, day).date(), "kwh": kwh,
                    "a": datetime(2026, 11, day, 3, tzinfo=UTC), "b": datetime(2026, 11, day + 1, 3, tzinfo=UTC),
                },
            )  # fmt: skip
    try:
        told = hours(at(f"/plants/{stage.east.plant_id}/energy-statistics?from=2026-11-22&to=2026-11-25", timedelta(days=9)))
    finally:
        with transaction(stage.url) as connection:
            connection.execute(text("DELETE FROM mart.energy_day WHERE local_date > '2026-11-22'"))

    assert told == [(datetime(2026, 11, day, 15, tzinfo=UTC), pytest.approx(237.0)) for day in (23, 24)]
