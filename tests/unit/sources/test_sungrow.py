import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from include.core.errors import BadDocument, NeedsHuman, TryLater
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request, Tokens
from include.core.span import Span
from include.sources.clouds.document import pack
from include.sources.clouds.errors import NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded, Unanswerable
from include.sources.clouds.http import Reply, VendorHttp
from include.sources.clouds.session import Answer, Session
from include.sources.clouds.sungrow.cloud import CLOUD
from include.sources.formats.context import ParseContext
from sandbox.sunshine import sunshine

KEYS = {"appkey": "A" * 32, "secret_key": "s" * 32}
ACCOUNT = {**KEYS, "login": "sg@example.org", "password": "sgpass"}
OWNERS = {**KEYS, "app_id": "4711", "redirect_url": "https://example.org/back"}
PLANTS = sunshine().plants("sungrow")
SAO_PAULO, BERLIN, SHANGHAI = PLANTS
INVERTERS = [inverter for plant in PLANTS for inverter in plant.inverters]
FLEET = PulledFleet(
    tuple(PulledPlant(plant.key, plant.timezone) for plant in PLANTS),
    tuple(PulledDevice(inverter.key, inverter.plant_key, "1") for inverter in INVERTERS),
)
CONTEXT = ParseContext(ZoneInfo("America/Sao_Paulo"), "answer", zones={plant.key: ZoneInfo(plant.timezone) for plant in PLANTS})
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
JUNE_14 = date(2026, 6, 14)
MARCH_CHANGE, OCTOBER_CHANGE = date(2026, 3, 29), date(2025, 10, 26)
BOTH = pytest.mark.parametrize("credentials", [ACCOUNT, OWNERS], ids=["account", "owners"])


class MemoryTokens:
    """Tokens in memory."""

    def __init__(self, last=None):
        self.last, self.is_good, self.login_count = last, False, 0

    def take(self, log_in):
        if not self.is_good:
            self.last, self.is_good = log_in(self.last), True
            self.login_count += 1
        return self.last

    def discard(self, tokens):
        self.is_good = self.is_good and tokens is not self.last


class Tally:
    """Counts calls."""

    def __init__(self):
        self.calls = Counter()

    def spend(self, interface):
        self.calls[interface] += 1


class Canned:
    """A session whose calls are answered from a list of result_data."""

    credentials = ACCOUNT

    def __init__(self, *results):
        self.results, self.bodies = list(results), []

    def post(self, interface, body):
        self.bodies.append(body)
        return Answer(b"", {"result_code": "1", "result_data": self.results.pop(0)})


def posting(clouds):
    http = VendorHttp(clouds.url)
    return lambda interface, call: http.post(call.path, body=call.body, headers=call.headers)


def session_of(clouds, credentials):
    last = None if credentials.get("login") else CLOUD.authorize(posting(clouds), credentials, "code01")
    made = Session(CLOUD, VendorHttp(clouds.url), credentials, tokens=MemoryTokens(last), budget=Tally())
    made.tally, made.token_store = made._budget, made._tokens
    return made


def documents(session, requests):
    return [pack("sungrow", request, answer.raw) for request in requests for answer in CLOUD.fetch(session, request)]


def frame_of(*landed, context=CONTEXT):
    pieces = [piece.frame for document in landed for piece in CLOUD.parse(document, context)]
    return pd.concat([frame.astype({"subject": str, "quantity": str}) for frame in pieces], ignore_index=True)


def series(frame, subject, quantity):
    rows = frame[(frame.subject == subject) & (frame.quantity == quantity)]
    column = rows.state if quantity == "state" else rows.value
    return dict(zip(rows.measured_at.dt.to_pydatetime(), column, strict=True))


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}


def answer(request, result):
    return pack("sungrow", request, json.dumps({"result_code": "1", "result_data": result}).encode())


def minutes(key, rows, *, day="20260614", hour=12, subjects=None):
    """Landed minute history of one device in one window of three hours."""
    start = datetime.strptime(f"{day}{hour:02d}", "%Y%m%d%H").replace(tzinfo=CONTEXT.zones.get(key.partition("_")[0], UTC))
    body = {
        "start_time_stamp": f"{day}{hour:02d}0000",
        "end_time_stamp": f"{day}{hour + 2:02d}5500",
    }
    span = Span(start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=3))
    return answer(Request("getDevicePointMinuteDataList", body, "devices", span, subjects or (key,)), {key: rows})


def now_of(key, row, *, kind="devices", subject=None):
    request = Request("getDeviceRealTimeData", {}, kind, None, (subject or key,))
    found = {"ps_key": key, "ps_id": int(key.partition("_")[0]), "device_time": "20260614120000", **row}
    return answer(request, {"device_point_list": [{"device_point": found}], "fail_ps_key_list": []})


# ---- both families against the live sandbox --------------------------------------------------------------------------------


