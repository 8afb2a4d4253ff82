"""Alerts of stations and of devices."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from sandbox.days import Alarm
from sandbox.deye.body import Body
from sandbox.deye.fleet import Device, Fleet, devices_of
from sandbox.deye.periods import days_of_span, page_of
from sandbox.world import World


class Alerts:
    """Answers about alerts."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def interfaces(self) -> dict[str, Callable[[Body, bool], dict[str, Any]]]:
        """The interfaces by name."""
        return {"station/alertList": self._station_alerts, "device/alertList": self._device_alerts}

    def _station_alerts(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, span = self._fleet.station(body, sees_all), body.span(most_days=180)
        alerts = [alert for device in devices_of(plant) for alert in self._alerts(device, *span)]
        return {"total": len(alerts), "stationAlertItems": page_of(alerts, body, most=200)}

    def _device_alerts(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, span = self._fleet.device(body, sees_all), body.span(most_days=30)
        texts = {
            "description": "The grid voltage is above the protection value.",
            "reason": "The grid voltage is too high.",
            "solution": "Check the grid.",
        }
        alerts = [{**alert, **texts} for alert in self._alerts(device, *span)]
        return {"total": len(alerts), "alertList": page_of(alerts, body, most=100)}

    def _alerts(self, device: Device, start: int, end: int) -> Iterator[dict[str, Any]]:
        if device.inverter is None:
            return
        now = self._world.now()
        known = [day for day in days_of_span(device.plant, start, end) if self._world.knows(device.plant, day)]
        for local_day in known:
            for alarm in self._world.sunshine.alarms(device.inverter, local_day):
                if alarm.raised_at <= now and start <= alarm.raised_at.timestamp() <= end:
                    yield _alert_row(device, alarm, is_closed=alarm.cleared_at <= now)


def _alert_row(device: Device, alarm: Alarm, *, is_closed: bool) -> dict[str, Any]:
    started = int(alarm.raised_at.timestamp())
    return {
        "alertId": int.from_bytes(sha256(f"{device.serial} {started}".encode()).digest()[:5]),
        "alertCode": "F35",
        "alertName": "No grid",
        "protocolName": "alarm_35",
        "deviceSn": device.serial,
        "deviceId": device.number,
        "deviceType": device.device_type,
        "level": 2,
        "impact": 1,
        "status": 0 if is_closed else 1,
        "alertStartTime": started,
        "alertEndTime": int(alarm.cleared_at.timestamp()) if is_closed else 0,
    }
