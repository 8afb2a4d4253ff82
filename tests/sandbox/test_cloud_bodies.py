"""Whatever a field of a call holds, the clouds answer at once, in the vendor's own form, and never with a fault of ours."""

import hashlib
import time
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from sandbox.clouds import app
from sandbox.sunshine import sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
MS, S = 1_774_738_800_000, 1_774_738_800
FAR_MS, FAR_S = 4_102_444_800_000, 4_102_444_800  # 2100-01-01
LONGEST_S = 2.0
"""Days that lie ahead took minutes; a loaded machine answers the rest in well below this."""

ODD = (True, -1, 10**30, "x", "9" * 5000, "9999-12-31", [], [{}], {})

HUAWEI = {
    "stations": {"pageNo": 1, "pageSize": 10, "gridConnectedStartTime": 0, "gridConnectedEndTime": MS},
    "getDevList": {"stationCodes": "NE=50331701"},
    "getStationRealKpi": {"stationCodes": "NE=50331701"},
    "getKpiStationHour": {"stationCodes": "NE=50331701", "collectTime": MS},
    "getKpiStationDay": {"stationCodes": "NE=50331701", "collectTime": MS},
    "getKpiStationMonth": {"stationCodes": "NE=50331701", "collectTime": MS},
    "getKpiStationYear": {"stationCodes": "NE=50331701", "collectTime": MS},
    "getDevRealKpi": {"devIds": "1000000035350464", "devTypeId": 1},
    "getDevHistoryKpi": {"devIds": "1000000035350464", "devTypeId": 1, "startTime": MS, "endTime": MS + 3_600_000},
    "getDevFiveMinutes": {"devIds": "1000000035350464", "devTypeId": 1, "collectTime": MS},
    "getDevKpiDay": {"devIds": "1000000035350464", "devTypeId": 1, "collectTime": MS},
    "getAlarmList": {"stationCodes": "NE=50331701", "beginTime": MS, "endTime": MS + 1, "language": "en_US", "levels": "1"},
}
PAGE = {"curPage": 1, "size": 10}
MINUTES = {"points": "p1,p24", "minute_interval": 5, "is_get_point_dict": "1",
           "start_time_stamp": "20260329100000", "end_time_stamp": "20260329110000"}  # fmt: skip
SUNGROW = {
    "getPowerStationList": {**PAGE, "valid_flag": "1", "ps_type": "3", "ps_name": ""},
    "getDeviceList": {**PAGE, "ps_id": "1598299"},
    "getDeviceRealTimeData": {"ps_key_list": ["1598299_1_1_1"], "device_type": 1, "point_id_list": ["1", "24"]},
    "getDevicePointMinuteDataList": {"ps_key_list": ["1598299_1_1_1"], **MINUTES},
    "getDevicePointsDayMonthYearDataList": {
        "ps_key_list": ["1598299_1_1_1"], "data_point": "p1", "query_type": "1", "data_type": "2", "order": "0",
        "start_time": "20260301", "end_time": "20260329",
    },
    "getFaultAlarmInfo": {
        **PAGE, "process_status": "9", "startTime": "202603290000", "endTime": "202603300000", "ps_id": "1598299",
        "fault_type": "1", "fault_level": "1",
    },
    "getBatchPsDetail": {"ps_ids": "1598299"},
}  # fmt: skip
SPAN = {"startTimestamp": S, "endTimestamp": S + 3600}
DEYE = {
    "station/list": {"page": 1, "size": 10},
    "station/listWithDevice": {"page": 1, "size": 10, "deviceType": "INVERTER"},
    "station/device": {"stationIds": [61123456], "page": 1, "size": 10},
    "station/latest": {"stationId": 61123456},
    "station/history": {"stationId": 61123456, "granularity": 2, "startAt": "2026-03-01", "endAt": "2026-03-29"},
    "station/history/power": {"stationId": 61123456, **SPAN},
    "device/list": {"page": 1, "size": 10},
    "device/latest": {"deviceList": ["2406123456"]},
    "device/measurePoints": {"deviceSn": "2406123456", "deviceType": "INVERTER"},
    "device/history": {"deviceSn": "2406123456", "granularity": 1, "startAt": "2026-03-29", "measurePoints": ["RatedPower"]},
    "device/historyRaw": {"deviceSn": "2406123456", **SPAN, "measurePoints": ["RatedPower"]},
    "station/alertList": {"stationId": 61123456, **SPAN, "page": 1, "size": 10},
    "device/alertList": {"deviceSn": "2406123456", **SPAN, "page": 1, "size": 10},
}
BODIES = {"huawei": HUAWEI, "sungrow": SUNGROW, "deye": DEYE}
PREFIXES = {"huawei": "/thirdData/", "sungrow": "/openapi/", "deye": "/v1.0/"}
CODES = {"huawei": "failCode", "sungrow": "result_code", "deye": "code"}
GOOD = {"huawei": 0, "sungrow": "1", "deye": "1000000"}
CASES = [(vendor, interface) for vendor, bodies in BODIES.items() for interface in bodies]

