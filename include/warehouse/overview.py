"""One tenant at a glance: for the summary of a run and for whoever asks what is there."""

from typing import Any

from sqlalchemy import Connection

from include.warehouse.queries import query


def read_overview(connection: Connection, tenant: str) -> dict[str, Any]:
    """Counts of plants, devices, customers, reports and mails, energies [kWh], dirty days, and reasons of quarantine by rule."""
    row = connection.execute(query("overview", "read_overview"), {"tenant": tenant}).mappings().one_or_none()
    reasons = connection.execute(query("overview", "read_quarantine_reasons"), {"tenant": tenant})
    return dict(row or {}) | {"quarantine_reasons": {reason.rule: reason.rows for reason in reasons}}


def find_plant(connection: Connection, tenant: str, plant_key: str) -> dict[str, Any]:
    """plant_id and series_id of the plant's own power; empty for an unknown plant."""
    row = (
        connection.execute(query("overview", "read_plant_of"), {"tenant": tenant, "plant_key": plant_key})
        .mappings()
        .one_or_none()
    )
    return dict(row or {})
