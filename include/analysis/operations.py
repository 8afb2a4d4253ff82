"""What is wrong with the operation: each thing that one look of the watch read, judged, and told by its root.

Pure: rows of `include.warehouse.watch` in, findings out. A finding that another one explains (a vendor that is away makes its
sources late) names it among its roots and is not told.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from include.analysis.accounts import account_findings
from include.analysis.lateness import longest_usual
from include.analysis.situation import Key, Situation, account_name, duration, feed_name, instant, task_name
from include.core.documents import READING_FEEDS
from include.core.incidents import HOUSE, Finding
from include.core.vendors import VENDORS
from include.warehouse.watch import Row, Signals

FEWEST_QUARANTINED: Final = 10
"""Rows of a feed in a day below which quarantine is not judged."""

STANDSTILL: Final = timedelta(minutes=30)
"""A pause between two looks above this is told: three looks were due."""

_JUMP: Final = 5
_MAKES_TASKS_FAIL: Final = timedelta(hours=1)
_WITH_ITS_SOURCE: Final = timedelta(days=2)
_LOADERS: Final = {"registry": "register_fleet", **{f"{vendor}_fleet": "register_fleet" for vendor in VENDORS}}


def heads(signals: Signals) -> dict[Key, str]:
    """The head of each work list, by kind and subject of what it would be if it stayed."""
    documents = {("documents_stuck", feed_name(row)): str(row["document_id"]) for row in signals.waiting_documents}
    return documents | {("dirty_days_stuck", row["list"]): str(row["mark"]) for row in signals.dirty_days}


def find(seen: Situation) -> tuple[list[Finding], list[Finding]]:
    """What is wrong, and what is wrong only because of it."""
    findings = list(_findings(seen))
    keys = {one.key for one in findings}
    explained = [one for one in findings if one.roots & (keys - {one.key})]
    return [one for one in findings if one not in explained], explained


def _findings(seen: Situation) -> Iterator[Finding]:
    yield from seen.house
    yield from _standstill(seen)
    yield from _backup(seen)
    yield from account_findings(seen)
    yield from _tasks(seen)
    yield from _late(seen)
    yield from _short(seen)
    yield from _stuck(seen)
    yield from _quarantine(seen)
    yield from _refusals(seen)
    yield from _mails(seen)
    yield from _approvals(seen)
    yield from _alarms(seen)


def _standstill(seen: Situation) -> Iterator[Finding]:
    before = seen.memory.looked_at
    if before and seen.now - before > STANDSTILL:
        yield Finding(
            "standstill",
            instant(before),
            "critical",
            f"nothing ran for {duration(seen.now - before)}: the watch, due every ten minutes, looked last at {instant(before)}",
            "nothing, if this machine was stopped on purpose: what waited is caught up by itself; else read the scheduler's log",
            before,
        )


def _backup(seen: Situation) -> Iterator[Finding]:
    limit, last = timedelta(hours=seen.settings.backup_every_h), seen.memory.backed_up_at
    if limit and (last is None or seen.now - last > limit):
        said = f"the last backup is of {instant(last)}" if last else "no backup is known"
        action = "run `helio backup`, and see why the scheduled one did not"
        summary = f"{said}; HELIOGRAPH_BACKUP_EVERY_H wants one every {seen.settings.backup_every_h:g} hours"
        yield Finding("backup_missing", HOUSE, "major", summary, action, last or seen.now)


def _tasks(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.task_failures:
        vendor = row["dag_id"].removeprefix("land_")
        accounts = [one for one in seen.signals.accounts if one["vendor"] == vendor]
        troubles = {("account_silent", account_name(one)) for one in accounts}
        # An account that was rejected long ago is not asked, so it makes no task fail.
        troubles |= {
            ("account_rejected", account_name(one))
            for one in accounts
            if row["last_failed_at"] - one["state_set_at"] < _MAKES_TASKS_FAIL
        }
        roots = frozenset(troubles | {("vendor_silent", vendor)} | {one.key for one in seen.house})
        summary = f"task {task_name(row)} fails: {row['error']}"
        action = f"read its log in the Airflow UI, and what docs/dags.md says of {row['dag_id']}"
        yield Finding("task_failed", task_name(row), "major", summary, action, row["failed_at"], roots=roots)


def _late(seen: Situation) -> Iterator[Finding]:
    margin = timedelta(hours=seen.settings.late_after_h)
    for row in seen.signals.receipts:
        earlier = [(moment, receipt) for moment, receipt in zip(row["moments"] or (), row["receipts"] or (), strict=True)]
        silences = [moment - receipt for moment, receipt in earlier]
        usual = longest_usual(silences, receipts=len({receipt for _, receipt in earlier}), margin=margin)
        if usual is None or (silence := seen.silence_since(row["received_at"])) <= usual:
            continue
        vendor, _, _ = row["feed"].rpartition("_")
        accounts = [one for one in seen.signals.accounts if one["vendor"] == vendor and one["tenant_id"] == row["tenant_id"]]
        troubles = {(kind, account_name(one)) for kind in ("account_silent", "account_rejected") for one in accounts}
        lander = f"land_{vendor}" if vendor in VENDORS else "land_file_drops"
        action = "see `helio integration list`"
        if vendor not in VENDORS:
            action = f"ask the sender; see what lies in drops/{row['tenant']}/{row['feed']} and in left_alone.txt"
        yield Finding(
            "data_late",
            feed_name(row),
            "major",
            f"{row['feed']} of tenant {row['tenant']} is late: nothing came for {duration(silence)}, at this time of day "
            f"{duration(usual)} is the most to expect",
            action,
            row["received_at"],
            row["tenant_id"],
            frozenset(troubles | {("vendor_silent", vendor)}) | seen.roots_of(lander),
        )


def _short(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.short_volumes:
        subject = _source_name(row)
        if row["name"] is None:
            label, action = f"{row['feed']} of tenant {row['tenant']}", "ask the sender what became of the rest"
            causes = {(kind, subject) for kind in ("data_late", "documents_stuck", "quarantine_jump")}
        else:
            label = f"the {VENDORS[row['vendor']].label} account {subject}"
            action = "hold the vendor's portal against `/api/v1/devices`: has the account lost plants, or a logger its history?"
            kinds = ("account_silent", "account_rejected")
            causes = {(kind, subject) for kind in kinds} | {("vendor_silent", row["vendor"])}
            causes |= {("documents_stuck", f"{row['tenant']} {feed}") for feed in READING_FEEDS if feed.startswith(row["vendor"])}
        summary = (
            f"{label} told {100 * row['received'] / row['expected']:.0f} % of its usual readings from {row['first_day']} to "
            f"{row['last_day']}: {row['received']:.0f} of {row['expected']:.0f}, and nothing said so"
        )
        roots = frozenset(causes) | seen.roots_of("load_readings")
        yield Finding("volume_short", subject, "major", summary, action, row["began_at"], row["tenant_id"], roots)


def _source_name(row: Row) -> str:
    """Subject of what is wrong with a source: an account, or a feed."""
    return feed_name(row) if row["name"] is None else account_name(row)


def _stuck(seen: Situation) -> Iterator[Finding]:
    limit = timedelta(minutes=seen.settings.stuck_after_min)
    for row in seen.signals.waiting_documents:
        waited = seen.unchanged.get(("documents_stuck", feed_name(row)), timedelta(0))
        if waited > limit:
            loader = _LOADERS.get(row["feed"], "load_readings")
            summary = (
                f"{row['documents']} documents of {row['feed']} of tenant {row['tenant']} wait to be loaded, the first of them "
                f"({row['document_id']}) for {duration(waited)}"
            )
            action, roots = _see_runs(loader), seen.roots_of(loader)
            began_at, tenant_id = seen.now - waited, row["tenant_id"]
            yield Finding("documents_stuck", feed_name(row), "major", summary, action, began_at, tenant_id, roots)
    for row in seen.signals.dirty_days:
        waited = seen.unchanged.get(("dirty_days_stuck", row["list"]), timedelta(0))
        if waited > limit:
            summary = (
                f"aggregates are behind: {row['local_day']} of tenant {row['tenant']} waits for the roll-up "
                f"for {duration(waited)} ({row['list']})"
            )
            action, roots = _see_runs("roll_up_readings"), seen.roots_of("roll_up_readings")
            yield Finding("dirty_days_stuck", row["list"], "major", summary, action, seen.now - waited, roots=roots)


def _see_runs(dag: str) -> str:
    return f"see the runs of {dag}: is it paused, does it fail, is its pool there?"


def _quarantine(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.quarantine:
        share = row["quarantined"] / row["parsed"]
        usual = row["earlier_quarantined"] / row["earlier_parsed"] if row["earlier_parsed"] else 0.0
        if 100 * share > seen.settings.quarantine_jump_pct and share > _JUMP * usual:
            summary = (
                f"{100 * share:.1f} % of {row['feed']} of tenant {row['tenant']} was quarantined within a day "
                f"({row['quarantined']} of {row['parsed']} rows), {100 * usual:.1f} % in the week before"
            )
            action = "see `/api/v1/quarantine` or landing.quarantine for the rules; docs/operations.md says what each wants"
            yield Finding("quarantine_jump", feed_name(row), "minor", summary, action, row["began_at"], row["tenant_id"])


def _refusals(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.refusals:
        of = f"of {row['feed']} of tenant {row['tenant']}"
        newest = f"{row['newest_name']!r}: {row['newest_reason']}"
        several = f"{row['documents']} documents {of} were refused within a day, the newest {newest}"
        summary = several if row["documents"] > 1 else f"a document {of} was refused: {newest}"
        action = "tell the sender, who finds file and reason in the folder refused/; a corrected file is dropped again"
        yield Finding("document_refused", feed_name(row), "minor", summary, action, row["began_at"], row["tenant_id"])


def _mails(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.mails:
        said = f": {row['newest_error']}" if row["newest_error"] else ", and nobody tried to send them"
        if row["state"] == "failed":
            action = "correct the address or the SMTP connection, then send them again as docs/operations.md says under Mail"
            yield Finding(
                "mail_refused", HOUSE, "major", f"{row['mails']} mails were refused for good{said}", action, row["began_at"]
            )
        else:
            summary, action = (
                f"{row['mails']} mails wait for more than an hour{said}",
                "see the connection smtp_default and the runs of send_mail",
            )
            yield Finding("mail_waiting", HOUSE, "major", summary, action, row["began_at"], roots=seen.roots_of("send_mail"))


def _approvals(seen: Situation) -> Iterator[Finding]:
    for row in seen.signals.approvals:
        tenant, told = row["tenant"], f"{row['reports']} report{'s' if row['reports'] > 1 else ''} of tenant {row['tenant']}"
        summary = f"nobody has approved or rejected {told}, the first for {duration(seen.now - row['began_at'])}"
        action = f"answer the newest run of approve_reports in the Airflow UI, or see `helio report waiting {tenant}`"
        yield Finding("approval_waiting", tenant, "major", summary, action, row["began_at"], row["tenant_id"])


def _alarms(seen: Situation) -> Iterator[Finding]:
    short_since = {_source_name(row): row["began_at"] for row in seen.signals.short_volumes}
    for row in seen.signals.alarms:
        devices = f" on {row['devices']} devices" if row["devices"] > 1 else ""
        summary = f"alarm at plant {row['plant']} ({row['tenant']}, {row['plant_key']}): {row['name']} [{row['code']}]{devices}"
        subject = f"{row['plant_id']} {row['code']} {row['name']}"
        action = row["advice"] or "look at the plant"
        account = f"{row['tenant']}/{row['account']}"
        # A source may stay short for weeks: what fell silent long before or after it has another cause.
        since = short_since.get(account)
        is_of_it = row["code"] == "offline" and since is not None and abs(row["began_at"] - since) < _WITH_ITS_SOURCE
        source = {("volume_short", account)} if is_of_it else ()
        yield Finding("alarm", subject, row["severity"], summary, action, row["began_at"], row["tenant_id"], frozenset(source))
