"""The sums behind yields and availabilities, by hand."""

import numpy as np
import pytest

from include.analysis.yield_days import InverterHours, PlantHours, yield_days

NAN = np.nan


def plant(**changed):
    """Two days of three hours: a night hour and two hours of sun; everything is known and one inverter works."""
    known = {
        "day": np.array([0, 0, 0, 1, 1, 1]),
        "energy_kwh": np.array([0.0, 40, 60, 0, 20, 30]),
        "irradiance_w_m2": np.array([-2.0, 500, 800, -2, 250, 400]),
        "module_c": np.array([15.0, 45, 65, 15, 25, 25]),
        "sun_degrees": np.array([-20.0, 30, 50, -20, 30, 50]),
        "is_over": np.ones(6, bool),
        "clear_sky_kwh": np.array([0.0, 50, 80, 0, 50, 80]),
        "inverters": [InverterHours(np.ones(6), np.ones(6), np.array([False, True, True, False, True, True]))],
    }
    return PlantHours(**known | changed)


def test_energy_and_insolation_are_of_the_same_hours():
    # Day 0 lacks the irradiance of its second hour of sun: 40 kWh and 0.5 kWh/m2 remain; day 1 lacks the energy of its first.
    found = yield_days(
        plant(
            irradiance_w_m2=np.array([-2.0, 500, NAN, -2, 250, 400]),
            energy_kwh=np.array([0.0, 40, 60, 0, NAN, 30]),
        ),
        2,
    )

    assert (found["irradiated_kwh"], found["insolation_kwh_m2"]) == ([40, 30], [0.5, 0.4])


def test_the_temperature_corrected_insolation_is_less_on_hot_modules():
    # 0.5 x (1 - 0.004 x 20) + 0.8 x (1 - 0.004 x 40) = 0.46 + 0.672; at 25 degrees nothing changes.
    found = yield_days(plant(), 2)

    assert found["corrected_kwh_m2"] == pytest.approx([1.132, 0.65])
    assert found["corrected_kwh"] == [100, 50]
    assert found["insolation_kwh_m2"] == pytest.approx([1.3, 0.65])


def test_without_irradiance_or_a_model_there_is_null_and_no_zero():
    found = yield_days(plant(irradiance_w_m2=np.full(6, NAN), clear_sky_kwh=None), 2)

    for name in ("irradiated_kwh", "insolation_kwh_m2", "corrected_kwh", "corrected_kwh_m2", "clear_sky_kwh"):
        assert found[name] == [None, None]


def test_availability_is_weighted_by_rating_and_told_apart_from_silence():
    # 30 kW work all the time; 10 kW are silent for an hour of day 0 and stand still for an hour of day 1.
    sun = np.array([False, True, True, False, True, True])
    small = InverterHours(np.full(6, 10.0), np.array([0.0, 0, 1, 0, 1, 1]), np.array([False, False, True, False, True, False]))
    found = yield_days(plant(inverters=[InverterHours(np.full(6, 30.0), sun.astype(float), sun), small]), 2)

    assert found["daylight_s"] == [7200, 7200]
    assert found["reporting_s"] == pytest.approx([7200 - 0.25 * 3600, 7200])
    assert found["producing_s"] == pytest.approx([7200 - 0.25 * 3600, 7200 - 0.25 * 3600])


def test_hours_that_have_not_ended_and_a_low_sun_ask_nothing_of_an_inverter():
    found = yield_days(plant(sun_degrees=np.array([-20.0, 9.9, 50, -20, 30, 50]), is_over=np.array([True] * 5 + [False])), 2)

    assert found["daylight_s"] == [3600, 3600]


def test_a_plant_without_inverters_has_no_availability():
    found = yield_days(plant(inverters=[]), 2)

    assert (found["daylight_s"], found["reporting_s"], found["producing_s"]) == ([0, 0], [0, 0], [0, 0])


def test_nothing_changes_where_a_day_is_summed_alone_or_among_others():
    both = yield_days(plant(), 2)
    whole = plant()
    second = slice(3, 6)
    alone = yield_days(
        PlantHours(
            whole.day[second] - 1, whole.energy_kwh[second], whole.irradiance_w_m2[second], whole.module_c[second],
            whole.sun_degrees[second], whole.is_over[second], whole.clear_sky_kwh[second],
            [InverterHours(np.ones(3), np.ones(3), whole.inverters[0].is_producing[second])],
        ),
        1,
    )  # fmt: skip

    assert {name: values[1:] for name, values in both.items()} == alone
