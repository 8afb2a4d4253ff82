"""What is asked of Deye: spans are epoch seconds, days are dates of the station's own zone."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, Request
from include.core.span import Span, day_span, days_between, next_month, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.deye.fields import (
    ALERTS,
    DAYS,
    DEVICE_RAW,
    DEVICES,
    DEVICES_NOW,
    FRAMES,
    HISTORY_FIELDS,
    INVERTERS,
    MONTHS,
    STATION_HISTORY,
    STATION_NOW,
    STATIONS,
)
from include.sources.clouds.portions import groups, keys_of, months_over, parts, sorted_plants

GROUP_FIELDS: Final = {DEVICES: "stationIds", DEVICES_NOW: "deviceList"}
"""Field that lists the stations or devices of a request, by interface."""

_MEMBERS: Final = 10
_PAGE_ROWS: Final = 200
_RAW_SPAN: Final = timedelta(days=5)
_HISTORY_DAYS: Final = 31
_HISTORY_MONTHS: Final = 11
"""One less than the vendor allows: the month after them is asked too, since nobody says whether the end is included."""
_ALERT_SPAN: Final = timedelta(days=180)


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The list of stations."""
    return [Request(STATIONS, {"page": 1, "size": _PAGE_ROWS}, "fleet")]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The devices of the stations."""
    return [
        Request(DEVICES, {"stationIds": [_station_id(key) for key in keys], "page": 1, "size": _PAGE_ROWS}, "fleet", None, keys)
        for keys in map(keys_of, groups(sorted_plants(fleet), _MEMBERS))
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Each station's powers now, and the last frame of the inverters."""
    stations = [
        Request(STATION_NOW, {"stationId": _station_id(plant.key)}, "plants", None, (plant.key,))
        for plant in sorted_plants(fleet)
    ]
    inverters = [
        Request(DEVICES_NOW, {"deviceList": list(keys_of(group))}, "devices", None, keys_of(group))
        for group in groups(fleet.devices_of(*INVERTERS), _MEMBERS)
    ]
    return [*stations, *inverters]


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """Each station's alerts that began within the span, in parts of 180 days."""
    return [
        Request(ALERTS, _alert_body(plant.key, part), "alarms", part, (plant.key,))
        for plant in sorted_plants(fleet)
        for part in parts(span, _ALERT_SPAN)
    ]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Station by station: energies of days and months, its frames day by day unless it is a backfill, its inverters' frames."""
    requests: list[Request] = []
    inverters: dict[str, list[PulledDevice]] = {}
    for device in fleet.devices_of(*INVERTERS):
        inverters.setdefault(device.plant_key, []).append(device)
    for plant in sorted_plants(fleet):
        timezone = zone(plant.timezone)
        requests += _energies(plant.key, timezone, first, last)
        if not is_backfill:
            requests += [_station_frames(plant.key, timezone, day) for day in _days(first, last)]
        for device in inverters.get(plant.key, ()):
            requests += [_device_frames(device, timezone, days) for days in _raw_days(first, last, timezone)]
    return requests


def _alert_body(plant_key: str, span: Span) -> dict[str, Any]:
    times = _seconds(span.start.timestamp(), span.end.timestamp())
    return {"stationId": _station_id(plant_key), **times, "page": 1, "size": _PAGE_ROWS}


def _energies(plant_key: str, timezone: ZoneInfo, first: date, last: date) -> Iterator[Request]:
    """Days, and those months of them that are over on the day after the last."""
    for days in groups(_days(first, last), _HISTORY_DAYS):
        end = days[-1] + timedelta(days=1)
        yield _station(plant_key, DAYS, (f"{days[0]}", f"{end}"), day_span(days[0], timezone, len(days)))
    for months in groups(months_over(first, last), _HISTORY_MONTHS):
        end = next_month(months[-1])
        span = day_span(months[0], timezone, (end - months[0]).days)
        yield _station(plant_key, MONTHS, (f"{months[0]:%Y-%m}", f"{end:%Y-%m}"), span)


def _station_frames(plant_key: str, timezone: ZoneInfo, day: date) -> Request:
    return _station(plant_key, FRAMES, (f"{day}", None), day_span(day, timezone))


def _station(plant_key: str, granularity: int, period: tuple[str, str | None], span: Span) -> Request:
    start, end = period
    body = {"stationId": _station_id(plant_key), "granularity": granularity, "startAt": start, "endAt": end}
    return Request(STATION_HISTORY, body, "plants", span, (plant_key,))


def _device_frames(device: PulledDevice, timezone: ZoneInfo, days: Sequence[date]) -> Request:
    """Frames of whole local days. `days` is for the interface that is asked day by day where this one fails; it is not sent."""
    span = day_span(days[0], timezone, len(days))
    body = {
        "deviceSn": device.key,
        **_seconds(span.start.timestamp(), span.end.timestamp() - 1),
        "measurePoints": [field.keys[0] for field in HISTORY_FIELDS],
        "days": [f"{day}" for day in days],
    }
    return Request(DEVICE_RAW, body, "devices", span, (device.key,))


def _raw_days(first: date, last: date, timezone: ZoneInfo) -> Iterator[list[date]]:
    """Runs of local days that are not longer than five times 24 hours, also where a day has 25."""
    run: list[date] = []
    for day in _days(first, last):
        span = day_span(run[0] if run else day, timezone, len(run) + 1)
        if run and span.end - span.start > _RAW_SPAN:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _days(first: date, last: date) -> list[date]:
    return list(days_between(first, last + timedelta(days=1)))


def _seconds(start_s: float, end_s: float) -> dict[str, int]:
    return {"startTimestamp": int(start_s), "endTimestamp": int(end_s)}


def _station_id(key: str) -> int | str:
    return int(key) if key.isascii() and key.isdecimal() else key
