from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sandbox import sungrow
from sandbox.limits import ANY, Limits, Rule
from sandbox.sunshine import sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 6, 15, 12, 3, tzinfo=UTC)
LOGIN = {"user_account": "sg@example.org", "user_password": "sgpass"}
CODE = {"grant_type": "authorization_code", "code": "code01", "redirect_uri": "https://example.org/back"}
HEADERS = {"sys_code": "901", "x-access-key": "s" * 32}
COMMON = {"appkey": "A" * 32, "lang": "_en_US"}
SAO_PAULO, BERLIN = sunshine().plants("sungrow")[:2]
INVERTER, PLANT = "1598299_1_1_1", "1598299_11_0_0"
RESTLESS = SAO_PAULO.inverters[2]
MINUTES, PERIODS = "getDevicePointMinuteDataList", "getDevicePointsDayMonthYearDataList"
NOON = {"points": "p1,p24", "start_time_stamp": "20260614120000", "end_time_stamp": "20260614125500", "minute_interval": 5}
DAY = {"data_point": "p1", "query_type": "1", "data_type": "2", "start_time": "20260613", "end_time": "20260614", "order": "0"}


def cloud(now=NOW, rules=None):
    clock = ShiftedClock(now, runs=False)
    world = World(sunshine=sunshine(), clock=clock)
    if rules:
        world.limits = Limits(clock, rules={"sungrow": rules})
    app = FastAPI()
    app.include_router(sungrow.router(world))
    client = TestClient(app)

    def ask(interface, headers=None, **body):
        response = client.post(f"/openapi/{interface}", json={**COMMON, **body}, headers={**HEADERS, **(headers or {})})
        assert response.status_code == 200
        return response.json()

    return SimpleNamespace(world=world, ask=ask, client=client)


def logged_in(**given):
    made = cloud(**given)
    made.token = made.ask("login", **LOGIN)["result_data"]["token"]
    return SimpleNamespace(
        world=made.world, token=made.token, ask=lambda interface, **body: made.ask(interface, token=made.token, **body)
    )


def authorised(**given):
    made = cloud(**given)
    made.bearer = {"Authorization": f"Bearer {made.ask('apiManage/token', **CODE)['access_token']}"}
    return SimpleNamespace(
        world=made.world, ask=lambda interface, **body: made.ask(f"platform/{interface}", headers=made.bearer, **body)
    )


def day_of_minutes(door, key, points, day):
    rows = []
    for hour in range(0, 24, 3):
        window = {"start_time_stamp": f"{day}{hour:02d}0000", "end_time_stamp": f"{day}{hour + 2:02d}5500"}
        answer = door.ask(MINUTES, ps_key_list=[key], points=points, **window)
        rows += answer["result_data"].get(key, [])
    return rows


# ---- logging in ------------------------------------------------------------------------------------------------------------


def test_a_login_gives_a_token_that_goes_into_the_body():
    made = cloud()

    answer = made.ask("login", **LOGIN)

    assert (answer["result_code"], answer["result_msg"], answer["result_data"]["login_state"]) == ("1", "success", "1")
    assert answer["result_data"]["token"].startswith("481516_")
    assert made.ask("getDeviceListByUser", token=answer["result_data"]["token"], curPage=1, size=10)["result_code"] == "1"


@pytest.mark.parametrize(("change", "state"), [({"user_password": "no"}, "0"), ({"user_account": "who@example.org"}, "-1")])
def test_a_wrong_login_is_a_success_with_a_login_state_and_no_token(change, state):
    answer = cloud().ask("login", **{**LOGIN, **change})

    assert (answer["result_code"], answer["result_data"]["login_state"]) == ("1", state)
    assert "token" not in answer["result_data"]


def test_five_wrong_passwords_lock_the_account_for_half_an_hour():
    made = cloud()

    states = [made.ask("login", **{**LOGIN, "user_password": "no"})["result_data"]["login_state"] for _ in range(5)]

    assert states == ["0", "0", "0", "0", "2"]
    assert made.ask("login", **LOGIN)["result_data"]["login_state"] == "2"
    made.world.clock.advance(30 * 60)
    assert made.ask("login", **LOGIN)["result_data"]["login_state"] == "1"


