import pytest

from include.core.errors import BadDocument, HeliographError, NeedsHuman, Refused, TryLater


@pytest.mark.parametrize("kind", [TryLater, NeedsHuman, BadDocument, Refused])
def test_each_error_is_one_of_four_words_and_no_other(kind):
    error = kind("the thing failed; do this")

    assert isinstance(error, HeliographError)
    assert [other for other in (TryLater, NeedsHuman, BadDocument, Refused) if isinstance(error, other)] == [kind]


def test_try_later_may_say_when():
    assert TryLater("busy", after_s=30).after_s == 30
    assert TryLater("busy").after_s is None
