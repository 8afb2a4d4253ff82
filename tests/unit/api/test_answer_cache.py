"""Answer cache: an answer is given again under an equal revision only, and the bytes stay bounded."""

import tracemalloc
from datetime import UTC, datetime

import pytest

from api.answer_cache import ENTRY_BYTES, AnswerBasis, AnswerBody, AnswerCache, Question

ROOM_FOR_EIGHT = 8 * (ENTRY_BYTES + 20)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_an_answer_is_given_again_under_the_same_revision():
    answers, body = AnswerCache(), AnswerBody(b"{}")
    answers.put("question", AnswerBasis("10:12:"), body)

    assert answers.get("question", "10:12:") is body
    assert answers.get("question", "10:13:") is None
    assert answers.get("another", "10:12:") is None


def test_the_bytes_kept_are_bounded_and_the_oldest_go_first():
    answers = AnswerCache(capacity_bytes=ROOM_FOR_EIGHT)
    for number in range(9):
        answers.put(number, AnswerBasis("s"), AnswerBody(b"x" * 10))
        answers.get(0, "s")

    assert answers.get(0, "s") is not None
    assert answers.get(1, "s") is None
    assert answers.get(8, "s") is not None


def test_a_replaced_answer_gives_its_bytes_back():
    answers = AnswerCache(capacity_bytes=ROOM_FOR_EIGHT)
    for number in range(100):
        answers.put("same", AnswerBasis(str(number)), AnswerBody(b"x" * 10))
    for number in range(7):
        answers.put(number, AnswerBasis("s"), AnswerBody(b"x" * 10))

    assert answers.get("same", "99") is not None


def test_an_answer_too_large_for_the_cache_is_not_kept():
    answers = AnswerCache(capacity_bytes=ROOM_FOR_EIGHT)
    answers.put("large", AnswerBasis("s"), AnswerBody(b"x" * 21))

    assert answers.get("large", "s") is None


@pytest.mark.parametrize(("body_bytes", "query_bytes"), [(60, 30), (60, 3000), (2000, 30), (100_000, 30)])
def test_the_memory_is_bounded_whatever_the_answers_and_questions_are_like(body_bytes, query_bytes):
    answers = AnswerCache(capacity_bytes=4_000_000)
    tracemalloc.start()
    try:
        for number in range(4000):
            query = b"%0*d" % (query_bytes, number)
            body = AnswerBody(b"%0*d" % (body_bytes, number), {"Link": f'<?{query.decode()}>; rel="next"'})
            assert body.whole
            assert body.packed if body.pays_to_pack else True
            answers.put(Question(1, "/api/v1/alarms", query, "json", NOW, NOW), AnswerBasis("10:12:"), body)
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 1_000_000 < taken_bytes < 5_000_000
