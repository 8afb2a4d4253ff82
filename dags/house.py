"""What all DAGs share: defaults, the retry policy in four words, the assets that wake them, and the rule of the window.

An asset event only wakes a DAG; the work list is always a table. Assets are reached through an alias, so that a task that
changed nothing wakes nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from airflow.sdk import Asset, AssetOrTimeSchedule, Connection, CronTriggerTimetable, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from include.core.documents import FLEET_FEEDS
from include.core.errors import BadDocument, NeedsHuman, Refused, TryLater
from plugins.vendor_accounts import credentials_of, secrets_of

LANDED_READINGS: Final = Asset("landed_readings")
LANDED_REGISTRY: Final = Asset("landed_registry")
READINGS: Final = Asset("readings")
ROLLUPS: Final = Asset("rollups")


class ByRecovery(RetryPolicy):
    """Retries what may succeed later and fails at once what only a person can change."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Any = None,  # noqa: ANN401
    ) -> RetryDecision:
        """Decide by the kind of error; anything that is not ours keeps the task's own retries."""
        if isinstance(exception, NeedsHuman | BadDocument | Refused):
            return RetryDecision.fail(f"{type(exception).__name__}: {exception}")
        if isinstance(exception, TryLater):
            delay = None if exception.after_s is None else timedelta(seconds=exception.after_s)
            return RetryDecision.retry(delay, f"TryLater: {exception}")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Name the policy; it has no settings."""
        return {"__type": type(self).__name__}


HOUSE: Final[dict[str, Any]] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {
        "owner": "heliograph",
        "retries": 4,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": ByRecovery(),
        "execution_timeout": timedelta(hours=2),
    },
}
"""Arguments of every DAG."""


def woken_by(asset: Asset, *, or_every: str) -> AssetOrTimeSchedule:
    """Run when the asset changed, and by the clock (cron, UTC) as a net for events that got lost."""
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(or_every, timezone="UTC"), assets=[asset])


class Asked(NamedTuple):
    """What a run is asked for: a day named in its form, and the instant up to which it looks (aware)."""

    day: date | None
    until: datetime


def asked_for(context: Mapping[str, Any]) -> Asked:
    """Window of a run: the form's `day`, else the end of a real data interval, else the moment the run fell due.

    Runs by hand, by asset and by API have no logical date, and some schedules an empty interval, so neither is relied on.
    Raises `Refused` when `day` is not a date.
    """
    run = context["dag_run"]
    start, end = run.data_interval_start, run.data_interval_end
    until = end if start and end and start < end else run.run_after
    text = context["params"].get("day")
    try:
        return Asked(date.fromisoformat(text) if text else None, until)
    except ValueError as error:
        raise Refused(f"day {text!r} is not a date; write it as 2026-11-30") from error


def backfill_days(context: Mapping[str, Any]) -> tuple[date, date] | None:
    """First and last UTC day of a backfill run, both included; None for every other run."""
    run = context["dag_run"]
    if run.run_type != "backfill":
        return None
    last = run.data_interval_end.astimezone(UTC) - timedelta(microseconds=1)
    return run.data_interval_start.astimezone(UTC).date(), last.date()


def wake_for(feeds: Iterable[str], alias: Any) -> None:  # noqa: ANN401 - Airflow's accessor of an alias' events
    """Wake those who work on documents of these feeds."""
    landed = set(feeds)
    if landed & set(FLEET_FEEDS):
        alias.add(LANDED_REGISTRY)
    if landed - set(FLEET_FEEDS):
        alias.add(LANDED_READINGS)


def mail_server(name: str) -> dict[str, Any]:
    """Mail server of the connection `name`, for tasks only; holds the password, so never return or log it.

    Reads the form of Airflow's connection type SMTP: SSL unless disabled, else STARTTLS unless disabled.
    Raises `NeedsHuman` when there is no such connection, or when it says neither host nor sender.
    """
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException as error:
        raise NeedsHuman(f"the connection {name} does not exist; add it in the UI (type SMTP), then clear this task") from error
    extra = connection.extra_dejson
    sender = extra.get("from_email") or connection.login
    if not connection.host or not sender:
        raise NeedsHuman(f"the connection {name} lacks its host or the address From; add it in the UI, then clear this task")
    tls = "none" if extra.get("disable_tls") else "starttls"
    tls = tls if extra.get("disable_ssl") else "ssl"
    return {
        "host": connection.host,
        "port": connection.port or {"ssl": 465, "starttls": 587, "none": 25}[tls],
        "sender": sender,
        "user": connection.login or "",
        "password": connection.password or "",
        "tls": tls,
        "timeout_s": float(extra.get("timeout", 30)),
    }


def vendor_account(connection_id: str) -> dict[str, str]:
    """Credentials of a vendor account, for tasks only: its secrets are masked in logs, and must never be returned.

    Raises `NeedsHuman` when there is no such connection.
    """
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        raise NeedsHuman(
            f"there are no credentials for the vendor account {connection_id}; enter them with `helio integration add`, "
            f"or in the UI as a connection of that id, then clear this task"
        ) from error
    credentials = credentials_of(connection)
    for secret in secrets_of(credentials):
        mask_secret(secret)
    return credentials
