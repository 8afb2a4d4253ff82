"""Huawei FusionSolar's northbound interface, `/thirdData/*`, with one account: `nbi-user` / `Nbi@12345`.

Errors come with HTTP 200 and a `failCode`. A plant's key that ends in `_power` is energy in kWh; an inverter's `active_power` is
kW. Each plant has a SmartLogger beside its inverters, and every third plant (from the first) a weather station (EMI).
15 % of what a plant generates is used on site; nothing is bought. Money is 0.09 of the system's currency per kWh.
"""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sandbox.days import InverterDay, Weather
from sandbox.fleet import Inverter, Plant
from sandbox.limits import Exceeded
from sandbox.sky import STEP_S
from sandbox.world import World

USER, PASSWORD = "nbi-user", "Nbi@12345"
TOKEN_LIFE = timedelta(minutes=30)
WRONG_PASSWORDS, WITHIN, LOCKED_FOR = 5, timedelta(minutes=10), timedelta(minutes=30)
VENDOR = "huawei"
INVERTER, LOGGER, EMI = 1, 2, 10
MEASURED = {INVERTER, EMI, 17, 38, 39, 41, 47}
PAGE_SIZES = (10, 20, 30, 50, 100)
LANGUAGES = {"en_US", "de_DE", "pt_BR", "es_ES", "fr_FR", "it_IT", "nl_NL", "pl_PL", "ja_JP", "zh_CN"}
USED_SHARE, PRICE, DC_SHARE = 0.15, 0.09, 1 / 0.985
STATES = {"standby": 40960.0, "running": 512.0, "limited": 514.0, "fault": 768.0, "offline": 45056.0}
STRINGS, EMPTY_STRINGS = 4, 2
INVERTER_KEYS = (
    "inverter_state", "active_power", "reactive_power", "power_factor", "mppt_power", "mppt_total_cap", "day_cap", "total_cap",
    "temperature", "efficiency", "elec_freq", "a_u", "b_u", "c_u", "ab_u", "bc_u", "ca_u", "a_i", "b_i", "c_i",
    "open_time", "close_time",
)  # fmt: skip

Ask = dict[str, Any]
Answer = Any


class Refusal(Exception):
    """An answer with a `failCode`; `data` is a text for 407 only."""

    def __init__(self, code: int, message: str | None = None, data: str | None = None) -> None:
        super().__init__(f"failCode {code}")
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True)
class Device:
    """A row of the device list; `inverter` is None for loggers and weather stations."""

    id: int
    kind: int
    name: str
    serial: str
    plant: Plant
    inverter: Inverter | None


def router(world: World) -> APIRouter:
    """All interfaces at their full paths."""
    door = Door(world)
    answers = Answers(world)
    routes = APIRouter(prefix="/thirdData")
    routes.add_api_route("/login", door.log_in, methods=["POST"])
    for interface, ask in {**answers.interfaces(), "logout": door.log_out}.items():
        routes.add_api_route(f"/{interface}", door.guarded(interface, ask), methods=["POST"], name=interface)
    return routes


