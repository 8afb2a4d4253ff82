"""Counters that begin anew each local day: sequences from the field, with the energy of each day worked out by hand."""

import numpy as np
import pytest

from include.rollups.counters import CounterFault, step_counters
from tests.unit.rollups.counter_rows import energy_by_day, instants, microseconds, readings_of

UNKNOWN = np.nan


def day_readings(rated_kw=UNKNOWN, zone="America/Sao_Paulo", **days):
    """Readings of a counter of the day; each day is `d01="08:00 1.5, 09:00 2"`, in May 2026."""
    stamps, values = [], []
    for day, text in days.items():
        for part in text.split(","):
            clock, value = part.split()
            stamps.append(f"2026-05-{day[1:]}T{clock}")
            values.append(float(value))
    return readings_of((instants(*stamps, zone=zone), values), rated_kw=rated_kw, is_daily=True)


def energies(rated_kw=UNKNOWN, **days) -> list[float]:
    readings = day_readings(rated_kw, **days)
    return list(energy_by_day(readings, step_counters(readings)).values())


def faults(rated_kw=UNKNOWN, **days) -> list[CounterFault]:
    return [CounterFault(fault) for fault in step_counters(day_readings(rated_kw, **days)).fault if fault]


CASES = {
    "it falls shortly before midnight": (
        {"d01": "00:00 0, 12:00 5000, 18:00 7875, 23:45 6750", "d02": "00:00 0, 06:00 0, 07:00 10"},
        [7875, 10],
    ),
    "it falls shortly before midnight and is read at midnight, too": (
        {"d01": "00:00 0, 12:00 5000, 18:00 7875, 23:45 6750", "d02": "00:00 6750, 00:15 0, 07:00 10"},
        [7875, 10],
    ),
    "a battery feeds the house": (
        {"d01": "00:00 0, 12:00 118, 18:00 120, 19:00 119, 21:00 118, 23:30 117", "d02": "00:00 0, 07:00 3"},
        [120, 3],
    ),
    "a battery feeds the house beyond midnight, the restart is at 02:00": (
        {"d01": "00:00 0, 18:00 120, 20:00 119, 22:30 117", "d02": "00:15 117, 01:00 116, 02:00 0, 07:00 5"},
        [120, 5],
    ),
    "yesterday's total until 02:00": (
        {"d01": "00:00 0, 12:00 30, 18:00 40, 23:45 40", "d02": "00:00 40, 01:45 40, 02:00 0, 12:00 9"},
        [40, 9],
    ),
    "yesterday's total until 05:00, zeros at dawn": (
        {"d01": "00:00 0, 12:00 30, 18:00 40", "d02": "00:00 40, 04:55 40, 05:00 0, 06:00 0, 07:00 0.5, 17:00 20"},
        [40, 20],
    ),
    "an early restart, and after a silent evening yesterday's total once more": (
        {"d01": "00:00 0, 12:00 12, 18:00 19.8, 19:00 19.8, 20:00 0, 21:00 0", "d02": "00:00 19.8, 01:00 0, 07:00 0, 12:00 6"},
        [19.8, 6],
    ),
    "yesterday's total until 02:00 with a zero in between": (
        {"d01": "00:00 0, 18:00 40, 23:45 40", "d02": "00:00 0, 00:15 40, 01:45 40, 02:00 0, 10:00 10"},
        [40, 10],
    ),
    "yesterday's total that still rises after midnight": (
        {"d01": "00:00 0, 18:00 40, 23:30 40", "d02": "00:30 41, 01:00 42, 02:00 0, 10:00 10"},
        [40, 12],
    ),
    "zeros at noon that come back": (
        {"d01": "00:00 0, 08:00 5, 10:00 10, 10:15 0, 10:30 0, 10:45 12, 14:00 20", "d02": "00:00 0"},
        [20, 0],
    ),
    "a zero over midnight": (
        {"d01": "00:00 0, 18:00 40, 23:50 0", "d02": "00:00 0, 00:10 40, 02:00 0, 10:00 10"},
        [40, 10],
    ),
    "a logger that restarted at noon": (
        {"d01": "00:00 0, 08:00 5, 10:00 10, 10:15 0, 10:30 1, 12:00 3, 14:00 6", "d02": "00:00 0, 10:00 4"},
        [16, 4],
    ),
    "an early restart, followed by zeros": (
        {"d01": "06:00 0, 12:00 20, 18:00 40, 19:00 0, 23:00 0", "d02": "00:00 0, 06:00 0, 12:00 10, 19:00 0"},
        [40, 10],
    ),
    "a silent night": (
        {"d01": "12:00 0, 18:00 16", "d02": "06:00 0.5, 12:00 4.5, 18:00 6.5", "d03": "10:00 9, 12:00 12"},
        [16, 6.5, 12],
    ),
    "a silent night before a fall to half or more": ({"d01": "06:00 0, 18:00 16", "d02": "12:00 9, 18:00 12"}, [16, 12]),
    "one reading a day": ({"d01": "12:00 16", "d02": "12:00 9", "d03": "12:00 11"}, [0, 9, 11]),
    "yesterday's value after a pause": ({"d01": "06:00 0, 18:00 16", "d02": "12:00 16"}, [16, 0]),
    "a pause that ends just after midnight": ({"d01": "12:00 10, 21:50 16", "d02": "00:05 17"}, [6, 1]),
    "it counts over midnight without a pause": ({"d01": "22:00 0, 23:30 10", "d02": "00:30 12"}, [10, 2]),
    "a winter day of less than 1 kWh": (
        {"d01": "00:00 0, 12:00 0.2, 16:00 0.4", "d02": "00:00 0, 10:00 0.1, 12:00 0.4, 16:00 0.5", "d03": "00:00 0, 12:00 0.3"},
        [0.4, 0.5, 0.3],
    ),
    "a winter day that passes the total of the day before in one step": (
        {"d01": "00:00 0, 12:00 0.2, 16:00 0.4", "d02": "00:00 0, 10:00 0.1, 11:00 0.4, 19:00 0"},
        [0.4, 0.4],
    ),
    "a day that passes the total of the day before in one step": (
        {"d01": "00:00 0, 12:00 3, 18:00 3.639", "d02": "00:00 0, 09:00 1.7, 10:00 3.652, 18:00 13, 22:00 0"},
        [3.639, 13],
    ),
    "a battery, then a logger that restarted": ({"d01": "00:00 0, 12:00 30, 13:00 29, 14:00 2, 16:00 9"}, [39]),
    "a low reading in the morning is the restart": ({"d01": "07:00 0, 18:00 2.5", "d02": "08:00 0.5, 12:00 6"}, [2.5, 6]),
    "the total stands for a day": (
        {"d01": "06:00 0, 18:00 40", "d02": "06:00 40, 12:00 40, 18:00 40", "d03": "00:00 0, 08:00 5"},
        [40, 0, 5],
    ),
}


