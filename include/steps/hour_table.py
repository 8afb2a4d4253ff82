"""Hours of a plant as a table, days by hours, at one offset from UTC: so a column is one time of the sun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US, Span, day_number, day_span, instant_of, microseconds_of
from include.steps.inverter_times import InstantSpan, expected_spans, is_expected, spans_of_series, sum_of_those_there
from include.warehouse.engine import Connection
from include.warehouse.plant_hours import SeriesHours, read_energy_series, read_hours

_USUAL_SHARE: Final = 0.9
"""Of what a series usually covers of an hour; an hour with less is not known."""


@dataclass(frozen=True, slots=True)
class HourTable:
    """`days` days that begin at `start_us` [us since 1970 UTC], 24 hours each."""

    start_us: int
    days: int

    @classmethod
    def around(cls, day: date, zone: ZoneInfo, *, past_days: int, days_ahead: int) -> "HourTable":
        """The local days from `past_days` before a day to `days_ahead` after it, at the offset with which those ahead begin."""
        ahead_us = microseconds_of(day_span(day + timedelta(days=1), zone).start)
        return cls(ahead_us - (past_days + 1) * 24 * HOUR_US, past_days + 1 + days_ahead)

    @classmethod
    def of_days(cls, first: date, zone: ZoneInfo, days: int) -> "HourTable":
        """Local days at the zone's standard time of their year's beginning or middle, whichever is earlier on the clock."""
        offsets = [zone.utcoffset(datetime(first.year, month, 1)) or timedelta(0) for month in (1, 7)]  # noqa: DTZ001 - wall clock
        return cls(day_number(first) * 24 * HOUR_US - round(min(offsets).total_seconds()) * 1_000_000, days)

    @property
    def starts_us(self) -> NDArray[np.int64]:
        """Beginnings of all hours, in the order of the rows."""
        return self.start_us + np.arange(self.days * 24, dtype=np.int64) * HOUR_US

    def table(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of all hours as rows of days."""
        return values.reshape(self.days, 24)

    def position(self, starts_us: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of hours; rows may lie outside."""
        hour = (starts_us - self.start_us) // HOUR_US
        return hour // 24, hour % 24

    def spread(self, starts_us: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of some hours as a table; NaN where there is none."""
        found = np.full((self.days, 24), np.nan)
        row, column = self.position(starts_us)
        inside = (row >= 0) & (row < self.days)
        found[row[inside], column[inside]] = values[inside]
        return found

    def energy_kwh(self, series: Sequence[tuple[SeriesHours | None, InstantSpan | None]]) -> NDArray[np.float64]:
        """Energy of the hours that all series know, each with the time of its inverter (None: always); NaN for the others.

        An hour is known of which a series covers at least nine tenths of what it usually does: an inverter that has been silent
        for long, and will be, is no gap.
        """
        told = [(self._known(hours), self.table(is_expected(self.starts_us, span))) for hours, span in series]
        return sum_of_those_there(told, (self.days, 24))

    def _known(self, hours: SeriesHours | None) -> NDArray[np.float64]:
        if hours is None:
            return np.full((self.days, 24), np.nan)
        share = hours.covered_share
        usual = np.median(share[share > 0]) if (share > 0).any() else np.nan
        is_known = np.isnan(share) | (share >= _USUAL_SHARE * usual)
        return self.spread(hours.starts_us, np.where(is_known, hours.energy_kwh, np.nan))


def read_energies(connection: Connection, plant_id: int, zone: ZoneInfo, table: HourTable) -> NDArray[np.float64]:
    """Known energies [kWh] of a plant in the hours of a table; NaN where unknown, also all of them."""
    series = read_energy_series(connection, [plant_id]).get(plant_id, [])
    span = Span(instant_of(table.start_us), instant_of(table.start_us + table.days * 24 * HOUR_US))
    hours = read_hours(connection, {each.series_id: span for each in series}) if series else {}
    times = spans_of_series(series, expected_spans(connection, plant_id, zone))
    return table.energy_kwh([(hours.get(each.series_id), time) for each, time in zip(series, times, strict=True)])
