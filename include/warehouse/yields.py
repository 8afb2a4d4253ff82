"""The sums of plants' days, their models, and the work list of days to be summed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from include.warehouse.queries import query

PlaneSource = Literal["registered", "fitted", "assumed"]
MOST_DAYS: Final = 400
"""Days of a plant that are taken at once."""


@dataclass(frozen=True, slots=True)
class PlantModel:
    """What the expected energy of a plant is computed from, and its degradation; columns of `mart.plant_model`."""

    latitude: float
    longitude: float
    is_place_guessed: bool
    tilt_deg: float
    azimuth_deg: float
    plane_source: PlaneSource
    capacity_kwp: float | None
    capacity_kw: float | None
    capacity_source: Literal["registered", "fitted"] | None
    clear_days: int
    misfit_pct: float | None
    fitted_kwp: float | None
    degradation_pct: float | None
    degradation_low_pct: float | None
    degradation_high_pct: float | None
    degradation_pairs: int
    month_pct: list[float]
    computed_at: datetime


def take_days(connection: Connection, *, plants: int, without: Sequence[int] = (), now: datetime) -> dict[int, list[date]]:
    """Take days of at most so many plants, but for those named: marked ones, and such as are over and have no answer.

    No other analysis has them.
    """
    parameters = {"limit": plants, "without": list(without), "now": now}
    plant_ids = list(connection.execute(query("yields", "lock_plants"), parameters).scalars())
    if not plant_ids:
        return {}
    parameters = {"plant_ids": plant_ids, "days": MOST_DAYS, "now": now}
    found: defaultdict[int, set[date]] = defaultdict(set)
    for name in ("take_marks", "find_missing_days"):
        for row in connection.execute(query("yields", name), parameters):
            found[row.plant_id].add(row.local_day)
    return {plant_id: sorted(days) for plant_id, days in found.items()}


def count_marks(connection: Connection) -> int:
    """Days of plants that wait."""
    return int(connection.execute(query("yields", "count_marks")).scalar_one())


def mark_all_days(connection: Connection, plant_id: int) -> None:
    """Every day of a plant is to be summed again."""
    connection.execute(query("yields", "mark_all_days"), {"plant_id": plant_id})


def write_days(
    connection: Connection,
    *,
    tenant_id: int,
    plant_id: int,
    days: Sequence[date],
    columns: Mapping[str, Sequence[float | None]],
    computed_at: datetime,
) -> int:
    """Upsert columns of mart.yield_day for the days of a plant; returns how many rows changed."""
    parameters = {"tenant_id": tenant_id, "plant_id": plant_id, "local_date": list(days), "computed_at": computed_at}
    values = {name: list(column) for name, column in columns.items()}
    return int(connection.execute(query("yields", "write_days"), parameters | values).rowcount)


def read_model(connection: Connection, plant_id: int) -> PlantModel | None:
    """The model of a plant."""
    row = connection.execute(query("yields", "read_model"), {"plant_id": plant_id}).one_or_none()
    return None if row is None else PlantModel(**row._mapping)


def write_model(connection: Connection, *, plant_id: int, tenant_id: int, model: PlantModel) -> None:
    """Keep the model of a plant in the place of the one before."""
    parameters: dict[str, Any] = asdict(model) | {"plant_id": plant_id, "tenant_id": tenant_id}
    connection.execute(query("yields", "write_model"), parameters)


def find_known_reach(connection: Connection, plant_id: int) -> tuple[date, date] | None:
    """First and last local day of which the energy of a plant is known."""
    row = connection.execute(query("yields", "find_known_reach"), {"plant_id": plant_id}).one()
    return None if row.first_day is None else (row.first_day, row.last_day)
