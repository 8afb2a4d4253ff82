"""One thing that fails holds back none of the others."""

import pytest

from include.steps.each import attempt_each, each


def test_what_fails_is_raised_when_the_others_are_done():
    seen = []

    def halve(number: int) -> float:
        seen.append(number)
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        each([2, 0, 4], halve)

    assert seen == [2, 0, 4]


def test_what_fails_may_be_asked_for_beside_what_was_done():
    done, errors = attempt_each([2, 0, 4], lambda number: 1 / number)

    assert done == [0.5, 0.25]
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_a_generator_is_not_taken_for_what_it_raises_between_two_things_would_end_the_rest():
    with pytest.raises(TypeError, match="has no len"):
        each((1 / number for number in (2, 0, 4)), str)
