"""An operation that the tests of the watch let go right and wrong, with a clock that they move."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from sqlalchemy import text

from include.core.settings import Settings
from include.steps import watch
from include.warehouse.engine import transaction

START = datetime(2026, 3, 30, 12, tzinfo=UTC)
NUMBERS = count(1)


@dataclass
class Operation:
    """A warehouse with one tenant; `at` is the time now."""

    settings: Settings
    tenant_id: int
    at: datetime = START
    looks: list[dict[str, Any]] = field(default_factory=list)

    def change(self, **settings: object) -> None:
        self.settings = replace(self.settings, **settings)

    def run(self, sql: str, **parameters: object) -> list[Any]:
        with transaction(self.settings.database_url) as connection:
            result = connection.execute(text(sql), parameters)
            return list(result.mappings()) if result.returns_rows else []

    def receive(
        self, feed: str, at: datetime | None = None, *, state: str = "loaded", reason: str | None = None, tenant_id: int = 0
    ) -> int:
        """A document that came at an instant."""
        name = f"document {next(NUMBERS)}"
        row = {"tenant_id": tenant_id or self.tenant_id, "feed": feed, "name": name, "sha": sha256(name.encode()).hexdigest()}
        (made,) = self.run(
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, reason, "
            "received_at, last_received_at) VALUES (:tenant_id, :feed, :name, :sha, :name, 1, 1, :state, :reason, :at, :at) "
            "RETURNING document_id",
            **row, state=state, reason=reason, at=at or self.at,
        )  # fmt: skip
        return int(made["document_id"])

    def receive_daily(self, feed: str, *, days: int, times: tuple[timedelta, ...], until: datetime | None = None) -> None:
        """Documents at the same times (after UTC midnight) of each of the days before today, and of today until now."""
        midnight = self.at.replace(hour=0, minute=0)
        moments = [midnight - timedelta(days=day) + time for day in range(days, -1, -1) for time in times]
        self.run(
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
            "received_at, last_received_at) "
            "SELECT :tenant_id, :feed, 'f', encode(sha256(CAST(CAST(at AS text) AS bytea)), 'hex'), 'f', 1, 1, 'loaded', at, at "
            "FROM unnest(CAST(:moments AS timestamptz[])) AS at",
            tenant_id=self.tenant_id,
            feed=feed,
            moments=[moment for moment in moments if moment <= (until or self.at)],
        )

    def look(self, *, after: timedelta = timedelta(minutes=10)) -> list[tuple[str, str]]:
        """Move the clock and look, and let the mails go; kinds and subjects of what is open."""
        self.at += after
        self.looks.append(watch.look_around(self.settings, now=self.at))
        self.run("UPDATE ops.outbox SET state = 'sent' WHERE recipient LIKE '%@example.org'")
        return [(one["kind"], one["subject"]) for one in self.open()]

    def open(self) -> list[dict[str, Any]]:
        return [one for one in watch.open_incidents(self.settings) if one["absent_at"] is None]

    def notices(self) -> list[dict[str, Any]]:
        """What was told: kind, how many opened and ended, and the sentences."""
        rows = self.run("SELECT kind, content, written_at FROM ops.notice ORDER BY notice_id")
        return [
            {
                "kind": row["kind"],
                "at": row["written_at"],
                "open": row["content"]["open"],
                "ended": row["content"]["ended"],
                "told": [one["summary"] for one in row["content"]["incidents"]],
            }
            for row in rows
        ]
