"""Sessions: a refresh token is good once, and what ends a session."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.refresh_tokens import RefreshTokens
from api.tokens import BadToken
from include.warehouse import users
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


class Session:
    """A log-in of a user of tenant east, without the cost of the password, and what the app answers to its refresh tokens."""

    def __init__(self, stage) -> None:
        self.moment = stage.now
        self.app = stage.new_app(clock=lambda: self.moment)
        self.client = stage.client_of(self.app)
        self.state = self.app.state.heliograph

    def begin(self, tenant, hours=168):
        user = CurrentUser(tenant.users["client"], tenant.tenant_id, 1)
        begun = self.state.sessions.begin_session(user, now=self.moment, ends_at=self.moment + timedelta(hours=hours))
        return self.state.refresh_tokens.seal(begun.session_id, begun.turn)

    def post(self, path, token):
        return self.client._client.post(f"/api/v1/auth/{path}", data={"refresh_token": token})

    def refresh(self, token):
        return self.post("refresh", token)


@pytest.fixture(scope="module")
def door(stage):
    return Session(stage)


@pytest.fixture
def session(stage, door):
    door.moment = stage.now
    yield door
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM access.user_session"))


def sessions_kept(stage) -> int:
    with transaction(stage.url) as connection:
        return connection.execute(text("SELECT count(*) FROM access.user_session")).scalar_one()


def test_a_log_in_gives_a_refresh_token_that_goes_on(stage, session):
    stage.forget_log_ins()
    first = session.client.log_in("client@east.example", stage.password).json()

    second = session.refresh(first["refresh_token"])

    assert second.status_code == 200
    assert second.headers["cache-control"] == "no-store"
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert second.json()["refresh_expires_in"] == 168 * 3600
    answer = session.client.get("/plants", {"Authorization": f"Bearer {second.json()['access_token']}"})
    assert answer.status_code == 200
    assert b"west" not in answer.content


def test_a_token_that_comes_twice_ends_the_session_for_both(stage, session):
    stolen = session.begin(stage.east)
    good = session.refresh(stolen).json()["refresh_token"]

    assert session.refresh(stolen).json()["type"].endswith("session-ended")
    assert session.refresh(good).status_code == 401
    assert sessions_kept(stage) == 0


def test_of_ten_that_come_at_once_one_goes_on_at_most(stage, session):
    token = session.begin(stage.east)
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: stage.client_of(session.app)._client.post(
            "/api/v1/auth/refresh", data={"refresh_token": token}).status_code, range(10)))  # fmt: skip

    assert sorted(statuses) == [200] + [401] * 9
    assert sessions_kept(stage) == 0


def test_a_session_ends_at_its_instant_however_often_it_goes_on(stage, session):
    token = session.begin(stage.east, hours=2)
    session.moment = stage.now + timedelta(minutes=119)
    going = session.refresh(token).json()
    session.moment = stage.now + timedelta(minutes=120)

    assert going["refresh_expires_in"] == 60
    assert session.refresh(going["refresh_token"]).status_code == 401


def test_a_log_out_ends_the_session_and_says_the_same_to_anything(stage, session):
    token, other = session.begin(stage.east), session.begin(stage.east)

    assert [session.post("log-out", shown).status_code for shown in (token, token, "nonsense")] == [204, 204, 204]
    assert session.refresh(token).status_code == 401
    assert session.refresh(other).status_code == 200


@pytest.mark.parametrize("change", ["password", "shut"])
def test_a_new_password_and_shutting_end_the_session(stage, session, change):
    token = session.begin(stage.east)
    try:
        with transaction(stage.url) as connection:
            if change == "password":
                users.set_password(connection, email="client@east.example", password=stage.password, now=stage.now)
            else:
                users.set_active(connection, email="client@east.example", is_active=False)
        assert session.refresh(token).status_code == 401
    finally:
        with transaction(stage.url) as connection:
            connection.execute(
                text(
                    "UPDATE fleet.app_user SET token_generation = 1, password_hash = :h, is_active = true "
                    "WHERE email = 'client@east.example'"
                ),
                {"h": stage.password_hash},
            )


def test_only_our_own_refresh_tokens_are_believed_and_forged_ones_end_nothing(stage, session):
    token = session.begin(stage.east)
    name, session_id, turn, mac = token.split("_")
    forged = [
        "", "x", token + "0", token.upper(), f"{name}_{session_id}_2_{mac}", f"{name}_{session_id}_0{turn}_{mac}",
        f"{name}_{session_id}_{turn}_{'0' * 64}", f"{name}_{'0' * 32}_{turn}_{mac}", f"{name}_{session_id}_-1_{mac}",
        f"{name}_{session_id}_{turn}_{mac[:-1]}é", stage.token(stage.east), token + "\n", "a" * 10_000,
        f"{name}_{session_id}_{9 ** 20}_{mac}",
    ]  # fmt: skip

    for shown in forged:
        assert session.refresh(shown).status_code in {401, 422}, shown
    assert session.refresh(token).status_code == 200


def test_a_refresh_token_is_no_access_token_and_no_key(stage, session):
    token = session.begin(stage.east)

    for headers in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
        assert session.client.get("/plants", headers).status_code == 401
    with pytest.raises(BadToken):
        RefreshTokens("another key of more than thirty-two bytes").open(token)


def test_ended_sessions_are_cleared_by_those_that_begin(stage, session):
    for _ in range(4):
        session.begin(stage.west, hours=1)
    session.moment = stage.now + timedelta(hours=2)

    session.begin(stage.east)

    assert sessions_kept(stage) == 1
