"""Every plant's energy of the next seven days, told once a day at 06:00 of the plant."""

import logging
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky import clear_sky, plane_irradiance, usual_plane
from include.analysis.forecast import CHECKED_DAYS, DAYS_AHEAD, HISTORY_DAYS, Forecast, forecast_energy
from include.analysis.weather import WeatherTable, effective_irradiance, forecast_with_weather
from include.core.errors import BadDocument
from include.core.settings import Settings
from include.core.span import HOUR_US, Span, day_span, instant_of, local_day, microseconds_of
from include.rollups.daylight import place_of
from include.steps.each import Failure, errors_of
from include.steps.hour_table import HourTable, read_energies
from include.steps.weather import weather_as_told, weather_files
from include.warehouse.engine import Connection, transaction
from include.warehouse.fleet import read_tenants
from include.warehouse.forecasts import find_due_plants, insert_forecast
from include.warehouse.plant_hours import KnownPlant, read_known_days, read_plants

_log = logging.getLogger(__name__)

DUE_AT: Final = time(6)
"""Local time at which the forecast of the day after is issued."""
_PAST_DAYS: Final = HISTORY_DAYS + CHECKED_DAYS + DAYS_AHEAD


def issue_forecasts(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Issue what is due and not told yet; a plant that fails keeps none of the others back.

    What was measured after 06:00 is not read, however late the run is, and what was told is never computed again. Returns how
    many were `issued`, how many of them hold no figures (`without_figures`), and `errors`.
    """
    with transaction(settings.database_url) as connection:
        due = find_due_plants(connection, now=now, due_at=DUE_AT)
        plants = read_plants(connection, due)
        tenants = {tenant.tenant_id: slug for slug, tenant in read_tenants(connection).items()}
    told: list[bool] = []
    failures: list[Failure] = []
    for plant in plants:
        try:
            is_told, fault = _issue(settings, tenants[plant.tenant_id], plant, now)
            told.append(is_told)
            failures += [Failure(f"the weather of plant {plant.plant_key}", fault)] if fault else []
        except Exception as error:  # noqa: BLE001 - the other plants go on
            _log.exception("The forecast of plant %s failed", plant.plant_key)
            failures.append(Failure(f"plant {plant.plant_key}", error))
    return {"issued": len(told), "without_figures": told.count(False), "errors": errors_of(failures, beside=told)}


def _issue(settings: Settings, tenant: str, plant: KnownPlant, now: datetime) -> tuple[bool, BadDocument | None]:
    """Whether there are figures, and what is wrong with the plant's forecast of the weather, which then is not used.

    Its files are read before a transaction is open.
    """
    zone = ZoneInfo(plant.timezone)
    issued_on = local_day(now, zone)
    grid = HourTable.around(issued_on, zone, past_days=_PAST_DAYS, days_ahead=DAYS_AHEAD)
    place = place_of(plant.timezone, plant.latitude, plant.longitude)
    plane = usual_plane(place.latitude, place.longitude)
    sky = clear_sky(place.latitude, place.longitude, grid.starts_us)
    irradiance = grid.table(plane_irradiance(sky, plane.tilt_deg, plane.azimuth_deg))
    told, fault = _weather(settings, tenant, plant, grid, issued_on, now)
    weather = [effective_irradiance(each, grid.table(sky.global_w_m2), irradiance) for each in told]
    with transaction(settings.database_url) as connection:
        energies = _history(connection, plant, grid, issued_on)
    mixed = forecast_with_weather(*energies, irradiance, np.stack(weather)) if weather else None
    found = mixed.forecast if mixed else forecast_energy(*energies, irradiance)
    ahead = day_span(issued_on + timedelta(days=1), zone, DAYS_AHEAD)
    row = {
        "plant_id": plant.plant_id,
        "issued_on": issued_on,
        "tenant_id": plant.tenant_id,
        "issued_at": datetime.combine(issued_on, DUE_AT, zone),
        "computed_at": now,
        **(_figures(found, grid, ahead, plant.capacity_kw or np.inf) if found else _NO_FIGURES),
        "day_by_weather": mixed.by_weather.tolist() if mixed else [],
        "day_weather_skill": _plain(mixed.skill) if mixed else [],
        "weather_reason": mixed.reason if mixed else "unreadable" if fault else None,
    }
    with transaction(settings.database_url) as connection:
        insert_forecast(connection, row)
    return found is not None, fault


def _weather(
    settings: Settings, tenant: str, plant: KnownPlant, grid: HourTable, issued_on: date, now: datetime
) -> tuple[list[WeatherTable], BadDocument | None]:
    """What was forecast of the weather, for each day ahead; nothing where there is no folder of it, or a file is wrong."""
    if not settings.weather_dir:
        return [], None
    first_day = issued_on - timedelta(days=_PAST_DAYS)
    try:
        files = weather_files(settings, tenant, plant.plant_key, now)
        return weather_as_told(
            files, grid, ZoneInfo(plant.timezone), first_day=first_day, due_at=DUE_AT, issued_on=issued_on
        ), None
    except (BadDocument, OSError) as error:
        fault = error if isinstance(error, BadDocument) else BadDocument(f"the folder of its weather cannot be read: {error}")
        _log.warning("The weather of plant %s is not used: %s", plant.plant_key, fault)
        return [], fault


_NO_FIGURES: Final[dict[str, Any]] = {
    "reason": "too few known days", "days_known": 0,
    **{name: [] for name in ("starts_at", *(f"{prefix}p{level}_kwh" for prefix in ("", "day_") for level in (10, 50, 90)))},
}  # fmt: skip


def _history(
    connection: Connection, plant: KnownPlant, grid: HourTable, issued_on: date
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Known energies of the hours, and of the days, before the day of issue."""
    first, end = issued_on - timedelta(days=_PAST_DAYS), issued_on
    known = read_known_days(connection, [plant.plant_id], first, end).get(plant.plant_id, {})
    days_kwh = [known.get(first + timedelta(days=n), np.nan) for n in range(_PAST_DAYS)]
    hours = HourTable(grid.start_us, _PAST_DAYS)
    return read_energies(connection, plant.plant_id, ZoneInfo(plant.timezone), hours), np.array(days_kwh)


def _figures(found: Forecast, grid: HourTable, ahead: Span, most_kwh: float) -> dict[str, Any]:
    """The quantiles of each local hour ahead, `most_kwh` at most; where the clock changes an hour is that of the next day."""
    starts_us = np.arange(microseconds_of(ahead.start), microseconds_of(ahead.end), HOUR_US)
    row, column = grid.position(starts_us)
    hours = np.minimum(found.hours_kwh[:, np.clip(row - _PAST_DAYS - 1, 0, DAYS_AHEAD - 1), column], most_kwh)
    names = [f"p{level}_kwh" for level in (10, 50, 90)]
    return {
        "reason": None,
        "days_known": found.days_known,
        "starts_at": [instant_of(int(each)) for each in starts_us],
        **{name: _plain(values) for name, values in zip(names, hours, strict=True)},
        **{f"day_{name}": _plain(values) for name, values in zip(names, found.days_kwh, strict=True)},
    }


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 6) for value in values]
