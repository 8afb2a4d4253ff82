"""What a plant or device does now, flat as Home Assistant's REST sensors read it, and its energy as statistics to import."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Response

from api.deps import PROTECTED, ApiRequest, CurrentRequest
from api.errors import not_found
from api.models.envelopes import Single
from api.models.now import DeviceStates, EnergyStatistics, PlantStates
from api.openapi import ANSWERS
from api.parameters import Id, WindowParameter
from include.core.home_assistant import DEVICE_SENSORS, PLANT_SENSORS
from include.warehouse.api_now import read_device_now, read_energy_statistics, read_plant_now
from include.warehouse.api_reads import find_plant_zone

plants = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)
devices = APIRouter(prefix="/devices", tags=["sensors"], dependencies=PROTECTED, responses=ANSWERS)

_DEFAULT_DAYS: Final = 30
_LONGEST_DAYS: Final = 366
_OF_PLANTS: Final = {sensor.key: sensor.told() for sensor in PLANT_SENSORS}


@plants.get("/{plant_id}/now", response_model=PlantStates, summary="A plant now")
def plant_now(request: CurrentRequest, plant_id: Id) -> Response:
    """Power, energy of today and of all days, and when it last spoke."""
    head, fresh_from = _head(request)
    with request.session() as session:
        found = read_plant_now(session.connection, plant_id, now=request.now, fresh_from=fresh_from)
    if found is None:
        raise not_found("plant", plant_id)
    return request.single(found, head | {"states": _OF_PLANTS})


@devices.get("/{device_id}/now", response_model=DeviceStates, summary="A device or sensor now")
def device_now(request: CurrentRequest, device_id: Id) -> Response:
    """The newest number of each quantity, and the last state."""
    head, fresh_from = _head(request)
    with request.session() as session:
        found = read_device_now(session.connection, device_id, now=request.now, fresh_from=fresh_from)
    if found is None:
        raise not_found("device", device_id)
    known = DEVICE_SENSORS.keys() & msgspec.json.decode(found).keys()
    return request.single(found, head | {"states": {name: DEVICE_SENSORS[name].told() for name in sorted(known)}})


@plants.get("/{plant_id}/energy-statistics", response_model=Single[EnergyStatistics], summary="Hours to import as statistics")
def energy_statistics(request: CurrentRequest, plant_id: Id, window: WindowParameter) -> Response:
    """Ended hours with the sum of all energy until their end: the form that Home Assistant imports, as often as one likes.

    Hours are labelled by whole UTC hours, which it asks for; of a zone at the half hour they begin half an hour earlier.
    """
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        span = window.span(ZoneInfo(timezone), now=request.quarter, default_days=_DEFAULT_DAYS, longest_days=_LONGEST_DAYS)
        stats = read_energy_statistics(session.connection, plant_id, span=span, now=request.quarter)
    described = {
        "has_mean": False,
        "has_sum": True,
        "name": f"Energy of plant {plant_id}",
        "source": "heliograph",
        "statistic_id": f"heliograph:plant_{plant_id}_energy",
        "unit_of_measurement": "kWh",
        "stats": msgspec.Raw(stats.encode()),
    }
    return request.single(msgspec.json.encode(described).decode())


def _head(request: ApiRequest) -> tuple[dict[str, Any], datetime]:
    offline_after_s = request.state.settings.offline_after_s
    return (
        {"as_of": request.now.isoformat(), "offline_after_s": offline_after_s},
        request.now - timedelta(seconds=offline_after_s),
    )
