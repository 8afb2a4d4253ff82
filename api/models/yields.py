"""Yields, availability, money and CO2 of plants, the ranks of their inverters, and their models."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.models.choices import CapacitySource, PlaneSource, SiteSource
from api.models.envelopes import Count
from include.warehouse.plant_yields import YieldGrain


class PlantYield(BaseModel):
    """One interval of local days, `last_day` inclusive. Each figure: docs/kpis.md."""

    first_day: date = Field(examples=["2026-10-01"])
    last_day: date = Field(examples=["2026-10-31"])
    days: Count = Field(description="Local days of the interval.", examples=[31])
    days_known: Count = Field(description="Days with an energy.")
    days_complete: Count = Field(description="Days whose energy is known to at least 0.9.")
    days_marked: Count = Field(
        description="Known days on which 5 % or more of the readings of an inverter's power are stale or interpolated."
    )
    is_running: bool = Field(description="The interval has not ended.")
    energy_kwh: float | None = Field(description="Published energy of the known days [kWh].")
    final_yield_h: float | None = Field(description="Of it, by the capacity of the modules [kWh/kWp, or h].", examples=[132.4])
    reference_yield_h: float | None = Field(description="Insolation on the modules by 1 kW/m² [h]; null without irradiance.")
    performance_ratio: float | None = Field(
        description="Final by reference yield, both of the hours in which energy and irradiance are known.", examples=[0.81]
    )
    corrected_performance_ratio: float | None = Field(description="The same, with the modules brought to 25 °C.")
    capacity_factor_ac: float | None = Field(description="Energy by AC rating and hours, over complete days.")
    capacity_factor_dc: float | None = Field(description="Energy by capacity of the modules and hours, over complete days.")
    clear_sky_kwh: float | None = Field(description="What the plant's model makes of the complete days without clouds [kWh].")
    clear_sky_ratio: float | None = Field(description="Energy by it, over complete days.")
    days_above_ceiling: Count = Field(description="Days with more than 1.1 times the clear-sky energy: energy or model is wrong.")
    data_availability: float | None = Field(description="Time in which inverters told anything, by daylight; weighted by rating.")
    technical_availability: float | None = Field(description="Of that time, the part in which they produced.")
    savings: float | None = Field(description="Energy at the tariff of each day; null with several currencies.")
    currency: str | None = Field(examples=["BRL"])
    days_priced: Count = Field(description="Known days that have a tariff; the others add nothing to savings.")
    exported_kwh: float | None = Field(description="What a meter says was fed into the grid, on complete days [kWh].")
    self_consumed_kwh: float | None = Field(description="Energy less that, of the same days; null where less was made [kWh].")
    self_consumption: float | None = Field(description="Its share of the energy.")
    site_kwh: float | None = Field(description="What was consumed at the place of the plant, from grid and plant [kWh].")
    site_days: Count = Field(description="Days of which that is known.")
    site_source: SiteSource | None = Field(
        description="Who tells it: meters of the plant, day by day, or the customer's consumption of the month and a meter."
    )
    bill_without_pv: float | None = Field(description="What it would have cost at the tariff, all of it bought.")
    co2_avoided_kg: float | None = Field(description="Energy by the factor of each day; null without a factor [kg].")
    factor_sources: list[str] = Field(description="Who publishes the factors, and for which year.")


class PlantYields(BaseModel):
    """Yields of a plant; intervals that overlap the span are whole."""

    plant_id: int
    grain: YieldGrain
    timezone: str = Field(examples=["America/Sao_Paulo"])
    data: list[PlantYield]


class InverterRank(BaseModel):
    """An inverter among those of its plant, by specific yield."""

    rank: int = Field(description="1 is the best.")
    device_id: int
    device_key: str
    name: str
    capacity_kw: float
    days: Count = Field(description="Days on which all rated inverters are complete; all are ranked by these.")
    energy_kwh: float
    specific_yield_kwh_kw: float = Field(description="Energy by the inverter's AC rating [kWh/kW].")


class InverterRanks(BaseModel):
    """Inverters of a plant by specific yield; empty where no day has all of them."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime
    end: datetime
    data: list[InverterRank]


class PlantModel(BaseModel):
    """What the expected energy of a plant is computed from, and its degradation."""

    plant_id: int
    latitude: float
    longitude: float
    is_place_guessed: bool = Field(description="The plant names no place: that of its zone is taken.")
    tilt_deg: float
    azimuth_deg: float = Field(description="Clockwise from north.")
    plane_source: PlaneSource = Field(
        description="By a person, from the plant's own clear days, or tilted by the latitude towards the equator."
    )
    capacity_kwp: float | None
    capacity_kw: float | None
    capacity_source: CapacitySource | None
    clear_days: Count = Field(description="Clear days of the last year behind the fit.")
    misfit_pct: float | None = Field(description="Root mean square error of the fit by the mean [%].")
    fitted_kwp: float | None = Field(description="Capacity with which the model is the plant on those days [kWp].")
    degradation_pct: float | None = Field(description="Change per year [%], negative: less; null below two years.")
    degradation_low_pct: float | None = Field(description="Lower end of its 95 % interval.")
    degradation_high_pct: float | None = Field(description="Upper end of its 95 % interval.")
    degradation_pairs: Count = Field(description="Pairs of days a year apart behind it.")
    month_pct: list[float] = Field(description="Share of each month in the clear-sky energy of a year [%], twelve.")
    computed_at: datetime


class PlantModelAnswer(BaseModel):
    """The model of one plant; `data` is null where it has none yet."""

    data: PlantModel | None
