"""Keys that were stored before one identity had one form."""

from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from include.warehouse.engine import transaction

UPPER = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"


def upgraded(url: str) -> None:
    migration = import_module("include.warehouse.migrations.versions.0012_one_identity")
    with transaction(url) as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()


def stored(url: str, sql: str) -> list[str]:
    with transaction(url) as connection:
        return list(connection.execute(text(sql)).scalars())


def test_stored_keys_get_the_form_in_which_files_name_them(warehouse_url):
    with transaction(warehouse_url) as connection:
        for statement in (
            "INSERT INTO fleet.tenant (slug, name, timezone, unknown_devices, register_under) "
            "VALUES ('demo', 'Demo', 'America/Sao_Paulo', 'register', ' p')",
            f"INSERT INTO fleet.plant (tenant_id, plant_key, source, name, timezone) "
            f"SELECT tenant_id, key, source, 'P', 'UTC' FROM fleet.tenant, "
            f"(VALUES ('p  1', 'drops'), ('{UPPER}', 'huawei')) AS k (key, source)",
            f"INSERT INTO fleet.device (tenant_id, device_key, kind, name) "
            f"SELECT tenant_id, '{UPPER}', 'sensor', 'S' FROM fleet.tenant",
            "INSERT INTO fleet.customer (tenant_id, document, name) "
            "SELECT tenant_id, document, 'C' FROM fleet.tenant, unnest(ARRAY['012.345.678-90', '1234567890', '11222333000181', "
            "'11.222.333/0001-81', 'u1']) AS document",
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
            "received_at, last_received_at) "
            "SELECT tenant_id, 'consumption', 'a', repeat('a', 64), 'x', 1, 1, 'loaded', now(), now() FROM fleet.tenant",
            "INSERT INTO landing.quarantine (document_id, row_number, quantity, tenant_id, subject, broken_rules, payload) "
            "SELECT document_id, 1, 'consumption_kwh', tenant_id, '12.abc.345/01DE-35', '{subject_known}', '{}' "
            "FROM landing.document",
        ):
            connection.execute(text(statement))

    upgraded(warehouse_url)
    upgraded(warehouse_url)

    assert stored(warehouse_url, "SELECT plant_key FROM fleet.plant ORDER BY plant_id") == ["p 1", UPPER]
    assert stored(warehouse_url, "SELECT device_key FROM fleet.device") == [UPPER.lower()]
    assert stored(warehouse_url, "SELECT register_under FROM fleet.tenant") == ["p"]
    assert stored(warehouse_url, "SELECT document FROM fleet.customer ORDER BY customer_id") == [
        "01234567890",
        "1234567890",
        "11222333000181",
        "11.222.333/0001-81",
        "u1",
    ]
    assert stored(warehouse_url, "SELECT subject FROM landing.quarantine") == ["12ABC34501DE35"]
