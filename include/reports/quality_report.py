"""How good the data of a tenant are: what came and was refused, what was held back, what is missing, who is in trouble."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from include.core.coverage import is_complete
from include.reports.headline import Tile
from include.reports.language import DASH, listed, number, percent, say
from include.reports.model import Language
from include.reports.observations import Observation, rule_words
from include.reports.plain_text import clean, named
from include.reports.tables import Cell, Form, ReportColumn, ReportTable

_MOST_NAMED: Final = 5
_NAME_CHARS: Final = 60
_REASON_CHARS: Final = 160
_NEARLY_ALL: Final = 0.8
"""Of what a vendor allows in a day, from which on it is said in a sentence."""
_WELL: Final = frozenset({"active", "disabled"})

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class QualityFindings:
    """Rows as the blocks of `data_quality.sql` name their columns."""

    feeds: Rows
    refused: Rows
    rules: Rows
    plants: Rows
    counters: Rows
    accounts: Rows

    @property
    def budgets(self) -> Rows:
        """Accounts as users of what their vendors allow."""
        return self.accounts

    @property
    def troubled_accounts(self) -> list[Mapping[str, Any]]:
        """Those that are neither well nor switched off by a person."""
        return [row for row in self.accounts if row["state"] not in _WELL]


def quality_tiles(found: QualityFindings, language: Language) -> tuple[Tile, Tile, Tile, Tile]:
    """Documents, rows in quarantine, mean coverage, and accounts in trouble."""
    counts = {name: sum(row[name] for row in found.feeds) for name in ("documents", "refused", "waiting", "rows", "held_back")}
    told = {name: number(count, language) for name, count in counts.items()}
    coverages = [row["coverage"] for row in found.plants]
    coverage = sum(coverages) / len(coverages) if coverages else None
    silent = sum(row["days_missing"] == row["days"] for row in found.plants)
    troubled = len(found.troubled_accounts)
    return (
        Tile(
            say("documents", language),
            told["documents"],
            "",
            say("note_documents", language, refused=told["refused"], waiting=told["waiting"]),
            "watch" if counts["refused"] else "plain",
        ),
        Tile(
            say("held_back", language),
            percent(counts["held_back"] / counts["rows"], language, 2) if counts["rows"] else DASH,
            "",
            say("note_held_back", language, count=told["held_back"], rows=told["rows"]),
        ),
        Tile(
            say("coverage", language),
            percent(coverage, language),
            "",
            say("note_plants", language, counted=len(found.plants) - silent, expected=len(found.plants)),
            "plain" if coverage is None or is_complete(coverage) else "watch",
        ),
        Tile(
            say("accounts_in_trouble", language),
            number(troubled, language),
            "",
            say("note_accounts", language, count=len(found.accounts)),
            "poor" if troubled else "plain",
        ),
    )


def quality_observations(found: QualityFindings, language: Language) -> tuple[Observation, ...]:
    """What a person should put right, the worst first, and of which accounts the quota of calls is not known."""
    wrong = tuple(_observations(found, language)) or (Observation("note", say("see_quality_well", language)),)
    return (*wrong, *_unknown_budgets(found, language))


def _observations(found: QualityFindings, language: Language) -> Iterator[Observation]:
    for row in found.troubled_accounts[:_MOST_NAMED]:
        reason = clean(row["reason"] or row["state"], _REASON_CHARS)
        yield Observation(
            "poor", say("see_account", language, name=named(row["name"], _NAME_CHARS), vendor=row["vendor"], reason=reason)
        )
    yield from _budgets(found, language)
    if found.refused:
        newest = found.refused[0]
        name, reason = named(newest["name"], _NAME_CHARS), clean(newest["reason"], _REASON_CHARS)
        count = number(sum(row["refused"] for row in found.feeds), language)
        yield Observation("poor", say("see_refused", language, count=count, name=name, reason=reason))
    for row in [row for row in found.plants if not is_complete(row["coverage"])][:_MOST_NAMED]:
        facts = {"percent": percent(row["coverage"], language), "days": row["days_missing"]}
        yield Observation("watch", say("see_low_coverage", language, name=named(row["name"], _NAME_CHARS), **facts))
    for row in found.rules[:_MOST_NAMED]:
        facts = {"count": number(row["rows"], language), "feed": row["feed"], "rule": rule_words(row["rule"], language)}
        yield Observation("watch", say("see_rule", language, **facts))
    if found.counters:
        worst = found.counters[0]
        name = named(f"{worst['device']}, {worst['quantity']}", _NAME_CHARS)
        facts = {"count": len(found.counters), "days": worst["days"]}
        yield Observation("watch", say("see_counters", language, name=name, **facts))


def _budgets(found: QualityFindings, language: Language) -> Iterator[Observation]:
    """Accounts that used nearly all that their vendor allows in a day."""
    for row in [row for row in found.accounts if (row["budget_share"] or 0.0) >= _NEARLY_ALL][:_MOST_NAMED]:
        facts = {
            "percent": percent(row["budget_share"], language),
            "calls": number(row["budget_calls"], language),
            "allowed": number(row["budget_allowed"], language),
        }
        yield Observation("watch", say("see_budget", language, name=named(row["name"], _NAME_CHARS), **facts))


def _unknown_budgets(found: QualityFindings, language: Language) -> Iterator[Observation]:
    asked = [row for row in found.accounts if row["state"] != "disabled"]
    if unknown := [named(row["name"], _NAME_CHARS) for row in asked if row["budget_share"] is None]:
        names = ", ".join(unknown[:_MOST_NAMED]) + " …" if len(unknown) > _MOST_NAMED else listed(unknown, language)
        yield Observation("note", say("see_budget_unknown", language, count=number(len(unknown), language), names=names))


_TABLES: Final[tuple[tuple[str, str, tuple[tuple[str, str, Form, int], ...]], ...]] = (
    (
        "accounts",
        "vendor_accounts",
        (
            ("name", "column_account", "text", 0),
            ("vendor", "column_vendor", "text", 0),
            ("state", "column_state", "text", 0),
            ("answered_at", "column_answered", "instant", 0),
            ("waiting", "column_requests_waiting", "count", 0),
            ("blocked_until_at", "column_blocked", "instant", 0),
        ),
    ),
    (
        "budgets",
        "call_quotas",
        (
            ("name", "column_account", "text", 0),
            ("vendor", "column_vendor", "text", 0),
            ("calls", "column_calls", "count", 0),
            ("budget_calls", "column_budget_calls", "count", 0),
            ("budget_allowed", "column_budget_allowed", "count", 0),
            ("budget_share", "column_budget_share", "ratio", 1),
        ),
    ),
    (
        "feeds",
        "feeds",
        (
            ("feed", "column_feed", "text", 0),
            ("documents", "documents", "count", 0),
            ("waiting", "column_waiting", "count", 0),
            ("refused", "column_refused", "count", 0),
            ("rows", "column_rows", "count", 0),
            ("held_back", "column_held_back", "count", 0),
            ("median_age_h", "column_lateness", "number", 1),
            ("late_age_h", "column_lateness_95", "number", 1),
        ),
    ),
    (
        "refused",
        "refused_documents",
        (
            ("name", "column_document", "text", 0),
            ("feed", "column_feed", "text", 0),
            ("reason", "column_reason", "text", 0),
            ("received_at", "column_received", "instant", 0),
        ),
    ),
    (
        "rules",
        "quarantine",
        (("rule", "column_rule", "text", 0), ("feed", "column_feed", "text", 0), ("rows", "column_rows", "count", 0)),
    ),
    (
        "plants",
        "coverage_of_plants",
        (
            ("name", "column_plant", "text", 0),
            ("coverage", "column_coverage", "ratio", 1),
            ("days_missing", "column_days_missing", "count", 0),
            ("days", "days_expected_long", "count", 0),
            ("last_day", "column_last_day", "date", 0),
        ),
    ),
    (
        "counters",
        "counters",
        (
            ("device", "column_device", "text", 0),
            ("quantity", "column_quantity", "text", 0),
            ("days", "days", "count", 0),
            ("held_back", "column_jumps", "count", 0),
            ("resets", "column_resets", "count", 0),
            ("dips", "column_dips", "count", 0),
            ("zeros", "column_zeros", "count", 0),
        ),
    ),
)


def quality_tables(found: QualityFindings, language: Language) -> tuple[ReportTable, ...]:
    """What was read, as tables; one without rows is left out."""
    tables = []
    for name, title, columns in _TABLES:
        rows: Rows = getattr(found, name)
        forms = tuple(ReportColumn(say(key, language), form, decimals) for _, key, form, decimals in columns)
        cells = tuple(tuple(_cell(field, row[field], language) for field, *_ in columns) for row in rows)
        if rows:
            tables.append(ReportTable(name, say(title, language), forms, cells))
    return tuple(tables)


def _cell(field: str, value: Any, language: Language) -> Cell:  # noqa: ANN401 - a value of a row
    if field == "rule":
        return rule_words(value, language)
    if field == "state":
        return say(f"account_{value}", language)
    told: Cell = value.isoformat() if isinstance(value, date) else value
    return told
