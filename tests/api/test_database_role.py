"""What the password of the API's role opens by itself: no tenant, no hash, no other database, no large object, no lock."""

import contextlib

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import text

from include.core.errors import NeedsHuman
from include.warehouse.api_key import ApiKey, save_api_key
from include.warehouse.api_session import CurrentUser, ReadOnlyDatabase
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def thief(stage):
    """A session of somebody who has the role's password and nothing else."""
    with (
        contextlib.closing(psycopg2.connect(stage.api_url.replace("+psycopg2", ""))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION READ WRITE")
        yield cursor


def challenge_of(cursor) -> str:
    cursor.execute("SELECT pg_backend_pid() || ' ' || (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint")
    return cursor.fetchone()[0]


def plants_seen(cursor) -> int:
    cursor.execute("SELECT count(*) FROM api.plant")
    return cursor.fetchone()[0]


def test_the_key_opens_a_tenant_and_its_rows(stage, thief):
    proof = ApiKey(stage.secret).prove(f"tenant {stage.east.tenant_id}", challenge=challenge_of(thief))
    thief.execute("SELECT * FROM api.admit_user(%s, %s, 1, %s)", (stage.east.tenant_id, stage.east.users["client"], proof))

    assert thief.fetchone()[0] == "client"
    assert plants_seen(thief) == 1


@pytest.mark.parametrize("settings", [
    {"heliograph.tenant_id": "{tenant}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": ""},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "0" * 64},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{other_key}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{other_session}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{other_transaction}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{no_transaction}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{admission}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{other_tenant}"},
    {"heliograph.tenant_id": "{tenant}", "heliograph.tenant_proof": "{other_claim}"},
    {"heliograph.tenant_id": " {tenant}", "heliograph.tenant_proof": "{proof}"},
    {"heliograph.tenant_id": "1 or 1=1", "heliograph.tenant_proof": "x"},
    {"heliograph.login_email": "client@east.example"},
])  # fmt: skip
def test_a_tenant_without_its_proof_is_nobodys(stage, thief, settings):
    tenant, challenge, key = stage.east.tenant_id, challenge_of(thief), ApiKey(stage.secret)
    pid, began_us = map(int, challenge.split())
    another_session, another_transaction = f"{pid + 1} {began_us}", f"{pid} {began_us - 1}"
    words = {
        "tenant": tenant,
        "proof": key.prove(f"tenant {tenant}", challenge=challenge),
        "other_key": ApiKey("another secret of thirty-two bytes!").prove(f"tenant {tenant}", challenge=challenge),
        "other_session": key.prove(f"tenant {tenant}", challenge=another_session),
        "other_transaction": key.prove(f"tenant {tenant}", challenge=another_transaction),
        "no_transaction": key.sign(f"tenant {tenant}"),
        "admission": key.sign(f"admission {tenant} {stage.east.users['client']} 1"),
        "other_tenant": key.prove(f"tenant {stage.west.tenant_id}", challenge=challenge),
        "other_claim": key.prove("start", challenge=challenge),
    }
    for name, value in settings.items():
        thief.execute("SELECT set_config(%s, %s, false)", (name, value.format(**words)))

    assert plants_seen(thief) == 0
    for view in ("reading", "rollup", "report", "document", "quarantine", "alarm", "tenant", "energy_day", "outbox"):
        thief.execute(f"SELECT count(*) FROM api.{view}")
        assert thief.fetchone() == (0,), view


@pytest.mark.parametrize("question", [
    "SELECT * FROM api.admit_user({tenant}, {user}, 1, '{proof}')",
    "SELECT * FROM api.begin_log_in('{{\"email\": \"client@east.example\", \"limits\": []}}', '{proof}')",
    "SELECT api.end_log_in('{{}}', '{proof}')",
    "SELECT api.check_key('{proof}')",
    "SELECT * FROM api.read_admission({tenant}, {user}, 1, '{proof}')",
    "SELECT * FROM api.admit_user({tenant}, {user}, 0, '{proof}', 1)",
    "SELECT * FROM api.read_admission({tenant}, {user}, 0, '{proof}', 1)",
    "SELECT * FROM api.find_key(repeat('0', 64), '{proof}')",
    "SELECT api.note_key_use(1, now(), '{proof}')",
    "SELECT api.begin_session({user}, 1, now(), now() + interval '1 day', '{proof}')",
    "SELECT * FROM api.go_on(gen_random_uuid(), 1, now(), '{proof}')",
    "SELECT api.end_session(gen_random_uuid(), '{proof}')",
])  # fmt: skip
@pytest.mark.parametrize("proof", ["", "0" * 64, "replayed"])
def test_every_function_of_the_api_asks_for_a_proof(stage, thief, question, proof):
    if proof == "replayed":
        proof = ApiKey(stage.secret).prove(f"tenant {stage.west.tenant_id}", challenge=challenge_of(thief))
    words = {"tenant": stage.east.tenant_id, "user": stage.east.users["client"], "proof": proof}

    with pytest.raises(errors.InvalidAuthorizationSpecification):
        thief.execute(question.format(**words))


def test_every_function_of_the_schema_that_runs_as_the_owner_is_known_here(stage):
    with transaction(stage.url) as connection:
        names = set(
            connection.execute(
                text(
                    "SELECT proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace "
                    "WHERE p.prosecdef AND n.nspname IN ('api', 'ops', 'fleet', 'mart', 'landing', 'access', 'public')"
                )
            ).scalars()
        )

    assert names == {
        "check_key", "proven_tenant", "admit_user", "read_admission", "begin_log_in", "end_log_in",
        "find_key", "note_key_use", "begin_session", "go_on", "end_session",
    }  # fmt: skip


def test_no_policy_believes_a_setting(stage):
    with transaction(stage.url) as connection:
        rows = connection.execute(
            text("SELECT tablename FROM pg_policies WHERE 'heliograph_api' = ANY (roles) AND qual LIKE '%current_setting%'")
        ).all()

    assert rows == []


def test_every_table_with_rows_of_tenants_shows_those_of_the_proven_one_alone(stage):
    with transaction(stage.url) as connection:
        tables = connection.execute(
            text(
                "SELECT c.oid::regclass::text AS name, c.relrowsecurity AS is_secured, "
                "array_remove(array_agg(p.qual), NULL) AS rules "
                "FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
                "LEFT JOIN pg_policies AS p ON p.schemaname = c.relnamespace::regnamespace::text AND p.tablename = c.relname "
                "AND p.roles && '{heliograph_api,public}' "
                "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
                "AND has_any_column_privilege('heliograph_api', c.oid, 'SELECT') "
                "GROUP BY c.oid ORDER BY 1"
            )
        ).all()

    assert len(tables) > 20
    assert [table.name for table in tables if not table.is_secured or not table.rules] == []
    assert {rule for table in tables for rule in table.rules if "tenant_id = ( SELECT api.proven_tenant()" not in rule} == set()


def test_what_was_proven_in_a_transaction_is_nothing_in_the_next_one_of_the_same_session(stage, thief):
    tenant = stage.east.tenant_id
    proof = ApiKey(stage.secret).prove(f"tenant {tenant}", challenge=challenge_of(thief))
    for name, value in (("heliograph.tenant_id", str(tenant)), ("heliograph.tenant_proof", proof)):
        thief.execute("SELECT set_config(%s, %s, false)", (name, value))
    assert plants_seen(thief) == 1

    thief.connection.commit()

    assert plants_seen(thief) == 0


@pytest.mark.parametrize("question", [
    "SELECT lo_creat(-1)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_get(1)", "SELECT lo_open(1, 131072)", "SELECT lo_unlink(1)", "SELECT lowrite(0, 'x')", "SELECT loread(0, 1)",
    "SELECT lo_truncate(0, 1)", "SELECT lo_import('/etc/hostname')", "SELECT lo_export(1, '/tmp/x')",
    "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_xact_lock(1)", "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock_shared(1, 2)", "SELECT pg_read_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
    "SELECT password_hash FROM fleet.app_user", "SELECT * FROM ops.api_key", "SELECT * FROM ops.log_in_limit",
    "SELECT * FROM access.access_key", "SELECT * FROM access.key_use", "SELECT * FROM access.user_session",
    "INSERT INTO access.key_use VALUES (1, now())", "SELECT * FROM ops.read_admitted(1, 1, 1, 1)",
    "SELECT ops.is_proven('a', 'b')", "CREATE TEMPORARY TABLE x ()", "CREATE TABLE public.x ()",
])  # fmt: skip
def test_it_may_not(thief, question):
    with pytest.raises(errors.InsufficientPrivilege):
        thief.execute(question)


@pytest.mark.parametrize("database", ["postgres", "template1", "airflow"])
def test_it_may_not_enter_another_database(stage, database):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(stage.api_url.replace("+psycopg2", "").rpartition("/")[0] + f"/{database}")


def test_the_owner_may_take_the_locks_of_migrations(stage):
    with transaction(stage.url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('heliograph.migrate'))"))


def test_a_warehouse_of_another_key_is_told_with_what_to_do(stage):
    database = ReadOnlyDatabase(stage.api_url, secret="another secret of thirty-two bytes!")

    with pytest.raises(NeedsHuman, match="helio migrate"):
        database.check()


def test_the_key_is_changed_by_the_owner_and_the_old_one_is_void_at_once(new_warehouse):
    url = new_warehouse()
    api_url = url.replace("heliograph:owner@", "heliograph_api:reader@")
    with transaction(url) as connection:
        save_api_key(connection, "the first secret of thirty-two bytes")
    first = ReadOnlyDatabase(api_url, secret="the first secret of thirty-two bytes")
    first.check()

    with transaction(url) as connection:
        save_api_key(connection, "the second secret of thirty-two bytes")

    ReadOnlyDatabase(api_url, secret="the second secret of thirty-two bytes").check()
    with pytest.raises(NeedsHuman, match="helio migrate"), first.as_user(CurrentUser(1, 1, 1)):
        pass
