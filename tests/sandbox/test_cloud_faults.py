"""Each fault spoils what it says, for each vendor that it exists for, and ends."""

import contextlib
import gzip
import hashlib
import json
import math
import threading
import time
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from cli.run.postgres import free_port
from sandbox.calls import ALL as VENDORS
from sandbox.calls import WITH_COUNTERS, WITH_TOKENS
from sandbox.clouds import app
from sandbox.fault_kinds import KINDS
from sandbox.faults import UnknownFault
from sandbox.growatt.devices import type_of
from sandbox.sunshine import sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
DAY = "20260329"  # the clocks of Berlin go forward
NIGHT = {"wrong_midnight_reset", "negative_night", "yesterdays_total", "zero_counter", "lower_counter"}
EVENING = {"falling_day_energy"}
OF_NOW = {"upload_4_hours_late", "stale_realtime", "one_bad_member", "one_site_too_frequent"}
ON_LISTS = {"foreign_row", "duplicate_serial", "missing_page", "repeated_page", "token_expires_mid_page", "plant_removed"}
ON_DEVICES = {"duplicate_serial", "device_removed"}
ON_LOGINS = {"wrong_password", "account_locked", "login_in_other_words", "password_in_code", "consent_ended"}
BROKEN = {"timeout", "connection_reset", "cut_body"}
VOLATILE = {"req_serial_num", "requestId"}
CASES = [(kind.name, vendor) for kind in KINDS.values() for vendor in kind.vendors]


