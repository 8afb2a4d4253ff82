"""Alarms as people read them: our own in the reader's language, a vendor's in the vendor's words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from include.reports.language import CATALOGUE, DASH, say, short_date
from include.reports.model import AlarmRow, Language


def alarm_name(origin: str, code: str, name: str, language: Language) -> str:
    """The name of an alarm; a vendor's with its code, which its manual explains."""
    if origin == "heliograph":
        key = f"alarm_{code}"
        return say(key, language) if key in CATALOGUE else name
    return f"{name} ({code})" if code and code not in name else name


def alarm_times(row: AlarmRow, timezone: ZoneInfo, language: Language) -> tuple[str, str]:
    """Since when and until when, in local time; an alarm that is on, or of which no end is told, has no until."""
    until = say("still_on", language) if row.is_on else DASH
    return _time(row.raised_at, timezone, language), until if row.cleared_at is None else _time(
        row.cleared_at, timezone, language
    )


def _time(instant: datetime, timezone: ZoneInfo, language: Language) -> str:
    local = instant.astimezone(timezone)
    return f"{short_date(local.date(), language)} {local:%H:%M}"
