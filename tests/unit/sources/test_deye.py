"""Deye Cloud against its imitation: what is asked, how it is counted, and that the readings are the truth."""

import hashlib
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from include.core.errors import BadDocument, TryLater
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request, Tokens
from include.core.span import Span, day_span, month_start, next_month
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.document import pack
from include.sources.clouds.errors import NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded, Unanswerable
from include.sources.clouds.http import Reply, VendorHttp
from include.sources.clouds.session import Answer, Session
from include.sources.formats.context import ParseContext

ACCOUNT = {"login": "a@example.org", "password": "deyepass", "app_id": "201911067156002", "app_secret": "deyesecret"}
SAO_PAULO, BERLIN, SHANGHAI = "61123456", "61123457", "61123458"
ZONES = {SAO_PAULO: "America/Sao_Paulo", BERLIN: "Europe/Berlin", SHANGHAI: "Asia/Shanghai"}
INVERTERS = {
    SAO_PAULO: range(2406123456, 2406123459),
    BERLIN: range(2406123459, 2406123461),
    SHANGHAI: range(2406123461, 2406123463),
}
FLEET = PulledFleet(
    plants=tuple(PulledPlant(key, zone) for key, zone in ZONES.items()),
    devices=tuple(PulledDevice(str(sn), plant, "INVERTER") for plant, serials in INVERTERS.items() for sn in serials),
)
CONTEXT = ParseContext(ZoneInfo("UTC"), "answer", zones={key: ZoneInfo(zone) for key, zone in ZONES.items()})
SPAN = day_span(date(2026, 6, 15), ZoneInfo("Europe/Berlin"))
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
NOON_S = 1781524800


class MemoryTokens:
    """Keeps tokens in memory."""

    def __init__(self, tokens=None):
        self.tokens = tokens

    def take(self, log_in):
        self.tokens = self.tokens or log_in(None)
        return self.tokens

    def discard(self, tokens):
        self.tokens = None


class Purse:
    """Counts calls and never refuses one."""

    def __init__(self):
        self.calls = Counter()

    def spend(self, interface):
        self.calls[interface] += 1


class Account:
    """A session with the imitation, and what it cost."""

    def __init__(self, url, tokens=None, **fields):
        self.purse = Purse()
        self.token_store = MemoryTokens(tokens)
        self.session = Session(CLOUD, VendorHttp(url), {**ACCOUNT, **fields}, tokens=self.token_store, budget=self.purse)

    def fetch(self, *requests):
        """(ask, document) of each answer."""
        return [
            (request, pack("deye", request, answer.raw)) for request in requests for answer in CLOUD.fetch(self.session, request)
        ]

    def readings(self, *requests):
        return readings(*(document for _, document in self.fetch(*requests)))


class Told:
    """A session in which the vendor's words are known: answers, or errors, by interface, in turn."""

    credentials = ACCOUNT

    def __init__(self, **answers):
        self.asked = []
        self._answers = {name.replace("__", "/"): list(given) for name, given in answers.items()}

    def post(self, interface, body):
        self.asked.append((interface, dict(body)))
        given = self._answers[interface].pop(0)
        return Answer(given, CLOUD.classify_response(interface, Reply(200, {}, given)))


@pytest.fixture
def account(clouds):
    return Account(clouds.url, company_id="10016")


def ok(**payload):
    return json.dumps({"code": "1000000", "msg": "success", "success": True, **payload}).encode()


def refusal(code, message="no"):
    return json.dumps({"code": code, "msg": message, "success": False}).encode()


def classification_of(code, interface="device/latest", message="no", status=200):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the test looks at the kind
        CLOUD.classify_response(interface, Reply(status, {}, refusal(code, message)))
    return caught.value


def readings(*documents):
    """{(subject, quantity): {instant: value}}; states as texts."""
    found = defaultdict(dict)
    for row in rows(*documents):
        found[row.subject, row.quantity][row.measured_at.to_pydatetime()] = row.state or row.value
    return dict(found)


def rows(*documents):
    return [row for document in documents for piece in CLOUD.parse(document, CONTEXT) for row in piece.frame.itertuples()]


def landed(interface, payload, kind="devices", subjects=("7",), span=None, **body):
    return pack("deye", Request(interface, body, kind, span, subjects), payload if isinstance(payload, bytes) else ok(**payload))


def frames(*items, time=NOON_S, span=SPAN):
    return landed("device/historyRaw", {"deviceSn": "7", "dataList": [{"time": time, "itemList": list(items)}]}, span=span)


def point(key, value, unit=None):
    return {"key": key, "value": value, "unit": unit}


def station(**row):
    return landed("station/latest", {"lastUpdateTime": float(NOON_S), **row}, kind="plants", subjects=("5",), stationId=5)


# ---- login ------------------------------------------------------------------------------------------------------------------


def test_a_login_with_a_company_takes_one_call_and_lives_fifty_days_at_most(clouds):
    account = Account(clouds.url, company_id="10016")

    account.session.log_in()

    assert account.purse.calls == {"account/token": 1}
    assert account.token_store.tokens.lives_s == 50 * 86_400


