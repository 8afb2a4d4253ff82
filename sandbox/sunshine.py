"""The physical truth behind the imitated clouds: plants, weather and inverters, the same for the same seed.

Irradiance is Haurwitz's clear sky on a level plane, seen through clouds that a plant's inverters share. A day is a local day of
the plant: 288 samples of five minutes, 276 or 300 where the clocks change. Power at a label is the power at that instant;
counters are the trapezoid of power, rounded to Wh, so hours sum to the day, and inverters to the plant, to the last Wh.

Each vendor has an inverter that is derated, one with outages and one whose lifetime counter starts again (positions `DERATED`,
`OUTAGES`, `COUNTER_RESET` among all inverters of the vendor; `COUNTER_RESET_ON` is the day, at local noon).
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sandbox.faults import Faults
from sandbox.limits import Limits

Vendor = Literal["huawei", "sungrow", "deye"]
State = Literal["standby", "running", "limited", "fault", "offline"]
Numbers = npt.NDArray[np.float64]

VENDORS: tuple[Vendor, ...] = ("huawei", "sungrow", "deye")
STEP_S = 300
DERATED, OUTAGES, COUNTER_RESET = 1, 2, 3
DERATED_SHARE = 0.6
COUNTER_RESET_ON = date(2026, 3, 10)
ROOFS_SINCE = date(2025, 9, 1)


@dataclass(frozen=True)
class Inverter:
    """One inverter; `key` is the vendor's own id of it as text: Huawei device id, Sungrow ps_key, Deye serial number."""

    key: str
    name: str
    model: str
    capacity_kw: float
    plant_key: str


@dataclass(frozen=True)
class Plant:
    """One plant; `key` is the vendor's own id of it as text. `installed_on` is the first day with data."""

    vendor: Vendor
    key: str
    name: str
    timezone: str
    latitude: float
    longitude: float
    capacity_kwp: float
    capacity_kw: float
    installed_on: date
    inverters: tuple[Inverter, ...]

    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class InverterDay:
    """One local day of one inverter; None in all lists at an instant means that the inverter could not be reached then."""

    instants: list[datetime]
    power_kw: list[float | None]
    day_energy_kwh: list[float | None]
    total_energy_kwh: list[float | None]
    temp_c: list[float | None]
    state: list[str]
    energy_kwh: float
    hours: list[tuple[datetime, float]]  # start of the local hour (UTC) and its energy in kWh; they sum to energy_kwh

    def until(self, instant: datetime) -> "InverterDay":
        """The part of the day that has been by an instant: what a cloud can know of today. Hours that have begun are in it."""
        known = sum(1 for label in self.instants if label <= instant)
        if known == len(self.instants):
            return self
        energies = [energy for energy in self.day_energy_kwh[:known] if energy is not None]
        energy_kwh = energies[-1] if energies else 0.0
        return InverterDay(
            instants=self.instants[:known],
            power_kw=self.power_kw[:known],
            day_energy_kwh=self.day_energy_kwh[:known],
            total_energy_kwh=self.total_energy_kwh[:known],
            temp_c=self.temp_c[:known],
            state=self.state[:known],
            energy_kwh=energy_kwh,
            hours=_hours_until(self.hours, instant, energy_kwh),
        )


@dataclass(frozen=True)
class Weather:
    """One local day of a plant's sky: irradiance on the level plane in W/m2, ambient in °C, irradiation in kWh/m2."""

    instants: list[datetime]
    irradiance_w_m2: list[float]
    ambient_c: list[float]
    irradiation_kwh_m2: float
    hours: list[tuple[datetime, float]]  # start of the local hour (UTC) and its irradiation in kWh/m2


@dataclass(frozen=True)
class Alarm:
    """One fault of an inverter: from the first to the last frame in the state `fault`; both ends aware UTC."""

    inverter: Inverter
    raised_at: datetime
    cleared_at: datetime


@dataclass(frozen=True)
class _Site:
    name: str
    timezone: str
    latitude: float
    longitude: float
    mean_c: float
    inverters: tuple[float, ...]
    installed_on: date


