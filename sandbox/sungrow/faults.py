"""Faults of inverters."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sandbox.days import Alarm
from sandbox.sungrow.body import Body, invalid, months_between
from sandbox.sungrow.fleet import TYPE_NAMES, Device, Fleet, uuid_of
from sandbox.sungrow.rows import MINUTE_FORM, days_between, paged
from sandbox.world import World


class Faults:
    """Answers about faults."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def login_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for tokens of the account login."""
        return {
            "getFaultAlarmInfo": lambda body: self._faults(body, page="curPage", count="rowCount"),
        }

    def platform_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for OAuth tokens."""
        return {
            "platform/getFaultAlarmInfo": lambda body: self._faults(body, page="page", count="row_count"),
        }

    def _faults(self, body: Body, *, page: str, count: str) -> dict[str, Any]:
        status = body.choice("process_status", {"8": "8", "9": "9", "999": "999"}) if body.given("process_status") else "8"
        span = self._fault_span(body, must=status != "8")
        now = self._world.now()
        rows = [
            _fault_row(device, alarm, now)
            for device in self._fault_devices(body)
            for alarm in self._alarms(device, *span)
            if status in {"999", "9" if alarm.cleared_at <= now else "8"}
        ]
        rows.sort(key=lambda row: (row["create_time"], row["ps_key"]), reverse=True)
        types, levels = str(body.given("fault_type") or "1"), str(body.given("fault_level") or "1")
        rows = [
            row for row in rows if str(row["fault_type"]) in types.split(",") and str(row["fault_level"]) in levels.split(",")
        ]
        return paged(rows, body, page=page, count=count)

    def _fault_span(self, body: Body, *, must: bool) -> tuple[datetime, datetime]:
        """Plant-local ends of the search; the last two days where none are given, which is enough for open faults."""
        forms = ("%Y%m%d%H%M", MINUTE_FORM, "%Y-%m-%d %H:%M:%S")
        if not must and body.given("startTime") is None and body.given("endTime") is None:
            now = self._world.now().replace(tzinfo=None)
            return now - timedelta(days=2), now + timedelta(days=1)
        start, end = body.local_time("startTime", *forms), body.local_time("endTime", *forms)
        if start > end or months_between(start.date(), end.date()) > 1:
            raise invalid("endTime")
        return start, end

    def _fault_devices(self, body: Body) -> list[Device]:
        ps_id, ps_key = body.given("ps_id"), body.given("ps_key")
        return [
            device
            for device in self._fleet.all_devices()
            if device.inverter and str(ps_id or device.plant.key) == device.plant.key and str(ps_key or device.key) == device.key
        ]

    def _alarms(self, device: Device, start: datetime, end: datetime) -> Iterator[Alarm]:
        assert device.inverter is not None
        known = [day for day in days_between(start.date(), end.date()) if self._world.knows(device.plant, day)]
        for day in known:
            for alarm in self._world.sunshine.alarms(device.inverter, day):
                raised = alarm.raised_at.astimezone(device.plant.zone()).replace(tzinfo=None)
                if alarm.raised_at <= self._world.now() and start <= raised <= end:
                    yield alarm


def _fault_row(device: Device, alarm: Alarm, now: datetime) -> dict[str, Any]:
    zone = device.plant.zone()
    raised, is_closed = alarm.raised_at.astimezone(zone), alarm.cleared_at <= now
    return {
        "fault_code": f"60064.{raised:%Y%m}.{sha256(f'{device.key} {raised:%Y%m%d%H%M}'.encode()).hexdigest()[:16]}",
        "fault_type_code": 10,
        "fault_name": "Grid Overvoltage",
        "fault_desc": "The grid voltage is above the protection value.",
        "fault_reason": "The grid voltage is too high.",
        "fault_type": 1,
        "fault_level": 1,
        "process_status": 9 if is_closed else 1,
        "create_time": raised.strftime("%Y-%m-%d %H:%M:%S"),
        "over_time": alarm.cleared_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if is_closed else None,
        "ps_id": int(device.plant.key),
        "ps_name": device.plant.name,
        "ps_key": device.key,
        "uuid": uuid_of(device),
        "device_name": device.name,
        "device_type": device.device_type,
        "type_name": TYPE_NAMES[device.device_type],
        "device_model_code": device.model,
        "grid_connection_status": 1,
    }
