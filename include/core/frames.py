"""The shape in which readings travel from `parse` to `check` to `load`.

A frame is a pandas DataFrame with a fresh RangeIndex and exactly the columns of `READING_COLUMNS`; one row is one reading that a
document asserts, not checked yet. Values that mean "no reading" (null, sentinels, `unknown`) are not rows: they are counted as
missing.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

READING_COLUMNS: Final = ("row_number", "subject", "quantity", "measured_at", "value", "state", "raw", "faults")
"""row_number int32, 1-based record number in the document; subject category, the key that the source uses; quantity category
of quantity-table names; measured_at datetime64[us, UTC], NaT where unreadable; value float64 in the quantity's unit, NaN where
unreadable or text; state object, the text of a state or None; raw object, the original record as JSON text on rows that could
not be read, else None; faults object, a tuple of `Fault` on rows of which the parser knows why they are no reading, else None."""

FaultRule = Literal["row_whole", "time_unambiguous", "number_unambiguous", "unit_known"]
"""Rules that only a parser can judge; what each demands is told by `include.quality.rules`."""


class Fault(NamedTuple):
    """Why a row cannot be trusted, where the parser knows.

    `detail` is what a person needs to know of this row, such as the text and its two readings; a clause without a full stop. Rows
    may share one `Fault`.
    """

    rule: FaultRule
    detail: str


SubjectKind = Literal["device", "customer", "plant"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a document says of something that it measures; used where the operator allows automatic registration.

    `kind` is a device kind (inverter, meter, logger, battery, sensor, equipment); `parent_key` is the equipment of a sensor.
    """

    key: str
    name: str | None = None
    kind: str = "sensor"
    parent_key: str | None = None
    model: str | None = None
    plant_key: str | None = None
    plant_name: str | None = None


@dataclass(slots=True)
class Piece:
    """A bounded part of one document: unchecked readings, the subjects that they name, and how many values meant "no reading"."""

    frame: "pd.DataFrame"
    subjects: dict[str, Subject] = field(default_factory=dict)
    missing_count: int = 0
