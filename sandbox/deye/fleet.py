"""The stations and devices of the account, and what each inverter said last."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sandbox.days import InverterDay
from sandbox.deye.body import Body, Refusal
from sandbox.fleet import Inverter, Plant
from sandbox.world import World

VENDOR = "deye"
INVERTER, COLLECTOR = "INVERTER", "COLLECTOR"


@dataclass(frozen=True)
class Device:
    """A row of the device lists: an inverter, or the logger that speaks for a station's inverters."""

    serial: str
    device_type: str
    plant: Plant
    inverter: Inverter | None = None

    @property
    def number(self) -> int:
        """The cloud's own number of the device."""
        return 200_000_000 + int.from_bytes(sha256(self.serial.encode()).digest()[:4]) % 100_000_000


def devices_of(plant: Plant) -> list[Device]:
    """A station's inverters and its logger."""
    inverters = [Device(inverter.key, INVERTER, plant, inverter=inverter) for inverter in plant.inverters]
    return [*inverters, Device(f"41{plant.key}", COLLECTOR, plant)]


def named(device: Device) -> dict[str, Any]:
    """The fields that name a device in its histories."""
    return {"deviceSn": device.serial, "deviceId": device.number, "deviceType": device.device_type}


class Fleet:
    """What a token may see of stations and devices; one of the company sees all, one without sees nothing."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plants(self, sees_all: bool) -> list[Plant]:
        """The stations, as plants."""
        return list(self._world.sunshine.plants(VENDOR)) if sees_all else []

    def station(self, body: Body, sees_all: bool) -> Plant:
        """The station that a body names by `stationId`."""
        wanted = body.text("stationId")
        found = [plant for plant in self.plants(sees_all) if plant.key == wanted]
        if not found:
            raise Refusal("2101031")
        return found[0]

    def known(self, sees_all: bool) -> dict[str, Device]:
        """The devices by serial number."""
        return {device.serial: device for plant in self.plants(sees_all) for device in devices_of(plant)}

    def device(self, body: Body, sees_all: bool) -> Device:
        """The device that a body names by `deviceSn`."""
        device = self.known(sees_all).get(body.text("deviceSn"))
        if device is None:
            raise Refusal("2101032")
        return device

    def device_row(self, device: Device) -> dict[str, Any]:
        """A row of the lists of devices."""
        state = self.state_now(device.inverter) if device.inverter else "running"
        return {
            "deviceSn": device.serial,
            "deviceId": device.number,
            "deviceType": device.device_type,
            "productId": "0_5406_1" if device.inverter else "0_5411_1",
            "connectStatus": {"offline": 0, "fault": 2}.get(state, 1),
            "collectionTime": self.collected_at(device),
            "stationId": int(device.plant.key),
        }

    def local_today(self, plant: Plant) -> date:
        """The day at a plant."""
        return self._world.now().astimezone(plant.zone()).date()

    def last_frame(self, device: Device) -> tuple[InverterDay | None, int]:
        """The last frame of today that the device sent."""
        if device.inverter is None:
            return None, 0
        day = self._world.sunshine.day(device.inverter, self.local_today(device.plant)).until(self._world.now())
        known = [position for position, power in enumerate(day.power_kw) if power is not None]
        return (day, known[-1]) if known else (None, 0)

    def collected_at(self, device: Device) -> int:
        """Unix seconds of the last frame; the logger's is the last five minutes."""
        day, position = self.last_frame(device)
        now = int(self._world.now().timestamp())
        return now - now % 300 if day is None else int(day.instants[position].timestamp())

    def state_now(self, inverter: Inverter) -> str:
        """The state of an inverter's last frame."""
        plant = self._world.sunshine.plant_of(inverter)
        day = self._world.sunshine.day(inverter, self.local_today(plant)).until(self._world.now())
        return day.state[-1] if day.state else "offline"