@pytest.mark.parametrize(
    ("headers", "change", "code"),
    [
        ({"sys_code": ""}, {}, "003"),
        ({"x-access-key": ""}, {}, "E911"),
        ({"x-access-key": "t" * 32}, {}, "E912"),
        ({}, {"appkey": ""}, "001"),
        ({}, {"appkey": "B" * 32}, "E00000"),
        ({}, {"lang": "en_US"}, "010"),
        ({}, {"user_password": None}, "009"),
        ({}, {"user_password": ["sgpass"]}, "010"),
        ({}, {"api_key_param": {"timestamp": "1", "nonce": "n" * 32}}, "E913"),
        ({}, {"api_key_param": {"timestamp": str(int(NOW.timestamp() * 1000)), "nonce": "short"}}, "E909"),
        ({}, {"api_key_param": {"nonce": "n" * 32}}, "010"),
    ],
)
def test_a_call_without_the_apps_keys_is_refused_in_sungrows_own_way(headers, change, code):
    answer = cloud().ask("login", headers=headers, **{**LOGIN, **change})

    assert (answer["result_code"], answer["result_data"]) == (code, None)


def test_a_login_token_lives_a_day_from_its_last_use():
    door = logged_in()
    list_devices = {"curPage": 1, "size": 10}

    door.world.clock.advance(23 * 3600)
    used = door.ask("getDeviceListByUser", **list_devices)
    door.world.clock.advance(23 * 3600)
    extended = door.ask("getDeviceListByUser", **list_devices)
    door.world.clock.advance(24 * 3600)
    expired = door.ask("getDeviceListByUser", **list_devices)

    assert (used["result_code"], extended["result_code"]) == ("1", "1")
    assert (expired["result_code"], expired["result_msg"]) == ("E00003", "er_token_login_invalid")


def test_a_call_without_a_token_says_so():
    answer = cloud().ask("getDeviceListByUser", curPage=1, size=10)

    assert (answer["result_code"], answer["result_msg"]) == ("002", "er_missing_parameter:token")


# ---- OAuth -----------------------------------------------------------------------------------------------------------------


def test_tokens_of_a_code_come_at_the_top_and_nested():
    answer = cloud().ask("apiManage/token", **CODE)

    nested = answer["result_data"]
    assert nested["code"] == 1
    assert {key: answer[key] for key in nested if key != "code"} == {key: nested[key] for key in nested if key != "code"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 172_799)
    assert answer["auth_ps_list"] == ["1598299", "1598300", "1598301"]


@pytest.mark.parametrize(("change", "code"), [({"code": "other"}, 2), ({"grant_type": "password"}, 4)])
def test_a_wrong_code_is_a_success_with_a_code_inside_and_no_tokens(change, code):
    answer = cloud().ask("apiManage/token", **{**CODE, **change})

    assert (answer["result_code"], answer["result_data"]["code"]) == ("1", code)
    assert "access_token" not in answer


def test_an_oauth_client_needs_no_sys_code_and_no_language():
    response = cloud().client.post(
        "/openapi/apiManage/token", json={"appkey": "A" * 32, **CODE}, headers={"x-access-key": "s" * 32}
    )

    assert response.json()["access_token"]


