"""Vendors' answers with anything in any place: read or refused with a reason, in time in proportion, never anything else."""

import contextlib
import copy
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.core.errors import BadDocument, TryLater
from include.core.frames import READING_COLUMNS
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Tokens
from include.core.quantities import QUANTITIES
from include.core.span import day_span
from include.sources.clouds.cloud import Answer, Cloud
from include.sources.clouds.document import pack, unpack_answer
from include.sources.clouds.errors import NotPermitted, Rejected, Unanswerable
from include.sources.clouds.http import Reply
from include.sources.clouds.registry import CLOUDS
from include.sources.formats.names import is_storable
from tests.sources.conformance.accounts import is_log_in
from tests.sources.conformance.payloads import Payload, payloads, refusals

KEYS = {"appkey": "A" * 32, "secret_key": "s" * 32}
DAY = date(2026, 5, 31)
FLEET = PulledFleet(
    (PulledPlant("7", "America/Sao_Paulo"),), tuple(PulledDevice(f"7_1_{kind}_1", "7", kind) for kind in ("1", "INVERTER"))
)
SAID = (TryLater, Rejected, NotPermitted, Unanswerable)
"""What a classification, `fetch` and `log_in` may raise."""

INFINITE, DEEP, DEEPER = "~infinite~", "~deep~", "~deeper~"
ODD = [
    None, True, False, 0, -1, 1, 1.5, 512.0, 10**25, -(10**25), 10**400, 1e308, -1e308, 5e-324, 1e15, INFINITE, DEEP, DEEPER,
    "", " ", "--", "NaN", "inf", "1e999", "0", "-1", "1,5", "1_000", "\u0661\u0662", "\ud800", "\x00", "a\nb", "x" * 5000,
    "9" * 300,
    [], {}, [[]], [None], [1, "2"], {"a": 1}, {"key": [], "value": {}, "unit": []}, {"$date": {"$date": 1}},
    "20260614120000", "20269914120000", "99991231", "00010101", "2026-06-14T12:00:00Z", "0001-01-01", 1781431200, 1781431200000,
    253402300799, 9999, "Europe", "../etc/passwd", "Etc/GMT+3", "1000000", "E00003", 305,
]  # fmt: skip
TOKENS = Tokens("token", 60, {"refresh_token": "old"})


@dataclass(repr=False)
class Account:
    """One way into a cloud: its fields, the prepared answers that it gets, and the good answers to its logins by interface."""

    cloud: Cloud
    credentials: dict[str, str]
    answers: list[Payload]
    logins: dict[str, dict]

    @cached_property
    def requests(self):
        """What we ask of a small fleet for a day, by interface."""
        cloud, credentials = self.cloud, self.credentials
        made = [
            *cloud.fleet_requests(credentials),
            *cloud.device_requests(credentials, FLEET),
            *cloud.snapshot_requests(credentials, FLEET),
            *cloud.alarm_requests(credentials, FLEET, day_span(DAY, ZoneInfo("UTC"))),
            *cloud.day_requests(credentials, FLEET, DAY, DAY, False),
        ]
        return {request.interface: request for request in made}

    def document(self, payload, answer):
        return pack(self.cloud.vendor.name, payload.request, written(answer))

    def read(self, payload, body):
        """Read a landed answer by its kind; what comes is checked."""
        if payload.request.kind == "fleet":
            check_registry(self.cloud.parse_fleet(body, payload.context))
        elif payload.request.kind == "alarms":
            check_alarms(self.cloud.parse_alarms(body, payload.context))
        else:
            for piece in self.cloud.parse(body, payload.context):
                check_frame(piece.frame)


def account_of(vendor, *, is_owners=False, **credentials):
    """An account of a vendor; Sungrow's owners get the answers of its platform."""
    answers = [
        payload
        for payload in payloads("fleet", "plants", "devices", "alarms")
        if payload.vendor == vendor and payload.is_read and payload.request.interface.startswith("platform/") == is_owners
    ]
    logins = {
        row["interface"]: row["body"] for row in refusals(vendor) if row["means"] == "success" and is_log_in(row["interface"])
    }
    return Account(CLOUDS[vendor], credentials, answers, logins)


