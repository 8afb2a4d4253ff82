"""The rules that every reading must keep before it reaches the warehouse: names, sentences and which feed has which; plain data.

A rule's name is stable: it is stored with every quarantined row and counted in every load. What a rule demands may only change
together with `SUITE_VERSION`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from include.core.documents import READING_FEEDS
from include.core.frames import FaultRule
from include.core.quantities import QUANTITIES

SUITE_VERSION: Final = 4
"""Rises when a rule or a limit changes its meaning; part of every suite name."""

CHECKED_FEEDS: Final = tuple(feed for feed in READING_FEEDS if not feed.endswith("_alarms"))
"""Feeds whose readings are checked; lists of alarms hold none."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No device of a solar fleet has measured before this; earlier stamps are clocks that were never set."""

CLOCK_AHEAD: Final = timedelta(minutes=10)
"""How far a device's clock may run ahead of the moment of receipt."""

RATED: Final = ("ac_power_kw", "dc_power_kw")
"""Powers that a rating bounds."""

ROW_WHOLE: Final = "row_whole"
SUBJECT_KNOWN: Final = "subject_known"
"""What breaks this rule waits: as soon as the subject is registered, its documents are read again."""

NUMBER_UNAMBIGUOUS: Final[FaultRule] = "number_unambiguous"
"""What breaks this rule waits: as soon as another document of the feed proves how its numbers are written, it is read again."""

WITHIN_RATING: Final = "power_within_rating"
"""What breaks this rule is read again as soon as the rating changes."""

OVER_RATING: Final = 1.5
"""How far a power may exceed its rating: beyond any overload or oversized array, far below a W taken for a kW."""

OWN_USE: Final = 0.05
"""How far below zero a power may lie, by its rating: what an inverter draws at night and its sensor errs (0.7 % at an inverter of
NREL's, a few per cent at small ones in standby), far below power of the wrong sign. With a battery, which may be charged from the
grid, it may draw as much as it gives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; `demand` completes the sentence "the reading ...".

    A row that breaks a rule is not told to break what the rule explains: an ambiguous number is no unreadable one.
    """

    name: str
    demand: str
    feeds: tuple[str, ...] = CHECKED_FEEDS
    explains: tuple[str, ...] = ()


_OF_TIME: Final = ("time_readable", "time_plausible", "month_is_whole")
_OF_VALUE: Final = ("value_readable", "within_physical_limits", WITHIN_RATING)

_ROWS: Final = (
    Rule(
        ROW_WHOLE,
        "comes from a whole record: one that is not cut, has no cells too many, and names what was measured",
        explains=(*_OF_TIME, *_OF_VALUE, SUBJECT_KNOWN, "time_unambiguous", NUMBER_UNAMBIGUOUS, "unit_known"),
    ),
    Rule("time_readable", "has a time that can be read"),
    Rule("time_unambiguous", "has a time that can be read in one way only", explains=_OF_TIME),
    Rule("time_plausible", f"was measured since {EARLIEST.date()} and at most 10 minutes after it was received"),
    Rule(SUBJECT_KNOWN, "belongs to a plant, device or customer that is registered"),
    Rule("value_readable", "has a value that is a number, or a text where its quantity is a state"),
    Rule(NUMBER_UNAMBIGUOUS, "has a number that can be read in one way only", explains=_OF_VALUE),
    Rule("unit_known", "has a unit and a type that are known", explains=_OF_VALUE),
    Rule("within_physical_limits", "lies within what is physically possible"),
    Rule(
        WITHIN_RATING,
        f"is at most {OVER_RATING:g} times the rating of its inverter or plant, and at least -{OWN_USE:g} times it "
        f"(-{OVER_RATING:g} times with a battery)",
        tuple(feed for feed in CHECKED_FEEDS if feed != "consumption"),
    ),
    Rule("month_is_whole", "belongs to a calendar month and is stamped with its first day", ("consumption",)),
)

RULES: Final[dict[str, Rule]] = {row.name: row for row in _ROWS}

FAULT_RULES: Final[tuple[FaultRule, ...]] = get_args(FaultRule)
"""Rules that the parser has judged: rows that break one say so in `faults`."""


def rules_of(feed: str) -> tuple[Rule, ...]:
    """The rules of one feed, in the order of their bits; raises `ValueError` for a feed that carries no readings."""
    if feed not in CHECKED_FEEDS:
        raise ValueError(f"feed {feed!r} carries no readings; the reading feeds are {', '.join(CHECKED_FEEDS)}")
    return tuple(rule for rule in _ROWS if feed in rule.feeds)


def latest_plausible(received_at: datetime) -> datetime:
    """The last instant at which something received at `received_at` (aware) can have been measured."""
    return received_at + CLOCK_AHEAD


def limits_of(quantities: tuple[str, ...]) -> dict[str, list[float]]:
    """Inclusive `[low, high]` of each quantity, in its own unit; states have none."""
    rows = [QUANTITIES[name] for name in quantities]
    return {row.name: [float(row.low), float(row.high)] for row in rows if row.kind != "state"}


def reason(rule: str, quantity: str | None = None) -> str:
    """The sentence that tells a person why a reading was held back, with the limits where the quantity is known."""
    known = QUANTITIES.get(quantity or "")
    if rule == "within_physical_limits" and known is not None:
        return f"{rule}: {known.name} must lie between {known.low:,g} and {known.high:,g} {known.unit}".rstrip()
    return f"{rule}: a reading is kept only if it {RULES[rule].demand}"
