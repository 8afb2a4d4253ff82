"""Monthly targets that people tell, by form or command line."""

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.core.span import local_day, next_month
from include.warehouse import fleet, readings
from include.warehouse.engine import Connection, transaction
from include.warehouse.performance import calendar_windows, day_windows, read_windows

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
    _check_year(year)
    if len(months_kwh) != _MONTHS:
        raise Refused(f"a year has twelve targets, not {len(months_kwh)}; leave a month empty where it has none")
    months = {date(year, month, 1): target_kwh for month, target_kwh in enumerate(months_kwh, start=1)}
    told = change_targets(settings, tenant=tenant, plant=plant, months_kwh=months, now=now, source=source, origin="form")
    return {"plant": plant, "year": year, "months_set": sum(m is not None for m in months_kwh), **told}


def change_targets(  # noqa: PLR0913 - whose targets, and who tells them
    settings: Settings,
    *,
    tenant: str,
    plant: str,
    months_kwh: Mapping[date, float | None],
    now: datetime,
    source: str | None = None,
    origin: Literal["form", "command"] = "command",
) -> dict[str, Any]:
    """Save targets [kWh] of some months (their first days) of one plant, None to remove one; other months stay.

    Returns months_changed and the `performance` of yesterday's windows that hold a day of a changed month, and of no others.
    Raises `Refused` as `save_targets` does.
    """
    _check(months_kwh)
    with transaction(settings.database_url) as connection:
        tenant_id = fleet.read_tenant(connection, tenant).tenant_id
        row = find_plant(fleet.read_plants(connection, tenant), plant, source)
        # Two who change a month at once would give out the same revision.
        readings.lock_tenant(connection, tenant_id)
        keys = {"tenant_id": tenant_id, "source": row["source"], "plant_key": row["plant_key"]}
        told = {"origin": origin, "told_at": now}
        changed = [month for month, target_kwh in months_kwh.items() if _save(connection, keys, month, target_kwh, told)]
        performance = _touched(connection, row, changed, now)
    return {"months_changed": [month.strftime("%Y-%m") for month in changed], "performance": performance}


def read_plant_targets(settings: Settings, *, tenant: str, plant: str, source: str | None = None) -> list[dict[str, Any]]:
    """Targets of one plant: month, target_kwh, revision, origin, told_at; raises `Refused` when the plant is unknown."""
    with transaction(settings.database_url) as connection:
        row = find_plant(fleet.read_plants(connection, fleet.read_tenant(connection, tenant).slug), plant, source)
        return fleet.read_targets(connection, row["plant_id"])


def _save(
    connection: Connection, keys: Mapping[str, Any], month: date, target_kwh: float | None, told: Mapping[str, Any]
) -> bool:
    """Whether the target of the month is another one now."""
    if target_kwh is None:
        return fleet.delete_target(connection, **keys, month=month, told=told)
    return bool(fleet.upsert_rows(connection, "target", [{**keys, "month": month, "target_kwh": target_kwh, **told}]))


def _touched(connection: Connection, plant: Mapping[str, Any], months: Sequence[date], now: datetime) -> list[dict[str, Any]]:
    yesterday = local_day(now, ZoneInfo(plant["timezone"])) - timedelta(days=1)
    windows = day_windows(plant["plant_id"], yesterday) + calendar_windows(plant["plant_id"], yesterday)
    touched = [each for each in windows if any(each.first_day < next_month(m) and m <= each.last_day for m in months)]
    return _plain(read_windows(connection, touched))


def _check_year(year: int) -> None:
    if not MINYEAR <= year <= MAXYEAR:
        raise Refused(f"year {year} is on no calendar; give one such as 2026")


def _check(months_kwh: Mapping[date, float | None]) -> None:
    for month, value in months_kwh.items():
        if value is not None and not 0 <= value < float("inf"):
            raise Refused(f"target {value!r} of month {month.month} is not an energy in kWh; give zero or more")


def find_plant(plants: list[dict[str, Any]], key: str, source: str | None) -> dict[str, Any]:
    """The plant with this key, in any form; raises `Refused` where none has it, or several and `source` does not tell."""
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