def test_a_refresh_token_is_dead_after_its_first_use():
    made = cloud()
    first = made.ask("apiManage/token", **CODE)

    second = made.ask("apiManage/refreshToken", refresh_token=first["refresh_token"])
    again = made.ask("apiManage/refreshToken", refresh_token=first["refresh_token"])
    third = made.ask("apiManage/refreshToken", refresh_token=second["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert (again["result_code"], again["result_data"]["code"]) == ("1", 5)
    assert "access_token" not in again
    assert third["result_data"]["code"] == 1


def test_a_refresh_token_expires_after_thirty_days():
    made = cloud()
    tokens = made.ask("apiManage/token", **CODE)

    made.world.clock.advance(30 * 86_400)
    answer = made.ask("apiManage/refreshToken", refresh_token=tokens["refresh_token"])

    assert answer["result_data"]["code"] == -2


def test_an_access_token_expires_after_two_days_and_a_refresh_gives_a_good_one():
    made = cloud()
    tokens = made.ask("apiManage/token", **CODE)

    made.world.clock.advance(2 * 86_400)
    old = made.ask("platform/queryPowerStationList", {"Authorization": f"Bearer {tokens['access_token']}"}, page=1, size=10)
    fresh = made.ask("apiManage/refreshToken", refresh_token=tokens["refresh_token"])
    new = made.ask("platform/queryPowerStationList", {"Authorization": f"Bearer {fresh['access_token']}"}, page=1, size=10)

    assert (old["result_code"], new["result_code"]) == ("E00003", "1")


def test_ending_the_vendors_tokens_leaves_the_refresh_token_good():
    made = cloud()
    tokens = made.ask("apiManage/token", **CODE)

    made.world.tokens.end_all("sungrow")

    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert made.ask("platform/queryPowerStationList", bearer, page=1, size=10)["result_code"] == "E00003"
    assert made.ask("apiManage/refreshToken", refresh_token=tokens["refresh_token"])["result_data"]["code"] == 1


def test_a_token_opens_only_the_family_it_was_made_for():
    made = cloud()
    login = made.ask("login", **LOGIN)["result_data"]["token"]
    bearer = {"Authorization": f"Bearer {made.ask('apiManage/token', **CODE)['access_token']}"}

    codes = [
        made.ask("platform/queryPowerStationList", token=login, page=1, size=10)["result_code"],
        made.ask("getPowerStationList", bearer, curPage=1, size=10)["result_code"],
        made.ask("platform/queryPowerStationList", page=1, size=10)["result_code"],
    ]

    assert codes == ["E900", "E900", "002"]


# ---- quotas ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window_s", "code"), [(60, "E901"), (3600, "E999"), (86_400, "E998")])
def test_a_call_too_many_is_refused_and_goes_again_later(window_s, code):
    door = logged_in(rules=(Rule(ANY, 3, window_s),))

    codes = [door.ask("getDeviceListByUser", curPage=1, size=10)["result_code"] for _ in range(3)]
    door.world.clock.advance(window_s - 1 if window_s == 86_400 else window_s)

    assert codes == ["1", "1", code]
    assert door.ask("getDeviceListByUser", curPage=1, size=10)["result_code"] == "1"


def test_logins_too_frequent_have_a_code_of_their_own():
    made = cloud(rules=(Rule("login", 2, 600),))

    codes = [made.ask("login", **LOGIN)["result_code"] for _ in range(3)]

    assert codes == ["1", "1", "E916"]


def test_the_call_info_counts_itself():
    door = logged_in()
    door.ask("getDeviceListByUser", curPage=1, size=10)

    info = door.ask("getOpenApiCallInfo")["result_data"]

    assert (info["curr_hour_accessed_times"], info["per_hour_residue_times"]) == (3, 1997)
    assert len(info["per_hour_access_times_config"]) == 24


# ---- plants and devices ----------------------------------------------------------------------------------------------------


def test_the_plant_list_of_the_login_family_has_figures_with_units():
    row = logged_in().ask("getPowerStationList", curPage=1, size=10)["result_data"]["pageList"][1]

    assert (row["ps_id"], row["ps_name"], row["ps_current_time_zone"]) == (1598300, "Halle Nord", "GMT+1")
    assert row["total_capcity"] == {"unit": "kWp", "value": "120.00"}
    assert row["curr_power"]["unit"] == "kW"
    assert row["total_energy"]["unit"] == "MWh"
    assert row["curr_power_update_time"] == "2026-06-15T20:00:00+08:00"


def test_the_plant_list_of_the_oauth_family_has_none_and_counts_by_another_name():
    answer = authorised().ask("queryPowerStationList", page=2, size=2)["result_data"]

    assert answer["row_count"] == 3
    assert [row["ps_id"] for row in answer["pageList"]] == [1598301]
    assert "curr_power" not in answer["pageList"][0]


def test_pages_of_devices_are_whole_and_do_not_overlap():
    door = logged_in()

    pages = [door.ask("getDeviceListByUser", curPage=page, size=4)["result_data"] for page in (1, 2, 3, 4)]

    assert [page["rowCount"] for page in pages] == [10] * 4
    assert [len(page["pageList"]) for page in pages] == [4, 4, 2, 0]
    keys = [row["ps_key"] for page in pages for row in page["pageList"]]
    assert len(set(keys)) == 10
    assert door.ask("getDeviceListByUser", size=4)["result_code"] == "009"
    assert door.ask("getDeviceListByUser", curPage=0, size=4)["result_code"] == "010"


def test_virtual_devices_are_listed_only_where_they_are_asked_for():
    door = logged_in()

    plain = door.ask("getDeviceList", ps_id=1598299, curPage=1, size=50)["result_data"]["pageList"]
    every = door.ask("getDeviceList", ps_id="1598299", curPage=1, size=50, is_virtual_unit="1")["result_data"]["pageList"]
    inverters = door.ask("getDeviceList", ps_id=1598299, curPage=1, size=50, device_type_list=["1"])["result_data"]["pageList"]

    assert [row["device_type"] for row in plain] == [1, 1, 1, 9]
    assert [row["device_type"] for row in every] == [1, 1, 1, 9, 11, 3]
    assert [row["ps_key"] for row in inverters] == [own.key for own in SAO_PAULO.inverters]
    assert "rel_state" in plain[0]
    assert "claim_state" in authorised().ask("getDeviceListByPsId", ps_id=1598299, page=1, size=1)["result_data"]["pageList"][0]
    assert door.ask("getDeviceList", ps_id=1, curPage=1, size=50)["result_code"] == "E900"


def test_details_are_in_w_and_name_plants_that_are_not_authorised():
    door = authorised()

    answer = door.ask("getPowerStationDetail", ps_ids="1598300,7")["result_data"]

    assert answer["not_authorization_ps_list"] == ["7"]
    assert [(row["install_power"], row["design_capacity"]) for row in answer["data_list"]] == [(100_000, 120_000)]
    assert door.ask("getPowerStationDetail", ps_ids=",".join(["1"] * 21))["result_code"] == "010"
    assert door.ask("getPowerStationDetail")["result_code"] == "009"


# ---- realtime --------------------------------------------------------------------------------------------------------------


def test_realtime_values_are_texts_in_w_at_a_local_time():
    door = logged_in()

    answer = door.ask("getDeviceRealTimeData", device_type=1, ps_key_list=[INVERTER, "nobody"], point_id_list=["1", "24", "99"])

    (row,) = answer["result_data"]["device_point_list"]
    assert row["device_point"]["device_time"] == "20260615090000"
    at = sunshine().day(SAO_PAULO.inverters[0], date(2026, 6, 15)).power_kw[9 * 12]
    assert row["device_point"]["p24"] == str(round(at * 1000, 3))
    assert "p99" not in row["device_point"]
    assert answer["result_data"]["fail_ps_key_list"] == ["nobody"]


def test_realtime_can_be_asked_by_serial_number_and_for_plants():
    door = logged_in()
    serial = door.ask("getDeviceListByUser", curPage=1, size=1)["result_data"]["pageList"][0]["device_sn"]

    by_serial = door.ask("getPVInverterRealTimeData", sn_list=[serial])["result_data"]
    plant = door.ask("getDeviceRealTimeData", device_type=11, ps_key_list=[PLANT], point_id_list=["83033", "83022"])
    oauth = authorised().ask(
        "getPowerStationRealTimeData", ps_id_list=["1598299", "7"], point_id_list=["83033"], is_get_point_dict="1"
    )

    assert by_serial["device_point_list"][0]["device_point"]["ps_key"] == INVERTER
    assert len([key for key in by_serial["device_point_list"][0]["device_point"] if key[1:].isdecimal()]) == 21
    power = plant["result_data"]["device_point_list"][0]["device_point"]["p83033"]
    assert oauth["result_data"]["device_point_list"][0]["p83033"] == power
    assert oauth["result_data"]["fail_ps_id_list"] == ["7"]
    assert oauth["result_data"]["point_dict"] == [{"point_id": "83033", "point_name": "Plant Power", "point_unit": "W"}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ps_key_list": None}, "009"),
        ({"point_id_list": None}, "009"),
        ({"point_id_list": [str(number) for number in range(101)]}, "010"),
        ({"ps_key_list": INVERTER}, "010"),
        ({"ps_key_list": []}, "010"),
        ({"device_type": "inverter"}, "010"),
    ],
)
def test_a_realtime_call_that_cannot_be_is_refused(change, code):
    body = {"device_type": 1, "ps_key_list": [INVERTER], "point_id_list": ["24"]}

    assert logged_in().ask("getDeviceRealTimeData", **{**body, **change})["result_code"] == code


# ---- history ---------------------------------------------------------------------------------------------------------------


def test_minute_rows_are_texts_in_w_and_wh_keyed_by_the_device():
    answer = logged_in().ask(MINUTES, ps_key_list=[INVERTER, "nobody"], **NOON)["result_data"]

    day = sunshine().day(SAO_PAULO.inverters[0], date(2026, 6, 14))
    assert list(answer) == [INVERTER]
    assert len(answer[INVERTER]) == 12
    assert answer[INVERTER][0] == {
        "time_stamp": "20260614120000",
        "p1": str(round(day.day_energy_kwh[144] * 1000, 3)),
        "p24": str(round(day.power_kw[144] * 1000, 3)),
    }


def test_the_oauth_family_names_illegal_keys_and_points():
    answer = authorised().ask(MINUTES, ps_key_list=[INVERTER, "nobody"], is_get_point_dict=1, **NOON)["result_data"]

    assert answer["illegal_ps_key_list"] == ["nobody"]
    assert [point["point_unit"] for point in answer["point_dict"]] == ["Wh", "W"]


def test_an_interval_is_closed_and_three_hours_at_most():
    door = logged_in()

    whole = door.ask(
        MINUTES, ps_key_list=[INVERTER], points="p1", start_time_stamp="20260614000000", end_time_stamp="20260614030000"
    )
    over = door.ask(
        MINUTES, ps_key_list=[INVERTER], points="p1", start_time_stamp="20260614000000", end_time_stamp="20260614030001"
    )
    coarse = door.ask(MINUTES, ps_key_list=[INVERTER], **{**NOON, "minute_interval": "30"})

    assert len(whole["result_data"][INVERTER]) == 37
    assert over["result_code"] == "010"
    assert [row["time_stamp"] for row in coarse["result_data"][INVERTER]] == ["20260614120000", "20260614123000"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ps_key_list": None}, "009"),
        ({"ps_key_list": [f"{number}_1_1_1" for number in range(51)]}, "010"),
        ({"points": ",".join(f"p{number}" for number in range(51))}, "010"),
        ({"points": "24"}, "010"),
        ({"points": None}, "009"),
        ({"start_time_stamp": "2026-06-14"}, "010"),
        ({"start_time_stamp": "20260614130000"}, "010"),
        ({"end_time_stamp": None}, "009"),
        ({"ps_key_list": [INVERTER, PLANT]}, "010"),
        ({"minute_interval": 0}, "010"),
    ],
)
def test_a_minute_history_that_cannot_be_is_refused(change, code):
    body = {"ps_key_list": [INVERTER], **NOON}

    assert logged_in().ask(MINUTES, **{**body, **change})["result_code"] == code


