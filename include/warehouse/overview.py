"""One tenant at a glance: for the summary of a run and for whoever asks what is there."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.warehouse.queries import query


def read_overview(connection: Connection, tenant: str) -> dict[str, Any]:
    """Counts of plants, devices, customers, reports and mails, energies [kWh], dirty days, and reasons of quarantine by rule."""
    row = connection.execute(query("overview", "read_overview"), {"tenant": tenant}).mappings().one_or_none()
    reasons = connection.execute(query("overview", "read_quarantine_reasons"), {"tenant": tenant})
    return dict(row or {}) | {"quarantine_reasons": {reason.rule: reason.rows for reason in reasons}}


def read_clouds(connection: Connection, tenant: str, *, now: datetime) -> dict[str, dict[str, Any]]:
    """Per vendor: how many closed local days have energy, and the energy [kWh] of each plant's last closed day, added up."""
    rows = connection.execute(query("overview", "read_clouds"), {"tenant": tenant, "now": now})
    return {row.vendor: {"days": row.days, "last_day_kwh": row.last_day_kwh} for row in rows}


def read_waiting(connection: Connection, *, now: datetime) -> list[dict[str, Any]]:
    """Per tenant: dirty days of series and of plants, and how many counters misbehaved within the last 7 local days."""
    return [dict(row._mapping) for row in connection.execute(query("overview", "read_waiting"), {"now": now})]


def count_mails(connection: Connection) -> list[dict[str, Any]]:
    """Per tenant: mails that are `waiting`, and that `failed` for good; those to the operator under the empty name."""
    return [dict(row._mapping) for row in connection.execute(query("overview", "count_mails"))]


def read_worst_counters(connection: Connection, *, now: datetime, most: int = 5) -> list[dict[str, Any]]:
    """The counters that misbehaved most within the last 7 local days, with their days and faults, the worst first."""
    rows = connection.execute(query("overview", "read_worst_counters"), {"now": now, "most": most})
    return [dict(row._mapping) for row in rows]


def find_plant(connection: Connection, tenant: str, plant_key: str) -> dict[str, Any]:
    """plant_id and series_id of the power of a plant that files named; empty for an unknown plant."""
    row = (
        connection.execute(query("overview", "read_plant_of"), {"tenant": tenant, "plant_key": plant_key})
        .mappings()
        .one_or_none()
    )
    return dict(row or {})
