"""Answer cache: an answer is given again under an equal revision only, and the bytes stay bounded."""

from api.answer_cache import AnswerBasis, AnswerBody, AnswerCache


def test_an_answer_is_given_again_under_the_same_revision():
    answers, body = AnswerCache(), AnswerBody(b"{}")
    answers.put("question", AnswerBasis("10:12:"), body)

    assert answers.get("question", "10:12:") is body
    assert answers.get("question", "10:13:") is None
    assert answers.get("another", "10:12:") is None


def test_the_bytes_kept_are_bounded_and_the_oldest_go_first():
    answers = AnswerCache(capacity_bytes=80)
    for number in range(9):
        answers.put(number, AnswerBasis("s"), AnswerBody(b"x" * 10))
        answers.get(0, "s")

    assert answers.get(0, "s") is not None
    assert answers.get(1, "s") is None
    assert answers.get(8, "s") is not None


def test_a_replaced_answer_gives_its_bytes_back():
    answers = AnswerCache(capacity_bytes=80)
    for number in range(100):
        answers.put("same", AnswerBasis(str(number)), AnswerBody(b"x" * 10))
    for number in range(7):
        answers.put(number, AnswerBasis("s"), AnswerBody(b"x" * 10))

    assert answers.get("same", "99") is not None


def test_an_answer_too_large_for_the_cache_is_not_kept():
    answers = AnswerCache(capacity_bytes=80)
    answers.put("large", AnswerBasis("s"), AnswerBody(b"x" * 11))

    assert answers.get("large", "s") is None