def test_the_current_local_day_has_no_history_yet():
    door = logged_in(now=datetime(2026, 6, 15, 2, 30, tzinfo=UTC))  # 23:30 on the 14th in São Paulo

    before = door.ask(MINUTES, ps_key_list=[INVERTER], **NOON)
    day = door.ask(PERIODS, ps_key_list=[INVERTER], **DAY)
    door.world.clock.advance(1800)
    after = door.ask(MINUTES, ps_key_list=[INVERTER], **NOON)

    assert (before["result_code"], before["result_data"]) == ("1", {})
    assert [row["time_stamp"] for row in day["result_data"][INVERTER]["p1"]] == ["20260613"]
    assert len(after["result_data"][INVERTER]) == 12


def test_five_minute_power_integrates_to_the_day_counter_and_to_the_day():
    door = logged_in()

    rows = day_of_minutes(door, INVERTER, "p1,p24", "20260614")
    day = door.ask(PERIODS, ps_key_list=[INVERTER], **{**DAY, "start_time": "20260614"})["result_data"][INVERTER]["p1"]

    watts = [float(row["p24"]) for row in rows]
    integral_wh = sum((a + b) / 2 for a, b in pairwise(watts)) / 12
    assert len(rows) == 288
    assert integral_wh == pytest.approx(float(rows[-1]["p1"]), rel=1e-3)
    assert day == [{"time_stamp": "20260614", "2": rows[-1]["p1"]}]


