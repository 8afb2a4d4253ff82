"""The model of a plant: registered where a person knows it, else fitted to the plant's own clear days, else assumed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from include.analysis.clear_sky import clear_sky, clear_sky_power, plane_irradiance, usual_plane
from include.analysis.degradation import Degradation, degradation
from include.analysis.plane_fit import PlaneFit, fit_plane, is_bright
from include.rollups.daylight import Place, place_of
from include.steps.hour_table import HourTable, read_energies
from include.warehouse.engine import Connection
from include.warehouse.plant_hours import KnownPlant, read_known_days
from include.warehouse.yields import PlaneSource, PlantModel, find_known_reach, mark_all_days, read_model, write_model

_FIT_DAYS: Final = 365
_RENEWED_AFTER: Final = timedelta(days=30)


def model_of(connection: Connection, plant: KnownPlant, now: datetime) -> PlantModel:
    """The model as it is kept, made anew after 30 days or where the plant is registered otherwise.

    Where plane or capacity change, every day of the plant is put back on the work list.
    """
    kept = read_model(connection, plant.plant_id)
    if kept is not None and now - kept.computed_at < _RENEWED_AFTER and _still_holds(kept, plant):
        return kept
    made = _make(connection, plant, now)
    write_model(connection, plant_id=plant.plant_id, tenant_id=plant.tenant_id, model=made)
    if kept is not None and _physics(kept) != _physics(made):
        mark_all_days(connection, plant.plant_id)
    return made


def _still_holds(model: PlantModel, plant: KnownPlant) -> bool:
    place = place_of(plant.timezone, plant.latitude, plant.longitude)
    return (
        (model.latitude, model.longitude, model.capacity_kw) == (place.latitude, place.longitude, plant.capacity_kw)
        and (model.capacity_kwp if model.capacity_source == "registered" else None) == plant.capacity_kwp
        and ((model.tilt_deg, model.azimuth_deg) if model.plane_source == "registered" else None) == plant.plane
    )


def _physics(model: PlantModel) -> tuple[float | None, ...]:
    return (model.latitude, model.longitude, model.tilt_deg, model.azimuth_deg, model.capacity_kwp, model.capacity_kw)


def _make(connection: Connection, plant: KnownPlant, now: datetime) -> PlantModel:
    place = place_of(plant.timezone, plant.latitude, plant.longitude)
    reach = find_known_reach(connection, plant.plant_id)
    fit = None if reach is None else _fit(connection, plant, place, reach[1])
    tilt_deg, azimuth_deg, plane_source = _plane(plant, place, fit)
    capacity_kwp = plant.capacity_kwp or (fit.capacity_kwp if fit else None)
    model = PlantModel(
        latitude=place.latitude,
        longitude=place.longitude,
        is_place_guessed=place.is_guessed,
        tilt_deg=tilt_deg,
        azimuth_deg=azimuth_deg,
        plane_source=plane_source,
        capacity_kwp=capacity_kwp,
        capacity_kw=plant.capacity_kw,
        capacity_source=None if capacity_kwp is None else "registered" if plant.capacity_kwp else "fitted",
        clear_days=fit.clear_days if fit else 0,
        misfit_pct=fit.misfit_pct if fit else None,
        fitted_kwp=fit.capacity_kwp if fit else None,
        degradation_pct=None,
        degradation_low_pct=None,
        degradation_high_pct=None,
        degradation_pairs=0,
        month_pct=_month_shares(place, tilt_deg, azimuth_deg, now.year),
        computed_at=now,
    )
    return model if reach is None else _with_degradation(connection, plant, model, reach)


def _month_shares(place: Place, tilt_deg: float, azimuth_deg: float, year: int) -> list[float]:
    """Share of each month [%] in the clear-sky energy of a year, in UTC."""
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    table = HourTable.of_days(date(year, 1, 1), ZoneInfo("UTC"), days)
    sky = clear_sky(place.latitude, place.longitude, table.starts_us)
    energy = clear_sky_power(plane_irradiance(sky, tilt_deg, azimuth_deg), 1.0, None).reshape(days, 24).sum(axis=1)
    month = [(date(year, 1, 1) + timedelta(days=n)).month - 1 for n in range(days)]
    sums = np.bincount(month, weights=energy, minlength=12)
    return [float(share) for share in 100 * sums / sums.sum()]


def _plane(plant: KnownPlant, place: Place, fit: PlaneFit | None) -> tuple[float, float, PlaneSource]:
    if plant.plane is not None:
        return *plant.plane, "registered"
    if fit is not None:
        return fit.tilt_deg, fit.azimuth_deg, "fitted"
    usual = usual_plane(place.latitude, place.longitude)
    return usual.tilt_deg, usual.azimuth_deg, "assumed"


def _fit(connection: Connection, plant: KnownPlant, place: Place, last_day: date) -> PlaneFit | None:
    """Fit the last year up to a day; without a place of its own a plant has no sun to fit to."""
    if place.is_guessed:
        return None
    table = HourTable.of_days(last_day - timedelta(days=_FIT_DAYS - 1), ZoneInfo(plant.timezone), _FIT_DAYS)
    energy_kwh = read_energies(connection, plant.plant_id, ZoneInfo(plant.timezone), table)
    if np.isnan(energy_kwh).all():
        return None
    sky = clear_sky(place.latitude, place.longitude, table.starts_us)
    return fit_plane(energy_kwh, sky, plane=plant.plane, capacity_kw=plant.capacity_kw)


def _with_degradation(connection: Connection, plant: KnownPlant, model: PlantModel, reach: tuple[date, date]) -> PlantModel:
    found = _degradation(connection, plant, model, reach)
    if found is None:
        return model
    return replace(
        model,
        degradation_pct=found.pct,
        degradation_low_pct=found.low_pct,
        degradation_high_pct=found.high_pct,
        degradation_pairs=found.pairs,
    )


def _degradation(connection: Connection, plant: KnownPlant, model: PlantModel, reach: tuple[date, date]) -> Degradation | None:
    first, last = reach
    if (last - first).days < 2 * _FIT_DAYS or model.capacity_kwp is None:
        return None
    table = HourTable.of_days(first, ZoneInfo(plant.timezone), (last - first).days + 1)
    sky = clear_sky(model.latitude, model.longitude, table.starts_us)
    irradiance = plane_irradiance(sky, model.tilt_deg, model.azimuth_deg)
    clear_kwh = table.table(clear_sky_power(irradiance, model.capacity_kwp, model.capacity_kw)).sum(axis=1)
    known = read_known_days(connection, [plant.plant_id], first, last + timedelta(days=1)).get(plant.plant_id, {})
    days_kwh = np.array([known.get(first + timedelta(days=n), np.nan) for n in range(table.days)])
    return degradation(days_kwh, clear_kwh, is_bright(days_kwh))
