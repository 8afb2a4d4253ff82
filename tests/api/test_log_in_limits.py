"""Limits of log-ins: what guessing costs, whom it delays, and whom not. Every process counts in the warehouse."""

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.log_ins import MOST_UNDER_WAY
from include.core.errors import NeedsHuman
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

USER = "client@east.example"


@pytest.fixture(autouse=True)
def quick(stage, monkeypatch):
    """Passwords are compared without the cost of hashing, which is nothing to these tests."""
    hashed = stage.password_hash
    monkeypatch.setattr("api.log_ins.nobodys_hash", lambda: "nobody's")
    monkeypatch.setattr("api.log_ins.password_matches", lambda of, password: of == hashed and password == stage.password)


@pytest.fixture(scope="module")
def clock() -> dict[str, float]:
    return {"s": 0.0}


@pytest.fixture(scope="module")
def two_apps(stage, clock):
    """Two processes of the API, as far as they share nothing but the warehouse."""
    return [stage.new_app(clock=lambda: stage.now + timedelta(seconds=clock["s"])) for _ in range(2)]


@pytest.fixture
def doors(stage, clock, two_apps):
    """Tries log-ins at any second and from any address, at two processes by turns."""
    stage.forget_log_ins()
    turns = itertools.cycle(two_apps)

    def log_in(user=USER, password="guess", *, address="192.0.2.1", at_s=0.0):
        clock["s"] = at_s
        return stage.client_of(next(turns), address).log_in(user, password)

    return log_in


def waits(answers) -> list[int]:
    return [int(answer.headers["retry-after"]) for answer in answers if answer.status_code == 429]


def test_four_failures_cost_nothing_and_each_further_one_doubles_the_wait(doors):
    free = [doors().status_code for _ in range(4)]
    at_s, waited = 0.0, []
    for _ in range(6):
        assert doors(at_s=at_s).status_code == 401
        waited += waits([doors(at_s=at_s)])
        at_s += waited[-1]

    assert free == [401] * 4
    assert waited == [1, 2, 4, 8, 16, 32]


def test_no_wait_is_longer_than_a_quarter_of_an_hour(doors):
    at_s = 0.0
    for _ in range(40):
        answer = doors(at_s=at_s)
        if answer.status_code == 429:
            at_s += waits([answer])[0]

    assert 600 < waits([doors(at_s=at_s), doors(at_s=at_s)])[0] <= 901


def test_the_right_password_waits_like_a_guess_and_then_forgets_the_failures(stage, doors):
    for _ in range(5):
        doors()
    refused, admitted = doors(password=stage.password), doors(password=stage.password, at_s=1)

    assert (refused.status_code, admitted.status_code) == (429, 200)
    assert [doors(at_s=1).status_code for _ in range(5)] == [401] * 5


def test_one_user_guessed_from_many_addresses_is_guarded(doors):
    answers = [doors(address=f"198.51.100.{number}") for number in range(120)]

    assert [answer.status_code for answer in answers].count(401) == 10
    assert waits(answers) == [1] * 110


def test_a_user_who_is_known_at_an_address_does_not_wait_for_what_others_guess(stage, doors):
    assert doors(password=stage.password, address="192.0.2.7").status_code == 200
    for number in range(60):
        doors(address=f"198.51.100.{number}", at_s=60)

    assert doors(address="203.0.113.9", password=stage.password, at_s=60).status_code == 429
    assert doors(address="192.0.2.7", password=stage.password, at_s=60).status_code == 200


def test_a_user_is_known_for_thirty_days(stage, doors):
    assert doors(password=stage.password, address="192.0.2.7").status_code == 200
    month_s = 30 * 86_400
    for number in range(12):
        doors(address=f"198.51.100.{number}", at_s=month_s)

    assert doors(address="192.0.2.7", password=stage.password, at_s=month_s).status_code == 429


def test_fifty_wrong_guesses_do_not_lock_everybody_behind_an_address(stage, doors):
    guesses = [doors(f"nobody{number}@east.example").status_code for number in range(50)]
    others = [doors("admin@east.example", stage.password), doors("admin@east.example", stage.password, at_s=1)]

    assert guesses == [401] * 50
    assert [answer.status_code for answer in others] == [429, 200]
    assert waits(others) == [1]


def test_many_users_tried_from_one_address_wait_at_most_a_minute(doors):
    at_s, waited = 0.0, []
    for number in range(90):
        answer = doors(f"nobody{number}@east.example", at_s=at_s)
        if answer.status_code == 429:
            waited += waits([answer])
            at_s += waited[-1]

    assert max(waited) <= 61
    assert sum(waited) > 60


def test_who_has_a_good_password_does_not_buy_guesses_of_others_with_it(stage, doors):
    assert doors("admin@west.example", stage.password).status_code == 200
    guesses = []
    for number in range(60):
        guesses.append(doors(f"nobody{number}@east.example").status_code)
        doors("admin@west.example", stage.password)

    assert guesses.count(401) == 50


