"""`helio recipient`: who receives which reports, in which language and on which morning."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.backfill import day_of
from cli.completion import complete_language, complete_tenant
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.subscriptions import list_subscriptions, send_test, subscribe, unsubscribe

recipients = typer.Typer(help="Who receives which reports, and when.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(help="Tenant whose reports they are.", autocompletion=complete_tenant)]
Email = Annotated[str, typer.Argument(help="E-mail of the recipient.")]
Plants = Annotated[list[str] | None, typer.Option("--plant", help="Key of a plant; repeat for more [all, also those to come].")]
Digest = Annotated[bool, typer.Option("--digest", help="One report of all plants instead of one for each.")]
About = Annotated[str | None, typer.Option(help="plant, portfolio (as --digest), consumption or quality [plant].")]
Group = Annotated[str | None, typer.Option("--group", help="Group of customers, of consumption [all customers].")]
ReportLanguage = Annotated[
    str | None, typer.Option(help="Language: pt-BR or en [the tenant's].", autocompletion=complete_language)
]


@recipients.command("add")
def add_recipient(  # noqa: PLR0913 - the options of a command
    tenant: Tenant,
    email: Email,
    kind: Annotated[
        list[str] | None, typer.Option(help="day, week, month or cycle (billing cycle); repeat for more [what is usual].")
    ] = None,
    digest: Digest = False,
    about: About = None,
    group: Group = None,
    plant: Plants = None,
    language: ReportLanguage = None,
    wait_days: Annotated[int, typer.Option(help="Mornings to wait after the first one that follows the period.")] = 0,
    hour: Annotated[int, typer.Option(help="Hour at which the morning begins.")] = 7,
    timezone: Annotated[str | None, typer.Option(help="IANA zone of that hour [the tenant's].")] = None,
) -> None:
    """Give a recipient reports of these kinds, in the place of what was said of the same kinds before."""
    _print(
        subscribe(
            Settings.from_environment(),
            tenant=tenant,
            email=email,
            about=_about(about, digest),
            kinds=kind or None,
            customer_group=group,
            plants=plant,
            language=language,
            wait_days=wait_days,
            hour=hour,
            timezone=timezone,
            now=datetime.now(UTC),
        )
    )


@recipients.command("list")
def show_recipients(
    tenant: Annotated[str | None, typer.Argument(help="Tenant [all].", autocompletion=complete_tenant)] = None,
    as_json: AsJson = False,
) -> None:
    """Who receives which reports."""
    rows = list_subscriptions(Settings.from_environment(), tenant)
    if as_json:
        print_json(rows)
    else:
        _print(rows)


@recipients.command("stop")
def stop_recipient(
    tenant: Tenant,
    email: Email,
    kind: Annotated[str | None, typer.Option(help="Only this kind: day, week, month or cycle [all].")] = None,
    about: Annotated[str | None, typer.Option(help="Only reports about: plant, portfolio, consumption or quality [all].")] = None,
    group: Annotated[str | None, typer.Option(help="Only of this group of customers, of consumption [all].")] = None,
) -> None:
    """Send a recipient no such reports any longer, nor what waits in the outbox, tests among it."""
    what: dict[str, Any] = {"kinds": None if kind is None else [kind], "about": about, "customer_group": group}
    _print(unsubscribe(Settings.from_environment(), tenant=tenant, email=email, **what, now=datetime.now(UTC)))


@recipients.command("test")
def send_test_report(  # noqa: PLR0913 - the options of a command
    tenant: Tenant,
    email: Annotated[str, typer.Argument(help="Who gets it, and nobody else: you.")],
    kind: Annotated[str | None, typer.Option(help="day, week, month or cycle [what is usual].")] = None,
    day: Annotated[str | None, typer.Option(help="Any day of the period, as 2026-11-30 [yesterday].")] = None,
    digest: Digest = False,
    about: About = None,
    group: Group = None,
    plant: Plants = None,
    language: ReportLanguage = None,
) -> None:
    """Send reports to one address, as its recipients would get them."""
    told = send_test(
        Settings.from_environment(),
        tenant=tenant,
        email=email,
        about=_about(about, digest),
        kind=kind,
        customer_group=group,
        day=day_of(day, "--day") if day else None,
        plants=plant,
        language=language,
        now=datetime.now(UTC),
    )
    print(f"{told['mails']} mails for {email} wait in the outbox; send_mail sends them")


def _about(about: str | None, digest: bool) -> str:
    if digest and about not in {None, "portfolio"}:
        raise Refused(f"--digest is a report about the portfolio, not about {about}; leave out one of them")
    return "portfolio" if digest else about or "plant"


def _print(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("nobody; add a recipient with `helio recipient add`")
        return
    names = ("tenant", "recipient", "reports", "of", "language", "falls due")
    table = plain_table(*names)
    for row in rows:
        of = {
            "plant": ", ".join(row["plants"] or ["each plant"]),
            "portfolio": "all plants as one",
            "consumption": f"consumption of {row['customer_group'] or 'all customers'}",
            "quality": "quality of the data",
        }[row["about"]]
        wait = f"{row['wait_days']} d later, " if row["wait_days"] else ""
        table.add_row(
            row["tenant"], row["email"], row["kind"], of, row["language"], f"{wait}{row['hour']:02}:00 {row['timezone']}"
        )
    print_table(table)