def test_inverters_sum_to_the_plant_at_every_instant_and_over_the_day():
    door, oauth = logged_in(), authorised()
    keys = [own.key for own in SAO_PAULO.inverters]

    inverters = door.ask(MINUTES, ps_key_list=keys, **NOON)["result_data"]
    plant = door.ask(MINUTES, ps_key_list=[PLANT], **{**NOON, "points": "p83022,p83033"})["result_data"][PLANT]
    days = door.ask(PERIODS, ps_key_list=keys, **DAY)["result_data"]
    whole = oauth.ask(
        "getPowerStationPointDayMonthYearDataList", ps_id_list=["1598299"], **{**DAY, "data_point": "p83022", "query_type": "day"}
    )["result_data"]["1598299"]["p83022"]

    for at, row in enumerate(plant):
        assert float(row["p83033"]) == pytest.approx(sum(float(inverters[key][at]["p24"]) for key in keys), rel=1e-3)
        assert float(row["p83022"]) == pytest.approx(sum(float(inverters[key][at]["p1"]) for key in keys), rel=1e-3)
    for at, row in enumerate(whole):
        assert float(row["2"]) == pytest.approx(sum(float(days[key]["p1"][at]["2"]) for key in keys), rel=1e-3)


def test_a_plants_energies_balance_with_the_grid_and_its_steady_load():
    points = "p83022,p83072,p83102,p83118"

    rows = logged_in().ask(MINUTES, ps_key_list=[PLANT], **{**NOON, "points": points})["result_data"][PLANT]

    for row in rows:
        generated, fed_in, bought, used = (float(row[point]) for point in points.split(","))
        assert generated + bought == pytest.approx(fed_in + used, abs=0.01)
    # 5 % of 225 kW for the twelve hours before noon
    assert float(rows[0]["p83118"]) == pytest.approx(135_000.0, abs=1)


