"""Make a connection an integration, or try or stop one.

**What:** After an account was typed as connection `<tenant>__<name>`, `activate` lets it be pulled from now on; `test` logs in
and lists its plants; `disable` stops it and keeps what was pulled.

**Reads:** the form and the connection.

**Writes:** `fleet.integration`; activating also lifts blocks and asks again what the vendor refused.

**If it fails:** the message says what is wrong (no such tenant or connection, rejected credentials); correct it and trigger
again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.connections import vendor_account
from dags.dag_defaults import DAG_DEFAULTS, offered
from include.core.settings import Settings
from include.core.vendors import VENDORS

FORM: Final = {
    "tenant": Param(
        type="string",
        minLength=1,
        title="Tenant",
        description="What stands before __ in the connection's id.",
        **offered("tenants"),
    ),
    "vendor": Param(type="string", enum=list(VENDORS), title="Vendor"),
    "name": Param(None, type=["null", "string"], title="Name", description="What stands behind __. Empty: the vendor."),
    "action": Param(
        "activate",
        type="string",
        enum=["activate", "test", "disable"],
        title="Action",
        description="activate: pull from now on; test: log in and list the plants; disable: stop, keep what was pulled.",
    ),
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["set", "vendors"], doc_md=__doc__, **DAG_DEFAULTS)
def set_integration() -> None:
    """One task, by hand only."""

    @task
    def act(*, params: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Do what the form says; returns the integration's new state or its number of plants."""
        from include.steps.integrations import activate, set_state, try_integration
        from include.steps.tenants import require_tenant

        settings, now, action = Settings.from_environment(), datetime.now(UTC), params["action"]
        account = {"tenant": params["tenant"], "name": params["name"] or params["vendor"]}
        require_tenant(settings, account["tenant"])
        if action == "disable":
            return set_state(settings, **account, state="disabled", now=now)
        credentials = vendor_account("{tenant}__{name}".format(**account))
        if action == "test":
            return try_integration(settings, **account, clock=lambda: datetime.now(UTC), credentials=credentials)
        return activate(settings, **account, vendor=params["vendor"], now=now)

    act()


set_integration()
