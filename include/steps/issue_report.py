"""A report is issued: a new revision where its figures changed, and its mails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from include.core.brand import Brand
from include.core.settings import Settings
from include.reports.model import figures, fingerprint, marks_of
from include.steps.issuing import issuing, require_turn
from include.steps.post_report import post_report
from include.steps.report_calendar import recipients_of
from include.steps.report_files import are_kept
from include.warehouse import approvals, brands, reports
from include.warehouse.engine import Connection, transaction

Newest = Mapping[str, Any] | None
"""The newest revision of a report, None before the first one."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """How a report about a subject is made: composed after its newest revision from what the warehouse knows now, and put.

    `energy_of` reads its energy [kWh] from its figures, `documents_of` tells the documents that it rests on.
    """

    key: reports.ReportKey
    subject: Mapping[str, Any]
    compose: Callable[[Connection, Newest, datetime], Any]
    put: Callable[[Any], dict[str, Any]]
    energy_of: Callable[[Mapping[str, Any]], float | None] = lambda _: None
    documents_of: Callable[[Any], Sequence[int]] = lambda _: ()


def next_revision(newest: Newest) -> int:
    """Number of the revision after the newest one."""
    return newest["revision"] + 1 if newest else 1


def is_small_change(before_kwh: float | None, after_kwh: float | None, from_pct: float) -> bool:
    """True where the energy changed by less than what issues a report anew."""
    if before_kwh is None or after_kwh is None:
        return before_kwh == after_kwh
    return abs(after_kwh - before_kwh) * 100 < from_pct * abs(before_kwh)


@dataclass(frozen=True, slots=True)
class Posting:
    """To whom the mails of a report go: to its recipients, or to one address only; and again to those who have it."""

    send: bool
    send_again: bool = False
    send_to: str | None = None

    def recipients(self, connection: Connection, subject: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
        """Addresses for a report about the subject."""
        if self.send_to:
            return [self.send_to]
        return recipients_of(connection, subject, request) if self.send else []

    @property
    def is_repeated(self) -> bool:
        """Does who has the report get it once more? Who asks for a test does."""
        return self.send_again or self.send_to is not None


def issue_report(
    settings: Settings, source: ReportSource, request: Mapping[str, Any], posting: Posting, *, now: datetime, run_id: str
) -> dict[str, Any]:
    """Issue one report; the same figures as before make no new revision and no new mail.

    Its files are put while nothing is open, then it is registered with its mails in one transaction: a crash in between leaves
    files that the next run puts again. A report whose file is lost is put again, under its revision. A request that `restates`
    issues a new revision only where the energy changed by `restate_from_pct`, for those who got the one before; a smaller change
    marks the report.

    Mails of a report that waits for approval are held; a new revision takes the place of one that waits.

    Returns report_id, revision, is_new, mails (that may leave now), uri and energy_kwh.
    """
    with issuing(settings, source.key) as mine:
        with transaction(settings.database_url) as connection:
            newest = reports.read_newest_revision(connection, source.key)
            brand_id, brand = brands.read_brand(connection, source.key.tenant_id)
            report = replace(source.compose(connection, newest, now), brand=brand)
            issued_brand = brands.read_brand_of_report(connection, newest["report_id"]) if newest else brand
        printed = figures(report)
        is_other = newest is None or newest["fingerprint"] != fingerprint(printed)
        is_new = is_other and not (newest and request.get("restates") and _is_small(settings, source, newest, printed))
        file: dict[str, Any] = {}
        if newest is None or is_new:
            file = source.put(report)
        elif not is_other and not are_kept(newest):
            file = source.put(_as_issued(report, newest, issued_brand))
        require_turn(mine)
        with transaction(settings.database_url) as connection:
            if newest is None or is_new:
                row = _row(source, report, printed, run_id) | file | {"brand_id": brand_id}
                report_id = reports.insert_report(connection, row)
                left = approvals.supersede(connection, report_id)
            else:
                report_id, left = newest["report_id"], []
                reports.mark_checked(connection, report_id, at=now, is_stale=is_other)
                if file:
                    reports.replace_file(connection, report_id, file)
            recipients = posting.recipients(connection, source.subject, request)
            if request.get("restates"):
                known = reports.read_recipients(connection, report_id) if is_new else set()
                recipients = [recipient for recipient in recipients if recipient in known]
            elif newest and request.get("until") and not posting.is_repeated and _is_small(settings, source, newest, printed):
                # Somebody else's morning: who has it gets no second mail for a change that restates nothing.
                known = reports.read_recipients(connection, report_id)
                recipients = [recipient for recipient in recipients if recipient not in known]
            post = partial(post_report, connection, source.key.tenant_id, report_id, now=now, is_in_place=bool(left))
            mails = post(recipients, send_again=posting.is_repeated and not is_new, is_test=posting.send_to is not None)
            # Who was to get a revision that nobody has approved gets this one in its place.
            mails += post(left)
    return {
        "report_id": report_id,
        "revision": report.revision if newest is None or is_new else newest["revision"],
        "is_new": is_new,
        "mails": mails,
        "uri": {**(newest or {}), **file}["uri"],
        "energy_kwh": source.energy_of(printed),
    }


def _is_small(settings: Settings, source: ReportSource, newest: Mapping[str, Any], printed: Mapping[str, Any]) -> bool:
    return is_small_change(source.energy_of(newest["figures"]), source.energy_of(printed), settings.restate_from_pct)


def _row(source: ReportSource, report: Any, printed: dict[str, Any], run_id: str) -> dict[str, Any]:  # noqa: ANN401 - any report
    return source.key._asdict() | {
        "revision": report.revision,
        "fingerprint": fingerprint(printed),
        "figures": printed,
        "issued_at": report.issued_at,
        "run_id": run_id,
        "document_ids": list(source.documents_of(report)),
    }


def _as_issued(report: Any, newest: Mapping[str, Any], brand: Brand) -> Any:  # noqa: ANN401 - any report
    """A report with the same figures as its newest revision, as that revision said it, in the brand that it had."""
    said: dict[str, Any] = {"revision": newest["revision"], "issued_at": newest["issued_at"], "brand": brand}
    if hasattr(report, "restated_from_kwh"):
        said |= {"restated_from_kwh": newest["figures"].get("restated_from_kwh"), "marks": marks_of(newest["figures"])}
    return replace(report, **said)
