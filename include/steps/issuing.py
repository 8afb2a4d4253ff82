"""One run at a time issues a report: two would give out the same revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from include.core.errors import TryLater
from include.core.settings import Settings
from include.steps.lease import Lease, lease
from include.warehouse.reports import ReportKey

_LEASE_S: Final = 300
"""Longer than a report takes, a slow store included."""


@contextmanager
def issuing(settings: Settings, key: ReportKey) -> Iterator[Lease]:
    """Hold the report during the block; raises `TryLater` while another run issues it."""
    group = "" if key.customer_group is None else f" of {key.customer_group}"
    span = f"{key.kind} report from {key.starts_on} to {key.ends_on} in {key.language}"
    thing = f"{span} about {key.about}{group} {key.plant_id or key.tenant_id}"
    with lease(settings, thing, seconds=_LEASE_S) as mine:
        if mine is None:
            raise TryLater(f"another run issues the {thing}; the next run sees whether anything is missing", after_s=30)
        yield mine


def require_turn(mine: Lease) -> None:
    """Raise `TryLater` where this run was silent for so long that another one has taken over; nothing may be open."""
    if not mine.go_on():
        raise TryLater(f"this run was silent for {_LEASE_S} s, and another one issues the {mine.thing}; retry")
