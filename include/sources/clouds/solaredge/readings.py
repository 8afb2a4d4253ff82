"""Readings of SolarEdge's answers: series of buckets, each with its unit. Times carry the site's offset."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.gathering import Gathering, Row, day_start
from include.sources.clouds.solaredge.fields import (
    BUCKET,
    DAY,
    DAY_FIELDS,
    ENDS_ITS_BUCKET,
    ENERGY,
    HOUR,
    INVERTER_FIELDS,
    INVERTERS,
    QUARTER_HOUR,
    UNITS,
)
from include.sources.formats import numbers
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, written_day

_BUCKET_US: Final = int(BUCKET.total_seconds()) * 1_000_000
_DAY: Final = timedelta(days=1)
_DAYS: Final = "days"
_METRICS: Final = tuple(field.keys[0] for field in INVERTER_FIELDS)


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Quarter hours of inverters, energies of a site's days, or its energy so far today. Raises `BadDocument`."""
    answer = unpack_answer(body)
    gathering = Gathering(answer, context)
    if answer.request.interface == INVERTERS:
        _read_inverters(gathering, answer)
    elif answer.request.interface == ENERGY and len(answer.request.subjects) == 1:
        _read_energy(gathering, answer, answer.request.subjects[0])
    else:
        raise BadDocument(f"answers of {answer.request.interface[:60]!r} hold no readings; land them with the feed of their kind")
    yield from gathering.pieces()


def _read_inverters(gathering: Gathering, answer: LandedAnswer) -> None:
    inverters = answer.data.get("inverters")
    if not isinstance(inverters, dict):
        raise BadDocument(f"the answer of {INVERTERS} holds no inverters; ask again")
    timezone = gathering.timezone(str(answer.request.body.get("siteId")))
    for serial, metrics in inverters.items():
        if gathering.subject(serial) is None or not isinstance(metrics, dict):
            continue
        for metric in _METRICS:
            if isinstance(series := metrics.get(metric), dict):
                _require_resolution(series.get("resolution", answer.data.get("resolution")), QUARTER_HOUR)
                _add_series(gathering, serial, metric, series, timezone)
    for field in INVERTER_FIELDS:
        gathering.add_fields(field.keys[0], (field,))


def _add_series(gathering: Gathering, serial: str, metric: str, series: Mapping[str, Any], timezone: ZoneInfo) -> None:
    """Rows of one metric of one inverter, each at the start of its bucket."""
    for row in _values(series):
        number = gathering.next_row()
        at = gathering.written_instant(row.get("timestamp"), timezone)
        if at != UNREADABLE and metric in ENDS_ITS_BUCKET:
            at = gathering.earlier(at, _BUCKET_US)
        if gathering.is_within(at):
            point = {metric: _in_our_unit(row.get("value"), metric, series.get("unit"))}
            gathering.add(metric, serial, Row(number, at, point, {"inverter": serial, "metric": metric, **row}))


def _read_energy(gathering: Gathering, answer: LandedAnswer, site: str) -> None:
    """Days as they are told; hours of the running day summed, each once, at the day's start."""
    is_running = answer.request.span is None
    _require_resolution(answer.data.get("resolution"), HOUR if is_running else DAY)
    timezone, unit = gathering.timezone(site), answer.data.get("unit")
    hours: dict[int, dict[str, float]] = {}
    records: dict[int, Any] = {}
    for row in _values(answer.data):
        number, day = gathering.next_row(), written_day(row.get("timestamp"))
        start, end = (UNREADABLE, None) if day is None else (day_start(day, timezone), day_start(day + _DAY, timezone))
        value = _in_our_unit(row.get("value"), "energy", unit)
        if is_running and start != UNREADABLE and isinstance(value, float):
            hours.setdefault(start, {})[str(row["timestamp"])] = value
            records[start] = row
        elif not (is_running and value is None) and gathering.is_within(start, end):
            gathering.add(_DAYS, site, Row(number, start, {"energy": value}, row))
    for start, energies in hours.items():
        total = sum(energies.values())
        gathering.add(_DAYS, site, Row(gathering.next_row(), start, {"energy": total}, records[start]))
    gathering.add_fields(_DAYS, DAY_FIELDS)


def _values(series: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    values = series.get("values")
    if not isinstance(values, list):
        raise BadDocument("a series holds no values; ask again")
    return [row if isinstance(row, dict) else {"value": row} for row in values]


def _require_resolution(told: object, asked: str) -> None:
    """An amount of another bucket than was asked for would be told under a wrong name."""
    if told is not None and told != asked:
        raise BadDocument(f"the answer tells buckets of {str(told)[:40]!r} where {asked} were asked for; ask again")


def _in_our_unit(value: object, metric: str, unit: object) -> float | str | None:
    """The value in our unit; None for no reading; text, which no column reads, for a value or a unit that nobody knows."""
    read = numbers.number(value)
    if read is None:
        return None
    factor = UNITS[metric].get(str(unit).upper())
    return f"{value} {unit}"[:80] + "?" if factor is None or read != read else read * factor
