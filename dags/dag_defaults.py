"""What all DAGs share: default arguments, the retry policy, the assets that wake them, the window of a run, and failures.

An asset event only wakes a DAG; the work list is always a table. Assets are reached through an alias, so that a task that
changed nothing wakes nobody.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, RetryDecision, RetryPolicy, task
from airflow.sdk.exceptions import AirflowFailException

from include.core.documents import FLEET_FEEDS
from include.core.errors import BadDocument, HeliographError, NeedsHuman, Refused, TryLater
from include.core.settings import Settings

_log = logging.getLogger(__name__)

LANDED_READINGS: Final = Asset("landed_readings")
LANDED_REGISTRY: Final = Asset("landed_registry")
READINGS: Final = Asset("readings")
ROLLUPS: Final = Asset("rollups")
OUTBOX: Final = Asset("outbox")

RETRY_AFTER: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(seconds=60)
"""A run does not stay for what takes longer: the next one finds it on the work list."""


class RetryByError(RetryPolicy):
    """Retries what may succeed in a moment and fails at once what a person must change, or what takes longer."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Any = None,  # noqa: ANN401
    ) -> RetryDecision:
        """Decide by the kind of error; anything that is not ours keeps the task's own retry."""
        if isinstance(exception, NeedsHuman | BadDocument | Refused):
            return RetryDecision.fail(f"{type(exception).__name__}: {exception}")
        if isinstance(exception, TryLater):
            delay = None if exception.after_s is None else timedelta(seconds=exception.after_s)
            decide = RetryDecision.fail if delay and delay > LONGEST_WAIT else partial(RetryDecision.retry, delay)
            return decide(f"TryLater: {exception}")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Name the policy; it has no settings."""
        return {"__type": type(self).__name__}


def note_failure(context: Mapping[str, Any]) -> None:
    """Note that a task failed for good, for `watch_operations` to tell; whoever triggered a run by hand sees it.

    Of an error that nobody foresaw only the kind is noted: its text may hold anything.
    """
    if context["dag_run"].run_type == "manual":
        return
    error = context.get("exception")
    is_ours = isinstance(error, HeliographError | AirflowFailException)
    text = f"{error}" if is_ours else f"{type(error).__name__}, see its log"
    facts = {"dag_id": context["dag"].dag_id, "task_id": context["task"].task_id, "error": text[:500]}
    with _harmlessly(facts["dag_id"]):
        from include.steps.task_failures import note_task_failure

        note_task_failure(Settings.from_environment(), **facts, now=datetime.now(UTC))


def note_success(context: Mapping[str, Any]) -> None:
    """Forget the failures of a DAG whose last task succeeded, or had nothing to do."""
    dag_id = context["dag"].dag_id
    with _harmlessly(dag_id):
        from include.steps.task_failures import forget_task_failures

        forget_task_failures(Settings.from_environment(), dag_id=dag_id)


@contextmanager
def _harmlessly(dag_id: str) -> Iterator[None]:
    """What cannot be noted, as while PostgreSQL is away, must not change what became of a task."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        _log.warning("%s: its end is not noted for watch_operations: %s", dag_id, type(error).__name__)


LAST_TASK: Final[dict[str, Any]] = {"on_success_callback": note_success, "on_skipped_callback": note_success}
"""Arguments of the task with which a run ends well."""

DAG_DEFAULTS: Final[dict[str, Any]] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 4,
    "default_args": {
        "owner": "heliograph",
        "retries": 1,
        "retry_delay": RETRY_AFTER,
        "retry_policy": RetryByError(),
        "on_failure_callback": note_failure,
        "execution_timeout": timedelta(hours=2),
    },
}
"""Arguments of every DAG: it fails soon, since the next run finds the work, and a run that hangs does not keep the next one away,
since the tables keep them apart."""


@task(retries=0, **LAST_TASK)
def conclude(told: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Make the run red where something failed while the rest was done: only tasks that succeed wake other DAGs.

    `told` is the result of a task, or of several, or of its mapped instances, each with `errors` where it can tell any. Skipped
    together with that task.
    """
    results = [told] if isinstance(told, Mapping) else told[:]
    if errors := [sentence for result in results for sentence in result.get("errors", ())]:
        raise AirflowFailException("\n".join(errors))


def woken_by(asset: Asset, *, or_every: str) -> AssetOrTimeSchedule:
    """Run when the asset changed, and by the clock (cron, UTC) as a net for events that got lost."""
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(or_every, timezone="UTC"), assets=[asset])


def offered(*kinds: str) -> dict[str, list[str]]:
    """Arguments of a `Param` that offers keys of `tenants`, `plants` or `devices`, and takes any other text as well.

    They are read from the page that `register_fleet` keeps, once per parse of a DAG file. Without a page nothing is offered.
    """
    try:
        page = json.loads(Settings.from_environment().form_choices_page.read_text("utf-8"))
        keys = [key for kind in kinds for key in page[kind]]
    except (OSError, ValueError, TypeError, KeyError, HeliographError):
        return {}
    return {"examples": keys} if keys else {}


class RunWindow(NamedTuple):
    """What a run is asked for: a day named in its form, and the instant up to which it looks (aware)."""

    day: date | None
    until: datetime


def run_window(context: Mapping[str, Any]) -> RunWindow:
    """Window of a run: the form's `day`, else the end of a real data interval, else the moment the run fell due.

    Runs by hand, by asset and by API have no logical date, and some schedules an empty interval, so neither is relied on.
    Raises `Refused` when `day` is not a date.
    """
    run = context["dag_run"]
    start, end = run.data_interval_start, run.data_interval_end
    until = end if start and end and start < end else run.run_after
    return RunWindow(form_date(context, "day"), until)


def form_date(context: Mapping[str, Any], name: str) -> date | None:
    """A date of the form, None where it is empty; raises `Refused` for what is none."""
    text = context["params"].get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refused(f"{name.replace('_', ' ')} {text!r} is not a date; write it as 2026-11-30") from error


def backfill_days(context: Mapping[str, Any]) -> tuple[date, date] | None:
    """First and last UTC day of a backfill run, both included; None for every other run."""
    run = context["dag_run"]
    if run.run_type != "backfill":
        return None
    # The interval ends where the next day begins.
    last = run.data_interval_end.astimezone(UTC) - timedelta(microseconds=1)
    return run.data_interval_start.astimezone(UTC).date(), last.date()


def wake_for(feeds: Iterable[str], alias: Any) -> None:  # noqa: ANN401 - Airflow's accessor of an alias' events
    """Wake those who work on documents of these feeds."""
    landed = set(feeds)
    if landed & set(FLEET_FEEDS):
        alias.add(LANDED_REGISTRY)
    if landed - set(FLEET_FEEDS):
        alias.add(LANDED_READINGS)
