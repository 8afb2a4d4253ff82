"""The physical truth behind the imitated clouds: plants, weather and inverters, the same for the same seed.

Irradiance is Haurwitz's clear sky on a level plane, seen through clouds that a plant's inverters share. A day is a local day of
the plant: 288 samples of five minutes, 276 or 300 where the clocks change. Power at a label is the power at that instant;
counters are the trapezoid of power, rounded to Wh, so hours sum to the day, and inverters to the plant, to the last Wh.

Each vendor has an inverter that is derated, one with outages and one whose lifetime counter starts again (positions `DERATED`,
`OUTAGES`, `COUNTER_RESET` among all inverters of the vendor; `COUNTER_RESET_ON` is the day, at local noon).
"""

from datetime import date, datetime, timedelta
from functools import cache, lru_cache

import numpy as np

from sandbox.days import Alarm, InverterDay, State, Weather, hours_of
from sandbox.fleet import FIXED_PLANTS, VENDORS, Inverter, Plant, inverters_of, make_plant, mean_air_temperature_c
from sandbox.sky import (
    STEP_S,
    Numbers,
    clear_sky,
    cloud_shares,
    dice_of,
    height_of_sun,
    instants_of,
    labels_of,
    trapezoid,
)

DERATED, OUTAGES, COUNTER_RESET = 1, 2, 3
DERATED_SHARE = 0.6
COUNTER_RESET_ON = date(2026, 3, 10)


