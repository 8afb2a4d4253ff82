"""Named reads of the API about history: readings, state events and rollups of one series, of a plant and of its devices.

Instants leave PostgreSQL as JSON in the zone of the series, with its offset.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.span import Grain, Span
from include.warehouse.api_reads import ListPage
from include.warehouse.queries import query

ROLLUP_COLUMNS: Final = (
    "starts_at", "ends_at", "local_date", "reading_count", "mean", "min", "max", "first", "last", "sum", "stddev", "median",
    "p95", "p99", "energy_kwh", "active_minutes", "active_hours", "covered_s", "expected_s", "coverage", "provisional", "partial",
)  # fmt: skip
"""Fields of a rollup row, in the order of the table layout (`read_rollup_table` in api_history.sql)."""

_ABSENT: Final = {"minute": ("active_hours",), "hour": ("active_hours",), "day": ()}
"""Members that a short grain never has."""
_REACH: Final[dict[Grain, timedelta]] = {
    "hour": timedelta(hours=2), "day": timedelta(days=2), "week": timedelta(days=8), "month": timedelta(days=32),
    "year": timedelta(days=367),
}  # fmt: skip
"""Longer than any interval of the grain: one that reaches into a span does not begin earlier before it."""
_NOT_NUMBERS: Final = ('"NaN"', '"Infinity"', '"-Infinity"')
_TEXT_FIELDS: Final = ("name", "device_key", "kind")


@dataclass(frozen=True, slots=True)
class SeriesHead:
    """What the answer of a series says of it; `timezone` is IANA."""

    series_id: int
    quantity: str
    kind: str
    origin: str
    timezone: str


@dataclass(frozen=True, slots=True)
class DeviceGroup:
    """One quantity of all devices of a plant; `timezone` is the plant's, IANA."""

    plant_id: int
    quantity: str
    timezone: str
    series_count: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of raw history: JSON text of an array, and the aware instant of its last row when more rows follow."""

    data: str
    last_at: datetime | None


def find_series(connection: Connection, series_id: int) -> SeriesHead | None:
    """Head of one series; None when this tenant has no such series."""
    row = connection.execute(query("api_history", "find_series"), {"series_id": series_id}).one_or_none()
    return None if row is None else SeriesHead(*row)


def find_plant_series(connection: Connection, plant_id: int, quantity: str) -> SeriesHead | None:
    """Head of the series of a whole plant: the derived one (summed over its inverters), else a measured one."""
    row = connection.execute(
        query("api_history", "find_plant_series"), {"plant_id": plant_id, "quantity": quantity}
    ).one_or_none()
    return None if row is None else SeriesHead(*row)


def find_device_group(connection: Connection, plant_id: int, quantity: str) -> DeviceGroup | None:
    """How many series of a quantity the devices of a plant have; None when this tenant has no such plant."""
    parameters = {"plant_id": plant_id, "quantity": quantity}
    row = connection.execute(query("api_history", "find_device_group"), parameters).one_or_none()
    return None if row is None else DeviceGroup(plant_id, quantity, row.timezone, row.series_count)


def list_readings(connection: Connection, *, head: SeriesHead, span: Span, limit: int) -> HistoryPage:
    """Readings of one series in the half-open span, oldest first."""
    return _history(connection, "list_readings", head=head, span=span, limit=limit)


def list_events(connection: Connection, *, head: SeriesHead, span: Span, limit: int) -> HistoryPage:
    """State changes of one series in the half-open span, oldest first."""
    return _history(connection, "list_events", head=head, span=span, limit=limit)


def read_rollups(
    connection: Connection, *, head: SeriesHead, grain: Grain, span: Span, settled_until: datetime, as_table: bool = False
) -> str:
    """Aggregates of one series, intervals that overlap the span: JSON objects, or arrays in the order of `ROLLUP_COLUMNS`.

    Each tells whether it is `provisional`, so ends after `settled_until`, and `partial`, so reaches outside the span.
    """
    parameters = _intervals(span, head.timezone, grain, settled_until) | {"series_id": head.series_id}
    name = "read_rollup_table" if as_table else "read_rollups"
    return _finite(str(connection.execute(query("api_history", name), parameters).scalar_one()))


def read_device_rollups(connection: Connection, *, group: DeviceGroup, grain: Grain, span: Span, settled_until: datetime) -> str:
    """Aggregates of one quantity for every device of a plant: one JSON object per device, its intervals in `rows`."""
    parameters = _intervals(span, group.timezone, grain, settled_until)
    parameters |= {"plant_id": group.plant_id, "quantity": group.quantity}
    return _finite(str(connection.execute(query("api_history", "read_device_rollups"), parameters).scalar_one()))


def lean_rollups(data: str, *, kind: str, grain: str) -> str:
    """The rows of a JSON text of rollups without the members that this kind of series and this grain never have.

    What such a series may have and is unknown stays, as null.
    """
    of_grain = _ABSENT.get(grain, ("median", "p95", "p99", "active_minutes", "active_hours"))
    for name in (*of_grain, "energy_kwh") if kind == "gauge" else of_grain:
        # No text of the data can hold this: its quotes would be escaped.
        data = data.replace(f',"{name}":null', "")
    return data


def list_group_series(connection: Connection, group: DeviceGroup) -> list[dict[str, Any]]:
    """Series of one quantity of the devices of a plant, by device: device_id, device_key, name, kind, series_id."""
    parameters = {"plant_id": group.plant_id, "quantity": group.quantity}
    return [dict(row._mapping) for row in connection.execute(query("api_history", "list_group_series"), parameters)]


def count_power_series(connection: Connection, head: SeriesHead) -> int:
    """Inverters of which the derived power of a plant is summed."""
    return int(connection.execute(query("api_history", "count_power_series"), {"series_id": head.series_id}).scalar_one())


def count_inverters(connection: Connection, *, plant_id: int, timezone: str, span: Span) -> int:
    """Inverters that were at a plant on any local day of a span of whole ones."""
    parameters = _span(span, timezone) | {"plant_id": plant_id}
    return int(connection.execute(query("api_history", "count_inverters"), parameters).scalar_one())


def read_peak_power(connection: Connection, *, plant_id: int, timezone: str, span: Span, settled_until: datetime) -> str:
    """Greatest simultaneous power [kW] of a plant's inverters in the span and each of its local days: a JSON object of both.

    The span is of whole local days. Power is a 15-minute mean, an instant the start of its quarter of an hour.
    """
    parameters = _span(span, timezone) | {"plant_id": plant_id, "settled_until": settled_until}
    return _finite(str(connection.execute(query("api_history", "read_peak_power"), parameters).scalar_one()))


def list_energy_checks(
    connection: Connection, *, plant_id: int, days: tuple[date, date], after: list[Any] | None, limit: int
) -> ListPage:
    """Energies [kWh] of the half-open range of local days, known three ways: of the plant, then of its inverters, day by day."""
    first, end = days
    after_day, after_device = after or [first - timedelta(days=1), 0]
    parameters = {"plant_id": plant_id, "first": first, "end": end, "after_day": after_day, "after_device": after_device}
    row = connection.execute(query("api_history", "list_energy_checks"), parameters | {"limit": limit}).one()
    return ListPage(_finite(row.data), _key(row.next_key))


def list_counter_days(
    connection: Connection,
    *,
    plant_id: int,
    timezone: str,
    days: tuple[date, date],
    after: list[Any] | None,
    limit: int,
) -> ListPage:
    """Local days of the half-open range on which a counter of a plant or its devices misbehaved, by day and series."""
    first, end = days
    after_day, after_series = after or [first - timedelta(days=1), 0]
    parameters = {"plant_id": plant_id, "first": first, "end": end, "after_day": after_day, "after_series": after_series}
    row = connection.execute(query("api_history", "list_counter_days"), parameters | {"limit": limit, "timezone": timezone}).one()
    return ListPage(row.data, _key(row.next_key))


def list_marks(
    connection: Connection, *, head: SeriesHead, days: tuple[date, date], after: list[Any] | None, limit: int
) -> ListPage:
    """Marks of a series by local day of the half-open range."""
    first, end = days
    (after_day,) = after or [first - timedelta(days=1)]
    parameters = {"series_id": head.series_id, "first": first, "end": end, "after_day": after_day}
    row = connection.execute(query("api_history", "list_marks"), parameters | {"limit": limit, "timezone": head.timezone}).one()
    return ListPage(row.data, _key(row.next_key))


def list_inverter_days(  # noqa: PLR0913 - a plant, a range, a filter and a place
    connection: Connection,
    *,
    plant_id: int,
    timezone: str,
    days: tuple[date, date],
    verdict: str | None,
    after: list[Any] | None,
    limit: int,
) -> ListPage:
    """Answers about the inverters of a plant on local days of the half-open range, by day and inverter."""
    first, end = days
    after_day, after_device = after or [first - timedelta(days=1), 0]
    parameters = {"plant_id": plant_id, "first": first, "end": end, "after_day": after_day, "after_device": after_device}
    parameters |= {"verdict": verdict, "limit": limit, "timezone": timezone}
    row = connection.execute(query("api_history", "list_inverter_days"), parameters).one()
    return ListPage(row.data, _key(row.next_key))


def read_plant_energies(
    connection: Connection, *, plant_id: int, timezone: str, grain: Grain, span: Span, settled_until: datetime
) -> str:
    """Published energy [kWh] of a plant by day, week, month or year: intervals that overlap the span, as a JSON array.

    Longer intervals are summed from their days. `provisional` and `partial` are as in `read_rollups`.
    """
    around = {"first": (span.start - _REACH[grain]).date(), "end_day": (span.end + _REACH[grain]).date()}
    parameters = _span(span, timezone) | around | {"grain": grain, "settled_until": settled_until}
    parameters |= {"plant_id": plant_id, "min_completeness": COMPLETE_DAY_COVERAGE}
    return _finite(str(connection.execute(query("api_history", "read_plant_energies"), parameters).scalar_one()))


def list_alarms(  # noqa: PLR0913 - a plant, a span, a filter and a place
    connection: Connection,
    *,
    plant_id: int,
    timezone: str,
    span: Span,
    is_open: bool | None,
    before: list[Any] | None,
    limit: int,
) -> ListPage:
    """Alarms of a plant and its devices that were on at some time of the half-open span, latest first."""
    before_at, before_id = before or [span.end, 0]
    parameters = _span(span, timezone) | {"plant_id": plant_id, "is_open": is_open, "limit": limit}
    row = connection.execute(
        query("api_history", "list_alarms"), parameters | {"before_at": before_at, "before_id": before_id}
    ).one()
    return ListPage(row.data, _key(row.next_key))


def _key(written: str | None) -> list[Any] | None:
    return None if written is None else list(json.loads(written))


def _history(connection: Connection, name: str, *, head: SeriesHead, span: Span, limit: int) -> HistoryPage:
    parameters = _span(span, head.timezone) | {"series_id": head.series_id, "limit": limit}
    row = connection.execute(query("api_history", name), parameters).one()
    return HistoryPage(row.data, row.last_at)


def _intervals(span: Span, timezone: str, grain: Grain, settled_until: datetime) -> dict[str, object]:
    return _span(span, timezone) | {"grain": grain, "settled_until": settled_until, "earliest": span.start - _REACH[grain]}


def _span(span: Span, timezone: str) -> dict[str, object]:
    return {"start": span.start, "end": span.end, "timezone": timezone}


def _finite(data: str) -> str:
    # PostgreSQL writes what JSON has no number for as text. The warehouse should hold none; a reader must see null all the same.
    if not any(word in data for word in _NOT_NUMBERS):
        return data
    return json.dumps(_with_nulls(json.loads(data)), ensure_ascii=False, separators=(",", ":"))


def _with_nulls(found: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(found, list):
        return [_with_nulls(item) for item in found]
    if isinstance(found, dict):
        return {name: item if name in _TEXT_FIELDS else _with_nulls(item) for name, item in found.items()}
    return None if isinstance(found, str) and f'"{found}"' in _NOT_NUMBERS else found
