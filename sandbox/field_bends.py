"""Bends answers as it was seen in the field: late uploads, values that stand still, counters that stumble, refused members.

Answers are changed in place; what a bend does not find in an answer it leaves alone.
"""

from calendar import isleap, monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox.answer_shapes import Answer, Cell, cells, instant_of, row_lists, shift
from sandbox.calls import LISTS_OF_PLANTS, Call
from sandbox.fault_replies import (
    GROWATT_KEPT_BACK,
    Reply,
    deye_error,
    growatt_error,
    huawei_error,
    in_own_words,
    json_reply,
    problem,
    sungrow_error,
)
from sandbox.fleet import Inverter, Plant

_SILENCE = timedelta(hours=3)
_LOST = {"inverter_state": 45056.0, "run_state": 0, "deviceState": 3, "dev_status": 0}
_GROUPS = (
    "devIds", "stationCodes", "ps_key_list", "ps_id_list", "deviceList", "stationIds", "deviceSn", "stationId", "siteId",
    "device_sn", "max_sn", "tlx_sn",
)  # fmt: skip
_LENGTHS = {"QUARTER_HOUR": timedelta(minutes=15), "HOUR": timedelta(hours=1), "DAY": timedelta(days=1)}
_TODAY = ("day_power", "today_energy")
_ZERO_AT = range(6 * 60, 6 * 60 + 20)
_LOWER_AT = range(60, 60 + 15)
_YESTERDAYS_UNTIL = timedelta(hours=2)


def plant_of(call: Call, owner: str) -> Plant | None:
    """The plant of a reading's owner, or the one that the call is about."""
    if (inverter := call.sunshine.find_inverter(owner)) is not None:
        return call.sunshine.plant_of(inverter)
    keys = (owner, owner.partition("_")[0], str(call.body.get("stationId")))
    return next((plant for key in keys if (plant := call.sunshine.find_plant(key))), None)


def inverters_of(call: Call, owner: str) -> tuple[Inverter, ...]:
    """The inverters whose readings an owner's are: one, or those of a plant."""
    if (inverter := call.sunshine.find_inverter(owner)) is not None:
        return (inverter,)
    plant = plant_of(call, owner)
    return plant.inverters if plant else ()


def told_late(delay: timedelta) -> Callable[[Call, Answer], None]:
    """Nothing younger than `delay` has been uploaded: its rows are missing, and what is told of now is null."""

    def bend(call: Call, answer: Answer) -> None:
        until = call.now - delay
        late = [cell for cell in cells(call, answer) if (ended := _end(call, cell)) is None or ended > until]
        is_list = call.interface in LISTS_OF_PLANTS  # its rows are plants, whatever power stands beside their names
        for cell in late:
            cell.put(None)
            if not is_list and _end(call, cell) is None:
                cell.holder.update(dict.fromkeys(cell.holder))
        if is_list or call.vendor == "solaredge":  # its buckets stay, without a value
            return
        rows_of_late = {id(cell.row) for cell in late}
        for rows in list(row_lists(call, answer)):
            rows[:] = [row for row in rows if id(row) not in rows_of_late]

    return bend


def stale_realtime(call: Call, answer: Answer) -> None:
    """Contact to the devices was lost three hours ago: they are told as lost, with the power that they had then."""
    then = call.now - _SILENCE
    found = cells(call, answer)
    for cell in found:
        if cell.measure == "power":
            cell.put(_power_kw(call, cell.owner, then) * (1.0 if call.vendor == "huawei" else 1000.0))
        for row in (cell.holder, cell.row):
            row.update({name: _LOST[name] for name in row.keys() & _LOST.keys()})
    for row in {id(cell.row): cell.row for cell in found}.values():
        shift(call, row, -_SILENCE)


def yesterdays_total(call: Call, answer: Answer) -> None:
    """Until two o'clock totals of the day are still yesterday's, those of plants and of now too."""
    unit = 1000.0 if call.vendor == "sungrow" else 1.0
    for cell in cells(call, answer):
        plant = plant_of(call, cell.owner)
        if plant is None or not (cell.measure == "day_energy" or cell.key in _TODAY):
            continue
        at = _local(call, cell) or call.now.astimezone(plant.zone())
        if at - at.replace(hour=0, minute=0, second=0, microsecond=0) < _YESTERDAYS_UNTIL:
            yesterday = at.date() - timedelta(days=1)
            cell.put(unit * sum(call.sunshine.energy_kwh(own, yesterday) for own in inverters_of(call, cell.owner)))


def falling_after_sunset(call: Call, answer: Answer) -> None:
    """After an inverter's last power its yield of the day falls by 2 % an hour, as where a battery feeds the house."""
    for cell in cells(call, answer):
        at, value = _local(call, cell), cell.value()
        if at is None or value is None or cell.measure != "day_energy":
            continue
        ended = [_last_power(call, own, at) for own in inverters_of(call, cell.owner)]
        known = [end for end in ended if end is not None]
        if known and at > max(known):
            cell.put(value * (1.0 - 0.02 * ((at - max(known)) / timedelta(hours=1))))


def zero_at_dawn(call: Call, answer: Answer) -> None:
    """The lifetime counter is zero from 06:00 to 06:15."""
    _bend_totals(call, answer, _ZERO_AT, lambda value: 0.0)


def lower_at_night(call: Call, answer: Answer) -> None:
    """The lifetime counter is restored 0.1 kWh too low, from 01:00 to 01:10."""
    unit = 1000.0 if call.vendor == "sungrow" else 1.0
    _bend_totals(call, answer, _LOWER_AT, lambda value: value - 0.1 * unit)


