"""Answers to questions that people asked in Airflow's form."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class Analysis(BaseModel):
    """A kept answer to a question on demand, without its content."""

    analysis_id: int
    question: str = Field(examples=["fleet_dashboard"])
    parameters: dict[str, Any] = Field(examples=[{"first_day": "2026-11-14", "last_day": "2026-11-20"}])
    data_revision: str = Field(description="Digest of the figures that the answer was computed from.")
    computed_at: datetime


class AnalysisWithAnswer(Analysis):
    """A kept answer."""

    answer: dict[str, Any] = Field(description="Its members depend on the question: docs/kpis.md.")
