"""More accounts than one run takes: each has its turn, and the pace is that of the fleet."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from include.core.pulls import MOST_ACCOUNTS, TICK
from include.core.settings import Settings
from include.steps.pull import due_accounts
from include.warehouse import fleet
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

ACCOUNTS = 2 * MOST_ACCOUNTS + 50
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)


def test_450_accounts_are_all_asked_within_three_runs_and_each_every_third(warehouse_url):
    settings = Settings(database_url=warehouse_url)
    with transaction(warehouse_url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo"))
        connection.execute(
            text(
                "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
                "SELECT :tenant_id, 'huawei', 'account-' || n, 'demo__account-' || n, :now, :now FROM generate_series(1, :n) AS n"
            ),
            {"tenant_id": tenant_id, "now": NOW, "n": ACCOUNTS},
        )

    runs = [due_accounts(settings, vendor="huawei", now=NOW + n * TICK) for n in range(9)]

    asked = Counter(account["integration_id"] for run in runs for account in run)
    assert [len(run) for run in runs[:3]] == [MOST_ACCOUNTS] * 3
    assert len(asked) == ACCOUNTS
    assert len({account["integration_id"] for run in runs[:3] for account in run}) == ACCOUNTS
    assert set(asked.values()) <= {3, 4, 5}
