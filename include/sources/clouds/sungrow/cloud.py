"""Sungrow iSolarCloud: what is asked of its OpenAPI, and what its answers mean.

An app uses one of two families of interfaces: its own account's (a login, `/openapi/...`) or the other owners' (OAuth,
`/openapi/platform/...`); `_ACCOUNT` and `_OWNERS` tell them apart. Every answer is HTTP 200 with `result_code` as text. Powers
come in W and energies in Wh, mostly as texts; times are plant-local texts without an offset, so one local window serves plants
of all zones. History says nothing about a plant's current day.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument, HeliographError, TryLater
from include.core.fleet import DeviceRow, PlantRow, Registry, RejectedRow
from include.core.frames import Piece
from include.core.pulls import AnswerKind, PulledFleet, RateLimit, Request, Tokens
from include.core.span import Span, day_span, days_between, instant_of, local_day, next_month, zone
from include.core.vendors import VENDORS
from include.sources.clouds.document import json_object, unpack_answer
from include.sources.clouds.errors import NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded, Unanswerable
from include.sources.clouds.http import Reply, gateway
from include.sources.clouds.place import place_of, zone_at
from include.sources.clouds.portions import groups, months_over, union
from include.sources.clouds.rows import AnswerRows, column_of
from include.sources.clouds.session import Answer, Call, Cloud, Credentials, Post, SessionLike
from include.sources.clouds.sungrow.points import (
    DAY_ENERGIES,
    KINDS,
    MEASURES,
    MONTH_ENERGIES,
    PLANT,
    STATE_POINTS,
    STATES,
    TODAY,
    points_of,
)
from include.sources.formats import names, numbers
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, Instants, microseconds, written_day

VENDOR: Final = VENDORS["sungrow"]
HOUR_S: Final = 3600

PAGE_ROWS: Final = 100
MOST_PAGES: Final = 1000
MOST_KEYS: Final = 50
MOST_DAYS: Final = 100
MOST_MONTHS: Final = 24
WINDOW: Final = timedelta(hours=3)
STEP: Final = timedelta(minutes=5)
MINUTE_FORM: Final = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class _Family:
    """Interfaces and field names of one family; a plant is named by `plant_form` in the list `plant_ids`."""

    page: str
    count: str
    plants: str
    devices: str
    realtime: str
    plants_realtime: str
    minutes: str
    plants_minutes: str
    periods: str
    plants_periods: str
    faults: str
    plant_ids: str
    plant_form: str
    plant_type: Mapping[str, int]
    plant_queries: Mapping[str, str]


_QUERIES: Final = {"day": "1", "month": "2"}
_ACCOUNT: Final = _Family(
    page="curPage",
    count="rowCount",
    plants="getPowerStationList",
    devices="getDeviceListByUser",
    realtime="getDeviceRealTimeData",
    plants_realtime="getDeviceRealTimeData",
    minutes="getDevicePointMinuteDataList",
    plants_minutes="getDevicePointMinuteDataList",
    periods="getDevicePointsDayMonthYearDataList",
    plants_periods="getDevicePointsDayMonthYearDataList",
    faults="getFaultAlarmInfo",
    plant_ids="ps_key_list",
    plant_form="{}_11_0_0",
    plant_type={"device_type": int(PLANT)},
    plant_queries=_QUERIES,
)
_OWNERS: Final = _Family(
    page="page",
    count="row_count",
    plants="platform/queryPowerStationList",
    devices="platform/getDeviceListByPsId",
    realtime="platform/getDeviceRealTimeData",
    plants_realtime="platform/getPowerStationRealTimeData",
    minutes="platform/getDevicePointMinuteDataList",
    plants_minutes="platform/getPowerStationPointMinuteDataList",
    periods="platform/getDevicePointDayMonthYearDataList",
    plants_periods="platform/getPowerStationPointDayMonthYearDataList",
    faults="platform/getFaultAlarmInfo",
    plant_ids="ps_id_list",
    plant_form="{}",
    plant_type={},
    plant_queries={"day": "day", "month": "month"},
)


def _family_of(credentials: Credentials) -> _Family:
    return _ACCOUNT if credentials.get("login") else _OWNERS


# ---- tokens ----------------------------------------------------------------------------------------------------------------

ACCOUNT_LIFE_S: Final = 23 * HOUR_S
"""An hour less than the day for which a login is good."""

LONGEST_LIFE_S: Final = 48 * HOUR_S
EARLIER_S: Final = 600

_LOGIN_REFUSED: Final = {
    "-1": "does not know the account; correct its name, and choose the region in which it was made",
    "0": "refuses the password of the account; correct it",
    "2": "has locked the account after wrong passwords; wait half an hour, then correct the password",
    "5": "has an account that its administrator locked; ask him to unlock it",
}
_ADVICE: Final = "open the vendor's authorisation page once more and run `helio integration authorize`"


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """Log an account in, or trade the last refresh token, which is dead afterwards.

    Raises:
        Rejected: For wrong credentials, a locked account, an authorisation that was never given or has ended.
    """
    if credentials.get("login"):
        return _account_tokens(post, credentials)
    refresh_token = last.more.get("refresh_token") if last else None
    if not refresh_token:
        raise Rejected(f"not authorised yet: {VENDOR.label} has not traded an owner's consent for this account; {_ADVICE}")
    data = _granted(post, credentials, "apiManage/refreshToken", {"refresh_token": refresh_token})
    return _owners_tokens(data, refresh_token)


def authorize(post: Post, credentials: Credentials, code: str) -> Tokens:
    """Trade the code that an owner's consent brought, good for one time, for tokens. Raises `Rejected`."""
    redirect_url = credentials.get("redirect_url")
    if not redirect_url:
        raise Rejected(f"the account of {VENDOR.label} has no redirect URL; fill it in as it is registered for the app")
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
    return _owners_tokens(_granted(post, credentials, "apiManage/token", body), None)


