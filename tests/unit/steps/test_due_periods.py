"""Which periods a schedule and a form mean, without any warehouse."""

from datetime import UTC, date, datetime

import pytest

from include.steps.report import _request, _scheduled

PLANT = {"plant_id": 7, "plant_key": "p", "tenant": "demo", "timezone": "America/Sao_Paulo", "language": "pt-BR"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("run_after", "zone", "expected"),
    [
        ("2026-02-15T12:00", "America/Sao_Paulo", [("day", date(2026, 2, 14))]),
        ("2024-03-01T12:00", "America/Sao_Paulo", [("day", date(2024, 2, 29)), ("month", date(2024, 2, 29))]),
        ("2026-01-01T12:00", "America/Sao_Paulo", [("day", date(2025, 12, 31)), ("month", date(2025, 12, 31))]),
        # At the same instant it is the first in Tokyo and still the last in São Paulo.
        ("2026-02-28T20:00", "Asia/Tokyo", [("day", date(2026, 2, 28)), ("month", date(2026, 2, 28))]),
        ("2026-02-28T20:00", "America/Sao_Paulo", [("day", date(2026, 2, 27))]),
    ],
)
def test_the_schedule_means_the_plants_own_yesterday_and_on_its_first_the_month_before(run_after, zone, expected):
    assert _scheduled(PLANT | {"timezone": zone}, at(run_after)) == expected


@pytest.mark.parametrize(
    ("kind", "day", "first_day", "last_day"),
    [
        ("day", date(2026, 2, 28), "2026-02-28", "2026-02-28"),
        ("month", date(2026, 2, 28), "2026-02-01", "2026-02-28"),
        ("month", date(2024, 2, 1), "2024-02-01", "2024-02-29"),
        ("month", date(2025, 12, 31), "2025-12-01", "2025-12-31"),
    ],
)
def test_a_request_names_the_whole_period_around_its_day(kind, day, first_day, last_day):
    request = _request(PLANT, kind, day, None)

    assert (request["first_day"], request["last_day"]) == (first_day, last_day)


def test_a_request_is_plain_text_and_numbers_and_speaks_the_tenants_language():
    assert _request(PLANT, "day", date(2026, 2, 3), None) == {
        "plant_id": 7, "plant": "p", "tenant": "demo", "kind": "day", "first_day": "2026-02-03", "last_day": "2026-02-03",
        "language": "pt-BR",
    }  # fmt: skip
    assert _request(PLANT, "day", date(2026, 2, 3), "en")["language"] == "en"
