"""Alarms of SolarEdge, which lists the open alerts of all sites."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument
from include.core.span import instant_of
from include.sources.clouds.document import TOP_LIST, unpack_answer
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.solaredge.fields import ALERTS, LOWEST_IMPACTS
from include.sources.formats import names, numbers
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, lone_instant


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Alerts of the sites that were asked about; the list is complete unless a row of it cannot be read."""
    answer = unpack_answer(body)
    rows = answer.data.get(TOP_LIST)
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {ALERTS} holds no list; ask again")
    read = [_alarm(row, context) for row in rows]
    subjects = answer.request.subjects
    alarms = [alarm for alarm in read if alarm is not None and alarm.plant_key in subjects]
    return AlarmList(_once(alarms), subjects, is_complete=None not in read)


def _once(alarms: Sequence[Alarm]) -> list[Alarm]:
    return list({alarm.key: alarm for alarm in reversed(alarms)}.values())[::-1]


def _alarm(row: Any, context: ParseContext) -> Alarm | None:  # noqa: ANN401 - any JSON value
    key, plant_key = named_key(row, "alertId"), named_key(row, "siteId")
    if key is None or plant_key is None:
        return None
    raised_at = lone_instant(row.get("firstTrigger"), context.zones.get(plant_key, context.timezone))
    if raised_at == UNREADABLE:
        return None
    component = row.get("component")
    code = names.key(row.get("type")) or "unknown"
    return Alarm(
        key=key,
        plant_key=plant_key,
        device_key=named_key(component, "serialNumber"),
        code=code,
        name=names.words(row.get("title"), 200) or _readable(code),
        severity=_severity(row.get("impact")),
        raised_at=instant_of(raised_at).astimezone(UTC),
        cleared_at=None,
        is_open=str(row.get("status", "OPEN")).upper() == "OPEN",
        advice=None,
    )


def _readable(code: str) -> str:
    """`SITE_COMMUNICATION_FAULT` as a person writes it; what is written so already stays."""
    return code.replace("_", " ").capitalize() if code.isupper() else code


def _severity(impact: object) -> str:
    read = numbers.number(impact, frozenset())
    return next((word for lowest, word in LOWEST_IMPACTS if read is not None and read >= lowest), "minor")
