"""What is wrong with vendor accounts, and with a vendor that answers none of them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from include.analysis.situation import Situation, account_name, instant
from include.core.incidents import Finding, Severity
from include.core.vendors import VENDORS
from include.warehouse.account_states import ASKED
from include.warehouse.watch import Row


def account_findings(seen: Situation) -> Iterator[Finding]:
    """Accounts that are rejected, not answered or given nothing; where none of several is answered, the vendor is wrong."""
    limit = timedelta(hours=seen.settings.vendor_silent_h)
    for vendor in dict.fromkeys(row["vendor"] for row in seen.signals.accounts):
        label = VENDORS[vendor].label if vendor in VENDORS else vendor
        accounts = [row for row in seen.signals.accounts if row["vendor"] == vendor]
        asked = [row for row in accounts if row["state"] in ASKED]
        silent = [row for row in asked if seen.silence_since(row["answered_at"]) > limit]
        yield from (_rejected(row, label) for row in accounts if row["state"] == "rejected")
        yield from (_silent(seen, row, label) for row in asked if row in silent or row["state"] == "needs attention")
        if len(silent) > 1 and len(silent) == len(asked):
            yield _vendor_silent(seen, vendor, label, silent)


def _rejected(row: Row, label: str) -> Finding:
    account = account_name(row)
    summary = f"{label} rejects the account {account}: {row['reason']}"
    action = (
        f"correct its credentials: `helio integration add --tenant {row['tenant']} --vendor {row['vendor']} --name {row['name']}`"
    )
    return Finding("account_rejected", account, "major", summary, action, row["state_set_at"], row["tenant_id"])


def _silent(seen: Situation, row: Row, label: str) -> Finding:
    account, blocked = account_name(row), row["blocked_until_at"]
    why = f": {said}" if (said := row["reason"] or row["setback"]) else ""
    action = "see `helio integration list`, and `helio integration test` for this account"
    if seen.now - row["next_due_at"] > timedelta(hours=1):
        why, action = ", and nobody asked", f"see whether land_{row['vendor']} is paused or its runs wait for the pool"
    elif blocked:
        action = f"nothing: the vendor's block ends {instant(blocked)}; if it comes again, ask less often or for a higher limit"
    severity: Severity = "minor" if blocked else "major"
    since, summary = row["answered_at"], f"{label} gave the account {account} no answer since {instant(row['answered_at'])}{why}"
    if row["state"] == "needs attention":
        since, summary = (
            row["state_set_at"],
            f"the {label} account {account} needs attention since {instant(row['state_set_at'])}{why}",
        )
    roots = frozenset({("vendor_silent", row["vendor"])}) | seen.roots_of()
    return Finding("account_silent", account, severity, summary, action, since, row["tenant_id"], roots)


def _vendor_silent(seen: Situation, vendor: str, label: str, silent: Sequence[Row]) -> Finding:
    why = next((f"; the last says: {row['setback']}" for row in silent if row["setback"]), "")
    last = max(row["answered_at"] for row in silent)
    summary = f"{label} answers none of the {len(silent)} accounts since {instant(last)}{why}"
    action = f"see whether the vendor is down, this machine reaches it, and land_{vendor} runs; it is asked on by itself"
    return Finding("vendor_silent", vendor, "critical", summary, action, last, roots=seen.roots_of())