AHEAD = [
    ("huawei", "getKpiStationHour", {"collectTime": FAR_MS}),
    ("huawei", "getKpiStationDay", {"collectTime": FAR_MS}),
    ("huawei", "getDevHistoryKpi", {"startTime": FAR_MS, "endTime": FAR_MS + 1}),
    ("huawei", "getDevFiveMinutes", {"collectTime": FAR_MS}),
    ("sungrow", "getDevicePointMinuteDataList", {"start_time_stamp": "21000101000000", "end_time_stamp": "21000101010000"}),
    ("sungrow", "getDevicePointsDayMonthYearDataList", {"start_time": "21000101", "end_time": "21000102"}),
    ("sungrow", "getFaultAlarmInfo", {"startTime": "210001010000", "endTime": "210001020000"}),
    ("deye", "station/history", {"granularity": 1, "startAt": "2100-01-01"}),
    ("deye", "station/history", {"startAt": "2100-01-01", "endAt": "2100-01-02"}),
    ("deye", "station/history/power", {"startTimestamp": FAR_S, "endTimestamp": FAR_S + 9}),
    ("deye", "device/history", {"startAt": "2100-01-01"}),
    ("deye", "device/historyRaw", {"startTimestamp": FAR_S, "endTimestamp": FAR_S + 9}),
    ("deye", "station/alertList", {"startTimestamp": FAR_S, "endTimestamp": FAR_S + 9}),
    ("deye", "device/alertList", {"startTimestamp": FAR_S, "endTimestamp": FAR_S + 9}),
]


class Client:
    """A client that is logged in at all three clouds."""

    def __init__(self) -> None:
        world = World(sunshine=sunshine(1, 1), clock=ShiftedClock(NOW, runs=False), limits_on=False)
        self.http = TestClient(app(world), raise_server_exceptions=False)
        keys = {"x-access-key": "s" * 32, "sys_code": "901"}
        login = {"appkey": "A" * 32, "user_account": "sg@example.org", "user_password": "sgpass"}
        token = self.http.post("/openapi/login", json=login, headers=keys).json()["result_data"]["token"]
        self.base = {"huawei": {}, "deye": {}, "sungrow": {"appkey": "A" * 32, "lang": "_en_US", "token": token}}
        login = {"userName": "nbi-user", "systemCode": "Nbi@12345"}
        xsrf = self.http.post("/thirdData/login", json=login).headers["xsrf-token"]
        password = hashlib.sha256(b"deyepass").hexdigest()
        login = {"appSecret": "deyesecret", "email": "a@example.org", "password": password, "companyId": 10016}
        bearer = self.http.post("/v1.0/account/token?appId=201911067156002", json=login).json()["accessToken"]
        self.headers = {"huawei": {"XSRF-TOKEN": xsrf}, "sungrow": keys, "deye": {"Authorization": f"Bearer {bearer}"}}

    def ask(self, vendor, interface, **fields):
        body = {**self.base[vendor], **BODIES[vendor][interface], **fields}
        return self.http.post(PREFIXES[vendor] + interface, json=body, headers=self.headers[vendor])


@pytest.fixture(scope="module")
def client():
    client = Client()
    with client.http:  # one event loop for all calls, not one each
        yield client


@pytest.mark.parametrize(("vendor", "interface"), CASES)
def test_a_badly_typed_field_is_answered_with_a_code_of_the_vendor(client, vendor, interface):
    assert client.ask(vendor, interface).json()[CODES[vendor]] == GOOD[vendor]
    named = {*BODIES[vendor][interface], "lang"} if vendor == "sungrow" else BODIES[vendor][interface]
    unlike = []

    for name in named:
        for value in ODD:
            answer = client.ask(vendor, interface, **{name: value})
            if answer.status_code != 200 or CODES[vendor] not in answer.json():
                unlike.append((name, value, answer.text))

    assert unlike == []


@pytest.mark.parametrize(("vendor", "interface", "ahead"), AHEAD)
def test_a_span_in_the_year_2100_is_answered_at_once_and_empty(client, vendor, interface, ahead):
    client.ask(vendor, interface)  # what is computed once for all answers
    began_s = time.process_time()

    answer = client.ask(vendor, interface, **ahead).json()

    assert time.process_time() - began_s < LONGEST_S
    assert answer[CODES[vendor]] == GOOD[vendor]
    rows = answer.get("data") if vendor == "huawei" else answer.get("result_data") or [answer.get(name) for name in answer]
    assert not [row for row in rows if isinstance(row, list) and row]


@pytest.mark.parametrize("codes", ["NE=1", "NE=1,NE=2"])
def test_huawei_leaves_unknown_plants_out_though_nothing_be_left(client, codes):
    answers = [client.ask("huawei", name, stationCodes=codes).json() for name in ("getDevList", "getStationRealKpi")]

    assert [(answer["success"], answer["data"]) for answer in answers] == [(True, []), (True, [])]


def test_the_truth_of_days_that_are_far_ahead_is_not_computed(client):
    assert client.http.get("/control/truth/deye/2100-01-01").status_code == 422
    assert client.http.get("/control/truth/deye/2026-05-01").status_code == 200
