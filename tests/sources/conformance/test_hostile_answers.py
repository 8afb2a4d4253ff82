"""Whatever comes instead of an answer, or within one, ends in one of the four errors and never in a crash."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from include.core.errors import BadDocument, HeliographError
from include.sources.clouds.document import pack
from include.sources.clouds.http import Reply
from include.sources.clouds.registry import CLOUDS
from tests.sources.conformance.payloads import Payload, payloads
from tests.sources.conformance.test_payloads import meaning

EVERY = [one for one in payloads("fleet", "plants", "devices", "alarms") if one.is_read]
JUNK = (
    None,
    True,
    -1,
    0,
    1e308,
    "",
    "--",
    "x" * 300,
    "1e999",
    "\ud800",
    [],
    [None],
    {},
    {"a": []},
    "65535",
    "2026-02-30",
    10**30,
)
BODIES = (b"", b"null", b"[]", b"1", b'"x"', b"{", b"<html>", b"\xff\xfe", b"NaN", b"[" * 5000, b'{"a":' * 5000, b'{"data": NaN}')


def with_junk(value: Any, randomness: random.Random, share: float) -> Any:
    if randomness.random() < share:
        return randomness.choice(JUNK)
    if isinstance(value, dict):
        return {key: with_junk(part, randomness, share) for key, part in value.items()}
    if isinstance(value, list):
        return [with_junk(part, randomness, share) for part in value]
    return value


def spoilt(payload: Payload) -> Iterator[bytes]:
    raw = payload.raw
    yield from BODIES
    yield from (raw[: len(raw) * part // 7] for part in range(1, 7))
    randomness = random.Random(str(payload))
    for share in (0.02, 0.1, 0.3):
        for _ in range(10):
            yield json.dumps(with_junk(json.loads(raw), randomness, share)).encode()


@pytest.mark.parametrize("payload", EVERY, ids=str)
def test_a_spoilt_document_is_bad_or_loses_no_more_than_what_is_spoilt(payload: Payload) -> None:
    for raw in spoilt(payload):
        with suppress(BadDocument):
            meaning(payload, pack(payload.vendor, payload.request, raw))


@pytest.mark.parametrize("payload", EVERY, ids=str)
def test_a_spoilt_reply_is_an_error_of_ours_or_a_success(payload: Payload) -> None:
    cloud = CLOUDS[payload.vendor]
    for raw in spoilt(payload):
        for status in (200, 204, 302, 403, 429, 500):
            with suppress(HeliographError):
                cloud.classify_response(payload.request.interface, Reply(status, {"Retry-After": "soon"}, raw))
