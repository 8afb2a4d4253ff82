"""Pull from {label}.

**What:** Asks every account that is due for plants, devices, now, history and alarms, within the vendor's limits, and keeps the
answers untouched in landing. A backfill orders the history of its days and stays with it until it is complete.

**Reads:** {label}; `fleet.integration` and `ops.pull` (the work list); the connection `<tenant>__<name>` of each account.

**Writes:** the landing store, `landing.document`, `fleet.*`, `ops.pull` and the account's tokens and budget.

**If it fails:** the message names the account; what it landed before is loaded all the same. Rejected credentials: correct them
with `helio integration add` or in the UI, then run `set_integration`. Anything else: what is not done waits in the work list and
the next run goes on with it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import DAG, AssetAlias, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowRescheduleException

from dags.connections import vendor_account
from dags.dag_defaults import DAG_DEFAULTS, backfill_days, conclude, wake_for
from include.core.pulls import MOST_ACCOUNTS
from include.core.settings import Settings
from include.core.vendors import VENDORS
from plugins.vendor_pace import VendorPace

FORM: Final = {
    "tenant": Param(None, type=["null", "string"], title="Tenant", description="Backfill only. Empty: all tenants."),
    "plants": Param(None, type=["null", "array"], items={"type": "string"}, title="Plants", description="Backfill only: keys."),
}


def land_vendor(name: str) -> DAG:
    """The DAG of one vendor."""
    pulled = AssetAlias(f"pulled_by_land_{name}")
    page = (__doc__ or "").format(label=VENDORS[name].label)

    @dag(f"land_{name}", schedule=VendorPace(), params=FORM, tags=["land", "vendors", name], doc_md=page, **DAG_DEFAULTS)
    def land() -> None:
        """The accounts, then one mapped task each."""

        @task(outlets=[pulled])
        def due(*, outlet_events: Any = None) -> list[dict[str, Any]]:  # noqa: ANN401 - Airflow fills it in
            """Accounts to ask now; in a backfill those whose history was ordered."""
            from include.steps.backfill import BackfillWish, order_backfill
            from include.steps.pull import due_accounts, feeds_landed_lately

            context, settings, now = get_current_context(), Settings.from_environment(), datetime.now(UTC)
            if not (days := backfill_days(context)):
                wake_for(feeds_landed_lately(settings, vendor=name, now=now), outlet_events[pulled])
                return due_accounts(settings, vendor=name, now=now)
            tenant, plants = context["params"]["tenant"], tuple(context["params"]["plants"] or ())
            wish = BackfillWish(*days, tenant=tenant, vendor=name, plants=plants)
            orders = order_backfill(settings, wish, now=now, run_id=context["run_id"])
            return [{key: order[key] for key in ("integration_id", "label", "connection_id")} for order in orders[:MOST_ACCOUNTS]]

        @task(pool=f"vendor_{name}", outlets=[pulled], map_index_template="{{ label }}", retries=0)
        def pull(account: dict[str, Any], *, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
            """Ask one account; returns counts. A backfill comes back until its days are done."""
            from include.steps.backfill import backlog
            from include.steps.pull import pull_account

            context, settings = get_current_context(), Settings.from_environment()
            context["label"] = account["label"]
            keys = {"credentials": vendor_account(account["connection_id"]), "run_id": context["run_id"]}
            counts = pull_account(settings, account["integration_id"], clock=lambda: datetime.now(UTC), **keys)
            wake_for(counts["feeds"], outlet_events[pulled])
            days = backfill_days(context)
            if days and (left := backlog(settings, account["integration_id"], first=days[0], last=days[1]))["waiting"]:
                soon = datetime.now(UTC) + timedelta(seconds=10)
                raise AirflowRescheduleException(max(soon, datetime.fromisoformat(left["next_at"])))
            return counts

        conclude(pull.expand(account=due()))

    return land()


globals().update({f"land_{vendor}": land_vendor(vendor) for vendor in VENDORS})
