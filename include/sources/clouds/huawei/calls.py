"""What is asked of Huawei: ids are one comma-joined text, times are epoch milliseconds."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, day_span, days_between, local_day, microseconds_of, next_month, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.huawei.account import DEVICES_PER_CALL, DEVICES_PER_HISTORY, PLANTS_PER_CALL
from include.sources.clouds.huawei.fields import (
    ALARMS,
    DEVICE_HISTORY,
    DEVICES,
    DEVICES_NOW,
    INVERTERS,
    MEASURED,
    PLANT_DAYS,
    PLANT_HOURS,
    PLANT_MONTHS,
    PLANTS_NOW,
    STATIONS,
)
from include.sources.clouds.portions import groups, keys_of, months_touched, parts, sorted_plants, union

HISTORY_SPAN: Final = timedelta(days=3)
ALARM_SPAN: Final = timedelta(days=31)
GROUP_FIELDS: Final = {
    **dict.fromkeys((DEVICES, PLANTS_NOW, PLANT_HOURS, PLANT_DAYS, PLANT_MONTHS, ALARMS), "stationCodes"),
    **dict.fromkeys((DEVICES_NOW, DEVICE_HISTORY), "devIds"),
}
"""Field that lists the plants or devices of a request, by interface."""

_UTC: Final = zone("UTC")


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The list of plants."""
    return [Request(STATIONS, {"pageNo": 1, "pageSize": PLANTS_PER_CALL}, "fleet")]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The devices of the plants."""
    return [
        Request(DEVICES, {"stationCodes": _joined(group)}, "fleet", None, keys_of(group))
        for group in groups(sorted_plants(fleet), PLANTS_PER_CALL)
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Energies of the plants until now, and the last frame of the inverters."""
    requests = [
        Request(PLANTS_NOW, {"stationCodes": _joined(group)}, "plants", None, keys_of(group))
        for group in groups(sorted_plants(fleet), PLANTS_PER_CALL)
    ]
    for kind in INVERTERS:
        for group in groups(fleet.devices_of(kind), DEVICES_PER_CALL):
            body = {"devIds": _joined(group), "devTypeId": int(kind)}
            requests.append(Request(DEVICES_NOW, body, "devices", None, keys_of(group)))
    return requests


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """The active alarms that were raised within the span, of which the last 31 days can be asked."""
    span = Span(max(span.start, span.end - ALARM_SPAN), span.end)
    times = {"beginTime": _ms(span.start), "endTime": _ms(span.end), "language": "en_US"}
    return [
        Request(ALARMS, {"stationCodes": _joined(group), **times}, "alarms", span, keys_of(group))
        for group in groups(sorted_plants(fleet), PLANTS_PER_CALL)
    ]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Histories of the devices, oldest first; then the plants' days by month, months by year and, of no backfill, hours by day.

    The plants' days and months are asked from the start of the month and the year on, as they come with the same call.
    """
    requests = list(_history(fleet, first, last))
    for month in months_touched(first, last):
        end = min(last, next_month(month) - timedelta(days=1))
        requests += _plant_periods(PLANT_DAYS, fleet, month + timedelta(days=14), month, end)
    for year in range(first.year, last.year + 1):
        if last >= date(year, 1, 31):  # before that no month of the year is over
            end = min(last, date(year, 12, 31))
            requests += _plant_periods(PLANT_MONTHS, fleet, date(year, 7, 1), date(year, 1, 1), end)
    if not is_backfill:
        for day in days_between(first, last + timedelta(days=1)):
            requests += _plant_periods(PLANT_HOURS, fleet, day, day, day)
    return requests


def _history(fleet: PulledFleet, first: date, last: date) -> list[Request]:
    zones = {plant.key: zone(plant.timezone) for plant in fleet.plants}

    def days(device: PulledDevice) -> Span:
        return _days(first, last, zones.get(device.plant_key, _UTC))

    requests = []
    for kind in MEASURED:
        # Neighbours in time share calls: the union of their days is then the shortest.
        devices = sorted(fleet.devices_of(kind), key=lambda device: (days(device).start, device.key))
        for group in groups(devices, DEVICES_PER_HISTORY):
            for span in parts(union(map(days, group)), HISTORY_SPAN):
                # Both ends are included, and no span may be longer than three days.
                times = {"startTime": _ms(span.start), "endTime": _ms(span.end) - 1}
                body = {"devIds": _joined(group), "devTypeId": int(kind), **times}
                requests.append(Request(DEVICE_HISTORY, body, "devices", span, keys_of(group)))
    return sorted(requests, key=lambda request: (request.body["startTime"], request.body["endTime"]))


def _plant_periods(interface: str, fleet: PulledFleet, asked: date, first: date, last: date) -> Iterator[Request]:
    """Figures of the plants for the period in which the day `asked` lies; the answers speak for `first` to `last`."""
    for instant, plants in _by_common_instant(sorted_plants(fleet), asked):
        for group in groups(plants, PLANTS_PER_CALL):
            span = union(_days(first, last, zone(plant.timezone)) for plant in group)
            body = {"stationCodes": _joined(group), "collectTime": _ms(instant)}
            yield Request(interface, body, "plants", span, keys_of(group))


def _by_common_instant(plants: Iterable[PulledPlant], day: date) -> Iterator[tuple[datetime, list[PulledPlant]]]:
    """Plants by an instant that lies in that day at all of them: noon of UTC, or its midnight for plants from UTC+12 on."""
    noon = datetime.combine(day, time(12), UTC)
    near: list[PulledPlant] = []
    far: list[PulledPlant] = []
    for plant in plants:
        (near if local_day(noon, zone(plant.timezone)) == day else far).append(plant)
    yield noon, near
    yield noon - timedelta(hours=12), far


def _days(first: date, last: date, timezone: ZoneInfo) -> Span:
    return day_span(first, timezone, (last - first).days + 1)


def _joined(group: Iterable[PulledPlant | PulledDevice]) -> str:
    return ",".join(keys_of(group))


def _ms(instant: datetime) -> int:
    return microseconds_of(instant) // 1000
