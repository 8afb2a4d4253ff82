"""Named reads of the API about the whole fleet: plants now, their alarms and targets, and the accounts that feed them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.warehouse.api_reads import ListPage, read_page
from include.warehouse.performance import day_windows, read_indices

WEEK_DAYS: Final = 7
MIN_COMPARED_DAYS: Final = 4
"""Complete days that each of two weeks needs for their energy to be compared."""


@dataclass(frozen=True, slots=True)
class AlarmQuestion:
    """Which alarms are meant; None leaves it open. `since`: those that go on, or ended then or later."""

    plant_id: int | None = None
    severity: str | None = None
    state: str | None = None
    since: datetime | None = None


_FAULTS: Final = ("critical", "major", "minor", "notice", "none")
_FRESHNESS: Final = ("late", "never", "night", "fresh")


def list_plant_states(connection: Connection, *, now: datetime, fresh_s: float, after: int, limit: int) -> ListPage:
    """Plants above `after` by id, one page of them the worst first.

    Readings of the last `fresh_s` [s] are fresh. Power [kW], energy [kWh], `performance_7_days` as energy by target over the
    seven local days that end with yesterday, `performance_change` against the seven days before them.
    """
    parameters = {
        "now": now,
        "fresh_from": now - timedelta(seconds=fresh_s),
        "fresh_s": fresh_s,
        "min_completeness": COMPLETE_DAY_COVERAGE,
        "min_days": MIN_COMPARED_DAYS,
        "after": after,
        "limit": limit,
    }
    page = read_page(connection, "api_fleet", "list_plant_states", **parameters)
    plants = json.loads(page.data)
    _add_performance(connection, plants)
    return ListPage(json.dumps(sorted(plants, key=_badness), ensure_ascii=False), page.next_key)


def list_fleet_alarms(
    connection: Connection,
    *,
    wanted: AlarmQuestion,
    before: tuple[str, int],
    limit: int,
) -> ListPage:
    """Alarms of all plants, latest first; `before` is the instant and id of the last row before."""
    before_at, before_id = before
    return read_page(
        connection, "api_fleet", "list_fleet_alarms", **asdict(wanted), before_at=before_at, before_id=before_id, limit=limit
    )


def list_targets(
    connection: Connection, *, plant_id: int, first: date | None, end: date | None, after: date, limit: int
) -> ListPage:
    """Targets [kWh] of a plant by month of `[first, end)`, those later than `after`."""
    return read_page(connection, "api_fleet", "list_targets", plant_id=plant_id, first=first, end=end, after=after, limit=limit)


def list_accounts(connection: Connection, *, now: datetime, after: int, limit: int) -> ListPage:
    """Accounts in vendors' clouds by id, without anything secret."""
    return read_page(connection, "api_fleet", "list_accounts", now=now, after=after, limit=limit)


def _add_performance(connection: Connection, plants: list[dict[str, Any]]) -> None:
    windows = []
    for plant in plants:
        yesterday = date.fromisoformat(plant["local_date"]) - timedelta(days=1)
        for last_day in (yesterday, yesterday - timedelta(days=WEEK_DAYS)):
            windows += day_windows(plant["plant_id"], last_day, (WEEK_DAYS,))
    found = read_indices(connection, windows)
    for plant, index, index_before in zip(plants, found[::2], found[1::2], strict=True):
        plant["performance_7_days"] = index
        plant["performance_change"] = None if index is None or index_before is None else index - index_before


def _badness(plant: Mapping[str, Any]) -> tuple[int, int, float, int]:
    """Faults before late data before weak performance; a plant without a target stands behind those that have one."""
    index = plant["performance_7_days"]
    return (
        _FAULTS.index(plant["fault"]),
        _FRESHNESS.index(plant["freshness"]),
        float("inf") if index is None else index,
        plant["plant_id"],
    )
