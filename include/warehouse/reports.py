"""What a plant report is made of, the register of reports, and the outbox of mails."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping

from include.core.span import Span
from include.warehouse.queries import query

_CURVE_QUANTITIES: Final = ("ac_power_kw", "energy_today_kwh", "energy_total_kwh")
"""What the curve of a day is drawn from, in the order of preference."""


@dataclass(frozen=True, slots=True)
class PlantPeriod:
    """Everything measured of one plant in whole local days; rows as the blocks of `reports.sql` name their columns."""

    days: list[dict[str, Any]]
    inverters: list[dict[str, Any]]
    curve: list[dict[str, Any]]
    tariff: dict[str, Any] | None
    provenance: dict[str, Any]
    quarantined: dict[str, int]


def read_plant_period(  # noqa: PLR0913 - a plant, its place and a period
    connection: Connection,
    *,
    plant_id: int,
    place: tuple[float, float],
    first_day: date,
    last_day: date,
    span: Span,
    with_curve: bool,
) -> PlantPeriod:
    """Read the period `[first_day, last_day]`, which is `span` in UTC; the power curve only where asked for.

    Where no inverter told its power the curve is that of whole hours, from the plant's own power or from counters.
    """
    parameters = {"plant_id": plant_id, "first_day": first_day, "last_day": last_day, "start": span.start, "end": span.end}
    parameters["quantities"] = list(_CURVE_QUANTITIES)
    parameters |= {"latitude": place[0], "longitude": place[1]}

    def rows(name: str) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in connection.execute(query("reports", name), parameters)]

    tariffs = rows("read_tariff")
    return PlantPeriod(
        days=rows("read_plant_days"),
        inverters=rows("read_inverters"),
        curve=(rows("read_power_curve") or rows("read_hourly_curve")) if with_curve else [],
        tariff=tariffs[0] if tariffs else None,
        provenance=rows("read_provenance")[0],
        quarantined={row["rule"]: row["rows"] for row in rows("read_quarantined")},
    )


def read_last_day(connection: Connection, plant_id: int) -> date | None:
    """Last local day of which anything is known, or None."""
    last_day: date | None = connection.execute(query("reports", "read_last_day"), {"plant_id": plant_id}).scalar_one()
    return last_day


def lock_report(connection: Connection, plant_id: int) -> None:
    """Wait until nobody else issues a report of this plant; held until the transaction ends."""
    connection.execute(query("reports", "lock_report"), {"plant_id": plant_id})


def read_newest_revision(
    connection: Connection, *, plant_id: int, kind: str, starts_on: date, language: str
) -> RowMapping | None:
    """report_id, revision, fingerprint, uri and issued_at of the newest revision, or None."""
    parameters = {"plant_id": plant_id, "kind": kind, "starts_on": starts_on, "language": language}
    return connection.execute(query("reports", "read_newest_revision"), parameters).mappings().one_or_none()


def insert_report(connection: Connection, row: Mapping[str, Any]) -> int:
    """Register one rendered report (columns of mart.report; figures as plain data) and return its id."""
    parameters = {**row, "figures": json.dumps(row["figures"])}
    return int(connection.execute(query("reports", "insert_report"), parameters).scalar_one())


def replace_file(connection: Connection, report_id: int, row: Mapping[str, Any]) -> None:
    """Note the file of a report that was rendered again (uri, pdf_sha256, size_bytes); its figures are the same."""
    connection.execute(query("reports", "replace_file"), {**row, "report_id": report_id})


def put_in_outbox(
    connection: Connection, *, tenant_id: int, report_id: int, recipients: Sequence[str], created_at: datetime
) -> int:
    """One mail per recipient with a fixed Message-ID; who has it in the outbox already gets no second one.

    Returns how many are new.
    """
    mails = _mails(report_id, recipients, "")
    rows = [mail | {"tenant_id": tenant_id, "created_at": created_at} for mail in mails]
    return sum(connection.execute(query("reports", "insert_mail"), row).rowcount for row in rows)


def send_again(connection: Connection, *, report_id: int, recipients: Sequence[str], at: datetime) -> int:
    """Put mails that were sent back to pending, as new mails written at `at` under a new Message-ID; returns how many."""
    mails = [mail | {"created_at": at} for mail in _mails(report_id, recipients, f"-{at:%Y%m%d%H%M%S}")]
    return sum(connection.execute(query("reports", "resend_mail"), mail).rowcount for mail in mails)


class WaitingMail(NamedTuple):
    """A pending mail of which an attempt is due, and how many attempts there have been."""

    mail_id: int
    attempts: int


def read_due_mail(connection: Connection, *, due_after: Sequence[timedelta], now: datetime) -> list[WaitingMail]:
    """Mails to send now, oldest first; attempt n is due `due_after[n]` after the mail was written."""
    rows = connection.execute(query("reports", "read_due_mail"), {"due_after": list(due_after), "now": now})
    return [WaitingMail(*row) for row in rows]


def lock_mail(connection: Connection, due: WaitingMail) -> dict[str, Any] | None:
    """A due mail with its report, locked until the transaction ends; None when another sender has attempted it."""
    row = connection.execute(query("reports", "lock_mail"), due._asdict()).one_or_none()
    return dict(row._mapping) if row else None


def mark_mail(
    connection: Connection, mail_id: int, *, state: str, error: str | None = None, sent_at: datetime | None = None
) -> None:
    """Record one attempt: state pending (try again), sent or failed."""
    parameters = {"mail_id": mail_id, "state": state, "error": error, "sent_at": sent_at}
    connection.execute(query("reports", "mark_mail"), parameters)


def _mails(report_id: int, recipients: Sequence[str], mark: str) -> list[dict[str, Any]]:
    return [
        {
            "report_id": report_id,
            "recipient": recipient,
            "message_id": f"<report-{report_id}-{sha256(recipient.encode()).hexdigest()[:12]}{mark}@heliograph>",
        }
        for recipient in recipients
    ]


def move_reports(connection: Connection, *, before: str, after: str) -> int:
    """Give reports below one store their place below another; returns how many."""
    return connection.execute(query("reports", "move_reports"), {"before": f"{before}/", "after": f"{after}/"}).rowcount
