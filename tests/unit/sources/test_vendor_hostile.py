"""Vendors' real answers with anything in any place: read or refused with a reason, in time in proportion, never anything else."""

import contextlib
import copy
import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.core.errors import BadDocument, TryLater
from include.core.frames import READING_COLUMNS
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request, Tokens
from include.core.quantities import QUANTITIES
from include.core.span import Span
from include.sources.clouds.document import pack, unpack_answer
from include.sources.clouds.errors import NotPermitted, Rejected, Unanswerable
from include.sources.clouds.http import Reply, VendorHttp
from include.sources.clouds.registry import CLOUDS
from include.sources.clouds.session import Answer, Session
from include.sources.formats.context import ParseContext
from include.sources.formats.names import is_storable
from tests.conftest import live_clouds

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
KEYS = {"appkey": "A" * 32, "secret_key": "s" * 32}
ACCOUNTS = {
    "huawei": ("huawei", {"login": "nbi-user", "password": "Nbi@12345"}),
    "sungrow": ("sungrow", {**KEYS, "login": "sg@example.org", "password": "sgpass"}),
    "owners": ("sungrow", {**KEYS, "app_id": "4711", "redirect_url": "https://example.org/back"}),
    "deye": (
        "deye",
        {"login": "a@example.org", "password": "deyepass", "app_id": "201911067156002", "app_secret": "deyesecret"},
    ),
}
NAMES = pytest.mark.parametrize("name", ACCOUNTS)
SAID = (TryLater, Rejected, NotPermitted, Unanswerable)
"""What verdict, fetch and log_in may raise."""

INFINITE, DEEP, DEEPER = "~infinite~", "~deep~", "~deeper~"
ODD = [
    None, True, False, 0, -1, 1, 1.5, 512.0, 10**25, -(10**25), 10**400, 1e308, -1e308, 5e-324, 1e15, INFINITE, DEEP, DEEPER,
    "", " ", "--", "NaN", "inf", "1e999", "0", "-1", "1,5", "1_000", "\u0661\u0662", "\ud800", "\x00", "a\nb", "x" * 5000,
    "9" * 300,
    [], {}, [[]], [None], [1, "2"], {"a": 1}, {"key": [], "value": {}, "unit": []}, {"$date": {"$date": 1}},
    "20260614120000", "20269914120000", "99991231", "00010101", "2026-06-14T12:00:00Z", "0001-01-01", 1781431200, 1781431200000,
    253402300799, 9999, "Europe", "../etc/passwd", "Etc/GMT+3", "1000000", "E00003", 305,
]  # fmt: skip
TOKENS = Tokens("token", 60)


class MemoryTokens:
    """Keeps tokens in memory."""

    def __init__(self, tokens):
        self.tokens, self.is_good = tokens, True

    def take(self, log_in):
        if not self.is_good:
            self.tokens, self.is_good = log_in(self.tokens), True
        return self.tokens

    def discard(self, tokens):
        self.is_good = False


class Free:
    def spend(self, interface):
        """Costs nothing."""


class Heard:
    """The answers of one account by ask, thinned to three rows a list, and the replies to its logins."""

    def __init__(self, cloud, credentials, context):
        self.cloud, self.credentials, self.context = cloud, credentials, context
        self.answers: list[tuple[Request, dict]] = []
        self.logins: dict[str, dict] = {}

    def document(self, request, data):
        return pack(self.cloud.vendor.name, request, written(data))

    def read(self, request, body):
        """Read a landed answer by its kind; what comes is checked."""
        if request.kind == "fleet":
            check_registry(self.cloud.parse_fleet(body, self.context))
        elif request.kind == "alarms":
            check_alarms(self.cloud.parse_alarms(body, self.context))
        else:
            for piece in self.cloud.parse(body, self.context):
                check_frame(piece.frame)


