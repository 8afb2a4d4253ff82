"""Computes again what changed: dirty days -> hours and days -> weeks, months, years -> plants.

Always from the stored readings, never from the batch: a repeat changes nothing and the order of arrival does not matter. One
transaction takes some series with all their dirty days; others may work on other series at the same time. What it changes of
plants goes to their own work list, which is worked off when no series is left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.rollups.calendar import whole_years
from include.rollups.energy import TELLING
from include.rollups.plants import roll_up_plants
from include.rollups.series import KnownSeries, claim_days, computed_together, describe_series, run
from include.rollups.series_buckets import SeriesDifference, rebuild_amounts, rebuild_measured
from include.rollups.stored import write

_PUBLISHED: Final = frozenset({*TELLING, "export_total_kwh"})
"""Quantities on which the energy of a plant or inverter may rest."""
_WEATHER: Final = frozenset({"irradiance_poa_w_m2", "temp_module_c"})
"""Quantities on which the yields of a plant rest beside its energy."""


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What one round did: days of series and plants taken, rows written or removed, marks left for anyone."""

    dirty_days: int
    plant_days: int
    rows_changed: int
    remaining: int


def roll_up(connection: Connection, *, computed_at: datetime, limit: int = 4_000) -> RolledUp:
    """Work off about `limit` dirty (series, day) pairs in the caller's transaction, and when no more are left, the plants' days.

    The transaction is READ COMMITTED. Several may run side by side: each takes series and plants that no other has. Nothing is
    taken, while something remains, where others hold all that is left.
    """
    days = claim_days(connection, limit)
    changed = roll_up_days(connection, days, computed_at) if days else 0
    taken = sum(len(each) for each in days.values())
    left = run(connection, "claims", "count_marks").one()
    if left.series_days:
        return RolledUp(taken, 0, changed, left.series_days + left.plant_days)
    plants = roll_up_plants(connection, computed_at=computed_at, limit=limit)
    return RolledUp(taken, plants.plant_days, changed + plants.rows_changed, plants.remaining)


def roll_up_days(connection: Connection, days: Mapping[int, NDArray[np.int32]], computed_at: datetime) -> int:
    """Compute local days (sorted, since 1970-01-01, by series_id) and write what differs; returns how many rows changed."""
    facts = describe_series(connection, list(days))
    measured = [each for each in facts if each.origin == "measured" and each.kind != "state"]
    # A derived series is the plants' work.
    pairs = {(each.series_id, int(day)) for each in facts if each.origin == "derived" for day in days[each.series_id]}
    changed = 0
    for rebuilt in rebuild(connection, measured, days):
        changed += rebuilt.difference.changed_rows
        write(connection, rebuilt.difference, computed_at)
        rebuilt.write_counter_days(connection)
        pairs |= rebuilt.changed_days()
    _mark_plants(connection, facts, pairs)
    return changed


def rebuild(
    connection: Connection, facts: Sequence[KnownSeries], days: Mapping[int, NDArray[np.int32]]
) -> list[SeriesDifference]:
    """What the buckets around these days should be and how the stored ones differ; one for each zone and kind of series."""
    found = []
    for group in computed_together(facts):
        calendar = whole_years(group[0].timezone, [days[each.series_id] for each in group])
        rebuild_kind = rebuild_amounts if group[0].kind == "amount" else rebuild_measured
        found.append(rebuild_kind(connection, group, days, calendar))
    return found


def _mark_plants(connection: Connection, facts: Sequence[KnownSeries], changed: Collection[tuple[int, int]]) -> None:
    """Put the days of plants of which a series changed on their work list, and on that of the yields."""
    for quantities, mark in ((_PUBLISHED, "mark_plants"), (_WEATHER, "mark_yields")):
        plants = {each.series_id: each.plant_id for each in facts if each.plant_id is not None and each.quantity in quantities}
        if marks := sorted({(plants[series_id], day) for series_id, day in changed if series_id in plants}):
            plant_ids, days = zip(*marks, strict=True)
            run(connection, "claims", mark, plant_ids=list(plant_ids), days=list(days))
