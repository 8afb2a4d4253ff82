"""What falls due when, how slowly a large fleet's snapshot is taken, and what a backfill is told to cost."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from include.core.pulls import Plan, PlannedDays, PulledDevice, PulledFleet, PulledPlant, RateLimit, Request
from include.core.span import Span
from include.core.vendors import Vendor
from include.steps import pull_plan

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
FLEET = PulledFleet(
    (PulledPlant("sp", "America/Sao_Paulo"), PulledPlant("cn", "Asia/Shanghai")),
    (PulledDevice("i1", "sp", "1"), PulledDevice("i2", "cn", "1")),
)


def cloud(rate_limits: tuple[RateLimit, ...] = ()) -> Any:
    """A vendor of whom everything is asked in one call a day."""

    def day_requests(credentials: Any, fleet: PulledFleet, first: date, last: date, is_backfill: bool) -> list[Request]:
        span = Span(datetime(2026, 1, 1, tzinfo=UTC), NOW)
        keys = tuple(device.key for device in fleet.devices)
        days = range((last - first).days + 1)
        return [Request("history", {"day": str(first + timedelta(day))}, "devices", span, keys) for day in days]

    return SimpleNamespace(
        vendor=Vendor("toy", "Toy", {}, ()),
        group_fields={},
        rate_limits=lambda credentials, fleet: rate_limits,
        fleet_requests=lambda credentials: [Request("list", {}, "fleet")],
        device_requests=lambda credentials, fleet: [],
        snapshot_requests=lambda credentials, fleet: [
            Request("latest", {"of": device.key}, "devices") for device in fleet.devices
        ],
        alarm_requests=lambda credentials, fleet, span: [Request("alarms", {}, "alarms", span)],
        day_requests=day_requests,
    )


def due(
    plans: dict[tuple[str, str], Plan], fleet: PulledFleet = FLEET, now: datetime = NOW
) -> dict[tuple[str, str], list[Request]]:
    planned = pull_plan.due_plans(cloud(), {}, fleet, plans, now=now)
    return {(plan.purpose, plan.timezone): plan.requests for plan in planned}


def test_of_an_unknown_fleet_only_the_lists_are_asked_for() -> None:
    assert due({}, PulledFleet()).keys() == {("fleet", "")}


def test_at_first_everything_is_due_and_the_days_of_each_zone_apart() -> None:
    assert due({}).keys() == {
        ("fleet", ""),
        ("now", ""),
        ("alarms", ""),
        ("days", "America/Sao_Paulo"),
        ("days", "Asia/Shanghai"),
    }


@pytest.mark.parametrize(
    ("purpose", "age", "is_due"),
    [
        pytest.param("fleet", timedelta(hours=23), False, id="lists are a day's"),
        pytest.param("fleet", timedelta(hours=24), True, id="lists of yesterday"),
        pytest.param("now", timedelta(minutes=4), False, id="a snapshot of four minutes"),
        pytest.param("now", timedelta(minutes=4, seconds=50), True, id="a run that comes a little early"),
        pytest.param("alarms", timedelta(minutes=29), False, id="alarms of half an hour"),
        pytest.param("alarms", timedelta(minutes=30), True, id="alarms older than half an hour"),
    ],
)
def test_each_purpose_has_its_pace(purpose: str, age: timedelta, is_due: bool) -> None:
    plans = {(purpose, ""): Plan(NOW - age, None)}

    assert ((purpose, "") in due(plans)) == is_due


def test_a_local_day_is_asked_for_an_hour_after_its_midnight_and_only_once() -> None:
    midnight = datetime(2026, 6, 16, 3, tzinfo=UTC)
    asked = {
        ("days", "America/Sao_Paulo"): Plan(midnight, date(2026, 6, 14)),
        ("days", "Asia/Shanghai"): Plan(NOW, date(2026, 6, 15)),
    }

    early = due(asked, now=midnight + timedelta(minutes=59))
    late = due(asked, now=midnight + timedelta(minutes=60))

    assert ("days", "America/Sao_Paulo") not in early
    assert [request.body["day"] for request in late["days", "America/Sao_Paulo"]] == ["2026-06-13", "2026-06-14", "2026-06-15"]
    done = asked | {("days", "America/Sao_Paulo"): Plan(midnight, date(2026, 6, 15))}
    assert not [key for key in due(done, now=midnight + timedelta(hours=20)) if key == ("days", "America/Sao_Paulo")]


def test_after_a_standstill_the_missed_days_are_made_up_as_far_as_a_month() -> None:
    week = due({("days", "Asia/Shanghai"): Plan(NOW, date(2026, 6, 5))})["days", "Asia/Shanghai"]
    year = due({("days", "Asia/Shanghai"): Plan(NOW, date(2025, 6, 5))})["days", "Asia/Shanghai"]

    assert (week[0].body["day"], week[-1].body["day"]) == ("2026-06-06", "2026-06-15")
    assert len(year) == 31


def test_an_answer_for_several_zones_is_not_the_whole_word_about_its_span() -> None:
    days = pull_plan.PlannedDays(date(2026, 6, 1), date(2026, 6, 1))

    (mixed,) = pull_plan.day_requests(cloud(), {}, FLEET, days, is_backfill=True)
    (single,) = pull_plan.day_requests(cloud(), {}, pull_plan.part_of(FLEET, plants=["sp"]), days, is_backfill=True)

    assert (mixed.is_authoritative, single.is_authoritative) == (False, True)


def test_a_snapshot_leaves_half_of_a_days_budget_to_everything_else() -> None:
    requests = [Request("latest", {"of": number}, "devices") for number in range(100)]

    pace = pull_plan.pace_of_now(requests, [RateLimit("*", 20_000, 86_400)])

    assert pace == timedelta(seconds=864)
    assert pull_plan.pace_of_now(requests[:1], [RateLimit("*", 20_000, 86_400)]) == timedelta(minutes=5)


def test_a_limit_of_each_subject_slows_only_what_is_asked_about_one_of_them_again_and_again() -> None:
    limit = RateLimit("alarms", 1, 600, is_per_subject=True)
    of_many = [Request("alarms", {"of": str(at)}, "alarms", None, (str(at),)) for at in range(50)]
    of_one = [Request("alarms", {"day": at}, "alarms", None, ("1",)) for at in range(3)]

    assert pull_plan.pace_of_alarms(of_many, [limit], timedelta(minutes=5)) == timedelta(minutes=10)
    assert pull_plan.pace_of_alarms(of_many + of_one, [limit], timedelta(minutes=5)) == timedelta(minutes=40)


def test_a_backfill_that_needs_more_than_a_days_budget_is_told_the_days_that_it_takes() -> None:
    requests = [Request("history", {"part": number}, "devices") for number in range(60)]
    budget = [RateLimit("history", 25, 86_400), RateLimit("history", 1, 65)]

    alone = pull_plan.estimate(requests, budget)
    beside = pull_plan.estimate(requests, budget, scheduled={"history": 5})

    assert alone.as_dict()["calls"] == {"history": 60}
    assert alone.seconds == 2 * 86_400
    assert beside.seconds == 2 * 86_400
    assert pull_plan.estimate(requests, budget, scheduled={"history": 15}).seconds == 5 * 86_400
    assert pull_plan.estimate(requests[:10], budget).seconds == 9 * 300


def test_planning_knows_no_database():
    script = "import sys, include.steps.pull_plan; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert "include.core.pulls" in loaded
    assert [name for name in loaded if name.startswith(("include.warehouse", "sqlalchemy", "psycopg2"))] == []


DAYS = PlannedDays(date(2026, 6, 13), date(2026, 6, 15))


@pytest.mark.parametrize(
    ("last_day", "days", "expected"),
    [
        pytest.param(None, DAYS, [date(2026, 5, 17), date(2026, 6, 9)], id="a first plan"),
        pytest.param(date(2026, 6, 14), DAYS, [date(2026, 5, 17), date(2026, 6, 9)], id="the next day"),
        pytest.param(
            date(2026, 6, 12),
            DAYS,
            [date(2026, 5, 15), date(2026, 5, 16), date(2026, 5, 17), date(2026, 6, 7), date(2026, 6, 8), date(2026, 6, 9)],
            id="a standstill of three days",
        ),
        pytest.param(
            date(2026, 6, 7),
            PlannedDays(date(2026, 6, 8), date(2026, 6, 15)),
            [date(2026, 5, 10 + day) for day in range(8)] + [date(2026, 6, 2 + day) for day in range(6)],
            id="not what is made up anyway",
        ),
    ],
)
def test_days_of_weeks_ago_are_looked_at_again_on_their_day_or_after_a_standstill(
    last_day: date | None, days: PlannedDays, expected: list[date]
) -> None:
    before = None if last_day is None else Plan(NOW, last_day)

    assert pull_plan.days_to_look_at_again(before, days) == expected


def test_after_a_long_standstill_no_more_days_are_looked_at_again_than_are_made_up() -> None:
    days = PlannedDays(date(2026, 5, 16), date(2026, 6, 15))

    assert len(pull_plan.days_to_look_at_again(Plan(NOW, date(2025, 1, 1)), days)) == 29
