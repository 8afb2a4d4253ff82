"""Monthly targets typed into a form."""

from collections.abc import Sequence
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.core.span import local_day
from include.warehouse import fleet
from include.warehouse.engine import transaction
from include.warehouse.performance import read_performance

_MONTHS = 12


def save_targets(  # noqa: PLR0913 - the fields of the form
    settings: Settings,
    *,
    tenant: str,
    plant: str,
    year: int,
    months_kwh: Sequence[float | None],
    now: datetime,
    source: str | None = None,
) -> dict[str, Any]:
    """Save a year's twelve targets [kWh] of one plant, None meaning "no target", and return the performance that follows.

    `source` says whose key `plant` is; it is needed only where several plants have that key.

    Raises `Refused` when the plant is unknown or one of several, no calendar has the year, or the values are not twelve numbers
    of at least zero.
    """
    _check(year, months_kwh)
    with transaction(settings.database_url) as connection:
        tenant_id = fleet.read_tenant(connection, tenant).tenant_id
        row = _plant(fleet.read_plants(connection, tenant), plant, source)
        keys = {"tenant_id": tenant_id, "source": row["source"], "plant_key": row["plant_key"]}
        for month, target_kwh in enumerate(months_kwh, start=1):
            first_day = date(year, month, 1)
            if target_kwh is None:
                fleet.delete_target(connection, **keys, month=first_day)
            else:
                fleet.upsert_rows(connection, "target", [keys | {"month": first_day, "target_kwh": target_kwh}])
        yesterday = local_day(now, ZoneInfo(row["timezone"])) - timedelta(days=1)
        performance = read_performance(connection, plant_ids=[row["plant_id"]], as_of=yesterday)
    return {
        "plant": plant,
        "year": year,
        "months_set": sum(m is not None for m in months_kwh),
        "performance": _plain(performance),
    }


def _check(year: int, months_kwh: Sequence[float | None]) -> None:
    if not MINYEAR <= year <= MAXYEAR:
        raise Refused(f"year {year} is on no calendar; give one such as 2026")
    if len(months_kwh) != _MONTHS:
        raise Refused(f"a year has twelve targets, not {len(months_kwh)}; leave a month empty where it has none")
    for month, value in enumerate(months_kwh, start=1):
        if value is not None and not 0 <= value < float("inf"):
            raise Refused(f"target {value!r} of month {month} is not an energy in kWh; give zero or more")


def _plant(plants: list[dict[str, Any]], key: str, source: str | None) -> dict[str, Any]:
    found = [plant for plant in plants if plant["plant_key"] in {key, identity(key)} and source in {None, plant["source"]}]
    if len(found) == 1:
        return found[0]
    if found:
        sources = " and ".join(plant["source"] for plant in found)
        raise Refused(f"plant {key!r} is there in {sources}; say by the source which of them is meant")
    known = ", ".join(plant["plant_key"] for plant in plants if source in {None, plant["source"]}) or "none yet"
    raise Refused(f"plant {key!r} does not exist (known: {known}); register it first")


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for row in rows]
