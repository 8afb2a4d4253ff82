"""Readings of one document, gathered column by column and cut into frames of bounded size."""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.errors import BadDocument
from include.core.frames import READING_COLUMNS, Fault, Piece, Subject
from include.core.quantities import QUANTITIES
from include.sources.formats.context import ParseContext
from include.sources.formats.deadline import keep_deadline
from include.sources.formats.document_times import DocumentTimes
from include.sources.formats.instants import UNREADABLE, as_datetimes
from include.sources.formats.names import raw_text
from include.sources.formats.notation import UNDECIDED, Notation, Notations, Texts
from include.sources.formats.numbers import DecimalMark

PIECE_ROWS: Final = 250_000
"""Most rows of one piece."""

NOBODY: Final = ""
"""Subject of a row whose own subject cannot be read; it is never registered."""

NO_SUBJECT: Final = "it names nothing that was measured, or has another shape than the records of this feed"
"""What is told of such a row where the parser knows no more."""

RAW_KEPT: Final = 10_000
"""Unreadable rows of one document whose record is kept as text; it bounds memory."""

QUANTITY_CODES: Final[dict[str, int]] = {name: code for code, name in enumerate(QUANTITIES)}
STATE: Final = QUANTITY_CODES["state"]

_LOOKS: Final = 1000
_QUANTITY_BITS: Final = 6
_QUANTITY_MASK: Final = (1 << _QUANTITY_BITS) - 1
_QUANTITY_NAMES: Final = list(QUANTITIES)
_Codes = TypeVar("_Codes", int, NDArray[np.int32])


