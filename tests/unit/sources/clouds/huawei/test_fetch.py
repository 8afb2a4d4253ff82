"""Answers of one request: all pages of the plants, each page what was asked for; lists that are there."""

import pytest

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.fakes import PreparedSession
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, answer_of

TENS = Request("stations", {"pageNo": 1, "pageSize": 10}, "fleet")


def prepared(*data):
    """A session that answers with this `data`, one after the other."""
    return PreparedSession(CLOUD, CREDENTIALS, *map(answer_of, data))


def page(*codes, total, number=None):
    return {"list": [{"plantCode": code} for code in codes], "pageCount": 9, "pageNo": number, "pageSize": 10, "total": total}


def test_pages_of_plants_are_asked_for_one_after_the_other():
    session = prepared(page("A", "B", total=3, number=1), page("C", total=3, number=2))

    answers = CLOUD.fetch(session, TENS)

    assert [answer.raw for answer in answers] == [
        answer_of(page("A", "B", total=3, number=1)),
        answer_of(page("C", total=3, number=2)),
    ]
    assert [body for _, body, _ in session.calls] == [{"pageNo": number, "pageSize": 10} for number in (1, 2)]


@pytest.mark.parametrize(
    "pages",
    [
        [page("A", "B", total=3), page("A", "B", total=3)],
        [page("A", "A", total=2)],
        [page("A", "B", total=3, number=1), page("C", total=3, number=1)],
        [page("A", "B", total=3), page(total=3)],
        [{"list": [], "total": None}],
        [{"list": None, "total": 0}],
        [[]],
        [page("A", "B", total=3), None],
    ],
)
def test_pages_that_contradict_themselves_are_asked_again(pages):
    with pytest.raises(TryLater, match="ask again"):
        CLOUD.fetch(prepared(*pages), TENS)


@pytest.mark.parametrize("nothing", [page(total=0), None])
def test_an_account_without_plants_is_an_answer(nothing):
    (answer,) = CLOUD.fetch(prepared(nothing), TENS)

    assert answer.data["data"] == nothing


def test_a_list_that_is_null_is_an_empty_one():
    (answer,) = CLOUD.fetch(prepared(None), Request("getKpiStationDay", {}, "plants"))

    assert answer.data["data"] is None


@pytest.mark.parametrize("data", [{}, "ACCESS", 3])
def test_an_answer_without_its_list_is_asked_again(data):
    with pytest.raises(TryLater, match="without a list"):
        CLOUD.fetch(prepared(data), Request("getKpiStationDay", {}, "plants"))


@pytest.mark.parametrize(("subjects", "counted_for"), [(("7",), "7"), (("7", "8"), None), ((), None)])
def test_a_call_is_counted_for_its_only_subject(subjects, counted_for):
    session = prepared([])

    CLOUD.fetch(session, Request("getDevHistoryKpi", {"devIds": ",".join(subjects)}, "devices", None, subjects))

    assert session.calls == [("getDevHistoryKpi", {"devIds": ",".join(subjects)}, counted_for)]
