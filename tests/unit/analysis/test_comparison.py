"""What inverters should have made: laws that hold for every fleet, and cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.comparison import PAST_DAYS, PlantEnergies, expect_from_peers, peer_median, quantile
from include.analysis.inverter_hours import HOURS, InverterPowers, compared_energies, night_s, stale_s, zero_s
from include.analysis.verdicts import judge

UNKNOWN = np.nan


def plant(past, today, ratings=None, models=None) -> PlantEnergies:
    """One judged day after `past` (days x inverters)."""
    past, today = np.asarray(past, float), np.asarray([today], float)
    whole = np.vstack([np.full((PAST_DAYS - len(past), today.shape[1]), np.nan), past, today])
    count = today.shape[1]
    return PlantEnergies(
        whole,
        np.array([PAST_DAYS]),
        today,
        np.array(ratings if ratings else [np.nan] * count, float),
        np.array(models if models else [-1] * count),
    )


def shares(known: PlantEnergies) -> np.ndarray:
    return (known.compared_kwh / expect_from_peers(known).expected_kwh)[0]


fleets = st.integers(2, 9).flatmap(
    lambda count: st.tuples(
        st.lists(st.lists(st.floats(50, 150), min_size=count, max_size=count), min_size=8, max_size=20),
        st.lists(st.floats(50, 150), min_size=count, max_size=count),
        st.one_of(st.none(), st.lists(st.floats(10, 50), min_size=count, max_size=count)),
    )
)


@given(fleets, st.floats(0.2, 5))
def test_the_weather_cancels(fleet, clouds):
    past, today, ratings = fleet

    np.testing.assert_allclose(shares(plant(past, today, ratings)), shares(plant(past, np.multiply(today, clouds), ratings)))


@given(fleets, st.randoms())
def test_the_order_of_inverters_does_not_matter(fleet, random):
    past, today, ratings = fleet
    order = list(range(len(today)))
    random.shuffle(order)
    shuffled = plant(np.array(past)[:, order], np.array(today)[order], ratings and [ratings[place] for place in order])

    np.testing.assert_allclose(shares(plant(past, today, ratings))[order], shares(shuffled))


@given(fleets)
def test_an_inverter_of_which_nothing_is_known_changes_nothing_for_the_others(fleet):
    past, today, ratings = fleet
    if len(today) == 5:  # The sixth makes peers of all instead of the others.
        return
    with_it = plant(np.column_stack([past, [UNKNOWN] * len(past)]), [*today, UNKNOWN], ratings and [*ratings, UNKNOWN])

    np.testing.assert_allclose(shares(with_it)[:-1], shares(plant(past, today, ratings)))
    assert expect_from_peers(with_it).reason[0, -1] == "not measured"


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)), min_size=1, max_size=12), st.floats(0, 1))
def test_a_quantile_is_that_of_the_known_values(values, part):
    known = [value for value in values if value == value]

    found = quantile(np.array(values), part, axis=0)

    if known:
        assert found == pytest.approx(np.quantile(known, part), rel=1e-9, abs=1e-6)
    else:
        assert np.isnan(found)


def test_the_median_of_the_others_leaves_oneself_out_in_a_small_plant():
    assert peer_median(np.array([1.0, 2.0, 10.0])).tolist() == [6.0, 5.5, 1.5]
    assert peer_median(np.array([1.0, 2.0])).tolist() == [2.0, 1.0]
    assert np.isnan(peer_median(np.array([1.0]))).all()


@pytest.mark.parametrize(
    ("past", "today", "ratings", "models", "methods", "reasons"),
    [
        ([], [100, 100, 20], [50, 50, 50], None, ["rating"] * 3, [""] * 3),
        ([], [100, 100, 20], None, [1, 1, 1], ["model"] * 3, [""] * 3),
        ([], [100, 100, 20], None, [1, 1, 2], [""] * 3, ["no rating, no past"] * 3),
        ([], [100, 105, 98, 10], None, None, ["", "", "", "alike"], ["no rating, no past"] * 3 + [""]),
        ([], [100, 105, 98, 60], None, None, [""] * 4, ["no rating, no past"] * 4),
        ([[10, 20]] * 7, [10, 15], None, None, ["past"] * 2, [""] * 2),
        ([[10, 20]] * 6, [10, 15], None, None, [""] * 2, ["no rating, no past"] * 2),
        ([], [100, UNKNOWN], [50, 50], None, [""] * 2, ["no peer", "not measured"]),
        ([], [100, 0], [50, 50], None, ["", "rating"], ["no peer has power", ""]),
        ([], [0, 0], [50, 50], None, [""] * 2, ["no power at all"] * 2),
        ([[100, 100]] * 9, [3, 2], [50, 50], None, [""] * 2, ["too little energy"] * 2),
    ],
)
def test_the_method_or_the_reason_why_there_is_none(past, today, ratings, models, methods, reasons):
    past = np.array(past).reshape(-1, len(today))

    found = expect_from_peers(plant(past, today, ratings, models))

    assert found.reason[0].tolist() == reasons
    assert found.method[0].tolist() == methods


def test_an_orientation_is_no_fault_but_a_past_at_a_third_of_the_rating_is():
    past = [[100, 100, 85, 33]] * 30

    found = judge(np.array([[100.0, 100, 85, 33]]), expect_from_peers(plant(past, [100, 100, 85, 33], [50] * 4)))

    assert found[0].tolist() == ["normal", "normal", "normal", "very low"]


def test_a_fault_of_two_months_is_not_usual_yet():
    past = [[100, 100, 100]] * 30 + [[100, 100, 80]] * 55
    known = plant(past, [100, 100, 80])

    assert shares(known) == pytest.approx([1, 1, 0.8], abs=0.005)
    assert judge(known.compared_kwh, expect_from_peers(known))[0].tolist() == ["normal", "normal", "low"]


def powers(energy, *, low=None, high=None, covered=None, sun=30.0) -> InverterPowers:
    """One day; `energy` is hours x inverters from midnight on."""
    energy = np.asarray(energy, float)
    whole = np.full((1, HOURS, energy.shape[1]), np.nan)
    whole[0, : len(energy)] = energy

    def placed(values):
        found = whole.copy()
        found[0, : len(energy)] = energy if values is None else values
        return found

    share = placed(np.ones_like(energy) if covered is None else covered)
    count = np.where(np.isnan(whole), 0.0, 12.0)
    return InverterPowers(whole, share, placed(low), placed(high), whole, count, np.full((1, HOURS), sun))


def test_only_hours_that_all_measured_are_compared():
    covered = [[1, 1, 1], [1, 0.5, 1], [1, 1, 1], [1, 1, 1]]

    found = compared_energies(powers([[1, 2, 4]] * 4, covered=covered), np.array([[4.0, 8, 16]]), np.array([[1.0, 0.8, 1]]))

    assert found.tolist() == [[3, 6, 12]]


def test_an_inverter_that_measured_too_little_takes_no_part():
    covered = [[1, 0, 1], [1, 0, 1], [1, 0, 1], [1, 1, 1]]

    found = compared_energies(powers([[1, 2, 4]] * 4, covered=covered), np.array([[4.0, 8, 16]]), np.array([[1.0, 0.3, 1]]))

    np.testing.assert_equal(found, [[4, np.nan, 16]])


def test_a_complete_day_is_compared_by_its_published_energy():
    found = compared_energies(powers([[1, 2]] * 4), np.array([[4.2, 8.4]]), np.array([[1.0, 0.99]]))

    assert found.tolist() == [[4.2, 8.4]]


def test_hours_at_zero_count_while_the_others_work():
    energy = [[0.05, 0.05, 0.0], [5, 5, 0], [6, 6, 0], [5, 5, 5]]

    assert zero_s(powers(energy)).tolist() == [[0, 0, 7200]]


def test_a_power_that_stands_still_under_a_moving_sun_is_stale_and_a_limit_of_all_is_not():
    others = [[2.0], [4], [6], [4]]
    low, high = np.multiply(others, 0.9), np.multiply(others, 1.1)
    stuck = np.full((4, 1), 3.0)

    found = stale_s(
        powers(np.hstack([others, others, stuck]), low=np.hstack([low, low, stuck]), high=np.hstack([high, high, stuck]))
    )
    assert found.tolist() == [[0, 0, 4 * 3600]]

    held = np.hstack([stuck, stuck, stuck])
    assert stale_s(powers(held, low=held, high=held)).tolist() == [[0, 0, 0]]


def test_power_in_the_dark_counts_and_a_trickle_does_not():
    assert night_s(powers([[5, 0.01]] * 3, high=[[5, 5]] * 3, sun=-10.0)).tolist() == [[3 * 3600, 0]]
    assert night_s(powers([[5, 0.01]] * 3, high=[[5, 5]] * 3, sun=-5.0)).tolist() == [[0, 0]]
