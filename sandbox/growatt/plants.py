"""What Growatt tells of plants: the list, details, what was generated so far, power through a day, energies of days."""

from datetime import date, datetime, timedelta
from typing import Any

from sandbox.fleet import Plant
from sandbox.growatt.refusal import VENDOR, Query, Refusal, day_of, local_text, page_of
from sandbox.plant_days import PlantDays
from sandbox.world import World

LONGEST = timedelta(days=7)


class Plants:
    """Answers about the account's plants."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._days = PlantDays(world.sunshine)

    def page(self, query: Query) -> dict[str, Any]:
        """A page of the plants; the zone stands in the details only."""
        plants = self._world.sunshine.plants(VENDOR)
        return {"count": len(plants), "plants": [self._row(plant) for plant in page_of(query, plants)]}

    def details(self, query: Query) -> dict[str, Any]:
        """One plant, which is not named, with its zone as a fixed offset."""
        plant = self._plant(query)
        row = self._row(plant)
        kept = ("city", "country", "create_date", "image_url", "latitude", "locale", "longitude", "name", "peak_power", "user_id")
        lists: dict[str, list[Any]] = {"arrays": [], "dataloggers": [], "inverters": [], "maxs": []}
        return {name: row[name] for name in kept} | lists | {"timezone": self._offset(plant), "currency": "", "status": None}

    def data(self, query: Query) -> dict[str, Any]:
        """What one plant does now, and what it generated."""
        plant, now = self._plant(query), self._world.now()
        today = now.astimezone(plant.zone()).date()
        day = self._days.of(plant, today)
        known = [at for at, instant in enumerate(day.instants) if instant <= now]
        last = known[-1] if known else 0
        energy = self._energy(plant, today) or 0.0
        return {
            "current_power": round((day.power_kw[last] or 0.0) * 1000, 1) if day.instants else 0.0,
            "today_energy": f"{energy:.1f}",
            "monthly_energy": f"{self._sum(plant, today.replace(day=1), today):.1f}",
            "yearly_energy": f"{self._sum(plant, today.replace(month=1, day=1), today):.1f}",
            "total_energy": f"{self._total(plant):.1f}",
            "peak_power_actual": plant.capacity_kwp,
            "efficiency": "",
            "carbon_offset": "0",
            "last_update_time": local_text(day.instants[last] if day.instants else now, plant),
            "timezone": self._offset(plant),
        }

    def power(self, query: Query) -> dict[str, Any]:
        """Power of one plant each five minutes of a day, the last first; null at night, in silence and in what is to come."""
        plant, day = self._plant(query), day_of(query, "date", 10003)
        known = self._days.of(plant, day) if self._world.knows(plant, day) else None
        rows = []
        for at, power in zip(known.instants, known.power_kw, strict=True) if known else ():
            watts = None if power in (None, 0.0) or at > self._world.now() else round((power or 0.0) * 1000, 1)
            rows.append({"time": local_text(at, plant)[:16], "power": watts})
        return {"count": len(rows), "powers": rows[::-1]}

    def energy(self, query: Query) -> dict[str, Any]:
        """Energies of one plant's days."""
        plant = self._plant(query)
        first, last = day_of(query, "start_date", 10004), day_of(query, "end_date", 10004)
        if query.get("time_unit", "day") != "day" or not timedelta(0) <= last - first <= LONGEST:
            raise Refusal(10004, "error_date_span")
        days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        told = [(day, energy) for day in days if (energy := self._energy(plant, day)) is not None]
        rows = [{"date": f"{day}", "energy": f"{energy:.1f}"} for day, energy in told]
        return {"count": len(rows), "time_unit": "day", "energys": page_of(query, rows)}

    def _plant(self, query: Query) -> Plant:
        plant = self._world.sunshine.find_plant(query.get("plant_id", ""))
        if plant is None or plant.vendor != VENDOR:
            raise Refusal(10002, "error_plant_not_exist")
        return plant

    def _energy(self, plant: Plant, day: date) -> float | None:
        if not self._world.knows(plant, day):
            return None
        now = self._world.now()
        if day < now.astimezone(plant.zone()).date():
            return sum(self._world.sunshine.energy_kwh(inverter, day) for inverter in plant.inverters)
        return sum(self._world.sunshine.day(inverter, day).until(now).energy_kwh for inverter in plant.inverters)

    def _sum(self, plant: Plant, first: date, last: date) -> float:
        before = self._world.sunshine.energy_before
        return sum(before(inverter, last) - before(inverter, first) for inverter in plant.inverters) + (
            self._energy(plant, last) or 0.0
        )

    def _total(self, plant: Plant) -> float:
        today = self._world.now().astimezone(plant.zone()).date()
        return self._sum(plant, plant.installed_on, today)

    def _offset(self, plant: Plant) -> str:
        january = datetime(self._world.now().year, 1 if plant.latitude > 0 else 7, 1, tzinfo=plant.zone())
        hours = (january.utcoffset() or timedelta(0)) // timedelta(hours=1)
        return f"GMT{hours:+d}"

    def _row(self, plant: Plant) -> dict[str, Any]:
        return {
            "plant_id": int(plant.key),
            "name": plant.name,
            "country": {"America": "Brazil", "Europe": "Germany", "Asia": "China"}[plant.timezone.split("/")[0]],
            "city": plant.timezone.split("/")[1].replace("_", " "),
            "latitude": f"{plant.latitude}",
            "longitude": f"{plant.longitude}",
            "latitude_d": None,
            "latitude_f": None,
            "peak_power": plant.capacity_kwp,
            "current_power": "",
            "total_energy": f"{self._total(plant):.1f}",
            "create_date": f"{plant.installed_on}",
            "status": 1,
            "user_id": 33,
            "installer": "0",
            "operator": "0",
            "image_url": "",
            "locale": "en-US",
        }
