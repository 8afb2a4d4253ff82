"""Airflow's pools: those of the stages from `dags/pools.json`, and one for each vendor."""

import json
from pathlib import Path
from typing import Final

from include.core.vendors import VENDORS

ACCOUNTS_AT_A_TIME: Final = 8
_OF_STAGES: Final = Path(__file__).resolve().parents[1] / "dags" / "pools.json"


def pools() -> dict[str, dict[str, object]]:
    """Pools by name, in the form that `airflow pools import` reads."""
    of_stages: dict[str, dict[str, object]] = json.loads(_OF_STAGES.read_text(encoding="utf-8"))
    of_vendors = {
        f"vendor_{vendor.name}": {
            "slots": ACCOUNTS_AT_A_TIME,
            "description": f"accounts of {vendor.label} asked at a time",
            "include_deferred": False,
        }
        for vendor in VENDORS.values()
    }
    return of_stages | of_vendors


def print_pools() -> None:
    """Print Airflow's pools as JSON, for `airflow pools import`."""
    print(json.dumps(pools(), indent=2))
