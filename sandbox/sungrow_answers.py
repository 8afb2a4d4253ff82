"""What Sungrow's interfaces answer, from the sandbox's truth: lists, realtime, minute history, day values and faults.

Ids: `ps_id` is a number (as a key of an answer: a text), a device is `<ps_id>_<type>_<code>_<channel>`, a plant as a device is
`<ps_id>_11_0_0`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from sandbox.days import Alarm
from sandbox.fleet import Inverter, Plant
from sandbox.plant_days import PlantDays
from sandbox.sungrow_body import Body, Refusal, invalid, months_between
from sandbox.sungrow_points import CATALOGUE, GRID_POINT, INVERTER, LOGGER, PLANT, Readings, of_inverter, of_plant, skies
from sandbox.world import World

VENDOR = "sungrow"
MINUTE_FORM = "%Y%m%d%H%M%S"
LONGEST_SPAN = timedelta(hours=3)
MOST_KEYS, MOST_HISTORY_POINTS, MOST_REALTIME_POINTS, MOST_DETAILS = 50, 50, 100, 20
PERIODS = {"day": ("%Y%m%d", 100), "month": ("%Y%m", 24), "year": ("%Y", 5)}
MEAN, PEAK, TROUGH, TOTAL = "1", "2", "3", "4"
DAY_ENERGIES = frozenset({"1", "83013", "83022", "83072", "83102", "83118"})
TYPE_NAMES = {INVERTER: "Inverter", GRID_POINT: "Grid-connection Point", LOGGER: "Data Logger", PLANT: "Plant"}
CHINA = timezone(timedelta(hours=8))

Answer = Callable[[Body], Any]
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
        return "A2" + str(_number(f"sn {self.key}", 10**9)).zfill(9)

    @property
    def is_virtual(self) -> bool:
        """Whether nobody can touch it."""
        return self.device_type in {PLANT, GRID_POINT}


class Answers:
    """Makes `result_data` of the interfaces of both families."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plant_days = PlantDays(world.sunshine)

    def login_family(self) -> dict[str, Answer]:
        """Interfaces for tokens of the account login."""
        return {
            "getPowerStationList": self._plants_with_figures,
            "getPowerStationDetail": self._plant_of_serial,
            "getBatchPsDetail": self._plant_details,
            "getDeviceList": lambda body: self._devices(body, page="curPage", count="rowCount"),
            "getDeviceListByUser": self._devices_of_user,
            "getDeviceRealTimeData": self._realtime,
            "getPVInverterRealTimeData": self._inverters_realtime,
            "getDevicePointMinuteDataList": lambda body: self._minutes(body, "ps_key_list"),
            "getDevicePointsDayMonthYearDataList": lambda body: self._periods(
                body, "ps_key_list", {"1": "day", "2": "month", "3": "year"}
            ),
            "getFaultAlarmInfo": lambda body: self._faults(body, page="curPage", count="rowCount"),
            "getOpenPointInfo": self._catalogue,
        }

    def platform_family(self) -> dict[str, Answer]:
        """Interfaces for OAuth tokens."""
        queries = {name: name for name in PERIODS}
        return {
            "platform/queryPowerStationList": self._plants_without_figures,
            "platform/getPowerStationDetail": self._plant_details,
            "platform/getDeviceListByPsId": lambda body: self._devices(body, page="page", count="row_count"),
            "platform/getDeviceRealTimeData": self._realtime,
            "platform/getPowerStationRealTimeData": self._plants_realtime,
            "platform/getDevicePointMinuteDataList": lambda body: self._minutes(
                body, "ps_key_list", illegal="illegal_ps_key_list"
            ),
            "platform/getPowerStationPointMinuteDataList": lambda body: self._minutes(
                body, "ps_id_list", illegal="illegal_ps_id_list"
            ),
            "platform/getDevicePointDayMonthYearDataList": lambda body: self._periods(
                body, "ps_key_list", {"1": "day", "2": "month", "3": "year"}
            ),
            "platform/getPowerStationPointDayMonthYearDataList": lambda body: self._periods(body, "ps_id_list", queries),
            "platform/getFaultAlarmInfo": lambda body: self._faults(body, page="page", count="row_count"),
        }

    # Plants

    def _plants_with_figures(self, body: Body) -> dict[str, Any]:
        rows = [self._plant_with_figures(plant) for plant in self._plants_asked(body)]
        return _paged(rows, body, page="curPage", count="rowCount")

    def _plants_without_figures(self, body: Body) -> dict[str, Any]:
        return _paged([self._plant_row(plant) for plant in self._plants_asked(body)], body, page="page", count="row_count")

    def _plants_asked(self, body: Body) -> list[Plant]:
        """The default is valid plants only, and all plants here are valid distributed ones."""
        if "1" not in str(body.given("valid_flag") or "1").split(","):
            return []
        if "3" not in str(body.given("ps_type") or "3").split(","):
            return []
        return [plant for plant in self._plants() if str(body.given("ps_name") or "") in plant.name]

    def _plant_row(self, plant: Plant) -> dict[str, Any]:
        states = [self._state_now(device) for device in _devices_of(plant) if device.inverter]
        return {
            "ps_id": int(plant.key),
            "ps_name": plant.name,
            "ps_type": 3,
            "ps_status": 1 if set(states) != {"offline"} else 0,
            "ps_fault_status": 1 if "fault" in states else 3,
            "connect_type": 1,
            "build_status": 1,
            "valid_flag": 1,
            "grid_connection_status": 1,
            "install_date": f"{plant.installed_on} 00:00:00",
            "ps_current_time_zone": _fixed_zone(plant, self._world.now()),
            "latitude": plant.latitude,
            "longitude": plant.longitude,
            "ps_location": plant.name,
        }

    def _plant_with_figures(self, plant: Plant) -> dict[str, Any]:
        readings = self._readings_now(_plant_device(plant))[1]
        today, total = readings.get("83022") or 0.0, readings.get("83024") or 0.0
        updated = self._world.now().astimezone(CHINA).replace(second=0, microsecond=0)
        stamp = updated.replace(minute=updated.minute // 5 * 5).isoformat()
        return {
            **self._plant_row(plant),
            "share_type": "0",
            "curr_power": _scaled(readings.get("83033") or 0.0, "W"),
            "today_energy": _scaled(today, "Wh"),
            "total_energy": _scaled(total, "Wh"),
            "total_capcity": _scaled(plant.capacity_kwp * 1000, "Wp"),
            "equivalent_hour": {"unit": "Hours", "value": f"{today / 1000 / plant.capacity_kwp:.2f}"},
            "co2_reduce": {"unit": "kg", "value": f"{today / 1000 * 0.475:.1f}"},
            "curr_power_update_time": stamp,
            "today_energy_update_time": stamp,
            "total_energy_update_time": stamp,
        }

    def _plant_details(self, body: Body) -> dict[str, Any]:
        """Details by `ps_ids` (comma text) or `sns` (of any device of the plant)."""
        if body.given("ps_ids") is None and body.given("sns") is None:
            raise Refusal("009", "er_missing_parameter:ps_ids")
        asked = body.text("ps_ids" if body.given("ps_ids") is not None else "sns").split(",")
        if len(asked) > MOST_DETAILS:
            raise invalid("ps_ids")
        known = {plant.key: plant for plant in self._plants()}
        if body.given("ps_ids") is None:
            known = {device.serial: device.plant for device in self._all_devices()}
        return {
            "code": 1,
            "not_authorization_ps_list": [key for key in asked if key not in known],
            "data_list": [self._detail(known[key]) for key in asked if key in known],
        }

    def _plant_of_serial(self, body: Body) -> dict[str, Any]:
        serial = body.text("sn")
        found = [device.plant for device in self._all_devices() if device.serial == serial]
        if not found:
            raise invalid("sn")
        return self._detail(found[0])

    def _detail(self, plant: Plant) -> dict[str, Any]:
        return {
            **self._plant_row(plant),
            "install_power": plant.capacity_kw * 1000,
            "design_capacity": plant.capacity_kwp * 1000,
            "ps_country_timezone": _fixed_zone(plant, self._world.now()),
        }

    # Devices

    def _devices(self, body: Body, *, page: str, count: str) -> dict[str, Any]:
        wanted = body.text("ps_id")
        plants = [plant for plant in self._plants() if plant.key == wanted]
        if not plants:
            raise Refusal("E900")
        devices = [device for device in _devices_of(plants[0]) if body.is_wanted("is_virtual_unit") or not device.is_virtual]
        if body.given("device_type_list") is not None:
            types = body.texts("device_type_list", most=100)
            devices = [device for device in devices if str(device.device_type) in types]
        state_key = "rel_state" if page == "curPage" else "claim_state"
        return _paged([self._device_row(device, state_key) for device in devices], body, page=page, count=count)

    def _devices_of_user(self, body: Body) -> dict[str, Any]:
        rows = [self._device_row(device, "rel_state") for device in self._all_devices() if not device.is_virtual]
        return _paged(rows, body, page="curPage", count="rowCount")

    def _device_row(self, device: Device, state_key: str) -> dict[str, Any]:
        state = self._state_now(device)
        installed = f"{device.plant.installed_on} 09:00:00"
        return {
            "uuid": _uuid(device),
            "ps_key": device.key,
            "ps_id": int(device.plant.key),
            "device_sn": None if device.is_virtual else device.serial,
            "device_name": device.name,
            "device_type": device.device_type,
            "device_code": int(device.key.split("_")[2]),
            "chnnl_id": int(device.key.split("_")[3]),
            "type_name": TYPE_NAMES[device.device_type],
            "device_model_id": _number(device.model, 90_000) + 300_000,
            "device_model_code": device.model,
            "factory_name": "SUNGROW",
            "dev_fault_status": 1 if state == "fault" else 4,
            "dev_status": "0" if state == "offline" else "1",
            state_key: 1,
            "communication_dev_sn": _logger(device.plant).serial,
            "grid_connection_date": installed,
            "rel_time": installed,
        }

    # Realtime

    def _realtime(self, body: Body) -> dict[str, Any]:
        points = body.texts("point_id_list", most=MOST_REALTIME_POINTS)
        device_type = body.number("device_type")
        known, unknown, unknown_key = self._asked_by_key_or_serial(body)
        unknown += [device.key for device in known if device.device_type != device_type]
        rows = [{"device_point": self._point_row(device, points)} for device in known if device.device_type == device_type]
        content: dict[str, Any] = {"device_point_list": rows, unknown_key: unknown}
        if body.is_wanted("is_get_point_dict"):
            content["point_dict"] = _point_dict(device_type, points)
        return content

    def _inverters_realtime(self, body: Body) -> dict[str, Any]:
        known, unknown, unknown_key = self._asked_by_key_or_serial(body)
        rows = [{"device_point": self._point_row(device, list(CATALOGUE[INVERTER]))} for device in known if device.inverter]
        return {"device_point_list": rows, unknown_key: unknown + [device.key for device in known if not device.inverter]}

    def _plants_realtime(self, body: Body) -> dict[str, Any]:
        points = body.texts("point_id_list", most=MOST_REALTIME_POINTS)
        asked = body.texts("ps_id_list", most=MOST_KEYS)
        known = {plant.key: plant for plant in self._plants()}
        content: dict[str, Any] = {
            "device_point_list": [self._point_row(_plant_device(known[key]), points) for key in asked if key in known],
            "fail_ps_id_list": [key for key in asked if key not in known],
        }
        if body.is_wanted("is_get_point_dict"):
            content["point_dict"] = _point_dict(PLANT, points)
        return content

    def _asked_by_key_or_serial(self, body: Body) -> tuple[list[Device], list[str], str]:
        if body.given("ps_key_list") is not None:
            asked, known = body.texts("ps_key_list", most=MOST_KEYS), {device.key: device for device in self._all_devices()}
            name = "fail_ps_key_list"
        elif body.given("sn_list") is not None:
            asked, known = body.texts("sn_list", most=MOST_KEYS), {device.serial: device for device in self._all_devices()}
            name = "fail_sn_list"
        else:
            raise Refusal("009", "er_missing_parameter:ps_key_list")
        return [known[key] for key in asked if key in known], [key for key in asked if key not in known], name

    def _point_row(self, device: Device, points: list[str]) -> dict[str, Any]:
        instant, readings = self._readings_now(device)
        state = self._state_now(device)
        return {
            "ps_key": device.key,
            "uuid": _uuid(device),
            "ps_id": int(device.plant.key),
            "device_sn": None if device.is_virtual else device.serial,
            "device_name": device.name,
            "device_time": instant and instant.astimezone(device.plant.zone()).strftime(MINUTE_FORM),
            "dev_status": 0 if state == "offline" else 1,
            "dev_fault_status": 1 if state == "fault" else 4,
            **{f"p{point}": _text(readings.get(point)) for point in points if point in CATALOGUE.get(device.device_type, {})},
        }

    # History

    def _minutes(self, body: Body, ids: str, illegal: str | None = None) -> dict[str, Any]:
        """Five-minute values of a closed interval of plant-local labels; nothing of the current local day."""
        asked = body.texts(ids, most=MOST_KEYS)
        points = body.points("points", most=MOST_HISTORY_POINTS)
        start, end = body.local_time("start_time_stamp", MINUTE_FORM), body.local_time("end_time_stamp", MINUTE_FORM)
        interval = body.number("minute_interval", otherwise=5)
        if not timedelta(0) <= end - start <= LONGEST_SPAN:
            raise invalid("end_time_stamp")
        known = self._one_type(ids, asked)
        content: dict[str, Any] = {}
        for key, device in known.items():
            if rows := list(self._minute_rows(device, points, start, end, interval)):
                content[key] = rows
        self._append_dictionary(body, content, known, points)
        if illegal:
            content[illegal] = [key for key in asked if key not in known]
        return content

    def _minute_rows(
        self, device: Device, points: list[str], start: datetime, end: datetime, interval: int
    ) -> Iterator[dict[str, str]]:
        for day in sorted({start.date(), end.date()}):
            instants, readings_at = self._closed_day(device, day)
            for position, instant in enumerate(instants):
                label = instant.astimezone(device.plant.zone()).replace(tzinfo=None)
                if not start <= label <= end or (label.hour * 60 + label.minute) % interval:
                    continue
                readings = readings_at(position)
                known = {f"p{point}": text for point in points if (text := _text(readings.get(point))) is not None}
                if known:
                    yield {"time_stamp": label.strftime(MINUTE_FORM), **known}

    def _periods(self, body: Body, ids: str, queries: dict[str, str]) -> dict[str, Any]:
        """Mean, peak, trough or total of days, months or years; the current day is in none of them."""
        asked = body.texts(ids, most=MOST_KEYS)
        points = body.points("data_point", most=MOST_HISTORY_POINTS)
        query = body.choice("query_type", queries)
        kind = body.choice("data_type", {kind: kind for kind in (MEAN, PEAK, TROUGH, TOTAL)})
        if kind == TOTAL and query == "day":
            raise invalid("data_type")
        labels = _labels(body, query)
        if body.given("order") is not None and body.choice("order", {"0": "rising", "1": "falling"}) == "falling":
            labels.reverse()
        content: dict[str, Any] = {}
        for key, device in self._one_type(ids, asked).items():
            series = {f"p{point}": self._period_rows(device, point, kind, labels) for point in points}
            if known := {point: rows for point, rows in series.items() if rows}:
                content[key] = known
        return content

    def _period_rows(
        self, device: Device, point: str, kind: str, labels: list[tuple[str, list[date]]]
    ) -> list[dict[str, str | None]]:
        if point not in CATALOGUE.get(device.device_type, {}) or (kind == TOTAL and point not in DAY_ENERGIES):
            return []
        first, today = device.plant.installed_on, self._local_today(device.plant)
        rows = []
        for label, days in labels:
            values = [self._day_value(device, point, kind, day) for day in days if first <= day < today]
            known = [value for value in values if value is not None]
            if known:
                rows.append({"time_stamp": label, kind: _text(_combined(known, kind))})
        return rows

    def _day_value(self, device: Device, point: str, kind: str, day: date) -> float | None:
        """One figure of a local day. The peak of a day's energy is what the day brought; so is its share of a total."""
        is_energy = kind in {PEAK, TOTAL}
        if is_energy and point in {"1", "83022"}:
            inverters = [device.inverter] if device.inverter else list(device.plant.inverters)
            return sum(self._world.sunshine.energy_kwh(inverter, day) for inverter in inverters) * 1000
        instants, readings_at = self._frames(device, day)
        values = [readings_at(position).get(point) for position in range(len(instants))]
        known = [value for value in values if value is not None]
        return _combined(known, PEAK if kind == TOTAL else kind) if known else None

    def _one_type(self, ids: str, asked: list[str]) -> dict[str, Device]:
        """The devices that were asked for, by the id they were asked by; unknown ids are not in it."""
        if ids == "ps_id_list":
            known = {plant.key: _plant_device(plant) for plant in self._plants()}
        else:
            known = {device.key: device for device in self._all_devices()}
        found = {key: known[key] for key in asked if key in known}
        if len({device.device_type for device in found.values()}) > 1:
            raise invalid(ids)
        return found

    def _append_dictionary(self, body: Body, content: dict[str, Any], known: dict[str, Device], points: list[str]) -> None:
        if body.is_wanted("is_get_point_dict"):
            device_type = next((device.device_type for device in known.values()), PLANT)
            content["point_dict"] = _point_dict(device_type, points)

    # Faults and the catalogue

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
        return _paged(rows, body, page=page, count=count)

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
            for device in self._all_devices()
            if device.inverter and str(ps_id or device.plant.key) == device.plant.key and str(ps_key or device.key) == device.key
        ]

    def _alarms(self, device: Device, start: datetime, end: datetime) -> Iterator[Alarm]:
        assert device.inverter is not None
        for day in _days(max(start.date(), device.plant.installed_on), end.date()):
            for alarm in self._world.sunshine.alarms(device.inverter, day):
                raised = alarm.raised_at.astimezone(device.plant.zone()).replace(tzinfo=None)
                if alarm.raised_at <= self._world.now() and start <= raised <= end:
                    yield alarm

    def _catalogue(self, body: Body) -> dict[str, Any]:
        rows = [
            {
                "point_id": point_id,
                "point_name": point.name,
                "storage_unit": point.unit,
                "show_unit": f"k{point.unit}" if point.unit in {"W", "Wh"} else point.unit,
            }
            for point_id, point in CATALOGUE.get(body.number("device_type"), {}).items()
        ]
        return _paged(rows, body, page="curPage", count="rowCount")

    # The truth

    def _plants(self) -> tuple[Plant, ...]:
        return self._world.sunshine.plants(VENDOR)

    def _all_devices(self) -> list[Device]:
        return [device for plant in self._plants() for device in _devices_of(plant)]

    def _local_today(self, plant: Plant) -> date:
        return self._world.now().astimezone(plant.zone()).date()

    def _closed_day(self, device: Device, day: date) -> Frames:
        return self._frames(device, day) if day < self._local_today(device.plant) else ([], lambda position: {})

    def _frames(self, device: Device, day: date) -> Frames:
        """The instants of a local day, and the readings at each; none for devices that measure nothing."""
        if device.inverter:
            own = self._world.sunshine.day(device.inverter, day)
            return own.instants, lambda position: of_inverter(own, position)
        if device.device_type != PLANT or day < device.plant.installed_on:
            return [], lambda position: {}
        whole, sky = self._plant_days.of(device.plant, day), skies(self._world.sunshine.weather(device.plant, day))
        instants = whole.instants
        return instants, lambda position: of_plant(device.plant, whole, sky.get(instants[position], {}), position)

    def _readings_now(self, device: Device) -> tuple[datetime | None, Readings]:
        """The last frame with values that today knows so far."""
        instants, readings_at = self._frames(device, self._local_today(device.plant))
        now = self._world.now()
        for position in reversed(range(len(instants))):
            if instants[position] <= now and (readings := readings_at(position)):
                return instants[position], readings
        return None, {}

    def _state_now(self, device: Device) -> str:
        if device.inverter is None:
            return "running"
        day = self._world.sunshine.day(device.inverter, self._local_today(device.plant)).until(self._world.now())
        return day.state[-1] if day.state else "offline"


