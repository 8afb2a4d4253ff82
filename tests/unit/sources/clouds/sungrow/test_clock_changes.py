"""Local times of days on which clocks change: each instant is the true one, or held back with the rule that says why."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.core.frames import Fault
from include.core.pulls import Request
from include.core.span import Span
from include.sources.clouds.sungrow.cloud import CLOUD
from include.sources.formats.context import ParseContext
from tests.unit.sources.clouds.sungrow.builders import answer, frame_of

KEY, PLANT = "7_1_1_1", "7"
CHANGES = [
    pytest.param("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC), 48, id="New York, an hour at one"),
    pytest.param("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC), 48, id="Berlin, an hour at two"),
    pytest.param("Australia/Lord_Howe", datetime(2026, 4, 4, 13, tzinfo=UTC), 42, id="Lord Howe, half an hour"),
    pytest.param("Atlantic/Azores", datetime(2026, 10, 25, 0, tzinfo=UTC), 48, id="Azores, an hour at midnight"),
]
"""A zone, the true instant at which the window from midnight to three begins, and its five-minute steps."""

BERLIN, BERLINS_MIDNIGHT = CHANGES[1].values[:2]


def zoned(name: str, received_at: datetime | None = None) -> ParseContext:
    zone = ZoneInfo(name)
    latest = received_at and received_at + timedelta(minutes=10)
    return ParseContext(ZoneInfo("UTC"), "answer", zones={PLANT: zone}, received_at=received_at, latest=latest)


def stamps(name: str, instants: list[datetime]) -> list[str]:
    return [instant.astimezone(ZoneInfo(name)).strftime("%Y%m%d%H%M%S") for instant in instants]


def window(name: str, start: datetime, rows: list[dict], *, hours: float = 4) -> bytes:
    """A landed history of the window from local midnight to three."""
    day = f"{start.astimezone(ZoneInfo(name)):%Y%m%d}"
    body = {"start_time_stamp": f"{day}000000", "end_time_stamp": f"{day}025500"}
    span = Span(start, start + timedelta(hours=hours))
    return answer(Request("getDevicePointMinuteDataList", body, "devices", span, (KEY,)), {KEY: rows})


def every_five_minutes(start: datetime, steps: int) -> list[datetime]:
    return [start + timedelta(minutes=5 * step) for step in range(steps)]


def moment(stamp: str, *, kind: str = "devices") -> bytes:
    row = {"ps_key": KEY, "ps_id": 7, "device_time": stamp, "p24": "1000", "p83033": "1000", "p83118": "7000"}
    if kind == "plants":
        row["ps_key"] = "7_11_0_0"
    request = Request("getDeviceRealTimeData", {}, kind, None, (PLANT if kind == "plants" else KEY,))
    return answer(request, {"device_point_list": [{"device_point": row}]})


def at(frame) -> list[datetime | None]:
    return [None if instant is None else instant.to_pydatetime() for instant in frame.measured_at.astype(object).where(
        frame.measured_at.notna(), None
    )]  # fmt: skip


@pytest.mark.parametrize(("name", "start", "steps"), CHANGES)
def test_a_history_that_runs_through_the_repeated_hour_has_every_true_instant(name, start, steps):
    true = every_five_minutes(start, steps)
    rows = [{"time_stamp": stamp, "p24": str(1000 + step)} for step, stamp in enumerate(stamps(name, true))]

    frame = frame_of(window(name, start, rows), context=zoned(name))

    assert dict(zip(at(frame), frame.value, strict=True)) == {
        instant: pytest.approx(1 + step / 1000) for step, instant in enumerate(true)
    }


@pytest.mark.parametrize(("name", "start", "steps"), CHANGES)
def test_a_history_sorted_by_local_time_with_each_time_twice_has_every_true_instant(name, start, steps):
    true = every_five_minutes(start, steps)
    rows = sorted(({"time_stamp": stamp, "p24": "1000"} for stamp in stamps(name, true)), key=lambda row: row["time_stamp"])

    assert sorted(at(frame_of(window(name, start, rows), context=zoned(name)))) == true


def test_states_change_in_the_order_of_true_time():
    true = every_five_minutes(BERLINS_MIDNIGHT, 48)
    codes = ["64"] * 26 + ["128"] * 12 + ["64"] * 10  # from the middle of the first pass to that of the second
    rows = [{"time_stamp": stamp, "p29": code} for stamp, code in zip(stamps(BERLIN, true), codes, strict=True)]

    frame = frame_of(window(BERLIN, BERLINS_MIDNIGHT, rows), context=zoned(BERLIN))

    told = [(true[0], "on grid"), (true[26], "derated"), (true[38], "on grid")]
    assert list(zip(at(frame), frame.state, strict=True)) == told


@pytest.mark.parametrize(
    ("doubled", "held_back"),
    [(lambda step: step % 5 == 0, 0), (lambda step: True, 0), (lambda step: step == 30, 12)],
    ids=["each fifth row", "each row", "one row of the repeated hour, which might be of either pass"],
)
def test_rows_that_come_twice_do_not_hide_the_order(doubled, held_back):
    true = every_five_minutes(BERLINS_MIDNIGHT, 48)
    rows = [{"time_stamp": stamp, "p24": "1000"} for stamp in stamps(BERLIN, true)]
    rows = [row for step, row in enumerate(rows) for _ in range(2 if doubled(step) else 1)]

    found = at(frame_of(window(BERLIN, BERLINS_MIDNIGHT, rows), context=zoned(BERLIN)))

    if held_back:
        assert sorted({one for one in found if one}) == [*true[:24]]
    else:
        assert sorted(set(found)) == true


def test_of_a_repeated_hour_that_comes_once_nothing_is_guessed():
    true = every_five_minutes(BERLINS_MIDNIGHT, 36)  # the vendor keeps one of the two passes
    rows = [{"time_stamp": stamp, "p24": "1000"} for stamp in stamps(BERLIN, true)]

    frame = frame_of(window(BERLIN, BERLINS_MIDNIGHT, rows), context=zoned(BERLIN))

    held_back = frame[frame.measured_at.isna()]
    assert at(frame[frame.measured_at.notna()]) == true[:24]
    why = "ambiguous local time 2026-10-25 02:00:00: clocks were set back (Europe/Berlin) and nothing tells which it is"
    assert held_back.faults.tolist()[0] == (Fault("time_unambiguous", why),)
    assert len(held_back) == 12
    assert json.loads(held_back.raw.tolist()[0]) == {"time_stamp": "20261025020000", "p24": "1000"}


@pytest.mark.parametrize(
    ("received", "measured"),
    [
        pytest.param("00:31", "00:30", id="in the first pass"),
        pytest.param("01:31", "01:30", id="in the second"),
        pytest.param("01:10", "00:30", id="the second is still to come"),
        pytest.param("01:55", None, id="it stands still, and either may be meant"),
        pytest.param("00:10", None, id="a clock that is ahead"),
    ],
)
def test_a_snapshot_in_the_repeated_hour_is_of_the_pass_in_which_it_was_received(received, measured):
    received_at = datetime.fromisoformat(f"2026-10-25T{received}:00+00:00")

    frame = frame_of(moment("20261025023000"), context=zoned(BERLIN, received_at))

    expected = [None] if measured is None else [datetime.fromisoformat(f"2026-10-25T{measured}:00+00:00")]
    assert at(frame) == expected
    assert [bool(faults) for faults in frame.faults] == [measured is None]


def test_amounts_of_the_day_do_not_need_to_know_the_pass():
    received_at = datetime(2026, 10, 25, 1, 55, tzinfo=UTC)

    frame = frame_of(moment("20261025023000", kind="plants"), context=zoned(BERLIN, received_at))

    assert dict(zip(frame.quantity, at(frame), strict=True)) == {"ac_power_kw": None, "load_day_kwh": BERLINS_MIDNIGHT}


def test_an_hour_that_clocks_skip_is_no_hour_of_a_history_or_a_snapshot():
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    rows = [{"time_stamp": stamp, "p24": "1000"} for stamp in ("20260329015500", "20260329023000", "20260329030000")]

    assert at(frame_of(window(BERLIN, start, rows), context=zoned(BERLIN))) == [datetime(2026, 3, 29, 0, 55, tzinfo=UTC), None]
    assert at(frame_of(moment("20260329023000"), context=zoned(BERLIN, start + timedelta(hours=2)))) == [None]


def test_an_alarm_does_not_end_before_it_began():
    row = {"fault_code": "f1", "ps_id": 7, "create_time": "2026-10-25 02:50:00", "over_time": "2026-10-25 02:10:00"}
    request = Request("getFaultAlarmInfo", {}, "alarms", None, (PLANT,))

    (alarm,) = CLOUD.parse_alarms(answer(request, {"rowCount": 1, "pageList": [row]}), zoned(BERLIN)).alarms

    assert (alarm.raised_at, alarm.cleared_at) == (
        datetime(2026, 10, 25, 0, 50, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
    )


def test_a_plant_with_a_fixed_offset_has_no_repeated_hour():
    context = replace(zoned("Etc/GMT-1"), received_at=datetime(2026, 10, 25, 1, 55, tzinfo=UTC))

    assert at(frame_of(moment("20261025023000"), context=context)) == [datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
