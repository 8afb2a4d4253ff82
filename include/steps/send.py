"""Mails wait in the outbox until they are sent; each attempt is recorded, and the next one is due after a growing delay."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any, Final

from include.core.brand import OWN_BRAND, Brand
from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.core.stores import StoreFailure
from include.reports.mail import MailEnvelope, SmtpEndpoint, report_mail, send
from include.reports.notice_mail import notice_mail
from include.reports.store import read_report
from include.steps.each import attempt_each, until_store_fails
from include.warehouse import brands, reports
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

_FAULTS: Final = (TryLater, NeedsHuman, Refused, OSError)


def send_outbox(settings: Settings, *, smtp: Callable[[], Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Send every mail that is due, one transaction each; returns how many were sent or taken by another sender.

    A mail is marked sent right after the server took it; only a crash in between can send it twice, under the same Message-ID.
    `smtp` is asked only where a mail is due. While the store of reports is away no mail is attempted, and none is given up.

    Raises `TryLater` when any mail waits for another attempt, `NeedsHuman` when one was refused for good; each of them is
    reported once, for a failed mail is no longer pending. What nobody foresaw about one mail is raised when the others are sent;
    that mail stays pending.
    """
    with transaction(settings.database_url) as connection:
        due = reports.read_due_mail(connection, due_after=DUE_AFTER, now=now)
    if not due:
        return {}
    endpoint = SmtpEndpoint(**smtp())
    send_one = until_store_fails(partial(_send_one, settings, endpoint, now))
    sent, failures = attempt_each(due, send_one, label="mail {0.mail_id}".format)
    if failures:
        raise failures[0].error
    outcome = Counter(sent)
    if waiting := outcome["pending"]:
        raise TryLater(f"{waiting} of {len(due)} mails wait for another attempt at {endpoint.host}:{endpoint.port}")
    if failed := outcome["failed"]:
        raise NeedsHuman(f"{failed} of {len(due)} mails were refused for good; the reasons are in ops.outbox (last_error)")
    return dict(outcome)


def _send_one(settings: Settings, endpoint: SmtpEndpoint, now: datetime, due: reports.WaitingMail) -> str:
    with transaction(settings.database_url) as connection:
        mail = reports.lock_mail(connection, due)
        brand = brands.read_brand_of_report(connection, mail["report_id"]) if mail else OWN_BRAND
    if mail is None:
        return "taken"
    # Nothing is open while the store is asked; who has attempted the mail meanwhile, or changed its report, is told by the row.
    fault: Exception | None = None
    try:
        message = _message(mail, brand, endpoint.sender, settings.operator_addresses)
    except StoreFailure:
        raise
    except _FAULTS as error:
        fault = error
    with transaction(settings.database_url) as connection:
        if reports.lock_mail(connection, due) != mail:
            return "taken"
        try:
            if fault is not None:
                raise fault
            send(message, endpoint)
        except _FAULTS as error:
            may_pass = isinstance(error, TryLater | OSError) and mail["attempts"] + 1 < len(DUE_AFTER)
            state = "pending" if may_pass else "failed"
            reports.mark_mail(connection, due.mail_id, state=state, error=str(error))
            _log.warning("Mail %s: %s", due.mail_id, error)
            return state
        reports.mark_mail(connection, due.mail_id, state="sent", sent_at=now)
        return "sent"


def _message(mail: Mapping[str, Any], brand: Brand, sender: str, operators: Sequence[str]) -> EmailMessage:
    operator = next(iter(operators), None)
    envelope = MailEnvelope(sender, mail["recipient"], mail["message_id"], mail["created_at"], mail["revision"] or 1, operator)
    if mail["notice_id"] is not None:
        return notice_mail(mail["notice_kind"], mail["notice"], envelope)
    return report_mail(mail["figures"], _pdf(mail), envelope, brand=brand)


def _pdf(mail: Mapping[str, Any]) -> bytes:
    """The report of a mail; whatever is wrong with it, a person may still put it right, and then the mail leaves."""
    about = f"plants {mail['plant_key']}" if mail["plant_key"] else f"about {mail['about']}"
    group = f", group {mail['customer_group']}" if mail["customer_group"] else ""
    last_day = f", last day {mail['ends_on']}" if mail["kind"] == "span" else ""
    render_again = (
        f"trigger report_plants with tenant {mail['tenant']}, {about}{group}, "
        f"period {mail['kind']}, day {mail['starts_on']}{last_day} and language {mail['language']}, which renders it again"
    )
    try:
        return read_report(mail["uri"], sha256_of_pdf=mail["pdf_sha256"], if_gone=render_again)
    except NeedsHuman as error:
        raise TryLater(str(error)) from error