@BOTH
def test_an_account_tells_its_plants_and_devices(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = [*CLOUD.fleet_requests(credentials), *CLOUD.device_requests(credentials, FLEET)]
    pages = [CLOUD.parse_fleet(document, CONTEXT) for document in documents(session, requests)]

    plants = [plant for page in pages for plant in page.plants]
    devices = [device for page in pages for device in page.devices]
    assert [(plant.plant_key, plant.name, plant.timezone) for plant in plants] == [
        ("1598299", "Usina Serf East", "America/Sao_Paulo"),
        ("1598300", "Halle Nord", "Europe/Berlin"),
        ("1598301", "Suzhou Roof 3", "Asia/Shanghai"),
    ]
    assert (plants[0].latitude, plants[0].longitude, plants[0].commissioned_on) == (-21.06, -47.64, date(2024, 2, 12))
    assert [plant.capacity_kwp for plant in plants] == ([270, 120, 204] if credentials is ACCOUNT else [None] * 3)
    assert Counter((device.plant_key, device.kind, device.vendor_type) for device in devices) == {
        ("1598299", "inverter", "1"): 3, ("1598300", "inverter", "1"): 2, ("1598301", "inverter", "1"): 2,
        ("1598299", "logger", "9"): 1, ("1598300", "logger", "9"): 1, ("1598301", "logger", "9"): 1,
    }  # fmt: skip
    assert [(d.name, d.model) for d in devices if d.device_key == "1598299_1_2_1"] == [("INV 2", "SG75CX-P2")]
    assert sum(session.tally.calls.values()) == (3 if credentials is ACCOUNT else 5)


@BOTH
@pytest.mark.parametrize("day", [JUNE_14, MARCH_CHANGE, OCTOBER_CHANGE], ids=["june", "spring", "autumn"])
def test_five_minute_values_of_inverters_equal_the_truth_in_three_zones_on_days_when_clocks_change_too(clouds, credentials, day):
    session = session_of(clouds, credentials)

    requests = [request for request in CLOUD.day_requests(credentials, FLEET, day, day, True) if "Minute" in request.interface]
    frame = frame_of(*documents(session, requests))

    assert len(requests) == 8
    assert frame.raw.isna().all()
    assert not frame.duplicated(["subject", "quantity", "measured_at"])[frame.quantity != "state"].any()
    for inverter in INVERTERS:
        truth = clouds.world.sunshine.day(inverter, day)
        for quantity, values in (
            ("ac_power_kw", truth.power_kw),
            ("energy_today_kwh", truth.day_energy_kwh),
            ("energy_total_kwh", truth.total_energy_kwh),
            ("temp_inverter_c", truth.temp_c),
        ):
            assert series(frame, inverter.key, quantity) == pytest.approx(known(truth.instants, values))
    expected_rows = {JUNE_14: 288, MARCH_CHANGE: 276, OCTOBER_CHANGE: 300}[day]
    assert len(series(frame, BERLIN.inverters[0].key, "ac_power_kw")) == expected_rows


@BOTH
def test_five_minute_values_of_plants_equal_the_sums_of_their_inverters(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = CLOUD.day_requests(credentials, FLEET, JUNE_14, JUNE_14, False)
    frame = frame_of(
        *documents(session, [request for request in requests if request.kind == "plants" and "Minute" in request.interface])
    )

    for plant in (BERLIN, SHANGHAI):
        days = [clouds.world.sunshine.day(inverter, JUNE_14) for inverter in plant.inverters]
        weather = clouds.world.sunshine.weather(plant, JUNE_14)
        powers = [sum(values) for values in zip(*(day.power_kw for day in days), strict=True)]
        energies = [sum(values) for values in zip(*(day.day_energy_kwh for day in days), strict=True)]
        assert series(frame, plant.key, "ac_power_kw") == pytest.approx(known(days[0].instants, powers))
        assert series(frame, plant.key, "energy_today_kwh") == pytest.approx(known(days[0].instants, energies))
        sky = known(weather.instants, weather.irradiance_w_m2)
        assert series(frame, plant.key, "irradiance_ghi_w_m2") == pytest.approx(sky, abs=1e-3)
        assert set(series(frame, plant.key, "load_power_kw").values()) == {plant.capacity_kw * 0.05}


@BOTH
def test_energies_of_days_and_of_months_that_are_over_equal_the_truth(clouds, credentials):
    session = session_of(clouds, credentials)
    energy_kwh = clouds.world.sunshine.energy_kwh

    requests = CLOUD.day_requests(credentials, FLEET, date(2026, 5, 30), date(2026, 6, 2), True)
    frame = frame_of(*documents(session, [request for request in requests if "Minute" not in request.interface]))

    assert [request.kind for request in requests[:3]] == ["plants", "plants", "devices"]
    for plant in PLANTS:
        midnights = [datetime(2026, 5, 30, tzinfo=plant.zone()) + timedelta(days=number) for number in range(4)]
        expected = {at: sum(energy_kwh(inverter, at.date()) for inverter in plant.inverters) for at in midnights}
        assert series(frame, plant.key, "energy_day_kwh") == pytest.approx(expected)
        own = {at: energy_kwh(plant.inverters[0], at.date()) for at in midnights}
        assert series(frame, plant.inverters[0].key, "energy_day_kwh") == pytest.approx(own)
        may = [date(2026, 5, 1) + timedelta(days=number) for number in range(31)]
        of_may = sum(energy_kwh(inverter, day) for inverter in plant.inverters for day in may)
        assert series(frame, plant.key, "energy_month_kwh") == pytest.approx({datetime(2026, 5, 1, tzinfo=plant.zone()): of_may})
        sky = {at: clouds.world.sunshine.weather(plant, at.date()).irradiation_kwh_m2 for at in midnights}
        assert series(frame, plant.key, "irradiation_day_kwh_m2") == pytest.approx(sky, abs=1e-3)
    first = datetime(2026, 5, 30, tzinfo=BERLIN.zone())
    made, fed_in, bought, used = (
        series(frame, BERLIN.key, f"{name}_day_kwh")[first] for name in ("energy", "export", "import", "load")
    )
    assert made + bought == pytest.approx(fed_in + used, abs=0.01)
    assert used == pytest.approx(24 * 100 * 0.05, rel=0.01)


@BOTH
def test_the_readings_of_now_come_with_their_own_times(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = CLOUD.snapshot_requests(credentials, FLEET)
    frame = frame_of(*documents(session, requests))

    assert [request.kind for request in requests] == ["devices", "plants"]
    for inverter in INVERTERS:
        plant = clouds.world.sunshine.plant_of(inverter)
        truth = clouds.world.sunshine.day(inverter, NOW.astimezone(plant.zone()).date()).until(NOW)
        assert series(frame, inverter.key, "ac_power_kw") == pytest.approx({truth.instants[-1]: truth.power_kw[-1]})
        assert series(frame, inverter.key, "energy_total_kwh") == pytest.approx({NOW: truth.total_energy_kwh[-1]})
    today = sum(clouds.world.sunshine.day(inverter, date(2026, 6, 16)).until(NOW).energy_kwh for inverter in BERLIN.inverters)
    assert series(frame, BERLIN.key, "energy_today_kwh") == pytest.approx({NOW: today})
    assert list(series(frame, BERLIN.key, "load_day_kwh")) == [datetime(2026, 6, 15, 22, tzinfo=UTC)]
    assert series(frame, BERLIN.key, "energy_day_kwh") == {}


@BOTH
def test_open_alarms_are_listed_whole_and_are_gone_when_they_have_ended(clouds, credentials):
    session = session_of(clouds, credentials)
    requests = CLOUD.alarm_requests(credentials, FLEET, Span(NOW, NOW))

    clouds.world.clock.advance(29.5 * 3600)
    (during,) = documents(session, requests)
    clouds.world.clock.advance(2 * 3600)
    (after,) = documents(session, requests)

    listed = CLOUD.parse_alarms(during, CONTEXT)
    (alarm,) = listed.alarms
    assert (alarm.plant_key, alarm.device_key, alarm.code, alarm.name) == ("1598299", "1598299_1_3_1", "10", "Grid Overvoltage")
    assert (alarm.raised_at, alarm.cleared_at) == (datetime(2026, 6, 17, 17, 5, tzinfo=UTC), None)
    assert (alarm.severity, alarm.is_open, alarm.advice) == ("major", True, "The grid voltage is too high.")
    assert (listed.plant_keys, listed.is_complete) == (("1598299", "1598300", "1598301"), True)
    assert CLOUD.parse_alarms(after, CONTEXT).alarms == []
    assert CLOUD.parse_alarms(after, CONTEXT).is_complete


def test_what_a_vendor_writes_as_text_or_as_number_reads_the_same(clouds):
    session = session_of(clouds, ACCOUNT)
    requests = [
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    ][4:5]

    texts = frame_of(*documents(session, requests))
    clouds.world.faults.switch_on("numbers_change_type", vendor="sungrow")
    as_numbers = frame_of(*documents(session, requests))

    assert len(texts) > 1000
    pd.testing.assert_frame_equal(texts, as_numbers)


@pytest.mark.parametrize("fault", ["foreign_row", "unknown_fields", "byte_order_mark", "json_as_html"])
def test_what_nobody_asked_for_changes_nothing(clouds, fault):
    session = session_of(clouds, ACCOUNT)
    requests = [*CLOUD.snapshot_requests(ACCOUNT, FLEET), *CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, False)[:9]]

    before = frame_of(*documents(session, requests))
    clouds.world.faults.switch_on(fault, vendor="sungrow", times=0)
    after = frame_of(*documents(session, requests))

    columns = ["subject", "quantity", "measured_at", "value", "state"]
    pd.testing.assert_frame_equal(before[columns], after[columns])


@pytest.mark.parametrize("fault", ["rows_in_disorder", "duplicate_rows"])
def test_rows_in_disorder_or_twice_are_the_same_readings_even_in_a_repeated_hour(clouds, fault):
    session = session_of(clouds, ACCOUNT)
    requests = [
        request
        for request in CLOUD.day_requests(ACCOUNT, FLEET, OCTOBER_CHANGE, OCTOBER_CHANGE, True)
        if "Minute" in request.interface
    ][:1]
    inverter = BERLIN.inverters[0]

    clouds.world.faults.switch_on(fault, vendor="sungrow")
    frame = frame_of(*documents(session, requests))

    truth = clouds.world.sunshine.day(inverter, OCTOBER_CHANGE)
    assert len(truth.instants[:48]) == 48
    assert series(frame, inverter.key, "energy_total_kwh") == pytest.approx(
        dict(zip(truth.instants[:48], truth.total_energy_kwh[:48], strict=True))
    )


# ---- what is asked ---------------------------------------------------------------------------------------------------------


@BOTH
def test_sixty_days_of_seven_inverters_take_480_calls_and_a_few_for_their_energies(credentials):
    requests = CLOUD.day_requests(credentials, FLEET, date(2026, 4, 17), date(2026, 6, 15), True)

    calls = Counter((request.kind, "Minute" in request.interface) for request in requests)
    assert calls == {("devices", True): 480, ("devices", False): 1, ("plants", False): 2}
    assert len({request.key for request in requests}) == 483


@BOTH
def test_a_daily_pull_also_asks_for_the_five_minute_values_of_plants(credentials):
    requests = CLOUD.day_requests(credentials, FLEET, JUNE_14, JUNE_14, False)

    calls = Counter((request.kind, "Minute" in request.interface) for request in requests)
    assert calls == {("devices", True): 8, ("plants", True): 8, ("devices", False): 1, ("plants", False): 1}


def test_a_window_is_three_local_hours_less_the_row_of_the_next_one():
    requests = [
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    ]

    ends = [(request.body["start_time_stamp"], request.body["end_time_stamp"]) for request in requests]
    assert ends[:2] == [("20260614000000", "20260614025500"), ("20260614030000", "20260614055500")]
    assert ends[-1] == ("20260614210000", "20260614235500")
    assert requests[0].body["points"] == "p24,p14,p25,p26,p27,p4,p1,p2,p29"


def test_the_span_of_a_window_is_the_union_over_the_zones_of_its_plants():
    first = next(
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    )
    only_berlin = PulledFleet(FLEET.plants[1:2], FLEET.devices)
    berlin = [
        request
        for request in CLOUD.day_requests(ACCOUNT, only_berlin, OCTOBER_CHANGE, OCTOBER_CHANGE, True)
        if "Minute" in request.interface
    ]

    assert first.span == Span(datetime(2026, 6, 13, 16, tzinfo=UTC), datetime(2026, 6, 14, 6, tzinfo=UTC))
    # From midnight of summer time to three o'clock of winter time there are four hours.
    assert berlin[0].span == Span(datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC))
    assert berlin[0].subjects == ("1598300_1_1_1", "1598300_1_2_1")


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 6, 1), date(2026, 6, 29), []),
        (date(2026, 6, 12), date(2026, 6, 14), []),
        (date(2026, 6, 28), date(2026, 6, 30), [("202606", "202606")]),
        (date(2026, 5, 31), date(2026, 6, 2), [("202605", "202605")]),
        (date(2024, 1, 15), date(2026, 6, 14), [("202401", "202512"), ("202601", "202605")]),
    ],
)
def test_only_months_that_are_over_are_asked_for_at_most_24_at_once(first, last, months):
    requests = [
        request for request in CLOUD.day_requests(OWNERS, FLEET, first, last, True) if request.body.get("query_type") == "month"
    ]

    assert [(request.body["start_time"], request.body["end_time"]) for request in requests] == months
    assert all(request.body["data_type"] == "4" for request in requests)


