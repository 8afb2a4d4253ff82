"""What a run says at its end: what was done, where to look, how to log in, what to try next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.plain_table import plain_table
from cli.run.airflow import USERS
from include.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: rows of `read_status`, the facts of `read_overview`, what each vendor cloud gave."""

    status: Sequence[Mapping[str, object]]
    facts: Mapping[str, Any]
    clouds: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DemoApi:
    """The demo's login to the API, its API key, and a question: a path with its query."""

    user: str
    password: str
    key: str
    question: str


def print_summary(console: Console, outcome: Outcome) -> None:
    """Print the table of feeds and the facts."""
    figures = ("documents", "waiting", "refused", "rows", "quarantined")
    table = plain_table("feed", figures=figures, title="What the DAGs did", gap=2)
    for row in outcome.status:
        counts = (row[name] for name in ("documents", "waiting", "refused", "inserted_rows", "quarantined_rows"))
        table.add_row(f"{row['tenant']}/{row['feed']}", *(f"{count:,}" for count in counts))
    console.print(table)
    console.print(_told_of_clouds(outcome.clouds))
    for label, fact in told(outcome.facts).items():
        console.print(f"{label:>18}  {fact}", highlight=False, soft_wrap=True)


def print_next_things(console: Console, settings: Settings, secrets: Mapping[str, str], demo: DemoApi | None) -> None:
    """Say that everything keeps running, and what to try next."""
    console.print("\nRunning; Ctrl-C stops everything.\n", style="bold")
    console.print(next_things(settings, secrets, demo), highlight=False, soft_wrap=True, markup=False)


def _told_of_clouds(clouds: Sequence[Mapping[str, Any]]) -> Table:
    figures = ("plants", "inverters", "closed days", "kWh of the last", "calls")
    table = plain_table("cloud", figures=figures, title="What the imitated clouds gave", gap=2)
    for cloud in clouds:
        counts = (cloud[name] for name in ("plants", "inverters", "days", "last_day_kwh", "calls"))
        table.add_row(cloud["vendor"], *(f"{count or 0:,.0f}" for count in counts))
    return table


def told(facts: Mapping[str, Any]) -> dict[str, str]:
    """The facts of a tenant as lines for people."""
    reasons = ", ".join(f"{rule} {rows}" for rule, rows in facts["quarantine_reasons"].items())
    return {
        "plants": f"{facts['plants']} with {facts['devices']} devices, {facts['customers']} customers",
        "generated": f"{facts['generated_kwh'] or 0:,.0f} kWh",
        "consumed": f"{facts['consumed_kwh'] or 0:,.0f} kWh",
        "rollup rows": f"{facts['rollup_rows']:,}",
        "in quarantine for": reasons or "nothing",
        "balance": "parsed = inserted + updated + unchanged + duplicate + quarantined holds for every load",
        "reports": f"{facts['reports']}, such as {facts['a_report']}",
        "mails delivered": str(facts["mails_sent"]),
    }


def next_things(settings: Settings, secrets: Mapping[str, str], demo: DemoApi | None) -> str:
    """URLs, logins, and things to try; without the demo how to begin with data of one's own."""
    logins = ", ".join(f"{user} / {secrets[secret]}" for user, secret in USERS.items())
    api = f"http://{settings.api_host}:{settings.api_port}"
    lines = [
        f"Airflow UI   http://127.0.0.1:{settings.airflow_port}   login {logins}",
        f"Fleet page   {settings.page_url}" + (f"   login {demo.user} / {demo.password}" if demo else ""),
        f"API          {api}/api/v1/openapi.json" + ("   the same login" if demo else ""),
        f"Drop files   {settings.drops_path}/{'demo' if demo else '<tenant>'}/<feed>/",
        f"Logs         {settings.home / 'logs'}",
        "Try          .venv/bin/helio status",
    ]
    if demo is None:
        return "\n".join(
            (
                *lines,
                "             .venv/bin/helio tenant add <slug>; then `helio user add`, `helio integration add`, or drop files",
            )
        )
    return "\n".join(
        (
            *lines,
            f"Clouds       {settings.sandbox_url}/control   (imitated; accounts: .venv/bin/helio integration list)",
            f"Sent mail    {settings.home / 'mail'}",
            f"API key      {demo.key}   (of {demo.user}; .venv/bin/helio key list)",
            f"             curl -s -H 'X-API-Key: {demo.key}' '{api}{demo.question}'",
        )
    )
