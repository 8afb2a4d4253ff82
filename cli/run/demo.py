"""The demo's first tenant: the samples in its drop folder, and the DAGs that carry them to reports."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cli.run.flow import Stage
from include.core.documents import FEEDS, FLEET_FEEDS
from include.core.settings import Settings
from include.steps.access_keys import SCOPES, ensure_key
from include.steps.land import deliver_drop
from include.steps.overview import count_unanswered_days, find_plant, read_overview, read_status
from include.steps.subscriptions import list_subscriptions, subscribe
from include.steps.tenants import save_tenant
from include.steps.users import ensure_user

SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples" / "drops"
DEMO: Final = json.loads((SAMPLES.parent / "demo.json").read_text(encoding="utf-8"))
TENANT: Final = DEMO["tenant"]["slug"]
TENANTS: Final = (TENANT, DEMO["clouds"]["tenant"]["slug"])
USER: Final = "demo@heliograph.example"
RECIPIENT: Final = "reports@heliograph.example"


def prepare_demo(settings: Settings, password: str, key: str) -> None:
    """Make the demo tenant, its login and its API key; called before anything is dropped, on every run, so it is repeatable."""
    save_tenant(settings, TENANT, DEMO["tenant"])
    now = datetime.now(UTC)
    if not list_subscriptions(settings, TENANT):
        subscribe(settings, tenant=TENANT, email=RECIPIENT, about="plant", kinds=["day", "month"], now=now)
    ensure_user(settings, tenant=TENANT, email=USER, password=password, role="admin", now=now)
    ensure_key(settings, email=USER, name="demo", key=key, scopes=list(SCOPES), now=now)


def report_wishes() -> list[dict[str, Any]]:
    """Forms of `report_plants`, one per kind and period of the demo."""
    return [
        {
            "tenant": TENANT,
            "kind": wish["kind"],
            "day": wish["period"] if wish["kind"] == "day" else f"{wish['period']}-01",
            "plants": wish["plants"],
            "send": True,
        }
        for wish in DEMO["reports"]
    ]


def has_samples(settings: Settings) -> bool:
    """Has an earlier run delivered the samples?"""
    return any(row["tenant"] == TENANT and row["documents"] for row in read_status(settings))


def drop_samples(settings: Settings, samples: Path = SAMPLES) -> int:
    """Deliver every sample, each whole or not at all; returns how many. Documents known by their sha256 are not loaded again."""
    delivered = 0
    for feed in FEEDS:
        for file in sorted((samples / feed).glob("[!.]*")):
            deliver_drop(settings, file, tenant=TENANT, feed=feed)
            delivered += 1
    return delivered


def landing_stages(settings: Settings) -> list[Stage]:
    """The DAGs that take the samples in, each with what still waits for it."""
    return [
        Stage("drops to landing", "land_file_drops", lambda: waiting_drops(settings), "files", must_run=True),
        Stage("registry to fleet", "register_fleet", lambda: waiting_documents(settings, registry=True), "documents"),
    ]


def loading_stages(settings: Settings) -> list[Stage]:
    """The DAGs that carry what has landed, of all tenants, in the order in which they follow each other."""
    return [
        Stage(
            "landing to readings",
            "load_readings",
            lambda: waiting_documents(settings, registry=False),
            "documents",
            must_run=True,
        ),
        Stage("readings to rollups", "roll_up_readings", lambda: dirty_days(settings), "days", must_run=True),
        Stage("rollups to answers", "analyse_fleet", lambda: count_unanswered_days(settings), "days", must_run=True),
    ]


def mail_stage(settings: Settings) -> Stage:
    """The DAG that sends the reports."""
    return Stage("outbox to mail", "send_mail", lambda: waiting_mails(settings), "mails")


def waiting_mails(settings: Settings) -> int:
    """Mails of the demo tenant that were not sent."""
    return int(overview(settings)["mails_unsent"])


def waiting_drops(settings: Settings) -> int:
    """Files of the demo tenant that nobody has claimed yet."""
    return sum(1 for feed in FEEDS for file in (settings.drops_path / TENANT / feed).glob("[!.]*") if file.is_file())


def waiting_documents(settings: Settings, *, registry: bool) -> int:
    """Documents of the demo's tenants that are landed but not loaded, of the feeds that tell of plants or of all others."""
    rows = [row for row in read_status(settings) if row["tenant"] in TENANTS]
    return sum(row["waiting"] for row in rows if (row["feed"] in FLEET_FEEDS) == registry)


def dirty_days(settings: Settings) -> int:
    """Days of both tenants' series that wait for the roll-up."""
    return sum(int(overview(settings, tenant)["dirty_days"]) for tenant in TENANTS)


def overview(settings: Settings, tenant: str = TENANT) -> dict[str, Any]:
    """What a tenant has by now."""
    return read_overview(settings, tenant)


def faults(facts: dict[str, Any]) -> list[str]:
    """What keeps a run from having worked, a sentence each; empty when everything did."""
    checks = {
        "no plant generated any energy": not facts["generated_kwh"],
        "no customer's consumption was loaded": not facts["consumed_kwh"],
        "quarantine is empty although the samples have defects": not facts["quarantine_reasons"],
        f"{facts['unaccounted_documents']} loaded documents have no balance": facts["unaccounted_documents"],
        f"{facts['reports']} reports for {facts['plants']} plants": facts["reports"] < facts["plants"],
        f"{facts['mails_unsent']} mails were not delivered": facts["mails_unsent"] or not facts["mails_sent"],
        f"{facts['dirty_days']} days were not rolled up": facts["dirty_days"],
    }
    return [sentence for sentence, is_so in checks.items() if is_so]


def first_question(settings: Settings) -> str:
    """Path and query of the example in `samples/demo.json`, for the API."""
    wish = DEMO["api_example"]
    plant = find_plant(settings, TENANT, wish["plant_key"])
    return f"/api/v1/plants/{plant['plant_id']}/rollups?grain={wish['grain']}&from={wish['from']}&to={wish['to']}"
