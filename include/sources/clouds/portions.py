"""How much one question may be about: groups of subjects, parts of spans, whole months."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from include.core.span import Span, month_start, next_month

_Thing = TypeVar("_Thing")


def groups(things: Sequence[_Thing], most: int) -> Iterator[Sequence[_Thing]]:
    """Neighbours, at most so many together."""
    return (things[start : start + most] for start in range(0, len(things), most))


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
