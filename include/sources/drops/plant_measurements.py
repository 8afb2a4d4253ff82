"""Plant measurements: a JSON array of inverter records (power and temperature), as MongoDB exports them.

Portuguese and English field names are read. Times: MongoDB's `{"$date": ...}`, ISO 8601 or epoch; without offset they are
local times of the inverter's clock. Power comes in W and becomes kW. Known lies: a temperature of 0 beside a power of 0 is a
sleeping inverter that measured nothing, so the temperature is missing and the power stays; both values may be null; -999,
-1000000, 65535 and 6553.5 mean "no reading". A field that a record does not have is not missing: it says nothing.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from include.core.frames import Piece, Subject
from include.sources.formats import names, numbers
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.json_text import loose, raw_records

_UNSET: Final = msgspec.UNSET
_POWER: Final = QUANTITY_CODES["ac_power_kw"]
_TEMPERATURE: Final = QUANTITY_CODES["temp_inverter_c"]


class _Record(msgspec.Struct):
    inversor_id: Any = None
    inverter_id: Any = None
    datetime: Any = None
    timestamp: Any = None
    potencia_ativa_watt: Any = _UNSET
    active_power_watt: Any = _UNSET
    ac_power_w: Any = _UNSET
    power_w: Any = _UNSET
    temperatura_celsius: Any = _UNSET
    temperature_celsius: Any = _UNSET
    usina_id: Any = None
    plant_id: Any = None
    usina_nome: Any = None
    plant_name: Any = None


_RECORD: Final = msgspec.json.Decoder(_Record)


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read measurements into `ac_power_kw` and `temp_inverter_c` of inverters. Raises `BadDocument` for what is not JSON."""
    columns = Columns(context)
    for row_number, raw in enumerate(raw_records(body, context), start=1):
        record = _decode(raw)
        key = None if record is None else names.key(_given(record.inversor_id, record.inverter_id))
        values = {} if record is None else _values(record)
        if record is None or key is None or not values:
            columns.add_unreadable(row_number, "ac_power_kw", raw)
        else:
            code = columns.codes.get(key)
            if code is None or columns.subjects.get(key) is None:
                code = columns.code(key, _subject(key, record))
            instant = columns.times.read(_given(record.datetime, record.timestamp), code)
            for quantity_code, value in values.items():
                columns.add(row_number, code, quantity_code, instant, value, raw)
        if len(columns) >= 100_000:
            yield from columns.full()
    yield from columns.rest()


def _decode(raw: msgspec.Raw) -> _Record | None:
    try:
        return _RECORD.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        try:
            return msgspec.convert(loose(raw), _Record)
        except ValueError:
            return None


def _values(record: _Record) -> dict[int, float | None]:
    """Power [kW] and temperature [°C] by quantity code, as far as the record has them; None is no reading, NaN unreadable."""
    power = _set(record.potencia_ativa_watt, record.active_power_watt, record.ac_power_w, record.power_w)
    temperature = _set(record.temperatura_celsius, record.temperature_celsius)
    values: dict[int, float | None] = {}
    if power is not _UNSET:
        watt = _number(power)
        values[_POWER] = None if watt is None else watt / 1000
    if temperature is not _UNSET:
        celsius = _number(temperature)
        values[_TEMPERATURE] = None if celsius == 0 and values.get(_POWER) == 0 else celsius
    return values


def _number(value: Any) -> float | None:  # noqa: ANN401
    if type(value) is float and math.isfinite(value) and value not in numbers.SENTINELS:
        return value
    return numbers.number(value)


def _subject(key: str, record: _Record) -> Subject:
    return Subject(
        key,
        kind="inverter",
        plant_key=names.key(_given(record.usina_id, record.plant_id)),
        plant_name=names.text(_given(record.usina_nome, record.plant_name)),
    )


def _given(first: Any, second: Any) -> Any:  # noqa: ANN401
    return second if first is None else first


def _set(*values: Any) -> Any:  # noqa: ANN401
    for value in values:
        if value is not _UNSET:
            return value
    return _UNSET
