"""A landed list of a vendor's alarms becomes rows of the warehouse; those of plants that are not registered yet wait."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.core.documents import LandedDocument
from include.core.pulls import Request
from include.warehouse import alarms, documents, fleet
from include.warehouse.engine import Connection

SUBJECT_KNOWN: Final = "subject_known"


@dataclass(frozen=True, slots=True)
class ReadAlarms:
    """A list of alarms, what was asked for it, and the zones of the vendor's plants by which it was read."""

    told: AlarmList
    request: Request
    source: str
    zones: Mapping[str, ZoneInfo]


def write_alarms(connection: Connection, document: LandedDocument, read: ReadAlarms) -> documents.LoadCounts:
    """Write the alarms of one document in the caller's transaction, which holds the tenant's lock.

    Of an alarm that is told twice in the document the last telling holds; the others are counted as duplicates. Open alarms that
    a complete list lacks have ended, as far as they were raised in the span that was asked.
    """
    told, source = read.told, read.source
    keys = {alarm.plant_key for alarm in told.alarms} | set(told.plant_keys)
    plants = fleet.read_subjects(connection, document.tenant_id, "plant", sorted(keys), source)
    devices = {alarm.device_key for alarm in told.alarms if alarm.device_key}
    device_ids = alarms.read_devices(connection, document.tenant_id, source, devices)
    known = [alarm for alarm in told.alarms if alarm.plant_key in plants]
    rows = {(alarm.plant_key, alarm.key): _row(alarm, plants[alarm.plant_key].subject_id, device_ids) for alarm in known}
    is_complete = told.is_complete and read.request.is_authoritative
    complete_of = [plants[key].subject_id for key in told.plant_keys if key in plants] if is_complete else []
    written = alarms.load_alarms(connection, document, alarms.AlarmRows(list(rows.values()), complete_of, read.request.span))
    waiting = [_waiting(number, alarm) for number, alarm in enumerate(told.alarms, start=1) if alarm.plant_key not in plants]
    documents.replace_quarantine(connection, document, waiting)
    return documents.LoadCounts(
        parsed_rows=len(told.alarms),
        inserted_rows=written.inserted,
        updated_rows=written.updated,
        unchanged_rows=written.unchanged,
        duplicate_rows=len(known) - len(rows),
        quarantined_rows=len(waiting),
        quarantine_reasons=Counter([SUBJECT_KNOWN] * len(waiting)),
    )


def _row(alarm: Alarm, plant_id: int, device_ids: Mapping[str, int]) -> dict[str, Any]:
    row = asdict(alarm)
    device_key = row.pop("device_key")
    del row["plant_key"]
    return row | {"alarm_key": row.pop("key"), "plant_id": plant_id, "device_id": device_ids.get(device_key)}


def _waiting(number: int, alarm: Alarm) -> documents.QuarantinedRow:
    payload = {
        "measured_at": alarm.raised_at.isoformat(),
        "raw": f"alarm {alarm.key}, code {alarm.code}, {alarm.severity}: {alarm.name}",
    }
    return documents.QuarantinedRow(number, "alarm", alarm.plant_key, (SUBJECT_KNOWN,), payload)
