"""What can be said of each plant in a few sentences, once a day and again where its days changed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time
from typing import Any, Final

from include.analysis.insights import PAST_DAYS, WEEK, PlantFigures, find_insights
from include.core.settings import Settings
from include.steps.each import attempt_each, errors_of
from include.warehouse import insights
from include.warehouse.engine import Connection, transaction
from include.warehouse.insights import InsightDay
from include.warehouse.performance import day_windows, read_windows
from include.warehouse.yields import read_model

DUE_AT: Final = time(6)
"""Local time from which on the day before is looked at."""


def tell_insights(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Say anew what can be said of the plants that are due; a plant that fails holds back no other.

    Returns the counts plants and insights_changed, and `errors`. Raises the first error where nothing was done.
    """
    with transaction(settings.database_url) as connection:
        due = insights.find_due_plants(connection, now=now, due_at=DUE_AT, days=PAST_DAYS)

    def tell(plant: InsightDay) -> int:
        with transaction(settings.database_url) as connection:
            insights.lock_insights(connection)
            return _tell(connection, plant, now)

    changed, failures = attempt_each(due, tell, label=lambda plant: f"the insights of plant {plant.plant_id}")
    return {"plants": len(changed), "insights_changed": sum(changed), "errors": errors_of(failures, beside=changed)}


def _tell(connection: Connection, plant: InsightDay, now: datetime) -> int:
    rows = insights.read_facts(connection, plant.plant_id, plant.as_of, days=PAST_DAYS, week=WEEK)
    windows = read_windows(connection, day_windows(plant.plant_id, plant.as_of, [WEEK]))
    model = read_model(connection, plant.plant_id)
    facts = PlantFigures(
        as_of=plant.as_of,
        days=rows["days"],
        week=_first(windows),
        inverters=rows["inverters"],
        alarms=rows["alarms"],
        forecast=_first(rows["forecast"]),
        model=None if model is None else asdict(model),
    )
    return insights.write_insights(connection, plant, [asdict(each) for each in find_insights(facts)], now)


def _first(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return rows[0] if rows else None
