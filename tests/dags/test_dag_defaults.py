"""The shared defaults: the retry policy in four words, the window of a run, the mail server."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from include.core.errors import BadDocument, NeedsHuman, Refused, TryLater

pytestmark = pytest.mark.airflow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def _decide(error: BaseException) -> Any:
    from dags.dag_defaults import RetryByError

    return RetryByError().evaluate(error, try_number=1, max_tries=4)


@pytest.mark.parametrize("kind", [NeedsHuman, BadDocument, Refused])
def test_what_only_a_person_can_change_fails_at_once_with_its_reason(kind: type[Exception]) -> None:
    decision = _decide(kind("the token is revoked"))

    assert decision.action.value == "fail"
    assert decision.reason == f"{kind.__name__}: the token is revoked"


def test_try_later_is_retried_when_the_other_side_said() -> None:
    decision = _decide(TryLater("too many calls", after_s=45))

    assert decision.action.value == "retry"
    assert decision.retry_delay == timedelta(seconds=45)


def test_a_run_does_not_stay_for_what_takes_longer_than_a_minute() -> None:
    decision = _decide(TryLater("too many calls", after_s=61))

    assert (decision.action.value, decision.reason) == ("fail", "TryLater: too many calls")


def test_try_later_without_a_moment_waits_as_long_as_the_task_does() -> None:
    decision = _decide(TryLater("the server is down"))

    assert decision.action.value == "retry"
    assert decision.retry_delay is None


def test_an_error_that_is_not_ours_keeps_the_retries_of_the_task() -> None:
    assert _decide(ConnectionError("reset")).action.value == "default"


def _context(day: str | None = None, start: datetime | None = None, end: datetime | None = None) -> dict[str, Any]:
    run = SimpleNamespace(data_interval_start=start, data_interval_end=end, run_after=NOON)
    return {"params": {"day": day}, "dag_run": run}


@pytest.mark.parametrize(
    ("context", "day", "until"),
    [
        pytest.param(_context(), None, NOON, id="by hand or by asset: no interval"),
        pytest.param(_context(start=MIDNIGHT, end=MIDNIGHT), None, NOON, id="an empty interval is none"),
        pytest.param(_context(start=MIDNIGHT - timedelta(days=1), end=MIDNIGHT), None, MIDNIGHT, id="schedule or backfill"),
        pytest.param(
            _context("2026-02-28", MIDNIGHT - timedelta(days=1), MIDNIGHT), date(2026, 2, 28), MIDNIGHT, id="the form's day"
        ),
    ],
)
def test_a_window_comes_from_the_form_else_the_interval_else_the_moment(
    context: dict[str, Any], day: date | None, until: datetime
) -> None:
    from dags.dag_defaults import run_window

    assert run_window(context) == (day, until)


def test_a_day_that_is_no_date_is_refused_by_name() -> None:
    from dags.dag_defaults import run_window

    with pytest.raises(Refused, match="'30/11/2026' is not a date"):
        run_window(_context("30/11/2026"))


def test_a_run_without_any_form_field_named_day_has_a_window_too() -> None:
    from dags.dag_defaults import run_window

    assert run_window(_context() | {"params": {}}) == (None, NOON)


def test_the_mail_server_is_read_from_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection

    from dags.connections import mail_server
    from include.reports.mail import SmtpEndpoint

    extra = '{"from_email": "reports@example.org", "disable_ssl": true, "timeout": 7}'
    connection = Connection(
        conn_id="m", conn_type="smtp", host="mail.example.org", port=587, login="me", password="secret", extra=extra
    )
    monkeypatch.setattr(Connection, "get", lambda _: connection)

    server = mail_server("smtp_default")

    assert server == {
        "host": "mail.example.org",
        "port": 587,
        "sender": "reports@example.org",
        "user": "me",
        "password": "secret",
        "tls": "starttls",
        "timeout_s": 7.0,
    }
    assert "secret" not in repr(SmtpEndpoint(**server))


@pytest.mark.parametrize(
    ("extra", "tls", "port"),
    [
        ('{"from_email": "a@b.example"}', "ssl", 465),
        ('{"from_email": "a@b.example", "disable_ssl": true}', "starttls", 587),
        ('{"from_email": "a@b.example", "disable_ssl": true, "disable_tls": true}', "none", 25),
    ],
)
def test_the_mail_server_is_spoken_to_in_secret_unless_the_connection_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, extra: str, tls: str, port: int
) -> None:
    from airflow.sdk import Connection

    from dags.connections import mail_server

    connection = Connection(conn_id="m", conn_type="smtp", host="mail.example.org", extra=extra)
    monkeypatch.setattr(Connection, "get", lambda _: connection)

    server = mail_server("smtp_default")

    assert (server["tls"], server["port"], server["user"]) == (tls, port, "")


def test_a_mail_server_without_a_sender_asks_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection

    from dags.connections import mail_server

    monkeypatch.setattr(Connection, "get", lambda _: Connection(conn_id="m", conn_type="smtp", host="mail.example.org"))

    with pytest.raises(NeedsHuman, match="lacks its host or the address From"):
        mail_server("smtp_default")


def test_a_missing_mail_server_asks_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from dags.connections import mail_server

    def missing(name: str) -> None:
        raise AirflowNotFoundException(name)

    monkeypatch.setattr(Connection, "get", missing)

    with pytest.raises(NeedsHuman, match="connection smtp_default does not exist; add it"):
        mail_server("smtp_default")


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What tasks note of their end."""
    calls: list[Any] = []
    module = ModuleType("include.steps.task_failures")
    module.note_task_failure = lambda settings, *, now, **facts: calls.append(facts)
    module.forget_task_failures = lambda settings, **facts: calls.append(facts)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("include.steps.task_failures", module, raising=False)
    return calls