def test_a_login_without_a_company_finds_the_only_one_and_sees_its_stations(clouds):
    account = Account(clouds.url)

    fleets = [CLOUD.parse_fleet(document, CONTEXT) for _, document in account.fetch(*CLOUD.fleet_requests(ACCOUNT))]

    assert account.purse.calls == {"account/token": 2, "account/info": 1, "station/list": 1}
    assert [plant.plant_key for plant in fleets[0].plants] == list(ZONES)


def test_the_login_sends_the_digest_of_the_password_and_strips_the_bearer():
    calls = []

    def post(interface, call):
        calls.append(call)
        return Reply(200, {}, ok(accessToken="Bearer abc", expiresIn="172801"))

    tokens = CLOUD.log_in(post, {**ACCOUNT, "company_id": "12", "app_id": "a/b&c"}, None)

    assert calls[0].path == "/v1.0/account/token?appId=a%2Fb%26c"
    assert calls[0].body == {
        "appSecret": "deyesecret",
        "email": "a@example.org",
        "password": hashlib.sha256(b"deyepass").hexdigest(),
        "companyId": 12,
    }
    assert tokens == Tokens("abc", 86_401.0)


@pytest.mark.parametrize(("companies", "outcome"), [([], "personal"), ([1, 2], "1 (firm), 2 (firm)"), ([3], "of 3")])
def test_no_company_means_the_person_and_several_are_told_to_choose_from(companies, outcome):
    def post(interface, call):
        if interface == "account/info":
            return Reply(200, {}, ok(orgInfoList=[{"companyId": key, "companyName": "firm"} for key in companies]))
        company = call.body.get("companyId")
        return Reply(200, {}, ok(accessToken="personal" if company is None else f"of {company}", expiresIn="5183999"))

    if len(companies) > 1:
        with pytest.raises(Rejected, match=r"1 \(firm\), 2 \(firm\)"):
            CLOUD.log_in(post, ACCOUNT, None)
    else:
        assert CLOUD.log_in(post, ACCOUNT, None).access == outcome


@pytest.mark.parametrize(
    ("expires_in", "lives_s"), [("5183999", 4_320_000), (3600, 1800), ("259200", 172_800), (None, 43_200), ("soon", 43_200)]
)
def test_a_token_is_renewed_before_it_ends(expires_in, lives_s):
    reply = Reply(200, {}, ok(accessToken="abc", expiresIn=expires_in))

    tokens = CLOUD.log_in(lambda interface, call: reply, {**ACCOUNT, "company_id": "1"}, None)

    assert tokens.lives_s == lives_s


@pytest.mark.parametrize(
    "wrong",
    [{"password": "no"}, {"app_id": "9"}, {"app_secret": "no"}, {"login": "b"}, {"company_id": "99"}, {"company_id": "x"}],
)
def test_refused_credentials_are_rejected_and_never_told(clouds, wrong):
    account = Account(clouds.url, **{"company_id": "10016", **wrong})

    with pytest.raises(Rejected) as caught:
        account.session.log_in()

    secrets = {"deyepass", "deyesecret", hashlib.sha256(b"deyepass").hexdigest(), hashlib.sha256(b"no").hexdigest()}
    assert not any(secret in str(caught.value) for secret in secrets)


def test_a_missing_field_is_named():
    with pytest.raises(Rejected, match="app_secret"):
        CLOUD.log_in(lambda interface, call: None, {**ACCOUNT, "app_secret": " "}, None)


def test_a_token_that_ended_is_replaced_once(clouds, account):
    account.session.log_in()
    clouds.world.tokens.end_all("deye")

    account.fetch(*CLOUD.fleet_requests(ACCOUNT))

    assert account.purse.calls == {"account/token": 2, "station/list": 2}


# ---- verdicts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "after_s"),
    [
        *((code, TokenEnded, None) for code in ("2101017", "2101019")),
        ("2101002", RateLimited, 60),
        ("2101010", QuotaExhausted, 60),
        *((code, NotPermitted, None) for code in ("2101003", "2101023")),
        *((code, Rejected, None) for code in ("2101009", "2101018", "2101021", "2101025")),
        *((f"21010{rest}", Unanswerable, None) for rest in ("05", "06", "07", "08", "12", "13", "14", "15", "26", "31", "32")),
        *((code, Unanswerable, None) for code in ("2104005", "2106001")),
        *((code, TryLater, None) for code in ("3201001", "3501004", "2104004", "2101022", "9999999")),
    ],
)
def test_each_code_means_what_to_do_next(code, kind, after_s):
    error = classification_of(code)

    assert isinstance(error, kind)
    assert kind is not TryLater or type(error) is TryLater
    assert getattr(error, "after_s", None) == after_s
    assert code in str(error)


@pytest.mark.parametrize(("code", "message"), [("2101023", "no"), ("2101006", "no"), ("2109999", "Password error, 4 left")])
def test_a_login_that_is_refused_in_any_words_needs_a_person(code, message):
    assert isinstance(classification_of(code, "account/token", message), Rejected)


