"""What registering one document did: the balance of its rows, and what became known by it."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from include.core.fleet import RejectedRow
from include.warehouse import documents, fleet
from include.warehouse.engine import Connection

PLANT_KNOWN: Final = "plant_known"
"""Rule that a row breaks which names a plant that is not registered yet."""

Row = dict[str, Any]


@dataclass(slots=True)
class RegistrationOutcome:
    """What one document did so far. `new` and `changed` have the rows by kind that were registered and changed by it."""

    parsed: int = 0
    inserted: int = 0
    updated: int = 0
    quarantined: list[documents.QuarantinedRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    new: dict[str, list[Row]] = field(default_factory=dict)
    changed: dict[str, list[Row]] = field(default_factory=dict)

    def upsert(self, connection: Connection, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Register rows of one kind and count what became of them."""
        changed = fleet.upsert_rows(connection, kind, rows)
        new = [row for row in changed if row["is_new"]]
        self.parsed += len(rows)
        self.inserted += len(new)
        self.updated += len(changed) - len(new)
        self.new.setdefault(kind, []).extend(new)
        self.changed.setdefault(kind, []).extend(row for row in changed if not row["is_new"])

    def reject(self, rejected: Iterable[RejectedRow]) -> None:
        """Set unreadable rows aside."""
        for row in rejected:
            self.parsed += 1
            payload = {"reason": row.reason, "raw": row.payload}
            self.quarantined.append(documents.QuarantinedRow(self.parsed, "row", None, ("row_readable",), payload))

    def wait(self, kind: str, row: Row, rule: str, subject: str, reason: str | None = None) -> None:
        """Set a row aside that cannot be registered before its subject is known."""
        self.parsed += 1
        payload = {"raw": json.dumps(row, default=str)} | ({"reason": reason} if reason else {})
        self.quarantined.append(documents.QuarantinedRow(row["row_number"], f"{kind}s", subject, (rule,), payload))

    def known_only(self, kind: str, rows: Iterable[Row], rule: str, key: str, known: Collection[tuple[str, str]]) -> list[Row]:
        """Rows whose `key` is empty or registered for their source; the others wait."""
        good = []
        for row in rows:
            if not row[key] or (row["source"], row[key]) in known:
                good.append(row)
            else:
                self.wait(kind, row, rule, row[key])
        return good

    def counts(self) -> documents.LoadCounts:
        """The balance of the document's rows."""
        reasons = Counter(rule for row in self.quarantined for rule in row.broken_rules)
        return documents.LoadCounts(
            parsed_rows=self.parsed,
            inserted_rows=self.inserted,
            updated_rows=self.updated,
            unchanged_rows=self.parsed - self.inserted - self.updated - len(self.quarantined),
            quarantined_rows=len(self.quarantined),
            quarantine_reasons=reasons,
            remarks=self.remarks,
        )


def numbered(tenant_id: int, rows: Iterable[Any]) -> list[Row]:
    """Parsed rows as the warehouse takes them, with their numbers from 1."""
    return [{"tenant_id": tenant_id, **asdict(row), "row_number": number} for number, row in enumerate(rows, start=1)]
