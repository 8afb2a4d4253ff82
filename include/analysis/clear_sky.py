"""Irradiance and power of a plant under a sky without clouds, by pvlib's models.

Solar position (pvlib's `ephemeris`, within 0.01 degrees of NREL's SPA at a tenth of its time) and Ineichen's clear sky with
monthly Linke turbidity, at the middle of each hour; isotropic sky on the plane of the modules; cell temperature as in PVsyst;
PVWatts' module and inverter. Losses are PVWatts' 14.08 %, the ambient temperature is taken as 25 °C: an upper bound that real
days stay below, not what a plant makes.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pvlib import inverter, irradiance, pvsystem, temperature
from pvlib.location import Location

SYSTEM_LOSSES: Final = 1 - pvsystem.pvwatts_losses() / 100
"""What PVWatts' default losses leave: soiling, shading, mismatch, wiring, connections, light-induced, nameplate, availability."""
TEMPERATURE_COEFFICIENT: Final = -0.004
"""Power of a module per kelvin above 25 °C."""
_AMBIENT_C: Final = 25.0
_WIND_M_S: Final = 1.0
_INVERTER_EFFICIENCY: Final = 0.96
_HALF_HOUR_US: Final = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Plane:
    """Where modules are and look: degrees north and east, tilt from the horizontal, azimuth clockwise from north."""

    latitude: float
    longitude: float
    tilt_deg: float
    azimuth_deg: float


@dataclass(frozen=True, slots=True)
class Sky:
    """Sun and clear sky over a place at the middle of each hour: apparent zenith and azimuth [degrees], irradiance [W/m2]."""

    zenith_deg: NDArray[np.float64]
    azimuth_deg: NDArray[np.float64]
    direct_w_m2: NDArray[np.float64]
    global_w_m2: NDArray[np.float64]
    diffuse_w_m2: NDArray[np.float64]


def usual_plane(latitude: float, longitude: float) -> Plane:
    """A plane tilted by the latitude towards the equator: the shape of a day where no other plane is known."""
    return Plane(latitude, longitude, min(abs(latitude), 60.0), 180.0 if latitude > 0 else 0.0)


def clear_sky(latitude: float, longitude: float, starts_us: NDArray[np.int64]) -> Sky:
    """The sky over the hours that begin at `starts_us` [us since 1970 UTC]."""
    middle = pd.DatetimeIndex((starts_us + _HALF_HOUR_US).astype("datetime64[us]")).tz_localize("UTC")
    location = Location(latitude, longitude)
    sun = location.get_solarposition(middle, method="ephemeris")
    sky = location.get_clearsky(middle, solar_position=sun)
    columns = (sun["apparent_zenith"], sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"])
    return Sky(*(column.to_numpy(float) for column in columns))


def plane_irradiance(
    sky: Sky, tilt_deg: float | NDArray[np.float64], azimuth_deg: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Irradiance on the plane of the modules [W/m2]; 0 at night. Of several planes (a column of each angle) a row each."""
    total = irradiance.get_total_irradiance(
        tilt_deg, azimuth_deg, sky.zenith_deg, sky.azimuth_deg, sky.direct_w_m2, sky.global_w_m2, sky.diffuse_w_m2
    )
    return np.nan_to_num(np.asarray(total["poa_global"], np.float64))


def module_temperature(irradiance_w_m2: NDArray[np.float64], air_c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Temperature of the cells [°C] as PVsyst reckons it, in a light wind."""
    return np.asarray(temperature.pvsyst_cell(irradiance_w_m2, air_c, _WIND_M_S), np.float64)


def clear_sky_power(irradiance_w_m2: NDArray[np.float64], capacity_kwp: float, capacity_kw: float | None) -> NDArray[np.float64]:
    """AC power [kW] of modules under that irradiance, cut at the AC rating where that is known."""
    cell_c = temperature.pvsyst_cell(irradiance_w_m2, _AMBIENT_C, _WIND_M_S)
    dc_kw = SYSTEM_LOSSES * pvsystem.pvwatts_dc(irradiance_w_m2, cell_c, capacity_kwp, TEMPERATURE_COEFFICIENT)
    ac_kw = inverter.pvwatts(np.maximum(dc_kw, 0.0), (capacity_kw or capacity_kwp) / _INVERTER_EFFICIENCY)
    return np.maximum(np.nan_to_num(np.asarray(ac_kw, np.float64)), 0.0)
