"""Fields of telemetry equipment: those of the equipment itself, of its sensors and of their readings."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from include.sources.drops.telemetry_shapes import ALIASES, EQUIPMENT_ALIASES, Equipment, Reading, Sensor
from include.sources.formats.fields import Fields
from include.sources.formats.json_fields import RecordFields, begins, first_of, object_of

_SENSORS: Final = ("sensor", "sensors", "sensores")
_LISTS: Final = frozenset(_SENSORS)
_READINGS: Final = ("readings", "leituras")
_LISTED: Final = re.compile(rb'"(?:sensor|sensors|sensores)"\s*:\s*(?=[\[{])')
_LARGE: Final = 1_000_000
_LOOKED_AT: Final = 20
_OF_EQUIPMENT: Final = frozenset({*Equipment.__struct_fields__, *EQUIPMENT_ALIASES, *_SENSORS})
_OF_SENSORS: Final = frozenset({*Sensor.__struct_fields__, *ALIASES})
_OF_READINGS: Final = frozenset({*Reading.__struct_fields__, *ALIASES})
_SENSOR: Final = Fields(
    {"sensor_uuid": "key", "uuid": "key", "id": "key"}
    | dict.fromkeys((*_READINGS, "sensor_telemetria", "valor", "value", "state", "status"), "value")
    | {name: "value" for name in Sensor.__struct_fields__ if name.startswith(("sensor_bateria", "sensor_sinal", "sensor_vol"))}
    | dict.fromkeys(("sensor_corrente", "sensor_potencia"), "value"),
    (frozenset({"key"}), frozenset({"value"})),
    "equip_uuid and a list sensor, each with sensor_uuid, sensor_tipo, a value (sensor_telemetria, valor or readings) and a time",
)


class _TelemetryFields(RecordFields):
    """A record is an equipment; its sensors have what the feed reads."""

    def names_of(self, raw: msgspec.Raw) -> list[str]:
        names, sensors = _opened(raw)
        return [*names, *(f"sensor.{name}" for name in _names(sensors))]

    def are_in(self, raw: msgspec.Raw) -> bool:
        names, sensors = _opened(raw)
        return any(_SENSOR.are_in(object_of(sensor)) for sensor in sensors) or (not sensors and not _LISTS.isdisjoint(names))

    def unused_of(self, raw: msgspec.Raw) -> Iterable[str]:
        names, sensors = _opened(raw)
        readings = [reading for sensor in sensors for reading in _list_of(object_of(sensor), _READINGS)]
        return [
            *(name for name in names if name not in _OF_EQUIPMENT),
            *(f"sensor.{name}" for name in _names(sensors) if name not in _OF_SENSORS),
            *(f"sensor.readings.{name}" for name in _names(readings) if name not in _OF_READINGS),
        ]


TELEMETRY: Final = _TelemetryFields(_SENSOR)
"""What the feed reads of an equipment."""


def _opened(raw: msgspec.Raw) -> tuple[list[str], list[msgspec.Raw]]:
    """Names of an equipment and its first sensors; of a large one only what is found at its beginning."""
    view = memoryview(raw)
    if view.nbytes > _LARGE and (listed := _LISTED.search(view[:_LARGE])):
        return [], first_of(view[listed.end() : _LARGE], most=_LOOKED_AT)
    found = object_of(raw)
    return list(found), _list_of(found, _SENSORS)


def _list_of(found: dict[str, msgspec.Raw], names: Iterable[str]) -> list[msgspec.Raw]:
    """The first values of a record's list; one that stands there by itself is a list of one."""
    for name in names:
        if name in found:
            listed = found[name]
            return first_of(memoryview(listed)[:_LARGE], most=_LOOKED_AT) if begins(listed) == b"[" else [listed]
    return []


def _names(records: Iterable[msgspec.Raw]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in object_of(record)))