def test_no_records_is_a_success_without_rows():
    raw = refusal("2101016")

    data = CLOUD.classify_response("device/historyRaw", Reply(200, {}, raw))

    assert data["code"] == "2101016"
    assert rows(landed("device/historyRaw", raw), landed("station/history", raw, kind="plants", granularity=2)) == []
    assert CLOUD.parse_alarms(landed("station/alertList", raw, kind="alarms"), CONTEXT).alarms == []
    assert CLOUD.parse_fleet(landed("station/list", raw, kind="fleet"), CONTEXT).plants == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, ok()[:-5]),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"code": "1000000", "success": false}'),
        (500, b'{"status":500,"exception":"java.lang.reflect.UndeclaredThrowableException"}'),
        (500, refusal("3201001")),
        (502, b"<html>"),
        (302, ok()),
    ],
)
def test_what_is_no_answer_is_asked_again(status, body):
    with pytest.raises(TryLater):
        CLOUD.classify_response("station/list", Reply(status, {}, body))


@pytest.mark.parametrize(("status", "body", "after_s"), [(429, b'{"errorCode": "1"}', 7), (429, b"", 7), (403, b"<html>", 60)])
def test_a_gateway_that_throttles_is_obeyed(status, body, after_s):
    with pytest.raises(RateLimited) as caught:
        CLOUD.classify_response("station/list", Reply(status, {"Retry-After": "7"}, body))

    assert caught.value.after_s == after_s


# ---- fleet ------------------------------------------------------------------------------------------------------------------


def test_stations_come_with_zone_place_capacity_and_first_day(account):
    ((_, document),) = account.fetch(*CLOUD.fleet_requests(ACCOUNT))

    plants = CLOUD.parse_fleet(document, CONTEXT).plants

    assert [(plant.plant_key, plant.name, plant.timezone) for plant in plants] == [
        (SAO_PAULO, "Usina Serf East", "America/Sao_Paulo"),
        (BERLIN, "Halle Nord", "Europe/Berlin"),
        (SHANGHAI, "Suzhou Roof 3", "Asia/Shanghai"),
    ]
    assert [plant.commissioned_on for plant in plants] == [date(2024, 2, 12), date(2024, 3, 18), date(2024, 4, 9)]
    assert [plant.capacity_kwp for plant in plants] == [270.0, 120.0, 204.0]
    assert (plants[1].latitude, plants[1].longitude) == (52.49, 10.86)


def test_devices_come_with_their_kind_and_station(account):
    requests = CLOUD.device_requests(ACCOUNT, FLEET)

    ((_, document),) = account.fetch(*requests)

    devices = CLOUD.parse_fleet(document, CONTEXT).devices
    assert [(d.device_key, d.plant_key) for d in devices if d.kind == "inverter"] == [(d.key, d.plant_key) for d in FLEET.devices]
    assert [(d.device_key, d.vendor_type) for d in devices if d.kind == "logger"] == [(f"41{key}", "COLLECTOR") for key in ZONES]


def test_a_serial_number_of_two_types_is_the_inverter():
    listed = [
        ("A", "LORA_MASTER"),
        ("A", "MICRO_STORAGE_IN_ONE"),
        ("A", "INVERTER"),
        ("B", "BATTERY"),
        ("B", "COLLECTOR"),
        ("C", "MECD"),
    ]
    items = [{"deviceSn": serial, "deviceType": kind, "stationId": 5} for serial, kind in listed]
    foreign = {"deviceSn": "D", "deviceType": "INVERTER", "stationId": 6}
    payload = {"total": 7, "deviceListItems": [*items, foreign, {"deviceType": "INVERTER"}]}

    registry = CLOUD.parse_fleet(landed("station/device", payload, kind="fleet", subjects=(), stationIds=[5]), CONTEXT)

    assert [(d.device_key, d.plant_key, d.kind, d.vendor_type) for d in registry.devices] == [
        ("A", "5", "inverter", "MICRO_STORAGE_IN_ONE"),
        ("B", "5", "battery", "BATTERY"),
    ]
    assert [rejected.row_number for rejected in registry.rejected] == [8]


@pytest.mark.parametrize(
    ("row", "zone", "latitude"),
    [
        ({"regionTimezone": "Mars/Base", "locationLat": 52.5, "locationLng": "13.4"}, "Europe/Berlin", 52.5),
        ({"regionTimezone": None, "locationLat": 0, "locationLng": 0}, None, None),
        ({"regionTimezone": "Asia/Tokyo", "locationLat": 95, "locationLng": 0}, "Asia/Tokyo", None),
    ],
)
def test_a_zone_that_does_not_exist_is_found_by_the_place(row, zone, latitude):
    payload = {"total": 1, "stationList": [{"id": 5, "name": "x", "startOperatingTime": 0, "installedCapacity": 0, **row}]}

    (plant,) = CLOUD.parse_fleet(landed("station/list", payload, kind="fleet", subjects=()), CONTEXT).plants

    assert (plant.timezone, plant.latitude) == (zone, latitude)
    assert (plant.capacity_kwp, plant.commissioned_on) == (None, None)


