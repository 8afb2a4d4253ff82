"""Frames of five minutes: what an inverter and a weather station measure at one instant."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.days import InverterDay, Weather
from sandbox.fleet import Inverter
from sandbox.huawei.body import ms_of
from sandbox.sky import STEP_S

DC_SHARE = 1 / 0.985
STATES = {"standby": 40960.0, "running": 512.0, "limited": 514.0, "fault": 768.0, "offline": 45056.0}
STRINGS, EMPTY_STRINGS = 4, 2
INVERTER_KEYS = (
    "inverter_state", "active_power", "reactive_power", "power_factor", "mppt_power", "mppt_total_cap", "day_cap", "total_cap",
    "temperature", "efficiency", "elec_freq", "a_u", "b_u", "c_u", "ab_u", "bc_u", "ca_u", "a_i", "b_i", "c_i",
    "open_time", "close_time",
)  # fmt: skip  # fmt: skip


def open_hours(own: InverterDay, now: datetime) -> tuple[int | None, int | None]:
    """When the inverter went on grid on this day, and when it left it; None of what has not been yet."""
    awake = [instant for instant, power in zip(own.instants, own.power_kw, strict=True) if power]
    if not awake or awake[0] > now:
        return None, None
    return ms_of(awake[0]), ms_of(awake[-1]) if awake[-1] + timedelta(minutes=5) <= now else None


def inverter_values(
    own: InverterDay, at: int, inverter: Inverter, opened: int | None, closed: int | None
) -> dict[str, float | int | None]:
    """One frame of a string inverter: kW, kWh, V, A, °C; all null while it cannot be reached."""
    power = own.power_kw[at]
    strings = [f"pv{number}_{letter}" for number in range(1, STRINGS + EMPTY_STRINGS + 1) for letter in "ui"]
    values: dict[str, float | int | None] = dict.fromkeys([*INVERTER_KEYS, *strings])
    if power is None:
        return values
    total, sway = own.total_energy_kwh[at], (at % 7 - 3) / 10
    values.update({
        "inverter_state": STATES[own.state[at]],
        "active_power": power,
        "reactive_power": round(-0.008 * power, 3),
        "power_factor": 1.0 if power else 0.0,
        "mppt_power": round(power * DC_SHARE, 3),
        "mppt_total_cap": None if total is None else round(total * DC_SHARE, 3),
        "day_cap": own.day_energy_kwh[at],
        "total_cap": total,
        "temperature": own.temp_c[at],
        "efficiency": 98.5 if power else 0.0,
        "elec_freq": round(50.0 + sway / 10, 2),
        "open_time": opened,
        "close_time": closed,
    })  # fmt: skip
    for phase, pair in zip("abc", ("ab", "bc", "ca"), strict=True):
        volts = 231.0 + sway
        values[f"{phase}_u"], values[f"{pair}_u"] = round(volts, 1), round(volts * 3**0.5, 1)
        values[f"{phase}_i"] = round(power * 1000 / 3 / volts, 2)
    for number in range(1, STRINGS + 1):
        volts = 612.0 + number + sway if power else 0.0
        values[f"pv{number}_u"] = round(volts, 1)
        values[f"pv{number}_i"] = round(power * DC_SHARE * 1000 / STRINGS / volts, 2) if power else 0.0
    return values


def emi_frames(weather: Weather) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Frames of a weather station on the level plane: W/m2, MJ/m2 since midnight, °C, m/s."""
    total, before = 0.0, 0.0
    for instant, irradiance, ambient in zip(weather.instants, weather.irradiance_w_m2, weather.ambient_c, strict=True):
        total += (before + irradiance) / 2 * STEP_S / 1e6
        before = irradiance
        values = {
            "temperature": ambient,
            "pv_temperature": round(ambient + 0.03 * irradiance, 1),
            "wind_speed": 2.4,
            "wind_direction": 120.0,
            "radiant_line": irradiance,
            "horiz_radiant_line": irradiance,
            "radiant_total": round(total, 4),
            "horiz_radiant_total": round(total, 4),
        }
        yield instant, values
