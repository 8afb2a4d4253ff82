"""When the inverters of a plant are expected: one that was swapped or dismantled holds back no sum of the others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.core.span import day_of_number, day_span, microseconds_of
from include.rollups.expectation import HeardInverter, expected_days, swaps_of
from include.warehouse.engine import Connection
from include.warehouse.plant_hours import EnergySeries, read_inverter_times

InstantSpan = tuple[int, int]
"""Instants [since, until), since 1970 UTC [us]."""
_EVER_US: Final = 2**62
_DAYS: Final = 10**5
"""Beyond all local days, in both directions."""


def expected_spans(connection: Connection, plant_id: int, zone: ZoneInfo) -> dict[int, InstantSpan]:
    """When those inverters of a plant are expected that are not always, by device_id."""
    heard = _read_heard(connection, [plant_id])[plant_id]
    return {
        device_id: (_instant(since, zone), _instant(until, zone)) for device_id, (since, until) in expected_days(heard).items()
    }


def swapped_on(connection: Connection, plant_ids: Sequence[int]) -> dict[int, date]:
    """The local day from which on another inverter is in the place of one that was swapped, by its device_id."""
    of_plants = _read_heard(connection, plant_ids).values()
    return {swap.old_id: day_of_number(swap.since) for heard in of_plants for swap in swaps_of(heard)}


def _read_heard(connection: Connection, plant_ids: Sequence[int]) -> defaultdict[int, list[HeardInverter]]:
    heard: defaultdict[int, list[HeardInverter]] = defaultdict(list)
    for row in read_inverter_times(connection, plant_ids):
        heard[row[0]].append(HeardInverter(*row[1:]))
    return heard


def _instant(day: int, zone: ZoneInfo) -> int:
    if abs(day) >= _DAYS:
        return _EVER_US if day > 0 else -_EVER_US
    return microseconds_of(day_span(day_of_number(day), zone).start)


def is_expected(starts_us: NDArray[np.int64], span: InstantSpan | None) -> NDArray[np.bool_]:
    """Which of the hours that begin there lie in the time of an inverter; without a span all do."""
    return np.ones(len(starts_us), bool) if span is None else (starts_us >= span[0]) & (starts_us < span[1])


def spans_of_series(series: Sequence[EnergySeries], spans: Mapping[int, InstantSpan]) -> list[InstantSpan | None]:
    """The time of the inverter that tells each series, None where that is always."""
    return [None if each.device_id is None else spans.get(each.device_id) for each in series]


def sum_of_those_there(
    told: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Sum of series, each with when its inverter is expected: NaN where one that is expected tells nothing, or none tells."""
    total = np.full(shape, 0.0 if told else np.nan)
    is_told = np.zeros(shape, bool)
    for known, expected in told:
        is_told |= ~np.isnan(known)
        total += np.where(np.isnan(known) & ~expected, 0.0, known)
    return np.where(is_told, total, np.nan)
