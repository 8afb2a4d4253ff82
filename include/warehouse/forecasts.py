"""Forecasts of plants: which are due, and what was told."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.warehouse.queries import query


def find_due_plants(connection: Connection, *, now: datetime, due_at: time) -> list[int]:
    """Plants where it is `due_at` or later, local, and that have no forecast of this local day yet."""
    return list(connection.execute(query("forecasts", "find_due_plants"), {"now": now, "due_at": due_at}).scalars())


def insert_forecast(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Keep a forecast (columns of mart.forecast); False where that day's was told before, which stays."""
    return bool(connection.execute(query("forecasts", "insert_forecast"), dict(row)).rowcount)


def read_forecast(connection: Connection, *, plant_id: int, timezone: str, issued_on: date | None) -> str | None:
    """The forecast issued on a local day, or the newest one, as a JSON object, instants in `timezone`; None: there is none."""
    parameters = {"plant_id": plant_id, "timezone": timezone, "issued_on": issued_on, "min_completeness": COMPLETE_DAY_COVERAGE}
    found: str | None = connection.execute(query("forecasts", "read_forecast"), parameters).scalar_one_or_none()
    return found