_SITES = (
    _Site("Usina Serf East", "America/Sao_Paulo", -21.17, -47.81, 23.0, (75.0, 75.0, 75.0), date(2024, 2, 12)),
    _Site("Halle Nord", "Europe/Berlin", 52.27, 10.52, 10.0, (50.0, 50.0), date(2024, 3, 18)),
    _Site("Suzhou Roof 3", "Asia/Shanghai", 31.30, 120.62, 17.0, (110.0, 60.0), date(2024, 4, 9)),
)
_MODELS = {"huawei": "SUN2000-{:.0f}KTL-M1", "sungrow": "SG{:.0f}CX-P2", "deye": "SUN-{:.0f}K-G03"}


class Sunshine:
    """The truth of all vendors' plants: three fixed sites for each vendor; more plants are small roofs at the same sites."""

    def __init__(self, seed: int = 1, *, plants: int = len(_SITES)) -> None:
        self.seed = seed
        self._plants: dict[str, tuple[Plant, ...]] = {
            vendor: tuple(_plant(vendor, index) for index in range(plants)) for vendor in VENDORS
        }
        self._plant_of = {plant.key: plant for owned in self._plants.values() for plant in owned}
        self._rank = {inverter.key: rank for owned in self._plants.values() for rank, inverter in enumerate(_inverters(owned))}
        self._inverter = {inverter.key: inverter for owned in self._plants.values() for inverter in _inverters(owned)}
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
        instants = _instants(starts)
        counter = np.round(_trapezoid(irradiance) / 1000.0, 4)
        return Weather(
            instants=instants,
            irradiance_w_m2=np.round(irradiance, 1).tolist(),
            ambient_c=np.round(ambient, 1).tolist(),
            irradiation_kwh_m2=float(counter[-1]),
            hours=_hours(instants, counter, digits=4),
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
        labels = _labels(local_day, plant.zone())
        height = _height_of_sun(labels, local_day, plant.latitude, plant.longitude)
        clouds = _clouds(_dice(self.seed, plant_key, local_day), len(labels))
        summer = np.cos(2 * np.pi * (local_day.timetuple().tm_yday - 200) / 365.0) * (1 if plant.latitude > 0 else -1)
        hour = (labels - labels[0]) / 3600.0
        ambient = (
            _mean_c(plant) + 8.0 * summer * min(1.0, abs(plant.latitude) / 40.0) + 5.0 * np.cos(2 * np.pi * (hour - 15) / 24.0)
        )
        return labels, _clear_sky(height) * clouds, ambient

    def _curve(self, inverter: Inverter, local_day: date) -> tuple[Numbers, Numbers, str, tuple[int, int]]:
        """Power (kW) and day counter (kWh) of a local day, and what went wrong in which frames."""
        plant = self.plant_of(inverter)
        _, irradiance, ambient = self._sky(plant.key, local_day)
        dice = _dice(self.seed, inverter.key, local_day)
        kwp = inverter.capacity_kw * plant.capacity_kwp / plant.capacity_kw
        heat = 1.0 - 0.004 * (ambient + 0.03 * irradiance - 25.0)
        limit = inverter.capacity_kw * (DERATED_SHARE if self._rank[inverter.key] == DERATED else 1.0)
        power: Numbers = np.minimum(kwp * irradiance / 1000.0 * 0.9 * heat * (0.985 + 0.02 * dice.random()), limit)
        power[power < 0.005 * inverter.capacity_kw] = 0.0
        trouble, frames = self._trouble(inverter, dice)
        if trouble == "fault":
            power[slice(*frames)] = 0.0
        power = np.round(power, 3).astype(np.float64)
        return power, np.round(_trapezoid(power), 3), trouble, frames

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
        instants = _instants(labels)
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
            hours=_hours(instants, counter, digits=3),
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
        return before + float(self._curve(inverter, COUNTER_RESET_ON)[1][12 * 12])


class Clock(Protocol):
    """Where the time comes from: aware UTC."""

    def __call__(self) -> datetime:
        """The time now."""
        ...


class ShiftedClock:
    """Starts at an instant, runs on at the usual pace (or stands, for tests) and can be put forward."""

    def __init__(self, start: datetime | None = None, *, runs: bool = True) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._runs = runs
        self._began = time.monotonic()
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """The time now, aware UTC."""
        ran = timedelta(seconds=time.monotonic() - self._began) if self._runs else timedelta(0)
        return self._start + ran + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += timedelta(seconds=seconds)


class Tokens:
    """Tokens of all vendors, in memory; a token is good until its time is up or it is ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._issued = 0

    def issue(self, vendor: str, account: str, life: timedelta) -> str:
        """A new token of an account; the older ones stay good (call `end_all` where a vendor ends them)."""
        self._issued += 1
        token = sha256(f"{vendor}/{account}/{self._issued}".encode()).hexdigest()[:32]
        self._good[vendor, token] = (account, self._clock() + life)
        return token

    def account_of(self, vendor: str, token: str | None) -> str | None:
        """The account of a good token; None of an unknown, ended or expired one."""
        account, ends = self._good.get((vendor, token or ""), (None, self._clock()))
        return account if ends > self._clock() else None

    def extend(self, vendor: str, token: str, life: timedelta) -> None:
        """Let a good token live on from now."""
        account = self.account_of(vendor, token)
        if account is not None:
            self._good[vendor, token] = (account, self._clock() + life)

    def end(self, vendor: str, token: str) -> None:
        """End one token."""
        self._good.pop((vendor, token), None)

    def end_all(self, vendor: str | None = None, account: str | None = None) -> int:
        """End all tokens of a vendor, of an account, or all; returns how many."""
        gone = [key for key, (owner, _) in self._good.items() if vendor in {None, key[0]} and account in {None, owner}]
        for key in gone:
            del self._good[key]
        return len(gone)


class World:
    """All that the routers share. The routers tell the truth; faults bend their answers on the way out."""

    def __init__(self, *, sunshine: Sunshine | None = None, clock: ShiftedClock | None = None, limits_on: bool = True) -> None:
        self.clock = clock or ShiftedClock()
        self.sunshine = sunshine or Sunshine()
        self.faults = Faults(self.sunshine)
        self.limits = Limits(self.clock, on=limits_on)
        self.tokens = Tokens(self.clock)

    def now(self) -> datetime:
        """The sandbox's time, aware UTC."""
        return self.clock()


def _plant(vendor: Vendor, index: int) -> Plant:
    site = _SITES[index % len(_SITES)]
    is_fixed = index < len(_SITES)
    sizes = site.inverters if is_fixed else (10.0,)
    before = sum(len(_SITES[at].inverters) if at < len(_SITES) else 1 for at in range(index))
    key = _plant_key(vendor, index)
    number = VENDORS.index(vendor)
    inverters = tuple(
        Inverter(
            key=_inverter_key(vendor, key, before + rank, rank),
            name=f"INV {rank + 1}",
            model=_MODELS[vendor].format(size),
            capacity_kw=size,
            plant_key=key,
        )
        for rank, size in enumerate(sizes)
    )
    capacity_kw = sum(sizes)
    return Plant(
        vendor=vendor,
        key=key,
        name=site.name if is_fixed else f"Roof {index + 1:02d}",
        timezone=site.timezone,
        latitude=round(site.latitude + 0.11 * number + 0.01 * (index // len(_SITES)), 4),
        longitude=round(site.longitude + 0.17 * number, 4),
        capacity_kwp=round(capacity_kw * 1.2, 1),
        capacity_kw=capacity_kw,
        installed_on=site.installed_on if is_fixed else ROOFS_SINCE,
        inverters=inverters,
    )


def _plant_key(vendor: Vendor, index: int) -> str:
    return {"huawei": f"NE={50331701 + index}", "sungrow": str(1598299 + index), "deye": str(61123456 + index)}[vendor]


def _inverter_key(vendor: Vendor, plant_key: str, position: int, rank: int) -> str:
    if vendor == "huawei":  # real ids may be negative
        return str(-214060404588862 - position) if position == 1 else str(1000000035350464 + position)
    return f"{plant_key}_1_{rank + 1}_1" if vendor == "sungrow" else str(2406123456 + position)


def _inverters(plants: tuple[Plant, ...]) -> list[Inverter]:
    return [inverter for plant in plants for inverter in plant.inverters]


def _mean_c(plant: Plant) -> float:
    return next(site.mean_c for site in _SITES if site.timezone == plant.timezone)


def _dice(seed: int, key: str, local_day: date) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int.from_bytes(sha256(f"{seed}/{key}/{local_day}".encode()).digest()[:8])))


def _labels(local_day: date, zone: ZoneInfo) -> Numbers:
    """Unix seconds of every five minutes of a local day."""
    start, end = (
        datetime.combine(day, datetime.min.time(), zone).timestamp() for day in (local_day, local_day + timedelta(days=1))
    )
    return np.arange(start, end, STEP_S, dtype=np.float64)


def _instants(labels: Numbers) -> list[datetime]:
    return [datetime.fromtimestamp(label, UTC) for label in labels.tolist()]


def _height_of_sun(labels: Numbers, local_day: date, latitude: float, longitude: float) -> Numbers:
    """Sine of the sun's height, 0 at night; declination and equation of time by Spencer's series, good to about 0.3 degrees."""
    turn = 2 * np.pi * (local_day.timetuple().tm_yday - 1) / 365.0
    declination = (
        0.006918 - 0.399912 * np.cos(turn) + 0.070257 * np.sin(turn)
        - 0.006758 * np.cos(2 * turn) + 0.000907 * np.sin(2 * turn)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(turn) - 0.032077 * np.sin(turn) - 0.014615 * np.cos(2 * turn) - 0.040849 * np.sin(2 * turn)
    )
    solar_minutes = (labels % 86400) / 60.0 + 4.0 * longitude + minutes
    angle = np.radians(solar_minutes / 4.0 - 180.0)
    parallel = np.radians(latitude)
    height = np.sin(parallel) * np.sin(declination) + np.cos(parallel) * np.cos(declination) * np.cos(angle)
    sine: Numbers = np.maximum(height, 0.0)
    return sine


def _clear_sky(height: Numbers) -> Numbers:
    """Haurwitz 1945: irradiance on the level plane under a clear sky, W/m2, from the sine of the sun's height alone."""
    up = np.maximum(height, 1e-3)
    irradiance: Numbers = np.where(height > 1e-3, 1098.0 * up * np.exp(-0.059 / up), 0.0)
    return irradiance


def _clouds(dice: np.random.Generator, count: int) -> Numbers:
    """The share of the clear sky that arrives: a clear, a mixed or an overcast day, with an hour's drift on it."""
    kind, depth = dice.random(2)
    share, drift = (
        (0.9 + 0.1 * depth, 0.1) if kind < 0.45 else (0.5 + 0.35 * depth, 1.2) if kind < 0.8 else (0.12 + 0.3 * depth, 0.5)
    )
    noise = np.convolve(dice.random(count + 11) - 0.5, np.full(12, 1 / 12), mode="valid")
    arriving: Numbers = np.clip(share * (1.0 + 2.0 * drift * noise), 0.03, 1.03)
    return arriving


def _trapezoid(power: Numbers) -> Numbers:
    """The running integral over the labels, per hour: 0 at the first."""
    steps = (power[1:] + power[:-1]) / 2.0 * (STEP_S / 3600.0)
    return np.concatenate(([0.0], np.cumsum(steps)))


def _hours(instants: list[datetime], counter: Numbers, *, digits: int) -> list[tuple[datetime, float]]:
    """Energy of each local hour. All our zones are whole hours from UTC, so an hour is twelve labels, on DST days too."""
    at_start = [float(counter[at]) for at in range(0, len(instants), 12)] + [float(counter[-1])]
    return [(instants[12 * at], round(at_start[at + 1] - at_start[at], digits)) for at in range(len(at_start) - 1)]


def _hours_until(hours: list[tuple[datetime, float]], instant: datetime, energy_kwh: float) -> list[tuple[datetime, float]]:
    begun = [(start, energy) for start, energy in hours if start <= instant]
    if not begun:
        return []
    done = begun[:-1]
    return [*done, (begun[-1][0], round(max(0.0, energy_kwh - sum(energy for _, energy in done)), 3))]


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
def sunshine(seed: int = 1, plants: int = len(_SITES)) -> Sunshine:
    """The sunshine of a seed, made once per interpreter."""
    return Sunshine(seed, plants=plants)
