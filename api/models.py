"""Shapes of the answers, for the OpenAPI document; the JSON itself is built in PostgreSQL."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Row = TypeVar("Row")
Count = Annotated[int, Field(ge=0)]


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:heliograph:problem:bad-parameter"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["'2026-11-21T12:00' has no offset; append Z or one such as -03:00"])
    instance: str = Field(examples=["/api/v1/series/7/readings"])


class Listing(BaseModel, Generic[Row]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    data: list[Row]
    next: str | None = Field(default=None, examples=["q3Jc0l9mY1mZkqVv0q1sWFsxMDBd"])


class Single(BaseModel, Generic[Row]):
    """One thing."""

    data: Row


class Token(BaseModel):
    """A log-in's answer; `expires_in` in seconds."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(examples=[900])


class Plant(BaseModel):
    """A plant; capacities in kWp (DC) and kW (AC)."""

    plant_id: int = Field(examples=[1])
    source: str = Field(examples=["drops"])
    plant_key: str = Field(examples=["serf-east"])
    name: str = Field(examples=["Usina Serf East"])
    timezone: str = Field(examples=["America/Sao_Paulo"])
    city: str | None
    latitude: float | None
    longitude: float | None
    capacity_kwp: float | None
    capacity_kw: float | None
    commissioned_on: date | None


class Device(BaseModel):
    """A device; capacity in kW."""

    device_id: int = Field(examples=[11])
    source: str
    device_key: str = Field(examples=["INV-01"])
    plant_id: int | None
    parent_device_id: int | None
    kind: Literal["inverter", "meter", "logger", "battery", "sensor", "equipment"]
    name: str
    model: str | None
    capacity_kw: float | None


class Customer(BaseModel):
    """A metered consumer."""

    customer_id: int = Field(examples=[5])
    document: str = Field(examples=["12.345.678/0001-90"])
    name: str


class Label(BaseModel):
    """A quantity's name for people."""

    en: str = Field(examples=["AC power"])
    pt_br: str = Field(alias="pt-BR", examples=["Potência CA"])


class Series(BaseModel):
    """One quantity of exactly one plant, device or customer."""

    series_id: int = Field(examples=[7])
    plant_id: int | None
    device_id: int | None
    customer_id: int | None
    home_plant_id: int | None = Field(description="The plant itself, or the plant of the device.")
    quantity: str = Field(examples=["ac_power_kw"])
    unit: str | None = Field(examples=["kW"])
    label: Label | None
    kind: Literal["power", "gauge", "counter", "amount", "state"]
    origin: Literal["measured", "derived"]
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


class Bucket(BaseModel):
    """One interval `[starts_at, ends_at)`, in the unit of the series. Statistics are null where nothing was measured."""

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
    median: float | None = Field(description="With p95, p99 and active_minutes: hour and day only.")
    p95: float | None
    p99: float | None
    energy_kwh: float | None = Field(description="Integral of a power, increase of a counter, sum of an amount.")
    active_minutes: int | None
    covered_s: float = Field(description="Measured time [s].")
    expected_s: float = Field(description="Time in which readings are expected [s].")
    coverage: float | None = Field(description="covered_s / expected_s; null where nothing is expected, as at night.")
    provisional: bool = Field(description="The interval ends after settled_until.")


class Rollups(History):
    """Aggregates of one series."""

    series_id: int
    origin: Literal["measured", "derived"]
    grain: Literal["hour", "day", "week", "month", "year"]
    columns: list[str] | None = Field(default=None, description="Only with layout=table: names of the values of each array.")
    data: list[Bucket] | list[list[Any]]


class DeviceBuckets(BaseModel):
    """Aggregates of one device."""

    device_id: int
    device_key: str
    name: str
    kind: str
    series_id: int
    rows: list[Bucket]


class DeviceRollups(History):
    """Aggregates of one quantity for every device of a plant."""

    plant_id: int
    grain: Literal["hour", "day", "week", "month", "year"]
    data: list[DeviceBuckets]


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


class Alarm(BaseModel):
    """An alarm as the vendor tells it, and the document received last that spoke of it."""

    alarm_id: int
    device_id: int | None
    alarm_key: str
    code: str = Field(examples=["2032"])
    name: str = Field(examples=["Grid loss"])
    severity: Literal["critical", "major", "minor", "notice"]
    raised_at: datetime
    cleared_at: datetime | None = Field(description="As told, or when the vendor first no longer listed it.")
    is_open: bool
    advice: str | None
    document_id: int


class Alarms(Listing[Alarm]):
    """Alarms of a plant; the span is half-open and local."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    start: datetime
    end: datetime


class Document(BaseModel):
    """One delivered document and its newest load: parsed = inserted + updated + unchanged + duplicate + quarantined rows."""

    document_id: int
    feed: str = Field(examples=["telemetry_batches"])
    original_name: str
    sha256: str
    size_bytes: Count
    stored_bytes: Count
    state: Literal["landed", "loaded", "refused"]
    reason: str | None
    received_at: datetime
    delivery_count: int
    last_received_at: datetime
    loaded_at: datetime | None
    run_id: str | None
    code_version: str | None
    parsed_rows: Count | None
    inserted_rows: Count | None
    updated_rows: Count | None
    unchanged_rows: Count | None
    duplicate_rows: Count | None
    quarantined_rows: Count | None
    missing_values: Count | None
    quarantine_reasons: dict[str, int] | None
    quality_suite: str | None
    first_measured_at: datetime | None
    last_measured_at: datetime | None


class QuarantinedRow(BaseModel):
    """One row that broke rules, with the original record."""

    document_id: int
    row_number: int
    quantity: str
    subject: str | None
    broken_rules: list[str]
    payload: Any
    feed: str
    original_name: str
    received_at: datetime


class Report(BaseModel):
    """One revision of a report; `ends_on` is inclusive."""

    report_id: int
    plant_id: int
    kind: Literal["day", "month"]
    starts_on: date
    ends_on: date
    language: Literal["pt-BR", "en"]
    revision: int
    fingerprint: str
    pdf_sha256: str
    size_bytes: int
    issued_at: datetime


class ReportWithFigures(Report):
    """A report and the figures that it shows."""

    figures: dict[str, Any]


class FeedState(BaseModel):
    """How fresh one feed is."""

    feed: str
    last_received_at: datetime
    last_loaded_at: datetime | None
    last_measured_at: datetime | None
    pending_documents: Count
    oldest_pending_at: datetime | None
    loaded_documents: Count
    refused_documents: Count


class OutboxState(BaseModel):
    """Mails by state."""

    pending: Count
    sent: Count
    failed: Count


class StateOfWork(BaseModel):
    """What is late, for one tenant."""

    feeds: list[FeedState]
    pending_documents: Count
    dirty_days: Count = Field(description="Local days of a series whose aggregates are about to be computed again.")
    outbox: OutboxState


class Alive(BaseModel):
    """The API runs."""

    status: Literal["ok"]


class Ready(Alive):
    """The API can answer; revision of the warehouse's schema."""

    revision: str = Field(examples=["0003"])