def test_lists_are_walked_to_the_last_page(account):
    (request,) = CLOUD.fleet_requests(ACCOUNT)

    documents = account.fetch(Request(request.interface, {"page": 1, "size": 2}, "fleet"))

    keys = [plant.plant_key for _, document in documents for plant in CLOUD.parse_fleet(document, CONTEXT).plants]
    assert keys == list(ZONES)
    assert account.purse.calls["station/list"] == 2


@pytest.mark.parametrize("fault", ["repeated_page", "missing_page"])
def test_a_page_that_repeats_or_is_missing_is_never_a_short_list(clouds, account, fault):
    clouds.world.faults.switch_on(fault, vendor="deye", interface="station/list")

    with pytest.raises(TryLater, match="of 3 rows"):
        account.fetch(Request("station/list", {"page": 1, "size": 2}, "fleet"))


def test_a_row_that_rightly_comes_twice_does_not_ask_for_ever():
    row = {"deviceSn": "A", "deviceType": "INVERTER"}
    session = Told(station__device=[ok(total=2, deviceListItems=[row, row])])

    answers = CLOUD.fetch(session, Request("station/device", {"stationIds": [5], "page": 1, "size": 200}, "fleet"))

    assert len(answers) == 1


@pytest.mark.parametrize("payload", [{"total": 1}, {"stationList": []}, {"total": "x", "stationList": []}, {"stationList": 1}])
def test_a_list_without_rows_or_total_is_asked_again(payload):
    with pytest.raises(TryLater):
        CLOUD.fetch(Told(station__list=[ok(**payload)]), *CLOUD.fleet_requests(ACCOUNT))


# ---- what is asked ----------------------------------------------------------------------------------------------------------


def test_sixty_days_of_seven_inverters_take_the_fewest_calls():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 4, 17), date(2026, 6, 15), True)

    counts = Counter((request.interface, request.body.get("granularity")) for request in requests)
    assert counts == {("device/historyRaw", None): 7 * 12, ("station/history", 2): 3 * 2, ("station/history", 3): 3}
    assert len({request.key for request in requests}) == len(requests)
    months = [request for request in requests if request.body.get("granularity") == 3]
    assert {(request.body["startAt"], request.body["endAt"]) for request in months} == {("2026-04", "2026-06")}


def test_station_frames_are_asked_by_the_day_unless_it_is_a_backfill():
    first, last = date(2026, 6, 13), date(2026, 6, 15)

    requests = [CLOUD.day_requests(ACCOUNT, FLEET, first, last, is_backfill) for is_backfill in (False, True)]

    assert [sum(request.body.get("granularity") == 1 for request in some) for some in requests] == [9, 0]
    assert not any(request.body.get("granularity") == 3 for request in requests[0])


def test_a_run_of_days_is_never_longer_than_five_times_24_hours():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2025, 10, 23), date(2025, 11, 1), True)

    spans = [request.span for request in requests if request.subjects == ("2406123459",)]
    assert spans[0].start == datetime(2025, 10, 22, 22, tzinfo=UTC)
    assert spans[-1].end == datetime(2025, 11, 1, 23, tzinfo=UTC)
    assert all(before.end == after.start for before, after in pairwise(spans))
    assert all(span.end - span.start <= timedelta(days=5) for span in spans)
    assert len(spans) == 3


def test_realtime_asks_ten_inverters_at_once_and_each_station():
    fleet = PulledFleet(FLEET.plants, tuple(PulledDevice(f"{at:02}", SAO_PAULO, "INVERTER") for at in range(11)))

    requests = CLOUD.snapshot_requests(ACCOUNT, fleet)

    assert [(request.interface, len(request.subjects), request.kind) for request in requests] == [
        *[("station/latest", 1, "plants")] * 3,
        ("device/latest", 10, "devices"),
        ("device/latest", 1, "devices"),
    ]


def test_asks_hold_nothing_secret_and_budgets_stay_below_the_vendors():
    requests = [
        *CLOUD.snapshot_requests(ACCOUNT, FLEET),
        *CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 6, 1), date(2026, 6, 2), False),
    ]

    assert not any(secret in json.dumps(request.body) for request in requests for secret in ACCOUNT.values())
    assert {(a.interface, a.calls, a.window_s) for a in CLOUD.rate_limits(FLEET)} == {
        ("*", 250, 10),
        ("*", 2, 1),
        ("*", 45_000, 86_400),
        ("account/token", 5, 600),
    }


