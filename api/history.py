"""Answers about the history of series: their envelope, and the span that it covers."""

from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Response

from api.deps import ApiRequest
from api.errors import not_found
from api.minutes import read_device_minutes, read_series_minutes
from api.models.choices import RollupGrain
from api.parameters import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    GrainWish,
    Window,
    days_that_start,
    require_minutes,
    require_minutes_fit,
    settled_until,
)
from include.core.quantities import QUANTITIES
from include.core.span import Span
from include.warehouse.api_history import (
    ROLLUP_COLUMNS,
    DeviceGroup,
    SeriesHead,
    count_power_series,
    lean_rollups,
    read_device_rollups,
    read_rollups,
)
from include.warehouse.api_reads import find_plant_zone
from include.warehouse.api_session import TenantSession


class LocalDays(NamedTuple):
    """Half-open range of the local days of a plant that start in a span, the plant's zone, and the ends of the span as told."""

    days: tuple[date, date]
    timezone: str
    told: dict[str, str]


def local_days(request: ApiRequest, session: TenantSession, plant_id: int, window: Window) -> LocalDays:
    """Local days of a plant that start in the window; raises 404 where this tenant has no such plant."""
    timezone = find_plant_zone(session.connection, plant_id)
    if timezone is None:
        raise not_found("plant", plant_id)
    zone = ZoneInfo(timezone)
    span = window.span(zone, now=request.quarter, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["day"])
    ends = {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
    return LocalDays(days_that_start(span, zone), timezone, {"timezone": timezone, **ends})


def history_head(request: ApiRequest, *, quantity: str, timezone: str, span: Span) -> dict[str, Any]:
    """Quantity, unit, label, zone, local span and `settled_until` of an answer."""
    row = QUANTITIES.get(quantity)
    return {
        "quantity": quantity,
        "unit": row.unit if row else None,
        "label": {"en": row.label_en, "pt-BR": row.label_pt} if row else None,
        **span_head(request, timezone=timezone, span=span),
    }


def span_head(request: ApiRequest, *, timezone: str, span: Span) -> dict[str, str]:
    """Zone, local span and `settled_until` of an answer."""
    zone = ZoneInfo(timezone)
    settled = settled_until(span, request.settled_edge)
    return {
        "timezone": timezone,
        "start": span.start.astimezone(zone).isoformat(),
        "end": span.end.astimezone(zone).isoformat(),
        "settled_until": settled.astimezone(zone).isoformat(),
    }


def answer_rollups(
    request: ApiRequest, session: TenantSession, *, head: SeriesHead, wish: GrainWish, window: Window, layout: str
) -> Response:
    """Answer with the aggregates of one series."""
    is_summed = head.origin == "derived" and wish.grain in {None, "minute"}
    minutes_of = count_power_series(session.connection, head) if is_summed else 1
    grain, span = wish.choose(window, head.timezone, now=request.quarter, quantity=head.quantity, minutes_of=minutes_of)
    as_table = layout == "table"
    if grain == "minute":
        require_minutes(head.quantity, head.kind)
        require_minutes_fit(span, minutes_of)
        data = read_series_minutes(session, head=head, span=span, settled_until=request.settled_edge, as_table=as_table)
    else:
        data = read_rollups(
            session.connection, head=head, grain=grain, span=span, settled_until=request.settled_edge, as_table=as_table
        )
    return request.answer_and_cache(
        session,
        data if as_table else lean_rollups(data, kind=head.kind, grain=grain),
        {
            "series_id": head.series_id,
            "origin": head.origin,
            "grain": grain,
            **history_head(request, quantity=head.quantity, timezone=head.timezone, span=span),
            **({"columns": ROLLUP_COLUMNS} if as_table else {}),
        },
    )


def answer_device_rollups(
    request: ApiRequest, session: TenantSession, *, group: DeviceGroup, grain: RollupGrain, span: Span
) -> Response:
    """Answer with the aggregates of every device of a plant."""
    if grain == "minute":
        require_minutes(group.quantity, QUANTITIES[group.quantity].kind)
        data = read_device_minutes(session, group=group, span=span, settled_until=request.settled_edge)
    else:
        data = read_device_rollups(session.connection, group=group, grain=grain, span=span, settled_until=request.settled_edge)
    return request.answer_and_cache(
        session,
        lean_rollups(data, kind=QUANTITIES[group.quantity].kind, grain=grain),
        {
            "plant_id": group.plant_id,
            "grain": grain,
            **history_head(request, quantity=group.quantity, timezone=group.timezone, span=span),
        },
    )
