"""What a plant or device does now, and statistics as Home Assistant imports them."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class StateQuantity(BaseModel):
    """What Home Assistant is told of a state; null where it has no such class."""

    unit: str | None = Field(examples=["kW"])
    device_class: str | None = Field(examples=["power"])
    state_class: str | None = Field(examples=["measurement"])


class PlantState(BaseModel):
    """A plant now; null where nothing is known, never zero."""

    plant_id: int
    name: str
    is_online: bool | None = Field(
        description="Whether a reading is recent; inverters that sleep at night are not. Null: none ever."
    )
    power_kw: float | None = Field(description="Sum of the inverters that spoke lately; null where none did.")
    inverters: int = Field(description="That report their power.")
    inverters_online: int = Field(description="Of them, those in power_kw.")
    energy_today_kwh: float | None = Field(description="Published energy of the plant's local day so far.")
    energy_total_kwh: float | None = Field(description="Published energy of all days; late data may correct it, also downwards.")
    measured_at: datetime | None


class PlantStates(BaseModel):
    """A plant now, as flat states, and what each of them is."""

    as_of: datetime
    offline_after_s: float
    states: dict[str, StateQuantity]
    data: PlantState


class DeviceState(BaseModel):
    """A device now, with a member for each quantity that it reports: a number, or the word of its state."""

    model_config = ConfigDict(extra="allow")

    device_id: int
    device_key: str
    name: str
    is_online: bool
    measured_at: datetime | None


class DeviceStates(BaseModel):
    """A device now, as flat states, and what each of them is."""

    as_of: datetime
    offline_after_s: float
    states: dict[str, StateQuantity]
    data: DeviceState


class HourStatistic(BaseModel):
    """An hour; `sum` is all energy until its end [kWh]."""

    start: datetime
    state: float
    sum: float


class EnergyStatistics(BaseModel):
    """Hours in the form that Home Assistant imports as external statistics."""

    table_rows: ClassVar = "stats"

    has_mean: Literal[False]
    has_sum: Literal[True]
    name: str
    source: Literal["heliograph"]
    statistic_id: str = Field(examples=["heliograph:plant_7_energy"])
    unit_of_measurement: Literal["kWh"]
    stats: list[HourStatistic]