_CONSENT_PAGES: Final = {
    "china": ("https://web3.isolarcloud.com", 1),
    "international": ("https://web3.isolarcloud.com.hk", 2),
    "europe": ("https://web3.isolarcloud.eu", 3),
    "australia": ("https://auweb3.isolarcloud.com", 7),
    "india": ("https://web3.isolarcloud.in", 9),
}
"""Where owners consent, and the number of the cloud, by region."""


def consent_page(credentials: Credentials, state: str) -> str:
    """The page on which an owner chooses plants for the app; it leads back to the redirect URL with a code and the state."""
    host = credentials.get("host", "")
    page, cloud_id = _CONSENT_PAGES.get(host, (host, 1))
    app, back = (quote(credentials.get(name, ""), safe="") for name in ("app_id", "redirect_url"))
    return f"{page}/?state={quote(state, safe='')}#/authorized-app?cloudId={cloud_id}&applicationId={app}&redirectUrl={back}"


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """Add keys and the token: in the body after a login, as bearer for other owners' plants."""
    call = _call(interface, body, credentials)
    if credentials.get("login"):
        return Call(call.path, {**call.body, "token": tokens.access}, call.headers)
    return Call(call.path, call.body, {**call.headers, "Authorization": f"Bearer {tokens.access}"})


def _call(interface: str, body: Mapping[str, Any], credentials: Credentials) -> Call:
    headers = {
        "Content-Type": "application/json;charset=UTF-8",
        "x-access-key": credentials.get("secret_key", ""),
        "sys_code": "901",
    }
    return Call(f"/openapi/{interface}", {**body, "appkey": credentials.get("appkey", ""), "lang": "_en_US"}, headers)


