"""What the analysis of inverters knows of some plants: read from the warehouse, with the sun over them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.analysis.comparison import PAST_DAYS
from include.analysis.inverter_days import PlantInverters
from include.analysis.inverter_hours import HOURS
from include.core.span import HOUR_US, day_number, day_of_number, day_span, microseconds_of
from include.rollups.daylight import place_of, sun_degrees, sun_weights
from include.steps.inverter_times import swapped_on
from include.warehouse import inverters
from include.warehouse.engine import Connection
from include.warehouse.plant_hours import read_ranges

_QUARTERS: Final = 5
"""How often an hour is looked at for the height of its sun, both ends included."""


def read_plant_inverters(
    connection: Connection, plants: Mapping[int, Mapping[str, Any]], days: Mapping[int, Sequence[date]]
) -> Iterator[tuple[int, PlantInverters]]:
    """Each plant that has inverters, with the days on which they are judged, in order."""
    judged = {plant_id: np.array([day_number(day) for day in of_plant]) for plant_id, of_plant in days.items()}
    members: dict[int, list[Mapping[str, Any]]] = {}
    swaps = swapped_on(connection, list(days))
    for row in inverters.read_inverters(connection, list(days)):
        members.setdefault(row["plant_id"], []).append({**row, "retired_on": _gone_on(row, swaps)})
    reaches = {plant_id: (int(each[0]) - PAST_DAYS, int(each[-1])) for plant_id, each in judged.items()}
    energies = inverters.read_energies(connection, reaches)
    spans = {plant_id: _midnights(plants[plant_id]["timezone"], *reach) for plant_id, reach in reaches.items()}
    hours = read_ranges(connection, _ranges(members, judged, spans))
    for plant_id, of_plant in members.items():
        midnights = spans[plant_id]
        place = place_of(*(plants[plant_id][name] for name in ("timezone", "latitude", "longitude")))
        begins = midnights[judged[plant_id] - reaches[plant_id][0]]
        yield (
            plant_id,
            PlantInverters(
                inverters=of_plant,
                has_battery=plants[plant_id]["has_battery"],
                judged=judged[plant_id],
                energies=energies[np.isin(energies["device_id"], [row["device_id"] for row in of_plant])],
                hours=hours[np.isin(hours["series_id"], [row["series_id"] or 0 for row in of_plant])],
                midnight_us=begins,
                sun_degrees=_highest(begins, place.latitude, place.longitude),
                clear_sky=sun_weights(midnights[:-1], midnights[1:], place.latitude, place.longitude),
            ),
        )


def _gone_on(inverter: Mapping[str, Any], swaps: Mapping[int, date]) -> date | None:
    """When an inverter was gone: what is told of it after another one took its place is nobody's loss."""
    days = [day for day in (inverter["retired_on"], swaps.get(inverter["device_id"])) if day is not None]
    return min(days, default=None)


def _ranges(
    members: Mapping[int, Sequence[Mapping[str, Any]]],
    judged: Mapping[int, NDArray[np.int64]],
    spans: Mapping[int, NDArray[np.int64]],
) -> list[tuple[int, int, int]]:
    """Of each power series the stretches of consecutive judged days, as instants."""
    ranges = []
    for plant_id, of_plant in members.items():
        days, midnights = judged[plant_id], spans[plant_id]
        first = days[0] - PAST_DAYS
        for stretch in np.split(days, np.flatnonzero(np.diff(days) > 1) + 1):
            lo, hi = int(midnights[stretch[0] - first]), int(midnights[stretch[-1] - first + 1])
            ranges += [(row["series_id"], lo, hi) for row in of_plant if row["series_id"] is not None]
    return ranges


def _highest(midnight_us: NDArray[np.int64], latitude: float, longitude: float) -> NDArray[np.float64]:
    """How high the sun gets in each hour of the days that begin there, days x hours [degrees]."""
    steps = np.arange(HOURS * (_QUARTERS - 1) + 1) * (HOUR_US // (_QUARTERS - 1))
    height = sun_degrees(midnight_us[:, np.newaxis] + steps, latitude, longitude)
    looks = np.stack([height[:, part : part + HOURS * (_QUARTERS - 1) : _QUARTERS - 1] for part in range(_QUARTERS - 1)], axis=-1)
    ends = height[:, _QUARTERS - 1 :: _QUARTERS - 1]
    return np.asarray(np.maximum(looks.max(axis=-1), ends))


@lru_cache(maxsize=256)
def _midnights(timezone: str, first: int, last: int) -> NDArray[np.int64]:
    """Where the local days [first, last] since 1970 begin, and the day after them [us UTC]."""
    zone = ZoneInfo(timezone)
    return np.array([microseconds_of(day_span(day_of_number(day), zone).start) for day in range(first, last + 2)])
