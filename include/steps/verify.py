"""Does a report that somebody holds still say what was issued, and what the data say now?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.core.stores import StoreFailure
from include.reports.differences import differences
from include.reports.model import figures, fingerprint
from include.reports.pdf_page import MARK
from include.reports.store import read_report
from include.steps.listing_reports import compose_listing
from include.steps.portfolio import compose_portfolio
from include.steps.report import compose_report
from include.warehouse import fleet, reports
from include.warehouse.engine import Connection, transaction

_MARKED: Final = re.compile(re.escape(MARK).encode() + rb"([0-9a-f]{64})")
_SIGNED: Final = b"/ByteRange"
_MOST_TOLD: Final = 12

Told = tuple[Literal["file", "signature", "registry", "store", "data"], bool, str]
"""A part of a report, whether it is right, and a sentence about it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a report: each of its parts in a sentence, and whether all is as it was issued and the data agree."""

    report: str | None
    sentences: tuple[Told, ...]

    @property
    def holds(self) -> bool:
        """True where nothing differs."""
        return all(is_right for _, is_right, _ in self.sentences)


def verify_report(settings: Settings, pdf: bytes) -> Verdict:
    """Compare a file with its signature, the registry, the report store and today's data.

    A file is known by its bytes; where these were changed, by the figures that it says it prints. The data are those of now, for
    the days that were over when the report was issued.
    """
    digest, marked = sha256(pdf).hexdigest(), _MARKED.search(pdf)
    with transaction(settings.database_url) as connection:
        row = reports.read_registered(connection, pdf_sha256=digest, fingerprint=marked.group(1).decode() if marked else None)
        if row is None:
            unknown: Told = ("file", False, f"no report with this content (sha256 {digest[:12]}) was issued here")
            return Verdict(None, (unknown, *_of_signatures(pdf)))
        of_data = tuple(_of_data(settings, connection, row))
    name = "{about} report of {subject}, {kind} from {starts_on}, {language}, revision {revision}"
    told = name.format(**row, subject=row["plant_key"] or row["tenant"])
    return Verdict(told, (_of_file(row, digest), *_of_signatures(pdf), _of_registry(row), _of_store(row), *of_data))


def _of_file(row: Mapping[str, Any], digest: str) -> tuple[Literal["file"], bool, str]:
    if row["pdf_sha256"] == digest:
        return "file", True, f"as it was issued at {row['issued_at']:%Y-%m-%d %H:%M} UTC (sha256 {digest[:12]})"
    return "file", False, f"changed: its sha256 is {digest[:12]}, the issued file has {row['pdf_sha256'][:12]}"


def _of_signatures(pdf: bytes) -> Iterator[Told]:
    """Whose signatures a file carries, and whether it is as they were made; nothing of a file without one."""
    if _SIGNED not in pdf:
        return
    # The library takes half a second to load.
    from include.reports.signature import signatures_of

    found = signatures_of(pdf)
    if not found:
        yield "signature", False, "cannot be read"
    for one in found or ():
        when = f" at {one.signed_at:%Y-%m-%d %H:%M} UTC" if one.signed_at else ""
        whose = f"by {one.signer}{when} (certificate sha256 {one.certificate_sha256[:12]})"
        yield "signature", one.is_intact, f"intact, {whose}" if one.is_intact else f"broken, {whose}: the file was changed since"


def _of_registry(row: Mapping[str, Any]) -> tuple[Literal["registry"], bool, str]:
    if fingerprint(row["figures"]) != row["fingerprint"]:
        return (
            "registry",
            False,
            "the registered figures are not those of the registered fingerprint: somebody changed mart.report",
        )
    if row["newest_revision"] > row["revision"]:
        return "registry", False, f"replaced by revision {row['newest_revision']}"
    return "registry", True, "the newest revision"


def _of_store(row: Mapping[str, Any]) -> tuple[Literal["store"], bool, str]:
    try:
        read_report(row["uri"], sha256_of_pdf=row["pdf_sha256"], if_gone="report_plants renders it again")
    except (NeedsHuman, StoreFailure) as error:
        return "store", False, str(error)
    return "store", True, row["uri"]


def _of_data(settings: Settings, connection: Connection, row: Mapping[str, Any]) -> Iterator[tuple[Literal["data"], bool, str]]:
    """Which figures are not what the data say now; the state in which data were is not compared."""
    if row["about"] == "quality":
        yield "data", True, "a report on the quality of the data tells their state when it was issued; that is not compared"
        return
    today = _figures_of_now(settings, connection, row)
    changed = differences(row["figures"], today)
    if not changed:
        yield "data", True, "the figures are what the data say now"
    for name, before, after in changed[:_MOST_TOLD]:
        yield "data", False, f"{name} was {before}, and is {after} by the data of now"
    if len(changed) > _MOST_TOLD:
        yield "data", False, f"{len(changed) - _MOST_TOLD} more figures differ"


def _figures_of_now(settings: Settings, connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the same days by the data of now, as if it were still the moment of issue."""
    request = {
        "first_day": str(row["starts_on"]),
        "last_day": str(row["ends_on"]),
        "kind": row["kind"],
        "language": row["language"],
        "about": row["about"],
        "customer_group": row["customer_group"],
    }
    if row["about"] == "consumption":
        tenant = fleet.read_tenant(connection, row["tenant"])
        return figures(compose_listing(settings, connection, tenant, request, revision=row["revision"], now=row["issued_at"]))
    if row["about"] == "portfolio":
        tenant = fleet.read_tenant(connection, row["tenant"])
        return figures(compose_portfolio(settings, connection, tenant, request, revision=row["revision"], now=row["issued_at"]))
    plant = fleet.read_plant(connection, row["plant_id"])
    return figures(compose_report(settings, connection, plant, request, None, now=row["issued_at"]))
