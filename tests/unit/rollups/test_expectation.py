"""From when until when inverters are expected that were swapped or removed."""

from datetime import date

import pytest

from include.core.span import day_number
from include.rollups.expectation import HeardInverter, expected_days, swaps_of

FIRST, SWAP, LAST = date(2025, 1, 1), date(2026, 3, 10), date(2026, 6, 1)


def inverter(
    device_id: int, first: date | None, last: date | None, *, is_retired: bool = False, missed_until: date | None = None
) -> HeardInverter:
    return HeardInverter(device_id, is_retired, first, last, missed_until)


def count_on(inverters: list[HeardInverter], day: date) -> int:
    """How many inverters are expected on a day."""
    spans, number = expected_days(inverters), day_number(day)
    return sum(each.device_id not in spans or spans[each.device_id][0] <= number < spans[each.device_id][1] for each in inverters)


OLD, BESIDE = inverter(1, FIRST, SWAP, is_retired=True), inverter(2, FIRST, LAST)
AFTER = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("inverters", "before", "after"),
    [
        pytest.param([BESIDE, inverter(3, SWAP, LAST)], 2, 2, id="nothing is retired"),
        pytest.param([OLD, BESIDE], 2, 1, id="removed without a successor"),
        pytest.param([OLD, BESIDE, inverter(3, SWAP, LAST)], 2, 2, id="swapped on the same day"),
        pytest.param([OLD, BESIDE, inverter(3, date(2026, 3, 20), LAST)], 2, 2, id="swapped ten days later: the gap is missed"),
        pytest.param([OLD, BESIDE, inverter(3, None, None)], 2, 2, id="its successor is silent as yet"),
        pytest.param([OLD, BESIDE, inverter(3, SWAP, LAST), inverter(4, SWAP, LAST)], 3, 3, id="one of two new ones takes it"),
        pytest.param([inverter(1, None, None, is_retired=True), BESIDE], 1, 1, id="one that was never heard"),
        pytest.param(
            [OLD, BESIDE, inverter(3, SWAP, date(2026, 3, 12), is_retired=True), inverter(4, date(2026, 3, 13), LAST)],
            2,
            2,
            id="swapped twice",
        ),
    ],
)
def test_a_swap_changes_nothing_of_how_many_inverters_are_expected(
    inverters: list[HeardInverter], before: int, after: int
) -> None:
    assert [count_on(inverters, day) for day in (FIRST, SWAP, AFTER, LAST)] == [before, before, after, after]


DISMANTLED = date(2026, 4, 20)
"""Long after the swap; `AFTER` lies between them."""
LATE = inverter(1, FIRST, SWAP, is_retired=True, missed_until=DISMANTLED)


@pytest.mark.parametrize(
    ("successor", "counts"),
    [
        pytest.param(SWAP, [2, 2, 2, 2], id="on the same day"),
        pytest.param(date(2026, 3, 20), [2, 2, 2, 2], id="ten days later: the gap is missed"),
        pytest.param(date(2026, 4, 21), [2, 2, 2, 2], id="on the day after the last one on which it is missed"),
        pytest.param(date(2026, 5, 20), [2, 2, 2, 2], id="after it was dismantled"),
        pytest.param(date(2026, 3, 9), [3, 3, 3, 2], id="a day before it stopped: both were there, so it is missed"),
    ],
)
def test_a_swap_that_is_written_down_late_is_the_same_swap(successor: date, counts: list[int]) -> None:
    assert [count_on([LATE, BESIDE, inverter(3, successor, LAST)], day) for day in (FIRST, SWAP, AFTER, LAST)] == counts


def test_an_inverter_that_broke_without_a_successor_is_missed_until_it_is_dismantled() -> None:
    assert [count_on([LATE, BESIDE], day) for day in (FIRST, AFTER, DISMANTLED, LAST)] == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("began", "since"), [(date(2026, 3, 14), date(2026, 3, 11)), (date(2026, 5, 20), date(2026, 4, 21))], ids=["late", "in time"]
)
def test_a_successor_is_there_since_its_predecessor_stopped_or_was_dismantled_before_it_began(began: date, since: date) -> None:
    assert swaps_of([LATE, BESIDE, inverter(3, began, LAST)]) == [(1, 3, day_number(since))]
