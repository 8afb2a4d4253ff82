from datetime import UTC, datetime

import pytest

from include.core.documents import READING_FEEDS
from include.quality.rules import CHECKED_FEEDS, RULES, latest_plausible, limits_of, reason, rules_of


def test_only_consumption_demands_whole_months():
    demanding = [feed for feed in CHECKED_FEEDS if "month_is_whole" in {rule.name for rule in rules_of(feed)}]

    assert demanding == ["consumption"]


def test_a_feed_without_readings_has_no_rules():
    with pytest.raises(ValueError, match="'registry' carries no readings"):
        rules_of("registry")


def test_lists_of_alarms_are_loaded_but_hold_no_readings():
    assert set(READING_FEEDS) - set(CHECKED_FEEDS) == {
        f"{vendor}_alarms" for vendor in ("sungrow", "deye", "huawei", "solaredge", "growatt")
    }
    with pytest.raises(ValueError, match="'huawei_alarms' carries no readings"):
        rules_of("huawei_alarms")


def test_every_rule_fits_into_the_bits_of_a_row():
    assert len(RULES) < 63


def test_a_clock_may_run_ten_minutes_ahead():
    assert latest_plausible(datetime(2026, 1, 1, 12, 0, tzinfo=UTC)) == datetime(2026, 1, 1, 12, 10, tzinfo=UTC)


def test_states_have_no_limits():
    assert limits_of(("humidity_pct", "state")) == {"humidity_pct": [0.0, 100.0]}


def test_the_reason_tells_the_limits_and_their_unit():
    assert reason("within_physical_limits", "ac_power_kw") == (
        "within_physical_limits: ac_power_kw must lie between -100,000 and 500,000 kW"
    )


def test_the_reason_of_any_other_rule_tells_its_demand():
    assert reason("time_readable") == "time_readable: a reading is kept only if it has a time that can be read"
