"""Huawei FusionSolar: what is asked, how answers are judged, and that parsed answers tell what the plants really did."""

import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from include.core.errors import BadDocument, TryLater
from include.core.fleet import DeviceRow, PlantRow
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, day_span
from include.sources.clouds.document import pack
from include.sources.clouds.errors import (
    Contested,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
)
from include.sources.clouds.http import Reply, VendorHttp
from include.sources.clouds.huawei import cloud as huawei
from include.sources.clouds.session import Session
from include.sources.formats.context import ParseContext

CREDENTIALS = {"login": "nbi-user", "password": "Nbi@12345"}
ZONES = {"NE=50331701": "America/Sao_Paulo", "NE=50331702": "Europe/Berlin", "NE=50331703": "Asia/Shanghai"}
CONTEXT = ParseContext(ZoneInfo("America/Sao_Paulo"), "answer.json", zones={key: ZoneInfo(name) for key, name in ZONES.items()})
DAY = date(2026, 6, 14)
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
JUNE_14 = Span(datetime(2026, 6, 14, tzinfo=UTC), datetime(2026, 6, 15, tzinfo=UTC))


class MemoryTokens:
    """Keeps the tokens in memory."""

    def __init__(self):
        self.tokens = None
        self.logins = 0

    def take(self, log_in):
        if self.tokens is None:
            self.tokens = log_in(None)
            self.logins += 1
        return self.tokens

    def discard(self, tokens):
        self.tokens = None


class Budget:
    """Never refuses; remembers what was spent."""

    def __init__(self):
        self.spent = []

    def spend(self, interface):
        self.spent.append(interface)


def open_session(http, credentials=CREDENTIALS):
    token_store, budget = MemoryTokens(), Budget()
    session = Session(huawei.CLOUD, http, credentials, tokens=token_store, budget=budget)
    return SimpleNamespace(session=session, token_store=token_store, budget=budget)


@pytest.fixture
def account(clouds):
    """A session with the live sandbox, whose budgets do not count."""
    clouds.world.limits.on = False
    return open_session(VendorHttp(clouds.url)).session


def fleet_of(world):
    """The sandbox's plants and inverters as registered ones, and its weather station."""
    plants = world.sunshine.plants("huawei")
    devices = [PulledDevice(own.key, plant.key, "1") for plant in plants for own in plant.inverters]
    return PulledFleet(
        tuple(PulledPlant(plant.key, plant.timezone) for plant in plants),
        (*devices, PulledDevice("1000000080000000", plants[0].key, "10")),
    )


def plain_fleet(*, plants=1, timezone="America/Sao_Paulo", **counts):
    """A fleet of `plants` plants and `t<type>` devices of a type, all at the first plant."""
    devices = [PulledDevice(f"{kind}-{at:03}", "P000", kind[1:]) for kind, count in counts.items() for at in range(count)]
    return PulledFleet(tuple(PulledPlant(f"P{at:03}", timezone) for at in range(plants)), tuple(devices))


def landed(session, requests):
    """The documents of all answers to the asks."""
    return [pack("huawei", request, answer.raw) for request in requests for answer in huawei.fetch(session, request)]


def document(interface, data, *, span=JUNE_14, subjects=("7",), params=None, body=None):
    """A landed answer with this `data`."""
    request = Request(interface, body or {"devIds": "7", "devTypeId": 1}, "devices", span, subjects)
    answer = {"success": True, "failCode": 0, "message": "", "params": params or {}, "data": data}
    return pack("huawei", request, json.dumps(answer).encode())


def frames_of(documents, context=CONTEXT):
    return [piece.frame for document in documents for piece in huawei.parse(document, context)]


def readings(documents, context=CONTEXT):
    """Values by (subject, quantity, instant)."""
    told = {}
    for frame in frames_of(documents, context):
        for row in frame.itertuples():
            value = row.state if row.quantity == "state" else row.value
            told[row.subject, row.quantity, row.measured_at.to_pydatetime()] = value
    return told


def missing(document):
    return sum(piece.missing_count for piece in huawei.parse(document, CONTEXT))


def frame_row(at, device=7, **values):
    return {"devId": device, "sn": "HV1", "collectTime": ms(at), "dataItemMap": values}


def ms(instant):
    return round(instant.timestamp() * 1000)


def at(hour, minute=0, day=14):
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


# ---- login


