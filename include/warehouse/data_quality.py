"""How good the data of a tenant are: documents, quarantine, coverage, counters, vendor accounts."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from include.core.span import Span
from include.warehouse.queries import query

BLOCKS = ("feeds", "refused", "rules", "plants", "counters", "accounts")


def read_data_quality(
    connection: Connection, *, tenant_id: int, span: Span, days: tuple[date, date], now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Rows of each of the `BLOCKS`: of documents received in a span, of local days, both included, and of accounts now."""
    parameters = {
        "tenant_id": tenant_id,
        "start": span.start,
        "end": span.end,
        "first_day": days[0],
        "last_day": days[1],
        "now": now,
    }
    return {
        block: [dict(row) for row in connection.execute(query("data_quality", f"read_{block}"), parameters).mappings()]
        for block in BLOCKS
    }
