"""A program that ends again and again is started after ever longer pauses."""

from itertools import pairwise

from cli.run.restarts import Restarts


def starts_of(restarts: Restarts, *, ends_after_s: float, until_s: float) -> list[float]:
    """When a program is started again that ends so long after each start; asked every half second."""
    starts, ended_at, now = [], 0.0, 0.0
    while now < until_s:
        if now >= ended_at and restarts.is_due("program", now):
            starts.append(now)
            ended_at = now + ends_after_s
        now += 0.5
    return starts


def test_the_pauses_double_up_to_a_minute():
    starts = starts_of(Restarts(), ends_after_s=0.5, until_s=400)

    pauses = [round(later - earlier - 0.5) for earlier, later in pairwise(starts)]
    assert starts[0] == 1
    assert pauses[:6] == [2, 4, 8, 16, 32, 60]
    assert set(pauses[6:]) == {60}


def test_a_program_that_ran_well_for_five_minutes_is_started_soon_again():
    starts = starts_of(Restarts(), ends_after_s=300, until_s=1000)

    assert starts == [1, 302, 603, 904]


def test_programs_do_not_wait_for_each_other():
    restarts = Restarts()
    restarts.is_due("one", 0)

    assert not restarts.is_due("other", 10)
    assert restarts.is_due("one", 10)
    assert restarts.is_due("other", 11)
