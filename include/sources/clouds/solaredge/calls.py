"""What is asked of SolarEdge. Spans are local times of the site without an offset, the last second included."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, Request
from include.core.span import Span, day_span, days_between, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.portions import groups, keys_of, sorted_plants
from include.sources.clouds.solaredge.fields import (
    ALERTS,
    DAY,
    DEVICES,
    ENERGY,
    HOUR,
    INVERTER,
    INVERTERS,
    QUARTER_HOUR,
    SITE,
    SITES,
)

GROUP_FIELDS: Final[dict[str, str]] = {}
"""Nothing is asked about several sites by name."""

_SITES_IN_PAGE: Final = 1000
_ALERTS_IN_PAGE: Final = 100
_MOST_DAYS: Final = 28
"""The vendor allows a month, which may be February."""

_SECOND: Final = timedelta(seconds=1)
_USUAL_PARTS: Final = (0, 12)
_PARTS_AT_CLOCK_CHANGE: Final = (0, 8, 16)
"""Hours at which the parts of a day begin. Twelve hours are allowed, and nobody says whether by the clock or as they pass."""


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The list of sites."""
    return [Request(SITES, {"page": 1, "sites-in-page": _SITES_IN_PAGE}, "fleet")]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Each site's details, which name its zone, and its inverters."""
    return [
        Request(interface, {"siteId": plant.key}, "fleet", None, (plant.key,))
        for plant in sorted_plants(fleet)
        for interface in (SITE, DEVICES)
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Each site's energy of the running day by hours; without a span the vendor takes the site's midnight until now."""
    return [
        Request(ENERGY, {"siteId": plant.key, "resolution": HOUR, "unit": "WH"}, "plants", None, (plant.key,))
        for plant in sorted_plants(fleet)
    ]


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """The open alerts of all sites, whenever they began."""
    plants = keys_of(sorted_plants(fleet))
    return [Request(ALERTS, {"page": 1, "alerts-in-page": _ALERTS_IN_PAGE}, "alarms", None, plants)] if plants else []


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Site by site: the energies of its days, then its inverters' quarter hours, oldest first."""
    inverters: dict[str, list[PulledDevice]] = {}
    for device in fleet.devices_of(INVERTER):
        inverters.setdefault(device.plant_key, []).append(device)
    days = list(days_between(first, last + timedelta(days=1)))
    requests: list[Request] = []
    for plant in sorted_plants(fleet):
        timezone = zone(plant.timezone)
        for run in groups(days, _MOST_DAYS):
            body = _body(plant.key, DAY, datetime.combine(run[0], time()), datetime.combine(run[-1] + timedelta(days=1), time()))
            requests.append(Request(ENERGY, body | {"unit": "WH"}, "plants", day_span(run[0], timezone, len(run)), (plant.key,)))
        if serials := keys_of(inverters.get(plant.key, ())):
            for start, end in (part for day in days for part in _parts(day, timezone)):
                span = Span(start.replace(tzinfo=timezone), end.replace(tzinfo=timezone))
                requests.append(Request(INVERTERS, _body(plant.key, QUARTER_HOUR, start, end), "devices", span, serials))
    return requests


def _parts(day: date, timezone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Starts and ends of the parts of a local day, by its wall clock."""
    span = day_span(day, timezone)
    hours = _USUAL_PARTS if span.end - span.start == timedelta(days=1) else _PARTS_AT_CLOCK_CHANGE
    starts = [datetime.combine(day, time(hour)) for hour in hours]
    return zip(starts, [*starts[1:], datetime.combine(day + timedelta(days=1), time())], strict=True)


def _body(site: str, resolution: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "siteId": site,
        "resolution": resolution,
        "from": start.isoformat(timespec="seconds"),
        "to": (end - _SECOND).isoformat(timespec="seconds"),
    }
