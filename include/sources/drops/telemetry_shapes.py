"""Shapes of telemetry equipment, decoded: fixed types where the text fits them, lenient where it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from include.sources.formats.json_text import check_nesting, loose

Id = str | int | float | None

_LARGE: Final = 8_000_000
_SENSORS_AT_ONCE: Final = 20_000


class Reading(msgspec.Struct, omit_defaults=True, gc=False):
    """One entry of a sensor's list of readings."""

    sensor_telemetria: Any = msgspec.UNSET
    sensor_datahora_coleta: Any = None
    valor: Any = msgspec.UNSET
    value: Any = msgspec.UNSET
    timestamp: Any = None


class Sensor(msgspec.Struct, omit_defaults=True, gc=False):
    """A sensor: itself one reading (long or short form) or with a list of readings."""

    sensor_uuid: Id = None
    sensor_nome: Any = None
    sensor_tipo: Id = None
    sensor_unidade: Id = None
    sensor_modelo: Any = None
    sensor_telemetria: Any = msgspec.UNSET
    sensor_datahora_coleta: Any = None
    valor: Any = msgspec.UNSET
    value: Any = msgspec.UNSET
    status: Any = None
    timestamp: Any = None
    sensor_bateria_pct: Any = None
    sensor_sinal_lqi: Any = None
    sensor_sinal_rssi: Any = None
    sensor_voltagem: Any = None
    sensor_corrente: Any = None
    sensor_potencia: Any = None
    readings: list[Reading] | None = None


class Equipment(msgspec.Struct):
    """What an equipment says of itself."""

    equip_uuid: Id = None
    equip_nome: Any = None


class _Whole(Equipment):
    sensor: list[Sensor] | None = None


class _Parts(Equipment):
    sensor: list[msgspec.Raw] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no equipment or no sensor."""

    record: Any


_WHOLE: Final = msgspec.json.Decoder(_Whole)
_PARTS: Final = msgspec.json.Decoder(_Parts)
_SENSOR: Final = msgspec.json.Decoder(Sensor)
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
ALIASES: Final = {
    "sensors": "sensor", "sensores": "sensor", "leituras": "readings", "uuid": "sensor_uuid", "id": "sensor_uuid",
    "nome": "sensor_nome", "name": "sensor_nome", "tipo": "sensor_tipo", "type": "sensor_tipo", "unidade": "sensor_unidade",
    "unit": "sensor_unidade", "datetime": "timestamp", "state": "value",
}  # fmt: skip
EQUIPMENT_ALIASES: Final = ALIASES | {"uuid": "equip_uuid", "id": "equip_uuid", "nome": "equip_nome", "name": "equip_nome"}


def sensors_of(raw: msgspec.Raw, max_nesting: int) -> Iterator[tuple[Equipment, list[Sensor]] | Unreadable]:
    """Decode one equipment into runs of its sensors; raises `BadDocument` only where it nests too deeply."""
    if len(bytes(raw)) > _LARGE:
        yield from _in_parts(raw, max_nesting)
        return
    try:
        whole = _WHOLE.decode(raw)
    except _FAULTS:
        yield from _lenient(raw, max_nesting)
        return
    if whole.sensor is None:
        yield from _lenient(raw, max_nesting)
    else:
        yield whole, whole.sensor


def _in_parts(raw: msgspec.Raw, max_nesting: int) -> Iterator[tuple[Equipment, list[Sensor]] | Unreadable]:
    """Decode a large equipment some sensors at a time, so that not all of them are objects at once."""
    try:
        parts = _PARTS.decode(raw)
    except _FAULTS:
        parts = _Parts()
    if parts.sensor is None:
        yield from _lenient(raw, max_nesting)
        return
    for start in range(0, len(parts.sensor), _SENSORS_AT_ONCE):
        sensors = []
        for part in parts.sensor[start : start + _SENSORS_AT_ONCE]:
            try:
                sensors.append(_SENSOR.decode(part))
            except _FAULTS:
                yield from _lenient_sensor(parts, part, max_nesting)
        yield parts, sensors


def _lenient_sensor(
    equipment: Equipment, part: msgspec.Raw, max_nesting: int
) -> Iterator[tuple[Equipment, list[Sensor]] | Unreadable]:
    check_nesting(bytes(part), max_nesting)
    try:
        yield equipment, [msgspec.convert(_renamed_sensor(loose(part)), Sensor)]
    except (ValueError, AttributeError):
        yield Unreadable(part)


def _lenient(raw: msgspec.Raw, max_nesting: int) -> Iterator[tuple[Equipment, list[Sensor]] | Unreadable]:
    check_nesting(bytes(raw), max_nesting)
    try:
        found = _renamed(loose(raw), EQUIPMENT_ALIASES)
        sensors = found.pop("sensor")
        equipment = msgspec.convert(found, Equipment)
    except (ValueError, KeyError, AttributeError):
        yield Unreadable(raw)
        return
    if not isinstance(sensors, list | dict):
        yield Unreadable(raw)
        return
    for sensor in sensors if isinstance(sensors, list) else [sensors]:
        try:
            yield equipment, [msgspec.convert(_renamed_sensor(sensor), Sensor)]
        except (ValueError, AttributeError):
            yield Unreadable(sensor)


def _renamed(found: dict[str, Any], aliases: dict[str, str]) -> dict[str, Any]:
    return {aliases.get(name, name): value for name, value in found.items()}


def _renamed_sensor(found: dict[str, Any]) -> dict[str, Any]:
    sensor = _renamed(found, ALIASES)
    if isinstance(sensor.get("readings"), list):
        sensor["readings"] = [_renamed(reading, ALIASES) for reading in sensor["readings"]]
    return sensor
