from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sandbox import deye
from sandbox.limits import ANY, Limits, Rule
from sandbox.sunshine import sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 6, 15, 12, 3, tzinfo=UTC)
LOGIN = {"appSecret": "deyesecret", "email": "a@example.org", "password": sha256(b"deyepass").hexdigest()}
COMPANY = {**LOGIN, "companyId": deye.COMPANY_ID}
TOKEN_PATH = "account/token?appId=201911067156002"
SAO_PAULO, BERLIN = sunshine().plants("deye")[:2]
INVERTER = SAO_PAULO.inverters[0].key
RESTLESS = next(inverter for rank, inverter in enumerate(SAO_PAULO.inverters) if rank == 2)
POWER = "TotalActiveACOutputPower"


def cloud(now=NOW, rules=None):
    clock = ShiftedClock(now, runs=False)
    world = World(sunshine=sunshine(), clock=clock)
    if rules:
        world.limits = Limits(clock, rules={"deye": rules})
    app = FastAPI()
    app.include_router(deye.router(world))
    client = TestClient(app)

    def ask(interface, token=None, **body):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = client.post(f"/v1.0/{interface}", json=body, headers=headers)
        assert response.status_code == 200
        return response.json()

    return SimpleNamespace(world=world, ask=ask, client=client)


def logged_in(**given):
    made = cloud(**given)
    token = made.ask(TOKEN_PATH, **COMPANY)["accessToken"]
    return SimpleNamespace(world=made.world, ask=lambda interface, **body: made.ask(interface, token, **body))


def frames(door, day, points, device=INVERTER):
    return door.ask("device/history", deviceSn=device, granularity=1, startAt=day, endAt=None, measurePoints=points)["dataList"]


def values(rows, key):
    return [float(item["value"]) for row in rows for item in row["itemList"] if item["key"] == key]


def test_a_login_gives_a_bearer_token_for_sixty_days():
    made = cloud()

    answer = made.ask(TOKEN_PATH, **LOGIN)

    assert (answer["code"], answer["success"], answer["msg"]) == ("1000000", True, "success")
    assert (answer["tokenType"], answer["expiresIn"], answer["scope"]) == ("bearer", "5183999", "all")


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("account/token", {}, "2101005"),
        ("account/token?appId=1", {}, "2101018"),
        (TOKEN_PATH, {"appSecret": "other"}, "2101021"),
        (TOKEN_PATH, {"appSecret": None}, "2101005"),
        (TOKEN_PATH, {"email": None}, "2101005"),
        (TOKEN_PATH, {"password": "deyepass"}, "2101025"),
        (TOKEN_PATH, {"password": sha256(b"deyepass").hexdigest().upper()}, "2101025"),
        (TOKEN_PATH, {"companyId": 1}, "2101023"),
    ],
)
def test_a_login_is_refused_in_deyes_own_way(path, change, code):
    answer = cloud().ask(path, **{**LOGIN, **change})

    assert (answer["code"], answer["success"]) == (code, False)
    assert "accessToken" not in answer


def test_wrong_passwords_count_down_and_lock_the_account_for_half_an_hour():
    made = cloud()

    messages = [made.ask(TOKEN_PATH, **{**LOGIN, "password": "no"})["msg"] for _ in range(5)]

    assert messages[0] == "password error, 4 attempts left"
    assert messages[4] == "password error, 0 attempts left"
    assert made.ask(TOKEN_PATH, **LOGIN)["code"] == "2101009"
    made.world.clock.advance(30 * 60)
    assert made.ask(TOKEN_PATH, **LOGIN)["code"] == "1000000"


def test_a_personal_token_sees_no_stations_but_names_the_company_that_has_them():
    made = cloud()
    personal = made.ask(TOKEN_PATH, **LOGIN)["accessToken"]

    company = made.ask("account/info", personal)["orgInfoList"][0]["companyId"]
    business = made.ask(TOKEN_PATH, **LOGIN, companyId=company)["accessToken"]

    assert made.ask("station/list", personal, page=1, size=10)["total"] == 0
    assert made.ask("station/latest", personal, stationId=int(SAO_PAULO.key))["code"] == "2101031"
    assert made.ask("station/list", business, page=1, size=10)["total"] == 3


