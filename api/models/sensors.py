"""What devices and their sensors measured lately, and whether they still speak."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.models.choices import OnlineState, StatisticsPeriod
from api.models.envelopes import Count, Listing


class SeriesStatistics(BaseModel):
    """One series over a period, put together from its hours or days by their readings; null where nothing was measured."""

    device_id: int
    device_key: str
    name: str
    series_id: int
    quantity: str = Field(examples=["temperature_c"])
    unit: str | None = Field(examples=["°C"])
    reading_count: Count
    mean: float | None = Field(description="Of all readings: a period of many readings weighs more than one of few.")
    min: float | None
    max: float | None
    stddev: float | None = Field(description="Sample standard deviation of all readings.")
    active_minutes: int | None = Field(description="Minutes with a reading.")
    active_hours: int | None = Field(description="Local hours with a reading.")
    coverage: float | None
    event_count: int | None = Field(description="Of a state: its changes; null for numbers.")
    last_state: str | None = Field(description="Of a state: the last one of the period.")


class DeviceStatistics(BaseModel):
    """Statistics of a device and of the sensors below it; the span is half-open and local."""

    device_id: int
    period: StatisticsPeriod
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime
    end: datetime
    data: list[SeriesStatistics]


class DeviceFreshness(BaseModel):
    """Whether a device still speaks."""

    device_id: int
    device_key: str
    plant_id: int | None
    parent_device_id: int | None
    kind: str
    name: str
    last_measured_at: datetime | None = Field(description="Of its own series; null: it never spoke.")
    state: OnlineState


class DevicesFreshness(Listing[DeviceFreshness]):
    """Freshness of devices, by id."""

    as_of: datetime
    offline_after_s: float = Field(description="HELIOGRAPH_OFFLINE_AFTER_S.", examples=[900.0])
