"""Plants and inverters of Growatt's lists."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument
from include.core.fleet import DeviceRow, PlantRow, Registry
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.growatt.fields import DEVICES, PLANT, PLANTS, TYPES
from include.sources.clouds.growatt.lists import rows_of
from include.sources.clouds.place import place_of, zone_at, zone_of_offset
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import written_day


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Plants of a page of the list or of one plant's details, or the inverters of a plant. Raises `BadDocument`."""
    answer, registry = unpack_answer(body), Registry()
    interface, asked = answer.request.interface, answer.request.subjects
    if interface not in {PLANTS, PLANT, DEVICES} or (interface != PLANTS and len(asked) != 1):
        raise BadDocument(f"answers of {interface[:60]!r} list neither plants nor devices of one; ask {PLANTS} or {DEVICES}")
    key_field = "device_sn" if interface == DEVICES else "plant_id"
    for number, row in enumerate(rows_of(answer.data, interface), start=1):
        # Details do not repeat which plant they are about.
        key = asked[0] if interface == PLANT else named_key(row, key_field)
        if key is None:
            reject(registry, number, f"row {number} of {interface} has no {key_field}; ask the vendor again", row)
        elif interface != DEVICES:
            registry.plants.append(_plant(key, row, context.timezone))
        elif (vendor_type := names.key(row.get("type"))) in TYPES:
            model = names.text(row.get("model"))
            registry.devices.append(
                DeviceRow(key, plant_key=asked[0], kind="inverter", model=model, vendor_type=vendor_type, serial=key)
            )
    return registry


def _plant(key: str, row: Mapping[str, Any], usual: ZoneInfo) -> PlantRow:
    # The vendor names a fixed offset, and that in the details only: the zone of the place is better.
    latitude, longitude = place_of(row.get("latitude"), row.get("longitude"))
    return PlantRow(
        key,
        name=names.text(row.get("name")),
        timezone=zone_at(latitude, longitude) or zone_of_offset(row.get("timezone"), usual),
        latitude=latitude,
        longitude=longitude,
        city=names.text(row.get("city")),
        capacity_kwp=capacity_kwp(row.get("peak_power")),
        commissioned_on=written_day(row.get("create_date")),
    )
