"""Plants and devices of a vendor as they stand, beside what the vendor reported of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

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
