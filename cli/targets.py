"""`helio target`: what plants should generate."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.plain_table import plain_table, print_table
from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.register import register_text
from include.steps.targets import change_targets, read_plant_targets

targets = typer.Typer(help="Monthly targets of plants.", no_args_is_help=True)

Plant = Annotated[str, typer.Argument(help="The plant's key.")]
TenantOption = Annotated[str, typer.Option(help="Tenant whose plant it is.")]
SourceOption = Annotated[str | None, typer.Option(help="Who named the key; needed only where several plants have it.")]


@targets.command("set")
def set_target(
    plant: Plant,
    months: Annotated[list[str], typer.Argument(help="Months with their targets [kWh]: 2026-05=5200; 2026-06= removes one.")],
    tenant: TenantOption,
    source: SourceOption = None,
) -> None:
    """Set or remove targets of some months; prints the performance that follows."""
    told = change_targets(
        Settings.from_environment(),
        tenant=tenant,
        plant=plant,
        months_kwh=dict(_month(text) for text in months),
        now=datetime.now(UTC),
        source=source,
    )
    print(f"changed: {', '.join(told['months_changed']) or 'nothing'}")
    for row in told["performance"]:
        index = "no performance" if row["performance_index"] is None else f"{100 * row['performance_index']:.1f} %"
        days = f"{row['days_counted']} of {row['days_expected']} days count"
        print(f"{row['window']:14} {row['first_day']} to {row['last_day']}: {index}, {days}")


@targets.command("show")
def show_targets(plant: Plant, tenant: TenantOption, source: SourceOption = None) -> None:
    """Print a plant's targets, with revision and origin of each."""
    table = plain_table("month", "target [kWh]", "revision", "origin", "told")
    for row in read_plant_targets(Settings.from_environment(), tenant=tenant, plant=plant, source=source):
        told = f"{row['told_at']:%Y-%m-%d %H:%M}" if row["told_at"] else ""
        table.add_row(f"{row['month']:%Y-%m}", f"{row['target_kwh']:.10g}", str(row["revision"]), row["origin"], told)
    print_table(table)


@targets.command("load")
def load_targets(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: plant_key, month, target_kwh.")],
    tenant: TenantOption,
) -> None:
    """Register the targets of a CSV file at once, with what else waits to be registered; the same file may also be dropped."""
    now = datetime.now(UTC)
    content = file.read_text(encoding="utf-8-sig")
    done = register_text(
        Settings.from_environment(), tenant=tenant, content=content, name=file.name, now=now, run_id="helio target load"
    )
    if done["errors"]:
        raise Refused("; ".join(done["errors"]))
    new, changed, same = (done.get(f"{name}_rows", 0) for name in ("inserted", "updated", "unchanged"))
    print(f"registered: {new} new, {changed} changed, {same} as before")


def _month(text: str) -> tuple[date, float | None]:
    found = re.fullmatch(r"(\d{4})-(\d{2})=(.*)", text.strip())
    try:
        if not found:
            raise ValueError
        return date(int(found[1]), int(found[2]), 1), float(found[3]) if found[3] else None
    except ValueError as error:
        raise Refused(f"{text!r} is no month with a target; write it as 2026-05=5200") from error