def _granted(post: Post, credentials: Credentials, interface: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to a request for a token; without one nothing of the account works, so what is refused here is `Rejected`."""
    reply = post(interface, _call(interface, body, credentials))
    try:
        return classify_response(interface, reply)
    except (NotPermitted, Unanswerable) as refusal:
        raise Rejected(str(refusal)) from refusal
    except TokenEnded as refusal:
        if "refresh_token" not in body:
            raise
        raise Rejected(f"{VENDOR.label} takes the refresh token no more; {_ADVICE}") from refusal


def _account_tokens(post: Post, credentials: Credentials) -> Tokens:
    given = {"user_account": credentials["login"], "user_password": credentials.get("password", "")}
    result = _result_of(_granted(post, credentials, "login", given), "login")
    state, token = names.key(result.get("login_state")), names.text(result.get("token"), 2000)
    if state in _LOGIN_REFUSED:
        raise Rejected(f"{VENDOR.label} {_LOGIN_REFUSED[state]} (login_state {state})")
    if token is None:
        raise TryLater(f"{VENDOR.label} answered login without a token (login_state {state}); log in again later")
    return Tokens(token, ACCOUNT_LIFE_S)


def _owners_tokens(data: Mapping[str, Any], refresh_token: str | None) -> Tokens:
    """Tokens at the top level or else in `result_data`; a refresh token that is not renewed stays the good one."""
    result = data.get("result_data")
    nested = result if isinstance(result, dict) else {}
    found = data if data.get("access_token") else nested
    access = names.text(found.get("access_token"), 4000)
    if access is None:
        raise _not_granted(names.key(nested.get("code")))
    kept = names.text(found.get("refresh_token"), 4000) or refresh_token
    told = numbers.number(found.get("expires_in"))
    lives_s = LONGEST_LIFE_S if told is None or math.isnan(told) else min(told, LONGEST_LIFE_S)
    return Tokens(access, max(0.0, lives_s - EARLIER_S), {"refresh_token": kept} if kept else {})


def _not_granted(code: str | None) -> HeliographError:
    if code in {"2", "4", "5", "-2"}:
        return Rejected(f"{VENDOR.label} has ended the owner's authorisation or never gave it (code {code}); {_ADVICE}")
    return TryLater(f"{VENDOR.label} gave no token (code {code}); ask again later")


# ---- the vendor's word on a call -------------------------------------------------------------------------------------------

_ENCRYPTED: Final = "the app wants encrypted calls; make an app without encrypted transport and enter its keys"
_REFUSED_APP: Final = {
    "E00000": "it does not know the app key; correct it, and choose the region in which the app was made",
    "E00001": "the service of the app has expired; renew it in the developer portal",
    "E00002": _ENCRYPTED,
    "E902": _ENCRYPTED,
    **{f"E90{number}": _ENCRYPTED for number in range(4, 10)},
    "E910": _ENCRYPTED,
    "E911": "the secret key is missing; fill it in",
    "E912": "the secret key is wrong; correct it",
    "E913": "the clock of this machine is off; set it",
    "E914": "app key and secret key are of different apps; correct them",
    "E918": "the address of this machine is not on the app's white list; add it in the developer portal",
    "E919": "the account is not on the app's white list; add it in the developer portal",
}
_OUR_FAULT: Final = frozenset({"000", "001", "002", "003", "009", "010", "011"})
_Wait = tuple[type[TryLater], float | None, str]
_LATER: Final[_Wait] = (TryLater, None, "its platform has a fault; ask again")
_WAITS: Final[dict[str, _Wait]] = {
    "E901": (RateLimited, 60, "calls come too often; wait a minute"),
    "E916": (RateLimited, 600, "logins come too often; wait ten minutes"),
    "E999": (QuotaExhausted, HOUR_S, "the app's calls of this hour are used up; wait for the next one"),
    "E998": (QuotaExhausted, None, "the app's calls are used up; wait for the next day"),
    "E903": (TryLater, 600, "calls come from changing addresses; let one machine ask"),
    **dict.fromkeys(("-1", "E994", "E995", "E996", "E997"), _LATER),
}


def classify_response(interface: str, reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; tokens at the top level are one too.

    Raises:
        TokenEnded, RateLimited, QuotaExhausted, Rejected, NotPermitted, Unanswerable: As the vendor's code says.
        TryLater: For a fault of its platform, and for everything that is not the vendor's own JSON.
    """
    data = _json(reply)
    code = names.key(data.get("result_code"))
    if reply.status == 200 and (code == "1" or "access_token" in data):
        return data
    if code is None or code == "1":
        gateway(reply, VENDOR.label)
        raise TryLater(f"{VENDOR.label} answered {interface} with something else than its own JSON; ask again")
    raise _refusal(interface, code, names.text(data.get("result_msg"), 4000) or "")


def _json(reply: Reply) -> Mapping[str, Any]:
    try:
        return json_object(reply.body)
    except BadDocument:
        return {}


def _refusal(interface: str, code: str, said: str) -> HeliographError:
    where = f"{VENDOR.label} answered {interface} with {code}"
    if code in _REFUSED_APP:
        return Rejected(f"{where}: {_REFUSED_APP[code]}")
    if code in _WAITS:
        make, after_s, sentence = _WAITS[code]
        return make(f"{where}: {sentence}", after_s=after_s)
    if code == "E00003" or (code == "010" and "token" in said.lower()):
        return TokenEnded(f"{where}: the token has ended; log in again")
    if code == "E900":
        return NotPermitted(
            f"{where}: the app or account may not use it; ask for it in the developer portal, and enter an account only "
            "for an app that logs in"
        )
    if code in _OUR_FAULT:
        return Unanswerable(f"{where} ({said[:100]}): it does not understand the question; tell the makers of Heliograph")
    return TryLater(f"{where} ({said[:100]}), a code that is not known; ask again")


def _result_of(data: Mapping[str, Any], interface: str) -> Mapping[str, Any]:
    result = data.get("result_data")
    if not isinstance(result, dict):
        raise TryLater(f"{VENDOR.label} answered {interface} without result_data; ask again")
    return result


def rate_limits(fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The quota of an app less a margin of 5 %, whatever its fleet, and logins that never look like an attack."""
    return (RateLimit("*", 1900, HOUR_S), RateLimit("*", 19_000, 24 * HOUR_S), RateLimit("login", 5, 600))


# ---- asking ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """At most 50 devices of one type, or plants, that are asked about together."""

    device_type: str
    keys: tuple[str, ...]
    zones: tuple[ZoneInfo, ...]

    @property
    def kind(self) -> AnswerKind:
        return "plants" if self.device_type == PLANT else "devices"

    def span(self, start: datetime, end: datetime) -> Span:
        """UTC span of a local window in all zones of the group."""
        return union(Span(start.replace(tzinfo=local), end.replace(tzinfo=local)) for local in self.zones)


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The plants; for an account also all devices in one list."""
    family = _family_of(credentials)
    lists = (family.plants, family.devices) if family is _ACCOUNT else (family.plants,)
    return [Request(interface, {family.page: 1, "size": PAGE_ROWS}, "fleet") for interface in lists]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The devices of each plant, where no list has them all."""
    family = _family_of(credentials)
    if family is _ACCOUNT:
        return []
    return [
        Request(family.devices, {"ps_id": plant.key, family.page: 1, "size": PAGE_ROWS}, "fleet")
        for plant in sorted(fleet.plants, key=lambda plant: plant.key)
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The last reading of each device and plant."""
    family = _family_of(credentials)
    requests = []
    for group in (*_device_groups(fleet), *_plant_groups(fleet)):
        points = points_of(group.device_type)
        interface, more = family.realtime, {"device_type": int(group.device_type)}
        if group.device_type == PLANT:
            interface, more = family.plants_realtime, dict(family.plant_type)
            points = [*points, *TODAY]
        requests.append(
            Request(interface, {**_who(family, group), **more, "point_id_list": points}, group.kind, None, group.keys)
        )
    return requests


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """The list of open alarms of all plants, whenever they were raised."""
    family = _family_of(credentials)
    if not fleet.plants:
        return []
    body = {family.page: 1, "size": PAGE_ROWS, "process_status": "8", "fault_type": "1,2,3,4"}
    return [Request(family.faults, body, "alarms", None, tuple(sorted(plant.key for plant in fleet.plants)))]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Energies of days and of months that are over, then five-minute values in windows of three local hours.

    A backfill leaves out the five-minute values of plants.
    """
    family = _family_of(credentials)
    devices, plants = list(_device_groups(fleet)), list(_plant_groups(fleet))
    requests = [request for group in (*plants, *devices) for request in _ask_periods(family, group, first, last)]
    measured = devices if is_backfill else [*devices, *plants]
    for day in days_between(first, last + timedelta(days=1)):
        midnight = datetime.combine(day, time.min)
        requests += [_ask_minutes(family, group, midnight + WINDOW * turn) for turn in range(8) for group in measured]
    return requests


def _ask_minutes(family: _Family, group: _Group, start: datetime) -> Request:
    # The vendor's interval is closed: one that ended at the full hour would bring its row twice.
    end = start + WINDOW
    body = {
        **_who(family, group),
        "points": _comma_text(points_of(group.device_type)),
        "start_time_stamp": start.strftime(MINUTE_FORM),
        "end_time_stamp": (end - STEP).strftime(MINUTE_FORM),
        "minute_interval": 5,
    }
    interface = family.plants_minutes if group.device_type == PLANT else family.minutes
    return Request(interface, body, group.kind, group.span(start, end), group.keys)


def _ask_periods(family: _Family, group: _Group, first: date, last: date) -> Iterator[Request]:
    if group.device_type in DAY_ENERGIES:
        for days in groups(list(days_between(first, last + timedelta(days=1))), MOST_DAYS):
            yield _ask_period(family, group, "day", days[0], days[-1])
    if group.device_type in MONTH_ENERGIES:
        for months in groups(months_over(first, last), MOST_MONTHS):
            yield _ask_period(family, group, "month", months[0], months[-1])


def _ask_period(family: _Family, group: _Group, query: str, first: date, last: date) -> Request:
    is_plant, is_day = group.device_type == PLANT, query == "day"
    energies = DAY_ENERGIES[group.device_type] if is_day else MONTH_ENERGIES[group.device_type]
    form = "%Y%m%d" if is_day else "%Y%m"
    body = {
        **_who(family, group),
        "data_point": _comma_text(energies),
        "query_type": (family.plant_queries if is_plant else _QUERIES)[query],
        # Of a day its highest reading, of a month the sum of its days.
        "data_type": "2" if is_day else "4",
        "start_time": first.strftime(form),
        "end_time": last.strftime(form),
        "order": "0",
    }
    end = last + timedelta(days=1) if is_day else next_month(last)
    span = group.span(datetime.combine(first, time.min), datetime.combine(end, time.min))
    return Request(family.plants_periods if is_plant else family.periods, body, group.kind, span, group.keys)


def _who(family: _Family, group: _Group) -> dict[str, Any]:
    if group.device_type == PLANT:
        return {family.plant_ids: [family.plant_form.format(key) for key in group.keys]}
    return {"ps_key_list": list(group.keys)}


def _device_groups(fleet: PulledFleet) -> Iterator[_Group]:
    """Devices of known plants that measure something; plants of one zone stay together, so that few spans are wide."""
    zones = {plant.key: plant.timezone for plant in fleet.plants}
    for device_type in MEASURES:
        known = [(zones[device.plant_key], device.key) for device in fleet.devices_of(device_type) if device.plant_key in zones]
        yield from _groups(device_type, known)


def _plant_groups(fleet: PulledFleet) -> Iterator[_Group]:
    return _groups(PLANT, [(plant.timezone, plant.key) for plant in fleet.plants])


def _groups(device_type: str, known: Iterable[tuple[str, str]]) -> Iterator[_Group]:
    for batch in groups(sorted(known), MOST_KEYS):
        yield _Group(
            device_type, tuple(key for _, key in batch), tuple(zone(name) for name in sorted({name for name, _ in batch}))
        )


def _comma_text(points: Iterable[str]) -> str:
    return ",".join(f"p{point}" for point in points)


# ---- fetching --------------------------------------------------------------------------------------------------------------

_LISTS: Final = {
    interface: (family, identity)
    for family in (_ACCOUNT, _OWNERS)
    for interface, identity in ((family.plants, "ps_id"), (family.devices, "ps_key"), (family.faults, "fault_code"))
}


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one ask: a list page by page, anything else in one call.

    Alarms of several pages become one answer, since only the whole list says which alarms have ended.

    Raises:
        TryLater: Where pages are missing or come twice, or an answer has another shape.
    """
    if request.interface not in _LISTS:
        answer = session.post(request.interface, request.body)
        _check_shape(request.interface, answer)
        return [answer]
    pages = list(_pages(session, request))
    if request.kind != "alarms" or len(pages) == 1:
        return pages
    rows = [row for page in pages for row in page.data["result_data"]["pageList"]]
    joined = {"result_code": "1", "result_data": {_LISTS[request.interface][0].count: len(rows), "pageList": rows}}
    try:
        return [Answer(json.dumps(joined, allow_nan=False).encode(), joined)]
    except ValueError as error:
        raise TryLater(f"{VENDOR.label} answered {request.interface} with a number beyond all bounds; ask again") from error


def _pages(session: SessionLike, request: Request) -> Iterator[Answer]:
    family, identity = _LISTS[request.interface]
    seen: set[str | None] = set()
    row_count = 0
    for number in range(1, MOST_PAGES + 1):
        answer = session.post(request.interface, {**request.body, family.page: number})
        rows, total = _page(request.interface, answer)
        found = {names.key(row.get(identity)) for row in rows} - {None}
        if found & seen or (not rows and row_count < total):
            raise TryLater(
                f"{VENDOR.label} said {total} rows of {request.interface}, but page {number} is missing or repeats another; "
                "ask again"
            )
        yield answer
        seen |= found
        row_count += len(rows)
        if row_count >= total:
            return
    raise TryLater(f"{VENDOR.label} has more than {MOST_PAGES} pages of {request.interface}; ask again")


def _page(interface: str, answer: Answer) -> tuple[list[dict[str, Any]], int]:
    result = _result_of(answer.data, interface)
    rows, total = result.get("pageList"), numbers.number(result.get(_LISTS[interface][0].count), frozenset())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or total is None or math.isnan(total):
        raise TryLater(f"{VENDOR.label} answered {interface} without rows or without saying how many there are; ask again")
    return rows, int(total)


def _check_shape(interface: str, answer: Answer) -> None:
    # History may say null where there is nothing at all.
    if answer.data.get("result_data") is None and interface not in _REALTIME:
        return
    result = _result_of(answer.data, interface)
    if interface in _REALTIME and not isinstance(result.get("device_point_list"), list):
        raise TryLater(f"{VENDOR.label} answered {interface} without device_point_list; ask again")


_REALTIME: Final = {family.realtime for family in (_ACCOUNT, _OWNERS)} | {_OWNERS.plants_realtime}

# ---- readings --------------------------------------------------------------------------------------------------------------


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read realtime, five-minute or period values of plants or devices.

    Rows of others, and rows whose local label is outside the asked window, are dropped. Raises `BadDocument`.
    """
    landed = unpack_answer(body)
    read = _READERS.get(landed.request.interface)
    if read is None:
        raise BadDocument(f"answers of {landed.request.interface[:100]!r} hold no readings; they belong to another feed")
    gathering = _Gathering(landed.request, context)
    read(gathering, _landed_result(landed.data))
    return gathering.columns.rest()


class _Gathering:
    """Readings of one answer: whose they are, when they were taken, and which of them count."""

    def __init__(self, request: Request, context: ParseContext) -> None:
        self.columns = Columns(context)
        self.request = request
        self._context = context
        self._asked = frozenset(request.subjects)
        self._instants: dict[ZoneInfo, Instants] = {}
        self._span = (microseconds(request.span.start), microseconds(request.span.end)) if request.span else None
        self._row_number = 0

    def subject(self, key: object) -> str | None:
        """Key of the plant or device with the vendor's id, None where it was not asked for; `<ps_id>_11_0_0` is a plant."""
        text = names.key(key)
        if text is not None and self.request.kind == "plants":
            text = text.removesuffix("_11_0_0")
        return text if text in self._asked else None

    def device_type(self, subject: str) -> str:
        return PLANT if self.request.kind == "plants" else subject.partition("_")[2].partition("_")[0]

    def zone(self, subject: str) -> ZoneInfo:
        return self._context.zones.get(subject.partition("_")[0], self._context.timezone)

    def next_row(self) -> int:
        self._row_number += 1
        return self._row_number

    def instant(self, subject: str, iso: str | None) -> int:
        """Instant of a local ISO text; a repeated hour has its second pass as the subject's rows run."""
        if iso is None:
            return UNREADABLE
        local = self.zone(subject)
        instants = self._instants.get(local)
        if instants is None:
            instants = self._instants[local] = Instants(local)
        return instants.read(iso, subject)

    def is_outside(self, instant: int) -> bool:
        """Whether a readable instant is not in the span of the ask."""
        return instant != UNREADABLE and self._span is not None and not self._span[0] <= instant < self._span[1]

    def tell(self, rows: AnswerRows, device_type: str) -> None:
        """Add all measures of rows of one type of device; points that are not in a row say nothing."""
        for quantity, points, read in MEASURES.get(device_type, ()):
            rows.tell(self.columns, quantity, read([column_of(rows.points, f"p{point}") for point in points]))
        if device_type in STATE_POINTS:
            codes = column_of(rows.points, f"p{STATE_POINTS[device_type]}")
            self.columns.missing_count += int((codes.is_missing & ~codes.is_absent).sum())
            told = (~codes.is_missing).nonzero()[0].tolist()
            rows.tell_states(self.columns, {at: _state(code) for at, code in zip(told, codes.values[told].tolist(), strict=True)})


def _state(code: float) -> str | None:
    return None if math.isnan(code) else STATES.get(int(code), f"{code:.10g}")


def _read_now(gathering: _Gathering, result: Mapping[str, Any]) -> None:
    is_plants = gathering.request.kind == "plants"
    told: defaultdict[str, AnswerRows] = defaultdict(AnswerRows)
    midnights: list[int] = []
    for found in _list_of(result, "device_point_list"):
        row_number = gathering.next_row()
        row = found.get("device_point", found) if isinstance(found, dict) else None
        if not isinstance(row, dict):
            gathering.columns.add_unreadable(row_number, "ac_power_kw", found)
            continue
        subject = gathering.subject(row.get("ps_id" if is_plants else "ps_key"))
        if subject is None or (row.get("device_time") is None and _is_empty(row)):
            continue
        instant = gathering.instant(subject, _iso(row.get("device_time")))
        told[gathering.device_type(subject)].append(row_number, gathering.columns.code(subject), instant, row, row)
        midnights.append(_midnight(instant, gathering.zone(subject)))
    for device_type, rows in told.items():
        gathering.tell(rows, device_type)
    for point, quantity in TODAY.items() if is_plants else ():
        told[PLANT].tell(gathering.columns, quantity, column_of(told[PLANT].points, f"p{point}").over(1000), midnights)


def _midnight(instant: int, local: ZoneInfo) -> int:
    """Where the local day of an instant begins."""
    if instant == UNREADABLE:
        return UNREADABLE
    return microseconds(day_span(local_day(instant_of(instant), local), local).start)


def _read_minutes(gathering: _Gathering, result: Mapping[str, Any]) -> None:
    first, last = (str(gathering.request.body.get(name)) for name in ("start_time_stamp", "end_time_stamp"))
    told: defaultdict[str, AnswerRows] = defaultdict(AnswerRows)
    stamps = _Stamps(first, last)
    for key, listed in result.items():
        subject = gathering.subject(key)
        if subject is None:
            continue
        rows, code = told[gathering.device_type(subject)], gathering.columns.code(subject)
        for row in _rows(listed):
            row_number = gathering.next_row()
            if not isinstance(row, dict):
                gathering.columns.add_unreadable(row_number, "ac_power_kw", row)
                continue
            iso, is_asked = stamps.read(row.get("time_stamp"))
            if is_asked:
                instant = gathering.instant(subject, iso)
                if not gathering.is_outside(instant):
                    rows.append(row_number, code, instant, row, row)
    for device_type, rows in told.items():
        gathering.tell(rows, device_type)


class _Stamps(dict[str, tuple[str | None, bool]]):
    """Remembers of each written time its ISO form, and whether it lies in the asked window, ends included.

    What cannot be read as a time is not outside, so that it is kept. All devices of an answer share their times.
    """

    def __init__(self, first: str, last: str) -> None:
        super().__init__()
        self._first = first
        self._last = last

    def __missing__(self, text: str) -> tuple[str | None, bool]:
        stamp = names.key(text) or ""
        found = self[text] = _iso(stamp), not _is_digits(stamp, 14) or self._first <= stamp <= self._last
        return found

    def read(self, stamp: object) -> tuple[str | None, bool]:
        """ISO form, and whether it counts."""
        return self[stamp] if type(stamp) is str else self[names.key(stamp) or ""]


def _read_periods(gathering: _Gathering, result: Mapping[str, Any]) -> None:
    data_type = str(gathering.request.body.get("data_type"))
    told: defaultdict[str, AnswerRows] = defaultdict(AnswerRows)
    for key, points in result.items():
        subject = gathering.subject(key)
        if subject is None or points is None:
            continue
        if not isinstance(points, dict):
            gathering.columns.add_unreadable(gathering.next_row(), "energy_day_kwh", points)
            continue
        for quantity, row in _period_rows(gathering, subject, points):
            row_number = gathering.next_row()
            if not isinstance(row, dict):
                gathering.columns.add_unreadable(row_number, quantity, row)
            elif (instant := _period_start(gathering, subject, row.get("time_stamp"))) is not None:
                told[quantity].append(row_number, gathering.columns.code(subject), instant, row, row)
    for quantity, rows in told.items():
        rows.tell(gathering.columns, quantity, column_of(rows.points, data_type).over(1000))


def _period_rows(gathering: _Gathering, subject: str, points: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    energies = DAY_ENERGIES if len(str(gathering.request.body.get("start_time"))) == 8 else MONTH_ENERGIES
    for point, quantity in energies.get(gathering.device_type(subject), {}).items():
        for row in _rows(points.get(f"p{point}")):
            yield quantity, row


def _period_start(gathering: _Gathering, subject: str, stamp: object) -> int | None:
    """Start of a local day (`yyyyMMdd`) or month (`yyyyMM`), `UNREADABLE` where it is none; None outside the asked periods."""
    first, last = (str(gathering.request.body.get(name)) for name in ("start_time", "end_time"))
    text = names.key(stamp) or ""
    if not _is_digits(text, len(first)):
        return UNREADABLE
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8] or 1))
        instant = microseconds(day_span(day, gathering.zone(subject)).start)
    except (ValueError, OverflowError):
        return UNREADABLE
    return instant if first <= text <= last and not gathering.is_outside(instant) else None