def test_days_sum_to_months_and_months_to_the_year():
    door = logged_in()

    days = door.ask(PERIODS, ps_key_list=[INVERTER], **{**DAY, "start_time": "20260501", "end_time": "20260531"})
    months = door.ask(
        PERIODS,
        ps_key_list=[INVERTER],
        data_point="p1",
        query_type="2",
        data_type="4",
        start_time="202501",
        end_time="202605",
        order="1",
    )
    year = door.ask(
        PERIODS, ps_key_list=[INVERTER], data_point="p1", query_type="3", data_type="4", start_time="2025", end_time="2025"
    )

    of_days = [float(row["2"]) for row in days["result_data"][INVERTER]["p1"]]
    of_months = months["result_data"][INVERTER]["p1"]
    assert (len(of_days), len(of_months), of_months[0]["time_stamp"]) == (31, 17, "202605")
    assert float(of_months[0]["4"]) == pytest.approx(sum(of_days), rel=1e-3)
    of_2025 = sum(float(row["4"]) for row in of_months if row["time_stamp"].startswith("2025"))
    assert [float(row["4"]) for row in year["result_data"][INVERTER]["p1"]] == [pytest.approx(of_2025, rel=1e-3)]


def test_mean_peak_and_trough_of_power_lie_in_order():
    door = logged_in()

    mean, peak, trough = (
        float(
            door.ask(PERIODS, ps_key_list=[INVERTER], **{**DAY, "data_point": "p24", "data_type": kind})["result_data"][INVERTER][
                "p24"
            ][0][kind]
        )
        for kind in ("1", "2", "3")
    )

    powers = sunshine().day(SAO_PAULO.inverters[0], date(2026, 6, 13)).power_kw
    assert trough == 0.0
    assert peak == pytest.approx(max(powers) * 1000)
    assert mean == pytest.approx(sum(powers) / len(powers) * 1000, abs=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"data_type": "4"},
        {"data_type": "5"},
        {"query_type": "day"},
        {"start_time": "20260101", "end_time": "20260411"},
        {"query_type": "2", "start_time": "202401", "end_time": "202601"},
        {"query_type": "3", "start_time": "2020", "end_time": "2025"},
        {"start_time": "20260615", "end_time": "20260614"},
        {"start_time": "202606"},
        {"order": "2"},
    ],
)
def test_a_period_that_cannot_be_is_refused(change):
    answer = logged_in().ask(PERIODS, ps_key_list=[INVERTER], **{**DAY, **change})

    assert answer["result_code"] == "010"


def test_a_hundred_days_are_not_too_many():
    answer = logged_in().ask(PERIODS, ps_key_list=[INVERTER], **{**DAY, "start_time": "20260101", "end_time": "20260410"})

    assert len(answer["result_data"][INVERTER]["p1"]) == 100


@pytest.mark.parametrize(("day", "count"), [("20260329", 276), ("20251026", 300), ("20260330", 288)])
def test_a_day_when_the_clocks_change_has_its_own_number_of_rows(day, count):
    rows = day_of_minutes(logged_in(), BERLIN.inverters[1].key, "p24", day)

    stamps = [row["time_stamp"] for row in rows]
    assert len(stamps) == count
    assert stamps.count(f"{day}023000") == {276: 0, 288: 1, 300: 2}[count]


