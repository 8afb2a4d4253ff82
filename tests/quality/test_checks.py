import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from include.core.frames import Fault
from include.core.quantities import QUANTITIES
from include.quality import checks
from include.quality.checks import CheckFailed, check, check_all
from include.quality.rules import CHECKED_FEEDS, RULES, rules_of

pytestmark = pytest.mark.gx

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
GOOD = {
    "quantity": "ac_power_kw", "measured_at": NOW - timedelta(hours=1), "value": 5.0, "state": None, "is_known": True,
    "rated_kw": np.nan,
    "has_battery": False,
    "faults": None,
}  # fmt: skip
MONTH = GOOD | {"quantity": "consumption_kwh", "measured_at": datetime(2026, 2, 1, 3, 0, tzinfo=UTC)}
SNAPSHOT = Path(__file__).with_name("suite_snapshot.json")

ROOT = Path(__file__).resolve().parents[2]


def frame_of(*rows):
    table = pd.DataFrame(rows, columns=list(GOOD))
    return pd.DataFrame(
        {
            "row_number": np.arange(1, len(rows) + 1, dtype=np.int32),
            "subject": pd.Categorical(["7"] * len(rows)),
            "quantity": pd.Categorical(table["quantity"]),
            "measured_at": pd.to_datetime(table["measured_at"], utc=True).astype("datetime64[us, UTC]"),
            "value": table["value"].astype("float64"),
            "state": np.array([row["state"] for row in rows], dtype=object),
            "raw": np.full(len(rows), None, dtype=object),
            "faults": pd.Series([row["faults"] for row in rows], dtype=object),
            "is_known": table["is_known"].astype("bool"),
            "rated_kw": table["rated_kw"].astype("float64"),
            "has_battery": table["has_battery"].astype(bool),
        }
    )


KEEPS = [
    ("plant_measurements", GOOD),
    ("plant_measurements", GOOD | {"measured_at": datetime(2000, 1, 1, tzinfo=UTC)}),
    ("plant_measurements", GOOD | {"measured_at": NOW + timedelta(minutes=10)}),
    ("plant_measurements", GOOD | {"value": -100_000.0}),
    ("plant_measurements", GOOD | {"value": 500_000.0}),
    ("sensor_readings", GOOD | {"quantity": "humidity_pct", "value": 100.0}),
    ("telemetry_batches", GOOD | {"quantity": "state", "value": np.nan, "state": "on"}),
    ("plant_measurements", GOOD | {"value": 15.0, "rated_kw": 10.0}),
    ("plant_measurements", GOOD | {"value": -0.00635, "rated_kw": 5.4}),  # NREL SERF East at night
    ("plant_measurements", GOOD | {"value": -0.03912, "rated_kw": 5.6}),  # NREL SERF West at night
    ("plant_measurements", GOOD | {"value": -0.5, "rated_kw": 10.0}),
    ("plant_measurements", GOOD | {"value": -50.0}),
    ("sungrow_devices", GOOD | {"value": -15.0, "rated_kw": 10.0, "has_battery": True}),
    ("huawei_devices", GOOD | {"quantity": "dc_power_kw", "value": -15.0, "rated_kw": 10.0, "has_battery": True}),
    ("deye_plants", GOOD | {"quantity": "battery_power_kw", "value": -50.0, "rated_kw": 10.0}),
    ("plant_measurements", GOOD | {"quantity": "load_power_kw", "value": 5000.0, "rated_kw": 10.0}),
    ("huawei_plants", GOOD | {"quantity": "grid_power_kw", "value": 5000.0, "rated_kw": 10.0}),
    ("consumption", MONTH),
    ("consumption", MONTH | {"measured_at": datetime(2026, 1, 31, 10, 0, tzinfo=UTC)}),  # Kiritimati, +14:00
    ("consumption", MONTH | {"measured_at": datetime(2026, 2, 1, 12, 0, tzinfo=UTC)}),  # Baker Island, -12:00
    ("consumption", MONTH | {"measured_at": datetime(2026, 1, 31, 18, 15, tzinfo=UTC)}),  # Nepal, +05:45
]

TWO_READINGS = Fault("number_unambiguous", "'1,234' is 1234 or 1.234")
TWO_TIMES = Fault("time_unambiguous", "01:30 was twice")
UNKNOWN_UNIT = Fault("unit_known", "unit 'furlong'")
CUT = Fault("row_whole", "the last line is cut")

