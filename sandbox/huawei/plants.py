"""Plants: the list, and figures of now, hours, days, months and years."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from sandbox.fleet import Plant
from sandbox.huawei.body import Answer, Body, Refusal, instant_in, midnight_ms, ms_of
from sandbox.huawei.fleet import Fleet
from sandbox.world import World

PAGE_SIZES = (10, 20, 30, 50, 100)
USED_SHARE, PRICE = 0.15, 0.09


class Plants:
    """Answers about plants."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._sunshine = world.sunshine
        self._fleet = fleet

    def interfaces(self) -> dict[str, Callable[[Body], Answer]]:
        """The interfaces by name."""
        return {
            "stations": self.stations,
            "getStationList": self.station_list,
            "getStationRealKpi": self.plants_now,
            "getKpiStationHour": self.plant_hours,
            "getKpiStationDay": self.plant_days,
            "getKpiStationMonth": self.plant_months,
            "getKpiStationYear": self.plant_years,
        }

    def stations(self, body: Body) -> Answer:
        """The plants, in pages; capacity in kWp."""
        page, size = body.get("pageNo"), body.get("pageSize", 10)
        if page is None:
            raise Refusal(30004, "pageNo is empty")
        if type(page) is not int or page < 1:
            raise Refusal(30005, "pageNo is out of range")
        if size not in PAGE_SIZES:
            raise Refusal(30006, "pageSize is out of range")
        since, until = (
            instant_in(body, name) if body.get(name) is not None else None
            for name in ("gridConnectedStartTime", "gridConnectedEndTime")
        )
        plants = [plant for plant in self._fleet.plants() if _is_within(_installed(plant), since, until)]
        return {
            "list": [_plant_row(plant) for plant in plants[(page - 1) * size : page * size]],
            "pageCount": -(-len(plants) // size),
            "pageNo": page,
            "pageSize": size,
            "total": len(plants),
        }

    def station_list(self, body: Body) -> Answer:
        """The old list, closed to API users made after 2022-06-30, as ours is."""
        raise Refusal(401, "Invalid access to current interface!")

    def plants_now(self, body: Body) -> Answer:
        """Energies of today, the month and ever, as text."""
        return [{"stationCode": plant.key, "dataItemMap": self._plant_now(plant)} for plant in self._fleet.wanted_plants(body)]

    def plant_hours(self, body: Body) -> Answer:
        """The hours of the local day that has `collectTime`, as far as they have begun."""
        rows = []
        for plant in self._fleet.wanted_plants(body):
            day = instant_in(body, "collectTime").astimezone(plant.zone()).date()
            if self._world.knows(plant, day):
                rows += list(self._hours_of(plant, day))
        return rows

    def plant_days(self, body: Body) -> Answer:
        """The days of the local month that has `collectTime`."""
        return self._plant_periods(body, "day")

    def plant_months(self, body: Body) -> Answer:
        """The months of the local year that has `collectTime`."""
        return self._plant_periods(body, "month")

    def plant_years(self, body: Body) -> Answer:
        """All years of the plants."""
        return self._plant_periods(body, "year")

    def _plant_periods(self, body: Body, period: str) -> list[dict[str, Any]]:
        rows = []
        for plant in self._fleet.wanted_plants(body):
            for start, days in self._fleet.periods(plant, instant_in(body, "collectTime"), period):
                energy = sum(self._fleet.energy_of(inverter, day) for day in days for inverter in plant.inverters)
                sun = (
                    sum(self._sunshine.weather(plant, day).irradiation_kwh_m2 for day in days)
                    if self._fleet.has_emi(plant)
                    else None
                )
                values = _long_figures(plant, energy, sun)
                rows.append({"stationCode": plant.key, "collectTime": midnight_ms(plant, start), "dataItemMap": values})
        return rows

    def _hours_of(self, plant: Plant, day: date) -> Iterator[dict[str, Any]]:
        now = self._world.now()
        days = [self._sunshine.day(inverter, day).until(now) for inverter in plant.inverters]
        sun = dict(self._sunshine.weather(plant, day).hours)
        for at, (start, _) in enumerate(days[0].hours):
            values = _figures(plant, sum(own.hours[at][1] for own in days), sun[start] if self._fleet.has_emi(plant) else None)
            yield {"stationCode": plant.key, "collectTime": ms_of(start), "dataItemMap": values}

    def _plant_now(self, plant: Plant) -> dict[str, str]:
        now = self._world.now()
        today = now.astimezone(plant.zone()).date()
        of_day = sum(self._fleet.energy_of(inverter, today) for inverter in plant.inverters)
        ever = of_day + sum(self._sunshine.energy_before(inverter, today) for inverter in plant.inverters)
        before_month = sum(self._sunshine.energy_before(inverter, today.replace(day=1)) for inverter in plant.inverters)
        states = [(self._sunshine.day(inverter, today).until(now).state or ["standby"])[-1] for inverter in plant.inverters]
        health = "1" if set(states) == {"offline"} else "2" if {"offline", "fault"} & set(states) else "3"
        return {
            "day_power": f"{of_day:.2f}",
            "month_power": f"{ever - before_month:.2f}",
            "total_power": f"{ever:.2f}",
            "day_income": f"{of_day * PRICE:.2f}",
            "total_income": f"{ever * PRICE:.2f}",
            "day_on_grid_energy": f"{of_day * (1 - USED_SHARE):.2f}",
            "day_use_energy": f"{of_day * USED_SHARE:.2f}",
            "real_health_state": health,
        }


def _installed(plant: Plant) -> datetime:
    return datetime.combine(plant.installed_on, datetime.min.time(), plant.zone()).replace(hour=10)


def _is_within(instant: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= instant) and (until is None or instant <= until)


def _plant_row(plant: Plant) -> dict[str, Any]:
    return {
        "plantCode": plant.key,
        "plantName": plant.name,
        "plantAddress": plant.timezone.split("/")[1].replace("_", " "),
        "longitude": plant.longitude,
        "latitude": plant.latitude,
        "capacity": plant.capacity_kwp,
        "contactPerson": "",
        "contactMethod": "",
        "gridConnectionDate": _installed(plant).isoformat(),
    }


def _figures(plant: Plant, energy_kwh: float, sun_kwh_m2: float | None) -> dict[str, Any]:
    """A plant's hour: `_power` is energy in kWh."""
    return {
        "radiation_intensity": None if sun_kwh_m2 is None else round(sun_kwh_m2, 4),
        "theory_power": None if sun_kwh_m2 is None else round(sun_kwh_m2 * plant.capacity_kwp, 3),
        "inverter_power": round(energy_kwh, 3),
        "ongrid_power": round(energy_kwh * (1 - USED_SHARE), 3),
        "power_profit": round(energy_kwh * PRICE, 2),
    }


def _long_figures(plant: Plant, energy_kwh: float, sun_kwh_m2: float | None) -> dict[str, Any]:
    """A plant's day, month or year: more keys than an hour has."""
    figures = _figures(plant, energy_kwh, sun_kwh_m2)
    theory = figures["theory_power"]
    return {
        **figures,
        "installed_capacity": plant.capacity_kwp,
        "performance_ratio": round(100 * energy_kwh / theory, 2) if theory else None,
        "PVYield": round(energy_kwh, 3),
        "inverterYield": round(energy_kwh, 3),
        "use_power": round(energy_kwh - figures["ongrid_power"], 3),
        "perpower_ratio": round(energy_kwh / plant.capacity_kwp, 3),
        "reduction_total_co2": round(energy_kwh * 0.000475, 3),
        "reduction_total_coal": round(energy_kwh * 0.0004, 3),
        "reduction_total_tree": None,
    }
