"""Proves stored aggregates: days of series and plants are computed again from what is stored beneath them, and compared.

Nothing is written. Of a series its hours, day, week, month and year around each day and its counter's faults come from the
readings; of a plant its power and published energies come from the buckets of its inverters, meters and its own. Equal means
equal to the last bit, as the roll-up promises.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RowMapping

from include.core.span import day_of_number, instant_of
from include.rollups.buckets import BUCKET, GRAIN_CODES, Buckets
from include.rollups.counter_faults import COUNTER_DAY, DECIDED, CounterDays
from include.rollups.counter_limits import HORIZON_DAYS
from include.rollups.energy import POWER
from include.rollups.plants import rebuild_plants
from include.rollups.roll_up import rebuild
from include.rollups.series import KnownSeries, describe_series, run
from include.rollups.stored import Difference
from include.rollups.wish import ChosenDays, RollupWish, draw_days, in_portions, spans_of_plants, spans_of_series

_MOST_KEPT: Final = 1_000
_GRAINS: Final = {code: grain for grain, code in GRAIN_CODES.items()}
_INSTANTS: Final = ("starts_at", "ends_at", "opened_at")

_REACH_DAYS: Final = {"power": 3, "gauge": 3, "counter": 2 * HORIZON_DAYS + 3, "amount": 380}
"""How far from a day a reading may lie that decides what is compared; amounts are compared up to their whole year."""


class Mismatch(NamedTuple):
    """One figure that is not what the readings come to. `column` is `row` where a whole row is missing or too many.

    `device` is empty for a plant; `start` is the instant of a bucket, the local date of a day; stored and recomputed are
    numbers, texts, instants, or null.
    """

    table: str
    tenant: str | None
    plant: str | None
    device: str | None
    quantity: str | None
    series_id: int | None
    grain: str
    local_date: date
    start: datetime | date
    column: str
    stored: Any
    recomputed: Any


class _Figure(NamedTuple):
    """A mismatch before its subject has names: a series, or a plant and its device."""

    series_id: int | None
    plant_id: int | None
    device_id: int | None
    table: str
    grain: str
    local_date: date
    start: datetime | date
    column: str
    stored: Any
    recomputed: Any


@dataclass(slots=True)
class Audit:
    """What was compared, in days and rows, what waits for the roll-up and was left out, and what was found.

    `mismatch_count` counts figures, of which `mismatches` has at most the first thousand.
    """

    seed: int | None
    series_days: int = 0
    plant_days: int = 0
    waiting_days: int = 0
    equal_rows: int = 0
    mismatch_count: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"mismatches": [each._asdict() for each in self.mismatches]}


def audit(connection: Connection, wish: RollupWish, *, days: int | None, seed: int, now: datetime) -> Audit:
    """Compare so many days of series that tell anything, and as many of plants, drawn by the seed; without a number every day.

    The transaction must see one instant of the warehouse (REPEATABLE READ): a roll-up beside it would look like a mismatch.
    Days for which a mark waits, or whose figures a waiting mark may change, are left out and counted.
    """
    found = Audit(None if days is None else seed)
    series, plants = spans_of_series(connection, wish), spans_of_plants(connection, wish)
    chosen_series = series.all_days() if days is None else draw_days(connection, series, days, seed)
    chosen_plants = plants.all_days() if days is None else plants.some_days(days, seed)
    for portion in in_portions(chosen_series):
        _note(connection, found, _compare_series(connection, portion, found))
    for portion in in_portions(chosen_plants):
        _note(connection, found, _compare_plants(connection, portion, found, now))
    return found


def _note(connection: Connection, found: Audit, figures: Iterator[_Figure]) -> None:
    """Count the figures, and keep the first ones with the names of their subjects."""
    kept: list[_Figure] = []
    for figure in figures:
        found.mismatch_count += 1
        if len(found.mismatches) + len(kept) < _MOST_KEPT:
            kept.append(figure)
    found.mismatches += _named(connection, kept)


def _named(connection: Connection, figures: Sequence[_Figure]) -> list[Mismatch]:
    if not figures:
        return []
    columns = {f"{name}s": [getattr(each, name) for each in figures] for name in ("series_id", "plant_id", "device_id")}
    names = run(connection, "audit", "name_subjects", **columns).all()
    return [
        Mismatch(
            figure.table,
            name.tenant,
            name.plant,
            name.device,
            name.quantity or (POWER if figure.table == "mart.rollup" else None),
            figure.series_id,
            *figure[4:],
        )
        for figure, name in zip(figures, names, strict=True)
    ]


# ---------------------------------------------------------------------------------------------------------- days of series


def _compare_series(connection: Connection, chosen: ChosenDays, found: Audit) -> Iterator[_Figure]:
    facts = describe_series(connection, list(chosen))
    days = _settled_series(connection, facts, chosen, found)
    found.series_days += sum(map(len, days.values()))
    for rebuilt in rebuild(connection, [each for each in facts if each.series_id in days], days):
        found.equal_rows += rebuilt.difference.same
        yield from _bucket_figures(rebuilt.difference)
        yield from _counter_figures(rebuilt.history, rebuilt.counter_days)


def _settled_series(
    connection: Connection, facts: Sequence[KnownSeries], chosen: ChosenDays, found: Audit
) -> dict[int, NDArray[np.int32]]:
    """The chosen days without those that wait."""
    pairs = [(each.series_id, day, _REACH_DAYS[each.kind]) for each in facts for day in chosen[each.series_id].tolist()]
    columns = _columns(pairs, ("series_ids", "days", "reaches"))
    waiting = set(map(tuple, run(connection, "audit", "find_waiting_series_days", **columns)))
    return _without(chosen, waiting, found)


def _without(chosen: ChosenDays, waiting: set[tuple[int, int]], found: Audit) -> dict[int, NDArray[np.int32]]:
    found.waiting_days += len(waiting)
    kept = {
        owner: np.array([day for day in days.tolist() if (owner, day) not in waiting], np.int32) for owner, days in chosen.items()
    }
    return {owner: days for owner, days in kept.items() if len(days)}


def _bucket_figures(difference: Difference) -> Iterator[_Figure]:
    """Figures of buckets that differ; of a derived series that does not exist yet the plant is told."""
    stored, fresh = _by_key(difference.gone), _by_key(difference.come)
    for key in sorted(stored.keys() | fresh.keys()):
        series_id, grain, _ = key
        one, other = stored.get(key), fresh.get(key)
        known = _shown(one if one is not None else other)
        local_date, start = known["local_date"], known["starts_at"]
        own, plant_id = (series_id, None) if series_id > 0 else (None, -series_id)
        for column, was, should in _differing(one, other, BUCKET.names or ()):
            yield _Figure(own, plant_id, None, "mart.rollup", _GRAINS[grain], local_date, start, column, was, should)


def _by_key(buckets: Buckets) -> dict[tuple[int, int, int], np.void]:
    keys = buckets[["series_id", "grain", "starts_at"]].tolist()
    return dict(zip(keys, buckets, strict=True))


def _counter_figures(stored: CounterDays, fresh: CounterDays) -> Iterator[_Figure]:
    """Figures of days on which counters misbehaved."""
    was, should = ({(row["series_id"], row["local_date"]): row for row in rows} for rows in (stored, fresh))
    for series_id, day in sorted(was.keys() | should.keys()):
        key, local_date = (series_id, day), day_of_number(int(day))
        for column, one, other in _differing(was.get(key), should.get(key), COUNTER_DAY.names or ()):
            yield _Figure(int(series_id), None, None, "mart.counter_day", "day", local_date, local_date, column, one, other)


def _differing(stored: np.void | None, fresh: np.void | None, names: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    """Column, stored, recomputed; one of them may be missing as a whole."""
    if stored is None or fresh is None:
        yield "row", "none" if stored is None else "there", "none" if fresh is None else "there"
        return
    was, should = _shown(stored), _shown(fresh)
    yield from ((name, was[name], should[name]) for name in names if was[name] != should[name])


def _shown(row: np.void | None) -> dict[str, Any]:
    """A record of an array in the types that people read."""
    if row is None:
        return {}
    shown: dict[str, Any] = {}
    for name in row.dtype.names or ():
        value = row[name].item()
        if name in _INSTANTS:
            shown[name] = None if value == DECIDED else instant_of(value)
        elif name == "local_date":
            shown[name] = day_of_number(value)
        else:
            shown[name] = None if value != value else value  # NaN stands for null
    return shown


# ---------------------------------------------------------------------------------------------------------- days of plants


def _compare_plants(connection: Connection, chosen: ChosenDays, found: Audit, now: datetime) -> Iterator[_Figure]:
    pairs = [(plant_id, day) for plant_id, days in chosen.items() for day in days.tolist()]
    waiting = run(connection, "audit", "find_waiting_plant_days", **_columns(pairs, ("plant_ids", "days")), now=now)
    days = _without(chosen, set(map(tuple, waiting)), found)
    pairs = [(plant_id, day) for plant_id, its_days in days.items() for day in its_days.tolist()]
    found.plant_days += len(pairs)
    if not pairs:
        return
    local_days = [(plant_id, day_of_number(day)) for plant_id, day in pairs]
    rebuilt = rebuild_plants(connection, local_days, computed_at=now)
    for difference in rebuilt.powers:
        found.equal_rows += difference.same
        yield from _bucket_figures(difference)
    stored = run(connection, "audit", "read_energies", **_columns(pairs, ("plant_ids", "days"))).mappings().all()
    yield from _energy_figures(stored, rebuilt.energies, found)


def _energy_figures(stored: Sequence[RowMapping], fresh: Sequence[dict[str, Any]], found: Audit) -> Iterator[_Figure]:
    was, should = _by_subject(stored), _by_subject(fresh)
    for key in sorted(was.keys() | should.keys(), key=lambda key: (*key[:2], key[2] or 0)):
        plant_id, local_date, device_id = key
        figures = list(_differing_energies(was.get(key), should.get(key)))
        found.equal_rows += not figures
        for column, one, other in figures:
            yield _Figure(None, plant_id, device_id, "mart.energy_day", "day", local_date, local_date, column, one, other)


def _by_subject(rows: Iterable[Any]) -> dict[tuple[int, date, int | None], Mapping[str, Any]]:
    return {(row["plant_id"], row["local_date"], row["device_id"]): row for row in rows}


def _differing_energies(stored: Mapping[str, Any] | None, fresh: Mapping[str, Any] | None) -> Iterator[tuple[str, Any, Any]]:
    if stored is None or fresh is None:
        yield "row", "none" if stored is None else "there", "none" if fresh is None else "there"
        return
    yield from ((name, stored[name], value) for name, value in fresh.items() if stored[name] != value)


def _columns(rows: Sequence[Sequence[int]], names: Sequence[str]) -> dict[str, list[int]]:
    """Rows as one list per column."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
