"""Readings of the served Deye Cloud are what its plants made, to the last digit that it sends."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from include.core.pulls import PulledFleet
from include.core.span import day_span, month_start, next_month
from include.sources.clouds.deye.cloud import CLOUD
from tests.sandbox.deye.live import known
from tests.unit.sources.clouds.deye.builders import ACCOUNT, BERLIN, FLEET, SAO_PAULO


def last(day):
    """The last frame that was sent."""
    sent = list(known(day.instants, day.power_kw).items())[-1:]
    return [instant for instant, _ in sent], [power for _, power in sent]


def known_powers(powers):
    return [power for power in powers if power is not None]


@pytest.mark.parametrize("day", [date(2026, 6, 15), date(2026, 3, 29), date(2025, 10, 26)], ids=["usual", "23 h", "25 h"])
def test_every_reading_of_a_day_is_the_truth_in_three_zones(clouds, account, day):
    found = account.readings(*CLOUD.day_requests(ACCOUNT, FLEET, day, day, False))

    for plant in clouds.world.sunshine.plants("deye"):
        days = {inverter.key: clouds.world.sunshine.day(inverter, day) for inverter in plant.inverters}
        for key, truth in days.items():
            assert found[key, "ac_power_kw"] == known(truth.instants, truth.power_kw)
            assert found[key, "temp_inverter_c"] == known(truth.instants, truth.temp_c)
            assert found[key, "energy_today_kwh"] == pytest.approx(known(truth.instants, truth.day_energy_kwh), abs=0.0051)
            assert found[key, "energy_total_kwh"] == pytest.approx(known(truth.instants, truth.total_energy_kwh), abs=0.0051)
            assert found[key, "dc_power_kw"] == pytest.approx(
                {instant: power / 0.98 for instant, power in found[key, "ac_power_kw"].items()}, abs=1e-5
            )
        midnight = day_span(day, plant.zone()).start
        energy = sum(truth.energy_kwh for truth in days.values())
        assert found[plant.key, "energy_day_kwh"] == pytest.approx({midnight: energy}, abs=0.0051)
        hours = len(next(iter(days.values())).instants) / 12
        load_kw = 0.05 * plant.capacity_kw
        # The imitation's counters end five minutes before midnight.
        assert found[plant.key, "load_day_kwh"][midnight] == pytest.approx(load_kw * (hours - 1 / 12), abs=0.0051)
        exchanged = found[plant.key, "export_day_kwh"][midnight] - found[plant.key, "import_day_kwh"][midnight]
        assert exchanged == pytest.approx(energy - load_kw * (hours - 1 / 12), abs=0.02)
        power = found[plant.key, "ac_power_kw"]
        summed = [sum(known_powers(powers)) for powers in zip(*(truth.power_kw for truth in days.values()), strict=True)]
        assert len(power) == hours * 12
        assert list(power.values()) == pytest.approx(summed, abs=1e-6)
        sky = clouds.world.sunshine.weather(plant, day)
        assert list(found[plant.key, "irradiance_ghi_w_m2"].values()) == sky.irradiance_w_m2
        grid = {instant: load_kw - generated for instant, generated in power.items()}
        assert found[plant.key, "grid_power_kw"] == pytest.approx(grid, abs=2e-4)
        assert set(found[plant.key, "load_power_kw"].values()) == {load_kw}


def test_many_days_are_whole_and_nothing_of_the_next_one_is_taken(clouds, account):
    first, last = date(2026, 3, 25), date(2026, 4, 2)
    fleet = PulledFleet(FLEET.plants[1:2], FLEET.devices_of("INVERTER")[3:4])

    found = account.readings(*CLOUD.day_requests(ACCOUNT, fleet, first, last, True))

    truth = {}
    for offset in range(9):
        day = clouds.world.sunshine.day(clouds.world.sunshine.find_inverter("2406123459"), first + timedelta(days=offset))
        truth |= known(day.instants, day.power_kw)
    assert found["2406123459", "ac_power_kw"] == truth
    assert len(found[BERLIN, "energy_day_kwh"]) == 9
    assert Counter(account.budget.interfaces) == {"account/token": 1, "device/historyRaw": 2, "station/history": 2}


def test_months_that_are_over_are_the_sum_of_their_days(clouds, account):
    fleet = PulledFleet(FLEET.plants[:1])

    found = account.readings(*CLOUD.day_requests(ACCOUNT, fleet, date(2026, 4, 30), date(2026, 6, 15), True))

    plant = clouds.world.sunshine.plants("deye")[0]
    months = {}
    for month in (date(2026, 4, 1), date(2026, 5, 1)):
        days = [month + timedelta(days=at) for at in range((next_month(month) - month_start(month)).days)]
        energies = [clouds.world.sunshine.energy_kwh(inverter, day) for day in days for inverter in plant.inverters]
        months[datetime(month.year, month.month, 1, 3, tzinfo=UTC)] = sum(energies)
    # An inverter that is silent at midnight has reported less than it made.
    assert found[SAO_PAULO, "energy_month_kwh"] == pytest.approx(months, abs=0.01)
    assert len(found[SAO_PAULO, "energy_day_kwh"]) == 47


def test_the_realtime_snapshot_is_the_last_frame(clouds, account):
    found = account.readings(*CLOUD.snapshot_requests(ACCOUNT, FLEET))

    now = datetime(2026, 6, 16, 12, tzinfo=UTC)
    for plant in clouds.world.sunshine.plants("deye"):
        local = now.astimezone(plant.zone()).date()
        for inverter in plant.inverters:
            power = known(*last(clouds.world.sunshine.day(inverter, local).until(now)))
            assert found[inverter.key, "ac_power_kw"] == power
            assert found[inverter.key, "frequency_hz"] == dict.fromkeys(power, 50.0)
            assert set(found[inverter.key, "state"].values()) <= {"online", "alert", "offline"}
        assert set(found[plant.key, "ac_power_kw"]) == {now}
    assert Counter(account.budget.interfaces) == {"account/token": 1, "station/latest": 3, "device/latest": 1}
