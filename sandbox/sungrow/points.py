"""The measuring points of the imitated Sungrow cloud: W, Wh and texts, made of the truth's kW and kWh.

Only points that the sandbox can tell something true about are here. A real cloud leaves out the points that a device does not
have, and so does this one.
"""

from datetime import datetime
from typing import NamedTuple

from sandbox.days import InverterDay, Weather
from sandbox.fleet import Plant
from sandbox.plant_days import STEP_H, PlantDay

INVERTER = 1
GRID_POINT = 3
LOGGER = 9
PLANT = 11

ON_GRID, STANDBY, FAULT, DERATED = 64, 8, 256, 128
STATUS = {"running": ON_GRID, "standby": STANDBY, "fault": FAULT, "limited": DERATED}

DC_SHARE = 1 / 0.98
PHASE_V = 231.4
MPPT_V = 610.0
MPPTS = 3


class Point(NamedTuple):
    """What the catalogue says of a point: a name and the unit of the values in answers."""

    name: str
    unit: str


CATALOGUE: dict[int, dict[str, Point]] = {
    INVERTER: {
        "1": Point("Yield Today", "Wh"),
        "2": Point("Total Yield", "Wh"),
        "4": Point("Internal Air Temperature", "℃"),
        "5": Point("MPPT1 Voltage", "V"),
        "6": Point("MPPT1 Current", "A"),
        "7": Point("MPPT2 Voltage", "V"),
        "8": Point("MPPT2 Current", "A"),
        "9": Point("MPPT3 Voltage", "V"),
        "10": Point("MPPT3 Current", "A"),
        "14": Point("Total DC Power", "W"),
        "18": Point("Phase A Voltage", "V"),
        "19": Point("Phase B Voltage", "V"),
        "20": Point("Phase C Voltage", "V"),
        "21": Point("Phase A Current", "A"),
        "22": Point("Phase B Current", "A"),
        "23": Point("Phase C Current", "A"),
        "24": Point("Total Active Power", "W"),
        "25": Point("Total Reactive Power", "var"),
        "26": Point("Total Power Factor", ""),
        "27": Point("Grid Frequency", "Hz"),
        "29": Point("Device Status", ""),
    },
    PLANT: {
        "83002": Point("Inverter AC Power", "W"),
        "83012": Point("Plane Irradiance", "W/㎡"),
        "83013": Point("Daily Irradiation", "Wh/㎡"),
        "83016": Point("Plant Ambient Temperature", "℃"),
        "83022": Point("Daily Yield of Plant", "Wh"),
        "83024": Point("Plant Total Yield", "Wh"),
        "83025": Point("Plant Equivalent Hours", "h"),
        "83033": Point("Plant Power", "W"),
        "83072": Point("Feed-in Energy Today", "Wh"),
        "83102": Point("Energy Purchased Today", "Wh"),
        "83106": Point("Load Power", "W"),
        "83118": Point("Daily Load Consumption", "Wh"),
    },
}

Readings = dict[str, float | None]


def of_inverter(day: InverterDay, position: int) -> Readings:
    """All points of an inverter at one instant; nothing at all while it does not communicate."""
    power, temperature = day.power_kw[position], day.temp_c[position]
    if power is None:
        return {}
    watts = power * 1000
    mppt_a = watts * DC_SHARE / MPPTS / MPPT_V
    return {
        "1": _thousandfold(day.day_energy_kwh[position]),
        "2": _thousandfold(day.total_energy_kwh[position]),
        "4": temperature,
        **{str(number): MPPT_V if watts else 0.0 for number in (5, 7, 9)},
        **{str(number): mppt_a for number in (6, 8, 10)},
        "14": watts * DC_SHARE,
        **{str(number): PHASE_V for number in (18, 19, 20)},
        **{str(number): watts / 3 / PHASE_V for number in (21, 22, 23)},
        "24": watts,
        "25": 0.0,
        "26": 1.0,
        "27": 50.0,
        "29": float(STATUS.get(day.state[position], ON_GRID)),
    }


def skies(weather: Weather) -> dict[datetime, Readings]:
    """The weather points of a plant at each instant of a day; irradiation is the running integral."""
    rows: dict[datetime, Readings] = {}
    irradiation, before = 0.0, None
    for instant, irradiance, ambient in zip(weather.instants, weather.irradiance_w_m2, weather.ambient_c, strict=True):
        irradiation += 0.0 if before is None else (before + irradiance) / 2 * STEP_H
        before = irradiance
        rows[instant] = {"83012": irradiance, "83013": irradiation, "83016": ambient}
    return rows


def of_plant(plant: Plant, day: PlantDay, sky: Readings, position: int) -> Readings:
    """All points of a plant at one instant; powers are missing while none of its inverters communicates."""
    power = _thousandfold(day.power_kw[position])
    generated = day.generated_kwh[position]
    return {
        **sky,
        "83002": power,
        "83022": generated * 1000,
        "83024": day.total_kwh[position] * 1000,
        "83025": generated / plant.capacity_kwp,
        "83033": power,
        "83072": day.fed_in_kwh[position] * 1000,
        "83102": day.bought_kwh[position] * 1000,
        "83106": day.load_kw * 1000,
        "83118": day.used_kwh(position) * 1000,
    }


def _thousandfold(value: float | None) -> float | None:
    return None if value is None else value * 1000
