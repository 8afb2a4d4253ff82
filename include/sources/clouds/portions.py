"""How much one request may be about: groups of subjects and their halves, parts of spans, whole months."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

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
    listed = request.body[group_field]
    members = listed.split(",") if isinstance(listed, str) else list(listed)
    if len(members) < 2:
        return []
    middle = (len(members) + 1) // 2
    found = []
    for part in (slice(None, middle), slice(middle, None)):
        some = ",".join(members[part]) if isinstance(listed, str) else members[part]
        subjects = request.subjects[part] if len(request.subjects) == len(members) else request.subjects
        found.append(replace(request, body={**request.body, group_field: some}, subjects=subjects))
    return found


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
