"""What a plant report is made of, the register of reports, and the outbox of mails."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple

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
    tariffs: list[dict[str, Any]]
    emission_factors: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    inverter_days: dict[int, dict[str, Any]]
    provenance: dict[str, Any]
    quarantined: dict[str, int]
    held_back: frozenset[tuple[date, int | None]]


def read_plant_period(  # noqa: PLR0913 - a plant, its place and a period
    connection: Connection,
    *,
    plant_id: int,
    place: tuple[float, float],
    first_day: date,
    last_day: date,
    through_day: date,
    span: Span,
    with_curve: bool,
    swapped_on: Mapping[int, date] | None = None,
) -> PlantPeriod:
    """Read the days `[first_day, last_day]`, all else up to `through_day`, which is `span` in UTC; the power curve if asked for.

    Where no inverter told its power the curve is that of whole hours, from the plant's own power or from counters.
    `swapped_on` is the day from which on another inverter is in the place of one, by device_id.
    """
    parameters = {
        "plant_id": plant_id,
        "first_day": first_day,
        "last_day": last_day,
        "through_day": through_day,
        "start": span.start,
        "end": span.end,
    }
    parameters["quantities"] = list(_CURVE_QUANTITIES)
    parameters |= {"latitude": place[0], "longitude": place[1]}
    parameters |= {"swapped_ids": list(swapped_on or {}), "swapped_days": list((swapped_on or {}).values())}

    def rows(name: str) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in connection.execute(query("reports", name), parameters)]

    return PlantPeriod(
        days=rows("read_plant_days"),
        inverters=rows("read_inverters"),
        curve=(rows("read_power_curve") or rows("read_hourly_curve")) if with_curve else [],
        tariffs=rows("read_tariffs"),
        emission_factors=rows("read_emission_factors"),
        alarms=rows("read_alarms"),
        inverter_days={row["device_id"]: row for row in rows("read_inverter_days")} if not with_curve else {},
        provenance=rows("read_provenance")[0],
        quarantined={row["rule"]: row["rows"] for row in rows("read_quarantined")},
        held_back=frozenset((row["local_date"], row["device_id"]) for row in rows("read_held_back")),
    )


def read_plant_states(
    connection: Connection, *, plant_ids: Sequence[int], first_day: date, through_day: date
) -> dict[int, dict[str, Any]]:
    """lost_kwh, alarms, worst (severity), last_day and has_held_back of each plant, over local days that are both included."""
    parameters = {"plant_ids": list(plant_ids), "first_day": first_day, "through_day": through_day}
    return {
        row["plant_id"]: dict(row) for row in connection.execute(query("reports", "read_plant_states"), parameters).mappings()
    }


def read_last_day(connection: Connection, plant_id: int) -> date | None:
    """Last local day of which anything is known, or None."""
    last_day: date | None = connection.execute(query("reports", "read_last_day"), {"plant_id": plant_id}).scalar_one()
    return last_day


About = Literal["plant", "portfolio", "consumption", "quality"]


class ReportKey(NamedTuple):
    """What all revisions of a report have in common; `plant_id` is None for a report about a whole tenant.

    `customer_group` is of a report about consumption, None for all customers.
    """

    tenant_id: int
    plant_id: int | None
    about: About
    kind: str
    starts_on: date
    ends_on: date
    language: str
    customer_group: str | None = None


def read_newest_revision(connection: Connection, key: ReportKey) -> dict[str, Any] | None:
    """report_id, revision, fingerprint, figures, uri, issued_at and xlsx_sha256 of the newest revision, or None."""
    row = connection.execute(query("reports", "read_newest_revision"), key._asdict()).mappings().one_or_none()
    return dict(row) if row else None


def read_registered(connection: Connection, *, pdf_sha256: str, fingerprint: str | None) -> dict[str, Any] | None:
    """What is registered of a file with these bytes, or of one that says it prints the figures of this fingerprint; or None."""
    parameters = {"pdf_sha256": pdf_sha256, "fingerprint": fingerprint}
    row = connection.execute(query("reports", "read_registered"), parameters).mappings().one_or_none()
    return dict(row) if row else None


def insert_report(connection: Connection, row: Mapping[str, Any]) -> int:
    """Register one rendered report (columns of mart.report; figures as plain data) and return its id."""
    parameters = {**row, "figures": json.dumps(row["figures"])}
    return int(connection.execute(query("reports", "insert_report"), parameters).scalar_one())


class ReportIssue(NamedTuple):
    """When a report was issued or last checked, and who has any revision of it."""

    known_at: datetime
    recipients: frozenset[str]


def read_issued(connection: Connection, *, since: date) -> dict[ReportKey, ReportIssue]:
    """Every report of a period that ended since a day."""
    rows = connection.execute(query("reports", "read_issued"), {"since": since})
    return {ReportKey(*row[: len(ReportKey._fields)]): ReportIssue(row.known_at, frozenset(row.recipients)) for row in rows}


def read_outdated(
    connection: Connection, *, plant_ids: Sequence[int], tenant_ids: Sequence[int], since: date, until: date
) -> list[RowMapping]:
    """Reports of these plants, and of all plants of these tenants, of which a figure changed after they were issued or checked.

    Of periods that ended from `since` to `until`. Keys: tenant_id, plant_id (None: of all plants as one),
    kind, starts_on, ends_on, language, known_at.
    """
    parameters = {"plant_ids": list(plant_ids), "tenant_ids": list(tenant_ids), "since": since, "until": until}
    return list(connection.execute(query("reports", "read_outdated"), parameters).mappings())


def mark_checked(connection: Connection, report_id: int, *, at: datetime, is_stale: bool) -> None:
    """Note that a report's figures were compared with today's, and whether they differ."""
    connection.execute(query("reports", "mark_checked"), {"report_id": report_id, "at": at, "is_stale": is_stale})


def read_recipients(connection: Connection, report_id: int) -> set[str]:
    """Who got, or is to get, any revision of this report."""
    return set(connection.execute(query("reports", "read_recipients"), {"report_id": report_id}).scalars())


def replace_file(connection: Connection, report_id: int, row: Mapping[str, Any]) -> None:
    """Note the file of a report that was rendered again (uri, pdf_sha256, size_bytes); its figures are the same."""
    connection.execute(query("reports", "replace_file"), {**row, "report_id": report_id})


MailState = Literal["held", "pending"]
"""A mail that is held waits until its report is approved, one that is pending leaves when an attempt is due."""


def put_in_outbox(
    connection: Connection,
    *,
    tenant_id: int,
    report_id: int,
    recipients: Sequence[str],
    created_at: datetime,
    state: MailState = "pending",
) -> int:
    """One mail per recipient with a fixed Message-ID; who has it in the outbox already gets no second one.

    Returns how many are new.
    """
    mails = _mails(report_id, recipients, "")
    rows = [mail | {"tenant_id": tenant_id, "created_at": created_at, "state": state} for mail in mails]
    return sum(connection.execute(query("reports", "insert_mail"), row).rowcount for row in rows)


def send_again(
    connection: Connection, *, report_id: int, recipients: Sequence[str], at: datetime, state: MailState = "pending"
) -> int:
    """Put mails that were sent back into the outbox, as new mails written at `at` under a new Message-ID; returns how many."""
    mails = [mail | {"created_at": at, "state": state} for mail in _mails(report_id, recipients, f"-{at:%Y%m%d%H%M%S}")]
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
    """A due mail with its report or notice, locked until the transaction ends; None when another sender has attempted it."""
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
