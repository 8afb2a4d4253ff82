"""Energies by day and month: consumption, performance, the three ways to tell a day."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.models.choices import EnergyGrain, InverterMethod, InverterVerdict, MissingForPerformance, MissingForValue, TargetOrigin
from api.models.envelopes import Count, Listing
from api.models.fleet import Customer
from include.core.energy import EnergySource


class Consumption(BaseModel):
    """Energy consumed in a month [kWh], and its time-of-use parts; null where no document told it."""

    consumption_kwh: float | None = Field(examples=[1000.0])
    peak_kwh: float | None = Field(examples=[120.0])
    intermediate_kwh: float | None
    off_peak_kwh: float | None = Field(examples=[880.0])


class PointConsumption(Consumption):
    """What one consumption point adds to a customer's month."""

    point_id: int
    point_key: str | None = Field(description="Key of the installation; null: the customer's default point.", examples=["7001"])


class CustomerMonth(Consumption):
    """One month of one customer: the sum of the consumption points."""

    month: str = Field(examples=["2026-10"])
    points: list[PointConsumption] = Field(description="By key, the default point first.")
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


class MonthTarget(BaseModel):
    """The target of a month as it holds now."""

    month: str = Field(examples=["2026-10"])
    target_kwh: float = Field(examples=[5200.0])
    revision: int = Field(ge=1, description="How often it was told anew, from 1.")
    origin: TargetOrigin
    told_at: datetime | None


class WindowPerformance(BaseModel):
    """Energy against the target over some local days, `last_day` inclusive."""

    plant_id: int
    window: str = Field(description="1_days, 7_days, 30_days; month_to_date, month, year_to_date, year.", examples=["30_days"])
    window_days: int = Field(examples=[30])
    first_day: date
    last_day: date
    energy_kwh: float | None = Field(description="Of the counted days: known to at least 0.9, and with a target.")
    target_kwh: float | None = Field(description="Of the counted days.")
    performance_index: float | None = Field(description="energy_kwh / target_kwh; not a performance ratio.")
    measured_kwh: float | None = Field(description="Of all days of the window.")
    recovered_kwh: float | None = Field(description="The part of measured_kwh that counters know and power did not measure.")
    energy_sources: list[EnergySource] = Field(description="Where measured_kwh comes from.", examples=[["power"]])
    days_counted: Count
    days_expected: Count
    days_without_target: Count
    missing: MissingForPerformance | None = Field(
        description="Why no day counts: none has a target, or none of those with one is known to 0.9; null where one counts."
    )
    targets: list[MonthTarget] = Field(description="Targets of the months of the window.")


class Performance(BaseModel):
    """Performance of one plant until a day."""

    as_of: date
    data: list[WindowPerformance] = Field(description="1, 7 and 30 days that end with `as_of`.")
    calendar: list[WindowPerformance] = Field(
        description="Month and year to `as_of`, and the last month and year that had ended with it."
    )


class PlantPerformance(BaseModel):
    """Performance of one plant of a fleet in one window until its last finished local day."""

    plant_id: int
    name: str
    performance: WindowPerformance


class FleetPerformance(Listing[PlantPerformance]):
    """Performance of all plants in one window, by plant."""

    window: str = Field(examples=["30_days"])


class EnergyCheck(BaseModel):
    """The energy of one local day, and the three ways to know it; a way that does not exist is null."""

    local_date: date
    device_id: int | None = Field(description="Null: the whole plant.")
    energy_kwh: float | None = Field(description="What is published: reports and performance are made of it.")
    energy_source: EnergySource | None = Field(description="Where energy_kwh comes from.")
    recovered_kwh: float = Field(description="The part of energy_kwh that counters know and power did not measure.")
    completeness: float | None = Field(description="Share of the day's clear-sky energy in whose time the energy is known.")
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


