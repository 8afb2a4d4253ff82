"""`helio report`: which reports wait for a person before they are mailed, and what that person says."""

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from cli.completion import complete_tenant
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.approvals import Outcome, answer, choose_approval, list_waiting

reports = typer.Typer(help="Reports that wait for approval before they are mailed.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(help="Tenant whose reports they are.", autocompletion=complete_tenant)]
Numbers = Annotated[
    list[int] | None,
    typer.Option(
        "--report", min=1, max=2**31 - 1, help="Number of a report, as `waiting` lists it; repeat for more [all that wait]."
    ),
]
By = Annotated[str | None, typer.Option(help="Who says so [the name of this account].")]


@reports.command("approval")
def set_approval(
    tenant: Tenant,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="day, week, month, cycle, or restated (later revisions of any kind); repeat for more."),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No report waits from now on; what waits goes on waiting.")] = False,
) -> None:
    """Say which reports of a tenant wait for a person before they are mailed."""
    if none == bool(kind):
        raise Refused("say which reports wait by --kind, or --none; one of both")
    chosen = choose_approval(Settings.from_environment(), tenant=tenant, kinds=kind or ())
    print(f"reports of {tenant} that wait for approval: {', '.join(chosen) or 'none'}")


@reports.command("waiting")
def show_waiting(tenant: Tenant, as_json: AsJson = False) -> None:
    """Reports of a tenant that wait for approval."""
    kinds, rows = list_waiting(Settings.from_environment(), tenant)
    if as_json:
        print_json(rows)
        return
    print(f"reports of {tenant} that wait for approval: {', '.join(kinds) or 'none'}")
    if rows:
        _print(rows)


@reports.command("approve")
def approve(
    tenant: Tenant,
    report: Numbers = None,
    by: By = None,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept.")] = None,
) -> None:
    """Let the mails of reports leave that wait."""
    outcome = _decide(tenant, "approved", report, by, reason)
    print(f"{outcome.reports} reports of {tenant} are approved; {outcome.mails} mails wait in the outbox, send_mail sends them")


@reports.command("reject")
def reject(
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    report: Numbers = None,
    by: By = None,
) -> None:
    """Keep reports unsent that wait; a later revision waits anew."""
    outcome = _decide(tenant, "rejected", report, by, reason)
    print(f"{outcome.reports} reports of {tenant} are rejected; none of their mails leaves")


def _decide(
    tenant: str, decision: Literal["approved", "rejected"], numbers: list[int] | None, by: str | None, reason: str | None
) -> Outcome:
    settings, who = Settings.from_environment(), by or getpass.getuser()
    wish: dict[str, Any] = {"report_ids": numbers or None, "reason": reason}
    return answer(settings, tenant=tenant, decision=decision, by=who, **wish, now=datetime.now(UTC))


def _print(rows: list[dict[str, Any]]) -> None:
    table = plain_table("number", "of", "period", "language", "revision", "mails", "held since")
    table.add_column("what changed", overflow="fold")
    for row in rows:
        of = row["plant_key"] or " ".join(filter(None, (row["about"], row["customer_group"])))
        told = (f"{row['report_id']}", of, f"{row['kind']} {row['starts_on']}", row["language"], f"{row['revision']}")
        table.add_row(*told, f"{row['mails']}", row["held_at"][:16].replace("T", " "), "; ".join(row["changed"]) or "–")
    print_table(table)
    if left := rows[0]["reports"] - len(rows):
        print(f"and {left} more")