def test_days_are_asked_for_at_most_100_at_once_and_devices_at_most_50():
    devices = tuple(PulledDevice(f"1598299_1_{number}_1", "1598299", "1") for number in range(51))

    requests = CLOUD.day_requests(ACCOUNT, PulledFleet(FLEET.plants, devices), date(2026, 1, 1), date(2026, 4, 11), True)

    of_devices = [request for request in requests if request.kind == "devices" and request.body.get("query_type") == "1"]
    assert [(request.body["start_time"], request.body["end_time"], len(request.subjects)) for request in of_devices] == [
        ("20260101", "20260410", 50), ("20260411", "20260411", 50), ("20260101", "20260410", 1), ("20260411", "20260411", 1),
    ]  # fmt: skip


def test_each_type_of_device_is_asked_for_its_own_points_and_others_are_left_out():
    types = ("1", "14", "55", "7", "5", "43", "9", "22", "23", "3")
    devices = tuple(PulledDevice(f"1598299_{vendor_type}_1_1", "1598299", vendor_type) for vendor_type in types)
    stranger = PulledDevice("77_1_1_1", "77", "1")

    requests = CLOUD.snapshot_requests(ACCOUNT, PulledFleet(FLEET.plants, (*devices, stranger)))

    asked = {request.body["device_type"]: request.body["point_id_list"] for request in requests}
    assert set(asked) == {1, 14, 55, 7, 5, 43, 11}
    assert (asked[7], asked[43]) == (["8018", "8030", "8031"], ["58604"])
    assert {"13011", "13126", "13150"} <= set(asked[14])
    assert "51303" in asked[55]
    assert "77_1_1_1" not in {subject for request in requests for subject in request.subjects}


