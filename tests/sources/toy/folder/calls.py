"""What is asked of Toy Cloud."""

from datetime import date, timedelta
from typing import Final

from include.sources.clouds.toy.fields import DEVICES, ENERGY, EVENTS, PLANTS, POWER

from include.core.pulls import PulledFleet, Request
from include.core.span import Span, day_span, days_between, zone
from include.sources.clouds.cloud import Credentials
from include.sources.clouds.portions import groups, keys_of, sorted_plants

PAGE_ROWS: Final = 2
GROUP: Final = 3
GROUP_FIELDS: Final = {POWER: "ids"}


def fleet_requests(credentials: Credentials) -> list[Request]:
    """Plants, and the devices of all of them."""
    return [Request(interface, {"page": 1, "size": PAGE_ROWS}, "fleet") for interface in (PLANTS, DEVICES)]


def device_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Nothing: one list has them all."""
    return []


def snapshot_requests(credentials: Credentials, fleet: PulledFleet) -> list[Request]:
    """Power of the inverters now."""
    return [
        Request(POWER, {"ids": ",".join(keys_of(group))}, "devices", None, keys_of(group))
        for group in groups(fleet.devices_of("inv"), GROUP)
    ]


def alarm_requests(credentials: Credentials, fleet: PulledFleet, span: Span) -> list[Request]:
    """Open events of each plant."""
    return [Request(EVENTS, {"plant": plant.key}, "alarms", None, (plant.key,)) for plant in sorted_plants(fleet)]


def day_requests(credentials: Credentials, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
    """Energy of each plant and day."""
    return [
        Request(ENERGY, {"plant": plant.key, "day": f"{day}"}, "plants", day_span(day, zone(plant.timezone)), (plant.key,))
        for plant in sorted_plants(fleet)
        for day in days_between(first, last + timedelta(days=1))
    ]