def _devices_of(plant: Plant) -> list[Device]:
    inverters = [
        Device(inverter.key, INVERTER, inverter.name, inverter.model, plant, inverter=inverter) for inverter in plant.inverters
    ]
    grid_point = Device(f"{plant.key}_{GRID_POINT}_1_1", GRID_POINT, "Grid-connection Point", "", plant)
    return [*inverters, _logger(plant), _plant_device(plant), grid_point]


def _logger(plant: Plant) -> Device:
    return Device(f"{plant.key}_{LOGGER}_247_1", LOGGER, "Logger1000", "Logger1000", plant)


def _plant_device(plant: Plant) -> Device:
    return Device(f"{plant.key}_{PLANT}_0_0", PLANT, plant.name, "", plant)


def _paged(rows: list[dict[str, Any]], body: Body, *, page: str, count: str) -> dict[str, Any]:
    number, size = body.number(page), body.number("size")
    return {count: len(rows), "pageList": rows[(number - 1) * size : number * size]}


def _labels(body: Body, query: str) -> list[tuple[str, list[date]]]:
    """The periods from start to end, both included: their labels and their days."""
    form, most = PERIODS[query]
    start, end = body.local_time("start_time", form).date(), body.local_time("end_time", form).date()
    if start > end:
        raise invalid("start_time")
    periods: dict[str, list[date]] = {}
    for day in _days(start, min(_last_of(end, query), start + timedelta(days=366 * 6))):
        periods.setdefault(day.strftime(form), []).append(day)
    if len(periods) > most:
        raise invalid("end_time")
    return list(periods.items())