def test_a_silent_inverter_leaves_no_rows():
    days = [date(2026, 5, 1) + timedelta(days=number) for number in range(40)]
    silent = next(day for day in days if None in sunshine().day(RESTLESS, day).power_kw)

    rows = day_of_minutes(logged_in(), RESTLESS.key, "p1,p24", silent.strftime("%Y%m%d"))

    heard = [value for value in sunshine().day(RESTLESS, silent).power_kw if value is not None]
    assert [float(row["p24"]) for row in rows] == [pytest.approx(value * 1000) for value in heard]
    assert len(rows) < 288


def test_devices_and_points_without_data_are_left_out():
    logger = "1598299_9_247_1"

    answer = logged_in().ask(MINUTES, ps_key_list=[logger], **NOON)
    strange = logged_in().ask(MINUTES, ps_key_list=[INVERTER], **{**NOON, "points": "p13011,p24"})["result_data"][INVERTER]

    assert (answer["result_code"], answer["result_data"]) == ("1", {})
    assert set(strange[0]) == {"time_stamp", "p24"}


# ---- faults and the rest ---------------------------------------------------------------------------------------------------


def test_closed_faults_need_a_range_within_a_month_and_come_page_by_page():
    door = logged_in()
    span = {"startTime": "202605010000", "endTime": "202605312359", "curPage": 1, "size": 100}

    answer = door.ask("getFaultAlarmInfo", process_status="9", ps_id=1598299, **span)["result_data"]
    second = door.ask("getFaultAlarmInfo", process_status="999", ps_id=1598299, **{**span, "curPage": 2, "size": 1})[
        "result_data"
    ]

    days = [date(2026, 5, 1) + timedelta(days=number) for number in range(31)]
    assert answer["rowCount"] == sum(len(sunshine().alarms(RESTLESS, day)) for day in days) > 1
    assert {(row["process_status"], row["ps_key"]) for row in answer["pageList"]} == {(9, RESTLESS.key)}
    assert second["pageList"] == answer["pageList"][1:2]
    assert door.ask("getFaultAlarmInfo", process_status="9", curPage=1, size=10)["result_code"] == "009"
    assert door.ask("getFaultAlarmInfo", process_status="9", **{**span, "endTime": "202606010000"})["result_code"] == "010"
    assert door.ask("getFaultAlarmInfo", process_status="8", curPage=1, size=10)["result_data"]["rowCount"] == 0


def test_a_fault_is_open_until_the_inverter_works_again():
    days = [date(2026, 6, 10) - timedelta(days=number) for number in range(60)]
    alarm = next(alarm for day in days for alarm in sunshine().alarms(RESTLESS, day))
    door = authorised(now=alarm.raised_at + timedelta(minutes=10))

    (row,) = door.ask("getFaultAlarmInfo", page=1, size=10)["result_data"]["pageList"]

    local = alarm.raised_at.astimezone(SAO_PAULO.zone())
    assert (row["process_status"], row["over_time"]) == (1, None)
    assert row["create_time"] == local.strftime("%Y-%m-%d %H:%M:%S")


def test_a_fault_is_not_told_before_it_happens():
    days = [date(2026, 6, 10) - timedelta(days=number) for number in range(60)]
    alarm = next(alarm for day in days for alarm in sunshine().alarms(RESTLESS, day))

    door = authorised(now=alarm.raised_at - timedelta(minutes=10))

    assert door.ask("getFaultAlarmInfo", page=1, size=10)["result_data"]["row_count"] == 0


def test_the_catalogue_tells_the_unit_of_the_answers():
    rows = logged_in().ask("getOpenPointInfo", device_type=1, type=2, curPage=1, size=100)["result_data"]["pageList"]

    assert {row["point_id"]: (row["storage_unit"], row["show_unit"]) for row in rows}["1"] == ("Wh", "kWh")


def test_an_unknown_interface_is_told_by_the_gateway():
    assert cloud().ask("getNothing")["result_code"] == "E996"


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b""])
def test_a_body_that_is_no_object_is_refused(content):
    response = cloud().client.post("/openapi/login", content=content, headers=HEADERS)

    assert (response.status_code, response.json()["result_code"]) == (200, "009")


def test_two_sandboxes_of_one_seed_tell_the_same():
    first, second = (logged_in().ask(MINUTES, ps_key_list=[INVERTER], **NOON)["result_data"] for _ in range(2))

    assert first == second
