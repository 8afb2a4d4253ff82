"""Lockout: failures add up, successes forget them, memory stays bounded."""

import pytest

from api.lockout import FAILURES_PER_ADDRESS, LOCK_S, Locked, Lockout


def fail(lockout: Lockout, *, user: str = "a", address: str = "1", now_s: float = 0) -> None:
    with lockout.attempt(user=user, address=address, now_s=now_s):
        pass


def test_the_sixth_attempt_is_locked_out_until_fifteen_minutes_after_the_fifth():
    lockout = Lockout()
    for second in range(5):
        fail(lockout, now_s=second)

    with pytest.raises(Locked) as locked:
        fail(lockout, now_s=10)

    assert locked.value.after_s == 4 + LOCK_S - 10
    fail(lockout, now_s=4 + LOCK_S)


def test_another_user_or_address_is_not_locked():
    lockout = Lockout()
    for _ in range(5):
        fail(lockout)

    fail(lockout, user="b")
    fail(lockout, address="2")


def test_a_success_forgets_the_failures_of_the_user():
    lockout = Lockout()
    for _ in range(4):
        fail(lockout)
    with lockout.attempt(user="a", address="1", now_s=0) as attempt:
        attempt.succeed()

    for _ in range(5):
        fail(lockout)


def test_one_address_that_tries_many_users_is_locked():
    lockout = Lockout()
    for number in range(FAILURES_PER_ADDRESS):
        fail(lockout, user=str(number))

    with pytest.raises(Locked):
        fail(lockout, user="new")


def test_parallel_guesses_count_before_they_end():
    lockout = Lockout()
    running = [lockout.attempt(user="a", address="1", now_s=0) for _ in range(6)]
    for attempt in running[:5]:
        attempt.__enter__()

    with pytest.raises(Locked) as locked:
        running[5].__enter__()

    assert locked.value.after_s == 1


def test_an_attempt_that_breaks_is_a_failure():
    lockout = Lockout()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), lockout.attempt(user="a", address="1", now_s=0):
            raise ZeroDivisionError

    with pytest.raises(Locked):
        fail(lockout)


def test_memory_is_bounded_even_while_an_address_is_locked():
    lockout = Lockout(capacity=20)
    for number in range(500):
        try:
            fail(lockout, user=str(number), address="same" if number % 2 else str(number))
        except Locked:
            continue

    assert len(lockout) <= 20
