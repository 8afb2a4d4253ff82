"""`helio backfill`: have closed days of vendor accounts asked for again, after saying what that will cost."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Final

import typer

from cli.completion import complete_tenant, complete_vendor
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from cli.vendor_accounts import known_vendor, moment
from include.core.errors import Refused
from include.core.settings import Settings

_EARLIEST: Final = timezone(timedelta(hours=14))
"""Where on earth a day ends first."""


def backfill(  # noqa: PLR0913 - the options that people type
    tenant: Annotated[str, typer.Option(help="Tenant whose plants are meant.", autocompletion=complete_tenant)],
    first: Annotated[str, typer.Option("--from", help="First local day, such as 2026-01-31.")],
    last: Annotated[str, typer.Option("--to", help="Last local day, included; it must be over.")],
    plant: Annotated[list[str] | None, typer.Option(help="Key of a plant; repeat for more; all where none is given.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Only accounts of this vendor.", autocompletion=complete_vendor)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Ask no more for what waits of these days; what came stays.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask vendors for closed days once more: shows the calls and how long the limits make it take, then orders it."""
    from include.steps.backfill import BackfillWish, cancel_backfill, order_backfill, plan_backfill

    settings, now = Settings.from_environment(), datetime.now(UTC)
    wish = BackfillWish(
        first=day_of(first, "--from"),
        last=_closed(day_of(last, "--to"), now),
        tenant=tenant,
        vendor=known_vendor(vendor).name if vendor else None,
        plants=tuple(plant or ()),
    )
    if cancel:
        print(f"{cancel_backfill(settings, wish):,} requests are asked no more; what was answered stays")
        return
    plan = plan_backfill(settings, wish, now=now)
    calls = sum(row["total_calls"] for row in plan)
    if not as_json:
        _show(plan, wish.last)
    if not (dry_run or calls == 0):
        if not yes:
            _confirm(calls)
        plan = order_backfill(settings, wish, now=now, run_id=f"helio_backfill__{now.isoformat(timespec='seconds')}")
    if as_json:
        print_json(plan)
    else:
        print(_ending(plan, calls, is_ordered=not dry_run))


def day_of(text: str, option: str) -> date:
    """The day that an option says; raises `Refused` with the form that is wanted."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{option} {text!r} is not a day; write it as 2026-01-31") from error


def _closed(day: date, now: datetime) -> date:
    """The day, unless it is not over anywhere on earth; what is not over at a plant yet is left out by the plan."""
    today = now.astimezone(_EARLIEST).date()
    if day >= today:
        raise Refused(f"--to {day} is not over yet; ask for days before {today}, today is pulled by itself")
    return day


def _show(plan: Sequence[Mapping[str, Any]], last: date) -> None:
    table = plain_table("account", "interface", figures=("calls",), title="What it costs")
    for row in plan:
        for interface, calls in row["calls"].items():
            table.add_row(row["label"], interface, f"{calls:,}")
    if plan:
        print_table(table)
    for row in plan:
        waiting = f"; {row['until_now']:,} calls wait already" if row["until_now"] else ""
        asked = f"{row['plants']} plants, {row['devices']} devices, {row['days']} days: {row['total_calls']:,} calls"
        ends = f"{duration(row['seconds'])} within the vendor's limits, until {moment(row['ends_at'])} UTC"
        print(f"{row['label']}: {asked}, {ends}{waiting}")
        if row["last_day"] < last.isoformat():
            print(f"{row['label']}: only until {row['last_day']}, later days are not over yet at all of its plants")


def _confirm(calls: int) -> None:
    try:
        is_wanted = typer.confirm(f"Order {calls:,} calls?", err=True)
    except typer.Abort as error:
        raise Refused("nothing was ordered, for nobody answered; add --yes") from error
    if not is_wanted:
        raise Refused("nothing was ordered")


def _ending(plan: Sequence[Mapping[str, Any]], calls: int, *, is_ordered: bool) -> str:
    if not plan:
        return "nothing is ordered: no account with these plants is active; see `helio integration list`"
    if not calls:
        return "nothing is ordered: there is nothing to ask for these plants and days"
    if not is_ordered:
        return "nothing is ordered: this was a dry run"
    dags = ", ".join(sorted({f"land_{row['vendor']}" for row in plan}))
    return f"ordered; the scheduled runs of {dags} carry it out, beside the pulls of today. Progress: helio integration list"


def duration(seconds: float) -> str:
    """A length of time for people, such as `about 2 h 5 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{amount} {unit}" for amount, unit in ((days, "d"), (hours, "h"), (rest, "min")) if amount]
    return f"about {' '.join(parts[:2])}"