def reply_of(body, status=200, headers=None):
    return Reply(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(code, data=None):
    return {"success": False, "failCode": code, "message": None, "data": data, "params": None}


SUCCESS = {"success": True, "data": None, "failCode": 0, "params": None, "message": None}


def log_in(reply):
    calls = []

    def post(interface, call):
        calls.append((interface, call))
        return reply

    return huawei.log_in(post, CREDENTIALS, None), calls


def test_a_login_sends_user_and_system_code_and_reads_the_token_from_the_header():
    tokens, calls = log_in(reply_of(SUCCESS, headers={"XSRF-Token": "x-1", "Set-Cookie": "XSRF-TOKEN=x-2; Path=/"}))

    ((interface, call),) = calls
    assert (interface, call.path) == ("login", "/thirdData/login")
    assert call.body == {"userName": "nbi-user", "systemCode": "Nbi@12345"}
    assert (tokens.access, tokens.lives_s) == ("x-1", 1500)


def test_a_login_reads_the_token_from_the_cookie_of_an_older_site():
    tokens, _ = log_in(reply_of(SUCCESS, headers={"set-cookie": "JSESSIONID=abc; HttpOnly, xsrf-token=x-2; Path=/; Secure"}))

    assert tokens.access == "x-2"


@pytest.mark.parametrize("headers", [{}, {"xsrf-token": " "}, {"xsrf-token": "x-1\r\nEvil: 1"}, {"set-cookie": "JSESSIONID=a"}])
def test_a_login_without_a_usable_token_is_tried_later(headers):
    with pytest.raises(TryLater, match="sent no token"):
        log_in(reply_of(SUCCESS, headers=headers))


@pytest.mark.parametrize("code", [20400, 20001, 20002, 20003, 30029, 20403, 401, 30030])
def test_a_refused_login_needs_a_person(code):
    with pytest.raises(Rejected, match=f"refused login with failCode {code}"):
        log_in(reply_of(refused(code)))


def test_a_login_answered_without_a_byte_is_tried_later_and_says_that_the_user_may_be_unknown():
    with pytest.raises(TryLater, match="unknown API user") as caught:
        log_in(reply_of(b""))

    assert caught.value.after_s == 600


@pytest.mark.parametrize(("status", "body"), [(200, b"<!DOCTYPE html><html>"), (200, b'{"succ'), (502, b""), (503, b"<html>")])
def test_an_outage_at_the_login_is_no_refusal(status, body):
    with pytest.raises(TryLater):
        log_in(reply_of(body, status))


def test_a_login_too_many_waits_for_its_own_window():
    with pytest.raises(RateLimited) as caught:
        log_in(reply_of(refused(407, "ACCESS_FREQUENCY_IS_TOO_HIGH")))

    assert caught.value.after_s == 600


def test_the_sandbox_takes_the_login_and_the_token(clouds):
    opened = open_session(VendorHttp(clouds.url))

    answer = opened.session.post("stations", {"pageNo": 1, "pageSize": 100})

    assert [row["plantCode"] for row in answer.data["data"]["list"]] == list(ZONES)
    assert opened.budget.spent == ["login", "stations"]


def test_the_sandbox_refuses_a_wrong_system_code_and_the_message_holds_no_secret(clouds):
    opened = open_session(VendorHttp(clouds.url), {"login": "nbi-user", "password": "S3cret!"})

    with pytest.raises(Rejected) as caught:
        opened.session.log_in()

    assert "S3cret!" not in str(caught.value)
    assert "nbi-user" not in str(caught.value)


def test_an_ended_token_is_replaced_once(clouds):
    opened = open_session(VendorHttp(clouds.url))
    opened.session.log_in()
    clouds.world.tokens.end_all("huawei")

    opened.session.post("stations", {"pageNo": 1, "pageSize": 100})

    assert opened.budget.spent == ["login", "stations", "login", "stations"]


def test_a_token_that_ends_at_once_means_that_another_program_uses_the_account(clouds):
    clouds.world.faults.switch_on("token_expires", vendor="huawei", times=2)

    with pytest.raises(Contested):
        open_session(VendorHttp(clouds.url)).session.post("stations", {"pageNo": 1, "pageSize": 100})


# ---- verdict


@pytest.mark.parametrize(
    ("code", "kind", "after_s"),
    [
        *((code, TokenEnded, None) for code in (305, 306, 307)),
        *((code, NotPermitted, ...) for code in (401, 20045, 20046)),
        (407, RateLimited, 65),
        (429, TryLater, 60),
        *((code, Rejected, ...) for code in (20001, 20002, 20003, 20400, 20403, 30029)),
        *((code, TryLater, None) for code in (20004, 20200, 99999)),
        (20618, QuotaExhausted, None),
        *((code, Unanswerable, ...) for code in range(20005, 20019)),
        *((code, Unanswerable, ...) for code in range(20023, 20028)),
        *((code, Unanswerable, ...) for code in (30004, 30005, 30006, 30030, 30031, 30032)),
    ],
)
def test_each_code_becomes_what_to_do_next(code, kind, after_s):
    with pytest.raises(kind, match=f"getKpiStationDay with failCode {code} ") as caught:
        huawei.classify_response("getKpiStationDay", reply_of(refused(code)))

    assert type(caught.value) is kind
    assert after_s is ... or caught.value.after_s == after_s


@pytest.mark.parametrize(
    ("interface", "after_s"), [("getAlarmList", 1800), ("getStationRealKpi", 300), ("getDevRealKpi", 300), ("getDevList", 65)]
)
def test_a_call_too_many_waits_as_long_as_the_interface_asks(interface, after_s):
    with pytest.raises(RateLimited) as caught:
        huawei.classify_response(interface, reply_of(refused(407, "ACCESS_FREQUENCY_IS_TOO_HIGH")))

    assert caught.value.after_s == after_s


def test_a_code_counts_whatever_the_status_beside_it():
    with pytest.raises(TokenEnded):
        huawei.classify_response("getDevList", reply_of(refused(305), status=500))


def test_a_code_that_is_written_as_text_is_read():
    with pytest.raises(TokenEnded):
        huawei.classify_response("getDevList", reply_of(refused("305")))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "after_s"),
    [(429, {"Retry-After": "90"}, RateLimited, 90), (403, {}, RateLimited, 60), (502, {}, TryLater, None)],
)
def test_a_gateway_is_heard_where_there_is_no_code(status, headers, kind, after_s):
    body = {"errorCode": "49401021002", "exceptionInfo": "Request is rejected by api quotaControl"}

    with pytest.raises(kind) as caught:
        huawei.classify_response("stations", reply_of(body, status, headers))

    assert type(caught.value) is kind
    assert caught.value.after_s == after_s


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>Sign in</html>"),
        (200, b'{"success":true,"failCode":0,"da'),
        (200, b"[]"),
        (200, b'{"success":true,"failCode":0,"data":NaN}'),
        (200, b'{"success":true,"data":[]}'),
        (200, b'{"success":false,"failCode":0,"data":[]}'),
        (200, b'{"success":true,"failCode":true,"data":[]}'),
        (500, b'{"success":true,"failCode":0,"data":[]}'),
        (302, b""),
    ],
)
def test_what_is_no_whole_answer_is_tried_later(status, body):
    with pytest.raises(TryLater) as caught:
        huawei.classify_response("stations", reply_of(body, status))

    assert type(caught.value) is TryLater


def test_a_byte_order_mark_is_skipped():
    data = huawei.classify_response("getDevList", reply_of(b"\xef\xbb\xbf" + json.dumps({**SUCCESS, "data": []}).encode()))

    assert data["data"] == []


# ---- asking: fewest calls


