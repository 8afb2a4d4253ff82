"""Lifetime counters: sequences from the field, each with the energy that was truly counted, worked out by hand."""

import numpy as np
import pytest

from include.rollups.counters import CounterFault, CounterReadings, step_counters
from tests.unit.rollups.counter_rows import energy_of, every, instants, readings_of, steps_of

NONE, ZERO, DIP, RESET, HELD_BACK = CounterFault
UNKNOWN = np.nan


@pytest.mark.parametrize(
    ("values", "true_kwh"),
    [
        pytest.param([549.1, 549.73, 0, 0, 549.73, 549.9], 0.80, id="two zeros in the evening"),
        pytest.param([549.1, 549.73, 0, 549.73, 549.9], 0.80, id="one zero"),
        pytest.param([20183.2, 20183.3, 0, 0, 0, 20183.6, 20183.7], 0.5, id="zeros while a gateway boots"),
        pytest.param([1203.4, 1203.9, 1204.3, 1204.1, 1204.2, 1204.4, 1204.9, 1205.3], 1.9, id="a state from before"),
        pytest.param([99998.2, 99999.1, 0.4, 1.2, 2.0], 3.8, id="six digits roll over"),
        pytest.param([1000000, 1000010, 1000010, 1000009, 1000009, 1000020], 20, id="one down for two readings"),
        pytest.param([0, 1000010, 1000020, 1000030], 20, id="a zero before the first reading"),
        pytest.param([10, 20, 0, 5, 12, 12], 10 + 12, id="a meter exchanged"),
        pytest.param([12465.0, 12465.6, 0, 0, 12465.7], 0.7, id="zero frames at dawn"),
        pytest.param([12585.0, 12585.6, 12585.5, 12585.5, 12585.5, 12586.0], 1.0, id="0.1 lower in the night"),
        pytest.param([1000, 1010, 3, 3, 4, 5, 1015, 1020], 20, id="a dip of four readings that counts up itself"),
        pytest.param([1000, 1010, 600, 601, 1015, 1020], 20, id="a dip to a little more than half"),
        pytest.param([1000, 1010, 65535, 4294967295, 2147483.647, 6553.5, 1020], 20, id="maxima of integers"),
        pytest.param([1000, 1010, -5, 1020], 20, id="a negative value"),
        pytest.param([1000, 1010, 1005, 3, 7, 12], 10 + 12, id="rounding, then an exchange"),
        pytest.param([1000, 1010, 2, 10, 18, 20], 10 + 20, id="a reset that dips no more"),
        pytest.param([5000, 5002, 3000, 3002, 3004], 2 + 4, id="a used meter: its first value adds nothing"),
        pytest.param([1000, 999, 998, 997, 998, 996], 0, id="a meter that runs backwards"),
        pytest.param([0, 0, 0.5, 1.0, 1.6], 1.6, id="a new meter that begins at zero"),
        pytest.param([1000, 1001, 5000, 5001, 1003, 1004], 4, id="a spike"),
        pytest.param([1000, 1001, 1500, 1501, 1003, 1004], 4, id="a small spike"),
        pytest.param([5, 5, 20000, 20001, 20002], 2, id="the first readings lie in a dip"),
        pytest.param([20000, 20005, 20010, 1000], 10, id="an open fall adds no huge first value"),
        pytest.param([0, 0, 0], 0, id="nothing but zeros"),
        pytest.param([1234567.125, 1234567.125, 1234567.1249, 1234568.125], 1.0, id="noise of a narrow float"),
    ],
)
@pytest.mark.parametrize("rated_kw", [UNKNOWN, 20.0], ids=["rating unknown", "rated"])
def test_a_counter_from_the_field_gives_what_was_truly_counted(values, true_kwh, rated_kw):
    assert energy_of(values, rated_kw=rated_kw) == pytest.approx(true_kwh, abs=2e-4)


def test_without_any_rate_known_the_first_value_after_a_reset_adds_nothing():
    assert (energy_of([20000, 3]), energy_of([20000, 3], rated_kw=20)) == (0, 3)


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ([1000, 1010, 0, 65535, 1020], [NONE, NONE, ZERO, ZERO, NONE]),
        ([1000, 1010, 3, 4, 1015], [NONE, NONE, DIP, NONE, NONE]),
        ([1000, 1010, 1009, 1008, 1015], [NONE, NONE, DIP, NONE, NONE]),
        ([1000, 1010, 3, 10, 18], [NONE, NONE, RESET, NONE, NONE]),
        ([1000, 1010, 700, 710, 718], [NONE, NONE, RESET, NONE, NONE]),
        ([1000, 1010, 5000, 5010, 1018], [NONE, NONE, HELD_BACK, NONE, NONE]),
        ([1000, 1010, 5000, 5010, 5018], [NONE, NONE, HELD_BACK, NONE, NONE]),
    ],
)
def test_a_fault_is_told_once_where_it_begins_and_every_zero(values, faults):
    assert steps_of(values, rated_kw=20).fault.tolist() == faults


def test_what_is_left_out_is_no_step_and_the_next_step_reaches_over_it():
    stamps = every(60, 6)

    steps = steps_of([1000, 1010, 0, 3, 1030, 1035], stamps, rated_kw=20)

    np.testing.assert_array_equal(steps.increase_kwh, [np.nan, 10, np.nan, np.nan, 20, 5])
    assert steps.is_accepted.tolist() == [True, True, False, False, True, True]
    at_us = readings_of((stamps, np.zeros(6))).at_us
    assert steps.from_us.tolist() == at_us[[0, 0, 2, 3, 1, 4]].tolist()


