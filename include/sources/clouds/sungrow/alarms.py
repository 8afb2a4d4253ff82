"""Alarms in Sungrow's list of open ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.sungrow.families import ACCOUNT, LISTS
from include.sources.clouds.sungrow.fields import ENDED, SEVERITIES
from include.sources.clouds.sungrow.result import landed_list, landed_result
from include.sources.clouds.sungrow.stamps import iso_text
from include.sources.formats import names, numbers
from include.sources.formats.context import ParseContext


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Read the list of open alarms; it is complete where all its rows are there and can be read. Raises `BadDocument`."""
    landed = unpack_answer(body)
    rows, plant_keys = landed_list(landed.data, "pageList"), frozenset(landed.request.subjects)
    row_count = LISTS.get(landed.request.interface, ACCOUNT).row_count
    total = numbers.number(landed_result(landed.data).get(row_count), frozenset())
    alarms, is_complete = [], total is not None and total <= len(rows)
    for row in rows:
        plant_key = named_key(row, "ps_id")
        if plant_key is not None and plant_key not in plant_keys:
            continue
        alarm = _alarm(row, plant_key, context.zones.get(plant_key, context.timezone)) if plant_key else None
        if alarm is None:
            is_complete = False
        else:
            alarms.append(alarm)
    return AlarmList(alarms, landed.request.subjects, is_complete)


def _alarm(row: Mapping[str, Any], plant_key: str, timezone: ZoneInfo) -> Alarm | None:
    key, raised_at = names.key(row.get("fault_code")), _local_instant(row.get("create_time"), timezone)
    if key is None or raised_at is None:
        return None
    cleared_at = _local_instant(row.get("over_time"), timezone, not_before=raised_at)
    code = names.key(row.get("fault_type_code")) or ""
    return Alarm(
        key=key,
        plant_key=plant_key,
        device_key=names.key(row.get("ps_key")),
        code=code,
        name=names.words(row.get("fault_name"), 200) or code,
        severity=SEVERITIES.get(names.key(row.get("fault_type")) or "", "minor"),
        raised_at=raised_at,
        cleared_at=cleared_at,
        is_open=cleared_at is None and names.key(row.get("process_status")) not in ENDED,
        advice=_advice(row.get("fault_reason")),
    )


def _advice(reason: object) -> str | None:
    """The reason in words; numbers in its place are codes of the device."""
    words = names.words(reason, 1000)
    return words if words and any(letter.isalpha() for letter in words) else None


def _local_instant(stamp: object, timezone: ZoneInfo, not_before: datetime | None = None) -> datetime | None:
    """Aware UTC of a local text; in a repeated hour the first that is not before `not_before`."""
    try:
        read = datetime.fromisoformat(iso_text(stamp) or "")
        local = read if read.tzinfo else read.replace(tzinfo=timezone)
        first = local.astimezone(UTC)
        is_first = not_before is None or first >= not_before
        return first if is_first else local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
