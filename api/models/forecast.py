"""The energy of the days ahead."""

from datetime import date, datetime
from typing import ClassVar

from pydantic import BaseModel, Field

from api.models.envelopes import Count


class Quantiles(BaseModel):
    """Of ten such energies one is below P10, five below P50, nine below P90 [kWh]; null where nothing tells."""

    p10_kwh: float | None = Field(examples=[118.2])
    p50_kwh: float | None = Field(examples=[204.9])
    p90_kwh: float | None = Field(examples=[241.0])


class ForecastHour(Quantiles):
    """One local hour."""

    starts_at: datetime = Field(examples=["2026-11-22T12:00:00-03:00"])


class ForecastDay(Quantiles):
    """One local day; its quantiles are those of the whole day, not the sums of its hours'."""

    local_date: date = Field(examples=["2026-11-22"])
    energy_kwh: float | None = Field(description="What the plant made since then; null while the day is not complete.")
    by_weather: bool = Field(description="A forecast of the weather made it; else the plant's last weeks alone.")
    weather_skill: float | None = Field(
        description="1 - MAE with / MAE without the weather, on past days that were told as early; null where too few are known."
    )


class Forecast(BaseModel):
    """What was told on one day."""

    table_rows: ClassVar = "hours"

    issued_on: date = Field(examples=["2026-11-21"])
    issued_at: datetime = Field(description="Nothing measured later is behind it.", examples=["2026-11-21T06:00:00-03:00"])
    days_known: Count = Field(description="Known days of the eight weeks before, of which it is made.")
    reason: str | None = Field(description="Why there are no figures: `too few known days`.")
    weather_reason: str | None = Field(
        description="Why not all days are by the weather: `not told for the days`, `too few past days`, `no better than without` "
        "or `unreadable`; null too where there is no folder of such forecasts."
    )
    days: list[ForecastDay]
    hours: list[ForecastHour]


class PlantForecast(BaseModel):
    """Forecast of one plant; `data` is null where none was told."""

    plant_id: int
    unit: str = Field(examples=["kWh"])
    timezone: str = Field(examples=["America/Sao_Paulo"])
    data: Forecast | None
