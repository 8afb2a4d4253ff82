"""A target of a whole year in months, by the shape of the plant's clear-sky year."""

from collections.abc import Sequence

from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.targets import find_plant
from include.warehouse import fleet
from include.warehouse.engine import transaction
from include.warehouse.yields import read_model


def months_of_year(
    settings: Settings,
    *,
    tenant: str,
    plant: str,
    source: str | None,
    year_kwh: float,
    beside: Sequence[float | None] = (),
) -> list[float | None]:
    """Twelve targets [kWh] that add up to `year_kwh`, each with the month's share of the plant's clear-sky energy.

    `beside` are months that were told as well: there must be none.

    Raises `Refused` where there is one, where the plant has no model yet, does not exist or is one of several, and for an energy
    that is none; `NeedsHuman` for an unknown tenant.
    """
    if any(month is not None for month in beside):
        raise Refused("the form has a target of the year and of months; empty the one or the others")
    if not 0 <= year_kwh < float("inf"):
        raise Refused(f"target {year_kwh!r} of the year is not an energy in kWh; give zero or more")
    with transaction(settings.database_url) as connection:
        owner = fleet.read_tenant(connection, tenant)
        known = find_plant(fleet.read_plants(connection, owner.slug), plant, source)
        model = read_model(connection, known["plant_id"])
    if model is None:
        raise Refused(f"plant {plant!r} of {tenant!r} has no model yet, by which a year has months; give the twelve months")
    return [year_kwh * share / 100 for share in model.month_pct]
