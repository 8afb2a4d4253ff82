"""Suites of Great Expectations, built from the rules and the quantity table.

Importing this module imports Great Expectations (seconds of CPU); only `include.quality.checks` does so, and late. The limits
stand in the arguments of each expectation, not in subclass defaults, so that a stored suite shows what was demanded.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import great_expectations as gx
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.expectation import Expectation

from include.core.quantities import QUANTITIES
from include.quality.expectations import (
    ExpectInstantsWithinLimits,
    ExpectMonthStart,
    ExpectPowerWithinRating,
    ExpectReadableValue,
    ExpectReadingsWithinLimits,
)
from include.quality.rules import (
    EARLIEST,
    FAULT_RULES,
    OVER_RATING,
    OWN_USE,
    RATED,
    RULES,
    SUBJECT_KNOWN,
    SUITE_VERSION,
    WITHIN_RATING,
    limits_of,
    rules_of,
)

_Quantities = tuple[str, ...]


def suite_name(feed: str) -> str:
    """Name of a feed's suite, such as `readings__consumption__v2`; dots would become folders."""
    return f"readings__{feed}__v{SUITE_VERSION}"


def build_suite(
    feed: str, quantities: _Quantities, *, is_rated: bool = True, faults: Sequence[str] = FAULT_RULES
) -> gx.ExpectationSuite:
    """The suite of one feed for the quantities that are present; each expectation's `meta.rule` is a name of `RULES`.

    Without ratings (`is_rated`) `power_within_rating` asks nothing and is left out, as are rules of the parser that are not among
    `faults`.

    Raises `KeyError` for a quantity that the quantity table does not have and `ValueError` for a feed without readings.
    """
    unasked = {*FAULT_RULES} - {*faults} | (set() if is_rated else {WITHIN_RATING})
    rules = [rule.name for rule in rules_of(feed) if rule.name not in unasked]
    expectations = [_EXPECTATIONS[rule](quantities) for rule in rules]
    meta = {"feed": feed, "version": SUITE_VERSION}
    return gx.ExpectationSuite(name=suite_name(feed), expectations=expectations, meta=meta)


def _described(rule: str) -> dict[str, Any]:
    return {"meta": {"rule": rule}, "description": f"{rule}: the reading {RULES[rule].demand}"}


def _no_fault(_: _Quantities, rule: str) -> Expectation:
    return ExpectColumnValuesToBeInSet(column=rule, value_set=[True], **_described(rule))


def _time_readable(_: _Quantities) -> Expectation:
    return ExpectColumnValuesToNotBeNull(column="measured_at", **_described("time_readable"))


def _time_plausible(_: _Quantities) -> Expectation:
    return ExpectInstantsWithinLimits(
        column_list=["measured_at", "latest_plausible"], earliest=EARLIEST.isoformat(), **_described("time_plausible")
    )


def _subject_known(_: _Quantities) -> Expectation:
    return ExpectColumnValuesToBeInSet(column="is_known", value_set=[True], **_described(SUBJECT_KNOWN))


def _value_readable(quantities: _Quantities) -> Expectation:
    states = [name for name in quantities if QUANTITIES[name].kind == "state"]
    columns = ["quantity", "value", "has_state"] if states else ["quantity", "value"]
    return ExpectReadableValue(column_list=columns, states=states, **_described("value_readable"))


def _within_physical_limits(quantities: _Quantities) -> Expectation:
    return ExpectReadingsWithinLimits(
        column_list=["quantity", "value"], limits=limits_of(quantities), **_described("within_physical_limits")
    )


def _power_within_rating(_: _Quantities) -> Expectation:
    return ExpectPowerWithinRating(
        column_list=["quantity", "value", "rated_kw", "has_battery"],
        limits=limits_of(RATED),
        most=OVER_RATING,
        own_use=OWN_USE,
        **_described(WITHIN_RATING),
    )


def _month_is_whole(_: _Quantities) -> Expectation:
    return ExpectMonthStart(column="measured_at", **_described("month_is_whole"))


_EXPECTATIONS: Final[dict[str, Callable[[_Quantities], Expectation]]] = {
    "time_readable": _time_readable,
    "time_plausible": _time_plausible,
    SUBJECT_KNOWN: _subject_known,
    "value_readable": _value_readable,
    "within_physical_limits": _within_physical_limits,
    WITHIN_RATING: _power_within_rating,
    "month_is_whole": _month_is_whole,
    **{rule: partial(_no_fault, rule=rule) for rule in FAULT_RULES},
}
