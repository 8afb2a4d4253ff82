"""Reports that wait for a person: who is asked what, and what becomes of the answer.

The state is in `ops.approval` and `ops.outbox`; Airflow only asks. Its UI and the command write the same rows.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.reports.differences import differences
from include.reports.language import number
from include.reports.model import headline_of
from include.reports.plain_text import clean
from include.reports.portfolio import energy_of, lines_of
from include.reports.store import read_report
from include.steps.subscriptions import KINDS
from include.warehouse import approvals, fleet
from include.warehouse.approvals import Decision
from include.warehouse.engine import transaction

RESTATED: Final = "restated"
"""In the place of a kind: later revisions of reports of any kind."""

_CHOICES: Final = (*KINDS, RESTATED)

MOST_LISTED: Final = 50
"""Reports that a question spells out; the others are counted."""

MOST_WAITING: Final = 1000
"""Reports that a command lists."""

_SETTLED_AFTER: Final = timedelta(minutes=10)
"""No question while the newest report of a tenant is younger: a run may still render the others."""

_MOST_CHANGES: Final = 3
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&$:@^=/])")


class Question(NamedTuple):
    """What a person is asked, the body in Markdown."""

    subject: str
    body: str


class Outcome(NamedTuple):
    """About how many reports somebody decided, and how many mails leave therefore."""

    reports: int
    mails: int


def require_kinds(kinds: Sequence[str]) -> None:
    """Raise `Refused` for what is no kind of report, nor `restated`."""
    if unknown := [kind for kind in kinds if kind not in _CHOICES]:
        raise Refused(f"report kind {', '.join(unknown)} does not exist; choose of {', '.join(_CHOICES)}")


def choose_approval(settings: Settings, *, tenant: str, kinds: Sequence[str]) -> list[str]:
    """Say which reports of a tenant wait for a person: kinds, and `restated`; none without any. Returns them.

    What waits already goes on waiting. Raises `Refused` for an unknown kind.
    """
    require_kinds(kinds)
    chosen = [kind for kind in _CHOICES if kind in kinds]
    with transaction(settings.database_url) as connection:
        approvals.set_approval_kinds(connection, fleet.read_tenant(connection, tenant).tenant_id, chosen)
    return chosen


def list_waiting(settings: Settings, tenant: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Which reports of a tenant are to wait, and those that do, at most `MOST_WAITING`: since when, and what changed."""
    with transaction(settings.database_url) as connection:
        fleet.read_tenant(connection, tenant)
        kinds = approvals.read_approval_kinds(connection)[tenant]
        rows = approvals.read_waiting(connection, tenant, most=MOST_WAITING)
    names = ("report_id", "about", "plant_key", "customer_group", "kind", "language", "revision", "mails", "reports")
    return kinds, [
        {name: row[name] for name in names}
        | {name: str(row[name]) for name in ("starts_on", "ends_on")}
        | {"held_at": row["held_at"].isoformat(), "energy_kwh": _energy_kwh(row), "changed": _changes(row)}
        for row in rows
    ]


def claim_questions(settings: Settings, *, run_id: str, is_by_hand: bool = False, now: datetime) -> list[str]:
    """Tenants about whose reports a run is to ask; the same run gets the same again, two runs never the same reports.

    A run by hand asks at once, any other only when no more reports come.
    """
    with transaction(settings.database_url) as connection:
        return approvals.claim_questions(
            connection,
            run_id=run_id,
            now=now,
            asked_before=now - timedelta(hours=settings.approval_patience_h),
            settled_before=now if is_by_hand else now - _SETTLED_AFTER,
        )


def question(settings: Settings, *, tenant: str, run_id: str, address: str, now: datetime) -> Question | None:
    """The question of a run about a tenant, None where all of it has been decided; `address` is where the PDFs are seen.

    A PDF has the address `<address>/<report id>.pdf`.
    """
    with transaction(settings.database_url) as connection:
        name = fleet.read_tenant(connection, tenant).name
        approvals.note_asked(connection, tenant=tenant, run_id=run_id, now=now)
        rows = approvals.read_waiting(connection, tenant, asked_in=run_id, most=MOST_LISTED)
    if not rows:
        return None
    count = rows[0]["reports"]
    told = f"{count} report{'s' if count > 1 else ''} of {clean(name, 60)}"
    left = [f"and {count - len(rows)} more: `helio report waiting {tenant}`"] if count > len(rows) else []
    lines = [f"- {line}" for line in [*(_line(row, address) for row in rows), *left]]
    ends = (
        "Approve: their mails leave. Reject: they stay unsent, with your name and reason.",
        f"Some of them only: `helio report reject {tenant} --report NUMBER --reason ...` first.",
    )
    return Question(f"Mail {told}?", "\n".join([f"**{_plain(told)}** wait for you.", "", *lines, "", *ends]))