BREAKS = [
    ("plant_measurements", GOOD | {"faults": (CUT,)}, "row_whole"),
    ("plant_measurements", GOOD | {"measured_at": pd.NaT, "value": np.nan, "is_known": False, "faults": (CUT,)}, "row_whole"),
    ("plant_measurements", GOOD | {"measured_at": pd.NaT, "faults": (TWO_TIMES,)}, "time_unambiguous"),
    ("plant_measurements", GOOD | {"value": np.nan, "faults": (TWO_READINGS,)}, "number_unambiguous"),
    ("telemetry_batches", GOOD | {"quantity": "state", "value": np.nan, "faults": (UNKNOWN_UNIT,)}, "unit_known"),
    ("plant_measurements", GOOD | {"measured_at": pd.NaT}, "time_readable"),
    ("plant_measurements", GOOD | {"measured_at": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)}, "time_plausible"),
    ("plant_measurements", GOOD | {"measured_at": NOW + timedelta(minutes=10, microseconds=1)}, "time_plausible"),
    ("plant_measurements", GOOD | {"is_known": False}, "subject_known"),
    ("plant_measurements", GOOD | {"value": np.nan}, "value_readable"),
    ("plant_measurements", GOOD | {"quantity": None}, "value_readable"),
    ("telemetry_batches", GOOD | {"quantity": "state", "value": 1.0, "state": None}, "value_readable"),
    ("telemetry_batches", GOOD | {"value": np.nan, "state": "on"}, "value_readable"),
    ("plant_measurements", GOOD | {"value": -100_001.0}, "within_physical_limits"),
    ("plant_measurements", GOOD | {"value": np.inf}, "within_physical_limits"),
    ("plant_measurements", GOOD | {"value": 500_001.0, "rated_kw": 10.0}, "within_physical_limits"),
    ("plant_measurements", GOOD | {"value": 15.01, "rated_kw": 10.0}, "power_within_rating"),
    ("plant_measurements", GOOD | {"value": -50.0, "rated_kw": 100.0}, "power_within_rating"),
    ("huawei_devices", GOOD | {"value": -0.501, "rated_kw": 10.0}, "power_within_rating"),
    ("huawei_devices", GOOD | {"quantity": "dc_power_kw", "value": -0.501, "rated_kw": 10.0}, "power_within_rating"),
    ("huawei_devices", GOOD | {"value": -15.01, "rated_kw": 10.0, "has_battery": True}, "power_within_rating"),
    ("deye_plants", GOOD | {"quantity": "dc_power_kw", "value": 5000.0, "rated_kw": 10.0}, "power_within_rating"),
    ("plant_measurements", GOOD | {"value": np.nan, "rated_kw": 10.0}, "value_readable"),
    ("sensor_readings", GOOD | {"quantity": "humidity_pct", "value": 100.01}, "within_physical_limits"),
    ("consumption", MONTH | {"value": -0.01}, "within_physical_limits"),
    ("consumption", MONTH | {"measured_at": datetime(2026, 4, 1, tzinfo=UTC)}, "time_plausible"),
    ("consumption", MONTH | {"measured_at": datetime(2026, 2, 2, tzinfo=UTC)}, "month_is_whole"),
    ("consumption", MONTH | {"measured_at": datetime(2026, 1, 31, 9, 45, tzinfo=UTC)}, "month_is_whole"),
    ("consumption", MONTH | {"measured_at": datetime(2026, 2, 1, 12, 15, tzinfo=UTC)}, "month_is_whole"),
    ("consumption", MONTH | {"measured_at": datetime(2026, 2, 1, 3, 0, 1, tzinfo=UTC)}, "month_is_whole"),
]


@pytest.mark.parametrize(("feed", "row"), KEEPS)
def test_a_reading_that_keeps_every_rule_is_good(feed, row):
    checked = check(frame_of(row), received_at=NOW, feed=feed)

    assert checked.good.tolist() == [True]
    assert checked.counts == {}


@pytest.mark.parametrize(("feed", "row", "rule"), BREAKS)
def test_a_reading_that_breaks_one_rule_is_held_back_for_that_rule_alone(feed, row, rule):
    whole = MONTH if feed == "consumption" else GOOD

    checked = check(frame_of(whole, row), received_at=NOW, feed=feed)

    assert checked.good.tolist() == [True, False]
    assert checked.broken_rules(0) == ()
    assert checked.broken_rules(1) == (rule,)
    assert checked.counts == {rule: 1}


