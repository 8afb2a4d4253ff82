"""`helio synthesize`: measurements of a plant that does not exist, to try things with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.backfill import day_of
from include.core.errors import Refused
from include.core.span import local_day, zone
from include.steps.synthesize import FAULTS, SyntheticFault, SyntheticPlant, write_measurements


def synthesize(  # noqa: PLR0913 - the options of a command
    file: Annotated[Path, typer.Argument(dir_okay=False, help="JSON file to write; it must not be there.")],
    inverters: Annotated[int, typer.Option(help="Inverters, with the keys 1, 2, ...")] = 8,
    rating_kw: Annotated[float, typer.Option(help="Rating of each [kW].")] = 100.0,
    timezone: Annotated[str, typer.Option(help="IANA zone; the sun is that of its city.")] = "America/Sao_Paulo",
    first: Annotated[str | None, typer.Option("--from", help="First local day [seven days].")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last local day [yesterday].")] = None,
    step_s: Annotated[int, typer.Option(help="Seconds between records.")] = 300,
    seed: Annotated[int, typer.Option(help="The same seed makes the same plant and weather.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help=f"inverter:kind:day, such as 3:weak:2026-01-04; kinds: {', '.join(FAULTS)}.")
    ] = None,
) -> None:
    """Write feasible measurements as the feed plant_measurements takes them, with faults where asked for."""
    if file.exists():
        raise Refused(f"{file} is there already; name another file")
    plant = SyntheticPlant(inverters=inverters, rating_kw=rating_kw, timezone=zone(timezone).key, step_s=step_s, seed=seed)
    last_day = day_of(last, "--to") if last else local_day(datetime.now(UTC), ZoneInfo(plant.timezone)) - timedelta(days=1)
    first_day = day_of(first, "--from") if first else last_day - timedelta(days=6)
    faults = [_fault(text) for text in fault or ()]
    try:
        told = write_measurements(file, plant, first_day=first_day, last_day=last_day, faults=faults)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror or error}; choose another place") from error
    print(f"{told['records']:,} records, {told['energy_kwh']:,.0f} kWh, {first_day} to {last_day}: {file}")


def _fault(text: str) -> SyntheticFault:
    inverter, _, rest = text.partition(":")
    kind, _, day = rest.partition(":")
    if not inverter.isdecimal():
        raise Refused(f"fault {text!r} cannot be read; write it as 3:weak:2026-01-04")
    return SyntheticFault(int(inverter), kind, day_of(day, "--fault"))
