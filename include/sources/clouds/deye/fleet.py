"""Plants and devices of Deye's lists."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.fleet import DeviceRow, PlantRow, Registry
from include.core.span import instant_of, local_day, zone
from include.sources.clouds.deye.fields import DEVICES, IDENTITY, KINDS, ROWS, STATIONS
from include.sources.clouds.deye.lists import rows_of
from include.sources.clouds.deye.refusals import LABEL
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.place import place_of, zone_at
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, lone_instant


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Stations as plants, or devices of the stations that were asked about; which of the two, the answer itself shows."""
    answer = unpack_answer(body)
    registry = Registry()
    if ROWS[STATIONS] in answer.data:
        plants: dict[str, PlantRow] = {}
        for row in _identified_rows(answer, STATIONS, registry):
            plant = _plant(row, context.timezone)
            plants.setdefault(plant.plant_key, plant)
        registry.plants += plants.values()
    else:
        devices: dict[str, DeviceRow] = {}
        stations = _stations(answer)
        for row in _identified_rows(answer, DEVICES, registry):
            _take_device(devices, row, stations)
        registry.devices += devices.values()
    return registry


def _stations(answer: LandedAnswer) -> tuple[str, ...]:
    """Keys of the stations whose devices were asked for."""
    stations = answer.request.body.get("stationIds")
    return tuple(map(str, stations)) if isinstance(stations, list) else ()


def _identified_rows(answer: LandedAnswer, interface: str, registry: Registry) -> Iterator[Mapping[str, Any]]:
    """Rows that say what they are about; the others are set aside."""
    for number, row in enumerate(rows_of(answer.data, interface), start=1):
        if all(named_key(row, name) is not None for name in IDENTITY[interface]):
            yield row
        else:
            reject(registry, number, f"row {number} of {ROWS[interface]} does not say what it is about; ask {LABEL} again", row)


def _plant(row: Mapping[str, Any], usual: ZoneInfo) -> PlantRow:
    latitude, longitude = place_of(row.get("locationLat"), row.get("locationLng"))
    timezone = _zone_name(row.get("regionTimezone")) or zone_at(latitude, longitude)
    return PlantRow(
        names.key(row["id"]) or "",
        name=names.text(row.get("name")),
        timezone=timezone,
        latitude=latitude,
        longitude=longitude,
        capacity_kwp=capacity_kwp(row.get("installedCapacity")),
        commissioned_on=_local_date(lone_instant(row.get("startOperatingTime"), usual), timezone),
    )


def _zone_name(value: object) -> str | None:
    name = names.text(value)
    if name is None:
        return None
    try:
        return zone(name).key
    except Refused:
        return None


def _local_date(instant: int, timezone: str | None) -> date | None:
    if instant == UNREADABLE:
        return None
    return local_day(instant_of(instant), zone(timezone) if timezone else ZoneInfo("UTC"))


def _take_device(devices: dict[str, DeviceRow], row: Mapping[str, Any], stations: tuple[str, ...]) -> None:
    """One serial number may come with several types: the first inverter is meant, else what comes first."""
    key, vendor_type = names.key(row["deviceSn"]) or "", names.key(row["deviceType"]) or ""
    plant_key = names.key(row.get("stationId")) or (stations[0] if len(stations) == 1 else None)
    kind = KINDS.get(vendor_type)
    if kind is None or (stations and plant_key is not None and plant_key not in stations):
        return
    known = devices.setdefault(key, DeviceRow(key, plant_key=plant_key, kind=kind, vendor_type=vendor_type))
    if kind == "inverter" and known.kind != "inverter":
        devices[key] = replace(known, plant_key=plant_key or known.plant_key, kind=kind, vendor_type=vendor_type)
