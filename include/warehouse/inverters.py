"""What the comparison of inverters reads, and its answers; and the work list of days to be compared."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.warehouse.binary_copy import read_records
from include.warehouse.queries import query, query_text

_ENERGY: Final = (("device_id", "i4"), ("day", "i4"), ("energy_kwh", "f8"), ("completeness", "f8"))


def take_days(connection: Connection, *, plants: int, without: Sequence[int] = ()) -> dict[int, list[date]]:
    """Take the marks of at most so many plants: their local days in order. No other analysis has these plants meanwhile."""
    parameters = {"limit": plants, "without": list(without)}
    plant_ids = list(connection.execute(query("inverters", "lock_plants"), parameters).scalars())
    taken: dict[int, list[date]] = {plant_id: [] for plant_id in plant_ids}
    if plant_ids:
        for row in connection.execute(query("inverters", "take_days"), {"plant_ids": plant_ids}):
            taken[row.plant_id].append(row.local_day)
    return {plant_id: days for plant_id, days in taken.items() if days}


def count_days(connection: Connection) -> int:
    """Days of plants that wait, after marks of plants that are gone were dropped."""
    connection.execute(query("inverters", "delete_orphans"))
    return int(connection.execute(query("inverters", "count_days")).scalar_one())


def find_answered_days(connection: Connection, reaches: Mapping[int, tuple[date, date]]) -> list[tuple[int, date]]:
    """Days of plants that have answers, within the first and last day of each."""
    parameters = {
        "plant_ids": list(reaches),
        "firsts": [first for first, _ in reaches.values()],
        "lasts": [last for _, last in reaches.values()],
    }
    return [(row.plant_id, row.local_date) for row in connection.execute(query("inverters", "find_answered_days"), parameters)]


def read_plants(connection: Connection, plant_ids: Sequence[int]) -> list[dict[str, Any]]:
    """plant_id, tenant_id, timezone, latitude, longitude and has_battery of plants."""
    rows = connection.execute(query("inverters", "read_plants"), {"plant_ids": list(plant_ids)})
    return [dict(row._mapping) for row in rows]


def read_inverters(connection: Connection, plant_ids: Sequence[int]) -> list[dict[str, Any]]:
    """plant_id, device_id, name, model, capacity_kw, retired_on and the series_id of the power of inverters, by device."""
    rows = connection.execute(query("inverters", "read_inverters"), {"plant_ids": list(plant_ids)})
    return [dict(row._mapping) for row in rows]


def read_energies(connection: Connection, reaches: Mapping[int, tuple[int, int]]) -> NDArray[np.void]:
    """device_id, day (since 1970), energy_kwh and completeness of inverters, NaN if unknown; both days of a reach included."""
    parameters = {
        "plant_ids": list(reaches),
        "firsts": [first for first, _ in reaches.values()],
        "lasts": [last for _, last in reaches.values()],
    }
    return read_records(connection, query_text("include.warehouse", "inverters")["read_energies"], _ENERGY, parameters)


def write_days(
    connection: Connection, taken: Sequence[tuple[int, date]], rows: Sequence[Mapping[str, Any]], computed_at: datetime
) -> int:
    """Write answers of the taken (plant, day)s and remove those of inverters that are gone; returns how many rows changed."""
    gone = {
        "plant_ids": [plant_id for plant_id, _ in taken],
        "local_days": [day for _, day in taken],
        "device_ids": [row["device_id"] for row in rows],
        "answered": [row["local_date"] for row in rows],
    }
    changed = connection.execute(query("inverters", "delete_gone_days"), gone).rowcount
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        changed += connection.execute(query("inverters", "write_days"), columns | {"computed_at": computed_at}).rowcount
    return changed
