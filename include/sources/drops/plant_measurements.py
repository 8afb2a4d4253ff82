"""Plant measurements: a JSON array of inverter records (power and temperature), as MongoDB exports them.

Portuguese and English field names are read. Times: MongoDB's `{"$date": ...}`, ISO 8601 or epoch; without offset they are
local times of the inverter's clock. Power comes in W and becomes kW. Known lies: a temperature of 0 beside a power of 0 is a
sleeping inverter that measured nothing, so the temperature is missing and the power stays; both values may be null; -999,
-1000000, 65535 and 6553.5 mean "no reading". Texts are read in one notation per field. A field that a record does not have is not
missing: it says nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from include.core.frames import Fault, Piece, Subject
from include.core.identities import identity
from include.sources.drops.device_messages import refuse_device_message
from include.sources.drops.green_button import is_xml, parse_green_button
from include.sources.drops.interval_tables import open_intervals, parse_intervals
from include.sources.drops.inverter_tables import parse_table
from include.sources.formats import names
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.fields import Fields
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.notation import ColumnNumbers, ColumnValues, NumberColumn, Texts
from include.sources.formats.units import Conversion
from include.sources.formats.zip_archive import MAGIC

_UNSET: Final = msgspec.UNSET
_POWER: Final = QUANTITY_CODES["ac_power_kw"]
_TEMPERATURE: Final = QUANTITY_CODES["temp_inverter_c"]
_WATT: Final = NumberColumn("power", "ac_power_kw", Conversion(1, 1000))
_CELSIUS: Final = NumberColumn("temperature", "temp_inverter_c")


FIELDS: Final = Fields(
    {
        "inversor_id": "inverter", "inverter_id": "inverter", "datetime": "time", "timestamp": "time",
        "potencia_ativa_watt": "power", "active_power_watt": "power", "ac_power_w": "power", "power_w": "power",
        "temperatura_celsius": "temperature", "temperature_celsius": "temperature", "usina_id": "plant", "plant_id": "plant",
        "usina_nome": "plant_name", "plant_name": "plant_name",
    },
    (frozenset({"inverter"}), frozenset({"time"}), frozenset({"power", "temperature"})),
    "inversor_id, datetime and potencia_ativa_watt or temperatura_celsius",
)  # fmt: skip


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
    """Read measurements of inverters, JSON or a table. Raises `BadDocument` for what is neither."""
    if bytes(body[:4]) == MAGIC:
        return _table(body, context)
    if is_xml(body):
        return parse_green_button(bytes(body), context)
    text = recognised(body, wanted="JSON, CSV or Excel")
    if text[:1000].lstrip()[:1] not in {b"[", b"{"}:
        return _table(text, context)
    refuse_device_message(text)
    return _records(text, context)


def _table(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    intervals = open_intervals(body, context)
    return parse_table(body, context) if intervals is None else parse_intervals(intervals, body, context)


def _records(text: bytes, context: ParseContext) -> Iterator[Piece]:
    columns = Columns(context)

    def records(remarks: list[str]) -> Iterator[msgspec.Raw]:
        return raw_records(text, context, RecordFields(FIELDS, names.plain), remarks)

    numbers_of = ColumnNumbers(columns.notations(lambda: _texts(records([]))))
    watt, celsius = numbers_of[_WATT], numbers_of[_CELSIUS]
    for row_number, raw in enumerate(records(columns.remarks), start=1):
        record = _decode(raw)
        key = None if record is None else identity(_given(record.inversor_id, record.inverter_id))
        values = {} if record is None else _values(record, watt, celsius)
        if record is None or key is None or not values:
            columns.add_unreadable(row_number, "ac_power_kw", raw)
        else:
            code = columns.codes.get(key)
            if code is None or columns.subjects.get(key) is None:
                code = columns.code(key, _subject(key, record))
            instant = columns.times.read(_given(record.datetime, record.timestamp), code)
            for quantity_code, (value, fault) in values.items():
                columns.add(row_number, code, quantity_code, instant, value, raw, fault)
        if len(columns) >= 100_000:
            yield from columns.full()
    yield from columns.rest()


def _decode(raw: msgspec.Raw) -> _Record | None:
    try:
        record = _RECORD.decode(raw)
        if record.inversor_id is not None or record.inverter_id is not None:
            return record
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return msgspec.convert({names.plain(name): value for name, value in loose(raw).items()}, _Record)
    except (ValueError, AttributeError):
        return None


def _values(record: _Record, watt: ColumnValues, celsius: ColumnValues) -> dict[int, tuple[float | None, Fault | None]]:
    """Power [kW] and temperature [°C] by quantity code, as far as the record has them; None is no reading, NaN unreadable."""
    power, temperature = _written(record)
    values: dict[int, tuple[float | None, Fault | None]] = {}
    if power is not _UNSET:
        values[_POWER] = watt.read(power)
    if temperature is not _UNSET:
        read, fault = celsius.read(temperature)
        is_asleep = read == 0 and values.get(_POWER) == (0, None)
        values[_TEMPERATURE] = (None if is_asleep else read, fault)
    return values


def _texts(raws: Iterable[msgspec.Raw]) -> Texts:
    for raw in raws:
        if (record := _decode(raw)) is not None:
            for column, value in zip((_WATT, _CELSIUS), _written(record), strict=True):
                if isinstance(value, str):
                    yield column, value


def _written(record: _Record) -> tuple[Any, Any]:
    """Power and temperature as the record has them; unset where it does not."""
    power = _set(record.potencia_ativa_watt, record.active_power_watt, record.ac_power_w, record.power_w)
    return power, _set(record.temperatura_celsius, record.temperature_celsius)


def _subject(key: str, record: _Record) -> Subject:
    return Subject(
        key,
        kind="inverter",
        plant_key=identity(_given(record.usina_id, record.plant_id)),
        plant_name=names.text(_given(record.usina_nome, record.plant_name)),
    )


def _given(first: Any, second: Any) -> Any:  # noqa: ANN401
    return second if first is None else first


def _set(*values: Any) -> Any:  # noqa: ANN401
    for value in values:
        if value is not _UNSET:
            return value
    return _UNSET
