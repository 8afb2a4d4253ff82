"""Deye Cloud v1.0: stations and their devices, five-minute frames, energies of days and months, alarms.

Station fields carry no unit (power is W, energy kWh); device points carry one, which is trusted. Instants are epoch seconds as a
number or text, days are dates of the station's own zone. Errors come with HTTP 200 and a `code`.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument, HeliographError, Refused, TryLater
from include.core.fleet import DeviceRow, PlantRow, Registry, RejectedRow
from include.core.frames import Piece
from include.core.pulls import PulledDevice, PulledFleet, RateLimit, Request, Tokens
from include.core.span import Span, day_span, days_between, instant_of, local_day, next_month, zone
from include.core.vendors import VENDORS
from include.sources.clouds.document import LandedAnswer, json_object, unpack_answer
from include.sources.clouds.errors import NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded, Unanswerable
from include.sources.clouds.http import Reply, gateway
from include.sources.clouds.place import place_of, zone_at
from include.sources.clouds.portions import groups, months_over, parts
from include.sources.clouds.rows import AnswerRows, Column, column_of, first_of
from include.sources.clouds.session import Answer, Call, Cloud, Credentials, Post, SessionLike
from include.sources.formats import names, numbers
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, Instants, microseconds

_LABEL: Final = VENDORS["deye"].label
_PREFIX: Final = "/v1.0/"

_TOKEN: Final = "account/token"  # noqa: S105 - the name of an interface
_INFO: Final = "account/info"
_STATIONS: Final = "station/list"
_DEVICES: Final = "station/device"
_STATION_NOW: Final = "station/latest"
_STATION_HISTORY: Final = "station/history"
_ALERTS: Final = "station/alertList"
_DEVICES_NOW: Final = "device/latest"
_DEVICE_RAW: Final = "device/historyRaw"
_DEVICE_HISTORY: Final = "device/history"
_POINTS_OF: Final = "device/measurePoints"

_ROWS: Final[Mapping[str, str]] = {
    _STATIONS: "stationList",
    _DEVICES: "deviceListItems",
    _STATION_HISTORY: "stationDataItems",
    _ALERTS: "stationAlertItems",
    _DEVICES_NOW: "deviceDataList",
    _DEVICE_RAW: "dataList",
    _DEVICE_HISTORY: "dataList",
    _POINTS_OF: "measurePoints",
}
"""The list of rows in the answer of each interface; `station/latest` has its only row at the top."""

_IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    _STATIONS: ("id",),
    _DEVICES: ("deviceSn", "deviceType"),
    _ALERTS: ("alertId",),
}
"""Interfaces with pages, and what tells their rows apart."""

_GROUPS: Final[Mapping[str, str]] = {_DEVICES: "stationIds", _DEVICES_NOW: "deviceList"}
"""Interfaces that are asked for several at once, and refuse all of them where one is unknown."""

_GROUP: Final = 10
_PAGE: Final = 200
_MOST_PAGES: Final = 500
_RAW_DAYS: Final = 5
_HISTORY_DAYS: Final = 31
_HISTORY_MONTHS: Final = 11
"""One less than the vendor allows: the month after them is asked too, since nobody says whether the end is included."""
_ALERT_SPAN: Final = timedelta(days=180)
_DAY_S: Final = 86_400
_LONGEST_TOKEN_S: Final = 50 * _DAY_S
_FRAMES, _DAYS, _MONTHS = 1, 2, 3
_FRAMES_PER_CALL: Final = 1400
_DENSE_S: Final = 200.0
"""Frames that follow each other faster than this [s] are not those of five minutes."""

_INVERTERS: Final = ("INVERTER", "MICRO_INVERTER", "MICRO_STORAGE_IN_ONE")
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_INVERTERS, "inverter"),
    "COLLECTOR": "logger",
    "LORA_MASTER": "logger",
    "BATTERY": "battery",
}
_STATES: Final[Mapping[str, str]] = {"1": "online", "2": "alert", "3": "offline"}
_SEVERITIES: Final[Mapping[str, str]] = {"0": "notice", "1": "minor", "2": "major"}

_POWER_UNITS: Final[Mapping[str, float]] = {"": 1000.0, "w": 1000.0, "kw": 1.0, "mw": 0.001}
_ENERGY_UNITS: Final[Mapping[str, float]] = {"": 1.0, "wh": 1000.0, "kwh": 1.0, "mwh": 0.001}
_CELSIUS: Final[Mapping[str, float]] = {"": 1.0, "℃": 1.0, "°c": 1.0, "c": 1.0}
_HERTZ: Final[Mapping[str, float]] = {"": 1.0, "hz": 1.0}

_POINTS: Final[tuple[tuple[str, tuple[str, ...], Mapping[str, float]], ...]] = (
    ("ac_power_kw", ("TotalActiveACOutputPower",), _POWER_UNITS),
    ("dc_power_kw", ("TotalDCInputPower", "TotalSolarPower"), _POWER_UNITS),
    ("energy_today_kwh", ("DailyActiveProduction",), _ENERGY_UNITS),
    ("energy_total_kwh", ("TotalActiveProduction",), _ENERGY_UNITS),
    ("temp_inverter_c", ("AC Temperature", "DC Temperature"), _CELSIUS),
    ("frequency_hz", ("ACOutputFrequencyR", "GridFrequency"), _HERTZ),
)
"""Quantity, the points that tell it, best first, and the divisor for each unit, in lower case, that a point may come in."""

_READ_POINTS: Final = frozenset(point for _, points, _ in _POINTS for point in points)
_NO_POINT: Final[Mapping[str, Any]] = {}

_HISTORY_POINTS: Final = _POINTS[:5]
"""A history call takes five points."""

_STATION_FIELDS: Final[tuple[tuple[str, str, float], ...]] = (
    ("ac_power_kw", "generationPower", 1000.0),
    ("load_power_kw", "consumptionPower", 1000.0),
    # The vendor's + is discharging, ours is charging.
    ("battery_power_kw", "batteryPower", -1000.0),
    ("battery_pct", "batterySOC", 1.0),
    ("irradiance_ghi_w_m2", "irradiateIntensity", 1.0),
)
_STATION_POWERS: Final = (*(name for _, name, _ in _STATION_FIELDS), "gridPower", "purchasePower", "wirePower")
_DAY_FIELDS: Final[tuple[tuple[str, str, float], ...]] = (
    ("energy_day_kwh", "generationValue", 1.0),
    ("load_day_kwh", "consumptionValue", 1.0),
    ("export_day_kwh", "gridValue", 1.0),
    ("import_day_kwh", "purchaseValue", 1.0),
)
_MONTH_FIELDS: Final[tuple[tuple[str, str, float], ...]] = (("energy_month_kwh", "generationValue", 1.0),)

_OK: Final = "1000000"
_NO_RECORDS: Final = "2101016"
_ENDED: Final = frozenset({"2101017", "2101019"})
_STOPS: Final = frozenset({"2101009", "2101018", "2101021", "2101025"})
_FORBIDDEN: Final = frozenset({"2101003", "2101023"})
_POINT_UNKNOWN: Final = "2106001"
_DEVICE_REFUSES: Final = "2104005"
_NO_ANSWER: Final = frozenset({
    "2101005", "2101006", "2101007", "2101008", "2101012", "2101013", "2101014", "2101015", "2101026", "2101031", "2101032",
    _DEVICE_REFUSES, _POINT_UNKNOWN,
})  # fmt: skip


class _PointUnknown(Unanswerable):
    """The device does not have one of the points that were asked."""


class _DeviceRefuses(Unanswerable):
    """The device does not answer this kind of question."""


class _Broken(TryLater):
    """The cloud fell over the question; some devices always make it do so for `device/historyRaw`."""


# ---- account ----------------------------------------------------------------------------------------------------------------


def _log_in(post: Post, credentials: Credentials, _last: Tokens | None) -> Tokens:
    """A token of the given company, else of the only one, else of the person."""
    company = credentials.get("company_id")
    if company:
        return _new_tokens(post, credentials, company)
    personal = _new_tokens(post, credentials, None)
    companies = _companies(post, credentials, personal)
    if not companies:
        return personal
    if len(companies) > 1:
        listed = ", ".join(f"{key} ({name})" if name else key for key, name in companies.items())
        raise Rejected(f"the {_LABEL} account belongs to several companies; set the company id to one of {listed}")
    return _new_tokens(post, credentials, next(iter(companies)))


def _new_tokens(post: Post, credentials: Credentials, company: str | None) -> Tokens:
    login = _field(credentials, "login")
    body: dict[str, Any] = {
        "appSecret": _field(credentials, "app_secret"),
        "email" if "@" in login else "username": login,
        "password": hashlib.sha256(_field(credentials, "password").encode()).hexdigest(),
    }
    if company is not None:
        if not (company.isascii() and company.isdecimal()):
            raise Rejected(f"the company id {company[:40]!r} of the {_LABEL} account is no number; correct it")
        body["companyId"] = int(company)
    path = f"{_PREFIX}{_TOKEN}?appId={quote(_field(credentials, 'app_id'), safe='')}"
    data = _classify_response(_TOKEN, post(_TOKEN, Call(path, body, {})))
    return Tokens(_access(data), _life_s(data.get("expiresIn")))


def _field(credentials: Credentials, name: str) -> str:
    value = credentials.get(name, "").strip()
    if not value:
        raise Rejected(f"the {_LABEL} account has no {name}; fill it in")
    return value


def _access(data: Mapping[str, Any]) -> str:
    token = names.text(data.get("accessToken"), 10_000) or ""
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token or not token.isascii():
        raise TryLater(f"{_LABEL} let the account in without a token; ask again")
    return token


def _life_s(expires_in: object) -> float:
    """A day less than the vendor says, at most 50 days; half of what it says where that is less than two days."""
    said = numbers.number(expires_in)
    # Not a number, which is not even equal to itself, is as good as nothing said.
    seconds = _DAY_S if said is None or said != said else int(said)
    return float(min(max(seconds - _DAY_S, seconds // 2, 0), _LONGEST_TOKEN_S))


def _companies(post: Post, credentials: Credentials, tokens: Tokens) -> dict[str, str | None]:
    data = _classify_response(_INFO, post(_INFO, _sign(_INFO, {}, credentials, tokens)))
    listed = [] if _is_empty(data) else data.get("orgInfoList") or []
    if not isinstance(listed, list):
        raise TryLater(f"{_LABEL} answered {_INFO} without a list of companies; ask again")
    rows = [row for row in listed if isinstance(row, dict)]
    found = {names.key(row.get("companyId")): names.text(row.get("companyName")) for row in rows}
    return {key: name for key, name in found.items() if key is not None}


def _sign(interface: str, body: Mapping[str, Any], _credentials: Credentials, tokens: Tokens) -> Call:
    return Call(_PREFIX + interface, body, {"Authorization": f"Bearer {tokens.access}"})


def _rate_limits(_fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The vendor publishes none; these are below those of the platform that it runs on."""
    return (
        RateLimit("*", 2, 1),
        RateLimit("*", 250, 10),
        RateLimit("*", 45_000, _DAY_S),
        RateLimit(_TOKEN, 5, 600),
    )