# ---- the truth --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2026, 6, 15), date(2026, 3, 29), date(2025, 10, 26)], ids=["usual", "23 h", "25 h"])
def test_every_reading_of_a_day_is_the_truth_in_three_zones(clouds, account, day):
    found = account.readings(*CLOUD.day_requests(ACCOUNT, FLEET, day, day, False))

    for plant in clouds.world.sunshine.plants("deye"):
        days = {inverter.key: clouds.world.sunshine.day(inverter, day) for inverter in plant.inverters}
        for key, truth in days.items():
            assert found[key, "ac_power_kw"] == known(truth.instants, truth.power_kw)
            assert found[key, "temp_inverter_c"] == known(truth.instants, truth.temp_c)
            assert found[key, "energy_today_kwh"] == pytest.approx(known(truth.instants, truth.day_energy_kwh), abs=0.0051)
            assert found[key, "energy_total_kwh"] == pytest.approx(known(truth.instants, truth.total_energy_kwh), abs=0.0051)
            assert found[key, "dc_power_kw"] == pytest.approx(
                {instant: power / 0.98 for instant, power in found[key, "ac_power_kw"].items()}, abs=1e-5
            )
        midnight = day_span(day, plant.zone()).start
        energy = sum(truth.energy_kwh for truth in days.values())
        assert found[plant.key, "energy_day_kwh"] == pytest.approx({midnight: energy}, abs=0.0051)
        hours = len(next(iter(days.values())).instants) / 12
        load_kw = 0.05 * plant.capacity_kw
        # The imitation's counters end five minutes before midnight.
        assert found[plant.key, "load_day_kwh"][midnight] == pytest.approx(load_kw * (hours - 1 / 12), abs=0.0051)
        exchanged = found[plant.key, "export_day_kwh"][midnight] - found[plant.key, "import_day_kwh"][midnight]
        assert exchanged == pytest.approx(energy - load_kw * (hours - 1 / 12), abs=0.02)
        power = found[plant.key, "ac_power_kw"]
        summed = [sum(known_powers(powers)) for powers in zip(*(truth.power_kw for truth in days.values()), strict=True)]
        assert len(power) == hours * 12
        assert list(power.values()) == pytest.approx(summed, abs=1e-6)
        sky = clouds.world.sunshine.weather(plant, day)
        assert list(found[plant.key, "irradiance_ghi_w_m2"].values()) == sky.irradiance_w_m2
        grid = {instant: load_kw - generated for instant, generated in power.items()}
        assert found[plant.key, "grid_power_kw"] == pytest.approx(grid, abs=2e-4)
        assert set(found[plant.key, "load_power_kw"].values()) == {load_kw}


def test_many_days_are_whole_and_nothing_of_the_next_one_is_taken(clouds, account):
    first, last = date(2026, 3, 25), date(2026, 4, 2)
    fleet = PulledFleet(FLEET.plants[1:2], FLEET.devices_of("INVERTER")[3:4])

    found = account.readings(*CLOUD.day_requests(ACCOUNT, fleet, first, last, True))

    truth = {}
    for offset in range(9):
        day = clouds.world.sunshine.day(clouds.world.sunshine.find_inverter("2406123459"), first + timedelta(days=offset))
        truth |= known(day.instants, day.power_kw)
    assert found["2406123459", "ac_power_kw"] == truth
    assert len(found[BERLIN, "energy_day_kwh"]) == 9
    assert account.purse.calls == {"account/token": 1, "device/historyRaw": 2, "station/history": 2}


def test_months_that_are_over_are_the_sum_of_their_days(clouds, account):
    fleet = PulledFleet(FLEET.plants[:1])

    found = account.readings(*CLOUD.day_requests(ACCOUNT, fleet, date(2026, 4, 30), date(2026, 6, 15), True))

    plant = clouds.world.sunshine.plants("deye")[0]
    months = {}
    for month in (date(2026, 4, 1), date(2026, 5, 1)):
        days = [month + timedelta(days=at) for at in range((next_month(month) - month_start(month)).days)]
        energies = [clouds.world.sunshine.energy_kwh(inverter, day) for day in days for inverter in plant.inverters]
        months[datetime(month.year, month.month, 1, 3, tzinfo=UTC)] = sum(energies)
    # An inverter that is silent at midnight has told less than it made.
    assert found[SAO_PAULO, "energy_month_kwh"] == pytest.approx(months, abs=0.01)
    assert len(found[SAO_PAULO, "energy_day_kwh"]) == 47


def test_the_realtime_snapshot_is_the_last_frame(clouds, account):
    found = account.readings(*CLOUD.snapshot_requests(ACCOUNT, FLEET))

    now = datetime(2026, 6, 16, 12, tzinfo=UTC)
    for plant in clouds.world.sunshine.plants("deye"):
        local = now.astimezone(plant.zone()).date()
        for inverter in plant.inverters:
            power = known(*last(clouds.world.sunshine.day(inverter, local).until(now)))
            assert found[inverter.key, "ac_power_kw"] == power
            assert found[inverter.key, "frequency_hz"] == dict.fromkeys(power, 50.0)
            assert set(found[inverter.key, "state"].values()) <= {"online", "alert", "offline"}
        assert set(found[plant.key, "ac_power_kw"]) == {now}
    assert account.purse.calls == {"account/token": 1, "station/latest": 3, "device/latest": 1}


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}


def last(day):
    """The last frame that was sent."""
    sent = list(known(day.instants, day.power_kw).items())[-1:]
    return [instant for instant, _ in sent], [power for _, power in sent]


