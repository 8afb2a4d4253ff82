"""Parameters: what callers may ask, and in which limits."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.routing import APIRoute

from api.errors import Problem, unprocessable
from include.core.quantities import QUANTITIES
from include.core.span import Span, day_span, local_day

RollupGrain = Literal["minute", "hour", "day", "week", "month", "year"]
"""Grains that may be asked for: the stored ones, and minutes, which are computed."""
EnergyGrain = Literal["day", "week", "month", "year"]

LONGEST_DAYS: Final[dict[RollupGrain, int]] = {
    "minute": 31, "hour": 366, "day": 3_660, "week": 36_600, "month": 36_600, "year": 36_600,
}  # fmt: skip
"""Longest span [d] of one rollup request, by grain."""
DEFAULT_DAYS: Final[dict[RollupGrain, int]] = {"minute": 1, "hour": 7, "day": 31, "week": 366, "month": 731, "year": 3_653}
"""Span [d] before `to` where `from` is not given, by grain."""
LONGEST_READING_DAYS: Final = 3_660
DEFAULT_READING_DAYS: Final = 1
LONGEST_PEAK_DAYS: Final = 31
MOST_ROLLUP_ROWS: Final = 100_000
"""Rows that one answer for all devices of a plant may hold."""
MOST_COMPUTED_MINUTES: Final = 200_000
"""Minutes of inverters from which one answer for a plant may be computed."""
HOURS_PER: Final[dict[RollupGrain, float]] = {
    "minute": 1 / 60, "hour": 1, "day": 24, "week": 168, "month": 720, "year": 8_760,
}  # fmt: skip

_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
_DAY_PATTERN: Final = (
    r"((19(7[1-9]|[89][0-9])|20[0-9][0-9])-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26]))-02-29)"
)
_TIME_PATTERN: Final = r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
# What the reading below demands, told to callers: sentences of our own say better than a pattern what is wrong.
MOMENT_SCHEMA: Final[dict[str, Any]] = {"pattern": f"^{_DAY_PATTERN}({_TIME_PATTERN})?$"}
DAY_SCHEMA: Final[dict[str, Any]] = {"pattern": f"^{_DAY_PATTERN}$"}
MONTH_SCHEMA: Final[dict[str, Any]] = {"pattern": r"^(19[789][0-9]|20[0-9][0-9]|2100)-(0[1-9]|1[0-2])$"}
_NAMES: dict[tuple[str, str], frozenset[str]] = {}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_ALL_BUT_ID = 2**31 - 1

Id = Annotated[int, Path(ge=1, le=_ALL_BUT_ID, description="Id from a list of this API.")]
OptionalId = Annotated[int | None, Query(ge=1, le=_ALL_BUT_ID)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most rows in one answer.")]
ReadingLimit = Annotated[int, Query(ge=1, le=10_000, description="Most rows in one answer.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="`next` of the answer before; leave the other parameters as they were.")
]
GrainParameter = Annotated[
    RollupGrain,
    Query(description="Length of the intervals: minutes, or local hours, days, ISO weeks, months or years of the plant."),
]
EnergyGrainParameter = Annotated[
    EnergyGrain, Query(description="Length of the intervals: local days, ISO weeks, months or years of the plant.")
]
QuantityParameter = Annotated[Literal[*QUANTITIES], Query(description="A quantity; its name carries the unit.")]  # type: ignore[valid-type]
Layout = Annotated[
    Literal["objects", "table"],
    Query(description="table: each interval is an array in the order of `columns`; 40 % fewer bytes."),
]
Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


@dataclass(frozen=True, slots=True)
class Window:
    """`from` and `to` as they were asked: instants with an offset, local days, or nothing."""

    first: date | datetime | None
    end: date | datetime | None

    def span(self, timezone: ZoneInfo, *, now: datetime, default_days: int, longest_days: int) -> Span:
        """Half-open UTC span; local days are those of `timezone`. Without `to` it ends with the local day of `now`.

        Raises a 422 problem for a span that is reversed or longer than `longest_days` [d].
        """
        tomorrow = local_day(now, timezone) + timedelta(days=1)
        end = _instant(self.end if self.end is not None else tomorrow, timezone)
        first = _instant(self.first, timezone) if self.first is not None else end - timedelta(days=default_days)
        if first >= end:
            raise unprocessable(
                "from", f"from {first:%Y-%m-%dT%H:%M:%SZ} is not before to {end:%Y-%m-%dT%H:%M:%SZ}; to is exclusive"
            )
        # Local days may be an hour longer than 24 where the clocks change.
        if end - first > timedelta(days=longest_days, hours=2):
            raise unprocessable(
                "from",
                f"the span is {(end - first).days} days long and the most is {longest_days}; ask for less or a coarser grain",
            )
        return Span(first, end)


async def window_parameter(
    first: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=40,
            description="Start, inclusive: local day of the plant (2026-11-01) or instant with offset.",
            json_schema_extra=MOMENT_SCHEMA,
        ),
    ] = None,
    end: Annotated[
        str | None, Query(alias="to", max_length=40, description="End, exclusive, as `from`.", json_schema_extra=MOMENT_SCHEMA)
    ] = None,
) -> Window:
    """Read `from` and `to`."""
    return Window(_moment("from", first), _moment("to", end))


WindowParameter = Annotated[Window, Depends(window_parameter)]


@dataclass(frozen=True, slots=True)
class Months:
    """A half-open range of months by their first days; None where it is open."""

    first: date | None
    end: date | None


async def months_parameter(
    first: Annotated[
        str | None,
        Query(alias="from", max_length=7, description="First month, inclusive: 2026-01.", json_schema_extra=MONTH_SCHEMA),
    ] = None,
    end: Annotated[
        str | None,
        Query(alias="to", max_length=7, description="Month that ends the range, exclusive.", json_schema_extra=MONTH_SCHEMA),
    ] = None,
) -> Months:
    """Read `from` and `to` as months."""
    months = Months(month_of("from", first) if first else None, month_of("to", end) if end else None)
    if months.first and months.end and months.first >= months.end:
        raise unprocessable("from", f"from {first} is not before to {end}; to is exclusive")
    return months


MonthsParameter = Annotated[Months, Depends(months_parameter)]


def month_of(parameter: str, text: str) -> date:
    """First day of a month written as 2026-11; raises a 422 problem."""
    if not _MONTH.fullmatch(text) or not _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
        raise unprocessable(
            parameter, f"{text[:20]!r} is not a month between {_FIRST_YEAR} and {_LAST_YEAR}; write it as 2026-11"
        )
    return date.fromisoformat(f"{text}-01")


def day_of(parameter: str, text: str) -> date:
    """A day written as 2026-11-21; raises a 422 problem."""
    moment = _moment(parameter, text)
    if moment is None or isinstance(moment, datetime):
        raise unprocessable(parameter, f"{text[:40]!r} is not a day; write it as 2026-11-21")
    return moment


def settled_until(span: Span, *, now: datetime, settled_after_h: float) -> datetime:
    """Instant until which an answer for `span` is settled, within the span.

    Rounded down to the quarter hour, the finest offset of any zone's hours: so an answer changes when an interval settles, not
    with every second.
    """
    return max(span.start, min(span.end, settled_edge(now=now, settled_after_h=settled_after_h)))


def settled_edge(*, now: datetime, settled_after_h: float) -> datetime:
    """Quarter of an hour until which everything is settled; an interval that ends later is provisional."""
    return quarter_of(now - timedelta(hours=settled_after_h))


def quarter_of(instant: datetime) -> datetime:
    """Start [UTC] of the quarter of an hour in which an instant falls."""
    utc = instant.astimezone(UTC)
    return utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)


def days_that_start(span: Span, timezone: ZoneInfo) -> tuple[date, date]:
    """Half-open range of the local days that start in a span."""
    return _first_day_from(span.start, timezone), _first_day_from(span.end, timezone)


def _first_day_from(instant: datetime, timezone: ZoneInfo) -> date:
    """The first local day that does not start before an instant."""
    day = local_day(instant, timezone)
    return day if day_span(day, timezone).start >= instant else day + timedelta(days=1)


def require_rows_fit(span: Span, grain: RollupGrain, series_count: int) -> None:
    """Raise a 422 problem when an answer for so many series would hold more than `MOST_ROLLUP_ROWS` rows."""
    rows = series_count * ((span.end - span.start) / timedelta(hours=HOURS_PER[grain]) + 1)
    if rows > MOST_ROLLUP_ROWS:
        raise unprocessable(
            "from",
            f"{series_count} devices in this span make about {rows:,.0f} rows and one answer holds {MOST_ROLLUP_ROWS:,}; "
            "ask for a shorter span or a coarser grain",
        )


def require_minutes(quantity: str, kind: str) -> None:
    """Raise a 422 problem for amounts: they belong to five minutes or longer."""
    if kind == "amount":
        raise unprocessable("grain", f"{quantity} is an amount and has no minutes; ask for grain=day or a longer one")


def require_minutes_fit(span: Span, series_count: int) -> None:
    """Raise a 422 problem when the minutes of a plant are to be computed from more than `MOST_COMPUTED_MINUTES`."""
    minutes = series_count * ((span.end - span.start) / timedelta(minutes=1))
    if minutes > MOST_COMPUTED_MINUTES:
        raise unprocessable(
            "from",
            f"the plant's minutes are the sum of {series_count} inverters', in this span {minutes:,.0f}, and one answer is made "
            f"from {MOST_COMPUTED_MINUTES:,} at most; ask for a shorter span or a coarser grain",
        )


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not know, and repeated ones: a slip must not change the answer silently."""
    if not request.url.query:
        return
    known = _names_of(request.scope["route"])
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            offer = ", ".join(sorted(known)) or "none"
            raise Problem(400, "unknown-parameter", f"there is no parameter {name[:60]!r} here; there are: {offer}")
        if names.count(name) > 1:
            raise Problem(400, "repeated-parameter", f"parameter {name!r} is given more than once; give it once")