# ---- verdict ----------------------------------------------------------------------------------------------------------------


def _classify_response(interface: str, reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; one that says "no records" counts as a success without rows."""
    try:
        data = json_object(reply.body)
    except BadDocument as fault:
        gateway(reply, _LABEL)
        raise TryLater(f"{_LABEL} answered {interface} with HTTP {reply.status} and no JSON; ask again") from fault
    code = names.key(data.get("code"))
    if code == _NO_RECORDS or (code == _OK and data.get("success") is not False and reply.status == 200):
        return data
    if code is None or code == _OK:
        if "UndeclaredThrowableException" in str(data.get("exception")):
            said = f"{_LABEL} broke down over {interface} (HTTP {reply.status})"
            if interface in {_TOKEN, _DEVICE_RAW}:
                raise _Broken(f"{said}; ask again")
            # So it also treats a token that is not good any more.
            raise TokenEnded(f"{said}, as it does when a token has ended; log in again")
        gateway(reply, _LABEL)
        raise TryLater(f"{_LABEL} answered {interface} without saying whether it succeeded; ask again")
    raise _refusal(interface, code, names.text(data.get("msg"), 1000) or "no message")


def _refusal(interface: str, code: str, message: str) -> HeliographError:
    said = f"{_LABEL} answered {interface} with {code} ({message[:200]})"
    if code in _ENDED:
        return TokenEnded(f"{said}: the token has ended; where this repeats, choose the region in which the account was made")
    if code == "2101002":
        return RateLimited(f"{said}: too many calls; ask again in a minute", after_s=60)
    if code == "2101010":
        # Of which window nobody says; a short one must not cost a day.
        return QuotaExhausted(f"{said}: the allowance is used up; ask again in a minute, then ever later", after_s=60)
    is_login = interface in {_TOKEN, _INFO}
    if code in _STOPS or (is_login and (code in _FORBIDDEN | _NO_ANSWER or "password" in message.lower())):
        return Rejected(f"{said}: the login is refused; correct login, password, app, company and region of the account")
    if code in _FORBIDDEN:
        return NotPermitted(f"{said}: the account may not use this interface; let its company's administrator permit it")
    if code in _NO_ANSWER:
        kind = {_POINT_UNKNOWN: _PointUnknown, _DEVICE_REFUSES: _DeviceRefuses}.get(code, Unanswerable)
        return kind(f"{said}: the question has no answer; it is not asked again")
    return TryLater(f"{said}; ask again")


# ---- asks -------------------------------------------------------------------------------------------------------------------


def _fleet_requests(_credentials: Credentials) -> list[Request]:
    return [Request(_STATIONS, {"page": 1, "size": _PAGE}, "fleet")]


def _device_requests(_credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    stations = [_station_id(plant.key) for plant in fleet.plants]
    return [Request(_DEVICES, {"stationIds": group, "page": 1, "size": _PAGE}, "fleet") for group in groups(stations, _GROUP)]


def _snapshot_requests(_credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    stations = [
        Request(_STATION_NOW, {"stationId": _station_id(plant.key)}, "plants", subjects=(plant.key,)) for plant in fleet.plants
    ]
    inverters = [device.key for device in fleet.devices_of(*_INVERTERS)]
    return [
        *stations,
        *(Request(_DEVICES_NOW, {"deviceList": group}, "devices", subjects=tuple(group)) for group in groups(inverters, _GROUP)),
    ]


def _alarm_requests(_credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    return [
        Request(
            _ALERTS,
            {"stationId": _station_id(plant.key), **_seconds(part, end_s=part.end.timestamp()), "page": 1, "size": _PAGE},
            "alarms",
            part,
            (plant.key,),
        )
        for plant in fleet.plants
        for part in parts(span, _ALERT_SPAN)
    ]


def _day_requests(_credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    requests: list[Request] = []
    inverters: dict[str, list[PulledDevice]] = {}
    for device in fleet.devices_of(*_INVERTERS):
        inverters.setdefault(device.plant_key, []).append(device)
    for plant in fleet.plants:
        timezone = zone(plant.timezone)
        requests += _ask_energies(plant.key, timezone, first, last)
        if not is_backfill:
            requests += [_ask_station_frames(plant.key, timezone, day) for day in _days(first, last)]
        for device in inverters.get(plant.key, ()):
            requests += [_ask_frames(device, timezone, days) for days in _raw_days(first, last, timezone)]
    return requests


def _ask_energies(plant_key: str, timezone: ZoneInfo, first: date, last: date) -> Iterator[Request]:
    """Days, and those months of them that are over on the day after the last."""
    for days in groups(_days(first, last), _HISTORY_DAYS):
        end = days[-1] + timedelta(days=1)
        yield _ask_station(plant_key, _DAYS, (f"{days[0]}", f"{end}"), day_span(days[0], timezone, len(days)))
    for months in groups(months_over(first, last), _HISTORY_MONTHS):
        end = next_month(months[-1])
        yield _ask_station(
            plant_key, _MONTHS, (f"{months[0]:%Y-%m}", f"{end:%Y-%m}"), day_span(months[0], timezone, (end - months[0]).days)
        )


def _ask_station_frames(plant_key: str, timezone: ZoneInfo, day: date) -> Request:
    return _ask_station(plant_key, _FRAMES, (f"{day}", None), day_span(day, timezone))


def _ask_station(plant_key: str, granularity: int, period: tuple[str, str | None], span: Span) -> Request:
    start, end = period
    body = {"stationId": _station_id(plant_key), "granularity": granularity, "startAt": start, "endAt": end}
    return Request(_STATION_HISTORY, body, "plants", span, (plant_key,))


def _ask_frames(device: PulledDevice, timezone: ZoneInfo, days: Sequence[date]) -> Request:
    """Frames of whole local days. `days` is for the interface that is asked day by day where this one fails; it is not sent."""
    span = day_span(days[0], timezone, len(days))
    body = {
        "deviceSn": device.key,
        **_seconds(span, end_s=span.end.timestamp() - 1),
        "measurePoints": [points[0] for _, points, _ in _HISTORY_POINTS],
        "days": [f"{day}" for day in days],
    }
    return Request(_DEVICE_RAW, body, "devices", span, (device.key,))


def _raw_days(first: date, last: date, timezone: ZoneInfo) -> Iterator[list[date]]:
    """Runs of local days that are not longer than five times 24 hours, also where a day has 25."""
    run: list[date] = []
    for day in _days(first, last):
        span = day_span(run[0] if run else day, timezone, len(run) + 1)
        if run and span.end - span.start > timedelta(days=_RAW_DAYS):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _days(first: date, last: date) -> list[date]:
    return list(days_between(first, last + timedelta(days=1)))


def _seconds(span: Span, *, end_s: float) -> dict[str, int]:
    return {"startTimestamp": int(span.start.timestamp()), "endTimestamp": int(end_s)}


def _station_id(key: str) -> int | str:
    return int(key) if key.isascii() and key.isdecimal() else key


# ---- fetch ------------------------------------------------------------------------------------------------------------------


def _fetch(session: SessionLike, request: Request) -> list[Answer]:
    if request.interface == _DEVICE_RAW:
        return _fetch_frames(session, request)
    return _fetch_group(session, request.interface, request.body)


def _fetch_group(session: SessionLike, interface: str, body: Mapping[str, Any]) -> list[Answer]:
    """All pages; a group that is refused for one unknown member is asked in halves, until only that one is left out."""
    try:
        return _fetch_pages(session, interface, body) if interface in _IDENTITY else [_asked(session, interface, body)]
    except Unanswerable as refused:
        name = _GROUPS.get(interface)
        group = body[name] if name else []
        if len(group) < 2:
            raise
        fault = refused
    answers: list[Answer] = []
    for half in groups(group, (len(group) + 1) // 2):
        try:
            answers += _fetch_group(session, interface, {**body, str(name): half})
        except Unanswerable as refused:
            fault = refused
    if not answers:
        raise fault
    return answers


def _fetch_pages(session: SessionLike, interface: str, body: Mapping[str, Any]) -> list[Answer]:
    """Pages until all rows that the vendor counts are there. Raises `TryLater` for a page that repeats or is missing."""
    answers: list[Answer] = []
    known: set[str] = set()
    row_count = 0
    for page in range(1, _MOST_PAGES + 1):
        answer = _asked(session, interface, {**body, "page": page})
        answers.append(answer)
        rows = _rows(answer.data, interface)
        found = {_identity(row, _IDENTITY[interface]) for row in rows}
        is_new = not found <= known
        known |= found
        row_count += len(rows)
        total = _total(answer.data, interface)
        # A row may rightly come twice; then no page has anything new, and none is full, once all have come.
        if len(known) >= total or (row_count >= total and len(rows) < body["size"]):
            return answers
        if not is_new:
            raise TryLater(f"{_LABEL} told {len(known)} of {total} rows of {interface}, page {page} is missing; ask again")
    raise TryLater(f"{_LABEL} has more than {_MOST_PAGES} pages of {interface}; ask again")


def _identity(row: object, fields: Iterable[str]) -> str:
    return str([row.get(name) for name in fields] if isinstance(row, dict) else row)


def _total(data: Mapping[str, Any], interface: str) -> int:
    if _is_empty(data):
        return 0
    total = numbers.number(data.get("total"), frozenset())
    if total is None or not 0 <= total < 1e9:
        raise TryLater(f"{_LABEL} answered {interface} without the total of its rows; ask again")
    return int(total)


def _fetch_frames(session: SessionLike, request: Request) -> list[Answer]:
    """Frames of some days at once; day by day where the device or the cloud does not do that."""
    given = {name: value for name, value in request.body.items() if name not in {"days", "measurePoints"}}
    points = _Points(session, request.body["deviceSn"], request.body["measurePoints"])
    with suppress(_PointUnknown, _DeviceRefuses, _Broken):
        answers = _with_points(session, _DEVICE_RAW, [given], points)
        if len(request.body["days"]) == 1 or not _is_cut(_rows(answers[0].data, _DEVICE_RAW)):
            return answers
    day = {"deviceSn": request.body["deviceSn"], "granularity": _FRAMES, "endAt": None}
    return _with_points(session, _DEVICE_HISTORY, [{**day, "startAt": start} for start in request.body["days"]], points)


def _is_cut(rows: Sequence[Any]) -> bool:
    """Whether frames that come each minute may have been too many for one answer, which ends after about 1440 of them."""
    times = [numbers.number(row.get("time")) for row in rows if isinstance(row, dict)]
    known = [time for time in times if time is not None and math.isfinite(time)]
    return len(known) >= _FRAMES_PER_CALL and max(known) - min(known) < _DENSE_S * len(known)


class _Points:
    """The points to ask of one device; corrected once by what the device has."""

    def __init__(self, session: SessionLike, serial: str, wanted: Sequence[str]) -> None:
        self.wanted = list(wanted)
        self._session = session
        self._serial = serial
        self._is_checked = False

    def correct(self) -> bool:
        """Keep what the device has, or what stands for it; tells whether that changed anything."""
        if self._is_checked:
            return False
        self._is_checked = True
        listed = _rows(_asked(self._session, _POINTS_OF, {"deviceSn": self._serial}).data, _POINTS_OF)
        known = {row.get("key") if isinstance(row, dict) else row for row in listed if isinstance(row, dict | str)}
        found = [next((point for point in points if point in known), None) for _, points, _ in _HISTORY_POINTS]
        before, self.wanted = self.wanted, [point for point in found if point is not None]
        if not self.wanted:
            raise Unanswerable(f"{_LABEL}'s device {self._serial} has none of the points that are read; it is not asked again")
        return before != self.wanted


def _with_points(session: SessionLike, interface: str, bodies: Sequence[Mapping[str, Any]], points: _Points) -> list[Answer]:
    def ask_all() -> list[Answer]:
        return [_asked(session, interface, {**body, "measurePoints": points.wanted}) for body in bodies]

    try:
        return ask_all()
    except _PointUnknown:
        if not points.correct():
            raise
    return ask_all()


def _asked(session: SessionLike, interface: str, body: Mapping[str, Any]) -> Answer:
    """One answer with the envelope that the interface has; raises `TryLater` for another."""
    answer = session.post(interface, body)
    try:
        _rows(answer.data, interface)
    except BadDocument as fault:
        raise TryLater(f"{fault}; ask again") from fault
    return answer


def _rows(data: Mapping[str, Any], interface: str) -> list[Any]:
    name = _ROWS.get(interface)
    if _is_empty(data):
        return []
    if name is None:
        if "lastUpdateTime" not in data:
            raise BadDocument(f"{_LABEL}'s answer to {interface} has no lastUpdateTime")
        return [data]
    rows = data.get(name, False)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadDocument(f"{_LABEL}'s answer to {interface} has no list {name}")
    return rows


def _is_empty(data: Mapping[str, Any]) -> bool:
    return names.key(data.get("code")) == _NO_RECORDS


# ---- readings ---------------------------------------------------------------------------------------------------------------


def _parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Readings of a station, or of devices; which of the devices' answers it is, the answer itself tells."""
    landed = unpack_answer(body)
    readings = _Readings(landed.request, context)
    if landed.request.kind == "plants":
        _read_station(landed, readings, context)
    elif _ROWS[_DEVICES_NOW] in landed.data:
        _read_devices_now(landed, readings)
    else:
        _read_frames(landed, readings)
    return readings.columns.rest()


class _Readings:
    """Gathers the rows of one answer; leaves out subjects and instants that were not asked for."""

    def __init__(self, request: Request, context: ParseContext) -> None:
        self.columns = Columns(context)
        self.rows = AnswerRows()
        self._subjects = frozenset(request.subjects)
        self._span = (microseconds(request.span.start), microseconds(request.span.end)) if request.span else None
        self._instants = Instants(context.timezone)

    def is_asked(self, key: str | None) -> bool:
        """Whether the answer was to be about this subject."""
        return key in self._subjects

    def add_at(self, row_number: int, key: str, stamp: object, points: Mapping[str, Any], record: object) -> None:
        """Add a row at a written time; one with neither a time nor a point that is read says nothing."""
        if stamp is not None or not _READ_POINTS.isdisjoint(points):
            self.add(row_number, key, self.instant(stamp, key), points, record)

    def instant(self, stamp: object, key: str) -> int:
        """Instant of a written time."""
        return self._instants.read(stamp, key)

    def add(self, row_number: int, key: str, instant: int, points: Mapping[str, Any], record: object) -> None:
        """Add a row; `UNREADABLE` keeps the record."""
        if self._span is None or instant == UNREADABLE or self._span[0] <= instant < self._span[1]:
            self.rows.append(row_number, self.columns.code(key), instant, points, record)

    def tell(self, quantity: str, column: Column) -> None:
        """Add the readings of one quantity."""
        self.rows.tell(self.columns, quantity, column)


def _read_station(landed: LandedAnswer, readings: _Readings, context: ParseContext) -> None:
    """The station's fields now, its frames, its days or its months; the answer does not name the station."""
    if len(landed.request.subjects) != 1:
        raise BadDocument(
            f"an answer of {_LABEL} about {len(landed.request.subjects)} stations cannot be read; one is asked at once"
        )
    key = landed.request.subjects[0]
    granularity = landed.request.body.get("granularity", _FRAMES)
    timezone = context.zones.get(key, context.timezone)
    fields = {_FRAMES: _STATION_FIELDS, _MONTHS: _MONTH_FIELDS}.get(granularity, _DAY_FIELDS)
    for row_number, row in enumerate(_rows(landed.data, landed.request.interface), start=1):
        if not isinstance(row, dict):
            readings.columns.add_unreadable(row_number, fields[0][0], row)
        elif granularity == _FRAMES:
            stamp = row.get("timeStamp") if landed.request.interface == _STATION_HISTORY else row.get("lastUpdateTime")
            if stamp is not None or any(row.get(name) is not None for name in _STATION_POWERS):
                readings.add(row_number, key, readings.instant(stamp, key), row, row)
        else:
            readings.add(row_number, key, _period_start(row, timezone, is_month=granularity == _MONTHS), row, row)
    for quantity, name, divisor in fields:
        readings.tell(quantity, column_of(readings.rows.points, name).over(divisor))
    if granularity == _FRAMES:
        readings.tell("grid_power_kw", _grid_power(readings.rows.points))


def _grid_power(rows: Sequence[Mapping[str, Any]]) -> Column:
    """What is bought less what is fed in, + = import; where neither is told, what the wire carries."""
    fed_in, bought, wire = (column_of(rows, name).over(1000) for name in ("gridPower", "purchasePower", "wirePower"))
    return bought.else_zero(fed_in).less(fed_in.else_zero(bought)).else_of(wire)


def _period_start(row: Mapping[str, Any], timezone: ZoneInfo, *, is_month: bool) -> int:
    """Instant at which the row's local day or month begins."""
    fields = ("year", "month") if is_month else ("year", "month", "day")
    read = [numbers.number(row.get(name), frozenset()) for name in fields]
    try:
        year, month, *days = [int(number) for number in read if number is not None and number == int(number)]
        return microseconds(day_span(date(year, month, 1 if is_month else days[0]), timezone).start)
    except (ValueError, IndexError, OverflowError):
        return UNREADABLE


def _read_devices_now(landed: LandedAnswer, readings: _Readings) -> None:
    for row_number, row in enumerate(_rows(landed.data, _DEVICES_NOW), start=1):
        key = names.key(row.get("deviceSn")) if isinstance(row, dict) else None
        if key is None:
            readings.columns.add_unreadable(row_number, "ac_power_kw", row)
        elif readings.is_asked(key):
            readings.add_at(row_number, key, row.get("collectionTime"), _points_of(row.get("dataList")), row)
    _tell_points(readings)
    codes = {at: names.key(row.get("deviceState")) for at, row in enumerate(readings.rows.records)}
    readings.rows.tell_states(readings.columns, {at: _STATES.get(code, code) for at, code in codes.items() if code is not None})


def _read_frames(landed: LandedAnswer, readings: _Readings) -> None:
    """Frames of one device, however they were asked for."""
    named = landed.data.get("deviceSn")
    key = landed.request.subjects[0] if named is None and len(landed.request.subjects) == 1 else names.key(named)
    rows = _rows(landed.data, _DEVICE_RAW)
    if key is None or not readings.is_asked(key):
        return
    for row_number, row in enumerate(rows, start=1):
        if isinstance(row, dict):
            readings.add_at(row_number, key, row.get("time"), _points_of(row.get("itemList")), row)
        else:
            readings.columns.add_unreadable(row_number, "ac_power_kw", row)
    _tell_points(readings)


def _points_of(items: object) -> dict[str, Mapping[str, Any]]:
    """The points of a row by key: each with its value and unit."""
    if not isinstance(items, list):
        return {}
    try:
        return {item["key"]: item for item in items}
    except (TypeError, KeyError):
        rows = [item for item in items if isinstance(item, dict)]
        return {key: item for item in rows if isinstance(key := item.get("key"), str)}


def _tell_points(readings: _Readings) -> None:
    rows = readings.rows.points
    told = frozenset().union(*rows)
    for quantity, points, divisors in _POINTS:
        columns = [_in_unit([row.get(point, _NO_POINT) for row in rows], divisors) for point in points if point in told]
        if columns:
            readings.tell(quantity, first_of(columns))


def _in_unit(items: Sequence[Mapping[str, Any]], divisors: Mapping[str, float]) -> Column:
    """Values by their own units; unreadable in a unit that nobody knows, since a guess could be wrong a thousandfold."""
    column, units = column_of(items, "value"), [item.get("unit", "") for item in items]
    if units.count(units[0]) == len(units):
        return column.over(_divisor(units[0], divisors))
    return column.over(np.array([_divisor(unit, divisors) for unit in units], np.float64))


def _divisor(unit: object, divisors: Mapping[str, float]) -> float:
    return divisors.get(unit.strip().lower() if isinstance(unit, str) else "", math.nan)


# ---- fleet ------------------------------------------------------------------------------------------------------------------


def _parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Stations as plants, or devices of the stations that were asked."""
    landed = unpack_answer(body)
    registry = Registry()
    if _ROWS[_STATIONS] in landed.data:
        plants: dict[str, PlantRow] = {}
        for row in _named_rows(landed, _STATIONS, ("id",), registry):
            plant = _plant(row, Instants(context.timezone))
            plants.setdefault(plant.plant_key, plant)
        registry.plants += plants.values()
    else:
        devices: dict[str, DeviceRow] = {}
        asked = tuple(str(key) for key in _asked_stations(landed.request))
        for row in _named_rows(landed, _DEVICES, ("deviceSn", "deviceType"), registry):
            _take_device(devices, row, asked)
        registry.devices += devices.values()
    return registry


def _asked_stations(request: Request) -> list[Any]:
    stations = request.body.get("stationIds")
    return stations if isinstance(stations, list) else []


def _named_rows(landed: LandedAnswer, interface: str, wanted: tuple[str, ...], registry: Registry) -> Iterator[Mapping[str, Any]]:
    """Rows that say what they are about; the others are noted."""
    for row_number, row in enumerate(_rows(landed.data, interface), start=1):
        if isinstance(row, dict) and all(names.key(row.get(name)) is not None for name in wanted):
            yield row
        else:
            reason = f"row {row_number} of {_ROWS[interface]} does not say what it is about; ask {_LABEL} again"
            registry.rejected.append(RejectedRow(row_number, reason, names.raw_text(row)))


def _plant(row: Mapping[str, Any], instants: Instants) -> PlantRow:
    latitude, longitude = place_of(row.get("locationLat"), row.get("locationLng"))
    timezone = _zone_name(row.get("regionTimezone")) or zone_at(latitude, longitude)
    capacity = numbers.number(row.get("installedCapacity"))
    return PlantRow(
        names.key(row["id"]) or "",
        name=names.text(row.get("name")),
        timezone=timezone,
        latitude=latitude,
        longitude=longitude,
        capacity_kwp=capacity if capacity is not None and 0 < capacity <= 1e9 else None,
        commissioned_on=_local_date(instants.read(row.get("startOperatingTime"), None), timezone),
    )


def _zone_name(value: object) -> str | None:
    name = names.text(value)
    if name is None:
        return None
    try:
        return zone(name).key
    except Refused:
        return None


def _local_date(instant: int, timezone: str | None) -> date | None:
    if instant == UNREADABLE:
        return None
    return local_day(instant_of(instant), zone(timezone) if timezone else ZoneInfo("UTC"))


def _take_device(devices: dict[str, DeviceRow], row: Mapping[str, Any], asked: tuple[str, ...]) -> None:
    """One serial number may come with several types: the first inverter is meant, else what comes first."""
    key, vendor_type = names.key(row["deviceSn"]) or "", names.key(row["deviceType"]) or ""
    plant_key = names.key(row.get("stationId")) or (asked[0] if len(asked) == 1 else None)
    kind = _KINDS.get(vendor_type)
    if kind is None or (asked and plant_key is not None and plant_key not in asked):
        return
    known = devices.setdefault(key, DeviceRow(key, plant_key=plant_key, kind=kind, vendor_type=vendor_type))
    if kind == "inverter" and known.kind != "inverter":
        devices[key] = replace(known, plant_key=plant_key or known.plant_key, kind=kind, vendor_type=vendor_type)


# ---- alarms -----------------------------------------------------------------------------------------------------------------


def _parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Alarms of one station, those that have ended too; a row without a number or a time, or that repeats one, is left out."""
    landed = unpack_answer(body)
    if len(landed.request.subjects) != 1:
        raise BadDocument(
            f"alarms of {_LABEL} about {len(landed.request.subjects)} stations cannot be read; one is asked at once"
        )
    instants = Instants(context.timezone)
    rows = [row for row in _rows(landed.data, _ALERTS) if isinstance(row, dict)]
    alarms: dict[str, Alarm] = {}
    for row in rows:
        alarm = _alarm(row, landed.request.subjects[0], instants)
        if alarm is not None:
            alarms.setdefault(alarm.key, alarm)
    return AlarmList(list(alarms.values()), landed.request.subjects, is_complete=False)


def _alarm(row: Mapping[str, Any], plant_key: str, instants: Instants) -> Alarm | None:
    key = names.key(row.get("alertId"))
    raised_at = _instant(row.get("alertStartTime"), instants)
    if key is None or raised_at is None:
        return None
    ended_at = _instant(row.get("alertEndTime"), instants)
    status = names.key(row.get("status"))
    is_open = status == "1" if status in {"0", "1"} else ended_at is None
    code = names.key(row.get("alertCode")) or names.key(row.get("protocolName")) or "unknown"
    return Alarm(
        key=key,
        plant_key=plant_key,
        device_key=names.key(row.get("deviceSn")),
        code=code,
        name=names.words(row.get("alertName"), 200) or code,
        severity=_SEVERITIES.get(names.key(row.get("level")) or "", "minor"),
        raised_at=raised_at,
        cleared_at=None if is_open else ended_at,
        is_open=is_open,
        advice=names.words(row.get("solution"), 1000),
    )


def _instant(stamp: object, instants: Instants) -> datetime | None:
    read = instants.read(stamp, None)
    return None if read == UNREADABLE else instant_of(read).astimezone(UTC)


CLOUD: Final = Cloud(
    vendor=VENDORS["deye"],
    log_in=_log_in,
    authorize=None,
    consent_page=None,
    sign=_sign,
    classify_response=_classify_response,
    rate_limits=_rate_limits,
    fleet_requests=_fleet_requests,
    device_requests=_device_requests,
    snapshot_requests=_snapshot_requests,
    alarm_requests=_alarm_requests,
    day_requests=_day_requests,
    fetch=_fetch,
    parse=_parse,
    parse_fleet=_parse_fleet,
    parse_alarms=_parse_alarms,
)
"""Deye Cloud."""