def test_sixty_days_of_the_sandbox_cost_no_call_too_many(clouds):
    fleet = fleet_of(clouds.world)

    requests = huawei.day_requests(CREDENTIALS, fleet, date(2026, 4, 17), date(2026, 6, 15), True)

    # Seven inverters share a call: from Shanghai's first midnight to São Paulo's last are 60 days and 11 hours, 21 windows. The
    # weather station stands in São Paulo: 60 days, 20 windows. Days are told by month (April, May, June), months by year.
    assert counts(requests) == {
        ("getDevHistoryKpi", 1): 21,
        ("getDevHistoryKpi", 10): 20,
        "getKpiStationDay": 3,
        "getKpiStationMonth": 1,
    }


def test_a_day_that_is_no_backfill_brings_the_hours_too(clouds):
    requests = huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, False)

    assert [request.interface for request in requests] == [
        "getDevHistoryKpi",
        "getDevHistoryKpi",
        "getKpiStationDay",
        "getKpiStationMonth",
        "getKpiStationHour",
    ]


def counts(requests):
    counted = {}
    for request in requests:
        key = (request.interface, request.body["devTypeId"]) if "devTypeId" in request.body else request.interface
        counted[key] = counted.get(key, 0) + 1
    return counted


def test_windows_of_history_are_whole_in_three_days_and_follow_each_other(clouds):
    requests = [
        request
        for request in huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), date(2026, 6, 1), date(2026, 6, 7), True)
        if request.body.get("devTypeId") == 1
    ]

    starts = [datetime(2026, 5, 31, 16, tzinfo=UTC) + timedelta(days=3 * number) for number in range(3)]
    assert [request.span for request in requests] == [
        Span(starts[0], starts[1]),
        Span(starts[1], starts[2]),
        Span(starts[2], datetime(2026, 6, 8, 3, tzinfo=UTC)),
    ]
    assert [(request.body["startTime"], request.body["endTime"]) for request in requests] == [
        (ms(request.span.start), ms(request.span.end) - 1) for request in requests
    ]


def test_the_sandbox_answers_a_window_of_three_days(clouds, account):
    requests = huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), date(2026, 6, 9), date(2026, 6, 14), True)
    whole = next(request for request in requests if request.body.get("devTypeId") == 10)

    (document,) = landed(account, [whole])

    wind = [when for _, what, when in readings([document]) if what == "wind_speed_m_s"]
    assert len(wind) == 3 * 288
    assert (min(wind), max(wind)) == (whole.span.start, whole.span.end - timedelta(minutes=5))


def test_history_is_asked_oldest_first():
    requests = huawei.day_requests(CREDENTIALS, plain_fleet(t1=12, t17=1), date(2026, 6, 1), date(2026, 6, 6), True)[:-2]

    starts = [request.body["startTime"] for request in requests]
    assert len(requests) == 6
    assert starts == sorted(starts)


def test_devices_of_one_zone_share_calls_so_that_no_window_is_cut_for_another_zone():
    # Three days in each of two zones: calls of ten devices of one zone need one window, mixed ones would need two.
    plants = (PulledPlant("BR", "America/Sao_Paulo"), PulledPlant("CN", "Asia/Shanghai"))
    devices = tuple(PulledDevice(f"{at:02}", plants[at % 2].key, "1") for at in range(20))

    requests = huawei.day_requests(CREDENTIALS, PulledFleet(plants, devices), date(2026, 6, 1), date(2026, 6, 3), True)

    assert counts(requests)["getDevHistoryKpi", 1] == 2


def test_only_devices_with_a_history_are_asked():
    fleet = plain_fleet(t1=1, t2=1, t10=1, t17=1, t37=1, t38=1, t39=1, t41=1, t46=1, t47=1, t62=1)

    requests = huawei.day_requests(CREDENTIALS, fleet, DAY, DAY, True)

    types = [request.body["devTypeId"] for request in requests if request.interface == "getDevHistoryKpi"]
    assert sorted(types) == [1, 10, 17, 38, 39, 41, 47]


def test_a_span_over_a_change_of_clocks_is_whole_local_days():
    fleet = plain_fleet(timezone="Europe/Berlin", t1=1)

    request = huawei.day_requests(CREDENTIALS, fleet, date(2026, 3, 29), date(2026, 3, 29), True)[0]

    assert request.span == Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))


def test_plants_are_asked_at_an_instant_that_lies_in_the_day_of_each():
    zones = ("Pacific/Kiritimati", "Pacific/Auckland", "Asia/Kolkata", "UTC", "America/Noronha", "Pacific/Pago_Pago")
    fleet = PulledFleet(tuple(PulledPlant(name, name) for name in zones))

    requests = [
        request
        for request in huawei.day_requests(CREDENTIALS, fleet, DAY, DAY, False)
        if request.interface == "getKpiStationHour"
    ]

    asked = {
        name: datetime.fromtimestamp(request.body["collectTime"] / 1000, ZoneInfo(name)).date()
        for request in requests
        for name in request.subjects
    }
    assert asked == dict.fromkeys(zones, DAY)
    assert len(requests) == 2


def test_a_hundred_plants_share_a_call():
    fleet = plain_fleet(plants=101)

    requests = huawei.day_requests(CREDENTIALS, fleet, date(2026, 1, 5), date(2026, 1, 6), False)

    assert counts(requests) == {"getKpiStationDay": 2, "getKpiStationHour": 4}  # no month of the year is over
    assert [request.body["stationCodes"].count(",") for request in huawei.device_requests(CREDENTIALS, fleet)] == [99, 0]
    assert [len(request.subjects) for request in huawei.snapshot_requests(CREDENTIALS, fleet)] == [100, 1]


def test_days_are_asked_from_the_start_of_the_month_to_the_last_day_that_is_wanted():
    requests = huawei.day_requests(CREDENTIALS, plain_fleet(), date(2026, 5, 30), date(2026, 6, 2), True)

    days = [request.span for request in requests if request.interface == "getKpiStationDay"]
    zone = ZoneInfo("America/Sao_Paulo")
    assert days == [day_span(date(2026, 5, 1), zone, 31), day_span(date(2026, 6, 1), zone, 2)]


