"""How much one request may be about: groups of subjects and their halves, parts of spans, whole months."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, month_start, next_month

_Thing = TypeVar("_Thing")


def groups(things: Sequence[_Thing], most: int) -> Iterator[Sequence[_Thing]]:
    """Neighbours, at most so many together."""
    return (things[start : start + most] for start in range(0, len(things), most))


def sorted_plants(fleet: PulledFleet) -> list[PulledPlant]:
    """The plants in the order of their keys, so that equal fleets are asked about in equal requests."""
    return sorted(fleet.plants, key=lambda plant: plant.key)


def keys_of(group: Iterable[PulledPlant | PulledDevice]) -> tuple[str, ...]:
    """The vendor's keys."""
    return tuple(member.key for member in group)


def halves(request: Request, group_field: str) -> list[Request]:
    """A request about several plants or devices as two; empty where it is about one.

    Args:
        request: What the vendor refused for one of its members.
        group_field: Field of its body that lists them, as an array or as a comma-joined text.
    """
    count = len(_listed(request, group_field))
    middle = (count + 1) // 2
    return [some_of(request, group_field, part) for part in (range(middle), range(middle, count))] if count > 1 else []


def members_of(request: Request, group_field: str | None) -> tuple[str, ...]:
    """Keys of the plants or devices that a request is about, in the order of its body.

    The subjects of alarms are plants, though a device may be asked for them.
    """
    if group_field is None:
        return request.subjects
    members = tuple(map(str, _listed(request, group_field)))
    is_each_named = request.kind != "alarms" and len(request.subjects) == len(members)
    return request.subjects if is_each_named else members


def some_of(request: Request, group_field: str, positions: Iterable[int]) -> Request:
    """The same request about those of its members only."""
    places, listed = list(positions), request.body[group_field]
    members = _listed(request, group_field)
    some = [members[place] for place in places]
    is_each_named = len(request.subjects) == len(members)
    subjects = tuple(request.subjects[place] for place in places) if is_each_named else request.subjects
    body = {**request.body, group_field: ",".join(some) if isinstance(listed, str) else some}
    return replace(request, body=body, subjects=subjects)


def _listed(request: Request, group_field: str) -> list[Any]:
    listed = request.body[group_field]
    return listed.split(",") if isinstance(listed, str) else list(listed)


def parts(span: Span, longest: timedelta) -> Iterator[Span]:
    """Spans that follow each other and fill the span; all but the last are as long as may be."""
    start = span.start
    while start < span.end:
        end = min(start + longest, span.end)
        yield Span(start, end)
        start = end


def union(spans: Iterable[Span]) -> Span:
    """The shortest span that holds all of them, of which there is at least one."""
    known = list(spans)
    return Span(min(span.start for span in known), max(span.end for span in known))


def months_touched(first: date, last: date) -> Iterator[date]:
    """First days of the months in which the days from first to last lie."""
    month = month_start(first)
    while month <= last:
        yield month
        month = next_month(month)


def months_over(first: date, last: date) -> list[date]:
    """Those of the months touched that are over when `last` is."""
    return [month for month in months_touched(first, last) if next_month(month) <= last + timedelta(days=1)]