@pytest.mark.parametrize(("days", "true_kwh"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("is_rated", [False, True], ids=["rating unknown", "rated"])
def test_the_energy_of_a_day_is_the_rise_of_its_maximum_after_the_restart(days, true_kwh, is_rated):
    rated_kw = max(true_kwh) / 2 if is_rated else UNKNOWN

    assert energies(rated_kw, **days) == pytest.approx(true_kwh)


def test_a_regular_restart_is_no_fault_and_one_at_noon_is():
    assert faults(d01="00:00 0, 12:00 30, 23:45 30", d02="00:00 0, 12:00 20, 18:00 40", d03="00:00 40, 02:00 0, 12:00 3") == []
    assert faults(d01="00:00 0, 12:00 30, 13:00 2, 15:00 9") == [CounterFault.RESET]
    assert faults(d01="00:00 0, 12:00 30, 13:00 2, 13:15 31") == [CounterFault.DIP]
    assert faults(d01="06:00 0, 12:00 30, 19:00 0, 23:00 0", d02="06:00 0, 12:00 1") == []


def test_a_zero_at_midnight_after_which_yesterdays_total_is_back_is_a_dip():
    at_midnight = {"d01": "00:00 0, 18:00 40, 23:45 40", "d02": "00:00 0, 00:15 40, 02:00 0, 10:00 10"}
    over_midnight = {"d01": "00:00 0, 18:00 40, 23:50 0", "d02": "00:00 0, 00:10 40, 02:00 0, 10:00 10"}

    assert (faults(**at_midnight), faults(**over_midnight)) == ([CounterFault.DIP], [CounterFault.DIP])


def test_the_first_value_of_a_day_is_spread_from_midnight_or_from_yesterdays_total():
    readings = day_readings(d01="12:00 10, 18:00 16", d02="06:00 0.5, 18:00 16", d03="02:00 16, 06:00 3")

    steps = step_counters(readings)

    starts = [
        "2026-05-01T12:00",
        "2026-05-01T12:00",
        "2026-05-02T00:00",
        "2026-05-02T06:00",
        "2026-05-02T18:00",
        "2026-05-03T02:00",
    ]
    assert steps.from_us.tolist() == microseconds(instants(*starts)).tolist()
    np.testing.assert_array_equal(steps.increase_kwh, [np.nan, 6, 0.5, 15.5, 0, 3])


def test_a_spike_of_a_rated_counter_is_held_back():
    assert energies(5, d01="06:00 0, 08:00 5, 08:15 900, 08:30 900, 08:45 6, 10:00 7") == [7]


def test_a_first_value_that_cannot_have_been_gained_since_midnight_is_yesterdays():
    assert energies(5, d01="00:00 0, 12:00 10, 20:00 16", d02="02:00 17, 05:00 0, 08:00 3") == [16, 4]


def test_a_total_that_cannot_have_been_gained_since_midnight_is_held_back():
    days = {"d01": "00:00 0, 12:00 100, 20:00 160", "d02": "04:00 70, 05:00 71"}

    assert (energies(10, **days)[1], faults(10, **days)) == (1, [CounterFault.HELD_BACK])


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_days_of_23_and_25_hours_count_from_their_midnight(day):
    before = str(np.datetime64(day) - 1)
    stamps = instants(f"{before}T12:00", f"{before}T18:00", f"{day}T06:00", f"{day}T18:00", zone="Europe/Berlin")
    readings = readings_of((stamps, [10, 16, 2, 9]), is_daily=True)

    steps = step_counters(readings)

    assert np.nansum(steps.increase_kwh) == pytest.approx(6 + 9)
    assert steps.from_us[2] == microseconds(instants(f"{day}T00:00", zone="Europe/Berlin"))[0]
