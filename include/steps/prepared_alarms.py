"""A landed list of a vendor's alarms: parsed, then written in the transaction of its load.

Alarms of plants that are not registered yet wait in quarantine.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from include.core.alarms import Alarm, AlarmList
from include.core.pulls import Request
from include.core.settings import Settings
from include.quality.rules import ROW_WHOLE, SUBJECT_KNOWN
from include.sources.clouds.document import single_documents, unpack_request
from include.sources.feeds import ALARM_FEEDS
from include.steps.document_context import DocumentContext
from include.warehouse import alarms, documents, fleet
from include.warehouse.engine import Connection


@dataclass(frozen=True, slots=True)
class PreparedAlarms:
    """The alarms of one document and what was requested, of several answers for the first.

    Nothing overtakes them: their plants are looked up by `write`.
    """

    context: DocumentContext
    reported: AlarmList
    request: Request
    overtaken: Mapping[str, list[str] | None] = field(default_factory=dict)

    def make_room(self, settings: Settings, now: datetime) -> None:
        """Nothing: alarms have no partitions."""

    def write(self, connection: Connection) -> documents.LoadCounts:
        """Write the alarms, in a transaction that holds the tenant's lock; returns the balance.

        Of an alarm that the document reports twice the last report holds; the others are counted as duplicates. Open alarms that
        a complete list lacks have ended, as far as they were raised in the span that was requested.
        """
        document, reported = self.context.document, self.reported
        plant_ids = self._plant_ids(connection)
        devices = {name for alarm in reported.alarms for name in (alarm.device_key, alarm.device_serial) if name}
        device_ids = alarms.read_devices(connection, document.tenant_id, self.context.source, devices)
        known = [alarm for alarm in reported.alarms if alarm.plant_key in plant_ids]
        rows = {(alarm.plant_key, alarm.key): _row(alarm, plant_ids[alarm.plant_key], device_ids) for alarm in known}
        complete_of = [plant_ids[key] for key in self._complete_of() if key in plant_ids]
        written = alarms.load_alarms(connection, document, alarms.AlarmRows(list(rows.values()), complete_of, self.request.span))
        waiting = [
            _waiting_row(number, alarm)
            for number, alarm in enumerate(reported.alarms, start=1)
            if alarm.plant_key not in plant_ids
        ]
        unreadable = [
            _unreadable_row(len(reported.alarms) + number, why) for number, why in enumerate(reported.unreadable, start=1)
        ]
        documents.replace_quarantine(connection, document, [*waiting, *unreadable])
        return documents.LoadCounts(
            parsed_rows=len(reported.alarms) + len(unreadable),
            inserted_rows=written.inserted,
            updated_rows=written.updated,
            unchanged_rows=written.unchanged,
            duplicate_rows=len(known) - len(rows),
            quarantined_rows=len(waiting) + len(unreadable),
            quarantine_reasons=Counter([SUBJECT_KNOWN] * len(waiting) + [ROW_WHOLE] * len(unreadable)),
            plant_ids=sorted({plant_ids[alarm.plant_key] for alarm in known}),
        )

    def _plant_ids(self, connection: Connection) -> dict[str, int]:
        keys = {alarm.plant_key for alarm in self.reported.alarms} | set(self.reported.plant_keys)
        known = fleet.read_subjects(connection, self.context.document.tenant_id, "plant", sorted(keys), self.context.source)
        return {key: plant.subject_id for key, plant in known.items()}

    def _complete_of(self) -> tuple[str, ...]:
        """Keys of the plants of which the list has every open alarm."""
        return self.reported.plant_keys if self.reported.is_complete and self.request.is_authoritative else ()


def prepare_alarms(context: DocumentContext) -> PreparedAlarms:
    """Parse a list of alarms; raises `BadDocument` where it cannot be read."""
    with context.deadline():
        body = context.read_body()
        reported = ALARM_FEEDS[context.document.feed].parse(body, context.parsing)
    return PreparedAlarms(context, reported, unpack_request(single_documents(body)[0]))


def _row(alarm: Alarm, plant_id: int, device_ids: Mapping[str, int]) -> dict[str, Any]:
    row = asdict(alarm)
    names = [row.pop("device_key"), row.pop("device_serial")]
    del row["plant_key"]
    device_id = next((device_ids[name] for name in names if name in device_ids), None)
    return row | {"alarm_key": row.pop("key"), "plant_id": plant_id, "device_id": device_id}


def _waiting_row(number: int, alarm: Alarm) -> documents.QuarantinedRow:
    payload = {
        "measured_at": alarm.raised_at.isoformat(),
        "raw": f"alarm {alarm.key}, code {alarm.code}, {alarm.severity}: {alarm.name}",
    }
    return documents.QuarantinedRow(number, "alarm", alarm.plant_key, (SUBJECT_KNOWN,), payload)


def _unreadable_row(number: int, why: str) -> documents.QuarantinedRow:
    return documents.QuarantinedRow(number, "alarm", None, (ROW_WHOLE,), {"raw": why})