ACCOUNTS = {
    "huawei": account_of("huawei", login="nbi-user", password="Nbi@12345"),
    "sungrow": account_of("sungrow", **KEYS, login="sg@example.org", password="sgpass"),
    "owners": account_of("sungrow", is_owners=True, **KEYS, app_id="4711", redirect_url="https://example.org/back"),
    "deye": account_of("deye", login="a@example.org", password="deyepass", app_id="2019", app_secret="deyesecret"),
}
EACH = pytest.mark.parametrize("account", ACCOUNTS.values(), ids=list(ACCOUNTS))


class Echo:
    """A session that gives each call the same answer."""

    def __init__(self, cloud, credentials, raw, status=200):
        self.credentials = credentials
        self.call_count = 0
        self._cloud, self._raw, self._status = cloud, raw, status

    def post(self, interface, body, *, subject=None):
        self.call_count += 1
        return Answer(self._raw, self._cloud.classify_response(interface, Reply(self._status, {}, self._raw)))


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
    assert kinds == ["int32", "category", "category", "datetime64[us, UTC]", "float64", "object", "object", "object"]
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


def check_alarms(listed):
    for alarm in listed.alarms:
        assert alarm.raised_at.utcoffset() == timedelta(0)
        assert alarm.cleared_at is None or alarm.cleared_at.utcoffset() == timedelta(0)
        assert alarm.severity in {"critical", "major", "minor", "notice"}
        assert alarm.plant_key in listed.plant_keys
        texts = (alarm.key, alarm.code, alarm.name, alarm.device_key, alarm.advice)
        assert all(text is None or is_storable(text) for text in texts)