@BOTH
def test_an_account_without_plants_asks_nothing_of_them(credentials):
    nothing = PulledFleet()

    assert CLOUD.device_requests(credentials, nothing) == CLOUD.snapshot_requests(credentials, nothing) == []
    assert CLOUD.alarm_requests(credentials, nothing, Span(NOW, NOW)) == []
    assert CLOUD.day_requests(credentials, nothing, JUNE_14, JUNE_14, False) == []


def test_questions_hold_no_keys_and_calls_hold_them_where_the_family_wants_them():
    (request,) = CLOUD.fleet_requests(OWNERS)

    owners = CLOUD.sign(request.interface, request.body, OWNERS, Tokens("t0ken", 1))
    account = CLOUD.sign("getDeviceListByUser", {"curPage": 1}, ACCOUNT, Tokens("t0ken", 1))

    assert request.body == {"page": 1, "size": 100}
    assert owners.path == "/openapi/platform/queryPowerStationList"
    assert (owners.headers["Authorization"], "token" in owners.body) == ("Bearer t0ken", False)
    assert account.body == {"curPage": 1, "appkey": "A" * 32, "lang": "_en_US", "token": "t0ken"}
    assert (account.headers["x-access-key"], account.headers["sys_code"]) == ("s" * 32, "901")
    assert "Authorization" not in account.headers


def test_our_own_budgets_stay_below_the_vendors():
    told = {(rate_limit.interface, rate_limit.window_s): rate_limit.calls for rate_limit in CLOUD.rate_limits(FLEET)}

    assert told == {("*", 3600): 1900, ("*", 86_400): 19_000, ("login", 600): 5}


# ---- tokens ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "swordfish"}, "refuses the password"),
        ({"login": "who@example.org"}, "does not know the account"),
        ({"secret_key": "t" * 32}, "E912: the secret key is wrong"),
        ({"appkey": "B" * 32}, "E00000: it does not know the app key"),
    ],
)
def test_a_wrong_login_waits_for_a_person_and_tells_no_secret(clouds, change, words):
    with pytest.raises(Rejected, match=words) as refused:
        CLOUD.log_in(posting(clouds), {**ACCOUNT, **change}, None)

    assert not any(secret in str(refused.value) for secret in ("swordfish", "t" * 32, "B" * 32, "A" * 32, "sgpass"))


def test_a_locked_account_says_so(clouds):
    clouds.world.faults.switch_on("account_locked", vendor="sungrow", times=1)

    with pytest.raises(Rejected, match="locked the account"):
        CLOUD.log_in(posting(clouds), ACCOUNT, None)


def test_a_login_lasts_an_hour_less_than_its_day(clouds):
    tokens = CLOUD.log_in(posting(clouds), ACCOUNT, None)

    assert tokens.access.startswith("481516_")
    assert (tokens.lives_s, dict(tokens.more)) == (23 * 3600, {})


def test_a_refresh_token_is_traded_once_and_the_new_one_is_kept(clouds):
    post = posting(clouds)
    first = CLOUD.authorize(post, OWNERS, "code01")

    second = CLOUD.log_in(post, OWNERS, first)

    # The cloud tells 172799 s; ten minutes less.
    assert first.lives_s == second.lives_s == 172_199
    assert second.access != first.access
    assert second.more["refresh_token"] != first.more["refresh_token"]
    with pytest.raises(Rejected, match="helio integration authorize"):
        CLOUD.log_in(post, OWNERS, first)
    assert CLOUD.log_in(post, OWNERS, second).access


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("europe", "https://web3.isolarcloud.eu/?state=demo__owners#/authorized-app?cloudId=3"),
        ("australia", "https://auweb3.isolarcloud.com/?state=demo__owners#/authorized-app?cloudId=7"),
        ("http://127.0.0.1:9100", "http://127.0.0.1:9100/?state=demo__owners#/authorized-app?cloudId=1"),
    ],
)
def test_owners_consent_on_the_page_of_their_region(host, page):
    wanted = f"{page}&applicationId=4711&redirectUrl=https%3A%2F%2Fexample.org%2Fback"

    assert CLOUD.consent_page({**OWNERS, "host": host}, "demo__owners") == wanted