def known_powers(powers):
    return [power for power in powers if power is not None]


# ---- readings ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", [NOON_S, float(NOON_S), str(NOON_S), f"{NOON_S}.0", "2026-06-15T12:00:00Z"])
def test_times_are_read_in_every_type(time):
    found = readings(frames(point("TotalActiveACOutputPower", "6120.00", "W"), time=time))

    assert found == {("7", "ac_power_kw"): {NOON: 6.12}}


@pytest.mark.parametrize(
    ("key", "value", "unit", "quantity", "expected"),
    [
        ("TotalActiveACOutputPower", "6120", "W", "ac_power_kw", 6.12),
        ("TotalActiveACOutputPower", "6.12", "kW", "ac_power_kw", 6.12),
        ("TotalActiveACOutputPower", "1.2", "MW", "ac_power_kw", 1200.0),
        ("TotalActiveACOutputPower", 6120.0, None, "ac_power_kw", 6.12),
        ("TotalActiveACOutputPower", "-0.0", "W", "ac_power_kw", 0.0),
        ("TotalSolarPower", "500", "W", "dc_power_kw", 0.5),
        ("DailyActiveProduction", "21400", "Wh", "energy_today_kwh", 21.4),
        ("DailyActiveProduction", "21.4", "", "energy_today_kwh", 21.4),
        ("TotalActiveProduction", "1.5", "MWh", "energy_total_kwh", 1500.0),
        ("AC Temperature", "51.2", "℃", "temp_inverter_c", 51.2),
        ("GridFrequency", "60.01", "Hz", "frequency_hz", 60.01),
    ],
)
def test_the_unit_beside_a_value_decides_its_scale(key, value, unit, quantity, expected):
    assert readings(frames(point(key, value, unit))) == {("7", quantity): {NOON: expected}}


def test_a_unit_that_nobody_knows_makes_the_value_unreadable():
    (row,) = rows(frames(point("TotalActiveACOutputPower", "6120", "BTU")))

    assert (row.quantity, row.value != row.value) == ("ac_power_kw", True)
    assert "BTU" in row.raw


def test_null_is_missing_and_unknown_points_are_left_alone():
    document = frames(point("TotalActiveACOutputPower", None, "W"), point("Brand New", "1", "W"), "junk", point(["x"], "1"))

    (piece,) = CLOUD.parse(document, CONTEXT)

    assert (len(piece.frame), piece.missing_count) == (0, 1)


def test_a_row_without_a_readable_time_is_kept_as_unreadable():
    broken = rows(frames(point("TotalActiveACOutputPower", "6120", "W"), time="soon"))
    junk = rows(landed("device/historyRaw", {"deviceSn": "7", "dataList": ["junk"]}, span=SPAN))

    assert [(row.subject, str(row.measured_at), row.raw is not None) for row in broken + junk] == [
        ("7", "NaT", True),
        ("", "NaT", True),
    ]


@pytest.mark.parametrize(("offset", "count"), [(-1, 0), (0, 1), (86_399, 1), (86_400, 0)])
def test_the_end_of_the_span_is_not_in_it(offset, count):
    start = int(SPAN.start.timestamp())

    assert len(rows(frames(point("TotalActiveACOutputPower", "1", "W"), time=start + offset))) == count


def test_devices_that_nobody_asked_for_are_dropped():
    item = point("TotalActiveACOutputPower", "1000", "W")
    both = [{"deviceSn": sn, "collectionTime": NOON_S, "dataList": [item], "deviceState": 1} for sn in ("8", "7")]
    foreign = landed("device/historyRaw", {"deviceSn": "8", "dataList": [{"time": NOON_S, "itemList": [item]}]}, span=SPAN)

    found = readings(landed("device/latest", {"deviceDataList": both}), foreign)

    assert found == {("7", "ac_power_kw"): {NOON: 1.0}, ("7", "state"): {NOON: "online"}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"gridPower": 300, "purchasePower": None, "wirePower": -300}, -0.3),
        ({"gridPower": 0, "purchasePower": "700"}, 0.7),
        ({"wirePower": 250.0}, 0.25),
    ],
)
def test_power_from_the_grid_is_positive(fields, expected):
    assert readings(station(**fields))["5", "grid_power_kw"] == {NOON: expected}


def test_charging_is_positive():
    found = readings(station(batteryPower=-1500, batterySOC=88.0))

    assert found["5", "battery_power_kw"] == {NOON: 1.5}
    assert found["5", "battery_pct"] == {NOON: 88.0}


def test_a_station_that_never_sent_anything_says_nothing():
    assert rows(station(lastUpdateTime=None, generationPower=None)) == []