_READERS: Final = {
    **dict.fromkeys(_REALTIME, _read_now),
    **dict.fromkeys((_ACCOUNT.minutes, _OWNERS.minutes, _OWNERS.plants_minutes), _read_minutes),
    **dict.fromkeys((_ACCOUNT.periods, _OWNERS.periods, _OWNERS.plants_periods), _read_periods),
}


def _iso(stamp: object) -> str | None:
    """ISO text of `yyyyMMddHHmmss`; other texts as they are, None for other digits."""
    text = names.key(stamp)
    if text is None or not text.isdecimal():
        return text
    if len(text) != 14:
        return None
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"


def _is_digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdecimal()


def _is_empty(row: Mapping[str, Any]) -> bool:
    return all(value is None for name, value in row.items() if name[:1] == "p" and name[1:].isdecimal())


def _rows(rows: object) -> Iterable[Any]:
    """Elements of a list, none of null; anything else is one row that cannot be read."""
    if rows is None:
        return []
    return rows if isinstance(rows, list) else [rows]


def _landed_result(data: Mapping[str, Any]) -> Mapping[str, Any]:
    result = data.get("result_data")
    if result is not None and not isinstance(result, dict):
        raise BadDocument(f"result_data of the answer is no object but {type(result).__name__}; ask the vendor again")
    return result or {}