class Echo:
    """A session that gives each call the same answer."""

    def __init__(self, cloud, credentials, raw, status=200):
        self.credentials = credentials
        self.calls = 0
        self._cloud, self._raw, self._status = cloud, raw, status

    def post(self, interface, body):
        self.calls += 1
        return Answer(self._raw, self._cloud.classify_response(interface, Reply(self._status, {}, self._raw)))


@pytest.fixture(scope="module")
def heard():
    """All kinds of answers of all accounts."""
    with live_clouds(NOW, limits_on=False) as clouds:
        return {name: listen(clouds, vendor, credentials) for name, (vendor, credentials) in ACCOUNTS.items()}


def listen(clouds, vendor, credentials):
    cloud, http, world = CLOUDS[vendor], VendorHttp(clouds.url), clouds.world
    plants = world.sunshine.plants(vendor)
    kind = "INVERTER" if vendor == "deye" else "1"
    fleet = PulledFleet(
        tuple(PulledPlant(plant.key, plant.timezone) for plant in plants),
        tuple(PulledDevice(own.key, plant.key, kind) for plant in plants for own in plant.inverters),
    )
    context = ParseContext(ZoneInfo("Europe/Berlin"), "answer", zones={plant.key: plant.zone() for plant in plants})
    found = Heard(cloud, credentials, context)

    def post(interface, call):
        reply = http.post(call.path, body=call.body, headers=call.headers)
        found.logins[interface] = json.loads(reply.body)
        return reply

    given = None if cloud.authorize is None or credentials.get("login") else cloud.authorize(post, credentials, "code01")
    found.logins = {"apiManage/refreshToken": found.logins["apiManage/token"]} if given else found.logins
    session = Session(
        cloud, http, credentials, tokens=MemoryTokens(given or cloud.log_in(post, credentials, None)), budget=Free()
    )
    day = date(2026, 5, 31)
    requests = [
        *cloud.fleet_requests(credentials),
        *cloud.device_requests(credentials, fleet)[:1],
        *cloud.snapshot_requests(credentials, fleet),
        *(
            request
            for request in cloud.day_requests(credentials, fleet, day, day, False)
            if request.span and request.span.end <= NOW
        ),
    ]
    once = {(request.interface, request.kind, str(request.body.get("granularity"))): request for request in reversed(requests)}
    for request in once.values():
        found.answers += [(request, thinned(answer.data)) for answer in cloud.fetch(session, request)[:1]]
    now = during_an_alarm(world, plants)
    alarms = [
        (request, cloud.fetch(session, request)[0].data)
        for request in cloud.alarm_requests(credentials, fleet, Span(now - timedelta(days=2), now))
    ]
    found.answers.append(next((request, thinned(data)) for request, data in alarms if rows_of(data)))
    return found


def during_an_alarm(world, plants):
    """Put the clock forward to the next alarm."""
    own, now = [own for plant in plants for own in plant.inverters], world.now()
    days = [now.date() + timedelta(days=ahead) for ahead in range(1, 90)]
    found = next(alarm for day in days for inverter in own for alarm in world.sunshine.alarms(inverter, day))
    world.clock.advance((found.raised_at + timedelta(minutes=10) - now).total_seconds())
    return found.raised_at + timedelta(minutes=10)


def thinned(value):
    if isinstance(value, dict):
        return {key: thinned(inner) for key, inner in list(value.items())[:40]}
    return [thinned(inner) for inner in value[:3]] if isinstance(value, list) else value


def written(data):
    """JSON, also with what Python cannot hold as a value."""
    text = json.dumps(data)
    for mark, odd in ((INFINITE, "1e999"), (DEEP, "[" * 25 + "]" * 25), (DEEPER, '{"a":' * 5000 + "1" + "}" * 5000)):
        text = text.replace(f'"{mark}"', odd)
    return text.encode()


