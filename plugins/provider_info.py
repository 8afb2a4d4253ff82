"""Tells Airflow of the vendors' connection types, so that the UI offers a form for each."""

from typing import Any, Final

from include.core.vendors import VENDORS, AccountField, Vendor
from plugins.vendor_accounts import REGION, STANDARD, TYPE_PREFIX

TEXT: Final = ["string", "null"]


def get_provider_info() -> dict[str, Any]:
    """What Airflow asks of the entry point `apache_airflow_provider`; imports nothing heavy, every service calls it."""
    return {
        "package-name": "heliograph",
        "name": "Heliograph",
        "description": "Vendor clouds of solar fleets.",
        "connection-types": [connection_type(vendor) for vendor in VENDORS.values()],
    }


def connection_type(vendor: Vendor) -> dict[str, Any]:
    """Form of one vendor: standard fields under the vendor's names, everything else among the extras.

    Airflow lets standard fields be renamed, hidden and given a placeholder, but not a list of values: the region is an extra.
    """
    by_name = {field.name: field for field in vendor.fields}
    named = {name: by_name[name] for name in STANDARD if name in by_name and name != "host"}
    extras = {name: field for name, field in by_name.items() if name not in STANDARD}
    return {
        "connection-type": TYPE_PREFIX + vendor.name,
        "hook-class-name": f"plugins.vendor_hooks.{vendor.name.capitalize()}Hook",
        "hook-name": vendor.label,
        "conn-fields": {REGION: _extra(by_name["host"]), **{name: _extra(field) for name, field in extras.items()}},
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "port", *(name for name in STANDARD if name not in by_name)],
            "relabeling": {"host": "Address (optional)", **{name: _label(field) for name, field in named.items()}},
            "placeholders": {
                "host": "Leave empty and choose the region under Extra Fields.",
                **{name: field.help for name, field in named.items()},
            },
        },
    }


def _extra(field: AccountField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": TEXT}
    if field.is_secret:
        schema["format"] = "password"
    if field.choices:
        schema["enum"] = list(field.choices)
    return {"label": _label(field), "description": field.help, "schema": schema}


def _label(field: AccountField) -> str:
    return field.label if field.is_required else f"{field.label} (optional)"
