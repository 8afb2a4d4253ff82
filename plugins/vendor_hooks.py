"""One hook per vendor, for the button *Test* of the connection form; tasks call the vendors through `include.steps.pull`."""

from typing import Any

from airflow.sdk import BaseHook

from include.core.errors import HeliographError
from include.core.settings import Settings
from include.core.vendors import VENDORS, Vendor
from plugins.vendor_accounts import TYPE_PREFIX, credentials_of


class VendorHook(BaseHook):
    """A vendor account that can be tried."""

    conn_name_attr = "conn_id"
    vendor: str = ""

    def __init__(self, conn_id: str, **more: Any) -> None:  # noqa: ANN401 - passed on to Airflow
        """`conn_id` names the connection."""
        super().__init__(**more)
        self.conn_id = conn_id

    def get_conn(self) -> dict[str, str]:
        """Credentials of the connection, secrets included: never log or return them from a task."""
        return credentials_of(self.get_connection(self.conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Log in once and list the plants; returns whether that went well, and a sentence for the UI."""
        from include.steps.integrations import try_credentials

        try:
            return True, try_credentials(Settings.from_environment(), vendor=self.vendor, credentials=self.get_conn())
        except HeliographError as error:
            return False, str(error)


def hook_class_name(vendor: Vendor) -> str:
    """Name of a vendor's hook in this module, by which Airflow finds it."""
    return f"{vendor.name.capitalize()}Hook"


def _hook_class(vendor: Vendor) -> type[VendorHook]:
    fields = {"__doc__": f"{vendor.label}.", "vendor": vendor.name}
    return type(
        hook_class_name(vendor), (VendorHook,), fields | {"conn_type": TYPE_PREFIX + vendor.name, "hook_name": vendor.label}
    )


for _vendor in VENDORS.values():
    globals()[hook_class_name(_vendor)] = _hook_class(_vendor)
