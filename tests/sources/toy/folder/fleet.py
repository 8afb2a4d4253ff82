"""Plants and devices of Toy Cloud."""

from include.sources.clouds.toy.fields import PLANTS
from include.sources.clouds.toy.readings import rows_of

from include.core.fleet import DeviceRow, PlantRow, Registry
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.place import place_of, zone_at
from include.sources.formats import names
from include.sources.formats.context import ParseContext


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """A page of plants or of inverters. Raises `BadDocument`."""
    answer, registry = unpack_answer(body), Registry()
    for number, row in enumerate(rows_of(answer), start=1):
        key = named_key(row, "id")
        if key is None:
            reject(registry, number, f"row {number} of {answer.request.interface} has no id", row)
        elif answer.request.interface == PLANTS:
            latitude, longitude = place_of(row.get("lat"), row.get("lon"))
            registry.plants.append(
                PlantRow(
                    key,
                    name=names.text(row.get("name")),
                    timezone=zone_at(latitude, longitude),
                    latitude=latitude,
                    longitude=longitude,
                    capacity_kwp=capacity_kwp(row.get("watts"), 0.001),
                )
            )
        else:
            registry.devices.append(DeviceRow(key, plant_key=names.key(row.get("plant")), kind="inverter", vendor_type="inv"))
    return registry
