"""The three vendor clouds as an operator knows them: names, regions with their hosts, and what an account needs.

The one home of these facts: connection forms, command line and fetching all read them. Hosts as published by the vendors; no
other host is ever called, save those that the operator names in `HELIOGRAPH_EXTRA_VENDOR_URLS`.
"""

from dataclasses import dataclass
from typing import Final, Literal

VendorName = Literal["sungrow", "deye", "huawei"]


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
    """One vendor. `regions` are base URLs without a slash at the end, by the names that operators choose from."""

    name: VendorName
    label: str
    regions: dict[str, str]
    fields: tuple[AccountField, ...]


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
        ),
    )
}
"""Vendors by name."""