def test_right_log_ins_count_too(stage, doors):
    answers = [doors(password=stage.password).status_code for _ in range(13)]

    assert answers == [200] * 11 + [429] * 2
    assert doors(password=stage.password, at_s=6).status_code == 200


def test_the_networks_of_ipv6_customers_count_as_one_address(stage, doors):
    answers = [doors(f"nobody{n}@east.example", address=f"2001:db8:1:2::{n:x}").status_code for n in range(52)]

    assert answers == [401] * 50 + [429] * 2
    assert doors("nobody@east.example", address="2001:db8:1:3::1").status_code == 401


def test_an_ipv4_address_is_the_same_when_it_is_written_as_ipv6(doors):
    statuses = [doors(address=address).status_code for address in ("192.0.2.1", "::ffff:192.0.2.1") * 3]

    assert statuses == [401] * 5 + [429]


@pytest.mark.parametrize("names", [["nobody@east.example"], [USER], ["client@EAST.example ", " Client@east.example"]])
def test_an_unknown_user_waits_like_a_known_one_however_it_is_written(doors, names):
    statuses = [doors(names[number % len(names)]).status_code for number in range(6)]

    assert statuses == [401] * 5 + [429]


def test_parallel_guesses_count_before_they_end(stage, doors):
    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: doors(), range(12)))

    assert statuses == [401] * 5 + [429] * 7


def test_what_strangers_type_rests_nowhere_and_is_forgotten(stage, doors):
    for number in range(30):
        doors(f"secret{number}@typed.example", address="203.0.113.5")
    two_days_s = 2 * 86_400
    for number in range(30):
        doors(f"other{number}@typed.example", address="203.0.113.6", at_s=two_days_s)

    with transaction(stage.url) as connection:
        rows = connection.execute(text("SELECT * FROM ops.log_in_limit")).all()

    assert len(rows) == 61
    assert not [value for row in rows for value in row if isinstance(value, str)]


def test_a_waiting_attempt_writes_nothing(stage, doors):
    for number in range(50):
        doors(f"nobody{number}@east.example")
    for number in range(20):
        assert doors(f"stranger{number}@east.example").status_code == 429

    with transaction(stage.url) as connection:
        assert connection.execute(text("SELECT count(*) FROM ops.log_in_limit")).scalar_one() == 101


@pytest.mark.parametrize("header", ["198.51.100.{}", "198.51.100.{}, 192.0.2.1", "for=198.51.100.{}", "\x00{}", "unknown{}"])
def test_an_address_that_the_client_claims_is_not_believed_by_default(stage, two_apps, header):
    stage.forget_log_ins()
    from fastapi.testclient import TestClient

    client = TestClient(two_apps[0], client=("127.0.0.1", 1))
    statuses = [
        client.post(
            "/api/v1/auth/token",
            data={"username": USER, "password": "guess"},
            headers={"X-Forwarded-For": header.format(number), "Forwarded": f"for=198.51.100.{number}"},
        ).status_code
        for number in range(6)
    ]

    assert statuses == [401] * 5 + [429]


def test_a_trusted_proxy_tells_the_address_and_what_the_client_claims_before_it_counts_nothing(stage):
    from fastapi.testclient import TestClient

    stage.forget_log_ins()
    client = TestClient(stage.new_app(api_trusted_proxies="10.0.0.0/8, 192.0.2.9"), client=("10.1.2.3", 1))

    def log_in(forwarded: str) -> int:
        form = {"username": USER, "password": "guess"}
        return client.post("/api/v1/auth/token", data=form, headers={"X-Forwarded-For": forwarded}).status_code

    same = [log_in(f"203.0.113.{number}, 198.51.100.7, 192.0.2.9") for number in range(6)]

    assert same == [401] * 5 + [429]
    assert log_in("198.51.100.7, 198.51.100.8") == 401


@pytest.mark.parametrize("proxies", ["*", "proxy", "10.0.0.0/8,*", "10.0.0.1/8", "127.0.0.1;10.0.0.1"])
def test_a_proxy_that_is_no_address_is_refused_at_the_start(stage, proxies):
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_API_TRUSTED_PROXIES"):
        stage.new_app(api_trusted_proxies=proxies)


def test_one_log_in_too_many_at_once_is_told_to_come_again(stage):
    stage.forget_log_ins()
    app = stage.new_app()
    client = stage.client_of(app)
    log_ins = app.state.heliograph.log_ins
    with contextlib.ExitStack() as under_way:
        for _ in range(MOST_UNDER_WAY):
            under_way.enter_context(log_ins.place())
        refused = client.log_in("one@east.example", "guess")
        others = client.get("/plants", stage.headers(stage.east))

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["detail"].startswith("many log-ins are running")
    assert others.status_code == 200
    assert client.log_in("one@east.example", "guess").status_code == 401
