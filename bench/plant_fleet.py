"""A warehouse with a tenant of many plants, and the readings that a benchmark wants behind them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.cluster import Cluster
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction

_HERE = Path(__file__).parent


def fill(on: Cluster, readings: str, values: Mapping[str, Any]) -> CurrentUser:
    """Run plant_fleet.sql and the file of readings with the values; returns the tenant's user."""
    with transaction(on.url) as connection:
        for name in ("plant_fleet", readings):
            for statement in (_HERE / f"{name}.sql").read_text("utf-8").split(";\n"):
                if statement.strip():
                    connection.execute(text(statement), values)
        user = connection.execute(text("SELECT user_id, tenant_id, token_generation FROM fleet.app_user")).one()
    on.run("VACUUM ANALYZE")
    return CurrentUser(*user)
