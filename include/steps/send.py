"""Mails wait in the outbox until they are sent; each attempt is recorded."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.reports.mail import MailEnvelope, SmtpEndpoint, report_mail, send
from include.reports.store import read_report
from include.steps.each import each
from include.warehouse import reports
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_MAX_ATTEMPTS: Final = 8


def send_outbox(settings: Settings, *, smtp: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Send every pending mail, one transaction each; returns how many were sent, failed or wait.

    A mail is marked sent right after the server took it; only a crash in between can send it twice, under the same Message-ID.
    Raises `TryLater` when any mail waits for another attempt, `NeedsHuman` when one was refused for good; each of them is
    reported once, for a failed mail is no longer pending. What nobody foresaw about one mail is raised when the others are sent;
    that mail stays pending.
    """
    endpoint = SmtpEndpoint(**smtp)
    with transaction(settings.database_url) as connection:
        pending = reports.read_pending_mail(connection)
    outcome = Counter(each(pending, lambda mail_id: _send_one(settings, endpoint, mail_id, now), label="mail {}".format))
    if waiting := outcome["pending"]:
        raise TryLater(f"{waiting} of {len(pending)} mails wait for another attempt at {endpoint.host}:{endpoint.port}")
    if failed := outcome["failed"]:
        raise NeedsHuman(f"{failed} of {len(pending)} mails were refused for good; the reasons are in ops.outbox (last_error)")
    return dict(outcome)


def _send_one(settings: Settings, endpoint: SmtpEndpoint, mail_id: int, now: datetime) -> str:
    with transaction(settings.database_url) as connection:
        mail = reports.lock_mail(connection, mail_id)
        if mail is None:
            return "taken"
        envelope = MailEnvelope(endpoint.sender, mail["recipient"], mail["message_id"], mail["created_at"], mail["revision"])
        try:
            send(report_mail(mail["figures"], read_report(mail["uri"]), envelope), endpoint)
        except (TryLater, NeedsHuman, Refused, OSError) as error:
            may_pass = isinstance(error, TryLater | OSError) and mail["attempts"] + 1 < _MAX_ATTEMPTS
            state = "pending" if may_pass else "failed"
            reports.mark_mail(connection, mail_id, state=state, error=str(error))
            _log.warning("Mail %s of report %s: %s", mail_id, mail["report_id"], error)
            return state
        reports.mark_mail(connection, mail_id, state="sent", sent_at=now)
        return "sent"
