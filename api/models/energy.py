"""Energies by day and month: consumption, performance, the three ways to tell a day."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.models.envelopes import Count, Listing
from api.models.fleet import Customer


class CustomerMonth(BaseModel):
    """One month of one customer."""

    month: str = Field(examples=["2026-10"])
    consumption_kwh: float | None
    computed_at: datetime | None


class CustomerMonths(Listing[CustomerMonth]):
    """Consumption of one customer."""

    customer_id: int
    unit: str = Field(examples=["kWh"])


class MonthCustomer(CustomerMonth, Customer):
    """One customer in one month."""


class MonthCustomers(Listing[MonthCustomer]):
    """Consumption of all customers in one month."""

    month: str = Field(examples=["2026-10"])
    unit: str = Field(examples=["kWh"])


class WindowPerformance(BaseModel):
    """Energy against the target over some complete local days, `last_day` inclusive."""

    plant_id: int
    window_days: int = Field(examples=[30])
    first_day: date
    last_day: date
    energy_kwh: float | None = Field(description="Of the counted days: measured well enough, and with a target.")
    target_kwh: float | None = Field(description="Of the counted days.")
    performance_index: float | None = Field(description="energy_kwh / target_kwh; not a performance ratio.")
    measured_kwh: float | None = Field(description="Of all days of the window.")
    days_counted: Count
    days_expected: Count
    days_without_target: Count


class Performance(BaseModel):
    """Performance of one plant over 1, 7 and 30 days."""

    as_of: date
    data: list[WindowPerformance]


class EnergyCheck(BaseModel):
    """The energy of one local day, known in three ways; a way that does not exist is null."""

    local_date: date
    device_id: int | None = Field(description="Null: the whole plant.")
    integrated_kwh: float | None = Field(description="Integral of the power.")
    counted_kwh: float | None = Field(description="Increase of the energy counter.")
    vendor_kwh: float | None = Field(description="What the vendor says of the day.")
    deviation_pct: float | None = Field(
        description="From the least to the most of them, by the most; null where only one exists."
    )
    is_flagged: bool = Field(description="The deviation is more than 3 %.")


class EnergyChecks(Listing[EnergyCheck]):
    """Energies of a plant's days; the span is half-open and local."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    unit: str = Field(examples=["kWh"])
    start: datetime
    end: datetime
