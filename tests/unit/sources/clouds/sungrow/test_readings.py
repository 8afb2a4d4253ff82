import json
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from include.core.errors import BadDocument
from include.core.pulls import Request
from include.sources.clouds.document import pack
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import (
    ACCOUNT,
    CONTEXT,
    FLEET,
    INVERTER,
    JUNE_14,
    answer,
    frame_of,
    minutes,
    now_of,
    series,
)


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


def test_a_null_for_a_whole_device_or_point_adds_nothing():
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


def test_a_null_is_missing_and_a_point_that_is_not_there_adds_nothing():
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


def test_rows_outside_the_requested_local_window_and_of_others_are_dropped():
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


def test_a_hybrid_reports_grid_battery_and_load_with_our_signs():
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


def test_a_plant_reports_one_power_its_charge_as_fraction_and_what_it_used_today():
    points = {"p83002": "90000", "p83033": "91000", "p83252": "0.42", "p83118": "7000", "p83072": None}

    frame = frame_of(now_of("1598299_11_0_0", points, kind="plants", subject="1598299"))

    assert list(frame.subject.unique()) == ["1598299"]
    read = {(row.quantity, row.measured_at): row.value for row in frame.itertuples()}
    noon, midnight = pd.Timestamp("2026-06-14T15:00:00Z"), pd.Timestamp("2026-06-14T03:00:00Z")
    assert read == pytest.approx({("ac_power_kw", noon): 91, ("battery_pct", noon): 42, ("load_day_kwh", midnight): 7})


def test_a_device_without_data_has_no_time_and_no_reading():
    assert list(CLOUD.parse(now_of(INVERTER, {"device_time": None, "p24": None}), CONTEXT)) == []


def test_periods_outside_the_requested_ones_are_dropped_and_unreadable_ones_kept():
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
