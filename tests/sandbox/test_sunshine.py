"""The physical truth of the imitated clouds agrees with itself."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.fleet import VENDORS
from sandbox.sunshine import (
    COUNTER_RESET,
    COUNTER_RESET_ON,
    DERATED,
    DERATED_SHARE,
    OUTAGES,
    Sunshine,
    sunshine,
)
from sandbox.world import IssuedTokens, ShiftedClock

DAY = date(2026, 6, 14)
TRUTH = sunshine(1)


def inverters(vendor="huawei"):
    return [inverter for plant in TRUTH.plants(vendor) for inverter in plant.inverters]


def all_days(inverter, first, count):
    return [TRUTH.day(inverter, first + timedelta(days=number)) for number in range(count)]


def test_the_same_seed_gives_the_same_days_and_another_seed_others():
    first, again, other = Sunshine(7), Sunshine(7), Sunshine(8)
    inverter = first.plants("deye")[0].inverters[0]

    energies = [made.day(inverter, DAY).energy_kwh for made in (first, again, other)]

    assert energies[0] == energies[1] != energies[2]
    assert first.day(inverter, DAY) == again.day(inverter, DAY)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_has_plants_in_three_zones_and_six_inverters_or_more(vendor):
    plants = TRUTH.plants(vendor)

    assert {plant.timezone for plant in plants} == {"America/Sao_Paulo", "Europe/Berlin", "Asia/Shanghai"}
    assert sum(len(plant.inverters) for plant in plants) == 7
    assert all(sum(own.capacity_kw for own in plant.inverters) == plant.capacity_kw for plant in plants)


def test_no_key_is_used_twice():
    keys = [inverter.key for vendor in VENDORS for inverter in inverters(vendor)]

    assert len(set(keys)) == len(keys) == 7 * len(VENDORS)


@pytest.mark.parametrize("vendor", VENDORS)
def test_five_minute_power_integrates_to_the_day_counter_and_hours_sum_to_the_day(vendor):
    for inverter in inverters(vendor):
        day = TRUTH.day(inverter, DAY)
        if None in day.power_kw:
            continue

        integral = sum(day.power_kw) / 12  # power is 0 at both ends of the day

        assert day.energy_kwh > 0
        assert integral == pytest.approx(day.energy_kwh, rel=0.001)
        assert sum(energy for _, energy in day.hours) == pytest.approx(day.energy_kwh, abs=1e-6)
        assert day.day_energy_kwh[-1] == day.energy_kwh
        assert day.day_energy_kwh == sorted(day.day_energy_kwh)


def test_the_lifetime_counter_goes_on_from_day_to_day():
    inverter = inverters()[0]
    before, after = all_days(inverter, DAY, 2)

    assert after.total_energy_kwh[0] == before.total_energy_kwh[-1]
    assert after.total_energy_kwh[-1] - after.total_energy_kwh[0] == pytest.approx(after.energy_kwh, abs=1e-6)
    assert TRUTH.energy_before(inverter, DAY) == pytest.approx(before.total_energy_kwh[0])
    assert TRUTH.energy_kwh(inverter, DAY) == before.energy_kwh


@pytest.mark.parametrize(("day", "frames"), [(date(2026, 3, 29), 276), (date(2026, 10, 25), 300), (DAY, 288)])
def test_days_when_the_clocks_change_have_23_or_25_hours(day, frames):
    berlin = next(plant for plant in TRUTH.plants("sungrow") if plant.timezone == "Europe/Berlin")

    own = TRUTH.day(berlin.inverters[0], day)

    assert len(own.instants) == len(own.power_kw) == len(own.state) == frames
    assert len(own.hours) == frames / 12
    assert own.instants[0].astimezone(berlin.zone()).time().isoformat() == "00:00:00"
    assert {later - earlier for earlier, later in zip(own.instants, own.instants[1:], strict=False)} == {timedelta(minutes=5)}
    assert sum(energy for _, energy in own.hours) == pytest.approx(own.energy_kwh, abs=1e-6)


def test_days_before_the_first_have_no_rows():
    plant = TRUTH.plants("huawei")[0]
    inverter = plant.inverters[0]

    day = TRUTH.day(inverter, plant.installed_on - timedelta(days=1))

    assert day.instants == []
    assert day.energy_kwh == TRUTH.energy_kwh(inverter, plant.installed_on - timedelta(days=1)) == 0.0
    assert TRUTH.day(inverter, plant.installed_on).total_energy_kwh[0] == 0.0


def test_one_inverter_is_derated():
    derated = inverters()[DERATED]

    days = all_days(derated, date(2026, 1, 1), 20)

    assert max(max(day.power_kw) for day in days) == pytest.approx(DERATED_SHARE * derated.capacity_kw)
    assert any("limited" in day.state for day in days)


def test_one_inverter_has_faults_and_silences_and_the_counter_goes_on_behind_a_silence():
    days = all_days(inverters()[OUTAGES], date(2026, 1, 1), 60)
    silent = next(day for day in days if "offline" in day.state)
    first = silent.state.index("offline")
    last = len(silent.state) - 1 - silent.state[::-1].index("offline")

    assert sum("fault" in day.state for day in days) >= 3
    assert silent.power_kw[first] is silent.day_energy_kwh[first] is silent.total_energy_kwh[first] is None
    assert silent.day_energy_kwh[last + 1] > silent.day_energy_kwh[first - 1]
    assert silent.day_energy_kwh[-1] == silent.energy_kwh


def test_an_alarm_spans_the_faulty_frames():
    inverter = inverters()[OUTAGES]
    day = next(own for own in all_days(inverter, date(2026, 1, 1), 60) if "fault" in own.state)

    alarms = TRUTH.alarms(inverter, day.instants[100].date())

    assert alarms[0].raised_at == day.instants[day.state.index("fault")]
    assert (alarms[0].cleared_at - alarms[0].raised_at).total_seconds() == 300 * day.state.count("fault")


def test_the_counter_of_one_inverter_starts_again_at_noon_of_the_known_day():
    inverter = inverters()[COUNTER_RESET]
    day, after = all_days(inverter, COUNTER_RESET_ON, 2)

    assert day.total_energy_kwh[143] > 1000
    assert day.total_energy_kwh[144] == 0.0
    assert after.total_energy_kwh[0] == pytest.approx(day.energy_kwh - day.day_energy_kwh[144], abs=0.01)


def test_the_part_of_a_day_that_has_been():
    day = TRUTH.day(inverters()[0], DAY)
    now = day.instants[150] + timedelta(minutes=2)

    part = day.until(now)

    assert len(part.instants) == len(part.temp_c) == 151
    assert part.energy_kwh == day.day_energy_kwh[150]
    assert len(part.hours) == 13
    assert sum(energy for _, energy in part.hours) == pytest.approx(part.energy_kwh, abs=1e-6)
    assert day.until(day.instants[0] - timedelta(seconds=1)).hours == []
    assert day.until(day.instants[-1]) is day


def test_a_year_is_as_sunny_as_the_place():
    for plant, lowest, highest in zip(TRUTH.plants("huawei"), (1400, 800, 1000), (2100, 1200, 1600), strict=True):
        own = plant.inverters[0]
        specific = sum(TRUTH.energy_kwh(own, date(2025, 1, 1) + timedelta(days=number)) for number in range(365)) / (
            own.capacity_kw * plant.capacity_kwp / plant.capacity_kw
        )

        assert lowest < specific < highest


def test_irradiation_explains_the_energy():
    plant = TRUTH.plants("huawei")[1]
    weather = TRUTH.weather(plant, DAY)
    energy = sum(TRUTH.energy_kwh(inverter, DAY) for inverter in plant.inverters)

    ratio = energy / (weather.irradiation_kwh_m2 * plant.capacity_kwp)

    assert 0.7 < ratio < 0.95
    assert sum(energy for _, energy in weather.hours) == pytest.approx(weather.irradiation_kwh_m2, abs=1e-6)


def test_more_plants_can_be_had():
    many = sunshine(1, 23)

    assert len(many.plants("huawei")) == 23
    assert many.plants("huawei")[:3] == TRUTH.plants("huawei")
    assert many.find_plant("NE=50331723").name == "Roof 23"
    assert many.plant_of(many.find_inverter("-214060404588863")).key == "NE=50331701"


def test_the_clock_runs_on_or_stands_and_goes_forward():
    start = datetime(2026, 6, 14, 12, tzinfo=UTC)
    standing, running = ShiftedClock(start, runs=False), ShiftedClock(start)

    standing.advance(60)

    assert standing() == standing() == start + timedelta(minutes=1)
    assert start < running() < start + timedelta(minutes=1)


def test_tokens_end_by_time_and_by_hand():
    clock = ShiftedClock(datetime(2026, 6, 14, tzinfo=UTC), runs=False)
    tokens = IssuedTokens(clock)
    first, second = (tokens.issue("huawei", "a", timedelta(minutes=30)) for _ in range(2))

    clock.advance(29 * 60)
    tokens.extend("huawei", second, timedelta(minutes=30))
    clock.advance(60)

    assert tokens.account_of("huawei", first) is None
    assert tokens.account_of("huawei", second) == "a"
    assert tokens.account_of("deye", second) is None
    assert tokens.end_all("huawei", "b") == 0
    assert tokens.end_all("huawei", "a") == 2
    assert tokens.account_of("huawei", second) is None
