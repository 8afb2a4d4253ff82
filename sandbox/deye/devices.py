"""Devices: lists, the last values, and the histories of measuring points. Values are texts with a unit."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from sandbox.days import InverterDay
from sandbox.deye.body import Body, Refusal
from sandbox.deye.fleet import Device, Fleet, devices_of, named
from sandbox.deye.periods import DAYS, FORMS, FRAMES, days_of_span, granularity_of, page_of, periods_of
from sandbox.fleet import Inverter, Plant
from sandbox.world import World

MOST_POINTS, MOST_RAW_DAYS = 5, 5
STATES = {0: 3, 1: 1, 2: 2}
"""Offline, online and alert are 0, 1, 2 in one list and 3, 1, 2 in the other."""
PHASE_V, STRING_V, STRINGS, DC_SHARE = 231.4, 610.0, 2, 1 / 0.98

UNITS = {
    "RatedPower": "W",
    "TotalActiveACOutputPower": "W",
    "TotalDCInputPower": "W",
    "DailyActiveProduction": "kWh",
    "TotalActiveProduction": "kWh",
    "DCVoltagePV1": "V",
    "DCVoltagePV2": "V",
    "DCCurrentPV1": "A",
    "DCCurrentPV2": "A",
    "DCPowerPV1": "W",
    "DCPowerPV2": "W",
    "ACVoltageRUA": "V",
    "ACVoltageSVB": "V",
    "ACVoltageTWC": "V",
    "ACCurrentRUA": "A",
    "ACCurrentSVB": "A",
    "ACCurrentTWC": "A",
    "ACOutputFrequencyR": "Hz",
    "AC Temperature": "℃",
    "DC Temperature": "℃",
}


class Devices:
    """Answers about devices."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def interfaces(self) -> dict[str, Callable[[Body, bool], dict[str, Any]]]:
        """The interfaces by name."""
        return {
            "device/list": self._devices,
            "device/latest": self._device_latest,
            "device/measurePoints": self._measure_points,
            "device/history": self._device_history,
            "device/historyRaw": self._device_raw,
        }

    def _devices(self, body: Body, sees_all: bool) -> dict[str, Any]:
        devices = [device for plant in self._fleet.plants(sees_all) for device in devices_of(plant)]
        rows = []
        for device in page_of(devices, body, most=200):
            row = self._fleet.device_row(device)
            kept = {name: row[name] for name in ("deviceSn", "deviceId", "deviceType", "productId")}
            rows.append({**kept, "deviceState": STATES[row["connectStatus"]], "updateTime": row["collectionTime"]})
        return {"total": len(devices), "deviceList": rows}

    def _device_latest(self, body: Body, sees_all: bool) -> dict[str, Any]:
        known = self._fleet.known(sees_all)
        asked = body.texts("deviceList", most=10)
        if any(serial not in known for serial in asked):
            raise Refusal("2101032")
        return {"deviceDataList": [self._latest_row(known[serial]) for serial in asked]}

    def _latest_row(self, device: Device) -> dict[str, Any]:
        day, position = self._fleet.last_frame(device)
        state = STATES[self._fleet.device_row(device)["connectStatus"]]
        data = [] if day is None or device.inverter is None else _items(_readings(device.inverter, day, position), list(UNITS))
        return {
            "deviceSn": device.serial,
            "deviceType": device.device_type,
            "deviceState": state,
            "collectionTime": self._fleet.collected_at(device),
            "dataList": data,
        }

    def _measure_points(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device = self._fleet.device(body, sees_all)
        if body.given("deviceType") not in (None, device.device_type):
            raise Refusal("2101032")
        return {
            "deviceSn": device.serial,
            "deviceType": device.device_type,
            "productId": "0_5406_1" if device.inverter else "0_5411_1",
            "timeZone": device.plant.timezone,
            "measurePoints": list(UNITS) if device.inverter else [],
        }

    def _device_history(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, granularity = self._fleet.device(body, sees_all), granularity_of(body)
        if granularity == FRAMES:
            points = _points(body, device)
            data = list(self._frame_rows(device, points, [body.date("startAt", FORMS[DAYS])]))
        elif body.given("measurePoints") is not None:
            raise Refusal("2101006")
        else:
            data = list(self._production_rows(device, periods_of(body, granularity), granularity))
        return {**named(device), "granularity": granularity, "dataList": data}

    def _device_raw(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, (start, end) = self._fleet.device(body, sees_all), body.span(most_days=MOST_RAW_DAYS)
        # Clients ask without points; what is given is held to the rules of `device/history`.
        points = list(UNITS) if device.inverter and body.given("measurePoints") is None else _points(body, device)
        rows = self._frame_rows(device, points, days_of_span(device.plant, start, end))
        return {**named(device), "dataList": [row for row in rows if start <= int(row["time"]) <= end]}

    def _frame_rows(self, device: Device, points: list[str], days: Iterable[date]) -> Iterator[dict[str, Any]]:
        assert device.inverter is not None
        for local_day in days:
            if not self._world.knows(device.plant, local_day):
                continue
            day = self._world.sunshine.day(device.inverter, local_day).until(self._world.now())
            for position, instant in enumerate(day.instants):
                if readings := _readings(device.inverter, day, position):
                    yield {"time": str(int(instant.timestamp())), "itemList": _items(readings, points)}

    def _production_rows(self, device: Device, periods: list[list[date]], granularity: int) -> Iterator[dict[str, Any]]:
        """Energies of a device. It has no meter: all it produces is fed in."""
        assert device.inverter is not None
        for days in periods:
            energies = [energy for day in days if (energy := self._energy_of(device.inverter, device.plant, day)) is not None]
            if energies:
                produced = f"{sum(energies):.2f}"
                values = {"Production": produced, "GridFeed-in": produced, "Consumption": "0.00", "ElectricityPurchasing": "0.00"}
                yield {
                    "time": days[0].strftime(FORMS[granularity]),
                    "itemList": [{"key": key, "name": key, "value": value, "unit": "kWh"} for key, value in values.items()],
                }

    def _energy_of(self, inverter: Inverter, plant: Plant, local_day: date) -> float | None:
        if not self._world.knows(plant, local_day):
            return None
        if local_day < self._fleet.local_today(plant):
            return self._world.sunshine.energy_kwh(inverter, local_day)
        return self._world.sunshine.day(inverter, local_day).until(self._world.now()).energy_kwh


def _points(body: Body, device: Device) -> list[str]:
    points = body.texts("measurePoints", most=MOST_POINTS)
    if device.inverter is None or any(point not in UNITS for point in points):
        raise Refusal("2106001")
    return points


def _readings(inverter: Inverter, day: InverterDay, position: int) -> dict[str, float]:
    """All points of an inverter at one instant; nothing at all while it cannot be reached."""
    power, energy, total, temperature = (
        values[position] for values in (day.power_kw, day.day_energy_kwh, day.total_energy_kwh, day.temp_c)
    )
    if power is None or energy is None or total is None or temperature is None:
        return {}
    watts = power * 1000
    string_w, string_v = watts * DC_SHARE / STRINGS, STRING_V if watts else 0.0
    return {
        "RatedPower": inverter.capacity_kw * 1000,
        "TotalActiveACOutputPower": watts,
        "TotalDCInputPower": watts * DC_SHARE,
        "DailyActiveProduction": energy,
        "TotalActiveProduction": total,
        **{f"DCVoltagePV{string}": string_v for string in (1, 2)},
        **{f"DCCurrentPV{string}": string_w / STRING_V for string in (1, 2)},
        **{f"DCPowerPV{string}": string_w for string in (1, 2)},
        **{f"ACVoltage{phase}": PHASE_V for phase in ("RUA", "SVB", "TWC")},
        **{f"ACCurrent{phase}": watts / 3 / PHASE_V for phase in ("RUA", "SVB", "TWC")},
        "ACOutputFrequencyR": 50.0,
        "AC Temperature": temperature,
        "DC Temperature": temperature + 3.0,
    }


def _items(readings: dict[str, float], points: list[str]) -> list[dict[str, str]]:
    return [{"key": point, "value": f"{readings[point]:.2f}", "unit": UNITS[point]} for point in points]
