"""The work list and the stored results of the checks of consumption."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from include.warehouse.queries import query


def find_changed_customers(connection: Connection, *, rules_version: int) -> dict[int, str]:
    """Customers to check, each with the fingerprint of its months as they are now."""
    rows = connection.execute(query("consumption", "find_changed_customers"), {"rules_version": rules_version})
    return {row.customer_id: row.fingerprint for row in rows}


def lock_checks(connection: Connection) -> None:
    """Wait until nobody else checks consumption; held until the transaction ends."""
    connection.execute(query("consumption", "lock_checks"))


def read_point_months(connection: Connection, customer_ids: Sequence[int]) -> list[tuple[int, int, date, float]]:
    """(customer_id, point_id, month, consumption_kwh) of whole histories, in that order."""
    rows = connection.execute(query("consumption", "read_point_months"), {"customer_ids": list(customer_ids)})
    return [(row.customer_id, row.point_id, row.month, row.consumption_kwh) for row in rows]


def write_checks(
    connection: Connection, customer_ids: Sequence[int], rows: Sequence[Mapping[str, Any]], *, checked_at: datetime
) -> int:
    """Make the stored checks of these customers those of `rows` (columns of mart.consumption_check); returns how many changed."""
    parameters = {"customer_ids": list(customer_ids), "rows": json.dumps(rows, default=str), "checked_at": checked_at}
    return int(connection.execute(query("consumption", "write_checks"), parameters).scalar_one())


def note_checked(connection: Connection, fingerprints: Mapping[int, str], *, rules_version: int, checked_at: datetime) -> None:
    """Take customers off the work list until their months are others than those of the fingerprint."""
    parameters = {
        "customer_ids": list(fingerprints),
        "fingerprints": list(fingerprints.values()),
        "rules_version": rules_version,
        "checked_at": checked_at,
    }
    connection.execute(query("consumption", "note_checked"), parameters)


def read_group_months(
    connection: Connection, *, tenant_id: int, customer_group: str | None, first_month: date, last_month: date
) -> list[dict[str, Any]]:
    """Every customer of a tenant, or of a group, in every month, with the check of the month."""
    parameters = {
        "tenant_id": tenant_id,
        "customer_group": customer_group,
        "first_month": first_month,
        "last_month": last_month,
    }
    return [dict(row) for row in connection.execute(query("consumption", "read_group_months"), parameters).mappings()]


def read_customer_groups(connection: Connection, tenant_id: int) -> list[str]:
    """Groups of a tenant's customers by name."""
    return list(connection.execute(query("consumption", "read_customer_groups"), {"tenant_id": tenant_id}).scalars())
