"""What a tenant's fleet consists of, as a registry file or a vendor's list says it: one row each, and those not taken."""

from dataclasses import dataclass, field
from datetime import date

from include.core.documents import DROPS


@dataclass(frozen=True, slots=True)
class PlantRow:
    """A plant; `timezone` is IANA, capacity is DC [kWp] and AC [kW], coordinates are degrees.

    `tilt_deg` and `azimuth_deg` are of its modules: from the horizontal, and clockwise from north.
    `utc_offset` is the clock of its loggers where that is never set, as `-03:00`, or `zone` where it is the plant's again.
    `customer_document` is that of the customer whose bill the plant lowers.
    `source` says who named the key: drops, or a vendor. What a vendor tells of itself needs none.
    """

    plant_key: str
    name: str | None = None
    timezone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    capacity_kwp: float | None = None
    capacity_kw: float | None = None
    city: str | None = None
    commissioned_on: date | None = None
    utc_offset: str | None = None
    tilt_deg: float | None = None
    azimuth_deg: float | None = None
    customer_document: str | None = None
    source: str = DROPS


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device of a plant; `kind` is one of `DEVICE_KINDS`, an inverter where nobody says, `parent_key` what it belongs to.

    `timezone` and `utc_offset` are its own clock, as those of a plant. `vendor_type` is the vendor's own type of device, by which
    its cloud wants to be asked, `serial` what its alarms name it by where that is not the key; never in files.
    `dismantled_on` is the local day on which it was taken away, as 2025-03-31, or `never` where that is taken back.
    """

    device_key: str
    plant_key: str | None = None
    kind: str | None = None
    name: str | None = None
    model: str | None = None
    capacity_kw: float | None = None
    parent_key: str | None = None
    vendor_type: str | None = None
    timezone: str | None = None
    utc_offset: str | None = None
    serial: str | None = None
    dismantled_on: str | None = None
    source: str = DROPS


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer, known by the document; reports put those of a `group_name` together."""

    document: str
    name: str | None = None
    group_name: str | None = None


@dataclass(frozen=True, slots=True)
class TargetRow:
    """What a plant should generate in a month [kWh]; `month` is its first day.

    Without a `source` the plant is the only one that has the key.
    """

    plant_key: str
    month: date
    target_kwh: float
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TariffRow:
    """Price of energy [currency per kWh] from a day on; `currency` is ISO 4217, `source` as in `TargetRow`."""

    plant_key: str
    valid_from: date
    price_per_kwh: float
    currency: str = "BRL"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class EmissionFactorRow:
    """CO2 of the energy that solar energy replaces [kg/kWh] from a day on; without a plant of all plants that have none.

    `factor_source` says who publishes it, and for which year; `source` as in `TargetRow`.
    """

    valid_from: date
    co2_kg_kwh: float
    factor_source: str
    plant_key: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class MeterReadingRow:
    """A local day on which the utility reads the meter of a plant; `source` as in `TargetRow`."""

    plant_key: str
    read_on: date
    source: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that was not taken: its number from 1 within its table, a sentence, and the record as text."""

    row_number: int
    reason: str
    payload: str


@dataclass(slots=True)
class Registry:
    """What one registry file says; order as in the file. `remarks` are sentences about what of it was not used."""

    plants: list[PlantRow] = field(default_factory=list)
    devices: list[DeviceRow] = field(default_factory=list)
    customers: list[CustomerRow] = field(default_factory=list)
    targets: list[TargetRow] = field(default_factory=list)
    tariffs: list[TariffRow] = field(default_factory=list)
    emission_factors: list[EmissionFactorRow] = field(default_factory=list)
    meter_readings: list[MeterReadingRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def row_count(self) -> int:
        """Rows taken and rejected."""
        taken = len(self.plants) + len(self.devices) + len(self.customers) + len(self.targets) + len(self.tariffs)
        return taken + len(self.emission_factors) + len(self.meter_readings) + len(self.rejected)
