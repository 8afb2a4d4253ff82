"""The plants and inverters of the imitated clouds: three fixed sites for each vendor, and small roofs at the same places."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

Vendor = Literal["huawei", "sungrow", "deye", "solaredge", "growatt"]

VENDORS: tuple[Vendor, ...] = ("huawei", "sungrow", "deye", "solaredge", "growatt")
ROOFS_SINCE = date(2025, 9, 1)


@dataclass(frozen=True)
class Inverter:
    """One inverter; `key` is the vendor's own id as text: Huawei device id, Sungrow ps_key, of the others the serial number."""

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
_MODELS = {
    "huawei": "SUN2000-{:.0f}KTL-M1",
    "sungrow": "SG{:.0f}CX-P2",
    "deye": "SUN-{:.0f}K-G03",
    "solaredge": "SE{:.0f}K-RW00IBNM4",
    "growatt": "MAX {:.0f}KTL3 LV",
}
FIXED_PLANTS = len(_SITES)


def make_plant(vendor: Vendor, index: int) -> Plant:
    """The plant of a vendor at a position; those after the fixed ones are roofs."""
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
    first = {"huawei": 50331701, "sungrow": 1598299, "deye": 61123456, "solaredge": 2934501, "growatt": 10700401}[vendor]
    return f"NE={first + index}" if vendor == "huawei" else str(first + index)


def _inverter_key(vendor: Vendor, plant_key: str, position: int, rank: int) -> str:
    if vendor == "huawei":  # real ids may be negative
        return str(-214060404588862 - position) if position == 1 else str(1000000035350464 + position)
    if vendor == "solaredge":
        return f"7E{0x0A1B00 + position:06X}-{(0xA5 + position) % 256:02X}"
    if vendor == "growatt":
        return f"BNE{0x9A51000 + position:07X}"
    return f"{plant_key}_1_{rank + 1}_1" if vendor == "sungrow" else str(2406123456 + position)


def inverters_of(plants: tuple[Plant, ...]) -> list[Inverter]:
    """The inverters of plants, in order."""
    return [inverter for plant in plants for inverter in plant.inverters]


def mean_air_temperature_c(plant: Plant) -> float:
    """Mean of the year at a plant's site [°C]."""
    return next(site.mean_c for site in _SITES if site.timezone == plant.timezone)
