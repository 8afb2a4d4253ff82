"""Devices: the list, the last frame, histories, and energies of days, months and years."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.huawei.body import Answer, Body, Refusal, instant_in, midnight_ms, ms_of
from sandbox.huawei.fleet import EMI, INVERTER, Device, Fleet, devices_of
from sandbox.huawei.frames import emi_frames, inverter_values, open_hours
from sandbox.world import World


class Devices:
    """Answers about devices."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._sunshine = world.sunshine
        self._fleet = fleet

    def interfaces(self) -> dict[str, Callable[[Body], Answer]]:
        """The interfaces by name."""
        return {
            "getDevList": self.device_list,
            "getDevRealKpi": self.devices_now,
            "getDevHistoryKpi": self.device_history,
            "getDevFiveMinutes": self.device_frames,
            "getDevKpiDay": lambda body: self.device_periods(body, "day"),
            "getDevKpiMonth": lambda body: self.device_periods(body, "month"),
            "getDevKpiYear": lambda body: self.device_periods(body, "year"),
        }

    def device_list(self, body: Body) -> Answer:
        """All devices of the plants, not in pages."""
        return [_device_row(device) for plant in self._fleet.wanted_plants(body) for device in devices_of(plant)]

    def devices_now(self, body: Body) -> Answer:
        """The last frame of the devices."""
        rows = []
        for device in self._fleet.wanted_devices(body, most=100):
            frames = self._frames_of(device, self._world.now() - timedelta(days=1), self._world.now(), with_silence=True)
            last = deque(frames, maxlen=1)
            values = {**last[0]["dataItemMap"]} if last else {}
            if device.kind == INVERTER:
                values["run_state"] = 0 if values.get("inverter_state") is None else 1
            rows.append({"devId": device.id, "sn": device.serial, "dataItemMap": values})
        return rows

    def device_history(self, body: Body) -> Answer:
        """Frames of five minutes of at most ten devices of one type and three days, both ends included."""
        devices = self._fleet.wanted_devices(body, most=10, code=30031)
        start, end = instant_in(body, "startTime"), instant_in(body, "endTime")
        if start > end:
            raise Refusal(20023, "startTime is after endTime")
        if end - start > timedelta(days=3):
            raise Refusal(30032, "more than 3 days")
        return [row for device in devices for row in self._frames_of(device, start, end)]

    def device_frames(self, body: Body) -> Answer:
        """The old interface: frames of the local day that has `collectTime`."""
        rows = []
        for device in self._fleet.wanted_devices(body, most=100):
            zone = device.plant.zone()
            day = instant_in(body, "collectTime").astimezone(zone).date()
            start, end = (datetime.combine(at, datetime.min.time(), zone) for at in (day, day + timedelta(days=1)))
            rows += list(self._frames_of(device, start, end - timedelta(seconds=1)))
        return rows

    def device_periods(self, body: Body, period: str) -> Answer:
        """Energies of the inverters' days, months or years."""
        rows = []
        for device in self._fleet.wanted_devices(body, most=100):
            if device.inverter is None:
                continue
            asked = instant_in(body, "collectTime")
            for start, days in self._fleet.periods(device.plant, asked, period):
                energy = sum(self._fleet.energy_of(device.inverter, day) for day in days)
                values = {
                    "installed_capacity": device.inverter.capacity_kw,
                    "product_power": round(energy, 3),
                    "perpower_ratio": round(energy / device.inverter.capacity_kw, 3),
                }
                rows.append(
                    {
                        "devId": device.id,
                        "sn": device.serial,
                        "collectTime": midnight_ms(device.plant, start),
                        "dataItemMap": values,
                    }
                )
        return rows

    def _frames_of(
        self, device: Device, start: datetime, end: datetime, *, with_silence: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Frames between two instants, both included, none after now. Of a silence the first frame comes, with nulls."""
        zone, now = device.plant.zone(), self._world.now()
        last = min(end, now)
        first_day, last_day = start.astimezone(zone).date(), last.astimezone(zone).date()
        for number in range(max(first_day, device.plant.installed_on).toordinal(), last_day.toordinal() + 1):
            for instant, values in self._day_of(device, date.fromordinal(number), with_silence=with_silence):
                if start <= instant <= last:
                    yield {"devId": device.id, "sn": device.serial, "collectTime": ms_of(instant), "dataItemMap": values}

    def _day_of(self, device: Device, day: date, *, with_silence: bool) -> Iterator[tuple[datetime, dict[str, Any]]]:
        if device.kind == EMI:
            weather = self._sunshine.weather(device.plant, day)
            yield from emi_frames(weather)
            return
        assert device.inverter is not None
        own = self._sunshine.day(device.inverter, day)
        opened, closed = open_hours(own, self._world.now())
        for at, instant in enumerate(own.instants):
            # A logger that loses its inverter says nulls once, then nothing until it is back.
            is_silent = own.power_kw[at] is None
            if is_silent and not with_silence and own.power_kw[at - 1] is None:
                continue
            yield instant, inverter_values(own, at, device.inverter, opened, closed)


def _device_row(device: Device) -> dict[str, Any]:
    is_inverter = device.inverter is not None
    return {
        "id": device.id,
        "devDn": f"NE={device.id % 100_000_000}",
        "devName": device.name,
        "stationCode": device.plant.key,
        "esnCode": device.serial,
        "devTypeId": device.kind,
        "model": device.inverter.model if device.inverter else device.name,
        "softwareVersion": "V300R001C00SPC122",
        "invType": device.inverter.model if is_inverter and device.inverter else None,
        "longitude": device.plant.longitude,
        "latitude": device.plant.latitude,
    }
