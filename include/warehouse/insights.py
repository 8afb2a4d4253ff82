"""Sentences about plants: of which they are due, what they rest on, and what was said."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Connection

from include.warehouse.queries import query


class InsightDay(NamedTuple):
    """A plant, and the local day up to which something is to be said of it."""

    plant_id: int
    tenant_id: int
    timezone: str
    as_of: date


def lock_insights(connection: Connection) -> None:
    """Wait until no other run tells insights; held until the transaction ends."""
    connection.execute(query("insights", "lock_insights"))


def find_due_plants(connection: Connection, *, now: datetime, due_at: time, days: int) -> list[InsightDay]:
    """Plants of which something is to be said, of days that end `due_at` of the next one; `days` are looked at."""
    parameters = {"now": now, "due_at": due_at, "days": days}
    return list(map(InsightDay._make, connection.execute(query("insights", "find_due_plants"), parameters)))


def read_facts(connection: Connection, plant_id: int, as_of: date, *, days: int, week: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of `days`, `inverters`, `alarms` and `forecast` (at most one) of a plant up to a local day."""
    parameters = {"plant_id": plant_id, "as_of": as_of, "days": days, "week": week}
    return {
        name: [dict(row._mapping) for row in connection.execute(query("insights", f"read_{name}"), parameters)]
        for name in ("days", "inverters", "alarms", "forecast")
    }


def write_insights(connection: Connection, plant: InsightDay, rows: Sequence[Mapping[str, Any]], computed_at: datetime) -> int:
    """Keep code, text and basis of a plant's insights, the most urgent first; returns how many are new."""
    keys = {"plant_id": plant.plant_id, "as_of": plant.as_of, "computed_at": computed_at}
    told = json.dumps([{"place": place, **row} for place, row in enumerate(rows, start=1)])
    written = connection.execute(query("insights", "write_insights"), {**keys, "tenant_id": plant.tenant_id, "rows": told})
    connection.execute(query("insights", "note_told"), keys)
    return int(written.rowcount)


def list_insights(connection: Connection, *, plant_id: int, timezone: str) -> str:
    """The insights of a plant as a JSON list, the most urgent first, instants in `timezone`."""
    parameters = {"plant_id": plant_id, "timezone": timezone}
    return str(connection.execute(query("insights", "list_insights"), parameters).scalar_one())
