"""Named reads of the API about what a plant or device does now, and the hours of a plant's energy as statistics."""

from datetime import datetime

from sqlalchemy import Connection

from include.core.span import Span
from include.warehouse.queries import query


def read_plant_now(connection: Connection, plant_id: int, *, now: datetime, fresh_from: datetime) -> str | None:
    """One flat JSON object; power is null where no inverter has spoken since `fresh_from`."""
    return _one(connection, "read_plant_now", plant_id=plant_id, now=now, fresh_from=fresh_from)


def read_device_now(connection: Connection, device_id: int, *, now: datetime, fresh_from: datetime) -> str | None:
    """One flat JSON object with a member for each quantity of the device."""
    return _one(connection, "read_device_now", device_id=device_id, now=now, fresh_from=fresh_from)


def read_energy_statistics(connection: Connection, plant_id: int, *, span: Span, now: datetime) -> str:
    """`{start, state, sum}` [kWh] of the ended hours that begin in the span, labelled by UTC hours; a JSON array."""
    return str(
        connection.execute(
            query("api_now", "read_energy_statistics"), {"plant_id": plant_id, "start": span.start, "end": span.end, "now": now}
        ).scalar_one()
    )


def _one(connection: Connection, name: str, **parameters: object) -> str | None:
    found: str | None = connection.execute(query("api_now", name), parameters).scalar_one_or_none()
    return found