def test_a_token_ends_after_sixty_days_and_bad_ones_are_refused():
    made = cloud()
    token = made.ask(TOKEN_PATH, **COMPANY)["accessToken"]

    made.world.clock.advance(5_183_998)
    before = made.ask("station/list", token)
    made.world.clock.advance(1)
    after = made.ask("station/list", token)

    assert before["code"] == "1000000"
    assert (after["code"], after["msg"], after["success"]) == ("2101019", "auth invalid token", False)
    assert made.ask("station/list", "nonsense")["code"] == "2101019"
    assert made.ask("station/list")["code"] == "2101017"


def test_a_bearer_in_small_letters_works():
    made = cloud()
    token = made.ask(TOKEN_PATH, **COMPANY)["accessToken"]

    response = made.client.post("/v1.0/station/list", headers={"Authorization": f"bearer {token}"})

    assert response.json()["total"] == 3


@pytest.mark.parametrize(("window_s", "code"), [(10, "2101002"), (86_400, "2101010")])
def test_a_call_too_many_is_refused_and_goes_again_later(window_s, code):
    door = logged_in(rules=(Rule(ANY, 3, window_s),))

    codes = [door.ask("station/list")["code"] for _ in range(3)]
    door.world.clock.advance(window_s)

    assert codes == ["1000000", "1000000", code]
    assert door.ask("station/list")["code"] == "1000000"


def test_pages_of_stations_are_whole_and_do_not_overlap():
    door = logged_in()

    pages = [door.ask("station/list", page=page, size=2) for page in (1, 2, 3)]

    assert [page["total"] for page in pages] == [3, 3, 3]
    ids = [[row["id"] for row in page["stationList"]] for page in pages]
    assert ids == [[61123456, 61123457], [61123458], []]
    assert door.ask("station/list", page=1, size=201)["code"] == "2101026"
    assert door.ask("station/list", page=0, size=10)["code"] == "2101006"
    assert door.ask("station/listWithDevice", page=1, size=51)["code"] == "2101026"


def test_a_station_row_carries_its_zone_and_float_times():
    row = logged_in().ask("station/list", page=1, size=1)["stationList"][0]

    assert (row["id"], row["regionTimezone"], row["installedCapacity"]) == (61123456, "America/Sao_Paulo", 270.0)
    assert row["startOperatingTime"] == datetime(2024, 2, 12, 3, tzinfo=UTC).timestamp()
    assert isinstance(row["lastUpdateTime"], float)
    assert row["batterySOC"] is None


def test_devices_of_stations_are_their_inverters_and_a_collector():
    door = logged_in()

    answer = door.ask("station/device", stationIds=[61123456, 61123457], page=1, size=200)

    assert answer["total"] == 7
    assert [row["deviceType"] for row in answer["deviceListItems"]].count("COLLECTOR") == 2
    assert {row["stationId"] for row in answer["deviceListItems"]} == {61123456, 61123457}
    assert door.ask("station/device", stationIds=list(range(11)))["code"] == "2101007"
    assert door.ask("station/device", stationIds=[1])["code"] == "2101031"
    assert door.ask("device/list", page=1, size=200)["total"] == 10
    nested = door.ask("station/listWithDevice", page=1, size=50, deviceType="INVERTER")
    assert [row["deviceTotal"] for row in nested["stationList"]] == [3, 2, 2]


def test_five_minute_power_integrates_to_the_day_counter_and_to_the_day():
    door = logged_in()

    rows = frames(door, "2026-06-14", [POWER, "DailyActiveProduction"])
    day = door.ask("device/history", deviceSn=INVERTER, granularity=2, startAt="2026-06-14", endAt="2026-06-15")["dataList"]

    watts, counter = values(rows, POWER), values(rows, "DailyActiveProduction")
    integral_kwh = sum((a + b) / 2 for a, b in pairwise(watts)) / 12 / 1000
    assert len(rows) == 288
    assert integral_kwh == pytest.approx(counter[-1], rel=1e-3)
    assert [row["time"] for row in day] == ["2026-06-14"]
    assert values(day, "Production") == [pytest.approx(counter[-1], abs=0.006)]


