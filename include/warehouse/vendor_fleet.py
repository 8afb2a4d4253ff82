"""Plants and devices of a vendor as they stand, beside what the vendor reported of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from include.warehouse.fleet import mark_plants
from include.warehouse.queries import query

VendorKind = Literal["plant", "device"]
Reported = dict[str, dict[str, Any]]
"""By field: `value`, and of the answer that reported it `at` [ISO 8601] and `document_id`; both are absent where the value is a
default."""


@dataclass(frozen=True, slots=True)
class Known:
    """One registered plant or device: its fields as plain JSON values, and what the vendor reported last of each."""

    stored: Mapping[str, Any]
    reported: Reported


def read_known(connection: Connection, kind: VendorKind, *, tenant_id: int, source: str, keys: Sequence[str]) -> dict[str, Known]:
    """Those of the keys that are registered."""
    parameters = {"tenant_id": tenant_id, "source": source, "keys": list(keys)}
    rows = connection.execute(query("vendor_fleet", f"read_known_{kind}"), parameters)
    return {row.key: Known(row.stored, row.reported or {}) for row in rows}


def note_listed(
    connection: Connection,
    kind: VendorKind,
    integration_id: int,
    listed: Iterable[str],
    *,
    of_plants: Sequence[str] = (),
    now: datetime,
) -> None:
    """Retire plants or devices of an account that three whole lists in a row lack, and bring back what is listed again.

    A list of devices may be one of certain plants only; lists less than half a day apart count as one. Days of plants that expect
    other devices now are computed again.
    """
    parameters: dict[str, Any] = {"integration_id": integration_id, "listed": sorted(listed), "now": now}
    if kind == "device":
        parameters["of_plants"] = list(of_plants) or None
    noted = connection.execute(query("vendor_fleet", f"note_listed_{kind}s"), parameters)
    if kind == "device" and (changed := {row.plant_id for row in noted if row.is_changed}):
        mark_plants(connection, changed)


def write_reported(
    connection: Connection,
    kind: VendorKind,
    reported: Mapping[str, Reported],
    *,
    tenant_id: int,
    source: str,
    integration_id: int | None = None,
) -> None:
    """Keep what the vendor reported, by key; plants learn the account through which they are pulled."""
    rows = json.dumps([{"key": key, "reported": fields} for key, fields in reported.items()])
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "source": source, "rows": rows}
    if kind == "plant":
        parameters["integration_id"] = integration_id
    connection.execute(query("vendor_fleet", f"write_{kind}_reported"), parameters)
