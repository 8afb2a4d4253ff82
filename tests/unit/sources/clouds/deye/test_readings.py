"""Readings of Deye's answers: units, signs and times, what is missing, unreadable or was not asked for."""

import math
from datetime import UTC, datetime

import pytest

from include.core.errors import BadDocument
from include.core.span import Span
from include.sources.clouds.deye.cloud import CLOUD
from tests.unit.sources.clouds.deye.builders import (
    BERLIN,
    CONTEXT,
    NOON,
    NOON_S,
    SPAN,
    frames,
    landed,
    point,
    readings,
    rows,
    station,
)


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


@pytest.mark.parametrize("name", ["generationPower", "consumptionPower", "batteryPower", "batterySOC", "irradiateIntensity"])
@pytest.mark.parametrize("zero", [-0.0, "-0.0", 0])
def test_zero_of_a_station_has_no_sign(name, zero):
    (row,) = rows(station(**{name: zero}))

    assert math.copysign(1, row.value) == 1


def test_a_station_that_never_sent_anything_says_nothing():
    assert list(CLOUD.parse(station(lastUpdateTime=None, generationPower=None), CONTEXT)) == []


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
