"""What is asked of Growatt. Days are dates of the plant's own zone, so groups are of one zone and one type."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, day_span, days_between, local_day, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.growatt.fields import (
    ALARMS,
    DEVICES,
    DEVICES_NOW,
    HISTORY,
    PLANT,
    PLANT_DAYS,
    PLANT_NOW,
    PLANT_POWER,
    PLANTS,
    TYPES,
)
from include.sources.clouds.portions import groups, keys_of, sorted_plants

GROUP_FIELDS: Final = {DEVICES_NOW: "deviceSn", HISTORY: "deviceSn", **dict(ALARMS.values())}
"""Field that lists the devices of a request, joined by commas; of alarms there is one, and the answer is about its plant."""

_PAGE_ROWS: Final = 100
_MEMBERS_NOW: Final = 100
_MEMBERS: Final = 10
"""The vendor allows 50, whose day may weigh 60 MB."""

_ENERGY_DAYS: Final = 7
_ALARM_DAYS: Final = 2
"""An alarm stands in the list of the day on which it began."""


def fleet_requests(credentials: Credentials) -> list[Request]:
    """The list of plants."""
    return [Request(PLANTS, {"page": 1, "perpage": _PAGE_ROWS}, "fleet")]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Each plant's details, which name its zone, and its devices."""
    return [
        Request(interface, {"plant_id": plant.key, **more}, "fleet", None, (plant.key,))
        for plant in sorted_plants(fleet)
        for interface, more in ((PLANT, {}), (DEVICES, {"page": 1, "perpage": _PAGE_ROWS}))
    ]


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """The last frame of the inverters by type; of plants without one, what the plant generated today."""
    inverters = [
        Request(DEVICES_NOW, _body(vendor_type, keys_of(group)), "devices", None, keys_of(group))
        for vendor_type in TYPES
        for group in groups(sorted(fleet.devices_of(vendor_type), key=_key), _MEMBERS_NOW)
    ]
    plants = [Request(PLANT_NOW, {"plant_id": plant.key}, "plants", None, (plant.key,)) for plant in _bare_plants(fleet)]
    return inverters + plants


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """Each inverter's alarms of the last two local days that the span touches."""
    zones = {plant.key: zone(plant.timezone) for plant in fleet.plants}
    requests: list[Request] = []
    for device in sorted(fleet.devices_of(*ALARMS), key=_key):
        if (timezone := zones.get(device.plant_key)) is None:
            continue
        interface, name = ALARMS[device.vendor_type]
        last = local_day(span.end - timedelta(microseconds=1), timezone)
        for day in days_between(last - timedelta(days=_ALARM_DAYS - 1), last + timedelta(days=1)):
            body = {name: device.key, "date": f"{day}", "page": 1, "perpage": _PAGE_ROWS}
            requests.append(Request(interface, body, "alarms", day_span(day, timezone), (device.plant_key,)))
    return requests


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """The plants' energies; then day by day the frames of their inverters, and of plants without one the plant's power."""
    days = list(days_between(first, last + timedelta(days=1)))
    requests = [_energies(plant, run) for plant in sorted_plants(fleet) for run in groups(days, _ENERGY_DAYS)]
    for day in days:
        for timezone, vendor_type, keys in _grouped(fleet):
            span = day_span(day, zone(timezone))
            requests.append(Request(HISTORY, _body(vendor_type, keys) | {"date": f"{day}"}, "devices", span, keys))
        for plant in _bare_plants(fleet):
            span = day_span(day, zone(plant.timezone))
            requests.append(Request(PLANT_POWER, {"plant_id": plant.key, "date": f"{day}"}, "plants", span, (plant.key,)))
    return requests


def _energies(plant: PulledPlant, days: Sequence[date]) -> Request:
    body = {
        "plant_id": plant.key,
        "start_date": f"{days[0]}",
        "end_date": f"{days[-1]}",
        "time_unit": "day",
        "page": 1,
        "perpage": _PAGE_ROWS,
    }
    return Request(PLANT_DAYS, body, "plants", day_span(days[0], zone(plant.timezone), len(days)), (plant.key,))


def _grouped(fleet: PulledFleet) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Zone, type and keys of inverters that one call may be about."""
    zones = {plant.key: plant.timezone for plant in fleet.plants}
    known = [
        (zones[device.plant_key], device.vendor_type, device.key)
        for device in fleet.devices_of(*TYPES)
        if device.plant_key in zones
    ]
    for (timezone, vendor_type), members in groupby(sorted(known), key=lambda member: member[:2]):
        for group in groups([key for *_, key in members], _MEMBERS):
            yield timezone, vendor_type, tuple(group)


def _body(vendor_type: str, keys: Sequence[str]) -> dict[str, Any]:
    return {"deviceSn": ",".join(keys), "deviceType": TYPES[vendor_type]}


def _bare_plants(fleet: PulledFleet) -> list[PulledPlant]:
    with_inverters = {device.plant_key for device in fleet.devices_of(*TYPES)}
    return [plant for plant in sorted_plants(fleet) if plant.key not in with_inverters]


def _key(device: PulledDevice) -> str:
    return device.key
