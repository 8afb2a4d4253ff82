"""Named reads of the API about yields, availability, money and CO2 of plants, their inverters' ranks, and their models."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.warehouse.queries import query

YieldGrain = Literal["day", "week", "month", "year", "cycle"]
CEILING: Final = 1.1
"""A day that makes more than so many times its clear-sky energy cannot be."""
_LIMITS: Final = {"min_completeness": COMPLETE_DAY_COVERAGE, "ceiling": CEILING}


def read_plant_yields(connection: Connection, *, plant_id: int, grain: YieldGrain, first: date, end: date, today: date) -> str:
    """Intervals that overlap the local days [first, end) as a JSON array; a `cycle` is from one meter reading to the next."""
    by_cycle = grain == "cycle"
    parameters: dict[str, Any] = {
        "plant_id": plant_id,
        "grain": "day" if by_cycle else grain,
        "by_cycle": by_cycle,
        "first": first,
        "end": end,
        "today": today,
        **_LIMITS,
        "first_days": [],
        "end_days": [],
    }
    return str(connection.execute(query("plant_yields", "read_plant_yields"), parameters).scalar_one())


def read_window_yields(
    connection: Connection, *, plant_id: int, windows: Sequence[tuple[date, date]], today: date
) -> dict[tuple[date, date], dict[str, Any]]:
    """Yields of spans of local days, both days included, as `read_plant_yields` tells them; none where nothing is known."""
    parameters = {
        "plant_id": plant_id,
        "grain": "day",
        "by_cycle": False,
        "first": today,
        "end": today,
        "today": today,
        **_LIMITS,
        "first_days": [first for first, _ in windows],
        "end_days": [last + timedelta(days=1) for _, last in windows],
    }
    rows = json.loads(connection.execute(query("plant_yields", "read_plant_yields"), parameters).scalar_one())
    return {(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])): row for row in rows}


def rank_inverters(connection: Connection, *, plant_id: int, first: date, end: date) -> str:
    """Inverters of a plant by their specific yield over the days on which all are complete, as a JSON array."""
    parameters = {"plant_id": plant_id, "first": first, "end": end, "min_completeness": COMPLETE_DAY_COVERAGE}
    return str(connection.execute(query("plant_yields", "rank_inverters"), parameters).scalar_one())


def read_plant_model(connection: Connection, plant_id: int) -> str | None:
    """The model of a plant as a JSON object; None: there is none yet."""
    found: str | None = connection.execute(query("plant_yields", "read_plant_model"), {"plant_id": plant_id}).scalar_one_or_none()
    return found
