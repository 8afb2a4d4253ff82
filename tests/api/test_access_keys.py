"""API keys: what each opens, to whom, until when, and what is written of its use."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.steps import users as step_users
from include.warehouse import users
from include.warehouse.access_keys import key_digest, new_key
from include.warehouse.api_session import UserNotAdmitted
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


def revoke_all(stage):
    with transaction(stage.url) as connection:
        connection.execute(text("UPDATE access.access_key SET revoked_at = now()"))


def uses(stage) -> list:
    with transaction(stage.url) as connection:
        return connection.execute(text("SELECT last_used_at FROM access.key_use ORDER BY key_id")).scalars().all()


def test_a_key_comes_in_by_either_header(client, make_key):
    key = make_key()

    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}):
        assert client.get("/plants", headers).status_code == 200, headers


def test_a_key_is_of_its_users_tenant_and_role(stage, client, make_key):
    east, west, admin = (
        make_key(tenant, role) for tenant, role in ((stage.east, "client"), (stage.west, "client"), (stage.east, "admin"))
    )

    assert b"west" not in client.get("/plants", {"X-API-Key": east}).content
    assert b"east" not in client.get("/plants", {"X-API-Key": west}).content
    assert client.get("/documents", {"X-API-Key": east}).json()["type"].endswith("admins-only")
    answer = client.get("/documents", {"X-API-Key": admin})
    assert answer.status_code == 200
    assert b"west" not in answer.content


def test_a_hot_answer_is_no_way_around_scope_or_revocation(stage, make_key):
    client, key, other = stage.client_of(stage.new_app()), make_key(scopes=["plants"]), make_key(scopes=["reports"])
    for _ in range(2):
        assert client.get("/plants", {"X-API-Key": key}).status_code == 200

    assert client.get("/reports", {"X-API-Key": other}).status_code == 200
    assert client.get("/plants", {"X-API-Key": other}).status_code == 403
    revoke_all(stage)
    assert client.get("/plants", {"X-API-Key": key}).status_code == 401


def test_a_revoked_key_is_refused_at_once_by_every_process(stage, make_key):
    clients, key = [stage.client_of(stage.new_app()) for _ in range(2)], make_key()
    assert [client.get("/plants", {"X-API-Key": key}).status_code for client in clients] == [200, 200]

    revoke_all(stage)

    assert [client.get("/plants", {"X-API-Key": key}).status_code for client in clients] == [401, 401]
    assert stage.client_of(stage.new_app()).get("/plants", {"X-API-Key": key}).status_code == 401


def test_shutting_a_user_revokes_the_keys_for_ever_and_a_new_password_does_not(stage, client, make_key):
    email, key = "client@east.example", make_key()
    with transaction(stage.url) as connection:
        generation = connection.execute(
            text("SELECT token_generation FROM fleet.app_user WHERE email = :e"), {"e": email}
        ).scalar_one()
    try:
        with transaction(stage.url) as connection:
            users.set_password(connection, email=email, password=stage.password, now=stage.now)
        assert client.get("/plants", {"X-API-Key": key}).status_code == 200

        for is_active in (False, True):
            step_users.set_active(Settings(database_url=stage.url), email=email, is_active=is_active, now=stage.now)
            assert client.get("/plants", {"X-API-Key": key}).status_code == 401
    finally:
        with transaction(stage.url) as connection:
            connection.execute(
                text("UPDATE fleet.app_user SET token_generation = :g, password_hash = :h, is_active = true WHERE email = :e"),
                {"g": generation, "h": stage.password_hash, "e": email},
            )


def test_a_key_lets_in_nobody_but_its_own_user(stage, make_key):
    keys, database = stage.app.state.heliograph.keys, stage.app.state.heliograph.database
    holder = keys._database.find_key(key_digest(make_key(role="client")).hex()).user
    admin = replace(holder, user_id=stage.east.users["admin"])

    with database.as_user(holder) as session:
        assert session.role == "client"
    with pytest.raises(UserNotAdmitted), database.as_user(admin):
        pytest.fail("the key of a client let an admin in")


def test_a_key_ends_at_its_instant_also_where_it_is_known_already(stage, make_key):
    moment = {"at": stage.now}
    client, key = stage.client_of(stage.new_app(clock=lambda: moment["at"])), make_key(days=1)
    for seconds, status in ((0, 200), (86_399, 200), (86_400, 401), (90_000, 401)):
        moment["at"] = stage.now + timedelta(seconds=seconds)
        assert client.get("/plants", {"X-API-Key": key}).status_code == status, seconds


@pytest.mark.parametrize("shown", [
    "", " ", "helio_", "helio_" + "A" * 43, "helio_" + "A" * 5000, "{key}x", "{key}\t.", "x{key}", "HELIO_{key}", "helio_%00",
    "helio_' OR '1'='1", "helior_{key}", "é", "{digest}", "{token}",
])  # fmt: skip
def test_what_is_no_key_opens_nothing(stage, client, make_key, shown):
    key = make_key()
    words = {"key": key, "digest": key_digest(key).hex(), "token": stage.token(stage.east)}

    for _ in range(2):
        assert client.get("/plants", {"X-API-Key": shown.format(**words).encode()}).status_code == 401


def test_a_key_beside_a_token_is_refused_rather_than_one_of_them_believed(stage, client, make_key):
    headers = {"X-API-Key": make_key(stage.west), **stage.headers(stage.east)}
    client.get("/plants", stage.headers(stage.east))

    answer = client.get("/plants", headers)

    assert answer.status_code == 401
    assert "not both" in answer.json()["detail"]


def test_a_key_in_the_query_is_no_key(client, make_key):
    assert client.get(f"/plants?api_key={make_key()}").status_code in {400, 401}


def test_a_use_is_written_once_in_five_minutes_and_never_for_a_refused_key(stage, make_key):
    moment, refused = {"at": stage.now}, new_key()
    app = stage.new_app(clock=lambda: moment["at"])
    client, key, writes = stage.client_of(app), make_key(), []
    keys = app.state.heliograph.keys
    note = keys._database.note_key_use
    keys._database.note_key_use = lambda *use: (writes.append(use), note(*use))
    for seconds in (0, 1, 2, 299, 300, 301):
        moment["at"] = stage.now + timedelta(seconds=seconds)
        client.get("/plants", {"X-API-Key": key})
        client.get("/plants", {"X-API-Key": refused})
    keys.close()

    assert [used_at for _, used_at in writes] == [stage.now, stage.now + timedelta(seconds=300)]
    assert uses(stage) == [stage.now + timedelta(seconds=300)]


def test_answers_come_where_the_use_cannot_be_written(stage, make_key):
    app, key = stage.new_app(), make_key()
    client, keys = stage.client_of(app), app.state.heliograph.keys
    assert client.get("/plants", {"X-API-Key": key}).status_code == 200
    keys._noted.clear()
    keys._database.close()
    keys._database.__dict__.pop("_engine")
    keys._database._url = keys._database._url.set(port=1)

    assert client.get("/plants", {"X-API-Key": key}).status_code == 200
    keys.close()


def test_requests_with_keys_count_for_their_user(stage, make_key):
    client, first, second = stage.client_of(stage.new_app(api_user_requests_per_minute=3)), make_key(), make_key()

    statuses = [client.get("/plants", {"X-API-Key": key}).status_code for key in (first, second, first, second)]

    assert statuses == [200, 200, 200, 429]


def test_no_key_rests_in_the_warehouse_or_the_log(stage, client, make_key, caplog):
    key = make_key()
    with caplog.at_level("DEBUG"):
        client.get("/plants", {"X-API-Key": key})
        client.get("/plants", {"Authorization": f"Bearer {key}x"})
    with transaction(stage.url) as connection:
        rows = connection.execute(text("SELECT CAST(k AS text) FROM access.access_key AS k")).scalars().all()

    assert rows
    assert not any(key[12:] in row for row in rows)
    assert key[12:] not in "".join(str(record.__dict__) for record in caplog.records)
