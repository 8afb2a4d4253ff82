"""The shapes of the clouds' answers: where readings, times and lists of rows are. What is not found is not there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sandbox.calls import Call

Answer = dict[str, Any]
Measure = Literal["power", "day_energy", "total_energy", "energy"]


@dataclass(frozen=True)
class Shape:
    """Field names of one vendor: what is measured, when, and of whom (the nearest of these ids above a reading)."""

    measures: dict[str, Measure]
    times: tuple[str, ...]
    owners: tuple[str, ...]


SHAPES: dict[str, Shape] = {
    "huawei": Shape(
        measures={
            "active_power": "power",
            "day_cap": "day_energy",
            "total_cap": "total_energy",
            "inverter_power": "energy",
            "PVYield": "energy",
            "inverterYield": "energy",
            "product_power": "energy",
            "day_power": "energy",
        },
        times=("collectTime",),
        owners=("devId", "stationCode"),
    ),
    "sungrow": Shape(
        measures={
            "p24": "power",
            "p83033": "power",
            "p83002": "power",
            "p1": "day_energy",
            "p83022": "day_energy",
            "p2": "total_energy",
            "p83024": "total_energy",
            "2": "energy",
            "4": "energy",
        },
        times=("time_stamp", "device_time"),
        owners=("ps_key", "ps_id"),
    ),
    "solaredge": Shape(measures={"power": "power", "energy": "energy"}, times=("timestamp",), owners=()),
    "growatt": Shape(
        measures={
            "pac": "power",
            "power": "power",
            "eacToday": "day_energy",
            "powerToday": "day_energy",
            "eacTotal": "total_energy",
            "powerTotal": "total_energy",
            "energy": "energy",
            "today_energy": "energy",
        },
        times=("time", "date"),
        owners=("serialNum", "inverterId", "device_sn", "plant_id"),
    ),
    "deye": Shape(
        measures={
            "TotalActiveACOutputPower": "power",
            "generationPower": "power",
            "DailyActiveProduction": "day_energy",
            "TotalActiveProduction": "total_energy",
            "Production": "energy",
            "generationValue": "energy",
        },
        times=("time", "timeStamp", "lastUpdateTime", "collectionTime"),
        owners=("deviceSn", "stationId", "id"),
    ),
}
WITH_LOCAL_TIMES = ("sungrow", "growatt")
"""Vendors that write times in the plant's own time, without an offset."""

_LOCAL_TIMES = {14: "%Y%m%d%H%M%S", 16: "%Y-%m-%d %H:%M", 19: "%Y-%m-%d %H:%M:%S"}
BARE = ""
"""Name under which the rows of an answer stand that is a bare list."""

