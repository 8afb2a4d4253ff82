"""Series and their history: readings, changes of state, roll-ups."""

from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from api.models.choices import RollupGrain, SeriesKind, SeriesOrigin
from api.models.envelopes import Count


class Label(BaseModel):
    """A quantity's name for people."""

    en: str = Field(examples=["AC power"])
    pt_br: str = Field(alias="pt-BR", examples=["Potência CA"])


class Series(BaseModel):
    """One quantity of exactly one plant, device or consumption point."""

    series_id: int = Field(examples=[7])
    plant_id: int | None
    device_id: int | None
    customer_id: int | None = Field(description="The customer of the consumption point.")
    point_id: int | None
    home_plant_id: int | None = Field(description="The plant itself, or the plant of the device.")
    quantity: str = Field(examples=["ac_power_kw"])
    unit: str | None = Field(examples=["kW"])
    label: Label | None
    kind: SeriesKind
    origin: SeriesOrigin
    timezone: str = Field(examples=["America/Sao_Paulo"])


class History(BaseModel):
    """What every answer about a series says first. The span is half-open and local; what ended by `settled_until` is settled."""

    quantity: str = Field(examples=["ac_power_kw"])
    unit: str | None = Field(examples=["kW"])
    label: Label | None
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime = Field(examples=["2026-11-01T00:00:00-03:00"])
    end: datetime = Field(examples=["2026-12-01T00:00:00-03:00"])
    settled_until: datetime = Field(examples=["2026-11-21T09:45:00-03:00"])


class Reading(BaseModel):
    """One measured value, and the document that brought it."""

    measured_at: datetime = Field(examples=["2026-11-21T12:00:00-03:00"])
    value: float | None = Field(examples=[41.7])
    document_id: int


class Readings(History):
    """Readings of one series."""

    series_id: int
    next: str | None
    data: list[Reading]


class Event(BaseModel):
    """A change of state."""

    happened_at: datetime
    state: str = Field(examples=["running"])
    document_id: int


class Events(History):
    """State changes of one series."""

    series_id: int
    next: str | None
    data: list[Event]


class MarkedDay(BaseModel):
    """A local day, and how many of its readings hardly were measured (docs/data-quality.md); they stay as they are."""

    local_date: date = Field(examples=["2026-11-21"])
    reading_count: Count
    stale_count: Count = Field(description="The value was repeated.")
    interpolated_count: Count = Field(description="On a straight line.")
    outlier_count: Count = Field(description="Far from its neighbours: a reason to look, no more.")
    computed_at: datetime


class Marks(History):
    """Marks of a power or gauge by local day. A day that runs, or was over for five weeks before it was loaded, is absent."""

    series_id: int
    next: str | None
    data: list[MarkedDay]


class Bucket(BaseModel):
    """One interval `[starts_at, ends_at)`, in the unit of the series. Statistics are null where nothing was measured.

    Members that its kind of series or its grain never has are absent from JSON objects.
    """

    starts_at: datetime = Field(examples=["2026-11-21T12:00:00-03:00"])
    ends_at: datetime = Field(examples=["2026-11-21T13:00:00-03:00"])
    local_date: date = Field(examples=["2026-11-21"])
    reading_count: Count
    mean: float | None
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    sum: float | None
    stddev: float | None = Field(description="Sample standard deviation.")
    median: float | None = Field(default=None, description="Median of the readings; minute, hour and day only.")
    p95: float | None = Field(default=None, description="95 of 100 readings are below it; minute, hour and day only.")
    p99: float | None = Field(default=None, description="99 of 100 readings are below it; minute, hour and day only.")
    energy_kwh: float | None = Field(
        default=None, description="Integral of a power, increase of a counter, sum of an amount; absent for gauges."
    )
    active_minutes: int | None = Field(default=None, description="Minutes with a reading; minute, hour and day only.")
    active_hours: int | None = Field(default=None, description="Local hours with a reading; day only.")
    covered_s: float = Field(description="Measured time [s].")
    expected_s: float = Field(description="Time in which readings are expected [s].")
    coverage: float | None = Field(description="covered_s / expected_s; null where nothing is expected, as at night.")
    provisional: bool = Field(description="The interval has not ended, or ended so lately that late data is still expected.")
    partial: bool = Field(
        description="The interval reaches outside the span that was asked for; its figures are those of all of it."
    )


class Rollups(History):
    """Aggregates of one series."""

    series_id: int
    origin: SeriesOrigin
    grain: RollupGrain
    columns: list[str] | None = Field(default=None, description="Only with layout=table: names of the values of each array.")
    data: list[Bucket] | list[list[Any]]


class DeviceBuckets(BaseModel):
    """Aggregates of one device."""

    table_rows: ClassVar = "rows"

    device_id: int
    device_key: str
    name: str
    kind: str
    series_id: int
    rows: list[Bucket]


class DeviceRollups(History):
    """Aggregates of one quantity for every device of a plant."""

    plant_id: int
    grain: RollupGrain
    data: list[DeviceBuckets]


class Peak(BaseModel):
    """The greatest power of a plant's inverters together, and of each by itself; 15-minute means. Null where none has spoken."""

    peak_power_kw: float | None = Field(description="Greatest sum of the inverters' means of the same quarter of an hour.")
    peak_at: datetime | None = Field(description="Start of that quarter of an hour; the first, where several are as great.")
    inverters_at_peak: Count | None = Field(description="Inverters with a reading in it: the others are not in the sum.")
    sum_of_inverter_peaks_kw: float | None = Field(
        description="Sum of each inverter's own greatest mean, at different times: never less than peak_power_kw."
    )


class DayPeak(Peak):
    """The peak of one local day."""

    local_date: date = Field(examples=["2026-11-21"])
    provisional: bool = Field(description="The day has not ended, or ended so lately that late data is still expected.")


class Peaks(BaseModel):
    """The peak of the span, and of each local day on which an inverter has spoken."""

    table_rows: ClassVar = "days"

    span: Peak
    days: list[DayPeak]


class PeakPower(History):
    """Peak power of a plant in whole local days."""

    plant_id: int
    inverter_count: Count = Field(
        description="Inverters that were at the plant on a day of the span, silent ones included: those that were gone before it "
        "or were first heard after it do not count."
    )
    data: Peaks
