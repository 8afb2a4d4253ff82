"""Plants and devices of Huawei's lists."""

from typing import Any

from include.core.errors import BadDocument
from include.core.fleet import DeviceRow, PlantRow, Registry
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.huawei.fields import DEVICES, KINDS, STATIONS
from include.sources.clouds.huawei.readings import list_of
from include.sources.clouds.place import place_of, zone_at
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import written_day


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Plants of `stations`, or inverters, meters, batteries, weather stations and loggers of `getDevList`."""
    answer = unpack_answer(body)
    registry = Registry()
    if answer.request.interface == STATIONS:
        for number, row in enumerate(_plant_rows(answer), start=1):
            _take_plant(registry, number, row)
        return registry
    if answer.request.interface != DEVICES:
        raise BadDocument(
            f"answers of {answer.request.interface[:60]!r} list neither plants nor devices; ask {STATIONS} or {DEVICES}"
        )
    asked = set(str(answer.request.body.get("stationCodes", "")).split(","))
    for number, row in enumerate(list_of(answer), start=1):
        _take_device(registry, number, row, asked)
    return registry


def _plant_rows(answer: LandedAnswer) -> list[Any]:
    page = answer.data.get("data", False)
    if page is None:
        return []
    rows = page.get("list") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {STATIONS} holds no list; ask again")
    return rows


def _take_plant(registry: Registry, number: int, row: Any) -> None:  # noqa: ANN401 - any JSON value
    key = named_key(row, "plantCode")
    if key is None:
        reject(registry, number, f"row {number} of {STATIONS} has no plantCode", row)
        return
    latitude, longitude = place_of(row.get("latitude"), row.get("longitude"))
    registry.plants.append(
        PlantRow(
            key,
            name=names.text(row.get("plantName")),
            timezone=zone_at(latitude, longitude),
            latitude=latitude,
            longitude=longitude,
            capacity_kwp=capacity_kwp(row.get("capacity")),
            commissioned_on=written_day(row.get("gridConnectionDate")),
        )
    )


def _take_device(registry: Registry, number: int, row: Any, asked: set[str]) -> None:  # noqa: ANN401 - any JSON value
    key, vendor_type = named_key(row, "id"), named_key(row, "devTypeId")
    if key is None or vendor_type is None:
        reject(registry, number, f"row {number} of {DEVICES} has no id or no devTypeId", row)
        return
    plant_key, kind = names.key(row.get("stationCode")), KINDS.get(vendor_type)
    if kind is None or (plant_key is not None and plant_key not in asked):
        return
    model = names.text(row.get("model")) or names.text(row.get("invType"))
    name = names.text(row.get("devName"))
    serial = names.key(row.get("esnCode"))
    registry.devices.append(
        DeviceRow(key, plant_key=plant_key, kind=kind, name=name, model=model, vendor_type=vendor_type, serial=serial)
    )
