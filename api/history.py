"""Answers about the history of series: their envelope, and the span that it covers."""

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from api.deps import ApiRequest
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, Window, settled_until
from include.core.quantities import QUANTITIES
from include.core.span import Grain, Span
from include.warehouse.api_history import (
    ROLLUP_COLUMNS,
    DeviceGroup,
    SeriesHead,
    read_device_rollups,
    read_rollups,
)
from include.warehouse.api_session import TenantSession


def history_head(request: ApiRequest, *, quantity: str, timezone: str, span: Span) -> dict[str, Any]:
    """Quantity, unit, label, zone, local span and `settled_until` of an answer."""
    zone = ZoneInfo(timezone)
    settled = settled_until(span, now=request.now, settled_after_h=request.state.settings.settled_after_h)
    row = QUANTITIES.get(quantity)
    return {
        "quantity": quantity,
        "unit": row.unit if row else None,
        "label": {"en": row.label_en, "pt-BR": row.label_pt} if row else None,
        "timezone": timezone,
        "start": span.start.astimezone(zone).isoformat(),
        "end": span.end.astimezone(zone).isoformat(),
        "settled_until": settled.astimezone(zone).isoformat(),
    }


def answer_rollups(
    request: ApiRequest, session: TenantSession, *, head: SeriesHead, grain: Grain, window: Window, layout: str
) -> Response:
    """Answer with the aggregates of one series."""
    span = window.span(
        ZoneInfo(head.timezone), now=request.now, default_days=DEFAULT_DAYS[grain], longest_days=LONGEST_DAYS[grain]
    )
    as_table = layout == "table"
    settled = settled_until(span, now=request.now, settled_after_h=request.state.settings.settled_after_h)
    data = read_rollups(session.connection, head=head, grain=grain, span=span, settled_until=settled, as_table=as_table)
    return request.answer_and_cache(
        session,
        data,
        {
            "series_id": head.series_id,
            "origin": head.origin,
            "grain": grain,
            **history_head(request, quantity=head.quantity, timezone=head.timezone, span=span),
            **({"columns": ROLLUP_COLUMNS} if as_table else {}),
        },
    )


def answer_device_rollups(
    request: ApiRequest, session: TenantSession, *, group: DeviceGroup, grain: Grain, span: Span
) -> Response:
    """Answer with the aggregates of every device of a plant."""
    settled = settled_until(span, now=request.now, settled_after_h=request.state.settings.settled_after_h)
    data = read_device_rollups(session.connection, group=group, grain=grain, span=span, settled_until=settled)
    return request.answer_and_cache(
        session,
        data,
        {
            "plant_id": group.plant_id,
            "grain": grain,
            **history_head(request, quantity=group.quantity, timezone=group.timezone, span=span),
        },
    )
