"""Plants, devices and customers."""

from datetime import date

from pydantic import BaseModel, Field

from api.models.choices import DeviceKind


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
    kind: DeviceKind
    name: str
    model: str | None
    capacity_kw: float | None
    retired_on: date | None


class Customer(BaseModel):
    """A metered consumer."""

    customer_id: int = Field(examples=[5])
    document: str = Field(examples=["12345678000190"])
    name: str