def test_snapshots_are_of_plants_and_inverters_by_type():
    requests = huawei.snapshot_requests(CREDENTIALS, plain_fleet(t1=101, t38=1, t17=1))

    assert [
        (request.interface, request.kind, request.body.get("devTypeId"), len(request.subjects), request.span)
        for request in requests
    ] == [
        ("getStationRealKpi", "plants", None, 1, None),
        ("getDevRealKpi", "devices", 1, 100, None),
        ("getDevRealKpi", "devices", 1, 1, None),
        ("getDevRealKpi", "devices", 38, 1, None),
    ]


def test_alarms_are_asked_for_at_most_31_days():
    long = Span(NOW - timedelta(days=90), NOW)

    (request,) = huawei.alarm_requests(CREDENTIALS, plain_fleet(), long)

    assert request.span == Span(NOW - timedelta(days=31), NOW)
    assert request.body == {
        "stationCodes": "P000",
        "beginTime": ms(NOW - timedelta(days=31)),
        "endTime": ms(NOW),
        "language": "en_US",
    }


def test_an_empty_fleet_is_asked_nothing_but_its_plants():
    empty = PulledFleet()

    assert len(huawei.fleet_requests(CREDENTIALS)) == 1
    assert huawei.device_requests(CREDENTIALS, empty) == []
    assert huawei.snapshot_requests(CREDENTIALS, empty) == []
    assert huawei.alarm_requests(CREDENTIALS, empty, JUNE_14) == []
    assert huawei.day_requests(CREDENTIALS, empty, DAY, DAY, False) == []


# ---- budgets


def test_no_allowance_of_a_small_fleet_is_above_the_sandbox():
    from sandbox.limits import RULES

    allowed = huawei.rate_limits(plain_fleet(plants=100, t1=10, t38=10, t10=10, t17=10, t39=10, t47=10))

    for rule in RULES["huawei"]:
        ours = [one for one in allowed if one.interface == rule.interface and one.window_s >= rule.window_s]
        if rule.interface not in {"logout", "getStationList", *UNUSED}:
            assert min(one.calls for one in ours) <= rule.calls, rule
    assert max(one.calls for one in allowed if one.interface == "getDevHistoryKpi") == 25


UNUSED = ("getKpiStationYear", "getDevKpiDay", "getDevKpiMonth", "getDevKpiYear")


def test_allowances_grow_with_the_fleet():
    allowed = {(one.interface, one.window_s): one.calls for one in huawei.rate_limits(plain_fleet(plants=130, t1=319, t10=25))}

    assert allowed["stations", 86_400] == 2 * 10 + 25
    assert allowed["getKpiStationDay", 86_400] == 2 + 24
    assert allowed["getDevHistoryKpi", 86_400] == 32 + 3 - 1 + 24
    assert allowed["getDevRealKpi", 300] == 4
    assert allowed["getStationRealKpi", 300] == 2
    assert allowed["getAlarmList", 1800] == 2
    assert allowed["getDevHistoryKpi", 65] == allowed["getDevList", 65] == 1


# ---- fetching


class PagedSession:
    """A session with the sandbox in this process, of an account with twelve plants."""

    credentials = CREDENTIALS

    def __init__(self):
        from sandbox.clouds import app
        from sandbox.sunshine import ShiftedClock, World, sunshine

        self.world = World(sunshine=sunshine(1, 12), clock=ShiftedClock(NOW, runs=False), limits_on=False)
        self._client = TestClient(app(self.world))
        self._session = open_session(self).session

    def post(self, path, body, headers=None):
        if not path.startswith("/"):
            return self._session.post(path, body)
        reply = self._client.post(path, json=body, headers=headers)
        return Reply(reply.status_code, reply.headers, reply.content)


TENS = Request("stations", {"pageNo": 1, "pageSize": 10}, "fleet")


def test_all_pages_of_plants_are_fetched():
    answers = huawei.fetch(PagedSession(), TENS)

    assert [len(answer.data["data"]["list"]) for answer in answers] == [10, 2]


@pytest.mark.parametrize("fault", ["repeated_page", "missing_page"])
def test_a_page_that_is_missing_or_repeated_is_no_shorter_fleet(fault):
    session = PagedSession()
    session.world.faults.switch_on(fault, vendor="huawei")

    with pytest.raises(TryLater, match="ask again for all pages"):
        huawei.fetch(session, TENS)


class Canned:
    """A session that gives prepared `data`, one after the other."""

    credentials = CREDENTIALS

    def __init__(self, *data):
        self._data = list(data)

    def post(self, interface, body):
        data = {**SUCCESS, "data": self._data.pop(0)}
        return SimpleNamespace(raw=json.dumps(data).encode(), data=data)


def page(*codes, total, number=None):
    return {"list": [{"plantCode": code} for code in codes], "pageCount": 9, "pageNo": number, "pageSize": 10, "total": total}


@pytest.mark.parametrize(
    "pages",
    [
        [page("A", "B", total=3), page("A", "B", total=3)],
        [page("A", "A", total=2)],
        [page("A", "B", total=3, number=1), page("C", total=3, number=1)],
        [page("A", "B", total=3), page(total=3)],
        [{"list": [], "total": None}],
        [{"list": None, "total": 0}],
        [[]],
        [None],
    ],
)
def test_pages_that_contradict_themselves_are_asked_again(pages):
    with pytest.raises(TryLater):
        huawei.fetch(Canned(*pages), TENS)


def test_an_account_without_plants_is_an_answer():
    (answer,) = huawei.fetch(Canned(page(total=0)), TENS)

    assert answer.data["data"]["list"] == []


@pytest.mark.parametrize("data", [None, {}, "ACCESS", 3])
def test_an_answer_without_its_list_is_asked_again(data):
    with pytest.raises(TryLater, match="without a list"):
        huawei.fetch(Canned(data), Request("getKpiStationDay", {}, "plants"))


# ---- fleet


