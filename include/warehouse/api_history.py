"""Named reads of the API about history: readings, state events and rollups of one series, of a plant and of its devices.

Instants leave PostgreSQL as JSON in the zone of the series, with its offset.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from include.core.span import Grain, Span
from include.warehouse.api_reads import ListPage
from include.warehouse.queries import query

ROLLUP_COLUMNS: Final = (
    "starts_at", "ends_at", "local_date", "reading_count", "mean", "min", "max", "first", "last", "sum", "stddev", "median",
    "p95", "p99", "energy_kwh", "active_minutes", "covered_s", "expected_s", "coverage", "provisional",
)  # fmt: skip
"""Fields of a rollup row, in the order of the table layout (`read_rollup_table` in api_history.sql)."""

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
    """Aggregates of one series, intervals that start in the span: JSON objects, or arrays in the order of `ROLLUP_COLUMNS`."""
    parameters = _span(span, head.timezone) | {"series_id": head.series_id, "grain": grain, "settled_until": settled_until}
    name = "read_rollup_table" if as_table else "read_rollups"
    return _finite(str(connection.execute(query("api_history", name), parameters).scalar_one()))


def read_device_rollups(connection: Connection, *, group: DeviceGroup, grain: Grain, span: Span, settled_until: datetime) -> str:
    """Aggregates of one quantity for every device of a plant: one JSON object per device, its intervals in `rows`."""
    parameters = _span(span, group.timezone) | {
        "plant_id": group.plant_id,
        "quantity": group.quantity,
        "grain": grain,
        "settled_until": settled_until,
    }
    return _finite(str(connection.execute(query("api_history", "read_device_rollups"), parameters).scalar_one()))


def list_energy_checks(
    connection: Connection, *, plant_id: int, days: tuple[date, date], after: list[Any] | None, limit: int
) -> ListPage:
    """Energies [kWh] of the half-open range of local days, known three ways: of the plant, then of its inverters, day by day."""
    first, end = days
    after_day, after_device = after or [first - timedelta(days=1), 0]
    parameters = {"plant_id": plant_id, "first": first, "end": end, "after_day": after_day, "after_device": after_device}
    row = connection.execute(query("api_history", "list_energy_checks"), parameters | {"limit": limit}).one()
    return ListPage(_finite(row.data), _key(row.next_key))


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


def _span(span: Span, timezone: str) -> dict[str, object]:
    return {"start": span.start, "end": span.end, "timezone": timezone}


def _finite(data: str) -> str:
    # PostgreSQL writes what JSON has no number for as text. The warehouse should hold none; a reader must see null all the same.
    if not any(word in data for word in _NOT_NUMBERS):
        return data
    return json.dumps(_with_nulls(json.loads(data)), ensure_ascii=False)


def _with_nulls(found: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(found, list):
        return [_with_nulls(item) for item in found]
    if isinstance(found, dict):
        return {name: item if name in _TEXT_FIELDS else _with_nulls(item) for name, item in found.items()}
    return None if isinstance(found, str) and f'"{found}"' in _NOT_NUMBERS else found