class Cloud:
    """All clouds with a logged-in client, and one call of each sort for each vendor."""

    def __init__(self) -> None:
        self.world = World(sunshine=sunshine(1, 11), clock=ShiftedClock(NOW, runs=False), limits_on=False)
        self.faults = self.world.faults
        self.client = TestClient(app(self.world))
        self.right = {}
        self.plants = {vendor: self.world.sunshine.plants(vendor)[1] for vendor in VENDORS}
        self.headers = {}
        for vendor in VENDORS:
            self.headers[vendor] = self._headers(vendor)
        self.body = {"huawei": {}, "deye": {}, "solaredge": {}, "growatt": {}, "sungrow": {"appkey": "A" * 32, "lang": "_en_US"}}
        self.body["sungrow"]["token"] = self.log_in("sungrow").json()["result_data"]["token"]

    def _headers(self, vendor):
        if vendor == "sungrow":
            return {"x-access-key": "s" * 32, "sys_code": "901"}
        if vendor == "solaredge":
            return {"X-API-Key": "solaredge-demo-key"}
        if vendor == "growatt":
            return {"token": "growatt-demo-token"}
        answer = self.log_in(vendor)
        if vendor == "huawei":
            return {"XSRF-TOKEN": answer.headers["xsrf-token"]}
        return {"Authorization": f"Bearer {answer.json()['accessToken']}"}

    def log_in(self, vendor):
        if vendor == "huawei":
            answer = self.client.post("/thirdData/login", json={"userName": "nbi-user", "systemCode": "Nbi@12345"})
            if "xsrf-token" in answer.headers:  # a login ends the session before it
                self.headers["huawei"] = {"XSRF-TOKEN": answer.headers["xsrf-token"]}
            return answer
        if vendor == "sungrow":
            body = {"appkey": "A" * 32, "lang": "_en_US", "user_account": "sg@example.org", "user_password": "sgpass"}
            return self.client.post("/openapi/login", json=body, headers={"x-access-key": "s" * 32, "sys_code": "901"})
        password = hashlib.sha256(b"deyepass").hexdigest()
        body = {"appSecret": "deyesecret", "email": "a@example.org", "password": password, "companyId": 10016}
        return self.client.post("/v1.0/account/token?appId=201911067156002", json=body)

    def get(self, path, **query):
        return self.client.get(f"/v2/{path}", params=query, headers=self.headers["solaredge"])

    def ask_growatt(self, what, inverter, **more):
        form = {"deviceSn": inverter.key, "deviceType": type_of(inverter), **more}
        return self.client.post(f"/v4/new-api/{what}", data=form, headers=self.headers["growatt"])

    def post(self, vendor, path, **body):
        return self.client.post(path, json={**self.body[vendor], **body}, headers=self.headers[vendor])

    def frames(self, vendor, hours=("120000", "145500")):
        """Five-minute frames of an inverter in Berlin: of Sungrow's of these hours, of Huawei's and Deye's of the day.

        Of SolarEdge's the quarter hours of the morning.
        """
        if vendor == "solaredge":
            span = {"from": "2026-03-29T00:00:00", "to": "2026-03-29T11:59:59", "resolution": "QUARTER_HOUR"}
            return self.get(f"sites/{self.plants[vendor].key}/inverters/telemetry", **span)
        if vendor == "growatt":
            return self.ask_growatt("queryDevicesHistoricalData", self.plants[vendor].inverters[0], date="2026-03-29")
        keys = [self.plants[vendor].inverters[0].key]
        if vendor == "huawei":
            start = 1774738800000  # 2026-03-29 00:00 in Berlin
            body = {"devIds": ",".join(keys), "devTypeId": 1, "startTime": start, "endTime": start + 82_500_000}
            return self.post(vendor, "/thirdData/getDevHistoryKpi", **body)
        if vendor == "sungrow":
            body = {
                "ps_key_list": keys,
                "points": "p1,p2,p24",
                "start_time_stamp": DAY + hours[0],
                "end_time_stamp": DAY + hours[1],
            }
            return self.post(vendor, "/openapi/getDevicePointMinuteDataList", minute_interval=5, **body)
        points = ["TotalActiveACOutputPower", "DailyActiveProduction", "TotalActiveProduction"]
        body = {"deviceSn": keys[0], "granularity": 1, "startAt": "2026-03-29", "endAt": None, "measurePoints": points}
        return self.post(vendor, "/v1.0/device/history", **body)

    def now(self, vendor):
        """The last frame of the first inverter, or the hours of the first site."""
        if vendor == "solaredge":
            site = self.world.sunshine.plants(vendor)[0].key
            return self.get(f"sites/{site}/energy", resolution="HOUR", unit="WH")
        if vendor == "growatt":
            return self.ask_growatt("queryLastData", self.world.sunshine.plants(vendor)[0].inverters[0])
        keys = [self.world.sunshine.plants(vendor)[0].inverters[0].key]
        if vendor == "huawei":
            return self.post(vendor, "/thirdData/getDevRealKpi", devIds=keys[0], devTypeId=1)
        if vendor == "sungrow":
            body = {"ps_key_list": keys, "device_type": 1, "point_id_list": ["1", "24"]}
            return self.post(vendor, "/openapi/getDeviceRealTimeData", **body)
        return self.post(vendor, "/v1.0/device/latest", deviceList=keys)

    def plant_page(self, vendor, page):
        if vendor == "solaredge":
            return self.get("sites", page=page, **{"sites-in-page": 10})
        if vendor == "growatt":
            return self.client.get("/v1/plant/list", params={"page": page, "perpage": 10}, headers=self.headers[vendor])
        if vendor == "huawei":
            return self.post(vendor, "/thirdData/stations", pageNo=page, pageSize=10)
        if vendor == "sungrow":
            return self.post(vendor, "/openapi/getPowerStationList", curPage=page, size=10)
        return self.post(vendor, "/v1.0/station/list", page=page, size=10)

    def devices(self, vendor):
        plant = self.plants[vendor]
        if vendor == "solaredge":
            return self.get(f"sites/{plant.key}/devices")
        if vendor == "growatt":
            return self.client.get("/v1/device/list", params={"plant_id": plant.key}, headers=self.headers[vendor])
        if vendor == "huawei":
            return self.post(vendor, "/thirdData/getDevList", stationCodes=plant.key)
        if vendor == "sungrow":
            return self.post(vendor, "/openapi/getDeviceList", ps_id=plant.key, curPage=1, size=20)
        return self.post(vendor, "/v1.0/station/device", stationIds=[int(plant.key)], page=1, size=20)

    def call_for(self, kind, vendor):
        if kind in ON_LOGINS:
            return self.log_in(vendor)
        if kind in ON_DEVICES:
            return self.devices(vendor)
        if kind in OF_NOW:
            return self.now(vendor)
        if kind in NIGHT:
            hours = ("060000", "070000") if kind == "zero_counter" else ("000000", "025500")
            return self.frames(vendor, hours)
        if kind in EVENING:
            return self.frames(vendor, ("200000", "225500"))
        return self.plant_page(vendor, 2) if kind in ON_LISTS else self.frames(vendor)

    def right_for(self, kind, vendor):
        """What a client sees when nothing is wrong; asked for once for each sort of call."""
        sort = (vendor, kind in ON_LOGINS, kind in {*ON_LISTS, *ON_DEVICES, *NIGHT, *EVENING, *OF_NOW} and kind)
        if sort not in self.right:
            self.right[sort] = seen(self.call_for(kind, vendor))
        return self.right[sort]