def test_the_sandboxs_plants_are_registered_with_their_zones(clouds, account):
    (document,) = landed(account, huawei.fleet_requests(CREDENTIALS))

    registry = huawei.parse_fleet(document, CONTEXT)

    assert registry.plants == [
        PlantRow(
            plant.key,
            name=plant.name,
            timezone=plant.timezone,
            latitude=plant.latitude,
            longitude=plant.longitude,
            capacity_kwp=plant.capacity_kwp,
            commissioned_on=plant.installed_on,
        )
        for plant in clouds.world.sunshine.plants("huawei")
    ]


def test_the_sandboxs_devices_are_registered_with_the_vendors_types(clouds, account):
    (document,) = landed(account, huawei.device_requests(CREDENTIALS, fleet_of(clouds.world)))

    devices = {row.device_key: row for row in huawei.parse_fleet(document, CONTEXT).devices}

    inverters = [own for plant in clouds.world.sunshine.plants("huawei") for own in plant.inverters]
    assert len(devices) == len(inverters) + 3 + 1
    for own in inverters:
        assert devices[own.key] == DeviceRow(
            own.key, plant_key=own.plant_key, kind="inverter", name=own.name, model=own.model, vendor_type="1"
        )
    assert (devices["1000000070000002"].kind, devices["1000000070000002"].vendor_type) == ("logger", "2")
    assert (devices["1000000080000000"].kind, devices["1000000080000000"].plant_key) == ("sensor", "NE=50331701")


def test_devices_of_plants_that_were_not_asked_for_are_left_out(clouds, account):
    clouds.world.faults.switch_on("foreign_row", vendor="huawei", interface="getDevList")
    (document,) = landed(account, huawei.device_requests(CREDENTIALS, fleet_of(clouds.world)))

    registry = huawei.parse_fleet(document, CONTEXT)

    assert b"NE=99999999" in document
    assert {row.plant_key for row in registry.devices} == set(ZONES)


def devices_document(*rows):
    return pack("huawei", Request("getDevList", {"stationCodes": "A"}, "fleet"), json.dumps({"data": rows}).encode())


def test_kinds_of_devices_that_do_not_matter_are_left_out_and_broken_rows_told():
    kinds = {1: "inverter", 38: "inverter", 10: "sensor", 17: "meter", 47: "meter", 39: "battery", 41: "battery", 62: "logger"}
    rows = [{"id": number, "devTypeId": number, "stationCode": "A"} for number in (*kinds, 8, 22, 46, 60003)]

    registry = huawei.parse_fleet(devices_document(*rows, {"id": 5}, "text"), CONTEXT)

    assert {int(row.vendor_type): row.kind for row in registry.devices} == kinds
    assert [(row.row_number, row.reason) for row in registry.rejected] == [
        (13, "row 13 of getDevList has no id or no devTypeId"),
        (14, "row 14 of getDevList has no id or no devTypeId"),
    ]


def test_a_plant_without_place_capacity_and_date_is_registered_by_its_key_alone():
    rows = [
        {"plantCode": "A", "latitude": 0, "longitude": 0.0, "capacity": 0, "gridConnectionDate": None},
        {"plantCode": "B", "latitude": "-21.17", "longitude": "-47.81", "capacity": "270.5"},
        {"plantName": "no code"},
    ]
    body = pack("huawei", huawei.fleet_requests(CREDENTIALS)[0], json.dumps({"data": {"list": rows}}).encode())

    registry = huawei.parse_fleet(body, CONTEXT)

    assert registry.plants == [
        PlantRow("A"),
        PlantRow("B", timezone="America/Sao_Paulo", latitude=-21.17, longitude=-47.81, capacity_kwp=270.5),
    ]
    assert [row.row_number for row in registry.rejected] == [3]


# ---- history


def test_history_tells_the_truth_of_a_local_day_in_three_zones(clouds, account):
    requests = [
        request
        for request in huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, True)
        if request.kind == "devices"
    ]

    told = readings(landed(account, requests))

    sunshine = clouds.world.sunshine
    for plant in sunshine.plants("huawei"):
        for own in plant.inverters:
            truth = sunshine.day(own, DAY)
            assert series(told, own.key, "ac_power_kw", plant) == known(truth.instants, truth.power_kw)
            assert series(told, own.key, "energy_today_kwh", plant) == known(truth.instants, truth.day_energy_kwh)
            assert series(told, own.key, "energy_total_kwh", plant) == known(truth.instants, truth.total_energy_kwh)
            assert series(told, own.key, "temp_inverter_c", plant) == known(truth.instants, truth.temp_c)


def series(told, subject, quantity, plant, day=DAY):
    span = day_span(day, plant.zone())
    return {
        at: value for (who, what, at), value in told.items() if (who, what) == (subject, quantity) and span.start <= at < span.end
    }


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}


def test_a_silence_is_missing_and_not_zero(clouds, account):
    sunshine = clouds.world.sunshine
    own = sunshine.find_inverter("1000000035350466")
    days = (date(2026, 6, 15) - timedelta(days=back) for back in range(60))
    silent = next(day for day in days if "offline" in sunshine.day(own, day).state)
    requests = huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), silent, silent, True)

    told = readings(landed(account, [request for request in requests if request.body.get("devTypeId") == 1]))

    truth = sunshine.day(own, silent)
    assert None in truth.power_kw
    assert series(told, own.key, "ac_power_kw", sunshine.plant_of(own), silent) == known(truth.instants, truth.power_kw)


def test_a_weather_station_tells_irradiance_and_temperatures(clouds, account):
    requests = [
        request
        for request in huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, True)
        if request.body.get("devTypeId") == 10
    ]

    told = readings(landed(account, requests))

    plant = clouds.world.sunshine.plants("huawei")[0]
    weather = clouds.world.sunshine.weather(plant, DAY)
    station = "1000000080000000"
    assert series(told, station, "irradiance_ghi_w_m2", plant) == known(weather.instants, weather.irradiance_w_m2)
    assert series(told, station, "temp_air_c", plant) == known(weather.instants, weather.ambient_c)
    assert {what for _, what, _ in told} == {
        "irradiance_poa_w_m2",
        "irradiance_ghi_w_m2",
        "temp_air_c",
        "temp_module_c",
        "wind_speed_m_s",
    }


