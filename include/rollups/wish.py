"""Whose days a person means, and of which of them anything is stored: for what audits and recomputes aggregates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RowMapping

from include.core.errors import Refused
from include.core.span import day_number
from include.rollups.energy import TELLING
from include.rollups.series import run

_DAYS_AT_ONCE: Final = 4_000
_DRAWN_FOR_ONE: Final = 40
"""So many days hold one with a reading, even of a month's amounts."""

ChosenDays = Mapping[int, NDArray[np.int32]]
"""Local days since 1970-01-01, sorted, by the id of their series or plant."""


@dataclass(frozen=True, slots=True)
class RollupWish:
    """Whose local days are meant: of everybody, or of a tenant, certain plants (by key), certain series; both days included."""

    tenant: str | None = None
    plants: tuple[str, ...] = ()
    series_ids: tuple[int, ...] = ()
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        """Refuse days in the wrong order."""
        if self.first and self.last and self.last < self.first:
            raise Refused(f"--from {self.first} is after --to {self.last}; swap the two")

    def parameters(self) -> dict[str, Any]:
        """As the queries want it: null for what is not narrowed."""
        return {"tenant": self.tenant, "plants": list(self.plants) or None, "series_ids": list(self.series_ids) or None}


@dataclass(frozen=True, slots=True, eq=False)
class StoredSpans:
    """Of series or plants, by id, the first and the last local day of which anything is stored, since 1970-01-01."""

    ids: NDArray[np.int32]
    first_day: NDArray[np.int32]
    last_day: NDArray[np.int32]

    @property
    def day_count(self) -> int:
        """How many days they have together, silent ones among them."""
        return int(self._counts().sum())

    def all_days(self) -> dict[int, NDArray[np.int32]]:
        """Every day of each."""
        return self.days_at(np.arange(self.day_count))

    def some_days(self, count: int, seed: int) -> dict[int, NDArray[np.int32]]:
        """At most so many days, each as likely as any other; the same ones for the same seed while the spans stay."""
        return self.days_at(self.draw(count, seed))

    def draw(self, count: int, seed: int) -> NDArray[np.int64]:
        """Places of that many days among the days of all, or of every day where there are fewer, in the order of drawing."""
        return np.random.default_rng(seed).choice(self.day_count, min(count, self.day_count), replace=False)

    def days_at(self, places: NDArray[np.int64]) -> dict[int, NDArray[np.int32]]:
        """Days by their place among the days of all."""
        whose, days = self.owners_at(np.sort(places))
        owners, starts = np.unique(whose, return_index=True)
        return dict(zip(self.ids[owners].tolist(), np.split(days, starts[1:]), strict=True)) if len(places) else {}

    def owners_at(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Whose days they are, by row, and the days."""
        ends = np.cumsum(self._counts())
        whose = np.searchsorted(ends, places, side="right")
        return whose, (self.last_day[whose] + 1 - (ends[whose] - places)).astype(np.int32)

    def _counts(self) -> NDArray[np.int64]:
        return (self.last_day - self.first_day).astype(np.int64) + 1


def spans_of_series(connection: Connection, wish: RollupWish) -> StoredSpans:
    """Measured series but states, with readings or buckets. Raises `Refused` where none is known by the names in the wish."""
    rows = run(connection, "wish", "read_series_spans", **wish.parameters()).mappings().all()
    if not rows and (wish.plants or wish.series_ids):
        wanted = f"series {wish.series_ids[0]}" if wish.series_ids else f"plant {wish.plants[0]!r}"
        raise Refused(f"{wanted} is not known, or has no series; name one of `helio status` and the fleet's registry")
    return _spans(rows, wish)


def spans_of_plants(connection: Connection, wish: RollupWish) -> StoredSpans:
    """Plants of which an energy is published, or something is stored that tells one; none where the wish names series."""
    if wish.series_ids:
        return _spans([], wish)
    parameters = {name: value for name, value in wish.parameters().items() if name != "series_ids"}
    rows = run(connection, "wish", "read_plant_spans", **parameters, quantities=list(TELLING))
    return _spans(rows.mappings().all(), wish)


def draw_days(connection: Connection, spans: StoredSpans, count: int, seed: int) -> dict[int, NDArray[np.int32]]:
    """At most so many days of series that have a reading or a bucket, silent ones among the drawn left out."""
    places = spans.draw(count * _DRAWN_FOR_ONE, seed)
    whose, days = spans.owners_at(places)
    drawn = {"series_ids": spans.ids[whose].tolist(), "days": days.tolist()}
    told = run(connection, "wish", "find_told_days", **drawn).scalars().all()
    return spans.days_at(places[np.array(told[:count], np.int64) - 1])


def in_portions(days: ChosenDays) -> Iterator[dict[int, NDArray[np.int32]]]:
    """The same days, some thousand at a time; those of one series or plant stay together."""
    portion: dict[int, NDArray[np.int32]] = {}
    size = 0
    for owner, its_days in days.items():
        portion[owner] = its_days
        size += len(its_days)
        if size >= _DAYS_AT_ONCE:
            yield portion
            portion, size = {}, 0
    if portion:
        yield portion


def _spans(rows: Any, wish: RollupWish) -> StoredSpans:  # noqa: ANN401 - rows of (id, first_day, last_day)
    known: list[RowMapping] = [row for row in rows if row["first_day"] is not None]
    table = np.array([(row["id"], row["first_day"], row["last_day"]) for row in known], np.int32).reshape(-1, 3)
    first, last = table[:, 1], table[:, 2]
    if wish.first:
        first = np.maximum(first, np.int32(day_number(wish.first)))
    if wish.last:
        last = np.minimum(last, np.int32(day_number(wish.last)))
    is_asked = first <= last
    return StoredSpans(table[is_asked, 0], first[is_asked], last[is_asked])