def test_days_and_months_begin_at_the_stations_midnight():
    body = {"stationId": 61123457, "granularity": 2}
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    day = {"year": 2026, "month": "3", "day": 30.0, "generationValue": "41.3", "gridValue": None}
    lost = {"year": 2026, "month": 2, "day": 30, "generationValue": 1}

    found = rows(
        landed("station/history", {"stationDataItems": [day, lost]}, kind="plants", subjects=(BERLIN,), span=span, **body)
    )

    assert [(row.quantity, str(row.measured_at), row.value) for row in found] == [
        ("energy_day_kwh", "2026-03-29 22:00:00+00:00", 41.3),
        ("energy_day_kwh", "NaT", 1.0),
    ]


def test_an_answer_of_another_shape_is_no_document():
    with pytest.raises(BadDocument):
        rows(landed("device/historyRaw", {"deviceSn": "7", "dataList": {}}))
    with pytest.raises(BadDocument):
        CLOUD.parse_fleet(landed("station/list", {"total": 0}, kind="fleet"), CONTEXT)


# ---- devices that cannot do it ----------------------------------------------------------------------------------------------

ROW = {"time": str(NOON_S), "itemList": [point("TotalActiveACOutputPower", "1000", "W")]}
FRAME_ASK = Request(
    "device/historyRaw",
    {"deviceSn": "7", "startTimestamp": 1, "endTimestamp": 2, "measurePoints": ["A", "B"], "days": ["2026-06-14", "2026-06-15"]},
    "devices",
    Span(SPAN.start - timedelta(days=1), SPAN.end),
    ("7",),
)
BROKEN = b'{"status":500,"exception":"java.lang.reflect.UndeclaredThrowableException"}'


@pytest.mark.parametrize("said", [refusal("2104005"), BROKEN])
def test_raw_history_that_a_device_refuses_is_asked_day_by_day(said):
    session = Told(
        device__historyRaw=[said],
        device__history=[ok(deviceSn="7", dataList=[]), ok(deviceSn="7", granularity=1, dataList=[ROW])],
    )

    answers = CLOUD.fetch(session, FRAME_ASK)

    assert session.asked == [
        ("device/historyRaw", {"deviceSn": "7", "startTimestamp": 1, "endTimestamp": 2, "measurePoints": ["A", "B"]}),
        *(
            ("device/history", {"deviceSn": "7", "granularity": 1, "startAt": day, "endAt": None, "measurePoints": ["A", "B"]})
            for day in ("2026-06-14", "2026-06-15")
        ),
    ]
    assert readings(*(pack("deye", FRAME_ASK, answer.raw) for answer in answers)) == {("7", "ac_power_kw"): {NOON: 1.0}}


@pytest.mark.parametrize(("step_s", "calls"), [(60, 3), (300, 1)])
def test_frames_of_each_minute_are_asked_day_by_day_where_one_answer_may_not_hold_them(step_s, calls):
    frames = [{"time": str(NOON_S + step_s * number), "itemList": []} for number in range(1440)]
    session = Told(
        device__historyRaw=[ok(deviceSn="7", dataList=frames)],
        device__history=[ok(deviceSn="7", dataList=[]), ok(deviceSn="7", dataList=[ROW])],
    )

    CLOUD.fetch(session, FRAME_ASK)

    assert len(session.asked) == calls


def test_the_exception_of_an_ended_token_is_one_unless_the_question_itself_is_its_cause():
    told = {
        interface: classification_of_broken(interface) for interface in ("station/list", "account/token", "device/historyRaw")
    }

    assert {interface: isinstance(error, TokenEnded) for interface, error in told.items()} == {
        "station/list": True,
        "account/token": False,
        "device/historyRaw": False,
    }


def classification_of_broken(interface):
    with pytest.raises(TryLater) as caught:
        CLOUD.classify_response(interface, Reply(500, {}, BROKEN))
    return caught.value


def test_day_by_day_gives_the_same_readings(clouds, account):
    fleet = PulledFleet(FLEET.plants[1:2], FLEET.devices_of("INVERTER")[3:4])
    requests = CLOUD.day_requests(ACCOUNT, fleet, date(2026, 3, 28), date(2026, 3, 30), True)
    at_once = account.readings(*requests)
    # The first of a burst is HTTP 500 with the body of a call that the cloud fell over.
    clouds.world.faults.switch_on("burst_5xx", vendor="deye", interface="device/historyRaw", times=1)

    day_by_day = account.readings(*requests)

    assert day_by_day == at_once
    assert account.purse.calls["device/history"] == 3


@pytest.mark.parametrize("listed", [["TotalActiveACOutputPower", "TotalSolarPower"], [{"key": "TotalActiveACOutputPower"}]])
def test_a_point_that_a_device_lacks_is_left_out_or_replaced(listed):
    session = Told(
        device__historyRaw=[refusal("2106001"), ok(deviceSn="7", dataList=[ROW])],
        device__measurePoints=[ok(measurePoints=listed)],
    )

    answers = CLOUD.fetch(session, FRAME_ASK)

    assert len(answers) == 1
    assert [interface for interface, _ in session.asked] == ["device/historyRaw", "device/measurePoints", "device/historyRaw"]
    assert session.asked[-1][1]["measurePoints"] == [name if isinstance(name, str) else name["key"] for name in listed]