def test_an_inverters_figures_keep_their_units():
    row = frame_row(
        at(12), active_power=41.87, mppt_power=42.7, reactive_power=-0.31, power_factor=1, elec_freq="50.01", temperature=52.3,
        day_cap=190.4, total_cap=301122.6, inverter_state=512.0, pv1_u=611.2, brand_new_field={"nested": [1]},
    )  # fmt: skip

    told = readings([document("getDevHistoryKpi", [row])])

    assert {what: value for (_, what, _), value in told.items()} == {
        "ac_power_kw": 41.87,
        "dc_power_kw": 42.7,
        "reactive_power_kvar": -0.31,
        "power_factor": 1.0,
        "frequency_hz": 50.01,
        "temp_inverter_c": 52.3,
        "energy_today_kwh": 190.4,
        "energy_total_kwh": 301122.6,
        "state": "on grid",
    }


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        (
            17,
            {"active_power": -4187, "active_cap": 12.5, "reverse_active_cap": 7.25, "grid_frequency": 49.98},
            {"ac_power_kw": -4.187, "export_total_kwh": 12.5, "import_total_kwh": 7.25, "frequency_hz": 49.98},
        ),
        (47, {"active_power": 1500, "meter_u": 230.1}, {"ac_power_kw": 1.5}),
        (39, {"ch_discharge_power": -2500, "battery_soc": 81, "busbar_u": 700}, {"battery_power_kw": -2.5, "battery_pct": 81.0}),
        (41, {"ch_discharge_power": 2500, "battery_soc": None}, {"battery_power_kw": 2.5}),
    ],
)
def test_meters_and_batteries_tell_watts(kind, values, told):
    body = {"devIds": "7", "devTypeId": kind}

    read = readings([document("getDevHistoryKpi", [frame_row(at(12), **values)], body=body)])

    assert {what: value for (_, what, _), value in read.items()} == told


def test_rows_that_were_not_asked_for_are_left_out():
    rows = [
        frame_row(at(12), active_power=1.0),
        frame_row(at(12), device=99999999, active_power=2.0),
        frame_row(JUNE_14.start - timedelta(seconds=1), active_power=3.0),
        frame_row(JUNE_14.start, active_power=4.0),
        frame_row(JUNE_14.end, active_power=5.0),
    ]

    told = readings([document("getDevHistoryKpi", rows)])

    assert told == {("7", "ac_power_kw", at(12)): 1.0, ("7", "ac_power_kw", at(0)): 4.0}


def test_the_sandboxs_foreign_rows_are_left_out(clouds, account):
    clouds.world.faults.switch_on("foreign_row", vendor="huawei")
    requests = huawei.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, False)

    documents = landed(account, requests)

    assert all(b"99999999" in document for document in documents)
    assert not {who for who, _, _ in readings(documents) if "99999999" in who}


def test_nulls_are_counted_and_unreadable_values_and_times_are_kept_for_quarantine():
    rows = [
        frame_row(at(12), active_power=None, day_cap=5.0),
        frame_row(at(12, 5), active_power="much"),
        {**frame_row(at(12, 10), active_power=1.0), "collectTime": "yesterday"},
        {"collectTime": ms(at(12)), "dataItemMap": {"active_power": 1.0}},
        {**frame_row(at(12)), "dataItemMap": [1]},
        "text",
        {**frame_row(at(12)), "dataItemMap": None},
    ]

    body = document("getDevHistoryKpi", rows)

    frame = frames_of([body])[0].sort_values("row_number")
    assert missing(body) == 1
    assert [(row.row_number, row.quantity) for row in frame.itertuples() if row.raw is not None] == [
        (2, "ac_power_kw"),
        (3, "ac_power_kw"),
        (4, "energy_today_kwh"),
        (5, "energy_today_kwh"),
        (6, "energy_today_kwh"),
    ]
    assert frame["measured_at"].isna().tolist() == [False, False, True, True, True, True]


def test_states_are_told_where_they_change_in_the_order_of_time():
    codes = [40960, 512, 514, 512, 1234, None, 1234]
    rows = [frame_row(at(12, 5 * number), inverter_state=code) for number, code in enumerate(codes)]

    told = readings([document("getDevHistoryKpi", [*rows[1::2], *rows[::2]])])

    assert [(when.minute, state) for (_, _, when), state in sorted(told.items(), key=lambda one: one[0][2])] == [
        (0, "standby, no sun"),
        (5, "on grid"),
        (10, "on grid, self-derating"),
        (15, "on grid"),
        (20, "1234"),
    ]


def test_a_state_at_no_readable_time_hides_none_of_those_that_have_one():
    lost = {**frame_row(at(12), inverter_state=512), "collectTime": "yesterday"}

    (frame,) = frames_of([document("getDevHistoryKpi", [lost, frame_row(at(12, 5), inverter_state=512)])])

    assert sorted(zip(frame["row_number"], frame["state"], strict=True)) == [(1, "on grid"), (2, "on grid")]


def test_rows_that_come_twice_are_readings_twice():
    row = frame_row(at(12), active_power=1.0)

    (frame,) = frames_of([document("getDevHistoryKpi", [row, row])])

    assert frame["row_number"].tolist() == [1, 2]


def test_numbers_written_as_text_and_keys_written_as_numbers_are_read():
    row = {"devId": "-7", "collectTime": str(ms(at(12))), "dataItemMap": {"active_power": "41.87"}}

    told = readings([document("getDevHistoryKpi", [row], subjects=("-7",))])

    assert told == {("-7", "ac_power_kw", at(12)): 41.87}


def test_an_answer_with_a_byte_order_mark_is_parsed(clouds, account):
    clouds.world.faults.switch_on("byte_order_mark", vendor="huawei", interface="getStationRealKpi")
    requests = huawei.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))[:1]

    (document,) = landed(account, requests)

    assert document.partition(b"\n")[2].startswith(b"\xef\xbb\xbf")
    assert readings([document])


@pytest.mark.parametrize("body", [b"{}", b'{"vendor": 1}\n{}', document("getDevHistoryKpi", None), document("getAlarmList", [])])
def test_what_holds_no_readings_is_a_bad_document(body):
    with pytest.raises(BadDocument):
        list(huawei.parse(body, CONTEXT))


