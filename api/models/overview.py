"""The fleet at this moment: plants, alarms of all plants, targets, and accounts in vendors' clouds."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.models.choices import AccountState, Fault, Freshness, TargetOrigin
from api.models.envelopes import Count, Listing
from api.models.operation import Alarm
from include.core.vendors import VENDORS


class AlarmCounts(BaseModel):
    """How many alarms of a plant are on, by severity."""

    critical: Count = Field(description="Open alarms of this severity.")
    major: Count = Field(description="Open alarms of this severity.")
    minor: Count = Field(description="Open alarms of this severity.")
    notice: Count = Field(description="Open alarms of this severity.")


class AlarmHead(BaseModel):
    """The open alarm of the highest severity; of several the one that has been on for longest."""

    plant_id: int = Field(description="Plant of the alarm.")
    alarm_id: int = Field(description="Id of the alarm.")
    device_id: int | None = Field(description="Device of the alarm; null for one of the whole plant.")
    code: str = Field(description="The vendor's code, or the kind of an alarm of our own.", examples=["offline"])
    name: str = Field(description="What it says.", examples=["Inverter offline"])
    raised_at: datetime = Field(description="On since this instant.")


class FleetPlant(BaseModel):
    """A plant at this moment. Freshness (does it speak?) and fault (does it work?) are two things."""

    plant_id: int = Field(description="Id of the plant.", examples=[1])
    plant_key: str = Field(description="How its source names the plant.", examples=["serf-east"])
    name: str = Field(description="Name for people.", examples=["Usina Serf East"])
    city: str | None = Field(description="Where it is.", examples=["Campinas"])
    timezone: str = Field(description="IANA zone of the plant.", examples=["America/Sao_Paulo"])
    local_date: date = Field(description="Today in the plant's zone; `energy_today_kwh` and `lost_today_kwh` are of it.")
    capacity_kwp: float | None = Field(description="Installed capacity of the modules, direct current [kWp].")
    capacity_kw: float | None = Field(description="Capacity of the inverters, alternating current [kW].")
    power_kw: float | None = Field(
        description="Sum of the inverters' last readings, those alone that are fresh [kW]; without such series the plant's own. "
        "Null where nothing is fresh."
    )
    measured_at: datetime | None = Field(description="Instant of the plant's last reading.")
    inverters_in_power: Count = Field(description="Inverters whose fresh reading is in `power_kw`.")
    inverter_count: Count = Field(description="Inverters that are registered at the plant and still there.")
    energy_today_kwh: float | None = Field(description="Published energy of today so far [kWh].")
    energy_computed_at: datetime | None = Field(description="When it was computed.")
    freshness: Freshness = Field(
        description="fresh: the last reading is at most `fresh_s` old; night: older, but there was no more daylight than that "
        "since; late: older; never: the plant has not spoken yet."
    )
    fault: Fault = Field(description="Highest severity of its open alarms.")
    open_alarms: AlarmCounts = Field(description="Open alarms by severity.")
    worst_alarm: AlarmHead | None = Field(description="What to look at first; null without open alarms.")
    performance_7_days: float | None = Field(
        description="Energy by target over the seven local days that end with yesterday (1 = as planned); null without a target."
    )
    performance_change: float | None = Field(description="`performance_7_days` less that of the seven days before [1].")
    energy_change_pct: float | None = Field(
        description="Mean energy of the complete days among the last seven against that of the seven before [%]; null where "
        "either has fewer than four complete days."
    )
    lost_today_kwh: float | None = Field(
        description="What today's inverters made less than their peers say that they should have [kWh]; null where none is "
        "compared."
    )
    lost_today: float | None = Field(description="Its worth at today's tariff, in `currency`; null without a tariff.")
    currency: str | None = Field(description="ISO 4217 code of the tariff.", examples=["BRL"])


class Fleet(Listing[FleetPlant]):
    """Plants of the tenant at this moment, the worst of each page first."""

    as_of: datetime = Field(description="The moment.")
    fresh_s: float = Field(description="How old a fresh reading may be [s].")


class FleetAlarm(Alarm):
    """An alarm, and whose it is."""

    plant_id: int = Field(description="Plant of the alarm.")
    plant_name: str = Field(description="Its name.")
    device_name: str | None = Field(description="Name of the device; null for an alarm of the whole plant.")


class PlantTarget(BaseModel):
    """The energy that a plant should generate in a month."""

    month: str = Field(description="The month.", examples=["2026-11"])
    target_kwh: float = Field(description="Target of the month [kWh].")
    target_per_day_kwh: float = Field(description="The same by the number of its days [kWh].")
    revision: int | None = Field(description="How often the month's target was told.")
    origin: TargetOrigin | None = Field(description="Who told it last.")
    told_at: datetime | None = Field(description="When it was told; null for targets of before revisions were kept.")


class Targets(Listing[PlantTarget]):
    """Targets of a plant by month."""

    plant_id: int = Field(description="Id of the plant.")


class AccountRefusal(BaseModel):
    """An interface that the vendor refuses for now."""

    interface: str = Field(description="The vendor's name of it.")
    until: datetime = Field(description="When it is tried again.")
    reason: str = Field(description="What the vendor said.")


class MemberRefusal(BaseModel):
    """A plant or device that the vendor refuses on an interface: the others are asked without it."""

    member: str = Field(description="The vendor's key of the plant or device.")
    interface: str = Field(description="The vendor's name of the interface.")
    since: datetime = Field(description="When it was first refused.")
    times: Count = Field(description="How many times in a row.")
    again_at: datetime = Field(description="When it is tried again, alone.")
    reason: str = Field(description="What the vendor said, the last time.")


class Account(BaseModel):
    """An account in a vendor's cloud; credentials are never told."""

    account_id: int = Field(description="Id of the account.")
    vendor: str = Field(
        description="Whose cloud it is in.", json_schema_extra=lambda schema: schema.update(enum=[*sorted(VENDORS)])
    )
    name: str = Field(description="Name that the operator gave it.")
    state: AccountState = Field(
        description="active: asked as planned; needs attention: asked rarely; disabled, rejected: not asked before a person acts."
    )
    reason: str | None = Field(description="Why it is in this state.")
    state_since: datetime = Field(description="Since when.")
    plants: Count = Field(description="Plants that are pulled through it.")
    waiting: Count = Field(description="Questions that are still to be asked.")
    refused: Count = Field(description="Questions that were given up.")
    next_due_at: datetime = Field(description="When it is looked at next.")
    last_answer_at: datetime | None = Field(description="When the vendor last answered.")
    figures_at: datetime | None = Field(description="When an answer last told anything of plants or devices.")
    troubled_at: datetime | None = Field(description="First request since then that brought nothing; null where there was none.")
    last_reason: str | None = Field(description="Why a request brought nothing, the last time.")
    last_reason_at: datetime | None = Field(description="When that was.")
    blocked: list[AccountRefusal] = Field(description="What the vendor refuses for now.")
    left_out: Count = Field(description="Plants and devices that the vendor refuses on some interface.")
    left_out_last: list[MemberRefusal] = Field(description="Those that were refused last, at most 50, the newest first.")