HOSTILE = settings(
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


@EACH
def test_untouched_answers_are_read_whole(account):
    kinds = Counter(payload.request.kind for payload in account.answers)

    for payload in account.answers:
        account.read(payload, payload.document)

    assert set(kinds) == {"fleet", "plants", "devices", "alarms"}
    assert sum(kinds.values()) >= 8


@EACH
@HOSTILE
@given(data=st.data())
def test_anything_in_any_place_is_read_or_a_bad_document(account, data):
    payload = data.draw(st.sampled_from(account.answers))
    body = account.document(payload, spoilt(data.draw, json.loads(payload.raw)))

    with contextlib.suppress(BadDocument):
        account.read(payload, body)


@EACH
@HOSTILE
@given(data=st.data(), status=st.sampled_from([200, 200, 200, 302, 403, 429, 500]))
def test_anything_in_any_place_is_classified_and_fetched_or_refused_in_the_pulls_own_words(account, data, status):
    payload = data.draw(st.sampled_from(account.answers))
    raw = written(spoilt(data.draw, json.loads(payload.raw)))
    session = Echo(account.cloud, account.credentials, raw, status)

    with contextlib.suppress(*SAID):
        for fetched in account.cloud.fetch(session, account.requests.get(payload.request.interface, payload.request)):
            with contextlib.suppress(BadDocument):
                account.read(payload, pack(account.cloud.vendor.name, payload.request, fetched.raw))

    assert session.call_count < 30


@EACH
@HOSTILE
@given(data=st.data())
def test_any_answer_to_a_login_brings_tokens_or_says_why_not(account, data):
    replies = {
        interface: Reply(200, {"XSRF-TOKEN": "token"}, written(spoilt(data.draw, answer)))
        for interface, answer in account.logins.items()
    }

    with contextlib.suppress(*SAID):
        tokens = account.cloud.log_in(lambda interface, call: replies[interface], account.credentials, TOKENS)
        assert tokens.access
        assert 0 <= tokens.lives_s < 60 * 86_400


@EACH
def test_untouched_answers_to_a_login_bring_tokens(account):
    replies = {interface: Reply(200, {"XSRF-TOKEN": "token"}, written(answer)) for interface, answer in account.logins.items()}

    tokens = account.cloud.log_in(lambda interface, call: replies[interface], account.credentials, TOKENS)

    assert tokens.access


@EACH
@HOSTILE
@given(
    raw=st.one_of(
        st.binary(max_size=80), st.binary(max_size=60).map(b'{"a":'.__add__), st.sampled_from([b"[" * 90_000, b"9" * 90_000])
    )
)
def test_random_bytes_are_no_answer(account, raw):
    payload = account.answers[0]

    with contextlib.suppress(BadDocument):
        account.read(payload, pack(account.cloud.vendor.name, payload.request, raw))
    with pytest.raises(SAID):
        account.cloud.classify_response(payload.request.interface, Reply(200, {}, raw))


@HOSTILE
@given(data=st.data())
def test_anything_in_the_line_that_says_what_was_asked_is_read_or_a_bad_document(data):
    account = ACCOUNTS["deye"]
    payload = data.draw(st.sampled_from(account.answers))
    line, raw = payload.document.split(b"\n", 1)
    body = written(spoilt(data.draw, json.loads(line))) + b"\n" + raw

    with contextlib.suppress(BadDocument):
        request = unpack_answer(body).request
        if request.kind == payload.request.kind:
            account.read(payload, body)


IDS = ("id", "deviceSn", "plantCode", "ps_id", "ps_key", "alertId", "fault_code", "alarmId", "stationCode")


def rows_of(value):
    """All lists of objects in an answer."""
    if isinstance(value, dict):
        return [found for inner in value.values() for found in rows_of(inner)]
    if isinstance(value, list):
        return [value] if value and all(isinstance(row, dict) for row in value) else []
    return []


def repeated(row, count, *, is_new):
    for number in range(count):
        changed = {key: f"{row[key]}{number}" for key in IDS if key in row} if is_new else {}
        yield {**row, **changed}


@pytest.mark.parametrize("name", ["huawei", "sungrow", "deye"])
@pytest.mark.parametrize("kind", ["fleet", "plants", "devices", "alarms"])
def test_many_rows_take_time_in_proportion(name, kind, torture):
    account, rows = ACCOUNTS[name], 100_000 if torture else 20_000
    few, many = (min(cpu_s_of(account, kind, count) for _ in range(2)) for count in (rows // 10, rows))

    assert many < 40 * few, "ten times the rows take a hundred times as long where each is compared with each"


def cpu_s_of(account, kind, count):
    """CPU time [s] of reading an answer with so many rows."""
    payload = next(one for one in account.answers if one.request.kind == kind and rows_of(json.loads(one.raw)))
    answer = json.loads(payload.raw)
    rows = rows_of(answer)[0]
    rows[:] = repeated(rows[0], count, is_new=kind in {"fleet", "alarms"})
    body = account.document(payload, answer)
    started = time.process_time()
    with contextlib.suppress(BadDocument):
        account.read(payload, body)
    return time.process_time() - started


@EACH
def test_a_line_that_asks_about_null_is_no_answer(account):
    line, raw = account.answers[0].document.split(b"\n", 1)
    body = json.dumps(json.loads(line) | {"subjects": [None]}).encode() + b"\n" + raw

    with pytest.raises(BadDocument, match="first line"):
        unpack_answer(body)


@EACH
def test_a_list_without_an_end_is_given_up(account):
    calls = []
    (request,) = account.cloud.fleet_requests(account.credentials)[:1]

    class Endless:
        credentials = account.credentials

        def post(self, interface, body, *, subject=None):
            calls.append(interface)
            number = len(calls)
            rows = [{"id": number, "ps_id": number, "plantCode": f"NE={number}"}]
            page = {"list": rows, "pageList": rows, "total": number + 1, "rowCount": number + 1, "pageNo": number}
            return Answer(b"", {"data": page, "result_data": page, "stationList": rows, "total": number + 1})

    with pytest.raises(TryLater):
        account.cloud.fetch(Endless(), request)

    assert len(calls) <= 1000
