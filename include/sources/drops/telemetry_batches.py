"""Telemetry batches: a JSON array (or one object) of equipment, each with sensors; 1 to 100 MB.

Three shapes are read: the client's long form (`sensor_telemetria`, `sensor_datahora_coleta`), the short form (`valor`,
`status`, `timestamp`), both one object per reading, and sensors with a list of `readings`. Times without offset are local
times of the sensor's clock. Known lies: values come as numbers or texts, states such as "on" come in the value, `unknown` means
no reading, and the same batch arrives again and again.

Text that is no number becomes a `state` row of the sensor. A number of an unknown sensor type or unit becomes an unreadable
`state` row that carries its record: nothing is lost, and it can be replayed once the type is in the table. `status` is read
only where there is no value; `sensor_voltagem_bateria`, `sensor_status` and the fields about the make of a sensor are not
readings. A field that repeats what the sensor itself measures (`sensor_voltagem` of a voltage sensor) is skipped.

A record is one reading; `row_number` counts them, so that a reading's accompanying fields share its number. A record
without a field for a value but with accompanying fields is about those alone: it misses no value.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from include.core.frames import Piece, Subject
from include.sources.drops.telemetry_measures import EXTRAS, Measure, measure_of
from include.sources.drops.telemetry_shapes import Equipment, Id, Reading, Sensor, Unreadable, sensors_of
from include.sources.formats import names, numbers
from include.sources.formats.columns import NOBODY, STATE, Columns, series_code
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE
from include.sources.formats.json_text import raw_records

_SERIES: Final = attrgetter("sensor_uuid", "sensor_tipo", "sensor_unidade")
_READINGS: Final = attrgetter("readings")
_VALUES: Final = tuple(map(attrgetter, ("sensor_telemetria", "valor", "value")))
_STAMPS: Final = tuple(map(attrgetter, ("sensor_datahora_coleta", "timestamp")))
_UNSET: Final = msgspec.UNSET
_NUMERIC: Final = frozenset({float, int})
_NOT_NUMBERS: Final = re.compile(r"[+-]?(inf|infinity|nan|[\d.,]+(e[+-]?\d+)?)", re.IGNORECASE | re.ASCII)

_SeriesKey = tuple[Id, Id, Id]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read a batch; see the module for the shapes and rules. Raises `BadDocument` where the whole is not JSON."""
    batch = _Batch(context)
    for raw in raw_records(body, context, scan_nesting=False):
        batch.read(raw)
        yield from batch.columns.full()
    yield from batch.columns.rest()


