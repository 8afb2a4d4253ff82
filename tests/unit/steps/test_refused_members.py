"""A refused member is left out of its group and asked alone when its time has come."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from include.core.pulls import Request
from include.sources.clouds.portions import halves, members_of
from include.steps.refused_members import FIRST_REST, LONGEST_REST, spared
from include.steps.rest import rest

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
FIELDS = {"now": "ids", "raw": "serials"}


def asked(keys, interface="now"):
    listed = ",".join(keys) if interface == "now" else list(keys)
    return Request(interface, {FIELDS[interface]: listed, "type": 1}, "devices", None, tuple(keys))


def members(requests):
    return [members_of(request, FIELDS.get(request.interface)) for request in requests]


def test_a_group_is_asked_without_the_refused_one_until_its_time_has_come_and_then_beside_it():
    group = [asked("abcd")]

    assert members(spared(group, {("now", "b"): SOON}, FIELDS, NOW)) == [("a", "c", "d")]
    assert members(spared(group, {("now", "b"): SOON}, FIELDS, SOON)) == [("a", "c", "d"), ("b",)]
    assert members(spared(group, {("raw", "b"): SOON}, FIELDS, NOW)) == [("a", "b", "c", "d")]


def test_a_group_that_is_refused_whole_and_a_single_one_are_not_asked():
    refused = {("now", key): SOON for key in "ab"} | {("one", "a"): SOON}
    single = Request("one", {"id": 1}, "plants", None, ("a",))

    assert members(spared([asked("ab"), single], refused, FIELDS, NOW)) == []
    assert members(spared([asked("ab"), single], refused, FIELDS, SOON)) == [("a",), ("b",), ("a",)]


def test_lists_about_all_are_always_asked():
    request = Request("list", {"page": 1}, "fleet")

    assert list(spared([request], {("list", "a"): SOON}, FIELDS, NOW)) == [request]


@given(
    keys=st.lists(st.text("abcdef0123", min_size=1, max_size=4), min_size=1, max_size=30, unique=True),
    out=st.sets(st.integers(0, 29)),
    interface=st.sampled_from(["now", "raw"]),
)
def test_nobody_is_lost_and_nobody_asked_twice(keys, out, interface):
    refused = {(interface, keys[place]): NOW for place in out if place < len(keys)}

    found = [key for some in members(spared([asked(keys, interface)], refused, FIELDS, NOW)) for key in some]

    assert sorted(found) == sorted(keys)


@given(keys=st.lists(st.text("ab12", min_size=1, max_size=4), min_size=2, max_size=30, unique=True))
def test_halves_name_each_member_once_in_its_order(keys):
    first, second = halves(asked(keys), "ids")

    assert members([first, second]) == [first.subjects, second.subjects]
    assert (*first.subjects, *second.subjects) == tuple(keys)


def test_a_member_rests_ever_longer_but_never_a_day():
    rests = [rest(failures, first=FIRST_REST, longest=LONGEST_REST) for failures in (0, 1, 2, 500, 10**9)]

    assert rests == [timedelta(hours=hours) for hours in (1, 2, 4, 20, 20)]
