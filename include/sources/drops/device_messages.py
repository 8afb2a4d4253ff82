"""Messages of devices and clouds that are dropped as they were received: they name no device, or no time.

Shapes are those that the makers document: Zigbee2MQTT (MQTT topics and messages), Shelly (Gen2 device API), Tasmota (telemetry),
Enphase Envoy (local API) and SolarEdge (monitoring API).
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from include.core.errors import BadDocument

_LARGEST: Final = 1_000_000
_LOOKED_AT: Final = 10_000
_SIGNS: Final = re.compile(rb'"(linkquality|aenergy|TempUnit|ENERGY|production|wattsNow|timeUnit)"')
_COLLECT: Final = "collect it as telemetry with the device as sensor_uuid and a timestamp, or export it from Home Assistant"
_ENVOY: Final = "write those of /api/v1/production/inverters into a table with inverter_id, timestamp and power_w"


class _Message(NamedTuple):
    """A maker's message: the fields that it has, and what the person who dropped it should know."""

    maker: str
    fields: frozenset[str]
    why: str


_MESSAGES: Final = (
    _Message("Zigbee2MQTT", frozenset({"linkquality"}), f"names no device (its topic does); {_COLLECT}"),
    _Message("Shelly", frozenset({"aenergy"}), f"names no device; {_COLLECT}"),
    _Message("Tasmota", frozenset({"Time", "TempUnit"}), f"names no device (its topic does); {_COLLECT}"),
    _Message("Tasmota", frozenset({"Time", "ENERGY"}), f"names no device (its topic does); {_COLLECT}"),
    _Message("an Enphase Envoy", frozenset({"production", "consumption"}), f"tells sums and names no inverter; {_ENVOY}"),
    _Message("an Enphase Envoy", frozenset({"wattHoursToday", "wattsNow"}), f"has no time and names no inverter; {_ENVOY}"),
    _Message(
        "SolarEdge",
        frozenset({"timeUnit", "unit", "values"}),
        "names no inverter; write its values into a table with inverter_id, time and the power or energy with its unit",
    ),
)


def refuse_device_message(text: bytes) -> None:
    """Raise `BadDocument` for a single message of a known maker that cannot be a document of readings; else do nothing."""
    if len(text) > _LARGEST or not _SIGNS.search(text, 0, _LOOKED_AT):
        return
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    first = found[0] if isinstance(found, list) and found else found
    for message in _MESSAGES:
        if any(message.fields <= fields.keys() for fields in _objects(first)):
            raise BadDocument(f"the file is a message of {message.maker}, which {message.why}")


def _objects(found: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """An object and those directly in it."""
    if not isinstance(found, dict) or "sensor" in found or "sensors" in found or "sensores" in found:
        return []
    return [found, *(inner for inner in found.values() if isinstance(inner, dict))]
