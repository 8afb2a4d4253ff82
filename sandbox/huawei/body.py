"""Reading a request's body as Huawei does: a `failCode` for what is missing or cannot be."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from sandbox.fleet import Plant

Body = dict[str, Any]
Answer = Any


class Refusal(Exception):
    """An answer with a `failCode`; `data` is a text for 407 only."""

    def __init__(self, code: int, message: str | None = None, data: str | None = None) -> None:
        super().__init__(f"failCode {code}")
        self.code = code
        self.message = message
        self.data = data


def body_of(raw: bytes) -> Body:
    """The JSON object of a request; an empty body is an empty one."""
    try:
        body: Any = json.loads(raw or b"{}")
    except ValueError as error:
        raise Refusal(30030, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(30030, "the body is not an object")
    return body


def refused(refusal: Refusal) -> Response:
    """A refusal with HTTP 200."""
    return JSONResponse(
        {"success": False, "failCode": refusal.code, "message": refusal.message, "data": refusal.data, "params": None}
    )


def codes_in(body: Body, name: str, *, empty: int) -> list[str]:
    """The codes of a comma-joined text; a JSON array is not one."""
    text = body.get(name)
    if not isinstance(text, str) or not text.strip(", "):
        raise Refusal(empty, f"{name} is empty")
    return [code.strip() for code in text.split(",") if code.strip()]


def instant_in(body: Body, name: str) -> datetime:
    """A time in milliseconds, as aware UTC."""
    value = body.get(name)
    if value is None:
        raise Refusal(20012, f"{name} is empty")
    if type(value) is not int or not 0 <= value < 32_503_680_000_000:
        raise Refusal(30030, f"{name} is not a time in milliseconds")
    return datetime.fromtimestamp(value / 1000, UTC)


def ms_of(instant: datetime) -> int:
    """Milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


def midnight_ms(plant: Plant, day: date) -> int:
    """Milliseconds of a plant's midnight."""
    return ms_of(datetime.combine(day, datetime.min.time(), plant.zone()))


def next_month(day: date) -> date:
    """First day of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