def test_inverters_sum_to_the_station_and_its_energies_balance():
    door = logged_in()

    station = door.ask("station/history", stationId=61123457, granularity=2, startAt="2026-06-13", endAt="2026-06-14")
    produced = [
        values(
            door.ask("device/history", deviceSn=own.key, granularity=2, startAt="2026-06-13", endAt="2026-06-14")["dataList"], k
        )[0]
        for own in BERLIN.inverters
        for k in ["Production"]
    ]

    assert station["total"] == 1
    (row,) = station["stationDataItems"]
    assert (row["year"], row["month"], row["day"]) == (2026, 6, 13)
    assert row["generationValue"] == pytest.approx(sum(produced), rel=1e-3)
    assert row["generationValue"] + row["purchaseValue"] == pytest.approx(row["consumptionValue"] + row["gridValue"], abs=0.03)
    assert row["fullPowerHours"] == pytest.approx(row["generationValue"] / 120.0, abs=0.01)
    assert row["generationPower"] is None


def test_the_end_of_days_is_exclusive_and_days_sum_to_the_month():
    door = logged_in()

    days = door.ask("station/history", stationId=61123456, granularity=2, startAt="2026-05-01", endAt="2026-06-01")
    month = door.ask("station/history", stationId=61123456, granularity=3, startAt="2026-05", endAt="2026-05")
    year = door.ask("station/history", stationId=61123456, granularity=4, startAt="2025", endAt="2025")
    months = door.ask("station/history", stationId=61123456, granularity=3, startAt="2025-01", endAt="2025-12")

    assert days["total"] == 31
    assert [row["day"] for row in days["stationDataItems"]] == list(range(1, 32))
    summed = sum(row["generationValue"] for row in days["stationDataItems"])
    assert month["stationDataItems"][0]["generationValue"] == pytest.approx(summed, rel=1e-3)
    assert (month["stationDataItems"][0]["month"], month["stationDataItems"][0]["day"]) == (5, 0)
    summed = sum(row["generationValue"] for row in months["stationDataItems"])
    assert year["stationDataItems"][0]["generationValue"] == pytest.approx(summed, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"startAt": "2026-05-01", "endAt": "2026-06-02"}, "2101012"),
        ({"startAt": "2026-05-02", "endAt": "2026-05-01"}, "2101014"),
        ({"startAt": "2026-5-1", "endAt": "2026-06-01"}, "2101015"),
        ({"startAt": None, "endAt": "2026-06-01"}, "2101005"),
        ({"granularity": 3, "startAt": "2025-01", "endAt": "2026-01"}, "2101013"),
        ({"granularity": 5}, "2101006"),
        ({"granularity": [1]}, "2101008"),
        ({"stationId": 1}, "2101031"),
        ({"stationId": None}, "2101005"),
    ],
)
def test_a_station_history_that_cannot_be_is_refused_with_its_code(change, code):
    body = {"stationId": 61123456, "granularity": 2, "startAt": "2026-05-01", "endAt": "2026-05-02"}

    answer = logged_in().ask("station/history", **{**body, **change})

    assert (answer["code"], answer["success"]) == (code, False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"measurePoints": [POWER] * 6}, "2101007"),
        ({"measurePoints": None}, "2101005"),
        ({"measurePoints": POWER}, "2101008"),
        ({"measurePoints": ["SOC"]}, "2106001"),
        ({"deviceSn": "1"}, "2101032"),
        ({"granularity": 2, "endAt": "2026-06-14"}, "2101006"),
    ],
)
def test_a_device_history_that_cannot_be_is_refused_with_its_code(change, code):
    body = {"deviceSn": INVERTER, "granularity": 1, "startAt": "2026-06-13", "endAt": None, "measurePoints": [POWER]}

    answer = logged_in().ask("device/history", **{**body, **change})

    assert answer["code"] == code


