"""Figures of consumption over spans of months, by numbers that were worked out by hand."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from api.models.consumption import ConsumptionFigures, RankingRow, TenantMonth
from include.warehouse.api_consumption import list_ranking, list_tenant_months, read_customer_summary
from include.warehouse.engine import transaction
from tests.warehouse.small_river import SmallRiver

pytestmark = pytest.mark.postgres

ROWS = {
    ("A", ""): {"2025-10": 80, "2026-07": 100, "2026-08": 120, "2026-09": 110, "2026-10": 88},
    ("B", "7001"): {"2026-08": 300, "2026-09": 300, "2026-10": 330},
    ("B", "7002"): {"2026-08": 60, "2026-09": 60},
    ("C", ""): {"2026-08": 500, "2026-10": 0},
}
"""Consumption [kWh] by customer and point. The bill of B's second point for October has not come; C's September is unknown."""


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))
    river.register({"customers": [{"document": key, "name": f"Customer {key}"} for key in "ABC"]}, name="customers.json")
    lines = [f"{point};{key};{month};{kwh}" for (key, point), months in ROWS.items() for month, kwh in months.items()]
    river.drop({("consumption", "all.csv"): "\n".join(["uc;documento;mes;consumo_kwh", *lines, ""]).encode()})
    river.flow()
    return river


def figures(river, customer: str, first: str | None = None, end: str | None = None) -> list[ConsumptionFigures]:
    with transaction(river.settings.database_url) as connection:
        customer_id = connection.execute(
            text("SELECT customer_id FROM fleet.customer WHERE document = :d"), {"d": customer}
        ).scalar_one()
        found = read_customer_summary(connection, customer_id=customer_id, first=month(first), end=month(end))
    return [ConsumptionFigures.model_validate(row) for row in json.loads(found)]


def month(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(f"{text}-01")


def test_a_span_has_total_mean_limits_last_month_and_growth(river):
    told, *_ = figures(river, "A", "2026-07", "2026-11")

    assert (told.total_kwh, told.months_counted, told.mean_kwh, told.min_kwh, told.max_kwh) == (418, 4, 104.5, 88, 120)
    # Squares of the distances 4.5, 15.5, 5.5, 16.5: 563 / 3 = 187.67, root 13.70.
    assert told.stddev_kwh == pytest.approx(13.699, abs=1e-3)
    assert (told.lower_kwh, told.upper_kwh) == pytest.approx((77.102, 131.898), abs=1e-3)
    assert (told.last_month, told.last_kwh, told.growth_kwh) == ("2026-10", 88, -22)
    assert (told.growth_pct, told.year_growth_pct) == pytest.approx((-20, 10))


def test_the_first_month_of_a_span_grows_over_the_month_before_it(river):
    told, *_ = figures(river, "A", "2026-08", "2026-09")

    assert (told.last_month, told.growth_pct) == ("2026-08", pytest.approx(20))
    assert (told.stddev_kwh, told.lower_kwh, told.upper_kwh) == (None, None, None)


def test_a_month_that_a_point_has_not_told_yet_is_counted_and_never_a_fall(river):
    whole, first, second = figures(river, "B")

    assert (whole.total_kwh, whole.months_counted, whole.months_incomplete) == (1050, 2, 1)
    assert (whole.last_month, whole.last_kwh, whole.growth_pct, whole.mean_kwh) == ("2026-09", 360, 0, 360)
    assert (first.point_key, first.last_month, first.growth_pct) == ("7001", "2026-10", pytest.approx(10))
    assert (second.point_key, second.last_month, second.months_counted) == ("7002", "2026-09", 2)


def test_growth_is_unknown_over_a_month_that_nobody_told(river):
    told, *_ = figures(river, "C")

    assert (told.last_month, told.last_kwh, told.growth_kwh, told.growth_pct, told.year_growth_pct) == (
        "2026-10",
        0,
        None,
        None,
        None,
    )


def test_a_span_without_months_has_no_figures(river):
    assert figures(river, "A", "2020-01", "2020-02") == []


def test_growth_of_all_compares_the_customers_that_have_both_months(river):
    with transaction(river.settings.database_url) as connection:
        page = list_tenant_months(connection, first=date(2026, 8, 1), end=None, after=date.min, limit=10)
    august, september, october = (TenantMonth.model_validate(row) for row in json.loads(page.data))

    assert (august.month, august.consumption_kwh, august.customers, august.customers_compared) == ("2026-08", 980, 3, 1)
    assert (september.consumption_kwh, september.customers_compared, september.growth_kwh) == (470, 2, -10)
    assert september.growth_pct == pytest.approx(100 * -10 / 480)
    # Of October, B is incomplete and C has no month before: A alone is compared.
    assert (october.customers, october.customers_incomplete, october.customers_compared) == (3, 1, 1)
    assert (october.growth_kwh, october.growth_pct) == (-22, pytest.approx(-20))
    assert october.mean_kwh == pytest.approx((88 + 0) / 2)


def test_the_ranking_goes_by_total_or_by_mean_and_pages_on(river):
    def ranked(by, *, after=0, limit=10):
        with transaction(river.settings.database_url) as connection:
            page = list_ranking(connection, by=by, first=date(2026, 1, 1), end=None, after=after, limit=limit)
        return [RankingRow.model_validate(row) for row in json.loads(page.data)], page.next_key

    by_total, end = ranked("total")
    assert [(row.rank, row.document, row.total_kwh) for row in by_total] == [(1, "B", 1050), (2, "C", 500), (3, "A", 418)]
    assert [row.share_pct for row in by_total] == pytest.approx([100 * kwh / 1968 for kwh in (1050, 500, 418)])
    assert end is None
    assert [row.document for row in ranked("mean")[0]] == ["B", "C", "A"]
    assert ranked("total", limit=2)[1] == [2]
    assert [row.document for row in ranked("total", after=2, limit=2)[0]] == ["A"]
