"""Short sentences about a plant."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Insight(BaseModel):
    """What can be said, and the numbers that it rests on; docs/kpis.md says when."""

    code: str = Field(examples=["missing_days"])
    local_date: date = Field(description="Last local day that was looked at.", examples=["2026-11-20"])
    text: dict[Literal["en", "pt-BR"], str] = Field(description="The sentence by language.")
    basis: dict[str, Any] = Field(description="Numbers with units in their names.", examples=[{"count": 1}])
    computed_at: datetime


class PlantInsights(BaseModel):
    """Insights of one plant, the most urgent first; empty where nothing can be said."""

    plant_id: int
    timezone: str = Field(examples=["America/Sao_Paulo"])
    data: list[Insight]
