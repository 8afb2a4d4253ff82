"""What is where: for `helio status`, for the summary of a run, and for whoever asks what a tenant has."""

from datetime import datetime
from typing import Any

from include.core.settings import Settings
from include.warehouse import documents, incidents, inverters, overview
from include.warehouse.engine import transaction


def read_status(settings: Settings) -> list[dict[str, Any]]:
    """Per tenant and feed: documents, waiting, refused, readings, quarantined, and how fresh they are."""
    with transaction(settings.database_url) as connection:
        return documents.read_status(connection)


def read_health(settings: Settings, *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """`feeds` as `read_status`; `tenants`: what waits for the roll-up and counters that misbehave; `counters`: the worst five.

    `remarks`: the newest documents of which something was not used.
    """
    with transaction(settings.database_url) as connection:
        return {
            "feeds": documents.read_status(connection),
            "tenants": overview.read_waiting(connection, now=now),
            "counters": overview.read_worst_counters(connection, now=now),
            "remarks": documents.read_remarks(connection),
        }


def read_gauges(settings: Settings, *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """What a monitor watches of all tenants: `feeds` and `tenants` as `read_health`, `mails`, and `incidents` that are open."""
    with transaction(settings.database_url) as connection:
        return {
            "feeds": documents.read_status(connection),
            "tenants": overview.read_waiting(connection, now=now),
            "mails": overview.count_mails(connection),
            "incidents": incidents.read_open(connection),
        }


def read_overview(settings: Settings, tenant: str) -> dict[str, Any]:
    """What a tenant has by now, as `include.warehouse.overview.read_overview` counts it."""
    with transaction(settings.database_url) as connection:
        return overview.read_overview(connection, tenant)


def count_unanswered_days(settings: Settings) -> int:
    """Days of plants, of all tenants, whose inverters have not been compared yet."""
    with transaction(settings.database_url) as connection:
        return inverters.count_days(connection)


def read_clouds(settings: Settings, tenant: str, *, now: datetime) -> dict[str, dict[str, Any]]:
    """Per vendor: closed local days with energy, and the energy of the last one [kWh]."""
    with transaction(settings.database_url) as connection:
        return overview.read_clouds(connection, tenant, now=now)


def find_plant(settings: Settings, tenant: str, plant_key: str) -> dict[str, Any]:
    """plant_id and series_id of the power of a plant that files named; empty for an unknown plant."""
    with transaction(settings.database_url) as connection:
        return overview.find_plant(connection, tenant, plant_key)
