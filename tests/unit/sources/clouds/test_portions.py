"""How much one request is about: groups and halves of subjects, parts of spans, whole months."""

from datetime import UTC, date, datetime, timedelta

import pytest

from include.core.pulls import Request
from include.core.span import Span
from include.sources.clouds.portions import groups, halves, months_over, months_touched, parts, union

JUNE = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC))


def test_a_list_of_devices_is_halved_with_its_subjects():
    whole = Request("device/latest", {"deviceList": ["A", "B", "C"], "size": 9}, "devices", JUNE, ("A", "B", "C"))

    assert halves(whole, "deviceList") == [
        Request("device/latest", {"deviceList": ["A", "B"], "size": 9}, "devices", JUNE, ("A", "B")),
        Request("device/latest", {"deviceList": ["C"], "size": 9}, "devices", JUNE, ("C",)),
    ]
    assert whole.body["deviceList"] == ["A", "B", "C"]


def test_a_comma_joined_text_is_halved_into_texts():
    whole = Request("getDevRealKpi", {"devIds": "1,-2,3,4", "devTypeId": 1}, "devices", None, ("1", "-2", "3", "4"), False)

    assert halves(whole, "devIds") == [
        Request("getDevRealKpi", {"devIds": "1,-2", "devTypeId": 1}, "devices", None, ("1", "-2"), False),
        Request("getDevRealKpi", {"devIds": "3,4", "devTypeId": 1}, "devices", None, ("3", "4"), False),
    ]


@pytest.mark.parametrize("subjects", [(), ("PLANT",)])
def test_subjects_that_are_not_the_members_stay_with_both_halves(subjects):
    whole = Request("getDevList", {"stationCodes": "A,B"}, "fleet", None, subjects)

    assert [half.subjects for half in halves(whole, "stationCodes")] == [subjects, subjects]


@pytest.mark.parametrize("members", [["A"], "A", [], ""])
def test_a_request_about_one_has_no_halves(members):
    assert halves(Request("device/latest", {"deviceList": members}, "devices", None, ("A",)), "deviceList") == []


def test_halves_of_halves_come_down_to_each_member_once():
    left = [Request("device/latest", {"deviceList": list("ABCDEFG")}, "devices", None, tuple("ABCDEFG"))]
    alone = []

    while left:
        request = left.pop()
        parted = halves(request, "deviceList")
        left += parted
        alone += [] if parted else [request.subjects]

    assert sorted(alone) == [(letter,) for letter in "ABCDEFG"]


def test_groups_are_neighbours_and_hold_at_most_so_many():
    assert list(groups("ABCDE", 2)) == ["AB", "CD", "E"]
    assert list(groups((), 2)) == []


def test_parts_of_a_span_follow_each_other_and_fill_it():
    starts = [datetime(2026, 6, day, tzinfo=UTC) for day in (1, 4, 7)]

    assert list(parts(JUNE, timedelta(days=3))) == [
        Span(starts[0], starts[1]),
        Span(starts[1], starts[2]),
        Span(starts[2], JUNE.end),
    ]


def test_the_union_of_spans_holds_all_of_them():
    later = Span(JUNE.start + timedelta(hours=5), JUNE.end + timedelta(hours=5))

    assert union([later, JUNE]) == Span(JUNE.start, later.end)


def test_months_are_touched_by_one_day_and_over_after_their_last():
    first, last = date(2026, 1, 31), date(2026, 3, 30)

    assert list(months_touched(first, last)) == [date(2026, month, 1) for month in (1, 2, 3)]
    assert months_over(first, last) == [date(2026, 1, 1), date(2026, 2, 1)]
    assert months_over(first, date(2026, 3, 31)) == [date(2026, month, 1) for month in (1, 2, 3)]
