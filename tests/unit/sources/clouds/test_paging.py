"""Lists that come page by page: whole, or asked for again; never silently short."""

from types import SimpleNamespace

import pytest

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds import paging
from include.sources.clouds.paging import Page, Paging, fetch_pages

TWOS = Request("plant/list", {"page": 1, "size": 2, "order": "name"}, "fleet")


class Pages:
    """A session that has these pages: (rows, total) or (rows, total, number)."""

    credentials = {}

    def __init__(self, *pages):
        self.bodies = []
        self._pages = list(pages)

    def post(self, interface, body, *, subject=None):
        self.bodies.append(body)
        return SimpleNamespace(data=self._pages[len(self.bodies) - 1])


def fetched(session, *, repeats="nowhere"):
    by_letter = Paging("page", "size", lambda data: Page(*data), lambda row: row, repeats)
    return [answer.data[0] for answer in fetch_pages(session, TWOS, by_letter, label="Acme Sun")]


def test_pages_are_asked_for_by_their_number_until_all_rows_are_there():
    session = Pages((["A", "B"], 5, 1), (["C", "D"], 5, 2), (["E"], 5, 3))

    assert fetched(session) == [["A", "B"], ["C", "D"], ["E"]]
    assert session.bodies == [{"page": number, "size": 2, "order": "name"} for number in (1, 2, 3)]


def test_an_empty_list_is_one_page():
    session = Pages(([], 0))

    assert fetched(session) == [[]]
    assert len(session.bodies) == 1


@pytest.mark.parametrize("repeats", ["nowhere", "on a page", "on any page"])
def test_a_page_that_is_missing_is_no_shorter_list(repeats):
    with pytest.raises(TryLater, match=r"^Acme Sun listed 2 of 3 rows of plant/list, and page 2 brings nothing new; ask again"):
        fetched(Pages((["A", "B"], 3), ([], 3)), repeats=repeats)


@pytest.mark.parametrize(
    "pages",
    [
        [(["A", "B"], 4), (["A", "B"], 4)],
        [(["A", "B"], 4), (["B", "C"], 4)],
        [(["A", "A"], 2)],
    ],
)
def test_a_row_that_comes_twice_means_that_the_list_changed_meanwhile(pages):
    with pytest.raises(TryLater, match=rf"^Acme Sun listed \d of \d rows of plant/list, but page {len(pages)} repeats another"):
        fetched(Pages(*pages))


def test_a_page_of_another_number_than_was_asked_for_is_not_taken():
    with pytest.raises(TryLater, match=r"but page 2 repeats another; ask again for all pages$"):
        fetched(Pages((["A", "B"], 3, 1), (["C"], 3, 1)))


def test_rows_without_a_name_are_counted_but_not_compared():
    assert fetched(Pages((["A", None], 4), ([None, "B"], 4))) == [["A", None], [None, "B"]]


def test_a_page_of_rows_without_a_name_is_new():
    assert fetched(Pages(([None, None], 3), (["A"], 3))) == [[None, None], ["A"]]


def test_where_a_row_may_come_twice_on_a_page_it_may_not_on_another():
    assert fetched(Pages((["A", "A"], 3), (["B"], 3)), repeats="on a page") == [["A", "A"], ["B"]]

    with pytest.raises(TryLater, match=r"but page 2 repeats another; ask again for all pages$"):
        fetched(Pages((["A", "B"], 4), (["B", "C"], 4)), repeats="on a page")


def test_where_a_row_may_come_twice_the_list_goes_on_until_all_are_known():
    session = Pages((["A", "B"], 4), (["B", "C"], 4), (["C", "D"], 4))

    assert fetched(session, repeats="on any page") == [["A", "B"], ["B", "C"], ["C", "D"]]


def test_where_a_row_may_come_twice_a_page_that_is_not_full_is_the_last():
    session = Pages((["A", "B"], 3), (["B"], 3))

    assert fetched(session, repeats="on any page") == [["A", "B"], ["B"]]
    assert len(session.bodies) == 2


def test_a_list_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 3)
    session = Pages(*(([f"A{number}"], number + 1) for number in range(1, 9)))

    with pytest.raises(TryLater, match=r"^Acme Sun has more than 3 pages of plant/list; ask again for all pages$"):
        fetched(session)

    assert len(session.bodies) == 3


def test_without_a_total_a_page_that_is_not_full_is_the_last():
    session = Pages((["A", "B"], None), (["C", "D"], None), ([], None))

    assert fetched(session) == [["A", "B"], ["C", "D"], []]
    assert fetched(Pages((["A"], None))) == [["A"]]


def test_without_a_total_a_page_that_comes_twice_is_no_shorter_list():
    with pytest.raises(TryLater, match="repeats another"):
        fetched(Pages((["A", "B"], None), (["A", "B"], None)))
