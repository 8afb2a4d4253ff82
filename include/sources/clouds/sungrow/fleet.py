"""Plants and devices in Sungrow's lists."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from include.core.fleet import DeviceRow, PlantRow, Registry
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.place import place_of, zone_at, zone_of_offset
from include.sources.clouds.sungrow.families import LISTS
from include.sources.clouds.sungrow.fields import CAPACITY_KWP, KINDS
from include.sources.clouds.sungrow.result import landed_list
from include.sources.clouds.sungrow.stamps import iso_text
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import written_day


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Read a page of plants or devices; devices of types that measure nothing of ours are left out. Raises `BadDocument`."""
    landed = unpack_answer(body)
    registry, interface = Registry(), landed.request.interface
    is_plants = interface in LISTS and interface == LISTS[interface].plants
    key_field = "ps_id" if is_plants else "ps_key"
    for number, row in enumerate(landed_list(landed.data, "pageList"), start=1):
        key = named_key(row, key_field)
        if key is None:
            reject(registry, number, f"row {number} of {interface} has no {key_field}; ask the vendor again", row)
        elif is_plants:
            registry.plants.append(_plant(key, row, context.timezone))
        elif (kind := KINDS.get(names.key(row.get("device_type")) or "")) is not None:
            registry.devices.append(_device(key, kind, row))
    return registry


def _plant(key: str, row: Mapping[str, Any], usual: ZoneInfo) -> PlantRow:
    # The vendor names a fixed offset, which knows no daylight saving: the zone of the place is better.
    latitude, longitude = place_of(row.get("latitude"), row.get("longitude"))
    return PlantRow(
        key,
        name=names.text(row.get("ps_name")),
        timezone=zone_at(latitude, longitude) or zone_of_offset(row.get("ps_current_time_zone"), usual),
        latitude=latitude,
        longitude=longitude,
        capacity_kwp=_capacity_kwp(row),
        commissioned_on=_connected_on(row),
    )


def _connected_on(row: Mapping[str, Any]) -> date | None:
    """The day of the connection to the grid; else `install_date`, the day on which the plant was entered."""
    if "grid_connection_time" not in row:
        return written_day(row.get("install_date"))
    stamp = iso_text(row["grid_connection_time"])
    return None if stamp is None else written_day(stamp)


def _device(key: str, kind: str, row: Mapping[str, Any]) -> DeviceRow:
    return DeviceRow(
        key,
        plant_key=names.key(row.get("ps_id")) or key.partition("_")[0],
        kind=kind,
        name=names.text(row.get("device_name")),
        model=names.text(row.get("device_model_code")),
        vendor_type=names.key(row.get("device_type")),
    )


def _capacity_kwp(row: Mapping[str, Any]) -> float | None:
    """Peak power: in the list of a login a number with its unit, spelt as the vendor spells it; else W where the row has it."""
    scaled = row.get("total_capcity")
    candidates = [(row.get("design_capacity"), 0.001), (row.get("install_power"), 0.001)]
    if isinstance(scaled, dict):
        candidates.insert(0, (scaled.get("value"), CAPACITY_KWP.get(str(scaled.get("unit")).strip().lower(), math.nan)))
    return next((read for value, factor in candidates if (read := capacity_kwp(value, factor)) is not None), None)