def test_without_consent_the_account_is_not_authorised_yet():
    with pytest.raises(Rejected, match=r"not authorised yet.*helio integration authorize"):
        CLOUD.log_in(lambda interface, call: pytest.fail("nothing may be called"), OWNERS, None)


def test_a_wrong_code_and_a_missing_redirect_url_are_for_a_person(clouds):
    with pytest.raises(Rejected, match=r"authorisation page once more"):
        CLOUD.authorize(posting(clouds), OWNERS, "code99")
    with pytest.raises(Rejected, match="no redirect URL"):
        CLOUD.authorize(posting(clouds), KEYS, "code01")


@pytest.mark.parametrize(
    ("answered", "lives_s", "refresh_token"),
    [
        ({"result_code": "1", "result_data": {"code": 1, "access_token": "a", "expires_in": "7200"}}, 6600, "old"),
        ({"access_token": "a", "refresh_token": "new", "expires_in": -5}, 0, "new"),
        ({"access_token": "a", "refresh_token": "new", "expires_in": 9_000_000}, 172_200, "new"),
        ({"access_token": "a", "result_code": "1", "result_data": None}, 172_200, "old"),
    ],
)
def test_a_refresh_reads_both_places_and_keeps_the_old_token_where_none_comes(answered, lives_s, refresh_token):
    last = Tokens("gone", 0, {"refresh_token": "old"})

    tokens = CLOUD.log_in(lambda interface, call: reply(answered), OWNERS, last)

    assert (tokens.access, tokens.lives_s, dict(tokens.more)) == ("a", lives_s, {"refresh_token": refresh_token})


@pytest.mark.parametrize(("code", "error"), [(2, Rejected), (5, Rejected), ("-2", Rejected), (-1, TryLater)])
def test_a_refused_refresh_is_for_a_person_unless_the_platform_failed(code, error):
    last = Tokens("gone", 0, {"refresh_token": "old"})

    with pytest.raises(error):
        CLOUD.log_in(lambda interface, call: reply({"result_code": "1", "result_data": {"code": code}}), OWNERS, last)


def test_an_app_that_may_not_log_in_is_rejected_whole():
    with pytest.raises(Rejected, match="E900"):
        CLOUD.log_in(lambda interface, call: reply({"result_code": "E900", "result_msg": "no"}), ACCOUNT, None)


@BOTH
def test_tokens_that_end_between_two_pages_are_replaced_and_the_list_is_whole(clouds, credentials):
    session = session_of(clouds, credentials)
    page, interface = ("curPage", "getPowerStationList") if credentials is ACCOUNT else ("page", "platform/queryPowerStationList")
    clouds.world.faults.switch_on("token_expires_mid_page", vendor="sungrow")

    answers = CLOUD.fetch(session, Request(interface, {page: 1, "size": 2}, "fleet"))

    assert [len(answer.data["result_data"]["pageList"]) for answer in answers] == [2, 1]
    assert session.token_store.login_count == 2


# ---- the vendor's word -----------------------------------------------------------------------------------------------------


def reply(data, status=200, **headers):
    return Reply(status, headers, data if isinstance(data, bytes) else json.dumps(data).encode())


@pytest.mark.parametrize(
    ("code", "error", "after_s"),
    [
        ("E00003", TokenEnded, None), ("E901", RateLimited, 60), ("E999", QuotaExhausted, 3600), ("E998", QuotaExhausted, None),
        ("E916", RateLimited, 600), ("-1", TryLater, None), ("E994", TryLater, None), ("E997", TryLater, None),
        ("E903", TryLater, 600), ("E777", TryLater, None),
    ],
)  # fmt: skip
def test_a_code_that_passes_says_when_to_ask_again(code, error, after_s):
    with pytest.raises(TryLater) as refused:
        CLOUD.classify_response("getDeviceList", reply({"result_code": code, "result_msg": "", "result_data": None}))

    assert (type(refused.value), refused.value.after_s) == (error, after_s)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ("E00000 E00001 E911 E912 E913 E914 E918 E919 E902 E904 E910", Rejected),
        ("E900", NotPermitted),
        ("009 010 000 001 002 003 011", Unanswerable),
    ],
)
def test_a_code_that_stays_is_told_apart_by_who_must_act(codes, error):
    for code in codes.split():
        with pytest.raises(error, match=f"getDeviceList with {code}") as refused:
            CLOUD.classify_response("getDeviceList", reply({"result_code": code, "result_msg": "er", "result_data": None}))
        assert isinstance(refused.value, NeedsHuman) == (error is not Unanswerable)


def test_a_question_that_is_not_understood_names_what_was_wrong_with_it():
    with pytest.raises(Unanswerable, match="er_parameter_value_invalid:points"):
        CLOUD.classify_response("getDeviceList", reply({"result_code": "010", "result_msg": "er_parameter_value_invalid:points"}))
    with pytest.raises(TokenEnded):
        CLOUD.classify_response("getDeviceList", reply({"result_code": "010", "result_msg": "er_token invalid"}))


@pytest.mark.parametrize(
    ("answered", "status", "error"),
    [
        (b"<html>sign in</html>", 200, TryLater),
        (b"", 200, TryLater),
        (b'{"result_code":"1","result_da', 200, TryLater),
        (b"[1]", 200, TryLater),
        ({"result_code": "1", "result_data": {}}, 502, TryLater),
        ({"error": "Too Many Requests"}, 429, RateLimited),
        ({"error": "Too Many Requests"}, 403, RateLimited),
        (b"", 302, TryLater),
        ({"result_code": "E00003"}, 500, TokenEnded),
    ],
)
def test_what_is_not_the_vendors_own_json_is_asked_for_again(answered, status, error):
    with pytest.raises(TryLater) as refused:
        CLOUD.classify_response("getDeviceList", reply(answered, status))

    assert type(refused.value) is error


