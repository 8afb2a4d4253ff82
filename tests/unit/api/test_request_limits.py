"""RequestLimits: so many a minute, for each by itself, and told in the form of the draft."""

from hypothesis import given
from hypothesis import strategies as st

from api.request_limits import RequestLimits

NOON_S = 1_795_000_000 - 1_795_000_000 % 60


def test_the_quota_is_admitted_and_not_one_more_until_the_next_minute():
    limits = RequestLimits({"address": 3, "user": 0})
    spent = [limits.count("address", "a", NOON_S + second).is_spent for second in (0, 1, 2, 3, 59.9, 60)]

    assert spent == [False, False, False, True, True, False]


def test_callers_and_kinds_are_counted_apart():
    limits = RequestLimits({"address": 1, "user": 1})

    assert [limits.count(*of, NOON_S).is_spent for of in (("address", "7"), ("user", 7), ("user", 8), ("user", 7))] == [
        False, False, False, True,
    ]  # fmt: skip


def test_no_quota_is_no_limit():
    limits = RequestLimits({"address": 0, "user": 1})

    assert limits.count("address", "a", NOON_S) is None


def test_what_is_left_is_told_as_the_draft_writes_it():
    limits = RequestLimits({"address": 1200, "user": 600})
    quotas = [limits.count("address", "a", NOON_S + 12.5), limits.count("user", 7, NOON_S + 12.5)]

    assert limits.headers(quotas) == [
        (b"ratelimit-policy", b'"address";q=1200;w=60, "user";q=600;w=60'),
        (b"ratelimit", b'"address";r=1199;t=47, "user";r=599;t=47'),
    ]


def test_memory_is_bounded_and_the_first_callers_are_forgotten():
    limits = RequestLimits({"address": 1, "user": 1}, capacity=10)
    for number in range(1000):
        limits.count("address", str(number), NOON_S)

    assert len(limits._counts) == 10
    assert limits.count("address", "999", NOON_S).is_spent
    assert not limits.count("address", "0", NOON_S).is_spent


@given(st.integers(1, 50), st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 300)), max_size=200))
def test_nobody_gets_more_than_the_quota_in_a_window(quota, requests):
    limits = RequestLimits({"address": quota, "user": 0})
    admitted = {}
    for name, at_s in sorted(requests, key=lambda request: request[1]):
        told = limits.count("address", name, NOON_S + at_s)
        window = (name, int((NOON_S + at_s) // 60))
        admitted[window] = admitted.get(window, 0) + (not told.is_spent)

    assert all(count <= quota for count in admitted.values())