def _names_of(route: APIRoute) -> frozenset[str]:
    # Flattening the dependencies of a route costs as much as the rest of the request: it is done once.
    key = (route.path, route.name)
    if key not in _NAMES:
        _NAMES[key] = frozenset(field.alias for field in get_flat_dependant(route.dependant).query_params)
    return _NAMES[key]


def _moment(parameter: str, text: str | None) -> date | datetime | None:
    if text is None:
        return None
    found = _MOMENT.fullmatch(text)
    if not found:
        hint = "; write + as %2B in a URL" if " " in text else ""
        raise unprocessable(
            parameter, f"{text[:40]!r} is neither a day (2026-11-21) nor an instant with offset (2026-11-21T12:00:00-03:00){hint}"
        )
    if found[2] and not found[3]:
        raise unprocessable(parameter, f"{text[:40]!r} has no offset; append Z or one such as -03:00")
    try:
        moment = datetime.fromisoformat(text) if found[2] else date.fromisoformat(text)
    except ValueError as error:
        raise unprocessable(parameter, f"{text[:40]!r} is not in the calendar; correct it") from error
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:
        raise unprocessable(parameter, f"{text[:40]!r} lies outside {_FIRST_YEAR} to {_LAST_YEAR}; correct the year")
    return moment


def _instant(moment: date | datetime, timezone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else day_span(moment, timezone).start
