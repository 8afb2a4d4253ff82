"""Named reads of the API about what devices and their sensors measured lately, and whether they still speak."""

import json
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from include.core.quantities import QUANTITIES
from include.core.span import Span
from include.warehouse.api_reads import ListPage, read_page
from include.warehouse.queries import query


def find_device_zone(connection: Connection, device_id: int) -> str | None:
    """IANA zone in which the days of a device are counted: its plant's, else the tenant's; None where there is no such device."""
    found: str | None = connection.execute(
        query("api_sensors", "find_device_zone"), {"device_id": device_id}
    ).scalar_one_or_none()
    return found


def read_device_statistics(connection: Connection, *, device_id: int, grain: Literal["hour", "day"], span: Span) -> str:
    """Statistics of the series of a device and of the sensors below it, over the hours or days within the span; a JSON array."""
    units = {name: {"unit": quantity.unit} for name, quantity in QUANTITIES.items()}
    parameters = {
        "device_id": device_id,
        "grain": grain,
        "start": span.start,
        "end": span.end,
        "quantities": json.dumps(units),
    }
    return str(connection.execute(query("api_sensors", "read_device_statistics"), parameters).scalar_one())


def list_device_freshness(
    connection: Connection, *, plant_id: int | None, kind: str | None, fresh_from: datetime, after: int, limit: int
) -> ListPage:
    """Devices by id, online where their last reading or state is of `fresh_from` or later."""
    filters = {"plant_id": plant_id, "kind": kind, "fresh_from": fresh_from}
    return read_page(connection, "api_sensors", "list_device_freshness", **filters, after=after, limit=limit)