def places(value, path=()):
    """Paths to all nodes."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


def spoilt(draw, data):
    """The answer with one to four nodes replaced, deleted, renamed or doubled."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 4))):
        paths = list(places(data))[1:]
        if not paths:
            return data
        *way, last = draw(st.sampled_from(paths))
        node = data
        for key in way:
            node = node[key]
        change = draw(st.sampled_from(["replace", "replace", "replace", "delete", "double", "rename"]))
        if change == "replace":
            node[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif change == "delete":
            del node[last]
        elif isinstance(node, list):
            node.insert(last, copy.deepcopy(node[last]))
        else:
            node[draw(st.sampled_from(["x", "\ud800", "id", "data", "deviceSn", "ps_key", "code"]))] = copy.deepcopy(node[last])
    return data


def check_frame(frame):
    assert tuple(frame.columns) == READING_COLUMNS
    kinds = [str(frame[name].dtype) for name in READING_COLUMNS]
    assert kinds == ["int32", "category", "category", "datetime64[us, UTC]", "float64", "object", "object"]
    assert isinstance(frame.index, pd.RangeIndex)
    assert (frame.row_number >= 1).all()
    assert set(frame.quantity.cat.categories) <= set(QUANTITIES)
    assert not np.isinf(frame.value).any()
    is_state = frame.quantity == "state"
    is_bad = frame.measured_at.isna() | (frame.value.isna() & ~is_state) | (frame.state.isna() & is_state)
    assert frame.loc[is_bad, "raw"].notna().all()
    assert frame.loc[~is_bad, "raw"].isna().all()
    assert all(map(is_storable, [*frame.subject.cat.categories, *frame.state.dropna()]))
    assert all("\0" not in raw and len(raw.encode()) <= 2000 for raw in frame.raw.dropna())


def check_registry(registry):
    for row in (*registry.plants, *registry.devices):
        texts = {name: value for name in row.__slots__ if isinstance(value := getattr(row, name), str)}
        assert all(map(is_storable, texts.values()))
        assert texts.get("plant_key", "-")
        assert texts.get("device_key", "-")
    for plant in registry.plants:
        numbers = (plant.latitude, plant.longitude, plant.capacity_kwp)
        assert all(number is None or np.isfinite(number) for number in numbers)
        assert plant.timezone is None or ZoneInfo(plant.timezone)
    assert all(row.reason and len(row.payload.encode()) <= 2000 for row in registry.rejected)


def check_alarms(told):
    for alarm in told.alarms:
        assert alarm.raised_at.utcoffset() == timedelta(0)
        assert alarm.cleared_at is None or alarm.cleared_at.utcoffset() == timedelta(0)
        assert alarm.severity in {"critical", "major", "minor", "notice"}
        assert alarm.plant_key in told.plant_keys
        texts = (alarm.key, alarm.code, alarm.name, alarm.device_key, alarm.advice)
        assert all(text is None or is_storable(text) for text in texts)


HOSTILE = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


@NAMES
def test_untouched_answers_are_read_whole(heard, name):
    kinds = Counter(request.kind for request, _ in heard[name].answers)

    for request, data in heard[name].answers:
        heard[name].read(request, heard[name].document(request, data))

    assert set(kinds) == {"fleet", "plants", "devices", "alarms"}
    assert sum(kinds.values()) >= 8


@NAMES
@HOSTILE
@given(data=st.data())
def test_anything_in_any_place_is_read_or_a_bad_document(heard, name, data):
    request, answer = data.draw(st.sampled_from(heard[name].answers))
    body = heard[name].document(request, spoilt(data.draw, answer))

    with contextlib.suppress(BadDocument):
        heard[name].read(request, body)


@NAMES
@HOSTILE
@given(data=st.data(), status=st.sampled_from([200, 200, 200, 302, 403, 429, 500]))
def test_anything_in_any_place_is_judged_and_fetched_or_said_in_the_pulls_own_words(heard, name, data, status):
    request, answer = data.draw(st.sampled_from(heard[name].answers))
    raw = written(spoilt(data.draw, answer))
    session = Echo(heard[name].cloud, heard[name].credentials, raw, status)

    with contextlib.suppress(*SAID):
        for fetched in heard[name].cloud.fetch(session, request):
            with contextlib.suppress(BadDocument):
                heard[name].read(request, pack(heard[name].cloud.vendor.name, request, fetched.raw))

    assert session.calls < 30


@NAMES
@HOSTILE
@given(data=st.data())
def test_any_answer_to_a_login_brings_tokens_or_says_why_not(heard, name, data):
    cloud, replies = heard[name].cloud, {}
    for interface, answer in heard[name].logins.items():
        replies[interface] = Reply(200, {}, written(spoilt(data.draw, answer)))

    with contextlib.suppress(*SAID):
        tokens = cloud.log_in(
            lambda interface, call: replies[interface], heard[name].credentials, replace(TOKENS, more={"refresh_token": "old"})
        )
        assert tokens.access
        assert 0 <= tokens.lives_s < 60 * 86_400


@NAMES
@HOSTILE
@given(
    raw=st.one_of(
        st.binary(max_size=80), st.binary(max_size=60).map(b'{"a":'.__add__), st.sampled_from([b"[" * 90_000, b"9" * 90_000])
    )
)
def test_random_bytes_are_no_answer(heard, name, raw):
    request, _ = heard[name].answers[0]

    with contextlib.suppress(BadDocument):
        heard[name].read(request, pack(heard[name].cloud.vendor.name, request, raw))
    with pytest.raises(SAID):
        heard[name].cloud.classify_response(request.interface, Reply(200, {}, raw))


@HOSTILE
@given(data=st.data())
def test_anything_in_the_line_that_says_what_was_asked_is_read_or_a_bad_document(heard, data):
    request, answer = data.draw(st.sampled_from(heard["deye"].answers))
    line, raw = pack("deye", request, written(answer)).split(b"\n", 1)
    body = written(spoilt(data.draw, json.loads(line))) + b"\n" + raw

    with contextlib.suppress(BadDocument):
        asked = unpack_answer(body).request
        if asked.kind == request.kind:
            heard["deye"].read(asked, body)


IDS = ("id", "deviceSn", "plantCode", "ps_id", "ps_key", "alertId", "fault_code", "alarmId", "stationCode")


def rows_of(value):
    """All lists of objects in an answer."""
    if isinstance(value, dict):
        return [found for inner in value.values() for found in rows_of(inner)]
    if isinstance(value, list):
        return [value] if value and all(isinstance(row, dict) for row in value) else []
    return []


def many(row, count, *, is_new):
    for number in range(count):
        changed = {key: f"{row[key]}{number}" for key in IDS if key in row} if is_new else {}
        yield {**row, **changed}


@pytest.mark.parametrize("name", ["huawei", "sungrow", "deye"])
@pytest.mark.parametrize("kind", ["fleet", "plants", "devices", "alarms"])
def test_a_hundred_thousand_rows_take_time_in_proportion(heard, name, kind):
    request, answer = next(
        (request, copy.deepcopy(data)) for request, data in heard[name].answers if request.kind == kind and rows_of(data)
    )
    rows = rows_of(answer)[0]
    rows[:] = many(rows[0], 100_000, is_new=kind in {"fleet", "alarms"})
    body = heard[name].document(request, answer)

    started = time.process_time()
    with contextlib.suppress(BadDocument):
        heard[name].read(request, body)

    assert time.process_time() - started < 20


@pytest.mark.parametrize("name", ["huawei", "sungrow", "deye"])
def test_a_list_without_an_end_is_given_up(heard, name):
    cloud, calls = heard[name].cloud, []
    (request,) = cloud.fleet_requests(heard[name].credentials)[:1]

    class Endless:
        credentials = heard[name].credentials

        def post(self, interface, body):
            calls.append(interface)
            number = len(calls)
            rows = [{"id": number, "ps_id": number, "plantCode": f"NE={number}"}]
            page = {"list": rows, "pageList": rows, "total": number + 1, "rowCount": number + 1, "pageNo": number}
            return Answer(b"", {"data": page, "result_data": page, "stationList": rows, "total": number + 1})

    with pytest.raises(TryLater):
        cloud.fetch(Endless(), request)

    assert len(calls) <= 1000
