"""Consumption is held against what was to be expected, for the customers whose months changed."""

import logging
from datetime import datetime
from typing import Final

from include.analysis.consumption import RULES_VERSION
from include.analysis.consumption_checks import check_months
from include.core.settings import Settings
from include.warehouse import consumption
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_BATCH: Final = 500
"""Customers of one transaction."""


def check_consumption(settings: Settings, *, now: datetime) -> dict[str, int]:
    """Judge the months of every customer whose months changed since they were judged; a repeat changes nothing.

    Returns the counts customers (looked at) and months_changed (rows written or removed).
    """
    done = {"customers": 0, "months_changed": 0}
    while True:
        with transaction(settings.database_url) as connection:
            consumption.lock_checks(connection)
            changed = consumption.find_changed_customers(connection, rules_version=RULES_VERSION)
            batch = dict(list(changed.items())[:_BATCH])
            rows = check_months(consumption.read_point_months(connection, list(batch)))
            done["months_changed"] += consumption.write_checks(connection, list(batch), rows, checked_at=now)
            consumption.note_checked(connection, batch, rules_version=RULES_VERSION, checked_at=now)
        done["customers"] += len(batch)
        if len(batch) == len(changed):
            _log.info("Checked the consumption of %(customers)s customers: %(months_changed)s months changed", done)
            return done
