"""Mails wait in the outbox until they are sent; each attempt is recorded, and the next one is due after a growing delay."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.reports.mail import MailEnvelope, SmtpEndpoint, report_mail, send
from include.reports.store import read_report
from include.steps.each import attempt_each
from include.warehouse import reports
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

DUE_AFTER: Final = (
    timedelta(0),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""When the first attempt, the second and so on fall due, counted from when the mail was written; there are no more."""


def send_outbox(settings: Settings, *, smtp: Callable[[], Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Send every mail that is due, one transaction each; returns how many were sent or taken by another sender.

    A mail is marked sent right after the server took it; only a crash in between can send it twice, under the same Message-ID.
    `smtp` is asked only where a mail is due.

    Raises `TryLater` when any mail waits for another attempt, `NeedsHuman` when one was refused for good; each of them is
    reported once, for a failed mail is no longer pending. What nobody foresaw about one mail is raised when the others are sent;
    that mail stays pending.
    """
    with transaction(settings.database_url) as connection:
        due = reports.read_due_mail(connection, due_after=DUE_AFTER, now=now)
    if not due:
        return {}
    endpoint = SmtpEndpoint(**smtp())
    sent, failures = attempt_each(due, lambda mail: _send_one(settings, endpoint, mail, now), label="mail {0.mail_id}".format)
    if failures:
        raise failures[0].error
    outcome = Counter(sent)
    if waiting := outcome["pending"]:
        raise TryLater(f"{waiting} of {len(due)} mails wait for another attempt at {endpoint.host}:{endpoint.port}")
    if failed := outcome["failed"]:
        raise NeedsHuman(f"{failed} of {len(due)} mails were refused for good; the reasons are in ops.outbox (last_error)")
    return dict(outcome)


def _send_one(settings: Settings, endpoint: SmtpEndpoint, due: reports.WaitingMail, now: datetime) -> str:
    with transaction(settings.database_url) as connection:
        mail = reports.lock_mail(connection, due)
        if mail is None:
            return "taken"
        envelope = MailEnvelope(endpoint.sender, mail["recipient"], mail["message_id"], mail["created_at"], mail["revision"])
        try:
            send(report_mail(mail["figures"], _pdf(mail), envelope), endpoint)
        except (TryLater, NeedsHuman, Refused, OSError) as error:
            may_pass = isinstance(error, TryLater | OSError) and mail["attempts"] + 1 < len(DUE_AFTER)
            state = "pending" if may_pass else "failed"
            reports.mark_mail(connection, due.mail_id, state=state, error=str(error))
            _log.warning("Mail %s of report %s: %s", due.mail_id, mail["report_id"], error)
            return state
        reports.mark_mail(connection, due.mail_id, state="sent", sent_at=now)
        return "sent"


def _pdf(mail: Mapping[str, Any]) -> bytes:
    try:
        return read_report(mail["uri"])
    except FileNotFoundError as error:
        raise TryLater(
            f"the file {mail['uri']} is gone; trigger report_plants with tenant {mail['tenant']}, plants {mail['plant_key']}, "
            f"period {mail['kind']}, day {mail['starts_on']} and language {mail['language']}, which renders it again"
        ) from error
