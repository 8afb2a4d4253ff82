"""The demo's second tenant: one account in each of the three imitated vendor clouds, pulled as real ones are."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cli.run.demo import DEMO
from cli.run.flow import Stage
from include.core.settings import Settings
from include.core.vendors import VENDORS
from include.steps.overview import read_clouds
from include.steps.tenants import save_tenant

TENANT: Final = DEMO["clouds"]["tenant"]["slug"]


def prepare_clouds(settings: Settings) -> None:
    """Make the tenant and its three accounts; one that is there as it should be is left alone, so that nothing is asked twice."""
    from include.steps.integrations import add_integration, credentials_of

    save_tenant(settings, TENANT, DEMO["clouds"]["tenant"])
    for vendor, fields in DEMO["clouds"]["accounts"].items():
        credentials = {"host": settings.sandbox_url, **fields}
        if credentials_of(settings, f"{TENANT}__{vendor}") != (vendor, credentials):
            add_integration(settings, tenant=TENANT, vendor=vendor, credentials=credentials, now=datetime.now(UTC))


def stages(settings: Settings) -> list[Stage]:
    """One DAG per vendor, each with the requests that wait for it."""
    return [_stage(settings, vendor) for vendor in DEMO["clouds"]["accounts"]]


def _stage(settings: Settings, vendor: str) -> Stage:
    label = f"{VENDORS[vendor].label.split()[0]} to landing"
    return Stage(label, f"land_{vendor}", lambda: _account(settings, vendor)["waiting"], "requests", must_run=True)


def _account(settings: Settings, vendor: str) -> dict[str, Any]:
    return next(row for row in _accounts(settings) if row["name"] == vendor)


def _accounts(settings: Settings) -> list[dict[str, Any]]:
    from include.steps.integrations import list_integrations

    rows = list_integrations(settings, now=datetime.now(UTC), tenant=TENANT)
    return [row for row in rows if row["name"] in DEMO["clouds"]["accounts"]]


def clouds(settings: Settings) -> list[dict[str, Any]]:
    """Per vendor: label, plants, inverters, closed days with energy, energy of the last one [kWh], calls of the last day."""
    energies = read_clouds(settings, TENANT, now=datetime.now(UTC))
    return [
        {
            "vendor": VENDORS[row["vendor"]].label,
            "plants": row["plants"],
            "inverters": row["devices"],
            "calls": row["calls_today"],
            **energies[row["vendor"]],
        }
        for row in _accounts(settings)
    ]


def faults(pulled: Sequence[Mapping[str, Any]]) -> list[str]:
    """What keeps the pulls from having worked, a sentence each; empty when every vendor brought energy."""
    silent = [f"{row['vendor']} brought no energy of the last closed day" for row in pulled if not row["last_day_kwh"]]
    return silent or ([] if len(pulled) == len(DEMO["clouds"]["accounts"]) else ["not every vendor cloud has its account"])
