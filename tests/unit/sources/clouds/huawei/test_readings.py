"""Readings of Huawei's answers: units, times, states, and what becomes of rows that cannot be read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.core.errors import BadDocument
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.huawei.builders import (
    BERLIN,
    CONTEXT,
    JUNE_14,
    SAO_PAULO,
    at,
    day_row,
    document,
    frame_row,
    frames_of,
    june_days,
    ms,
    readings,
)


def test_an_inverters_figures_keep_their_units():
    row = frame_row(
        at(12), active_power=41.87, mppt_power=42.7, reactive_power=-0.31, power_factor=1, elec_freq="50.01", temperature=52.3,
        day_cap=190.4, total_cap=301122.6, inverter_state=512.0, pv1_u=611.2, brand_new_field={"nested": [1]},
    )  # fmt: skip

    found = readings([document("getDevHistoryKpi", [row])])

    assert {what: value for (_, what, _), value in found.items()} == {
        "ac_power_kw": 41.87,
        "dc_power_kw": 42.7,
        "reactive_power_kvar": -0.31,
        "power_factor": 1.0,
        "frequency_hz": 50.01,
        "temp_inverter_c": 52.3,
        "energy_today_kwh": 190.4,
        "energy_total_kwh": 301122.6,
        "state": "on grid",
    }


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (
            17,
            {"active_power": -4187, "active_cap": 12.5, "reverse_active_cap": 7.25, "grid_frequency": 49.98},
            {"ac_power_kw": -4.187, "export_total_kwh": 12.5, "import_total_kwh": 7.25, "frequency_hz": 49.98},
        ),
        (47, {"active_power": 1500, "meter_u": 230.1}, {"ac_power_kw": 1.5}),
        (39, {"ch_discharge_power": -2500, "battery_soc": 81, "busbar_u": 700}, {"battery_power_kw": -2.5, "battery_pct": 81.0}),
        (41, {"ch_discharge_power": 2500, "battery_soc": None}, {"battery_power_kw": 2.5}),
    ],
)
def test_watts_of_meters_and_batteries_become_kilowatts(kind, values, expected):
    body = {"devIds": "7", "devTypeId": kind}

    found = readings([document("getDevHistoryKpi", [frame_row(at(12), **values)], body=body)])

    assert {what: value for (_, what, _), value in found.items()} == expected


def test_rows_that_were_not_asked_for_are_left_out():
    rows = [
        frame_row(at(12), active_power=1.0),
        frame_row(at(12), device=99999999, active_power=2.0),
        frame_row(JUNE_14.start - timedelta(seconds=1), active_power=3.0),
        frame_row(JUNE_14.start, active_power=4.0),
        frame_row(JUNE_14.end, active_power=5.0),
    ]

    found = readings([document("getDevHistoryKpi", rows)])

    assert found == {("7", "ac_power_kw", at(12)): 1.0, ("7", "ac_power_kw", at(0)): 4.0}


def test_nulls_are_counted_and_unreadable_values_and_times_are_kept_for_quarantine():
    rows = [
        frame_row(at(12), active_power=None, day_cap=5.0),
        frame_row(at(12, 5), active_power="much"),
        {**frame_row(at(12, 10), active_power=1.0), "collectTime": "yesterday"},
        {"collectTime": ms(at(12)), "dataItemMap": {"active_power": 1.0}},
        {**frame_row(at(12)), "dataItemMap": [1]},
        "text",
        {**frame_row(at(12)), "dataItemMap": None},
    ]

    body = document("getDevHistoryKpi", rows)

    frame = frames_of([body])[0].sort_values("row_number")
    assert sum(piece.missing_count for piece in CLOUD.parse(body, CONTEXT)) == 1
    assert [(row.row_number, row.quantity) for row in frame.itertuples() if row.raw is not None] == [
        (2, "ac_power_kw"),
        (3, "ac_power_kw"),
        (4, "energy_today_kwh"),
        (5, "energy_today_kwh"),
        (6, "energy_today_kwh"),
    ]
    assert frame["measured_at"].isna().tolist() == [False, False, True, True, True, True]


def test_states_are_kept_where_they_change_in_the_order_of_time():
    codes = [40960, 512, 514, 512, 1234, None, 1234]
    rows = [frame_row(at(12, 5 * number), inverter_state=code) for number, code in enumerate(codes)]

    found = readings([document("getDevHistoryKpi", [*rows[1::2], *rows[::2]])])

    assert [(when.minute, state) for (_, _, when), state in sorted(found.items(), key=lambda one: one[0][2])] == [
        (0, "standby, no sun"),
        (5, "on grid"),
        (10, "on grid, self-derating"),
        (15, "on grid"),
        (20, "1234"),
    ]


def test_a_state_at_no_readable_time_hides_none_of_those_that_have_one():
    lost = {**frame_row(at(12), inverter_state=512), "collectTime": "yesterday"}

    (frame,) = frames_of([document("getDevHistoryKpi", [lost, frame_row(at(12, 5), inverter_state=512)])])

    assert sorted(zip(frame["row_number"], frame["state"], strict=True)) == [(1, "on grid"), (2, "on grid")]


def test_rows_that_come_twice_are_readings_twice():
    row = frame_row(at(12), active_power=1.0)

    (frame,) = frames_of([document("getDevHistoryKpi", [row, row])])

    assert frame["row_number"].tolist() == [1, 2]


def test_numbers_written_as_text_and_keys_written_as_numbers_are_read():
    row = {"devId": "-7", "collectTime": str(ms(at(12))), "dataItemMap": {"active_power": "41.87"}}

    found = readings([document("getDevHistoryKpi", [row], subjects=("-7",))])

    assert found == {("-7", "ac_power_kw", at(12)): 41.87}


@pytest.mark.parametrize("body", [b"{}", b'{"vendor": 1}\n{}', document("getDevHistoryKpi", {}), document("getAlarmList", [])])
def test_what_holds_no_readings_is_a_bad_document(body):
    with pytest.raises(BadDocument):
        list(CLOUD.parse(body, CONTEXT))


def test_an_answer_whose_list_is_null_has_nothing_to_tell():
    assert readings([document("getDevHistoryKpi", None)]) == {}


@pytest.mark.parametrize(
    ("values", "energy_kwh"),
    [
        ({"PVYield": 3, "inverterYield": 2, "inverter_power": 1}, 3.0),
        ({"PVYield": None, "inverterYield": 2, "inverter_power": 1}, 2.0),
        ({"inverter_power": "1.5"}, 1.5),
        ({"PVYield": 0, "inverter_power": 1}, 0.0),
    ],
)
def test_the_first_yield_that_is_reported_counts(values, energy_kwh):
    start = datetime(2026, 6, 13, 22, tzinfo=UTC)

    found = readings([june_days(day_row(start, **values))])

    assert found == {(BERLIN, "energy_day_kwh", start): energy_kwh}


def test_a_day_that_the_vendor_keeps_in_another_zone_is_still_that_day():
    # 2026-06-14 00:00 in Lisbon is 01:00 in Berlin, in Helsinki it is 23:00 of the day before in Berlin.
    for start in (datetime(2026, 6, 13, 23, tzinfo=UTC), datetime(2026, 6, 13, 21, tzinfo=UTC)):
        found = readings([june_days(day_row(start, inverter_power=1))])

        assert found == {(BERLIN, "energy_day_kwh", datetime(2026, 6, 13, 22, tzinfo=UTC)): 1.0}


def test_days_and_months_that_reach_beyond_the_span_are_left_out():
    berlin = ZoneInfo("Europe/Berlin")
    days = [day_row(datetime(2026, month, day, tzinfo=berlin), inverter_power=1) for month, day in ((5, 31), (6, 14), (6, 15))]
    months = [day_row(datetime(2026, month, 1, tzinfo=berlin), inverter_power=1) for month in (4, 5, 6)]

    days_found = readings([june_days(*days)])
    months_found = readings([june_days(*months, interface="getKpiStationMonth", first=date(2026, 5, 1), days=45)])

    assert [when for _, _, when in days_found] == [datetime(2026, 6, 13, 22, tzinfo=UTC)]
    assert [when for _, _, when in months_found] == [datetime(2026, 4, 30, 22, tzinfo=UTC)]


def test_a_figure_without_a_readable_time_is_kept_for_quarantine():
    row = {"stationCode": BERLIN, "collectTime": None, "dataItemMap": {"inverter_power": 1}}

    (frame,) = frames_of([june_days(row)])

    assert frame["measured_at"].isna().tolist() == [True]
    assert BERLIN in frame["raw"][0]


def test_a_snapshot_without_its_moment_is_kept_for_quarantine():
    rows = [{"devId": 7, "dataItemMap": {"active_power": 1.0}}]

    (frame,) = frames_of([document("getDevRealKpi", rows, span=None)])

    assert frame["measured_at"].isna().tolist() == [True]


def test_a_snapshot_stands_at_the_five_minutes_before_its_moment():
    rows = [{"devId": 7, "dataItemMap": {"active_power": 1.0}}]
    moment = at(12, 7) + timedelta(seconds=17)

    found = readings([document("getDevRealKpi", rows, span=None, params={"currentTime": ms(moment)})])

    assert found == {("7", "ac_power_kw", at(12, 5)): 1.0}


def test_plants_now_are_counters_of_the_moment_and_amounts_of_the_running_day_and_month():
    values = {"day_power": 10, "month_power": "300.5", "total_power": 5000, "day_on_grid_energy": 8, "day_use_energy": 2}
    rows = [{"stationCode": SAO_PAULO, "dataItemMap": values}]
    body = {"stationCodes": SAO_PAULO}

    found = readings(
        [document("getStationRealKpi", rows, span=None, subjects=(SAO_PAULO,), body=body, params={"currentTime": ms(at(2, 1))})]
    )

    yesterday_there = at(3, day=13)  # at two o'clock UTC São Paulo still has the 13th, which began at three
    assert {(what, when): value for (_, what, when), value in found.items()} == {
        ("energy_today_kwh", at(2)): 10.0,
        ("energy_total_kwh", at(2)): 5000.0,
        ("energy_day_kwh", yesterday_there): 10.0,
        ("export_day_kwh", yesterday_there): 8.0,
        ("load_day_kwh", yesterday_there): 2.0,
        ("energy_month_kwh", at(3, day=1)): 300.5,
    }


@pytest.mark.parametrize(
    ("hour", "day", "amounts"),
    [(4, 14, {"energy_month_kwh"}), (6, 14, {"energy_month_kwh", "energy_day_kwh", "load_day_kwh"}), (4, 1, set())],
    ids=["an hour into a day", "three hours into a day", "an hour into a month"],
)
def test_totals_that_may_still_be_those_of_yesterday_are_no_amounts_of_today(hour, day, amounts):
    values = {"day_power": 900, "month_power": 30_000, "day_use_energy": 40}
    rows = [{"stationCode": SAO_PAULO, "dataItemMap": values}]
    moment = {"currentTime": ms(at(hour, day=day))}  # midnight is at three there

    found = readings(
        [document("getStationRealKpi", rows, span=None, subjects=(SAO_PAULO,), body={"stationCodes": SAO_PAULO}, params=moment)]
    )

    assert {what for _, what, _ in found} == {"energy_today_kwh", *amounts}


def test_an_answer_with_a_byte_order_mark_is_read():
    line, _, answer = document("getDevHistoryKpi", [frame_row(at(12), active_power=1.0)]).partition(b"\n")

    found = readings([line + b"\n\xef\xbb\xbf" + answer])

    assert found == {("7", "ac_power_kw", at(12)): 1.0}
