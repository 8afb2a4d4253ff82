"""Whose address a request comes from, as limits count it."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

from include.core.errors import NeedsHuman

_PREFIX_OF_ONE_CUSTOMER: Final = 64
"""Bits of an IPv6 address that name a customer's network; the rest is the customer's to choose."""

_LONGEST: Final = 64


def trusted_proxies(setting: str) -> list[str]:
    """Addresses and networks of `HELIOGRAPH_API_TRUSTED_PROXIES`; raises `NeedsHuman` for what is neither."""
    names = [name.strip() for name in setting.split(",") if name.strip()]
    for name in names:
        try:
            ip_network(name)
        except ValueError as error:
            raise NeedsHuman(
                f"HELIOGRAPH_API_TRUSTED_PROXIES names {name!r}, which is no address or network ({error}); "
                "write it as 10.0.0.7 or 172.16.0.0/12"
            ) from error
    return names


def client_address(scope: Scope) -> str:
    """Address of the client, or its network where that is what a customer has; `unknown` where the server does not tell."""
    client = scope.get("client")
    return _counted(client[0][:_LONGEST]) if client else "unknown"


@lru_cache(maxsize=4096)
def _counted(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _PREFIX_OF_ONE_CUSTOMER), strict=False))
