"""Consumption over spans of months: totals, growth, ranking, and which months are unusual."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.models.choices import ConsumptionMethod, ConsumptionVerdict
from api.models.envelopes import Count, Listing
from api.models.fleet import Customer


class ConsumptionFigures(BaseModel):
    """Consumption of a customer, or of one consumption point, over some months. Means, limits and growth are of whole months."""

    point_id: int | None = Field(description="Null: the customer, as the sum of its points.")
    point_key: str | None = Field(examples=["7001"])
    total_kwh: float | None = Field(description="Of all months that were told, incomplete ones included.", examples=[12000.0])
    months_counted: Count = Field(description="Whole months: every expected consumption point told them.", examples=[12])
    months_incomplete: Count = Field(description="Months in which an expected point is silent.")
    mean_kwh: float | None = Field(description="Of a month.", examples=[1000.0])
    min_kwh: float | None
    max_kwh: float | None
    stddev_kwh: float | None = Field(description="Sample standard deviation; null below three months.")
    lower_kwh: float | None = Field(description="Mean minus two standard deviations, not below zero.")
    upper_kwh: float | None = Field(description="Mean plus two standard deviations.")
    last_month: str | None = Field(description="The newest whole month of the span.", examples=["2026-10"])
    last_kwh: float | None = Field(examples=[1100.0])
    growth_kwh: float | None = Field(description="last_kwh over the calendar month before; null where that is not whole.")
    growth_pct: float | None = Field(examples=[10.0])
    year_growth_pct: float | None = Field(description="last_kwh over the same month of the year before.")


class CustomerConsumption(BaseModel):
    """Consumption of one customer over some months, as a whole and by consumption point."""

    customer_id: int
    unit: str = Field(examples=["kWh"])
    data: list[ConsumptionFigures] = Field(description="The customer first, then its points; empty where nothing was told.")


class ConsumptionCheck(BaseModel):
    """What was expected of a month by the months before it, and what came."""

    month: str = Field(examples=["2026-10"])
    consumption_kwh: float = Field(examples=[500.0])
    expected_kwh: float = Field(examples=[1000.0])
    lower_kwh: float = Field(description="Below this the month is unusual.", examples=[750.0])
    upper_kwh: float = Field(description="Above this the month is unusual.", examples=[1250.0])
    score: float = Field(
        description="Distance from the expectation by that of the limit: unusual beyond 1 or -1.", examples=[-2.0]
    )
    method: ConsumptionMethod = Field(description="What the expectation rests on; docs/kpis.md.")
    verdict: ConsumptionVerdict
    reason: dict[str, str] | None = Field(description="A sentence by language; null where the month is usual.")
    checked_at: datetime


class ConsumptionChecks(Listing[ConsumptionCheck]):
    """Judged months of a customer or of one consumption point, oldest first; months that cannot be judged are absent."""

    customer_id: int
    point_id: int | None
    unit: str = Field(examples=["kWh"])


class ConsumptionAnomaly(ConsumptionCheck, Customer):
    """An unusual month of a customer or of one consumption point."""

    point_id: int | None = Field(description="Null: the customer, as the sum of its points.")
    point_key: str | None


class ConsumptionAnomalies(Listing[ConsumptionAnomaly]):
    """Unusual months, newest first."""

    unit: str = Field(examples=["kWh"])


class RankingRow(Customer):
    """A customer by its consumption."""

    rank: int = Field(ge=1)
    total_kwh: float = Field(description="Of all months that were told.")
    mean_kwh: float | None = Field(description="Of whole months.")
    share_pct: float | None = Field(description="total_kwh of that of all customers.")
    months_counted: Count
    months_incomplete: Count


class ConsumptionRanking(Listing[RankingRow]):
    """Customers by consumption, the largest first."""

    unit: str = Field(examples=["kWh"])


class TenantMonth(BaseModel):
    """One month of all customers."""

    month: str = Field(examples=["2026-10"])
    consumption_kwh: float
    mean_kwh: float | None = Field(description="Of a customer whose month is whole.")
    customers: Count = Field(description="With anything told of the month.")
    customers_incomplete: Count = Field(description="Of which an expected consumption point is silent.")
    customers_compared: Count = Field(description="With this month and the one before whole: growth is of them alone.")
    growth_kwh: float | None
    growth_pct: float | None


class TenantMonths(Listing[TenantMonth]):
    """Months of all customers, oldest first."""

    unit: str = Field(examples=["kWh"])
