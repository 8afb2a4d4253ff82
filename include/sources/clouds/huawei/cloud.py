"""Huawei FusionSolar, northbound interface `/thirdData/*`: what to ask, how answers are judged, and what they say.

Every call is a POST; errors come with HTTP 200 and a `failCode`. Ids are one comma-joined text. Times are epoch milliseconds: of
a five-minute frame, or of the start of a plant-local hour, day or month. A plant's key that ends in `_power` is energy [kWh];
power of inverters is in kW, of meters and batteries in W. Realtime answers have no time per row: their moment is
`params.currentTime`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument, NeedsHuman, TryLater
from include.core.fleet import DeviceRow, PlantRow, Registry, RejectedRow
from include.core.frames import Piece
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, RateLimit, Request, Tokens
from include.core.span import Span, day_span, days_between, instant_of, local_day, month_start, next_month, zone
from include.core.vendors import VENDORS
from include.sources.clouds.document import LandedAnswer, json_object, unpack_answer
from include.sources.clouds.errors import NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded, Unanswerable
from include.sources.clouds.http import Reply, gateway
from include.sources.clouds.place import place_of, zone_at
from include.sources.clouds.portions import groups, months_touched, parts, union
from include.sources.clouds.rows import AnswerRows, column_of, first_of
from include.sources.clouds.session import Answer, Call, Cloud, Credentials, Post, SessionLike
from include.sources.formats import names, numbers
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, epoch_ms, microseconds, written_day

TOKEN_LIVES_S: Final = 1500.0
"""Tokens live 30 minutes; five are kept in hand."""

PLANTS_PER_CALL: Final = 100
MOST_PAGES: Final = 200
DEVICES_PER_CALL: Final = 100
DEVICES_PER_HISTORY: Final = 10
HISTORY_SPAN: Final = timedelta(days=3)
ALARM_SPAN: Final = timedelta(days=31)
SPACING_S: Final = 65
DAY_S: Final = 86_400

INVERTERS: Final = ("1", "38")
METERS: Final = ("17", "47")
BATTERIES: Final = ("39", "41")
WEATHER_STATION: Final = "10"
MEASURED: Final = (*INVERTERS, WEATHER_STATION, *METERS, *BATTERIES)
"""Types of devices of which there is a history."""

_LABEL: Final = VENDORS["huawei"].label
_LOGIN: Final = "login"
_PREFIX: Final = "/thirdData/"
_FRAME_US: Final = 300_000_000
_HOUR_US: Final = 3_600_000_000


# ---- login, signature, verdict


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """Log in as the API user; the token stands in the header `xsrf-token`, at older sites only in the cookie `XSRF-TOKEN`.

    Raises:
        Rejected: The user, the system code or the account is refused.
        TryLater: No token came; an answer without a byte may mean an outage or an unknown user.
    """
    body = {"userName": credentials.get("login", ""), "systemCode": credentials.get("password", "")}
    reply = post(_LOGIN, Call(f"{_PREFIX}{_LOGIN}", body, {}))
    if reply.status == 200 and not reply.body.strip():
        raise TryLater(
            f"{_LABEL} answered the login without a byte, as it does for an unknown API user and when it is down; "
            "if it stays so, check the API user and its region",
            after_s=_WAIT_S[_LOGIN],
        )
    classify_response(_LOGIN, reply)
    token = _token_of(reply)
    if token is None:
        raise TryLater(f"{_LABEL} took the login but sent no token; log in again later", after_s=SPACING_S)
    return Tokens(token, TOKEN_LIVES_S)


def _token_of(reply: Reply) -> str | None:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    cookie = re.search(r"XSRF-TOKEN=([^;,\s]+)", headers.get("set-cookie", ""), re.IGNORECASE)
    token = headers.get("xsrf-token", "").strip() or (cookie.group(1).strip('"') if cookie else "")
    return token if re.fullmatch(r"[!-~]{1,4096}", token) else None


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its token."""
    return Call(f"{_PREFIX}{interface}", body, {"XSRF-TOKEN": tokens.access})


