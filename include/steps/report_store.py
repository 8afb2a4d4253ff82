"""Rendered reports whose store moved, as after a restore on another machine."""

from include.core.settings import Settings
from include.warehouse import reports
from include.warehouse.engine import transaction


def move_reports(settings: Settings, *, before: str) -> int:
    """Look for reports below the store of the settings that were below `before`; returns how many."""
    if before == settings.report_store:
        return 0
    with transaction(settings.database_url) as connection:
        return reports.move_reports(connection, before=before, after=settings.report_store)