def test_a_success_is_its_json_whatever_the_type_of_its_code():
    assert CLOUD.classify_response("x", reply({"result_code": "1", "result_data": {"a": 1}}))["result_data"] == {"a": 1}
    assert CLOUD.classify_response("x", reply(b'\xef\xbb\xbf{"result_code":1,"result_data":null}')) == {
        "result_code": 1,
        "result_data": None,
    }


# ---- lists -----------------------------------------------------------------------------------------------------------------

DEVICES = Request("getDeviceListByUser", {"curPage": 1, "size": 2}, "fleet")


def rows(*keys):
    return [{"ps_key": key, "ps_id": 1, "device_type": 1} for key in keys]


@pytest.mark.parametrize("fault", ["repeated_page", "missing_page"])
def test_a_list_is_never_silently_short(clouds, fault):
    session = session_of(clouds, ACCOUNT)
    clouds.world.faults.switch_on(fault, vendor="sungrow")

    with pytest.raises(TryLater, match="page 2 is missing or repeats another"):
        CLOUD.fetch(session, DEVICES)


def test_pages_are_walked_until_the_vendors_total_is_reached():
    session = Canned(
        {"rowCount": "3", "pageList": rows("a", "b")},
        {"rowCount": 3, "pageList": rows("c")},
    )

    answers = CLOUD.fetch(session, DEVICES)

    assert [body["curPage"] for body in session.bodies] == [1, 2]
    assert [len(answer.data["result_data"]["pageList"]) for answer in answers] == [2, 1]


@pytest.mark.parametrize(
    "result",
    [
        None, [], {"rowCount": 1}, {"pageList": []}, {"rowCount": 1, "pageList": None}, {"rowCount": 1, "pageList": ["a"]},
        {"rowCount": "many", "pageList": []}, {"rowCount": 1, "pageList": []},
    ],
)  # fmt: skip
def test_a_list_of_another_shape_is_asked_for_again(result):
    with pytest.raises(TryLater):
        CLOUD.fetch(Canned(result), DEVICES)


def test_an_empty_list_is_an_answer():
    assert len(CLOUD.fetch(Canned({"rowCount": 0, "pageList": []}), DEVICES)) == 1


def test_alarms_of_several_pages_are_one_complete_list():
    def alarm(number):
        return {"fault_code": f"f{number}", "ps_id": 1598300, "create_time": "2026-06-14 12:00:00", "fault_type": 2}

    (request,) = CLOUD.alarm_requests(ACCOUNT, FLEET, Span(NOW, NOW))
    session = Canned(
        {"rowCount": 3, "pageList": [alarm(1), alarm(2)]},
        {"rowCount": 3, "pageList": [alarm(3)]},
    )

    (joined,) = CLOUD.fetch(session, request)

    listed = CLOUD.parse_alarms(pack("sungrow", request, joined.raw), CONTEXT)
    assert [(found.key, found.severity) for found in listed.alarms] == [("f1", "minor"), ("f2", "minor"), ("f3", "minor")]
    assert listed.alarms[0].raised_at == datetime(2026, 6, 14, 10, tzinfo=UTC)
    assert listed.is_complete


@pytest.mark.parametrize("result", [[], {"device_point_list": None}, None])
def test_realtime_of_another_shape_is_asked_for_again(result):
    with pytest.raises(TryLater):
        CLOUD.fetch(Canned(result), CLOUD.snapshot_requests(ACCOUNT, FLEET)[0])


def test_history_without_anything_is_an_answer_without_readings():
    request = CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True)[0]

    (empty,) = CLOUD.fetch(Canned(None), request)

    assert empty.data["result_data"] is None
    assert list(CLOUD.parse(answer(request, None), CONTEXT)) == []


# ---- reading answers -------------------------------------------------------------------------------------------------------

INVERTER = "1598299_1_1_1"


def test_watts_become_kilowatts_and_a_status_its_name_where_it_changes():
    row = {"p24": "41870.0", "p14": 42724.5, "p25": "-1200", "p26": "0.99", "p27": "60.01", "p4": "52.3", "p1": "190400.0"}

    frame = frame_of(
        minutes(
            INVERTER,
            [
                {"time_stamp": "20260614120000", **row, "p2": "301122600.0", "p29": "64.0"},
                {"time_stamp": "20260614120500", "p24": None, "p29": "0"},
                {"time_stamp": "20260614121000", "p29": 33024},
                {"time_stamp": "20260614121500", "p29": "4711"},
            ],
        )
    )

    read = {row.quantity: row.value for row in frame[frame.row_number == 1].itertuples() if row.quantity != "state"}
    assert read == {
        "ac_power_kw": 41.87, "dc_power_kw": 42.7245, "reactive_power_kvar": -1.2, "power_factor": 0.99, "frequency_hz": 60.01,
        "temp_inverter_c": 52.3, "energy_today_kwh": 190.4, "energy_total_kwh": 301_122.6,
    }  # fmt: skip
    assert series(frame, INVERTER, "state") == {
        datetime(2026, 6, 14, 15, 0, tzinfo=UTC): "on grid",
        datetime(2026, 6, 14, 15, 10, tzinfo=UTC): "derated",
        datetime(2026, 6, 14, 15, 15, tzinfo=UTC): "4711",
    }
    assert set(frame.row_number) == {1, 3, 4}


def test_states_change_in_the_order_of_time_whatever_the_order_of_rows():
    codes = {"120000": "64", "120500": "64", "121000": "256", "121500": "64"}
    rows = [{"time_stamp": f"20260614{clock}", "p29": code} for clock, code in codes.items()]

    frame = frame_of(minutes(INVERTER, [rows[2], rows[0], rows[3], rows[1]]))

    assert series(frame, INVERTER, "state") == {
        datetime(2026, 6, 14, 15, 0, tzinfo=UTC): "on grid",
        datetime(2026, 6, 14, 15, 10, tzinfo=UTC): "fault",
        datetime(2026, 6, 14, 15, 15, tzinfo=UTC): "on grid",
    }