def test_points_are_looked_up_once_and_then_the_device_is_given_up():
    session = Told(
        device__historyRaw=[refusal("2106001")] * 2,
        device__measurePoints=[ok(measurePoints=["AC Temperature"])],
        device__history=[refusal("2106001")],
    )

    with pytest.raises(Unanswerable):
        CLOUD.fetch(session, FRAME_ASK)

    assert Counter(interface for interface, _ in session.asked)["device/measurePoints"] == 1


def test_a_device_without_any_point_that_is_read_cannot_be_asked():
    session = Told(device__historyRaw=[refusal("2106001")], device__measurePoints=[ok(measurePoints=["Other"])])

    with pytest.raises(Unanswerable, match="device 7 has none"):
        CLOUD.fetch(session, FRAME_ASK)


def test_one_unknown_device_does_not_silence_its_group(account):
    serials = [device.key for device in FLEET.devices]

    documents = account.fetch(Request("device/latest", {"deviceList": ["404", *serials]}, "devices", subjects=("404", *serials)))

    assert {subject for subject, _ in readings(*(document for _, document in documents))} == set(serials)


def test_a_group_of_unknown_devices_has_no_answer(account):
    with pytest.raises(Unanswerable, match="2101032"):
        account.fetch(Request("device/latest", {"deviceList": ["404", "405"]}, "devices", subjects=("404", "405")))


# ---- alarms -----------------------------------------------------------------------------------------------------------------


def test_alarms_are_those_that_happened(clouds, account):
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 16, 12, tzinfo=UTC))

    lists = [CLOUD.parse_alarms(document, CONTEXT) for _, document in account.fetch(*CLOUD.alarm_requests(ACCOUNT, FLEET, span))]

    inverter = clouds.world.sunshine.find_inverter("2406123458")
    days = [date(2026, 2, 28) + timedelta(days=offset) for offset in range(110)]
    truth = [alarm for day in days for alarm in clouds.world.sunshine.alarms(inverter, day)]
    happened = [(a.raised_at, a.cleared_at, False) for a in truth if span.start <= a.raised_at <= span.end]
    assert [listed.plant_keys for listed in lists] == [(SAO_PAULO,), (BERLIN,), (SHANGHAI,)]
    assert [(a.raised_at, a.cleared_at, a.is_open) for a in lists[0].alarms] == happened
    assert len(happened) > 3
    assert {(a.plant_key, a.device_key, a.code, a.name, a.severity) for a in lists[0].alarms} == {
        (SAO_PAULO, "2406123458", "F35", "No grid", "major")
    }
    assert not any(listed.is_complete for listed in lists)


def test_alarms_are_walked_page_by_page(account):
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 16, 12, tzinfo=UTC))
    request = CLOUD.alarm_requests(ACCOUNT, FLEET, span)[0]

    pages = account.fetch(Request(request.interface, {**request.body, "size": 4}, request.kind, request.span, request.subjects))

    whole = CLOUD.parse_alarms(account.fetch(request)[0][1], CONTEXT).alarms
    assert len(pages) > 1
    assert [alarm for _, page in pages for alarm in CLOUD.parse_alarms(page, CONTEXT).alarms] == whole


def test_a_long_span_of_alarms_is_asked_in_parts():
    span = Span(datetime(2025, 6, 16, tzinfo=UTC), datetime(2026, 6, 16, tzinfo=UTC))

    requests = CLOUD.alarm_requests(ACCOUNT, PulledFleet(FLEET.plants[:1]), span)

    assert [(request.span.end - request.span.start).days for request in requests] == [180, 180, 5]
    assert all(request.body["endTimestamp"] - request.body["startTimestamp"] <= 180 * 86_400 for request in requests)


@pytest.mark.parametrize(
    ("fields", "severity", "is_open", "cleared_at"),
    [
        ({"level": 2, "status": 1, "alertEndTime": 0}, "major", True, None),
        ({"level": "1", "status": "0", "alertEndTime": float(NOON_S)}, "minor", False, NOON),
        ({"level": 0, "status": 0}, "notice", False, None),
        ({"level": 9, "alertEndTime": NOON_S}, "minor", False, NOON),
        ({"level": 2}, "major", True, None),
    ],
)
def test_an_alarm_tells_how_bad_it_is_and_whether_it_has_ended(fields, severity, is_open, cleared_at):
    row = {"alertId": 12, "alertCode": 35, "deviceSn": "7", "alertStartTime": NOON_S - 60, **fields}
    payload = {"total": 3, "stationAlertItems": [row, {"alertId": 13}, "junk", {**row, "deviceSn": "8"}]}

    (alarm,) = CLOUD.parse_alarms(landed("station/alertList", payload, kind="alarms", subjects=("5",)), CONTEXT).alarms

    assert (alarm.key, alarm.code, alarm.name, alarm.plant_key, alarm.device_key) == ("12", "35", "35", "5", "7")
    assert (alarm.severity, alarm.is_open, alarm.cleared_at) == (severity, is_open, cleared_at)
    assert alarm.raised_at == NOON - timedelta(minutes=1)
