"""Answers that the served clouds deliver badly, and gateways that refuse."""

import json
import logging
import time
from datetime import UTC, datetime

import pytest

from include.core.errors import TryLater
from include.sources.clouds.connection import HttpLimits
from include.sources.clouds.errors import RateLimited
from include.sources.clouds.gateway import gateway
from tests.conftest import live_clouds
from tests.sources.http.http_server import APP_ID, PASSWORD, TOKEN, assert_shows_no_secret, call

DELIVERY = {
    "timeout": (60, {"read_s": 0.5}, "127.0.0.1 was silent for too long; ask again"),
    "connection_reset": (None, {}, "127.0.0.1 ended the connection before the whole answer; ask again"),
    "slow_body": (5, {"total_s": 0.8}, "127.0.0.1 did not finish its answer within 0.8 s; ask again"),
    "cut_body": (None, {}, "127.0.0.1 ended the connection before the whole answer; ask again"),
    "truncated_gzip": (None, {}, "127.0.0.1 sent a damaged or shortened gzip answer; ask again"),
}
"""Seconds of the fault, the limits that it meets, and what is told."""


@pytest.fixture(scope="module")
def cloud():
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC), limits_on=False) as live:
        yield live


@pytest.fixture
def clouds(cloud):
    yield cloud

    cloud.world.faults.switch_off()


@pytest.mark.parametrize("fault", DELIVERY)
def test_an_answer_that_is_delivered_badly_is_asked_for_later_and_no_secret_is_shown(clouds, fault, caplog):
    seconds, limits, sentence = DELIVERY[fault]
    clouds.world.faults.switch_on(fault, seconds=seconds)
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()

    with pytest.raises(TryLater) as raised:
        call(clouds.url, limits=HttpLimits(**limits))

    assert str(raised.value) == sentence
    assert time.monotonic() - started < 30
    assert_shows_no_secret(raised.value, caplog)


def test_a_good_call_leaves_no_secret_in_the_log(clouds, caplog):
    caplog.set_level(logging.DEBUG)

    call(clouds.url)

    assert not [word for word in (APP_ID, TOKEN, PASSWORD) if word in caplog.text]


@pytest.mark.parametrize("fault", ["byte_order_mark", "json_as_html"])
def test_what_only_looks_odd_is_brought_back_as_it_is(clouds, fault):
    clouds.world.faults.switch_on(fault)

    reply = call(clouds.url)

    gateway(reply, "Deye")
    assert json.loads(reply.body.decode("utf-8-sig"))["code"] == "2101019"
    assert reply.body.startswith(b"\xef\xbb\xbf") == (fault == "byte_order_mark")


def test_a_gateway_that_throttles_with_429_names_the_wait(clouds):
    clouds.world.faults.switch_on("gateway_429")

    with pytest.raises(RateLimited, match="Huawei's gateway refuses calls as too frequent") as raised:
        gateway(call(clouds.url), "Huawei")

    assert raised.value.after_s == 60


def test_a_gateway_that_throttles_with_403_is_left_alone_for_a_minute(clouds):
    clouds.world.faults.switch_on("gateway_403")

    with pytest.raises(RateLimited) as raised:
        gateway(call(clouds.url), "Huawei")

    assert raised.value.after_s == 60


@pytest.mark.parametrize("calls_before", range(4))
def test_a_burst_of_server_errors_is_tried_later(clouds, calls_before):
    clouds.world.faults.switch_on("burst_5xx")
    for _ in range(calls_before):
        call(clouds.url)

    with pytest.raises(TryLater, match=r"Deye answered with HTTP 50[0-4]; ask again"):
        gateway(call(clouds.url), "Deye")


def test_the_sandboxs_redirect_to_the_metadata_host_is_not_followed(clouds):
    clouds.world.faults.switch_on("redirect_elsewhere")

    with pytest.raises(TryLater, match=r"redirects to '169\.254\.169\.254' \(HTTP 302\)"):
        gateway(call(clouds.url), "Deye")
