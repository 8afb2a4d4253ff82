"""What a gateway in front of a vendor says with its HTTP status."""

import pytest

from include.core.errors import TryLater
from include.sources.clouds.errors import RateLimited
from include.sources.clouds.gateway import gateway
from include.sources.clouds.http import Reply
from tests.sources.http.http_server import TOKEN


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/login", "another page"),
        ("", "another page"),
        ("http://[", "another page"),
        (f"https://me:{TOKEN}@evil.test/?t={TOKEN}", "'evil.test'"),
    ],
)
def test_a_redirect_of_any_form_names_a_host_at_most(location, shown):
    with pytest.raises(TryLater, match=f"Deye redirects to {shown} \\(HTTP 302\\)"):
        gateway(Reply(302, {"Location": location}, b""), "Deye")


@pytest.mark.parametrize(
    ("named", "seconds"),
    [
        ("1", 1),
        ("0", 1),
        (" 90 ", 90),
        ("999999999", 86_400),
        ("99999999999999999999", 60),
        ("-5", 60),
        ("soon", 60),
        ("", 60),
        ("٣٠", 60),
        ("Tue, 16 Jun 2026 12:05:00 GMT", 300),
        ("Tue, 16 Jun 2026 11:00:00 GMT", 1),
        ("Tue, 16 Jun 2099 11:00:00 GMT", 86_400),
    ],
)
def test_the_wait_that_a_gateway_names_is_between_a_second_and_a_day(named, seconds):
    reply = Reply(429, {"Retry-After": named, "Date": "Tue, 16 Jun 2026 12:00:00 GMT"}, b"")

    with pytest.raises(RateLimited) as raised:
        gateway(reply, "Deye")

    assert raised.value.after_s == seconds


def test_a_date_to_wait_for_without_a_date_to_measure_from_is_a_minute():
    with pytest.raises(RateLimited) as raised:
        gateway(Reply(429, {"Retry-After": "Tue, 16 Jun 2026 12:05:00 GMT"}, b""), "Deye")

    assert raised.value.after_s == 60


@pytest.mark.parametrize("status", [100, 400, 401, 404, 500, 503, 599, 999])
def test_any_other_status_is_tried_later(status):
    with pytest.raises(TryLater, match=f"Deye answered with HTTP {status}; ask again"):
        gateway(Reply(status, {}, b""), "Deye")


def test_a_gateway_that_refuses_without_a_word_is_left_alone_for_a_minute():
    with pytest.raises(RateLimited, match=r"^Deye's gateway refuses calls \(HTTP 403\); ask again in a minute$") as raised:
        gateway(Reply(403, {"Retry-After": "5"}, b""), "Deye")

    assert raised.value.after_s == 60


@pytest.mark.parametrize("status", [200, 204, 299])
def test_what_a_gateway_let_through_is_no_refusal(status):
    gateway(Reply(status, {}, b""), "Deye")
