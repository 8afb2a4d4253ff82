"""Readings of one document, gathered column by column and cut into frames of bounded size."""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.errors import BadDocument
from include.core.frames import READING_COLUMNS, Piece, Subject
from include.core.quantities import QUANTITIES
from include.sources.context import ParseContext
from include.sources.instants import UNREADABLE, as_datetimes
from include.sources.names import raw_text

PIECE_ROWS: Final = 250_000
"""Most rows of one piece."""

NOBODY: Final = ""
"""Subject of a row whose own subject cannot be read; it is never registered."""

RAW_KEPT: Final = 10_000
"""Unreadable rows of one document whose record is kept as text; it bounds memory."""

QUANTITY_CODES: Final[dict[str, int]] = {name: code for code, name in enumerate(QUANTITIES)}
STATE: Final = QUANTITY_CODES["state"]

_QUANTITY_NAMES: Final = list(QUANTITIES)


class Columns:
    """Gathers rows of one document. Feeds add rows in the order of the document and ask for pieces now and then."""

    def __init__(self, context: ParseContext, piece_rows: int | None = None) -> None:
        """Start a document; `piece_rows` is for tests."""
        self._max_rows = context.max_rows
        self._piece_rows = piece_rows or PIECE_ROWS
        self._row_count = 0
        self._raw_count = 0
        self.subjects: dict[str, Subject | None] = {}
        self.codes: dict[str, int] = {}
        self.missing_count = 0
        self._start()

    def __len__(self) -> int:
        """Rows that are gathered and not yet handed out."""
        return len(self.values)

    def _start(self) -> None:
        self.row_numbers = array("i")
        self.subject_codes = array("i")
        self.quantity_codes = array("b")
        self.instants = array("q")
        self.values = array("d")
        self._states: dict[int, str] = {}
        self._raws: dict[int, str] = {}

    def code(self, key: str, subject: Subject | None = None) -> int:
        """Number of a subject within the document; the first `Subject` given for a key is the one that is handed out."""
        code = self.codes.setdefault(key, len(self.codes))
        if subject is not None and self.subjects.get(key) is None:
            self.subjects[key] = subject
        return code

    def add(self, row_number: int, subject_code: int, quantity_code: int, instant: int, value: float | None, record: Any = None) -> None:  # noqa: ANN401, PLR0913, PLR0917
        """Add one reading; None counts as missing, and a row with an unreadable part keeps its record as text."""
        if value is None:
            self.missing_count += 1
            return
        if instant == UNREADABLE or value != value:  # noqa: PLR0124 - NaN is the only value that differs from itself
            self._keep_raw(record)
        self.row_numbers.append(row_number)
        self.subject_codes.append(subject_code)
        self.quantity_codes.append(quantity_code)
        self.instants.append(instant)
        self.values.append(value)

    def add_state(self, row_number: int, subject_code: int, instant: int, state: str | None, record: Any = None) -> None:  # noqa: ANN401
        """Add the text of a state; None is an unreadable one and keeps its record."""
        if state is None or instant == UNREADABLE:
            self._keep_raw(record)
        if state is not None:
            self._states[len(self.values)] = state
        self.row_numbers.append(row_number)
        self.subject_codes.append(subject_code)
        self.quantity_codes.append(STATE)
        self.instants.append(instant)
        self.values.append(math.nan)

    def add_unreadable(self, row_number: int, quantity: str, record: Any) -> None:  # noqa: ANN401
        """Add a row for a record of which not even the subject can be read."""
        self.add(row_number, self.code(NOBODY), QUANTITY_CODES[quantity], UNREADABLE, math.nan, record)

    def extend(
        self, row_numbers: Sequence[int], subject_codes: Sequence[int], quantity_codes: Sequence[int], instants: Sequence[int], values: Sequence[float]
    ) -> None:
        """Add many readable readings at once; the five columns are equally long."""
        self.row_numbers.extend(row_numbers)
        self.subject_codes.extend(subject_codes)
        self.quantity_codes.extend(quantity_codes)
        self.instants.extend(instants)
        self.values.extend(values)

    def full(self) -> Iterator[Piece]:
        """Hand out what is gathered once it fills a piece; raises `BadDocument` above the cap on rows."""
        if self._row_count + len(self) > self._max_rows:
            raise BadDocument(f"the document holds more than {self._max_rows} readings; split it and drop the parts")
        if len(self) >= self._piece_rows:
            yield from self._cut()

    def rest(self) -> Iterator[Piece]:
        """Hand out everything that is left."""
        yield from self.full()
        if len(self) or self.missing_count:
            yield from self._cut()

    def _keep_raw(self, record: Any) -> None:  # noqa: ANN401
        if self._raw_count < RAW_KEPT and record is not None:
            self._raws[len(self.values)] = raw_text(record)
            self._raw_count += 1

    def _cut(self) -> Iterator[Piece]:
        count = len(self)
        self._row_count += count
        columns = (
            np.frombuffer(self.row_numbers, np.int32),
            np.frombuffer(self.subject_codes, np.int32),
            np.frombuffer(self.quantity_codes, np.int8),
            np.frombuffer(self.instants, np.int64),
            np.frombuffer(self.values, np.float64),
            _sparse(self._states, count),
            _sparse(self._raws, count),
        )
        missing_count, self.missing_count = self.missing_count, 0
        self._start()
        keys = list(self.codes)
        for start in range(0, max(count, 1), self._piece_rows):
            part = [column[start : start + self._piece_rows] for column in columns]
            frame = frame_of(*part, subject_keys=keys)
            named = {key: subject for key in frame["subject"].cat.categories if (subject := self.subjects.get(key)) is not None}
            yield Piece(frame, named, missing_count)
            missing_count = 0


def frame_of(
    row_numbers: NDArray[np.int32],
    subject_codes: NDArray[np.int32],
    quantity_codes: NDArray[np.int8],
    instants: NDArray[np.int64],
    values: NDArray[np.float64],
    states: NDArray[np.object_],
    raws: NDArray[np.object_],
    *,
    subject_keys: Sequence[str],
) -> pd.DataFrame:  # noqa: PLR0913, PLR0917
    """Make a frame with exactly `READING_COLUMNS` from equally long columns.

    Subject codes count in `subject_keys`, quantity codes in the quantity table, instants are µs since 1970 in UTC. The categories of
    the frame are the subjects and quantities that occur in it.
    """
    subjects, keys = _occurring(subject_codes, subject_keys)
    quantities, names = _occurring(quantity_codes, _QUANTITY_NAMES)
    columns: dict[str, Any] = {
        "row_number": row_numbers,
        "subject": pd.Categorical.from_codes(subjects, categories=pd.Index(keys, dtype=object)),
        "quantity": pd.Categorical.from_codes(quantities, categories=pd.Index(names, dtype=object)),
        "measured_at": pd.DatetimeIndex(as_datetimes(instants)).tz_localize("UTC"),
        "value": values,
        "state": states,
        "raw": raws,
    }
    return pd.DataFrame({name: columns[name] for name in READING_COLUMNS}, copy=False)


def _occurring(codes: NDArray[Any], names: Sequence[str]) -> tuple[NDArray[np.int32], list[str]]:
    occurs = np.bincount(codes, minlength=len(names)) > 0
    return (np.cumsum(occurs) - 1).astype(np.int32)[codes], [names[code] for code in np.flatnonzero(occurs)]


def _sparse(texts: dict[int, str], count: int) -> NDArray[np.object_]:
    column = np.full(count, None, dtype=object)
    for position, text in texts.items():
        column[position] = text
    return column
