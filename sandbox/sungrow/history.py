"""Histories: minutes, and figures of days, months and years. Nothing of the current local day is in them."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.sungrow.body import Body, invalid
from sandbox.sungrow.fleet import Device, Fleet, Frames, plant_device
from sandbox.sungrow.points import CATALOGUE, PLANT
from sandbox.sungrow.rows import MINUTE_FORM, MOST_KEYS, days_between, point_dictionary, text_of
from sandbox.world import World

LONGEST_SPAN = timedelta(hours=3)
MOST_HISTORY_POINTS = 50
PERIODS = {"day": ("%Y%m%d", 100), "month": ("%Y%m", 24), "year": ("%Y", 5)}
MEAN, PEAK, TROUGH, TOTAL = "1", "2", "3", "4"
DAY_ENERGIES = frozenset({"1", "83013", "83022", "83072", "83102", "83118"})
_QUERIES = {"1": "day", "2": "month", "3": "year"}


class History:
    """Answers about what was."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def login_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for tokens of the account login."""
        return {
            "getDevicePointMinuteDataList": lambda body: self._minutes(body, "ps_key_list"),
            "getDevicePointsDayMonthYearDataList": lambda body: self._periods(body, "ps_key_list", _QUERIES),
        }

    def platform_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for OAuth tokens."""
        return {
            "platform/getDevicePointMinuteDataList": lambda body: self._minutes(
                body, "ps_key_list", illegal="illegal_ps_key_list"
            ),
            "platform/getPowerStationPointMinuteDataList": lambda body: self._minutes(
                body, "ps_id_list", illegal="illegal_ps_id_list"
            ),
            "platform/getDevicePointDayMonthYearDataList": lambda body: self._periods(body, "ps_key_list", _QUERIES),
            "platform/getPowerStationPointDayMonthYearDataList": lambda body: self._periods(
                body, "ps_id_list", {name: name for name in PERIODS}
            ),
        }

    def _minutes(self, body: Body, ids: str, illegal: str | None = None) -> dict[str, Any]:
        """Five-minute values of a closed interval of plant-local labels; nothing of the current local day."""
        asked = body.texts(ids, most=MOST_KEYS)
        points = body.points("points", most=MOST_HISTORY_POINTS)
        start, end = body.local_time("start_time_stamp", MINUTE_FORM), body.local_time("end_time_stamp", MINUTE_FORM)
        interval = body.number("minute_interval", otherwise=5)
        if not timedelta(0) <= end - start <= LONGEST_SPAN:
            raise invalid("end_time_stamp")
        known = self._one_type(ids, asked)
        content: dict[str, Any] = {}
        for key, device in known.items():
            if rows := list(self._minute_rows(device, points, start, end, interval)):
                content[key] = rows
        self._append_dictionary(body, content, known, points)
        if illegal:
            # Of plants the list is there and empty, whatever was asked: clients read each further key as one of a plant.
            content[illegal] = [] if ids == "ps_id_list" else [key for key in asked if key not in known]
        return content

    def _minute_rows(
        self, device: Device, points: list[str], start: datetime, end: datetime, interval: int
    ) -> Iterator[dict[str, str]]:
        for day in sorted({start.date(), end.date()}):
            instants, readings_at = self._closed_day(device, day)
            for position, instant in enumerate(instants):
                label = instant.astimezone(device.plant.zone()).replace(tzinfo=None)
                if not start <= label <= end or (label.hour * 60 + label.minute) % interval:
                    continue
                readings = readings_at(position)
                known = {f"p{point}": text for point in points if (text := text_of(readings.get(point))) is not None}
                if known:
                    yield {"time_stamp": label.strftime(MINUTE_FORM), **known}

    def _periods(self, body: Body, ids: str, queries: dict[str, str]) -> dict[str, Any]:
        """Mean, peak, trough or total of days, months or years; the current day is in none of them."""
        asked = body.texts(ids, most=MOST_KEYS)
        points = body.points("data_point", most=MOST_HISTORY_POINTS)
        query = body.choice("query_type", queries)
        kind = body.choice("data_type", {kind: kind for kind in (MEAN, PEAK, TROUGH, TOTAL)})
        if kind == TOTAL and query == "day":
            raise invalid("data_type")
        labels = _labels(body, query)
        if body.given("order") is not None and body.choice("order", {"0": "rising", "1": "falling"}) == "falling":
            labels.reverse()
        content: dict[str, Any] = {}
        for key, device in self._one_type(ids, asked).items():
            series = {f"p{point}": self._period_rows(device, point, kind, labels) for point in points}
            if known := {point: rows for point, rows in series.items() if rows}:
                content[key] = known
        return content

    def _period_rows(
        self, device: Device, point: str, kind: str, labels: list[tuple[str, list[date]]]
    ) -> list[dict[str, str | None]]:
        if point not in CATALOGUE.get(device.device_type, {}) or (kind == TOTAL and point not in DAY_ENERGIES):
            return []
        first, today = device.plant.installed_on, self._fleet.local_today(device.plant)
        rows = []
        for label, days in labels:
            values = [self._day_value(device, point, kind, day) for day in days if first <= day < today]
            known = [value for value in values if value is not None]
            if known:
                rows.append({"time_stamp": label, kind: text_of(_combined(known, kind))})
        return rows

    def _day_value(self, device: Device, point: str, kind: str, day: date) -> float | None:
        """One figure of a local day. The peak of a day's energy is what the day brought; so is its share of a total."""
        is_energy = kind in {PEAK, TOTAL}
        if is_energy and point in {"1", "83022"}:
            inverters = [device.inverter] if device.inverter else list(device.plant.inverters)
            return sum(self._world.sunshine.energy_kwh(inverter, day) for inverter in inverters) * 1000
        instants, readings_at = self._fleet.frames(device, day)
        values = [readings_at(position).get(point) for position in range(len(instants))]
        known = [value for value in values if value is not None]
        return _combined(known, PEAK if kind == TOTAL else kind) if known else None

    def _one_type(self, ids: str, asked: list[str]) -> dict[str, Device]:
        """The devices that were asked for, by the id they were asked by; unknown ids are not in it."""
        if ids == "ps_id_list":
            known = {plant.key: plant_device(plant) for plant in self._fleet.plants()}
        else:
            known = {device.key: device for device in self._fleet.all_devices()}
        found = {key: known[key] for key in asked if key in known}
        if len({device.device_type for device in found.values()}) > 1:
            raise invalid(ids)
        return found

    def _append_dictionary(self, body: Body, content: dict[str, Any], known: dict[str, Device], points: list[str]) -> None:
        if body.is_wanted("is_get_point_dict"):
            device_type = next((device.device_type for device in known.values()), PLANT)
            content["point_dict"] = point_dictionary(device_type, points)

    def _closed_day(self, device: Device, day: date) -> Frames:
        return self._fleet.frames(device, day) if day < self._fleet.local_today(device.plant) else ([], lambda position: {})


def _labels(body: Body, query: str) -> list[tuple[str, list[date]]]:
    """The periods from start to end, both included: their labels and their days."""
    form, most = PERIODS[query]
    start, end = body.local_time("start_time", form).date(), body.local_time("end_time", form).date()
    if start > end:
        raise invalid("start_time")
    periods: dict[str, list[date]] = {}
    last = date.fromordinal(min(_last_of(end, query).toordinal(), start.toordinal() + 366 * 6))
    for day in days_between(start, last):
        periods.setdefault(day.strftime(form), []).append(day)
    if len(periods) > most:
        raise invalid("end_time")
    return list(periods.items())


def _last_of(first: date, query: str) -> date:
    if query == "day":
        return first
    if query == "year":
        return first.replace(month=12, day=31)
    return first.replace(day=monthrange(first.year, first.month)[1])


def _combined(values: list[float], kind: str) -> float:
    if kind == MEAN:
        return sum(values) / len(values)
    if kind == TOTAL:
        return sum(values)
    return max(values) if kind == PEAK else min(values)