def test_a_null_for_a_whole_device_or_point_says_nothing():
    device = minutes(INVERTER, None)
    request = Request(
        "getDevicePointsDayMonthYearDataList",
        {"start_time": "20260614", "end_time": "20260614", "data_type": "2"},
        "devices",
        None,
        (INVERTER,),
    )

    odd = (device, answer(request, {INVERTER: None}), answer(request, {INVERTER: {"p1": None}}))
    assert [list(CLOUD.parse(landed, CONTEXT)) for landed in odd] == [
        [], [], [],
    ]  # fmt: skip


def test_a_null_is_missing_and_a_point_that_is_not_there_says_nothing():
    landed = minutes(INVERTER, [{"time_stamp": "20260614120000", "p24": None, "p1": "--", "p2": "5000"}])

    (piece,) = CLOUD.parse(landed, CONTEXT)

    assert (len(piece.frame), piece.missing_count) == (1, 2)


def test_a_row_whose_time_or_value_cannot_be_read_is_kept_with_its_record():
    frame = frame_of(
        minutes(
            INVERTER,
            [
                {"time_stamp": "202606141200", "p24": "1000"},
                {"p24": "2000"},
                {"time_stamp": "20261399120000", "p24": "3000"},
                {"time_stamp": "20260614120500", "p24": "warm"},
                "torn",
            ],
            hour=12,
        )
    )

    frame = frame.sort_values("row_number", ignore_index=True)
    assert frame.row_number.tolist() == [1, 2, 4, 5]
    assert frame.measured_at.isna().tolist() == [True, True, False, True]
    assert json.loads(frame.raw[0]) == {"time_stamp": "202606141200", "p24": "1000"}
    assert frame.raw.notna().all()


def test_rows_outside_the_asked_local_window_and_of_others_are_dropped():
    rows = [{"time_stamp": stamp, "p24": "1000"} for stamp in ("20260614115500", "20260614120000", "20260614150000")]

    frame = frame_of(minutes(INVERTER, rows))
    foreign = list(CLOUD.parse(minutes(INVERTER, rows, subjects=("1598299_1_2_1",)), CONTEXT))

    assert frame.measured_at.tolist() == [pd.Timestamp("2026-06-14T15:00:00Z")]
    assert foreign == []


def test_an_hour_that_clocks_skip_cannot_be_read():
    frame = frame_of(minutes("1598300_1_1_1", [{"time_stamp": "20260329023000", "p24": "1000"}], day="20260329", hour=0))

    assert frame.measured_at.isna().tolist() == [True]


def test_a_plant_that_is_not_registered_has_the_zone_of_the_tenant():
    frame = frame_of(now_of("77_1_1_1", {"p24": "1000"}))

    assert frame.measured_at.tolist() == [pd.Timestamp("2026-06-14T15:00:00Z")]


def test_a_hybrid_tells_grid_battery_and_load_with_our_signs():
    points = {
        "p13011": "5000", "p13003": "5100", "p13112": "12000", "p13134": "9000000", "p13119": "800", "p13121": "3000",
        "p13149": "0", "p13126": "0", "p13150": "1200", "p13141": "0.85",
    }  # fmt: skip

    frame = frame_of(now_of("1598299_14_1_1", points))

    assert dict(zip(frame.quantity, frame.value, strict=True)) == pytest.approx({
        "ac_power_kw": 5, "dc_power_kw": 5.1, "energy_today_kwh": 12, "energy_total_kwh": 9000, "load_power_kw": 0.8,
        "grid_power_kw": -3, "battery_power_kw": -1.2, "battery_pct": 85,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("key", "points", "expected"),
    [
        ("1598299_43_1_1", {"p58604": "85"}, {"battery_pct": 85}),
        ("1598299_43_1_1", {"p58604": "0.5"}, {"battery_pct": 50}),
        ("1598299_14_1_1", {"p13121": "3000"}, {}),
        ("1598299_55_1_1", {"p51303": "300", "p51346": "1500"}, {"ac_power_kw": 0.3, "energy_today_kwh": 1.5}),
        (
            "1598299_7_1_1",
            {"p8018": "-4000", "p8030": "7000", "p8031": "9000"},
            {"ac_power_kw": -4, "import_total_kwh": 7, "export_total_kwh": 9},
        ),
        (
            "1598299_5_1_1",
            {"p2003": "700", "p2007": "810.5", "p2009": "31", "p2010": "55", "p2016": "3.2"},
            {
                "irradiance_ghi_w_m2": 700, "irradiance_poa_w_m2": 810.5, "temp_air_c": 31, "temp_module_c": 55,
                "wind_speed_m_s": 3.2,
            },
        ),
        ("1598299_9_1_1", {"p24": "1"}, {}),
    ],
)  # fmt: skip
def test_each_type_of_device_is_read_by_its_own_points(key, points, expected):
    pieces = list(CLOUD.parse(now_of(key, points), CONTEXT))

    read = {row.quantity: row.value for piece in pieces for row in piece.frame.itertuples()}
    assert read == pytest.approx(expected)


def test_a_plant_tells_one_power_its_charge_as_fraction_and_what_it_used_today():
    points = {"p83002": "90000", "p83033": "91000", "p83252": "0.42", "p83118": "7000", "p83072": None}

    frame = frame_of(now_of("1598299_11_0_0", points, kind="plants", subject="1598299"))

    assert list(frame.subject.unique()) == ["1598299"]
    read = {(row.quantity, row.measured_at): row.value for row in frame.itertuples()}
    noon, midnight = pd.Timestamp("2026-06-14T15:00:00Z"), pd.Timestamp("2026-06-14T03:00:00Z")
    assert read == pytest.approx({("ac_power_kw", noon): 91, ("battery_pct", noon): 42, ("load_day_kwh", midnight): 7})


def test_a_device_without_data_has_no_time_and_no_reading():
    assert list(CLOUD.parse(now_of(INVERTER, {"device_time": None, "p24": None}), CONTEXT)) == []


def test_periods_outside_the_asked_ones_are_dropped_and_unreadable_ones_kept():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 6, 13), JUNE_14, True)
    request = next(request for request in requests if request.kind == "devices" and "Month" in request.interface)
    stamps = ["20260612", "20260613", "20260614", "20260615", "20260699", "June"]
    points = [{"time_stamp": stamp, "2": f"{number}000.0"} for number, stamp in enumerate(stamps)]

    frame = frame_of(answer(request, {INVERTER: {"p1": points, "p24": points}, "illegal_ps_key_list": ["x"]}))

    assert frame.quantity.unique().tolist() == ["energy_day_kwh"]
    assert frame.value.tolist() == [1, 2, 4, 5]
    assert frame.measured_at.tolist()[:2] == [pd.Timestamp("2026-06-13T03:00:00Z"), pd.Timestamp("2026-06-14T03:00:00Z")]
    assert frame.measured_at.isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    "landed",
    [
        b"no answer",
        pack("sungrow", Request("getDeviceRealTimeData", {}, "devices"), b'{"result_code":"1","result_data":[]}'),
        pack("sungrow", Request("getDeviceRealTimeData", {}, "devices"), b'{"result_code":"1","result_data":{}}'),
        pack("sungrow", Request("somethingElse", {}, "devices"), b'{"result_code":"1","result_data":{}}'),
    ],
)
def test_a_document_that_is_no_answer_is_refused(landed):
    with pytest.raises(BadDocument):
        list(CLOUD.parse(landed, CONTEXT))