def one_bad_member(call: Call, hits: int) -> Reply | None:
    """The refusal of a call that names the first plant's first inverter; at SolarEdge, the first plant."""
    return _NO_SUCH_MEMBER(call, hits) if _first_member(call) in _asked(call) else None


def one_site_too_frequent(call: Call, hits: int) -> Reply | None:
    """The refusal of a call about the first plant: its own allowance is used up."""
    return problem(429, "Site rate limit exceeded", {"retry-after": "60"}) if _first_member(call) in _asked(call) else None


def without_permission(call: Call, hits: int) -> Reply:
    """What an account is told whose permission has ended: an empty list of plants, and refusals for all else."""
    return (_NO_PLANT if call.interface in LISTS_OF_PLANTS else _NO_PERMISSION)(call, hits)


_NO_SUCH_MEMBER = in_own_words(
    huawei_error(20008, "no such device"),
    sungrow_error("010", "er_parameter_value_invalid:ps_key_list"),
    deye_error("2101032", "device not found"),
    problem(403, "Access to the site is denied"),
    GROWATT_KEPT_BACK,
)
_NO_PLANT = in_own_words(
    {"success": True, "failCode": 0, "message": "", "params": {}, "data": {"list": [], "pageCount": 0, "total": 0}},
    sungrow_error("1", "success", {"rowCount": 0, "row_count": 0, "pageList": []}),
    {"code": "1000000", "msg": "success", "success": True, "requestId": "fau1t", "total": 0, "stationList": []},
    json_reply({"sites": {"count": 0, "site": []}}),
    growatt_error((0, ""), (0, "SUCCESSFUL_OPERATION"), {"count": 0, "plants": []}),
)
_NO_PERMISSION = in_own_words(
    huawei_error(20008, "no permission"),
    sungrow_error("E900", "Unauthorized access"),
    deye_error("2101023", "access denied"),
    problem(403, "Access to the site is denied"),
    GROWATT_KEPT_BACK,
)


def _first_member(call: Call) -> str:
    plant = call.sunshine.plants(call.vendor)[0]
    return plant.key if call.vendor == "solaredge" else plant.inverters[0].key


def _asked(call: Call) -> list[str]:
    return [member for name in _GROUPS for member in _members(call.body.get(name))]


def _members(listed: object) -> list[str]:
    if isinstance(listed, list):
        return [str(member) for member in listed]
    return [part.strip() for part in str(listed or "").split(",")]


def _bend_totals(call: Call, answer: Answer, minutes: range, change: Callable[[float], float]) -> None:
    for cell in cells(call, answer):
        at, value = _local(call, cell), cell.value()
        if cell.measure == "total_energy" and at is not None and value is not None and at.hour * 60 + at.minute in minutes:
            cell.put(change(value))


def _local(call: Call, cell: Cell) -> datetime | None:
    """The instant of a frame in its plant's zone; None of what has none, and of days, months and years."""
    plant = plant_of(call, cell.owner)
    return instant_of(call, cell.row, plant.zone()) if plant and _period(cell.row) is None else None


def _end(call: Call, cell: Cell) -> datetime | None:
    """When what a reading tells of was over: its instant, or the end of its day, month or year; None of what has no time."""
    plant = plant_of(call, cell.owner)
    if plant is not None and call.vendor == "solaredge":
        begun = instant_of(call, cell.row, plant.zone())
        return begun + _LENGTHS[call.body["resolution"]] if begun else None
    if plant is None or (period := _period(cell.row)) is None:
        return _local(call, cell)
    return datetime.combine(period[1], time.min, plant.zone())


def _period(row: dict[str, Any]) -> tuple[date, date] | None:
    """First day, and the first day after, of a row about a day, a month or a year; None of any other row."""
    parts = [row.get(name) or 0 for name in ("year", "month", "day")]
    if not parts[0]:
        written = str(row.get("time_stamp") or row.get("time") or row.get("date") or "").replace("-", "")
        if len(written) not in {4, 6, 8} or not written.isdecimal():
            return None
        parts = [int(written[:4]), int(written[4:6] or 0), int(written[6:] or 0)]
    year, month, day = parts
    first = date(year, month or 1, day or 1)
    return first, first + timedelta(days=1 if day else monthrange(year, month)[1] if month else 365 + isleap(year))


def _power_kw(call: Call, owner: str, at: datetime) -> float:
    """What an inverter, or a plant, gave at the frame before an instant."""
    powers = []
    for inverter in inverters_of(call, owner):
        day = call.sunshine.day(inverter, at.astimezone(call.sunshine.plant_of(inverter).zone()).date()).until(at)
        powers.append((day.power_kw or [0.0])[-1] or 0.0)
    return sum(powers)


def _last_power(call: Call, inverter: Inverter, at: datetime) -> datetime | None:
    day = call.sunshine.day(inverter, at.date())
    awake = [instant for instant, power in zip(day.instants, day.power_kw, strict=True) if power]
    return awake[-1].astimezone(at.tzinfo) if awake else None


Bend = Callable[[Call, Answer], None]
LATE_UPLOADS: tuple[tuple[str, str, Bend], ...] = (
    ("upload_4_hours_late", "loggers upload four hours late", told_late(timedelta(hours=4))),
    ("upload_20_days_late", "loggers upload twenty days late", told_late(timedelta(days=20))),
)
STUMBLES: tuple[tuple[str, str, Bend], ...] = (
    ("yesterdays_total", "totals of the day are yesterday's until two o'clock", yesterdays_total),
    ("falling_day_energy", "the yield of the day falls after sunset", falling_after_sunset),
    ("zero_counter", "the lifetime counter is zero for a quarter of an hour at dawn", zero_at_dawn),
    ("lower_counter", "the lifetime counter is 0.1 kWh too low for a quarter of an hour at night", lower_at_night),
)
