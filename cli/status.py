"""`helio status`: what came, what waits and how fresh it is, in 80 columns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from rich.console import Console

from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.settings import Settings
from include.steps.overview import read_health
from include.steps.watch import open_incidents

_STEPS: Final = ((100, 1, "s"), (100, 60, "min"), (48, 3600, "h"), (1000, 86_400, "d"))
"""Longest count, length [s] and name of the units in which an age is told."""

_YEAR_S: Final = 365.25 * 86_400


def status(as_json: AsJson = False) -> None:
    """What is wrong; per tenant and feed what came, what waits, how fresh it is; what the roll-up has to do; bad counters."""
    now = datetime.now(UTC)
    settings = Settings.from_environment()
    found = {"incidents": open_incidents(settings), **read_health(settings, now=now)}
    if as_json:
        print_json(found)
        return
    console = Console(highlight=False, markup=False)
    _show_incidents(console, found["incidents"], now)
    feeds = {tenant: list(rows) for tenant, rows in groupby(found["feeds"], key=itemgetter("tenant"))}
    for tenant in found["tenants"]:
        _show_tenant(console, tenant, feeds.get(tenant["tenant"], []), now)
    if not found["tenants"]:
        console.print("no tenant yet; add one with `helio tenant add`")
    _show_counters(console, found["counters"])
    _show_remarks(console, found["remarks"])


def _show_incidents(console: Console, incidents: Sequence[Mapping[str, Any]], now: datetime) -> None:
    if incidents:
        console.print("\nWhat is wrong", style="bold")
    for row in incidents:
        console.print(f"  {row['severity']}, for {age(row['began_at'], now)}: {row['summary']}", soft_wrap=True)
        console.print(f"    {row['action']}", soft_wrap=True)


def _show_tenant(console: Console, tenant: Mapping[str, Any], feeds: Sequence[Mapping[str, Any]], now: datetime) -> None:
    console.print(f"\n{tenant['tenant']}: {_waiting(tenant)}", style="bold", soft_wrap=True)
    if not feeds:
        console.print("nothing came yet")
        return
    table = plain_table("feed", figures=("docs", "wait", "refused", "rows", "held", "received", "measured"))
    for row in feeds:
        counts = (row[name] for name in ("documents", "waiting", "refused", "inserted_rows", "quarantined_rows"))
        ages = (age(row[name], now) for name in ("last_received_at", "last_measured_at"))
        table.add_row(str(row["feed"]), *(f"{count:,}" for count in counts), *ages)
    print_table(table)


def _waiting(tenant: Mapping[str, Any]) -> str:
    """What the roll-up still has to do for a tenant, and how many counters misbehaved."""
    days = tenant["dirty_days"] + tenant["dirty_plant_days"]
    counters = tenant["misbehaving_counters"]
    return ", ".join(
        (
            f"{days:,} {'day waits' if days == 1 else 'days wait'} for the roll-up" if days else "nothing waits for the roll-up",
            *([f"{counters:,} {'counter' if counters == 1 else 'counters'} misbehaved in 7 days"] if counters else []),
        )
    )


def _show_counters(console: Console, counters: Sequence[Mapping[str, Any]]) -> None:
    if not counters:
        return
    console.print("\nCounters that misbehaved most in 7 days", style="bold")
    table = plain_table("series", figures=("days", "held back", "resets", "dips", "zeros"))
    table.add_column("of", overflow="fold")
    for row in counters:
        figures = (f"{row[name]:,}" for name in ("days", "held_back", "resets", "dips", "zeros"))
        owner = "/".join(row[name] for name in ("tenant", "plant", "device") if row[name])
        table.add_row(str(row["series_id"]), *figures, f"{owner} {row['quantity']}")
    print_table(table)


def _show_remarks(console: Console, documents: Sequence[Mapping[str, Any]]) -> None:
    if documents:
        console.print("\nWhat the newest loads did not use", style="bold")
    for row in documents:
        console.print(f"  document {row['document_id']}, {row['tenant']}/{row['feed']}, {row['original_name']}:", soft_wrap=True)
        for remark in row["remarks"]:
            console.print(f"    {remark}", soft_wrap=True)


def age(instant: datetime | None, now: datetime) -> str:
    """How long ago, such as `12 min`; `in 3 h` of what lies ahead, as a clock that is wrong makes it; empty for nothing."""
    if instant is None:
        return ""
    seconds = (now - instant).total_seconds()
    told = _length(abs(seconds))
    return f"in {told}" if seconds <= -1 else told


def _length(seconds: float) -> str:
    for longest, length, name in _STEPS:
        if seconds < longest * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds / _YEAR_S:.1f} y"