def test_every_rule_of_the_table_has_a_violating_row():
    assert {rule for _, _, rule in BREAKS} == set(RULES)


def test_a_row_names_every_rule_that_it_breaks():
    row = GOOD | {"measured_at": pd.NaT, "value": np.nan, "is_known": False}

    checked = check(frame_of(row), received_at=NOW, feed="plant_measurements")

    assert checked.broken_rules(0) == ("time_readable", "subject_known", "value_readable")


def test_a_fault_of_the_value_explains_no_unreadable_time():
    row = GOOD | {"measured_at": pd.NaT, "value": np.nan, "faults": (TWO_READINGS,)}

    checked = check(frame_of(row), received_at=NOW, feed="plant_measurements")

    assert checked.broken_rules(0) == ("time_readable", "number_unambiguous")


def test_a_row_may_have_several_faults():
    row = GOOD | {"measured_at": pd.NaT, "value": np.nan, "faults": (TWO_READINGS, TWO_TIMES, UNKNOWN_UNIT)}

    checked = check(frame_of(row, GOOD), received_at=NOW, feed="plant_measurements")

    assert checked.broken_rules(0) == ("time_unambiguous", "number_unambiguous", "unit_known")
    assert checked.counts == {"time_unambiguous": 1, "number_unambiguous": 1, "unit_known": 1}


def random_frame(seed, rows):
    dice = np.random.default_rng(seed)
    names = ["ac_power_kw", "humidity_pct", "temp_inverter_c", "voltage_v", "state", "dc_power_kw"]
    quantity = pd.Categorical.from_codes(dice.integers(-1, len(names), rows), names)
    seconds = dice.integers(-3_000, 900, rows)
    instants = pd.Series(pd.Timestamp(NOW) + pd.to_timedelta(seconds, unit="s")).mask(dice.random(rows) < 0.1)
    return pd.DataFrame(
        {
            "row_number": np.arange(1, rows + 1, dtype=np.int32),
            "subject": pd.Categorical(["7"] * rows),
            "quantity": quantity,
            "measured_at": instants.astype("datetime64[us, UTC]"),
            "value": pd.Series(dice.normal(50, 60, rows)).mask(dice.random(rows) < 0.1).astype("float64"),
            "state": np.where(dice.random(rows) < 0.5, "on", None).astype(object),
            "raw": np.full(rows, None, dtype=object),
            "faults": np.full(rows, None, dtype=object),
            "is_known": dice.random(rows) < 0.9,
            "rated_kw": dice.choice([np.nan, 10.0, 50.0], rows),
            "has_battery": dice.random(rows) < 0.5,
        }
    )


def reference_masks(frame):
    """The rules once more, row by row and without Great Expectations."""
    masks = {rule.name: np.zeros(len(frame), dtype=bool) for rule in rules_of("sensor_readings")}
    for place, row in enumerate(frame.itertuples()):
        quantity = QUANTITIES.get(row.quantity) if isinstance(row.quantity, str) else None
        readable = isinstance(row.state, str) if quantity and quantity.kind == "state" else not np.isnan(row.value)
        masks["time_readable"][place] = row.measured_at is pd.NaT
        masks["time_plausible"][place] = row.measured_at is not pd.NaT and row.measured_at > NOW + timedelta(minutes=10)
        masks["subject_known"][place] = not row.is_known
        masks["value_readable"][place] = quantity is None or not readable
        if quantity and quantity.kind != "state" and not np.isnan(row.value):
            masks["within_physical_limits"][place] = not quantity.low <= row.value <= quantity.high
            is_power = quantity.name in ("ac_power_kw", "dc_power_kw")
            least = -1.5 if row.has_battery else -0.05
            held = row.value > 1.5 * row.rated_kw or row.value < least * row.rated_kw
            masks["power_within_rating"][place] = is_power and held
    return masks


