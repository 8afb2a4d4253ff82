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
    """What a run did: rows of `read_status`, the facts of `read_overview`, what each vendor cloud gave, a login and a question.

    The login is the API's, the question a path with its query.
    """

    status: Sequence[Mapping[str, object]]
    facts: Mapping[str, Any]
    clouds: Sequence[Mapping[str, Any]]
    login: tuple[str, str]
    question: str


def print_summary(console: Console, settings: Settings, outcome: Outcome, *, keeps_serving: bool) -> None:
    """Print the table of feeds, the facts, and, when everything keeps running, what to try next."""
    table = _table("What the DAGs did", "feed", "documents", "waiting", "refused", "rows", "quarantined")
    for row in outcome.status:
        figures = (row[name] for name in ("documents", "waiting", "refused", "inserted_rows", "quarantined_rows"))
        table.add_row(f"{row['tenant']}/{row['feed']}", *(f"{figure:,}" for figure in figures))
    console.print(table)
    console.print(_told_of_clouds(outcome.clouds))
    for label, fact in told(outcome.facts).items():
        console.print(f"{label:>18}  {fact}", highlight=False, soft_wrap=True)
    if keeps_serving:
        console.print("\nRunning; Ctrl-C stops everything.\n", style="bold")
        console.print(next_things(settings, outcome.login, outcome.question), highlight=False, soft_wrap=True, markup=False)


def _told_of_clouds(clouds: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("What the imitated clouds gave", "cloud", "plants", "inverters", "closed days", "kWh of the last", "calls")
    for cloud in clouds:
        figures = (cloud[name] for name in ("plants", "inverters", "days", "last_day_kwh", "calls"))
        table.add_row(cloud["vendor"], *(f"{figure or 0:,.0f}" for figure in figures))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    """A table that fits 80 columns."""
    figures = (Column(name, justify="right", no_wrap=True) for name in others)
    return Table(Column(first, no_wrap=True), *figures, title=title, box=None, padding=(0, 2, 0, 0), pad_edge=False)


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
            f"Clouds       {settings.sandbox_url}/control   (imitated; accounts: .venv/bin/helio integration list)",
            f"Sent mail    {settings.home / 'mail'}",
            f"Logs         {settings.home / 'logs'}",
            "Try          .venv/bin/helio status",
            f"             TOKEN=$(curl -s {api}/api/v1/auth/token -d 'username={user}&password={password}' | cut -d'\"' -f4)",
            f"             curl -s -H \"Authorization: Bearer $TOKEN\" '{api}{question}'",
        )
    )
