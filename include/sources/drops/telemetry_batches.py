"""Telemetry batches: a JSON array (or one object) of equipment, each with sensors; 1 to 100 MB.

Three shapes are read: the client's long form (`sensor_telemetria`, `sensor_datahora_coleta`), the short form (`valor`,
`status`, `timestamp`), both one object per reading, and sensors with a list of `readings`. Times without offset are local
times of the sensor's clock. Known lies: values come as numbers or texts, states such as "on" come in the value, `unknown` means
no reading, and the same batch arrives again and again.

A sensor of a type of states has texts, and so has one of an unknown type as far as they are no numbers. A number of an unknown
type or unit becomes a `state` row that breaks `unit_known` and carries its record: nothing is lost, and it can be replayed once
the type is in the table. A text of a sensor that measures a quantity is a number, in one notation per sensor, or unreadable, and
never a state. `status` is a state, read only where there is no value; `sensor_voltagem_bateria`, `sensor_status` and the fields
about the make of a sensor are not readings. A field that repeats what the sensor itself measures (`sensor_voltagem` of a voltage
sensor) is skipped.

A record is one reading; `row_number` counts them, so that a reading's accompanying fields share its number. A record
without a field for a value but with accompanying fields is about those alone: it misses no value.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec

from include.core.frames import Fault, Piece, Subject
from include.core.identities import identity
from include.sources.drops.device_messages import refuse_device_message
from include.sources.drops.home_assistant import is_home_assistant, parse_home_assistant
from include.sources.drops.telemetry_fields import TELEMETRY
from include.sources.drops.telemetry_measures import EXTRAS, Measure, measure_of, unknown_measure
from include.sources.drops.telemetry_shapes import Equipment, Id, Reading, Sensor, Unreadable, sensors_of
from include.sources.formats import names, numbers
from include.sources.formats.columns import NOBODY, STATE, Columns, series_code
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.instants import UNREADABLE
from include.sources.formats.json_text import raw_records
from include.sources.formats.notation import ColumnNumbers, ColumnValues, Notations, NumberColumn, Texts
from include.sources.formats.units import AS_IT_IS, Conversion

_SERIES: Final = attrgetter("sensor_uuid", "sensor_tipo", "sensor_unidade")
_READINGS: Final = attrgetter("readings")
_VALUES: Final = tuple(map(attrgetter, ("sensor_telemetria", "valor", "value")))
_STAMPS: Final = tuple(map(attrgetter, ("sensor_datahora_coleta", "timestamp")))
_UNSET: Final = msgspec.UNSET
_NUMERIC: Final = frozenset({float, int})
_NOT_NUMBERS: Final = re.compile(r"[+-]?(inf|infinity|nan|[\d.,]+(e[+-]?\d+)?)", re.IGNORECASE | re.ASCII)

_SeriesKey = tuple[Id, Id, Id]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read a batch, see the module for the shapes and rules; or an export of Home Assistant. Raises `BadDocument` for others."""
    text = recognised(body, wanted="JSON or an export of Home Assistant")
    if is_home_assistant(text):
        return parse_home_assistant(text, context)
    refuse_device_message(text)
    return _batch(text, context)


