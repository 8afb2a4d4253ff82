"""The plants and devices of the account, and what each said last.

Ids: `ps_id` is a number (as a key of an answer: a text), a device is `<ps_id>_<type>_<code>_<channel>`, a plant as a device is
`<ps_id>_11_0_0`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sandbox.fleet import Inverter, Plant
from sandbox.plant_days import PlantDays
from sandbox.sungrow.points import GRID_POINT, INVERTER, LOGGER, PLANT, Readings, of_inverter, of_plant, skies
from sandbox.world import World

VENDOR = "sungrow"
TYPE_NAMES = {INVERTER: "Inverter", GRID_POINT: "Grid-connection Point", LOGGER: "Data Logger", PLANT: "Plant"}

Frames = tuple[list[datetime], Callable[[int], Readings]]


@dataclass(frozen=True)
class Device:
    """A row of the device list; a virtual one (plant, grid point) is a row only where it is asked for."""

    key: str
    device_type: int
    name: str
    model: str
    plant: Plant
    inverter: Inverter | None = None

    @property
    def serial(self) -> str:
        """A serial number that stays the same for the same key."""
        return "A2" + str(number_of(f"sn {self.key}", 10**9)).zfill(9)

    @property
    def is_virtual(self) -> bool:
        """Whether nobody can touch it."""
        return self.device_type in {PLANT, GRID_POINT}


class Fleet:
    """The truth of the account's plants and devices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plant_days = PlantDays(world.sunshine)

    def plants(self) -> tuple[Plant, ...]:
        """All plants."""
        return self._world.sunshine.plants(VENDOR)

    def all_devices(self) -> list[Device]:
        """All devices, virtual ones too."""
        return [device for plant in self.plants() for device in devices_of(plant)]

    def local_today(self, plant: Plant) -> date:
        """The day at a plant."""
        return self._world.now().astimezone(plant.zone()).date()

    def frames(self, device: Device, day: date) -> Frames:
        """The instants of a local day, and the readings at each; none for devices that measure nothing."""
        if device.inverter:
            own = self._world.sunshine.day(device.inverter, day)
            return own.instants, lambda position: of_inverter(own, position)
        if device.device_type != PLANT or day < device.plant.installed_on:
            return [], lambda position: {}
        whole, sky = self._plant_days.of(device.plant, day), skies(self._world.sunshine.weather(device.plant, day))
        instants = whole.instants
        return instants, lambda position: of_plant(device.plant, whole, sky.get(instants[position], {}), position)

    def readings_now(self, device: Device) -> tuple[datetime | None, Readings]:
        """The last frame with values that today knows so far."""
        instants, readings_at = self.frames(device, self.local_today(device.plant))
        now = self._world.now()
        for position in reversed(range(len(instants))):
            if instants[position] <= now and (readings := readings_at(position)):
                return instants[position], readings
        return None, {}

    def state_now(self, device: Device) -> str:
        """The state of an inverter's last frame; other devices always run."""
        if device.inverter is None:
            return "running"
        day = self._world.sunshine.day(device.inverter, self.local_today(device.plant)).until(self._world.now())
        return day.state[-1] if day.state else "offline"


def devices_of(plant: Plant) -> list[Device]:
    """A plant's inverters, its logger, and as virtual devices itself and its grid point."""
    inverters = [
        Device(inverter.key, INVERTER, inverter.name, inverter.model, plant, inverter=inverter) for inverter in plant.inverters
    ]
    grid_point = Device(f"{plant.key}_{GRID_POINT}_1_1", GRID_POINT, "Grid-connection Point", "", plant)
    return [*inverters, logger_of(plant), plant_device(plant), grid_point]


def logger_of(plant: Plant) -> Device:
    """The logger of a plant."""
    return Device(f"{plant.key}_{LOGGER}_247_1", LOGGER, "Logger1000", "Logger1000", plant)


def plant_device(plant: Plant) -> Device:
    """A plant as a device."""
    return Device(f"{plant.key}_{PLANT}_0_0", PLANT, plant.name, "", plant)


def uuid_of(device: Device) -> int:
    """The cloud's own number of a device."""
    return 1_000_000 + number_of(device.key, 9_000_000)


def number_of(text: str, below: int) -> int:
    """A number below a limit that stays the same for the same text."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) % below
