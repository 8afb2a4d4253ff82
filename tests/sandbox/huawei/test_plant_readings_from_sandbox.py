"""Figures of plants of the served FusionSolar against the physical truth behind it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from include.core.span import day_span
from include.sources.clouds.huawei.cloud import CLOUD
from tests.sandbox.huawei.live import fleet_of
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, DAY, NOW, readings


def plant_requests(world, interface, first=DAY, last=DAY):
    requests = CLOUD.day_requests(CREDENTIALS, fleet_of(world), first, last, False)
    return [request for request in requests if request.interface == interface]


def energy(world, plant, *days):
    return round(sum(world.sunshine.energy_kwh(own, day) for own in plant.inverters for day in days), 3)


def midnight(day, plant):
    return day_span(day, plant.zone()).start


def test_days_of_plants_are_those_of_their_own_zone_and_the_running_day_is_left_out(clouds, account):
    last = date(2026, 6, 15)

    found = readings(account.landed(plant_requests(clouds.world, "getKpiStationDay", last, last)))

    days = [date(2026, 6, number) for number in range(1, 16)]
    for plant in clouds.world.sunshine.plants("huawei"):
        days_found = {when: value for (who, what, when), value in found.items() if (who, what) == (plant.key, "energy_day_kwh")}
        assert days_found == {midnight(day, plant): energy(clouds.world, plant, day) for day in days}
        generated = found[plant.key, "energy_day_kwh", midnight(DAY, plant)]
        assert found[plant.key, "export_day_kwh", midnight(DAY, plant)] == pytest.approx(0.85 * generated, abs=0.001)
        assert found[plant.key, "load_day_kwh", midnight(DAY, plant)] == pytest.approx(0.15 * generated, abs=0.002)
    plant = clouds.world.sunshine.plants("huawei")[0]
    sun = clouds.world.sunshine.weather(plant, DAY).irradiation_kwh_m2
    assert found[plant.key, "irradiation_day_kwh_m2", midnight(DAY, plant)] == pytest.approx(sun, abs=0.0001)


def test_months_of_plants_are_read_once_they_are_over(clouds, account):
    found = readings(account.landed(plant_requests(clouds.world, "getKpiStationMonth")))

    for plant in clouds.world.sunshine.plants("huawei"):
        months = {when: value for (who, what, when), value in found.items() if (who, what) == (plant.key, "energy_month_kwh")}
        assert sorted(months) == [midnight(date(2026, month, 1), plant) for month in range(1, 6)]
        may = [date(2026, 5, number) for number in range(1, 32)]
        assert months[midnight(may[0], plant)] == pytest.approx(energy(clouds.world, plant, *may), abs=0.001)
    assert {what for _, what, _ in found} == {"energy_month_kwh"}


def test_hours_of_plants_are_those_of_the_local_day(clouds, account):
    found = readings(account.landed(plant_requests(clouds.world, "getKpiStationHour")))

    for plant in clouds.world.sunshine.plants("huawei"):
        hours = {when: value for (who, what, when), value in found.items() if (who, what) == (plant.key, "energy_hour_kwh")}
        days = [clouds.world.sunshine.day(own, DAY).hours for own in plant.inverters]
        assert hours == {
            start: pytest.approx(sum(day[number][1] for day in days), abs=0.001) for number, (start, _) in enumerate(days[0])
        }


def test_plants_now_are_counters_at_the_five_minutes_and_amounts_of_the_running_periods(clouds, account):
    clouds.world.clock.advance(437)  # 12:07:17
    requests = CLOUD.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))

    found = readings(account.landed(requests[:1]))

    today = date(2026, 6, 16)
    for plant in clouds.world.sunshine.plants("huawei"):
        days = [clouds.world.sunshine.day(own, today).until(NOW + timedelta(seconds=437)) for own in plant.inverters]
        of_day = sum(day.energy_kwh for day in days)
        ever = of_day + sum(clouds.world.sunshine.energy_before(own, today) for own in plant.inverters)
        of_month = of_day + energy(clouds.world, plant, *(date(2026, 6, number) for number in range(1, 16)))
        about = {what: (when, value) for (who, what, when), value in found.items() if who == plant.key}
        frame = datetime(2026, 6, 16, 12, 5, tzinfo=UTC)
        assert about == {
            "energy_today_kwh": (frame, pytest.approx(of_day, abs=0.006)),
            "energy_total_kwh": (frame, pytest.approx(ever, abs=0.006)),
            "energy_day_kwh": (midnight(today, plant), pytest.approx(of_day, abs=0.006)),
            "export_day_kwh": (midnight(today, plant), pytest.approx(of_day * 0.85, abs=0.006)),
            "load_day_kwh": (midnight(today, plant), pytest.approx(of_day * 0.15, abs=0.006)),
            "energy_month_kwh": (midnight(date(2026, 6, 1), plant), pytest.approx(of_month, abs=0.006)),
        }