@pytest.fixture(scope="module")
def _cloud():
    cloud = Cloud()
    with cloud.client:  # one event loop for all calls, not one each
        yield cloud


@pytest.fixture
def cloud(_cloud):
    _cloud.faults.switch_off()
    return _cloud


def seen(answer):
    """What a client sees, without the numbers that are new in each answer."""
    try:
        told = answer.json()
        body = {key: value for key, value in (told if isinstance(told, dict) else {"": told}).items() if key not in VOLATILE}
        body.pop("accessToken", None), body.pop("refreshToken", None)
        if "token" in (body.get("result_data") or {}):
            body["result_data"].pop("token")
        body = json.dumps(body)
    except ValueError:
        body = answer.content
    return answer.status_code, answer.headers.get("content-type"), answer.content[:3] == b"\xef\xbb\xbf", body


@pytest.mark.parametrize(("kind", "vendor"), [case for case in CASES if case[0] not in {*BROKEN, "slow_body", "truncated_gzip"}])
def test_each_fault_changes_the_answer_and_ends(cloud, kind, vendor):
    right = cloud.right_for(kind, vendor)
    fault = cloud.faults.switch_on(kind, vendor=vendor, times=1)

    wrong = seen(cloud.call_for(kind, vendor))

    assert wrong != right
    assert (fault.hits, fault.left) == (1, 0)
    assert seen(cloud.call_for(kind, vendor)) == right


def test_there_are_more_than_twenty_five_kinds_for_each_vendor():
    for vendor in VENDORS:
        assert len([kind for kind in KINDS.values() if vendor in kind.vendors]) > 25


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_fault_of_one_vendor_and_interface_leaves_the_others_alone(cloud, vendor):
    others = [other for other in VENDORS if other != vendor]
    right = {name: seen(cloud.frames(name)) for name in VENDORS}
    cloud.faults.switch_on("error_in_200", vendor=vendor)
    cloud.faults.switch_on("html_login_page", vendor=others[0], interface="elsewhere")

    told = {name: seen(cloud.frames(name)) for name in VENDORS}

    assert told[vendor] != right[vendor]
    assert {name: told[name] for name in others} == {name: right[name] for name in others}


# ---- errors in the vendors' own words


ERRORS = {
    "error_in_200": (20004, "E994", "3501004", 500),
    "too_frequent": (407, "E901", "2101002"),
    "quota_gone": (407, "E999", "2101010"),
    "token_expires": (305, "E00003", "2101019"),
    "no_permission": (401, "E900", "2101023"),
}
GROWATTS = {"error_in_200": (1, 10001), "too_frequent": (102, 10012), "no_permission": (101, 10011), "key_ended": (2, 10011)}


CASES_OF_ERRORS = [(kind, vendor) for kind in ERRORS for vendor in VENDORS[: len(ERRORS[kind])]]