@pytest.mark.parametrize(("gain_kwh", "is_held_back"), [(12.0, False), (12.2, True)])
def test_more_than_1_2_times_rating_and_time_is_held_back_and_the_counter_goes_on_above(gain_kwh, is_held_back):
    values = [1000.05, 1000.05 + gain_kwh, 1001.05 + gain_kwh]

    steps = steps_of(np.round(values, 2), rated_kw=10)

    assert steps.fault[1] == (HELD_BACK if is_held_back else NONE)
    assert np.nansum(steps.increase_kwh) == pytest.approx(1 if is_held_back else 1 + gain_kwh)


@pytest.mark.parametrize(
    ("values", "rated_kw"),
    [([100, 100, 101, 101, 102], 3), ([3000, 3000, 4000, 4000, 5000], 100), ([0.1, 0.1, 0.2, 0.3, 0.3], 0.2)],
)
def test_a_coarse_counter_steps_by_its_resolution(values, rated_kw):
    assert energy_of(values, minutes=5, rated_kw=rated_kw) == pytest.approx(values[-1] - values[0])


def test_a_counter_that_stood_still_catches_up_what_its_rating_allows_since_then():
    # Frozen at 1000.03 for three hours, then the 27 kWh of four hours at once.
    frozen = [990.01, 1000.03, 1000.03, 1000.03, 1000.03, 1027.04]

    with_zeros = [990.01, 1000.03, 1000.03, 0, 1000.03, 0, 1000.03, 1027.04]
    assert (energy_of(frozen, rated_kw=10), energy_of(with_zeros, rated_kw=10)) == pytest.approx((37.03, 37.03))


@pytest.mark.parametrize("rated_kw", [UNKNOWN, 10])
def test_a_step_of_more_than_31_days_adds_nothing_and_the_counter_goes_on(rated_kw):
    stamps = instants("2026-01-01T00:00", "2026-02-02T00:00", "2026-03-05T00:00", "2026-03-05T01:00")

    # 32 days, then 31.
    steps = steps_of([10, 20, 40, 45], stamps, rated_kw=rated_kw)

    np.testing.assert_array_equal(steps.increase_kwh, [np.nan, np.nan, 20, 5])


def test_a_small_fall_that_does_not_come_back_within_31_days_is_where_the_counter_goes_on():
    stamps = every(24 * 60, 40)
    values = np.concatenate([[1000.0, 1001.0], 990 + 0.1 * np.arange(38)])

    steps = steps_of(values, stamps)

    # The fall is on the third day; 31 readings later the counter goes on from the last one within 31 days.
    assert np.flatnonzero(steps.increase_kwh > 0).tolist() == [1, *range(33, 40)]
    assert np.nansum(steps.increase_kwh) == pytest.approx(1 + 0.7)


def test_a_new_meter_that_overtakes_the_old_one_counts_from_its_beginning():
    values = np.concatenate([[480, 490, 500], np.arange(5, 800, 15)])

    assert energy_of(values, rated_kw=20) == 20 + 785


def test_a_dip_of_a_new_meter_on_its_way_up_does_not_undo_it():
    values = np.concatenate([[480, 490, 500], np.arange(5, 400, 15), [30, 30], np.arange(410, 800, 15)])

    assert energy_of(values, rated_kw=20) == 20 + 785


def test_later_readings_turn_a_reset_into_a_dip_and_the_episode_says_until_when():
    stamps = every(60, 6)
    open_values, closed_values = [1000, 1010, 3, 4], [1000, 1010, 3, 4, 1020, 1025]

    open_steps, closed_steps = steps_of(open_values, stamps[:4], rated_kw=20), steps_of(closed_values, stamps, rated_kw=20)

    at_us = readings_of((stamps, np.zeros(6))).at_us
    assert (open_steps.fault[2], closed_steps.fault[2]) == (RESET, DIP)
    assert (open_steps.episode_row.tolist(), closed_steps.episode_row.tolist()) == ([2], [2])
    assert open_steps.episode_until_us.tolist() == [at_us[2] + 31 * 86_400_000_000]
    assert closed_steps.episode_until_us.tolist() == [at_us[4] + 1]


def test_a_run_of_zeros_is_an_episode_since_what_follows_needs_the_reading_before_it():
    stamps = every(15, 40)

    steps = steps_of([500.5, 501.5, *[0] * 36, 502.5, 503.5], stamps)

    assert (steps.episode_row.tolist(), steps.increase_kwh[38]) == ([2], 1.0)


def test_series_do_not_touch_one_another_and_may_be_empty():
    parts = [[10, 20], [], [5, 0, 6], [1000, 1001]]
    readings = readings_of(*[(every(60, len(values)), values) for values in parts], rated_kw=[UNKNOWN, 5, UNKNOWN, 5])

    steps = step_counters(readings)

    np.testing.assert_array_equal(steps.increase_kwh, [np.nan, 10, np.nan, np.nan, 1, np.nan, 1])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_readings_at_all_are_no_steps(count):
    empty = np.zeros(0)
    starts, days = np.zeros(count + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    readings = CounterReadings(
        starts, starts[:0], empty, days, starts[:0], np.full(count, np.nan), np.arange(count) % 2 == 0
    )  # fmt: skip

    assert step_counters(readings).increase_kwh.size == 0