def _list_of(result: Mapping[str, Any], name: str) -> list[Any]:
    rows = result.get(name)
    if not isinstance(rows, list):
        raise BadDocument(f"the answer has no list {name}; ask the vendor again")
    return rows


# ---- plants and devices ----------------------------------------------------------------------------------------------------

_KILOWATTS: Final = {"w": 0.001, "wp": 0.001, "kw": 1.0, "kwp": 1.0, "mw": 1e3, "mwp": 1e3, "gw": 1e6, "gwp": 1e6}


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Read a page of plants or devices; devices of types that measure nothing of ours are left out. Raises `BadDocument`."""
    landed = unpack_answer(body)
    registry = Registry()
    is_plants = landed.request.interface in {_ACCOUNT.plants, _OWNERS.plants}
    for row_number, row in enumerate(_list_of(_landed_result(landed.data), "pageList"), start=1):
        key = names.key(row.get("ps_id" if is_plants else "ps_key")) if isinstance(row, dict) else None
        if key is None:
            wanted = "ps_id" if is_plants else "ps_key"
            reason = f"row {row_number} of {landed.request.interface} has no {wanted}; ask the vendor again"
            registry.rejected.append(RejectedRow(row_number, reason, names.raw_text(row)))
        elif is_plants:
            registry.plants.append(_plant(key, row))
        elif (kind := KINDS.get(names.key(row.get("device_type")) or "")) is not None:
            registry.devices.append(_device(key, kind, row))
    return registry


def _plant(key: str, row: Mapping[str, Any]) -> PlantRow:
    latitude, longitude = place_of(row.get("latitude"), row.get("longitude"))
    return PlantRow(
        key,
        name=names.text(row.get("ps_name")),
        timezone=zone_at(latitude, longitude),
        latitude=latitude,
        longitude=longitude,
        capacity_kwp=_capacity_kwp(row),
        commissioned_on=written_day(row.get("install_date")),
    )


def _device(key: str, kind: str, row: Mapping[str, Any]) -> DeviceRow:
    return DeviceRow(
        key,
        plant_key=names.key(row.get("ps_id")) or key.partition("_")[0],
        kind=kind,
        name=names.text(row.get("device_name")),
        model=names.text(row.get("device_model_code")),
        vendor_type=names.key(row.get("device_type")),
    )


def _capacity_kwp(row: Mapping[str, Any]) -> float | None:
    """Peak power: of an account's list with a scaled unit, spelt as the vendor spells it, else W where the row has it."""
    told = row.get("total_capcity")
    found = [(row.get("design_capacity"), 0.001), (row.get("install_power"), 0.001)]
    if isinstance(told, dict):
        found.insert(0, (told.get("value"), _KILOWATTS.get(str(told.get("unit")).strip().lower(), math.nan)))
    for value, factor in found:
        read = numbers.number(value)
        if read is not None and 0 < read * factor <= 1e9:
            return read * factor
    return None


