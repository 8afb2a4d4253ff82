"""Rows of one document that are not trusted, as they are kept: a bounded number of them, while the counts stay complete."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final

import numpy as np
import pandas as pd

from include.quality.checks import Checked
from include.warehouse.documents import QuarantinedRow

CONTRADICTED: Final = "contradicted_in_document"
"""Reason of a row that a later row of the same document contradicts: the last one wins."""


@dataclass(slots=True)
class QuarantineRows:
    """The rows set aside so far, at most `most` of them; `count` and `reasons` (rows by broken rule) are of all."""

    most: int
    rows: list[QuarantinedRow] = field(default_factory=list)
    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add_broken(self, frame: pd.DataFrame, checked: Checked) -> None:
        """Set the rows of a piece aside that break a rule."""
        broken = np.flatnonzero(~checked.good)
        self.count += len(broken)
        self.reasons.update(checked.counts)
        for position in broken[: max(self.most - len(self.rows), 0)]:
            self.rows.append(_broken_row(frame.iloc[position], checked.broken_rules(int(position))))

    def add_contradicted(self, rows: list[QuarantinedRow], count: int) -> None:
        """Set rows aside that contradict a later one; of `count` such rows `rows` are the first."""
        if count:
            self.count += count
            self.reasons[CONTRADICTED] += count
            self.rows += rows[: max(self.most - len(self.rows), 0)]


def contradicted_row(row_number: int, subject: str, quantity: str, payload: dict[str, Any]) -> QuarantinedRow:
    """A row that a later one of the same document contradicts."""
    return QuarantinedRow(row_number, quantity, subject, (CONTRADICTED,), payload)


def _broken_row(row: "pd.Series[Any]", broken_rules: tuple[str, ...]) -> QuarantinedRow:
    subject, quantity = _text(row["subject"]), _text(row["quantity"]) or ""
    return QuarantinedRow(int(row["row_number"]), quantity, subject, broken_rules, _payload(row))


def _payload(row: "pd.Series[Any]") -> dict[str, Any]:
    at, value, faults = row["measured_at"], row["value"], row["faults"]
    fields = {
        "measured_at": None if pd.isna(at) else at.tz_convert(UTC).isoformat(),
        "value": None if pd.isna(value) else float(value),
        "state": row["state"],
        "raw": row["raw"],
        "reason": None if faults is None else "; ".join(fault.detail for fault in faults),
    }
    return {name: field for name, field in fields.items() if not pd.isna(field)}


def _text(value: object) -> str | None:
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]