class Door:
    """Logins, tokens and budgets: one live session per account, 30 minutes, not extended by use."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong: deque[datetime] = deque()
        self._locked_until: datetime | None = None

    async def log_in(self, request: Request) -> Response:
        """A token in the header `xsrf-token` and in a cookie; an unknown user gets an empty body that is not JSON."""
        try:
            ask = _body_of(await request.body())
            self._spend("login")
            if ask.get("userName") != USER:
                return Response(b"", media_type="application/json")
            self._check_password(ask.get("systemCode"))
        except Refusal as refusal:
            return _refused(refusal)
        self._world.tokens.end_all(VENDOR, USER)
        token = f"x-{self._world.tokens.issue(VENDOR, USER, TOKEN_LIFE)}"
        answer = JSONResponse({"success": True, "data": None, "failCode": 0, "params": None, "message": None})
        answer.headers["xsrf-token"] = token
        answer.headers["set-cookie"] = f"XSRF-TOKEN={token}; Path=/; Secure"
        return answer

    def guarded(self, interface: str, ask: Callable[[Ask], Answer]) -> Callable[[Request], Any]:
        """An interface that wants a token and costs a call."""

        async def serve(request: Request) -> Response:
            try:
                token = request.headers.get("xsrf-token", "").removeprefix("x-")
                if self._world.tokens.account_of(VENDOR, token) is None:
                    raise Refusal(305, "USER_MUST_RELOGIN")
                body = _body_of(await request.body())
                self._spend(interface)
                data = ask({**body, "xsrf": token} if interface == "logout" else body)
            except Refusal as refusal:
                return _refused(refusal)
            params = {**body, "currentTime": _ms(self._world.now())}
            return JSONResponse({"success": True, "failCode": 0, "message": "", "params": params, "data": data})

        return serve

    def log_out(self, ask: Ask) -> Answer:
        """End the session."""
        self._world.tokens.end(VENDOR, ask["xsrf"])

    def _spend(self, interface: str) -> None:
        try:
            self._world.limits.spend(VENDOR, USER, interface)
        except Exceeded as exceeded:
            raise Refusal(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH") from exceeded

    def _check_password(self, password: object) -> None:
        """Five wrong passwords within ten minutes lock the account for thirty."""
        now = self._world.now()
        if self._locked_until and now < self._locked_until:
            raise Refusal(20403, "LOGIN_RESTRICTED")
        if password == PASSWORD:
            self._wrong.clear()
            return
        self._wrong.append(now)
        while self._wrong[0] <= now - WITHIN:
            self._wrong.popleft()
        if len(self._wrong) >= WRONG_PASSWORDS:
            self._locked_until = now + LOCKED_FOR
            self._wrong.clear()
        raise Refusal(20400, "USER_OR_PASSWORD_ERROR")


class Answers:
    """What the interfaces say; each takes the call's body and gives `data`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sunshine = world.sunshine
        self._devices = {device.id: device for plant in self._plants() for device in _devices(plant)}

    def interfaces(self) -> dict[str, Callable[[Ask], Answer]]:
        """All interfaces by name."""
        return {
            "stations": self.stations,
            "getStationList": self.station_list,
            "getDevList": self.device_list,
            "getStationRealKpi": self.plants_now,
            "getKpiStationHour": self.plant_hours,
            "getKpiStationDay": self.plant_days,
            "getKpiStationMonth": self.plant_months,
            "getKpiStationYear": self.plant_years,
            "getDevRealKpi": self.devices_now,
            "getDevHistoryKpi": self.device_history,
            "getDevFiveMinutes": self.device_frames,
            "getDevKpiDay": lambda ask: self.device_periods(ask, "day"),
            "getDevKpiMonth": lambda ask: self.device_periods(ask, "month"),
            "getDevKpiYear": lambda ask: self.device_periods(ask, "year"),
            "getAlarmList": self.alarms,
        }

    # ---- plants and devices

    def stations(self, ask: Ask) -> Answer:
        """The plants, in pages; capacity in kWp."""
        page, size = ask.get("pageNo"), ask.get("pageSize", 10)
        if page is None:
            raise Refusal(30004, "pageNo is empty")
        if not isinstance(page, int) or page < 1:
            raise Refusal(30005, "pageNo is out of range")
        if size not in PAGE_SIZES:
            raise Refusal(30006, "pageSize is out of range")
        since, until = ask.get("gridConnectedStartTime"), ask.get("gridConnectedEndTime")
        plants = [plant for plant in self._plants() if _is_within(_installed(plant), since, until)]
        return {
            "list": [_plant_row(plant) for plant in plants[(page - 1) * size : page * size]],
            "pageCount": -(-len(plants) // size),
            "pageNo": page,
            "pageSize": size,
            "total": len(plants),
        }

    def station_list(self, ask: Ask) -> Answer:
        """The old list, closed to API users made after 2022-06-30, as ours is."""
        raise Refusal(401, "Invalid access to current interface!")

    def device_list(self, ask: Ask) -> Answer:
        """All devices of the plants, not in pages."""
        return [_device_row(device) for plant in self._asked_plants(ask) for device in _devices(plant)]

    # ---- plants' figures

    def plants_now(self, ask: Ask) -> Answer:
        """Energies of today, the month and ever, as text."""
        return [{"stationCode": plant.key, "dataItemMap": self._plant_now(plant)} for plant in self._asked_plants(ask)]

    def plant_hours(self, ask: Ask) -> Answer:
        """The hours of the local day that has `collectTime`, as far as they have begun."""
        rows = []
        for plant in self._asked_plants(ask):
            day = _asked_instant(ask, "collectTime").astimezone(plant.zone()).date()
            rows += list(self._hours_of(plant, day))
        return rows

    def plant_days(self, ask: Ask) -> Answer:
        """The days of the local month that has `collectTime`."""
        return self._plant_periods(ask, "day")

    def plant_months(self, ask: Ask) -> Answer:
        """The months of the local year that has `collectTime`."""
        return self._plant_periods(ask, "month")

    def plant_years(self, ask: Ask) -> Answer:
        """All years of the plants."""
        return self._plant_periods(ask, "year")

    # ---- devices' figures

    def devices_now(self, ask: Ask) -> Answer:
        """The last frame of the devices."""
        rows = []
        for device in self._asked_devices(ask, most=100):
            frames = self._frames_of(device, self._world.now() - timedelta(days=1), self._world.now(), with_silence=True)
            last = deque(frames, maxlen=1)
            values = {**last[0]["dataItemMap"]} if last else {}
            if device.kind == INVERTER:
                values["run_state"] = 0 if values.get("inverter_state") is None else 1
            rows.append({"devId": device.id, "sn": device.serial, "dataItemMap": values})
        return rows

    def device_history(self, ask: Ask) -> Answer:
        """Frames of five minutes of at most ten devices of one type and three days, both ends included."""
        devices = self._asked_devices(ask, most=10, code=30031)
        start, end = _asked_instant(ask, "startTime"), _asked_instant(ask, "endTime")
        if start > end:
            raise Refusal(20023, "startTime is after endTime")
        if end - start > timedelta(days=3):
            raise Refusal(30032, "more than 3 days")
        return [row for device in devices for row in self._frames_of(device, start, end)]

    def device_frames(self, ask: Ask) -> Answer:
        """The old interface: frames of the local day that has `collectTime`."""
        rows = []
        for device in self._asked_devices(ask, most=100):
            zone = device.plant.zone()
            day = _asked_instant(ask, "collectTime").astimezone(zone).date()
            start, end = (datetime.combine(at, datetime.min.time(), zone) for at in (day, day + timedelta(days=1)))
            rows += list(self._frames_of(device, start, end - timedelta(seconds=1)))
        return rows

    def device_periods(self, ask: Ask, period: str) -> Answer:
        """Energies of the inverters' days, months or years."""
        rows = []
        for device in self._asked_devices(ask, most=100):
            if device.inverter is None:
                continue
            asked = _asked_instant(ask, "collectTime")
            for start, days in self._periods(device.plant, asked, period):
                energy = sum(self._energy_of(device.inverter, day) for day in days)
                values = {
                    "installed_capacity": device.inverter.capacity_kw,
                    "product_power": round(energy, 3),
                    "perpower_ratio": round(energy / device.inverter.capacity_kw, 3),
                }
                rows.append(
                    {
                        "devId": device.id,
                        "sn": device.serial,
                        "collectTime": _midnight_ms(device.plant, start),
                        "dataItemMap": values,
                    }
                )
        return rows

    def alarms(self, ask: Ask) -> Answer:
        """Active alarms only, raised within the span: an inverter whose last frame is a fault."""
        if not ask.get("language"):
            raise Refusal(20024, "language is empty")
        if ask["language"] not in LANGUAGES:
            raise Refusal(20025, "language is wrong")
        since, until = _asked_instant(ask, "beginTime"), _asked_instant(ask, "endTime")
        if since > until:
            raise Refusal(20023, "beginTime is after endTime")
        if until - since > timedelta(days=31):
            raise Refusal(20027, "more than 31 days")
        now = self._world.now()
        found = [
            _alarm_row(device, alarm.raised_at)
            for plant in self._asked_plants(ask)
            for device in _devices(plant)
            if device.inverter is not None
            for alarm in self._sunshine.alarms(device.inverter, now.astimezone(plant.zone()).date())
            if alarm.raised_at <= now < alarm.cleared_at and since <= alarm.raised_at <= until
        ]
        return [row for row in found if _is_chosen(row, ask)]

    # ---- what was asked for

    def _plants(self) -> tuple[Plant, ...]:
        return self._sunshine.plants(VENDOR)

    def _asked_plants(self, ask: Ask) -> list[Plant]:
        """The plants of a comma-joined text; unknown ones among good ones are left out without a word."""
        codes = _codes(ask, "stationCodes", empty=20010)
        if len(codes) > 100:
            raise Refusal(20014, "more than 100 plants")
        known = [plant for plant in self._plants() if plant.key in codes]
        if not known:
            raise Refusal(20007, "no such plant")
        return known

    def _asked_devices(self, ask: Ask, *, most: int, code: int = 20016) -> list[Device]:
        """The devices of a comma-joined text, which must be of the type that is told beside it."""
        codes = _codes(ask, "devIds", empty=20011)
        kind = ask.get("devTypeId")
        if kind not in MEASURED:
            raise Refusal(20013, "wrong device type")
        if len(codes) > most:
            raise Refusal(code, f"more than {most} devices")
        known = [self._devices[int(text)] for text in codes if text.removeprefix("-").isdecimal() and int(text) in self._devices]
        if any(device.kind != kind for device in known):
            raise Refusal(20006, "some devices do not match the type")
        return known

    # ---- what was

    def _energy_of(self, inverter: Inverter, day: date) -> float:
        """Energy of a local day, of today until now."""
        now = self._world.now()
        if day < now.astimezone(self._sunshine.plant_of(inverter).zone()).date():
            return self._sunshine.energy_kwh(inverter, day)
        return self._sunshine.day(inverter, day).until(now).energy_kwh

    def _periods(self, plant: Plant, asked: datetime, period: str) -> Iterator[tuple[date, list[date]]]:
        """First days and all days of the periods in the answer: since the plant's first day, until today."""
        day = asked.astimezone(plant.zone()).date()
        today = self._world.now().astimezone(plant.zone()).date()
        first, last = {
            "day": (day.replace(day=1), _next_month(day) - timedelta(days=1)),
            "month": (day.replace(month=1, day=1), day.replace(month=12, day=31)),
            "year": (plant.installed_on, today),
        }[period]
        grouped: defaultdict[date, list[date]] = defaultdict(list)
        for number in range(max(first, plant.installed_on).toordinal(), min(last, today).toordinal() + 1):
            own = date.fromordinal(number)
            start = {"day": own, "month": own.replace(day=1), "year": own.replace(month=1, day=1)}[period]
            grouped[start].append(own)
        yield from grouped.items()

    def _plant_periods(self, ask: Ask, period: str) -> list[dict[str, Any]]:
        rows = []
        for plant in self._asked_plants(ask):
            for start, days in self._periods(plant, _asked_instant(ask, "collectTime"), period):
                energy = sum(self._energy_of(inverter, day) for day in days for inverter in plant.inverters)
                sun = sum(self._sunshine.weather(plant, day).irradiation_kwh_m2 for day in days) if self._has_emi(plant) else None
                values = _long_figures(plant, energy, sun)
                rows.append({"stationCode": plant.key, "collectTime": _midnight_ms(plant, start), "dataItemMap": values})
        return rows

    def _hours_of(self, plant: Plant, day: date) -> Iterator[dict[str, Any]]:
        now = self._world.now()
        days = [self._sunshine.day(inverter, day).until(now) for inverter in plant.inverters]
        sun = dict(self._sunshine.weather(plant, day).hours)
        for at, (start, _) in enumerate(days[0].hours):
            values = _figures(plant, sum(own.hours[at][1] for own in days), sun[start] if self._has_emi(plant) else None)
            yield {"stationCode": plant.key, "collectTime": _ms(start), "dataItemMap": values}

    def _plant_now(self, plant: Plant) -> dict[str, str]:
        now = self._world.now()
        today = now.astimezone(plant.zone()).date()
        of_day = sum(self._energy_of(inverter, today) for inverter in plant.inverters)
        ever = of_day + sum(self._sunshine.energy_before(inverter, today) for inverter in plant.inverters)
        before_month = sum(self._sunshine.energy_before(inverter, today.replace(day=1)) for inverter in plant.inverters)
        states = [(self._sunshine.day(inverter, today).until(now).state or ["standby"])[-1] for inverter in plant.inverters]
        health = "1" if set(states) == {"offline"} else "2" if {"offline", "fault"} & set(states) else "3"
        return {
            "day_power": f"{of_day:.2f}",
            "month_power": f"{ever - before_month:.2f}",
            "total_power": f"{ever:.2f}",
            "day_income": f"{of_day * PRICE:.2f}",
            "total_income": f"{ever * PRICE:.2f}",
            "day_on_grid_energy": f"{of_day * (1 - USED_SHARE):.2f}",
            "day_use_energy": f"{of_day * USED_SHARE:.2f}",
            "real_health_state": health,
        }

    def _has_emi(self, plant: Plant) -> bool:
        return any(device.kind == EMI for device in _devices(plant))

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
                    yield {"devId": device.id, "sn": device.serial, "collectTime": _ms(instant), "dataItemMap": values}

    def _day_of(self, device: Device, day: date, *, with_silence: bool) -> Iterator[tuple[datetime, dict[str, Any]]]:
        if device.kind == EMI:
            weather = self._sunshine.weather(device.plant, day)
            yield from _emi_frames(weather)
            return
        assert device.inverter is not None
        own = self._sunshine.day(device.inverter, day)
        opened, closed = _open_hours(own, self._world.now())
        for at, instant in enumerate(own.instants):
            is_silent = own.power_kw[at] is None
            if is_silent and not with_silence and own.power_kw[at - 1] is None:
                continue
            yield instant, _inverter_values(own, at, device.inverter, opened, closed)


def _body_of(raw: bytes) -> Ask:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise Refusal(30030, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(30030, "the body is not an object")
    return body


def _refused(refusal: Refusal) -> Response:
    return JSONResponse(
        {"success": False, "failCode": refusal.code, "message": refusal.message, "data": refusal.data, "params": None}
    )


def _codes(ask: Ask, name: str, *, empty: int) -> list[str]:
    """The codes of a comma-joined text; a JSON array is not one."""
    text = ask.get(name)
    if not isinstance(text, str) or not text.strip(", "):
        raise Refusal(empty, f"{name} is empty")
    return [code.strip() for code in text.split(",") if code.strip()]


def _asked_instant(ask: Ask, name: str) -> datetime:
    value = ask.get(name)
    if value is None:
        raise Refusal(20012, f"{name} is empty")
    if not isinstance(value, int) or not 0 <= value < 32_503_680_000_000:
        raise Refusal(30030, f"{name} is not a time in milliseconds")
    return datetime.fromtimestamp(value / 1000, UTC)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _midnight_ms(plant: Plant, day: date) -> int:
    return _ms(datetime.combine(day, datetime.min.time(), plant.zone()))


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _installed(plant: Plant) -> datetime:
    return datetime.combine(plant.installed_on, datetime.min.time(), plant.zone()).replace(hour=10)


def _is_within(instant: datetime, since: int | None, until: int | None) -> bool:
    return (since is None or since <= _ms(instant)) and (until is None or _ms(instant) <= until)


def _devices(plant: Plant) -> list[Device]:
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


def _plant_row(plant: Plant) -> dict[str, Any]:
    return {
        "plantCode": plant.key,
        "plantName": plant.name,
        "plantAddress": plant.timezone.split("/")[1].replace("_", " "),
        "longitude": plant.longitude,
        "latitude": plant.latitude,
        "capacity": plant.capacity_kwp,
        "contactPerson": "",
        "contactMethod": "",
        "gridConnectionDate": _installed(plant).isoformat(),
    }


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


def _figures(plant: Plant, energy_kwh: float, sun_kwh_m2: float | None) -> dict[str, Any]:
    """A plant's hour: `_power` is energy in kWh."""
    return {
        "radiation_intensity": None if sun_kwh_m2 is None else round(sun_kwh_m2, 4),
        "theory_power": None if sun_kwh_m2 is None else round(sun_kwh_m2 * plant.capacity_kwp, 3),
        "inverter_power": round(energy_kwh, 3),
        "ongrid_power": round(energy_kwh * (1 - USED_SHARE), 3),
        "power_profit": round(energy_kwh * PRICE, 2),
    }


def _long_figures(plant: Plant, energy_kwh: float, sun_kwh_m2: float | None) -> dict[str, Any]:
    """A plant's day, month or year: more keys than an hour has."""
    figures = _figures(plant, energy_kwh, sun_kwh_m2)
    theory = figures["theory_power"]
    return {
        **figures,
        "installed_capacity": plant.capacity_kwp,
        "performance_ratio": round(100 * energy_kwh / theory, 2) if theory else None,
        "PVYield": round(energy_kwh, 3),
        "inverterYield": round(energy_kwh, 3),
        "use_power": round(energy_kwh - figures["ongrid_power"], 3),
        "perpower_ratio": round(energy_kwh / plant.capacity_kwp, 3),
        "reduction_total_co2": round(energy_kwh * 0.000475, 3),
        "reduction_total_coal": round(energy_kwh * 0.0004, 3),
        "reduction_total_tree": None,
    }


def _open_hours(own: InverterDay, now: datetime) -> tuple[int | None, int | None]:
    """When the inverter went on grid on this day, and when it left it; None of what has not been yet."""
    awake = [instant for instant, power in zip(own.instants, own.power_kw, strict=True) if power]
    if not awake or awake[0] > now:
        return None, None
    return _ms(awake[0]), _ms(awake[-1]) if awake[-1] + timedelta(minutes=5) <= now else None


def _inverter_values(
    own: InverterDay, at: int, inverter: Inverter, opened: int | None, closed: int | None
) -> dict[str, float | int | None]:
    """One frame of a string inverter: kW, kWh, V, A, °C; all null while it cannot be reached."""
    power = own.power_kw[at]
    strings = [f"pv{number}_{letter}" for number in range(1, STRINGS + EMPTY_STRINGS + 1) for letter in "ui"]
    values: dict[str, float | int | None] = dict.fromkeys([*INVERTER_KEYS, *strings])
    if power is None:
        return values
    total, sway = own.total_energy_kwh[at], (at % 7 - 3) / 10
    values.update({
        "inverter_state": STATES[own.state[at]],
        "active_power": power,
        "reactive_power": round(-0.008 * power, 3),
        "power_factor": 1.0 if power else 0.0,
        "mppt_power": round(power * DC_SHARE, 3),
        "mppt_total_cap": None if total is None else round(total * DC_SHARE, 3),
        "day_cap": own.day_energy_kwh[at],
        "total_cap": total,
        "temperature": own.temp_c[at],
        "efficiency": 98.5 if power else 0.0,
        "elec_freq": round(50.0 + sway / 10, 2),
        "open_time": opened,
        "close_time": closed,
    })  # fmt: skip
    for phase, pair in zip("abc", ("ab", "bc", "ca"), strict=True):
        volts = 231.0 + sway
        values[f"{phase}_u"], values[f"{pair}_u"] = round(volts, 1), round(volts * 3**0.5, 1)
        values[f"{phase}_i"] = round(power * 1000 / 3 / volts, 2)
    for number in range(1, STRINGS + 1):
        volts = 612.0 + number + sway if power else 0.0
        values[f"pv{number}_u"] = round(volts, 1)
        values[f"pv{number}_i"] = round(power * DC_SHARE * 1000 / STRINGS / volts, 2) if power else 0.0
    return values


def _emi_frames(weather: Weather) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Frames of a weather station on the level plane: W/m2, MJ/m2 since midnight, °C, m/s."""
    total, before = 0.0, 0.0
    for instant, irradiance, ambient in zip(weather.instants, weather.irradiance_w_m2, weather.ambient_c, strict=True):
        total += (before + irradiance) / 2 * STEP_S / 1e6
        before = irradiance
        values = {
            "temperature": ambient,
            "pv_temperature": round(ambient + 0.03 * irradiance, 1),
            "wind_speed": 2.4,
            "wind_direction": 120.0,
            "radiant_line": irradiance,
            "horiz_radiant_line": irradiance,
            "radiant_total": round(total, 4),
            "horiz_radiant_total": round(total, 4),
        }
        yield instant, values


def _alarm_row(device: Device, raised_at: datetime) -> dict[str, Any]:
    return {
        "stationCode": device.plant.key,
        "stationName": device.plant.name,
        "devName": device.name,
        "esnCode": device.serial,
        "devTypeId": device.kind,
        "alarmId": 2032,
        "alarmName": "Grid Loss",
        "alarmCause": "The grid voltage is outside of the range.",
        "causeId": 1,
        "alarmType": 2,
        "lev": 2,
        "status": 1,
        "raiseTime": _ms(raised_at),
        "repairSuggestion": "Check the AC breaker.",
    }


def _is_chosen(row: dict[str, Any], ask: Ask) -> bool:
    """Whether an alarm is among the asked statuses, levels, device types and types (comma-joined texts)."""
    chosen = {"status": "status", "levels": "lev", "devTypes": "devTypeId", "types": "alarmType"}
    return all(str(row[key]) in str(ask[name]).split(",") for name, key in chosen.items() if ask.get(name))
