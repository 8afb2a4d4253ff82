"""One thing that fails holds back none of the others."""

import pytest

from include.core.errors import NeedsHuman, TryLater
from include.steps.each import Failure, attempt_each, errors_of


def test_what_fails_may_be_asked_for_beside_what_was_done():
    done, failures = attempt_each([2, 0, 4], lambda number: 1 / number, label="number {}".format)

    assert done == [0.5, 0.25]
    assert [(failure.thing, type(failure.error)) for failure in failures] == [("number 0", ZeroDivisionError)]


def test_what_failed_beside_something_done_is_told_in_sentences():
    failures = [Failure("document 7", NeedsHuman("its object is gone; drop the file again"))]

    assert errors_of(failures, beside=1) == ["document 7: NeedsHuman: its object is gone; drop the file again"]
    assert errors_of([], beside=0) == []


def test_of_what_nobody_foresaw_only_the_kind_is_told_for_its_text_may_hold_a_secret():
    assert errors_of([Failure("acme/roof", KeyError("the-token"))], beside=1) == ["acme/roof: KeyError, see the log of the task"]


def test_many_and_long_sentences_are_cut():
    failures = [Failure(f"document {number}", TryLater("x" * 2_000)) for number in range(300)]

    told = errors_of(failures, beside=1)

    assert (len(told), told[-1]) == (21, "and 280 more, see the log of the task")
    assert max(map(len, told)) == 503


def test_where_nothing_was_done_the_first_error_is_raised():
    with pytest.raises(TryLater, match="the store is away"):
        errors_of([Failure("a", TryLater("the store is away")), Failure("b", KeyError("b"))], beside=0)


def test_a_generator_is_not_taken_for_what_it_raises_between_two_things_would_end_the_rest():
    with pytest.raises(TypeError, match="has no len"):
        attempt_each((1 / number for number in (2, 0, 4)), str)
