"""Stored aggregates are proved against the readings; what does not agree is told, never repaired in silence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.core.span import day_number, day_of_number
from include.rollups.audit import audit
from include.rollups.periods import period_of
from include.rollups.wish import RollupWish
from include.warehouse import fleet
from include.warehouse.engine import snapshot


def audit_rollups(settings: Settings, wish: Mapping[str, Any], *, days: int | None, seed: int, now: datetime) -> dict[str, Any]:
    """Compare so many days of series, and as many of plants, drawn by the seed; without a number all of them.

    `wish` has the fields of `RollupWish`. Returns the fields of `Audit`, and `advice`: the commands that compute the told
    mismatches again.
    Raises `NeedsHuman` for an unknown tenant, `Refused` for unknown plants or series.
    """
    asked = RollupWish(**wish)
    with snapshot(settings.database_url) as connection:
        if asked.tenant:
            fleet.read_tenant(connection, asked.tenant)
        found = audit(connection, asked, days=days, seed=seed, now=now).as_dict()
    return found | {"advice": advice_on(found["mismatches"])}


def require_agreement(found: Mapping[str, Any], *, most: int = 20) -> None:
    """Raise `NeedsHuman` with the first mismatches and what to do, where there is any."""
    if not found["mismatch_count"]:
        return
    rows = [mismatch_sentence(each) for each in found["mismatches"][:most]]
    told = f"{found['mismatch_count']} stored figures are not what the readings come to; the first {len(rows)}:"
    raise NeedsHuman("\n".join([told, *rows, "nothing was repaired; compute them again with", *found["advice"]]))


def audit_sentence(found: Mapping[str, Any]) -> str:
    """The numbers of an audit in one line."""
    drawn = "every day" if found["seed"] is None else f"seed {found['seed']}"
    compared = f"{found['series_days']:,} days of series and {found['plant_days']:,} of plants"
    waiting = f"; {found['waiting_days']:,} days wait for the roll-up and were left out" if found["waiting_days"] else ""
    return f"{found['mismatch_count']:,} mismatches in {compared} ({drawn}): {found['equal_rows']:,} rows agree{waiting}"


def mismatch_sentence(mismatch: Mapping[str, Any]) -> str:
    """One figure in one line."""
    subject = " ".join(mismatch[name] for name in ("tenant", "plant", "device", "quantity") if mismatch[name])
    series = f" (series {mismatch['series_id']})" if mismatch["series_id"] else ""
    where = f"{mismatch['table']} {mismatch['grain']} {_told(mismatch['start'])} {mismatch['column']}"
    return f"{subject}{series}: {where}: stored {_told(mismatch['stored'])}, recomputed {_told(mismatch['recomputed'])}"


def advice_on(mismatches: Sequence[Mapping[str, Any]]) -> list[str]:
    """One `helio recompute` for each plant, or for the tenant where no plant is behind it, over the local days concerned.

    A day computed again computes its week, month and year, so these are no days of their own where such a day is known.
    """
    spans: dict[tuple[str, str], set[tuple[date, date]]] = defaultdict(set)
    found = {(each["tenant"] or "", each["plant"] or "", each["local_date"], _last_day(each)) for each in mismatches}
    for tenant, plant, first, last in sorted(found, key=lambda each: each[3] - each[2]):
        known = spans[tenant, plant]
        if not any(first <= begin and end <= last for begin, end in known):
            known.add((first, last))
    return [
        f"helio recompute --tenant {tenant}{f' --plant {plant}' if plant else ''}"
        f" --from {min(first for first, _ in known)} --to {max(last for _, last in known)}"
        for (tenant, plant), known in sorted(spans.items())
    ]


def _last_day(mismatch: Mapping[str, Any]) -> date:
    """Last local day of the hour, day or longer bucket."""
    day: date = mismatch["local_date"]
    if mismatch["grain"] in ("hour", "day"):
        return day
    _, end = period_of(mismatch["grain"], np.array([day_number(day)], np.int32))
    return day_of_number(int(end[0]) - 1)


def _told(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%MZ}"
    return "null" if value is None else str(value)