class Columns:
    """Gathers rows of one document. Feeds add rows in the order of the document and ask for pieces now and then.

    `times` reads their times. Rows whose time only the whole document decides are handed out last.
    """

    def __init__(self, context: ParseContext, piece_rows: int | None = None) -> None:
        """Start a document; `piece_rows` is for tests."""
        self._earlier = Notation(context.decimal_mark)
        self._max_rows = context.max_rows
        self._piece_rows = piece_rows or PIECE_ROWS
        self._row_count = 0
        self._raw_count = 0
        self.subjects: dict[str, Subject | None] = {}
        self.codes: dict[str, int] = {}
        self.missing_count = 0
        self.remarks: list[str] = []
        self._decimal_marks: set[DecimalMark] = set()
        self.times = DocumentTimes(context, self.codes)
        self._waiting: list[_Table] = []
        self._look_count = 0
        self._start()

    def __len__(self) -> int:
        """Rows that are gathered and not yet handed out."""
        return len(self.values)

    def notations(self, texts: Callable[[], Texts], notation: Notation = UNDECIDED) -> Notations:
        """How the document's columns write numbers; the decimal marks that its texts prove go with the pieces.

        `texts` gives all texts of the document. What earlier documents of the feed proved counts where the document itself does
        not tell its `notation`.
        """
        made = Notations(texts, self._earlier if notation == UNDECIDED else notation)
        self._decimal_marks = made.proved
        return made

    def _start(self) -> None:
        self.row_numbers = array("i")
        self.series_codes = array("i")
        self.instants = array("q")
        self.values = array("d")
        self._states: dict[int, str] = {}
        self._raws: dict[int, str] = {}
        self._faults: dict[int, tuple[Fault, ...]] = {}

    def code(self, key: str, subject: Subject | None = None) -> int:
        """Number of a subject within the document; the first `Subject` given for a key is the one that is handed out."""
        code = self.codes.setdefault(key, len(self.codes))
        if subject is not None and self.subjects.get(key) is None:
            self.subjects[key] = subject
        return code

    def add(
        self,
        row_number: int,
        subject_code: int,
        quantity_code: int,
        instant: int,
        value: float | None,
        record: Any = None,  # noqa: ANN401 - any JSON value
        *faults: Fault | None,
    ) -> None:
        """Add one reading; None counts as missing, and a row with an unreadable part or a fault keeps its record as text.

        A value or time that is unreadable for a reason that a rule names is NaN or `UNREADABLE` and comes with that fault.
        """
        if value is None:
            self.missing_count += 1
            return
        if instant == UNREADABLE or value != value or any(faults):
            self.keep_raw(0, record)
            self._add_faults(faults)
        self.row_numbers.append(row_number)
        self.series_codes.append(subject_code << _QUANTITY_BITS | quantity_code)
        self.instants.append(instant)
        self.values.append(value)

    def add_state(
        self,
        row_number: int,
        subject_code: int,
        instant: int,
        state: str | None,
        record: Any = None,  # noqa: ANN401 - any JSON value
        *faults: Fault | None,
    ) -> None:
        """Add the text of a state; None is an unreadable one, which keeps its record, as does a row with a fault."""
        if state is None or instant == UNREADABLE or any(faults):
            self.keep_raw(0, record)
            self._add_faults(faults)
        if state is not None:
            self._states[len(self.values)] = state
        self.row_numbers.append(row_number)
        self.series_codes.append(subject_code << _QUANTITY_BITS | STATE)
        self.instants.append(instant)
        self.values.append(math.nan)

    def add_unreadable(self, row_number: int, quantity: str, record: Any, why: str = NO_SUBJECT) -> None:  # noqa: ANN401
        """Add a row for a record of which not even the subject can be read: one that is not whole, and `why`."""
        fault = Fault("row_whole", why)
        self.add(row_number, self.code(NOBODY), QUANTITY_CODES[quantity], UNREADABLE, math.nan, record, fault)

    def extend(self, row_numbers: range, series_codes: Sequence[int], instants: Sequence[int], values: Sequence[float]) -> None:
        """Add many readable readings at once; the four columns are equally long, series codes as `series_code` makes them."""
        self.row_numbers.frombytes(np.arange(row_numbers.start, row_numbers.stop, dtype=np.int32).tobytes())
        self.series_codes.extend(series_codes)
        self.instants.extend(instants)
        self.values.extend(values)

    def add_arrays(
        self,
        row_numbers: NDArray[np.int32],
        series_codes: NDArray[np.int32],
        instants: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> None:
        """Add many readings at once; the four columns are equally long. Records of unreadable ones are kept first."""
        for column, added in (
            (self.row_numbers, row_numbers),
            (self.series_codes, series_codes),
            (self.instants, instants),
            (self.values, values),
        ):
            column.frombytes(added.tobytes())

    def keep_raw(self, offset: int, record: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep the text of a record with an unreadable part; `offset` counts from the next row that is added."""
        if self._raw_count < RAW_KEPT:
            self._raws[len(self.values) + offset] = raw_text(record)
            self._raw_count += 1

    def add_fault(self, offset: int, fault: Fault) -> None:
        """Name a rule that a row breaks; `offset` counts from the next row that is added. Its record is kept by `keep_raw`."""
        position = len(self.values) + offset
        self._faults[position] = (*self._faults.get(position, ()), fault)

    def _add_faults(self, faults: Iterable[Fault | None]) -> None:
        for fault in faults:
            if fault is not None:
                self.add_fault(0, fault)

    def full(self) -> Iterator[Piece]:
        """Hand out what is gathered once it fills a piece; raises `BadDocument` above the cap on rows."""
        if self._row_count + len(self) > self._max_rows:
            raise BadDocument(f"the document holds more than {self._max_rows} readings; split it and drop the parts")
        self._look_count += 1
        if self._look_count % _LOOKS == 0:
            keep_deadline()
        if len(self) >= self._piece_rows:
            yield from self._cut()

    def rest(self) -> Iterator[Piece]:
        """Hand out everything that is left."""
        yield from self.full()
        if len(self) or self._waiting or self.missing_count or self.remarks:
            yield from self._cut(is_end=True)

    def _cut(self, *, is_end: bool = False) -> Iterator[Piece]:
        count = len(self)
        self._row_count += count
        series_codes = np.frombuffer(self.series_codes, np.int32)
        columns = _Table(
            np.frombuffer(self.row_numbers, np.int32),
            series_codes >> _QUANTITY_BITS,
            series_codes & _QUANTITY_MASK,
            np.frombuffer(self.instants, np.int64),
            np.frombuffer(self.values, np.float64),
            _sparse(self._states, count),
            _sparse(self._raws, count),
            _sparse(self._faults, count),
        )
        missing_count, self.missing_count = self.missing_count, 0
        remarks, self.remarks = tuple(self.remarks), []
        marks = frozenset(self._decimal_marks)
        self._start()
        columns = self._decided(columns) if is_end else self._ready(columns)
        count, keys = len(columns.values), list(self.codes)
        for start in range(0, max(count, 1), self._piece_rows):
            frame = frame_of(columns.part(start, start + self._piece_rows), keys)
            yield Piece(frame, self._named(frame["subject"].cat.categories), missing_count, remarks, marks)
            missing_count, remarks = 0, ()

    def _ready(self, columns: "_Table") -> "_Table":
        """Without the rows that wait for the end of the document."""
        if (waits := self.times.open_rows(columns.instants)) is None:
            return columns
        self._waiting.append(columns.chosen(waits))
        return columns.chosen(~waits)

    def _decided(self, columns: "_Table") -> "_Table":
        """With those that waited, and nothing open any more."""
        whole = _joined([*self._waiting, columns]) if self._waiting else columns
        self._waiting.clear()
        if not self.times.has_open:
            return whole
        instants, undecided = self.times.decide(whole.row_numbers, whole.subject_codes, whole.instants)
        faults = np.array(whole.faults)
        for position in np.flatnonzero(undecided != None).tolist():  # noqa: E711 - element by element
            faults[position] = (*(faults[position] or ()), *undecided[position])
        return whole._replace(instants=instants, faults=faults)

    def _named(self, keys: Iterable[str]) -> dict[str, Subject]:
        """What is known of the subjects with these keys, and of the equipment that they belong to."""
        named = {key: subject for key in keys if (subject := self.subjects.get(key)) is not None}
        parents = {subject.parent_key for subject in named.values() if subject.parent_key is not None} - named.keys()
        return named | {key: parent for key in sorted(parents) if (parent := self.subjects.get(key)) is not None}


class _Table(NamedTuple):
    """Equally long columns; subject codes count in a list of keys, quantity codes in the quantity table; UTC µs."""

    row_numbers: NDArray[np.int32]
    subject_codes: NDArray[np.int32]
    quantity_codes: NDArray[np.int32]
    instants: NDArray[np.int64]
    values: NDArray[np.float64]
    states: NDArray[np.object_]
    raws: NDArray[np.object_]
    faults: NDArray[np.object_]

    def part(self, start: int, end: int) -> "_Table":
        """Rows `[start, end)`."""
        rows = slice(start, end)
        return _Table(
            self.row_numbers[rows],
            self.subject_codes[rows],
            self.quantity_codes[rows],
            self.instants[rows],
            self.values[rows],
            self.states[rows],
            self.raws[rows],
            self.faults[rows],
        )

    def chosen(self, rows: NDArray[np.bool_]) -> "_Table":
        """Rows that are marked, as copies: what was gathered with them may go. A column without any text takes no memory."""
        return _Table(*(_thin(column[rows]) for column in self))


def frame_of(columns: _Table, subject_keys: Sequence[str]) -> pd.DataFrame:
    """Make a frame with exactly `READING_COLUMNS`; its categories are the subjects and quantities that occur in it."""
    subjects, keys = _occurring(columns.subject_codes, subject_keys)
    quantities, names = _occurring(columns.quantity_codes, _QUANTITY_NAMES)
    made: dict[str, Any] = {
        "row_number": columns.row_numbers,
        "subject": pd.Categorical.from_codes(subjects, categories=pd.Index(keys, dtype=object)),
        "quantity": pd.Categorical.from_codes(quantities, categories=pd.Index(names, dtype=object)),
        "measured_at": pd.DatetimeIndex(as_datetimes(columns.instants)).tz_localize("UTC"),
        "value": columns.values,
        # Without a given type pandas would turn texts with None into its string type with NaN.
        "state": pd.Series(columns.states, dtype=object, copy=False),
        "raw": pd.Series(columns.raws, dtype=object, copy=False),
        "faults": pd.Series(columns.faults, dtype=object, copy=False),
    }
    return pd.DataFrame({name: made[name] for name in READING_COLUMNS}, copy=False)


def series_code(subject_code: _Codes, quantity_code: int) -> _Codes:
    """One number for a subject's quantity; of one subject, or of many at once."""
    return subject_code << _QUANTITY_BITS | quantity_code


def _occurring(codes: NDArray[Any], names: Sequence[str]) -> tuple[NDArray[np.int32], list[str]]:
    occurs = np.bincount(codes, minlength=len(names)) > 0
    return (np.cumsum(occurs) - 1).astype(np.int32)[codes], [names[code] for code in np.flatnonzero(occurs).tolist()]


def _joined(tables: Sequence[_Table]) -> _Table:
    return _Table(*(_thin(np.concatenate(columns)) for columns in zip(*tables, strict=True)))


def _thin(column: NDArray[Any]) -> NDArray[Any]:
    is_empty = column.dtype == object and not (column != None).any()  # noqa: E711 - element by element
    return np.broadcast_to(np.array(None, dtype=object), column.shape) if is_empty else column


def _sparse(found: Mapping[int, object], count: int) -> NDArray[np.object_]:
    column = np.full(count, None, dtype=object)
    for position, one in found.items():
        column[position] = one
    return column
