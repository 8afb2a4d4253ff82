"""Lists that come page by page, for all vendors alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike

MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, how many rows all pages have, and its number, the last two where the vendor says them.

    Without a total, a page that is not full is the last one.
    """

    rows: list[Any]
    total: int | None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """How the pages of an interface are asked for and read.

    Attributes:
        number: Field of the body that asks for a page, from 1.
        size: Field of the body that says how many rows a page has at most.
        read: Answer -> its page; raises `TryLater` where it has no list or does not say how many rows there are.
        identity: What tells one row from another; None for a row that does not say it.
        repeats: Where the vendor may list a row twice, though nothing is wrong. A row of another page that comes again otherwise
            means that the list changed meanwhile, and another row was missed.
    """

    number: str
    size: str
    read: Callable[[Mapping[str, Any]], Page]
    identity: Callable[[Any], str | None]
    repeats: Literal["nowhere", "on a page", "on any page"] = "nowhere"


def fetch_pages(session: SessionLike, request: Request, paging: Paging, *, label: str) -> list[Answer]:
    """All pages of a list, each as it came.

    Raises:
        TryLater: A page is missing, repeats another (the list changed meanwhile), is another one than was asked for, or there
            are too many.
    """
    return list(_pages(session, request, paging, label))


def _pages(session: SessionLike, request: Request, paging: Paging, label: str) -> Iterator[Answer]:
    known: set[str] = set()
    row_count = total = 0
    for number in range(1, MOST_PAGES + 1):
        answer = session.post(request.interface, {**request.body, paging.number: number})
        page = paging.read(answer.data)
        keys = [key for row in page.rows if (key := paging.identity(row)) is not None]
        is_repeat = _is_repeat(keys, known, paging)
        is_new = len(keys) < len(page.rows) or not known.issuperset(keys)
        known.update(keys)
        row_count += len(page.rows)
        size = request.body[paging.size]
        total = max(total, page.total or 0)  # a later page that knows of fewer rows ends no list
        listed = f"{label} listed {row_count} of {total} rows of {request.interface}"
        if page.number not in {None, number} or is_repeat:
            raise TryLater(f"{listed}, but page {number} repeats another; ask again for all pages")
        yield answer
        if page.total is None:
            if len(page.rows) < size:
                return
        elif row_count >= total and (paging.repeats != "on any page" or _is_last(known, page.total, len(page.rows) < size)):
            return
        if not is_new:
            raise TryLater(f"{listed}, and page {number} brings nothing new; ask again for all pages")
    raise TryLater(f"{label} has more than {MOST_PAGES} pages of {request.interface}; ask again for all pages")


def _is_repeat(keys: list[str], known: set[str], paging: Paging) -> bool:
    is_twice = paging.repeats == "nowhere" and len(set(keys)) < len(keys)
    return is_twice or (paging.repeats != "on any page" and not known.isdisjoint(keys))


def _is_last(known: set[str], total: int, is_short: bool) -> bool:
    """Whether no page follows, where a row may come twice: all are known, or the page is not full."""
    return len(known) >= total or is_short
