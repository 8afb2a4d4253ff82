"""Who receives which reports: the calendar of each recipient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from include.core.span import day_span
from include.warehouse.queries import query

EARLIEST_H: Final = 7
"""Hour at which the morning begins where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One kind of report for one recipient, or (`email` None) for the report store only.

    A report of each plant of `plant_ids` (None: of all, also those to come), or one about the `portfolio`, the `consumption` of a
    `customer_group` (None: of all customers), or the `quality` of the data. It falls due at `hour`
    of the morning that is `wait_days` after the first one that follows the period, in `timezone`; what fell due before
    `started_at` is not made up for.
    """

    subscription_id: int | None
    tenant: str
    email: str | None
    about: str
    kind: str
    language: str
    plant_ids: Sequence[int] | None
    wait_days: int
    hour: int
    timezone: str
    started_at: datetime | None
    customer_group: str | None = None

    def is_of(self, subject: Mapping[str, Any]) -> bool:
        """Does it ask for reports of this plant, or of this tenant about this?"""
        if (self.tenant, self.about) != (subject["tenant"], subject.get("about", "plant")):
            return False
        if self.about == "plant":
            return self.plant_ids is None or subject["plant_id"] in self.plant_ids
        return self.customer_group == subject.get("customer_group")

    def falls_due(self, last_day: date, *plant_timezones: str) -> datetime:
        """When the report of a period that ends with `last_day` falls due: not before that day is over at the plant."""
        first_morning = datetime.combine(last_day + timedelta(days=1 + self.wait_days), time(self.hour), ZoneInfo(self.timezone))
        return max(first_morning.astimezone(UTC), *(day_span(last_day, ZoneInfo(zone)).end for zone in plant_timezones))


def replace_subscription(connection: Connection, row: Mapping[str, Any]) -> int:
    """Begin one (columns of fleet.subscription) and return its id; what the recipient had of the same kind stops."""
    before = connection.execute(query("subscriptions", "stop_same"), dict(row)).scalar_one_or_none()
    begun = {"started_at": before or row["started_at"]}
    return int(connection.execute(query("subscriptions", "insert_subscription"), {**row, **begun}).scalar_one())


def read_subscriptions(connection: Connection, tenant: str | None = None) -> list[Subscription]:
    """Those that go on, of one tenant or of all."""
    rows = connection.execute(query("subscriptions", "read_subscriptions"), {"tenant": tenant})
    return [Subscription(**row._mapping) for row in rows]


def stop_subscriptions(  # noqa: PLR0913 - what is to stop
    connection: Connection,
    *,
    tenant_id: int,
    email: str,
    about: str | None,
    kinds: Sequence[str] | None,
    customer_group: str | None,
    at: datetime,
) -> int:
    """Stop what a recipient gets, of some kinds or of all, also what waits in the outbox; returns how many calendars and mails.

    A mail that waits may be a test to somebody without a calendar.
    """
    what = {"about": about, "kinds": list(kinds) if kinds else None, "customer_group": customer_group}
    parameters = {"tenant_id": tenant_id, "email": email, "at": at} | what
    statements = ("withdraw_mails", "stop_subscriptions")
    return sum(connection.execute(query("subscriptions", name), parameters).rowcount for name in statements)


def read_meter_readings(connection: Connection, plant_ids: Sequence[int]) -> dict[int, list[date]]:
    """Days on which the meters of plants are read, in order; nothing of a plant without any."""
    rows = connection.execute(query("subscriptions", "read_meter_readings"), {"plant_ids": list(plant_ids)})
    return {row.plant_id: row.days for row in rows}
