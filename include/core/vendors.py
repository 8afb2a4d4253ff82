"""The vendor clouds as an operator knows them: names, regions with their hosts, what an account needs, when they are pulled.

The one home of these facts: feeds, DAGs, pools, connection forms, command line, database and fetching all follow from a vendor's
row. Hosts as published by the vendors; no other host is ever called, save those that the operator names in
`HELIOGRAPH_EXTRA_VENDOR_URLS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from include.core.pulls import PURPOSES, Purpose


@dataclass(frozen=True, slots=True)
class AccountField:
    """One field of a vendor's account. `name` is host, login or password, or else a key of the connection's extra."""

    name: str
    label: str
    help: str
    is_secret: bool = False
    is_required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor.

    Attributes:
        name: Short name: first part of feeds, DAGs, pools and connection types, and the `source` of its plants and devices.
        label: What people call it.
        regions: Base URLs without a slash at the end, by the names that operators choose from.
        fields: What an account needs.
        host_pattern: Regular expression of further host names of the vendor's own, lower case; `host_example` shows one.
        writes_local_times: Whether it writes times or days of the plant without an offset, so that a plant's zone decides them.
        purposes: What its accounts are asked for, the most urgent first.
        paces: How often lists, snapshots and alarms are asked for.
        lists_alarms_by_day: Whether an alarm stands only in the list of the local day on which it began, of its device.
        settles_after: A local day is asked for this long after its midnight: loggers upload late.
        counted_field: Field of the account whose calls the vendor counts: its user, or the app that several users share.
    """

    name: str
    label: str
    regions: Mapping[str, str]
    fields: tuple[AccountField, ...]
    host_pattern: str | None = None
    host_example: str | None = None
    writes_local_times: bool = False
    purposes: tuple[Purpose, ...] = PURPOSES
    paces: Mapping[Purpose, timedelta] = field(default_factory=lambda: PACES)
    lists_alarms_by_day: bool = False
    settles_after: timedelta = timedelta(hours=1)
    counted_field: str = "login"

    def priority(self, purpose: Purpose) -> int:
        """Rank of a purpose in the work list of an account, 1 first."""
        return self.purposes.index(purpose) + 1


PACES: Final[Mapping[Purpose, timedelta]] = {
    "fleet": timedelta(hours=24),
    "now": timedelta(minutes=5),
    "alarms": timedelta(minutes=30),
}
"""How often lists, snapshots and alarms are asked for, where a vendor does not want it otherwise."""

_HUAWEI_SITES: Final = ("intl", "eu5", "la5", "sg5", "region01eu5", "region02eu5", "region03eu5", "region04eu5", "uni001eu5",
                        "uni002eu5", "uni003eu5", "uni004eu5", "uni005eu5", "uni001la5", "uni002la5")  # fmt: skip


def _host(choices: tuple[str, ...], help_text: str) -> AccountField:
    return AccountField("host", "Region", help_text, choices=choices)


_SUNGROW_REGIONS: Final = {
    "china": "https://gateway.isolarcloud.com",
    "international": "https://gateway.isolarcloud.com.hk",
    "europe": "https://gateway.isolarcloud.eu",
    "australia": "https://augateway.isolarcloud.com",
    "india": "https://gateway.isolarcloud.in",
}
_DEYE_REGIONS: Final = {
    "europe": "https://eu1-developer.deyecloud.com",
    "americas": "https://us1-developer.deyecloud.com",
    "india": "https://india-developer.deyecloud.com",
}
_SOLAREDGE_REGIONS: Final = {"world": "https://monitoringapi.solaredge.com"}
_GROWATT_REGIONS: Final = {
    "world": "https://openapi.growatt.com",
    "north_america": "https://openapi-us.growatt.com",
    "australia": "https://openapi-au.growatt.com",
    "china": "https://openapi-cn.growatt.com",
}
_HUAWEI_REGIONS: Final = {site: f"https://{site}.fusionsolar.huawei.com" for site in _HUAWEI_SITES}

VENDORS: Final[dict[str, Vendor]] = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            "sungrow",
            "Sungrow iSolarCloud",
            _SUNGROW_REGIONS,
            (
                _host(tuple(_SUNGROW_REGIONS), "Gateway of the account, the app and its plants."),
                AccountField("appkey", "App key", "From the developer portal.", is_secret=True),
                AccountField("secret_key", "Secret key", "Of the same app.", is_secret=True),
                AccountField("login", "Account", "E-mail or user name; empty for OAuth (plants of others).", is_required=False),
                AccountField("password", "Password", "Of the account.", is_secret=True, is_required=False),
                AccountField("app_id", "Application id", "OAuth only: number of the app.", is_required=False),
                AccountField("redirect_url", "Redirect URL", "OAuth only: as registered for the app.", is_required=False),
            ),
            writes_local_times=True,
            counted_field="appkey",
        ),
        Vendor(
            "deye",
            "Deye Cloud",
            _DEYE_REGIONS,
            (
                _host(tuple(_DEYE_REGIONS), "Data centre in which the account and the app were made."),
                AccountField("login", "E-mail", "Login of the account."),
                AccountField("password", "Password", "Of the account.", is_secret=True),
                AccountField("app_id", "App id", "From the developer portal."),
                AccountField("app_secret", "App secret", "Of the same app.", is_secret=True),
                AccountField("company_id", "Company id", "Business accounts; empty: the only company.", is_required=False),
            ),
            writes_local_times=True,
        ),
        Vendor(
            "huawei",
            "Huawei FusionSolar",
            _HUAWEI_REGIONS,
            (
                _host(tuple(_HUAWEI_REGIONS), "First part of the portal's address, such as eu5."),
                AccountField("login", "API user", "Northbound user that the company administrator made."),
                AccountField("password", "System code", "Password of the API user.", is_secret=True),
            ),
            host_pattern=r"[a-z0-9]{1,30}\.fusionsolar\.huawei\.com",
            host_example="https://<site>.fusionsolar.huawei.com",
        ),
        Vendor(
            "solaredge",
            "SolarEdge",
            _SOLAREDGE_REGIONS,
            (
                _host(tuple(_SOLAREDGE_REGIONS), "There is one for all."),
                AccountField("api_key", "API key", "Of a Fleet Access app in the developer console.", is_secret=True),
                AccountField(
                    "monthly_credits", "Credits a month", "Calls that the plan has; empty: 2000 (Free).", is_required=False
                ),
            ),
            writes_local_times=True,
            purposes=("fleet", "days", "now", "alarms", "backfill"),
            paces={"fleet": timedelta(hours=24), "now": timedelta(hours=1), "alarms": timedelta(hours=1)},
            counted_field="api_key",
        ),
        Vendor(
            "growatt",
            "Growatt",
            _GROWATT_REGIONS,
            (
                _host(tuple(_GROWATT_REGIONS), "Server for which the token was approved."),
                AccountField("api_key", "API token", "As approved in OSS, or from the app ShinePhone.", is_secret=True),
            ),
            writes_local_times=True,
            paces={"fleet": timedelta(hours=24), "now": timedelta(seconds=305), "alarms": timedelta(hours=1)},
            lists_alarms_by_day=True,
            counted_field="api_key",
        ),
    )
}
"""Vendors by name."""