def test_device_values_are_texts_with_units_and_times_are_texts_of_seconds():
    row = frames(logged_in(), "2026-06-14", [POWER, "AC Temperature"])[150]

    assert row["time"] == str(int(datetime(2026, 6, 14, 15, 30, tzinfo=UTC).timestamp()))
    assert [(item["key"], item["unit"]) for item in row["itemList"]] == [(POWER, "W"), ("AC Temperature", "℃")]
    assert all(isinstance(item["value"], str) for item in row["itemList"])


def test_only_the_points_of_a_model_can_be_asked_for():
    door = logged_in()

    points = door.ask("device/measurePoints", deviceSn=INVERTER)["measurePoints"]
    latest = door.ask("device/latest", deviceList=[INVERTER])["deviceDataList"][0]

    assert [item["key"] for item in latest["dataList"]] == points
    assert latest["collectionTime"] == int(datetime(2026, 6, 15, 12, 0, tzinfo=UTC).timestamp())
    assert door.ask("device/latest", deviceList=[INVERTER] * 11)["code"] == "2101007"
    assert door.ask("device/latest", deviceList=["1"])["code"] == "2101032"


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 276), ("2025-10-26", 300), ("2026-03-30", 288)])
def test_a_day_when_the_clocks_change_has_its_own_number_of_frames(day, count):
    door = logged_in()

    station = door.ask("station/history", stationId=61123457, granularity=1, startAt=day, endAt=None)["stationDataItems"]
    device = frames(door, day, [POWER], device=BERLIN.inverters[1].key)

    stamps = [row["timeStamp"] for row in station]
    assert len(station) == count
    assert {after - before for before, after in pairwise(stamps)} == {300.0}
    assert [float(row["time"]) for row in device] == stamps


def test_today_is_there_as_far_as_it_has_come():
    door = logged_in()

    rows = frames(door, "2026-06-15", [POWER, "DailyActiveProduction"])
    day = door.ask("device/history", deviceSn=INVERTER, granularity=2, startAt="2026-06-15", endAt="2026-06-16")["dataList"]
    tomorrow = frames(door, "2026-06-16", [POWER])

    assert int(rows[-1]["time"]) == int(datetime(2026, 6, 15, 12, 0, tzinfo=UTC).timestamp())
    assert values(day, "Production")[0] == pytest.approx(values(rows, "DailyActiveProduction")[-1], abs=0.006)
    assert tomorrow == []


def test_days_before_the_installation_are_empty_without_an_error():
    door = logged_in()

    answer = door.ask("station/history", stationId=61123456, granularity=2, startAt="2024-02-10", endAt="2024-02-14")

    assert [row["day"] for row in answer["stationDataItems"]] == [12, 13]


def test_raw_history_has_the_frames_of_days_and_five_days_at_most():
    door = logged_in()
    start = int(datetime(2026, 6, 13, 3, tzinfo=UTC).timestamp())

    raw = door.ask(
        "device/historyRaw", deviceSn=INVERTER, startTimestamp=start, endTimestamp=start + 86_399, measurePoints=[POWER]
    )
    too_long = door.ask(
        "device/historyRaw", deviceSn=INVERTER, startTimestamp=start, endTimestamp=start + 5 * 86_400 + 1, measurePoints=[POWER]
    )

    assert raw["dataList"] == frames(door, "2026-06-13", [POWER])
    assert too_long["code"] == "2101012"


def test_raw_history_without_points_has_all_of_them():
    start = int(datetime(2026, 6, 13, 15, tzinfo=UTC).timestamp())

    (row,) = logged_in().ask("device/historyRaw", deviceSn=INVERTER, startTimestamp=start, endTimestamp=start)["dataList"]

    assert len(row["itemList"]) == 20


def test_frames_of_a_silent_inverter_are_missing():
    first = date(2026, 5, 1)
    days = [first + timedelta(days=number) for number in range(40)]
    silent = next(day for day in days if None in sunshine().day(RESTLESS, day).power_kw)

    rows = frames(logged_in(), silent.isoformat(), [POWER], device=RESTLESS.key)

    heard = [value for value in sunshine().day(RESTLESS, silent).power_kw if value is not None]
    assert len(rows) == len(heard) < 288
    assert values(rows, POWER) == [pytest.approx(value * 1000, abs=0.01) for value in heard]


