"""What happened and what is late: alarms, documents, quarantine, reports, health."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models.choices import (
    AlarmOrigin,
    AlarmState,
    DocumentState,
    Language,
    MissingForValue,
    ReportKind,
    ReportSubject,
    Severity,
)
from api.models.envelopes import Count, Listing


class Alarm(BaseModel):
    """An alarm as a vendor tells it, with the document received last that spoke of it, or as the readings show it."""

    alarm_id: int
    device_id: int | None
    alarm_key: str
    origin: AlarmOrigin
    code: str = Field(examples=["2032"])
    name: str = Field(examples=["Grid loss"])
    severity: Severity
    state: AlarmState
    raised_at: datetime
    cleared_at: datetime | None = Field(description="As told, or when the vendor first no longer listed it.")
    is_open: bool
    is_withdrawn: bool = Field(description="Later readings showed that nothing was wrong.")
    lost_kwh: float | None = Field(description="Energy that is estimated to be lost; null where nothing tells.")
    lost_value: float | None = Field(description="The same at the tariffs of its days, in `currency`.", examples=[612.18])
    currency: str | None = Field(examples=["BRL"])
    lost_value_missing: MissingForValue | None = Field(description="Why a loss has no value.")
    advice: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    document_id: int | None = Field(description="Null for alarms of our own.")


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
    state: DocumentState
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
    remarks: list[str] | None = Field(examples=[["column 'Local' is not used"]])


class Load(BaseModel):
    """One load of a document, as it was written with its rows; a document may be loaded again."""

    load_id: int
    document_id: int
    feed: str = Field(examples=["telemetry_batches"])
    original_name: str
    run_id: str = Field(examples=["scheduled__2026-11-21T12:00:00+00:00"])
    code_version: str
    loaded_at: datetime
    parsed_rows: Count
    inserted_rows: Count
    updated_rows: Count
    unchanged_rows: Count
    duplicate_rows: Count
    quarantined_rows: Count
    missing_values: Count
    quarantine_reasons: dict[str, int]
    first_measured_at: datetime | None
    last_measured_at: datetime | None
    remarks: list[str]
    plant_ids: list[int] | None = Field(
        description="Plants whose readings or alarms it has; null: not noted, as of lists of the fleet and older loads."
    )


class PlantOfRun(BaseModel):
    """A plant that what was loaded is about."""

    plant_id: int
    name: str


class RunOfLoads(BaseModel):
    """What all loads of one run of Airflow did together; of a run that loaded nothing the counts are 0."""

    run_id: str
    documents: Count = Field(description="How many documents it loaded.")
    feeds: list[str] = Field(description="Feeds of them.", examples=[["telemetry_batches"]])
    first_loaded_at: datetime | None
    last_loaded_at: datetime | None
    parsed_rows: Count
    inserted_rows: Count
    updated_rows: Count
    unchanged_rows: Count
    duplicate_rows: Count
    quarantined_rows: Count
    missing_values: Count
    quarantine_reasons: dict[str, int]
    first_measured_at: datetime | None
    last_measured_at: datetime | None
    plants: list[PlantOfRun]
    unnoted_loads: Count


class QuarantineGroup(BaseModel):
    """Rows of a plant that broke one rule: of one document and device."""

    document_id: int
    device_id: int | None = Field(description="Null: rows of the plant itself, such as an alarm.")
    rule: str = Field(examples=["within_rating"])
    feed: str = Field(examples=["telemetry_batches"])
    received_at: datetime
    rows: Count = Field(description="How many; a row that broke several rules is counted for each.")
    quantities: list[str] = Field(examples=[["ac_power_kw"]])
    first_measured_at: datetime | None
    last_measured_at: datetime | None


class PlantQuarantine(Listing[QuarantineGroup]):
    """What of a plant is set aside."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])


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
    """One revision of a report; `ends_on` is inclusive.

    `is_stale`: data that came later changed its figures, by too little for a new revision.
    """

    report_id: int
    plant_id: int | None = Field(description="Null where the report is about all plants.")
    about: ReportSubject
    customer_group: str | None = Field(description="Of a report about consumption; null: all customers.")
    kind: ReportKind
    starts_on: date
    ends_on: date
    language: Language
    revision: int
    fingerprint: str
    pdf_sha256: str
    xlsx_sha256: str | None = Field(description="Null for reports from before there were workbooks.")
    csv_sha256: str | None
    size_bytes: int
    issued_at: datetime
    is_stale: bool


class ReportWithFigures(Report):
    """A report, the figures that it shows, and the documents whose readings are in them."""

    document_ids: list[int]
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

    held: Count = Field(description="Mails of reports that wait for approval, or were rejected.")
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
