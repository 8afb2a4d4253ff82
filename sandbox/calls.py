"""A call of a vendor's interface, as the faults see it: which one, and whether it is a log-in or a further page."""

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.sunshine import Sunshine

Calls = Literal["all", "logins", "data", "pages"]

PREFIXES = {"huawei": "/thirdData/", "sungrow": "/openapi/", "deye": "/v1.0/"}
LOGINS = {
    "huawei": {"login"},
    "sungrow": {"login", "apiManage/token", "apiManage/refreshToken"},
    "deye": {"account/token"},
}
PAGE_KEYS = ("pageNo", "curPage", "page")
ALL = ("huawei", "sungrow", "deye")


@dataclass(frozen=True)
class Call:
    """One call of an interface (its path behind the vendor's prefix) with its body, and the truth it asks about."""

    vendor: str
    interface: str
    body: dict[str, Any]
    sunshine: Sunshine

    def is_among(self, calls: Calls) -> bool:
        """Whether a fault that hits these calls can hit this one."""
        is_login = self.interface in LOGINS[self.vendor]
        if calls == "pages":
            return not is_login and self.page() > 1
        return calls == "all" or (calls == "logins") == is_login

    def page(self) -> int:
        """The page that is wanted, from 1; 1 where the call names none."""
        page = next((self.body[key] for key in PAGE_KEYS if key in self.body), 1)
        return int(page) if str(page).isdecimal() else 1
