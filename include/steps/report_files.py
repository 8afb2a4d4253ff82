"""The files of one report in the store: the PDF, and beside it its tables as a workbook and as CSV."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from include.core.settings import Settings
from include.reports.store import is_kept, put_report
from include.reports.tables import ReportTable
from include.reports.workbook import csv_archive, workbook
from include.steps.sign_report import signed

TABLES: Final = (".xlsx", ".csv.zip")
"""What stands in the place of `.pdf` in the names of the tables."""


def are_kept(report: Mapping[str, Any]) -> bool:
    """Are all files of a registered report still there? One of before has no tables."""
    suffixes = (".pdf", *TABLES) if report["xlsx_sha256"] else (".pdf",)
    return all(is_kept(report["uri"].removesuffix(".pdf") + suffix) for suffix in suffixes)


def put_files(
    settings: Settings, parts: tuple[str, ...], pdf: bytes, tables: Sequence[ReportTable], issued_at: datetime
) -> dict[str, Any]:
    """Write the files of a report below the store as `parts`, the PDF signed where the settings say so.

    Returns the columns of `mart.report` that tell of them: uri and size_bytes of the PDF, and the sha256 of each.
    """
    pdf = signed(settings, pdf, issued_at)
    xlsx = workbook(tables, title=parts[-1], issued_at=issued_at)
    csv = csv_archive(tables)
    for suffix, content in zip(TABLES, (xlsx, csv), strict=True):
        put_report(settings.report_store, parts, content, suffix)
    digests = {"pdf_sha256": pdf, "xlsx_sha256": xlsx, "csv_sha256": csv}
    uri = put_report(settings.report_store, parts, pdf)
    return {"uri": uri, "size_bytes": len(pdf)} | {name: sha256(content).hexdigest() for name, content in digests.items()}
