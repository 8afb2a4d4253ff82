"""Active alarms."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.huawei.body import Answer, Body, Refusal, instant_in, ms_of
from sandbox.huawei.fleet import Device, Fleet, devices_of
from sandbox.world import World

LANGUAGES = {"en_US", "de_DE", "pt_BR", "es_ES", "fr_FR", "it_IT", "nl_NL", "pl_PL", "ja_JP", "zh_CN"}


class Alarms:
    """Answers about alarms."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._sunshine = world.sunshine
        self._fleet = fleet

    def interfaces(self) -> dict[str, Callable[[Body], Answer]]:
        """The interfaces by name."""
        return {
            "getAlarmList": self.alarms,
        }

    def alarms(self, body: Body) -> Answer:
        """Active alarms only, raised within the span: an inverter whose last frame is a fault."""
        if not body.get("language"):
            raise Refusal(20024, "language is empty")
        if str(body["language"]) not in LANGUAGES:
            raise Refusal(20025, "language is wrong")
        since, until = instant_in(body, "beginTime"), instant_in(body, "endTime")
        if since > until:
            raise Refusal(20023, "beginTime is after endTime")
        if until - since > timedelta(days=31):
            raise Refusal(20027, "more than 31 days")
        now = self._world.now()
        found = [
            _alarm_row(device, alarm.raised_at)
            for plant in self._fleet.wanted_plants(body)
            for device in devices_of(plant)
            if device.inverter is not None
            for alarm in self._sunshine.alarms(device.inverter, now.astimezone(plant.zone()).date())
            if alarm.raised_at <= now < alarm.cleared_at and since <= alarm.raised_at <= until
        ]
        return [row for row in found if _is_chosen(row, body)]


def _alarm_row(device: Device, raised_at: datetime) -> dict[str, Any]:
    return {
        "stationCode": device.plant.key,
        "stationName": device.plant.name,
        "devName": device.name,
        "esnCode": device.serial,
        "devTypeId": device.kind,
        "alarmId": 2032,
        "alarmName": "Grid Loss",
        "alarmCause": "The grid voltage is outside of the range.",
        "causeId": 1,
        "alarmType": 2,
        "lev": 2,
        "status": 1,
        "raiseTime": ms_of(raised_at),
        "repairSuggestion": "Check the AC breaker.",
    }


def _is_chosen(row: dict[str, Any], body: Body) -> bool:
    """Whether an alarm is among the asked statuses, levels, device types and types (comma-joined texts)."""
    chosen = {"status": "status", "levels": "lev", "devTypes": "devTypeId", "types": "alarmType"}
    return all(str(row[key]) in str(body[name]).split(",") for name, key in chosen.items() if body.get(name))
