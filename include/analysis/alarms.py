"""Alarms that follow from the days of plants and inverters. Pure: rows of mart.inverter_day, or of plants' days, in, alarms out.

An alarm has one cause: of an inverter that is stuck it is not also said that it is low, and what holds for most inverters of a
plant at once, or an outage of all, is one alarm of the plant. It closes by itself, low only after two good days; days that tell
nothing neither open nor close it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from include.analysis.ceiling import ceiling_level

NAMES: Final = {
    "outage": "No inverter of the plant has power",
    "zero": "No power while the others work",
    "low": "Low beside its peers",
    "stale": "Power does not move",
    "night power": "Power at night",
    "clock shift": "Most inverters have power at night: their clock is wrong",
    "offline": "No readings in daylight",
    "counter": "Its energy counter misbehaves day after day",
    "above clear sky": "More energy than a sky without clouds allows: energy, capacity or plane of the modules is wrong",
}
"""Every code of an alarm of our own, and what it says."""
CEILING: Final = "above clear sky"
FROM_INVERTERS: Final = tuple(code for code in NAMES if code not in {CEILING, "offline"})
"""Codes that `find_alarms` finds; `CEILING` is found by `find_ceiling_alarms`, silence is no matter of days."""

CONTEXT_DAYS: Final = 7
"""Alarms of a day may rest on so many days before it."""

_NOTABLE_S: Final = 7200.0
_LEVELS: Final = {"slightly low": 1, "low": 2, "very low": 3}
_SEVERITY: Final = {
    "outage": "critical",
    "zero": "major",
    "stale": "minor",
    "night power": "minor",
    "clock shift": "major",
    "counter": "notice",
    CEILING: "major",
}
_QUIET_DAYS: Final = {"low": 2, "counter": 3, CEILING: 2}
"""Good days that end an alarm; of the other codes one does."""
_PERSISTENT: Final = {"low": {1: 3, 2: 2, 3: 1}, CEILING: {1: 2, 2: 1}}
"""How many known days on end each level must hold before it is an alarm."""


@dataclass(frozen=True, slots=True)
class InverterAlarm:
    """An alarm as the readings show it, of an inverter or (`device_id` None) of the plant; days are local, both included.

    `last_day` is the last bad day of an alarm that has closed, None while it is open; `lost_kwh` is what the inverter should have
    made more on its days, None where nothing tells; `lost_days` are those days.
    """

    device_id: int | None
    code: str
    severity: str
    first_day: date
    last_day: date | None
    lost_kwh: float | None
    lost_days: tuple[tuple[date, float], ...] = ()


class _Day(NamedTuple):
    """What a day says of one code: a level above 0 is bad, 0 is good, None is unknown."""

    local_date: date
    level: int | None
    lost_kwh: float | None


def find_alarms(
    rows: Sequence[Mapping[str, Any]],
    counter_days: Mapping[int, Sequence[date]],
    *,
    running_day: date,
    gone: Collection[int] = (),
) -> list[InverterAlarm]:
    """The alarms of one plant over the days of its rows.

    Args:
        rows: Of mart.inverter_day, of all its inverters.
        counter_days: Days with resets or held-back increases of the counters of each device.
        running_day: The day that has not ended: nothing on it is called low yet.
        gone: Inverters that are there no longer: their alarms have ended with them.
    """
    of_code: dict[tuple[int | None, str], list[_Day]] = defaultdict(list)
    for local_date, of_day in groupby(sorted(rows, key=itemgetter("local_date", "device_id")), itemgetter("local_date")):
        for device_id, code, level, lost_kwh in _levels(list(of_day), is_running=local_date >= running_day):
            # Good days before the first bad one say nothing, nor do unknown ones: most inverters have none else.
            if level or (level == 0 and (device_id, code) in of_code):
                of_code[device_id, code].append(_Day(local_date, level, lost_kwh))
    for device_id, bad in counter_days.items():
        known = sorted({row["local_date"] for row in rows if row["device_id"] == device_id})
        of_code[device_id, "counter"] = [_Day(day, int(day in bad), None) for day in known]
    found = [
        alarm
        for (device_id, code), days in of_code.items()
        for alarm in _episodes(device_id, code, days, is_over=device_id in gone)
    ]
    return sorted(found, key=lambda alarm: (alarm.first_day, alarm.code, alarm.device_id or 0))


def find_ceiling_alarms(rows: Sequence[Mapping[str, Any]], *, running_day: date) -> list[InverterAlarm]:
    """Alarms of one plant whose energy lies above its clear-sky ceiling; rows by day with what `ceiling_level` wants."""
    days = [_Day(row["local_date"], ceiling_level(row), None) for row in rows if row["local_date"] < running_day]
    return list(_episodes(None, CEILING, days))


def _levels(rows: Sequence[Mapping[str, Any]], *, is_running: bool) -> Iterator[tuple[int | None, str, int | None, float | None]]:
    """Of one day (device, code, level, lost energy); the plant's own codes, too."""
    measured = [row for row in rows if row["reason"] != "not measured"]
    stale, night = ([row for row in rows if row[name] >= _NOTABLE_S] for name in ("stale_s", "night_s"))
    is_outage = any(row["reason"] == "no power at all" for row in rows)
    whole = {"stale": _holds_for_most(stale, rows), "clock shift": _holds_for_most(night, rows)}
    yield None, "outage", None if is_running or not measured else int(is_outage), None
    yield None, "stale", int(whole["stale"]) if measured else None, None
    yield None, "clock shift", int(whole["clock shift"]) if measured else None, None
    for row in rows:
        device_id, lost_kwh = row["device_id"], _lost_kwh(row)
        is_stale, is_zero = row in stale, row["verdict"] == "zero" or row["zero_s"] >= _NOTABLE_S
        known = row["reason"] != "not measured" or row["zero_s"] > 0 or row["stale_s"] > 0
        yield device_id, "stale", int(is_stale and not whole["stale"]) if known else None, None
        yield device_id, "night power", int(row in night and not whole["clock shift"]) if known else None, None
        yield device_id, "zero", int(is_zero) if known and not (is_stale or is_outage) else None, lost_kwh
        is_compared = row["verdict"] != "not compared" and not (is_zero or is_stale or is_running)
        yield device_id, "low", _LEVELS.get(row["verdict"], 0) if is_compared else None, lost_kwh