@pytest.mark.parametrize("seed", range(8))
def test_the_verdict_equals_a_row_by_row_reference_on_random_frames(seed):
    frame = random_frame(seed, rows=700)
    expected = reference_masks(frame)

    checked = check(frame, received_at=NOW, feed="sensor_readings")

    broken = np.array([checked.broken_rules(place) for place in range(len(frame))], dtype=object)
    for rule, mask in expected.items():
        assert [rule in names for names in broken] == mask.tolist(), rule
        assert checked.counts.get(rule, 0) == mask.sum()
    assert checked.good.tolist() == (~np.logical_or.reduce(list(expected.values()))).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_many_frames_checked_together_are_judged_as_each_alone_at_its_own_receipt(seed):
    frames = [random_frame(100 * seed + number, rows=number) for number in (0, 1, 2, 40, 7)]
    received_at = [NOW + timedelta(minutes=minutes) for minutes in (0, -300, 480, -20, 7)]
    feeds = ["huawei_plants", "huawei_devices", "sensor_readings", "deye_devices", "huawei_plants"]
    alone = [check(frame, received_at=at, feed=feed) for frame, at, feed in zip(frames, received_at, feeds, strict=True)]

    together = check_all(frames, received_at=received_at, feeds=feeds)

    assert [one.broken_bits.tolist() for one in together] == [one.broken_bits.tolist() for one in alone]
    assert [one.counts for one in together] == [one.counts for one in alone]
    assert [one.report for one in together] == [one.report for one in alone]


def test_of_frames_with_other_quantities_each_is_judged_by_its_own_limits():
    frames = [frame_of(GOOD | {"quantity": name, "value": 150.0}) for name in ("ac_power_kw", "humidity_pct", "ac_power_kw")]

    together = check_all(frames, received_at=[NOW] * 3, feeds=["sensor_readings"] * 3)

    assert [one.counts for one in together] == [{}, {"within_physical_limits": 1}, {}]


def test_many_frames_take_one_pass(monkeypatch):
    judge, passes = checks.positions_that_break, []
    monkeypatch.setattr(checks, "positions_that_break", lambda suite, frame: passes.append(len(frame)) or judge(suite, frame))
    frames = [frame_of(GOOD | {"value": float("nan") if number == 3 else 1.0}) for number in range(5)]

    together = check_all(
        frames, received_at=[NOW + timedelta(hours=number) for number in range(5)], feeds=["sensor_readings"] * 5
    )

    assert passes == [5]
    assert [one.good.tolist() for one in together] == [[True], [True], [True], [False], [True]]


def test_feeds_with_different_rules_are_not_judged_together():
    with pytest.raises(ValueError, match="different rules"):
        check_all([frame_of(GOOD), frame_of(GOOD)], received_at=[NOW, NOW], feeds=["sensor_readings", "consumption"])


def test_no_frames_are_judged_without_a_pass():
    assert check_all([], received_at=[], feeds=[]) == []


def test_more_broken_rows_than_great_expectations_samples_are_all_found():
    rows = 5_000
    frame = pd.concat([frame_of(GOOD | {"value": np.nan})] * rows, ignore_index=True)

    checked = check(frame, received_at=NOW, feed="plant_measurements")

    assert checked.counts == {"value_readable": rows}
    assert not checked.good.any()


def test_an_empty_frame_is_good_as_a_whole():
    checked = check(frame_of(GOOD).iloc[:0].reset_index(drop=True), received_at=NOW, feed="plant_measurements")

    assert checked.good.tolist() == []
    assert checked.suite == "readings__plant_measurements__v4"


def test_the_report_is_json_and_tells_limits_reasons_and_rows():
    frame = frame_of(GOOD, GOOD | {"value": 1e9}, GOOD | {"value": 2e9})

    report = json.loads(json.dumps(check(frame, received_at=NOW, feed="plant_measurements").report))

    assert report["rows"] == 3
    assert report["good"] == 1
    assert report["limits"] == {"ac_power_kw": [-100_000.0, 500_000.0]}
    assert report["broken"] == {
        "within_physical_limits": {
            "rows": 2,
            "per_quantity": {"ac_power_kw": 2},
            "reasons": ["within_physical_limits: ac_power_kw must lie between -100,000 and 500,000 kW"],
            "first_row_numbers": [2, 3],
        }
    }


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda frame: frame.drop(columns="is_known"), "is_known"),
        (lambda frame: frame.assign(value=["5.0"]), "'value'"),
        (lambda frame: frame.assign(measured_at=frame["measured_at"].dt.tz_localize(None)), "'measured_at'"),
        (lambda frame: frame.set_index(pd.Index([4])), "RangeIndex"),
        (lambda frame: frame.assign(quantity=pd.Categorical(["luck"])), "luck"),
    ],
)
def test_a_frame_that_breaks_the_contract_is_our_fault_and_raises(broken, words):
    frame = broken(frame_of(GOOD))

    with pytest.raises(ValueError, match=words):
        check(frame, received_at=NOW, feed="plant_measurements")


