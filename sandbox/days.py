"""A local day of an inverter and of the sky, as the truth tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.fleet import Inverter
from sandbox.sky import Numbers

State = Literal["standby", "running", "limited", "fault", "offline"]


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


def hours_of(instants: list[datetime], counter: Numbers, *, digits: int) -> list[tuple[datetime, float]]:
    """Energy of each local hour. All our zones are whole hours from UTC, so an hour is twelve labels, on DST days too."""
    at_start = [float(counter[at]) for at in range(0, len(instants), 12)] + [float(counter[-1])]
    return [(instants[12 * at], round(at_start[at + 1] - at_start[at], digits)) for at in range(len(at_start) - 1)]


def _hours_until(hours: list[tuple[datetime, float]], instant: datetime, energy_kwh: float) -> list[tuple[datetime, float]]:
    begun = [(start, energy) for start, energy in hours if start <= instant]
    if not begun:
        return []
    done = begun[:-1]
    return [*done, (begun[-1][0], round(max(0.0, energy_kwh - sum(energy for _, energy in done)), 3))]
