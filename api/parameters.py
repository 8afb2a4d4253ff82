"""Parameters: what callers may ask, and in which limits."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, get_args
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from api.errors import Problem, unprocessable
from api.models.choices import AskedGrain, EnergyGrain, Quantity, RollupGrain
from api.models.choices import Layout as LayoutChoice
from api.output_formats import OUTPUT_PARAMETERS
from api.tables import table_of
from include.core.quantities import QUANTITIES
from include.core.span import Span, day_span, local_day

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
AUTO_POINTS: Final = 1_000
"""Most intervals of a series where the grain is chosen here and nobody says how many."""
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
INSTANT_SCHEMA: Final[dict[str, Any]] = {"pattern": f"^{_DAY_PATTERN}{_TIME_PATTERN}$"}
DAY_SCHEMA: Final[dict[str, Any]] = {"pattern": f"^{_DAY_PATTERN}$"}
MONTH_SCHEMA: Final[dict[str, Any]] = {"pattern": r"^(19[789][0-9]|20[0-9][0-9]|2100)-(0[1-9]|1[0-2])$"}
_NAMES: dict[tuple[str, str], frozenset[str]] = {}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_ALL_BUT_ID = 2**31 - 1
LAST_DOCUMENT: Final = 2**53 - 1
"""Largest number of a document: the last one that every reader of JSON keeps exactly."""
AFTER_ALL: Final = LAST_DOCUMENT + 1
"""Where a list begins that runs downwards by such numbers."""


def _digits_only(text: object) -> object:
    """A whole number as people write it; pydantic would take `1_0` for 10, and `+1`, ` 1` and `1.0` for 1."""
    if isinstance(text, str) and not re.fullmatch(r"-?[0-9]+", text):
        raise PydanticCustomError("digits_only", "write a whole number with digits alone")
    return text


_AS_DIGITS: Final = BeforeValidator(_digits_only)
Id = Annotated[int, Path(ge=1, le=_ALL_BUT_ID, description="Id from a list of this API."), _AS_DIGITS]
OptionalId = Annotated[int | None, Query(ge=1, le=_ALL_BUT_ID), _AS_DIGITS]
DocumentId = Annotated[int, Path(ge=1, le=LAST_DOCUMENT, description="Id from a list of this API."), _AS_DIGITS]
OptionalDocumentId = Annotated[int | None, Query(ge=1, le=LAST_DOCUMENT), _AS_DIGITS]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most rows in one answer."), _AS_DIGITS]
ReadingLimit = Annotated[int, Query(ge=1, le=10_000, description="Most rows in one answer."), _AS_DIGITS]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="`next` of the answer before; leave the other parameters as they were.")
]
EnergyGrainParameter = Annotated[
    EnergyGrain, Query(description="Length of the intervals: local days, ISO weeks, months or years of the plant.")
]
QuantityParameter = Annotated[Quantity, Query(description="A quantity; its name carries the unit.")]
Layout = Annotated[
    LayoutChoice,
    Query(description="table: each interval is an array in the order of `columns`; 40 % fewer bytes."),
]
_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
Text = Annotated[str | None, Query(max_length=200, pattern=_LINE)]
RunId = Annotated[str, Query(max_length=250, pattern=_LINE, description="Airflow's id of a run.")]
OptionalRunId = Annotated[str | None, Query(max_length=250, pattern=_LINE)]


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


async def since_parameter(
    since: Annotated[
        str | None,
        Query(max_length=40, description="Instant with offset (2026-11-01T00:00:00-03:00).", json_schema_extra=INSTANT_SCHEMA),
    ] = None,
) -> datetime | None:
    """Read `since`; raises a 422 problem for a bare day, which begins at another instant in every zone."""
    moment = _moment("since", since)
    if moment is None or isinstance(moment, datetime):
        return moment
    raise unprocessable("since", f"{since!r} is a day, and plants may be in several zones; write an instant: {since}T00:00:00Z")


SinceParameter = Annotated[datetime | None, Depends(since_parameter)]


@dataclass(frozen=True, slots=True)
class GrainWish:
    """The grain that was asked for; None: the finest that makes at most so many points of a series."""

    grain: RollupGrain | None
    points: int

    def choose(
        self, window: Window, timezone: str, *, now: datetime, quantity: str, series_count: int = 1, minutes_of: int = 1
    ) -> tuple[RollupGrain, Span]:
        """Grain and span of an answer for so many series; each one's minutes would be summed from those of `minutes_of`.

        Raises a 422 problem for a span that is too long, or makes more points even by years.
        """
        zone = ZoneInfo(timezone)
        if self.grain is not None:
            default_days, longest_days = DEFAULT_DAYS[self.grain], LONGEST_DAYS[self.grain]
            return self.grain, window.span(zone, now=now, default_days=default_days, longest_days=longest_days)
        span = window.span(zone, now=now, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["year"])
        most_points = min(self.points, MOST_ROLLUP_ROWS // max(1, series_count))
        for grain in _grains_of(quantity):
            most = min(most_points, MOST_COMPUTED_MINUTES // max(1, minutes_of)) if grain == "minute" else most_points
            if _points(span, grain) <= most and span.end - span.start <= timedelta(days=LONGEST_DAYS[grain]):
                return grain, span
        raise unprocessable(
            "points", f"the span makes about {_points(span, 'year'):,.0f} points by years; ask for a shorter one or more points"
        )


async def grain_wish(
    grain: Annotated[
        AskedGrain,
        Query(
            description="Length of the intervals: minutes, or local hours, days, ISO weeks, months or years of the plant. auto: "
            "the finest that makes at most `points`; the answer's `grain` tells it."
        ),
    ] = "auto",
    points: Annotated[
        int | None,
        Query(ge=2, le=MOST_ROLLUP_ROWS, description=f"Most intervals of a series; only with grain=auto, {AUTO_POINTS:,} there."),
    ] = None,
) -> GrainWish:
    """Read `grain` and `points`; raises a 422 problem for points beside a grain."""
    if grain == "auto":
        return GrainWish(None, points or AUTO_POINTS)
    if points is not None:
        raise unprocessable("points", f"points goes with grain=auto; leave out points, or grain={grain}")
    return GrainWish(grain, AUTO_POINTS)


GrainParameter = Annotated[GrainWish, Depends(grain_wish)]


def _grains_of(quantity: str) -> tuple[RollupGrain, ...]:
    """Grains from the finest that a quantity has: an amount of a day or month has no shorter ones, none has minutes."""
    grains: tuple[RollupGrain, ...] = get_args(RollupGrain)
    if quantity not in QUANTITIES or QUANTITIES[quantity].kind != "amount":
        return grains
    if quantity.startswith("consumption_"):
        return grains[grains.index("month") :]
    return grains[next((grains.index(grain) for grain in ("day", "month") if f"_{grain}_" in quantity), grains.index("hour")) :]


def _points(span: Span, grain: RollupGrain) -> float:
    """About how many intervals of a grain overlap a span."""
    return (span.end - span.start) / timedelta(hours=HOURS_PER[grain]) + 1


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


def settled_until(span: Span, edge: datetime) -> datetime:
    """Instant until which an answer for `span` is settled, within the span; `edge` as by `settled_edge`."""
    return max(span.start, min(span.end, edge))


def settled_edge(*, now: datetime, settled_after_h: float) -> datetime:
    """Quarter of an hour until which everything is settled; an interval that ends later is provisional.

    A quarter is the finest offset of any zone's hours: so an answer changes when an interval settles, not with every second.
    """
    return quarter_of(now - timedelta(hours=settled_after_h))


def quarter_of(instant: datetime) -> datetime:
    """Start [UTC] of the quarter of an hour in which an instant falls."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
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
    rows = series_count * _points(span, grain)
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
        own = frozenset(field.alias for field in get_flat_dependant(route.dependant).query_params)
        _NAMES[key] = own | OUTPUT_PARAMETERS if table_of(route.response_model) else own
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
    # In UTC from here on: PostgreSQL takes no offset beyond 15:59, ISO 8601 and Python do.
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _instant(moment: date | datetime, timezone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else day_span(moment, timezone).start
