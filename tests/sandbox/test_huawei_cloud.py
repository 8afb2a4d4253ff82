"""The imitated FusionSolar answers as the vendor's documents say."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sandbox import huawei
from sandbox.sunshine import OUTAGES, sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 6, 15, 20, 0, tzinfo=UTC)
DAY = date(2026, 6, 14)
INVERTERS = "1000000035350464,-214060404588863"


@pytest.fixture
def cloud():
    return open_cloud()


def open_cloud(*, now=NOW, limits_on=False, plants=3):
    world = World(sunshine=sunshine(1, plants), clock=ShiftedClock(now, runs=False), limits_on=limits_on)
    app = FastAPI()
    app.include_router(huawei.router(world))
    client = TestClient(app)
    cloud = SimpleNamespace(world=world, client=client, plants=world.sunshine.plants("huawei"))

    def log_in(user=huawei.USER, password=huawei.PASSWORD):
        return client.post("/thirdData/login", json={"userName": user, "systemCode": password})

    def ask(interface, **body):
        answer = client.post(f"/thirdData/{interface}", json=body)
        assert answer.status_code == 200
        return answer.json()

    cloud.log_in, cloud.ask = log_in, ask
    client.headers["XSRF-TOKEN"] = log_in().headers["xsrf-token"]
    return cloud


def local_noon(plant, day=DAY):
    return ms(datetime.combine(day, datetime.min.time(), plant.zone()) + timedelta(hours=12))


def ms(instant):
    return round(instant.timestamp() * 1000)


def span_of(plant, day=DAY, days=1):
    start = datetime.combine(day, datetime.min.time(), plant.zone())
    return {"startTime": ms(start), "endTime": ms(start + timedelta(days=days)) - 1000}


def history(cloud, plant, day=DAY, **changes):
    ids = ",".join(inverter.key for inverter in plant.inverters)
    return cloud.ask("getDevHistoryKpi", **{"devIds": ids, "devTypeId": 1, **span_of(plant, day), **changes})


# ---- logins and tokens


def test_a_login_gives_its_token_in_a_header_and_in_a_cookie(cloud):
    answer = cloud.log_in()

    assert answer.json() == {"success": True, "data": None, "failCode": 0, "params": None, "message": None}
    assert answer.headers["set-cookie"].startswith(f"XSRF-TOKEN={answer.headers['xsrf-token']};")


def test_a_call_without_a_token_is_told_to_log_in(cloud):
    del cloud.client.headers["XSRF-TOKEN"]

    answer = cloud.ask("stations", pageNo=1)

    assert (answer["success"], answer["failCode"], answer["message"]) == (False, 305, "USER_MUST_RELOGIN")


def test_a_token_lives_thirty_minutes_whether_used_or_not(cloud):
    cloud.world.clock.advance(29 * 60)
    assert cloud.ask("stations", pageNo=1)["success"]

    cloud.world.clock.advance(60)

    assert cloud.ask("stations", pageNo=1)["failCode"] == 305


def test_a_new_login_ends_the_old_session(cloud):
    cloud.log_in()

    assert cloud.ask("stations", pageNo=1)["failCode"] == 305


def test_a_logout_ends_the_session(cloud):
    assert cloud.ask("logout", xsrfToken=cloud.client.headers["XSRF-TOKEN"])["success"]

    assert cloud.ask("stations", pageNo=1)["failCode"] == 305


def test_an_unknown_user_gets_an_empty_body(cloud):
    answer = cloud.log_in(user="nobody")

    assert (answer.status_code, answer.content) == (200, b"")


def test_five_wrong_passwords_lock_the_account_for_thirty_minutes(cloud):
    codes = [cloud.log_in(password="wrong").json()["failCode"] for _ in range(5)]

    assert codes == [20400] * 5
    assert cloud.log_in().json()["failCode"] == 20403
    cloud.world.clock.advance(30 * 60)
    assert cloud.log_in().json()["success"]


def test_the_sixth_login_within_ten_minutes_is_too_frequent():
    cloud = open_cloud(limits_on=True)
    answers = [cloud.log_in().json() for _ in range(5)]

    assert [answer["success"] for answer in answers] == [True] * 4 + [False]
    assert (answers[-1]["failCode"], answers[-1]["data"]) == (407, "ACCESS_FREQUENCY_IS_TOO_HIGH")


# ---- budgets


@pytest.mark.parametrize("interface", ["getKpiStationHour", "getKpiStationDay", "getKpiStationMonth", "getKpiStationYear"])
def test_a_kpi_interface_answers_once_a_minute_and_25_times_a_day(interface):
    cloud = open_cloud(limits_on=True, now=datetime(2026, 6, 15, 10, tzinfo=UTC))
    plant = cloud.plants[1]

    def call():
        return cloud.ask(interface, stationCodes=plant.key, collectTime=local_noon(plant))["failCode"]

    assert [call(), call()] == [0, 407]
    for _ in range(24):
        cloud.world.clock.advance(65)
        cloud.client.headers["XSRF-TOKEN"] = f"x-{cloud.world.tokens.issue('huawei', huawei.USER, timedelta(minutes=30))}"
        assert call() == 0
    cloud.world.clock.advance(65)
    assert call() == 407


# ---- plants and devices


def test_stations_come_in_pages():
    cloud = open_cloud(plants=23)

    pages = [cloud.ask("stations", pageNo=number, pageSize=10)["data"] for number in (1, 2, 3, 4)]

    assert [len(page["list"]) for page in pages] == [10, 10, 3, 0]
    assert {(page["pageCount"], page["total"]) for page in pages} == {(3, 23)}
    assert len({row["plantCode"] for page in pages for row in page["list"]}) == 23


def test_a_station_row_has_kwp_and_an_iso_date(cloud):
    row = cloud.ask("stations", pageNo=1, pageSize=100)["data"]["list"][1]

    assert (row["plantCode"], row["plantName"], row["capacity"]) == ("NE=50331702", "Halle Nord", 120.0)
    assert row["gridConnectionDate"] == "2024-03-18T10:00:00+01:00"


def test_stations_can_be_chosen_by_their_first_day(cloud):
    since = ms(datetime(2024, 3, 1, tzinfo=UTC))

    rows = cloud.ask("stations", pageNo=1, gridConnectedStartTime=since)["data"]["list"]

    assert [row["plantCode"] for row in rows] == ["NE=50331702", "NE=50331703"]


def test_devices_are_inverters_loggers_and_weather_stations(cloud):
    rows = cloud.ask("getDevList", stationCodes="NE=50331701,NE=50331702,NE=1")["data"]

    assert [row["devTypeId"] for row in rows] == [1, 1, 1, 2, 10, 1, 1, 2]
    assert rows[1]["id"] == -214060404588863
    assert len({row["esnCode"] for row in rows}) == 8


REFUSALS = [
    ("stations", {}, 30004),
    ("stations", {"pageNo": 0}, 30005),
    ("stations", {"pageNo": 1, "pageSize": 25}, 30006),
    ("getStationList", {}, 401),
    ("getDevList", {"stationCodes": ""}, 20010),
    ("getDevList", {"stationCodes": ["NE=50331701"]}, 20010),
    ("getStationRealKpi", {"stationCodes": ",".join(["NE=50331701"] * 101)}, 20014),
    ("getKpiStationDay", {"stationCodes": "NE=50331701"}, 20012),
    ("getKpiStationDay", {"stationCodes": "NE=50331701", "collectTime": "soon"}, 30030),
    ("getDevRealKpi", {"devIds": "", "devTypeId": 1}, 20011),
    ("getDevRealKpi", {"devIds": INVERTERS, "devTypeId": 10}, 20006),
    ("getDevRealKpi", {"devIds": INVERTERS, "devTypeId": 2}, 20013),
    ("getDevRealKpi", {"devIds": ",".join(["1"] * 101), "devTypeId": 1}, 20016),
    ("getDevHistoryKpi", {"devIds": ",".join(["1"] * 11), "devTypeId": 1, "startTime": 0, "endTime": 1}, 30031),
    ("getDevHistoryKpi", {"devIds": INVERTERS, "devTypeId": 1, "startTime": 1}, 20012),
    ("getDevHistoryKpi", {"devIds": INVERTERS, "devTypeId": 1, "startTime": 2, "endTime": 1}, 20023),
    ("getDevHistoryKpi", {"devIds": INVERTERS, "devTypeId": 1, "startTime": 0, "endTime": 259_201_000}, 30032),
    ("getAlarmList", {"stationCodes": "NE=50331701", "beginTime": 0, "endTime": 1}, 20024),
    ("getAlarmList", {"stationCodes": "NE=50331701", "beginTime": 0, "endTime": 1, "language": "xx"}, 20025),
    ("getAlarmList", {"stationCodes": "NE=50331701", "beginTime": 2, "endTime": 1, "language": "en_US"}, 20023),
    ("getAlarmList", {"stationCodes": "NE=50331701", "beginTime": 0, "endTime": 32 * 86_400_000, "language": "en_US"}, 20027),
]


@pytest.mark.parametrize(("interface", "body", "code"), REFUSALS)
def test_a_wrong_call_is_refused_with_its_code_and_http_200(cloud, interface, body, code):
    answer = cloud.ask(interface, **body)

    assert (answer["success"], answer["failCode"], answer["data"]) == (False, code, None)


def test_a_body_that_is_no_json_object_is_bad_input(cloud):
    for body in (b"{", b"[]"):
        assert cloud.client.post("/thirdData/stations", content=body).json()["failCode"] == 30030


# ---- figures


def test_the_days_of_a_month_start_at_local_midnights_and_equal_the_truth(cloud):
    plant = cloud.plants[1]

    answer = cloud.ask("getKpiStationDay", stationCodes=plant.key, collectTime=local_noon(plant))

    rows = answer["data"]
    assert answer["params"] == {"stationCodes": plant.key, "collectTime": local_noon(plant), "currentTime": ms(NOW)}
    assert [row["collectTime"] for row in rows][:2] == [1780264800000, 1780351200000]  # 2026-06-01 and 02, 00:00 in Berlin
    assert len(rows) == 15
    truth = sum(cloud.world.sunshine.day(inverter, DAY).energy_kwh for inverter in plant.inverters)
    assert rows[13]["dataItemMap"]["PVYield"] == rows[13]["dataItemMap"]["inverter_power"] == pytest.approx(truth, abs=0.001)
    assert rows[13]["dataItemMap"]["radiation_intensity"] is None  # no weather station at this plant


def test_hours_sum_to_the_day_and_inverters_to_the_plant(cloud):
    for plant in cloud.plants:
        asked = {"stationCodes": plant.key, "collectTime": local_noon(plant)}
        hours = cloud.ask("getKpiStationHour", **asked)["data"]
        days = cloud.ask("getKpiStationDay", **asked)["data"]
        ids = ",".join(inverter.key for inverter in plant.inverters)
        devices = cloud.ask("getDevKpiDay", devIds=ids, devTypeId=1, collectTime=local_noon(plant))["data"]

        day = next(row for row in days if row["collectTime"] == hours[0]["collectTime"])["dataItemMap"]["PVYield"]
        of_inverters = [row for row in devices if row["collectTime"] == hours[0]["collectTime"]]

        assert len(hours) == 24
        assert sum(row["dataItemMap"]["inverter_power"] for row in hours) == pytest.approx(day, rel=0.001)
        assert sum(row["dataItemMap"]["product_power"] for row in of_inverters) == pytest.approx(day, rel=0.001)
        assert len(of_inverters) == len(plant.inverters)


def test_days_sum_to_the_month_and_months_to_the_year(cloud):
    plant = cloud.plants[0]
    asked = {"stationCodes": plant.key, "collectTime": local_noon(plant)}

    days, months, years = (cloud.ask(f"getKpiStation{name}", **asked)["data"] for name in ("Day", "Month", "Year"))

    def energy(rows):
        return sum(row["dataItemMap"]["PVYield"] for row in rows)

    assert energy(days) == pytest.approx(months[5]["dataItemMap"]["PVYield"], rel=0.001)
    assert energy(months) == pytest.approx(years[2]["dataItemMap"]["PVYield"], rel=0.001)
    assert (len(days), len(months), len(years)) == (15, 6, 3)
    assert 60 < days[5]["dataItemMap"]["performance_ratio"] < 100


def test_a_period_is_that_of_the_plants_own_zone(cloud):
    shanghai = cloud.plants[2]
    midnight_utc = ms(datetime(2026, 5, 31, 20, tzinfo=UTC))  # 04:00 on 1 June in Shanghai

    rows = cloud.ask("getKpiStationDay", stationCodes=shanghai.key, collectTime=midnight_utc)["data"]

    assert rows[0]["collectTime"] == ms(datetime(2026, 5, 31, 16, tzinfo=UTC))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2025, 10, 26), 25)])
def test_days_when_the_clocks_change_have_their_own_number_of_hours_and_frames(cloud, day, hours):
    plant = cloud.plants[1]

    rows = cloud.ask("getKpiStationHour", stationCodes=plant.key, collectTime=local_noon(plant, day))["data"]
    frames = history(cloud, plant, day, devIds=plant.inverters[0].key)["data"]

    assert len(rows) == hours
    assert len(frames) == hours * 12


def test_today_is_told_as_far_as_it_has_been():
    cloud = open_cloud(now=datetime(2026, 6, 15, 10, 2, tzinfo=UTC))
    plant = cloud.plants[1]
    today = date(2026, 6, 15)

    hours = cloud.ask("getKpiStationHour", stationCodes=plant.key, collectTime=local_noon(plant, today))["data"]
    frames = history(cloud, plant, today, devIds=plant.inverters[0].key)["data"]

    assert len(hours) == 13  # 00:00 to 12:00 local
    assert frames[-1]["collectTime"] == ms(datetime(2026, 6, 15, 10, 0, tzinfo=UTC))


def test_frames_have_both_ends_kw_and_rising_counters(cloud):
    plant = cloud.plants[1]
    span = span_of(plant)

    frames = history(cloud, plant, devIds=plant.inverters[1].key, endTime=span["startTime"] + 86_400_000)["data"]

    values = [row["dataItemMap"] for row in frames]
    assert len(frames) == 289  # both midnights
    assert values[-1]["day_cap"] == 0.0
    assert [row["day_cap"] for row in values[:-1]] == sorted(row["day_cap"] for row in values[:-1])
    assert sum(row["active_power"] for row in values) / 12 == pytest.approx(values[-2]["day_cap"], rel=0.001)
    noon = values[144]
    assert noon["active_power"] * 1000 == pytest.approx(sum(noon[f"{p}_u"] * noon[f"{p}_i"] for p in "abc"), rel=0.01)
    assert noon["pv5_u"] is None
    assert "run_state" not in noon


def test_unknown_devices_are_left_out(cloud):
    assert history(cloud, cloud.plants[0], devIds="1,nonsense")["data"] == []


def test_of_a_silence_the_first_frame_comes_with_nulls_and_the_others_do_not_come(cloud):
    plant = cloud.plants[0]
    inverter = plant.inverters[OUTAGES]
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(60)]
    day = next(day for day in days if "offline" in cloud.world.sunshine.day(inverter, day).state)
    silent = cloud.world.sunshine.day(inverter, day).state.count("offline")

    frames = history(cloud, plant, day, devIds=inverter.key)["data"]

    assert len(frames) == 288 - silent + 1
    empty = [row["dataItemMap"] for row in frames if row["dataItemMap"]["active_power"] is None]
    assert len(empty) == 1
    assert set(empty[0].values()) == {None}


def test_what_is_now_comes_as_text_for_plants_and_as_numbers_for_inverters():
    cloud = open_cloud(now=datetime(2026, 6, 15, 14, 2, tzinfo=UTC))
    plant = cloud.plants[0]

    of_plant = cloud.ask("getStationRealKpi", stationCodes=plant.key)["data"][0]["dataItemMap"]
    of_inverters = cloud.ask("getDevRealKpi", devIds=INVERTERS, devTypeId=1)["data"]

    assert all(isinstance(value, str) for value in of_plant.values())
    assert float(of_plant["day_power"]) < float(of_plant["month_power"]) < float(of_plant["total_power"])
    assert of_plant["real_health_state"] in {"1", "2", "3"}
    assert [row["dataItemMap"]["run_state"] for row in of_inverters] == [1, 1]
    assert of_inverters[0]["dataItemMap"]["active_power"] > 0


def test_the_weather_station_tells_irradiance_and_megajoules(cloud):
    plant = cloud.plants[0]
    frames = history(cloud, plant, devIds="1000000080000000", devTypeId=10)["data"]

    truth = cloud.world.sunshine.weather(plant, DAY)

    assert len(frames) == 288
    assert frames[-1]["dataItemMap"]["radiant_total"] / 3.6 == pytest.approx(truth.irradiation_kwh_m2, rel=0.001)


def test_frames_of_a_day_come_from_the_old_interface_too(cloud):
    plant = cloud.plants[1]

    frames = cloud.ask("getDevFiveMinutes", devIds=plant.inverters[0].key, devTypeId=1, collectTime=local_noon(plant))["data"]

    assert frames == history(cloud, plant, devIds=plant.inverters[0].key)["data"]


def test_only_alarms_that_are_active_now_are_told():
    inverter = sunshine(1).plants("huawei")[0].inverters[OUTAGES]
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(60)]
    alarm = next(found[0] for found in (sunshine(1).alarms(inverter, day) for day in days) if found)
    span = {"beginTime": ms(alarm.raised_at) - 1000, "endTime": ms(alarm.cleared_at), "language": "en_US"}
    during, after = (open_cloud(now=now) for now in (alarm.raised_at + timedelta(minutes=5), alarm.cleared_at))

    row = during.ask("getAlarmList", stationCodes="NE=50331701", **span)["data"][0]

    assert (row["raiseTime"], row["status"], row["lev"]) == (ms(alarm.raised_at), 1, 2)
    assert during.ask("getAlarmList", stationCodes="NE=50331701", levels="1,3", **span)["data"] == []
    assert after.ask("getAlarmList", stationCodes="NE=50331701", **span)["data"] == []
