"""Log-in: a token for the right password, nothing for guesses, and accounts that can be shut at once."""

from datetime import UTC, datetime

import argon2
import jwt
import pytest

from include.core.errors import Refused
from include.warehouse import users
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def app(stage):
    """One for all tests here: making one takes longer than most of them."""
    return stage.new_app()


@pytest.fixture
def fresh(stage, app):
    """A client of a warehouse in which nobody has failed yet."""
    stage.forget_log_ins()
    return stage.client_of(app)


def test_the_right_password_gives_a_token_that_opens_the_own_tenant(stage, fresh):
    answer = fresh.log_in("Client@East.example ", stage.password, grant_type="password")

    token = answer.json()["access_token"]
    plants = fresh.get("/plants", {"Authorization": f"Bearer {token}"}).json()["data"]
    assert (answer.status_code, answer.json()["token_type"], answer.json()["expires_in"]) == (200, "bearer", 900)
    assert answer.headers["cache-control"] == "no-store"
    assert [plant["plant_key"] for plant in plants] == ["east"]


def test_a_token_names_user_and_tenant_and_lives_fifteen_minutes(stage, fresh):
    token = fresh.log_in("client@east.example", stage.password).json()["access_token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}
    assert (claims["sub"], claims["tenant"]) == (str(stage.east.users["client"]), stage.east.tenant_id)
    assert claims["exp"] - claims["iat"] == 900
    assert len(claims["jti"]) == 32


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("client@east.example", "wrong password here"),
        ("nobody@east.example", None),
        ("disabled@east.example", None),
        ("not an e-mail", None),
        ("client@east.example' OR '1'='1", None),
        ("ünï@east.example", None),
        ("client@east.example\x00", None),
        ("\x00", None),
    ],
)
def test_every_failure_reads_the_same(stage, fresh, username, password):
    answer = fresh.log_in(username, password or stage.password)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "e-mail or password is wrong, or the account is shut"
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "form", [{"grant_type": "client_credentials"}, {"username": "a" * 255}, {"password": "a" * 257}, {"password": ""}]
)
def test_a_form_that_is_not_a_password_grant_is_refused(stage, fresh, form):
    answer = fresh.log_in(**{"username": "client@east.example", "password": stage.password, **form})

    assert answer.status_code == 422
    assert stage.password not in answer.text


def test_credentials_in_the_address_are_refused(stage, fresh):
    answer = fresh.request("POST", f"/auth/token?username=client@east.example&password={stage.password}")

    assert answer.status_code == 400


def test_a_body_that_is_far_too_large_is_not_read(stage, fresh):
    answer = fresh.log_in("client@east.example", "x" * 5_000_000)

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:heliograph:problem:content-too-large")


@pytest.mark.parametrize("username", ["nobody@east.example", "not an e-mail", "client@east.example", "disabled@east.example"])
def test_a_password_is_verified_whoever_is_asked_for(fresh, monkeypatch, username):
    verified = []
    monkeypatch.setattr("api.log_ins.password_matches", lambda hashed, password: verified.append(hashed) or False)

    fresh.log_in(username, "guess")

    assert len(verified) == 1


def test_the_hash_of_nobody_costs_as_much_as_that_of_a_user():
    from api.log_ins import nobodys_hash

    assert argon2.extract_parameters(nobodys_hash()) == argon2.extract_parameters(users.hash_password("x" * 12))


def test_an_account_is_added_shut_and_given_a_new_password(stage, warehouse_url):
    then, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    with transaction(warehouse_url) as connection:
        from sqlalchemy import text

        connection.execute(text("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('demo', 'Demo', 'UTC')"))
        user_id = users.add_user(
            connection, tenant="demo", email="Someone@Demo.example", password="a long enough one", role="client", now=then
        )
        users.set_password(connection, email="someone@demo.example", password="another long one", now=later)
        users.set_active(connection, email="someone@demo.example", is_active=False)
        users.set_active(connection, email="someone@demo.example", is_active=False)
        found = users.list_users(connection, tenant="demo")
        stored = connection.execute(text("SELECT password_hash, password_changed_at, token_generation FROM fleet.app_user")).one()

    assert found == [users.User(user_id, "demo", "someone@demo.example", "client", is_active=False)]
    assert stored.password_hash.startswith("$argon2id$")
    assert users.password_matches(stored.password_hash, "another long one")
    assert not users.password_matches(stored.password_hash, "a long enough one")
    assert (stored.password_changed_at, stored.token_generation) == (later, 3)


def test_accounts_that_cannot_be_are_refused_in_a_sentence(warehouse_url):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction(warehouse_url) as connection:
        for wrong, word in (
            ({"tenant": "none"}, "tenant 'none' does not exist"),
            ({"email": "nope"}, "not an e-mail"),
            ({"password": "short"}, "5 characters"),
            ({"role": "owner"}, "choose client or admin"),
        ):
            row = {"tenant": "none", "email": "a@b.example", "password": "long enough it is", "role": "client", "now": now}
            with pytest.raises(Refused, match=word):
                users.add_user(connection, **(row | wrong))


@pytest.fixture
def late(stage, fresh):
    """A user of tenant west of whom the test may change anything, with a token."""
    with transaction(stage.url) as connection:
        connection.exec_driver_sql("DELETE FROM fleet.app_user WHERE email = 'late@west.example'")
        users.add_user(
            connection, tenant="west", email="late@west.example", password=stage.password, role="client", now=stage.since
        )
    return fresh.log_in("late@west.example", stage.password).json()["access_token"]


def may_read(client, token: str) -> bool:
    return client.get("/plants", {"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_new_password_voids_older_tokens_at_once_and_not_the_next_one(stage, fresh, late):
    with transaction(stage.url) as connection:
        users.set_password(connection, email="late@west.example", password=stage.password, now=stage.now)

    new = fresh.log_in("late@west.example", stage.password).json()["access_token"]

    assert (may_read(fresh, late), may_read(fresh, new)) == (False, True)


def test_a_shut_user_who_is_opened_again_does_not_get_the_old_tokens_back(stage, fresh, late):
    assert may_read(fresh, late)
    for is_active in (False, True):
        with transaction(stage.url) as connection:
            users.set_active(connection, email="late@west.example", is_active=is_active)
        assert not may_read(fresh, late)

    new = fresh.log_in("late@west.example", stage.password).json()["access_token"]

    assert (may_read(fresh, late), may_read(fresh, new)) == (False, True)


def test_opening_a_user_who_is_open_voids_nothing(stage, fresh, late):
    with transaction(stage.url) as connection:
        users.set_active(connection, email="late@west.example", is_active=True)

    assert may_read(fresh, late)
