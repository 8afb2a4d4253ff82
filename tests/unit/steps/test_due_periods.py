"""Which reports fall due at an instant, without any warehouse."""

from datetime import UTC, date, datetime

import pytest

from include.steps.report_calendar import _fallen_due, _of_the_store, request_of

PLANT = {"plant_id": 7, "plant_key": "p", "tenant": "demo", "timezone": "America/Sao_Paulo"}


@pytest.mark.parametrize(
    ("run_after", "zone", "expected"),
    [
        ("2026-02-15T12:00", "America/Sao_Paulo", [("day", date(2026, 2, 14))]),
        ("2024-03-01T12:00", "America/Sao_Paulo", [("day", date(2024, 2, 29)), ("month", date(2024, 2, 29))]),
        ("2026-01-01T12:00", "America/Sao_Paulo", [("day", date(2025, 12, 31)), ("month", date(2025, 12, 31))]),
        # At the same instant it is the first in Tokyo and still the last in São Paulo.
        ("2026-02-28T22:00", "Asia/Tokyo", [("day", date(2026, 2, 28)), ("month", date(2026, 2, 28))]),
        ("2026-02-28T22:00", "America/Sao_Paulo", [("day", date(2026, 2, 27))]),
        # Before seven in the morning the day before is not due yet.
        ("2026-02-28T21:59", "Asia/Tokyo", [("day", date(2026, 2, 27))]),
        # What failed in the morning is made up for on three more, a day's report is not.
        ("2026-03-04T12:00", "America/Sao_Paulo", [("day", date(2026, 3, 3)), ("month", date(2026, 2, 28))]),
        ("2026-03-05T12:00", "America/Sao_Paulo", [("day", date(2026, 3, 4))]),
    ],
)
def test_a_morning_means_the_plants_own_yesterday_and_after_the_first_the_month_before(run_after, zone, expected):
    owner = {"tenant": "demo", "language": "pt-BR", "timezone": zone}
    instant = datetime.fromisoformat(run_after).replace(tzinfo=UTC)

    fallen = [
        (entry.kind, days[1])
        for entry in _of_the_store(owner, None)
        for days, _ in _fallen_due(entry, PLANT | {"timezone": zone}, (), instant)
    ]

    assert fallen == expected


def test_a_request_is_plain_text_and_numbers():
    assert request_of(PLANT, "month", (date(2026, 2, 1), date(2026, 2, 28)), "en") == {
        "plant_id": 7, "plant": "p", "tenant": "demo", "kind": "month", "first_day": "2026-02-01", "last_day": "2026-02-28",
        "language": "en", "about": "plant", "customer_group": None, "until": None,
    }  # fmt: skip
