"""`helio audit` and `helio recompute`: stored aggregates proved against the readings, and computed again."""

import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli.backfill import day_of
from cli.completion import complete_tenant
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.settings import Settings

_MOST_SHOWN: Final = 50
_PROGRESS_S: Final = 5.0

Tenant = Annotated[str | None, typer.Option(help="Only this tenant.", autocompletion=complete_tenant)]
Plant = Annotated[list[str] | None, typer.Option(help="Only the plant of this key; repeat for more.")]
First = Annotated[str | None, typer.Option("--from", help="First local day, such as 2026-01-31.")]
Last = Annotated[str | None, typer.Option("--to", help="Last local day, included.")]


def audit(  # noqa: PLR0913 - the options that people type
    tenant: Tenant = None,
    plant: Plant = None,
    series: Annotated[list[int] | None, typer.Option(help="Only the series of this id; repeat for more.")] = None,
    first: First = None,
    last: Last = None,
    days: Annotated[int, typer.Option(min=1, help="So many local days of series, and as many of plants.")] = 200,
    every_day: Annotated[bool, typer.Option("--all", help="Every day that has anything, instead of a sample.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Draw the days of an earlier audit again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compute days again from the readings, compare them with what is stored, and change nothing; status 1 where they differ."""
    from include.steps.audit import audit_rollups, audit_sentence

    wish = _wish(tenant, plant, first, last) | {"series_ids": tuple(series or ())}
    drawn_by = secrets.randbelow(10**9) if seed is None else seed
    asked = {"days": None if every_day else days, "seed": drawn_by, "now": datetime.now(UTC)}
    found = audit_rollups(Settings.from_environment(), wish, **asked)
    if as_json:
        print_json(found)
    else:
        print(audit_sentence(found))
        _show_mismatches(found)
    if found["mismatch_count"]:
        raise typer.Exit(1)


def recompute(
    tenant: Tenant = None,
    plant: Plant = None,
    first: First = None,
    last: Last = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it would be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute days again from the readings by today's rules, and say what changed; a repeat changes nothing."""
    from include.steps.recompute import plan_recompute, recompute_rollups

    settings, wish = Settings.from_environment(), _wish(tenant, plant, first, last)
    if dry_run:
        done = plan_recompute(settings, wish)
    else:
        done = recompute_rollups(settings, wish, clock=lambda: datetime.now(UTC), tell=_Progress())
    if as_json:
        print_json(done)
    elif dry_run:
        print(f"{_extent(done)} would be computed again; nothing was. `helio audit --all` tells what would change")
    else:
        _show_recompute(done)


class _Progress:
    """A line on stderr every few seconds."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, remaining: int) -> None:
        if remaining and time.monotonic() - self._told_at >= _PROGRESS_S:
            print(f"{remaining:,} days left", file=sys.stderr, flush=True)
            self._told_at = time.monotonic()


def _show_recompute(done: dict[str, Any]) -> None:
    print(f"{_extent(done)} were computed again, {done['rows_changed']:,} rows changed")
    _show("Energy by local day", done["energies"], ("tenant", "quantity", "days", "changed_days", "before_kwh", "after_kwh"))
    columns = ("tenant", "plant", "device", "quantity", "series_id", "local_date", "before_kwh", "after_kwh")
    _show("Largest changes", done["largest"], columns)
    columns = ("tenant", "quantity", "counters", "days", "zeros", "dips", "resets", "held_back")
    _show("Days on which counters misbehaved", done["counters"], columns)


def _extent(done: dict[str, Any]) -> str:
    return f"{done['series_days']:,} days of {done['series']:,} series and {done['plant_days']:,} of {done['plants']:,} plants"


def _show(title: str, rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    if not rows:
        return
    names = (name.replace("_kwh", " [kWh]").replace("_id", "").replace("_", " ") for name in columns)
    table = plain_table(*names, title=title)
    for row in rows:
        table.add_row(*(_energy(row[name]) if name.endswith("_kwh") else _cell(row[name]) for name in columns))
    print_table(table)


def _wish(tenant: str | None, plants: list[str] | None, first: str | None, last: str | None) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "plants": tuple(plants or ()),
        "first": day_of(first, "--from") if first else None,
        "last": day_of(last, "--to") if last else None,
    }


def _show_mismatches(found: dict[str, Any]) -> None:
    if not found["mismatch_count"]:
        return
    shown = found["mismatches"][:_MOST_SHOWN]
    names = ("tenant", "plant", "device", "quantity", "series_id", "table", "grain", "start", "column", "stored", "recomputed")
    _show("Stored figures that are not what the readings come to", shown, names)
    if found["mismatch_count"] > len(shown):
        print(f"and {found['mismatch_count'] - len(shown):,} more; --json has the first {len(found['mismatches']):,}")
    print("Nothing was repaired. To compute again:")
    print(*found["advice"], sep="\n")


def _energy(kwh: float | None) -> str:
    return "" if kwh is None else f"{kwh:,.3f}"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}Z"
    return "" if value is None else str(value)