def test_a_naive_moment_of_receipt_raises():
    with pytest.raises(ValueError, match="no time zone"):
        check(frame_of(GOOD), received_at=datetime(2026, 3, 10, 12), feed="plant_measurements")


def test_an_exception_inside_great_expectations_fails_loudly_and_is_not_bad_data(monkeypatch):
    check(frame_of(GOOD), received_at=NOW, feed="plant_measurements")

    def explode(*_, **__):
        raise ZeroDivisionError("the engine is on fire")

    monkeypatch.setattr("include.quality.expectations.np", SimpleNamespace(array=explode, isnan=np.isnan, inf=np.inf))
    frame = frame_of(GOOD)

    with pytest.raises(CheckFailed, match=r"could not judge within_physical_limits.*the engine is on fire"):
        check(frame, received_at=NOW, feed="plant_measurements")


def test_a_rule_that_the_suite_does_not_answer_fails_loudly(monkeypatch):
    monkeypatch.setattr(checks, "_broken_positions", lambda *_: {"time_readable": np.array([], dtype=np.int64)})

    with pytest.raises(CheckFailed, match="subject_known"):
        check(frame_of(GOOD), received_at=NOW, feed="plant_measurements")


def test_a_check_says_nothing_on_stdout_stderr_or_in_the_log(capfd, caplog):
    with caplog.at_level(logging.INFO):
        check(frame_of(GOOD, GOOD | {"value": np.nan}), received_at=NOW, feed="plant_measurements")

    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_great_expectations_is_not_imported_before_the_first_check():
    code = "import sys, include.quality.checks, include.quality.rules; sys.exit('great_expectations' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", code], check=False)

    assert finished.returncode == 0


def test_preload_tells_how_much_cpu_it_took():
    assert checks.preload() < 60


KILLED_WHILE_CHECKING = """
import os, signal
from include.quality.checks import preload
preload()
from tqdm.auto import tqdm
ready, told = os.pipe()
child = os.fork()
if child == 0:
    tqdm.get_lock().acquire()
    os.write(told, b"x")
    signal.pause()
os.read(ready, 1)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
preload()
print("checked again")
"""


def test_a_task_that_is_killed_within_a_check_does_not_stop_the_checks_of_others():
    result = subprocess.run([sys.executable, "-c", KILLED_WHILE_CHECKING], cwd=ROOT, capture_output=True, text=True)

    assert result.stdout.strip() == "checked again", result.stderr[-2000:]


def test_where_no_power_has_a_rating_the_rule_is_not_asked_and_nothing_breaks_it(monkeypatch):
    from include.quality import suites

    really_build, asked = suites.build_suite, []
    monkeypatch.setattr(suites, "build_suite", lambda *of, **more: asked.append(more["is_rated"]) or really_build(*of, **more))
    checks._suite.cache_clear()

    found = [
        check(frame_of(GOOD | row), received_at=NOW, feed="plant_measurements")
        for row in ({}, {"rated_kw": 9.0}, {"quantity": "voltage_v", "rated_kw": 1.0, "value": 230.0})
    ]

    assert asked == [False, True, False]
    assert [one.counts for one in found] == [{}, {}, {}]
    assert "power_within_rating" in found[0].rules


@pytest.mark.parametrize("feed", CHECKED_FEEDS)
def test_a_suite_is_built_for_every_feed_and_each_expectation_names_its_rule(feed):
    from include.quality.suites import build_suite

    suite = build_suite(feed, tuple(QUANTITIES))

    assert "." not in suite.name
    assert suite.name == checks.check(frame_of(GOOD)[:0], received_at=NOW, feed=feed).suite
    assert [one.meta["rule"] for one in suite.expectations] == [rule.name for rule in rules_of(feed)]


def test_the_suites_are_those_of_the_snapshot():
    """A changed rule or limit shows in review.

    After a meant change raise SUITE_VERSION and write the snapshot anew with `python tests/quality/write_suite_snapshot.py`.
    """
    from include.quality.suites import build_suite

    current = {feed: plain(build_suite(feed, tuple(QUANTITIES))) for feed in CHECKED_FEEDS}

    assert current == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def plain(suite):
    config = suite.to_json_dict()
    expectations = [{key: one[key] for key in ("type", "kwargs", "meta")} for one in config["expectations"]]
    return {"name": config["name"], "expectations": expectations}
