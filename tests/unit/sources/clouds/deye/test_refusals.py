"""What Deye's answers mean for the next step: successes, codes, and what a gateway or a breakdown puts in their place."""

import pytest

from include.core.errors import TryLater
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
    UnknownRefusal,
)
from include.sources.clouds.http import Reply
from tests.unit.sources.clouds.deye.builders import BROKEN, CONTEXT, landed, ok, refusal, rows


def classification_of(code, interface="device/latest", message="no", status=200):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the test looks at the kind
        CLOUD.classify_response(interface, Reply(status, {}, refusal(code, message)))
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "after_s"),
    [
        *((code, TokenEnded, None) for code in ("2101017", "2101019")),
        ("2101002", RateLimited, 60),
        ("2101010", QuotaExhausted, 60),
        *((code, NotPermitted, None) for code in ("2101003", "2101023")),
        *((code, Rejected, None) for code in ("2101009", "2101018", "2101021", "2101025")),
        *((f"21010{rest}", Unanswerable, None) for rest in ("05", "06", "07", "08", "12", "13", "14", "15", "26", "31", "32")),
        *((code, Unanswerable, None) for code in ("2104005", "2106001")),
        *((code, TryLater, None) for code in ("3201001", "3501004", "2104004", "2101022")),
    ],
)
def test_each_code_means_what_to_do_next(code, kind, after_s):
    error = classification_of(code)

    assert isinstance(error, kind)
    assert kind is not TryLater or type(error) is TryLater
    assert getattr(error, "after_s", None) == after_s
    assert code in str(error)


@pytest.mark.parametrize(("code", "message"), [("2101023", "no"), ("2101006", "no"), ("2109999", "Password error, 4 left")])
def test_a_login_that_is_refused_in_any_words_needs_a_person(code, message):
    assert isinstance(classification_of(code, "account/token", message), Rejected)


def test_a_password_that_is_spoken_of_elsewhere_rejects_no_account():
    assert type(classification_of("2109999", "station/list", "Password of the logger is wrong")) is UnknownRefusal


def test_no_records_is_a_success_without_rows():
    raw = refusal("2101016")

    data = CLOUD.classify_response("device/historyRaw", Reply(200, {}, raw))

    assert data["code"] == "2101016"
    assert rows(landed("device/historyRaw", raw), landed("station/history", raw, kind="plants", granularity=2)) == []
    assert CLOUD.parse_alarms(landed("station/alertList", raw, kind="alarms"), CONTEXT).alarms == []
    assert CLOUD.parse_fleet(landed("station/list", raw, kind="fleet"), CONTEXT).plants == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, ok()[:-5]),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"code": "1000000", "success": false}'),
        (500, b'{"status":500,"exception":"java.lang.reflect.UndeclaredThrowableException"}'),
        (500, refusal("3201001")),
        (502, b"<html>"),
        (302, ok()),
    ],
)
def test_what_is_no_answer_is_asked_again(status, body):
    with pytest.raises(TryLater):
        CLOUD.classify_response("station/list", Reply(status, {}, body))


@pytest.mark.parametrize(("status", "body", "after_s"), [(429, b'{"errorCode": "1"}', 7), (429, b"", 7), (403, b"<html>", 60)])
def test_a_gateway_that_throttles_is_obeyed(status, body, after_s):
    with pytest.raises(RateLimited) as caught:
        CLOUD.classify_response("station/list", Reply(status, {"Retry-After": "7"}, body))

    assert caught.value.after_s == after_s


def classification_of_broken(interface):
    with pytest.raises(TryLater) as caught:
        CLOUD.classify_response(interface, Reply(500, {}, BROKEN))
    return caught.value


def test_the_exception_of_an_ended_token_is_one_unless_the_request_itself_is_its_cause():
    errors = {
        interface: classification_of_broken(interface) for interface in ("station/list", "account/token", "device/historyRaw")
    }

    assert {interface: isinstance(error, TokenEnded) for interface, error in errors.items()} == {
        "station/list": True,
        "account/token": False,
        "device/historyRaw": False,
    }


@pytest.mark.parametrize("code", ["2101006", "2101007", "2101008", "2106001"])
def test_a_group_that_is_refused_for_a_member_is_told_apart_from_a_request_about_one(code):
    kinds = {interface: type(classification_of(code, interface)) for interface in (*CLOUD.group_fields, "station/latest")}

    assert [issubclass(kind, MemberRefused) for kind in kinds.values()] == [True, True, False]
    assert issubclass(kinds["station/latest"], Unanswerable)


@pytest.mark.parametrize("code", ["2101031", "2101032", "2104005"])
def test_a_station_or_device_that_is_not_found_is_left_out_by_itself_too(code):
    assert all(isinstance(classification_of(code, name), MemberRefused) for name in (*CLOUD.group_fields, "station/latest"))


@pytest.mark.parametrize("code", ["2101005", "2101012", "2101013", "2101014", "2101015", "2101026"])
def test_a_group_that_is_refused_for_how_it_was_requested_is_not_halved(code):
    assert type(classification_of(code, "station/device")) is Unanswerable


def test_a_refusal_says_what_it_means_and_what_comes_next():
    error = classification_of("2101031", "station/latest", "station not found")

    assert str(error) == (
        "Deye Cloud answered station/latest with 2101031 (a station is not found: station not found); "
        "the others are asked without it, and it is tried again ever more rarely"
    )
