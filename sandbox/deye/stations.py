"""Stations: lists, and the histories of their powers (W) and energies (kWh)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sandbox.deye.body import Body, Refusal
from sandbox.deye.fleet import Fleet, devices_of
from sandbox.deye.periods import DAYS, FORMS, FRAMES, YEARS, days_of_span, granularity_of, page_of, periods_of
from sandbox.fleet import Plant
from sandbox.plant_days import PlantDay, PlantDays
from sandbox.world import World

POWER_FIELDS = (
    "generationPower", "consumptionPower", "gridPower", "purchasePower", "wirePower", "chargePower", "dischargePower",
    "batteryPower", "batterySOC", "irradiateIntensity",
)  # fmt: skip
ENERGY_FIELDS = (
    "generationValue", "consumptionValue", "gridValue", "purchaseValue", "chargeValue", "dischargeValue", "fullPowerHours",
    "generationRatio", "gridRatio", "consumptionRatio", "purchaseRatio", "irradiate", "pr", "theoreticalGeneration",
)  # fmt: skip


class Stations:
    """Answers about stations."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet
        self._plant_days = PlantDays(world.sunshine)

    def interfaces(self) -> dict[str, Callable[[Body, bool], dict[str, Any]]]:
        """The interfaces by name."""
        return {
            "station/list": self._stations,
            "station/listWithDevice": self._stations_with_devices,
            "station/device": self._devices_of_stations,
            "station/latest": self._station_latest,
            "station/history": self._station_history,
            "station/history/power": self._station_power,
        }

    def _stations(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plants = self._fleet.plants(sees_all)
        return {"total": len(plants), "stationList": [self._station_row(plant) for plant in page_of(plants, body, most=200)]}

    def _stations_with_devices(self, body: Body, sees_all: bool) -> dict[str, Any]:
        wanted = body.given("deviceType")
        plants = self._fleet.plants(sees_all)
        rows = []
        for plant in page_of(plants, body, most=50):
            devices = [device for device in devices_of(plant) if wanted is None or wanted == device.device_type]
            items = [self._fleet.device_row(device) for device in devices]
            rows.append({**self._station_row(plant), "deviceTotal": len(items), "deviceListItems": items})
        return {"stationTotal": len(plants), "stationList": rows}

    def _devices_of_stations(self, body: Body, sees_all: bool) -> dict[str, Any]:
        known = {plant.key: plant for plant in self._fleet.plants(sees_all)}
        asked = body.texts("stationIds", most=10)
        if any(key not in known for key in asked):
            raise Refusal("2101031")
        devices = [device for key in asked for device in devices_of(known[key])]
        rows = [self._fleet.device_row(device) for device in page_of(devices, body, most=200)]
        return {"total": len(devices), "deviceListItems": rows}

    def _station_row(self, plant: Plant) -> dict[str, Any]:
        states = [self._fleet.state_now(inverter) for inverter in plant.inverters]
        offline = states.count("offline")
        operating = datetime.combine(plant.installed_on, datetime.min.time(), plant.zone()).timestamp()
        latest = self._station_now(plant)
        return {
            "id": int(plant.key),
            "name": plant.name,
            "locationLat": plant.latitude,
            "locationLng": plant.longitude,
            "locationAddress": plant.name,
            "regionNationId": None,
            "regionTimezone": plant.timezone,
            "gridInterconnectionType": "DISTRIBUTED_FULLY",
            "installedCapacity": plant.capacity_kwp,
            "startOperatingTime": operating,
            "createdDate": operating,
            "batterySOC": None,
            "connectionStatus": "NORMAL" if not offline else "ALL_OFFLINE" if offline == len(states) else "PARTIAL_OFFLINE",
            "generationPower": latest.get("generationPower"),
            "lastUpdateTime": latest.get("timeStamp"),
            "contactPhone": None,
            "ownerName": None,
        }

    def _station_latest(self, body: Body, sees_all: bool) -> dict[str, Any]:
        row = self._station_now(self._fleet.station(body, sees_all))
        return {**{name: row.get(name) for name in POWER_FIELDS}, "lastUpdateTime": row.get("timeStamp")}

    def _station_history(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, granularity = self._fleet.station(body, sees_all), granularity_of(body)
        if granularity == FRAMES:
            day = body.date("startAt", FORMS[DAYS])
            rows = [_padded(row, ENERGY_FIELDS) for row in self._power_rows(plant, [day])]
        else:
            periods = periods_of(body, granularity)
            rows = [_padded(row, POWER_FIELDS) for row in self._energy_rows(plant, periods, granularity)]
        return {"total": len(rows), "stationDataItems": rows}

    def _station_power(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, (start, end) = self._fleet.station(body, sees_all), body.span(most_days=366)
        rows = self._power_rows(plant, days_of_span(plant, start, end))
        return {"stationDataItems": [row for row in rows if start <= row["timeStamp"] <= end]}

    def _power_rows(self, plant: Plant, days: Iterable[date]) -> Iterator[dict[str, Any]]:
        now = self._world.now()
        for local_day in days:
            if not self._world.knows(plant, local_day):
                continue
            day = self._plant_days.of(plant, local_day)
            sky = self._world.sunshine.weather(plant, local_day).irradiance_w_m2
            for position, instant in enumerate(day.instants):
                power = day.power_kw[position]
                if power is not None and instant <= now:
                    yield _power_row(instant, power, day.load_kw, sky[position])

    def _station_now(self, plant: Plant) -> dict[str, Any]:
        rows = list(self._power_rows(plant, [self._fleet.local_today(plant)]))
        return rows[-1] if rows else {}

    def _energy_rows(self, plant: Plant, periods: list[list[date]], granularity: int) -> Iterator[dict[str, Any]]:
        for days in periods:
            energies = [energies for day in days if (energies := self._day_energies(plant, day))]
            if not energies:
                continue
            generated, used, fed_in, bought = (sum(column) for column in zip(*energies, strict=True))
            yield {
                **_date_fields(days[0], granularity),
                "generationValue": round(generated, 2),
                "consumptionValue": round(used, 2),
                "gridValue": round(fed_in, 2),
                "purchaseValue": round(bought, 2),
                "chargeValue": 0.0,
                "dischargeValue": 0.0,
                "fullPowerHours": round(generated / plant.capacity_kwp, 2),
                "generationRatio": _percent(generated - fed_in, generated),
                "gridRatio": _percent(fed_in, generated),
                "consumptionRatio": _percent(used - bought, used),
                "purchaseRatio": _percent(bought, used),
                "irradiate": None,
                "pr": None,
                "theoreticalGeneration": None,
                "timeStamp": None,
            }

    def _day_energies(self, plant: Plant, local_day: date) -> tuple[float, float, float, float] | None:
        """Generated, used, fed in and bought kWh of a local day, as far as it has come."""
        if not self._world.knows(plant, local_day):
            return None
        day = self._plant_days.of(plant, local_day)
        last = _last_position(day, self._world.now())
        return day.generated_kwh[last], day.used_kwh(last), day.fed_in_kwh[last], day.bought_kwh[last]


def _power_row(instant: datetime, power_kw: float, load_kw: float, irradiance_w_m2: float) -> dict[str, Any]:
    """Powers of a station in W. On the wire to the grid, + is import."""
    # Nothing is stored: what the load leaves goes to the grid, what it lacks comes from there.
    surplus = power_kw - load_kw
    return {
        "generationPower": round(power_kw * 1000, 1),
        "consumptionPower": round(load_kw * 1000, 1),
        "gridPower": round(max(surplus, 0.0) * 1000, 1),
        "purchasePower": round(max(-surplus, 0.0) * 1000, 1),
        "wirePower": round(-surplus * 1000, 1),
        "chargePower": None,
        "dischargePower": None,
        "batteryPower": None,
        "batterySOC": None,
        "irradiateIntensity": irradiance_w_m2,
        "timeStamp": instant.timestamp(),
    }


def _padded(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Station rows have all fields; those of the other granularities are null, and dates 0."""
    dates = {} if "year" in row else {"year": 0, "month": 0, "day": 0}
    return {**dates, **row, **dict.fromkeys(names)}


def _date_fields(first: date, granularity: int) -> dict[str, int]:
    return {
        "year": first.year,
        "month": first.month if granularity != YEARS else 0,
        "day": first.day if granularity == DAYS else 0,
    }


def _last_position(day: PlantDay, now: datetime) -> int:
    return max(sum(1 for instant in day.instants if instant <= now) - 1, 0)


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None
