"""A call of a vendor's interface, as the faults see it: which one, and whether it is a log-in or a further page."""

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from sandbox.sunshine import Sunshine

Calls = Literal["all", "logins", "data", "pages", "members", "now"]

PREFIXES = {
    "huawei": ("/thirdData/",),
    "sungrow": ("/openapi/",),
    "deye": ("/v1.0/",),
    "solaredge": ("/v2/",),
    "growatt": ("/v1/", "/v4/"),
}
LOGINS = {
    "huawei": {"login"},
    "sungrow": {"login", "apiManage/token", "apiManage/refreshToken"},
    "deye": {"account/token"},
    "solaredge": set(),
    "growatt": set(),
}
PAGE_KEYS = ("pageNo", "curPage", "page")
LISTS_OF_PLANTS = {"stations", "getPowerStationList", "platform/queryPowerStationList", "station/list", "sites", "plant/list"}
ABOUT_NOW = {
    "getStationRealKpi", "getDevRealKpi", "station/latest", "device/latest", "getDeviceRealTimeData", "getPVInverterRealTimeData",
    "platform/getDeviceRealTimeData", "platform/getPowerStationRealTimeData", "new-api/queryLastData", "plant/data",
}  # fmt: skip
ALL = ("huawei", "sungrow", "deye", "solaredge", "growatt")
WITH_TOKENS = ("huawei", "sungrow", "deye")
"""Vendors whose accounts log in; the others have a key that does not end."""

WITH_COUNTERS = (*WITH_TOKENS, "growatt")
"""Vendors whose inverters tell counters and a snapshot; SolarEdge tells amounts alone."""


_WITHOUT_JSON = ("solaredge", "growatt")


@dataclass(frozen=True)
class Call:
    """One call of an interface with its body (of some clouds what stands for it), the truth it asks about, and when (UTC)."""

    vendor: str
    interface: str
    body: dict[str, Any]
    sunshine: Sunshine
    now: datetime

    def is_among(self, calls: Calls) -> bool:
        """Whether a fault that hits these calls can hit this one."""
        is_login = self.interface in LOGINS[self.vendor]
        if calls == "members":
            return not is_login and self.interface not in LISTS_OF_PLANTS
        if calls == "now":
            return self.interface in ABOUT_NOW
        if calls == "pages":
            return not is_login and self.page() > 1
        return calls == "all" or (calls == "logins") == is_login

    def page(self) -> int:
        """The page that is wanted, from 1; 1 where the call names none."""
        page = next((self.body[key] for key in PAGE_KEYS if key in self.body), 1)
        return int(page) if str(page).isdecimal() else 1


def read_call(vendor: str, path: str, query: bytes, raw: bytes) -> tuple[str, dict[str, Any]]:
    """Interface (the path behind the prefix) and body of a call; the site in SolarEdge's paths, and its query, are the body."""
    prefix = next(prefix for prefix in PREFIXES[vendor] if path.startswith(prefix))
    interface = path.removeprefix(prefix)
    if vendor not in _WITHOUT_JSON:
        return interface, json_object(raw)
    asked: dict[str, Any] = dict(parse_qsl(query.decode("latin-1")))
    if vendor == "growatt":
        return interface, asked | dict(parse_qsl(raw.decode("latin-1")))
    first, *rest = interface.split("/", 2)
    if not rest:
        return first, asked
    site, *what = rest
    return "/".join((first, *(what or ["details"]))), asked | {"siteId": site}


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty where it has none."""
    with contextlib.suppress(ValueError):
        found = json.loads(raw)
        return found if isinstance(found, dict) else {}
    return {}


def written_call(call: Call) -> tuple[bytes, bytes]:
    """Query and body as a call goes on, after its body was changed."""
    if call.vendor not in _WITHOUT_JSON:
        return b"", json.dumps(call.body).encode()
    return urlencode({name: value for name, value in call.body.items() if name != "siteId"}).encode(), b""