def _batch(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    def records(remarks: list[str]) -> Iterator[msgspec.Raw]:
        return raw_records(body, context, TELEMETRY, remarks, scan_nesting=False)

    batch = _Batch(context, lambda: _texts(records([]), context.max_nesting))
    for raw in records(batch.columns.remarks):
        batch.read(raw)
        yield from batch.columns.full()
    yield from batch.columns.rest()


class _Series(dict[_SeriesKey, int]):
    """Number of each (sensor, type, unit) of the document, with its subject, measure and numbers in parallel lists."""

    def __init__(self, columns: Columns, numbers_of: ColumnNumbers) -> None:
        super().__init__()
        self._columns = columns
        self._numbers_of = numbers_of
        self.subject_codes: list[int] = []
        self.quantity_codes: list[int] = []
        self.codes: list[int] = []
        self.measures: list[Measure | None] = []
        self.columns: list[ColumnValues | None] = []
        self.names: list[tuple[Id, Id]] = []
        self.conversions: dict[int, Conversion] = {}
        self.special: set[int] = set()

    def __missing__(self, found: _SeriesKey) -> int:
        index = self[found] = len(self.measures)
        key, measure = identity(found[0]), measure_of(found[1], found[2])
        column = _column_of(found)
        self.subject_codes.append(self._columns.code(key or NOBODY))
        self.quantity_codes.append(STATE if measure is None else measure.quantity_code)
        self.codes.append(series_code(self.subject_codes[-1], self.quantity_codes[-1]))
        self.measures.append(measure)
        self.names.append(found[1:])
        self.columns.append(None if column is None else self._numbers_of[column])
        if key is None or column is None:
            self.special.add(index)
        elif column.conversion != AS_IT_IS:
            self.conversions[index] = column.conversion
        return index


class _Texts(dict[str, float]):
    """Remembers the number that each text writes; NaN where its column must tell, and where it is no number alone."""

    def __init__(self, notations: Notations) -> None:
        super().__init__()
        self._notations = notations

    def __missing__(self, text: str) -> float:
        if len(self) > 100_000:
            self.clear()
        found = numbers.written(text)
        self._notations.note(found)
        value = self[text] = math.nan if found.unit else found.number(None)
        return value


class _Batch:
    """One batch while it is read."""

    def __init__(self, context: ParseContext, texts: Callable[[], Texts]) -> None:
        self.columns = Columns(context)
        notations = self.columns.notations(texts)
        self._max_nesting = context.max_nesting
        self._times = self.columns.times
        # A batch has thousands of columns; almost all texts are read without them.
        numbers_of = ColumnNumbers(notations, remembered=64)
        self._extra_values = [numbers_of[_extra_column(name, measure)] for name, measure in EXTRAS]
        self._series = _Series(self.columns, numbers_of)
        self._texts = _Texts(notations)
        self._record_count = 0

    def read(self, raw: msgspec.Raw) -> None:
        """Read one equipment."""
        for found in sensors_of(raw, self._max_nesting):
            if isinstance(found, Unreadable):
                self._record_count += 1
                self.columns.add_unreadable(self._record_count, "state", found.record)
            else:
                self._sensors(*found)

    def _sensors(self, equipment: Equipment, sensors: list[Sensor]) -> None:
        known = len(self._series)
        indexes = list(map(self._series.__getitem__, map(_SERIES, sensors)))
        if len(self._series) > known:
            self._introduce(equipment, sensors, indexes, known)
        if list(map(_READINGS, sensors)).count(None) == len(sensors):
            self._extras(indexes, sensors, self._readings(indexes, sensors, sensors))
            return
        for index, sensor in zip(indexes, sensors, strict=True):
            readings = [sensor] if sensor.readings is None else sensor.readings
            instants = self._readings([index] * len(readings), [sensor] * len(readings), readings)
            stamp = _first(sensor.sensor_datahora_coleta, sensor.timestamp)
            instant = instants[-1] if stamp is None and instants else self._times.read(stamp, self._series.subject_codes[index])
            self._extras([index], [sensor], [instant])

    def _introduce(self, equipment: Equipment, sensors: list[Sensor], indexes: list[int], known: int) -> None:
        parent = identity(equipment.equip_uuid)
        if parent is not None:
            self.columns.code(parent, Subject(parent, names.text(equipment.equip_nome), "equipment"))
        # New series are numbered in the order in which they appear, so each is met at its first sensor.
        for index, sensor in zip(indexes, sensors, strict=True):
            if known == len(self._series):
                break
            if index == known:
                known += 1
                if (key := identity(sensor.sensor_uuid)) is not None:
                    model = names.text(sensor.sensor_modelo)
                    self.columns.code(key, Subject(key, names.text(sensor.sensor_nome), "sensor", parent_key=parent, model=model))

    def _readings(self, indexes: list[int], sensors: Sequence[Sensor], readings: Sequence[Sensor | Reading]) -> list[int]:
        """Add the main value of each reading: all at once where they are plain numbers at readable times, else one by one.

        Returns the instants of the readings.
        """
        first, self._record_count = self._record_count + 1, self._record_count + len(readings)
        series = self._series
        codes = list(map(series.codes.__getitem__, indexes))
        values, stamps = _column(readings, _VALUES), _column(readings, _STAMPS)
        instants = self._times.read_all(stamps, map(series.subject_codes.__getitem__, indexes))
        numeric = self._numeric(values, indexes) if series.special.isdisjoint(indexes) else None
        if numeric is not None and UNREADABLE not in instants:
            self.columns.extend(range(first, first + len(readings)), codes, instants, numeric)
            return instants
        for position, value in enumerate(values):
            sensor, reading = sensors[position], readings[position]
            record = reading if reading is sensor else _nested_record(sensor, reading)
            place = first + position, indexes[position], instants[position]
            if (value is None or value is _UNSET) and (status := _status(sensor, reading)) is not None:
                self._state(*place, status, record)
            elif value is not _UNSET or not _has_extras(sensor):
                self._one(*place, value, record)
        return instants

    def _numeric(self, values: list[Any], indexes: list[int]) -> list[float] | None:
        """The values in the units of their quantities where all are plain numbers; else None."""
        kinds = set(map(type, values))
        if not kinds <= _NUMERIC:
            if not kinds <= _NUMERIC | {str}:
                return None
            values = [self._texts[value] if type(value) is str else value for value in values]
        try:
            total = sum(values, 0.0)
        except OverflowError:
            return None
        if not math.isfinite(total) or not numbers.SENTINELS.isdisjoint(values):
            return None
        conversions = self._series.conversions
        if conversions.keys().isdisjoint(indexes):
            return values
        return [conversions.get(index, AS_IT_IS)(value) for index, value in zip(indexes, values, strict=True)]

    def _one(self, row_number: int, index: int, instant: int, value: Any, record: Any) -> None:  # noqa: ANN401
        series = self._series
        measure, column, subject_code = series.measures[index], series.columns[index], series.subject_codes[index]
        if value is None or value is _UNSET:
            self.columns.missing_count += 1
        elif subject_code == self.columns.codes.get(NOBODY):
            self.columns.add_unreadable(row_number, "state", record)
        elif measure is not None and column is not None:
            number, fault = column.read(value)
            self.columns.add(row_number, subject_code, measure.quantity_code, instant, number, record, fault)
        elif measure is not None or _is_word(value):
            self._state(row_number, index, instant, value, record)
        elif numbers.number(value) is None:
            self.columns.missing_count += 1
        else:
            fault = Fault("unit_known", unknown_measure(*series.names[index]))
            self.columns.add_state(row_number, subject_code, instant, None, record, fault)

    def _state(self, row_number: int, index: int, instant: int, value: Any, record: Any) -> None:  # noqa: ANN401
        if numbers.number(value) is None:
            self.columns.missing_count += 1
            return
        if isinstance(value, bool):
            value = "on" if value else "off"
        is_state = isinstance(value, str | int | float)
        state = names.text(str(value)[: names.MAX_STATE], names.MAX_STATE) if is_state else None
        self.columns.add_state(row_number, self._series.subject_codes[index], instant, state, record)

    def _extras(self, indexes: list[int], sensors: list[Sensor], instants: list[int]) -> None:
        first = self._record_count - len(sensors) + 1
        for (name, measure), values in zip(EXTRAS, self._extra_values, strict=True):
            column = list(map(attrgetter(name), sensors))
            if column.count(None) == len(column):
                continue
            for position, value in enumerate(column):
                subject_code = self._series.subject_codes[indexes[position]]
                if value is None or self._series.quantity_codes[indexes[position]] == measure.quantity_code:
                    continue
                number, fault = values.read(value)
                self.columns.add(
                    first + position, subject_code, measure.quantity_code, instants[position], number, sensors[position], fault
                )


def _column(readings: Sequence[Sensor | Reading], fields: Sequence[Callable[[Any], Any]]) -> list[Any]:
    """First given of several fields, of each reading; where all readings use the same field, it is taken as it stands."""
    for field in fields:
        if readings and not _is_empty(field(readings[0])):
            column = list(map(field, readings))
            if None not in column and _UNSET not in column:
                return column
    return [_first(*(field(reading) for field in fields)) for reading in readings]


def _first(*values: Any) -> Any:  # noqa: ANN401
    """The first that is given, else null where one says so, else unset."""
    given = next((value for value in values if not _is_empty(value)), _UNSET)
    return None if given is _UNSET and None in values else given


def _is_empty(value: object) -> bool:
    return value is None or value is _UNSET


def _status(sensor: Sensor, reading: Sensor | Reading) -> str | None:
    return sensor.status if reading is sensor and isinstance(sensor.status, str) else None


def _nested_record(sensor: Sensor, reading: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "sensor_uuid": sensor.sensor_uuid,
        "sensor_tipo": sensor.sensor_tipo,
        "sensor_unidade": sensor.sensor_unidade,
        "reading": reading,
    }


def _column_of(series: _SeriesKey) -> NumberColumn | None:
    """The column of a sensor's numbers; None where it has none or they are not known."""
    measure = measure_of(series[1], series[2])
    if measure is None or measure.quantity_code == STATE:
        return None
    return NumberColumn(series, measure.quantity, measure.conversion)


def _extra_column(name: str, measure: Measure) -> NumberColumn:
    return NumberColumn(name, measure.quantity, measure.conversion)


def _texts(raws: Iterable[msgspec.Raw], max_nesting: int) -> Texts:
    """All texts of numbers of a batch."""
    columns: dict[_SeriesKey, NumberColumn | None] = {}
    for found in chain.from_iterable(sensors_of(raw, max_nesting) for raw in raws):
        for sensor in () if isinstance(found, Unreadable) else found[1]:
            series = _SERIES(sensor)
            if series not in columns:
                columns[series] = _column_of(series)
            readings = [sensor] if sensor.readings is None else sensor.readings
            if (column := columns[series]) is not None:
                values = (_first(*(field(reading) for field in _VALUES)) for reading in readings)
                yield from ((column, value) for value in values if isinstance(value, str))
            for name, measure in EXTRAS:
                if isinstance(value := getattr(sensor, name), str):
                    yield _extra_column(name, measure), value


def _has_extras(sensor: Sensor) -> bool:
    return any(getattr(sensor, name) is not None for name, _ in EXTRAS)


def _is_word(value: object) -> bool:
    """Whether a value says something in words: no number, nor a text that was meant as one (`1e999`, `12 hPa`)."""
    if isinstance(value, bool):
        return True
    if not isinstance(value, str) or numbers.written(value) is not numbers.UNREADABLE:
        return False
    return not numbers.is_no_reading(value) and _NOT_NUMBERS.fullmatch(value.strip()) is None