class PlantEnergy(BaseModel):
    """Published energy of a plant in one interval `[starts_at, ends_at)`, summed from its local days."""

    starts_at: datetime = Field(examples=["2026-11-01T00:00:00-03:00"])
    ends_at: datetime = Field(examples=["2026-12-01T00:00:00-03:00"])
    local_date: date = Field(description="First local day of the interval.", examples=["2026-11-01"])
    energy_kwh: float | None = Field(description="What the plant made on the days that are known [kWh]; null where none is.")
    energy_sources: list[EnergySource] = Field(description="Where energy_kwh comes from, sorted.", examples=[["power"]])
    recovered_kwh: float | None = Field(description="The part of energy_kwh that counters know and power did not measure [kWh].")
    days: Count = Field(description="Local days of the whole interval.", examples=[30])
    days_known: Count = Field(description="Days with an energy; the others add nothing to energy_kwh.")
    days_complete: Count = Field(description="Days that are at least 0.9 complete.")
    mean_completeness: float | None = Field(
        description="Mean completeness of the days that have one, 0 to 1. Silent days have none: compare days_known with days."
    )
    provisional: bool = Field(description="The interval has not ended, or ended so lately that late data is still expected.")
    partial: bool = Field(
        description="The interval reaches outside the span that was asked for; its figures are those of all of it."
    )


class PlantEnergies(BaseModel):
    """Published energy of a plant; the span is half-open and local."""

    plant_id: int
    grain: EnergyGrain
    unit: str = Field(examples=["kWh"])
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime = Field(examples=["2026-11-01T00:00:00-03:00"])
    end: datetime = Field(examples=["2026-12-01T00:00:00-03:00"])
    settled_until: datetime = Field(examples=["2026-11-21T09:45:00-03:00"])
    data: list[PlantEnergy]


class CounterDay(BaseModel):
    """A local day on which an energy counter misbehaved, and how."""

    local_date: date = Field(examples=["2026-11-21"])
    series_id: int
    device_id: int | None = Field(description="Null: a counter of the plant itself.")
    quantity: str = Field(examples=["energy_total_kwh"])
    zeros: Count = Field(description="Readings of zero or of an integer's maximum; they are left out.")
    dips: Count = Field(description="Falls that came back to the old level; they are left out.")
    resets: Count = Field(description="Falls to near zero that stayed: a new meter, a restart; it counts on from there.")
    held_back: Count = Field(description="Increases that no rating explains; they are not counted.")
    is_open: bool = Field(description="Readings after this day still decide what happened: its energy may change.")
    opened_at: datetime | None = Field(description="When what is open began; null where nothing is open.")


class CounterDays(Listing[CounterDay]):
    """Days on which counters of a plant misbehaved; the span is half-open and local. Other days are absent."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime
    end: datetime


class InverterDay(BaseModel):
    """An inverter beside its peers on a local day; docs/kpis.md says how."""

    local_date: date = Field(examples=["2026-11-21"])
    device_id: int
    verdict: InverterVerdict
    method: InverterMethod | None = Field(description="From what the expected energy follows.")
    reason: str | None = Field(description="Why there is no comparison.", examples=["no peer"])
    compared_kwh: float | None = Field(description="What it made in the hours that all compared inverters measured.")
    expected_kwh: float | None = Field(description="What its peers, or its own past, say that it should have made in them.")
    peer_share: float | None = Field(description="The one by the other.", examples=[0.97])
    lost_kwh: float | None = Field(description="What is missing where the verdict is low or worse, else 0.")
    lost_value: float | None = Field(description="The same at the tariff in force on the day, in `currency`.", examples=[612.18])
    currency: str | None = Field(examples=["BRL"])
    lost_value_missing: MissingForValue | None = Field(description="Why a loss has no value.")
    zero_s: float = Field(description="Hours without power while the others worked [s].")
    stale_s: float = Field(description="Hours in which its power stood still though the others' changed [s].")
    night_s: float = Field(description="Hours of power in the dark [s].")
    computed_at: datetime


class InverterDays(Listing[InverterDay]):
    """Inverters of a plant beside each other; the span is half-open and local."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime
    end: datetime
