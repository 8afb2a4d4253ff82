"""Computes again what changed: dirty days -> hours and days -> plants -> weeks, months, years.

Always from the stored readings, never from the batch: a repeat changes nothing and the order of arrival does not matter.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, text

from include.warehouse.queries import query_text

_ROOM: Final = "include.rollups"


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What one round did: (series, day) pairs taken from the work list, rollup rows written or removed, pairs left."""

    dirty_days: int
    rows_changed: int
    remaining: int


def roll_up(connection: Connection, *, computed_at: datetime, limit: int = 50_000) -> RolledUp | None:
    """Work off at most `limit` dirty (series, day) pairs in the caller's transaction; None while another roll-up is at work."""
    if not _run(connection, "touched", "lock").scalar_one():
        return None
    connection.exec_driver_sql("SET LOCAL work_mem = '256MB'")
    connection.exec_driver_sql(query_text(_ROOM, "touched")["create_work"])
    taken = _run(connection, "touched", "take_dirty", limit=limit).rowcount
    changed = _compute(connection, computed_at) if taken else 0
    return RolledUp(taken, changed, _run(connection, "periods", "count_dirty").scalar_one())


def _compute(connection: Connection, computed_at: datetime) -> int:
    _run(connection, "touched", "describe_series")
    _run(connection, "touched", "find_ranges")
    connection.exec_driver_sql("ANALYZE touched_series, touched_range")
    _run(connection, "touched", "list_days", origin="measured")
    for block in ("sample_gauges", "sample_counters"):
        _run(connection, "readings", block)
    connection.exec_driver_sql("ANALYZE sample, touched_day")
    for block in ("limit_steps", "sum_whole_steps", "cut_long_steps"):
        _run(connection, "readings", block)
    for block in ("compute_hours", "compute_days"):
        _run(connection, "readings", block, computed_at=computed_at)
    _run(connection, "periods", "create_period")
    _run(connection, "periods", "list_amount_periods")
    _run(connection, "periods", "compute_amounts", computed_at=computed_at)
    changed = _write(connection, ["hour", "day"])
    changed += _compute_plants(connection, computed_at)
    return changed + _compute_periods(connection, computed_at)


def _compute_plants(connection: Connection, computed_at: datetime) -> int:
    _run(connection, "plants", "insert_plant_series")
    if not _run(connection, "plants", "touch_plants").rowcount and not _has_derived(connection):
        return 0
    _run(connection, "touched", "describe_series")
    _run(connection, "touched", "list_days", origin="derived")
    connection.exec_driver_sql("ANALYZE touched_series, touched_day")
    _run(connection, "plants", "compute_plants", computed_at=computed_at)
    return _write(connection, ["hour", "day"])


def _compute_periods(connection: Connection, computed_at: datetime) -> int:
    _run(connection, "periods", "list_periods")
    connection.exec_driver_sql("ANALYZE touched_period")
    _run(connection, "periods", "compute_periods", computed_at=computed_at)
    changed = _run(connection, "periods", "write_fresh", grains=["week", "month", "year"]).rowcount
    return changed + _run(connection, "periods", "delete_gone_periods").rowcount


def _write(connection: Connection, grains: list[str]) -> int:
    connection.exec_driver_sql("ANALYZE fresh")
    changed = _run(connection, "periods", "write_fresh", grains=grains).rowcount
    return changed + _run(connection, "periods", "delete_gone").rowcount


def _has_derived(connection: Connection) -> bool:
    statement = text("SELECT EXISTS (SELECT 1 FROM touched_series WHERE origin = 'derived')")
    return bool(connection.execute(statement).scalar_one())


def _run(connection: Connection, subject: str, block: str, **parameters: object) -> CursorResult[Any]:
    return connection.execute(text(query_text(_ROOM, subject)[block]), parameters)
