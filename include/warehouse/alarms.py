"""Alarms as the vendors report them: what was received last holds, whatever the order of loading."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.core.alarms import OpenAlarm
from include.core.documents import LandedDocument
from include.core.span import Span
from include.warehouse.queries import query
from include.warehouse.readings import Written

AlarmRow = Mapping[str, Any]
"""plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at (aware or None), is_open, advice."""


@dataclass(frozen=True, slots=True)
class AlarmRows:
    """Alarms of one document, each (plant, key) once.

    Of the plants in `complete_of` they are all that are open and were raised within `span`, or at any time where it is None.
    """

    rows: Sequence[AlarmRow]
    complete_of: Sequence[int] = ()
    span: Span | None = None


def read_devices(connection: Connection, tenant_id: int, source: str, keys: Iterable[str]) -> dict[str, int]:
    """device_id by key, or by the serial number that the vendor's list has, of the source's devices that are registered."""
    parameters = {"tenant_id": tenant_id, "source": source, "keys": sorted(keys)}
    return {row.name: row.device_id for row in connection.execute(query("alarms", "read_alarm_devices"), parameters)}


def read_open(connection: Connection, integration_id: int, *, before: datetime) -> list[OpenAlarm]:
    """Alarms of an account that are still open and were raised before an instant."""
    rows = connection.execute(query("alarms", "read_open"), {"integration_id": integration_id, "before": before})
    return [OpenAlarm(*row) for row in rows]


def load_alarms(connection: Connection, document: LandedDocument, alarms: AlarmRows) -> Written:
    """Write what a document reports of alarms, in a transaction that holds `readings.lock_tenant`."""
    parameters = {
        "tenant_id": document.tenant_id,
        "feed": document.feed,
        "document_id": document.document_id,
        "reported_at": _reported_at(document),
        "rows": json.dumps([dict(row) for row in alarms.rows], default=str),
        "plant_ids": list(alarms.complete_of),
        "raised_from": alarms.span and alarms.span.start,
        "raised_until": min(alarms.span.end, _reported_at(document)) if alarms.span else _reported_at(document),
    }
    changed = connection.execute(query("alarms", "upsert_alarms"), parameters).all()
    connection.execute(query("alarms", "close_missed"), parameters)
    if any(row.is_open for row in changed):
        connection.execute(query("alarms", "reopen_newer_lists"), parameters)
    inserted = sum(row.is_new for row in changed)
    return Written(inserted, len(changed) - inserted, len(alarms.rows) - len(changed))


def _reported_at(document: LandedDocument) -> datetime:
    return document.newest_receipt
