"""How many readings each source told of each local day, and how many were to be expected."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from include.warehouse.queries import query

Row = Mapping[str, Any]


class TenantVolume(NamedTuple):
    """A tenant, and when the volumes of its sources were counted last."""

    tenant_id: int
    timezone: str
    counted_at: datetime | None


def read_tenants(connection: Connection) -> list[TenantVolume]:
    """All tenants."""
    return list(map(TenantVolume._make, connection.execute(query("source_volumes", "read_tenants"))))


def count_days(connection: Connection, tenant: TenantVolume, *, first_day: date, end_day: date, now: datetime) -> int:
    """Count the local days in [first_day, end_day) that loads since the last count touched; returns how many days."""
    reach = {"tenant_id": tenant.tenant_id, "first_day": first_day}
    parameters = {**reach, "end_day": end_day, "since": tenant.counted_at}
    days = list(connection.execute(query("source_volumes", "find_changed_days"), parameters).scalars())
    connection.execute(query("source_volumes", "forget_days"), {**reach, "days": days})
    connection.execute(query("source_volumes", "count_days"), {"tenant_id": tenant.tenant_id, "days": days})
    connection.execute(query("source_volumes", "note_count"), {"tenant_id": tenant.tenant_id, "counted_at": now})
    return len(days)


def read_days(connection: Connection, tenant_id: int) -> list[Row]:
    """What is counted, a row per source and device, as the block of the SQL names its columns."""
    return [dict(row._mapping) for row in connection.execute(query("source_volumes", "read_days"), {"tenant_id": tenant_id})]


def write_volumes(connection: Connection, tenant_id: int, rows: Sequence[Row]) -> None:
    """Write what the days of a tenant's sources were judged to be, in place of what was judged before."""
    connection.execute(query("source_volumes", "forget_volumes"), {"tenant_id": tenant_id})
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        connection.execute(query("source_volumes", "write_volumes"), {"tenant_id": tenant_id, **columns})
