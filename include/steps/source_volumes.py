"""What each source told is counted by local day, and held against what it usually tells."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from include.analysis.volume import REACH_DAYS, SourceDays, judge_volume
from include.core.settings import Settings
from include.core.span import day_number, day_span, local_day
from include.rollups.daylight import daylight, place_of
from include.steps.each import attempt_each, errors_of
from include.warehouse import source_volumes
from include.warehouse.engine import transaction
from include.warehouse.source_volumes import Row, TenantVolume

_COUNTED_DAYS: Final = 2 * REACH_DAYS + 7
_SETTLES: Final = timedelta(hours=6)
"""Loads that end while sources are counted are counted the next time, though they began before."""


def watch_volumes(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Count and judge the sources of all tenants; a tenant that fails holds back no other.

    Returns the counts tenants and source_days, and `errors`. Raises the first error where nothing was done.
    """
    with transaction(settings.database_url) as connection:
        tenants = source_volumes.read_tenants(connection)

    def judge(tenant: TenantVolume) -> int:
        return _judge(settings, tenant, now)

    counted, failures = attempt_each(tenants, judge, label=lambda tenant: f"the sources of tenant {tenant.tenant_id}")
    return {"tenants": len(counted), "source_days": sum(counted), "errors": errors_of(failures, beside=counted)}


def _judge(settings: Settings, tenant: TenantVolume, now: datetime) -> int:
    today = local_day(now, ZoneInfo(tenant.timezone))
    first_day = today - timedelta(days=_COUNTED_DAYS)
    since = None if tenant.counted_at is None else tenant.counted_at - _SETTLES
    with transaction(settings.database_url) as connection:
        source_volumes.count_days(connection, tenant._replace(counted_at=since), first_day=first_day, end_day=today, now=now)
        rows = source_volumes.read_days(connection, tenant.tenant_id)
        judged = [
            {"integration_id": integration_id, "feed": feed, **day}
            for (integration_id, feed), of_source in groupby(rows, key=lambda row: (row["integration_id"], row["feed"]))
            for day in _judged_days(settings, list(of_source), first_day, now)
        ]
        source_volumes.write_volumes(connection, tenant.tenant_id, judged)
    return len(judged)


def _judged_days(settings: Settings, subjects: Sequence[Row], first_day: date, now: datetime) -> list[dict[str, Any]]:
    found = judge_volume(
        _source_days(subjects, first_day, now),
        least_share=settings.volume_short_pct / 100,
        margin_s=settings.late_after_h * 3600,
    )
    return [
        {
            "local_day": first_day + timedelta(days=int(row)),
            "expected_readings": round(float(found.expected[row])),
            "received_readings": round(float(found.received[row])),
            "is_short": bool(found.is_short[row]),
        }
        for row in np.flatnonzero(np.isfinite(found.expected))
    ]


def _source_days(subjects: Sequence[Row], first_day: date, now: datetime) -> SourceDays:
    days = [first_day + timedelta(days=day) for day in range(_COUNTED_DAYS)]
    shape = (_COUNTED_DAYS, len(subjects))
    counts, delay_s, daylight_s = np.zeros(shape), np.full(shape, np.nan), np.zeros(shape)
    ends_s = {zone: np.array([day_span(day, ZoneInfo(zone)).end.timestamp() for day in days]) for zone in _zones(subjects)}
    numbers = np.array([day_number(day) for day in days], np.int32)
    for column, subject in enumerate(subjects):
        place = place_of(subject["timezone"], subject["latitude"], subject["longitude"])
        begin, end = daylight(numbers, place.latitude, place.longitude)
        daylight_s[:, column] = (end - begin) / 1e6
        rows = np.array([(day - first_day).days for day in subject["days"]])
        is_inside = rows < _COUNTED_DAYS
        rows = rows[is_inside]
        counts[rows, column] = np.array(subject["counts"], float)[is_inside]
        told_s = np.array([told.timestamp() for told in subject["told_at"]])[is_inside]
        delay_s[rows, column] = told_s - ends_s[subject["timezone"]][rows]
    age_s = now.astimezone(UTC).timestamp() - np.stack([ends_s[subject["timezone"]] for subject in subjects], axis=1)
    return SourceDays(counts, delay_s, age_s, daylight_s, np.array([subject["is_away"] for subject in subjects]))


def _zones(subjects: Sequence[Row]) -> set[str]:
    return {subject["timezone"] for subject in subjects}
