"""The plants and devices of the account, which of them a call is about, and what they made."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.fleet import Inverter, Plant
from sandbox.huawei.body import Body, Refusal, codes_in, next_month
from sandbox.world import World

VENDOR = "huawei"
INVERTER, LOGGER, EMI = 1, 2, 10
MEASURED = {INVERTER, EMI, 17, 38, 39, 41, 47}


@dataclass(frozen=True)
class Device:
    """A row of the device list; `inverter` is None for loggers and weather stations."""

    id: int
    kind: int
    name: str
    serial: str
    plant: Plant
    inverter: Inverter | None


def devices_of(plant: Plant) -> list[Device]:
    """A plant's inverters, its logger and, at every third plant, its weather station."""
    number = int(plant.key.removeprefix("NE=")) - 50331701
    own = [
        Device(int(inverter.key), INVERTER, inverter.name, f"HV{2140000000 + 100 * number + rank}", plant, inverter)
        for rank, inverter in enumerate(plant.inverters)
    ]
    own.append(Device(1000000070000000 + number, LOGGER, "SmartLogger", f"SL{10210000 + number}", plant, None))
    if number % 3 == 0:
        own.append(Device(1000000080000000 + number, EMI, "EMI", f"EM{10330000 + number}", plant, None))
    return own


class Fleet:
    """The truth of the account's plants and devices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sunshine = world.sunshine
        self._devices = {str(device.id): device for plant in self.plants() for device in devices_of(plant)}

    def plants(self) -> tuple[Plant, ...]:
        """All plants."""
        return self._sunshine.plants(VENDOR)

    def wanted_plants(self, body: Body) -> list[Plant]:
        """The plants of a comma-joined text; unknown ones are left out without a word, though nothing be left."""
        codes = codes_in(body, "stationCodes", empty=20010)
        if len(codes) > 100:
            raise Refusal(20014, "more than 100 plants")
        return [plant for plant in self.plants() if plant.key in codes]

    def wanted_devices(self, body: Body, *, most: int, code: int = 20016) -> list[Device]:
        """The devices of a comma-joined text, which must be of the type that is told beside it."""
        codes = codes_in(body, "devIds", empty=20011)
        kind = body.get("devTypeId")
        if type(kind) is not int or kind not in MEASURED:
            raise Refusal(20013, "wrong device type")
        if len(codes) > most:
            raise Refusal(code, f"more than {most} devices")
        known = [self._devices[text] for text in codes if text in self._devices]
        if any(device.kind != kind for device in known):
            raise Refusal(20006, "some devices do not match the type")
        return known

    def has_emi(self, plant: Plant) -> bool:
        """Whether a plant has a weather station."""
        return any(device.kind == EMI for device in devices_of(plant))

    def energy_of(self, inverter: Inverter, day: date) -> float:
        """Energy of a local day, of today until now."""
        now = self._world.now()
        if day < now.astimezone(self._sunshine.plant_of(inverter).zone()).date():
            return self._sunshine.energy_kwh(inverter, day)
        return self._sunshine.day(inverter, day).until(now).energy_kwh

    def periods(self, plant: Plant, asked: datetime, period: str) -> Iterator[tuple[date, list[date]]]:
        """First days and all days of the periods in the answer: since the plant's first day, until today."""
        day = asked.astimezone(plant.zone()).date()
        today = self._world.now().astimezone(plant.zone()).date()
        first, last = {
            "day": (day.replace(day=1), next_month(day) - timedelta(days=1)),
            "month": (day.replace(month=1, day=1), day.replace(month=12, day=31)),
            "year": (plant.installed_on, today),
        }[period]
        grouped: defaultdict[date, list[date]] = defaultdict(list)
        for number in range(max(first, plant.installed_on).toordinal(), min(last, today).toordinal() + 1):
            own = date.fromordinal(number)
            start = {"day": own, "month": own.replace(day=1), "year": own.replace(month=1, day=1)}[period]
            grouped[start].append(own)
        yield from grouped.items()
