"""Consumption is judged after the roll-up, and only where it changed."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from include.steps.consumption import check_consumption
from tests.warehouse.small_river import SmallRiver

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEASON = [220, 210, 200, 180, 160, 152, 150, 160, 170, 190, 200, 220]


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> SmallRiver:
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared) -> SmallRiver:
    shared.forget()
    shared.register({"customers": [{"document": key} for key in ("A", "B", "C")]}, name="customers.json")
    return shared


def deliver(river, rows: list[tuple[str, str | None, str, float]], *, wave: int = 1) -> None:
    lines = [f"{point or ''};{customer};{month};{kwh:.1f}".replace(".", ",") for customer, point, month, kwh in rows]
    river.drop({("consumption", f"{wave}.csv"): "\n".join(["uc;documento;mes;consumo_kwh", *lines, ""]).encode()}, wave=wave)
    river.flow()


def years(customer: str, *, months: int = 30, point: str | None = None, factor: float = 1.0) -> list:
    stamps = pd.period_range("2024-01", periods=months, freq="M")
    return [(customer, point, f"{stamp:%m/%Y}", SEASON[stamp.month - 1] * factor) for stamp in stamps]


def checks(river, customer: str, point: str | None = None) -> pd.DataFrame:
    found = river.read(
        "SELECT * FROM api.consumption_check WHERE document = :d AND point_key IS NOT DISTINCT FROM CAST(:p AS text) "
        "ORDER BY month",
        d=customer, p=point,
    )  # fmt: skip
    return found.set_index("month")


def check(river, *, minutes: int = 0) -> dict:
    return check_consumption(river.settings, now=NOW + timedelta(minutes=minutes))


def test_a_month_that_is_half_of_its_season_is_named_with_expectation_limits_and_reason(river):
    rows = years("A")
    rows[-1] = ("A", None, "06/2026", 76.0)
    deliver(river, rows)

    check(river)

    row = checks(river, "A").loc[date(2026, 6, 1)]
    assert (row["method"], row["verdict"]) == ("seasonal", "low")
    # June was 152 in both years before, and nothing changed from year to year: limits are 25 % away, for no error was larger.
    assert row[["expected_kwh", "lower_kwh", "upper_kwh"]].tolist() == pytest.approx([152, 114, 190])
    assert row["score"] == pytest.approx(-76 / 38)
    assert row["reason"] == {
        "en": "76 kWh is 50 % below the 152 kWh expected from the same month of earlier years (usual: 114 to 190 kWh).",
        "pt-BR": "76 kWh está 50 % abaixo dos 152 kWh esperados, segundo o mesmo mês de anos anteriores (normal: 114 a 190 kWh).",
    }
    assert (checks(river, "A")["verdict"] != "usual").sum() == 1


def test_a_second_look_does_nothing_and_a_correction_changes_its_customer_alone(river):
    deliver(river, [*years("A"), *years("B", factor=3)])
    assert check(river) == {"customers": 2, "months_changed": 2 * 27}
    assert check(river, minutes=1) == {"customers": 0, "months_changed": 0}

    deliver(river, [("B", None, "06/2026", 4560.0)], wave=2)
    told = check(river, minutes=2)

    assert told == {"customers": 1, "months_changed": 1}
    changed = river.read("SELECT document, month, verdict FROM api.consumption_check WHERE checked_at > :at", at=NOW)
    assert changed.values.tolist() == [["B", date(2026, 6, 1), "high"]]
    assert "a decimal mark" in checks(river, "B")["reason"].iloc[-1]["en"]


def test_a_correction_of_the_past_changes_what_rests_on_it_and_nothing_before(river):
    deliver(river, years("A"))
    check(river)

    deliver(river, [("A", None, "06/2025", 160.0)], wave=2)
    check(river, minutes=1)

    changed = river.read("SELECT month FROM api.consumption_check WHERE checked_at > :at ORDER BY month", at=NOW)[
        "month"
    ].tolist()
    assert changed[0] == date(2025, 6, 1)
    assert date(2026, 6, 1) in changed
    assert checks(river, "A").loc[date(2026, 6, 1), "expected_kwh"] == pytest.approx(np.sqrt(152 * 160))


def test_a_customer_with_several_points_is_judged_as_a_whole_and_point_by_point(river):
    rows = years("A", point="7001") + years("A", point="7002")
    rows[-1] = ("A", "7002", "06/2026", 0.0)
    deliver(river, rows)

    check(river)

    assert {point: checks(river, "A", point)["verdict"].iloc[-1] for point in (None, "7001", "7002")} == {
        None: "low", "7001": "usual", "7002": "low",
    }  # fmt: skip
    assert "was the meter read?" in checks(river, "A", "7002")["reason"].iloc[-1]["en"]


def test_a_bill_that_has_not_come_yet_is_no_fall_of_consumption(river):
    deliver(river, years("A", point="7001") + years("A", point="7002", months=29))

    check(river)

    assert checks(river, "A").index[-1] == date(2026, 5, 1)
    assert checks(river, "A", "7001").index[-1] == date(2026, 6, 1)
    assert (checks(river, "A")["verdict"] == "usual").all()


def test_months_that_are_gone_take_their_judgement_with_them(river):
    deliver(river, years("A"))
    check(river)
    river.read("DELETE FROM mart.rollup WHERE grain = 'month' AND local_date = '2026-06-01' RETURNING 1")

    assert check(river, minutes=1) == {"customers": 1, "months_changed": 1}
    assert checks(river, "A").index[-1] == date(2026, 5, 1)
