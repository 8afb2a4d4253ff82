"""Call budgets of the imitated clouds."""

from datetime import UTC, datetime

import pytest

from sandbox.limits import ANY, RULES, Exceeded, Limits, Rule
from sandbox.world import ShiftedClock

RULE_CASES = [(vendor, rule) for vendor, rules in RULES.items() for rule in rules]


def clock_at(hour=10):
    return ShiftedClock(datetime(2026, 6, 14, hour, tzinfo=UTC), runs=False)


@pytest.mark.parametrize(
    ("vendor", "rule"), RULE_CASES, ids=[f"{vendor}-{rule.interface}-{rule.window_s}" for vendor, rule in RULE_CASES]
)
def test_each_budget_refuses_the_call_after_its_last_and_comes_back(vendor, rule):
    clock = clock_at()
    limits = Limits(clock, rules={vendor: (rule,)})
    for _ in range(rule.calls):
        limits.spend(vendor, "account", rule.interface)

    with pytest.raises(Exceeded) as refused:
        limits.spend(vendor, "account", rule.interface)

    assert refused.value.window_s == rule.window_s
    limits.spend(vendor, "another account", rule.interface)
    clock.advance(rule.window_s)
    limits.spend(vendor, "account", rule.interface)


def test_a_minute_slides_and_a_day_ends_at_midnight():
    clock = clock_at(23)
    limits = Limits(clock, rules={"huawei": (Rule("a", 1, 60), Rule("a", 2, 86_400))})
    limits.spend("huawei", "u", "a")
    clock.advance(60)
    limits.spend("huawei", "u", "a")
    clock.advance(60)

    with pytest.raises(Exceeded) as refused:
        limits.spend("huawei", "u", "a")

    assert refused.value.window_s == 86_400
    clock.advance(3600)
    limits.spend("huawei", "u", "a")


def test_a_refused_call_costs_nothing_but_is_counted():
    clock = clock_at()
    limits = Limits(clock, rules={"huawei": (Rule("a", 1, 60),)})
    limits.spend("huawei", "u", "a")
    clock.advance(59)
    with pytest.raises(Exceeded):
        limits.spend("huawei", "u", "a")

    clock.advance(1)
    limits.spend("huawei", "u", "a")

    assert limits.counts() == [{"vendor": "huawei", "account": "u", "interface": "a", "calls": 3, "refused": 1}]


def test_a_budget_of_all_interfaces_is_shared():
    limits = Limits(clock_at(), rules={"sungrow": (Rule(ANY, 2, 3600),)})
    limits.spend("sungrow", "app", "a")
    limits.spend("sungrow", "app", "b")

    with pytest.raises(Exceeded):
        limits.spend("sungrow", "app", "c")

    assert limits.left("sungrow", "app", ANY, 3600) == 0
    assert limits.left("sungrow", "app", ANY, 60) is None


def test_switched_off_they_count_and_refuse_nothing_and_can_be_forgotten():
    limits = Limits(clock_at(), on=False)
    for _ in range(40):
        limits.spend("huawei", "u", "getKpiStationDay")

    assert limits.counts()[0]["calls"] == 40
    limits.forget()
    assert limits.counts() == []
