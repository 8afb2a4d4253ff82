"""What is asked of Sungrow: bodies without keys and tokens, in the largest groups and spans that the vendor takes.

Times are plant-local, so one request about plants of several zones spans the union of their days.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.pulls import AnswerKind, PulledFleet, Request
from include.core.span import Span, days_between, next_month, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.portions import groups, keys_of, months_over, sorted_plants, union
from include.sources.clouds.sungrow.families import Family, family_of
from include.sources.clouds.sungrow.fields import (
    DAY_ENERGIES,
    MEASURES,
    MONTH_ENERGIES,
    OPEN_ALARMS,
    PLANT,
    SEVERITIES,
    STATE_POINTS,
    TODAY,
)

PAGE_ROWS: Final = 100
MOST_KEYS: Final = 50
MOST_DAYS: Final = 100
MOST_MONTHS: Final = 24
WINDOW: Final = timedelta(hours=3)
STEP: Final = timedelta(minutes=5)
MINUTE_FORM: Final = "%Y%m%d%H%M%S"
DAY_FORM: Final = "%Y%m%d"
MONTH_FORM: Final = "%Y%m"
HIGHEST: Final = "2"
"""`data_type` of the highest value of a period."""

SUM: Final = "4"
"""`data_type` of the sum over a period."""


@dataclass(frozen=True, slots=True)
class _Group:
    """At most 50 devices of one type, or plants, of one request; and the zones of their local times."""

    device_type: str
    keys: tuple[str, ...]
    zones: tuple[ZoneInfo, ...]

    @property
    def kind(self) -> AnswerKind:
        return "plants" if self.device_type == PLANT else "devices"

    @property
    def points(self) -> list[str]:
        """Points of the moment, with a `p` before each number."""
        found = [key for field in MEASURES[self.device_type] for key in field.keys]
        return list(dict.fromkeys([*found, *filter(None, [STATE_POINTS.get(self.device_type)])]))

    def span(self, start: datetime, end: datetime) -> Span:
        """UTC span of a local window in all zones of the group."""
        return union(Span(start.replace(tzinfo=local), end.replace(tzinfo=local)) for local in self.zones)


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The plants; for a login also all devices in one list."""
    family = family_of(credentials)
    lists = (family.plants, family.devices) if family.lists_all_devices else (family.plants,)
    return [Request(interface, _first_page(family), "fleet") for interface in lists]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The devices of each plant, where no list has them all."""
    family = family_of(credentials)
    if family.lists_all_devices:
        return []
    return [
        Request(family.devices, {"ps_id": plant.key, **_first_page(family)}, "fleet", None, (plant.key,))
        for plant in sorted_plants(fleet)
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The last reading of each device and plant, and of plants the amounts of their current day so far."""
    family = family_of(credentials)
    return [_realtime(family, group) for group in (*_device_groups(fleet), *_plant_groups(fleet))]


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """The list of open alarms of all plants, whenever they were raised."""
    family = family_of(credentials)
    if not fleet.plants:
        return []
    body = {**_first_page(family), "process_status": OPEN_ALARMS, "fault_type": ",".join(SEVERITIES)}
    return [Request(family.alarms, body, "alarms", None, keys_of(sorted_plants(fleet)))]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Energies of days and of months that are over, then five-minute values in windows of three local hours.

    A backfill leaves out the five-minute values of plants.
    """
    family = family_of(credentials)
    devices, plants = list(_device_groups(fleet)), list(_plant_groups(fleet))
    requests = [request for group in (*plants, *devices) for request in _periods(family, group, first, last)]
    measured = devices if is_backfill else [*devices, *plants]
    for day in days_between(first, last + timedelta(days=1)):
        midnight = datetime.combine(day, time.min)
        requests += [_minutes(family, group, midnight + WINDOW * turn) for turn in range(8) for group in measured]
    return requests


def _first_page(family: Family) -> dict[str, Any]:
    return {family.page: 1, "size": PAGE_ROWS}


def _realtime(family: Family, group: _Group) -> Request:
    readings = family.readings_of(group.device_type)
    points = [*group.points, *(key for field in TODAY for key in field.keys if group.device_type == PLANT)]
    body = {
        **readings.keys_body(group.keys),
        **({"device_type": int(group.device_type)} if readings.names_type else {}),
        "point_id_list": [point.removeprefix("p") for point in points],
    }
    return Request(readings.realtime, body, group.kind, None, group.keys)


def _minutes(family: Family, group: _Group, start: datetime) -> Request:
    readings = family.readings_of(group.device_type)
    end = start + WINDOW
    body = {
        **readings.keys_body(group.keys),
        "points": ",".join(group.points),
        "start_time_stamp": start.strftime(MINUTE_FORM),
        # The vendor's interval is closed: one that ended at the full hour would bring its row twice.
        "end_time_stamp": (end - STEP).strftime(MINUTE_FORM),
        "minute_interval": 5,
    }
    return Request(readings.minutes, body, group.kind, group.span(start, end), group.keys)


def _periods(family: Family, group: _Group, first: date, last: date) -> Iterator[Request]:
    if group.device_type in DAY_ENERGIES:
        for days in groups(list(days_between(first, last + timedelta(days=1))), MOST_DAYS):
            yield _days(family, group, days[0], days[-1])
    if group.device_type in MONTH_ENERGIES:
        for months in groups(months_over(first, last), MOST_MONTHS):
            yield _months(family, group, months[0], months[-1])


def _days(family: Family, group: _Group, first: date, last: date) -> Request:
    points = [key for field in DAY_ENERGIES[group.device_type] for key in field.keys]
    query = {"query_type": family.readings_of(group.device_type).day, "data_type": HIGHEST}
    texts = {"start_time": first.strftime(DAY_FORM), "end_time": last.strftime(DAY_FORM)}
    return _period(family, group, {"data_point": ",".join(points), **query, **texts}, (first, last + timedelta(days=1)))


def _months(family: Family, group: _Group, first: date, last: date) -> Request:
    points = [key for field in MONTH_ENERGIES[group.device_type] for key in field.keys]
    query = {"query_type": family.readings_of(group.device_type).month, "data_type": SUM}
    texts = {"start_time": first.strftime(MONTH_FORM), "end_time": last.strftime(MONTH_FORM)}
    return _period(family, group, {"data_point": ",".join(points), **query, **texts}, (first, next_month(last)))


def _period(family: Family, group: _Group, query: dict[str, str], days: tuple[date, date]) -> Request:
    """A request for amounts; `days` are the first one and the one after the last."""
    readings = family.readings_of(group.device_type)
    body = {**readings.keys_body(group.keys), **query, "order": "0"}
    start, end = (datetime.combine(day, time.min) for day in days)
    return Request(readings.periods, body, group.kind, group.span(start, end), group.keys)


def _device_groups(fleet: PulledFleet) -> Iterator[_Group]:
    """Devices of known plants that measure something."""
    zones = {plant.key: plant.timezone for plant in fleet.plants}
    for device_type in MEASURES:
        devices = [device for device in fleet.devices_of(device_type) if device.plant_key in zones]
        yield from _groups(device_type, ((zones[device.plant_key], device.key) for device in devices))


def _plant_groups(fleet: PulledFleet) -> Iterator[_Group]:
    return _groups(PLANT, ((plant.timezone, plant.key) for plant in fleet.plants))


def _groups(device_type: str, zoned_keys: Iterable[tuple[str, str]]) -> Iterator[_Group]:
    """Groups of (zone, key); keys of one zone stay together, so that few spans are wide."""
    for members in groups(sorted(zoned_keys), MOST_KEYS):
        zones = sorted({name for name, _ in members})
        yield _Group(device_type, tuple(key for _, key in members), tuple(zone(name) for name in zones))