def ended(run_type: str = "scheduled", exception: BaseException | None = None) -> dict[str, Any]:
    return {
        "dag": SimpleNamespace(dag_id="roll_up_readings"),
        "task": SimpleNamespace(task_id="roll_up"),
        "dag_run": SimpleNamespace(run_type=run_type),
        "exception": exception,
    }


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NeedsHuman("set it right"), "set it right"),
        (ValueError("password=hush-hush"), "ValueError, see its log"),
        (TryLater("x" * 9999), "x" * 500),
    ],
)
def test_a_failed_task_is_noted_in_our_own_words_only(noted: list[Any], error: Exception, text: str) -> None:
    from dags.dag_defaults import note_failure

    note_failure(ended(exception=error))

    assert noted == [{"dag_id": "roll_up_readings", "task_id": "roll_up", "error": text}]


def test_the_sentences_of_what_a_run_could_not_do_are_noted(noted: list[Any]) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from dags.dag_defaults import note_failure

    note_failure(ended(exception=AirflowFailException("document 6: TryLater: the store is away")))

    assert [one["error"] for one in noted] == ["document 6: TryLater: the store is away"]


def test_who_triggered_a_run_by_hand_sees_its_failure_and_is_not_told(noted: list[Any]) -> None:
    from dags.dag_defaults import note_failure

    note_failure(ended("manual", NeedsHuman("wrong table")))

    assert noted == []


def test_a_run_that_ends_well_forgets_the_failures_of_its_dag(noted: list[Any]) -> None:
    from dags.dag_defaults import note_success

    note_success(ended())

    assert noted == [{"dag_id": "roll_up_readings"}]


def test_what_cannot_be_noted_changes_nothing(noted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["include.steps.task_failures"], "note_task_failure", None)
    from dags.dag_defaults import note_failure

    note_failure(ended(exception=NeedsHuman("set it right")))


def _offered(home: Path, page: str | None, *kinds: str) -> dict[str, list[str]]:
    from dags.dag_defaults import offered

    if page is not None:
        (home / "form_choices.json").write_text(page, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELIOGRAPH_HOME", str(home))
        return offered(*kinds)


def test_forms_offer_the_keys_that_the_page_holds(tmp_path: Path) -> None:
    page = '{"tenants": ["demo"], "plants": ["p1", "roof"], "devices": ["1"]}'

    assert _offered(tmp_path, page, "plants", "devices") == {"examples": ["p1", "roof", "1"]}


@pytest.mark.parametrize("page", [None, "", "{", "[]", '{"plants": 1}', "[1, 2]", '{"tenants": []}'])
def test_a_page_that_is_missing_or_broken_or_empty_offers_nothing_and_breaks_no_dag(tmp_path: Path, page: str | None) -> None:
    assert _offered(tmp_path, page, "tenants") == {}
