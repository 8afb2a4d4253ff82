"""Bends right answers of the vendors into wrong ones: fields, units, numbers, times, rows. Answers are changed in place.

What a bend does not find in an answer (`sandbox.answer_shapes`) it leaves alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.answer_shapes import (
    PAGES,
    PLANTS,
    SERIALS,
    SHAPES,
    TOTALS,
    WITH_LOCAL_TIMES,
    Answer,
    Cell,
    Measure,
    cells,
    instant_of,
    page_lists,
    row_lists,
    shift,
)
from sandbox.calls import Call
from sandbox.fleet import Plant


def _plant_of(call: Call, owner: str) -> Plant | None:
    inverter = call.sunshine.find_inverter(owner)
    if inverter is not None:
        return call.sunshine.plant_of(inverter)
    return call.sunshine.find_plant(owner) or call.sunshine.find_plant(str(call.body.get("stationId")))


def _last_plant(call: Call) -> Plant:
    return call.sunshine.plants(call.vendor)[-1]


def _of(call: Call, answer: Answer, *measures: Measure) -> list[Cell]:
    return [cell for cell in cells(call, answer) if cell.measure in measures]


# ---- fields ---------------------------------------------------------------------------------------------------------------


def _rename_power(call: Call, answer: Answer) -> None:
    for cell in _of(call, answer, "power"):
        if "key" in cell.holder:
            cell.holder["key"] = f"New{cell.holder['key']}"
        else:
            cell.holder[f"new_{cell.key}"] = cell.holder.pop(cell.key)


def _leave_out_power(call: Call, answer: Answer) -> None:
    for cell in _of(call, answer, "power"):
        cell.holder.pop(cell.key)


def _add_fields(call: Call, answer: Answer) -> None:
    for cell in cells(call, answer):
        cell.holder.setdefault("brand_new_field", {"nested": [1, 2, 3]})


# ---- numbers --------------------------------------------------------------------------------------------------------------


def _change_unit(call: Call, answer: Answer) -> None:
    """Huawei tells kW and now tells W; the others tell W and now tell kW, whatever the unit beside it says."""
    factor = 1000.0 if call.vendor == "huawei" else 0.001
    _change(_of(call, answer, "power"), lambda value: value * factor)


def _change_type(call: Call, answer: Answer) -> None:
    for cell in cells(call, answer):
        raw = cell.holder[cell.key]
        if raw is not None:
            cell.holder[cell.key] = float(raw) if isinstance(raw, str) else str(raw)


def _null_every_third(call: Call, answer: Answer) -> None:
    for cell in cells(call, answer)[2::3]:
        cell.holder[cell.key] = None


def _not_a_number(call: Call, answer: Answer) -> None:
    for cell in _of(call, answer, "power")[::7]:
        cell.holder[cell.key] = float("nan")


def _revise(call: Call, answer: Answer) -> None:
    _change(cells(call, answer), lambda value: value * 1.03)


def _spike(call: Call, answer: Answer) -> None:
    known = [cell for cell in _of(call, answer, "power") if cell.value() is not None]
    _change(known[3::50], lambda value: 6553.5 if value < 6553.5 else value * 1000)


def _freeze(call: Call, answer: Answer) -> None:
    first: dict[str, float | None] = {}
    for cell in _of(call, answer, "power"):
        value = cell.value()
        if value:
            first.setdefault(cell.owner, value)
        if value is not None:
            cell.put(first.get(cell.owner, value))


def _negative_night(call: Call, answer: Answer) -> None:
    _change(_of(call, answer, "power"), lambda value: value if value > 0 else -0.012)


def _reset_counter(call: Call, answer: Answer) -> None:
    """The lifetime counter starts again at the middle of each inverter's rows (of a single row: there)."""
    owned: dict[str, list[Cell]] = {}
    for cell in _of(call, answer, "total_energy"):
        owned.setdefault(cell.owner, []).append(cell)
    for series in owned.values():
        known = sorted((cell for cell in series if cell.value() is not None), key=lambda cell: _order(call, cell))
        later = known[len(known) // 2 :]
        start = later[0].value() or 0.0 if later else 0.0
        for cell in later:
            value = cell.value()
            cell.put(None if value is None else value - start)


def _order(call: Call, cell: Cell) -> datetime:
    """The time of a reading, as Growatt tells the last first."""
    return instant_of(call, cell.row, ZoneInfo("UTC")) or datetime.min.replace(tzinfo=UTC)


def _reset_late(call: Call, answer: Answer) -> None:
    """Until one o'clock the day counter still shows yesterday's energy."""
    unit = 1000.0 if call.vendor == "sungrow" else 1.0
    for cell in _of(call, answer, "day_energy"):
        plant = _plant_of(call, cell.owner)
        at = instant_of(call, cell.row, plant.zone()) if plant else None
        if plant is None or at is None or at.hour > 0:
            continue
        own = call.sunshine.find_inverter(cell.owner)
        inverters = (own,) if own else plant.inverters
        cell.put(unit * sum(call.sunshine.energy_kwh(inverter, at.date() - timedelta(days=1)) for inverter in inverters))


def _change(found: list[Cell], change: Callable[[float], float]) -> None:
    for cell in found:
        value = cell.value()
        if value is not None:
            cell.put(change(value))


# ---- times ----------------------------------------------------------------------------------------------------------------


def _skew_clock(call: Call, answer: Answer) -> None:
    for rows in row_lists(call, answer):
        for row in rows:
            shift(call, row, timedelta(minutes=7))


def _miss_clock_change(call: Call, answer: Answer) -> None:
    """After a change of the clocks the logger goes on with the old offset until midnight."""
    for row, plant in _rows_with_plants(call, answer):
        at = instant_of(call, row, plant.zone())
        midnight = at.replace(hour=0, minute=0, second=0, fold=0) if at else None
        if at is None or midnight is None:
            continue
        changed = (at.utcoffset() or timedelta()) - (midnight.utcoffset() or timedelta())
        if changed:
            shift(call, row, -changed if call.vendor in WITH_LOCAL_TIMES else changed)


def _rows_with_plants(call: Call, answer: Answer) -> list[tuple[dict[str, Any], Plant]]:
    found = {id(cell.row): (cell.row, _plant_of(call, cell.owner)) for cell in cells(call, answer)}
    return [(row, plant) for row, plant in found.values() if plant is not None]


# ---- rows -----------------------------------------------------------------------------------------------------------------


def empty_page(call: Call, answer: Answer) -> None:
    """No plants, devices or alarms on this page, though the total says that there are more."""
    for rows in page_lists(answer):
        rows.clear()


def say_nothing(call: Call, answer: Answer) -> None:
    """Leave no row in an answer, of a list either; Deye says of a station that there are no records."""
    if call.interface == "station/latest":
        answer.update({"code": "2101016", "msg": "no records"})
    for key, value in answer.items():
        if isinstance(value, list):
            value.clear()
        elif isinstance(value, dict):
            say_nothing(call, value)
        elif key in TOTALS:
            answer[key] = 0


def _empty_day(call: Call, answer: Answer) -> None:
    for rows in list(row_lists(call, answer)):
        rows.clear()


def _drop_frames(call: Call, answer: Answer) -> None:
    """Every hundredth row is missing, and the tenth to the eighteenth."""
    for rows in row_lists(call, answer):
        rows[:] = [row for at, row in enumerate(rows) if at % 100 != 99 and not 10 <= at < 19]


def _double_rows(call: Call, answer: Answer) -> None:
    for rows in row_lists(call, answer):
        rows[:] = [row for at, row in enumerate(rows) for _ in range(2 if at % 5 == 0 else 1)]


def _disorder_rows(call: Call, answer: Answer) -> None:
    for rows in row_lists(call, answer):
        rows[:] = [*rows[1::2], *rows[::2]]


def _double_serial(call: Call, answer: Answer) -> None:
    """The second device of a list carries the first one's serial number."""
    for rows in page_lists(answer):
        devices = [row for row in rows if any(key in row for key in SERIALS)]
        for key in SERIALS:
            if len(devices) > 1 and key in devices[0] and key in devices[1]:
                devices[1][key] = devices[0][key]


def _remove_plant(call: Call, answer: Answer) -> None:
    """The account's last plant is gone, and its devices and readings; the totals of lists know it."""
    plant = _last_plant(call)
    gone = {plant.key, *(inverter.key for inverter in plant.inverters)}
    _remove(answer, gone, (*PLANTS, *SHAPES[call.vendor].owners))


def _remove_devices(call: Call, answer: Answer) -> None:
    """Each plant's last inverter is gone, and its readings; the totals of lists know it."""
    gone = {plant.inverters[-1].key for plant in call.sunshine.plants(call.vendor)}
    _remove(answer, gone, ("id", *SERIALS, *SHAPES[call.vendor].owners))


def _remove(node: Any, gone: set[str], names: tuple[str, ...]) -> None:  # noqa: ANN401 - any JSON
    remove = _REMOVERS.get(type(node))
    if remove:
        remove(node, gone, names)


def _remove_fields(node: dict[str, Any], gone: set[str], names: tuple[str, ...]) -> None:
    for key in gone & node.keys():
        del node[key]
    before = _count_rows(node)
    for value in node.values():
        _remove(value, gone, names)
    removed = before - _count_rows(node)
    for total in TOTALS:
        if isinstance(node.get(total), int):
            node[total] -= removed


def _remove_rows(rows: list[Any], gone: set[str], names: tuple[str, ...]) -> None:
    rows[:] = [row for row in rows if not (isinstance(row, dict) and any(str(row.get(name)) in gone for name in names))]
    for row in rows:
        _remove(row, gone, names)


def _count_rows(node: dict[str, Any]) -> int:
    return sum(len(value) for name, value in node.items() if name in PAGES and isinstance(value, list))


_REMOVERS: dict[type, Callable[[Any, set[str], tuple[str, ...]], None]] = {dict: _remove_fields, list: _remove_rows}


def _add_foreign(call: Call, answer: Answer) -> None:
    """A row of a plant or device that nobody asked for; Sungrow names them by key."""
    named = answer.get("result_data") if call.vendor == "sungrow" else None
    first = next((key for key in named if key[:1].isdecimal()), None) if isinstance(named, dict) else None
    if named is not None and first:
        named[f"9999999{first[first.find('_') :]}" if "_" in first else "9999999"] = named[first]
    inverters = answer.get("inverters")
    if isinstance(inverters, dict) and inverters:
        inverters[_foreign(next(iter(inverters)))] = next(iter(inverters.values()))
    for rows in [*row_lists(call, answer), *page_lists(answer)]:
        ids = [name for name in (*SHAPES[call.vendor].owners, *PLANTS) if rows and name in rows[0]]
        if ids:
            rows.append({**rows[0], **{name: _foreign(rows[0][name]) for name in ids}})


def _foreign(known: object) -> Any:  # noqa: ANN401 - an id as JSON has it
    if isinstance(known, int):
        return 99999999
    return "NE=99999999" if str(known).startswith("NE=") else "99999999"


Bend = Callable[[Call, Answer], None]
BENDS: tuple[tuple[str, str, Bend], ...] = (
    ("renamed_field", "the power has another name", _rename_power),
    ("missing_field", "the power is not in the answer", _leave_out_power),
    ("unknown_fields", "fields that nobody knows", _add_fields),
    ("power_in_other_unit", "W for kW, or kW for W", _change_unit),
    ("numbers_change_type", "numbers as text, and text as numbers", _change_type),
    ("null_values", "every third reading is null", _null_every_third),
    ("not_a_number", "NaN in the JSON", _not_a_number),
    ("revised_values", "readings are 3 % higher than they were told before", _revise),
    ("spike", "power leaps to 6553.5", _spike),
    ("frozen_power", "power stands still", _freeze),
    ("negative_night", "power at night is a little below zero", _negative_night),
    ("clock_skew", "times are seven minutes late", _skew_clock),
    ("dst_hour", "on the days when the clocks change, times after the change are an hour off", _miss_clock_change),
    ("empty_day", "no rows, and no error", _empty_day),
    ("dropped_frames", "rows are missing, one by one and for 45 minutes", _drop_frames),
    ("duplicate_rows", "every fifth row comes twice", _double_rows),
    ("rows_in_disorder", "rows are not in the order of time", _disorder_rows),
    ("duplicate_serial", "two devices have one serial number", _double_serial),
    ("plant_removed", "the last plant is gone", _remove_plant),
    ("device_removed", "each plant's last inverter is gone", _remove_devices),
    ("foreign_row", "a row that nobody asked for", _add_foreign),
)
COUNTER_BENDS: tuple[tuple[str, str, Bend], ...] = (
    ("counter_reset", "the lifetime counter starts again", _reset_counter),
    ("wrong_midnight_reset", "the day counter shows yesterday's energy until one o'clock", _reset_late),
)
"""Of vendors that tell counters."""