# ---- plants


def plant_requests(world, interface, first=DAY, last=DAY):
    requests = huawei.day_requests(CREDENTIALS, fleet_of(world), first, last, False)
    return [request for request in requests if request.interface == interface]


def energy(world, plant, *days):
    return round(sum(world.sunshine.energy_kwh(own, day) for own in plant.inverters for day in days), 3)


def midnight(day, plant):
    return day_span(day, plant.zone()).start


def test_days_of_plants_are_those_of_their_own_zone_and_the_running_day_is_left_out(clouds, account):
    last = date(2026, 6, 15)

    told = readings(landed(account, plant_requests(clouds.world, "getKpiStationDay", last, last)))

    days = [date(2026, 6, number) for number in range(1, 16)]
    for plant in clouds.world.sunshine.plants("huawei"):
        days_told = {when: value for (who, what, when), value in told.items() if (who, what) == (plant.key, "energy_day_kwh")}
        assert days_told == {midnight(day, plant): energy(clouds.world, plant, day) for day in days}
        generated = told[plant.key, "energy_day_kwh", midnight(DAY, plant)]
        assert told[plant.key, "export_day_kwh", midnight(DAY, plant)] == pytest.approx(0.85 * generated, abs=0.001)
        assert told[plant.key, "load_day_kwh", midnight(DAY, plant)] == pytest.approx(0.15 * generated, abs=0.002)
    plant = clouds.world.sunshine.plants("huawei")[0]
    sun = clouds.world.sunshine.weather(plant, DAY).irradiation_kwh_m2
    assert told[plant.key, "irradiation_day_kwh_m2", midnight(DAY, plant)] == pytest.approx(sun, abs=0.0001)


def test_months_of_plants_are_told_once_they_are_over(clouds, account):
    told = readings(landed(account, plant_requests(clouds.world, "getKpiStationMonth")))

    for plant in clouds.world.sunshine.plants("huawei"):
        months = {when: value for (who, what, when), value in told.items() if (who, what) == (plant.key, "energy_month_kwh")}
        assert sorted(months) == [midnight(date(2026, month, 1), plant) for month in range(1, 6)]
        may = [date(2026, 5, number) for number in range(1, 32)]
        assert months[midnight(may[0], plant)] == pytest.approx(energy(clouds.world, plant, *may), abs=0.001)
    assert {what for _, what, _ in told} == {"energy_month_kwh"}


def test_hours_of_plants_are_those_of_the_local_day(clouds, account):
    told = readings(landed(account, plant_requests(clouds.world, "getKpiStationHour")))

    for plant in clouds.world.sunshine.plants("huawei"):
        hours = {when: value for (who, what, when), value in told.items() if (who, what) == (plant.key, "energy_hour_kwh")}
        days = [clouds.world.sunshine.day(own, DAY).hours for own in plant.inverters]
        assert hours == {
            start: pytest.approx(sum(day[number][1] for day in days), abs=0.001) for number, (start, _) in enumerate(days[0])
        }


def day_row(start, plant="NE=50331702", **values):
    return {"stationCode": plant, "collectTime": ms(start), "dataItemMap": values}


def june_days(*rows, interface="getKpiStationDay", first=date(2026, 6, 1), days=14):
    span = day_span(first, ZoneInfo("Europe/Berlin"), days)
    return document(interface, rows, span=span, subjects=("NE=50331702",), body={"stationCodes": "NE=50331702"})


@pytest.mark.parametrize(
    ("values", "energy_kwh"),
    [
        ({"PVYield": 3, "inverterYield": 2, "inverter_power": 1}, 3.0),
        ({"PVYield": None, "inverterYield": 2, "inverter_power": 1}, 2.0),
        ({"inverter_power": "1.5"}, 1.5),
        ({"PVYield": 0, "inverter_power": 1}, 0.0),
    ],
)
def test_the_first_yield_that_is_told_counts(values, energy_kwh):
    start = datetime(2026, 6, 13, 22, tzinfo=UTC)

    told = readings([june_days(day_row(start, **values))])

    assert told == {("NE=50331702", "energy_day_kwh", start): energy_kwh}


def test_a_day_that_the_vendor_keeps_in_another_zone_is_still_that_day():
    # 2026-06-14 00:00 in Lisbon is 01:00 in Berlin, in Helsinki it is 23:00 of the day before in Berlin.
    for start in (datetime(2026, 6, 13, 23, tzinfo=UTC), datetime(2026, 6, 13, 21, tzinfo=UTC)):
        told = readings([june_days(day_row(start, inverter_power=1))])

        assert told == {("NE=50331702", "energy_day_kwh", datetime(2026, 6, 13, 22, tzinfo=UTC)): 1.0}


def test_days_and_months_that_reach_beyond_the_span_are_left_out():
    berlin = ZoneInfo("Europe/Berlin")
    days = [day_row(datetime(2026, month, day, tzinfo=berlin), inverter_power=1) for month, day in ((5, 31), (6, 14), (6, 15))]
    months = [day_row(datetime(2026, month, 1, tzinfo=berlin), inverter_power=1) for month in (4, 5, 6)]

    told_days = readings([june_days(*days)])
    told_months = readings([june_days(*months, interface="getKpiStationMonth", first=date(2026, 5, 1), days=45)])

    assert [when for _, _, when in told_days] == [datetime(2026, 6, 13, 22, tzinfo=UTC)]
    assert [when for _, _, when in told_months] == [datetime(2026, 4, 30, 22, tzinfo=UTC)]


def test_a_figure_without_a_readable_time_is_kept_for_quarantine():
    row = {"stationCode": "NE=50331702", "collectTime": None, "dataItemMap": {"inverter_power": 1}}

    (frame,) = frames_of([june_days(row)])

    assert frame["measured_at"].isna().tolist() == [True]
    assert "NE=50331702" in frame["raw"][0]


# ---- now