def test_station_power_lies_within_the_asked_seconds_and_balances():
    start = int(datetime(2026, 6, 13, 12, tzinfo=UTC).timestamp())

    rows = logged_in().ask("station/history/power", stationId=61123457, startTimestamp=start, endTimestamp=start + 3600)[
        "stationDataItems"
    ]

    assert [row["timeStamp"] for row in rows] == [float(start + 300 * step) for step in range(13)]
    for row in rows:
        assert row["generationPower"] + row["purchasePower"] == pytest.approx(row["consumptionPower"] + row["gridPower"])


def test_alerts_of_a_station_are_those_of_its_devices_page_by_page():
    door = logged_in()
    end = int(NOW.timestamp())
    span = {"startTimestamp": end - 30 * 86_400, "endTimestamp": end}

    own = door.ask("device/alertList", deviceSn=RESTLESS.key, **span, page=1, size=100)
    station = door.ask("station/alertList", stationId=61123456, **span, page=1, size=2)
    rest = door.ask("station/alertList", stationId=61123456, **span, page=2, size=2)

    days = [NOW.date() - timedelta(days=number) for number in range(31)]
    expected = sum(alarm.raised_at <= NOW for day in days for alarm in sunshine().alarms(RESTLESS, day))
    assert own["total"] == station["total"] == expected > 0
    assert own["alertList"][0]["solution"]
    assert {row["alertId"] for row in own["alertList"]} >= {row["alertId"] for row in station["stationAlertItems"]}
    assert len(station["stationAlertItems"]) + len(rest["stationAlertItems"]) == min(expected, 4)
    assert {row["status"] for row in own["alertList"]} == {0}
    assert (
        door.ask("device/alertList", deviceSn=RESTLESS.key, startTimestamp=end - 31 * 86_400, endTimestamp=end)["code"]
        == "2101012"
    )
    assert door.ask("device/alertList", deviceSn=RESTLESS.key, **span, page=1, size=101)["code"] == "2101026"


def test_an_alert_is_open_until_the_inverter_works_again():
    days = [NOW.date() - timedelta(days=number) for number in range(2, 60)]
    alarm = next(alarm for day in days for alarm in sunshine().alarms(RESTLESS, day))
    door = logged_in(now=alarm.raised_at + timedelta(minutes=10))
    span = {"startTimestamp": int(alarm.raised_at.timestamp()), "endTimestamp": int(alarm.cleared_at.timestamp())}

    (row,) = door.ask("station/alertList", stationId=61123456, **span)["stationAlertItems"]

    assert (row["status"], row["alertEndTime"]) == (1, 0)
    assert row["alertStartTime"] == int(alarm.raised_at.timestamp())
    assert [device["connectStatus"] for device in door.ask("station/device", stationIds=[61123456])["deviceListItems"]][2] == 2


def test_an_alert_is_not_told_before_it_happens():
    days = [NOW.date() - timedelta(days=number) for number in range(2, 60)]
    alarm = next(alarm for day in days for alarm in sunshine().alarms(RESTLESS, day))
    span = {"startTimestamp": int(alarm.raised_at.timestamp()), "endTimestamp": int(alarm.cleared_at.timestamp())}

    door = logged_in(now=alarm.raised_at - timedelta(minutes=10))

    assert door.ask("station/alertList", stationId=61123456, **span)["total"] == 0


def test_two_sandboxes_of_one_seed_tell_the_same():
    asked = {"stationId": 61123458, "granularity": 1, "startAt": "2026-02-03", "endAt": None}

    first, second = (logged_in().ask("station/history", **asked)["stationDataItems"] for _ in range(2))

    assert first == second


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(content):
    response = cloud().client.post(f"/v1.0/{TOKEN_PATH}", content=content)

    assert (response.status_code, response.json()["code"]) == (200, "2101008")
