"""What happened and what is late: alarms, documents, quarantine, reports, health."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models.envelopes import Count, Listing


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
    remarks: list[str] | None = Field(examples=[["column 'Local' is not used"]])


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