@pytest.mark.parametrize(("kind", "vendor"), CASES_OF_ERRORS)
def test_an_error_comes_with_http_200_and_the_vendors_code(cloud, kind, vendor):
    cloud.faults.switch_on(kind)

    answer = cloud.frames(vendor)

    body = answer.json()
    assert answer.status_code == 200
    code = next(body[name] for name in ("failCode", "result_code", "code", "status") if name in body)
    assert code == ERRORS[kind][VENDORS.index(vendor)]


@pytest.mark.parametrize("kind", GROWATTS)
def test_growatts_errors_are_those_of_the_version_that_is_asked(cloud, kind):
    cloud.faults.switch_on(kind, times=2)

    new, old = cloud.frames("growatt"), cloud.plant_page("growatt", 1)

    assert (new.json()["code"], old.json()["error_code"]) == GROWATTS[kind]
    assert (new.status_code, old.status_code) == (200, 200)


PROBLEMS = {
    "too_frequent": (429, "0"),
    "quota_gone": (429, "9"),
    "no_permission": (403, None),
    "unexplained_code": (422, None),
    "key_ended": (401, None),
    "members_unknown": (404, None),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_solaredges_errors_are_http_statuses_with_problem_details(cloud, kind):
    cloud.faults.switch_on(kind)

    answer = cloud.frames("solaredge")

    assert (answer.status_code, answer.headers.get("x-ratelimit-remaining-minute")) == PROBLEMS[kind]
    assert answer.json()["status"] == answer.status_code


def test_a_fault_of_one_site_leaves_the_others_alone(cloud):
    cloud.faults.switch_on("one_bad_member", vendor="solaredge")
    cloud.faults.switch_on("one_site_too_frequent", vendor="solaredge")

    assert cloud.now("solaredge").status_code == 403  # the first site
    assert cloud.frames("solaredge").status_code == 200  # the second


def test_buckets_of_late_uploads_stay_without_a_value(cloud):
    right = readings("solaredge", cloud.frames("solaredge"))
    cloud.faults.switch_on("upload_20_days_late", vendor="solaredge")

    wrong = readings("solaredge", cloud.frames("solaredge"))

    assert [row[0] for row in wrong] == [row[0] for row in right]
    assert {value for row in wrong for value in row[1:]} == {None}


def test_huaweis_gateway_speaks_another_language(cloud):
    cloud.faults.switch_on("gateway_429", times=1)

    answer = cloud.frames("huawei")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json()["errorCode"] == "49401021002"
    assert "failCode" not in answer.json()


def test_a_burst_goes_through_the_5xx_and_ends(cloud):
    cloud.faults.switch_on("burst_5xx", vendor="sungrow")

    assert [cloud.frames("sungrow").status_code for _ in range(5)] == [500, 502, 503, 504, 200]


def test_deyes_500_has_a_body_of_its_own(cloud):
    cloud.faults.switch_on("burst_5xx", vendor="deye")

    answers = [cloud.frames("deye") for _ in range(3)]

    assert answers[0].json()["status"] == 500
    assert (answers[2].status_code, answers[2].json()["code"]) == (500, "3201001")


def test_sungrows_refused_login_has_result_code_1_and_no_token(cloud):
    cloud.faults.switch_on("wrong_password")

    answer = cloud.log_in("sungrow").json()

    assert (answer["result_code"], answer["result_data"]["login_state"]) == ("1", "0")
    assert "token" not in answer["result_data"]


# ---- pages


@pytest.mark.parametrize("vendor", WITH_TOKENS)
def test_a_token_that_expires_mid_page_lets_the_first_page_through(cloud, vendor):
    fault = cloud.faults.switch_on("token_expires_mid_page", vendor=vendor)

    cloud.plant_page(vendor, 1)
    assert fault.hits == 0
    cloud.plant_page(vendor, 2)

    assert fault.hits == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_repeated_page_has_the_rows_of_the_page_before(cloud, vendor):
    first, second = rows_of(cloud.plant_page(vendor, 1)), rows_of(cloud.plant_page(vendor, 2))
    cloud.faults.switch_on("repeated_page")

    repeated = rows_of(cloud.plant_page(vendor, 2))

    assert (len(first), len(second)) == (10, 1)
    assert repeated == first


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_missing_page_is_empty_though_the_total_says_otherwise(cloud, vendor):
    cloud.faults.switch_on("missing_page")

    assert rows_of(cloud.plant_page(vendor, 2)) == []
    assert len(rows_of(cloud.plant_page(vendor, 1))) == 10


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_removed_plant_is_gone_from_the_list(cloud, vendor):
    cloud.faults.switch_on("plant_removed")

    assert rows_of(cloud.plant_page(vendor, 2)) == []


def rows_of(answer):
    body = answer.json()
    found = body.get("data") or body.get("result_data") or body.get("sites") or body
    return next(found[name] for name in ("list", "pageList", "stationList", "site", "plants") if name in found)


# ---- readings


def readings(vendor, answer):
    """Rows of the first inverter: (time, power, day counter, lifetime counter) as they are told; SolarEdge's: power, energy."""
    body = answer.json()
    if vendor == "solaredge":
        metrics = next(iter(body["inverters"].values()))
        pairs = zip(metrics["power"]["values"], metrics["energy"]["values"], strict=True)
        return [(power["timestamp"], power.get("value"), energy.get("value")) for power, energy in pairs]
    if vendor == "huawei":
        own = [row for row in body["data"] if row["devId"] == body["data"][0]["devId"]]
        names = ("active_power", "day_cap", "total_cap")
        return [(row["collectTime"], *(row["dataItemMap"].get(name) for name in names)) for row in own]
    if vendor == "sungrow":
        rows = next(rows for rows in body["result_data"].values() if isinstance(rows, list))
        return [(row["time_stamp"], *(row.get(name) for name in ("p24", "p1", "p2"))) for row in rows]
    if vendor == "growatt":  # the last comes first
        rows = next(iter(body["data"].values()))[::-1]
        return [(row["time"], row.get("pac"), *map(partial(_either, row), ("Today", "Total"))) for row in rows]
    return [(row["time"], *(item.get("value") for item in row["itemList"])) for row in body["dataList"]]


def _either(row, counter):
    return row.get(f"eac{counter}", row.get(f"power{counter}"))


@pytest.mark.parametrize(
    ("vendor", "factor"), [("huawei", 1000), ("sungrow", 0.001), ("deye", 0.001), ("solaredge", 0.001), ("growatt", 0.001)]
)
def test_power_in_the_other_unit(cloud, vendor, factor):
    right = readings(vendor, cloud.frames(vendor))
    cloud.faults.switch_on("power_in_other_unit")

    wrong = readings(vendor, cloud.frames(vendor))

    for before, after in zip(right, wrong, strict=True):
        if before[1] is None:
            continue
        assert float(after[1]) == pytest.approx(float(before[1]) * factor, rel=0.001, abs=0.0001)
        assert after[2:] == before[2:]
        assert isinstance(after[1], type(before[1]))


@pytest.mark.parametrize(
    ("vendor", "other"), [("huawei", str), ("sungrow", float), ("deye", float), ("solaredge", str), ("growatt", str)]
)
def test_numbers_change_their_type(cloud, vendor, other):
    cloud.faults.switch_on("numbers_change_type")

    told = [value for row in readings(vendor, cloud.frames(vendor)) for value in row[1:]]
    assert {type(value) for value in told if value is not None} == {other}


@pytest.mark.parametrize("vendor", WITH_COUNTERS)
def test_the_lifetime_counter_starts_again_in_the_middle(cloud, vendor):
    cloud.faults.switch_on("counter_reset")

    totals = [float(row[3]) for row in readings(vendor, cloud.frames(vendor))]

    middle = len(totals) // 2
    assert totals[middle] == 0.0
    assert totals[middle - 1] > 1000
    assert totals[middle:] == sorted(totals[middle:])


@pytest.mark.parametrize(("vendor", "unit"), [("huawei", 1), ("sungrow", 1000), ("deye", 1), ("growatt", 1)])
def test_the_day_counter_shows_yesterday_until_one_o_clock(cloud, vendor, unit):
    inverter = cloud.plants[vendor].inverters[0]
    yesterday = cloud.world.sunshine.day(inverter, datetime(2026, 3, 28).date()).energy_kwh
    cloud.faults.switch_on("wrong_midnight_reset")

    counters = [float(row[2]) for row in readings(vendor, cloud.frames(vendor, ("000000", "025500")))]

    assert counters[:12] == pytest.approx([yesterday * unit] * 12, abs=0.01)
    assert counters[12] == 0.0


def test_after_a_change_of_the_clocks_solaredges_times_are_an_hour_off(cloud):
    right = readings("solaredge", cloud.frames("solaredge"))
    cloud.faults.switch_on("dst_hour")

    wrong = readings("solaredge", cloud.frames("solaredge"))

    first, last = (datetime.fromisoformat(wrong[at][0]) - datetime.fromisoformat(right[at][0]) for at in (0, -1))
    assert (first.total_seconds(), last.total_seconds()) == (0, 3600)


@pytest.mark.parametrize("vendor", WITH_COUNTERS)
def test_after_a_change_of_the_clocks_times_are_an_hour_off(cloud, vendor):
    right = readings(vendor, cloud.frames(vendor))
    cloud.faults.switch_on("dst_hour")

    wrong = readings(vendor, cloud.frames(vendor))

    if vendor == "growatt":
        gone = [datetime.fromisoformat(right[at][0]) - datetime.fromisoformat(wrong[at][0]) for at in (0, -1)]
        assert [one.total_seconds() for one in gone] == [0, 3600]
        return
    hour = {"huawei": 3_600_000, "sungrow": -10_000, "deye": 3600}[vendor]  # Sungrow's is text: 120000 becomes 110000
    assert int(wrong[-1][0]) - int(right[-1][0]) == hour
    if vendor != "sungrow":
        assert wrong[0] == right[0]


@pytest.mark.parametrize("vendor", VENDORS)
def test_frames_are_dropped_doubled_disordered_and_emptied(cloud, vendor):
    right = readings(vendor, cloud.frames(vendor))
    told = {}
    for kind in ("dropped_frames", "duplicate_rows", "rows_in_disorder", "empty_day"):
        cloud.faults.switch_off()
        cloud.faults.switch_on(kind)
        told[kind] = [] if kind == "empty_day" and vendor == "huawei" else readings(vendor, cloud.frames(vendor))

    assert len(told["dropped_frames"]) <= len(right) - 9
    assert set(told["dropped_frames"]) < set(right)
    assert len(told["duplicate_rows"]) > len(right)
    assert set(told["duplicate_rows"]) == set(right)
    assert told["rows_in_disorder"] != right
    assert sorted(told["rows_in_disorder"]) == sorted(right)
    assert told["empty_day"] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_nan_stands_in_the_json(cloud, vendor):
    cloud.faults.switch_on("not_a_number")

    assert any(isinstance(row[1], float) and math.isnan(row[1]) for row in readings(vendor, cloud.frames(vendor)))


@pytest.mark.parametrize("vendor", VENDORS)
def test_revised_values_are_three_percent_higher(cloud, vendor):
    right = readings(vendor, cloud.frames(vendor))
    cloud.faults.switch_on("revised_values")

    wrong = readings(vendor, cloud.frames(vendor))

    assert float(wrong[-1][2]) == pytest.approx(1.03 * float(right[-1][2]), rel=1e-4)


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_devices_have_one_serial_number(cloud, vendor):
    def serials():
        body = cloud.devices(vendor).json()
        found = body if isinstance(body, list) else body.get("deviceListItems") or body.get("data")
        found = found.get("devices", found) if isinstance(found, dict) else found
        names = ("esnCode", "device_sn", "deviceSn", "serialNumber")
        return [next(row[name] for name in names if name in row) for row in found or body["result_data"]["pageList"]]

    right = serials()
    cloud.faults.switch_on("duplicate_serial")

    assert serials() == [right[0], right[0], *right[2:]]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_foreign_plant_stands_beside_the_known_ones(cloud, vendor):
    right = rows_of(cloud.plant_page(vendor, 2))
    cloud.faults.switch_on("foreign_row")

    wrong = rows_of(cloud.plant_page(vendor, 2))

    assert wrong[: len(right)] == right
    assert len(wrong) > len(right)


def test_sungrows_history_can_have_a_key_that_nobody_asked_for(cloud):
    cloud.faults.switch_on("foreign_row", vendor="sungrow")

    assert "9999999_1_1_1" in cloud.frames("sungrow").json()["result_data"]


# ---- delivery


def test_a_truncated_gzip_stream_cannot_be_unpacked(cloud):
    right = cloud.frames("huawei").content
    cloud.faults.switch_on("truncated_gzip")
    with cloud.client.stream("POST", "/thirdData/stations", json={}, headers=cloud.headers["huawei"]) as answer:
        packed = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(packed)
    assert cloud.frames("huawei").content == right


@pytest.fixture(scope="module")
def served():
    """A real server, where a connection can break."""
    world = World(sunshine=sunshine(1), clock=ShiftedClock(NOW, runs=False), limits_on=False)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app(world), host="127.0.0.1", port=port, log_level="critical", access_log=False, timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 120
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield world, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    server.should_exit = True
    thread.join(5)


@pytest.mark.parametrize(
    ("kind", "seconds", "error"),
    [
        ("connection_reset", None, httpx.RemoteProtocolError),
        ("cut_body", None, httpx.RemoteProtocolError),
        ("timeout", 60, httpx.ReadTimeout),
        ("slow_body", 0.4, None),
    ],
)
def test_connections_break_and_the_next_call_is_well(served, kind, seconds, error):
    world, client = served
    client.timeout = httpx.Timeout(60, read=0.3) if kind == "timeout" else 60
    fault = world.faults.switch_on(kind, seconds=seconds, times=1)
    began = time.monotonic()

    with pytest.raises(error) if error else contextlib.nullcontext():
        answer = client.post("/thirdData/stations", json={"pageNo": 1})
        assert answer.json()["failCode"] == 305

    assert time.monotonic() - began >= min(seconds or 0, 0.3)
    assert fault.hits == 1
    client.timeout = 60
    assert client.post("/thirdData/stations", json={"pageNo": 1}).json()["failCode"] == 305


# ---- switching


def test_a_fault_is_written_as_name_vendor_interface_and_times(cloud):
    fault = cloud.faults.switch_on_text("too_frequent@deye/station/history=3")

    assert (fault.kind.name, fault.vendor, fault.interface, fault.left) == ("too_frequent", "deye", "station/history", 3)
    assert cloud.faults.switch_on_text("too_frequent").left == 1
    assert cloud.faults.switch_on_text("too_frequent=0").left is None


@pytest.mark.parametrize("text", ["nonsense", "system_busy@deye", "too_frequent@nobody", "too_frequent=often"])
def test_an_unknown_fault_is_refused(cloud, text):
    with pytest.raises(UnknownFault):
        cloud.faults.switch_on_text(text)


def test_faults_are_switched_off_by_name(cloud):
    cloud.faults.switch_on("spike")
    cloud.faults.switch_on("clock_skew")

    assert cloud.faults.switch_off("spike") == 1
    assert [fault["name"] for fault in cloud.faults.told()] == ["clock_skew"]


def test_a_fault_that_finds_nothing_to_bend_is_not_counted(cloud):
    fault = cloud.faults.switch_on("spike", times=1)

    cloud.plant_page("huawei", 1)

    assert (fault.hits, fault.left) == (0, 1)