class Sunshine:
    """The truth of all vendors' plants: three fixed sites for each vendor; more plants are small roofs at the same sites.

    With `first` = `FIXED_PLANTS` all are roofs, the smallest fleet in three zones.
    """

    def __init__(self, seed: int = 1, *, plants: int = FIXED_PLANTS, first: int = 0) -> None:
        self.seed = seed
        self._plants: dict[str, tuple[Plant, ...]] = {
            vendor: tuple(make_plant(vendor, index) for index in range(first, first + plants)) for vendor in VENDORS
        }
        self._plant_of = {plant.key: plant for owned in self._plants.values() for plant in owned}
        self._rank = {inverter.key: rank for owned in self._plants.values() for rank, inverter in enumerate(inverters_of(owned))}
        self._inverter = {inverter.key: inverter for owned in self._plants.values() for inverter in inverters_of(owned)}
        self._sums: dict[str, list[float]] = {}
        self._day = lru_cache(maxsize=400)(self._make_day)
        self._sky = lru_cache(maxsize=2000)(self._make_sky)

    def plants(self, vendor: str) -> tuple[Plant, ...]:
        """All plants of a vendor's account."""
        return self._plants[vendor]

    def plant_of(self, inverter: Inverter) -> Plant:
        """The plant where an inverter stands."""
        return self._plant_of[inverter.plant_key]

    def find_plant(self, key: str) -> Plant | None:
        """The plant of any vendor with this key."""
        return self._plant_of.get(key)

    def find_inverter(self, key: str) -> Inverter | None:
        """The inverter of any vendor with this key."""
        return self._inverter.get(key)

    def day(self, inverter: Inverter, local_day: date) -> InverterDay:
        """A whole local day of an inverter, however near; days before the plant's first have no rows. Do not change its lists."""
        return self._day(inverter.key, local_day)

    def energy_kwh(self, inverter: Inverter, local_day: date) -> float:
        """The energy of a local day; cheaper than `day` for many days, 0 before the plant's first."""
        plant = self.plant_of(inverter)
        if local_day < plant.installed_on:
            return 0.0
        sums = self._sums_until(inverter, local_day)
        position = (local_day - plant.installed_on).days
        return round(sums[position + 1] - sums[position], 3)

    def energy_before(self, inverter: Inverter, local_day: date) -> float:
        """The energy of all days before a local day: the lifetime counter at its midnight, had it never started again."""
        plant = self.plant_of(inverter)
        days = max(0, (local_day - plant.installed_on).days)
        return self._sums_until(inverter, plant.installed_on + timedelta(days=days))[days]

    def weather(self, plant: Plant, local_day: date) -> Weather:
        """A whole local day of a plant's sky."""
        starts, irradiance, ambient = self._sky(plant.key, local_day)
        instants = instants_of(starts)
        counter = np.round(trapezoid(irradiance) / 1000.0, 4)
        return Weather(
            instants=instants,
            irradiance_w_m2=np.round(irradiance, 1).tolist(),
            ambient_c=np.round(ambient, 1).tolist(),
            irradiation_kwh_m2=float(counter[-1]),
            hours=hours_of(instants, counter, digits=4),
        )

    def alarms(self, inverter: Inverter, local_day: date) -> list[Alarm]:
        """The faults of an inverter on a local day, oldest first."""
        day = self.day(inverter, local_day)
        faulty = [instant for instant, state in zip(day.instants, day.state, strict=True) if state == "fault"]
        return [Alarm(inverter, faulty[0], faulty[-1] + timedelta(seconds=STEP_S))] if faulty else []

    def _sums_until(self, inverter: Inverter, local_day: date) -> list[float]:
        """Sums of the days' energies since the plant's first day: position n is the lifetime energy before day n."""
        first = self.plant_of(inverter).installed_on
        sums = self._sums.setdefault(inverter.key, [0.0])
        while len(sums) - 1 <= (local_day - first).days:
            counter = self._curve(inverter, first + timedelta(days=len(sums) - 1))[1]
            sums.append(round(sums[-1] + float(counter[-1]), 3))
        return sums

    def _make_sky(self, plant_key: str, local_day: date) -> tuple[Numbers, Numbers, Numbers]:
        """Labels (Unix seconds), irradiance through clouds (W/m2) and ambient (°C) of a local day."""
        plant = self._plant_of[plant_key]
        labels = labels_of(local_day, plant.zone())
        height = height_of_sun(labels, local_day, plant.latitude, plant.longitude)
        clouds = cloud_shares(dice_of(self.seed, plant_key, local_day), len(labels))
        summer = np.cos(2 * np.pi * (local_day.timetuple().tm_yday - 200) / 365.0) * (1 if plant.latitude > 0 else -1)
        hour = (labels - labels[0]) / 3600.0
        ambient = (
            mean_air_temperature_c(plant)
            + 8.0 * summer * min(1.0, abs(plant.latitude) / 40.0)
            + 5.0 * np.cos(2 * np.pi * (hour - 15) / 24.0)
        )
        return labels, clear_sky(height) * clouds, ambient

    def _curve(self, inverter: Inverter, local_day: date) -> tuple[Numbers, Numbers, str, tuple[int, int]]:
        """Power (kW) and day counter (kWh) of a local day, and what went wrong in which frames."""
        plant = self.plant_of(inverter)
        _, irradiance, ambient = self._sky(plant.key, local_day)
        dice = dice_of(self.seed, inverter.key, local_day)
        kwp = inverter.capacity_kw * plant.capacity_kwp / plant.capacity_kw
        heat = 1.0 - 0.004 * (ambient + 0.03 * irradiance - 25.0)
        limit = inverter.capacity_kw * (DERATED_SHARE if self._rank[inverter.key] == DERATED else 1.0)
        power: Numbers = np.minimum(kwp * irradiance / 1000.0 * 0.9 * heat * (0.985 + 0.02 * dice.random()), limit)
        power[power < 0.005 * inverter.capacity_kw] = 0.0
        trouble, frames = self._trouble(inverter, dice)
        if trouble == "fault":
            power[slice(*frames)] = 0.0
        power = np.round(power, 3).astype(np.float64)
        return power, np.round(trapezoid(power), 3), trouble, frames

    def _trouble(self, inverter: Inverter, dice: np.random.Generator) -> tuple[str, tuple[int, int]]:
        """What goes wrong on a day: nothing, a fault of 30 to 180 minutes or as long a silence, between 09:00 and 18:00."""
        chance, start, length = dice.random(3)
        if self._rank[inverter.key] != OUTAGES or chance > 0.3:
            return "", (0, 0)
        first = 108 + int(start * 72)
        return ("fault" if chance < 0.15 else "offline"), (first, first + 6 + int(length * 30))

    def _make_day(self, key: str, local_day: date) -> InverterDay:
        inverter = self._inverter[key]
        plant = self.plant_of(inverter)
        if local_day < plant.installed_on:
            return InverterDay([], [], [], [], [], [], 0.0, [])
        labels, _, ambient = self._sky(plant.key, local_day)
        power, counter, trouble, frames = self._curve(inverter, local_day)
        instants = instants_of(labels)
        silent = range(*frames) if trouble == "offline" else range(0)
        faulty = range(*frames) if trouble == "fault" else range(0)
        limit = inverter.capacity_kw * (DERATED_SHARE if self._rank[key] == DERATED else 1.0)
        total = self._total(inverter, local_day, counter, instants)
        temperature = np.round(ambient + 4.0 + 22.0 * power / inverter.capacity_kw, 1)
        return InverterDay(
            instants=instants,
            power_kw=_heard(power, silent),
            day_energy_kwh=_heard(counter, silent),
            total_energy_kwh=_heard(total, silent),
            temp_c=_heard(temperature, silent),
            state=[_state(kw, limit, at in silent, at in faulty) for at, kw in enumerate(power.tolist())],
            energy_kwh=float(counter[-1]),
            hours=hours_of(instants, counter, digits=3),
        )

    def _total(self, inverter: Inverter, local_day: date, counter: Numbers, instants: list[datetime]) -> Numbers:
        """The lifetime counter; of one inverter it starts again at noon of the known day."""
        plant = self.plant_of(inverter)
        before = self._sums_until(inverter, local_day)[(local_day - plant.installed_on).days]
        if self._rank[inverter.key] != COUNTER_RESET or local_day < COUNTER_RESET_ON:
            return np.round(before + counter, 3)
        noon = datetime.combine(COUNTER_RESET_ON, datetime.min.time(), plant.zone()) + timedelta(hours=12)
        at_noon = self._energy_at_noon(inverter)
        since = np.round(before + counter - at_noon, 3)
        is_new = np.array([instant >= noon for instant in instants])
        return np.where(is_new, since, np.round(before + counter, 3))

    def _energy_at_noon(self, inverter: Inverter) -> float:
        """Lifetime energy when the counter started again."""
        first = self.plant_of(inverter).installed_on
        before = self._sums_until(inverter, COUNTER_RESET_ON)[(COUNTER_RESET_ON - first).days]
        # Twelve labels an hour from midnight; no clocks change on that day.
        return before + float(self._curve(inverter, COUNTER_RESET_ON)[1][12 * 12])


def _heard(values: Numbers, silent: range) -> list[float | None]:
    heard: list[float | None] = values.tolist()
    for at in silent:
        heard[at] = None
    return heard


def _state(power_kw: float, limit_kw: float, is_silent: bool, is_faulty: bool) -> State:
    if is_silent or is_faulty:
        return "offline" if is_silent else "fault"
    if power_kw <= 0:
        return "standby"
    return "limited" if power_kw >= limit_kw - 0.0005 else "running"


@cache
def sunshine(seed: int = 1, plants: int = FIXED_PLANTS, first: int = 0) -> Sunshine:
    """The sunshine of a seed, made once per interpreter."""
    return Sunshine(seed, plants=plants, first=first)
