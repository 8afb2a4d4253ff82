"""Which addresses may be called: the vendors' own hosts and those that the operator names; nothing else, however written."""

import re
from typing import Final
from urllib.parse import urlsplit

from include.core.errors import Refused
from include.core.vendors import VENDORS, Vendor

_OWN_HOSTS: Final = frozenset(urlsplit(url).hostname for vendor in VENDORS.values() for url in vendor.regions.values())


def is_vendors_own(host: str) -> bool:
    """Whether a host name is one of a vendor's own, which are never at a private address."""
    return host.lower() in _OWN_HOSTS or any(_is_further_host(vendor, host.lower()) for vendor in VENDORS.values())


def base_url(vendor: Vendor, host: str, extra_urls: str) -> str:
    """The base URL, without a slash at its end, of what an account names as its host.

    Args:
        vendor: Whose account it is.
        host: The name of a region, or a base URL that is allowed.
        extra_urls: Base URLs that the operator allows besides the vendor's own, comma-separated.

    Raises:
        Refused: The host is none of these.
    """
    if host in vendor.regions:
        return vendor.regions[host]
    wanted = _plain(host)
    if wanted in {_plain(url) for url in vendor.regions.values()} or (
        wanted.startswith("https://") and _is_further_host(vendor, wanted.removeprefix("https://"))
    ):
        return wanted
    extra = {_plain(url.strip()): url.strip().removesuffix("/") for url in extra_urls.split(",")}
    if wanted in extra and wanted.startswith(("https://", "http://")):
        return extra[wanted]
    also = f", or any {vendor.host_example}" if vendor.host_example else ""
    shown = host.rpartition("@")[2][:80]  # a password may stand before it
    raise Refused(
        f"{shown!r} is not a host of {vendor.label}; choose one of {', '.join(vendor.regions)}{also}, "
        "or let the operator add its URL to HELIOGRAPH_EXTRA_VENDOR_URLS"
    )


def _plain(url: str) -> str:
    """A base URL for comparing. Only ASCII is lowered: other letters may become ASCII ones by it."""
    return (url.lower() if url.isascii() else url).removesuffix("/")


def _is_further_host(vendor: Vendor, host: str) -> bool:
    return vendor.host_pattern is not None and re.fullmatch(vendor.host_pattern, host) is not None
