"""Sites and inverters of SolarEdge's lists."""

from typing import Any

from include.core.errors import BadDocument, Refused
from include.core.fleet import DeviceRow, PlantRow, Registry
from include.core.span import zone
from include.sources.clouds.document import TOP_LIST, LandedAnswer, unpack_answer
from include.sources.clouds.fleet_rows import capacity_kwp, named_key, reject
from include.sources.clouds.solaredge.fields import DEVICES, INVERTER, SITE, SITES
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import written_day


def parse_fleet(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Plants of a page of sites or of one site's details, or the inverters of a site. Raises `BadDocument`."""
    answer, registry = unpack_answer(body), Registry()
    interface, asked = answer.request.interface, answer.request.subjects
    if interface == SITE:
        _take_site(registry, 1, answer.data, asked)
    elif interface == SITES:
        for number, row in enumerate(_rows(answer), start=1):
            _take_site(registry, number, row, None)
    elif interface == DEVICES and len(asked) == 1:
        for number, row in enumerate(_rows(answer), start=1):
            _take_device(registry, number, row, asked[0])
    else:
        raise BadDocument(f"answers of {interface[:60]!r} list neither sites nor devices of one; ask {SITES} or {DEVICES}")
    return registry


def _rows(answer: LandedAnswer) -> list[Any]:
    found = answer.data.get("sites") if answer.request.interface == SITES else answer.data
    rows = found.get("site" if answer.request.interface == SITES else TOP_LIST) if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {answer.request.interface} holds no list; ask again")
    return rows


def _take_site(registry: Registry, number: int, row: Any, asked: tuple[str, ...] | None) -> None:  # noqa: ANN401 - any JSON value
    """Details of another site than was asked about are left out. Places are told as addresses, without coordinates."""
    key = named_key(row, "siteId")
    if key is None:
        reject(registry, number, f"row {number} of {SITES} has no siteId", row)
    elif asked is None or key in asked:
        location = row.get("location")
        place = location if isinstance(location, dict) else {}
        registry.plants.append(
            PlantRow(
                key,
                name=names.text(row.get("name")),
                timezone=_zone(place.get("timezone")),
                city=names.text(place.get("city")),
                capacity_kwp=capacity_kwp(row.get("peakPower")),
                commissioned_on=written_day(row.get("installationDate")),
            )
        )


def _take_device(registry: Registry, number: int, row: Any, plant_key: str) -> None:  # noqa: ANN401 - any JSON value
    """An inverter; one that is no longer active was replaced, so that the list lacks it."""
    key = named_key(row, "serialNumber")
    if key is None:
        reject(registry, number, f"row {number} of {DEVICES} has no serialNumber", row)
    elif row.get("type") == INVERTER and row.get("active") is not False:
        model = names.text(row.get("model")) or names.text(row.get("partNumber"))
        name = names.text(row.get("name"))
        registry.devices.append(
            DeviceRow(key, plant_key=plant_key, kind="inverter", name=name, model=model, vendor_type=INVERTER, serial=key)
        )


def _zone(written: object) -> str | None:
    try:
        return zone(names.text(written) or "").key
    except Refused:
        return None
