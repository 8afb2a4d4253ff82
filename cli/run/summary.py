"""What a run says at its end: what was done, where to look, how to log in, what to try next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from cli.run.airflow import USERS
from include.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: rows of `read_status`, the facts of `read_overview`, the API's login and a first question (path, query)."""

    status: Sequence[Mapping[str, object]]
    facts: Mapping[str, Any]
    login: tuple[str, str]
    question: str


def print_summary(console: Console, settings: Settings, outcome: Outcome, *, keeps_serving: bool) -> None:
    """Print the table of feeds, the facts, and, when everything keeps running, what to try next."""
    table = Table(
        Column("feed", no_wrap=True), "documents", "waiting", "refused", "rows", "quarantined", title="What the DAGs did"
    )
    for row in outcome.status:
        figures = (row[name] for name in ("documents", "waiting", "refused", "inserted_rows", "quarantined_rows"))
        table.add_row(f"{row['tenant']}/{row['feed']}", *(f"{figure:,}" for figure in figures))
    console.print(table)
    for label, fact in told(outcome.facts).items():
        console.print(f"{label:>18}  {fact}", highlight=False, soft_wrap=True)
    if keeps_serving:
        console.print("\nRunning; Ctrl-C stops everything.\n", style="bold")
        console.print(next_things(settings, outcome.login, outcome.question), highlight=False, soft_wrap=True, markup=False)


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


def next_things(settings: Settings, login: tuple[str, str], question: str) -> str:
    """URLs, logins, and one thing to try each."""
    user, password = login
    logins = ", ".join(f"{name} / {secret}" for name, secret in USERS.items())
    api = f"http://{settings.api_host}:{settings.api_port}"
    return "\n".join(
        (
            f"Airflow UI   http://127.0.0.1:{settings.airflow_port}   login {logins}",
            f"API          {api}/api/v1/openapi.json   login {user} / {password}",
            f"Drop files   {settings.drops_path}/demo/<feed>/",
            f"Sent mail    {settings.home / 'mail'}",
            f"Logs         {settings.home / 'logs'}",
            "Try          .venv/bin/helio status",
            f"             TOKEN=$(curl -s {api}/api/v1/auth/token -d 'username={user}&password={password}' | cut -d'\"' -f4)",
            f"             curl -s -H \"Authorization: Bearer $TOKEN\" '{api}{question}'",
        )
    )
