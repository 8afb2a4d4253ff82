"""Backfills: closed days that a person wants once more, estimated, then put on the work list of the accounts."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from include.core.errors import Refused
from include.core.pulls import PlannedDays, PulledFleet, Request
from include.core.settings import Settings
from include.sources.clouds.registry import CLOUDS
from include.steps import pull_plan
from include.warehouse import integrations, pulls
from include.warehouse.engine import Connection, transaction
from include.warehouse.fleet import read_tenant
from include.warehouse.integrations import Integration

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackfillWish:
    """Closed local days to request once more, both included: of all accounts, or of a tenant, a vendor, certain plants."""

    first: date
    last: date
    tenant: str | None = None
    vendor: str | None = None
    plants: tuple[str, ...] = ()


def plan_backfill(settings: Settings, wish: BackfillWish, *, now: datetime) -> list[dict[str, Any]]:
    """What a backfill would request of each account and how long the limits make it take.

    Days that are not over yet at an account's plants are left out. Raises `Refused` where all of them are, or where no
    account has such a plant or any, and `NeedsHuman` for an unknown tenant.
    """
    with transaction(settings.database_url) as connection:
        return [backfill.summary(connection, now) for backfill in _backfills(connection, wish, now)]


def order_backfill(settings: Settings, wish: BackfillWish, *, now: datetime, run_id: str) -> list[dict[str, Any]]:
    """Put a backfill on the work list: the scheduled runs carry it out. What waits already is not requested twice.

    Returns and raises as `plan_backfill`.
    """
    ordered = []
    with transaction(settings.database_url) as connection:
        for backfill in _backfills(connection, wish, now):
            integration_id = backfill.integration.integration_id
            integrations.lock_account(connection, integration_id)  # before any other row, as a pull that plans does
            ordered.append(backfill.summary(connection, now))
            pulls.add_requests(connection, backfill.integration, "backfill", backfill.requests, days=backfill.days, now=now)
            integrations.set_due(connection, integration_id, now)
    _log.info("Backfill %s to %s ordered by %s: %s", wish.first, wish.last, run_id, ordered)
    return ordered


def backlog(settings: Settings, integration_id: int, *, first: date, last: date) -> dict[str, Any]:
    """Backfill requests of an account that touch these days and are not answered: waiting, next_at."""
    with transaction(settings.database_url) as connection:
        found = pulls.read_backlog(connection, integration_id, purpose="backfill", days=PlannedDays(first, last))
    return {"waiting": found.waiting, "next_at": found.next_at and found.next_at.isoformat()}


def progress(connection: Connection, integration_id: int, *, now: datetime) -> dict[str, Any] | None:
    """What is left of an account's backfills: waiting, and when the limits permit its end; None where nothing is."""
    calls = pulls.count_waiting(connection, integration_id, "backfill")
    if not calls:
        return None
    integration = integrations.read_integration(connection, integration_id)
    cloud, fleet = CLOUDS[integration.vendor], integrations.read_fleet(connection, integration_id)
    scheduled = pull_plan.calls_of_a_day(cloud, integration.account, fleet, now.date())
    cost = pull_plan.estimate_calls(calls, cloud.rate_limits(integration.account, fleet), scheduled=scheduled)
    return {"waiting": calls.total(), "ends_at": (now + timedelta(seconds=cost.seconds)).isoformat()}


def cancel_backfill(settings: Settings, wish: BackfillWish) -> int:
    """Take what waits of backfills that touch these days from the work list; what was answered stays. Returns how many requests.

    Raises `Refused` for certain plants, whose requests are about others as well, and `NeedsHuman` for an unknown tenant.
    """
    if wish.plants:
        raise Refused("requests of a backfill are about several plants at once; cancel it for the whole tenant or vendor")
    with transaction(settings.database_url) as connection:
        if wish.tenant is not None:
            read_tenant(connection, wish.tenant)
        cancelled = 0
        for integration_id in integrations.read_integration_ids(connection, tenant=wish.tenant, vendor=wish.vendor):
            integrations.lock_account(connection, integration_id)
            cancelled += pulls.cancel_backfill(connection, integration_id, PlannedDays(wish.first, wish.last))
    return cancelled


@dataclass(frozen=True, slots=True)
class _Backfill:
    """What is to be requested of one account for some days."""

    integration: Integration
    fleet: PulledFleet
    days: PlannedDays
    requests: list[Request]

    def summary(self, connection: Connection, now: datetime) -> dict[str, Any]:
        """What the operator reads before it starts."""
        waiting = pulls.read_backlog(connection, self.integration.integration_id).waiting
        whole, cloud = integrations.read_fleet(connection, self.integration.integration_id), CLOUDS[self.integration.vendor]
        scheduled = pull_plan.calls_of_a_day(cloud, self.integration.account, whole, self.days.last)
        cost = pull_plan.estimate(
            self.requests, cloud.rate_limits(self.integration.account, whole), scheduled=scheduled, waiting=waiting
        )
        return {
            "integration_id": self.integration.integration_id,
            "label": self.integration.label,
            "connection_id": self.integration.connection_id,
            "vendor": self.integration.vendor,
            "plants": len(self.fleet.plants),
            "devices": len(self.fleet.devices),
            "days": (self.days.last - self.days.first).days + 1,
            **cost.as_dict(),
            "ends_at": (now + timedelta(seconds=cost.seconds)).isoformat(),
            "last_day": self.days.last.isoformat(),
            "until_now": waiting,
        }


def _backfills(connection: Connection, wish: BackfillWish, now: datetime) -> list[_Backfill]:
    """Backfills of the accounts that are meant, each up to the last day that is over at its plants."""
    if wish.last < wish.first:
        raise Refused(f"the last day {wish.last} lies before the first {wish.first}; swap the two")
    if wish.tenant is not None:
        read_tenant(connection, wish.tenant)
    ids = integrations.read_integration_ids(connection, tenant=wish.tenant, vendor=wish.vendor)
    found = [backfill for key in ids if (backfill := _backfill(connection, key, wish, now))]
    unknown = set(wish.plants) - {plant.key for backfill in found for plant in backfill.fleet.plants}
    if unknown:
        raise Refused(f"no account pulls the plant {', '.join(sorted(unknown))}; see `helio integration list`")
    if not found:
        whose = " ".join(word for word in (wish.vendor, wish.tenant and f"of tenant {wish.tenant}") if word) or "at all"
        raise Refused(f"no account {whose} pulls any plant yet; see `helio integration list`")
    return found


def _backfill(connection: Connection, integration_id: int, wish: BackfillWish, now: datetime) -> _Backfill | None:
    integration = integrations.read_integration(connection, integration_id)
    fleet = pull_plan.part_of(integrations.read_fleet(connection, integration_id), plants=wish.plants or None)
    if not fleet.plants:
        return None
    newest = min(pull_plan.last_closed_day(CLOUDS[integration.vendor].vendor, plant.timezone, now) for plant in fleet.plants)
    if newest < wish.first:
        raise Refused(f"{wish.first} is not over yet at all plants of {integration.label}; the last day to ask for is {newest}")
    days = PlannedDays(wish.first, min(wish.last, newest))
    requests = pull_plan.day_requests(CLOUDS[integration.vendor], integration.account, fleet, days, is_backfill=True)
    return _Backfill(integration, fleet, days, requests)