# ---- alarms ----------------------------------------------------------------------------------------------------------------

_SEVERITIES: Final = {"1": "major", "2": "minor", "3": "notice", "4": "notice"}
_ENDED: Final = frozenset({"4", "9"})
"""Resolved and closed."""


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Read the list of open alarms; it is complete where all its rows are there and can be read. Raises `BadDocument`."""
    landed = unpack_answer(body)
    result, asked = _landed_result(landed.data), frozenset(landed.request.subjects)
    rows = _list_of(result, "pageList")
    family = _LISTS.get(landed.request.interface, (_ACCOUNT, ""))[0]
    total = numbers.number(result.get(family.count), frozenset())
    alarms, is_complete = [], total is not None and total <= len(rows)
    for row in rows:
        plant_key = names.key(row.get("ps_id")) if isinstance(row, dict) else None
        alarm = _alarm(row, plant_key, context.zones.get(plant_key, context.timezone)) if plant_key in asked else None
        if alarm is not None:
            alarms.append(alarm)
        elif plant_key is None or plant_key in asked:
            is_complete = False
    return AlarmList(alarms, landed.request.subjects, is_complete)


def _alarm(row: Mapping[str, Any], plant_key: str, local: ZoneInfo) -> Alarm | None:
    key, raised_at = names.key(row.get("fault_code")), _local_instant(row.get("create_time"), local)
    if key is None or raised_at is None:
        return None
    cleared_at = _local_instant(row.get("over_time"), local)
    code = names.key(row.get("fault_type_code")) or ""
    return Alarm(
        key=key,
        plant_key=plant_key,
        device_key=names.key(row.get("ps_key")),
        code=code,
        name=names.words(row.get("fault_name"), 200) or code,
        severity=_SEVERITIES.get(names.key(row.get("fault_type")) or "", "minor"),
        raised_at=raised_at,
        cleared_at=cleared_at,
        is_open=cleared_at is None and names.key(row.get("process_status")) not in _ENDED,
        advice=names.words(row.get("fault_reason"), 1000),
    )


def _local_instant(stamp: object, local: ZoneInfo) -> datetime | None:
    """Aware UTC of a local text; in a repeated hour the first."""
    try:
        read = datetime.fromisoformat(_iso(stamp) or "")
        return (read if read.tzinfo else read.replace(tzinfo=local)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


CLOUD: Final = Cloud(
    vendor=VENDOR,
    log_in=log_in,
    authorize=authorize,
    consent_page=consent_page,
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
