"""A tenant with millions of readings behind it, and what is asked of the API about them."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from bench.cluster import Cluster
from bench.plant_fleet import fill
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction

PER_PLANT = 20
"""Inverters."""
READINGS_PER_DAY = 288
DAYS = 175
FIRST = date(2026, 5, 1)
ROUTES = {
    "plants": "/plants?limit=100",
    "plant": "/plants/{plant}",
    "energy, 30 days": "/plants/{plant}/energy?grain=day&from={start}&to={month_later}",
    "power of a plant, 7 days hourly": "/plants/{plant}/rollups?grain=hour&from={start}&to={week_later}",
    "20 devices, 30 days daily": "/plants/{plant}/devices/rollups?grain=day&from={start}&to={month_later}",
    "performance": "/plants/{plant}/performance?as_of={day}",
    "1 series, 30 days hourly": "/series/{series}/rollups?grain=hour&from={start}&to={month_later}",
    "readings of a day": "/series/{series}/readings?from={start}&to={day_later}",
    "devices of a plant": "/devices?plant_id={plant}&limit=100",
    "alarms, 30 days": "/plants/{plant}/alarms?from={start}&to={month_later}",
}
"""The ten questions that are asked most."""


@dataclass
class Questions:
    """What to ask of a seeded warehouse: the same questions again, and ever new ones."""

    user: CurrentUser
    plants: list[int]
    series: list[int]
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def known(self, name: str) -> str:
        """The one question of a route that is asked over and over."""
        return self._written(name, self.plants[0], self.series[0], _instant(FIRST + timedelta(days=60)))

    def new(self, name: str) -> str:
        """A question of the same size that nobody has asked: its span begins at some second of a day."""
        day = FIRST + timedelta(days=self.chance.randrange(5, DAYS - 40))
        start = _instant(day) + timedelta(seconds=self.chance.randrange(3600))
        return self._written(name, self.chance.choice(self.plants), self.chance.choice(self.series), start)

    def _written(self, name: str, plant: int, series: int, start: datetime) -> str:
        later = {"day_later": 1, "week_later": 7, "month_later": 30}
        ends = {word: f"{start + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for word, days in later.items()}
        day = start.date()
        return "/api/v1" + ROUTES[name].format(plant=plant, series=series, day=day, start=f"{start:%Y-%m-%dT%H:%M:%SZ}", **ends)


def seed(on: Cluster, *, millions: float) -> Questions:
    """Fill a warehouse with so many million readings, and their roll-ups."""
    plants = max(1, round(millions * 1e6 / (READINGS_PER_DAY * DAYS * PER_PLANT)))
    values = {"plants": plants, "per_plant": PER_PLANT, "first": FIRST, "days": DAYS}
    user = fill(on, "questions", values)
    with transaction(on.url) as connection:
        plant_ids = connection.execute(text("SELECT plant_id FROM fleet.plant ORDER BY 1")).scalars().all()
        series_ids = connection.execute(text("SELECT series_id FROM fleet.series WHERE origin = 'measured' ORDER BY 1")).scalars()
        return Questions(user, list(plant_ids), list(series_ids))


def _instant(day: date) -> datetime:
    """The day's first hour in the plants' zone."""
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