SERIALS = ("esnCode", "sn", "device_sn", "deviceSn", "serialNumber")
PLANTS = ("plantCode", "stationCode", "ps_id", "stationId", "id", "siteId", "plant_id")
TOTALS = ("total", "rowCount", "row_count", "stationTotal", "deviceTotal", "count")
PAGES = (
    "list", "pageList", "stationList", "deviceListItems", "deviceList", "alertList", "stationAlertItems", "site",
    "plants", "devices", "alarms", BARE,
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One reading: where it stands, what it is and whose; `row` is the dictionary that has its time."""

    holder: dict[str, Any]
    key: str
    measure: Measure
    owner: str
    row: dict[str, Any]

    def value(self) -> float | None:
        """The reading as a number, whether it is told as one or as text."""
        raw = self.holder[self.key]
        return None if raw is None else float(raw)

    def put(self, value: float | None) -> None:
        """Another value, told in the type of the old one."""
        raw = self.holder[self.key]
        self.holder[self.key] = str(round(value, 4)) if isinstance(raw, str) and value is not None else value


def cells(call: Call, answer: Answer) -> list[Cell]:
    """All readings of an answer, in its order."""
    if call.vendor == "solaredge":
        return list(_cells_of_series(call, answer))
    return list(_cells(call.vendor, answer, str(call.body.get("plant_id", "")), answer))


def _cells_of_series(call: Call, answer: Answer) -> Iterator[Cell]:
    """SolarEdge's: energies of the site that is asked about, or by inverter and metric."""
    named = [(str(call.body.get("siteId")), "energy", answer)]
    for serial, metrics in answer.get("inverters", {}).items():
        named += [(serial, metric, series) for metric, series in metrics.items()]
    for owner, metric, series in named:
        if metric in SHAPES[call.vendor].measures:
            yield from (Cell(row, "value", SHAPES[call.vendor].measures[metric], owner, row) for row in series.get("values", ()))


def _cells(vendor: str, node: Any, owner: str, row: dict[str, Any]) -> Iterator[Cell]:  # noqa: ANN401 - any JSON
    if not isinstance(node, dict):
        for element in node if isinstance(node, list) else ():
            yield from _cells(vendor, element, owner, row)
        return
    owner = next((str(node[key]) for key in SHAPES[vendor].owners if node.get(key)), owner)
    row = node if any(key in node for key in SHAPES[vendor].times) else row
    if {"key", "value"} <= set(node):
        if node["key"] in SHAPES[vendor].measures:
            yield Cell(node, "value", SHAPES[vendor].measures[node["key"]], owner, row)
        return
    yield from _cells_of_fields(vendor, node, owner, row)


def _cells_of_fields(vendor: str, node: dict[str, Any], owner: str, row: dict[str, Any]) -> Iterator[Cell]:
    for key, value in list(node.items()):
        if isinstance(value, dict | list):
            is_named = vendor == "sungrow" and isinstance(value, list) and key[:1].isdecimal()
            yield from _cells(vendor, value, key if is_named else owner, row)
        elif key in SHAPES[vendor].measures and (not key.isdecimal() or "time_stamp" in node):
            yield Cell(node, key, SHAPES[vendor].measures[key], owner, row)


def row_lists(call: Call, node: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401 - any JSON
    """Every list whose elements have a time."""
    if isinstance(node, list) and node and isinstance(node[0], dict) and any(key in node[0] for key in SHAPES[call.vendor].times):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from row_lists(call, child)


def page_lists(node: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401 - any JSON
    """Every list of plants, devices or alarms."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        is_devices = key == "data" and isinstance(value, list) and value and isinstance(value[0], dict) and "devName" in value[0]
        if is_devices or (key in PAGES and isinstance(value, list)):
            yield value
        else:
            yield from page_lists(value)


def instant_of(call: Call, row: dict[str, Any], zone: ZoneInfo) -> datetime | None:
    """The time of a row, aware, in the plant's zone."""
    raw = next((row[key] for key in SHAPES[call.vendor].times if row.get(key)), None)
    if raw is None:
        return None
    if call.vendor == "huawei":
        return datetime.fromtimestamp(raw / 1000, UTC).astimezone(zone)
    if call.vendor == "solaredge":
        return datetime.fromisoformat(raw).astimezone(zone)
    if call.vendor == "sungrow":
        return datetime.strptime(raw, "%Y%m%d%H%M%S").replace(tzinfo=zone) if len(raw) == 14 else None
    if call.vendor == "growatt":
        return datetime.fromisoformat(raw).replace(tzinfo=zone) if len(raw) > len("2026-06-14") else None
    return datetime.fromtimestamp(float(raw), UTC).astimezone(zone)


def shift(call: Call, row: dict[str, Any], by: timedelta) -> None:
    """Move the times of a row, each in its own form; times that are days or months stay."""
    for key in SHAPES[call.vendor].times:
        raw = row.get(key)
        if not raw:
            continue
        if call.vendor in WITH_LOCAL_TIMES:
            row[key] = _moved_text(raw, by)
        elif call.vendor == "huawei":
            row[key] = raw + int(by.total_seconds() * 1000)
        elif call.vendor == "solaredge":
            row[key] = (datetime.fromisoformat(raw) + by).isoformat()
        elif not isinstance(raw, str):
            row[key] = raw + by.total_seconds()
        elif raw.isdecimal():
            row[key] = str(int(raw) + int(by.total_seconds()))


def _moved_text(raw: str, by: timedelta) -> str:
    form = _LOCAL_TIMES.get(len(raw))
    return (datetime.strptime(raw, form) + by).strftime(form) if form else raw  # noqa: DTZ007 - local text without offset
