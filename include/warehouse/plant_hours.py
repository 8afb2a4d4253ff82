"""What plants are and made, hour by hour: the numbers that yields, models and forecasts are computed from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.span import Span, microseconds_of
from include.warehouse.binary_copy import PG_EPOCH_US, read_records
from include.warehouse.queries import query, query_text

Numbers = NDArray[np.float64]

_HOUR: Final = (
    ("series_id", "i4"), ("day", "i4"), ("starts_at", "i8"), ("reading_count", "i4"), ("covered_s", "f8"), ("expected_s", "f8"),
    ("energy_kwh", "f8"), ("low", "f8"), ("high", "f8"), ("mean", "f8"),
)  # fmt: skip
_TELLING: Final = (
    "ac_power_kw", "energy_total_kwh", "energy_today_kwh", "energy_5min_kwh", "energy_15min_kwh", "energy_30min_kwh",
    "energy_hour_kwh",
)  # fmt: skip
"""Quantities that tell an energy by the hour, in the order of preference."""


class KnownPlant(NamedTuple):
    """A plant as it is registered; degrees north and east, kWp of the modules, kW of the inverters; None is unknown."""

    plant_id: int
    tenant_id: int
    plant_key: str
    timezone: str
    latitude: float | None
    longitude: float | None
    capacity_kwp: float | None
    capacity_kw: float | None
    tilt_deg: float | None
    azimuth_deg: float | None

    @property
    def plane(self) -> tuple[float, float] | None:
        """Tilt and azimuth of the modules where both are registered."""
        return None if self.tilt_deg is None or self.azimuth_deg is None else (self.tilt_deg, self.azimuth_deg)


class EnergySeries(NamedTuple):
    """A series of those whose energies together are a plant's; `device_id` is the inverter's that tells it, None: the plant's."""

    series_id: int
    device_id: int | None


class InverterSeries(NamedTuple):
    """A series of an inverter that tells whether it works; `quantity` and `series_id` are None where it has none."""

    plant_id: int
    device_id: int
    capacity_kw: float | None
    quantity: str | None
    series_id: int | None


@dataclass(frozen=True, slots=True, eq=False)
class SeriesHours:
    """Stored hours of one series in the order of time; NaN is unknown. `covered_share` is NaN where nothing is expected."""

    starts_us: NDArray[np.int64]
    energy_kwh: Numbers
    covered_share: Numbers
    mean: Numbers
    max: Numbers


def read_plants(connection: Connection, plant_ids: Sequence[int] | None = None) -> list[KnownPlant]:
    """Plants by id; all of them where none are named."""
    ids = None if plant_ids is None else list(plant_ids)
    return list(map(KnownPlant._make, connection.execute(query("plant_hours", "read_plants"), {"plant_ids": ids})))


def read_energy_series(connection: Connection, plant_ids: Sequence[int]) -> dict[int, list[EnergySeries]]:
    """The series whose energies together are those of each plant; a plant that tells none by the hour is absent."""
    found: defaultdict[int, list[EnergySeries]] = defaultdict(list)
    for row in connection.execute(
        query("plant_hours", "read_energy_series"), {"plant_ids": list(plant_ids), "quantities": list(_TELLING)}
    ):
        found[row.plant_id].append(EnergySeries(row.series_id, row.device_id))
    return dict(found)


def read_inverter_times(
    connection: Connection, plant_ids: Sequence[int]
) -> list[tuple[int, int, bool, date | None, date | None, date | None]]:
    """plant_id, device_id, is_retired, the first and last day on which an inverter generated where that matters, missed_until."""
    return [tuple(row) for row in connection.execute(query("plant_hours", "read_inverter_times"), {"plant_ids": list(plant_ids)})]


def read_inverter_series(connection: Connection, plant_ids: Sequence[int]) -> list[InverterSeries]:
    """Power and counters of all inverters by plant and device."""
    rows = connection.execute(query("plant_hours", "read_inverter_series"), {"plant_ids": list(plant_ids)})
    return list(map(InverterSeries._make, rows))


def read_weather_series(connection: Connection, plant_ids: Sequence[int]) -> dict[tuple[int, str], list[int]]:
    """Series of irradiance on the modules and of their temperature, by plant and quantity."""
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for row in connection.execute(query("plant_hours", "read_weather_series"), {"plant_ids": list(plant_ids)}):
        found[row.plant_id, row.quantity].append(row.series_id)
    return dict(found)


def read_ranges(connection: Connection, ranges: Sequence[tuple[int, int, int]]) -> NDArray[np.void]:
    """Hours that begin within `(series_id, lo, hi)` [us since 1970 UTC], with their local day since 1970; NaN is unknown."""
    series_ids, lo, hi = ([row[place] for row in ranges] for place in range(3))
    asked = {"series_ids": series_ids, "lo": lo, "hi": hi}
    found = read_records(connection, query_text("include.warehouse", "plant_hours")["read_hours"], _HOUR, asked)
    found["starts_at"] += PG_EPOCH_US
    return found


def read_hours(connection: Connection, spans: Mapping[int, Span]) -> dict[int, SeriesHours]:
    """Hours that begin in the span of each series, by series_id; a series without any is absent."""
    ranges = [(series_id, microseconds_of(span.start), microseconds_of(span.end)) for series_id, span in spans.items()]
    table = read_ranges(connection, ranges)
    if not len(table):
        return {}
    table = table[np.lexsort((table["starts_at"], table["series_id"]))]
    ids, first = np.unique(table["series_id"], return_index=True)
    return {int(one): _series_hours(hours) for one, hours in zip(ids, np.split(table, first[1:]), strict=True)}


def read_known_days(connection: Connection, plant_ids: Sequence[int], first: date, end: date) -> dict[int, dict[date, float]]:
    """Published energies [kWh] of complete local days in [first, end), by plant and day."""
    parameters = {"plant_ids": list(plant_ids), "first_day": first, "end_day": end, "min_completeness": COMPLETE_DAY_COVERAGE}
    found: defaultdict[int, dict[date, float]] = defaultdict(dict)
    for row in connection.execute(query("plant_hours", "read_days"), parameters):
        found[row.plant_id][row.local_date] = row.energy_kwh
    return dict(found)


def _series_hours(table: NDArray[np.void]) -> SeriesHours:
    expected_s = table["expected_s"]
    share = np.divide(table["covered_s"], expected_s, out=np.full(len(table), np.nan), where=expected_s > 0)
    return SeriesHours(table["starts_at"], table["energy_kwh"], share, table["mean"], table["high"])