def classify_response(interface: str, reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; anything else is raised as what it means for the next step."""
    label = f"{_LABEL} {interface}"
    try:
        data = json_object(reply.body)
    except BadDocument as error:
        gateway(reply, _LABEL)
        raise TryLater(f"{label} answered with {len(reply.body)} bytes that are no JSON object; ask again") from error
    code = _code(data.get("failCode"))
    if code is not None and code != 0:
        raise _refusal(interface, code)
    gateway(reply, _LABEL)
    if code is None or data.get("success") is not True:
        raise TryLater(f"{label} answered neither a success nor a failCode; ask again")
    return data


def _code(value: object) -> int | None:
    read = numbers.number(value, frozenset())
    return int(read) if read is not None and read.is_integer() else None


_WAIT_S: Final = {_LOGIN: 600.0, "getStationRealKpi": 300.0, "getDevRealKpi": 300.0, "getAlarmList": 1800.0}
"""How long a refusal as too frequent holds, where it is not the minute."""

_CODES: Final[dict[int, tuple[type[TryLater | NeedsHuman | Unanswerable], str]]] = {
    305: (TokenEnded, "the session has ended"),
    306: (TokenEnded, "the session has ended"),
    307: (TokenEnded, "the session has ended"),
    401: (NotPermitted, "the API user may not use this interface"),
    407: (RateLimited, "too frequent"),
    429: (TryLater, "the whole system is busy"),
    20001: (Rejected, "the third-party id is unknown"),
    20002: (Rejected, "the third-party id is forbidden"),
    20003: (Rejected, "the third-party id has expired"),
    20004: (TryLater, "a fault of the server"),
    20005: (Unanswerable, "no device id"),
    20006: (Unanswerable, "some devices are not of the type"),
    20007: (Unanswerable, "no such plant or device"),
    20008: (Unanswerable, "no such plant or device"),
    20009: (Unanswerable, "the figures are not configured"),
    20045: (NotPermitted, "the plants are not authorised"),
    20046: (NotPermitted, "the plants are not authorised"),
    20200: (TryLater, "the server is busy"),
    20400: (Rejected, "wrong user or system code"),
    20403: (Rejected, "the login is restricted"),
    20618: (QuotaExhausted, "the calls of the day are used up"),
    30029: (Rejected, "the authentication failed"),
    **dict.fromkeys((20010, 20011, 20012), (Unanswerable, "plants, devices or time are missing")),
    20013: (Unanswerable, "wrong type of device"),
    **dict.fromkeys((20014, 20015), (Unanswerable, "more than 100 plants")),
    **dict.fromkeys((20016, 20017), (Unanswerable, "more than 100 devices")),
    **dict.fromkeys((20018, 30031), (Unanswerable, "more than 10 devices")),
    20023: (Unanswerable, "the start is after the end"),
    **dict.fromkeys((20024, 20025), (Unanswerable, "the language is missing or wrong")),
    20026: (Unanswerable, "older than 365 days"),
    20027: (Unanswerable, "more than 31 days"),
    **dict.fromkeys((30004, 30005, 30006), (Unanswerable, "page number or page size are out of range")),
    30030: (Unanswerable, "bad input"),
    30032: (Unanswerable, "more than 3 days"),
}  # fmt: skip
_NEXT: Final[dict[type[Exception], str]] = {
    TokenEnded: "log in again",
    RateLimited: "wait before the next call",
    QuotaExhausted: "go on the next day",
    Rejected: "check the API user with the company administrator, then activate the account again",
    NotPermitted: "let the company administrator permit it to the API user",
    Unanswerable: "it is not asked again",
    TryLater: "ask again later",
}


def _refusal(interface: str, code: int) -> TryLater | NeedsHuman | Unanswerable:
    kind, meaning = _CODES.get(code, (TryLater, "a code that is not known"))
    if interface == _LOGIN and kind in {NotPermitted, Unanswerable}:
        kind = Rejected
    message = f"{_LABEL} refused {interface} with failCode {code} ({meaning}); {_NEXT[kind]}"
    if not issubclass(kind, TryLater):
        return kind(message)
    after_s = {407: _WAIT_S.get(interface, float(SPACING_S)), 429: 60.0}.get(code)
    return kind(message, after_s=after_s)


# ---- budgets


def rate_limits(fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The vendor's budgets per API user, which grow with the fleet; a minute is 65 s, as clocks differ.

    Where the vendor adds up steps over the types of devices, each type's first step counts once for all of them.
    """
    plants = _calls(len(fleet.plants), PLANTS_PER_CALL)
    daily = ("getDevList", "getKpiStationHour", "getKpiStationDay", "getKpiStationMonth")
    realtime = {"getStationRealKpi": plants, "getDevRealKpi": _calls_by_type(fleet, INVERTERS, DEVICES_PER_CALL)}
    history = _calls_by_type(fleet, MEASURED, DEVICES_PER_HISTORY)
    return (
        RateLimit(_LOGIN, 5, 600),
        RateLimit("stations", plants * 10 + 25, DAY_S),
        *(RateLimit(interface, plants + 24, DAY_S) for interface in daily),
        RateLimit("getDevHistoryKpi", history + 24, DAY_S),
        *(RateLimit(interface, calls, 300) for interface, calls in realtime.items()),
        *(RateLimit(interface, 1, SPACING_S) for interface in (*daily, "getDevHistoryKpi", *realtime)),
        RateLimit("getAlarmList", plants, 1800),
    )


def _calls(count: int, most: int) -> int:
    return max(1, -(-count // most))


def _calls_by_type(fleet: PulledFleet, types: Iterable[str], most: int) -> int:
    return 1 + sum(_calls(len(fleet.devices_of(kind)), most) - 1 for kind in types)


# ---- asking


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The list of plants."""
    return [Request("stations", {"pageNo": 1, "pageSize": PLANTS_PER_CALL}, "fleet")]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The devices of the plants."""
    return [Request("getDevList", {"stationCodes": _joined(group)}, "fleet") for group in groups(_sorted(fleet), PLANTS_PER_CALL)]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Energies of the plants until now, and the last frame of the inverters."""
    requests = [
        Request("getStationRealKpi", {"stationCodes": _joined(group)}, "plants", None, _keys(group))
        for group in groups(_sorted(fleet), PLANTS_PER_CALL)
    ]
    for kind in INVERTERS:
        for group in groups(fleet.devices_of(kind), DEVICES_PER_CALL):
            body = {"devIds": _joined(group), "devTypeId": int(kind)}
            requests.append(Request("getDevRealKpi", body, "devices", None, _keys(group)))
    return requests


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """The active alarms that were raised within the span, of which the last 31 days can be asked."""
    span = Span(max(span.start, span.end - ALARM_SPAN), span.end)
    times = {"beginTime": _ms(span.start), "endTime": _ms(span.end), "language": "en_US"}
    return [
        Request("getAlarmList", {"stationCodes": _joined(group), **times}, "alarms", span, _keys(group))
        for group in groups(_sorted(fleet), PLANTS_PER_CALL)
    ]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Histories of the devices, oldest first; then the plants' days by month, months by year and, of no backfill, hours by day.

    The plants' days and months are asked from the start of the month and the year on, as they come with the same call.
    """
    requests = list(_ask_history(fleet, first, last))
    for month in months_touched(first, last):
        end = min(last, next_month(month) - timedelta(days=1))
        requests += _ask_plants("getKpiStationDay", fleet, month + timedelta(days=14), month, end)
    for year in range(first.year, last.year + 1):
        if last >= date(year, 1, 31):  # before that no month of the year is over
            requests += _ask_plants(
                "getKpiStationMonth", fleet, date(year, 7, 1), date(year, 1, 1), min(last, date(year, 12, 31))
            )
    if not is_backfill:
        for day in days_between(first, last + timedelta(days=1)):
            requests += _ask_plants("getKpiStationHour", fleet, day, day, day)
    return requests


def _ask_history(fleet: PulledFleet, first: date, last: date) -> list[Request]:
    zones = {plant.key: zone(plant.timezone) for plant in fleet.plants}

    def days(device: PulledDevice) -> Span:
        return _days(first, last, zones.get(device.plant_key, _UTC))

    requests = []
    for kind in MEASURED:
        # Neighbours in time share calls: the union of their days is then the shortest.
        devices = sorted(fleet.devices_of(kind), key=lambda device: (days(device).start, device.key))
        for group in groups(devices, DEVICES_PER_HISTORY):
            for span in parts(union(map(days, group)), HISTORY_SPAN):
                # Both ends are included, and no span may be longer than three days.
                times = {"startTime": _ms(span.start), "endTime": _ms(span.end) - 1}
                body = {"devIds": _joined(group), "devTypeId": int(kind), **times}
                requests.append(Request("getDevHistoryKpi", body, "devices", span, _keys(group)))
    return sorted(requests, key=lambda request: (request.body["startTime"], request.body["endTime"]))


def _ask_plants(interface: str, fleet: PulledFleet, asked: date, first: date, last: date) -> Iterator[Request]:
    """Figures of the plants for the period in which the day `asked` lies; the answers speak for `first` to `last`."""
    for instant, plants in _by_common_instant(_sorted(fleet), asked):
        for group in groups(plants, PLANTS_PER_CALL):
            span = union(_days(first, last, zone(plant.timezone)) for plant in group)
            body = {"stationCodes": _joined(group), "collectTime": _ms(instant)}
            yield Request(interface, body, "plants", span, _keys(group))


def _by_common_instant(plants: Iterable[PulledPlant], day: date) -> Iterator[tuple[datetime, list[PulledPlant]]]:
    """Plants by an instant that lies in that day at all of them: noon of UTC, or its midnight for plants from UTC+12 on."""
    noon = datetime.combine(day, time(12), UTC)
    near: list[PulledPlant] = []
    far: list[PulledPlant] = []
    for plant in plants:
        (near if local_day(noon, zone(plant.timezone)) == day else far).append(plant)
    yield noon, near
    yield noon - timedelta(hours=12), far


def _days(first: date, last: date, timezone: ZoneInfo) -> Span:
    return day_span(first, timezone, (last - first).days + 1)


def _sorted(fleet: PulledFleet) -> list[PulledPlant]:
    return sorted(fleet.plants, key=lambda plant: plant.key)


def _keys(group: Iterable[PulledPlant | PulledDevice]) -> tuple[str, ...]:
    return tuple(member.key for member in group)


def _joined(group: Iterable[PulledPlant | PulledDevice]) -> str:
    return ",".join(_keys(group))


def _ms(instant: datetime) -> int:
    return microseconds(instant) // 1000


_UTC: Final = zone("UTC")


# ---- fetching


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one ask: all pages of the plants, else the one that there is."""
    if request.interface == "stations":
        return list(_pages(session, request))
    answer = session.post(request.interface, request.body)
    if not isinstance(answer.data.get("data"), list):
        raise TryLater(f"{_LABEL} {request.interface} answered without a list; ask again")
    return [answer]


def _pages(session: SessionLike, request: Request) -> Iterator[Answer]:
    """Pages until all plants of the vendor's own total have come; each page must be new."""
    known: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        answer = session.post(request.interface, {**request.body, "pageNo": number})
        rows, total, told = _page(answer.data)
        found = {_plant_code(row) for row in rows}
        if told not in {None, number} or found & known or len(found) < len(rows):
            raise TryLater(f"{_LABEL} stations repeated plants on page {number}; ask again for all pages")
        known |= found
        yield answer
        if len(known) >= total:
            return
        if not rows:
            raise TryLater(f"{_LABEL} stations listed {len(known)} of {total} plants; ask again for all pages")
    raise TryLater(f"{_LABEL} stations has more than {MOST_PAGES} pages; ask again for all pages")


def _page(data: Mapping[str, Any]) -> tuple[list[Any], int, int | None]:
    page = data.get("data")
    rows = page.get("list") if isinstance(page, dict) else None
    total = _code(page.get("total")) if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(rows, list) or total is None:
        raise TryLater(f"{_LABEL} stations answered without a list and its total; ask again")
    return rows, total, _code(page.get("pageNo"))


def _plant_code(row: object) -> str:
    code = names.key(row.get("plantCode")) if isinstance(row, dict) else None
    return code if code is not None else names.raw_text(row)


# ---- readings


class _Field(NamedTuple):
    """A quantity and the vendor's keys of it, the first that says something counts; `per` of its units are one of ours."""

    quantity: str
    keys: tuple[str, ...]
    per: float = 1.0


_INVERTER: Final = (
    _Field("ac_power_kw", ("active_power",)),
    _Field("dc_power_kw", ("mppt_power",)),
    _Field("reactive_power_kvar", ("reactive_power",)),
    _Field("power_factor", ("power_factor",)),
    _Field("frequency_hz", ("elec_freq",)),
    _Field("temp_inverter_c", ("temperature",)),
    _Field("energy_today_kwh", ("day_cap",)),
    _Field("energy_total_kwh", ("total_cap",)),
)
_METER: Final = (
    _Field("ac_power_kw", ("active_power",), per=1000),
    _Field("export_total_kwh", ("active_cap",)),
    _Field("import_total_kwh", ("reverse_active_cap",)),
    _Field("frequency_hz", ("grid_frequency",)),
)
_BATTERY: Final = (_Field("battery_power_kw", ("ch_discharge_power",), per=1000), _Field("battery_pct", ("battery_soc",)))
_WEATHER: Final = (
    _Field("temp_air_c", ("temperature",)),
    _Field("temp_module_c", ("pv_temperature",)),
    _Field("wind_speed_m_s", ("wind_speed",)),
    _Field("irradiance_poa_w_m2", ("radiant_line",)),
    _Field("irradiance_ghi_w_m2", ("horiz_radiant_line",)),
)
_DEVICES: Final = {
    **dict.fromkeys(INVERTERS, _INVERTER),
    **dict.fromkeys(METERS, _METER),
    **dict.fromkeys(BATTERIES, _BATTERY),
    WEATHER_STATION: _WEATHER,
}
_YIELD: Final = ("PVYield", "inverterYield", "inverter_power")
_PERIODS: Final = {
    "getKpiStationHour": (
        _Field("energy_hour_kwh", _YIELD),
        _Field("irradiation_hour_kwh_m2", ("radiation_intensity",)),
    ),
    "getKpiStationDay": (
        _Field("energy_day_kwh", _YIELD),
        _Field("export_day_kwh", ("ongrid_power",)),
        _Field("import_day_kwh", ("buyPower",)),
        _Field("load_day_kwh", ("use_power",)),
        _Field("irradiation_day_kwh_m2", ("radiation_intensity",)),
    ),
    "getKpiStationMonth": (_Field("energy_month_kwh", _YIELD),),
}
_NOW: Final = (_Field("energy_today_kwh", ("day_power",)), _Field("energy_total_kwh", ("total_power",)))
_NOW_DAY: Final = (
    _Field("energy_day_kwh", ("day_power",)),
    _Field("export_day_kwh", ("day_on_grid_energy",)),
    _Field("load_day_kwh", ("day_use_energy",)),
)
_NOW_MONTH: Final = (_Field("energy_month_kwh", ("month_power",)),)
_STATES: Final = {
    **dict.fromkeys(range(4), "standby"), 256: "start", 512: "on grid", 513: "on grid, power-limited",
    514: "on grid, self-derating", 768: "fault shutdown", 769: "shutdown by command", 770: "OVGR shutdown",
    771: "communication lost", 772: "power-limit shutdown", 773: "manual start needed", 774: "DC switch off",
    **dict.fromkeys((1025, 1026, 1280, 1281, 1536, 1792, 2048, 2304), "check"), 40960: "standby, no sun",
    45056: "communication interrupted", 49152: "loading",
}  # fmt: skip


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Readings of one answer: frames of devices, figures of plants. Raises `BadDocument` for what is no such answer."""
    answer = unpack_answer(body)
    read = _READERS.get(answer.request.interface)
    if read is None:
        raise BadDocument(f"answers of {answer.request.interface[:60]!r} hold no readings; land them with the feed of their kind")
    columns = Columns(context)
    read(answer, columns, context)
    yield from columns.rest()


def _read_devices(answer: LandedAnswer, columns: Columns, context: ParseContext) -> None:
    """Figures of devices at their instants; an inverter's state where it changes."""
    kind, span = str(answer.request.body.get("devTypeId")), answer.request.span
    now = _now(answer) if answer.request.interface == "getDevRealKpi" else None
    first, end = (microseconds(span.start), microseconds(span.end)) if span else (-(2**63), 2**63)

    def within(key: str, record: Mapping[str, Any]) -> int | None:
        instant = _instant(record.get("collectTime")) if now is None else now
        return instant if first <= instant < end or instant == UNREADABLE else None

    rows = _rows(answer, columns, "devId", within)
    _tell(rows, columns, _DEVICES.get(kind, ()))
    if kind in INVERTERS:
        codes = [values.get("inverter_state") for values in rows.points]
        rows.tell_states(columns, {at: _state(code) for at, code in enumerate(codes) if code is not None})


def _read_periods(answer: LandedAnswer, columns: Columns, context: ParseContext) -> None:
    """Figures of hours, days or months; those of a period that is not wholly within the asked span are left out."""
    interface, span = answer.request.interface, answer.request.span

    def start_within(key: str, record: Mapping[str, Any]) -> int | None:
        instant = _instant(record.get("collectTime"))
        if instant == UNREADABLE:
            return UNREADABLE
        start, end = _period(interface, instant, context.zones.get(key, context.timezone))
        return start if span is None or microseconds(span.start) <= start < end <= microseconds(span.end) else None

    _tell(_rows(answer, columns, "stationCode", start_within), columns, _PERIODS[interface])


def _read_plants_now(answer: LandedAnswer, columns: Columns, context: ParseContext) -> None:
    """Counters of the day and ever at the instant, and the amounts so far of the running day and month."""
    now = _now(answer)
    today: list[int] = []
    this_month: list[int] = []

    def at(key: str, record: Mapping[str, Any]) -> int:
        day = month = UNREADABLE
        if now != UNREADABLE:
            timezone = context.zones.get(key, context.timezone)
            local = local_day(instant_of(now), timezone)
            day, month = _midnight(local, timezone), _midnight(month_start(local), timezone)
        today.append(day)
        this_month.append(month)
        return now

    rows = _rows(answer, columns, "stationCode", at)
    _tell(rows, columns, _NOW)
    _tell(rows, columns, _NOW_DAY, today)
    _tell(rows, columns, _NOW_MONTH, this_month)


_READERS: Final[dict[str, Callable[[LandedAnswer, Columns, ParseContext], None]]] = {
    "getDevHistoryKpi": _read_devices,
    "getDevRealKpi": _read_devices,
    "getStationRealKpi": _read_plants_now,
    **dict.fromkeys(_PERIODS, _read_periods),
}


def _rows(
    answer: LandedAnswer, columns: Columns, key_name: str, instant_of_row: Callable[[str, Mapping[str, Any]], int | None]
) -> AnswerRows:
    """Rows of what was asked for, without those that have no instant; one of which not even that can be read is unreadable."""
    rows = AnswerRows()
    subjects = set(answer.request.subjects)
    for number, record in enumerate(_list(answer), start=1):
        key = names.key(record.get(key_name)) if isinstance(record, dict) else None
        values = (record.get("dataItemMap") or {}) if isinstance(record, dict) else None
        if key is None or not isinstance(values, dict):
            columns.add_unreadable(number, "energy_today_kwh", record)
        elif key in subjects and (instant := instant_of_row(key, record)) is not None:
            rows.append(number, columns.code(key), instant, values, record)
    return rows


def _tell(rows: AnswerRows, columns: Columns, fields: Iterable[_Field], instants: Sequence[int] | None = None) -> None:
    for quantity, keys, per in fields:
        rows.tell(columns, quantity, first_of([column_of(rows.points, key) for key in keys]).over(per), instants)


def _list(answer: LandedAnswer) -> list[Any]:
    rows = answer.data.get("data")
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {answer.request.interface} holds no list; ask again")
    return rows


def _now(answer: LandedAnswer) -> int:
    """The moment of a realtime answer, at the five minutes for which the history will speak."""
    params = answer.data.get("params")
    instant = _instant(params.get("currentTime")) if isinstance(params, dict) else UNREADABLE
    return instant if instant == UNREADABLE else instant - instant % _FRAME_US


def _instant(value: object) -> int:
    if type(value) is int:
        return epoch_ms(value)
    read = numbers.number(value, frozenset())
    return UNREADABLE if read is None else epoch_ms(read)


def _state(code: object) -> str | None:
    if type(code) is float and code in _STATES:
        return _STATES[int(code)]
    read = _code(code)
    return None if read is None else _STATES.get(read, str(read))


def _period(interface: str, instant: int, timezone: ZoneInfo) -> tuple[int, int]:
    """Start and end [UTC µs] of the period that an answer names by the instant of its start.

    A day starts at our midnight that is nearest, as the vendor may keep the plant in another zone than we do.
    """
    if interface == "getKpiStationHour":
        return instant, instant + _HOUR_US
    day = (instant_of(instant).astimezone(timezone) + timedelta(hours=12)).date()
    if interface == "getKpiStationDay":
        return _midnight(day, timezone), _midnight(day + timedelta(days=1), timezone)
    month = month_start(day)
    return _midnight(month, timezone), _midnight(next_month(month), timezone)


def _midnight(day: date, timezone: ZoneInfo) -> int:
    return microseconds(day_span(day, timezone, 0).start)


# ---- fleet

_KINDS: Final = {
    **dict.fromkeys(INVERTERS, "inverter"), **dict.fromkeys(METERS, "meter"), **dict.fromkeys(BATTERIES, "battery"),
    WEATHER_STATION: "sensor", **dict.fromkeys(("2", "37", "62", "63"), "logger"),
}  # fmt: skip


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Plants of `stations`, or inverters, meters, batteries, weather stations and loggers of `getDevList`."""
    answer = unpack_answer(body)
    registry = Registry()
    if answer.request.interface == "stations":
        for number, row in enumerate(_plant_rows(answer), start=1):
            _take_plant(registry, number, row)
        return registry
    if answer.request.interface != "getDevList":
        raise BadDocument(
            f"answers of {answer.request.interface[:60]!r} list neither plants nor devices; ask stations or getDevList"
        )
    asked = set(str(answer.request.body.get("stationCodes", "")).split(","))
    for number, row in enumerate(_list(answer), start=1):
        _take_device(registry, number, row, asked)
    return registry


def _plant_rows(answer: LandedAnswer) -> list[Any]:
    page = answer.data.get("data")
    rows = page.get("list") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise BadDocument("the answer of stations holds no list; ask again")
    return rows


def _take_plant(registry: Registry, number: int, row: Any) -> None:  # noqa: ANN401 - any JSON value
    key = names.key(row.get("plantCode")) if isinstance(row, dict) else None
    if key is None:
        registry.rejected.append(RejectedRow(number, f"row {number} of stations has no plantCode", names.raw_text(row)))
        return
    latitude, longitude = place_of(row.get("latitude"), row.get("longitude"))
    timezone = zone_at(latitude, longitude)
    capacity_kwp = _within(row.get("capacity"), 0, 1e9) or None
    name, commissioned_on = names.text(row.get("plantName")), written_day(row.get("gridConnectionDate"))
    registry.plants.append(
        PlantRow(
            key,
            name=name,
            timezone=timezone,
            latitude=latitude,
            longitude=longitude,
            capacity_kwp=capacity_kwp,
            commissioned_on=commissioned_on,
        )
    )


def _take_device(registry: Registry, number: int, row: Any, asked: set[str]) -> None:  # noqa: ANN401 - any JSON value
    key = names.key(row.get("id")) if isinstance(row, dict) else None
    vendor_type = names.key(row.get("devTypeId")) if isinstance(row, dict) else None
    if key is None or vendor_type is None:
        reason = f"row {number} of getDevList has no id or no devTypeId"
        registry.rejected.append(RejectedRow(number, reason, names.raw_text(row)))
        return
    plant_key, kind = names.key(row.get("stationCode")), _KINDS.get(vendor_type)
    if kind is None or (plant_key is not None and plant_key not in asked):
        return
    model = names.text(row.get("model")) or names.text(row.get("invType"))
    name = names.text(row.get("devName"))
    registry.devices.append(DeviceRow(key, plant_key=plant_key, kind=kind, name=name, model=model, vendor_type=vendor_type))


def _within(value: object, low: float, high: float) -> float | None:
    read = numbers.number(value)
    return read if read is not None and low <= read <= high else None


# ---- alarms

_SEVERITIES: Final = {1: "critical", 2: "major", 3: "minor", 4: "notice"}
_OPEN: Final = (None, 1, 2, 3)


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Active alarms. The list is complete for alarms raised within the asked span, unless a row of it cannot be read."""
    answer = unpack_answer(body)
    rows = _list(answer)
    read = [_alarm(row) for row in rows]
    subjects = answer.request.subjects
    alarms = [alarm for alarm in read if alarm is not None and alarm.plant_key in subjects]
    return AlarmList(alarms, subjects, is_complete=None not in read)


def _alarm(row: Any) -> Alarm | None:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        return None
    plant_key, code = names.key(row.get("stationCode")), names.key(row.get("alarmId"))
    device = names.key(row.get("esnCode")) or names.key(row.get("devName")) or "-"
    raised_at = _instant(row.get("raiseTime"))
    if plant_key is None or code is None or raised_at == UNREADABLE:
        return None
    return Alarm(
        key=f"{plant_key}/{device}/{code}/{raised_at // 1000}",
        plant_key=plant_key,
        device_key=names.key(row.get("devId")),
        code=code,
        name=names.words(row.get("alarmName"), 200) or f"alarm {code}",
        severity=_SEVERITIES.get(_code(row.get("lev")) or 0, "minor"),
        raised_at=instant_of(raised_at),
        cleared_at=None,
        is_open=_code(row.get("status")) in _OPEN,
        advice=names.words(row.get("repairSuggestion"), 1000),
    )


CLOUD: Final = Cloud(
    vendor=VENDORS["huawei"],
    log_in=log_in,
    authorize=None,
    consent_page=None,
    sign=sign,
    classify_response=classify_response,
    rate_limits=rate_limits,
    fleet_requests=fleet_requests,
    device_requests=device_requests,
    snapshot_requests=snapshot_requests,
    alarm_requests=alarm_requests,
    day_requests=day_requests,
    fetch=fetch,
    parse=parse,
    parse_fleet=parse_fleet,
    parse_alarms=parse_alarms,
)