def test_plants_now_are_counters_at_the_five_minutes_and_amounts_of_the_running_periods(clouds, account):
    clouds.world.clock.advance(437)  # 12:07:17
    requests = huawei.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))

    told = readings(landed(account, requests[:1]))

    today = date(2026, 6, 16)
    for plant in clouds.world.sunshine.plants("huawei"):
        days = [clouds.world.sunshine.day(own, today).until(NOW + timedelta(seconds=437)) for own in plant.inverters]
        of_day = sum(day.energy_kwh for day in days)
        ever = of_day + sum(clouds.world.sunshine.energy_before(own, today) for own in plant.inverters)
        of_month = of_day + energy(clouds.world, plant, *(date(2026, 6, number) for number in range(1, 16)))
        about = {what: (when, value) for (who, what, when), value in told.items() if who == plant.key}
        frame = datetime(2026, 6, 16, 12, 5, tzinfo=UTC)
        assert about == {
            "energy_today_kwh": (frame, pytest.approx(of_day, abs=0.006)),
            "energy_total_kwh": (frame, pytest.approx(ever, abs=0.006)),
            "energy_day_kwh": (midnight(today, plant), pytest.approx(of_day, abs=0.006)),
            "export_day_kwh": (midnight(today, plant), pytest.approx(of_day * 0.85, abs=0.006)),
            "load_day_kwh": (midnight(today, plant), pytest.approx(of_day * 0.15, abs=0.006)),
            "energy_month_kwh": (midnight(date(2026, 6, 1), plant), pytest.approx(of_month, abs=0.006)),
        }


def test_inverters_now_stand_at_the_frame_for_which_the_history_will_speak(clouds, account):
    clouds.world.clock.advance(437)
    requests = huawei.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))

    told = readings(landed(account, requests[1:]))

    frame = datetime(2026, 6, 16, 12, 5, tzinfo=UTC)
    for plant in clouds.world.sunshine.plants("huawei"):
        for own in plant.inverters:
            truth = clouds.world.sunshine.day(own, frame.astimezone(plant.zone()).date())
            power = truth.power_kw[truth.instants.index(frame)]
            assert told.get((own.key, "ac_power_kw", frame)) == power
    assert {when for _, _, when in told} == {frame}


def test_a_snapshot_without_its_moment_is_kept_for_quarantine():
    rows = [{"devId": 7, "dataItemMap": {"active_power": 1.0}}]

    (frame,) = frames_of([document("getDevRealKpi", rows, span=None)])

    assert frame["measured_at"].isna().tolist() == [True]


# ---- alarms


def test_the_sandboxs_alarm_is_told_while_it_is_active(clouds, account):
    sunshine = clouds.world.sunshine
    own = sunshine.find_inverter("1000000035350466")
    alarm = next(alarm for ahead in range(90) for alarm in sunshine.alarms(own, date(2026, 6, 17) + timedelta(days=ahead)))
    now = alarm.raised_at + timedelta(minutes=10)
    clouds.world.clock.advance((now - NOW).total_seconds())
    requests = huawei.alarm_requests(CREDENTIALS, fleet_of(clouds.world), Span(now - timedelta(days=2), now))

    (document,) = landed(account, requests)
    told = huawei.parse_alarms(document, CONTEXT)

    (one,) = told.alarms
    assert (one.plant_key, one.device_key, one.code, one.name) == (own.plant_key, None, "2032", "Grid Loss")
    assert (one.severity, one.raised_at, one.cleared_at, one.is_open) == ("major", alarm.raised_at, None, True)
    assert one.advice == "Check the AC breaker."
    assert one.key == f"NE=50331701/HV2140000002/2032/{ms(alarm.raised_at)}"
    assert (told.plant_keys, told.is_complete) == (tuple(ZONES), True)


def alarm_row(**changes):
    row = {"stationCode": "A", "esnCode": "S1", "devName": "INV 1", "alarmId": 1, "raiseTime": ms(at(12)), "lev": 1, "status": 1}
    return {**row, **changes}


def alarms_of(*rows):
    request = Request("getAlarmList", {"stationCodes": "A"}, "alarms", JUNE_14, ("A",))
    return huawei.parse_alarms(pack("huawei", request, json.dumps({"data": rows}).encode()), CONTEXT)


@pytest.mark.parametrize(
    ("level", "severity"), [(1, "critical"), (2, "major"), (3, "minor"), (4, "notice"), (9, "minor"), (None, "minor")]
)
def test_levels_become_severities(level, severity):
    (alarm,) = alarms_of(alarm_row(lev=level)).alarms

    assert alarm.severity == severity


@pytest.mark.parametrize(
    ("status", "is_open"), [(1, True), (2, True), (3, True), (None, True), (4, False), (5, False), (6, False)]
)
def test_alarms_are_open_until_they_are_handled_or_cleared(status, is_open):
    (alarm,) = alarms_of(alarm_row(status=status)).alarms

    assert alarm.is_open is is_open


def test_alarms_of_two_devices_at_one_moment_are_two():
    told = alarms_of(alarm_row(esnCode="S1"), alarm_row(esnCode="S2"), alarm_row(esnCode=None))

    assert [alarm.key for alarm in told.alarms] == [f"A/{device}/1/{ms(at(12))}" for device in ("S1", "S2", "INV 1")]


def test_alarms_of_plants_that_were_not_asked_for_are_left_out():
    assert alarms_of(alarm_row(stationCode="B")).alarms == []


@pytest.mark.parametrize("row", ["text", alarm_row(raiseTime=None), alarm_row(alarmId=None), alarm_row(stationCode="")])
def test_a_list_with_an_alarm_that_cannot_be_read_is_not_complete(row):
    told = alarms_of(alarm_row(), row)

    assert len(told.alarms) == 1
    assert not told.is_complete


def test_long_advice_is_cut_and_put_on_one_line():
    (alarm,) = alarms_of(alarm_row(alarmName=None, repairSuggestion="Check\r\n\tthe breaker. " + "x" * 2000)).alarms

    assert alarm.name == "alarm 1"
    assert alarm.advice.startswith("Check the breaker. xxx")
    assert len(alarm.advice) == 1000