# ---- registry and alarms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "capacity_kwp"),
    [
        ({"total_capcity": {"unit": "kWp", "value": "270.00"}}, 270),
        ({"total_capcity": {"unit": "MWp", "value": "1.25"}}, 1250),
        ({"total_capcity": {"unit": "W", "value": 900}}, 0.9),
        ({"total_capcity": {"unit": "acres", "value": "3"}, "design_capacity": 120_000.0, "install_power": 100_000}, 120),
        ({"install_power": "100000"}, 100),
        ({"total_capcity": {"unit": "kWp", "value": "--"}}, None),
        ({"total_capcity": {"unit": "kWp", "value": "0"}}, None),
        ({}, None),
    ],
)
def test_the_capacity_of_a_plant_is_scaled_by_its_unit(given, capacity_kwp):
    (request, _) = CLOUD.fleet_requests(ACCOUNT)

    (plant,) = CLOUD.parse_fleet(answer(request, {"rowCount": 1, "pageList": [{"ps_id": 7, **given}]}), CONTEXT).plants

    assert plant.capacity_kwp == pytest.approx(capacity_kwp)


@pytest.mark.parametrize("place", [{}, {"latitude": 0, "longitude": 0}, {"latitude": "116.4", "longitude": "39.9"}])
def test_a_plant_without_a_place_has_no_zone(place):
    (request, _) = CLOUD.fleet_requests(ACCOUNT)
    row = {"ps_id": 7, "ps_name": "Roof", "install_date": "soon", "ps_current_time_zone": "GMT+8", **place}

    (plant,) = CLOUD.parse_fleet(answer(request, {"rowCount": 1, "pageList": [row]}), CONTEXT).plants

    assert (plant.plant_key, plant.timezone, plant.latitude, plant.commissioned_on) == ("7", None, None, None)


def test_devices_keep_the_vendors_type_and_those_that_measure_nothing_are_left_out():
    (_, request) = CLOUD.fleet_requests(ACCOUNT)
    types = (1, "14", 55, 7, 5, 9, 22, 23, 43, 3, 51, None)
    listed = [{"ps_key": f"7_{device_type}_1_1", "ps_id": 7, "device_type": device_type} for device_type in types]

    registry = CLOUD.parse_fleet(answer(request, {"rowCount": 13, "pageList": [*listed, {"ps_id": 7}]}), CONTEXT)

    assert [(device.vendor_type, device.kind) for device in registry.devices] == [
        ("1", "inverter"), ("14", "inverter"), ("55", "inverter"), ("7", "meter"), ("5", "sensor"), ("9", "logger"),
        ("22", "logger"), ("23", "battery"), ("43", "battery"),
    ]  # fmt: skip
    assert [(row.row_number, row.reason.partition(";")[0]) for row in registry.rejected] == [
        (13, "row 13 of getDeviceListByUser has no ps_key")
    ]


def test_an_alarm_list_with_a_row_that_cannot_be_read_ends_no_alarm():
    (request,) = CLOUD.alarm_requests(ACCOUNT, FLEET, Span(NOW, NOW))
    good = {
        "fault_code": "60064.1", "ps_id": "1598300", "ps_key": "1598300_1_1_1", "create_time": "2026-06-14 12:00:00",
        "over_time": "2026-06-14 13:00:00", "fault_type": "3", "fault_type_code": 10, "process_status": 9,
    }  # fmt: skip
    foreign = {**good, "ps_id": 99}

    listed = CLOUD.parse_alarms(
        answer(request, {"rowCount": 3, "pageList": [good, foreign, {**good, "create_time": "?"}]}), CONTEXT
    )
    whole = CLOUD.parse_alarms(answer(request, {"rowCount": 2, "pageList": [good, foreign]}), CONTEXT)
    short = CLOUD.parse_alarms(answer(request, {"rowCount": 2, "pageList": [good]}), CONTEXT)

    (alarm,) = listed.alarms
    assert (alarm.name, alarm.severity, alarm.is_open) == ("10", "notice", False)
    assert alarm.cleared_at == datetime(2026, 6, 14, 11, tzinfo=UTC)
    assert (listed.is_complete, whole.is_complete, short.is_complete) == (False, True, False)
