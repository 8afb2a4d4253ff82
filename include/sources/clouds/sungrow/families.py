"""The two families of interfaces: of a login (`/openapi/...`) and of owners' consent by OAuth (`/openapi/platform/...`).

An app may use one of them only. They answer alike, but name interfaces, pages and plants differently.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from include.sources.clouds.cloud import Credentials
from include.sources.clouds.sungrow.fields import PLANT

LOGIN: Final = "login"
GRANT: Final = "apiManage/token"
REFRESH: Final = "apiManage/refreshToken"

PLANT_KEY_ENDING: Final = "_11_0_0"
"""What follows the id of a plant where it is named as a device."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How readings of plants, or of devices, are asked for.

    Attributes:
        realtime, minutes, periods: Interfaces of the last readings, of five-minute history, of amounts by day and month.
        keys: Field of the body that lists keys; `key_ending` is what follows each of them.
        day, month: `query_type` of amounts by day and by month.
        names_type: Whether a request for the last readings names the type of device.
    """

    realtime: str
    minutes: str
    periods: str
    keys: str = "ps_key_list"
    key_ending: str = ""
    day: str = "1"
    month: str = "2"
    names_type: bool = True

    def keys_body(self, keys: Iterable[str]) -> dict[str, Any]:
        """The part of a body that names plants or devices."""
        return {self.keys: [f"{key}{self.key_ending}" for key in keys]}


@dataclass(frozen=True, slots=True)
class Family:
    """One family of interfaces.

    Attributes:
        plants, devices, alarms: Interfaces of lists.
        lists_all_devices: Whether one list has the devices of all plants; else there is one for each plant.
        page: Field of a list's request that asks for a page, from 1.
        row_count: Field of a list's answer that says how many rows all pages have.
        device_readings, plant_readings: How readings are asked for.
    """

    plants: str
    devices: str
    alarms: str
    lists_all_devices: bool
    page: str
    row_count: str
    device_readings: Measured
    plant_readings: Measured

    def readings_of(self, device_type: str) -> Measured:
        """How readings of a type of device are asked for; a plant is one."""
        return self.plant_readings if device_type == PLANT else self.device_readings

    @property
    def row_keys(self) -> Mapping[str, str]:
        """Field that tells rows of a list apart, by interface."""
        return {self.plants: "ps_id", self.devices: "ps_key", self.alarms: "fault_code"}


ACCOUNT: Final = Family(
    plants="getPowerStationList",
    devices="getDeviceListByUser",
    alarms="getFaultAlarmInfo",
    lists_all_devices=True,
    page="curPage",
    row_count="rowCount",
    device_readings=Measured("getDeviceRealTimeData", "getDevicePointMinuteDataList", "getDevicePointsDayMonthYearDataList"),
    plant_readings=Measured(
        "getDeviceRealTimeData",
        "getDevicePointMinuteDataList",
        "getDevicePointsDayMonthYearDataList",
        key_ending=PLANT_KEY_ENDING,
    ),
)
OWNERS: Final = Family(
    plants="platform/queryPowerStationList",
    devices="platform/getDeviceListByPsId",
    alarms="platform/getFaultAlarmInfo",
    lists_all_devices=False,
    page="page",
    row_count="row_count",
    device_readings=Measured(
        "platform/getDeviceRealTimeData", "platform/getDevicePointMinuteDataList", "platform/getDevicePointDayMonthYearDataList"
    ),
    plant_readings=Measured(
        "platform/getPowerStationRealTimeData",
        "platform/getPowerStationPointMinuteDataList",
        "platform/getPowerStationPointDayMonthYearDataList",
        keys="ps_id_list",
        day="day",
        month="month",
        names_type=False,
    ),
)
FAMILIES: Final = (ACCOUNT, OWNERS)
LISTS: Final[Mapping[str, Family]] = {interface: family for family in FAMILIES for interface in family.row_keys}
"""The family of each interface that lists plants, devices or alarms."""


GROUP_FIELDS: Final[Mapping[str, str]] = {
    interface: readings.keys
    for family in FAMILIES
    for readings in (family.device_readings, family.plant_readings)
    for interface in (readings.realtime, readings.minutes, readings.periods)
}
"""Field that lists the plants or devices of a request, by interface."""


def family_of(credentials: Credentials) -> Family:
    """The family that an account uses: with a login its own."""
    return ACCOUNT if credentials.get("login") else OWNERS


def reading_interfaces(kind: Literal["realtime", "minutes", "periods"]) -> frozenset[str]:
    """Interfaces of one kind of readings in both families."""
    return frozenset(getattr(part, kind) for family in FAMILIES for part in (family.device_readings, family.plant_readings))