class _Series(dict[_SeriesKey, int]):
    """Number of each (sensor, type, unit) of the document, with its subject and measure in parallel lists."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns
        self.subject_codes: list[int] = []
        self.quantity_codes: list[int] = []
        self.codes: list[int] = []
        self.measures: list[Measure | None] = []
        self.special: set[int] = set()

    def __missing__(self, found: _SeriesKey) -> int:
        index = self[found] = len(self.measures)
        key, measure = names.key(found[0]), measure_of(found[1], found[2])
        self.subject_codes.append(self._columns.code(key or NOBODY))
        self.quantity_codes.append(STATE if measure is None else measure.quantity_code)
        self.codes.append(series_code(self.subject_codes[-1], self.quantity_codes[-1]))
        self.measures.append(measure)
        if key is None or measure is None or measure != Measure(measure.quantity_code) or measure.quantity_code == STATE:
            self.special.add(index)
        return index


class _Texts(dict[str, float]):
    """Remembers the number that each text writes; NaN where it says no reading, a state or nothing readable."""

    def __missing__(self, text: str) -> float:
        if len(self) > 100_000:
            self.clear()
        read = numbers.number(text)
        value = self[text] = math.nan if read is None else read
        return value


class _Batch:
    """One batch while it is read."""

    def __init__(self, context: ParseContext) -> None:
        self.columns = Columns(context)
        self._max_nesting = context.max_nesting
        self._times = self.columns.times
        self._series = _Series(self.columns)
        self._texts = _Texts()
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
        parent = names.key(equipment.equip_uuid)
        if parent is not None:
            self.columns.code(parent, Subject(parent, names.text(equipment.equip_nome), "equipment"))
        # New series are numbered in the order in which they appear, so each is met at its first sensor.
        for index, sensor in zip(indexes, sensors, strict=True):
            if known == len(self._series):
                break
            if index == known:
                known += 1
                if (key := names.key(sensor.sensor_uuid)) is not None:
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
        numeric = self._numeric(values)
        if numeric is not None and UNREADABLE not in instants and series.special.isdisjoint(indexes):
            self.columns.extend(range(first, first + len(readings)), codes, instants, numeric)
            return instants
        for position, value in enumerate(values):
            sensor, reading = sensors[position], readings[position]
            record = (
                reading
                if reading is sensor
                else {"sensor_uuid": sensor.sensor_uuid, "sensor_tipo": sensor.sensor_tipo, "reading": reading}
            )
            if value is None or value is _UNSET:
                value = _status(sensor, reading, value)
            if value is _UNSET and _has_extras(sensor):
                continue
            self._one(first + position, indexes[position], instants[position], value, record)
        return instants

    def _numeric(self, values: list[Any]) -> list[float] | None:
        kinds = set(map(type, values))
        if not kinds <= _NUMERIC:
            if not kinds <= _NUMERIC | {str}:
                return None
            values = [self._texts[value] if type(value) is str else value for value in values]
        try:
            total = sum(values, 0.0)
        except OverflowError:
            return None
        return values if math.isfinite(total) and numbers.SENTINELS.isdisjoint(values) else None

    def _one(self, row_number: int, index: int, instant: int, value: Any, record: Any) -> None:  # noqa: ANN401
        measure, subject_code = self._series.measures[index], self._series.subject_codes[index]
        if isinstance(value, bool):
            value = "on" if value else "off"
        read = None if value is _UNSET else numbers.number(value)
        if read is None:
            self.columns.missing_count += 1
        elif subject_code == self.columns.codes.get(NOBODY):
            self.columns.add_unreadable(row_number, "state", record)
        elif measure is not None and measure.quantity_code == STATE and isinstance(value, str | int | float):
            self.columns.add_state(
                row_number, subject_code, instant, names.text(str(value)[: names.MAX_STATE], names.MAX_STATE), record
            )
        elif math.isfinite(read) and measure is not None:
            self.columns.add(
                row_number, subject_code, measure.quantity_code, instant, read * measure.factor + measure.offset, record
            )
        elif isinstance(value, str) and not math.isfinite(read) and not _is_no_state(value):
            self.columns.add_state(
                row_number, subject_code, instant, names.text(value[: names.MAX_STATE], names.MAX_STATE), record
            )
        elif measure is None:
            self.columns.add_state(row_number, subject_code, instant, None, record)
        else:
            self.columns.add(row_number, subject_code, measure.quantity_code, instant, math.nan, record)

    def _extras(self, indexes: list[int], sensors: list[Sensor], instants: list[int]) -> None:
        first = self._record_count - len(sensors) + 1
        for name, measure in EXTRAS:
            column = list(map(attrgetter(name), sensors))
            if column.count(None) == len(column):
                continue
            for position, value in enumerate(column):
                subject_code = self._series.subject_codes[indexes[position]]
                if value is None or self._series.quantity_codes[indexes[position]] == measure.quantity_code:
                    continue
                read = numbers.number(value)
                scaled = None if read is None else read * measure.factor
                self.columns.add(
                    first + position, subject_code, measure.quantity_code, instants[position], scaled, sensors[position]
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


def _status(sensor: Sensor, reading: Sensor | Reading, otherwise: Any) -> Any:  # noqa: ANN401
    return sensor.status if reading is sensor and isinstance(sensor.status, str) else otherwise


def _has_extras(sensor: Sensor) -> bool:
    return any(getattr(sensor, name) is not None for name, _ in EXTRAS)


def _is_no_state(text: str) -> bool:
    """Whether a text that is no readable number was meant as one (`1e999`, `inf`), so that it is no state either."""
    return _NOT_NUMBERS.fullmatch(text.strip()) is not None
