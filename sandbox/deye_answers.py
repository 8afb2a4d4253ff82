"""What Deye's interfaces answer, from the sandbox's truth: stations, devices, histories and alerts.

Station fields are W and kWh without a unit, device values are texts with a unit. Frames are labelled in Unix seconds, days in
plant-local dates. The current day is there as far as it has come. A frame that an inverter did not send is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sandbox.days import Alarm, InverterDay
from sandbox.deye_body import Body, Refusal
from sandbox.fleet import Inverter, Plant
from sandbox.plant_days import PlantDay, PlantDays
from sandbox.world import World

VENDOR = "deye"
INVERTER, COLLECTOR = "INVERTER", "COLLECTOR"
FRAMES, DAYS, MONTHS, YEARS = 1, 2, 3, 4
FORMS = {DAYS: "%Y-%m-%d", MONTHS: "%Y-%m", YEARS: "%Y"}
MOST_POINTS, MOST_DAYS, MOST_MONTHS, MOST_RAW_DAYS = 5, 31, 12, 5
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
POWER_FIELDS = (
    "generationPower", "consumptionPower", "gridPower", "purchasePower", "wirePower", "chargePower", "dischargePower",
    "batteryPower", "batterySOC", "irradiateIntensity",
)  # fmt: skip
ENERGY_FIELDS = (
    "generationValue", "consumptionValue", "gridValue", "purchaseValue", "chargeValue", "dischargeValue", "fullPowerHours",
    "generationRatio", "gridRatio", "consumptionRatio", "purchaseRatio", "irradiate", "pr", "theoreticalGeneration",
)  # fmt: skip

Answer = Callable[[Body, bool], dict[str, Any]]


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


class Answers:
    """Makes the payloads; `sees_all` tells whether the token is the company's."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plant_days = PlantDays(world.sunshine)

    def all(self) -> dict[str, Answer]:
        """Every interface behind a token."""
        return {
            "station/list": self._stations,
            "station/listWithDevice": self._stations_with_devices,
            "station/device": self._devices_of_stations,
            "station/latest": self._station_latest,
            "station/history": self._station_history,
            "station/history/power": self._station_power,
            "station/alertList": self._station_alerts,
            "device/list": self._devices,
            "device/latest": self._device_latest,
            "device/measurePoints": self._measure_points,
            "device/history": self._device_history,
            "device/historyRaw": self._device_raw,
            "device/alertList": self._device_alerts,
        }

    # Stations

    def _stations(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plants = self._plants(sees_all)
        return {"total": len(plants), "stationList": [self._station_row(plant) for plant in _page(plants, body, most=200)]}

    def _stations_with_devices(self, body: Body, sees_all: bool) -> dict[str, Any]:
        wanted = body.given("deviceType")
        plants = self._plants(sees_all)
        rows = []
        for plant in _page(plants, body, most=50):
            devices = [device for device in _devices_of(plant) if wanted in {None, device.device_type}]
            items = [self._device_row(device) for device in devices]
            rows.append({**self._station_row(plant), "deviceTotal": len(items), "deviceListItems": items})
        return {"stationTotal": len(plants), "stationList": rows}

    def _devices_of_stations(self, body: Body, sees_all: bool) -> dict[str, Any]:
        known = {plant.key: plant for plant in self._plants(sees_all)}
        asked = body.texts("stationIds", most=10)
        if any(key not in known for key in asked):
            raise Refusal("2101031")
        devices = [device for key in asked for device in _devices_of(known[key])]
        return {"total": len(devices), "deviceListItems": [self._device_row(device) for device in _page(devices, body, most=200)]}

    def _station_row(self, plant: Plant) -> dict[str, Any]:
        states = [self._state_now(inverter) for inverter in plant.inverters]
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
        row = self._station_now(self._station(body, sees_all))
        return {**{name: row.get(name) for name in POWER_FIELDS}, "lastUpdateTime": row.get("timeStamp")}

    def _station_history(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, granularity = self._station(body, sees_all), _granularity(body)
        if granularity == FRAMES:
            day = body.date("startAt", FORMS[DAYS])
            rows = [_padded(row, ENERGY_FIELDS) for row in self._power_rows(plant, [day])]
        else:
            periods = _periods(body, granularity)
            rows = [_padded(row, POWER_FIELDS) for row in self._energy_rows(plant, periods, granularity)]
        return {"total": len(rows), "stationDataItems": rows}

    def _station_power(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, (start, end) = self._station(body, sees_all), body.span(most_days=366)
        rows = self._power_rows(plant, _days_of_span(plant, start, end))
        return {"stationDataItems": [row for row in rows if start <= row["timeStamp"] <= end]}

    def _power_rows(self, plant: Plant, days: Iterable[date]) -> Iterator[dict[str, Any]]:
        now = self._world.now()
        for local_day in days:
            day = self._plant_days.of(plant, local_day)
            sky = self._world.sunshine.weather(plant, local_day).irradiance_w_m2 if day.instants else []
            for position, instant in enumerate(day.instants):
                power = day.power_kw[position]
                if power is not None and instant <= now:
                    yield _power_row(instant, power, day.load_kw, sky[position])

    def _station_now(self, plant: Plant) -> dict[str, Any]:
        rows = list(self._power_rows(plant, [self._local_today(plant)]))
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
        if not plant.installed_on <= local_day <= self._local_today(plant):
            return None
        day = self._plant_days.of(plant, local_day)
        last = _last_position(day, self._world.now())
        return day.generated_kwh[last], day.used_kwh(last), day.fed_in_kwh[last], day.bought_kwh[last]

    # Devices

    def _devices(self, body: Body, sees_all: bool) -> dict[str, Any]:
        devices = [device for plant in self._plants(sees_all) for device in _devices_of(plant)]
        rows = []
        for device in _page(devices, body, most=200):
            row = self._device_row(device)
            kept = {name: row[name] for name in ("deviceSn", "deviceId", "deviceType", "productId")}
            rows.append({**kept, "deviceState": STATES[row["connectStatus"]], "updateTime": row["collectionTime"]})
        return {"total": len(devices), "deviceList": rows}

    def _device_row(self, device: Device) -> dict[str, Any]:
        state = self._state_now(device.inverter) if device.inverter else "running"
        return {
            "deviceSn": device.serial,
            "deviceId": device.number,
            "deviceType": device.device_type,
            "productId": "0_5406_1" if device.inverter else "0_5411_1",
            "connectStatus": {"offline": 0, "fault": 2}.get(state, 1),
            "collectionTime": self._collected_at(device),
            "stationId": int(device.plant.key),
        }

    def _device_latest(self, body: Body, sees_all: bool) -> dict[str, Any]:
        known = self._known(sees_all)
        asked = body.texts("deviceList", most=10)
        if any(serial not in known for serial in asked):
            raise Refusal("2101032")
        return {"deviceDataList": [self._latest_row(known[serial]) for serial in asked]}

    def _latest_row(self, device: Device) -> dict[str, Any]:
        day, position = self._last_frame(device)
        state = STATES[self._device_row(device)["connectStatus"]]
        data = [] if day is None or device.inverter is None else _items(_readings(device.inverter, day, position), list(UNITS))
        return {
            "deviceSn": device.serial,
            "deviceType": device.device_type,
            "deviceState": state,
            "collectionTime": self._collected_at(device),
            "dataList": data,
        }

    def _measure_points(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device = self._device(body, sees_all)
        if body.given("deviceType") not in {None, device.device_type}:
            raise Refusal("2101032")
        return {
            "deviceSn": device.serial,
            "deviceType": device.device_type,
            "productId": "0_5406_1" if device.inverter else "0_5411_1",
            "timeZone": device.plant.timezone,
            "measurePoints": list(UNITS) if device.inverter else [],
        }

    def _device_history(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, granularity = self._device(body, sees_all), _granularity(body)
        if granularity == FRAMES:
            points = _points(body, device)
            data = list(self._frame_rows(device, points, [body.date("startAt", FORMS[DAYS])]))
        elif body.given("measurePoints") is not None:
            raise Refusal("2101006")
        else:
            data = list(self._production_rows(device, _periods(body, granularity), granularity))
        return {**_named(device), "granularity": granularity, "dataList": data}

    def _device_raw(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, (start, end) = self._device(body, sees_all), body.span(most_days=MOST_RAW_DAYS)
        # Clients ask without points; what is given is held to the rules of `device/history`.
        points = list(UNITS) if device.inverter and body.given("measurePoints") is None else _points(body, device)
        rows = self._frame_rows(device, points, _days_of_span(device.plant, start, end))
        return {**_named(device), "dataList": [row for row in rows if start <= int(row["time"]) <= end]}

    def _frame_rows(self, device: Device, points: list[str], days: Iterable[date]) -> Iterator[dict[str, Any]]:
        assert device.inverter is not None
        for local_day in days:
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
        today = self._local_today(plant)
        if not plant.installed_on <= local_day <= today:
            return None
        if local_day < today:
            return self._world.sunshine.energy_kwh(inverter, local_day)
        return self._world.sunshine.day(inverter, local_day).until(self._world.now()).energy_kwh

    # Alerts

    def _station_alerts(self, body: Body, sees_all: bool) -> dict[str, Any]:
        plant, span = self._station(body, sees_all), body.span(most_days=180)
        alerts = [alert for device in _devices_of(plant) for alert in self._alerts(device, *span)]
        return {"total": len(alerts), "stationAlertItems": _page(alerts, body, most=200)}

    def _device_alerts(self, body: Body, sees_all: bool) -> dict[str, Any]:
        device, span = self._device(body, sees_all), body.span(most_days=30)
        texts = {
            "description": "The grid voltage is above the protection value.",
            "reason": "The grid voltage is too high.",
            "solution": "Check the grid.",
        }
        alerts = [{**alert, **texts} for alert in self._alerts(device, *span)]
        return {"total": len(alerts), "alertList": _page(alerts, body, most=100)}

    def _alerts(self, device: Device, start: int, end: int) -> Iterator[dict[str, Any]]:
        if device.inverter is None:
            return
        now = self._world.now()
        for local_day in _days_of_span(device.plant, start, end):
            for alarm in self._world.sunshine.alarms(device.inverter, local_day):
                if alarm.raised_at <= now and start <= alarm.raised_at.timestamp() <= end:
                    yield _alert_row(device, alarm, is_closed=alarm.cleared_at <= now)

    # The truth

    def _plants(self, sees_all: bool) -> list[Plant]:
        return list(self._world.sunshine.plants(VENDOR)) if sees_all else []

    def _station(self, body: Body, sees_all: bool) -> Plant:
        wanted = body.text("stationId")
        found = [plant for plant in self._plants(sees_all) if plant.key == wanted]
        if not found:
            raise Refusal("2101031")
        return found[0]

    def _known(self, sees_all: bool) -> dict[str, Device]:
        return {device.serial: device for plant in self._plants(sees_all) for device in _devices_of(plant)}

    def _device(self, body: Body, sees_all: bool) -> Device:
        device = self._known(sees_all).get(body.text("deviceSn"))
        if device is None:
            raise Refusal("2101032")
        return device

    def _local_today(self, plant: Plant) -> date:
        return self._world.now().astimezone(plant.zone()).date()

    def _last_frame(self, device: Device) -> tuple[InverterDay | None, int]:
        """The last frame of today that the device sent."""
        if device.inverter is None:
            return None, 0
        day = self._world.sunshine.day(device.inverter, self._local_today(device.plant)).until(self._world.now())
        known = [position for position, power in enumerate(day.power_kw) if power is not None]
        return (day, known[-1]) if known else (None, 0)

    def _collected_at(self, device: Device) -> int:
        """Unix seconds of the last frame; the logger's is the last five minutes."""
        day, position = self._last_frame(device)
        now = int(self._world.now().timestamp())
        return now - now % 300 if day is None else int(day.instants[position].timestamp())

    def _state_now(self, inverter: Inverter) -> str:
        plant = self._world.sunshine.plant_of(inverter)
        day = self._world.sunshine.day(inverter, self._local_today(plant)).until(self._world.now())
        return day.state[-1] if day.state else "offline"


def _devices_of(plant: Plant) -> list[Device]:
    inverters = [Device(inverter.key, INVERTER, plant, inverter=inverter) for inverter in plant.inverters]
    return [*inverters, Device(f"41{plant.key}", COLLECTOR, plant)]


def _named(device: Device) -> dict[str, Any]:
    return {"deviceSn": device.serial, "deviceId": device.number, "deviceType": device.device_type}


def _page(rows: list[Any], body: Body, *, most: int) -> list[Any]:
    page, size = body.page(most=most)
    return rows[(page - 1) * size : page * size]


def _granularity(body: Body) -> int:
    granularity = body.number("granularity")
    if granularity not in {FRAMES, DAYS, MONTHS, YEARS}:
        raise Refusal("2101006")
    return granularity


def _points(body: Body, device: Device) -> list[str]:
    points = body.texts("measurePoints", most=MOST_POINTS)
    if device.inverter is None or any(point not in UNITS for point in points):
        raise Refusal("2106001")
    return points


def _periods(body: Body, granularity: int) -> list[list[date]]:
    """The days of each period that was asked for. The end of a range of days is not in it; that of months and years is."""
    form = FORMS[granularity]
    start, end = body.date("startAt", form), body.date("endAt", form)
    if start > end:
        raise Refusal("2101014")
    if granularity == DAYS:
        if (end - start).days > MOST_DAYS:
            raise Refusal("2101012")
        return [[start + timedelta(days=number)] for number in range((end - start).days)]
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    if granularity == MONTHS and months > MOST_MONTHS:
        raise Refusal("2101013")
    last = (
        end.replace(month=12, day=31) if granularity == YEARS else (end + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    )
    periods: dict[str, list[date]] = {}
    for number in range(min((last - start).days + 1, 366 * 20)):
        day = start + timedelta(days=number)
        periods.setdefault(day.strftime(form), []).append(day)
    return list(periods.values())


def _days_of_span(plant: Plant, start: int, end: int) -> list[date]:
    first, last = (datetime.fromtimestamp(second, UTC).astimezone(plant.zone()).date() for second in (start, end))
    first = max(first, plant.installed_on)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _power_row(instant: datetime, power_kw: float, load_kw: float, irradiance_w_m2: float) -> dict[str, Any]:
    """Powers of a station in W. On the wire to the grid, + is import."""
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
