"""Computes stored days again by today's rules, and says what that changed: before and after are compared in the database.

What is compared lies in temporary tables of one connection, which must be the same from `mark` to `compare`; the roll-up in
between may run anywhere. Energies are those of day buckets (of a month's amounts month buckets), and the published ones.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from include.rollups.series import run
from include.rollups.wish import RollupWish, StoredSpans, spans_of_plants, spans_of_series

LEAST_CHANGE_KWH: Final = 0.0005
"""A smaller change of a day's energy is the rounding of another way to add the same numbers."""


@dataclass(frozen=True, slots=True)
class Recompute:
    """How many days of how many series and plants are to be computed again."""

    series: int
    series_days: int
    plants: int
    plant_days: int


@dataclass(frozen=True, slots=True)
class RecomputeOutcome:
    """What computing again changed, as rows by tenant and quantity.

    `energies`: days with an energy and those that changed, kWh before and after. `largest`: the days that changed most.
    `counters`: local days on which counters misbehaved, and how often.
    """

    energies: list[dict[str, Any]] = field(default_factory=list)
    largest: list[dict[str, Any]] = field(default_factory=list)
    counters: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def plan(connection: Connection, wish: RollupWish) -> Recompute:
    """What a recompute would take. Raises `Refused` where a plant of the wish is unknown."""
    return _counts(spans_of_series(connection, wish), spans_of_plants(connection, wish))


def mark(connection: Connection, wish: RollupWish) -> Recompute:
    """Remember what is stored of the days, and put all of them on the work lists."""
    series, plants = spans_of_series(connection, wish), spans_of_plants(connection, wish)
    for name, spans in (("series", series), ("plant", plants)):
        run(connection, "recompute", f"create_{name}_spans", **_columns(spans))
    for block in ("analyze_spans", "create_energies", "keep_energies", "mark_series", "mark_plants"):
        run(connection, "recompute", block)
    return _counts(series, plants)


def compare(connection: Connection, *, most: int = 10) -> RecomputeOutcome:
    """What is stored now against what was remembered; `most` days that changed most."""
    least = {"least_kwh": LEAST_CHANGE_KWH}
    run(connection, "recompute", "pair_energies")
    return RecomputeOutcome(
        [dict(row) for row in run(connection, "recompute", "sum_changes", **least).mappings()],
        [dict(row) for row in run(connection, "recompute", "read_largest_changes", **least, most=most).mappings()],
        [dict(row) for row in run(connection, "recompute", "sum_counter_days").mappings()],
    )


def _columns(spans: StoredSpans) -> dict[str, list[int]]:
    return {"ids": spans.ids.tolist(), "first_days": spans.first_day.tolist(), "last_days": spans.last_day.tolist()}


def _counts(series: StoredSpans, plants: StoredSpans) -> Recompute:
    return Recompute(len(series.ids), series.day_count, len(plants.ids), plants.day_count)
