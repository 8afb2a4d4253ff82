"""Alarms from the answers of days: when they open, how bad they are, when they close, and that one cause is one alarm."""

from datetime import date, timedelta

import pytest

from include.analysis.alarms import InverterAlarm, find_alarms

FIRST = date(2026, 2, 1)
NORMAL = {
    "verdict": "normal",
    "reason": None,
    "compared_kwh": 100.0,
    "expected_kwh": 100.0,
    "zero_s": 0.0,
    "stale_s": 0.0,
    "night_s": 0.0,
}
WORDS = {
    ".": {},
    "s": {"verdict": "slightly low", "compared_kwh": 94.0},
    "l": {"verdict": "low", "compared_kwh": 85.0},
    "v": {"verdict": "very low", "compared_kwh": 30.0},
    "z": {"verdict": "zero", "compared_kwh": 0.0, "zero_s": 36_000.0},
    "p": {"zero_s": 3 * 3600.0, "verdict": "very low", "compared_kwh": 60.0},
    "t": {"stale_s": 4 * 3600.0, "verdict": "very low", "compared_kwh": 60.0},
    "n": {"night_s": 3 * 3600.0},
    "?": {"verdict": "not compared", "reason": "not measured", "compared_kwh": None, "expected_kwh": None},
    "d": {"verdict": "not compared", "reason": "too little energy", "expected_kwh": None},
    "o": {"verdict": "not compared", "reason": "no power at all", "expected_kwh": None, "compared_kwh": 0.0},
    "O": {"verdict": "not compared", "reason": "no power at all", "expected_kwh": None, "compared_kwh": 0.0, "zero_s": 9_000.0},
}


def rows(*lives: str) -> list[dict]:
    """One row per inverter (1, 2, ...) and day; a letter says how the day was."""
    return [
        {"device_id": number, "local_date": FIRST + timedelta(days=day), **NORMAL, **WORDS[letter]}
        for number, life in enumerate(lives, start=1)
        for day, letter in enumerate(life)
    ]


def found(*lives: str, running: int = 99) -> list[tuple]:
    """(device, code, severity, first day, last day) with days counted from 0."""
    alarms = find_alarms(rows(*lives), {}, running_day=FIRST + timedelta(days=running))
    return [
        (a.device_id, a.code, a.severity, (a.first_day - FIRST).days, a.last_day and (a.last_day - FIRST).days) for a in alarms
    ]


GOOD = "." * 12


@pytest.mark.parametrize(
    ("life", "alarm"),
    [
        ("....l.......", []),
        ("....ll......", [(1, "low", "major", 4, 5)]),
        ("....v.......", [(1, "low", "major", 4, 4)]),
        ("....s.s.....", []),
        ("....ss......", []),
        ("....sss.....", [(1, "low", "minor", 4, 6)]),
        ("....ll.ll...", [(1, "low", "major", 4, 8)]),
        ("....ll..ll..", [(1, "low", "major", 4, 5), (1, "low", "major", 8, 9)]),
        ("....ll?dd?..", [(1, "low", "major", 4, 5)]),
        ("....l?dl....", [(1, "low", "major", 4, 7)]),
        (".........vvv", [(1, "low", "major", 9, None)]),
        ("....zz......", [(1, "zero", "major", 4, 5)]),
        ("....p.......", [(1, "zero", "major", 4, 4)]),
        ("....t.......", [(1, "stale", "minor", 4, 4)]),
        ("....n.......", [(1, "night power", "minor", 4, 4)]),
        ("????????????", []),
    ],
)
def test_an_alarm_of_an_inverter(life, alarm):
    assert found(life, GOOD, GOOD) == alarm


def test_what_holds_for_most_inverters_is_one_alarm_of_the_plant():
    assert found("..t..", "..t..", "..t..") == [(None, "stale", "minor", 2, 2)]
    assert found("..n..", "..n..", ".....") == [(None, "clock shift", "major", 2, 2)]
    assert found("..o..", "..o..", "..o..") == [(None, "outage", "critical", 2, 2)]
    # One of them stood still while the others had next to nothing: the same outage.
    assert found("..O..", "..o..", "..o..") == [(None, "outage", "critical", 2, 2)]
    assert found("..zO.", "...o.", "...o.") == [(1, "zero", "major", 2, 2), (None, "outage", "critical", 3, 3)]


def test_a_dead_inverter_is_dead_and_not_also_low_or_stuck():
    assert [code for _, code, *_ in found("..zzz", ".....", ".....")] == ["zero"]


def test_a_day_that_still_runs_makes_nothing_low_yet_and_closes_nothing_as_low_but_shows_who_is_dead():
    assert found("....v", ".....", running=4) == []
    assert found("....z", ".....", running=4) == [(1, "zero", "major", 4, None)]


def test_the_loss_is_that_of_all_its_days():
    (alarm,) = find_alarms(rows("...ll.vs..", "." * 10), {}, running_day=date(2027, 1, 1))

    days = tuple((FIRST + timedelta(number), kwh) for number, kwh in ((3, 15), (4, 15), (5, 0), (6, 70), (7, 6)))
    assert alarm == InverterAlarm(1, "low", "major", FIRST + timedelta(3), FIRST + timedelta(7), 15 + 15 + 0 + 70 + 6, days)


def test_a_counter_that_misbehaves_on_three_days_is_told_once():
    counter_days = {1: [FIRST, FIRST + timedelta(2), FIRST + timedelta(4)], 2: [FIRST + timedelta(7)]}

    alarms = find_alarms(rows("." * 12, "." * 12), counter_days, running_day=date(2027, 1, 1))

    assert [(a.device_id, a.code, a.severity, a.first_day, a.last_day) for a in alarms] == [
        (1, "counter", "notice", FIRST, FIRST + timedelta(4))
    ]