def _holds_for_most(some: Sequence[object], rows: Sequence[object]) -> bool:
    return len(rows) > 1 and 2 * len(some) > len(rows)


def _lost_kwh(row: Mapping[str, Any]) -> float | None:
    return None if row["expected_kwh"] is None else max(0.0, row["expected_kwh"] - row["compared_kwh"])


def _episodes(device_id: int | None, code: str, days: Sequence[_Day], *, is_over: bool = False) -> Iterator[InverterAlarm]:
    """Runs of bad days that last long enough; good days that are too few to end one belong to it, unknown ones do not count.

    The last one is open but of a device that is gone (`is_over`).
    """
    run: list[_Day] = []
    quiet: list[_Day] = []
    for day in days:
        if day.level:
            run, quiet = [*run, *quiet, day], []
        elif day.level == 0 and run:
            quiet.append(day)
            if len(quiet) >= _QUIET_DAYS.get(code, 1) or (code in _PERSISTENT and not _is_alarm(code, run)):
                yield from _alarm(device_id, code, run, is_open=False)
                run, quiet = [], []
    yield from _alarm(device_id, code, run, is_open=not is_over)


def _alarm(device_id: int | None, code: str, run: Sequence[_Day], *, is_open: bool) -> Iterator[InverterAlarm]:
    if _is_alarm(code, run):
        lost = tuple((day.local_date, day.lost_kwh) for day in run if day.lost_kwh is not None)
        lost_kwh = sum(kwh for _, kwh in lost) if lost else None
        last_day = None if is_open else run[-1].local_date
        yield InverterAlarm(device_id, code, _severity(code, run), run[0].local_date, last_day, lost_kwh, lost)


def _is_alarm(code: str, run: Sequence[_Day]) -> bool:
    if code in _PERSISTENT:
        return _worst(code, run) > 0
    if code == "counter":
        return sum(day.level or 0 for day in run) >= 3
    return bool(run)


def _severity(code: str, run: Sequence[_Day]) -> str:
    if code == "low":
        return "major" if _worst(code, run) > 1 else "minor"
    return _SEVERITY[code]


def _worst(code: str, run: Sequence[_Day]) -> int:
    """The highest level that holds for as many days on end as it must; 0 where none does."""
    held = (
        level
        for level, needed in _PERSISTENT[code].items()
        for is_bad, group in groupby(run, lambda day, level=level: (day.level or 0) >= level)  # type: ignore[misc]
        if is_bad and len(list(group)) >= needed
    )
    return max(held, default=0)
