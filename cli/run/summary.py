"""What a run says at its end: what was done, where to look, how to log in, what to try next."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from cli.run.airflow import USERS
from include.core.settings import Settings


def print_summary(
    console: Console,
    settings: Settings,
    *,
    status: Sequence[Mapping[str, object]],
    facts: Mapping[str, object],
    keeps_serving: bool,
) -> None:
    """Print the table of feeds (`status` as of `read_status`), further `facts` by label, and what to try next."""
    table = Table("feed", "documents", "waiting", "refused", "readings", "quarantined", title="What the DAGs did")
    for row in status:
        figures = (row[name] for name in ("documents", "waiting", "refused", "inserted_rows", "quarantined_rows"))
        table.add_row(f"{row['tenant']}/{row['feed']}", *(f"{figure:,}" for figure in figures))
    console.print(table)
    for label, fact in facts.items():
        console.print(f"{label:>18}  {fact}", highlight=False, soft_wrap=True)
    if keeps_serving:
        console.print(Panel(next_things(settings), title="Running; Ctrl-C stops everything", expand=False), highlight=False)


def next_things(settings: Settings) -> str:
    """URLs, logins, and one thing to try each."""
    logins = ", ".join(f"{user} / {password}" for user, password in USERS.items())
    api = f"http://{settings.api_host}:{settings.api_port}"
    return "\n".join(
        (
            f"Airflow UI   http://127.0.0.1:{settings.airflow_port}   login {logins}",
            f"API          {api}/api/v1/openapi.json",
            f"Drop files   {settings.drops_path}/demo/<feed>/",
            f"Sent mail    {settings.home / 'mail'}",
            f"Logs         {settings.home / 'logs'}",
            "Try          .venv/bin/helio status",
        )
    )
