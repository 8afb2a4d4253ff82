"""What is set aside is counted by document, subject and rule, however rows come and go."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.core.documents import LandedDocument
from include.warehouse.documents import QuarantinedRow, replace_quarantine
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
RULES = ("time_known", "within_limits", "within_rating")


def some_rows(chance: random.Random) -> list[QuarantinedRow]:
    """Rows of a few subjects, some of none; some break several rules, some have no instant."""
    return [
        QuarantinedRow(
            number,
            chance.choice(("ac_power_kw", "energy_today_kwh")),
            chance.choice(("inverter 1", "inverter 2", None)),
            tuple(chance.sample(RULES, chance.randint(1, len(RULES)))),
            {} if chance.random() < 0.2 else {"measured_at": (FIRST + timedelta(minutes=chance.randrange(9_999))).isoformat()},
        )
        for number in range(1, chance.randint(2, 40))
    ]


def counted(rows: dict[int, list[QuarantinedRow]]) -> dict[tuple[int, str, str], tuple]:
    groups = defaultdict(list)
    for document, told in rows.items():
        for row in told:
            for rule in row.broken_rules if row.subject else ():
                groups[document, row.subject, rule].append(row)
    return {
        key: (
            len(group), sorted({row.quantity for row in group}),
            min((at for row in group if (at := row.payload.get("measured_at"))), default=None),
            max((at for row in group if (at := row.payload.get("measured_at"))), default=None),
        )
        for key, group in groups.items()
    }  # fmt: skip


def test_counts_are_those_of_the_rows_after_each_load_and_each_load_again(warehouse_url, torture):
    chance = random.Random(57)
    with transaction(warehouse_url) as connection:
        tenant = connection.execute(
            text("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('demo', 'Demo', 'UTC') RETURNING tenant_id")
        ).scalar_one()
        documents = connection.execute(
            text(
                "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
                "received_at, last_received_at) SELECT :t, 'logger_exports', 'f', md5(n::text) || md5(n::text), 'd', 1, 1, "
                "'loaded', now(), now() FROM generate_series(1, 3) AS n RETURNING document_id"
            ),
            {"t": tenant},
        ).scalars()
        held: dict[int, list[QuarantinedRow]] = {document: [] for document in documents}

    for _ in range(300 if torture else 30):
        document = chance.choice(list(held))
        held[document] = some_rows(chance) if chance.random() < 0.8 else []
        with transaction(warehouse_url) as connection:
            replace_quarantine(
                connection, LandedDocument(document, tenant, "demo", "logger_exports", "f", "d", "d", 1, FIRST), held[document]
            )
            found = connection.execute(text("SELECT * FROM landing.quarantine_count")).all()

        assert {
            (row.document_id, row.subject, row.rule): (
                row.rows, row.quantities, *(at and at.isoformat() for at in (row.first_measured_at, row.last_measured_at)),
            )
            for row in found
        } == counted(held)  # fmt: skip