def _last_of(first: date, query: str) -> date:
    if query == "day":
        return first
    if query == "year":
        return first.replace(month=12, day=31)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _combined(values: list[float], kind: str) -> float:
    if kind == MEAN:
        return sum(values) / len(values)
    if kind == TOTAL:
        return sum(values)
    return max(values) if kind == PEAK else min(values)


def _point_dict(device_type: int, points: list[str]) -> list[dict[str, str]]:
    catalogue = CATALOGUE.get(device_type, {})
    return [
        {"point_id": point, "point_name": catalogue[point].name, "point_unit": catalogue[point].unit}
        for point in points
        if point in catalogue
    ]


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
        "uuid": _uuid(device),
        "device_name": device.name,
        "device_type": device.device_type,
        "type_name": TYPE_NAMES[device.device_type],
        "device_model_code": device.model,
        "grid_connection_status": 1,
    }


def _fixed_zone(plant: Plant, now: datetime) -> str:
    """`GMT+1`: the standard offset, in summer too."""
    local = now.astimezone(UTC).astimezone(plant.zone())
    hours = ((local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))) // timedelta(hours=1)
    return f"GMT{hours:+d}"


def _scaled(value: float, unit: str) -> dict[str, str]:
    """A figure with the unit that keeps it short: W, kW, MW, GW."""
    for prefix in ("", "k", "M"):
        if abs(value) < 1000:
            return {"unit": prefix + unit, "value": f"{value:.2f}"}
        value /= 1000
    return {"unit": f"G{unit}", "value": f"{value:.2f}"}


def _text(value: float | None) -> str | None:
    return None if value is None else str(float(round(value, 3)))


def _uuid(device: Device) -> int:
    return 1_000_000 + _number(device.key, 9_000_000)


def _number(text: str, below: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8]) % below