def answer(  # noqa: PLR0913 - who decides what about which reports
    settings: Settings,
    *,
    tenant: str,
    decision: Decision,
    by: str,
    reason: str | None = None,
    run_id: str | None = None,
    report_ids: Sequence[int] | None = None,
    now: datetime,
) -> Outcome:
    """Decide about reports of a tenant: those about which a run asks, or some by number, or all that wait.

    Mails of approved ones leave, to those who still want them. What a later revision has replaced meanwhile is left alone.
    Raises `Refused` where a report by number does not wait, and changes nothing then.
    """
    who, why = clean(by, 100), clean(reason, 500) if (reason or "").strip() else None
    with transaction(settings.database_url) as connection:
        fleet.read_tenant(connection, tenant)
        which: dict[str, Any] = {"tenant": tenant, "asked_in": run_id, "report_ids": report_ids}
        states = approvals.read_approval_states(connection, tenant, report_ids or ())
        decided = approvals.decide(connection, **which, decision=decision, by=who, reason=why, now=now)
        if left := sorted(set(report_ids or ()) - set(decided)):
            told = ", ".join(f"{number} ({states.get(number, 'never waited')})" for number in left)
            raise Refused(f"reports {told} of {tenant} do not wait for approval; see `helio report waiting {tenant}`")
        mails = approvals.release_mails(connection, decided, now=now) if decision == "approved" else 0
    return Outcome(len(decided), mails)


def read_waiting_pdf(settings: Settings, report_id: int) -> bytes:
    """The PDF of a report that waits, waited, or was replaced while it did; raises `NeedsHuman` where there is none."""
    with transaction(settings.database_url) as connection:
        row = approvals.read_file(connection, report_id)
    if row is None:
        raise NeedsHuman(f"report {report_id} never waited for approval")
    return read_report(row["uri"], sha256_of_pdf=row["pdf_sha256"], if_gone="ask for its period in the form of report_plants")


def _line(row: Mapping[str, Any], address: str) -> str:
    """One report in Markdown: what it is, its energy, its PDF, and what changed since the revision before."""
    energy = _energy_kwh(row)
    facts = [
        f"[{_plain(_subject(row))}, {_period(row)}, {row['language']}]({address}/{row['report_id']}.pdf)",
        f"number {row['report_id']}",
        *([f"{number(energy, 'en', 1)} kWh"] if energy is not None else []),
        f"{row['mails']} mail{'' if row['mails'] == 1 else 's'}",
    ]
    if row["revision"] == 1:
        return ", ".join(facts)
    changes = "; ".join(_plain(change) for change in _changes(row)) or "the revision before is not known"
    return f"{', '.join(facts)}. **Revision {row['revision']}**: {changes}"


def _subject(row: Mapping[str, Any]) -> str:
    if row["about"] == "plant":
        return f"{clean(row['plant_name'], 80)} ({clean(row['plant_key'], 80)})"
    return {
        "portfolio": "all plants",
        "consumption": f"consumption of {clean(row['customer_group'], 80) if row['customer_group'] else 'all customers'}",
    }[row["about"]]


def _period(row: Mapping[str, Any]) -> str:
    first, last = row["starts_on"], row["ends_on"]
    if row["kind"] == "month":
        return f"{first:%B %Y}"
    return f"{row['kind']} {first}" if first == last else f"{row['kind']} {first} to {last}"


def _changes(row: Mapping[str, Any]) -> list[str]:
    """What a revision changed, the headline first, at most three figures; nothing of a first one."""
    if row["figures_before"] is None:
        return []
    found = differences(row["figures_before"], row["figures"])
    told = [f"{one.name} was {one.before}, is {one.after}" for one in found[:_MOST_CHANGES]]
    return [*told, f"and {len(found) - _MOST_CHANGES} more figures"] if len(found) > _MOST_CHANGES else told


def _energy_kwh(row: Mapping[str, Any]) -> float | None:
    if row["about"] == "plant":
        return headline_of(row["figures"]).energy_kwh
    return energy_of(lines_of(row["figures"])) if row["about"] == "portfolio" else None


def _plain(text: str) -> str:
    """Text that others wrote, as Markdown that shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)
